"""Addresses that two people have, hand over, or swap: both right in the end, or parked once each."""

from __future__ import annotations

import pytest

from tests.world import World


def night(world: World) -> None:
    """A day passes, and a whole reconcile runs."""
    world.clock.advance(86_400)
    world.reconcile_whole()


def causes(world: World, *users: str) -> list[set[str]]:
    """Why each waits for a person."""
    return [set(world.parked(f"user:{user}")) for user in users]


def test_two_active_people_with_one_address() -> None:
    """The first keeps the account, the second is parked and names them; nights add neither records nor many calls."""
    world = World()
    world.provisioned(5)
    first = world.person("Ada Brook", email="shared@example.com")
    world.happen()
    second = world.person("Bea Long", email="shared@example.com")
    world.happen()
    night(world)
    assert world.account(first)["active"] is True
    assert causes(world, first, second) == [set(), {"owned-by-another-user"}]
    assert {parked.detail for parked in world.store.parked.values()} == {f"user:{first}"}
    records, calls = len(world.store.parked), world.calls()
    night(world)
    per_night = world.calls() - calls
    night(world)
    assert len(world.store.parked) == records
    assert world.calls() - calls <= 2 * per_night
    assert world.account(first)["userName"] == "shared@example.com"


@pytest.mark.parametrize("event", [True, False])
def test_address_of_a_leaver_is_free_once_the_leaver_is_deleted(event: bool) -> None:
    """DEPROVISIONED keeps the account: parked; deleting the leaver in Okta is enough, without anybody's redrive."""
    world = World()
    world.provisioned(5)
    leaver = world.person("Ada Brook")
    world.happen()
    account = world.account(leaver)["id"]
    world.okta.deactivate(leaver)
    world.happen()
    hire = world.person("Ada Brook", login="ada.2@example.com")
    world.happen()
    assert causes(world, hire) == [{"owned-by-another-user"}]
    if event:
        world.okta.delete(leaver)
        world.happen()
        world.pass_time(hours=0.5)
    else:
        with world.okta.quietly():
            world.okta.delete(leaver)
        night(world)
    assert (world.account(hire)["id"], world.account(hire)["active"]) == (account, True)
    assert not world.store.parked


def test_two_people_who_swap_addresses() -> None:
    """Each holds what the other is to get: parked once each, and a week adds no record."""
    world = World()
    world.provisioned(5)
    ada, bea = world.person("Ada Brook"), world.person("Bea Long")
    world.happen()
    world.okta.update_profile(ada, {"email": "bea.long@example.com"})
    world.okta.update_profile(bea, {"email": "ada.brook@example.com"})
    world.happen()
    night(world)
    right = [world.account(user)["userName"] for user in (ada, bea)] == [
        "bea.long@example.com",
        "ada.brook@example.com",
    ]
    assert right or causes(world, ada, bea) == [{"user-name-taken"}] * 2
    records = len(world.store.parked)
    calls = world.calls()
    night(world)
    first = world.calls() - calls
    for _ in range(3):
        night(world)
    assert len(world.store.parked) == records
    assert world.calls() - calls <= 4 * first


def test_renamed_person_takes_the_address_of_somebody_whose_own_is_blank() -> None:
    """The holder cannot be mapped any more, the taker waits for them: parked once each."""
    world = World()
    world.provisioned(5)
    taker, holder = world.person("Ada Brook"), world.person("Bea Long")
    world.happen()
    world.okta.update_profile(holder, {"email": " "})
    world.okta.update_profile(taker, {"email": "bea.long@example.com"})
    world.happen()
    assert causes(world, taker, holder) == [{"user-name-taken"}, {"unmappable-profile"}]
    records = len(world.store.parked)
    night(world)
    night(world)
    assert causes(world, taker, holder) == [{"user-name-taken"}, {"unmappable-profile"}]
    assert len(world.store.parked) <= records + 2


def test_case_of_an_address_is_no_difference() -> None:
    """Genesys Cloud and Okta may spell it differently: nothing is written."""
    world = World()
    world.provisioned(5)
    user = world.person("Ada Brook")
    world.happen()
    world.genesys.edit_user(world.account(user)["id"], {"userName": "ADA.Brook@Example.com"})
    writes = world.calls("PATCH")
    world.ask(f"user:{user}")
    world.settle()
    assert world.calls("PATCH") == writes
