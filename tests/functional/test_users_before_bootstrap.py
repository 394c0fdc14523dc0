"""Syncs of users before the first whole reconcile, when the native application's accounts are still to be found."""

from __future__ import annotations

import pytest

from bridge_local.faults import Fault, watched
from bridge_local.genesys import faults as genesys_faults
from bridge_local.genesys.switches import GenesysSwitches
from tests.world import World


@pytest.mark.parametrize("finds_inactive", [True, False])
@pytest.mark.parametrize("event", ["assigned", "deactivate", "suspend"])
def test_native_applications_user_is_found_by_external_id(finds_inactive: bool, event: str) -> None:
    """Before the first whole reconcile an account under another e-mail is found, also for who leaves."""
    world = World(bootstrapped=False, genesys_switches=GenesysSwitches(finds_inactive=finds_inactive))
    user = world.person("Ada Brook")
    world.events()
    world.genesys.add_user({"userName": "other@example.com", "displayName": "Ada", "externalId": user})
    if event == "assigned":
        world.okta.update_app_user(user, profile={"extra": "x"})
    else:
        getattr(world.okta, event)(user)
    world.happen()
    assert len(world.accounts()) == 1
    assert world.account(user)["active"] is (event == "assigned")
    assert world.account(user)["userName"] == ("ada.brook@example.com" if event == "assigned" else "other@example.com")


def inactive_accounts(world: World, count: int) -> None:
    """So many accounts of other people, inactive."""
    for number in range(count):
        name = f"left{number}@example.com"
        world.genesys.add_user(
            {"userName": name, "displayName": "L", "active": False, "externalId": f"00uLeft{number}"}
        )


@pytest.mark.parametrize("finds_inactive", [True, False])
def test_native_account_that_was_made_inactive_is_found_by_external_id(finds_inactive: bool) -> None:
    """Assigned again under another e-mail: activated, and no second account is made, whatever filters find."""
    switches = GenesysSwitches(finds_inactive=finds_inactive, external_id_taken="allowed")
    world = World(bootstrapped=False, genesys_switches=switches)
    inactive_accounts(world, 60)
    user = world.person("Ada Brook")
    world.genesys.add_user({"userName": "other@example.com", "displayName": "Ada", "active": False, "externalId": user})
    world.happen()
    assert world.account(user)["active"] is True
    assert world.account(user)["userName"] == "ada.brook@example.com"


def test_inactive_accounts_are_listed_once_for_many_and_from_where_it_failed() -> None:
    """Three pages for three new users, and one more for the page that was refused at first."""
    world = World(bootstrapped=False, genesys_switches=GenesysSwitches(finds_inactive=False))
    inactive_accounts(world, 70)
    people = world.people(3)
    pages: list[str] = []
    noting = watched(lambda request: pages.append(request.param("startIndex")))
    world.genesys.faults.add(Fault("active eq false", noting))
    third = Fault("active eq false", genesys_faults.refused(503), count=1, skip=2)
    world.genesys.faults.add(third)
    world.happen()
    assert pages == ["1", "26", "51", "51"]
    assert all(world.account(user)["active"] for user in people)


def test_leaver_without_native_account_stays_without() -> None:
    """Before the first reconcile a leaver is looked up once; without an account nothing is made."""
    world = World(bootstrapped=False)
    user = world.person("Ada Brook", assigned=False)
    world.okta.deactivate(user)
    world.happen()
    assert not world.accounts()
    assert world.last(f"user:{user}").why == "never-linked"
