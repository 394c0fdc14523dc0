"""What the setup guides list is what the code and the template have."""

from __future__ import annotations

import re

from bridge.genesys.regions import REGIONS
from bridge.okta.auth import HOOK_SCOPES, LOG_SCOPES, SCOPES
from bridge_local import ROOT
from bridge_local.template import Template

OKTA = (ROOT / "docs/setup-okta.md").read_text("utf-8")
GENESYS = (ROOT / "docs/setup-genesys.md").read_text("utf-8")
DEPLOY = (ROOT / "docs/setup-deploy.md").read_text("utf-8")
TEMPLATE = Template().document


def rows(text: str, heading: str) -> dict[str, str]:
    """The first table under a heading: each name in backquotes of a row's first cell, and the rest of the row."""
    table = text.partition(f"{heading}\n")[2].partition("|---")[2].partition("\n")[2].partition("\n\n")[0]
    found = {}
    for line in table.splitlines():
        first, _, rest = line.strip("|").partition("|")
        found.update(dict.fromkeys(re.findall("`([^`]+)`", first), rest))
    return found


def test_the_event_types_to_subscribe_to_are_those_of_the_hook() -> None:
    """The list of the Okta guide is that of docs/events.md with hook = yes."""
    events = (ROOT / "docs/events.md").read_text("utf-8")
    hooked = [line.split("`")[1] for line in events.splitlines() if line.startswith("| `") and line.endswith("| yes |")]
    assert OKTA.partition("```text\n")[2].partition("```")[0].split() == hooked


def test_the_scopes_to_grant_are_those_asked_for() -> None:
    """Okta refuses a token request with a scope that is not granted."""
    assert tuple(re.findall(r"^   \| `(okta\.[A-Za-z.]+)` \|", OKTA, re.MULTILINE)) == (
        *SCOPES,
        *LOG_SCOPES,
        *HOOK_SCOPES,
    )


def test_the_regions_are_those_the_bridge_knows() -> None:
    """Each region with its domain."""
    listed = {name: rest.split("|")[-1].strip() for name, rest in rows(GENESYS, "## 2. The region").items()}
    assert listed == {name: region.domain for name, region in REGIONS.items()}


def test_every_parameter_is_explained() -> None:
    """The deployment guide has each parameter of the template, and no other."""
    assert rows(DEPLOY, "### The parameters").keys() == TEMPLATE["Parameters"].keys()


def test_the_parameters_defaults_are_the_templates() -> None:
    """What the guide calls a default is one, and what it calls required has none."""
    for name, rest in rows(DEPLOY, "### The parameters").items():
        default = TEMPLATE["Parameters"][name].get("Default")
        shown = rest.partition("|")[0].strip()
        expected = "required" if default is None else str(default) or "empty"
        assert expected in shown.replace("`", "").split(", "), name


def test_everything_that_a_removal_keeps_is_named() -> None:
    """Each resource that is retained stands in the table of what to delete."""
    kept = {
        name
        for name, resource in TEMPLATE["Resources"].items()
        if resource.get("DeletionPolicy") == "RetainExceptOnCreate"
    }
    table = DEPLOY.partition("| kept | logical ids | to delete it |")[2]
    assert set(re.findall("`([A-Z][A-Za-z]+)`", table.partition("\n\n")[0])) == kept


def test_every_alarm_of_catch_up_is_explained() -> None:
    """Anyone who is woken finds the alarm by its name, and what to do."""
    guide = rows((ROOT / "docs/catchup.md").read_text("utf-8"), "`CatchUpStoppedAlarm` first.\n")
    resources = TEMPLATE["Resources"]
    alarms = {name for name in resources if re.fullmatch("(CatchUp|Hook|NativeProvisioning).*Alarm", name)}
    assert guide.keys() == alarms - {"HookExpectedAlarm", "HookQuietAlarm"}
