"""docs/models.md has one line for each fault and each switch, and none for what is no more."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from types import ModuleType

import pytest

from bridge_local import ROOT, faults
from bridge_local.genesys import GenesysSwitches
from bridge_local.genesys import faults as genesys_faults
from bridge_local.okta import OktaSwitches
from bridge_local.okta import faults as okta_faults

DOCUMENT = (ROOT / "docs/models.md").read_text("utf-8")


def listed(heading: str) -> list[str]:
    """The names in the first cells of the table under a heading."""
    part = re.split(r"^#+ .*$", DOCUMENT.partition(heading)[2], flags=re.MULTILINE)[0]
    return re.findall(r"^\| `(\w+)", part, re.MULTILINE)


@pytest.mark.parametrize("module", [faults, okta_faults, genesys_faults])
def test_every_effect_has_a_line(module: ModuleType) -> None:
    """A public function that gives an effect, in the order of its module."""
    effects = [
        name
        for name, found in vars(module).items()
        if inspect.isfunction(found)
        and found.__module__ == module.__name__
        and not name.startswith("_")
        and found.__annotations__.get("return") == "Effect"
    ]
    assert listed(f"(`{module.__name__}`)") == effects


@pytest.mark.parametrize("switches", [OktaSwitches, GenesysSwitches])
def test_every_switch_has_a_line(switches: type[OktaSwitches | GenesysSwitches]) -> None:
    """A field of the switches, in their order."""
    names = [each.name for each in fields(switches) if each.name != "faults"]
    assert listed(f"(`{switches.__name__}`)") == names
