"""What a command is: its words, its arguments, what it says of itself, and what it runs."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bridge.items import OKTA_ID
from bridge_cli.bridge import check_why
from bridge_cli.context import Context
from bridge_cli.ends import End

#: Seconds that a command waits for the sync it has asked for.
_TIMEOUT = 60.0
_KINDS = ("user", "group")
_PREFIXES = {"user": "00u", "group": "00g"}
#: Most characters of a name.
_LONGEST = 255
#: Ids of Genesys Cloud users.
_ACCOUNT = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        words: as they are typed: ``holds approve``.
        synopsis: what follows them in the usage line.
        summary: one line.
        details: what one must know to use it.
        example: a whole command line, without the option that says which bridge.
        run: does it.
        arguments: adds the arguments of its own.
        changes: whether it changes something, and so asks.
    """

    words: str
    synopsis: str
    summary: str
    details: str
    example: str
    run: Callable[[Context], End]
    arguments: Callable[[argparse.ArgumentParser], None] = lambda _parser: None
    changes: bool = False


def entity_argument(parser: argparse.ArgumentParser, *, app: bool = False, optional: bool = False) -> None:
    """``ENTITY [ID]``; `entity_of` reads it."""
    forms = "user or group, then its Okta id or name; or both as one, such as user:00u1"
    parser.add_argument(
        "entity",
        metavar="ENTITY",
        nargs="?" if optional else None,
        help=f"{forms}; or app, the application as a whole" if app else forms,
    )
    parser.add_argument("id", metavar="ID", nargs="?", help="the Okta id, e-mail address, login or group name")


def entity_of(arguments: argparse.Namespace, *, app: bool = False) -> str:
    """The entity that the words name.

    Raises:
        argparse.ArgumentTypeError: they name none.
    """
    kind, okta_id = arguments.entity, arguments.id
    if app and kind == "app" and okta_id is None:
        return "app"
    if okta_id is None:
        kind, _, okta_id = kind.partition(":")
    if kind not in _KINDS or not OKTA_ID.fullmatch(okta_id):  # a name has been looked up before
        raise argparse.ArgumentTypeError(
            "ENTITY: expected user ID or group ID"
            + (", or app" if app else "")
            + "; an Okta id has 8 to 64 letters and digits"
        )
    return f"{kind}:{okta_id}"


class _Group(argparse.Action):
    """One word, or two of which the first is ``group``, as where a command takes users too."""

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        _option: str | None = None,
    ) -> None:
        """Read it."""
        words = values[1:] if len(values) == 2 and values[0] == "group" else values  # noqa: PLR2004 - the word and a name
        if len(words) > 1:
            raise argparse.ArgumentError(self, "expected one word; a name with blanks is written in quotes")
        try:
            found = (_hold if self.const else _group)(words[0]) if words else None
        except argparse.ArgumentTypeError as error:
            raise argparse.ArgumentError(self, str(error)) from None
        setattr(namespace, self.dest, found)


def group_argument(parser: argparse.ArgumentParser, *, app: bool = False, optional: bool = False) -> None:
    """``GROUP``, or ``HOLD`` where the organisation has one too."""
    says = "the group's Okta id or name"
    says = f"{says}; or app, the organisation's hold" if app else says
    parser.add_argument(
        "entity",
        metavar="HOLD" if app else "GROUP",
        nargs="*" if optional else "+",
        action=_Group,
        const=app,
        help=says,
    )


def page_arguments(parser: argparse.ArgumentParser, usual: int) -> None:
    """``--limit`` and ``--all``."""
    parser.add_argument("--limit", metavar="N", type=positive, default=usual, help=f"show N at most (usually {usual})")
    parser.add_argument("--all", action="store_true", help="show all of them, however many")


def ticket_argument(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """``--why``."""
    parser.add_argument(
        "--why",
        metavar="TICKET",
        required=required,
        type=_ticket,
        help="kept with it: 1 to 100 of A-Z a-z 0-9 space _ . : / # -, such as a ticket's number; no names",
    )


def wait_arguments(parser: argparse.ArgumentParser) -> None:
    """``--timeout`` and ``--no-wait``."""
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=seconds,
        default=_TIMEOUT,
        help=f"wait so long for the sync (usually {_TIMEOUT:g})",
    )
    parser.add_argument("--no-wait", dest="timeout", action="store_const", const=0.0, help="do not wait for it")


def positive(text: str) -> int:
    """A whole number from 1 on."""
    return _number(text, 1, 1_000_000)


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number within limits."""
    return lambda text: _number(text, least, most)


def seconds(text: str) -> float:
    """Seconds, up to a day."""
    return float(_number(text, 1, 86_400))


def _number(text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"expected a whole number from {least} to {most}")
    return int(text)


def _ticket(text: str) -> str:
    try:
        return check_why(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def is_id(text: str, kind: str) -> bool:
    """Whether a text is meant as an Okta id, right or wrong: it begins as the ids of its kind do."""
    return text.startswith(_PREFIXES[kind])


@dataclass(frozen=True)
class Wanted:
    """A name that is looked up before the command runs; `kind` is ``user``, ``group`` or ``account``."""

    kind: str
    name: str


def okta_id(text: str) -> str | Wanted:
    """A user's Okta id, or a login or e-mail address to look up."""
    name = text.removeprefix("user:")
    return _id(name) if is_id(name, "user") else Wanted("user", named(name))


def account_id(text: str) -> str | Wanted:
    """A Genesys Cloud user's id, or their e-mail address to look up."""
    text = text.removeprefix("account:")
    if "@" in text:
        return Wanted("account", named(text))
    if not _ACCOUNT.fullmatch(text):
        raise argparse.ArgumentTypeError("expected the id or the e-mail address of a Genesys Cloud user")
    return text


def _group(text: str) -> str | Wanted:
    name = text.removeprefix("group:")
    return f"group:{_id(name)}" if is_id(name, "group") else Wanted("group", named(name))


def _id(text: str) -> str:
    if not OKTA_ID.fullmatch(text):
        raise argparse.ArgumentTypeError("expected an Okta id: 8 to 64 letters and digits")
    return text


def named(text: str) -> str:
    """A name to look up.

    Raises:
        argparse.ArgumentTypeError: it cannot be one: blank, too long, or no text.
    """
    no_text = any("\ud800" <= letter <= "\udfff" for letter in text)  # bytes of the command line that are no UTF-8
    if not text.strip() or len(text) > _LONGEST or no_text:
        raise argparse.ArgumentTypeError(f"expected an Okta id, or a name of at most {_LONGEST} characters")
    return text


def _hold(text: str) -> str | Wanted:
    return "app" if text == "app" else _group(text)
