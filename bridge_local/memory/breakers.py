"""Which upstreams may be called now."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from bridge.provisioning.records import Breaker
from bridge_local.memory.base import Guarded


@dataclass
class MemoryBreakers(Guarded):
    """`BreakerRecords` of `bridge.provisioning.record_ports`.

    Attributes:
        breakers: upstream -> record.
    """

    breakers: dict[str, Breaker] = field(default_factory=dict)

    def breaker(self, upstream: str) -> Breaker:
        with self._lock:
            return self.breakers.get(upstream, Breaker(upstream))

    def breakers_of(self, upstreams: Collection[str]) -> dict[str, Breaker]:
        return {upstream: self.breaker(upstream) for upstream in upstreams}

    def save_breaker(self, breaker: Breaker) -> bool:
        with self._lock:
            if self.breaker(breaker.upstream).version != breaker.version:
                return False
            self.breakers[breaker.upstream] = replace(breaker, version=breaker.version + 1)
            return True
