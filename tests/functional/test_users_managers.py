"""Managers, whatever Okta calls them by: resolved to their accounts, or left out by name until they have one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import SettingsError
from bridge.items import Reason
from bridge.mapping import attribute_map as attribute_map_module
from bridge.mapping.attribute_map import AttributeMap
from bridge.provisioning.scim import MANAGER
from bridge.settings import UserNameSource
from tests.world import World

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def map_text(form: str = "manager") -> str:
    """The default map with its manager switched on."""
    document = json.loads(Path(attribute_map_module.__file__).with_name("default_map.json").read_text("utf-8"))
    for entry in document["attributes"]:
        if entry["target"] == MANAGER:
            entry |= {"enabled": True, "format": form}
    return json.dumps(document)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A company whose map has the manager."""

    def parsed(user_name: UserNameSource, default_region: str) -> AttributeMap:
        return AttributeMap.parse(map_text(), user_name=user_name, default_region=default_region)

    monkeypatch.setattr("tests.world.attribute_map", parsed)
    return World()


def manager_of(world: World, user: str) -> Any:
    """The manager that Genesys Cloud shows."""
    return world.account(user)[ENTERPRISE].get("manager", {}).get("value")


def boss(world: World) -> str:
    """Somebody who is in Genesys Cloud already."""
    user = world.person("Bea Boss", email="bea@mail.example.com", employeeNumber="E-17")
    world.happen()
    return user


@pytest.mark.parametrize("by", ["id", "bea.boss@example.com", "BEA@mail.example.com", "e-17"])
def test_manager_is_resolved_by_whatever_okta_says(world: World, by: str) -> None:
    """Okta user id, login, e-mail in any case, employee number: it becomes Genesys Cloud's id; nights are silent."""
    manager = world.person(
        "Bea Boss", login="bea.boss@example.com", email="bea@mail.example.com", employeeNumber="E-17"
    )
    world.happen()
    user = world.person("Ada Brook", managerId=manager if by == "id" else by)
    world.happen()
    assert manager_of(world, user) == world.account(manager)["id"]
    writes = world.calls("PATCH") + world.calls("POST", "/users")
    for reason in (Reason.RECONCILE, Reason.OPERATOR):
        world.ask(f"user:{user}", reason)
        world.settle()
    world.reconcile_whole()
    assert world.calls("PATCH") + world.calls("POST", "/users") == writes


@pytest.mark.parametrize("by", ["id", "e-mail"])
def test_manager_who_comes_later_brings_a_second_pass(world: World, by: str) -> None:
    """Left out by name at first, everything else is done; once the manager has an account it is written."""
    manager = world.person("Bea Boss", assigned=False)
    user = world.person("Ada Brook", managerId=manager if by == "id" else "bea.boss@example.com", title="Adviser")
    world.happen()
    assert (manager_of(world, user), world.account(user)["title"]) == (None, "Adviser")
    assert MANAGER in world.last(f"user:{user}").unmapped
    assert not world.store.parked
    world.okta.assign_user(manager)
    world.happen()
    world.pass_time(hours=2)
    assert manager_of(world, user) == world.account(manager)["id"]


def test_people_who_manage_each_other_are_both_right(world: World) -> None:
    """A circle, and somebody who is their own manager."""
    ada, bea = world.person("Ada Brook"), world.person("Bea Long")
    cy = world.person("Cy Moss")
    world.okta.update_profile(ada, {"managerId": bea})
    world.okta.update_profile(bea, {"managerId": ada})
    world.okta.update_profile(cy, {"managerId": cy})
    world.happen()
    world.pass_time(hours=1)
    ids = {user: world.account(user)["id"] for user in (ada, bea, cy)}
    assert {user: manager_of(world, user) for user in (ada, bea, cy)} == {ada: ids[bea], bea: ids[ada], cy: ids[cy]}


def test_unknown_manager_is_left_out_and_costs_a_few_syncs(world: World) -> None:
    """Nobody's number: named, never parked, and looked for a few times only."""
    user = world.person("Ada Brook", managerId="nobody")
    world.happen()
    world.pass_time(hours=24 * 14)
    assert manager_of(world, user) is None
    assert not world.store.parked
    assert len(world.journal(f"user:{user}")) <= 7
    assert not world.store.dues()


def test_manager_goes_when_okta_has_none_and_stays_while_unknown(world: World) -> None:
    """A manager whom nobody knows any more is not taken away; one whom Okta does not name is."""
    manager = boss(world)
    user = world.person("Ada Brook", managerId=manager)
    world.happen()
    account = world.account(manager)["id"]
    world.okta.update_profile(user, {"managerId": "nobody"})
    world.happen()
    assert manager_of(world, user) == account
    world.okta.update_profile(user, {"managerId": None})
    world.happen()
    assert manager_of(world, user) is None


def test_map_refuses_a_manager_that_is_passed_through() -> None:
    """Genesys Cloud takes its own ids alone, so a text of Okta's never is one."""
    with pytest.raises(SettingsError, match=r"manager: format: expected manager"):
        AttributeMap.parse(map_text("text"), user_name=UserNameSource.EMAIL, default_region="US")


def test_no_name_stands_in_the_records(world: World) -> None:
    """Logins, addresses and numbers are kept as keyed hashes."""
    boss(world)
    kept = f"{world.store.reference_of} {world.store.user_links}".lower()
    assert "boss" not in kept
    assert "mail.example" not in kept
    assert "e-17" not in kept
