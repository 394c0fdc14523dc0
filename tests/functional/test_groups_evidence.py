"""What proves that somebody left a group: a listing that lies takes nobody out."""

from __future__ import annotations

import pytest

from bridge.provisioning.hold_records import Verdict
from bridge.provisioning.records import GroupState
from bridge_local.faults import Fault, before
from bridge_local.genesys import faults as genesys_faults
from bridge_local.okta import faults as okta_faults
from bridge_local.okta.ids import EVERYONE
from tests.world import World

GENEROUS = {"GROUP_REMOVAL_CEILING": "1000", "GROUP_REMOVAL_CEILING_PERCENT": "0"}


def company(count: int) -> tuple[World, list[str], str, str]:
    """A linked group with so many members on both sides, whose ceiling stands in nobody's way."""
    world = World(dict(GENEROUS))
    people = world.provisioned(count)
    okta_id, genesys_id = world.linked_group("Agents", people)
    world.ask(f"group:{okta_id}")
    world.settle()
    return world, people, okta_id, genesys_id


def lie(world: World, okta_id: str, entries: int, *, times: int | None = None) -> Fault:
    """Okta's listing of the group ends after so many entries, without a sign that there is more."""
    effect = okta_faults.short_listing(entries) if entries else okta_faults.empty_listing()
    return world.okta.faults.add(Fault(f"/groups/{okta_id}/users", effect, count=times))


@pytest.mark.parametrize("entries", [1, 12, 18])
def test_a_short_listing_takes_nobody_out(entries: int) -> None:
    """Everybody whom it leaves out is a member by their own reading: once more, then a person's."""
    world, people, okta_id, genesys_id = company(19)
    lie(world, okta_id, entries)
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.members(genesys_id) == set(people)
    state, reason, _ = world.hold(okta_id)
    assert (state, reason) == ("open", "suspicious-listing")


def test_a_listing_that_was_short_once_leaves_no_trace() -> None:
    """The second sight, a minute later, shows everybody: nobody is held, and nobody is told."""
    world, people, okta_id, genesys_id = company(19)
    lie(world, okta_id, 3, times=1)
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.members(genesys_id) == set(people)
    assert world.hold(okta_id) == ("", "", set())
    assert not world.people_told.messages
    assert not world.store.dues()


def test_somebody_really_leaves_beside_a_lie() -> None:
    """What contradicts the listing keeps everybody: the one who left goes with the next honest listing."""
    world, people, okta_id, genesys_id = company(19)
    lie(world, okta_id, 3, times=1)
    world.okta.remove_members(okta_id, people[:1])
    world.happen()
    assert world.members(genesys_id) == set(people[1:])


def test_one_who_leaves_costs_two_more_readings() -> None:
    """A usual change is done at once: no second sight, that person's own groups, and those of one who stays."""
    world, people, okta_id, genesys_id = company(19)
    asked = world.watch_okta()
    world.okta.remove_members(okta_id, people[:1])
    world.deliver()
    world.work_off()
    assert world.members(genesys_id) == set(people[1:])
    own = [each.split("/")[4] for each in asked if each.endswith("/groups")]
    assert (len(own), own.count(people[0]), set(own) <= set(people)) == (2, 1, True)


@pytest.mark.parametrize("entries", [0, 1])
def test_own_groups_that_are_cut_like_the_listing_take_nobody_out(entries: int) -> None:
    """Okta's stamp is new, and every listing ends early: who is listed does not show the group either."""
    world, people, okta_id, genesys_id = company(19)
    newcomer = world.provisioned(1)
    world.clock.advance(30)
    world.okta.add_members(okta_id, newcomer)
    world.okta.faults.add(Fault("/users/[^/]+/groups", okta_faults.short_listing(entries)))
    lie(world, okta_id, 9)
    world.ask(f"group:{okta_id}")
    world.happen()
    assert set(people) <= world.members(genesys_id)
    assert world.hold(okta_id)[:2] == ("open", "suspicious-listing")


def test_many_leave_only_at_the_second_sight() -> None:
    """More than twenty: the listing must say the same a minute later, and twenty of them are asked for."""
    world, people, okta_id, genesys_id = company(60)
    world.clock.advance(30)
    world.okta.remove_members(okta_id, people[:30])
    world.deliver()
    world.work_off()
    assert world.members(genesys_id) == set(people)
    assert [due.why for due in world.store.dues()] == ["second-sight"]
    asked = world.watch_okta()
    world.settle()
    assert world.members(genesys_id) == set(people[30:])
    assert len([each for each in asked if each.endswith("/groups")]) == 21


@pytest.mark.parametrize("entries", [0, 10])
def test_many_absent_without_a_stamp_are_held(entries: int) -> None:
    """Okta's own stamp is older than the last listing that was in order: whatever the single readings say."""
    world, people, okta_id, genesys_id = company(60)
    lie(world, okta_id, entries)
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.members(genesys_id) == set(people)
    state, reason, staged = world.hold(okta_id)
    assert (state, reason) == ("open", "suspicious-listing" if entries else "suspicious-empty")
    assert len(staged) == 60 - entries


def test_a_stamp_alone_is_no_evidence() -> None:
    """Somebody joined, so the stamp is new, while the listing is cut: the others are members by their own reading."""
    world, people, okta_id, genesys_id = company(60)
    newcomer = world.provisioned(1)
    world.clock.advance(30)
    world.okta.add_members(okta_id, newcomer)
    lie(world, okta_id, 10)
    world.ask(f"group:{okta_id}")
    world.happen()
    assert set(people) <= world.members(genesys_id)
    assert world.hold(okta_id)[:2] == ("open", "suspicious-listing")


def test_a_person_whom_okta_does_not_know_is_left_to_their_own_sync() -> None:
    """A 404 on their own reading says nothing of the membership: nobody is removed for it."""
    world, people, okta_id, genesys_id = company(6)
    world.okta.remove_members(okta_id, people[:2])
    world.okta.faults.add(Fault(f"/users/{people[0]}/groups", okta_faults.refused(404)))
    world.happen()
    assert world.members(genesys_id) == set(people) - {people[1]}


def test_an_approval_does_not_take_out_who_is_a_member_after_all() -> None:
    """The approved are asked for alone too: a listing that lies then keeps everybody, and the hold opens anew."""
    world, people, okta_id, genesys_id = company(10)
    lying = lie(world, okta_id, 2)
    world.ask(f"group:{okta_id}")
    world.settle()
    world.okta.faults.remove(lying)
    assert world.hold(okta_id)[1] == "suspicious-listing"
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.members(genesys_id) == set(people)
    assert world.hold(okta_id)[0] == "resolved"


def unassigned_listing(world: World) -> Fault:
    """The application's listing of groups is empty."""
    return world.okta.faults.add(Fault("/apps/.*/groups", okta_faults.empty_listing()))


def assigned(count: int) -> tuple[World, list[str], str, str]:
    """A group that is linked because it is assigned to the application; one member is kept by a rejected hold."""
    world = World(dict(GENEROUS))
    people = world.provisioned(count)
    genesys_id, okta_id = world.genesys.add_group("Agents"), world.okta.create_group("Agents")
    world.okta.add_members(okta_id, people)
    world.okta.assign_group(okta_id)
    world.happen()
    assert world.members(genesys_id) == set(people)
    world.okta.remove_members(okta_id, people[:1])
    world.store.excepted.add((f"group:{okta_id}", people[0]))
    world.happen()
    return world, people, okta_id, genesys_id


def test_one_empty_listing_of_the_applications_groups_unlinks_nothing() -> None:
    """The second answer, ten minutes later, shows the group: link and exceptions stand as before."""
    world, people, okta_id, genesys_id = assigned(5)
    lying = unassigned_listing(world)
    world.ask(f"group:{okta_id}")
    world.work_off()
    assert world.store.group_links[okta_id].state is GroupState.LINKED
    world.okta.faults.remove(lying)
    world.settle()
    assert world.store.group_links[okta_id].state is GroupState.LINKED
    assert world.store.group_links[okta_id].unlinking is None
    assert world.store.excepted
    assert world.members(genesys_id) == set(people)


def test_a_group_that_is_unassigned_is_unlinked_by_the_second_answer() -> None:
    """Ten minutes later Okta still says so: the link ends, its members stay."""
    world, people, okta_id, genesys_id = assigned(5)
    world.okta.unassign_group(okta_id)
    world.deliver()
    world.work_off()
    assert world.store.group_links[okta_id].state is GroupState.LINKED
    world.settle()
    assert world.store.group_links[okta_id].state is GroupState.UNLINKED
    assert world.members(genesys_id) == set(people)


def test_a_group_that_genesys_cloud_does_not_show_once_stays_linked() -> None:
    """A 404 with Genesys Cloud's own error body, once: nothing is unlinked and no hold is closed."""
    world, people, okta_id, genesys_id = assigned(5)
    world.genesys.faults.add(Fault("GET /.*groups/", genesys_faults.refused(404, code="not.found"), count=1))
    world.ask(f"group:{okta_id}")
    world.work_off()
    world.settle()
    assert world.store.group_links[okta_id].state is GroupState.LINKED
    assert world.members(genesys_id) == set(people)


@pytest.mark.parametrize("shown", ["patch shows them", "nothing shows them"])
def test_a_group_whose_members_are_missing_loses_nobody_and_repeats_nothing(shown: str) -> None:
    """Missing is not empty: nobody is removed, additions go once, and one parked record says that it cannot be told."""
    world, people, okta_id, genesys_id = company(6)
    world.genesys.switches.patch_shows_members = shown == "patch shows them"
    missing = world.genesys.faults.add(Fault("GET /.*groups/", genesys_faults.without_members()))
    newcomer = world.provisioned(1)
    world.okta.add_members(okta_id, newcomer)
    world.okta.remove_members(okta_id, people[:1])
    world.happen()
    left = people[1:] if shown == "patch shows them" else people
    assert world.members(genesys_id) == {*left, *newcomer}
    patches = world.calls("PATCH", "groups")
    for _ in range(3):
        world.ask(f"group:{okta_id}")
        world.settle()
    if shown == "nothing shows them":
        assert world.calls("PATCH", "groups") == patches
        assert world.parked(f"group:{okta_id}") == ["members-missing"]
    world.genesys.faults.remove(missing)
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.members(genesys_id) == {*people[1:], *newcomer}
    assert not world.store.parked


def test_many_whom_okta_does_not_know_are_not_removed() -> None:
    """A role that sees nobody answers 404 for each: without the word of twenty people the listing is not believed."""
    world, people, okta_id, genesys_id = company(60)
    newcomer = world.provisioned(1)
    world.clock.advance(30)
    world.okta.add_members(okta_id, newcomer)
    lie(world, okta_id, 10)
    world.okta.faults.add(Fault("/users/[^/]+/groups", okta_faults.refused(404)))
    world.happen()
    assert set(people) <= world.members(genesys_id)
    assert world.hold(okta_id)[:2] == ("open", "suspicious-listing")


def test_a_listing_that_began_before_the_minute_was_over_is_no_second_sight() -> None:
    """What counts is when it began, not when the last single reading had ended."""
    world, people, okta_id, genesys_id = company(60)
    world.clock.advance(30)
    world.okta.remove_members(okta_id, people[:30])
    world.deliver()
    world.work_off()
    world.okta.faults.add(Fault("/users/[^/]+/groups", before(lambda: world.clock.advance(2))))
    world.clock.advance(30)
    world.ask(f"group:{okta_id}")
    world.work_off()
    assert world.members(genesys_id) == set(people)


def test_two_causes_are_two_first_answers() -> None:
    """An empty listing of the application's groups, and later one 404 of Genesys Cloud: the link stands."""
    world, people, okta_id, genesys_id = assigned(5)
    lying = unassigned_listing(world)
    world.ask(f"group:{okta_id}")
    world.work_off()
    world.okta.faults.remove(lying)
    world.genesys.faults.add(Fault("GET /.*groups/", genesys_faults.refused(404, code="not.found"), count=1))
    world.clock.advance(601)
    world.send_dues()
    world.work_off()
    world.settle()
    assert world.store.group_links[okta_id].state is GroupState.LINKED
    assert world.members(genesys_id) == set(people)


def lie_about_own(world: World, person: str, *left_out: str, times: int | None = None) -> Fault:
    """The person's own groups lack these; without any of them named, they are empty."""
    effect = okta_faults.listing_without(*left_out) if left_out else okta_faults.empty_listing()
    return world.okta.faults.add(Fault(f"/users/{person}/groups", effect, count=times))


def touched(world: World, okta_id: str) -> list[str]:
    """Somebody joins, so that Okta's stamp tells of a change; who."""
    newcomer = world.provisioned(1)
    world.clock.advance(30)
    world.okta.add_members(okta_id, newcomer)
    return newcomer


def leave_out(world: World, okta_id: str, person: str, own: str, *, times: int | None = None) -> None:
    """The group's listing and the person's own both lack their membership; the own one lacks more."""
    listing = okta_faults.listing_without(person)
    world.okta.faults.add(Fault(f"/groups/{okta_id}/users", listing, count=times))
    lacks = {"empty": (), "without Everyone": (okta_id, EVERYONE), "of somebody else": (okta_id,)}
    lie_about_own(world, person, *lacks[own], times=times)


@pytest.mark.parametrize("stamp", ["new", "old"])
@pytest.mark.parametrize("own", ["empty", "without Everyone"])
def test_own_groups_that_are_no_answer_take_nobody_out(own: str, stamp: str) -> None:
    """Every user is in Everyone: whose own groups lack it, while others' have it, is held, whatever the stamp says."""
    world, people, okta_id, genesys_id = company(5)
    world.okta.add_members(world.okta.create_group("Elsewhere"), people)
    more = touched(world, okta_id) if stamp == "new" else []
    leave_out(world, okta_id, people[0], own)
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.members(genesys_id) == {*people, *more}
    assert world.hold(okta_id) == ("open", "suspicious-listing", {people[0]})


@pytest.mark.parametrize("own", ["empty", "without Everyone", "of somebody else"])
def test_two_listings_that_lie_at_once_take_nobody_out(own: str) -> None:
    """Nothing has changed by Okta's stamp: the second sight, a minute later, shows everybody."""
    world, people, okta_id, genesys_id = company(5)
    world.okta.add_members(world.okta.create_group("Elsewhere"), people)
    leave_out(world, okta_id, people[0], own, times=1)
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.members(genesys_id) == set(people)
    assert world.hold(okta_id) == ("", "", set())
    assert not world.store.dues()


@pytest.mark.parametrize("only", [True, False])
def test_an_org_that_does_not_show_everyone_lets_people_leave(only: bool) -> None:
    """Where another member's own groups have no BUILT_IN one either, an empty listing counts at the second sight."""
    world, people, okta_id, genesys_id = company(5)
    world.okta.switches.own_groups_show_everyone = False
    if not only:
        world.okta.add_members(world.okta.create_group("Elsewhere"), people)
    world.okta.remove_members(okta_id, people[:1])
    world.deliver()
    world.work_off()
    assert world.members(genesys_id) == set(people[1:] if not only else people)
    world.settle()
    assert world.members(genesys_id) == set(people[1:])
    assert not world.hold(okta_id)[0]


def test_the_last_one_leaves_by_a_persons_approval_where_nothing_tells_of_everyone() -> None:
    """Nobody is left to compare with: an empty listing is held, and goes once a person says so."""
    world, people, okta_id, genesys_id = company(1)
    world.okta.switches.own_groups_show_everyone = False
    world.okta.remove_members(okta_id, people)
    world.happen()
    assert world.members(genesys_id) == set(people)
    assert world.hold(okta_id) == ("open", "suspicious-listing", set(people))
    world.decide(f"group:{okta_id}", Verdict.APPROVE)
    world.settle()
    assert world.members(genesys_id) == set()


def test_a_leaver_whose_own_groups_are_empty_is_left_to_their_own_sync() -> None:
    """DEPROVISIONED, and so not in Everyone: nothing is doubted while their own end still waits."""
    world, people, okta_id, genesys_id = company(5)
    world.genesys.faults.add(Fault("PATCH .*/users/", genesys_faults.refused(503)))
    world.okta.remove_members(okta_id, people[:2])
    world.okta.deactivate(people[0])
    world.deliver()
    world.pass_time(hours=0.2)
    assert people[1] not in world.members(genesys_id)
    assert not world.hold(okta_id)[0]
    world.genesys.faults.clear()
    world.settle()
    assert not world.account(people[0])["active"]
    assert not world.hold(okta_id)[0]


def test_a_leaver_whom_a_group_meets_is_synced_though_no_event_tells_of_them() -> None:
    """Their own event was lost: who is DEPROVISIONED and left to their own sync is brought to it at once."""
    world, people, okta_id, _ = company(5)
    world.okta.remove_members(okta_id, people[:1])
    world.okta.deactivate(people[0])
    world.events()
    world.ask(f"group:{okta_id}")
    world.pass_time(hours=0.1)
    assert not world.account(people[0])["active"]


def test_a_busy_group_does_not_wait_for_ever() -> None:
    """Those absent from both listings go; who leaves between waits for a second sight of their own."""
    world, people, okta_id, genesys_id = company(60)
    world.clock.advance(30)
    world.okta.remove_members(okta_id, people[:30])
    world.deliver()
    world.work_off()
    for at in range(30, 36, 2):
        world.clock.advance(19)
        world.okta.remove_members(okta_id, people[at : at + 1])
        if at == 34:  # and one of those who had left is back
            world.okta.add_members(okta_id, people[:1])
        world.deliver(after=1)
        world.send_dues()
        world.work_off()
    assert world.members(genesys_id) == {*people[:1], *people[30:]}
    world.settle()
    gone = {*people[1:30], people[30], people[32], people[34]}
    assert world.members(genesys_id) == set(people) - gone
    assert not world.store.dues()


def test_who_is_left_to_their_own_sync_leaves_the_group_unsettled() -> None:
    """A 404 on their own reading is none: what Okta said of a change still explains who is absent later."""
    world, people, okta_id, genesys_id = company(6)
    settled = world.store.group_links[okta_id].settled
    world.clock.advance(30)
    world.okta.remove_members(okta_id, people[:2])
    hidden = world.okta.faults.add(Fault(f"/users/{people[0]}/groups", okta_faults.refused(404)))
    world.happen()
    assert world.members(genesys_id) == set(people) - {people[1]}
    assert world.store.group_links[okta_id].settled == settled
    world.okta.faults.remove(hidden)
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.members(genesys_id) == set(people[2:])
    assert world.store.group_links[okta_id].settled != settled
