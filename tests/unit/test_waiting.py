"""Waits for a call budget, spent inside the function."""

import random
from dataclasses import dataclass, field

import pytest

from bridge.errors import Transient
from bridge.outbound.waiting import Waiting
from bridge.provisioning.sync import CALL_SECONDS


@dataclass
class Refusing:
    """A budget that refuses so often, each time for so many seconds."""

    refusals: int
    seconds: float = 20.0
    reason: str = "genesys-pace"
    hurries: int = 0

    def take(self) -> None:
        """Refuse, or give."""
        if self.refusals:
            self.refusals -= 1
            raise Transient(self.reason, retry_after=self.seconds, upstream="genesys")

    hold = take

    def hurry(self) -> None:
        """Count."""
        self.hurries += 1

    def observe(self, *, limit: int | None, remaining: int | None, reset_seconds: float | None) -> None:
        """Nothing to learn."""


@dataclass
class Process:
    """An invocation of so many seconds, and the waits in it."""

    urgent: bool = False
    first: bool = True
    left: float = 105.0
    waits: list[float] = field(default_factory=list)

    def waiting(self) -> Waiting:
        """The waits of this process."""
        waiting = Waiting(self._pause, random.Random(1), urgent=self.urgent)  # noqa: S311 - repeatable
        waiting.begin(lambda: self.left, first=self.first)
        return waiting

    def _pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.left -= seconds


@pytest.mark.parametrize("step", ["take", "hold"])
def test_it_waits_while_there_is_time(step: str) -> None:
    """A call that comes in time is waited for, and is no error."""
    process = Process()
    getattr(process.waiting().pace(Refusing(3)), step)()
    assert [round(wait) for wait in process.waits] == [20, 20, 20]


def test_the_time_of_one_more_call_is_left() -> None:
    """A wait that would leave no time for the call itself gives the message back, with the seconds to wait."""
    process = Process(left=CALL_SECONDS + 45)
    with pytest.raises(Transient) as refused:
        process.waiting().pace(Refusing(9)).take()
    assert len(process.waits) == 2
    assert refused.value.retry_after == 20


def test_nothing_else_is_waited_for() -> None:
    """A store that is out of reach is a failure, however long the function may run."""
    process = Process()
    with pytest.raises(Transient, match="store-unreachable"):
        process.waiting().pace(Refusing(1, reason="store-unreachable")).take()
    assert not process.waits


@pytest.mark.parametrize(
    ("urgent", "first", "hurries"), [(True, True, 1), (True, False, 0), (False, True, 0), (False, False, 0)]
)
def test_a_leavers_first_try_makes_others_wait(urgent: bool, first: bool, hurries: int) -> None:
    """Only a leaver's, only before the message has gone back for the first time, and once for each call."""
    budget = Refusing(3)
    Process(urgent=urgent, first=first).waiting().pace(budget).take()
    assert budget.hurries == hurries


def test_a_process_without_an_invocation_waits_for_nothing() -> None:
    """Before the first message there is no time to spend."""
    waiting = Waiting(lambda _: pytest.fail("waited"), random.Random(1), urgent=False)  # noqa: S311 - repeatable
    with pytest.raises(Transient, match="genesys-pace"):
        waiting.pace(Refusing(1)).take()
