"""A sync that ends between a write to Genesys Cloud and its record: what the bridge wrote stays known as its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bridge.errors import Transient
from bridge.items import Queue
from bridge.provisioning.user_records import UserLink
from bridge_local.genesys.switches import GenesysSwitches
from tests.world import World


def interrupt_after(world: World, method: str) -> Callable[[], None]:
    """Let the table be out of reach from the next call of this method on; gives what ends that."""
    seen = world.calls(method)
    save, claim = world.store.save_user, world.store.claim_user

    def out_of_reach() -> None:
        if world.calls(method) > seen:
            raise Transient("store-unreachable", upstream="store")

    def failing_save(link: UserLink) -> None:
        out_of_reach()
        save(link)

    def failing_claim(link: UserLink, *, previous_owner: str = "") -> None:
        out_of_reach()
        claim(link, previous_owner=previous_owner)

    def end() -> None:
        world.store.save_user = save  # type: ignore[method-assign] # as it was
        world.store.claim_user = claim  # type: ignore[method-assign] # as it was

    world.store.save_user = failing_save  # type: ignore[method-assign] # the table's failure
    world.store.claim_user = failing_claim  # type: ignore[method-assign] # the table's failure
    return end


def test_a_value_that_is_dropped_after_an_interrupted_update_is_cleared() -> None:
    """PATCH done, record lost, and Okta drops the value before the next try: it does not stay for ever."""
    world = World()
    user = world.person("Ada Brook")
    world.happen()
    world.okta.update_profile(user, {"title": "Manager"})
    world.deliver()
    mend = interrupt_after(world, "PATCH")
    world.work(Queue.USERS)
    assert world.account(user)["title"] == "Manager"
    mend()
    world.okta.update_profile(user, {"title": None})
    world.happen()
    assert "title" not in world.account(user)


@pytest.mark.parametrize("change", [{"title": None}, {"title": "Adviser"}])
def test_a_value_that_changes_after_an_interrupted_creation_is_no_strangers(change: dict[str, str | None]) -> None:
    """POST done, claim lost: the account is found again, and what the POST wrote follows Okta."""
    world = World()
    user = world.person("Ada Brook", title="Manager")
    world.deliver()
    mend = interrupt_after(world, "POST")
    world.work(Queue.USERS)
    assert world.account(user)["title"] == "Manager"
    mend()
    world.okta.update_profile(user, change)
    world.happen()
    assert world.account(user).get("title") == change["title"]
    assert world.calls("POST", "Users") + world.calls("POST", "users") == 1


@pytest.mark.parametrize("renamed", [False, True])
def test_an_account_that_no_search_shows_yet_is_not_made_again_under_another_name(renamed: bool) -> None:
    """POST done, answer lost, and a new e-mail before the search shows the account: it is waited for, and renamed."""
    switches = GenesysSwitches(search_lag=60, external_id_taken="allowed")
    world = World(genesys_switches=switches)
    user = world.person("Ada Brook")
    world.deliver()
    mend = interrupt_after(world, "POST")
    world.work(Queue.USERS)
    mend()
    if renamed:
        world.okta.update_profile(user, {"email": "ada.stone@example.com"})
    world.happen()
    email = "ada.stone@example.com" if renamed else "ada.brook@example.com"
    assert world.account(user)["userName"] == email


def test_who_is_back_after_an_interrupted_deactivation_is_let_in_again() -> None:
    """PATCH done, record lost, and the user is assigned again before the next try: the account becomes active."""
    world = World()
    user = world.person("Ada Brook")
    world.happen()
    world.okta.unassign_user(user)
    world.deliver()
    mend = interrupt_after(world, "PATCH")
    world.work(Queue.LEAVERS)
    assert world.account(user)["active"] is False
    mend()
    world.okta.assign_user(user)
    world.happen()
    assert world.account(user)["active"] is True


def test_the_first_record_of_a_value_costs_no_call() -> None:
    """One PATCH, and the next sync of the unchanged user sends nothing."""
    world = World()
    user = world.person("Ada Brook")
    world.happen()
    before = world.calls()
    world.okta.update_profile(user, {"title": "Manager"})
    world.happen()
    assert world.calls() == before + 1
    world.ask(f"user:{user}")
    world.settle()
    assert world.calls("PATCH") == 1
    assert all(world.store.user_links[user].hashes.values())
