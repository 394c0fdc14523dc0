"""Syncs of users who are no longer assigned: believed with care, and never many at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from bridge.errors import Transient
from bridge.items import Item, Queue, Reason
from bridge.provisioning.hold_records import HoldState
from bridge_local.faults import Fault
from bridge_local.genesys import faults as genesys_faults
from bridge_local.okta import faults as okta_faults
from tests.world import APP_ID, World


def linked_people(world: World, count: int) -> list[str]:
    """Users who were created, with the calls of that forgotten."""
    people = world.people(count)
    world.happen()
    world.genesys.calls.clear()
    return people


def active(world: World, people: list[str]) -> int:
    """How many of them are active in Genesys Cloud."""
    accounts = {account["externalId"]: account["active"] for account in world.accounts()}
    return sum(accounts[user] for user in people)


def unassign(world: World, people: list[str]) -> None:
    """Take their assignments away, and work it off."""
    for user in people:
        world.okta.unassign_user(user)
    world.happen()


def test_unassigned_user_is_inactive_by_the_leavers_queue_and_never_deleted() -> None:
    """An assignment taken away deactivates, by one call, before any other queue is worked off."""
    world = World()
    [user] = linked_people(world, 1)
    world.okta.unassign_user(user)
    world.deliver()
    world.work(Queue.LEAVERS)
    assert world.account(user)["active"] is False
    assert [call.method for call in world.genesys.calls] == ["PATCH"]
    assert (world.last(f"user:{user}").outcome, world.last(f"user:{user}").why) == ("deactivated", "not-assigned")
    world.ask(f"user:{user}", Reason.FOLLOW_UP)
    world.settle()
    assert len(world.genesys.calls) == 1


def test_user_whom_a_group_still_assigns_stays() -> None:
    """Taking the individual assignment away from who has another one changes nothing."""
    world = World()
    [user] = linked_people(world, 1)
    group = world.okta.create_group("Agents")
    world.okta.add_members(group, [user])
    world.okta.assign_group(group)
    world.okta.unassign_user(user)
    world.happen()
    assert active(world, [user]) == 1


def test_nineteen_pass_and_the_others_are_held() -> None:
    """From the 20th deactivation in the window on the whole change is seen, and 25 of 125 users are too many."""
    world = World()
    people = linked_people(world, 25)
    world.provisioned(100)
    unassign(world, people)
    assert active(world, people) == 6
    held = [user for user in people if world.last(f"user:{user}").outcome == "held"]
    assert len(held) == 6
    assert {world.last(f"user:{user}").why for user in held} == {"deactivation-ceiling"}
    assert {world.store.user_links[user].unassigned_due for user in held} == {"deactivation-ceiling"}
    assert not world.queues.depth()


@pytest.mark.parametrize(("after", "outcome"), [(timedelta(), "held"), (timedelta(milliseconds=1), "deactivated")])
def test_the_window_rolls_exactly(after: timedelta, outcome: str) -> None:
    """Twenty deactivations count for 24 hours and not a millisecond longer."""
    world = World()
    people = linked_people(world, 21)
    unassign(world, people[:20])
    assert active(world, people) == 1
    times = {removal.at for removal in world.store.removal_records.values()}
    world.okta.unassign_user(people[20])
    world.deliver()
    # At the end of the first one's day all twenty count; after the last one's none does.
    world.clock.time = timedelta(hours=24) + (max(times) + after if after else min(times))
    world.settle()
    assert world.last(f"user:{people[20]}").outcome == outcome


def test_held_user_who_is_assigned_again_is_as_before() -> None:
    """A hold is no debt: who is assigned again stays active, and nothing waits for them."""
    world = World()
    people = linked_people(world, 21)
    world.provisioned(100)
    unassign(world, people)
    held, _ = [user for user in people if world.last(f"user:{user}").outcome == "held"]
    world.okta.assign_user(held)
    world.happen()
    assert world.account(held)["active"] is True
    assert world.store.user_links[held].unassigned_due == ""


@pytest.mark.parametrize("ends", ["deactivate", "suspend"])
def test_deprovisioned_and_suspended_are_never_counted_nor_held(ends: str) -> None:
    """Fifty leavers are all out, whatever the count says, and leave the count as it was."""
    world = World()
    people = linked_people(world, 50)
    unassign(world, people[:19])
    for user in people[19:]:
        getattr(world.okta, ends)(user)
    world.happen()
    assert active(world, people) == 0
    assert len(world.store.removal_records) == 19


def test_a_retry_counts_once() -> None:
    """A deactivation that fails and is tried again moves its own record."""
    world = World()
    *people, _stays = linked_people(world, 20)
    world.genesys.faults.add(Fault("PATCH", genesys_faults.refused(503), count=30))
    unassign(world, people)
    assert active(world, people) == 0


def test_while_the_application_is_inactive_everybody_stays() -> None:
    """Not assigned counts only with the application ACTIVE: acknowledged, marked, and brought by its return."""
    world = World()
    people = linked_people(world, 3)
    world.okta.deactivate_app()
    for user in people:
        world.okta.unassign_user(user)
    world.happen()
    assert active(world, people) == 3
    assert not world.queues.depth()
    assert {world.last(f"user:{user}").why for user in people} == {"app-not-active"}
    assert {world.store.user_links[user].unassigned_due for user in people} == {"app-not-active"}
    assert world.store.app().status == "INACTIVE"
    world.okta.activate_app()
    world.happen()
    assert active(world, people) == 0
    assert not world.store.due()


def test_a_queue_that_refuses_forgets_nobody_who_waited_for_the_application() -> None:
    """The application is back and the first send fails: anyone who waited for it is sent by the next try."""
    world = World()
    people = linked_people(world, 3)
    world.okta.deactivate_app()
    for user in people:
        world.okta.unassign_user(user)
    world.happen()
    world.okta.activate_app()
    world.deliver()
    send = world.queues.send

    def refused(items: Sequence[Item]) -> None:
        """Once, when people are to be sent."""
        if any(item.entity in {f"user:{user}" for user in people} for item in items):
            world.queues.send = send  # type: ignore[method-assign] # as it was
            raise Transient("queue-refused", upstream="queues")
        send(items)

    world.queues.send = refused  # type: ignore[method-assign] # a queue that refuses once
    world.settle()
    assert world.queues.send == send, "it was refused"
    assert active(world, people) == 0


def test_who_is_assigned_again_does_not_wait_for_the_application() -> None:
    """Back before the application is: no deactivation is due any more."""
    world = World()
    [user] = linked_people(world, 1)
    world.okta.deactivate_app()
    world.okta.unassign_user(user)
    world.happen()
    world.okta.assign_user(user)
    world.happen()
    assert not world.store.due()
    world.okta.activate_app()
    world.happen()
    assert active(world, [user]) == 1


def test_return_of_the_application_is_believed_later_than_the_read_lag() -> None:
    """A status that still reads INACTIVE right after the event is read once more, and those who wait are enqueued."""
    world = World()
    [user] = linked_people(world, 1)
    world.okta.deactivate_app()
    world.okta.unassign_user(user)
    world.happen()
    world.okta.activate_app()
    event = world.events()
    with world.okta.quietly():
        world.okta.deactivate_app()  # what a lagging read shows
    world.deliver(event, after=1)
    for _ in range(3):
        world.work(Queue.USERS)
    with world.okta.quietly():
        world.okta.activate_app()
    world.settle()
    assert active(world, [user]) == 0


def test_application_gone_is_an_auth_failure_and_nobody_is_deactivated() -> None:
    """404 on the application means that a role or the application was taken away: items wait, nobody leaves."""
    world = World()
    *people, _stays = linked_people(world, 3)
    path = f"/api/v1/apps/{APP_ID}"
    fault = Fault(path, okta_faults.refused(404))
    world.okta.faults.add(fault)
    world.clock.advance(120)
    for user in people:
        world.okta.unassign_user(user)
    world.deliver()
    for _ in range(2):
        world.work(Queue.LEAVERS)
    assert active(world, people) == 2
    assert {world.last(f"user:{user}").why for user in people} == {"okta-app-404"}
    assert not world.store.parked
    world.okta.faults.remove(fault)
    world.settle()
    assert active(world, people) == 0


@pytest.mark.parametrize(("apart", "reads"), [(0, 1), (50, 1), (51, 2)])
def test_application_seen_active_is_believed_for_a_minute(apart: float, reads: int) -> None:
    """Two leavers within 60 seconds of one read of the application need no other one; later ones do."""
    world = World()
    people = linked_people(world, 2)
    world.clock.advance(120)
    asked = world.watch_okta()
    unassign(world, people[:1])
    world.clock.advance(apart)
    unassign(world, people[1:])  # delivered ten seconds later
    assert asked.count(f"GET /api/v1/apps/{APP_ID}") == reads
    assert active(world, people) == 0


@pytest.mark.parametrize("gone", ["deleted", "unassigned"])
def test_account_that_is_gone_is_left_gone(gone: str) -> None:
    """404 on the Genesys Cloud user and wanted inactive: done, marked gone, nothing is created."""
    world = World()
    [user] = linked_people(world, 1)
    world.genesys.delete_user(world.account(user)["id"])
    if gone == "unassigned":
        world.okta.unassign_user(user)
    else:
        world.okta.deactivate(user)
        world.okta.delete(user)
    world.happen()
    assert not world.accounts()
    assert world.last(f"user:{user}").why in {"genesys-user-gone", "deleted"}
    assert world.store.user_links[user].state.value == "gone"
    assert world.calls("POST") == 0


def test_deactivate_users_off_is_journalled() -> None:
    """DEACTIVATE_USERS=false: nobody is deactivated, for whatever reason, and nothing is counted."""
    world = World({"DEACTIVATE_USERS": "false"})
    people = linked_people(world, 2)
    world.okta.unassign_user(people[0])
    world.okta.suspend(people[1])
    world.happen()
    assert active(world, people) == 2
    assert [world.last(f"user:{user}").why for user in people] == ["deactivate-users-off"] * 2
    assert not world.store.removal_records


def test_user_made_inactive_by_hand_needs_no_write() -> None:
    """Inactive in Genesys Cloud already: a PATCH of the version that was known is refused, and one read."""
    world = World()
    [user] = linked_people(world, 1)
    world.genesys.edit_user(world.account(user)["id"], {"active": False})
    unassign(world, [user])
    assert [(call.method, call.status < 400) for call in world.genesys.calls] == [("PATCH", False), ("GET", True)]
    assert world.store.user_links[user].active is False


@pytest.mark.parametrize("ignored", [1, 2, 4])
def test_answer_that_still_shows_active_is_tried_again(ignored: int) -> None:
    """A PATCH that was answered but not applied is no success."""
    world = World()
    [user] = linked_people(world, 1)
    patch = type(world.genesys._users).patch
    bodies: list[Any] = []

    def not_applied(user_record: Any, body: Any) -> Any:
        bodies.append(body)
        return user_record if len(bodies) <= ignored else patch(world.genesys._users, user_record, body)

    object.__setattr__(world.genesys._users, "patch", not_applied)
    unassign(world, [user])
    assert active(world, [user]) == 0
    assert len(bodies) == ignored + 1


def test_a_new_joiner_is_not_forgotten_while_the_application_is_out_of_sight() -> None:
    """With the whole application hidden nobody is "not assigned": the item waits, and the user comes."""
    world = World()
    user = world.person("Ada Brook")
    hidden = Fault(r"/api/v1/apps/", okta_faults.refused(404))
    world.okta.faults.add(hidden)
    world.deliver()
    for queue in Queue:
        world.work(queue)
    assert world.accounts() == []
    assert world.last(f"user:{user}").why == "okta-app-404"
    world.okta.faults.remove(hidden)
    world.settle()
    assert world.account(user)["active"] is True


def test_a_new_joiner_of_a_switched_off_application_comes_with_its_return() -> None:
    """Unseen while the application is INACTIVE, the user is synced again when it is back."""
    world = World()
    user = world.person("Ada Brook")
    hidden = Fault(r"/api/v1/apps/[^/]+/users/", okta_faults.refused(404))
    world.okta.faults.add(hidden)
    world.okta.deactivate_app()
    world.happen()
    assert world.last(f"user:{user}").why == "app-not-active"
    world.okta.faults.remove(hidden)
    world.okta.activate_app()
    world.happen()
    assert world.account(user)["active"] is True


def test_the_event_that_mends_a_profile_is_read() -> None:
    """Who could not be mapped is parked and remembered: the profile's change brings the account."""
    world = World({"USER_NAME_SOURCE": "email"})
    user = world.person("Ada Brook")
    world.okta.update_profile(user, {"email": None})
    world.happen()
    assert world.accounts() == []
    world.okta.update_profile(user, {"email": "ada.brook@example.com"})
    world.happen()
    assert world.account(user)["active"] is True
    assert not world.store.parked


@pytest.mark.parametrize("strangers", [0, 5])
def test_another_application_ends_nobody(strangers: int) -> None:
    """Its id was set by mistake: it has none of our people, however few these are, and everybody waits for a person."""
    world = World()
    people = linked_people(world, 8)
    other = world.okta.create_app("Another")
    for number in range(strangers):
        world.okta.assign_user(world.person(f"Stranger{number} Test", assigned=False), app_id=other)
    world.variables["OKTA_APP_ID"] = other
    world.restart()
    for person in people:
        world.ask(f"user:{person}", Reason.RECONCILE)
    world.ask("app", Reason.OPERATOR)
    world.settle()
    assert active(world, people) == 8
    hold = world.store.hold("app")
    assert hold is not None
    assert (hold.state, hold.reason) == (HoldState.OPEN, "suspicious-empty")


def test_one_answer_that_somebody_is_not_assigned_ends_nobody() -> None:
    """404 with Okta's own error body, once, while an event brings a sync: the second answer shows them."""
    world = World()
    people = linked_people(world, 3)
    world.okta.faults.add(Fault(f"/apps/{APP_ID}/users/{people[0]}", okta_faults.refused(404), count=1))
    world.ask(f"user:{people[0]}", Reason.RECONCILE)
    world.settle()
    assert active(world, people) == 3
    assert world.calls("PATCH", "users") == 0
