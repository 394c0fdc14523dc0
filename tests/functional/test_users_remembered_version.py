"""A leaver's account need not be read where its version is known: their end is written to that version alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.items import Reason
from bridge.provisioning.accounts import shown_as
from bridge.provisioning.user_records import UserLink
from bridge.provisioning.values import ScimUser
from bridge_local.genesys.switches import GenesysSwitches
from tests.world import World


def calls(world: World) -> list[str]:
    """The methods of the calls to Genesys Cloud's SCIM from now on."""
    return [call.method for call in world.genesys.calls if "/scim/" in call.path]


def leaver(world: World) -> str:
    """Somebody with an account whose version is known; Okta has just deactivated them."""
    user = world.person("Ada Brook")
    world.happen()
    world.clock.advance(120)
    world.genesys.calls.clear()
    world.okta.deactivate(user)
    return user


def test_a_leaver_costs_one_call() -> None:
    """A PATCH with the version that the creation answered."""
    world = World()
    user = leaver(world)
    world.happen()
    assert calls(world) == ["PATCH"]
    assert world.account(user)["active"] is False
    assert world.store.user_links[user].version == ""


def test_who_was_updated_costs_one_call_too() -> None:
    """Each answer of Genesys Cloud brings the version along."""
    world = World()
    user = world.person("Ada Brook")
    world.happen()
    world.okta.update_profile(user, {"title": "Manager"})
    world.happen()
    world.clock.advance(120)
    world.genesys.calls.clear()
    world.okta.deactivate(user)
    world.happen()
    assert calls(world) == ["PATCH"]


@pytest.mark.parametrize("conflict", ["400", "409", "412"])
def test_an_account_that_has_changed_is_read(conflict: str) -> None:
    """Somebody edited it meanwhile: the first PATCH does nothing, and the end of access comes all the same."""
    world = World()
    world.genesys.switches.version_conflict = conflict  # type: ignore[assignment] # one of its values
    user = leaver(world)
    world.genesys.edit_user(world.store.user_links[user].genesys_id, {"title": "by hand"})
    world.happen()
    assert calls(world) == ["PATCH", "GET", "PATCH"]
    assert world.account(user)["active"] is False


def test_an_account_that_is_somebody_elses_by_now_is_not_ended() -> None:
    """It bears the id of another Okta user who is there: no write to the remembered version, and none after it."""
    world = World()
    other = world.person("Ben Carter", assigned=False)
    user = leaver(world)
    account = world.store.user_links[user].genesys_id
    world.genesys.edit_user(account, {"externalId": other})
    world.happen()
    shown = world.genesys.user(account)
    assert shown is not None
    assert shown["active"] is True


@pytest.mark.parametrize("reason", [Reason.OPERATOR, Reason.REDRIVE, Reason.RECONCILE])
def test_who_asks_for_a_comparison_gets_one(reason: Reason) -> None:
    """A person's sync, and the reconcile's, read the account first."""
    world = World()
    user = leaver(world)
    world.ask(f"user:{user}", reason)
    world.settle()
    assert calls(world)[0] == "GET"
    assert world.account(user)["active"] is False


@pytest.mark.parametrize(
    "switches", [GenesysSwitches(no_etags=True), GenesysSwitches(weak_etags=True)], ids=["none", "weak"]
)
def test_a_version_that_no_write_can_name_is_not_remembered(switches: GenesysSwitches) -> None:
    """Where Genesys Cloud shows none, or none that If-Match compares, the account is read."""
    world = World(genesys_switches=switches)
    user = leaver(world)
    assert world.store.user_links[user].version == ""
    world.happen()
    assert world.account(user)["active"] is False


def test_only_a_version_that_was_active_and_theirs_is_remembered() -> None:
    """Any other account is read before it is ended."""
    link = UserLink("00u1", version='"1"')
    account = ScimUser("g", "ada", active=True, external_id="00u1", version='"2"', document={"id": "g"})
    assert shown_as(link, account).version == '"2"'
    for doubtful in ({"active": False}, {"external_id": "00u2"}, {"external_id": ""}):
        assert shown_as(link, replace(account, **doubtful)).version == ""
    assert shown_as(link, None) == link
