"""Names in the place of ids: looked up before a command runs, by the bridge's own right to read them."""

from __future__ import annotations

import argparse

from bridge.operations.answers import FoundEntities
from bridge.operations.asked import NAMES
from bridge.operations.requests import Find
from bridge_cli.commands import Wanted, is_id, named
from bridge_cli.context import Context
from bridge_cli.ends import End, Stopped


def look_up(context: Context) -> None:
    """Put ids in the place of the names among a command's arguments.

    Raises:
        Stopped: nobody is called so, or several are; or this person may not see names.
    """
    arguments = context.arguments
    if "id" in arguments:
        _look_up_entity(context, arguments)
    for name, value in list(vars(arguments).items()):
        if isinstance(value, Wanted):
            entity = _find(context, value.kind, value.name)
            setattr(arguments, name, entity if value.kind == "group" else entity.partition(":")[2])


def _look_up_entity(context: Context, arguments: argparse.Namespace) -> None:
    kind, text = arguments.entity, arguments.id
    if kind in {"user", "group"} and text:
        text = arguments.id = text.removeprefix(f"{kind}:")
    if kind and text is None:
        kind, _, text = (kind if ":" in kind else f"{_kind_of(kind)}:{kind}").partition(":")
        arguments.entity, arguments.id = (kind, text) if kind else (text, None)
    if kind in {"user", "group"} and text and not is_id(text, kind):
        arguments.entity, arguments.id = _find(context, kind, named(text)), None


def _kind_of(word: str) -> str:
    """The kind of a word that stands alone, empty where it does not tell: ids and addresses do."""
    kinds = [kind for kind in ("user", "group") if is_id(word, kind)] or ["user"] * ("@" in word)
    return kinds[0] if kinds else ""


def _find(context: Context, kind: str, name: str) -> str:
    try:
        found = context.ask(Find.model_validate({"kind": kind, "name": name}), FoundEntities).answer.found
    except Stopped as stopped:
        if stopped.end is not End.UNREACHABLE:
            raise
        do = f"An id needs no such right. Names need the policy NamesPolicyArn, for the alias {NAMES}."
        raise Stopped(stopped.end, f"{kind} {name}: {stopped.message}", do, reason=stopped.reason) from None
    if len(found) == 1:
        return found[0].entity
    if not found:
        whose = "Genesys Cloud" if kind == "account" else "Okta"
        raise Stopped(
            End.USAGE, f"No {kind} of {whose} is called {name}.", f"Check the spelling, or give {whose}'s id."
        )
    context.terminal.table((kind, "name"), [(each.entity, each.name) for each in found])
    raise Stopped(End.USAGE, f"{len(found)} are called {name}.", "Give the id of the one that is meant.")
