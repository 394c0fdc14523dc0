"""``bridge sync``, ``explain`` and ``diff``: one user or one group."""

from __future__ import annotations

import argparse
import json
from typing import Any

from bridge.operations.answers import Compared, Differences, Explained, Planned, Step, Synced
from bridge.operations.requests import Diff, Explain, Sync
from bridge_cli.because import ask_because, because_document, show_because
from bridge_cli.commands import Command, entity_argument, entity_of, page_arguments, wait_arguments, whole
from bridge_cli.context import Context, pages, show_entry, sync_of, work_facts
from bridge_cli.ends import End
from bridge_cli.summary import as_csv, summed
from bridge_cli.tables import count
from bridge_cli.terminal import Terminal

#: Differences, and journal entries, that are shown unless somebody says otherwise.
_DIFFERENCES = 100
_ENTRIES = 10
#: Outcomes of a sync after which somebody has something to do.
_NOT_DONE = frozenset({"parked", "failed"})


def sync(context: Context) -> End:
    """``sync``."""
    entity, terminal = entity_of(context.arguments, app=True), context.terminal
    planned = context.ask(Sync(entity=entity), Synced).answer.planned
    terminal.say(f"{entity}: a sync would do this now")
    if planned is not None:
        show_planned(terminal, planned)
    terminal.say()
    terminal.confirm(f"Sync {entity} now?")
    reply = context.change(Sync(entity=entity, apply=True), Synced)
    item = reply.answer.item or ""
    entry = sync_of(context, entity, item)
    terminal.document(
        {
            **reply.document,
            "planned": None if planned is None else planned.model_dump(mode="json"),
            "entry": None if entry is None else entry.model_dump(mode="json"),
        }
    )
    if entry is None:
        terminal.say(f"The item {item} is in its queue.")
        return End.DONE
    show_entry(terminal, entry)
    return End.FAILED if entry.outcome in _NOT_DONE else End.DONE


def explain(context: Context) -> End:
    """``explain``."""
    entity, terminal = entity_of(context.arguments), context.terminal
    reply = context.ask(Explain(entity=entity, limit=context.arguments.limit), Explained)
    caused = ask_because(context, entity)
    terminal.document({**reply.document, **because_document(caused)})
    if terminal.as_json:
        return End.DONE
    answer = reply.answer
    terminal.say(f"{entity}  in Genesys Cloud: {answer.genesys_id or 'not linked'}", "")
    show_steps(terminal, answer.steps)
    show_because(context, caused)
    if answer.excepted:
        terminal.say("", f"Kept by a rejected hold: {' '.join(answer.excepted)}")
    if answer.parked:
        items = count(len(answer.parked), "item")
        terminal.say("", f"{items} parked: {context.command(f'parked show {entity}')}")
    terminal.say("", "Journal, the newest first:" if answer.journal else "The journal has no entry.")
    for entry in answer.journal:
        show_entry(terminal, entry)
    return End.DONE


def diff(context: Context) -> End:
    """``diff``."""
    if context.arguments.entity is not None:
        return _compare(context, entity_of(context.arguments))
    if context.arguments.summary or context.arguments.csv:
        return _summarise(context)
    reply = pages(context, Diff(), Differences, "differences")
    terminal = context.terminal
    terminal.document(reply.document)
    if terminal.as_json:
        return End.DONE
    differences = reply.answer.differences
    if not differences:
        terminal.say("Observe mode has recorded no difference.")
    for difference in differences:
        says = f"{difference.outcome}, {difference.why}" if difference.why else difference.outcome
        terminal.say(f"{difference.entity}  {says}  ({terminal.time(difference.at)})")
        terminal.facts(*work_facts(difference), indent=4)
    if differences:
        more = "; there are more: --all" if reply.answer.next is not None else ""
        terminal.say("", f"{count(len(differences), 'difference')}{more}")
    return End.DONE


def _summarise(context: Context) -> End:
    context.arguments.all = True
    found = summed(pages(context, Diff(), Differences, "differences").answer.differences)
    context.terminal.document({"ok": True, "summary": found})
    if context.arguments.csv:
        context.terminal.say(*as_csv(found))
    else:
        context.terminal.table(("what", "number"), list(found.items()))
    return End.DONE


def _compare(context: Context, entity: str) -> End:
    terminal = context.terminal
    reply = context.ask(Diff(entity=entity), Compared)
    terminal.document(reply.document)
    if terminal.as_json:
        return End.DONE
    answer = reply.answer
    terminal.say(f"{entity}  in Genesys Cloud: {answer.genesys_id or 'not linked'}")
    if answer.state:
        terminal.say(f"There is nothing to compare: {answer.state}")
    elif entity.startswith("user:"):
        different = [each for each in answer.attributes if not each.same]
        if different:
            rows = [(each.path, _value(each.wanted), _value(each.held)) for each in different]
            terminal.table(("attribute", "should be", "is"), rows)
        terminal.say(f"{count(len(answer.attributes) - len(different), 'attribute')} equal, {len(different)} different")
    else:
        members = [("to join", user) for user in answer.joining] + [("to leave", user) for user in answer.leaving]
        members += [("to leave, once read again", user) for user in answer.waiting]
        members += [(f"held ({answer.why})", user) for user in answer.held]
        members += [("kept by a rejection", user) for user in answer.excepted]
        if members:
            terminal.table(("member", "user"), members)
        leaving = len(answer.leaving) + len(answer.waiting)
        terminal.say(
            f"{len(answer.joining)} to join, {leaving} to leave, {len(answer.held)} held,"
            f" {count(answer.unlinked_members, 'member')} that the bridge does not touch"
        )
    return End.DONE


def show_steps(terminal: Terminal, steps: list[Step]) -> None:
    """The five steps of an explanation."""
    terminal.table(("step", "state", "says"), [(step.step.replace("-", " "), step.state, step.says) for step in steps])


def show_planned(terminal: Terminal, planned: Planned) -> None:
    """What a sync would do now."""
    nothing = planned.outcome == "observed" and not any((planned.changed, planned.added, planned.removed, planned.held))
    outcome = planned.outcome if not planned.why else f"{planned.outcome}, {planned.why}"
    terminal.facts(
        ("outcome", "nothing would change" if nothing and not planned.why else outcome),
        ("that is", planned.says),
        *work_facts(planned),
    )


def _value(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _sync_arguments(parser: argparse.ArgumentParser) -> None:
    entity_argument(parser, app=True)
    wait_arguments(parser)


def _explain_arguments(parser: argparse.ArgumentParser) -> None:
    entity_argument(parser)
    parser.add_argument(
        "--limit",
        metavar="N",
        type=whole(1, 1000),
        default=_ENTRIES,
        help=f"show N journal entries at most (usually {_ENTRIES})",
    )


def _diff_arguments(parser: argparse.ArgumentParser) -> None:
    entity_argument(parser, optional=True)
    page_arguments(parser, _DIFFERENCES)
    parser.add_argument("--summary", action="store_true", help="how many of each kind, and which attributes")
    parser.add_argument("--csv", action="store_true", help="the summary for a spreadsheet")


COMMANDS = (
    Command(
        "sync",
        "ENTITY [ID]",
        "sync a user or a group now",
        "Shows what a sync would do, asks, puts an item into the entity's queue, waits for the sync and shows its "
        "journal entry. The sync compares with Genesys Cloud itself, so it also repairs what was changed there.",
        "bridge sync user 00u1a2b3c4d5e6f7g8h9",
        sync,
        _sync_arguments,
        changes=True,
    ),
    Command(
        "explain",
        "ENTITY [ID]",
        "why a user or a group is as it is",
        "Five steps: reach (has anything about it arrived, and are the queues read), read (what Okta says), in scope "
        "(is it the bridge's), match (what it is in Genesys Cloud), act (what a sync would do, and what keeps it from "
        "that). Then who or what took somebody out, read from Okta's System Log, and the journal: what the last syncs "
        "read, changed and called. Nothing is changed.",
        "bridge explain user 00u1a2b3c4d5e6f7g8h9",
        explain,
        _explain_arguments,
    ),
    Command(
        "diff",
        "[ENTITY [ID] | --summary [--csv]]",
        "what differs between Okta and Genesys Cloud",
        "With a user or a group: what should be and what is, as both sides are now. Without: everything that observe "
        "mode would have changed, each with its calls. Nothing is changed. Values of a profile are shown here alone, "
        "and kept nowhere.",
        "bridge diff group 00g1a2b3c4d5e6f7g8h9",
        diff,
        _diff_arguments,
    ),
)
