"""Moving over from native provisioning and back, as docs/moving.md says: what was seen beforehand is what happens."""

from __future__ import annotations

from typing import Any

import pytest

from bridge_cli import ROOT
from tests.stages.cli_office import Office
from tests.stages.cli_stage import NAMES
from tests.stages.native_app import ON, NativeApp
from tests.world import World


@pytest.fixture
def office() -> Office:
    """Native provisioning has made accounts for two; a third was never made, a fourth left unnoticed."""
    office = Office()
    world = office.stage.world
    world.variables["MODE"] = "observe"
    world.restart()
    for name, title in (("ada", "Lead"), ("bea", "Agent")):
        world.person(f"{name} Brook", email=f"{name}@example.com", login=f"{name}@example.com", title="Agent")
        world.genesys.add_user({"userName": f"{name}@example.com", "displayName": f"{name} Brook", "title": title})
    world.person("cy Brook", email="cy@example.com", login="cy@example.com")
    world.happen()
    return office


def test_what_was_seen_beforehand_is_what_happens(office: Office) -> None:
    """Two are adopted and one is created, in the summary, and after `enforce` in Genesys Cloud; nothing before."""
    world = office.stage.world
    before = world.accounts()
    found = office.ask("diff --summary")["summary"]
    assert (found["created"], found["adopted"], found["ended"]) == (1, 2, 0)
    lines = office.bridge("diff --csv").out.splitlines()
    assert lines[:3] == ["what,number", "created,1", "adopted,2"]
    assert world.accounts() == before
    world.variables["MODE"] = "enforce"
    world.restart()
    world.reconcile_whole()
    assert {account["userName"] for account in world.accounts()} == {
        f"{name}@example.com" for name in ("ada", "bea", "cy")
    }
    assert {account.get("title") for account in world.accounts() if account["userName"] != "cy@example.com"} == {
        "Agent"
    }


def test_the_summary_of_a_week_counts_the_same_people(office: Office) -> None:
    """Whom observing has found is still to be adopted; an inactive account that would be activated is counted."""
    world = office.stage.world
    world.person("di Brook", email="di@example.com", login="di@example.com", title="Agent")
    world.genesys.add_user({"userName": "di@example.com", "displayName": "di Brook", "title": "Lead", "active": False})
    world.happen()
    world.reconcile_whole()
    found = office.ask("diff --summary")["summary"]
    assert (found["created"], found["adopted"], found["activated"]) == (1, 3, 1)
    assert found["changed: title"] == 2  # of the fixture's Lead, and this one
    world.reconcile_whole()
    assert office.ask("diff --summary")["summary"] == found


def test_the_way_back_writes_nothing_from_the_moment_on(office: Office) -> None:
    """Observe again: what changes in Okta is left to the native application."""
    world = office.stage.world
    world.variables["MODE"] = "enforce"
    world.restart()
    world.reconcile_whole()
    world.variables["MODE"] = "observe"
    world.restart()
    before = world.accounts()
    world.person("dee Brook", email="dee@example.com", login="dee@example.com")
    world.happen()
    assert world.accounts() == before


def native(*names: str) -> tuple[Office, NativeApp, str]:
    """A company that the native application provisions, with a pushed group; the bridge observes beside it."""
    office = Office()
    office.aws.functions[NAMES] = lambda payload: office.stage.operations.handle(payload, reader=True, names=True)
    world = office.stage.world
    world.variables |= {"MODE": "observe", "LINK_ASSIGNED_GROUPS": "false", "LINKED_GROUPS": ""}
    world.restart()
    addresses = [f"{name}@example.com" for name in names]  # the application's user name is the e-mail address
    people = [world.person("Ada Brook", email=each, login=each, title="Agent") for each in addresses]
    group = world.okta.create_group("Support")
    world.okta.add_members(group, people)
    world.genesys.add_group("support")
    world.okta.provision_natively(*ON, pushed=(group,))
    app = NativeApp(world)
    app.run()
    world.happen()
    world.reconcile_whole()
    return office, app, group


def seen(world: World) -> tuple[list[tuple[Any, ...]], frozenset[str]]:
    """What people notice: ids, names, access, and who is in the group."""
    people = [(each["id"], each["userName"], each["active"], each.get("title")) for each in world.accounts()]
    return sorted(people), world.genesys.members("support")


def test_moving_over_step_by_step_changes_nobody() -> None:
    """As the page says: observe, import, native off, enforce; then the bridge does what the application did."""
    office, app, group = native("ada", "bea", "cy")
    world = office.stage.world
    before = seen(world)
    assert before[1] == set(app.linked.values())
    assert office.ask("group import --yes")["linked"] == 1
    world.settle()
    found = office.ask("diff --summary")["summary"]
    assert (found["created"], found["ended"], found["members removed"], found["members held"]) == (0, 0, 0, 0)
    asked = office.stage.ask("check", hook_url="https://hook.example.com/okta/events")
    checks = {each["id"]: each["state"] for each in asked["checks"]}
    assert (checks["app.provisioning"], checks["app.push"]) == ("fail", "fail")
    world.okta.provision_natively(*ON)
    app.run()
    world.okta.provision_natively()
    writes = app.writes
    world.variables["MODE"] = "enforce"
    world.restart()
    world.reconcile_whole()
    app.run()
    assert seen(world) == before
    assert app.writes == writes
    leaver = next(iter(app.linked))
    world.okta.deactivate(leaver)
    world.okta.remove_members(group, list(app.linked)[1:2])
    world.happen()
    assert not world.genesys.user(app.linked[leaver])["active"]  # type: ignore[index] # never deleted


def test_unassigning_people_to_get_there_ends_everybody() -> None:
    """Why the page forbids it: the native switch fires on each of them, and the bridge only observes."""
    office, app, _ = native("ada", "bea")
    world = office.stage.world
    for user_id in list(app.linked):
        world.okta.unassign_user(user_id)
    app.run()
    assert not any(account["active"] for account in world.accounts())


def test_moving_back_changes_nobody() -> None:
    """The bridge observes, the native switches go on, the group is linked with the one that is there."""
    office, app, group = native("ada", "bea", "cy")
    world = office.stage.world
    office.ask("group import --yes")
    world.okta.provision_natively()
    world.variables["MODE"] = "enforce"
    world.restart()
    world.reconcile_whole()
    before = seen(world)
    world.variables["MODE"] = "observe"
    world.restart()
    world.okta.provision_natively(*ON, pushed=(group,))
    again = NativeApp(world)
    again.run()
    world.happen()
    assert seen(world) == before
    assert again.linked == app.linked


def test_the_check_shows_the_native_switches() -> None:
    """The page names the two checks that say when they are off."""
    page = (ROOT / "docs/moving.md").read_text("utf-8")
    assert page.count("`app.provisioning` and `app.push`") == 2
