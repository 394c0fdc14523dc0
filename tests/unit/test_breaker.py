"""The breaker of an upstream: when it opens, who probes, when it closes, and that its own store stops nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bridge.errors import AuthFailure, BreakerOpen, Permanent, SettingsError, Transient
from bridge.outbound.breaker import FIRST_WAIT, LEASE, LONGEST_WAIT, Breakers, outage_upstream
from bridge.outbound.calls import OUTAGE_THRESHOLD, RECENT, Calls
from bridge.provisioning.records import Breaker
from bridge_local.memory import MemoryStore
from tests.world import VirtualClock

GONE = Transient("genesys-503", upstream="genesys", status=503)


@dataclass
class Upstream:
    """An upstream that is probed.

    Attributes:
        error: what a probe raises, None when it passes.
        probes: how many there were.
        during: what happens while a probe is on its way.
    """

    error: BaseException | None = None
    probes: int = 0
    during: Callable[[], None] = field(default=lambda: None)

    def probe(self) -> None:
        """Count, and fail if told to."""
        self.probes += 1
        self.during()
        if self.error is not None:
            raise self.error


class Shared:
    """Several processes around one store and one upstream."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.clock = VirtualClock()
        self.store = store or MemoryStore()
        self.genesys = Upstream(GONE)

    def process(self, *, urgent: bool = False) -> Breakers:
        """One more process."""
        return Breakers(self.store, self.clock, {"genesys": self.genesys.probe}, urgent=urgent)

    def opened(self) -> Breakers:
        """A process that has just opened the breaker."""
        breakers = self.process()
        breakers.open("genesys", "genesys-503")
        return breakers


def waits(breakers: Breakers) -> float | None:
    """Seconds that a check asks to wait, None when it passes."""
    try:
        breakers.check()
    except BreakerOpen as waiting:
        return waiting.retry_after
    return None


def test_closed_at_first() -> None:
    """Nobody waits and nobody probes."""
    shared = Shared()
    assert waits(shared.process()) is None
    assert shared.genesys.probes == 0


def test_all_processes_wait_for_the_next_probe_without_calling() -> None:
    """One opens it; another that begins later is told how long, and why."""
    shared = Shared()
    shared.opened()
    shared.clock.advance(10)
    with pytest.raises(BreakerOpen) as raised:
        shared.process().check()
    waiting = raised.value
    assert (waiting.reason, waiting.detail) == ("genesys-breaker-open", "genesys-503")
    assert (waiting.upstream, waiting.retry_after) == ("genesys", FIRST_WAIT - 10)
    assert shared.genesys.probes == 0


def test_what_a_process_has_read_is_believed_for_five_seconds() -> None:
    """A process that saw it closed goes on a moment longer than the others."""
    shared = Shared()
    late = shared.process()
    assert waits(late) is None
    shared.opened()
    assert waits(late) is None
    shared.clock.advance(5)
    assert waits(late) == FIRST_WAIT - 5


def test_a_probe_that_fails_doubles_the_wait_to_five_minutes() -> None:
    """The first to come after the wait probes; a day costs few hundred probes."""
    shared = Shared()
    breakers = shared.opened()
    shared.clock.advance(FIRST_WAIT)
    seen = []
    while shared.clock.now() - VirtualClock().now() < timedelta(hours=24):
        wait = waits(breakers)
        assert wait is not None
        seen.append(wait)
        shared.clock.advance(wait)
    assert seen[:5] == [60, 120, 240, LONGEST_WAIT, LONGEST_WAIT]
    assert shared.genesys.probes == len(seen) < 295


def test_a_probe_that_passes_closes_it_for_all() -> None:
    """The prober goes on with its own work, and so does everybody."""
    shared = Shared()
    breakers = shared.opened()
    shared.clock.advance(FIRST_WAIT)
    shared.genesys.error = None
    assert waits(breakers) is None
    assert waits(shared.process()) is None
    assert waits(breakers) is None
    assert shared.genesys.probes == 1


def test_one_probes_at_a_time() -> None:
    """While a probe is on its way, others wait, also those who had read the record before it began."""
    shared = Shared()
    breakers, other, late = shared.opened(), shared.process(), shared.process()
    shared.clock.advance(FIRST_WAIT)
    others: list[float | None] = []
    shared.genesys.during = lambda: others.extend([waits(other), waits(late)])
    assert waits(breakers) == 60
    assert others == [LEASE, LEASE]
    assert shared.genesys.probes == 1


def test_of_two_who_begin_together_one_probes() -> None:
    """The store decides: who finds the record changed since it was read has lost."""
    shared = Shared()
    breakers, other = shared.opened(), shared.process()
    shared.clock.advance(FIRST_WAIT - 4)
    assert waits(other) == 4
    shared.clock.advance(4)
    assert waits(breakers) == 60
    assert waits(other) == LEASE
    assert shared.genesys.probes == 1


class Killed(BaseException):
    """The process ends here."""


def test_a_prober_that_dies_loses_its_lease() -> None:
    """Nobody closed or reopened anything; after the lease the next one probes, and the waits begin again."""
    shared = Shared()
    breakers, other = shared.opened(), shared.process()
    shared.clock.advance(FIRST_WAIT)
    shared.genesys.error = Killed()
    with pytest.raises(Killed):
        breakers.check()
    assert waits(other) == LEASE
    shared.clock.advance(LEASE)
    shared.genesys.error = None
    assert waits(other) is None


def test_a_prober_that_comes_back_late_changes_nothing() -> None:
    """Its lease has ended and another has closed the breaker: its failure is no news."""
    shared = Shared()
    breakers, other = shared.opened(), shared.process()

    def overtaken() -> None:
        shared.clock.advance(LEASE)
        shared.genesys.during, shared.genesys.error = lambda: None, None
        assert waits(other) is None
        shared.genesys.error = GONE

    shared.genesys.during = overtaken
    shared.clock.advance(FIRST_WAIT)
    assert waits(breakers) == 60
    assert not shared.store.breaker("genesys").open
    assert waits(breakers) is None


def test_leavers_do_not_wait_for_grown_waits() -> None:
    """They probe as soon as no other probe can be on its way."""
    shared = Shared()
    breakers = shared.opened()
    for _ in range(5):
        shared.clock.advance(LONGEST_WAIT)
        assert waits(breakers) is not None
    shared.clock.advance(LEASE - 1)
    assert waits(breakers) == LONGEST_WAIT - LEASE + 1
    leavers = shared.process(urgent=True)
    assert waits(leavers) == 1
    shared.clock.advance(1)
    shared.genesys.error = None
    assert waits(leavers) is None


def test_one_that_flaps_waits_longer_each_time() -> None:
    """Probes pass, work fails: the waits grow over the closings, and begin anew after ten quiet minutes."""
    shared = Shared()
    shared.genesys.error = None
    breakers = shared.process()
    seen = []
    for _ in range(6):
        breakers.open("genesys", "genesys-403")
        wait = waits(breakers)
        assert wait is not None
        seen.append(wait)
        shared.clock.advance(wait)
        assert waits(breakers) is None
    assert seen == [30, 60, 120, 240, LONGEST_WAIT, LONGEST_WAIT]
    shared.clock.advance(600)
    breakers.open("genesys", "genesys-403")
    assert waits(breakers) == FIRST_WAIT


def test_opening_it_twice_moves_nothing() -> None:
    """A second process that sees the same outage does not put the probe off."""
    shared = Shared()
    shared.opened()
    shared.clock.advance(20)
    other = shared.process()
    other.open("genesys", "genesys-502")
    assert waits(other) == FIRST_WAIT - 20
    assert shared.store.breaker("genesys").why == "genesys-503"


@pytest.mark.parametrize(
    ("error", "stays"),
    [
        (GONE, True),
        (Transient("genesys-connection", upstream="genesys"), True),
        (AuthFailure("genesys-403", upstream="genesys", status=403), True),
        (AuthFailure("genesys-client-missing", upstream="genesys"), True),
        (Transient("genesys-pace", retry_after=3, upstream="genesys"), True),
        (SettingsError("BRIDGE_SECRET_ID"), True),
        (LookupError("Ada Brook"), True),
        (Transient("genesys-429", upstream="genesys", status=429), False),
        (Transient("genesys-500", upstream="genesys", status=500), False),
        (Permanent("genesys-404", upstream="genesys", status=404), False),
        (None, False),
    ],
)
def test_what_a_probe_says(error: Exception | None, stays: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Anyone who answers, if only that it is busy, lives; without an answer, or with a refusal, nobody calls."""
    shared = Shared()
    breakers = shared.opened()
    shared.clock.advance(FIRST_WAIT)
    shared.genesys.error = error
    assert (waits(breakers) is not None) is stays
    assert shared.store.breaker("genesys").open is stays
    assert "Ada Brook" not in "".join(record.getMessage() for record in caplog.records)


class Forgetful(MemoryStore):
    """A store whose breaker records cannot be used.

    Attributes:
        reads: what reading raises, None when it works.
        writes: what writing raises.
    """

    reads: Exception | None = None
    writes: Exception | None = None

    def breaker(self, upstream: str) -> Breaker:
        """Fail if told to."""
        if self.reads is not None:
            raise self.reads
        return super().breaker(upstream)

    def save_breaker(self, breaker: Breaker) -> bool:
        """Fail if told to."""
        if self.writes is not None:
            raise self.writes
        return super().save_breaker(breaker)


@pytest.mark.parametrize(
    "error", [Transient("store-throttling", upstream="store"), Permanent("unreadable-record"), ValueError("a record")]
)
def test_a_record_that_cannot_be_read_stops_nobody(error: Exception) -> None:
    """Open or not, whatever fails: work goes on as if there were no breaker."""
    store = Forgetful()
    shared = Shared(store)
    shared.opened()
    store.reads = error
    assert waits(shared.process()) is None
    assert shared.genesys.probes == 0


@pytest.mark.parametrize("error", [Transient("store-access-denied", upstream="store"), ValueError("a record")])
def test_a_record_that_cannot_be_written_stops_nobody(error: Exception) -> None:
    """It can be read and says open, but no lease can be taken: each process probes for itself and goes on."""
    store = Forgetful()
    shared = Shared(store)
    breakers = shared.opened()
    store.writes = error
    shared.clock.advance(FIRST_WAIT)
    assert waits(breakers) == 60
    shared.genesys.error = None
    shared.clock.advance(60)
    assert waits(breakers) is None
    assert store.breaker("genesys").open
    breakers.open("genesys", "genesys-503")


def test_a_clock_that_runs_ahead_elsewhere_makes_nobody_wait_longer() -> None:
    """The opening was written by a clock an hour ahead: the wait is the wait."""
    shared = Shared()
    shared.clock.advance(3600)
    shared.opened()
    shared.clock.advance(-3600)
    assert waits(shared.process()) == FIRST_WAIT


@pytest.mark.parametrize(
    ("error", "upstream"),
    [
        (GONE, "genesys"),
        (Transient("okta-504", upstream="okta", status=504), "okta"),
        (Transient("okta-timeout", upstream="okta"), "okta"),
        (Transient("genesys-connection", upstream="genesys"), "genesys"),
        (AuthFailure("okta-403", upstream="okta", status=403), "okta"),
        (AuthFailure("genesys-client-missing", upstream="genesys"), "genesys"),
        (AuthFailure("not-set-up"), ""),
        (Transient("genesys-500", upstream="genesys", status=500), ""),
        (Transient("genesys-429", upstream="genesys", status=429), ""),
        (Transient("okta-pace", upstream="okta"), ""),
        (Transient("okta-malformed", upstream="okta"), ""),
        (Transient("store-throttling", upstream="store", status=503), ""),
        (Permanent("genesys-400", upstream="genesys", status=400), ""),
        (LookupError(), ""),
    ],
)
def test_which_failures_speak_of_a_whole_upstream(error: Exception, upstream: str) -> None:
    """Connection errors, timeouts, 502 to 504 and refused credentials; nothing else."""
    assert outage_upstream(error) == upstream


class TestEntities:
    """Over how many entities an upstream must fail: `Calls` knows."""

    def failing(self, calls: Calls, entity: str, error: Exception = GONE) -> bool:
        """A sync fails; whether the upstream is down by now."""
        calls.begin()
        calls.recorder("genesys")(f"GET users/{entity} 503")
        calls.end(f"user:{entity}", error)
        return calls.is_down("genesys")

    def test_three_entities(self) -> None:
        """One or two, however often, say nothing; the third does, about that upstream alone."""
        calls = Calls(VirtualClock())
        assert not any(self.failing(calls, entity) for entity in ("1", "2") * 20)
        assert self.failing(calls, "3")
        assert not calls.is_down("okta")
        assert OUTAGE_THRESHOLD == 3

    def test_a_call_that_passes_in_between(self) -> None:
        """It serves somebody, so it lives: the count begins anew. Another upstream's success says nothing."""
        calls = Calls(VirtualClock())
        for upstream, down in (("genesys", False), ("okta", True)):
            for entity in ("1", "2"):
                self.failing(calls, entity)
            calls.begin()
            calls.recorder(upstream)("GET users/4 200")
            calls.end("user:4")
            assert self.failing(calls, "3") is down

    def test_failures_of_long_ago(self) -> None:
        """Three entities within ten minutes, not within a night."""
        clock = VirtualClock()
        calls = Calls(clock)
        for entity in ("1", "2"):
            self.failing(calls, entity)
        clock.advance(RECENT.total_seconds())
        assert not self.failing(calls, "3")

    def test_other_failures(self) -> None:
        """A hundred entities that Genesys Cloud refuses one by one are no outage."""
        calls = Calls(VirtualClock())
        refused = Permanent("genesys-400", upstream="genesys", status=400)
        assert not any(self.failing(calls, str(entity), refused) for entity in range(100))


def test_an_outage_hides_no_refused_credentials() -> None:
    """They stay named until a call has passed; an outage alone names none."""
    shared = Shared()
    shared.process().open("genesys", "genesys-token-401")
    shared.clock.advance(FIRST_WAIT)
    with pytest.raises(BreakerOpen):
        shared.process().check()
    record = shared.store.breaker("genesys")
    assert (record.why, record.refused) == ("genesys-503", "genesys-token-401")
    shared.genesys.error = None
    shared.clock.advance(LONGEST_WAIT)
    shared.process().check()
    shared.process().open("genesys", "genesys-503")
    assert shared.store.breaker("genesys").refused == ""
