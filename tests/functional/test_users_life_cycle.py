"""Syncs of users whose status changes: who leaves is out at once, who comes back is the same account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bridge.items import Queue, Reason
from bridge.provisioning.user_records import UserState
from bridge_local.faults import Fault, watched
from bridge_local.okta import faults as okta_faults
from bridge_local.okta.system_log import Entity
from tests.world import World


def linked(world: World, name: str = "Ada Brook", **profile: Any) -> str:
    """A user who was created, with the calls of that forgotten."""
    user = world.person(name, **profile)
    world.happen()
    world.genesys.calls.clear()
    return user


def watch_if_match(world: World) -> list[str]:
    """A list that grows by the method of each request to Genesys Cloud that has an If-Match."""
    conditional: list[str] = []
    watching = watched(lambda request: conditional.append(request.method))
    world.genesys.faults.add(Fault("", watching, when=lambda request: "if-match" in request.headers))
    return conditional


@pytest.mark.parametrize(("ends", "why"), [("deactivate", "deprovisioned"), ("suspend", "suspended")])
def test_leaver_is_inactive_after_one_batch_of_the_leavers_queue(ends: str, why: str) -> None:
    """Access ends by one call, from a queue where nobody waits before them; only that PATCH has an If-Match."""
    world = World()
    user = linked(world)
    conditional = watch_if_match(world)
    getattr(world.okta, ends)(user)
    world.deliver()
    world.work(Queue.LEAVERS)
    assert world.account(user)["active"] is False
    assert [call.method for call in world.genesys.calls] == ["PATCH"]
    assert conditional == ["PATCH"]
    assert (world.last(f"user:{user}").outcome, world.last(f"user:{user}").why) == ("deactivated", why)
    world.settle()
    assert len(world.genesys.calls) == 1


def test_attribute_updates_carry_no_if_match() -> None:
    """Only a write of ``active`` must not land late; attributes do not fail for a version."""
    world = World()
    user = linked(world)
    conditional = watch_if_match(world)
    world.okta.update_profile(user, {"title": "Manager"})
    world.happen()
    assert world.calls("PATCH") == 1
    assert not conditional


def test_suspended_users_may_be_left_as_they_are() -> None:
    """SUSPENDED_USERS=ignore: no call, journalled; who is unsuspended later is as active as before."""
    world = World({"SUSPENDED_USERS": "ignore"})
    user = linked(world)
    world.okta.suspend(user)
    world.happen()
    assert world.calls() == 0
    assert world.last(f"user:{user}").why == "suspended-ignored"
    world.okta.unsuspend(user)
    world.happen()
    assert world.calls() == 0
    assert world.account(user)["active"] is True


def test_end_of_an_ignored_suspension_reads_the_assignment_again() -> None:
    """An activation event makes a known assignment unknown: who lost it, and no event tells of it, is a person's."""
    world = World({"SUSPENDED_USERS": "ignore"})
    user = linked(world)
    world.okta.suspend(user)
    with world.okta.quietly():
        world.okta.unassign_user(user)
    world.okta.unsuspend(user)
    world.happen()
    assert "unassignment-unexplained" in [entry.why for entry in world.journal(f"user:{user}")]


def test_assignment_of_who_was_deprovisioned_is_unknown() -> None:
    """Left active by DEACTIVATE_USERS=false and back without an assignment: out as soon as the switch allows."""
    world = World({"DEACTIVATE_USERS": "false"})
    user = linked(world)
    world.okta.deactivate(user)
    world.happen()
    with world.okta.quietly():
        world.okta.activate(user)
    world.variables = {}
    world.restart()
    world.okta.update_profile(user, {"title": "Manager"})
    world.happen()
    assert world.account(user)["active"] is False


@pytest.mark.parametrize("policy", ["deactivate", "ignore"])
def test_user_suspended_before_the_first_sync_is_created_when_that_ends(policy: str) -> None:
    """An assignment outlives a suspension and its end raises no event of its own, so the user is remembered."""
    world = World({"SUSPENDED_USERS": policy})
    user = world.person("Ada Brook")
    world.okta.suspend(user)
    world.happen()
    assert not world.accounts()
    world.okta.unsuspend(user)
    world.happen()
    assert world.account(user)["active"] is True


def test_unsuspended_user_is_the_same_account_again() -> None:
    """Back from a suspension: activated by one PATCH, not recreated, and what changed meanwhile comes along."""
    world = World()
    user = linked(world)
    before = world.account(user)["id"]
    world.okta.suspend(user)
    world.happen()
    world.okta.update_profile(user, {"title": "Manager"})
    world.genesys.calls.clear()
    world.okta.unsuspend(user)
    world.happen()
    account = world.account(user)
    assert (account["id"], account["active"], account["title"]) == (before, True, "Manager")
    assert [call.method for call in world.genesys.calls] == ["GET", "PATCH"]
    assert world.last(f"user:{user}").outcome == "activated"


def test_reactivated_and_reassigned_user_is_the_same_account_again() -> None:
    """DEPROVISIONED loses the assignment in Okta; activated and assigned anew, the old account lives again."""
    world = World()
    user = linked(world)
    before = world.account(user)["id"]
    world.okta.deactivate(user)
    world.happen()
    assert world.account(user)["active"] is False
    world.okta.activate(user)
    world.okta.assign_user(user)
    world.happen()
    assert (world.account(user)["id"], world.account(user)["active"]) == (before, True)


@pytest.mark.parametrize("status", ["PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT"])
def test_every_usable_status_is_active(status: str) -> None:
    """These Okta statuses mean a user of Genesys Cloud like any other."""
    world = World()
    user = world.okta.create_user({"login": "ada@example.com", "firstName": "Ada", "lastName": "Brook"}, status=status)
    world.okta.assign_user(user)
    world.happen()
    assert world.account(user)["active"] is True


def test_status_that_nobody_knows_changes_nothing() -> None:
    """A status Okta may invent one day: no change, and a person sees it."""
    world = World()
    user = linked(world)
    table = world.okta.users
    table.put(user, replace(table.current[user], status="HIBERNATING"))
    world.ask(f"user:{user}", Reason.FOLLOW_UP)
    world.settle()
    assert world.calls() == 0
    assert world.last(f"user:{user}").why == "status-not-known"
    assert world.parked(f"user:{user}") == ["status-not-known"]


def test_a_leaver_with_a_status_that_nobody_knows_is_parked() -> None:
    """The event says that access ends, and the answer cannot be read as that: a person sees it, and it mends itself."""
    world = World()
    user = linked(world)
    world.okta.faults.add(Fault(r"/users/[^/?]+$", okta_faults.unknown_status()))
    world.okta.deactivate(user)
    world.happen()
    assert world.account(user)["active"] is True
    for _ in range(2):
        assert world.parked(f"user:{user}") == ["status-not-known"]
        world.ask(f"user:{user}")
        world.settle()
    world.okta.faults.clear()
    world.ask(f"user:{user}")
    world.settle()
    assert world.account(user)["active"] is False
    assert world.parked(f"user:{user}") == []


def test_staged_user_is_remembered_and_created_on_activation() -> None:
    """STAGED and assigned: no change but a record, so that the activation, which names no application, is read."""
    world = World()
    user = world.okta.create_user({"login": "ada@example.com", "firstName": "Ada", "lastName": "B"}, activate=False)
    world.okta.assign_user(user)
    world.happen()
    assert not world.accounts()
    assert world.store.user_links[user].state is UserState.STAGED
    world.okta.activate(user)
    world.happen()
    assert world.account(user)["active"] is True


def test_staged_user_who_is_unassigned_is_forgotten() -> None:
    """Nothing is created later for who was only staged and lost the assignment."""
    world = World()
    user = world.okta.create_user({"login": "ada@example.com", "firstName": "Ada", "lastName": "B"}, activate=False)
    world.okta.assign_user(user)
    world.happen()
    world.okta.unassign_user(user)
    world.happen()
    asked = world.watch_okta()
    world.okta.activate(user)
    world.happen()
    assert not asked
    assert not world.accounts()


@pytest.mark.parametrize("status", ["PENDING", "MATCHED", "IMPORTED", "STAGED"])
@pytest.mark.parametrize("known", [True, False])
def test_unclear_assignment_changes_nothing(status: str, known: bool) -> None:
    """An AppUser that is neither clearly yes nor no: no change, journalled; clear, they are as they should be."""
    world = World()
    user = linked(world) if known else world.person("Ada Brook")
    world.okta.update_app_user(user, status=status, profile={"extra": "x"})
    world.happen()
    assert world.calls() == 0
    assert world.last(f"user:{user}").why == "assignment-unclear"
    world.okta.update_app_user(user, status="ACTIVE")
    world.okta.update_profile(user, {"title": "Manager"})
    world.happen()
    assert (world.account(user)["active"], world.account(user)["title"]) == (True, "Manager")


def test_strangers_cost_no_okta_call() -> None:
    """Anyone who was never assigned changes, leaves and comes back without a single read, and without an entry."""
    world = World()
    user = world.person("Ada Brook", assigned=False)
    asked = world.watch_okta()
    world.okta.update_profile(user, {"title": "Manager"})
    world.okta.suspend(user)
    world.okta.unsuspend(user)
    world.okta.deactivate(user)
    world.okta.delete(user)
    world.happen()
    assert not asked
    assert world.journal(f"user:{user}") == []


def test_never_linked_user_who_leaves_is_forgotten() -> None:
    """Assigned and deactivated before the first sync: nothing is created and no later event is read."""
    world = World()
    user = world.person("Ada Brook")
    world.okta.deactivate(user)
    world.happen()
    asked = world.watch_okta()
    world.okta.activate(user)
    world.happen()
    assert not asked
    assert not world.accounts()


@pytest.mark.parametrize("delay", [True, False])
def test_deleted_user_is_inactive_and_never_deleted(delay: bool) -> None:
    """Okta's 404 with a delete or deactivate event, at once or after a sync that saw DEPROVISIONED."""
    world = World()
    user = linked(world)
    world.okta.deactivate(user)
    if delay:
        world.happen()
    world.okta.delete(user)
    world.happen()
    assert world.account(user)["active"] is False
    assert world.store.user_links[user].status == "DELETED"
    assert world.calls("DELETE") == 0


def test_user_who_is_not_visible_is_no_deleted_user() -> None:
    """A 404 without any sign of a deletion deactivates nobody: parked, and closed when the user is there again."""
    world = World()
    user = linked(world)
    with world.okta.quietly():
        world.okta.deactivate(user)
        world.okta.delete(user)
    world.ask(f"user:{user}")
    world.settle()
    assert world.parked(f"user:{user}") == ["user-not-visible"]
    assert world.account(user)["active"] is True


@pytest.mark.parametrize("sign", ["deactivate", "unassign_user"])
def test_user_who_was_last_seen_leaving_is_believed_to_be_deleted(sign: str) -> None:
    """A 404 without an event counts for who was DEPROVISIONED or not assigned when last seen."""
    world = World({"DEACTIVATE_USERS": "false"})
    user = linked(world)
    getattr(world.okta, sign)(user)
    world.happen()
    with world.okta.quietly():
        if sign == "unassign_user":
            world.okta.deactivate(user)
        world.okta.delete(user)
    world.variables = {}
    world.restart()
    world.ask(f"user:{user}")
    world.settle()
    assert not world.store.parked
    assert world.account(user)["active"] is False


def test_who_was_seen_deprovisioned_waits_for_nothing_when_they_are_deleted() -> None:
    """The sync that saw it did not come to its end: no ceiling, no hold and no pause stands before the deactivation."""
    world = World({"DEACTIVATE_USERS": "false"})
    user = linked(world)
    world.okta.deactivate(user)
    world.happen()
    with world.okta.quietly():
        world.okta.delete(user)
    world.variables = {}
    world.restart()
    world.store.pause_removals(paused=True)
    world.ask(f"user:{user}")
    world.settle()
    assert world.account(user)["active"] is False
    assert world.store.hold("app") is None


def test_unassigned_while_the_application_was_off_is_no_sign_of_a_deletion() -> None:
    """A 404 on a user who only seemed unassigned, for the application was off: parked, and nobody deactivated."""
    world = World()
    user = linked(world)
    world.okta.deactivate_app()
    world.okta.unassign_user(user)
    world.happen()
    assert world.store.user_links[user].unassigned_due == "app-not-active"
    world.okta.faults.add(Fault(f"GET /api/v1/users/{user}", okta_faults.refused(404), count=1))
    world.ask(f"user:{user}")
    world.settle()
    assert world.parked(f"user:{user}") == ["user-not-visible"]
    assert world.account(user)["active"] is True


def test_an_old_deactivation_is_no_sign_of_a_deletion() -> None:
    """They were seen active again since that event: a 404 in the sync that it brings late deactivates nobody."""
    world = World()
    user = linked(world)
    world.okta.deactivate(user)
    late = [event for event in world.events() if event["eventType"] == "user.lifecycle.deactivate"]
    world.okta.activate(user)
    world.okta.assign_user(user)
    world.happen()
    assert world.account(user)["active"] is True
    world.okta.faults.add(Fault(f"GET /api/v1/users/{user}", okta_faults.refused(404), count=1))
    world.deliver(late)
    world.ask(f"user:{user}")  # or the event's own sync would end by what the record has seen
    world.settle()
    assert world.parked(f"user:{user}") == ["user-not-visible"]
    assert world.account(user)["active"] is True


def test_who_is_still_assigned_is_not_deleted() -> None:
    """Back, but no sync has recorded it: with the sign of their deactivation the 404 is still no deletion."""
    world = World()
    user = linked(world)
    world.okta.deactivate(user)
    world.okta.activate(user)
    world.okta.assign_user(user)
    world.okta.faults.add(Fault(f"GET /api/v1/users/{user}", okta_faults.refused(404), count=1))
    world.happen()
    assert world.parked(f"user:{user}") == ["user-not-visible"]
    assert world.account(user)["active"] is True


def test_a_deletion_that_the_assignments_do_not_show_yet_waits_for_them() -> None:
    """The user is gone while the reading of their assignment still lags: the item comes back, and they are out."""
    world = World()
    user = linked(world)
    world.clock.advance(60)
    world.okta.switches.read_lag = 4.0
    world.okta.deactivate(user)
    world.okta.delete(user)
    world.okta.faults.add(Fault(f"GET /api/v1/users/{user}", okta_faults.refused(404), count=1))
    world.deliver(after=1.0)
    world.work(Queue.LEAVERS)
    assert world.account(user)["active"] is True
    assert not world.store.parked
    world.settle()
    assert world.account(user)["active"] is False


def test_404_on_somebody_unknown_is_nothing() -> None:
    """An item for a user who never was linked and is not there ends without a trace in Genesys Cloud."""
    world = World()
    world.ask("user:00uNobodyAtAll0005d7")
    world.settle()
    assert world.last("user:00uNobodyAtAll0005d7").why == "no-such-user"
    assert world.calls() == 0


def test_not_assigned_user_who_was_wanted_and_is_deleted_is_forgotten() -> None:
    """CREATE_USERS=false leaves a wanted user; deleted in Okta, nothing is left to want."""
    world = World({"CREATE_USERS": "false"})
    user = world.person("Ada Brook")
    world.happen()
    assert world.store.user_links[user].state is UserState.WANTED
    with world.okta.quietly():
        world.okta.deactivate(user)
        world.okta.delete(user)
    world.okta.record("user.lifecycle.delete.initiated", [Entity("User", user)])
    world.happen()
    assert world.store.user_links[user].state is UserState.NONE


def test_who_leaves_before_their_account_is_made_by_a_late_read_has_none_that_is_active(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The leaver's item finds no link; a read that trails the end still makes the account: the item comes once more."""
    world = World()
    world.okta.switches.read_lag = 4.0
    user = world.person("Gus Test")
    hired = world.events()
    world.clock.advance(60)
    world.okta.suspend(user)
    world.deliver(after=0.5)
    world.work(Queue.LEAVERS)
    world.deliver(hired, after=0.5)
    world.work(Queue.USERS)
    assert world.account(user)["active"] is True
    world.settle()
    assert world.account(user)["active"] is False
    assert "UnexpectedErrors" not in capsys.readouterr().out
