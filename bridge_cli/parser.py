"""The command line: words, options, and help that is enough."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Mapping
from functools import partial
from typing import Any

from bridge_cli import (
    checks,
    decisions,
    doings,
    entities,
    groups,
    holds,
    hook,
    maps,
    match,
    parked,
    play,
    restore,
    running,
    setup,
    users,
)
from bridge_cli.commands import Command, whole
from bridge_cli.ends import MEANINGS
from bridge_cli.places import LOCAL_PORT

COMMANDS: tuple[Command, ...] = (
    running.COMMANDS[0],
    *setup.COMMANDS,
    *checks.COMMANDS,
    *hook.COMMANDS,
    *holds.COMMANDS,
    *entities.COMMANDS,
    *doings.COMMANDS,
    *running.COMMANDS[1:3],
    *parked.COMMANDS,
    *match.COMMANDS,
    *users.COMMANDS,
    *groups.COMMANDS,
    *running.COMMANDS[3:],
    *maps.COMMANDS,
    *decisions.COMMANDS,
    *restore.COMMANDS,
    *play.COMMANDS,
)
#: What the first words of commands with two stand for.
FAMILIES = {
    "holds": "removals that wait for a person",
    "hook": "Okta's event hook and its secret",
    "parked": "items that wait for a person",
    "map": "the attribute map",
    "user": "one user's link, and lost roles",
    "group": "links and ceilings that an operator sets",
    "confirm": "what an operator knows better than the bridge",
    "play": "the local stack, to play with",
}
#: The options that lead to a bridge, and the values they have when nobody names them.
_CONNECTION = {"stack": None, "region": None, "profile": None, "local": False, "port": LOCAL_PORT}
_OUTPUT = {"json": False, "progress": False}
_WIDTH = 100
_DESCRIPTION = """\
What people ask of a running bridge between Okta and Genesys Cloud: a deployed stack (--stack NAME,
or BRIDGE_STACK in the environment) or the local one (--local). What changes something shows it
first and asks."""

#: Lays out help: as wide whatever the terminal is, so that the manual can be compared.
FORMATTER = partial(argparse.RawDescriptionHelpFormatter, width=_WIDTH, max_help_position=26)


class Misused(SystemExit):
    """Wrong usage, which has been explained on standard error."""

    def __init__(self, message: str) -> None:
        super().__init__(2)
        self.message = message


class Parser(argparse.ArgumentParser):
    """A parser that says where to find help, and takes no shortened option: ``--y`` must not answer questions."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> None:  # type: ignore[override] # it does not return either
        """Say what is wrong and end with 2."""
        self._print_message(f"bridge: {message}\n        `{self.prog} --help` shows an example.\n", sys.stderr)
        raise Misused(message)


def build(environment: Mapping[str, str]) -> Parser:
    """The whole command line; `BRIDGE_STACK` in the environment stands for ``--stack``."""
    parser = Parser(
        prog="bridge",
        usage="bridge COMMAND [options]",
        description=_DESCRIPTION,
        epilog=f"{_commands()}\n\n{exit_codes()}",
        formatter_class=FORMATTER,
    )
    shared_options(parser, yes=True)
    parser.set_defaults(**_CONNECTION, **_OUTPUT, yes=False)
    if environment.get("BRIDGE_STACK"):
        parser.set_defaults(stack=environment["BRIDGE_STACK"])
    words = _words(parser, "bridge")
    families = {name: _words(_family(words, name, says), f"bridge {name}") for name, says in FAMILIES.items()}
    for command in COMMANDS:
        first, _, second = command.words.partition(" ")
        leaf = (families[first] if second else words).add_parser(
            second or first,
            usage=usage(command),
            description=_wrap(command.details),
            epilog=f"example:\n  {command.example} --stack NAME\n\n{exit_codes()}",
            formatter_class=FORMATTER,
        )
        command.arguments(leaf)
        shared_options(leaf, yes=command.changes)
        leaf.set_defaults(command=command, parser=leaf)
    return parser


def _words(parser: argparse.ArgumentParser, before: str) -> argparse._SubParsersAction[Parser]:
    return parser.add_subparsers(
        prog=before, metavar="COMMAND", required=True, help=argparse.SUPPRESS, parser_class=Parser
    )


def _family(words: argparse._SubParsersAction[Parser], name: str, says: str) -> Parser:
    return words.add_parser(
        name,
        usage=f"bridge {name} COMMAND [options]",
        description=f"{says}:\n{_list(name)}",
        formatter_class=FORMATTER,
    )


def usage(command: Command) -> str:
    """A command's usage line."""
    return " ".join(filter(None, ("bridge", command.words, command.synopsis, "[options]")))


def own_options(command: Command) -> Parser:
    """A parser that knows a command's own arguments alone, for the manual."""
    parser = Parser(prog=f"bridge {command.words}", usage=usage(command), add_help=False, formatter_class=FORMATTER)
    command.arguments(parser)
    return parser


def shared_options(parser: argparse.ArgumentParser, *, yes: bool) -> None:
    """The options of every command; none has a default here, so that they may stand before the command too."""
    where = parser.add_argument_group("which bridge")
    add = partial(where.add_argument, default=argparse.SUPPRESS)
    add("--stack", metavar="NAME", help="the CloudFormation stack (or BRIDGE_STACK)")
    add("--region", metavar="REGION", help="its AWS region (or AWS_REGION, or the profile's)")
    add("--profile", metavar="PROFILE", help="your AWS profile (or AWS_PROFILE)")
    add("--local", action="store_true", help="the stack that `make local` runs on this machine")
    add("--port", metavar="N", type=whole(1024, 65532), help=f"the local stack's PORT (usually {LOCAL_PORT})")
    how = parser.add_argument_group("how")
    add = partial(how.add_argument, default=argparse.SUPPRESS)
    if yes:
        add("--yes", action="store_true", help="answer every question with yes; without a terminal nothing is assumed")
    add(
        "--json",
        action="store_true",
        help="one JSON document on standard output, times in UTC; the rest on standard error",
    )
    add("--progress", action="store_true", help="show progress although standard error is no terminal")


def exit_codes() -> str:
    """What the exit codes mean."""
    lines = (f"  {end.value:>3}  {says}" for end, says in MEANINGS.items())
    return "\n".join(("exit codes:", *lines))


def _commands() -> str:
    return f"commands:\n{_list()}"


def _list(family: str = "") -> str:
    chosen = [command for command in COMMANDS if command.words.startswith(family)]
    size = max(len(command.words) for command in chosen)
    return "\n".join(f"  {command.words.ljust(size)}  {command.summary}" for command in chosen)


def _wrap(text: str) -> str:
    return textwrap.fill(text, _WIDTH - 2, break_long_words=False, break_on_hyphens=False)
