"""Pausing, the state of the whole, parked items, and what an operator says about a group."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from bridge.items import Reason
from bridge.operations.bridge_answers import Status
from bridge.operations.group_links import GroupService
from bridge.operations.needs import needs
from bridge.provisioning.hold_records import HoldState, Verdict
from bridge.provisioning.linking import LINKED_BY_OPERATOR, UNLINKED_BY_OPERATOR
from bridge.provisioning.records import Breaker, GroupLink, GroupState, LogCursor, ParkedItem
from bridge.provisioning.runs import Run
from tests.stages.operations_stage import Stage
from tests.world import START, Countdown, World

ADA = "user:00uAdaBrook000000001"
TEAM = "group:00gTeamNorth00000001"


def parked(stage: Stage, entity: str, item_id: str, reason: str = "user-not-visible") -> None:
    """What waits for a person."""
    now = stage.world.clock.now()
    stage.world.store.park(ParkedItem(entity, item_id, '{"v": 1}', reason, "", now))


# ------------------------------------------------------------------------------------------------- pausing


def test_pausing_everything_stops_the_three_queues_and_resuming_starts_them() -> None:
    """By Lambda's event source mappings; asked twice it is the same."""
    stage = Stage()
    for _ in range(2):
        assert stage.ask("pause", what="everything") == {"ok": True, "everything": True, "removals": False}
    assert stage.mappings.enabled == {"m-leavers": False, "m-users": False, "m-groups": False}
    assert stage.ask("status")["paused_everything"] is True
    assert stage.ask("resume", what="everything")["everything"] is False
    assert set(stage.mappings.enabled.values()) == {True}


def test_pausing_removals_is_a_switch_that_syncs_read() -> None:
    """The queues go on; a removal that a sync would make is held."""
    stage = Stage()
    assert stage.ask("pause", what="removals") == {"ok": True, "everything": False, "removals": True}
    assert stage.world.store.app().removals_paused
    assert stage.mappings.enabled == {}
    world = stage.world
    people = world.provisioned(8)
    group, genesys_group = world.linked_group("Sales", people)
    world.okta.remove_members(group, people[:1])
    world.happen()
    assert world.members(genesys_group) == set(people)
    assert world.hold(group)[:2] == ("open", "removals-paused")
    assert stage.ask("resume", what="removals")["removals"] is False


def test_an_approved_removal_that_a_pause_has_cut_off_goes_on_when_removals_do() -> None:
    """The approval was taken up, and nobody was removed yet: resuming has the group synced, without any event."""
    stage = Stage()
    world = stage.world
    people = world.provisioned(8)
    group, genesys_group = world.linked_group("Sales", people)
    stage.ask("pause", what="removals")
    world.okta.remove_members(group, people[:1])
    world.happen()
    hold = world.store.hold(f"group:{group}")
    assert hold is not None
    world.decide(hold.entity, Verdict.APPROVE)
    world.settle()
    world.store.save_hold(replace(hold, state=HoldState.APPROVED, decided=hold.revision))
    stage.ask("resume", what="removals")
    world.settle()
    assert world.members(genesys_group) == set(people[1:])


def test_an_approved_end_of_access_that_a_pause_has_kept_back_comes_when_removals_go_on() -> None:
    """The hold is done and the person's own sync met the pause: resuming has them synced, without any event."""
    stage = Stage()
    world = stage.world
    people = world.provisioned(8)
    stage.ask("pause", what="removals")
    world.okta.unassign_user(people[0])
    world.happen()
    world.store.permit("app-permits", people[:1], world.clock.now())
    hold = world.store.hold("app")
    assert hold is not None
    world.store.save_hold(replace(hold, state=HoldState.DONE, told="done"))
    world.ask(f"user:{people[0]}", Reason.HOLD)
    world.settle()
    assert world.account(people[0])["active"]
    stage.ask("resume", what="removals")
    world.settle()
    assert not world.account(people[0])["active"]


def test_one_queue_that_is_not_read_is_told_apart() -> None:
    """Somebody may have disabled one by hand: everything is not paused then."""
    stage = Stage()
    stage.mappings.enabled["m-users"] = False
    status = stage.ask("status", reader=True)
    assert status["paused_everything"] is False
    assert {queue: depth["read"] for queue, depth in status["queues"].items()} == {
        "leavers": True,
        "users": False,
        "groups": True,
        "dead-letters": None,
    }


def test_a_failing_lambda_api_is_worth_another_try_and_hides_no_other_state() -> None:
    """Pausing says so; the status leaves out what cannot be told."""
    stage = Stage()
    stage.mappings.broken = True
    assert stage.refused("pause", what="everything") == "unavailable"
    status = stage.ask("status")
    assert (status["paused_everything"], status["queues"]["users"]["read"]) == (None, None)


# -------------------------------------------------------------------------------------------------- status


def test_the_status_names_what_there_is() -> None:
    """Mode, set-up, queues, breakers, holds, parked items; what has not come about yet is null."""
    stage = Stage()
    world = stage.world
    stage.open_hold(TEAM, "00u1a2b3")
    parked(stage, ADA, "i1")
    world.store.save_breaker(Breaker("genesys", open=True, why="genesys-503", since=world.clock.now()))
    world.store.note_app_status("ACTIVE")
    status = stage.ask("status", reader=True)
    assert (status["mode"], status["set_up"]) == ("enforce", {"done": True, "missing": []})
    assert (status["holds_open"], status["parked"], status["app_status"]) == (1, 1, "ACTIVE")
    assert (status["bootstrapped"], status["reconciled"], status["reconcile"]) == (True, "enforce", None)
    assert [(each["upstream"], each["state"], each["why"]) for each in status["breakers"]] == [
        ("okta", "closed", ""),
        ("genesys", "open", "genesys-503"),
        ("organisation", "closed", ""),
    ]
    assert set(status["queues"]["leavers"]) == {"read", "waiting", "in_hand", "later"}


def test_the_status_names_the_keys_that_the_secret_lacks() -> None:
    """By name, never by value."""
    stage = Stage()
    del stage.secrets.values["genesys_client_secret"], stage.secrets.values["okta_token"]
    assert stage.ask("status")["set_up"] == {"done": False, "missing": ["genesys_client_secret", "okta_token"]}


def test_the_status_says_how_far_catch_up_and_the_reconciler_are() -> None:
    """As soon as they have run."""
    stage = Stage()
    world = stage.world
    assert (stage.ask("status")["caught_up"], stage.ask("reconcile.status", reader=True)["run"]) == (None, None)
    world.store.save_log_cursor(LogCursor("", "", START))
    person = world.person("Ada Brook")
    assert stage.ask("reconcile.start") == {"ok": True, "started": True, "id": "1", "run": None}
    assert stage.mappings.invoked == [("bridge-Reconciler-1", "Event", b'{"do": "start"}')]
    world.reconciler.handle({"do": "start"}, cast("Any", Countdown(world.clock)))
    status = stage.ask("status")
    assert status["caught_up"] == "2026-11-24T09:00:00Z"
    run = status["reconcile"]
    assert (run["id"], run["mode"], run["state"], run["failed"]) == ("1", "enforce", "done", "")
    assert (run["counts"], run["ids"]) == ({"differs": 1}, {"differs": [person]})
    assert run["seconds_left"] is None
    assert stage.ask("reconcile.status", reader=True)["run"] == run


def test_an_unfinished_comparison_goes_on_instead_of_a_new_one() -> None:
    """Unless it began in another mode; and a Lambda API that fails is told."""
    stage = Stage()
    stage.world.store.save_run(Run(1, "enforce", START, seconds_left=90))
    answer = stage.ask("reconcile.start")
    assert (answer["started"], answer["id"], answer["run"]["state"]) == (False, "1", "running")
    assert answer["run"]["seconds_left"] == 90
    stage.variables["MODE"] = "observe"
    assert stage.ask("reconcile.start") == {"ok": True, "started": True, "id": "2", "run": None}
    stage.mappings.broken = True
    assert stage.refused("reconcile.start") == "unavailable"


# -------------------------------------------------------------------------------------------------- parked


def test_parked_items_are_listed_page_by_page_and_shown_by_entity() -> None:
    """Each once, in the order of entity and cause."""
    stage = Stage()
    for item, reason in (("i2", "genesys-409"), ("i1", "genesys-400"), ("i3", "okta-400")):
        parked(stage, ADA, item, reason)
    parked(stage, TEAM, "i9")
    first = stage.ask("parked.list", reader=True, limit=3)
    second = stage.ask("parked.list", reader=True, limit=3, after=first["next"])
    listed = [(item["entity"], item["item"]) for item in first["parked"] + second["parked"]]
    assert listed == [(TEAM, "i9"), (ADA, "i1"), (ADA, "i2"), (ADA, "i3")]
    assert second["next"] is None
    [shown] = stage.ask("parked.show", reader=True, entity=TEAM)["parked"]
    assert (shown["reason"], shown["body"]) == ("user-not-visible", '{"v": 1}')
    assert stage.refused("parked.show", entity="app") == "nothing-parked"


def test_a_redriven_entity_is_synced_and_its_records_are_closed_by_that() -> None:
    """The record stays until the sync has gone well."""
    stage = Stage()
    world = stage.world
    person = world.person("Ada Brook")
    parked(stage, f"user:{person}", "i1")
    parked(stage, f"user:{person}", "i2", "genesys-400")
    assert stage.ask("parked.redrive", entity=f"user:{person}")["parked"] == 2
    assert stage.waiting() == [(f"user:{person}", "redrive")]
    assert world.parked(f"user:{person}") == ["user-not-visible", "genesys-400"]
    world.settle()
    assert world.parked(f"user:{person}") == []
    assert world.account(person)["active"] is True
    assert stage.refused("parked.redrive", entity=f"user:{person}") == "nothing-parked"


# -------------------------------------------------------------------------------------------------- groups


def test_an_operator_links_a_group_that_no_rule_names() -> None:
    """The sync finds the Genesys Cloud group of the same name; the operator's decision keeps it."""
    stage = Stage()
    world = stage.world
    genesys_group = world.genesys.add_group("Night Shift")
    group = world.okta.create_group("Night Shift")
    people = world.provisioned(3)
    world.okta.add_members(group, people)
    answer = stage.ask("group.link", entity=f"group:{group}")
    assert answer["linked_by"] == LINKED_BY_OPERATOR
    world.settle()
    assert world.members(genesys_group) == set(people)


def test_an_operator_unlinks_a_group_for_good() -> None:
    """Members stay as they are, and no rule enqueues the group again; linking it again does."""
    stage = Stage()
    world = stage.world
    people = world.provisioned(3)
    group, genesys_group = world.linked_group("Sales", people)
    assert stage.ask("group.unlink", entity=f"group:{group}")["linked_by"] == UNLINKED_BY_OPERATOR
    world.settle()
    link = world.store.group(group)
    assert link is not None
    assert (link.state, link.genesys_id) == (GroupState.UNLINKED, "")
    world.okta.remove_members(group, people[:1])
    world.happen()
    world.ask("app")
    world.settle()
    assert world.members(genesys_group) == set(people)
    assert (link := world.store.group(group)) is not None
    assert link.state is GroupState.UNLINKED
    stage.ask("group.link", entity=f"group:{group}")
    world.settle()
    link = world.store.group(group)
    assert link is not None
    assert (link.state, link.linked_by) == (GroupState.LINKED, LINKED_BY_OPERATOR)


def test_a_group_has_its_own_ceiling_until_it_is_cleared() -> None:
    """Shift groups turn over every day: three of eight are too many for a percentage of 20, and fine with 100."""
    stage = Stage(world=World(variables={"GROUP_REMOVAL_CEILING": "2"}))
    world = stage.world
    people = world.provisioned(8)
    group, genesys_group = world.linked_group("Shift", people)
    answer = stage.ask("group.ceiling", entity=f"group:{group}", count=100, percent=0)
    assert (answer["ceiling"], answer["ceiling_percent"]) == (100, 0)
    world.okta.remove_members(group, people[:3])
    world.happen()
    assert world.members(genesys_group) == set(people[3:])
    stage.ask("group.ceiling", entity=f"group:{group}", count=None, percent=None)
    world.settle()
    world.okta.remove_members(group, people[3:6])
    world.happen()
    assert world.hold(group)[0] == "open"


def test_an_operators_decision_is_not_lost_to_a_sync_that_is_being_made() -> None:
    """The fence moves, so that the sync that read the link before starts again."""
    stage = Stage()
    store = stage.world.store
    before = store.begin_group_sync("00gTeamNorth00000001")
    stage.ask("group.ceiling", entity=TEAM, count=5, percent=None)
    after = store.group("00gTeamNorth00000001")
    assert after is not None
    assert after.sync_number > before.sync_number
    assert after.ceiling == 5
    assert stage.waiting() == [(TEAM, Reason.OPERATOR.value)]


@pytest.mark.parametrize("moves", [1, 3])
def test_a_change_starts_again_when_a_sync_begins_meanwhile(moves: int) -> None:
    """Three times, then the operator is asked to try again."""
    stage = Stage()
    store = stage.world.store
    begin = store.begin_group_sync
    left = moves

    def overtaken(okta_id: str) -> GroupLink:
        nonlocal left
        link = begin(okta_id)
        if left:
            left -= 1
            begin(okta_id)
        return replace(link)

    store.begin_group_sync = overtaken  # type: ignore[method-assign] # another sync begins between the two
    assert isinstance(stage.operations.groups, GroupService)
    if moves == 1:
        assert stage.ask("group.ceiling", entity=TEAM, count=5, percent=None)["ceiling"] == 5
    else:
        assert stage.refused("group.ceiling", entity=TEAM, count=5, percent=None) == "unavailable"


def test_a_pause_of_everything_remembers_when_it_began() -> None:
    """A second pause begins no other one; a resumption ends it, and the status says it in its first lines."""
    stage = Stage()
    began = stage.world.clock.now()
    stage.ask("pause", what="everything")
    stage.world.clock.advance(3600)
    stage.ask("pause", what="everything")
    answer = stage.ask("status")
    assert answer["stopped_since"] == began.isoformat().replace("+00:00", "Z")
    [need] = needs(Status.model_validate(answer), stage.world.clock.now())
    assert need.says == f"The queues are paused since {began:%Y-%m-%dT%H:%M} UTC"
    stage.ask("resume", what="everything")
    assert stage.ask("status")["stopped_since"] is None


def test_a_pause_of_removals_remembers_when_it_began() -> None:
    """A second pause begins no other one; a resumption ends it."""
    stage = Stage()
    began = stage.world.clock.now()
    stage.ask("pause", what="removals")
    stage.world.clock.advance(3600)
    stage.ask("pause", what="removals")
    assert stage.ask("status")["paused_since"] == began.isoformat().replace("+00:00", "Z")
    stage.ask("resume", what="removals")
    assert stage.ask("status")["paused_since"] is None
