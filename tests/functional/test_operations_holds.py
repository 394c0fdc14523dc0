"""Holds for people: listed, shown page by page, called to mind once a day, and on the dashboard."""

from __future__ import annotations

from dataclasses import replace

from bridge.provisioning.hold_records import HoldState
from bridge.provisioning.records import GroupState
from tests.stages.operations_stage import Stage
from tests.world import START

TEAM, CREW = "group:00gTeamNorth00000001", "group:00gCrewSouth00000002"


def test_open_holds_are_listed_the_oldest_first() -> None:
    """With counts, reason, and what somebody has decided; a hold that has ended is not among them."""
    stage = Stage()
    stage.open_hold(TEAM, "00u1a2b3", "00u2a2b3")
    stage.world.clock.advance(60)
    stage.open_hold("app", "00u3a2b3")
    stage.open_hold(CREW, "00u4a2b3", state=HoldState.RESOLVED)
    stage.decide("reject", "app", 1, 1)
    first, second = stage.ask("holds.list", reader=True)["holds"]
    assert (first["entity"], first["staged"], first["reason"], first["state"]) == (TEAM, 2, "ceiling-count", "open")
    assert (first["decision"], first["decided"], first["reminded"]) == (None, None, None)
    assert (second["entity"], second["decision"]["verdict"]) == ("app", "reject")


def test_a_hold_is_shown_page_by_page_with_its_history() -> None:
    """Every staged user comes once; the history of all holds of the entity, the newest change first."""
    stage = Stage()
    users = [f"00u{number:017}" for number in range(250)]
    hold = stage.open_hold(TEAM, *users)
    stage.world.store.save_hold(
        replace(hold, revision=2, changed=START.replace(hour=10), by="arn:aws:iam::123456789012:user/ada", why="OPS-1")
    )
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        shown = stage.ask("holds.show", reader=True, entity=TEAM, limit=100, after=after)
        seen += [staged["user"] for staged in shown["staged"]]
        after = shown["next"]
    assert seen == users
    assert [(change["revision"], change["by"][-3:], change["why"]) for change in shown["history"]] == [
        (2, "ada", "OPS-1"),
        (1, "", ""),
    ]
    assert stage.refused("holds.show", entity=CREW) == "not-found"


def test_exceptions_without_the_record_of_their_hold_are_listed_and_taken_back() -> None:
    """A restore or an import brings who keeps access, and not the hold: people see them and can change their mind."""
    stage = Stage()
    store = stage.world.store
    store.save_group(replace(store.begin_group_sync(TEAM.removeprefix("group:")), state=GroupState.UNLINKED))
    store.add_exceptions(TEAM, ["00u1a2b3c4"])
    assert stage.ask("holds.list", reader=True)["holds"] == []
    [kept] = stage.ask("holds.list", reader=True, all=True)["holds"]
    assert (kept["entity"], kept["number"], kept["state"], kept["excepted"]) == (TEAM, 0, "rejected", 1)
    assert kept["reason"] == "excepted"
    assert stage.ask("holds.show", reader=True, entity=TEAM)["excepted"] == ["00u1a2b3c4"]


def test_a_reminder_comes_once_a_day_and_removes_nobody() -> None:
    """An hourly schedule asks; a hold is told when it has waited for 24 hours, and again 24 hours later."""
    stage = Stage()
    world = stage.world
    stage.open_hold(TEAM, "00u1a2b3")
    told = []
    for hour in range(73):
        told += [(hour, entity) for entity in stage.ask("remind")["told"]]
        world.clock.advance(3600)
    assert told == [(24, TEAM), (48, TEAM), (72, TEAM)]
    assert [what for what, _ in world.people_told.messages] == ["reminder"] * 3
    assert stage.ask("holds.list")["holds"][0]["reminded"] == "2026-11-27T09:00:00Z"
    assert stage.waiting() == []
    hold = world.store.hold(TEAM)
    assert hold is not None
    assert hold.state is HoldState.OPEN


def test_a_reminder_that_reaches_nobody_is_sent_in_the_next_hour() -> None:
    """Also for the other holds of the same hour; a hold that somebody has decided is not told."""
    stage = Stage()
    stage.open_hold(TEAM, "00u1a2b3")
    stage.open_hold(CREW, "00u2a2b3")
    stage.open_hold("app", "00u3a2b3")
    stage.decide("approve", "app", 1, 1)
    stage.world.clock.advance(24 * 3600)
    stage.world.people_told.deaf = True
    assert stage.refused("remind") == "unavailable"
    stage.world.people_told.deaf = False
    assert sorted(stage.ask("remind")["told"]) == sorted([TEAM, CREW])


def test_a_hold_that_follows_an_ended_one_has_its_own_reminders() -> None:
    """The day counts from its own opening."""
    stage = Stage()
    stage.open_hold(TEAM, "00u1a2b3")
    stage.world.clock.advance(24 * 3600)
    assert stage.ask("remind")["told"] == [TEAM]
    stage.open_hold(TEAM, "00u2a2b3", number=2)
    stage.world.clock.advance(23 * 3600)
    assert stage.ask("remind")["told"] == []
    stage.world.clock.advance(3600)
    assert stage.ask("remind")["told"] == [TEAM]


def test_the_widget_says_so_when_the_holds_cannot_be_read() -> None:
    """Instead of an empty list, which would look as if nothing waited."""
    stage = Stage()
    world = stage.world

    def unreadable() -> list[str]:
        raise RuntimeError("a bug with <b>values</b> in it")

    world.store.open_hold_entities = unreadable  # type: ignore[method-assign] # a failing store
    shown = stage.operations.handle({"widgetContext": {}}, reader=True)
    assert isinstance(shown, str)
    assert shown == "<p>The holds cannot be read: RuntimeError; the function&#x27;s log says where</p>"
