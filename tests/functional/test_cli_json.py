"""Every command answers a program with one JSON document, whatever comes of it, and ends with a documented code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from bridge_cli import ROOT
from bridge_cli.commands import Command
from bridge_cli.ends import MEANINGS
from bridge_cli.parser import COMMANDS
from tests.stages.cli_office import Office
from tests.stages.cli_stage import NAMES


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples write files."""
    monkeypatch.chdir(tmp_path)


BY_WORDS = {command.words: command for command in COMMANDS}
#: What shows a secret to a person, and to no program.
OF_PEOPLE = {"hook secret"}
MANUAL = (ROOT / "docs/operating.md").read_text("utf-8")


def run(office: Office, command: Command, more: str = "") -> tuple[int, str, str]:
    """Its example, asked by a program."""
    line = f"{command.example.removeprefix('bridge ')} --json {more}".strip()
    ran = office.bridge(line, code=None)
    return ran.code, ran.out, ran.err


@pytest.mark.parametrize("words", sorted(BY_WORDS))
def test_a_bridge_that_is_out_of_reach_is_a_document(words: str) -> None:
    """With the reason, and a code that is documented; nothing else stands on standard output."""
    office = Office()

    def refused(_payload: object) -> object:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Invoke")

    office.aws.functions = dict.fromkeys([*office.aws.functions, NAMES], refused)
    code, out, _ = run(office, BY_WORDS[words], "--yes" if BY_WORDS[words].changes else "")
    document = json.loads(out)
    assert code in set(MEANINGS) - {0}
    if words != "check":  # which has a line for each thing that it cannot ask
        assert document["ok"] is False
        assert document["error"]["reason"]
        assert document["error"]["message"]


@pytest.mark.parametrize("words", sorted(BY_WORDS.keys() - OF_PEOPLE))
def test_what_a_running_bridge_answers_is_a_document(words: str) -> None:
    """Good or bad: one object; nobody is asked although nobody is there to answer."""
    office = Office()
    world = office.stage.world
    world.variables["LINK_ASSIGNED_GROUPS"] = "true"
    code, out, _ = run(office, BY_WORDS[words])
    assert isinstance(json.loads(out), dict)
    assert code in MEANINGS


@pytest.mark.parametrize(
    "line",
    [
        "status",
        "holds list",
        "holds list --all",
        "parked list",
        "diff",
        "diff --summary",
        "reconcile --report",
        "match",
    ],
)
def test_what_shows_everything_shows_it_to_programs(line: str) -> None:
    """Without a fault the document says so."""
    assert Office().ask(line)["ok"] is True


@pytest.mark.parametrize("line", ["nonsense", "sync", "holds approve app", "user link 00u1 x --nope", "group ceiling"])
def test_wrong_usage_is_a_document_too(line: str) -> None:
    """On standard output for the program, in words beside it."""
    ran = Office().bridge(f"{line} --json", code=2)
    document = json.loads(ran.out)
    assert (document["ok"], document["error"]["reason"]) == (False, "usage")


def test_a_question_that_nobody_answers_replaces_the_preview() -> None:
    """One document, and it says that nothing was changed."""
    office = Office()
    group = office.stage.world.okta.create_group("Sales")
    document = json.loads(office.bridge(f"group link {group} --json", code=2).out)
    assert document["error"]["message"].startswith("Nothing was changed")


def test_every_exit_code_is_in_the_manual_and_in_every_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The same words in both."""
    table = MANUAL.partition("## Exit codes")[2]
    for end, says in MEANINGS.items():
        assert f"| {end.value} | {says} |" in table
    for words in BY_WORDS:
        Office().bridge(f"{words} --help")
        shown = capsys.readouterr().out
        assert all(says in shown for says in MEANINGS.values()), words
