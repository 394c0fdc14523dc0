"""Help, usage, the manual, and text on a terminal."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from bridge_cli import ROOT, manual
from bridge_cli.__main__ import main
from bridge_cli.parser import COMMANDS
from bridge_cli.tables import facts, printable, table
from bridge_cli.terminal import Terminal
from tests.stages.cli_answers import hold, shown
from tests.stages.cli_stage import Paper, Stage

WORDS = [command.words for command in COMMANDS]


@pytest.mark.parametrize("words", WORDS)
def test_the_help_of_a_command_is_enough(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Usage, an example, which bridge, and what the exit codes mean."""
    assert main([*words.split(), "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: bridge {words} ")
    for part in (f"example:\n  bridge {words}", "--stack NAME", "--local", "--json", "exit codes:\n    0  done"):
        assert part in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_help_of_all_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each."""
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"\n  {words} " in text for words in WORDS)


@pytest.mark.parametrize("words", WORDS)
def test_an_example_is_a_command_that_is_understood(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody copies an error: what the example lacks is only a bridge."""
    [command] = [command for command in COMMANDS if command.words == words]
    stage = Stage()
    stage.environment = {}
    ran = stage.run(command.example.split()[1:])
    assert ran.code == 2
    assert "Which bridge?" in ran.err or words == "map check"  # which asks none
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("line", ["", "holds", "frob", "status --yes", "pause queues", "sync user 00u1 --y"])
def test_wrong_usage_ends_with_2_and_points_to_the_help(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No option is guessed from its beginning: `--y` must not answer a question."""
    assert main(line.split()) == 2
    assert "--help` shows an example." in capsys.readouterr().err


def test_the_manual_is_what_the_help_says() -> None:
    """`python -m bridge_cli.manual` writes it anew."""
    above, mark, below = manual.DOCUMENT.read_text("utf-8").partition(manual.MARK)
    assert "## A hold has opened" in above
    assert mark + below == manual.commands()


def test_the_manual_is_written_below_the_mark_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written by hand stays."""
    document = tmp_path / "operating.md"
    document.write_text(f"by hand\n{manual.MARK}old", "utf-8")
    monkeypatch.setattr(manual, "DOCUMENT", document)
    assert manual.main() == 0
    assert document.read_text("utf-8") == f"by hand\n{manual.commands()}"


def test_the_file_bridge_is_the_command_from_anywhere(tmp_path: Path) -> None:
    """Also through a link to it."""
    link = tmp_path / "bridge"
    link.symlink_to(ROOT / "bridge")
    environment = {name: value for name, value in os.environ.items() if name != "BRIDGE_STACK"}
    ran = subprocess.run(  # noqa: S603 - our own program
        [link, "status"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 2
    assert "Which bridge?" in ran.stderr


# --------------------------------------------------------------------------------------------- terminal


def test_a_table_wraps_its_last_column_and_cuts_no_word() -> None:
    """An id can always be copied."""
    lines = table(("id", "says"), [("user:00u1", "words and words and group:00g1averyveryverylongidentifier")], 36)
    assert lines == [
        "ID         SAYS",
        "user:00u1  words and words and",
        "           group:00g1averyveryverylongidentifier",
    ]


def test_facts_leave_out_what_is_empty_and_wrap() -> None:
    """Names in a column, values in another."""
    assert facts([("a", 0), ("bb", None), ("ccc", ""), ("d", "one two")], width=11) == ["  a  0", "  d  one two"]
    assert facts([]) == []
    assert table(("id", "number"), []) == ["ID  NUMBER"]


def test_nothing_that_a_terminal_obeys_reaches_it() -> None:
    """A name may hold an escape sequence; it is shown as a mark."""
    assert printable("a\x1b[2Jb\nc") == "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}c"
    out = Stage(holds_show=shown(explanation="\x1b]0;owned\x07")).run("holds show 00g1a2b3").out
    assert "\x1b" not in out
    assert hold().entity in out


def test_progress_on_a_terminal_is_one_line_that_goes_away() -> None:
    """And nothing without a terminal, unless asked for."""
    err = Paper(terminal=True)
    terminal = Terminal(Paper(), Paper(), err)
    terminal.progress("1 of 20")
    terminal.progress("1 of 20")
    terminal.progress("2")
    terminal.flush()
    assert err.getvalue() == "\r1 of 20\r2      \r \r"
    quiet = Paper()
    Terminal(Paper(), Paper(), quiet).progress("1 of 2")
    assert quiet.getvalue() == ""


def test_a_terminal_wraps_to_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file gets whole lines."""
    monkeypatch.setenv("COLUMNS", "60")
    stage = Stage(holds_show=shown())
    assert (
        max(len(line) for line in stage.run("holds show 00g1a2b3", terminal=True).out.splitlines()) > 60
    )  # the history
    assert (
        "  counts    5000 of 5000 would go now; limits 1000 and 50 %\n"
        in stage.run("holds show 00g1a2b3", terminal=True).out
    )
    assert "than the ceiling allows.\n" in stage.run("holds show 00g1a2b3").out


def test_a_reader_that_goes_away_ends_the_command_quietly() -> None:
    """As in `bridge holds show GROUP --all | head -1`: no traceback, also not when Python closes the stream."""
    stage = Stage(holds_show=shown())
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "w", encoding="utf-8") as stdout:
        ran = stage.run("holds show 00g1a2b3", stdout=stdout)
    assert (ran.code, ran.err) == (1, "")
