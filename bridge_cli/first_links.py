"""The holds of groups that were just linked, shown and decided together; each decision is recorded singly."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

from bridge.operations.answers import FoundEntities
from bridge.operations.asked import MAX_NAMES
from bridge.operations.hold_answers import Hold, Holds
from bridge.operations.match_requests import NamesOf
from bridge.operations.requests import HoldsList
from bridge_cli.context import Context
from bridge_cli.ends import End, Stopped
from bridge_cli.tables import count

#: Why the removals of a group wait whose first sync has not ended (`bridge.provisioning.judge`).
_REASON = "first-link"
#: Refusals that concern one hold alone: it has changed, or somebody has decided, since it was shown.
_OF_ONE = frozenset({"hold-not-open", "revision-unknown", "already-decided"})


def decide_first_links(
    context: Context, verb: Literal["approve", "reject"], wait: Callable[[Context, str, int], None]
) -> End:
    """Show every open hold of a first link, ask once, decide each as it was shown.

    `wait` waits until syncs have carried out one decision.
    """
    terminal = context.terminal
    holds = [
        hold
        for hold in context.ask(HoldsList(), Holds).answer.holds
        if hold.reason == _REASON and hold.state in {"opening", "open"} and hold.decision is None
    ]
    if not holds:
        terminal.document({"ok": True, "decided": []})
        terminal.say("No hold of a first link waits for a decision.")
        return End.DONE
    names = _names(context, [hold.entity for hold in holds])
    terminal.table(
        ("hold", "group", "number", "revision", "staged", "counts", "opened"),
        [
            (
                hold.entity,
                names.get(hold.entity, ""),
                hold.number,
                hold.revision,
                hold.staged,
                hold.explanation,
                terminal.time(hold.opened),
            )
            for hold in holds
        ],
    )
    users, groups = count(sum(hold.staged for hold in holds), "removal"), count(len(holds), "hold")
    means = (
        f"Release {users} of {groups}, each at the revision shown? Who is a member again in Okta by then stays."
        if verb == "approve"
        else f"Keep the members of {groups}, {users}? They are exceptions until Okta shows them as members again."
    )
    terminal.say(f"Whom one of them holds: {context.command(f'holds show {holds[0].entity}')}", "")
    terminal.confirm(f"{verb.capitalize()} together. {means}")
    outcomes = [_decide(context, verb, hold, number, len(holds)) for number, hold in enumerate(holds)]
    terminal.progressed()
    if context.arguments.wait:
        for hold, outcome in zip(holds, outcomes, strict=True):
            if outcome["ok"]:
                wait(context, hold.entity, hold.number)
    context.standing = "The decisions are recorded."
    failed = [outcome for outcome in outcomes if not outcome["ok"]]
    terminal.document({"ok": True, "decided": outcomes})
    if failed:
        terminal.table(("hold", "not decided because"), [(each["entity"], each["why"]) for each in failed])
    terminal.say(f"{len(outcomes) - len(failed)} recorded, {len(failed)} not. Syncs do the rest in some seconds.")
    return End.FAILED if failed else End.DONE


def _decide(context: Context, verb: Literal["approve", "reject"], hold: Hold, number: int, all_: int) -> dict[str, Any]:
    context.standing = (
        f"{number} of {all_} decisions are recorded, perhaps one more: {context.command('holds list')}. "
        "Deciding again is harmless."
    )
    context.terminal.progress(f"{number} of {all_}")
    decided: dict[str, Any] = {"entity": hold.entity, "number": hold.number, "revision": hold.revision}
    try:
        reply = context.bridge.decide(verb, hold.entity, hold.number, hold.revision, context.arguments.why)
    except Stopped as stopped:
        if stopped.reason not in _OF_ONE:
            raise Stopped(
                stopped.end, f"{stopped.message} {context.standing}", stopped.advice, reason=stopped.reason
            ) from None
        return {**decided, "ok": False, "why": stopped.message, "item": None}
    return {**decided, "ok": True, "why": "", "item": reply.answer.item}


def _names(context: Context, entities: Iterable[str]) -> dict[str, str]:
    """What the groups are called, for the screen alone; none where this person may not see names."""
    groups = [entity for entity in entities if entity.startswith("group:")][:MAX_NAMES]
    if context.terminal.as_json or not groups:
        return {}
    try:
        found = context.ask(NamesOf(entities=groups), FoundEntities).answer.found
    except Stopped:
        return {}
    return {each.entity: each.name for each in found}
