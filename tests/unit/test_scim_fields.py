"""The page of SCIM and Genesys Cloud fields has every attribute, as the schema, the mappings and the map have it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.mapping.attribute_map import LISTS
from bridge.provisioning.elements import EXTERNAL_IDS
from bridge.provisioning.scim import PROFILE_PATHS
from bridge_local import scim_fields
from bridge_local.genesys.schema import GROUP, USER


def test_the_page_is_what_would_be_written() -> None:
    """After a change of the schema, the mappings or the map: make scim-fields WRITE=1."""
    assert scim_fields.main([]) == 0


def test_every_attribute_of_the_schema_has_a_field_and_no_other() -> None:
    """Users and groups."""
    for kind, schema in (("users", USER), ("groups", GROUP)):
        assert [path for path, _ in scim_fields.paths(schema)] == list(scim_fields.FIELDS[kind]), kind


def test_every_target_of_the_map_is_an_attribute() -> None:
    """So that each has a row that says the map writes it."""
    assert PROFILE_PATHS | LISTS | {EXTERNAL_IDS} <= scim_fields.FIELDS["users"].keys()


def test_a_page_that_is_behind_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Until it is written."""
    monkeypatch.setattr(scim_fields, "PAGE", tmp_path / "page.md")
    assert scim_fields.main([]) == 1
    assert scim_fields.main(["--write"]) == 0
    assert scim_fields.main([]) == 0
