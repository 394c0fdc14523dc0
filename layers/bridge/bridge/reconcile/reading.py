"""Reading page after page within one invocation: waiting a little where time heals, stopping in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from bridge.errors import AuthFailure, Transient
from bridge.items import Item
from bridge.provisioning.paging import Entry_, pages
from bridge.provisioning.ports import QueueSender
from bridge.provisioning.runs import Finding, Implausible, NotYet
from bridge.provisioning.values import Page

#: Seconds of the function's time that must be left for one more call, and for writing down where the run stands.
RESERVE = 45.0
#: Tries of one call whose failure time may heal; a wait for the shared call budget is no failure.
TRIES = 4
#: A longer wait is left to the next invocation: seconds.
LONGEST_WAIT = 65.0
#: The first wait after a failure that names none; it doubles.
FIRST_WAIT = 2.0

T = TypeVar("T")


class Session:
    """One invocation's work on a run: its calls, what it found, and the items that this enqueues."""

    def __init__(self, queues: QueueSender, seconds_left: Callable[[], float], pause: Callable[[float], None]) -> None:
        """`seconds_left` tells how long the function may still run; `pause` lets time pass."""
        self._queues = queues
        self.seconds_left = seconds_left
        self._pause = pause
        self.findings: list[tuple[Finding, str]] = []
        self.items = 0

    def ask(self, call: Callable[[], T]) -> T:
        """The answer of a call; failures that time heals are tried again as long as there is time.

        Raises:
            NotYet: no time is left.
            Implausible: an answer that is not what its sender documents.
            Transient: it failed too often, or asks for a longer wait.
        """
        tries = 0
        while True:
            self.check_time()
            try:
                return call()
            except Transient as error:
                if error.reason.endswith(("-implausible", "-not-json")):
                    raise Implausible(error.reason) from None
                waits_for_budget = error.reason.endswith("-pace")
                tries += not waits_for_budget
                wait = FIRST_WAIT * 2 ** max(tries - 1, 0) if error.retry_after is None else error.retry_after
                if isinstance(error, AuthFailure) or tries >= TRIES or wait > LONGEST_WAIT:
                    raise
                self.check_time(wait)
                self._pause(wait)

    def pages(self, read: Callable[[str], Page[Entry_]]) -> Iterator[Page[Entry_]]:
        """Every page of a listing of Okta's, each asked for as `ask` does.

        Raises:
            Implausible: it leads back, or does not end; and what `ask` raises.
        """
        try:
            yield from pages(lambda following: self.ask(partial(read, following)))
        except Transient as error:
            if error.reason == "okta-implausible":
                raise Implausible("okta-page-listed-twice") from None
            raise

    def check_time(self, seconds: float = 0.0) -> None:
        """Raise NotYet when no further call may begin after so many seconds."""
        if self.seconds_left() < RESERVE + seconds:
            raise NotYet("time")

    def send(self, items: Sequence[Item]) -> None:
        """Put items into their queues."""
        if items:
            self.ask(lambda: self._queues.send(items))
            self.items += len(items)

    def find(self, finding: Finding, entity_id: str) -> None:
        """Note a finding."""
        self.findings.append((finding, entity_id))
