"""The life of a hold."""

from datetime import UTC, datetime, timedelta
from typing import cast

from bridge.items import Reason, make_item
from bridge.provisioning.hold_records import Hold, HoldState
from bridge.provisioning.holds import HoldLifecycle
from bridge.provisioning.judge import Plan
from bridge.provisioning.ports import OktaReader
from bridge.provisioning.protected import ProtectedPeople
from bridge.provisioning.sync import Report, Work
from bridge_local.memory import MemoryStore
from tests.world import Told

GROUP = "group:00gexample0000000001"
WORK = Work((make_item(GROUP, Reason.OPERATOR, "1"),))


class StubClock:
    """A clock that stands still until told."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 24, tzinfo=UTC)

    def now(self) -> datetime:
        """The time it stands at."""
        return self.time


def lifecycle(store: MemoryStore, clock: StubClock) -> HoldLifecycle:
    """The holds of a store."""
    nobody = ProtectedPeople(cast("OktaReader", object()), store, clock, group="")
    return HoldLifecycle(store, Told(), clock, nobody, window=timedelta(hours=24))


def stage(store: MemoryStore, clock: StubClock, *users: str) -> Hold | None:
    """Stage these users for a full reason."""
    read = store.hold(GROUP)
    plan = Plan(read=read, hold=read, staged=frozenset(users), why="ceiling-count", explanation="W=2 c=0 B=2")
    lifecycle(store, clock).execute(WORK, plan, Report(), lambda _users, *, approved: approved)
    return store.hold(GROUP)


def is_blocked(store: MemoryStore) -> bool:
    """Whether the group's hold blocks removals."""
    hold = store.hold(GROUP)
    return hold is not None and hold.blocks


def test_nothing_to_stage_opens_nothing() -> None:
    """Without anybody to stage there is no hold."""
    store = MemoryStore()
    assert stage(store, StubClock()) is None
    assert store.hold(GROUP) is None


def test_opens_joins_shrinks_and_resolves() -> None:
    """Users join and leave an open hold by revision, and an empty one is resolved."""
    store, clock = MemoryStore(), StubClock()
    opened = stage(store, clock, "a", "b")
    assert opened is not None
    assert (opened.state, opened.number, opened.revision, opened.staged) == (HoldState.OPEN, 1, 1, 2)
    clock.time += timedelta(hours=1)
    joined = stage(store, clock, "a", "b", "c")
    assert joined is not None
    assert (joined.revision, joined.staged, joined.opened) == (2, 3, opened.opened)
    assert store.staged(GROUP, 1) == {"a": 1, "b": 1, "c": 2}
    assert stage(store, clock, "c") is not None
    assert store.staged(GROUP, 1) == {"c": 2}
    resolved = stage(store, clock)
    assert resolved is not None
    assert resolved.state is HoldState.RESOLVED
    assert not is_blocked(store)


def test_unchanged_hold_is_not_written_again() -> None:
    """The same users staged again leave the hold and its revision as they are."""
    store, clock = MemoryStore(), StubClock()
    first = stage(store, clock, "a")
    clock.time += timedelta(hours=1)
    assert stage(store, clock, "a") == first


def test_next_hold_has_the_next_number() -> None:
    """A hold after an ended one is a hold of its own."""
    store, clock = MemoryStore(), StubClock()
    stage(store, clock, "a")
    stage(store, clock)
    again = stage(store, clock, "b")
    assert again is not None
    assert (again.number, again.revision) == (2, 1)
    assert store.staged(GROUP, 2) == {"b": 1}


def test_a_crash_while_opening_leaves_a_hold_that_blocks() -> None:
    """`opening` already blocks, and the next sync completes it."""
    store, clock = MemoryStore(), StubClock()
    now = clock.now()
    store.save_hold(Hold(GROUP, 1, HoldState.OPENING, 1, "ceiling-count", 0, (), now, now))
    assert is_blocked(store)
    completed = stage(store, clock, "a")
    assert completed is not None
    assert (completed.number, completed.state) == (1, HoldState.OPEN)
    assert store.staged(GROUP, 1) == {"a": 2}


def test_unlinked_group_closes_its_hold() -> None:
    """When the link goes, its hold ends as unlinked; a group without a hold is left alone."""
    store, clock = MemoryStore(), StubClock()
    lifecycle(store, clock).close_unlinked(GROUP, Report())
    assert store.hold(GROUP) is None
    stage(store, clock, "a")
    lifecycle(store, clock).close_unlinked(GROUP, Report())
    hold = store.hold(GROUP)
    assert hold is not None
    assert hold.state is HoldState.UNLINKED
