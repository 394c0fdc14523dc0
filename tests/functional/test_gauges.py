"""What waits for a person is told at each run of catch-up, so that an alarm ends when its cause does."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from bridge.errors import Transient
from bridge.provisioning.records import ParkedItem
from bridge_local.faults import Fault
from bridge_local.okta import faults as okta_faults
from tests.world import START, World

GAUGES = ("HoldsOpen", "ParkedOpen", "ExceptionsKept", "RemovalsPaused")


def told(world: World, capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """The gauges of one run of catch-up, which may fail otherwise."""
    capsys.readouterr()
    world.poll()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"')]
    return {name: line[name][0] for line in lines for name in GAUGES if name in line}


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
