"""The breakers of the upstreams.

Record: ``breaker``/``<upstream>``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from pydantic import TypeAdapter

from bridge.aws.store.shared import Shared
from bridge.aws.store.table import Condition, ConditionFailed, Put, Records
from bridge.provisioning.records import Breaker

_BREAKER = TypeAdapter(Breaker)


class BreakerStateRecords(Records):
    """`BreakerRecords` of `bridge.provisioning.record_ports`."""

    #: What is read together with them, None for nothing.
    shared: Shared | None = None

    def breaker(self, upstream: str) -> Breaker:
        record = self._table.get(("breaker", upstream))
        return Breaker(upstream) if record is None else _BREAKER.validate_python(record)

    def breakers_of(self, upstreams: Collection[str]) -> dict[str, Breaker]:
        keys = [("breaker", upstream) for upstream in upstreams]
        found = self._table.get_many(keys) if self.shared is None else self.shared.refresh(keys)
        records = ((upstream, found.get(("breaker", upstream))) for upstream in upstreams)
        return {name: _BREAKER.validate_python(record) if record else Breaker(name) for name, record in records}

    def save_breaker(self, breaker: Breaker) -> bool:
        unchanged = Condition("attribute_not_exists(#version) OR #version = :read", {"read": breaker.version})
        record = _BREAKER.dump_python(replace(breaker, version=breaker.version + 1), mode="json")
        try:
            self._table.put(Put(("breaker", breaker.upstream), record, unchanged))
        except ConditionFailed:
            return False
        return True
