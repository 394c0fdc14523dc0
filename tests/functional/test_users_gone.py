"""Accounts that are gone, or only out of sight: a 404 alone ends nothing, and nobody stays active behind a record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bridge.errors import Transient
from bridge.items import Queue, Reason
from bridge.provisioning.records import ParkedItem
from bridge.provisioning.user_records import UserState
from bridge_local.exchange import Request
from bridge_local.faults import Fault, kept
from bridge_local.genesys.errors import platform_error
from bridge_local.genesys.faults import pretended, unapplied, version_conflict
from bridge_local.genesys.switches import GenesysSwitches
from tests.world import World

ENDS = ["suspend", "unassign_user", "deactivate"]


def not_found() -> Any:
    """A 404 as Genesys Cloud answers one, with its own error."""
    return lambda _request, _serve: platform_error(404).response("00000000-0000-4000-8000-000000000000")


def hired(world: World) -> tuple[str, str]:
    """Somebody who has an account, in a company of more, whose listings are plausible without them: both ids."""
    world.provisioned(10)
    user = world.person("Ada Brook")
    world.happen()
    return user, world.account(user)["id"]


def throttled(_parked: ParkedItem) -> None:
    """What the table answers for a while."""
    raise Transient("store-throttling", upstream="store")


def night(world: World) -> None:
    """A day passes, and a whole reconcile runs."""
    world.clock.advance(86_400)
    world.reconcile_whole()


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("count", [1, 2])
def test_one_404_hides_no_leavers_account(ends: str, count: int) -> None:
    """A second read, or a search by externalId, finds the account: it is ended, and nothing is parked."""
    world = World()
    user, account = hired(world)
    world.genesys.faults.add(Fault(f"GET .*/users/{account}", not_found(), count=count))
    getattr(world.okta, ends)(user)
    world.happen()
    assert world.account(user)["active"] is False
    assert world.store.user_links[user].genesys_id == account
    assert not world.store.parked


def test_one_404_recreates_nobody() -> None:
    """Who is wanted active and answers 404 once keeps the account, its values and its roles."""
    world = World()
    user, account = hired(world)
    world.genesys.faults.add(Fault(f"GET .*/users/{account}", not_found(), count=1))
    world.ask(f"user:{user}", Reason.RECONCILE)
    world.settle()
    assert world.last(f"user:{user}").outcome == "unchanged"
    assert world.calls("POST") == 1


@pytest.mark.parametrize("ends", ENDS)
def test_leaver_out_of_sight_is_parked_once_until_the_account_is_seen(ends: str) -> None:
    """Division access hides the account: parked by name, not closed by later syncs; seen again, access ends."""
    world = World()
    user, account = hired(world)
    world.genesys.hide_user(account)
    getattr(world.okta, ends)(user)
    world.happen()
    assert world.parked(f"user:{user}") == ["account-not-visible"]
    assert [parked.detail for parked in world.store.parked.values()] == [account]
    for reason in (Reason.OPERATOR, Reason.RECONCILE, Reason.FOLLOW_UP):
        world.ask(f"user:{user}", reason)
        world.settle()
    night(world)
    assert world.parked(f"user:{user}") == ["account-not-visible"]
    world.genesys.show_user(account)
    night(world)
    assert world.account(user)["active"] is False
    assert not world.store.parked


@pytest.mark.parametrize("ends", ENDS)
def test_leaver_out_of_sight_is_parked_though_the_record_of_it_failed(
    ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store throttles just when the leaver is parked: their event does not pass for seen, and comes once more."""
    world = World()
    user, account = hired(world)
    world.genesys.hide_user(account)
    getattr(world.okta, ends)(user)
    with monkeypatch.context() as patch:
        patch.setattr(world.store, "park", throttled)
        world.deliver()
        for queue in Queue:
            world.work(queue)
    assert world.parked(f"user:{user}") == []
    world.settle()
    assert world.parked(f"user:{user}") == ["account-not-visible"]


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("external_id", [True, False])
def test_account_that_is_restored_after_its_person_left_is_ended(ends: str, external_id: bool) -> None:
    """Deleted by hand, the person leaves, the account is restored active: the reconcile sees it, the sync ends it."""
    world = World()
    user, account = hired(world)
    if not external_id:
        world.genesys.edit_user(account, {"externalId": ""})
    world.genesys.delete_user(account)
    getattr(world.okta, ends)(user)
    world.happen()
    assert world.parked(f"user:{user}") == ["account-not-visible"]
    assert world.store.user_links[user].state is UserState.GONE
    world.genesys.restore_user(account)
    night(world)
    assert (world.genesys.user(account) or {})["active"] is False
    assert not world.store.parked


def test_leaver_whose_account_was_inactive_when_last_seen_is_no_case_for_a_person() -> None:
    """Ended long ago and deleted by hand since: gone, and nobody is asked; restored, the account is ended again."""
    world = World()
    user, account = hired(world)
    world.okta.deactivate(user)
    world.happen()
    world.genesys.delete_user(account)
    night(world)
    assert world.store.user_links[user].state is UserState.GONE
    assert not world.store.parked
    world.genesys.restore_user(account)
    night(world)
    assert (world.genesys.user(account) or {})["active"] is False


def test_discarded_record_of_a_leaver_out_of_sight_does_not_come_back() -> None:
    """A person has said that it is well: no sync parks it again."""
    world = World()
    user, account = hired(world)
    world.genesys.delete_user(account)
    world.okta.deactivate(user)
    world.happen()
    [parked] = world.store.parked.values()
    world.store.park(replace(parked, discarded=world.clock.now(), ticket="deleted for good"))
    world.ask(f"user:{user}")
    world.settle()
    night(world)
    assert not any(parked.open for parked in world.store.parked.values())


def test_rehired_leaver_gets_the_account_back_that_was_taken_for_gone() -> None:
    """Back in Okta and back in sight: the same account, active, and nothing parked."""
    world = World()
    user, account = hired(world)
    world.genesys.hide_user(account)
    world.okta.suspend(user)
    world.happen()
    world.genesys.show_user(account)
    world.okta.unsuspend(user)
    world.happen()
    assert (world.account(user)["id"], world.account(user)["active"]) == (account, True)
    assert not world.store.parked


def test_person_whose_account_is_out_of_sight_is_parked_without_endless_tries() -> None:
    """404 while it exists, 409 on the POST: parked by name; each night costs one POST; seen, all is well again."""
    world = World()
    user, account = hired(world)
    world.genesys.hide_user(account)
    night(world)
    assert set(world.parked(f"user:{user}")) == {"account-not-visible"}
    posts = world.calls("POST", "/users")
    night(world)
    night(world)
    assert world.calls("POST", "/users") <= posts + 2
    assert set(world.parked(f"user:{user}")) == {"account-not-visible"}
    world.okta.deactivate(user)  # and a leaver meanwhile is not forgotten
    world.happen()
    assert set(world.parked(f"user:{user}")) == {"account-not-visible"}
    world.genesys.show_user(account)
    night(world)
    assert (world.genesys.user(account) or {})["active"] is False
    assert not world.store.parked


def test_hire_whose_address_belongs_to_an_account_out_of_sight_is_parked() -> None:
    """409 on the POST and nobody to be found: exists, but out of the client's sight."""
    world = World()
    other = world.genesys.add_user({"userName": "ada.brook@example.com", "displayName": "Other"})
    world.genesys.hide_user(other)
    user = world.person("Ada Brook")
    world.happen()
    assert world.parked(f"user:{user}") == ["account-not-visible"]


def test_account_deleted_by_hand_is_made_again_and_what_was_lost_is_said() -> None:
    """Still assigned: recreated, with the reason that Genesys Cloud restores no roles."""
    world = World()
    user, account = hired(world)
    world.genesys.delete_user(account)
    night(world)
    assert world.account(user)["active"] is True
    said = [(entry.outcome, entry.why) for entry in world.journal(f"user:{user}")]
    assert ("recreated", "roles-not-restored") in said


# ---------------------------------------------------------------------------------- the end of access


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("cause", ["weak", "conflict"])
def test_leaver_is_ended_whatever_the_versions_say(ends: str, cause: str) -> None:
    """No If-Match is ever met: after two conflicts of versions just read the end of access goes without one."""
    world = World(genesys_switches=GenesysSwitches(weak_etags=cause == "weak"))
    user, _ = hired(world)
    if cause == "conflict":
        world.genesys.faults.add(Fault("PATCH ", version_conflict(), when=lambda asked: "if-match" in asked.headers))
    getattr(world.okta, ends)(user)
    world.happen()
    assert world.account(user)["active"] is False
    assert not world.store.parked
    assert world.calls("PATCH") == (4 if cause == "conflict" else 3)


def test_weak_versions_keep_nobody_from_coming_back() -> None:
    """An activation with a weak ETag is sent again without it."""
    world = World(genesys_switches=GenesysSwitches(weak_etags=True))
    user, _ = hired(world)
    world.okta.suspend(user)
    world.happen()
    world.okta.unsuspend(user)
    world.happen()
    assert world.account(user)["active"] is True


@pytest.mark.parametrize("kind", ["unapplied", "pretended"])
def test_end_of_access_that_is_answered_and_not_applied_is_bounded_and_parked(kind: str) -> None:
    """Found active by the reconcile, ended, read back by GET: parked once, a few calls a night, done when it works."""
    world = World()
    user, account = hired(world)
    effect = unapplied() if kind == "unapplied" else pretended(world.genesys)
    fault = world.genesys.faults.add(Fault(f"PATCH .*/users/{account}", effect))
    world.okta.deactivate(user)
    world.happen()
    night(world)
    assert set(world.parked(f"user:{user}")) == {"deactivation-not-applied"}
    before = world.calls("PATCH")
    night(world)
    assert set(world.parked(f"user:{user}")) == {"deactivation-not-applied"}
    assert world.calls("PATCH") - before <= 3
    world.genesys.faults.remove(fault)
    night(world)
    assert world.account(user)["active"] is False
    assert not world.store.parked


def test_end_of_access_that_meets_conflicts_alone_says_so() -> None:
    """Every PATCH is refused for its version, even one that names none: parked as that, and done when it works."""
    world = World()
    user, account = hired(world)
    fault = world.genesys.faults.add(Fault(f"PATCH .*/users/{account}", version_conflict()))
    world.okta.deactivate(user)
    world.happen()
    world.pass_time(hours=1)
    assert world.parked(f"user:{user}") == ["genesys-version-conflict"]
    world.genesys.faults.remove(fault)
    night(world)
    assert world.account(user)["active"] is False
    assert not world.store.parked


@pytest.mark.parametrize("other_left", [False, True])
def test_an_account_that_bears_anothers_id_is_ended_only_when_they_have_left_too(other_left: bool) -> None:
    """Genesys Cloud gave a leaver's account to somebody with the same address: a person decides whose it is."""
    world = World()
    user, account = hired(world)
    other = world.okta.create_user({"login": "ben@example.com", "firstName": "Ben", "lastName": "Brook"})
    if other_left:
        world.okta.deactivate(other)
    world.happen()
    world.genesys.edit_user(account, {"externalId": other})
    world.okta.suspend(user)
    world.happen()
    world.pass_time(hours=1)
    assert (world.genesys.user(account) or {})["active"] is not other_left
    assert world.parked(f"user:{user}") == ([] if other_left else ["owned-by-another-user"])


def test_a_deactivation_that_lands_on_somebody_who_is_back_is_undone_without_an_event() -> None:
    """The PATCH had no answer, and lands after they were found active: the sync that is due by then reads again."""
    world = World()
    user, account = hired(world)
    late: list[Request] = []
    world.genesys.faults.add(Fault(f"PATCH .*/users/{account}", kept(late), count=1))
    world.okta.unassign_user(user)
    world.deliver()
    world.work(Queue.LEAVERS)
    world.okta.assign_user(user)
    world.happen()
    assert late
    assert world.account(user)["active"] is True
    world.genesys.handle(late[0])
    assert world.account(user)["active"] is False
    world.pass_time(hours=0.5)
    assert world.account(user)["active"] is True
    assert not world.store.dues()
