"""``bridge parked``: what waits for a person."""

from __future__ import annotations

import argparse
from typing import Any

from bridge.operations.answers import Discarded, ParkedItem, ParkedItems, Redriven
from bridge.operations.requests import ParkedDiscard, ParkedList, ParkedRedrive, ParkedShow
from bridge_cli.commands import Command, entity_argument, entity_of, page_arguments, ticket_argument, wait_arguments
from bridge_cli.context import Context, pages, show_entry, sync_of
from bridge_cli.ends import End, Stopped
from bridge_cli.tables import count

_USUAL = 100
#: What a discarded cause does, for the question and the help.
_DISCARDS = (
    "It waits for nobody until something changes: an event of the user or group in Okta, another detail, a sync or a "
    "redrive that somebody asks for. A good sync removes it."
)


def list_parked(context: Context) -> End:
    """``parked list``."""
    discarded = context.arguments.discarded
    reply = pages(context, ParkedList(discarded=discarded), ParkedItems, "parked")
    terminal = context.terminal
    terminal.document(reply.document)
    if terminal.as_json:
        return End.DONE
    parked = reply.answer.parked
    if not parked:
        terminal.say("Nothing is discarded." if discarded else "Nothing is parked.")
        return End.DONE
    _table(context, parked)
    terminal.say(
        "", f"{count(len(parked), 'item')}{'; there are more: --all' if reply.answer.next is not None else ''}"
    )
    terminal.say(f"After its cause is gone: {context.command(f'parked redrive {parked[0].entity}')}")
    return End.DONE


def show_parked(context: Context) -> End:
    """``parked show``."""
    entity = entity_of(context.arguments, app=True)
    reply = context.ask(ParkedShow(entity=entity), ParkedItems)
    terminal = context.terminal
    terminal.document(reply.document)
    if terminal.as_json:
        return End.DONE
    for item in reply.answer.parked:
        terminal.say(f"{item.entity}  {item.reason}{', discarded' if item.discarded else ''}")
        terminal.facts(
            ("that is", item.means),
            ("do first", context.copyable(item.first)),
            ("detail", item.detail),
            ("reference", item.reference),
            ("first met", terminal.time(item.since)),
            ("last met", terminal.time(item.parked)),
            ("discarded", f"{terminal.time(item.discarded)}: {item.ticket}" if item.discarded else ""),
            ("item", item.item),
            ("body", item.body),
        )
    return End.DONE


def discard(context: Context) -> End:
    """``parked discard``."""
    entity, reason, terminal = entity_of(context.arguments, app=True), context.arguments.reason, context.terminal
    found = context.ask(ParkedShow(entity=entity), ParkedItems).answer.parked
    parked = [item for item in found if item.discarded is None and reason in {None, item.reason}]
    if not parked:
        raise Stopped.by("nothing-parked", f"Nothing of {entity} that you name is parked.")
    _table(context, parked)
    terminal.confirm(f"Discard {count(len(parked), 'cause')}? {_DISCARDS}")
    reply = context.change(ParkedDiscard(entity=entity, reason=reason, why=context.arguments.why), Discarded)
    terminal.document(reply.document)
    terminal.say(
        f"Discarded: {', '.join(reply.answer.reasons)}. {context.command('parked list --discarded')} shows it."
    )
    return End.DONE


def redrive(context: Context) -> End:
    """``parked redrive``."""
    if context.arguments.all == (context.arguments.entity is not None):
        raise argparse.ArgumentTypeError("expected an ENTITY, or --all")
    return _redrive_all(context) if context.arguments.all else _redrive(context, entity_of(context.arguments, app=True))


def _redrive(context: Context, entity: str) -> End:
    terminal = context.terminal
    parked = context.ask(ParkedShow(entity=entity), ParkedItems).answer.parked
    _table(context, parked)
    terminal.confirm(f"Sync {entity} again?")
    reply = context.change(ParkedRedrive(entity=entity), Redriven)
    entry = sync_of(context, entity, reply.answer.item)
    terminal.document({**reply.document, "entry": None if entry is None else entry.model_dump(mode="json")})
    if entry is None:
        terminal.say(f"The item {reply.answer.item} is in its queue.")
        return End.DONE
    show_entry(terminal, entry)
    return End.FAILED if entry.outcome == "parked" else End.DONE


def _redrive_all(context: Context) -> End:
    terminal = context.terminal
    parked = pages(context, ParkedList(), ParkedItems, "parked").answer.parked
    if context.arguments.reason is not None:
        parked = [item for item in parked if item.reason == context.arguments.reason]
    entities = sorted({item.entity for item in parked})
    if not entities:
        terminal.document({"ok": True, "redriven": []})
        terminal.say("Nothing of that is parked.")
        return End.DONE
    _table(context, parked)
    terminal.confirm(f"Sync {count(len(entities), 'entity', 'entities')} again?")
    redriven: list[dict[str, Any]] = []
    for number, entity in enumerate(entities, start=1):
        context.standing = f"{len(redriven)} of {len(entities)} are in their queues; the others stay parked."
        terminal.progress(f"{number} of {len(entities)}")
        try:
            redriven.append(context.ask(ParkedRedrive(entity=entity), Redriven).document)
        except Stopped as stopped:
            # A sync may have closed it since the list was read.
            if stopped.reason != "nothing-parked":
                raise Stopped(stopped.end, f"{stopped.message} {context.standing}", stopped.advice) from None
    terminal.document({"ok": True, "redriven": redriven})
    terminal.say(
        f"{len(redriven)} of {len(entities)} are in their queues. Still parked: {context.command('parked list')}"
    )
    return End.DONE


def _table(context: Context, parked: list[ParkedItem]) -> None:
    rows = [
        (
            item.entity,
            context.terminal.time(item.since or item.parked),
            item.reason,
            f"{item.means} {item.detail}".strip(),
        )
        for item in parked
    ]
    context.terminal.table(("entity", "since", "reason", "that is"), rows)


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    page_arguments(parser, _USUAL)
    parser.add_argument("--discarded", action="store_true", help="show what was discarded instead")


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    entity_argument(parser, app=True)


def _discard_arguments(parser: argparse.ArgumentParser) -> None:
    entity_argument(parser, app=True)
    parser.add_argument("--reason", metavar="CODE", help="only the cause with this reason code")
    ticket_argument(parser)


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
        "A user or group is parked when trying again would change nothing: an ambiguous match, a value that cannot be "
        "mapped, a refusal by Genesys Cloud. Each stands once for each cause, anyone who asked. Others go on. A later "
        "successful sync of the same user or group removes it.",
        "bridge parked list",
        list_parked,
        _list_arguments,
    ),
    Command(
        "parked show",
        "ENTITY [ID]",
        "what is parked for one user or group, whole",
        "What the reason means, what to do first, and the item as it was in its queue; discarded causes too. `bridge "
        "explain` says what a sync would meet now.",
        "bridge parked show user 00u1a2b3c4d5e6f7g8h9",
        show_parked,
        _show_arguments,
    ),
    Command(
        "parked redrive",
        "{ENTITY [ID] | --all [--reason CODE]}",
        "sync again what is parked",
        "For when the cause is gone. Shows what is parked, asks, syncs, and shows the journal entry. What fails again "
        "is parked again: the command ends then, with the reason and exit code 1. With --all nothing is waited for.",
        "bridge parked redrive user 00u1a2b3c4d5e6f7g8h9",
        redrive,
        _redrive_arguments,
        changes=True,
    ),
    Command(
        "parked discard",
        "ENTITY [ID] [--reason CODE] --why TICKET",
        "let what is parked wait for nobody",
        f"For what nobody will mend. Shows what is parked, asks, and writes it into the journal with your reason. "
        f"{_DISCARDS}",
        "bridge parked discard user 00u1a2b3c4d5e6f7g8h9 --why OPS-1234",
        discard,
        _discard_arguments,
        changes=True,
    ),
)
