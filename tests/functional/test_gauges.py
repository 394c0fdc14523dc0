"""What waits for a person is told at each run of catch-up, so that an alarm ends when its cause does."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest

from bridge.errors import Transient
from bridge.provisioning.records import Breaker, GroupState, ParkedItem
from bridge.provisioning.runs import Phase, Run
from bridge_local.faults import Fault
from bridge_local.okta import faults as okta_faults
from bridge_local.transport import ModelTransport
from tests.world import START, World

GAUGES = ("HoldsOpen", "ParkedOpen", "ExceptionsKept", "RemovalsPaused")


def told(world: World, capsys: pytest.CaptureFixture[str], gauges: Collection[str] = GAUGES) -> dict[str, float]:
    """The gauges of one run of catch-up, which may fail otherwise."""
    capsys.readouterr()
    world.poll()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"')]
    return {name: line[name][0] for line in lines for name in gauges if name in line}


def test_gauges_are_told_while_nothing_happens(capsys: pytest.CaptureFixture[str]) -> None:
    """Exceptions, a parked person and a pause, and 0 of each when they have ended."""
    world = World()
    item = ParkedItem("user:00uAda", "1", "{}", "genesys-400", "", START)
    world.store.park(item)
    world.store.add_exceptions("app", ["00uAda", "00uBen"])
    world.store.pause_removals(paused=True)
    assert told(world, capsys) == {"HoldsOpen": 0, "ParkedOpen": 1, "ExceptionsKept": 2, "RemovalsPaused": 1}
    world.store.close_parked(item.entity)
    world.store.remove_exceptions("app", ["00uAda", "00uBen"])
    world.store.pause_removals(paused=False)
    assert told(world, capsys) == dict.fromkeys(GAUGES, 0)


def test_a_pause_of_everything_is_told_as_a_pause(capsys: pytest.CaptureFixture[str]) -> None:
    """It is told after a day, as that of removals is."""
    world = World()
    world.store.note_stopped(START)
    assert told(world, capsys)["RemovalsPaused"] == 1
    world.store.note_stopped(None)
    assert told(world, capsys)["RemovalsPaused"] == 0


def test_gauges_are_told_though_okta_is_away(capsys: pytest.CaptureFixture[str]) -> None:
    """An outage ends no alarm on a hold, and hides none."""
    world = World()
    world.okta.faults.add(Fault("", okta_faults.refused(503)))
    assert told(world, capsys).keys() == set(GAUGES)


def test_a_store_that_does_not_answer_tells_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Missing is not 0: no alarm ends because a record could not be read."""
    world = World()

    def unread(_entity: str = "") -> Sequence[ParkedItem]:
        raise Transient("store-unavailable", upstream="store")

    monkeypatch.setattr(world.store, "parked_items", unread)
    assert told(world, capsys) == {}


def test_how_things_are_is_told_too(capsys: pytest.CaptureFixture[str]) -> None:
    """A mode by mistake, a group without namesake, an outage, a comparison and a change that are old; and 0 of each."""
    world = World({"MODE": "observe", "RECONCILE_SCHEDULE": "rate(12 hours)"})
    others = {"Observing", "GroupsNotLinked", "BreakerOpen", "ReconcileOverdue", "ReconcileAge", "OldestChange"}
    link = replace(world.store.begin_group_sync("00gSales"), state=GroupState.UNLINKED, why="no-match")
    world.store.save_group(link)
    world.store.save_breaker(Breaker("genesys", open=True))
    world.store.save_run(Run(1, "enforce", START, phase=Phase.ENDED, ended=START))
    world.ask("user:00uAda")
    world.clock.advance(19 * 3600)
    assert told(world, capsys, others) == {
        "Observing": 1,
        "GroupsNotLinked": 1,
        "BreakerOpen": 1,
        "ReconcileOverdue": 1,
        "ReconcileAge": 19 * 3600,
        "OldestChange": 19 * 3600,
    }
    world = World()
    assert told(world, capsys, others) == {
        "Observing": 0,
        "GroupsNotLinked": 0,
        "BreakerOpen": 0,
        "ReconcileOverdue": 0,
    }


def test_what_is_not_read_alone_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    """The holds are told though CloudWatch does not say how old the oldest change is."""
    world = World()

    def unread() -> None:
        raise Transient("cloudwatch-unavailable", upstream="cloudwatch")

    world.catch_up = world.new_poller(world.store, world.queues, ModelTransport(world.okta), oldest_change=unread)
    assert told(world, capsys, {"HoldsOpen", "OldestChange", "SecretAge"}) == {"HoldsOpen": 0, "SecretAge": 0}
