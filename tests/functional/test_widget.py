"""The dashboard's widget: the open holds as HTML, as CloudWatch asks for them."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from bridge.operations.needs import said_age
from bridge_local.faults import Fault
from bridge_local.okta import faults as okta_faults
from tests.stages.operations_stage import Stage

ASKED = {"widgetContext": {"dashboardName": "d", "theme": "dark", "params": {}}}
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:operations"


def held(name: str = "Sales & <Support>") -> tuple[Stage, str, list[str]]:
    """A group whose three members somebody has taken out in Okta, which is held."""
    stage = Stage()
    world = stage.world
    world.variables["GROUP_REMOVAL_CEILING"] = "1"
    world.restart()
    people = world.people(3)
    world.happen()
    group, _ = world.linked_group(name, people)
    world.happen()
    world.okta.remove_members(group, people)
    world.happen()
    world.clock.advance(26 * 3600)
    return stage, group, people


def shown(stage: Stage, *, names: bool = False, **more: Any) -> str:
    """The widget's HTML."""
    alias = "names" if names else "reader"
    found = stage.operations.handle({**ASKED, **more}, reader=True, names=names, arn=f"{FUNCTION}:{alias}")
    assert isinstance(found, str)
    return found


def test_nothing_waits() -> None:
    """Said in words."""
    assert "<p>No removal waits for a person.</p>" in shown(Stage())


def test_a_hold_says_whom_it_is_about_since_when_and_what_to_run() -> None:
    """Counts and age in words, and the command that approves in one piece; ids alone for those who only read."""
    stage, group, _ = held()
    page = shown(stage)
    assert f"<td>group:{group}</td><td>3 people would leave the group</td>" in page
    assert "1 day 2 hours<br>" in page
    assert f"<code>bridge holds approve {group} --why TICKET --stack bridge-test</code>" in page
    assert "Sales" not in page


def test_names_come_live_and_escaped_through_the_alias_for_names() -> None:
    """Who may only read sees a link that asks that alias, with their own permission."""
    stage, group, _ = held()
    assert f'endpoint="{FUNCTION}:names"' in shown(stage)
    page = shown(stage, names=True)
    assert f"Sales &amp; &lt;Support&gt;<br><small>group:{group}</small>" in page
    assert "<Support>" not in page
    assert "With names" not in page


def test_the_details_name_the_people_and_both_commands() -> None:
    """In a window of their own, asked of the same alias."""
    stage, group, people = held()
    page = shown(stage)
    assert f'display="popup" endpoint="{FUNCTION}:reader">{{"details": "group:{group}"}}</cwdb-action>' in page
    details = shown(stage, details=f"group:{group}")
    assert all(f"<li>user:{person}</li>" in details for person in people)
    for verb in ("approve", "reject"):
        assert f"<code>bridge holds {verb} {group} --why TICKET --stack bridge-test</code>" in details
    named = shown(stage, names=True, details=f"group:{group}")
    assert f"<br><small>user:{people[0]}</small>" in named


def test_who_changed_it_is_named_where_the_log_says_so() -> None:
    """Live from Okta's System Log; where that does not answer, it is not known, and the hold is still there."""
    stage, _, _ = held()
    assert "<td>not known</td>" not in shown(stage)
    stage.world.okta.faults.add(Fault("", okta_faults.refused(503)))
    page = shown(stage, names=True)
    assert "3 people would leave the group" in page
    assert "<td>not known</td>" in page


@pytest.mark.parametrize("details", ["<script>", "user:00u1a2b3c4", 7, {"group": 1}])
def test_details_that_nobody_offers_are_the_list(details: Any) -> None:
    """What comes in stands nowhere in what goes out."""
    stage, _, _ = held()
    page = shown(stage, details=details)
    assert "<table>" in page
    assert "<script>" not in page


def test_nothing_can_be_decided_in_it() -> None:
    """No form, no button, no script; every call of it asks what only reads; it is well-formed."""
    stage, group, _ = held()

    class Elements(HTMLParser):
        """Which there are, and which are open."""

        def __init__(self) -> None:
            super().__init__()
            self.seen: set[str] = set()
            self.open: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.seen.add(tag)
            if tag != "br":
                self.open.append(tag)
            assert not [name for name, _ in attrs if name.startswith("on")]

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    for page in (shown(stage), shown(stage, details=f"group:{group}")):
        elements = Elements()
        elements.feed(page)
        assert elements.open == []
        assert not elements.seen & {"form", "button", "input", "script", "iframe", "img"}
        assert all(alias in {"reader", "names"} for alias in re.findall(r'endpoint="[^"]*:(\w+)"', page))


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (0, "under a minute"),
        (61, "1 minute"),
        (7260, "2 hours 1 minute"),
        (90_000, "1 day 1 hour"),
        (-9, "under a minute"),
    ],
)
def test_an_age_is_said_in_words(seconds: int, says: str) -> None:
    """Its two largest units."""
    assert said_age(timedelta(seconds=seconds)) == says


def test_it_explains_itself() -> None:
    """When CloudWatch asks for a description."""
    description = Stage().operations.handle({"describe": True}, reader=True)
    assert isinstance(description, str)
    assert description.startswith("## Open holds")
