"""The ceiling at full size, with exact numbers, through the real handlers; the checker reads each history, too."""

from __future__ import annotations

import pytest

from bridge.items import Reason
from bridge.provisioning.hold_records import HoldState, Verdict
from bridge.provisioning.user_records import Origin
from bridge_local.faults import Fault, lost
from tests.simulation.ceiling_check import Rules
from tests.simulation.scene import Scene

pytestmark = pytest.mark.proof

#: Okta puts no more events into one delivery.
DELIVERY = 1000


def full(members: int, rules: Rules | None = None, **variables: str) -> tuple[Scene, str, str, list[str]]:
    """A scene with one linked group of so many members; Okta id, Genesys Cloud id, users."""
    scene = Scene(rules or Rules(), mend=None, **{"MEMBERS_PER_REQUEST": "1000", **variables})
    users = scene.world.provisioned(members)
    okta_id, genesys_id = scene.linked("Agents", users)
    scene.begin()
    return scene, okta_id, genesys_id, users


def deliver(scene: Scene, *, each: bool = False) -> None:
    """Send what happened: a thousand events a delivery, or each alone, 500 of them every three seconds."""
    events, size = scene.world.events(), 500 if each else DELIVERY
    for at in range(0, len(events), size):
        scene.world.deliver(events[at : at + size], each=each, after=3)


# ----------------------------------------------------------------------------------------------- five thousand


@pytest.mark.parametrize(
    ("each", "per_request"),
    [
        pytest.param(False, 50, id="one change, 50 a request"),
        pytest.param(True, 1000, id="5,000 deliveries, 1000 a request"),
    ],
)
def test_five_thousand_go_once_and_only_when_approved(each: bool, per_request: int) -> None:
    """Nobody before the approval, however it is told; then everybody exactly once, so many in a PATCH."""
    scene, group, genesys_id, users = full(5000, MEMBERS_PER_REQUEST=str(per_request))
    with scene.people():
        for at in range(0, 5000, 500):
            scene.world.okta.remove_members(group, users[at : at + 500])
            scene.world.clock.advance(2 if each else 0)
    deliver(scene, each=each)
    scene.settle()
    assert scene.removing_patches() == []
    assert scene.held(group) == set(users)
    assert len(scene.world.genesys.members(genesys_id)) == 5000
    assert scene.approve(group)
    scene.settle()
    assert scene.world.genesys.members(genesys_id) == set()
    assert scene.removing_patches() == [per_request] * (5000 // per_request)
    assert scene.breaches() == []


def test_the_first_event_of_five_thousand_holds_them_all() -> None:
    """Okta is empty already when it tells of the first: 4,999 events are still on their way, and all are held."""
    scene, group, _, users = full(5000)
    scene.change(group, remove=users)
    events = scene.world.events()
    scene.world.deliver(events[:1])
    scene.settle()
    assert scene.held(group) == set(users)
    hold = scene.world.store.hold(f"group:{group}")
    assert hold is not None
    assert (hold.number, hold.revision, hold.staged, hold.reason) == (1, 1, 5000, "ceiling-count")
    assert scene.breaches() == []


def test_fifteen_hundred_found_by_a_reconcile_are_held() -> None:
    """No event told of 1,500 removals; the reconcile's item finds them, holds them all, and they go by approval."""
    scene, group, genesys_id, users = full(4000)
    with scene.people(), scene.world.okta.quietly():
        scene.world.okta.remove_members(group, users[:1500])
    scene.world.ask(f"group:{group}", Reason.RECONCILE)
    scene.settle()
    assert scene.removing_patches() == []
    assert scene.held(group) == set(users[:1500])
    assert scene.world.last(f"group:{group}").held == 1500
    scene.approve(group)
    scene.settle()
    assert scene.removing_patches() == [1000, 500]
    assert scene.world.members(genesys_id) == set(users[1500:])
    assert scene.breaches() == []


def test_nine_hundred_and_ninety_nine_and_two_over_midnight() -> None:
    """999 go at 23:50; of the next two at 00:10 nobody does, before an approval and after a rejection of it."""
    scene, group, genesys_id, users = full(2500)
    scene.world.clock.time = scene.world.clock.time.replace(hour=23, minute=50)
    scene.change(group, remove=users[:999])
    scene.happen()
    assert scene.removing_patches() == [999]
    scene.world.clock.advance(1200)
    scene.change(group, remove=users[999:1001])
    scene.happen()
    assert scene.held(group) == set(users[999:1001])
    scene.reject(group)
    scene.settle()
    scene.world.clock.advance(48 * 3600)
    scene.world.ask(f"group:{group}", Reason.RECONCILE)
    scene.settle()
    assert scene.removing_patches() == [999]
    assert scene.world.members(genesys_id) == set(users[999:])
    assert scene.breaches() == []


# ------------------------------------------------------------------------------------------------ a hold's life


def test_users_who_are_back_during_a_hold_are_not_released() -> None:
    """Of 300 held, 40 come back unnoticed by the approver, one by one or without any event: the other 260 go."""
    scene, group, genesys_id, users = full(400)
    scene.change(group, remove=users[:300])
    scene.happen()
    sight = scene.read_hold(group)
    assert sight is not None
    assert len(sight.users) == 300
    scene.change(group, add=users[:20])
    scene.happen(each=True)
    with scene.people(), scene.world.okta.quietly():
        scene.world.okta.add_members(group, users[20:40])
    assert scene.decide(sight, Verdict.APPROVE)
    scene.settle()
    assert scene.removing_patches() == [260]
    assert scene.world.members(genesys_id) == {*users[:40], *users[300:]}
    assert scene.breaches() == []


def test_a_late_approval_never_covers_who_came_into_the_hold_later() -> None:
    """Seen with 300, approved when it holds 350, of whom ten had been back in between: 290 go, 60 are held anew."""
    scene, group, genesys_id, users = full(400)
    scene.change(group, remove=users[:300])
    scene.happen()
    sight = scene.read_hold(group)
    scene.change(group, add=users[:10])
    scene.happen()
    scene.change(group, remove=[*users[:10], *users[300:350]])
    scene.happen()
    assert len(scene.held(group)) == 350
    assert sight is not None
    assert scene.decide(sight, Verdict.APPROVE)
    scene.settle()
    assert scene.removing_patches() == [290]
    assert scene.held(group) == {*users[:10], *users[300:350]}
    assert len(scene.world.members(genesys_id)) == 110
    assert scene.breaches() == []


@pytest.mark.parametrize("paused", [False, True])
def test_a_late_rejection_keeps_only_whom_the_person_saw(paused: bool) -> None:
    """300 seen, 350 staged when the rejection is carried out: 300 stay for good, 50 are held anew."""
    scene, group, genesys_id, users = full(400)
    scene.change(group, remove=users[:300])
    scene.happen()
    sight = scene.read_hold(group)
    assert sight is not None
    scene.change(group, remove=users[300:350])
    if paused:
        scene.world.store.pause_removals(paused=True)
        scene.recorder.pause(paused=True)
        assert scene.decide(sight, Verdict.REJECT)
    scene.happen()
    if paused:
        scene.world.store.pause_removals(paused=False)
        scene.recorder.pause(paused=False)
        scene.world.ask(f"group:{group}")
    else:
        assert scene.decide(sight, Verdict.REJECT)
    scene.settle()
    assert scene.world.store.exceptions(f"group:{group}") == set(users[:300])
    assert scene.held(group) == set(users[300:350])
    assert [hold.state for hold in scene.world.store.hold_history(f"group:{group}") if hold.number == 1][
        -1
    ] == "rejected"
    scene.approve(group)
    scene.settle()
    assert scene.world.members(genesys_id) == {*users[:300], *users[350:]}
    assert scene.breaches() == []


def test_an_approval_counts_for_nothing_else() -> None:
    """300 of 400 go by approval; half of the hundred that stay may still go by themselves, and not one more."""
    scene, group, genesys_id, users = full(400)
    scene.change(group, remove=users[:300])
    scene.happen()
    scene.approve(group)
    scene.settle()
    scene.change(group, remove=users[300:350])
    scene.happen()
    assert scene.removing_patches() == [300, 50]
    scene.change(group, remove=users[350:351])
    scene.happen()
    assert scene.held(group) == set(users[350:351])
    assert len(scene.world.members(genesys_id)) == 50
    assert scene.breaches() == []


@pytest.mark.parametrize("after", range(1, 9))
def test_a_release_whose_process_dies_goes_on(after: int) -> None:
    """Wherever the process dies while it removes 30 approved members, each goes once, and nothing is counted."""
    scene, group, genesys_id, users = full(40, MEMBERS_PER_REQUEST="10")
    scene.change(group, remove=users[:30])
    scene.happen()
    scene.approve(group)
    scene.world.fuse.left = after
    scene.settle()
    assert scene.world.fuse.burnt == 1
    assert scene.removing_patches() == [10, 10, 10]
    assert scene.world.members(genesys_id) == set(users[30:])
    assert not scene.world.store.removal_records
    hold = scene.world.store.hold(f"group:{group}")
    assert hold is not None
    assert hold.state is HoldState.DONE
    assert scene.breaches() == []


@pytest.mark.parametrize("inactive", ["keep", "remove"])
def test_a_leaver_whose_answer_was_lost_is_inactive_for_their_groups(inactive: str) -> None:
    """The deactivation was done and its answer lost: with keep they are no removal, with remove they go like others."""
    rules = Rules(keep_inactive=inactive == "keep")
    scene, group, genesys_id, users = full(40, rules)
    scene.world.genesys.faults.add(Fault("PATCH .*users", lost(), count=1))
    with scene.people():
        scene.world.okta.suspend(users[0])
    scene.happen()
    if inactive == "keep":
        scene.change(group, remove=users[:1])
        scene.happen()
    assert scene.world.members(genesys_id) == set(users if inactive == "keep" else users[1:])
    assert scene.held(group) == set()
    assert scene.breaches() == []


# ------------------------------------------------------------------------------------- hand-made and lost groups


def test_forty_handmade_members_whose_users_are_adopted_later() -> None:
    """They are staged as a first link when their users link, and not one of them is removed."""
    scene = Scene(Rules())
    world = scene.world
    users = world.provisioned(60)
    group, genesys_id = scene.linked("Agents", users)
    with world.okta.quietly():
        people = [world.person(f"Hand{number:02} Made", assigned=False) for number in range(40)]
    accounts = [
        world.genesys.add_user({"userName": world.okta.users.current[user].login, "displayName": "Hand Made"})
        for user in people
    ]
    world.genesys.edit_members(genesys_id, add=accounts)
    scene.begin(handmade=accounts)
    world.ask(f"group:{group}")
    scene.settle()
    assert scene.held(group) == set()
    for batch in (people[:25], people[25:]):
        with scene.people():
            for user in batch:
                world.okta.assign_user(user)
        scene.happen()
        world.ask(f"group:{group}", Reason.RECONCILE)
        scene.settle()
    assert {world.store.user_links[user].origin for user in people} == {Origin.ADOPTED}
    assert scene.held(group) == set(people)
    assert scene.world.hold(group)[1] == "first-link"
    assert scene.removing_patches() == []
    assert world.members(genesys_id) == {*users, *people}
    scene.change(group, add=people[:30])
    scene.happen()
    assert scene.held(group) == set(people[30:])
    scene.change(group, remove=people[:1])
    scene.happen()
    scene.approve(group)
    scene.settle()
    assert world.members(genesys_id) == {*users, *people[1:30]}
    assert scene.breaches() == []


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_deleted_group_is_held_whole_and_goes_by_approval_alone(verdict: Verdict) -> None:
    """60 members of a group that Okta no longer has: an approval removes them, a rejection keeps them for good."""
    scene, group, genesys_id, users = full(60)
    with scene.people():
        scene.world.okta.delete_group(group)
    scene.happen()
    assert scene.held(group) == set(users)
    sight = scene.read_hold(group)
    assert sight is not None
    scene.decide(sight, verdict)
    scene.settle()
    for _ in range(2):
        scene.world.ask(f"group:{group}", Reason.RECONCILE)
        scene.settle()
    assert scene.world.members(genesys_id) == (set() if verdict is Verdict.APPROVE else set(users))
    assert scene.breaches() == []


@pytest.mark.parametrize("approved", [False, True])
def test_an_unlinked_group_keeps_its_members_whatever_was_approved(approved: bool) -> None:
    """Taken out of the setting while its hold is open, or between the approval and its sync: nobody leaves."""
    scene, group, genesys_id, users = full(60)
    scene.change(group, remove=users[:50])
    scene.happen()
    if approved:
        scene.approve(group)
    scene.world.variables["LINKED_GROUPS"] = ""
    scene.world.restart()
    scene.recorder.unlink(group)
    scene.world.ask(f"group:{group}")
    scene.settle()
    assert scene.world.members(genesys_id) == set(users)
    assert scene.world.hold(group)[0] == "unlinked"
    assert scene.breaches() == []
