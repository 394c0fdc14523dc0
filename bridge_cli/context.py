"""What a command works with, and the words that several commands share."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from bridge.operations.answers import Answer, Entry, Journalled, ParkedItem
from bridge.operations.asked import PAGE, Asked
from bridge.operations.requests import Journal
from bridge_cli.bridge import Bridge, Reply
from bridge_cli.ends import End, Stopped
from bridge_cli.places import options_of
from bridge_cli.terminal import Terminal

if TYPE_CHECKING:
    from bridge.outbound.http import HttpClient

A = TypeVar("A", bound=Answer)
T = TypeVar("T")

#: A command in backquotes that does not say to which bridge.
_COMMAND = re.compile(r"(`bridge [a-z](?:(?! --local| --stack| --help)[^`])*)`")
#: Seconds before each question whether something is done: quick at first; an explanation costs calls of both sides.
PAUSES = (1.0, 2.0, 4.0, 8.0, 10.0)
#: After so many tries in vain nobody waits for the next one.
_IN_VAIN = 3


@dataclass
class Context:
    """One run of a command.

    Attributes:
        arguments: of the command line.
        bridge: who is asked.
        terminal: who asks.
        sleep: lets seconds pass.
        clock: seconds that only grow.
        now: the time of day.
        http: makes a client of an origin; the second word begins the reasons of its failures.
        environment: the variables of the shell.
        standing: how things stand, for somebody who interrupts.
    """

    arguments: argparse.Namespace
    bridge: Bridge
    terminal: Terminal
    sleep: Callable[[float], None]
    clock: Callable[[], float]
    now: Callable[[], datetime]
    http: Callable[[str, str], HttpClient]
    environment: Mapping[str, str]
    standing: str = "Nothing was changed."

    def ask(self, request: Asked, kind: type[A]) -> Reply[A]:
        """What the bridge answers."""
        return self.bridge.ask(request, kind)

    def change(self, request: Asked, kind: type[A]) -> Reply[A]:
        """As `ask`, for what changes something: an interruption meanwhile leaves open whether it was done."""
        self.standing = "It was asked for; whether it was done is not known. Asking again is harmless."
        reply = self.bridge.ask(request, kind)
        self.standing = "It is done."
        return reply

    def command(self, words: str) -> str:
        """A command that people can copy."""
        options = self.bridge.place.options
        return f"bridge {words} {options}".rstrip()

    def copyable(self, text: str) -> str:
        """A text whose commands in backquotes lead to this bridge, so that people can copy them."""
        given = self.arguments
        if not hasattr(given, "local"):
            return text
        options = options_of(
            local=given.local, port=given.port, stack=given.stack, region=given.region, profile=given.profile
        )
        return _COMMAND.sub(rf"\1 {options}`", text) if options else text

    def wait(self, seconds: float, ready: Callable[[], T | None], saying: Callable[[int], str]) -> T | None:
        """What `ready` gives at last, None when the seconds are over first; `saying` is told how many have passed."""
        started, pauses, passed = self.clock(), iter(PAUSES), 0.0
        while passed < seconds:
            self.terminal.progress(saying(int(passed)))
            self.sleep(min(next(pauses, PAUSES[-1]), seconds - passed))
            found = ready()
            if found is not None:
                return found
            passed = self.clock() - started
        return None


def pages(context: Context, request: Asked, kind: type[A], field: str, *, largest: int = PAGE) -> Reply[A]:
    """An answer whose list `field` goes on over further pages, as one: up to `--limit`, or all of it with `--all`.

    No page is asked for that is larger than `largest`.
    """
    most: int | None = None if context.arguments.all else context.arguments.limit
    size = largest if most is None else min(most, largest)
    reply = context.ask(request.model_copy(update={"limit": size}), kind)
    document = reply.document
    rows: list[Any] = list(document[field])
    after = document["next"]
    while after is not None and (most is None or len(rows) < most):
        context.terminal.progress(f"{len(rows)} read")
        size = largest if most is None else min(most - len(rows), largest)
        page = context.ask(request.model_copy(update={"limit": size, "after": after}), kind).document
        rows += page[field]
        after = page["next"]
    context.terminal.progressed()
    document = {**document, field: rows, "next": after}
    return Reply(document, kind.model_validate(document))


def sync_of(context: Context, entity: str, item: str) -> Entry | None:
    """The journal entry of the sync that answers an item; None when it has not come in time, or is not waited for.

    Raises:
        Stopped: the item is parked, fails again and again, or is not done in the time that `--timeout` gives.
    """
    seconds = context.arguments.timeout
    if not seconds:
        return None
    context.standing = f"The sync is asked for and comes by itself. {context.command(f'explain {entity}')} shows it."
    trouble = ""
    tries: set[datetime] = set()  # the journal keeps the last failure alone

    def ready() -> Entry | None:
        nonlocal trouble
        found = context.ask(Journal(entity=entity), Journalled).answer
        entry = next((each for each in found.journal if item in each.items), None)
        for parked in found.parked:
            if parked.discarded is None and _meets(parked, item, entry):
                raise Stopped(
                    End.FAILED,
                    f"Parked: {parked.reason}: {parked.means} ({parked.detail or 'no detail'})",
                    f"{context.copyable(parked.first)} More: {context.command(f'explain {entity}')}",
                    reason="parked",
                )
        if entry is None or entry.outcome == "failed":
            trouble = "" if entry is None else f", tried in vain so far: {entry.why}"
            tries.update(() if entry is None else (entry.at,))
            if entry is not None and len(tries) >= _IN_VAIN:
                raise Stopped(
                    End.NOT_YET,
                    f"Tried {len(tries)} times or more in vain: {entry.why}. The item is tried again by itself.",
                    f"Follow it: {context.command(f'explain {entity}')}",
                )
            return None
        return entry

    found = context.wait(seconds, ready, lambda passed: f"waiting for the sync, {passed} s{trouble}")
    context.terminal.progressed()
    if found is None:
        raise Stopped(
            End.NOT_YET,
            f"Not synced within {seconds:g} s{trouble}. The item stays in its queue until it is done.",
            f"Paused? {context.command('status')} says so. The sync: {context.command(f'explain {entity}')}",
        )
    return found


def _meets(parked: ParkedItem, item: str, entry: Entry | None) -> bool:
    """Whether an item is parked: by its own id, or by a failure that it shares with the entity's other items."""
    if parked.item == item:
        return True
    return entry is not None and entry.outcome == "failed" and parked.reason == entry.why and parked.parked >= entry.at


def show_entry(terminal: Terminal, entry: Entry) -> None:
    """A journal entry for people."""
    says = f"{entry.outcome}, {entry.why}" if entry.why else entry.outcome
    asked = f"  (asked by {entry.reason})" if entry.reason else ""
    terminal.say(f"{terminal.time(entry.at)}  {says}{asked}")
    terminal.facts(*work_facts(entry), indent=4)


def work_facts(work: Any) -> tuple[tuple[str, object], ...]:
    """What a sync read, changed and called, as an entry, an account of what it would do, or a difference has it."""
    read = getattr(work, "read", {})
    members = [
        f"{number} {what}"
        for number, what in ((work.added, "added"), (work.removed, "removed"), (work.held, "held"))
        if number
    ]
    return (
        ("read", ", ".join(f"{name} {value}" for name, value in read.items())),
        ("changed", ", ".join(work.changed)),
        ("members", ", ".join(members)),
        *((("calls" if number == 0 else ""), call) for number, call in enumerate(work.calls)),
        ("not mapped", ", ".join(getattr(work, "unmapped", ()))),
        ("refused", ", ".join(getattr(work, "refused", ()))),
        ("roles missing", ", ".join(getattr(work, "lost_roles", ()))),
        ("enqueues", ", ".join(getattr(work, "enqueues", ()))),
    )
