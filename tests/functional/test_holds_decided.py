"""Holds that a person decides about, through the real handlers: released, kept, and told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.items import Queue, Reason
from bridge.provisioning.hold_records import Hold, HoldState, Verdict
from bridge_local.faults import Fault, lost
from bridge_local.genesys import faults as genesys_faults
from bridge_local.okta import faults as okta_faults
from tests.world import World

ANNA = "arn:aws:sts::123456789012:assumed-role/approvers/anna"


def held_group(members: int, leaving: int, **variables: str) -> tuple[World, str, str, list[str]]:
    """A linked group most of which has left Okta's, and whose removals are held; ids and the original members."""
    world = World(variables)
    users = world.provisioned(members)
    okta_id, genesys_id = world.linked_group("Agents", users)
    world.okta.remove_members(okta_id, users[:leaving])
    world.happen()
    assert world.hold(okta_id)[0] == "open"
    return world, okta_id, genesys_id, users


def newest(world: World, okta_group: str) -> Hold:
    """The group's newest hold."""
    hold = world.store.hold(f"group:{okta_group}")
    assert hold is not None
    return hold


def test_approval_releases_exactly_whom_the_approver_saw() -> None:
    """Removed once, not counted, the hold done and told; a second sync removes nobody."""
    world, okta_id, genesys_id, users = held_group(40, 30)
    world.decide(f"group:{okta_id}", Verdict.APPROVE, by=ANNA, why="CHG-17")
    world.settle()
    assert world.members(genesys_id) == set(users[30:])
    hold = newest(world, okta_id)
    assert (hold.state, hold.decided, hold.by, hold.why) == (HoldState.DONE, 1, ANNA, "CHG-17")
    assert not world.store.removal_records
    entry = world.last(f"group:{okta_id}")
    assert (entry.outcome, entry.why, entry.removed) == ("members-changed", "approved", 30)
    assert [what for what, _ in world.people_told.messages] == ["opened", "closed"]
    calls = world.calls("PATCH", "/groups/")
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.calls("PATCH", "/groups/") == calls


def test_who_is_back_before_the_release_stays() -> None:
    """Both sides are read again: an approval removes nobody who is desired by now."""
    world, okta_id, genesys_id, users = held_group(40, 30)
    world.okta.add_members(okta_id, users[:5])
    world.decide(f"group:{okta_id}", Verdict.APPROVE)
    world.settle()
    assert world.members(genesys_id) == {*users[:5], *users[30:]}


def test_who_joins_after_the_approver_read_the_hold_is_held_again() -> None:
    """Users staged in a later revision open the next hold, although by themselves they are within the ceiling."""
    world, okta_id, genesys_id, users = held_group(40, 30)
    seen = newest(world, okta_id).revision
    world.okta.remove_members(okta_id, users[30:32])
    world.happen()
    assert newest(world, okta_id).revision == seen + 1
    world.decide(f"group:{okta_id}", Verdict.APPROVE, revision=seen)
    world.settle()
    assert world.members(genesys_id) == set(users[30:])
    hold = newest(world, okta_id)
    assert (hold.number, hold.state, world.hold(okta_id)[2]) == (2, HoldState.OPEN, set(users[30:32]))
    first = [header for header in world.store.hold_history(hold.entity) if header.number == 1]
    assert first[-1].state is HoldState.DONE


def test_approved_members_do_not_count_as_those_who_remain() -> None:
    """Four of five are released; the fifth alone would empty the group, so they are held."""
    world, okta_id, genesys_id, users = held_group(5, 5)
    world.okta.add_members(okta_id, users[:1])
    world.happen()
    world.okta.remove_members(okta_id, users[:1])
    world.deliver()
    world.decide(f"group:{okta_id}", Verdict.APPROVE)
    world.settle()
    assert world.members(genesys_id) == set(users[:1])
    assert world.hold(okta_id) == ("open", "ceiling-empty", set(users[:1]))


def test_rejected_members_stay_until_they_are_members_again() -> None:
    """Exceptions outlive every sync; who comes back into the Okta group and leaves again is judged anew."""
    world, okta_id, genesys_id, users = held_group(40, 30)
    world.decide(f"group:{okta_id}", Verdict.REJECT, by=ANNA)
    world.settle()
    assert (newest(world, okta_id).state, newest(world, okta_id).by) == (HoldState.REJECTED, ANNA)
    for _ in range(2):
        world.ask(f"group:{okta_id}", Reason.RECONCILE)
        world.settle()
    assert world.members(genesys_id) == set(users)
    assert world.store.exceptions(f"group:{okta_id}") == set(users[:30])
    world.okta.add_members(okta_id, users[:1])
    world.happen()
    world.okta.remove_members(okta_id, users[:1])
    world.happen()
    assert world.members(genesys_id) == set(users[1:])
    assert [what for what, _ in world.people_told.messages] == ["opened", "closed"]


def test_an_exception_ends_with_the_membership() -> None:
    """Somebody removes an excepted member by hand: nothing keeps them out or in any more."""
    world, okta_id, genesys_id, users = held_group(40, 30)
    world.decide(f"group:{okta_id}", Verdict.REJECT)
    world.settle()
    world.genesys.edit_members(genesys_id, remove=world.genesys_ids(users[:1]))
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.store.exceptions(f"group:{okta_id}") == set(users[1:30])


def test_a_release_that_stops_half_way_goes_on() -> None:
    """The first of three calls is done but its answer lost: nobody twice, nobody forgotten, and nothing counted."""
    world, okta_id, genesys_id, users = held_group(40, 30, MEMBERS_PER_REQUEST="10")
    world.genesys.faults.add(Fault("PATCH", lost(), count=1))
    world.decide(f"group:{okta_id}", Verdict.APPROVE)
    world.settle()
    assert world.members(genesys_id) == set(users[30:])
    assert newest(world, okta_id).state is HoldState.DONE
    assert not world.store.removal_records


def test_an_approval_is_used_up_by_who_comes_back() -> None:
    """Released, a member again before the hold was done, and gone again: that second removal counts as any other."""
    world, okta_id, genesys_id, users = held_group(40, 30)
    world.decide(f"group:{okta_id}", Verdict.APPROVE)
    world.genesys.faults.add(Fault("PATCH", genesys_faults.refused(503)))
    world.clock.advance(8)
    world.work(Queue.GROUPS)
    assert newest(world, okta_id).state is HoldState.APPROVED
    world.genesys.faults.clear()
    world.genesys.edit_members(genesys_id, remove=world.genesys_ids(users[:1]))  # as if their call had been done
    world.store.pause_removals(paused=True)  # the hold stays as it is
    world.okta.add_members(okta_id, users[:1])
    world.happen()
    assert world.members(genesys_id) == set(users)
    world.okta.remove_members(okta_id, users[:1])
    world.store.pause_removals(paused=False)
    world.happen()
    assert world.members(genesys_id) == set(users[30:])
    assert newest(world, okta_id).state is HoldState.DONE
    assert set(world.store.removal_records) == {(f"group:{okta_id}", users[0])}


def test_an_approval_is_void_on_a_reading_that_is_hard_to_believe() -> None:
    """Approved for the ceiling, then the listing comes back empty without a reason: that needs its own approval.

    And that approval takes nobody out who is a member by their own reading.
    """
    world, okta_id, genesys_id, users = held_group(40, 30)
    world.okta.faults.add(Fault(f"groups/{okta_id}/users", okta_faults.empty_listing()))
    world.clock.advance(3600)
    world.decide(f"group:{okta_id}", Verdict.APPROVE)
    world.settle()
    assert world.members(genesys_id) == set(users)
    hold = newest(world, okta_id)
    assert (hold.number, hold.state, hold.reason) == (2, HoldState.OPEN, "suspicious-empty")
    world.decide(f"group:{okta_id}", Verdict.APPROVE)
    world.settle()
    assert world.members(genesys_id) == set(users)
    hold = newest(world, okta_id)
    assert (hold.number, hold.state, hold.reason) == (3, HoldState.OPEN, "suspicious-empty")
    with world.okta.quietly():
        world.okta.remove_members(okta_id, users[30:])
    world.decide(f"group:{okta_id}", Verdict.APPROVE)
    world.settle()
    assert world.members(genesys_id) == set()


def test_a_deleted_group_is_emptied_by_approval_alone() -> None:
    """The approval of a deleted group accepts that very answer."""
    world = World()
    users = world.provisioned(8)
    okta_id, genesys_id = world.linked_group("Agents", users)
    world.okta.delete_group(okta_id)
    world.happen()
    assert world.hold(okta_id)[:2] == ("open", "group-deleted")
    assert world.members(genesys_id) == set(users)
    world.decide(f"group:{okta_id}", Verdict.APPROVE)
    world.settle()
    assert world.members(genesys_id) == set()
    assert newest(world, okta_id).state is HoldState.DONE


def test_paused_removals_hold_what_the_ceiling_would_allow() -> None:
    """One member of forty waits while removals are paused, additions go on, and an approval waits for the end."""
    world = World()
    users = world.provisioned(41)
    okta_id, genesys_id = world.linked_group("Agents", users[:40])
    world.store.pause_removals(paused=True)
    world.okta.remove_members(okta_id, users[:1])
    world.okta.add_members(okta_id, users[40:])
    world.happen()
    assert world.members(genesys_id) == set(users)
    assert world.hold(okta_id) == ("open", "removals-paused", set(users[:1]))
    world.decide(f"group:{okta_id}", Verdict.APPROVE)
    world.settle()
    assert world.members(genesys_id) == set(users)
    world.store.pause_removals(paused=False)
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.members(genesys_id) == set(users[1:])


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_decision_about_a_hold_that_has_ended_changes_nothing(verdict: Verdict) -> None:
    """Everybody was back before the decision was carried out: resolved is resolved."""
    world, okta_id, genesys_id, users = held_group(40, 30)
    world.okta.add_members(okta_id, users[:30])
    world.happen()
    world.decide(f"group:{okta_id}", verdict)
    world.settle()
    assert newest(world, okta_id).state is HoldState.RESOLVED
    assert world.members(genesys_id) == set(users)
    assert not world.store.exceptions(f"group:{okta_id}")


def test_what_could_not_be_told_is_told_later(capsys: pytest.CaptureFixture[str]) -> None:
    """The topic refuses: the hold stands, the failure is counted, and the next sync tells it once."""
    world = World()
    users = world.provisioned(10)
    okta_id, _ = world.linked_group("Agents", users)
    world.people_told.deaf = True
    world.okta.remove_members(okta_id, users)
    world.happen()
    assert world.hold(okta_id)[0] == "open"
    assert '"NotificationsFailed":[1.0]' in capsys.readouterr().out
    world.people_told.deaf = False
    for _ in range(2):
        world.ask(f"group:{okta_id}")
        world.settle()
    assert [what for what, _ in world.people_told.messages] == ["opened"]


def test_who_joins_after_the_rejecter_read_the_hold_is_no_exception() -> None:
    """Nobody decided about them: they are held again, although by themselves they are within the ceiling."""
    world, okta_id, genesys_id, users = held_group(40, 30)
    seen = newest(world, okta_id).revision
    world.okta.remove_members(okta_id, users[30:32])
    world.happen()
    world.decide(f"group:{okta_id}", Verdict.REJECT, revision=seen)
    world.settle()
    assert world.store.exceptions(f"group:{okta_id}") == set(users[:30])
    hold = newest(world, okta_id)
    assert (hold.number, hold.state, world.hold(okta_id)[2]) == (2, HoldState.OPEN, set(users[30:32]))
    assert world.members(genesys_id) == set(users)


def test_a_sync_that_was_overtaken_writes_no_state_over_a_newer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the reading of a hold and its writing another sync ends it: the hold stays ended, and is judged anew."""
    world, okta_id, genesys_id, users = held_group(30, 20)
    first = newest(world, okta_id)
    replace_hold = world.store.replace_hold

    def overtaken(before: Hold | None, hold: Hold) -> None:
        monkeypatch.setattr(world.store, "replace_hold", replace_hold)
        world.store.save_hold(replace(first, state=HoldState.DONE, changed=world.clock.now()))
        world.store.replace_hold(before, hold)

    monkeypatch.setattr(world.store, "replace_hold", overtaken)
    world.okta.remove_members(okta_id, users[20:22])
    world.happen()
    hold = newest(world, okta_id)
    assert (hold.number, hold.state, hold.staged) == (2, HoldState.OPEN, 22)
    history = world.store.hold_history(hold.entity)
    assert [old.state for old in history if old.number == 1][-1] is HoldState.DONE
    assert world.members(genesys_id) == set(users)
