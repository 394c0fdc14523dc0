"""The commands in ``docs/operating.md``, written from what ``--help`` says: ``python -m bridge_cli.manual``."""

from __future__ import annotations

import argparse
import sys

from bridge_cli import ROOT
from bridge_cli.commands import Command
from bridge_cli.ends import MEANINGS
from bridge_cli.parser import COMMANDS, FORMATTER, own_options, shared_options, usage

DOCUMENT = ROOT / "docs" / "operating.md"
#: What stands below is written from the help; what stands above, by hand.
MARK = "<!-- Written by `python -m bridge_cli.manual`; what is above this line is written by hand. -->\n"


def commands() -> str:
    """The part of the document that is written from the help."""
    return "\n".join((MARK, "## The commands\n", *(_command(command) for command in COMMANDS), _shared(), _codes()))


def main() -> int:
    """Write the document anew."""
    above = DOCUMENT.read_text("utf-8").partition(MARK)[0]
    DOCUMENT.write_text(above + commands(), "utf-8")
    return 0


def _command(command: Command) -> str:
    parts = [
        f"### bridge {command.words}\n",
        f"{command.summary[0].upper()}{command.summary[1:]}.\n",
        command.details,
        "",
    ]
    return "\n".join(
        (*parts, "```text", usage(command), "", *_options(own_options(command)), f"example: {command.example}", "```\n")
    )


def _options(parser: argparse.ArgumentParser) -> list[str]:
    """The options that a parser knows, as its help has them."""
    lines = parser.format_help().splitlines()[2:]
    return [*lines, ""] if lines else []


def _shared() -> str:
    parser = argparse.ArgumentParser(usage="", add_help=False, formatter_class=FORMATTER)
    shared_options(parser, yes=True)
    help_ = parser.format_help().partition("which bridge:")
    return "\n".join(("## Options of every command\n", "```text", f"{help_[1]}{help_[2]}```\n"))


def _codes() -> str:
    rows = (f"| {end.value} | {says} |" for end, says in MEANINGS.items())
    return "\n".join(("## Exit codes\n", "| code | meaning |", "|---|---|", *rows, ""))


if __name__ == "__main__":
    sys.exit(main())
