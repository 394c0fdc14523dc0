"""The organisation's ceiling through the real handlers: the whole change first, then all of it or none."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bridge.items import Queue
from bridge.provisioning.evidence import SINGLE_READS
from bridge.provisioning.hold_records import Hold, HoldState, Verdict
from bridge_local.exchange import Request, Response
from bridge_local.faults import Fault, Serve, before
from bridge_local.okta import faults as okta_faults
from tests.world import World


def organisation(people: int, **variables: str) -> tuple[World, list[str]]:
    """Users who have long been in Genesys Cloud."""
    world = World(variables)
    return world, world.provisioned(people)


def unassign(world: World, users: list[str], *, each: bool = False) -> None:
    """Take assignments away, in one delivery or in many, and work it off."""
    for user in users:
        world.okta.unassign_user(user)
    world.deliver(each=each)
    world.settle()


def active(world: World) -> set[str]:
    """Okta ids of the active accounts."""
    return {account["externalId"] for account in world.accounts() if account["active"]}


def deactivations(world: World) -> int:
    """How many PATCHes made a user inactive."""
    return sum('"active", "value": false' in json.dumps(call.body) for call in world.genesys.calls)


def newest(world: World) -> Hold:
    """The organisation's newest hold."""
    hold = world.store.hold("app")
    assert hold is not None
    return hold


def test_ten_percent_pass_and_one_more_is_held_whole() -> None:
    """Of 300 people 30 may go in the window; of 31 only those pass who came before the listing had to be read."""
    for leaving, stays in ((30, 270), (31, 281)):
        world, users = organisation(300)
        unassign(world, users[:leaving], each=True)
        assert len(active(world)) == stays
        assert not world.queues.depth()


def test_the_count_holds_where_the_percentage_would_not() -> None:
    """The absolute ceiling counts for a big organisation, whatever the percentage says."""
    world, users = organisation(400, DEACTIVATION_CEILING="40", DEACTIVATION_CEILING_PERCENT="0")
    unassign(world, users[:41])
    assert (newest(world).state, newest(world).reason) == (HoldState.OPEN, "ceiling-count")
    assert set(world.store.staged("app", 1)) == active(world) & set(users[:41])


def test_a_mass_that_arrives_at_once_is_seen_whole() -> None:
    """150 of 300: nobody after the first nineteen, one hold of all the others, told once."""
    world, users = organisation(300)
    unassign(world, users[:150], each=True)
    hold = newest(world)
    assert (hold.state, hold.reason, hold.staged) == (HoldState.OPEN, "ceiling-percent", 131)
    assert len(active(world)) == 281
    assert [what for what, _ in world.people_told.messages] == ["opened"]
    assert {world.last(f"user:{user}").outcome for user in users[:150]} == {"deactivated", "held"}


def test_approval_deactivates_exactly_whom_the_approver_saw() -> None:
    """Uncounted, each once; who is assigned again by then stays; who left later is held again."""
    world, users = organisation(300)
    unassign(world, users[:150])
    seen = newest(world)
    staged = sorted(world.store.staged("app", seen.number))
    world.okta.assign_user(staged[0])
    later = users[150:152]
    unassign(world, later)
    assert newest(world).revision > seen.revision
    before = deactivations(world)
    world.decide("app", Verdict.APPROVE, revision=seen.revision)
    world.settle()
    assert deactivations(world) - before == len(staged) - 1
    assert active(world) == {staged[0], *later, *users[152:]}
    assert (newest(world).number, newest(world).state) == (2, HoldState.OPEN)
    assert set(world.store.staged("app", 2)) == set(later)
    counted = world.store.removals("app", world.clock.now().replace(year=2020))
    assert len(counted) == 19


def test_rejection_keeps_users_until_they_are_assigned_again() -> None:
    """Excepted users stay active over every sync; a new assignment ends the exception."""
    world, users = organisation(300)
    unassign(world, users[:150])
    staged = sorted(world.store.staged("app", 1))
    world.decide("app", Verdict.REJECT)
    world.settle()
    for user in staged[:3]:
        world.ask(f"user:{user}")
    world.ask("app")
    world.settle()
    assert set(staged) <= active(world)
    assert world.last(f"user:{staged[0]}").why == "excepted"
    world.okta.assign_user(staged[0])
    world.happen()
    assert staged[0] not in world.store.exceptions("app")
    assert set(staged[1:]) == world.store.exceptions("app")


def test_users_who_are_assigned_again_leave_the_hold() -> None:
    """An empty hold is resolved."""
    world, users = organisation(300)
    unassign(world, users[:60])
    staged = sorted(world.store.staged("app", 1))
    for user in staged:
        world.okta.assign_user(user)
    world.happen()
    assert newest(world).state is HoldState.RESOLVED
    assert len(active(world)) == 300 - 60 + len(staged)


def test_a_leaver_never_waits_for_the_hold() -> None:
    """DEPROVISIONED and SUSPENDED users who are staged are deactivated at once, and leave the hold."""
    world, users = organisation(300)
    unassign(world, users[:60])
    staged = sorted(world.store.staged("app", 1))
    world.okta.deactivate(staged[0])
    world.okta.suspend(staged[1])
    world.deliver()
    while world.work(Queue.LEAVERS) is not None:
        pass
    assert not {staged[0], staged[1]} & active(world)
    world.settle()
    world.ask("app")
    world.settle()
    assert set(world.store.staged("app", 1)) == set(staged[2:])


def test_an_application_that_is_switched_off_fills_no_hold() -> None:
    """450 users read as not assigned while the application is off: nobody is judged, nobody deactivated."""
    world, users = organisation(450)
    world.okta.deactivate_app()
    unassign(world, users)
    assert active(world) == set(users)
    assert world.store.hold("app") is None
    world.ask("app")
    world.settle()
    assert world.store.hold("app") is None


def test_an_application_that_has_lost_everybody_is_hard_to_believe() -> None:
    """An empty listing with linked users is held whole, whatever the numbers say."""
    world, users = organisation(25, DEACTIVATION_CEILING_PERCENT="0")
    unassign(world, users)
    assert (newest(world).state, newest(world).reason) == (HoldState.OPEN, "suspicious-empty")
    assert len(active(world)) == 25


def test_paused_removals_hold_the_first_unassigned_user() -> None:
    """While removals are paused not even one is deactivated for a missing assignment; a leaver still is."""
    world, users = organisation(30)
    world.store.pause_removals(paused=True)
    world.okta.deactivate(users[1])
    unassign(world, users[:1])
    assert active(world) == {users[0], *users[2:]}
    assert (newest(world).state, newest(world).reason) == (HoldState.OPEN, "removals-paused")
    world.decide("app", Verdict.APPROVE)
    world.settle()
    assert users[0] in active(world)
    world.store.pause_removals(paused=False)
    world.ask("app")
    world.settle()
    assert users[0] not in active(world)


def test_a_crash_between_reservation_and_call_repeats_nothing() -> None:
    """The reserved users are in the queue again after new processes; each is deactivated once and counted once."""
    world, users = organisation(300)
    unassign(world, users[:19])
    for user in users[19:25]:
        world.okta.unassign_user(user)
    world.deliver()
    while world.work(Queue.LEAVERS) is not None:
        pass
    world.work(Queue.USERS)
    world.restart()
    world.settle()
    assert active(world) == set(users[25:])
    assert len(world.store.removals("app", world.clock.now().replace(year=2020))) == 25


def test_who_asked_while_the_application_was_switched_off_is_judged_when_it_returns() -> None:
    """The sync that had to judge found the application off: nobody waits unseen, its return holds the whole change."""
    world, users = organisation(300)
    for user in users[:150]:
        world.okta.unassign_user(user)
    world.deliver(each=True)
    while world.work(Queue.LEAVERS) is not None:
        pass
    world.okta.deactivate_app()
    world.clock.advance(120)
    world.happen()
    assert world.store.hold("app") is None
    world.okta.activate_app()
    world.happen()
    assert len(active(world)) == 281
    assert (newest(world).state, newest(world).staged) == (HoldState.OPEN, 131)


@pytest.mark.parametrize("before", [False, True])
def test_two_syncs_at_the_same_moment_do_not_both_take_the_last_place(before: bool) -> None:
    """The last place is wanted twice: a sync that finds it taken when it has counted itself withdraws, and asks.

    What was counted of them before stays as it was.
    """
    world, users = organisation(300)
    if before:
        unassign(world, [users[17]])
        world.okta.assign_user(users[17])
        world.happen()
    unassign(world, users[:17])
    record, removals = world.store.leaving("app", users[17]).removals.get("app"), world.store.removals
    others = iter([users[18:20]])

    def raced(entity: str, since: datetime) -> frozenset[str]:
        """Between this sync's two countings another environment reserves two places."""
        found = removals(entity, since)
        world.store.reserve("app", next(others, []), world.clock.now())
        return found

    world.store.removals = raced  # type: ignore[method-assign] # another environment at work
    world.okta.unassign_user(users[17])
    world.deliver()
    world.work(Queue.LEAVERS)
    world.store.removals = removals  # type: ignore[method-assign] # another environment at work
    assert users[17] in active(world)
    assert world.store.leaving("app", users[17]).removals.get("app") == record
    world.settle()
    assert users[17] not in active(world), "the sync of the application has seen the whole change"


@pytest.mark.parametrize("believable", [False, True])
def test_an_approval_is_void_when_nobody_at_all_is_listed(believable: bool) -> None:
    """Approved for some, and then Okta lists nobody: nobody goes, and everybody is held anew."""
    world, users = organisation(300)
    unassign(world, users[:150])
    number, waiting = newest(world).number, active(world)
    world.decide("app", Verdict.APPROVE)
    if not believable:
        with world.okta.quietly():
            for user in users[150:]:
                world.okta.unassign_user(user)
    world.settle()
    if believable:
        assert (newest(world).state, active(world)) == (HoldState.DONE, set(users[150:]))
    else:
        assert (newest(world).number, newest(world).state) == (number + 1, HoldState.OPEN)
        assert (newest(world).reason, active(world)) == ("suspicious-empty", waiting)


def test_a_listing_that_is_followed_by_itself_is_no_listing() -> None:
    """Pages in a circle: nobody is judged on them, and the item waits."""
    world, users = organisation(300)
    links: list[str] = []

    def circling(request: Request, serve: Serve) -> Response:
        query = tuple((name, "100" if name == "limit" else value) for name, value in request.query)
        response = serve(replace(request, query=query))
        links.append(response.headers["Link"])
        return replace(response, headers={**response.headers, "Link": links[0]})

    fault = world.okta.faults.add(Fault(f"/apps/{world.okta.app_id}/users[?]", circling))
    for user in users[:40]:
        world.okta.unassign_user(user)
    world.deliver()
    world.pass_time(0.1)
    assert len(active(world)) == 300 - 19
    assert world.last("app").outcome == "failed"
    world.okta.faults.remove(fault)
    world.settle()
    assert newest(world).state is HoldState.OPEN


def approved_and_permitted() -> tuple[World, list[str], list[str]]:
    """A hold of 131 people approved and applied: they are permitted, and none of their own items is done yet."""
    world, users = organisation(300, DEACTIVATION_CEILING="19")
    unassign(world, users[:150])
    staged = sorted(world.store.staged("app", newest(world).number))
    world.decide("app", Verdict.APPROVE)
    world.work(Queue.USERS)
    assert newest(world).state is HoldState.DONE
    assert set(staged) <= active(world)
    return world, users, staged


def test_an_approval_ends_with_a_new_assignment() -> None:
    """Approved, assigned again before anything was sent, unassigned later: that needs an approval of its own."""
    world, _, staged = approved_and_permitted()
    back = staged[0]
    world.okta.assign_user(back)
    world.ask(f"user:{back}", queue=Queue.LEAVERS)  # before the approval's own item, which waits in the other queue
    world.work(Queue.LEAVERS)
    assert back not in world.store.permitted("app-permits", world.clock.now() - timedelta(days=14))
    world.happen()
    assert active(world) & set(staged) == {back}
    unassign(world, [back])
    assert back in active(world)
    assert (newest(world).number, newest(world).state) == (2, HoldState.OPEN)
    assert set(world.store.staged("app", 2)) == {back}


def test_people_who_are_approved_already_are_not_held_once_more() -> None:
    """The application is synced again while the approved people's own items still wait: no second hold, nobody told."""
    world, _, staged = approved_and_permitted()
    told = list(world.people_told.messages)
    world.ask("app", queue=Queue.LEAVERS)  # before their items, which wait in the other queue
    world.work(Queue.LEAVERS)
    assert set(staged) <= active(world)
    assert newest(world).number == 1
    world.settle()
    assert world.people_told.messages == told
    assert not active(world) & set(staged)


def short(world: World, entries: int = 100) -> Fault:
    """The application's listing of users ends after so many, without a sign that there are more."""
    return world.okta.faults.add(Fault("/apps/[^/]+/users[?]", okta_faults.short_listing(entries)))


def told(world: World) -> list[tuple[str, int]]:
    """What people were told about which hold of the organisation."""
    return [(what, hold.number) for what, hold in world.people_told.messages if hold.entity == "app"]


def test_an_approval_of_a_listing_that_lies_opens_the_hold_again() -> None:
    """Those drawn are assigned by their own reading: nobody ends, people are told, and nothing is left in the end."""
    world, users = organisation(300)
    lying = short(world)
    world.ask("app")
    world.settle()
    assert (newest(world).number, newest(world).staged) == (1, 200)
    asked = world.watch_okta()
    world.decide("app", Verdict.APPROVE)
    world.settle()
    assert active(world) == set(users)
    assert (newest(world).number, newest(world).state) == (2, HoldState.OPEN)
    assert newest(world).reason == "suspicious-listing"
    assert told(world) == [("opened", 1), ("opened", 2)]
    assert len([each for each in asked if "/users/00u" in each]) <= SINGLE_READS
    world.okta.faults.remove(lying)
    world.ask("app")
    world.settle()
    assert newest(world).state is HoldState.RESOLVED
    assert active(world) == set(users)


def test_an_approval_among_which_some_are_assigned_opens_the_hold_again() -> None:
    """60 really left, 40 are only missing from the listing: one of those drawn says so."""
    world, users = organisation(300)
    ordered = sorted(users)
    unassign(world, ordered[200:260])
    lying = short(world, 200)
    world.ask("app")
    world.settle()
    left = set(ordered[200:260]) - active(world)
    assert newest(world).staged == 100 - len(left)
    world.decide("app", Verdict.APPROVE)
    world.settle()
    assert active(world) == set(users) - left
    assert newest(world).state is HoldState.OPEN
    world.okta.faults.remove(lying)
    world.decide("app", Verdict.APPROVE)
    world.settle()
    assert active(world) == set(ordered[:200]) | set(ordered[260:])


def test_a_listing_that_began_before_the_approval_does_not_carry_it_out() -> None:
    """Decided while the listing is read: that sync changes nothing, and the next one carries it out."""
    world, users = organisation(300)
    unassign(world, users[:60])
    held = newest(world)
    assert held.state is HoldState.OPEN
    before_now = active(world)
    world.okta.faults.add(
        Fault("/apps/[^/]+/users[?]", before(lambda: world.decide("app", Verdict.APPROVE) and None), count=1)
    )
    world.ask("app")
    world.work(Queue.USERS)
    assert newest(world).state is HoldState.OPEN
    assert active(world) == before_now
    world.settle()
    assert newest(world).state is HoldState.DONE
    assert active(world) == set(users[60:])


def test_a_deactivation_that_ends_parked_does_not_count() -> None:
    """A leaver whose account bears another's id is not deactivated, and takes no other leaver's place in the day."""
    world, (leaver, next_one, _) = organisation(3)
    other = world.person("Ben Brook", assigned=False)
    world.genesys.edit_user(world.account(leaver)["id"], {"externalId": other})
    unassign(world, [leaver])
    world.pass_time(hours=1)
    assert world.parked(f"user:{leaver}") == ["owned-by-another-user"]
    day = world.clock.now() - timedelta(days=1)
    assert world.store.removals("app", day) == set()
    unassign(world, [next_one])
    assert world.store.removals("app", day) == {next_one}
