"""Observe mode, and the switches: nothing leaves that should not, and the journal says what would be."""

from __future__ import annotations

from bridge.items import Reason
from bridge.provisioning.user_records import UserState
from tests.world import World

OBSERVE = {"MODE": "observe"}


def writes(world: World) -> int:
    """How many SCIM calls could have written."""
    return world.calls() - world.calls("GET")


def test_observe_writes_nothing_and_says_what_would_be() -> None:
    """Creating, updating, adopting, deactivating: journalled, and not one write leaves."""
    world = World()
    linked, leaver = world.person("Ada Brook"), world.person("Bea Long")
    unassigned = world.person("Dee Park")
    world.happen()
    world.genesys.add_user({"userName": "cy.moss@example.com", "displayName": "By hand"})
    world.variables["MODE"] = "observe"
    world.restart()
    before = writes(world), len(world.idempotency.records), dict(world.store.user_links[linked].hashes)
    new, found = world.person("Eli Fox"), world.person("Cy Moss")
    world.okta.update_profile(linked, {"title": "Manager"})
    world.okta.suspend(leaver)
    world.okta.unassign_user(unassigned)
    world.happen()
    assert (writes(world), len(world.idempotency.records)) == before[:2]
    assert world.store.user_links[linked].hashes == before[2]
    assert {entity for entity, _ in world.store.removal_records} == {"app-observed"}
    said = {
        user: (world.last(f"user:{user}").outcome, world.last(f"user:{user}").why)
        for user in (new, found, linked, leaver, unassigned)
    }
    assert said == {
        new: ("observed", "would-create"),
        found: ("observed", "would-adopt"),
        linked: ("observed", "would-update"),
        leaver: ("observed", "would-deactivate"),
        unassigned: ("observed", "would-deactivate-by-ceiling"),
    }
    assert world.last(f"user:{linked}").changed == ("title",)
    assert world.store.user_links[new].state is UserState.WANTED
    assert world.store.user_links[found].state is UserState.LINKED
    world.variables["MODE"] = "enforce"
    world.restart()
    for user in said:
        world.ask(f"user:{user}", Reason.RECONCILE)
    world.settle()
    world.assert_users_equal()


def test_observe_on_the_first_day_links_what_the_native_application_made() -> None:
    """Matching is written down, so that the first enforced sync knows the accounts."""
    world = World(OBSERVE, bootstrapped=False)
    user = world.person("Ada Brook")
    made = world.genesys.add_user({"userName": "old@example.com", "displayName": "Ada", "externalId": user})
    world.happen()
    assert world.store.owners([made]) == {made: f"user:{user}"}
    assert writes(world) == 0
    assert world.store.user_links[user].hashes == {}
    assert world.last(f"user:{user}").why == "would-update"


def test_observe_says_that_a_lost_account_would_be_made_again() -> None:
    """An account that is gone would be created; the link says that it is gone."""
    world = World()
    user = world.person("Ada Brook")
    world.happen()
    account = world.account(user)["id"]
    world.genesys.delete_user(account)
    world.variables["MODE"] = "observe"
    world.restart()
    before = writes(world)
    world.ask(f"user:{user}")
    world.settle()
    assert (world.last(f"user:{user}").outcome, world.last(f"user:{user}").why) == ("observed", "would-create")
    assert world.store.user_links[user].state is UserState.GONE
    assert writes(world) == before


def test_account_lost_since_it_was_observed_needs_a_fresh_assignment() -> None:
    """Linked while observing and gone at the first enforced sync: nothing is created for who is not assigned now."""
    world = World(OBSERVE)
    world.genesys.add_user({"userName": "ada.brook@example.com", "displayName": "By hand"})
    user = world.person("Ada Brook")
    world.happen()
    world.genesys.delete_user(world.accounts()[0]["id"])
    with world.okta.quietly():
        world.okta.unassign_user(user)
    world.variables = {}
    world.restart()
    world.okta.update_profile(user, {"title": "Manager"})
    world.happen()
    assert not world.accounts()


def test_create_users_off_is_journalled() -> None:
    """CREATE_USERS=false: nobody is created or activated; what is there is kept equal and deactivated."""
    world = World()
    linked, away = world.person("Ada Brook"), world.person("Bea Long")
    world.happen()
    world.okta.suspend(away)
    world.happen()
    world.variables["CREATE_USERS"] = "false"
    world.restart()
    new = world.person("Cy Moss")
    world.okta.unsuspend(away)
    world.okta.update_profile(linked, {"title": "Manager"})
    world.happen()
    assert [world.last(f"user:{user}").why for user in (new, away)] == ["create-users-off"] * 2
    assert world.account(linked)["title"] == "Manager"
    assert world.account(away)["active"] is False
    assert len(world.accounts()) == 2
    world.variables["CREATE_USERS"] = "true"
    world.restart()
    world.okta.update_profile(new, {"title": "Adviser"})
    world.okta.update_profile(away, {"title": "Adviser"})
    world.happen()
    world.assert_users_equal()


def test_observed_differences_name_each_call_until_there_is_none() -> None:
    """What would be called is in the journal and listed by entity; the first enforced sync leaves the list as it is."""
    world = World({"MEMBERS_PER_REQUEST": "2"})
    people = world.provisioned(6)
    okta_group, genesys_group = world.linked_group("Agents", people[:5])
    world.variables["MODE"] = "observe"
    world.restart()
    new = world.person("Ada Brook")
    world.okta.remove_members(okta_group, people[:1])
    world.okta.add_members(okta_group, people[5:])
    world.happen()
    account = world.genesys_ids(people[:1])
    assert account[0] in world.genesys.members(genesys_group)
    said = {entry.entity: entry.calls for entry in world.store.differences()}
    assert [line for line in said[f"user:{new}"] if line.startswith("would ")] == [
        'would POST users userName,displayName,emails[type eq "work"].value,externalId'
    ]
    assert [line for line in said[f"group:{okta_group}"] if line.startswith("would ")] == [
        f"would PATCH groups/{genesys_group} add 1 members",
        f"would PATCH groups/{genesys_group} remove 1 members",
    ]
    assert said[f"group:{okta_group}"] == world.last(f"group:{okta_group}").calls
    world.okta.remove_members(okta_group, people[5:])
    world.okta.add_members(okta_group, people[:1])
    world.happen()
    assert [entry.entity for entry in world.store.differences()] == [f"user:{new}"]


def test_observed_removals_that_would_be_held_are_said_to_be() -> None:
    """Eight of ten: no call would be made, and the reason is there."""
    world = World()
    people = world.provisioned(30)
    okta_group, _ = world.linked_group("Agents", people)
    world.variables["MODE"] = "observe"
    world.restart()
    world.okta.remove_members(okta_group, people[:20])
    world.happen()
    [entry] = world.store.differences()
    assert entry.calls[-1] == "would hold 20 removals (ceiling-percent)"
    assert world.store.hold(f"group:{okta_group}") is None
