"""What a whole listing is enough for, where many are unassigned at once: to hold, and to carry out an approval."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from bridge.items import Queue, Reason, make_item
from bridge.provisioning.ceiling import DIRECT_DEACTIVATIONS_THRESHOLD
from bridge.provisioning.evidence import SINGLE_READS
from bridge.provisioning.hold_records import HoldState, RemovalState, Verdict
from bridge.provisioning.permissions import PERMITS
from bridge_local.faults import Fault, with_status
from tests.world import APP_ID, World

SINGLE = f"GET /api/v1/apps/{APP_ID}/users/"


def organisation(people: int) -> tuple[World, list[str]]:
    """Users who have long been in Genesys Cloud."""
    world = World()
    return world, world.provisioned(people)


def held(world: World, users: list[str]) -> list[str]:
    """Unassign users, more than the ceiling lets through; who is held."""
    for user in users:
        world.okta.unassign_user(user)
    world.happen()
    world.clock.advance(60)
    return sorted(world.store.staged("app", 1))


def active(world: World) -> set[str]:
    """Okta ids of the active accounts."""
    return {account["externalId"] for account in world.accounts() if account["active"]}


def approve(world: World) -> list[str]:
    """Approve what is held, and what was read alone until everything was done."""
    asked = world.watch_okta()
    world.decide("app", Verdict.APPROVE)
    world.settle()
    return [line for line in asked if line.startswith(SINGLE)]


def test_an_approval_is_carried_out_by_one_listing_and_twenty_reads() -> None:
    """No read of its own for each of those whom a person approved."""
    world, users = organisation(200)
    staged = held(world, users[:100])
    assert len(staged) > 2 * SINGLE_READS
    assert len(approve(world)) == SINGLE_READS
    assert active(world) == set(users[100:])


def test_many_who_leave_are_held_by_one_listing() -> None:
    """Ten are read alone; from then on a listing holds them: no read of its own for each of a hundred and fifty."""
    world, users = organisation(300)
    asked = world.watch_okta()
    staged = held(world, users[:150])
    ended = set(users) - active(world)
    assert set(staged) | ended == set(users[:150])
    assert len(ended) < DIRECT_DEACTIVATIONS_THRESHOLD
    alone = [line for line in asked if line.startswith(SINGLE)]
    assert (
        len(alone) <= 4 * DIRECT_DEACTIVATIONS_THRESHOLD
    )  # each of the few twice, somebody who stays, some before the end


@pytest.mark.parametrize("status", [503, 404])
def test_where_the_listing_cannot_be_read_those_who_leave_are_read_alone(status: int) -> None:
    """Nobody waits for it for ever: as soon as Okta answers, they are held, and nobody else is ended."""
    world, users = organisation(60)
    listing = f"GET /api/v1/apps/{APP_ID}/users\\?"
    refused = world.okta.faults.add(Fault(listing, with_status(status), count=4))
    staged = held(world, users[:40])
    assert refused.met
    ended = set(users) - active(world)
    assert set(staged) | ended == set(users[:40])
    assert len(ended) < DIRECT_DEACTIVATIONS_THRESHOLD


def test_an_empty_listing_proves_nothing_whatever_a_person_approves() -> None:
    """Everybody is gone, which is suspicious: each one is read alone before their access ends."""
    world, users = organisation(60)
    staged = held(world, users)
    hold = world.store.hold("app")
    assert hold is not None
    assert hold.reason == "suspicious-empty"
    alone = approve(world)
    assert {line.removeprefix(SINGLE).partition("?")[0] for line in alone} >= set(staged)
    assert not active(world) & set(staged)


def test_who_is_assigned_again_after_the_listing_stays() -> None:
    """An event that is newer than the listing has its user read alone."""
    world, users = organisation(200)
    staged = held(world, users[:100])
    world.decide("app", Verdict.APPROVE)
    world.work(Queue.USERS)
    hold = world.store.hold("app")
    assert hold is not None
    assert hold.state is HoldState.DONE
    back = staged[:9]
    for user in back:
        world.okta.assign_user(user)
    world.deliver()
    world.settle()
    assert active(world) == {*users[100:], *back}


def test_who_was_seen_assigned_since_the_listing_is_read_alone() -> None:
    """Though no event says so: an item that comes late does not bring the older answer back."""
    world, users = organisation(200)
    staged = held(world, users[:100])
    world.decide("app", Verdict.APPROVE)
    world.work(Queue.USERS)
    back = staged[0]
    with world.okta.quietly():
        world.okta.assign_user(back)
    world.clock.advance(10)
    world.ask(f"user:{back}", Reason.OPERATOR, queue=Queue.LEAVERS)
    while world.work(Queue.LEAVERS) is not None:
        pass
    world.store.permit(PERMITS, [back], world.clock.now())
    world.settle()
    assert active(world) == {*users[100:], back}


def test_a_reservation_of_the_ceiling_needs_each_ones_own_reading() -> None:
    """What no person approved: everybody is read alone before their end, though a listing does not show them either."""
    world, users = organisation(400)
    gone = users[:30]
    for user in gone:
        world.okta.unassign_user(user)
    asked = world.watch_okta()
    world.happen()
    assert active(world) == set(users[30:])
    alone = Counter(line.removeprefix(SINGLE).partition("?")[0] for line in asked if line.startswith(SINGLE))
    assert min(alone[user] for user in gone) == 1


def test_a_listing_of_long_ago_proves_nothing() -> None:
    """Somebody's item that comes hours after the approval has them read alone."""
    world, users = organisation(200)
    staged = held(world, users[:100])
    world.decide("app", Verdict.APPROVE)
    world.work(Queue.USERS)
    permit = world.store.leaving(PERMITS, staged[-1]).removals.get(PERMITS)
    assert permit is not None
    assert permit.state is RemovalState.APPROVED
    with world.okta.quietly():
        world.okta.assign_user(staged[-1])
    world.clock.advance(timedelta(hours=3).total_seconds())
    world.settle()
    assert active(world) == {*users[100:], staged[-1]}


def test_one_listing_answers_whoever_it_lacks() -> None:
    """Who asks later goes by it, too; who left after it by the next one."""
    world, users = organisation(300)
    listing, asked = f"GET /api/v1/apps/{APP_ID}/users", world.watch_okta()
    for user in users[:23]:
        world.okta.unassign_user(user)
        world.deliver()
        world.work(Queue.USERS)
    world.settle()
    assert active(world) == set(users[23:])
    first = asked.count(listing)
    world.queues.send([make_item("app", Reason.FOLLOW_UP, "once more")])
    world.settle()
    assert asked.count(listing) == first
    world.okta.unassign_user(users[23])
    world.happen()
    assert asked.count(listing) == first + 1
    assert active(world) == set(users[24:])


def test_who_comes_after_a_listing_is_not_absent_from_it() -> None:
    """Those who have been seen assigned since it began are not among those who leave: nothing is held."""
    world, users = organisation(60)
    for user in users[:DIRECT_DEACTIVATIONS_THRESHOLD]:
        world.okta.unassign_user(user)
    world.happen()
    new = []
    for number in range(40):
        new.append(world.person(f"Hire{number} New"))
        world.deliver(after=1)
        world.work_off()
    world.queues.send([make_item("app", Reason.FOLLOW_UP, "once more")])
    world.settle()
    assert world.store.hold("app") is None
    assert active(world) == {*users[DIRECT_DEACTIVATIONS_THRESHOLD:], *new}
