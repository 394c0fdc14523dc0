"""Waits for call budgets that are spent inside the function, as long as its time allows.

A sync that goes back to its queue for want of a call has read Okta in vain, and reads it again. So it has a call of
Genesys Cloud's budget in hand before it begins, and waits here for that one and for any other; only a longer stop
gives the message back.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from bridge.errors import Transient
from bridge.provisioning.ports import Pace
from bridge.provisioning.sync import CALL_SECONDS

#: How the reasons of waits for a budget end.
PACE = "-pace"
#: Those who wait for the same second do not all come in the same moment: they spread over so many seconds.
SPREAD_SECONDS = 0.25


class Waiting:
    """How long the invocation under way may wait, and whether a leaver is being synced for the first time."""

    def __init__(self, pause: Callable[[float], None], rng: random.Random, *, urgent: bool) -> None:
        """No invocation is under way, so nothing is waited for; `urgent` for the leavers' queue."""
        self._pause = pause
        self._rng = rng
        self._urgent = urgent
        self._seconds_left: Callable[[], float] = lambda: 0.0
        self._first = False

    def begin(self, seconds_left: Callable[[], float], *, first: bool) -> None:
        """A message is being answered; `first` when it has never gone back to its queue."""
        self._seconds_left = seconds_left
        self._first = first

    def pace(self, pace: Pace) -> WaitingPace:
        """The budget, with waits spent here."""
        return WaitingPace(pace, self)

    def until(self, take: Callable[[], None], hurry: Callable[[], None] = lambda: None) -> None:
        """Take what a budget gives, now or later; raises its Transient where that comes too late."""
        hurried = False
        while True:
            try:
                return take()
            except Transient as error:
                if not error.reason.endswith(PACE):
                    raise
                wait = (error.retry_after or 0.0) + self._rng.random() * SPREAD_SECONDS
                if self._seconds_left() - wait < CALL_SECONDS:
                    raise
                if self._urgent and self._first and not hurried:
                    hurry()
                    hurried = True
            self._pause(wait)


class WaitingPace:
    """`Pace` that waits inside the function."""

    def __init__(self, pace: Pace, waiting: Waiting) -> None:
        """Spend `pace`."""
        self._pace = pace
        self._waiting = waiting

    def take(self) -> None:
        """Take one call, waiting for it; Transient when it would come too late."""
        self._waiting.until(self._pace.take, self._pace.hurry)

    def hold(self) -> None:
        """Have one call ready for the next `take`, waiting likewise."""
        self._waiting.until(self._pace.hold, self._pace.hurry)

    def hurry(self) -> None:
        """As the budget's."""
        self._pace.hurry()

    def observe(self, *, limit: int | None, remaining: int | None, reset_seconds: float | None) -> None:
        """As the budget's."""
        self._pace.observe(limit=limit, remaining=remaining, reset_seconds=reset_seconds)
