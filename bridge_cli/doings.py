"""``bridge log``: what was done, by whom it was asked for, with what outcome."""

from __future__ import annotations

import argparse
import csv
import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.items import format_time, parse_time
from bridge.operations.answers import Entry
from bridge.operations.asked import PAGE
from bridge.operations.log_requests import Log, Logged
from bridge_cli.commands import Command, entity_argument, entity_of, page_arguments
from bridge_cli.context import Context, pages
from bridge_cli.ends import End
from bridge_cli.tables import count

#: Entries that are shown unless somebody says otherwise.
_USUAL = 100
#: Seconds between two questions of `--follow`, and how far each reaches back: processes end their syncs side by side.
_PAUSE, _OVERLAP = 5, timedelta(minutes=1)
_AGO = re.compile(r"(\d{1,5})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_HEADINGS = ("time", "entity", "outcome", "why", "asked by", "changed", "refused", "added", "removed", "held")


def log(context: Context) -> End:
    """``log``."""
    arguments = context.arguments
    asked = Log(
        entity=None if arguments.entity is None else entity_of(arguments, app=True),
        outcome=arguments.outcome or "",
        refused=arguments.refused,
        since=_moment(arguments.since, context.now()),
        until=_moment(arguments.until, context.now()),
    )
    if arguments.follow:
        return _follow(context, asked)
    reply = pages(context, asked, Logged, "log")
    entries = reply.answer.log
    terminal = context.terminal
    terminal.document(reply.document)
    if terminal.as_json:
        return End.DONE
    if arguments.csv:
        terminal.say(*as_csv(entries))
        return End.DONE
    if entries:
        terminal.table(_HEADINGS[:6], [_row(context, entry)[:6] for entry in entries])
    more = "; there are more: --all" if reply.answer.next is not None else ""
    terminal.say("", f"{count(len(entries), 'entry', 'entries')}{more}")
    return End.DONE


def _follow(context: Context, asked: Log) -> End:
    """What is done from now on, until it is interrupted: a line each, or a JSON document in a line."""
    context.standing = "Nothing was changed."
    began = reached = parse_time(asked.since) if asked.since else context.now()
    seen: set[str] = set()
    if context.arguments.csv:
        context.terminal.say(*as_csv([]))
    while True:
        since = format_time(max(began, reached - _OVERLAP))
        entries = context.ask(asked.model_copy(update={"since": since, "limit": PAGE}), Logged).answer.log
        for entry in reversed(entries):
            if entry.model_dump_json() not in seen:
                _tell(context, entry)
        context.terminal.flush()
        seen = {entry.model_dump_json() for entry in entries}
        reached = max([reached, *(entry.at for entry in entries)])
        context.sleep(_PAUSE)


def _tell(context: Context, entry: Entry) -> None:
    if context.terminal.as_json:
        context.terminal.line(entry.model_dump(mode="json"))
    elif context.arguments.csv:
        context.terminal.say(*as_csv([entry])[1:])
    else:
        context.terminal.say("  ".join(part for part in _row(context, entry)[:6] if part))


def _row(context: Context, entry: Entry) -> tuple[str, ...]:
    """A line for people: members stand among what was changed."""
    members = [
        f"{number} {what}"
        for number, what in ((entry.added, "added"), (entry.removed, "removed"), (entry.held, "held"))
        if number
    ]
    refused = [f"{path} refused" for path in entry.refused]
    changed = ", ".join([*entry.changed, *members, *refused])
    return (context.terminal.time(entry.at), entry.entity, entry.outcome, entry.why, entry.reason, changed)


def as_csv(entries: Sequence[Entry]) -> list[str]:
    """A heading, and a line for each entry; times in UTC."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEADINGS)
    for each in entries:
        writer.writerow(
            (
                each.at.astimezone(UTC).isoformat(timespec="milliseconds"),
                each.entity,
                each.outcome,
                each.why,
                each.reason,
                " ".join(each.changed),
                " ".join(each.refused),
                each.added,
                each.removed,
                each.held,
            )
        )
    return text.getvalue().splitlines()


def _moment(given: Any, now: datetime) -> str:
    """A time as the bridge takes it; empty without one."""
    if given is None:
        return ""
    return format_time(now - given if isinstance(given, timedelta) else given)


def _when(text: str) -> datetime | timedelta:
    ago = _AGO.fullmatch(text)
    if ago:
        return timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("expected 30m, 12h or 7d, or a time such as 2026-11-28T09:00") from None
    return moment.astimezone()


def _arguments(parser: argparse.ArgumentParser) -> None:
    entity_argument(parser, app=True, optional=True)
    parser.add_argument("--outcome", metavar="CODE", help="only this outcome or reason code, such as created or held")
    parser.add_argument("--refused", action="store_true", help="only what Genesys Cloud did not take of a profile")
    parser.add_argument("--since", metavar="TIME", type=_when, help="30m, 12h, 7d, or a time (usually one day)")
    parser.add_argument("--until", metavar="TIME", type=_when, help="likewise")
    parser.add_argument("--follow", action="store_true", help="show what is done from now on, until Ctrl-C")
    parser.add_argument("--csv", action="store_true", help="for a spreadsheet, times in UTC")
    page_arguments(parser, _USUAL)


COMMANDS = (
    Command(
        "log",
        "[ENTITY [ID]] [--outcome CODE] [--since TIME] [--follow] [--csv]",
        "what was done, by person, group, outcome and time",
        "From the journal: who was created, changed, deactivated, whose groups changed, what failed, was held or only "
        "observed; the newest first. What left everything as it was is not shown. The journal keeps 90 days, and this "
        "log those since the release that began it. With --follow it goes on until Ctrl-C.",
        "bridge log --since 7d --outcome deactivated --csv",
        log,
        _arguments,
    ),
)
