"""A missing assignment that no event explains: a role narrowed to a part of the application looks like many ends."""

from __future__ import annotations

import pytest

from bridge.items import Reason
from bridge.provisioning.hold_records import Verdict
from tests.world import World


def active(world: World, people: list[str]) -> set[str]:
    """Whose accounts are active."""
    return {person for person in people if world.account(person)["active"]}


def narrowed(count: int, seen: int) -> tuple[World, list[str]]:
    """A company whose application the bridge's role shows in part alone, and which nobody has left."""
    world = World()
    people = world.provisioned(count)
    world.okta.switches.role_sees = frozenset(people[:seen])
    return world, people


@pytest.mark.parametrize(
    ("seen", "how"),
    [(seen, how) for seen in (0, 1, 21, 37) for how in ("events", "one-at-a-time")]
    + [(21, "reconcile"), (37, "reconcile")],
)
def test_a_role_that_shows_a_part_ends_nobodys_access(seen: int, how: str) -> None:
    """Harmless events or a comparison bring everybody, at once or slowly: nobody is deactivated, people are told."""
    world, people = narrowed(40, seen)
    for person in people if how != "reconcile" else ():
        world.okta.update_profile(person, {"title": "Adviser"})
        if how == "one-at-a-time":
            world.deliver()
            world.pass_time(hours=0.25)
    if how == "reconcile":
        world.reconcile_whole()
    else:
        world.deliver()
        world.settle()
    assert active(world, people) == set(people)
    hold = world.store.hold("app")
    assert hold is not None
    assert (hold.state, hold.staged) == ("open", 40 - seen)


def test_a_role_that_shows_all_again_ends_the_hold() -> None:
    """Who is seen again leaves the hold, and the comparison that finds nobody missing resolves it."""
    world, people = narrowed(40, 21)
    world.reconcile_whole()
    world.okta.switches.role_sees = None
    world.reconcile_whole()
    assert active(world, people) == set(people)
    hold = world.store.hold("app")
    assert hold is not None
    assert hold.state == "resolved"


def test_people_who_really_leave_meanwhile_are_told_by_their_events() -> None:
    """Three are unassigned while a narrowed role hides nineteen others: the three end, the nineteen stay."""
    world, people = narrowed(40, 21)
    world.reconcile_whole()
    for person in people[:3]:
        world.okta.unassign_user(person)
    world.happen()
    assert active(world, people) == set(people[3:])


def test_two_whom_no_event_tells_of_end_after_the_whole_listing() -> None:
    """Lost events of two people are no narrowed role: ten minutes later they end, though nobody decides."""
    world = World()
    people = world.provisioned(12)
    for person in people[:2]:
        world.okta.unassign_user(person)
    world.events()
    for person in people[:2]:
        world.ask(f"user:{person}", Reason.RECONCILE)
    world.work_off()
    assert active(world, people) == set(people)
    world.settle()
    assert active(world, people) == set(people[2:])
    assert world.store.hold("app") is None


def test_many_whom_no_event_tells_of_are_a_persons() -> None:
    """Nineteen without an event cannot be told from a narrowed role: approved, they end."""
    world = World()
    people = world.provisioned(40)
    for person in people[:19]:
        world.okta.unassign_user(person)
    world.events()
    world.reconcile_whole()
    assert active(world, people) == set(people)
    world.decide("app", Verdict.APPROVE)
    world.settle()
    assert active(world, people) == set(people[19:])


def test_an_event_that_comes_late_explains() -> None:
    """A comparison meets three before their events do: they end with them, and nothing is held."""
    world = World()
    people = world.provisioned(12)
    for person in people[:3]:
        world.okta.unassign_user(person)
        world.ask(f"user:{person}", Reason.RECONCILE)
    world.work_off()
    assert active(world, people) == set(people)
    world.happen()
    assert active(world, people) == set(people[3:])
    assert world.store.hold("app") is None


def test_catch_up_explains_what_a_comparison_met_first() -> None:
    """The hook lost three ends, and a comparison met them first: catch-up's events are no news that was seen."""
    world = World()
    people = world.provisioned(12)
    world.poll()
    world.settle()
    for person in people[:3]:
        world.okta.unassign_user(person)
    world.events()
    world.clock.advance(120)
    for person in people[:3]:
        world.ask(f"user:{person}", Reason.RECONCILE)
    world.work_off()
    assert active(world, people) == set(people)
    world.clock.advance(120)
    world.poll()
    world.settle()
    assert active(world, people) == set(people[3:])
    assert world.store.hold("app") is None


def test_a_suspension_that_is_over_explains_no_missing_assignment() -> None:
    """Events of six who were suspended and are back come while the role hides them: an assignment outlives that."""
    world, people = narrowed(12, 6)
    for person in people[6:]:
        world.okta.suspend(person)
        world.okta.unsuspend(person)
    world.happen()
    assert active(world, people) == set(people)
    hold = world.store.hold("app")
    assert hold is not None
    assert hold.staged == 6


@pytest.mark.parametrize("times", [1, 2])
def test_an_end_that_is_older_than_an_assignment_explains_nothing(times: int) -> None:
    """Ends come an hour late, after the new assignments were seen, while the role hides six: once, and once more."""
    world = World()
    people = world.provisioned(12)
    for person in people[6:]:
        world.okta.unassign_user(person)
    late = world.events()
    for person in people[6:]:
        world.okta.assign_user(person)
    world.happen()
    world.clock.advance(3600)
    world.okta.switches.role_sees = frozenset(people[:6])
    for number in range(times):
        world.deliver([{**event, "uuid": f"{event['uuid'][:-1]}{number}"} for event in late])
        world.work_off()
    world.settle()
    assert active(world, people) == set(people)


def test_a_404_on_somebody_who_vanished_without_a_word_is_no_deletion() -> None:
    """What a narrowed role hid from the application is no sign that they are deleted when it hides them altogether."""
    world, people = narrowed(12, 11)
    world.ask(f"user:{people[11]}", Reason.RECONCILE)
    world.work_off()
    with world.okta.quietly():
        world.okta.delete(people[11])
        world.okta.delete(people[11])
    world.ask(f"user:{people[11]}", Reason.RECONCILE)
    world.settle()
    assert world.account(people[11])["active"]
    assert world.parked(f"user:{people[11]}") == ["user-not-visible"]
