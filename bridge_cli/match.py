"""``bridge match``: whose account is whose, before a sync decides it; and links for those who are clear."""

from __future__ import annotations

import argparse
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any, Literal

from bridge.operations.answers import FoundEntities
from bridge.operations.asked import MAX_NAMES
from bridge.operations.match_answers import Account, MatchLinked, MatchPart, NotLinked, Person
from bridge.operations.match_requests import MAX_LINKS, Match, MatchLink, NamesOf, Pair
from bridge.operations.reasons import text_of
from bridge_cli.commands import Command, page_arguments
from bridge_cli.context import PAUSES, Context
from bridge_cli.ends import End, Stopped
from bridge_cli.parts import Parts
from bridge_cli.tables import count
from bridge_cli.whose import STATES, Row, rows

_SIDES: tuple[Literal["okta", "active", "inactive"], ...] = ("okta", "active", "inactive")
#: Seconds between two parts while syncs wait, and how often in a row a part that cannot be read is asked for again.
_YIELD, _TRIES = 5.0, 20
_MEANS = {
    "several": "more than one account, or an account that may be somebody else's",
    "left-behind": "an active account that nobody who is assigned matches",
    "inactive": "one account, and it is inactive",
    "none": "no account",
    "exact": "one account, and it matches nobody else",
    "linked": "linked already",
}


def match(context: Context) -> End:
    """``match``."""
    arguments, terminal = context.arguments, context.terminal
    place = context.bridge.place
    parts = Parts(context.environment, f"match {place.region} {place.operations} {place.options}", context.now())
    if parts.found and _complete(parts) and not arguments.link:
        parts.start(context.now())
    people, accounts, unlisted = _read(context, parts)
    found = rows(people, accounts)
    _show(context, found, unlisted)
    linked: MatchLinked | None = None
    if arguments.link:
        try:
            linked = _link(context, found)
        except Stopped as stopped:
            if stopped.end is not End.NOT_YET:
                parts.drop()
            raise
    parts.drop()
    terminal.document(
        {
            "ok": True,
            "counts": _counts(found),
            "unlisted": unlisted,
            "rows": [row.document() for row in _after(found, linked)],
            "linked": None if linked is None else linked.linked,
            "left": [] if linked is None else [each.model_dump() for each in linked.left],
        }
    )
    return End.FAILED if linked is not None and linked.left else End.DONE


def _read(context: Context, parts: Parts) -> tuple[list[Person], list[Account], int]:
    """Everybody of both sides, and how many accounts Genesys Cloud counts and did not list."""
    if parts.found:
        context.terminal.progress("goes on where it was interrupted")
    context.standing = f"Nothing was changed. {context.command('match')} goes on from here for an hour."
    people: dict[str, Person] = {}
    accounts: dict[str, Account] = {}
    totals: dict[str, int] = {}

    def take(side: str, part: MatchPart) -> None:
        people.update({each.user: each for each in part.people})
        accounts.update({each.account: each for each in part.accounts})
        totals[side] = part.total
        context.terminal.progress(f"{len(people)} people and {len(accounts)} accounts read")

    for document in parts.found:
        take(document["side"], MatchPart.model_validate({**document, "ok": True}))
    for side in _SIDES:
        while (following := _following(parts, side)) is not None:
            part = _part(context, Match(side=side, following=following))
            parts.keep({"side": side, **part.model_dump(mode="json")})
            take(side, part)
            if part.busy and part.next is not None:
                context.sleep(_YIELD)
    context.terminal.progressed()
    unlisted = max(sum(totals.values()) - len(accounts), 0)
    return list(people.values()), list(accounts.values()), unlisted


def _part(context: Context, asked: Match) -> MatchPart:
    for tried in range(_TRIES):
        try:
            return context.ask(asked, MatchPart).answer
        except Stopped as stopped:
            if stopped.end is not End.NOT_YET:
                raise
            context.terminal.progress(f"waits: {stopped.message}")
        context.sleep(PAUSES[min(tried, len(PAUSES) - 1)])
    raise Stopped(
        End.NOT_YET,
        "A part of one side cannot be read now.",
        f"What was read is kept for an hour: {context.command('match')} goes on from there.",
    )


def _following(parts: Parts, side: str) -> str | None:
    """Where a side goes on: empty at its beginning, None when it has been read."""
    of_side = [part for part in parts.found if part["side"] == side]
    return of_side[-1]["next"] if of_side else ""


def _complete(parts: Parts) -> bool:
    return all(_following(parts, side) is None for side in _SIDES)


# ----------------------------------------------------------------------------------------------- shown


def _show(context: Context, found: Sequence[Row], unlisted: int) -> None:
    terminal, arguments = context.terminal, context.arguments
    if arguments.csv:
        terminal.say(*as_csv(found))
        return
    counts = _counts(found)
    terminal.table(("number", "state", "that is"), [(counts[state], state, _MEANS[state]) for state in STATES])
    listed = [row for row in found if row.state != "linked" or row.because]
    shown = listed if arguments.all else listed[: arguments.limit]
    if shown and not terminal.as_json:
        names = _names(context, shown)
        terminal.say()
        terminal.table(
            ("state", "user", "account", "name", "by", "okta", "because"),
            [
                (row.state, row.user, row.account, names.get(_entity(row), ""), row.by, row.status, row.because)
                for row in shown
            ],
        )
    if len(shown) < len(listed):
        terminal.say(f"{len(listed) - len(shown)} more: --all, or --csv for all of them.")
    if unlisted:
        terminal.say(f"Genesys Cloud counts {count(unlisted, 'account')} that it did not list: run it again.")


def _names(context: Context, shown: Sequence[Row]) -> dict[str, str]:
    """What the first ones are called, for the screen alone; none where this person may not see names."""
    entities = list(dict.fromkeys(map(_entity, shown)))[:MAX_NAMES]
    try:
        found = context.ask(NamesOf(entities=entities), FoundEntities).answer.found
    except Stopped:
        return {}
    return {each.entity: each.name for each in found}


def _entity(row: Row) -> str:
    return f"user:{row.user}" if row.user else f"account:{row.account}"


def _counts(found: Sequence[Row]) -> dict[str, int]:
    counts = Counter(row.state for row in found)
    return {state: counts[state] for state in STATES}


def as_csv(found: Sequence[Row]) -> list[str]:
    """A heading, and a line for each row; ids alone."""
    text = io.StringIO()
    names = [field.name for field in fields(Row)]
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(row.document() for row in found)
    return text.getvalue().splitlines()


# ---------------------------------------------------------------------------------------------- linked


def _link(context: Context, found: Sequence[Row]) -> MatchLinked:
    terminal = context.terminal
    pairs = [Pair(user=row.user, account=row.account) for row in found if row.state == "exact"]
    if not pairs:
        terminal.say("Nobody is to be linked.")
        return MatchLinked(linked=0, left=[])
    terminal.say()
    terminal.confirm(
        f"Write {count(len(pairs), 'link record')} for the exact ones? Nothing is called or changed in Genesys Cloud; "
        "the next sync of each compares."
    )
    left: list[NotLinked] = []
    done = 0
    for batch in _batches(pairs):
        context.standing = f"{done} of {len(pairs)} links are looked after. {context.command('match --link')} goes on."
        answer = context.ask(MatchLink(pairs=batch), MatchLinked).answer
        left += answer.left
        done += len(batch)
        terminal.progress(f"{done} of {len(pairs)} looked after")
    terminal.progressed()
    context.standing = "It is done."
    terminal.say(f"{count(len(pairs) - len(left), 'person', 'people')} linked.")
    if left:
        terminal.table(
            ("user", "account", "not linked because"),
            [(each.user, each.account, f"{each.why}: {text_of(each.why).means}") for each in left],
        )
    return MatchLinked(linked=len(pairs) - len(left), left=left)


def _batches(pairs: Sequence[Pair]) -> Iterator[list[Pair]]:
    for start in range(0, len(pairs), MAX_LINKS):
        yield list(pairs[start : start + MAX_LINKS])


def _after(found: Sequence[Row], linked: MatchLinked | None) -> list[Row]:
    """The rows as they are once links were written."""
    if linked is None:
        return list(found)
    not_linked = {each.user for each in linked.left}
    return [
        replace(row, state="linked") if row.state == "exact" and row.user not in not_linked else row for row in found
    ]


def _arguments(parser: argparse.ArgumentParser) -> None:
    page_arguments(parser, MAX_NAMES)
    group: Any = parser.add_mutually_exclusive_group()
    group.add_argument("--csv", action="store_true", help="every row for a spreadsheet: ids, no names")
    group.add_argument("--link", action="store_true", help="write link records of the exact ones")


COMMANDS = (
    Command(
        "match",
        "[--link | --csv]",
        "whose Genesys Cloud account is whose, before a sync decides it",
        "Reads everybody who is assigned and every account, active and inactive, and compares external ids, e-mail "
        "addresses without case and employee numbers. Each person is exact, none, several, inactive or linked; an "
        "active account that nobody who is assigned matches is left behind. --link writes link records of the exact "
        "ones and calls nothing in Genesys Cloud; nothing is done to those left behind. Interrupted and run again "
        "within an hour it goes on: what was read is kept on this machine as ids and keyed hashes. It keeps to both "
        "rate limits, and while syncs wait it reads one page in five seconds. Names are shown with the policy "
        "NamesPolicyArn, 50 at most, and are in no file.",
        "bridge match --csv",
        match,
        _arguments,
        changes=True,
    ),
)
