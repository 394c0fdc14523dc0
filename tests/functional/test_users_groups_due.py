"""Syncs of users and their groups: who comes, comes back or is taken over enqueues their groups."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.errors import Transient
from bridge.items import Queue, Reason
from bridge_local.faults import Fault
from bridge_local.genesys import faults as genesys_faults
from bridge_local.genesys.switches import GenesysSwitches
from bridge_local.okta import faults as okta_faults
from bridge_local.okta.ids import EVERYONE
from tests.world import World

ADA = {"userName": "ada.brook@example.com", "displayName": "By hand"}


def fail_once(side: Any, name: str) -> None:
    """Have the next call of a method fail."""
    call = getattr(side, name)

    def fails(*_args: Any) -> Any:
        setattr(side, name, call)
        raise Transient("out-of-reach")

    setattr(side, name, fails)


def test_created_user_becomes_a_member_of_their_linked_groups() -> None:
    """In the Okta group before they existed in Genesys Cloud: their creation enqueues the group."""
    world = World()
    user = world.person("Ada Brook", assigned=False)
    _, group = world.linked_group("Agents", [user])
    assert world.members(group) == set()
    world.okta.assign_user(user)
    world.happen()
    assert world.members(group) == {user}


def test_group_that_no_rule_links_is_not_enqueued() -> None:
    """A user's other Okta groups cost no sync."""
    world = World()
    user = world.person("Ada Brook", assigned=False)
    world.okta.add_members(world.okta.create_group("Choir"), [user])
    world.happen()
    before = len(world.store.journal)
    world.okta.assign_user(user)
    world.happen()
    assert [entry.entity for entry in world.store.journal[before:]] == [f"user:{user}"]


@pytest.mark.parametrize("members", ["kept", "removed"])
@pytest.mark.parametrize("policy", ["keep", "remove"])
def test_user_who_comes_back_is_a_member_again(members: Any, policy: str) -> None:
    """Whether Genesys Cloud or INACTIVE_MEMBERS=remove took the membership, it is there again after their return."""
    world = World({"INACTIVE_MEMBERS": policy}, genesys_switches=GenesysSwitches(inactive_members=members))
    people = world.people(3)
    world.happen()
    _, group = world.linked_group("Agents", people)
    world.okta.suspend(people[0])
    world.happen()
    still = members == "kept" and policy == "keep"
    assert world.members(group) == set(people if still else people[1:])
    world.okta.unsuspend(people[0])
    world.happen()
    assert world.members(group) == set(people)


def test_user_activated_by_hand_is_a_member_again() -> None:
    """Active already when they come back in Okta: nothing is written to them, and their groups are enqueued."""
    world = World(genesys_switches=GenesysSwitches(inactive_members="removed"))
    people = world.people(2)
    world.happen()
    _, group = world.linked_group("Agents", people)
    world.okta.suspend(people[0])
    world.happen()
    world.genesys.edit_user(world.account(people[0])["id"], {"active": True})
    before = world.calls("PATCH", "users/")
    world.okta.unsuspend(people[0])
    world.happen()
    assert world.calls("PATCH", "users/") == before
    assert world.members(group) == set(people)


def test_user_left_out_of_a_group_while_a_deactivation_was_under_way_becomes_a_member() -> None:
    """A deactivation that never arrived, a group synced meanwhile, then an update: the group is enqueued again."""
    world = World()
    people = world.people(2)
    world.happen()
    group_id, group = world.linked_group("Agents", people[:1])
    world.okta.unassign_user(people[1])
    world.deliver()
    world.genesys.faults.add(Fault("PATCH", genesys_faults.refused(503), count=1))
    world.work(Queue.LEAVERS)
    world.okta.assign_user(people[1])
    world.okta.update_profile(people[1], {"title": "Manager"})
    world.okta.add_members(group_id, people[1:])
    world.deliver()
    world.clock.advance(8)
    world.work(Queue.GROUPS)
    assert world.members(group) == {people[0]}, "not known to be active"
    world.settle()
    assert world.account(people[1])["title"] == "Manager"
    assert world.members(group) == set(people)


def test_adopted_user_enqueues_their_groups_of_either_side() -> None:
    """Groups of the Okta user, and groups in which the Genesys Cloud user already was."""
    world = World()
    made = world.genesys.add_user(ADA)
    user = world.person("Ada Brook", assigned=False)
    _, mine = world.linked_group("Agents", [user])
    other_okta, old = world.linked_group("Leads", [])
    world.genesys.edit_members(old, add=[made])
    before = len(world.store.journal)
    world.okta.assign_user(user)
    world.happen()
    assert user in world.members(mine)
    assert f"group:{other_okta}" in {entry.entity for entry in world.store.journal[before:]}


def test_recreated_and_moved_users_enqueue_their_groups() -> None:
    """Recreated after a loss, or moved to a rehired person: a member where Okta says so."""
    world = World()
    lost, old = world.person("Bea Long"), world.person("Ada Brook")
    world.happen()
    _, group = world.linked_group("Agents", [lost])
    world.genesys.delete_user(world.account(lost)["id"])
    world.okta.update_profile(lost, {"title": "Manager"})
    world.okta.deactivate(old)
    world.okta.delete(old)
    world.happen()
    new = world.person("Ada Brook", assigned=False)
    world.okta.add_members(next(iter(world.okta.groups_of(lost) - {EVERYONE})), [new])
    world.okta.assign_user(new)
    world.happen()
    assert world.members(group) == {lost, new}


@pytest.mark.parametrize("breaks", ["queues", "okta", "store"])
def test_groups_come_later_when_they_cannot_be_sent_now(breaks: str) -> None:
    """A process that ends between the write and the send leaves the groups due, and the next sync brings them."""
    world = World()
    user = world.person("Ada Brook", assigned=False)
    _, group = world.linked_group("Agents", [user])
    world.okta.assign_user(user)
    world.deliver()
    if breaks == "okta":
        world.okta.faults.add(Fault(f"/users/{user}/groups", okta_faults.refused(500), count=2))
    elif breaks == "queues":
        fail_once(world.queues, "send")
    else:
        fail_once(world.store, "group")
    world.work(Queue.USERS)
    assert world.store.user_links[user].groups_due
    assert world.account(user)["active"] is True
    world.settle()
    assert world.members(group) == {user}
    assert not world.store.user_links[user].groups_due


def test_before_the_first_reconcile_groups_stay_due() -> None:
    """Until then the reconcile enqueues the groups; afterwards the user's next sync does."""
    world = World(bootstrapped=False)
    user = world.person("Ada Brook", assigned=False)
    _, group = world.linked_group("Agents", [user])
    world.okta.assign_user(user)
    world.happen()
    assert world.account(user)["active"] is True
    assert world.store.user_links[user].groups_due
    assert not world.members(group)
    world.store.set_bootstrapped()
    world.ask(f"user:{user}", Reason.FOLLOW_UP)
    world.settle()
    assert not world.store.user_links[user].groups_due
    assert world.members(group) == {user}


def test_deleted_user_enqueues_the_groups_they_were_in() -> None:
    """Okta no longer knows their groups, Genesys Cloud does: each is synced."""
    world = World()
    people = world.people(2)
    world.happen()
    okta_group, _ = world.linked_group("Agents", people)
    world.okta.deactivate(people[0])
    world.okta.delete(people[0])
    events = [event for event in world.events() if event["eventType"].startswith("user.")]
    before = len(world.store.journal)
    world.deliver(events)
    world.settle()
    assert f"group:{okta_group}" in {entry.entity for entry in world.store.journal[before:]}


def test_many_new_users_of_one_group_cost_few_syncs_of_it() -> None:
    """Thirty users enqueue one group; it is synced once for each batch of ten, and not for each user."""
    world = World()
    people = [world.person(f"Person{number} Test", assigned=False) for number in range(30)]
    okta_group, group = world.linked_group("Agents", people)
    before = len(world.journal(f"group:{okta_group}"))
    for user in people:
        world.okta.assign_user(user)
    world.happen()
    assert world.members(group) == set(people)
    assert len(world.journal(f"group:{okta_group}")) - before <= 4
