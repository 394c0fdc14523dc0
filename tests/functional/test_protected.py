"""Protected people wait for a person in everything that is judged, and leave their protection by their own groups."""

from __future__ import annotations

import pytest

from bridge.provisioning.hold_records import Verdict
from bridge.provisioning.protected import PROTECTED
from bridge_local.faults import Fault
from bridge_local.okta import faults as okta_faults
from tests.world import World


def protecting(people: int, *, by_name: bool = True) -> tuple[World, str, list[str]]:
    """A company whose first person is in the protected group; that group's id and the people."""
    world = World()
    users = world.provisioned(people)
    with world.okta.quietly():
        protected = world.okta.create_group("Board")
        world.okta.add_members(protected, users[:1])
    world.variables["PROTECTED_GROUP"] = "Board" if by_name else protected
    world.restart()
    return world, protected, users


@pytest.mark.parametrize("by_name", [True, False])
def test_a_protected_member_waits_and_the_others_go(*, by_name: bool) -> None:
    """Two leave a group: the protected one is staged alone; approved, they go too."""
    world, _, users = protecting(10, by_name=by_name)
    okta_id, genesys_id = world.linked_group("Agents", users)
    world.okta.remove_members(okta_id, users[:2])
    world.happen()
    assert world.members(genesys_id) == {users[0], *users[2:]}
    assert world.hold(okta_id) == ("open", "protected", {users[0]})
    world.okta.remove_members(okta_id, users[2:3])
    world.happen()
    assert world.members(genesys_id) == {users[0], *users[3:]}
    world.decide(f"group:{okta_id}", Verdict.APPROVE)
    world.settle()
    assert world.members(genesys_id) == set(users[3:])


def test_a_protected_person_keeps_the_account_until_a_person_decides() -> None:
    """A missing assignment is held for the protected alone; SUSPENDED ends at once."""
    world, _, users = protecting(10)
    for user in users[:2]:
        world.okta.unassign_user(user)
    world.happen()
    assert world.account(users[0])["active"]
    assert not world.account(users[1])["active"]
    hold = world.store.hold("app")
    assert hold is not None
    assert (hold.reason, hold.staged) == ("protected", 1)
    world.okta.suspend(users[0])
    world.happen()
    assert not world.account(users[0])["active"]


def test_protection_ends_by_the_own_groups_alone_and_with_the_setting() -> None:
    """Taken out of the protected group, the next removal goes through; without the setting nobody is remembered."""
    world, protected, users = protecting(10)
    okta_id, genesys_id = world.linked_group("Agents", users)
    world.okta.remove_members(okta_id, users[1:2])
    world.happen()
    assert world.store.exceptions(PROTECTED) == {users[0]}
    with world.okta.quietly():
        world.okta.remove_members(protected, users[:1])
    world.okta.remove_members(okta_id, users[:1])
    world.happen()
    assert world.members(genesys_id) == set(users[2:])
    assert world.store.exceptions(PROTECTED) == frozenset()
    world.store.add_exceptions(PROTECTED, users[5:6])
    world.variables["PROTECTED_GROUP"] = ""
    world.restart()
    world.okta.remove_members(okta_id, users[5:6])
    world.happen()
    assert world.members(genesys_id) == {*users[2:5], *users[6:]}


def test_no_own_groups_at_all_end_no_protection() -> None:
    """Everybody is in Everyone: an empty listing of their own is no answer, whatever the group's listing leaves out."""
    world, protected, users = protecting(10)
    world.store.add_exceptions(PROTECTED, users[:1])
    world.okta.faults.add(Fault(f"/groups/{protected}/users", okta_faults.empty_listing()))
    world.okta.faults.add(Fault(f"/users/{users[0]}/groups", okta_faults.empty_listing()))
    world.okta.unassign_user(users[0])
    world.happen()
    assert world.account(users[0])["active"]
    assert world.store.exceptions(PROTECTED) == {users[0]}


def test_the_first_listing_of_the_protected_group_may_lie() -> None:
    """It shows nobody, and nobody is known yet: those who leave are asked themselves."""
    world, protected, users = protecting(10)
    okta_id, genesys_id = world.linked_group("Agents", users)
    world.okta.faults.add(Fault(f"/groups/{protected}/users", okta_faults.empty_listing()))
    world.okta.remove_members(okta_id, users[:2])
    world.happen()
    assert world.members(genesys_id) == {users[0], *users[2:]}
    assert world.hold(okta_id) == ("open", "protected", {users[0]})


def test_a_short_listing_of_the_protected_group_lets_nobody_go() -> None:
    """It shows another member alone: those who leave and are not among them are asked themselves."""
    world, protected, users = protecting(10)
    world.store.add_exceptions(PROTECTED, users[9:])
    okta_id, genesys_id = world.linked_group("Agents", users)
    world.okta.faults.add(Fault(f"/groups/{protected}/users", okta_faults.empty_listing()))
    world.okta.remove_members(okta_id, users[:2])
    world.okta.unassign_user(users[0])
    world.happen()
    assert world.account(users[0])["active"]
    assert world.members(genesys_id) == {users[0], *users[2:]}
    assert world.hold(okta_id) == ("open", "protected", {users[0]})


def test_an_unknown_protected_group_holds_everybody() -> None:
    """A name that no group has: nobody knows who is protected, so nobody goes."""
    world, _, users = protecting(10)
    world.variables["PROTECTED_GROUP"] = "Nobody's"
    world.restart()
    okta_id, genesys_id = world.linked_group("Agents", users)
    world.okta.remove_members(okta_id, users[:2])
    world.happen()
    assert world.members(genesys_id) == set(users)
    assert world.hold(okta_id)[1] == "protected-group-unknown"


def test_a_protected_group_that_is_gone_holds_everybody() -> None:
    """By its id it answers 404: nobody knows who is protected; who was stays so."""
    world, protected, users = protecting(10, by_name=False)
    okta_id, genesys_id = world.linked_group("Agents", users)
    world.okta.remove_members(okta_id, users[1:2])
    world.happen()
    assert world.members(genesys_id) == {users[0], *users[2:]}
    with world.okta.quietly():
        world.okta.delete_group(protected)
    world.okta.remove_members(okta_id, users[2:3])
    world.happen()
    assert world.members(genesys_id) == {users[0], *users[2:]}
    assert world.hold(okta_id) == ("open", "protected-group-unknown", {users[2]})
    assert world.store.exceptions(PROTECTED) == {users[0]}


def test_the_name_is_looked_up_once_in_ten_minutes() -> None:
    """One search for several judgements, and no listing of all groups; later the group that then bears the name."""
    world, protected, users = protecting(10)
    okta_id, genesys_id = world.linked_group("Agents", users)
    asked = world.watch_okta()
    for user in users[5:8]:
        world.okta.remove_members(okta_id, [user])
        world.happen()
    assert asked.count("GET /api/v1/groups") == 1
    with world.okta.quietly():
        world.okta.rename_group(protected, "Former board")
        world.okta.add_members(world.okta.create_group("Board"), users[8:9])
    world.clock.advance(601)
    world.okta.remove_members(okta_id, users[8:9])
    world.happen()
    assert world.members(genesys_id) == {*users[:5], *users[8:]}
    assert world.hold(okta_id) == ("open", "protected", {users[8]})


def test_an_approved_protected_person_loses_the_account() -> None:
    """The organisation's hold stages them alone, and a person's approval lets them go."""
    world, _, users = protecting(10)
    world.okta.unassign_user(users[0])
    world.happen()
    assert world.account(users[0])["active"]
    world.decide("app", Verdict.APPROVE)
    world.settle()
    assert not world.account(users[0])["active"]


def test_a_listing_without_them_ends_no_protection() -> None:
    """Their own groups still name the protected group: they wait, and stay protected."""
    world, protected, users = protecting(10)
    okta_id, genesys_id = world.linked_group("Agents", users)
    world.okta.remove_members(okta_id, users[1:2])
    world.happen()
    world.okta.faults.add(Fault(f"/groups/{protected}/users", okta_faults.empty_listing()))
    world.okta.remove_members(okta_id, users[:1])
    world.happen()
    assert users[0] in world.members(genesys_id)
    assert world.store.exceptions(PROTECTED) == {users[0]}


def test_an_empty_setting_protects_nobody() -> None:
    """Nor does a later group bring those back who were seen in the one before, and are not in it."""
    world, _, users = protecting(10)
    world.store.add_exceptions(PROTECTED, users[:2])
    world.variables["PROTECTED_GROUP"] = ""
    world.restart()
    world.okta.unassign_user(users[0])
    world.happen()
    assert not world.account(users[0])["active"]
    world.okta.add_members(world.okta.create_group("Others"), users[5:6])
    world.variables["PROTECTED_GROUP"] = "Others"
    world.restart()
    world.okta.unassign_user(users[1])
    world.happen()
    assert not world.account(users[1])["active"]
    assert users[1] not in world.store.exceptions(PROTECTED)


def test_what_is_approved_takes_no_first_sight_from_the_others() -> None:
    """Thirty leave beside a protected one: their second sight counts though an approval is carried out meanwhile."""
    world, _, users = protecting(60)
    world.variables |= {"GROUP_REMOVAL_CEILING": "1000", "GROUP_REMOVAL_CEILING_PERCENT": "0"}
    world.restart()
    okta_id, genesys_id = world.linked_group("Agents", users)
    world.ask(f"group:{okta_id}")
    world.settle()
    world.clock.advance(30)
    world.okta.remove_members(okta_id, users[:31])
    world.deliver()
    world.work_off()
    assert world.members(genesys_id) == set(users)
    assert world.hold(okta_id) == ("open", "protected", {users[0]})
    world.clock.advance(90)
    world.decide(f"group:{okta_id}", Verdict.APPROVE)
    world.work_off()
    assert world.members(genesys_id) == set(users[31:])
