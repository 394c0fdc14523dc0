"""Okta's rate limits: a window of a minute for each bucket, half of it for each token.

Source: reference/rate-limits and reference/rl2-token-oauth of Okta's developer documentation.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from bridge_local.okta.switches import OktaSwitches

_WINDOW = 60
_BUCKETS = (
    (re.compile(r"/api/v1/users/[^/]+"), "user"),
    (re.compile(r"/api/v1/users(/.*)?"), "users"),
    (re.compile(r"/api/v1/groups/[^/]+"), "group"),
    (re.compile(r"/api/v1/groups(/.*)?"), "groups"),
    (re.compile(r"/api/v1/apps/[^/]+"), "app"),
    (re.compile(r"/api/v1/apps(/.*)?"), "apps"),
    (re.compile(r"/api/v1/logs"), "logs"),
)


@dataclass
class _Window:
    reset: int
    used: int = 0


@dataclass(frozen=True)
class Allowance:
    """What a request finds: whether it may pass, and the three numbers of the headers."""

    allowed: bool
    limit: int
    remaining: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """``X-Rate-Limit-*``."""
        return {
            "X-Rate-Limit-Limit": str(self.limit),
            "X-Rate-Limit-Remaining": str(self.remaining),
            "X-Rate-Limit-Reset": str(self.reset),
        }


def bucket_of(path: str) -> str:
    """The bucket that a path counts in."""
    return next((bucket for pattern, bucket in _BUCKETS if pattern.fullmatch(path)), "other")


class RateLimits:
    """Counts requests by bucket, for the org and for each credential."""

    def __init__(self, switches: OktaSwitches) -> None:
        self._switches = switches
        self._windows: dict[tuple[str, str], _Window] = {}

    def take(self, path: str, credential: str, now: float) -> Allowance:
        """Count one request; a refused one counts nothing."""
        bucket = bucket_of(path)
        whole = self._switches.rate_limits[bucket]
        share = max(int(whole * self._switches.rate_limit_share), 1)
        org, own = self._window(bucket, "", now), self._window(bucket, credential, now)
        if own.used >= share or org.used >= whole:
            return Allowance(False, share, 0, max(own.reset, org.reset) if org.used >= whole else own.reset)
        org.used += 1
        own.used += 1
        return Allowance(True, share, min(share - own.used, whole - org.used), own.reset)

    def _window(self, bucket: str, credential: str, now: float) -> _Window:
        window = self._windows.get((bucket, credential))
        if window is None or now >= window.reset:
            window = self._windows[bucket, credential] = _Window(math.ceil(now) + _WINDOW)
        return window
