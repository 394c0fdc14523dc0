"""Roles by the attribute map: those that the stack allows are added, and none is ever taken away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.items import Reason
from bridge.mapping.attribute_map import AttributeMap
from bridge.mapping.source import parse
from bridge.provisioning.elements import GENESYS_USER, ROLES, SKILLS, role
from bridge.settings import Environment, MapSettings, UserNameSource
from bridge_local.genesys.switches import GenesysSwitches
from tests.stages.operations_stage import Stage
from tests.stages.planned import differences
from tests.unit.test_mapping import okta_user
from tests.world import World

TEXT = json.dumps(
    {
        **json.loads(AttributeMap.default_text()),
        "attributes": [
            *json.loads(AttributeMap.default_text())["attributes"],
            {"target": ROLES, "from": "profile.roles", "format": "names"},
        ],
    }
)
ALLOWED = "Supervisor, Agent\\, night,No such"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A company whose map has roles, and whose stack allows three."""
    variables = {"DEFAULT_PHONE_REGION": "US", "ALLOWED_ROLES": ALLOWED}

    def parsed(user_name: UserNameSource, default_region: str) -> AttributeMap:
        settings = MapSettings.read(Environment(variables))
        assert (settings.user_name_source, settings.default_phone_region) == (user_name, default_region)
        return parse(settings, TEXT)

    monkeypatch.setattr("tests.world.attribute_map", parsed)
    return company()


def company(**switches: Any) -> World:
    """A Genesys Cloud with these roles."""
    world = World(genesys_switches=GenesysSwitches(**switches))
    world.genesys.directory.roles |= {"Supervisor", "Agent, night", "By hand"}
    return world


def roles(world: World, user: str) -> set[str]:
    """The roles of an account."""
    return {each["value"] for each in world.account(user).get("roles", ())}


def test_allowed_roles_are_added_beside_the_default_one(world: World) -> None:
    """They come after the POST, which would leave the default one out; others are named and not given."""
    user = world.hired(roles=["Supervisor", "admin", "Agent, night"])
    assert roles(world, user) == {"employee", "Supervisor", "Agent, night"}
    assert world.last(f"user:{user}").unmapped == (ROLES,)
    assert all("roles" not in (call.body or {}) for call in world.genesys.calls if call.method == "POST")
    calls = len(world.genesys.calls)
    world.change(user, nickName="Addie")
    assert len(world.genesys.calls) == calls


def test_only_an_addition_is_ever_sent(world: World) -> None:
    """Whatever the profile says next: no role goes, be it the bridge's or not."""
    user = world.hired(roles="Supervisor")
    account = world.account(user)
    world.genesys.edit_user(account["id"], {"roles": [*account["roles"], {"value": "By hand"}]})
    world.change(user, roles=["Agent, night"])
    assert roles(world, user) == {"employee", "Supervisor", "Agent, night", "By hand"}
    world.change(user, roles=None)
    for reason in (Reason.OPERATOR, Reason.RECONCILE):
        world.ask(f"user:{user}", reason)
        world.settle()
    assert roles(world, user) == {"employee", "Supervisor", "Agent, night", "By hand"}
    sent = [call.body["Operations"] for call in world.genesys.calls if call.method == "PATCH"]
    assert [[(each["op"], each["path"]) for each in body] for body in sent] == [[("add", "roles")]] * 2
    world.clock.advance(86_400)
    world.genesys.calls.clear()
    world.reconcile_whole()
    assert world.calls("PATCH") == 0
    assert world.calls("GET", "/users/") == 0


def test_a_role_that_somebody_took_away_is_given_again_when_the_account_is_compared(world: World) -> None:
    """As any other attribute."""
    user = world.hired(roles="Supervisor")
    world.genesys.edit_user(world.account(user)["id"], {"roles": [{"value": "employee"}]})
    world.ask(f"user:{user}", Reason.OPERATOR)
    world.settle()
    assert roles(world, user) == {"employee", "Supervisor"}


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("unknown", ["400", "ignored"])
def test_a_role_that_does_not_exist_is_named(unknown: Any) -> None:
    """The others arrive."""
    world = company(unknown_role=unknown)
    user = world.hired(roles=["No such", "Supervisor"], title="Lead")
    assert roles(world, user) == {"employee", "Supervisor"}
    assert world.account(user)["title"] == "Lead"
    assert world.last(f"user:{user}").refused == (role("No such")[0],)
    assert not world.store.parked


def test_without_the_parameter_no_role_is_given() -> None:
    """Anyone may write the map, and the map is right all the same."""
    mapper = parse(MapSettings(UserNameSource.EMAIL, "US", ""), TEXT)
    mapped = mapper.map_user(okta_user(roles=["admin"]), None)
    assert mapped.unmapped == (ROLES,)
    assert not [path for path in mapped.values if path.startswith(ROLES)]


@pytest.mark.parametrize("before", ["new", "known"])
def test_a_preview_of_skills_and_roles_says_what_the_sync_does(monkeypatch: pytest.MonkeyPatch, before: str) -> None:
    """The same attributes and the same writes, also those that come after a POST."""
    entry = {"target": SKILLS, "from": "profile.skills", "format": "ratings"}
    document = json.loads(TEXT)
    text = json.dumps({**document, "attributes": [*document["attributes"], entry]})
    mapper = parse(MapSettings(UserNameSource.EMAIL, "US", "", ("Supervisor",)), text)
    monkeypatch.setattr("tests.world.attribute_map", lambda *_: mapper)
    monkeypatch.setattr(AttributeMap, "default", lambda **_: mapper)
    stage = Stage(world=company())
    stage.world.genesys.directory.skills |= {"Billing", "By hand"}
    stage.restart()
    if before == "known":
        user = stage.world.hired(skills=["Billing:1"])
        account = stage.world.account(user)
        stage.world.genesys.edit_user(account["id"], {GENESYS_USER: {"routingSkills": [{"name": "By hand"}]}})
        with stage.world.okta.quietly():
            stage.world.okta.update_profile(user, {"skills": ["Billing:2"], "roles": "Supervisor"})
    else:
        with stage.world.okta.quietly():
            user = stage.world.person("Bo Lind", skills=["Billing:2"], roles="Supervisor")
    entry_before, _ = stage.operations.preview.sync(f"user:{user}")
    stage.world.ask(f"user:{user}", Reason.OPERATOR)
    stage.world.settle()
    assert differences(entry_before, stage.world.last(f"user:{user}")) == []
    assert roles(stage.world, user) == {"employee", "Supervisor"}
