"""Which Okta groups are linked to which Genesys Cloud groups, and what becomes of a link."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.provisioning.records import GroupState
from bridge_local.faults import Fault
from bridge_local.okta import faults as okta_faults
from tests.world import World


def state(world: World, okta_id: str) -> tuple[GroupState, str, str]:
    """State, Genesys Cloud id and reason of a group's link."""
    link = world.store.group(okta_id)
    return (link.state, link.genesys_id, link.why) if link else (GroupState.NONE, "", "")


@pytest.mark.parametrize(
    ("setting", "okta_name", "genesys_name"),
    [
        pytest.param("Agents", "Agents", "Agents", id="equal"),
        pytest.param("agents", "AGENTS", "Agents", id="without case"),
        pytest.param("Other, Genesys *", "Genesys Berlin", "genesys berlin", id="glob"),
        pytest.param("Team [EU]", "Team [EU]", "Team [EU]", id="a name that looks like a glob"),
        pytest.param("STRAßE", "Straße", "straße", id="a letter that some write as two"),
    ],
)
def test_linked_by_name(setting: str, okta_name: str, genesys_name: str) -> None:
    """A name or glob of the setting links Okta's group to the one Genesys Cloud group of the same name."""
    world = World({"LINKED_GROUPS": setting})
    users = world.provisioned(2)
    genesys_id = world.genesys.add_group(genesys_name)
    okta_id = world.okta.create_group(okta_name)
    world.okta.add_members(okta_id, users)
    world.happen()
    assert state(world, okta_id) == (GroupState.LINKED, genesys_id, "")
    assert world.members(genesys_id) == set(users)


@pytest.mark.parametrize(
    "name",
    ['A "quoted" team', "back\\slash", "R&D", "Sales, EMEA", "Team [1]*", "👩\u200d💻 Care", "فريق الدعم", "Zoë"],
)
def test_linked_whatever_letters_the_name_has(name: str) -> None:
    """Quotes, backslashes, commas, brackets, emoji, Arabic: nothing of a filter or a glob is read into such a name."""
    world = World()
    users = world.provisioned(2)
    world.genesys.add_group(f"{name}s")
    genesys_id = world.genesys.add_group(name)
    okta_id = world.okta.create_group(name)
    world.okta.assign_group(okta_id)
    world.okta.add_members(okta_id, users)
    world.happen()
    assert state(world, okta_id) == (GroupState.LINKED, genesys_id, "")
    assert world.members(genesys_id) == set(users)


@pytest.mark.parametrize(("setting", "why"), [("Straße", "not-in-scope"), ("STRASSE", "no-match")])
def test_a_letter_is_not_what_some_write_for_it(setting: str, why: str) -> None:
    """Neither in the setting nor in Genesys Cloud: such names are two names, and another group is nobody's guess."""
    world = World({"LINKED_GROUPS": setting})
    world.genesys.add_group("Straße")
    okta_id = world.okta.create_group("STRASSE")
    world.okta.add_members(okta_id, world.provisioned(1))
    world.happen()
    assert world.last(f"group:{okta_id}").why == why


def test_other_groups_are_not_linked() -> None:
    """A group that no rule names stays unlinked though Genesys Cloud has one of its name; so without any rule."""
    world = World({"LINKED_GROUPS": "Genesys *"})
    users = world.provisioned(1)
    genesys_id = world.genesys.add_group("Agents")
    okta_id = world.okta.create_group("Agents")
    world.okta.add_members(okta_id, users)
    world.happen()
    assert (world.last(f"group:{okta_id}").outcome, world.last(f"group:{okta_id}").why) == ("skipped", "not-in-scope")
    world.variables["LINKED_GROUPS"] = ""
    world.restart()
    asked = world.watch_okta()
    world.okta.remove_members(okta_id, users)
    world.happen()
    assert asked == [f"GET /api/v1/apps/{world.okta.app_id}/groups"]
    assert world.genesys.members(genesys_id) == frozenset()
    assert world.calls() == 0


def test_linked_by_assignment_before_its_event() -> None:
    """A group that is assigned to the application is linked at its first sync."""
    world = World()
    users = world.provisioned(2)
    genesys_id = world.genesys.add_group("Agents")
    okta_id = world.okta.create_group("Agents")
    world.okta.assign_group(okta_id)
    world.okta.add_members(okta_id, users)
    events = [event for event in world.events() if event["eventType"].startswith("group.user")]
    world.deliver(events)
    world.settle()
    assert state(world, okta_id) == (GroupState.LINKED, genesys_id, "")
    assert world.members(genesys_id) == set(users)


def test_assigned_later_through_an_event_links_and_syncs() -> None:
    """The event of a group's assignment alone links the group and brings its members."""
    world = World()
    users = world.provisioned(2)
    genesys_id = world.genesys.add_group("Agents")
    okta_id = world.okta.create_group("Agents")
    world.okta.add_members(okta_id, users)
    world.happen()
    assert state(world, okta_id) == (GroupState.NONE, "", "")
    world.okta.assign_group(okta_id)
    events = [event for event in world.events() if event["eventType"] == "group.application_assignment.add"]
    world.deliver(events)
    world.settle()
    assert state(world, okta_id) == (GroupState.LINKED, genesys_id, "")
    assert world.members(genesys_id) == set(users)


def test_an_assignment_whose_read_trails_its_event_is_read_again() -> None:
    """A quick delivery and Okta's read lag do not lose a link: the application is synced once more."""
    world = World()
    world.okta.switches.read_lag = 4
    users = world.provisioned(2)
    genesys_id = world.genesys.add_group("Agents")
    okta_id = world.okta.create_group("Agents")
    world.okta.add_members(okta_id, users)
    world.happen()
    world.okta.assign_group(okta_id)
    world.deliver(after=0.5)
    world.settle()
    assert state(world, okta_id) == (GroupState.LINKED, genesys_id, "")
    assert world.members(genesys_id) == set(users)


def test_the_listing_of_assigned_groups_is_kept_for_ten_minutes() -> None:
    """Events of groups out of scope share one listing; after ten minutes it is read again."""
    world = World()
    groups = [world.okta.create_group(f"Other {number}") for number in range(5)]
    world.events()
    asked = world.watch_okta()
    for okta_id in groups:
        world.ask(f"group:{okta_id}")
    world.settle()
    assert len(asked) == 1
    world.clock.advance(timedelta(minutes=10, seconds=1).total_seconds())
    world.ask(f"group:{groups[0]}")
    world.settle()
    assert len(asked) == 2


@pytest.mark.parametrize("rule", ["name", "assignment"])
@pytest.mark.parametrize("side", ["okta", "genesys", "both"])
def test_a_renamed_group_stays_linked(side: str, rule: str) -> None:
    """The link keeps ids: a new name on either side breaks nothing, and the journal says that the names differ."""
    world = World({"LINKED_GROUPS": "Agents" if rule == "name" else ""})
    users = world.provisioned(2)
    genesys_id = world.genesys.add_group("Agents")
    okta_id = world.okta.create_group("Agents")
    world.okta.add_members(okta_id, users[:1])
    if rule == "assignment":
        world.okta.assign_group(okta_id)
    world.happen()
    if side != "genesys":
        world.okta.rename_group(okta_id, "Advisers")
    if side != "okta":
        world.genesys.rename_group(genesys_id, "Consultants")
    world.okta.add_members(okta_id, users[1:])
    world.happen()
    assert state(world, okta_id) == (GroupState.LINKED, genesys_id, "")
    assert world.members(genesys_id) == set(users)
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.last(f"group:{okta_id}").read["name"] == "drifted"


def test_a_name_taken_out_of_the_setting_ends_the_link() -> None:
    """A group whose pattern the setting no longer has is left alone from then on."""
    world = World()
    users = world.provisioned(2)
    okta_id, genesys_id = world.linked_group("Agents", users)
    world.variables["LINKED_GROUPS"] = ""
    world.restart()
    world.okta.remove_members(okta_id, users[:1])
    world.happen()
    assert state(world, okta_id) == (GroupState.UNLINKED, "", "unassigned")
    assert world.members(genesys_id) == set(users)


def test_an_assigned_group_that_is_also_named_stays_when_unassigned() -> None:
    """Whichever rule still holds keeps the link."""
    world = World()
    users = world.provisioned(2)
    genesys_id = world.genesys.add_group("Agents")
    okta_id = world.okta.create_group("Agents")
    world.okta.add_members(okta_id, users)
    world.okta.assign_group(okta_id)
    world.happen()
    world.variables["LINKED_GROUPS"] = "Agents"
    world.restart()
    with world.okta.quietly():
        for okta_user in users:
            world.okta.assign_user(okta_user)
    world.okta.unassign_group(okta_id)
    world.happen()
    assert state(world, okta_id) == (GroupState.LINKED, genesys_id, "")
    link = world.store.group(okta_id)
    assert link is not None
    assert link.linked_by == "name Agents"


@pytest.mark.parametrize(
    ("names", "why"), [([], "no-match"), (["Agents", "AGENTS"], "ambiguous"), (["Agents 2"], "no-match")]
)
def test_without_exactly_one_match_it_is_not_linked_until_there_is(names: list[str], why: str) -> None:
    """None or two of the name: not linked, the record says why; the next sync after it is put right links."""
    world = World({"LINKED_GROUPS": "Agents"})
    users = world.provisioned(1)
    made = [world.genesys.add_group(name) for name in names]
    okta_id = world.okta.create_group("Agents")
    world.okta.add_members(okta_id, users)
    world.happen()
    assert state(world, okta_id) == (GroupState.UNLINKED, "", why)
    assert (world.last(f"group:{okta_id}").outcome, world.last(f"group:{okta_id}").why) == ("skipped", why)
    for group in made:
        world.genesys.delete_group(group)
    genesys_id = world.genesys.add_group("Agents")
    world.ask(f"group:{okta_id}")
    world.settle()
    assert state(world, okta_id) == (GroupState.LINKED, genesys_id, "")
    assert world.members(genesys_id) == set(users)


def test_a_group_that_another_okta_group_has_is_taken() -> None:
    """Two Okta groups whose names differ in case alone: the first has the Genesys Cloud group, the second says so."""
    world = World({"LINKED_GROUPS": "Agents"})
    users = world.provisioned(2)
    genesys_id = world.genesys.add_group("Agents")
    first, second = world.okta.create_group("Agents"), world.okta.create_group("AGENTS")
    world.okta.add_members(first, users[:1])
    world.okta.add_members(second, users[1:])
    world.happen()
    assert state(world, first) == (GroupState.LINKED, genesys_id, "")
    assert state(world, second) == (GroupState.UNLINKED, "", "taken")
    assert world.members(genesys_id) == set(users[:1])


def test_unassigned_members_stay_and_the_hold_closes() -> None:
    """A group that is no longer assigned keeps its members; its hold ends as unlinked; assigned again, it is linked."""
    world = World()
    users = world.provisioned(10)
    genesys_id = world.genesys.add_group("Agents")
    okta_id = world.okta.create_group("Agents")
    world.okta.add_members(okta_id, users)
    world.okta.assign_group(okta_id)
    world.happen()
    world.okta.remove_members(okta_id, users)
    world.happen()
    assert world.hold(okta_id) == ("open", "ceiling-empty", set(users))
    world.okta.unassign_group(okta_id)
    world.happen()
    assert state(world, okta_id) == (GroupState.UNLINKED, "", "unassigned")
    assert world.hold(okta_id)[0] == "unlinked"
    assert world.members(genesys_id) == set(users)
    world.okta.assign_group(okta_id)
    world.okta.add_members(okta_id, users[1:])
    world.happen()
    assert state(world, okta_id) == (GroupState.LINKED, genesys_id, "")
    assert world.hold(okta_id) == ("open", "first-link", set(users[:1]))
    assert world.members(genesys_id) == set(users)


def test_a_deleted_genesys_group_ends_the_link_and_a_new_one_begins_another() -> None:
    """The Genesys Cloud group is gone: unlinked, and said; one of the same name is linked at the next sync."""
    world = World()
    users = world.provisioned(2)
    okta_id, genesys_id = world.linked_group("Agents", users)
    world.genesys.delete_group(genesys_id)
    world.okta.remove_members(okta_id, users[:1])
    world.happen()
    assert state(world, okta_id) == (GroupState.UNLINKED, "", "genesys-group-gone")
    assert world.last(f"group:{okta_id}").why == "genesys-group-gone"
    assert genesys_id not in world.store.owner_of
    second = world.genesys.add_group("Agents")
    world.ask(f"group:{okta_id}")
    world.settle()
    assert state(world, okta_id) == (GroupState.LINKED, second, "")
    assert world.members(second) == {users[1]}


def test_a_group_deleted_on_both_sides_is_unlinked() -> None:
    """Neither side has it any more: nothing is held for a group that is not there."""
    world = World()
    users = world.provisioned(2)
    okta_id, genesys_id = world.linked_group("Agents", users)
    world.genesys.delete_group(genesys_id)
    world.okta.delete_group(okta_id)
    world.happen()
    assert state(world, okta_id) == (GroupState.UNLINKED, "", "genesys-group-gone")
    assert world.hold(okta_id) == ("", "", set())


def test_an_unlinked_group_that_is_gone_in_okta_costs_one_read() -> None:
    """A 404 on a group that was never linked is nobody's concern."""
    world = World({"LINKED_GROUPS": "Agents"})
    okta_id = world.okta.create_group("Agents")
    world.okta.delete_group(okta_id)
    world.happen()
    assert world.last(f"group:{okta_id}").why == "no-such-group"
    assert world.calls() == 0


def test_an_operators_link_needs_no_rule() -> None:
    """A group that an operator linked is in scope whatever it is called."""
    world = World()
    users = world.provisioned(2)
    okta_id, genesys_id = world.linked_group("Agents", users[:1])
    link = world.store.group(okta_id)
    assert link is not None
    world.store.group_links[okta_id] = replace(link, linked_by="operator")
    world.variables["LINKED_GROUPS"] = ""
    world.restart()
    world.okta.rename_group(okta_id, "Advisers")
    world.okta.add_members(okta_id, users[1:])
    world.happen()
    assert state(world, okta_id) == (GroupState.LINKED, genesys_id, "")
    assert world.members(genesys_id) == set(users)


def test_groups_are_linked_without_assignment_reads_when_that_rule_is_off() -> None:
    """LINK_ASSIGNED_GROUPS=false: assigned groups are not asked for."""
    world = World({"LINK_ASSIGNED_GROUPS": "false"})
    okta_id = world.okta.create_group("Agents")
    world.okta.assign_group(okta_id)
    asked = world.watch_okta()
    world.happen()
    assert not [line for line in asked if line.endswith("/groups")]
    assert state(world, okta_id) == (GroupState.NONE, "", "")


def test_the_application_cannot_be_read() -> None:
    """A refused listing of assigned groups unlinks nobody: the items wait."""
    world = World()
    users = world.provisioned(2)
    genesys_id = world.genesys.add_group("Agents")
    okta_id = world.okta.create_group("Agents")
    world.okta.add_members(okta_id, users)
    world.okta.assign_group(okta_id)
    world.happen()
    fault = Fault(f"/apps/{world.okta.app_id}/groups", okta_faults.refused(404))
    world.okta.faults.add(fault)
    world.okta.update_app("Genesys")
    world.ask(f"group:{okta_id}")
    world.deliver()
    world.pass_time(hours=1)
    assert world.queues.depth() == 2
    assert state(world, okta_id) == (GroupState.LINKED, genesys_id, "")
    world.okta.faults.clear()
    world.settle()
    assert state(world, okta_id) == (GroupState.LINKED, genesys_id, "")
    assert not world.store.parked
