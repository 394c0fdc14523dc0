"""Moving over from native provisioning and back, as docs/moving.md says: what was seen beforehand is what happens."""

from __future__ import annotations

import pytest

from bridge_cli import ROOT
from tests.stages.cli_office import Office


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


def test_the_check_shows_the_native_switches() -> None:
    """The page names the two checks that say when they are off."""
    page = (ROOT / "docs/moving.md").read_text("utf-8")
    assert page.count("`app.provisioning` and `app.push`") == 2
