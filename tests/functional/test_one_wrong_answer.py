"""One bad answer, or one bad moment: a lost role, a list that is empty once, a queue that refuses, two at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import Transient
from bridge.items import Item, Queue, Reason
from bridge.provisioning.hold_records import Decision, Verdict
from bridge.reconcile.restored import end_restore
from bridge_local.faults import Effect, Fault, changed
from bridge_local.okta import faults as okta_faults
from tests.functional.test_groups_evidence import company
from tests.functional.test_users_gone import hired
from tests.world import APP_ID, World

WINDOW = timedelta(hours=24)


@pytest.mark.parametrize("path", [f"/apps/{APP_ID}", f"/apps/{APP_ID}/users/"])
@pytest.mark.parametrize("one_left", [True, False])
def test_a_role_that_is_lost_a_moment_after_somebody_was_seen_ends_nobodys_access(path: str, one_left: bool) -> None:
    """What was read of others before an answer that somebody is not assigned says nothing of that answer."""
    world = World()
    people = world.provisioned(40)
    world.ask(f"user:{people[0]}")
    if one_left:
        world.okta.unassign_user(people[1])
        world.ask(f"user:{people[1]}")
    world.settle()
    world.clock.advance(5)
    world.okta.faults.add(Fault(path, okta_faults.refused(404)))
    for each in people[2:]:
        world.ask(f"user:{each}", Reason.RECONCILE)
    for _ in range(10):
        for queue in Queue:
            world.work(queue)
    assert all(world.account(each)["active"] for each in people[2:])


def test_an_answer_that_says_two_things_of_somebody_ends_nobodys_access() -> None:
    """ACTIVE and DEPROVISIONED under one key: which of the two counts is not for the bridge to choose."""
    world = World()
    person = world.provisioned(1)[0]
    twice = changed(lambda answer: replace(answer, body=answer.body[:-1] + b',"status":"DEPROVISIONED"}'))
    fault = world.okta.faults.add(Fault(f"/users/{person}$", twice))
    world.ask(f"user:{person}")
    world.pass_time(hours=1 / 60)
    assert (world.account(person)["active"], world.last(f"user:{person}").why) == (True, "okta-not-json")
    world.okta.faults.remove(fault)
    world.happen()
    assert (world.account(person)["active"], world.last(f"user:{person}").why) == (True, "")


@pytest.mark.parametrize("effect", [okta_faults.refused(404), okta_faults.empty_listing()], ids=["404", "empty"])
def test_who_comes_is_a_member_although_their_own_groups_were_not_shown_once(effect: Effect) -> None:
    """In the group before the account is there: nobody but their own sync brings the group."""
    world = World()
    okta_id, genesys_id = world.linked_group("Agents", world.provisioned(10))
    late = world.person("Late Comer", assigned=False)
    world.okta.add_members(okta_id, [late])
    world.happen()
    world.okta.assign_user(late)
    world.okta.faults.add(Fault(f"/users/{late}/groups", effect, count=1))
    world.happen()
    world.pass_time(2)
    assert late in world.members(genesys_id)


@pytest.mark.parametrize("effect", [okta_faults.refused(404), okta_faults.empty_listing()], ids=["404", "empty"])
def test_who_is_back_is_a_member_again_although_their_own_groups_were_not_shown_once(effect: Effect) -> None:
    """As before, of somebody who was suspended where inactive people are no members."""
    world = World({"INACTIVE_MEMBERS": "remove"})
    people = world.provisioned(10)
    _, genesys_id = world.linked_group("Agents", people)
    world.okta.suspend(people[0])
    world.happen()
    world.okta.unsuspend(people[0])
    world.okta.faults.add(Fault(f"/users/{people[0]}/groups", effect, count=1))
    world.happen()
    world.pass_time(2)
    assert people[0] in world.members(genesys_id)


def test_one_404_on_the_own_groups_of_who_left_loses_no_removal() -> None:
    """They are asked once more a minute later, and not in the night."""
    world, people, okta_id, genesys_id = company(6)
    world.okta.remove_members(okta_id, people[:1])
    world.okta.faults.add(Fault(f"/users/{people[0]}/groups", okta_faults.refused(404), count=1))
    world.happen()
    assert people[0] not in world.members(genesys_id)


def test_a_404_on_whom_an_account_names_is_no_proof_that_they_left() -> None:
    """The application still has them: the account stays, and a person decides whose it is."""
    world = World()
    user, account = hired(world)
    other = world.okta.create_user({"login": "ben@example.com", "firstName": "Ben", "lastName": "Brook"})
    world.happen()
    world.genesys.edit_user(account, {"externalId": other})
    world.okta.assign_user(other)
    world.events()
    world.okta.faults.add(Fault(f"/users/{other}", okta_faults.refused(404), count=1))
    world.okta.suspend(user)
    world.deliver()
    world.work(Queue.LEAVERS)
    assert (world.genesys.user(account) or {})["active"] is True


def held_by_a_restore() -> tuple[World, list[str], str, str]:
    """A company whose two leavers a restore has held, for longer than a ceiling's window."""
    world, people, okta_id, genesys_id = company(10)
    world.store.note_restored(world.clock.now())
    world.store.set_bootstrapped()
    world.clock.advance(30)
    world.okta.remove_members(okta_id, people[:2])
    world.happen()
    assert world.hold(okta_id)[:2] == ("open", "removals-paused")
    world.clock.advance(25 * 3600)
    return world, people, okta_id, genesys_id


def test_a_queue_that_refuses_at_the_end_of_a_restore_loses_no_removal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The holds are closed by then, and no other tick comes back to them."""
    world, people, _, genesys_id = held_by_a_restore()

    def refuse(_items: Sequence[Item]) -> None:
        raise Transient("queue-refused", upstream="sqs")

    with monkeypatch.context() as refusing:
        refusing.setattr(world.queues, "send", refuse)
        with pytest.raises(Transient):
            end_restore(world.store, world.queues, world.clock, WINDOW)
    end_restore(world.store, world.queues, world.clock, WINDOW)
    world.pass_time(0.1)
    assert not world.members(genesys_id) & set(people[:2])


def test_a_rejection_at_the_very_end_of_a_restore_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person rejects while the hold is being closed: the hold is open again, and who is in it stays."""
    world, people, _, genesys_id = held_by_a_restore()
    read, times = world.store.decision, []

    def decision(entity: str, number: int) -> Decision | None:
        times.append(entity)
        if len(times) == 2:
            hold = world.store.hold(entity)
            assert hold is not None
            now = world.clock.now()
            world.store.decide(Decision(entity, number, hold.revision, Verdict.REJECT, "arn:x", "OPS-7", now))
        return read(entity, number)

    monkeypatch.setattr(world.store, "decision", decision)
    end_restore(world.store, world.queues, world.clock, WINDOW)
    world.settle()
    assert world.members(genesys_id) >= set(people[:2])
