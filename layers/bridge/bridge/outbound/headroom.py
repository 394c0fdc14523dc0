"""How much of each upstream's rate limit was left, as its answers said: for the dashboard."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.provisioning.ports import Pace


class Headroom:
    """The least that was left of each limit since it was last taken; one for each process and its clients."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._least: dict[str, float] = {}

    def of(self, upstream: str, pace: Pace) -> Pace:
        """The budget, with what answers say of the upstream's limit noted here."""
        return _Noted(upstream, pace, self._least)

    def take(self) -> Mapping[str, float]:
        """Upstream -> percent of its limit that was left at the least; an upstream that said nothing is missing."""
        least, taken = self._least, dict(self._least)
        least.clear()
        return taken


class _Noted:
    """`Pace` whose observations are noted."""

    def __init__(self, upstream: str, pace: Pace, least: dict[str, float]) -> None:
        self._upstream = upstream
        self._pace = pace
        self._least = least

    def take(self) -> None:
        """As the budget's."""
        self._pace.take()

    def hold(self) -> None:
        """As the budget's."""
        self._pace.hold()

    def hurry(self) -> None:
        """As the budget's."""
        self._pace.hurry()

    def observe(self, *, limit: int | None, remaining: int | None, reset_seconds: float | None) -> None:
        """As the budget's, and noted."""
        if limit and remaining is not None:
            left = max(0.0, min(100.0, 100 * remaining / limit))
            self._least[self._upstream] = min(left, self._least.get(self._upstream, left))
        self._pace.observe(limit=limit, remaining=remaining, reset_seconds=reset_seconds)
