"""Looks at users before the first whole reconcile, when the native application's accounts are still to be found."""

from __future__ import annotations

import pytest

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


def test_leaver_without_native_account_stays_without() -> None:
    """Before the first reconcile a leaver is looked up once; without an account nothing is made."""
    world = World(bootstrapped=False)
    user = world.person("Ada Brook", assigned=False)
    world.okta.deactivate(user)
    world.happen()
    assert not world.accounts()
    assert world.last(f"user:{user}").why == "never-linked"
