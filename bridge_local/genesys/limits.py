"""Rate limits in fixed windows of a minute: per token, per OAuth client and for the namespace ``scim``."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime

from bridge_local.genesys.errors import too_many_requests
from bridge_local.genesys.switches import GenesysSwitches

WINDOW = 60


@dataclass
class RateLimits:
    """Counts the calls of the present minute."""

    switches: GenesysSwitches
    _minute: int = -1
    _counts: dict[str, int] = field(default_factory=dict)

    def take(self, token: str, now: datetime) -> dict[str, str]:
        """Count one call; the ``inin-ratelimit-*`` headers of its answer.

        Raises:
            Refused: 429.
        """
        moment = now.timestamp()
        minute = int(moment // WINDOW)
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        seconds = max(1, math.ceil((minute + 1) * WINDOW - moment))
        limits = (
            (f"token {token}", self.switches.token_per_minute, "token.rate.per.minute", "platform.api"),
            ("client", self.switches.client_per_minute, "client.credentials.token.rate.per.minute", "platform.api"),
            ("scim", self.switches.scim_per_minute, "scim.rate.per.minute", "scim"),
        )
        for bucket, allowed, key, namespace in limits:
            if allowed is not None and self._counts.get(bucket, 0) >= allowed:
                headers = _headers(self._counts.get(bucket, 0) + 1, allowed, seconds)
                raise too_many_requests(
                    self.switches, seconds, key=key, namespace=namespace, value=allowed, headers=headers
                )
        shown: tuple[int, int] | None = None
        for bucket, allowed, _, _ in limits:
            if allowed is not None:
                count = self._counts[bucket] = self._counts.get(bucket, 0) + 1
                if shown is None or allowed - count < shown[1] - shown[0]:
                    shown = count, allowed
        return _headers(*shown, seconds) if shown else {}


def _headers(count: int, allowed: int, seconds: int) -> dict[str, str]:
    return {
        "inin-ratelimit-count": f"{count}",
        "inin-ratelimit-allowed": f"{allowed}",
        "inin-ratelimit-reset": f"{seconds}",
    }
