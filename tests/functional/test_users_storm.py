"""Syncs of many users: Okta's scarce reads of the application are spared, and nothing is read too early."""

from __future__ import annotations

import pytest

from bridge.items import Queue
from bridge.provisioning.storms import LEAST_SINGLES
from bridge_local.faults import Effect, Fault, html
from bridge_local.okta import faults as okta_faults
from tests.world import APP_ID, World

LISTING = f"GET /api/v1/apps/{APP_ID}/users"


def singles(asked: list[str]) -> int:
    """How many reads of one assignment there were."""
    return sum(line.startswith(f"{LISTING}/") for line in asked)


def test_storm_of_assignments_is_read_as_one_listing() -> None:
    """Sixty assignments: three single reads, then one listing serves everybody."""
    world = World()
    people = world.people(60)
    asked = world.watch_okta()
    world.happen()
    assert len(world.accounts()) == len(people)
    world.assert_users_equal()
    assert (singles(asked), asked.count(LISTING)) == (LEAST_SINGLES, 1)


def test_whom_a_listing_does_not_show_is_read_alone() -> None:
    """A listing spares no read of who is not assigned: silence never ends access."""
    world = World()
    *people, _stays = world.people(19)
    world.happen()
    world.clock.advance(120)
    for user in people:
        world.okta.unassign_user(user)
    asked = world.watch_okta()
    world.happen()
    world.assert_users_equal()
    assert singles(asked) >= len(people)


@pytest.mark.parametrize("listed", [0, 15])
def test_a_listing_that_is_short_once_ends_nobodys_access(listed: int) -> None:
    """Forty harmless events while one answer of the listing shows nobody, or the first fifteen of forty."""
    world = World()
    people = world.people(40)
    world.happen()
    world.clock.advance(120)
    fault = world.okta.faults.add(Fault(f"{LISTING}\\?", okta_faults.short_listing(listed), count=1))
    for user in people:
        world.okta.update_app_user(user, profile={"extra": "x"})
    world.happen()
    assert fault.met == 1
    assert all(account["active"] for account in world.accounts())
    world.assert_users_equal()


def test_a_role_that_was_narrowed_ends_nobodys_access() -> None:
    """Single reads answer 404 for everybody, as for anyone out of a role's sight: one is held, none deactivated."""
    world = World()
    people = world.people(5)
    world.happen()
    world.clock.advance(120)
    world.okta.faults.add(Fault(f"{LISTING}/", okta_faults.refused(404)))
    world.okta.update_app_user(people[0], profile={"extra": "x"})
    world.happen()
    assert all(account["active"] for account in world.accounts())


def test_listing_is_not_believed_for_what_came_later() -> None:
    """An event after the listing's date needs another read."""
    world = World()
    people = world.people(30)
    world.happen()
    world.okta.unassign_user(people[0])
    world.happen()
    world.assert_users_equal()


def test_an_event_that_comes_late_brings_no_older_assignment_back() -> None:
    """A listing that is new enough for a late event, but older than the user's last sync, is not believed."""
    world = World()
    people = world.people(30)
    for user in people[:10]:
        world.okta.update_app_user(user, profile={"nickName": "Late"})
    events = world.events()
    late = [event for event in events if event["eventType"] == "application.user_membership.update"]
    world.deliver([event for event in events if event not in late])
    world.settle()
    assert world.account(people[0])["active"] is True
    world.okta.unassign_user(people[0])
    world.happen()
    assert world.account(people[0])["active"] is False
    for user in people[:10]:  # else such events pass for seen
        world.writing(user)
    asked = world.watch_okta()
    world.deliver(late)
    world.settle()
    assert world.account(people[0])["active"] is False
    assert asked.count(LISTING) == 0
    assert singles(asked) < len(late)


def test_listing_is_forgotten_when_groups_or_the_application_change() -> None:
    """A raised epoch makes every known assignment unknown, listed ones too, even for events from before."""
    world = World()
    user, *others = [world.person(f"Agent{number} Brook") for number in range(8)]
    world.happen()
    for each in (user, *others):
        world.okta.update_profile(each, {"title": "Manager"})
    late = world.events()
    world.people(30)
    world.happen()
    with world.okta.quietly():
        world.okta.unassign_user(user)
    world.okta.assign_group(world.okta.create_group("Agents"))
    world.happen()
    world.deliver(late)
    world.settle()
    assert "unassignment-unexplained" in [entry.why for entry in world.journal(f"user:{user}")]


def test_the_longer_a_listing_is_the_more_single_reads_must_pay_for_it() -> None:
    """How long it is nobody knows before the first; of a long one, a quarter of its pages are read singly first."""
    world = World()
    with world.okta.quietly():
        world.people(7600)
    late = [world.person(f"Late{number} Test") for number in range(30)]
    asked = world.watch_okta()
    world.happen()
    assert len(world.accounts()) == len(late)
    assert (singles(asked), asked.count(LISTING)) == (LEAST_SINGLES, 16)
    world.clock.advance(601)
    for user in late:
        world.okta.update_app_user(user, profile={"extra": "x"})
    world.happen()
    assert (singles(asked), asked.count(LISTING)) == (LEAST_SINGLES + 16 // 4, 2 * 16)


def test_few_are_read_alone() -> None:
    """Who comes without a crowd waits for no listing, however many came one by one before."""
    world = World()
    asked = world.watch_okta()
    for number in range(3 * LEAST_SINGLES):
        world.person(f"Late{number} Test")
        world.happen()
    assert asked.count(LISTING) == 0
    world.assert_users_equal()


def test_whom_a_listing_shows_with_an_unclear_status_is_read_alone() -> None:
    """Neither a yes nor a no: their own reading decides, and nothing is made for them."""
    world = World()
    people = world.people(30)
    unclear = people[-1]
    with world.okta.quietly():
        world.okta.update_app_user(unclear, status="APPROVED")
    asked = world.watch_okta()
    world.happen()
    assert len(world.accounts()) == len(people) - 1
    assert any(line.endswith(unclear) for line in asked)


def test_no_listing_while_okta_may_still_lag() -> None:
    """A delivery that comes at once is read singly, and then again: a listing would be as early."""
    world = World()
    world.people(20)
    asked = world.watch_okta()
    world.deliver(after=0)
    while world.work(Queue.USERS) is not None:
        pass
    assert (singles(asked), asked.count(LISTING)) == (20, 0)
    world.settle()
    world.assert_users_equal()


@pytest.mark.parametrize("effect", [okta_faults.refused(500), html(), okta_faults.refused(403)])
def test_listing_that_fails_decides_nothing(effect: Effect) -> None:
    """A listing is whole or none: a failed one removes nobody, and is not tried again for ten minutes."""
    world = World()
    people = world.people(15)
    fault = world.okta.faults.add(Fault(f"{LISTING}\\?", effect))
    world.happen()
    world.assert_users_equal()
    assert fault.met
    met = fault.met
    world.clock.advance(300)
    for user in people:
        world.okta.update_app_user(user, profile={"extra": "x"})
    world.happen()
    assert fault.met == met
    assert all(account["active"] for account in world.accounts())
    world.assert_users_equal()
    assert not world.store.parked
