"""`bridge log`: a table, a spreadsheet, documents, and what is done from now on."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from bridge.operations.answers import Entry
from bridge.operations.log_requests import Logged
from bridge_cli.ends import End
from tests.stages.cli_answers import refused
from tests.stages.cli_stage import START, Stage


def entry(outcome: str = "updated", minutes: int = 0, **more: Any) -> Entry:
    """What was done for one user."""
    at = START + timedelta(minutes=minutes)
    return Entry(entity="user:00u1a2b3", at=at, outcome=outcome, reason="hook", changed=["title"], **more)


def logged(*entries: Entry) -> dict[str, Any]:
    """An answer, whole."""
    return Logged(log=list(entries), next=None).document()


def test_a_table_shows_the_newest_first() -> None:
    """Who, what, why, and what was changed or refused."""
    entries = entry(minutes=1, refused=["title"]), entry("held", held=3, why="ceiling-count")
    ran = Stage(log=logged(*entries) | {"next": "x"}).run("log --limit 2")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0].split() == ["TIME", "ENTITY", "OUTCOME", "WHY", "ASKED", "BY", "CHANGED"]
    assert "updated" in lines[1]
    assert lines[1].endswith("title, title refused")
    assert lines[2].endswith("ceiling-count  hook      title, 3 held")
    assert lines[-1] == "2 entries; there are more: --all"


def test_what_is_asked_for_is_asked_of_the_bridge() -> None:
    """By person, outcome, time; so long ago, or a moment with its own zone."""
    stage = Stage(log=logged(*[]))
    stage.run("log user 00u1a2b3 --outcome held --refused --since 90m --until 2026-11-24T09:00+00:00")
    [asked] = stage.asked
    assert {name: asked[name] for name in ("entity", "outcome", "refused", "since", "until")} == {
        "entity": "user:00u1a2b3",
        "outcome": "held",
        "refused": True,
        "since": (START - timedelta(minutes=90)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "until": "2026-11-24T09:00:00.000Z",
    }


def test_a_spreadsheet_has_a_heading_and_a_line_each() -> None:
    """Times in UTC, attributes in one cell."""
    ran = Stage(log=logged(*[entry(refused=["title"])])).run("log --csv")
    assert ran.out.splitlines() == [
        "time,entity,outcome,why,asked by,changed,refused,added,removed,held",
        f"{START.isoformat(timespec='milliseconds')},user:00u1a2b3,updated,,hook,title,title,0,0,0",
    ]


def test_a_program_gets_the_entries_as_one_document() -> None:
    """As the bridge answers."""
    ran = Stage(log=logged(*[entry()])).run("log --json")
    assert [each["outcome"] for each in ran.document["log"]] == ["updated"]


@pytest.mark.parametrize("form", ["", "--json", "--csv"])
def test_following_shows_each_entry_once_as_it_comes(form: str) -> None:
    """The oldest of an answer first; what has been shown is not shown again; Ctrl-C ends it."""
    answers = [
        logged(),
        logged(entry("created", 1)),
        logged(entry("updated", 2), entry("created", 1)),
        refused("internal-error"),
    ]
    stage = Stage(log=answers)
    ran = stage.run(f"log --follow {form}")
    assert stage.pauses == [5.0, 5.0, 5.0]
    lines = [line for line in ran.out.splitlines() if line]
    if form == "--json":
        assert [json.loads(line)["outcome"] for line in lines[:2]] == ["created", "updated"]
    else:
        assert ["created" in line for line in lines[-2:]] == [True, False]
        assert len(lines) == (3 if form == "--csv" else 2)


def test_following_ends_with_an_interruption() -> None:
    """Nothing was changed."""
    ran = Stage(log=logged()).run("log --follow", interrupt_at="wait")
    assert ran.code == End.INTERRUPTED
    assert "Nothing was changed." in ran.err


def test_a_time_that_is_none_is_refused_before_anybody_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """With what was expected."""
    stage = Stage(log=logged(*[]))
    ran = stage.run("log --since yesterday")
    assert (ran.code, stage.asked) == (2, [])
    assert "expected 30m, 12h or 7d, or a time such as 2026-11-28T09:00" in capsys.readouterr().err
