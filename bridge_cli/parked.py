"""``bridge parked``: items that wait for a person."""

from __future__ import annotations

import argparse
from typing import Any

from bridge.operations.answers import ParkedItem, ParkedItems, Redriven
from bridge.operations.requests import ParkedList, ParkedRedrive, ParkedShow
from bridge_cli.commands import Command, entity_argument, entity_of, page_arguments, wait_arguments
from bridge_cli.desk import Desk, look_of, pages, show_entry
from bridge_cli.ends import End, Stopped
from bridge_cli.tables import count

_USUAL = 100


def list_parked(desk: Desk) -> End:
    """``parked list``."""
    reply = pages(desk, ParkedList(), ParkedItems, "parked")
    terminal = desk.terminal
    terminal.document(reply.document)
    if terminal.as_json:
        return End.DONE
    parked = reply.answer.parked
    if not parked:
        terminal.say("Nothing is parked.")
        return End.DONE
    _table(desk, parked)
    terminal.say(
        "", f"{count(len(parked), 'item')}{'; there are more: --all' if reply.answer.next is not None else ''}"
    )
    terminal.say(f"After its cause is gone: {desk.command(f'parked redrive {parked[0].entity}')}")
    return End.DONE


def show_parked(desk: Desk) -> End:
    """``parked show``."""
    entity = entity_of(desk.arguments, app=True)
    reply = desk.ask(ParkedShow(entity=entity), ParkedItems)
    terminal = desk.terminal
    terminal.document(reply.document)
    if terminal.as_json:
        return End.DONE
    for item in reply.answer.parked:
        terminal.say(f"{item.entity}  {item.reason}")
        terminal.facts(
            ("detail", item.detail), ("parked", terminal.time(item.parked)), ("item", item.item), ("body", item.body)
        )
    if not reply.answer.parked:
        terminal.say(f"Nothing of {entity} is parked.")
    return End.DONE


def redrive(desk: Desk) -> End:
    """``parked redrive``."""
    if desk.arguments.all == (desk.arguments.entity is not None):
        raise argparse.ArgumentTypeError("expected an ENTITY, or --all")
    return _redrive_all(desk) if desk.arguments.all else _redrive(desk, entity_of(desk.arguments, app=True))


def _redrive(desk: Desk, entity: str) -> End:
    terminal = desk.terminal
    parked = desk.ask(ParkedShow(entity=entity), ParkedItems).answer.parked
    if not parked:
        raise Stopped.by("nothing-parked", f"Nothing of {entity} is parked.")
    _table(desk, parked)
    terminal.confirm(f"Look at {entity} again?")
    reply = desk.change(ParkedRedrive(entity=entity), Redriven)
    entry = look_of(desk, entity, reply.answer.item)
    terminal.document({**reply.document, "entry": None if entry is None else entry.model_dump(mode="json")})
    if entry is None:
        terminal.say(f"The item {reply.answer.item} is in its lane.")
        return End.DONE
    show_entry(terminal, entry)
    return End.FAILED if entry.outcome == "parked" else End.DONE


def _redrive_all(desk: Desk) -> End:
    terminal = desk.terminal
    parked = pages(desk, ParkedList(), ParkedItems, "parked").answer.parked
    if desk.arguments.reason is not None:
        parked = [item for item in parked if item.reason == desk.arguments.reason]
    entities = sorted({item.entity for item in parked})
    if not entities:
        terminal.document({"ok": True, "redriven": []})
        terminal.say("Nothing of that is parked.")
        return End.DONE
    _table(desk, parked)
    terminal.confirm(f"Look at {count(len(entities), 'entity', 'entities')} again?")
    redriven: list[dict[str, Any]] = []
    for number, entity in enumerate(entities, start=1):
        desk.standing = f"{len(redriven)} of {len(entities)} are in their lanes; the others stay parked."
        terminal.progress(f"{number} of {len(entities)}")
        try:
            redriven.append(desk.ask(ParkedRedrive(entity=entity), Redriven).document)
        except Stopped as stopped:
            # A look may have closed it since the list was read.
            if stopped.reason != "nothing-parked":
                raise Stopped(stopped.end, f"{stopped.message} {desk.standing}", stopped.advice) from None
    terminal.document({"ok": True, "redriven": redriven})
    terminal.say(
        f"{len(redriven)} of {len(entities)} are in their lanes. What is still parked: {desk.command('parked list')}"
    )
    return End.DONE


def _table(desk: Desk, parked: list[ParkedItem]) -> None:
    rows = [(item.entity, desk.terminal.time(item.parked), item.reason, item.detail) for item in parked]
    desk.terminal.table(("entity", "parked", "reason", "detail"), rows)


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    page_arguments(parser, _USUAL)


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    entity_argument(parser, app=True)


def _redrive_arguments(parser: argparse.ArgumentParser) -> None:
    entity_argument(parser, app=True, optional=True)
    parser.add_argument("--all", action="store_true", help="everything that is parked")
    parser.add_argument("--reason", metavar="CODE", help="with --all: only what was parked for this reason")
    parser.set_defaults(limit=None)
    wait_arguments(parser)


COMMANDS = (
    Command(
        "parked list",
        "",
        "the items that wait for a person",
        "An item is parked when trying again would change nothing: an ambiguous match, a value that can not be mapped, "
        "a refusal by Genesys Cloud. Others go on. A later successful look of the same user or group closes it.",
        "bridge parked list",
        list_parked,
        _list_arguments,
    ),
    Command(
        "parked show",
        "ENTITY [ID]",
        "the parked items of one user or group, whole",
        "With the item as it was in its lane. `bridge explain` says what a look would meet now.",
        "bridge parked show user 00u1a2b3c4d5e6f7g8h9",
        show_parked,
        _show_arguments,
    ),
    Command(
        "parked redrive",
        "{ENTITY [ID] | --all [--reason CODE]}",
        "look again at what is parked",
        "For when the cause is gone. Shows what is parked, asks, looks, and shows the journal entry; with --all the "
        "looks are not waited for. What fails again is parked again.",
        "bridge parked redrive user 00u1a2b3c4d5e6f7g8h9",
        redrive,
        _redrive_arguments,
        changes=True,
    ),
)
