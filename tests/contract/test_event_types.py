"""Okta's event types: none that changes a user, an assignment or a membership is passed over unseen."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.okta.events import EVENT_TYPES
from bridge.okta.log import CAP_WARNINGS, FAILED_DELIVERY, NATIVE_PROVISIONING, log_filter

_LIST = Path(__file__).with_name("okta_event_types.tsv")
ROWS = [line.split("\t") for line in _LIST.read_text("utf-8").splitlines() if not line.startswith("#")]


def test_every_type_is_in_the_list_once() -> None:
    """The list is the catalogue's, and the code handles no type that Okta does not have."""
    types = [row[0] for row in ROWS]
    assert len(types) == len(set(types))
    assert set(EVENT_TYPES) <= set(types)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_type_is_handled_watched_or_harmless(row: list[str]) -> None:
    """What the list says of a type is what the code does with it, and "harmless" has a reason."""
    event_type, hook, becomes, why = row
    watched = event_type in {FAILED_DELIVERY, *CAP_WARNINGS} or event_type.startswith(NATIVE_PROVISIONING)
    assert becomes == ("item" if event_type in EVENT_TYPES else "watched" if watched else "harmless")
    assert bool(why) is (becomes == "harmless")
    if becomes == "item" and EVENT_TYPES[event_type].hook:
        assert hook == "yes"


def test_catch_up_asks_for_every_type_that_makes_an_item() -> None:
    """A type that is not in the System Log's filter would never be read."""
    question = log_filter("0oaGenesysCloudApp5d")
    assert [event_type for event_type in EVENT_TYPES if event_type not in question] == []
