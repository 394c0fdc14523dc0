"""A missing assignment that no event explains: a role narrowed to a part of the application looks like many ends."""

from __future__ import annotations

import pytest

from bridge.items import Queue, Reason
from bridge.provisioning.hold_records import Verdict
from bridge_local.exchange import Response
from bridge_local.faults import Fault, given
from bridge_local.genesys.faults import refused
from bridge_local.okta.faults import refused as refused_by_okta
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


@pytest.mark.parametrize("leavers", [1, 2, 19])
def test_whom_no_event_tells_of_are_a_persons(leavers: int) -> None:
    """Leavers without an event cannot be told from people whom a narrowed role hides: approved, they end."""
    world = World()
    people = world.provisioned(40)
    for person in people[:leavers]:
        world.okta.unassign_user(person)
    world.events()
    world.reconcile_whole()
    assert active(world, people) == set(people)
    world.decide("app", Verdict.APPROVE)
    world.settle()
    assert active(world, people) == set(people[leavers:])


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
        for person in people[6:]:  # else such events pass for seen
            world.writing(person)
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


@pytest.mark.parametrize("hidden", [1, 2])
@pytest.mark.parametrize("how", ["events", "reconcile", "operator", "redrive"])
def test_a_role_that_hides_one_or_two_ends_nobodys_access(hidden: int, how: str) -> None:
    """So few are as much a person's as many are, whatever brings their syncs, an operator's and a redrive too."""
    world, people = narrowed(12, 12 - hidden)
    for person in people[12 - hidden :]:
        if how == "events":
            world.okta.update_profile(person, {"title": "Adviser"})
        elif how != "reconcile":
            world.ask(f"user:{person}", Reason(how))
    world.reconcile_whole() if how == "reconcile" else world.happen()
    assert active(world, people) == set(people)
    hold = world.store.hold("app")
    assert hold is not None
    assert (hold.state, hold.reason, hold.staged) == ("open", "unassignment-unexplained", hidden)


def test_others_leave_while_somebody_who_vanished_is_held() -> None:
    """A hold for want of an event keeps nobody else whose event came, and the held one stays."""
    world, people = narrowed(12, 11)
    world.reconcile_whole()
    world.okta.unassign_user(people[0])
    world.happen()
    assert active(world, people) == set(people[1:])
    hold = world.store.hold("app")
    assert hold is not None
    assert (hold.state, hold.staged) == ("open", 1)


def test_an_event_that_comes_after_the_hold_ends_it() -> None:
    """The hook lost an end and catch-up stood still for an hour: its event takes the leaver out of the hold."""
    world = World()
    people = world.provisioned(12)
    world.poll()
    world.okta.unassign_user(people[0])
    world.events()
    world.reconcile_whole()
    hold = world.store.hold("app")
    assert hold is not None
    assert hold.state == "open"
    world.clock.advance(3600)
    world.poll()
    world.settle()
    assert active(world, people) == set(people[1:])
    hold = world.store.hold("app")
    assert hold is not None
    assert hold.state == "resolved"


def test_an_application_that_returns_explains_nothing() -> None:
    """Who was hidden while the application was switched off is no leaver when it returns."""
    world, people = narrowed(12, 10)
    world.okta.deactivate_app()
    for person in people[10:]:
        world.ask(f"user:{person}", Reason.RECONCILE)
    world.work_off()
    world.okta.activate_app()
    world.happen()
    assert active(world, people) == set(people)
    hold = world.store.hold("app")
    assert hold is not None
    assert hold.staged == 2


def test_an_exception_that_is_taken_back_explains_nothing() -> None:
    """Who was hidden, and kept by a rejection, is held anew once the exception is taken back."""
    world, people = narrowed(12, 10)
    world.reconcile_whole()
    world.decide("app", Verdict.REJECT)
    world.settle()
    for person in people[10:]:
        world.ask(f"user:{person}", Reason.RECONCILE)
    world.settle()
    assert world.store.exceptions("app") == set(people[10:])
    world.store.remove_exceptions("app", people[10:])
    world.ask("app", Reason.HOLD)
    world.settle()
    assert active(world, people) == set(people)
    hold = world.store.hold("app")
    assert hold is not None
    assert (hold.state, hold.staged) == ("open", 2)


def test_a_redrive_ends_a_leaver_whose_end_was_refused() -> None:
    """Genesys Cloud refused the end that an event had explained: the redrive, which has no event, goes on with it."""
    world = World()
    people = world.provisioned(12)
    refusal = world.genesys.faults.add(Fault("PATCH .*/users/", refused(400)))
    world.okta.unassign_user(people[0])
    world.happen()
    assert active(world, people) == set(people)
    assert world.parked(f"user:{people[0]}")
    world.genesys.faults.remove(refusal)
    world.ask(f"user:{people[0]}", Reason.REDRIVE)
    world.settle()
    assert active(world, people) == set(people[1:])


def test_who_left_while_the_bridge_observed_ends_when_it_enforces() -> None:
    """An event explained the end that observe mode kept back: the first comparison that enforces carries it out."""
    world = World({"MODE": "observe"})
    people = world.provisioned(12)
    world.okta.unassign_user(people[0])
    world.happen()
    assert active(world, people) == set(people)
    world.variables["MODE"] = "enforce"
    world.restart()
    world.ask(f"user:{people[0]}", Reason.RECONCILE)
    world.settle()
    assert active(world, people) == set(people[1:])


def test_an_observing_bridge_holds_who_has_vanished_once() -> None:
    """Observe mode says that somebody without an event would be held, and asks no further."""
    world, people = narrowed(12, 11)
    world.variables["MODE"] = "observe"
    world.restart()
    world.ask(f"user:{people[11]}", Reason.RECONCILE)
    world.settle()
    assert world.last(f"user:{people[11]}").why == "unassignment-doubted"
    assert world.last("app").why == "unassignment-unexplained"
    assert not world.store.dues()


@pytest.mark.parametrize("status", ["SUSPENDED", "unclear"])
def test_an_end_that_was_told_when_nobody_read_it_clearly_is_no_less_told(status: str) -> None:
    """The event comes while a suspension is ignored, or while Okta's answer is unclear: it explains the later 404."""
    world = World({"SUSPENDED_USERS": "ignore"})
    people = world.provisioned(12)
    if status == "SUSPENDED":
        world.okta.suspend(people[0])
        world.happen()
    else:
        odd = Response.of_json(200, {"id": people[0], "status": "MATCHED"})
        unclear = world.okta.faults.add(Fault(f"/apps/[^/]+/users/{people[0]}", given(odd)))
    world.okta.unassign_user(people[0])
    world.happen()
    assert active(world, people) == set(people)
    if status == "SUSPENDED":
        world.okta.unsuspend(people[0])
        world.happen()
    else:
        world.okta.faults.remove(unclear)
        world.ask(f"user:{people[0]}", Reason.RECONCILE)
        world.settle()
    assert active(world, people) == set(people[1:])


def test_a_role_that_shows_somebody_again_releases_those_whom_it_hid() -> None:
    """A role that saw nobody had everybody held by one listing: the night after it is mended keeps the leaver alone."""
    world, people = narrowed(12, 0)
    world.okta.unassign_user(people[0])
    world.happen()
    hold = world.store.hold("app")
    assert hold is not None
    assert hold.staged == 12
    world.okta.switches.role_sees = None
    world.reconcile_whole()
    assert active(world, people) == set(people)
    assert world.store.staged("app", hold.number).keys() == {people[0]}


def test_a_role_that_shows_no_user_parks_nobody_and_loses_nothing() -> None:
    """Okta answers 404 on everybody for minutes: a leaver, a change and a newcomer wait, and all are done after it."""
    world = World()
    leaver, changed, *others = people = world.provisioned(6)
    hidden = world.okta.faults.add(Fault(r"GET /api/v1/users/[^/?]+(\?|$)", refused_by_okta(404)))
    world.okta.suspend(leaver)
    world.okta.update_profile(changed, {"title": "Adviser"})
    newcomer = world.person("Ada Brook")
    world.deliver()
    for _ in range(30):
        for queue in Queue:
            world.work(queue)
        world.clock.advance(30)
    assert world.last(f"user:{newcomer}").why == "okta-users-not-visible"
    assert not world.store.parked
    assert active(world, people) == set(people)
    world.okta.faults.remove(hidden)
    world.settle()
    assert active(world, people) == {changed, *others}
    assert world.account(changed)["title"] == "Adviser"
    assert world.account(newcomer)["active"]


def test_one_who_alone_is_not_visible_is_parked_at_once() -> None:
    """Okta shows the others: this user's 404 is their own."""
    world = World()
    hidden, *_ = world.provisioned(6)
    world.okta.faults.add(Fault(rf"GET /api/v1/users/{hidden}(\?|$)", refused_by_okta(404)))
    world.okta.update_profile(hidden, {"title": "Adviser"})
    world.happen()
    assert world.parked(f"user:{hidden}") == ["user-not-visible"]
