"""Who or what took somebody out, beside a hold or an explanation."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.operations.answers import FoundEntities
from bridge.operations.asked import MAX_NAMES
from bridge.operations.match_answers import Cause, Caused
from bridge.operations.match_requests import Because, NamesOf
from bridge.operations.reasons import text_of
from bridge_cli.context import Context
from bridge_cli.ends import Stopped
from bridge_cli.tables import count

#: Events that are shown to people; programs get all.
_SHOWN = 10


def ask_because(context: Context, entity: str) -> Caused | None:
    """What the System Log shows; None where the bridge has no answer, for what is asked beside it stands without."""
    try:
        return context.ask(Because(entity=entity), Caused).answer
    except Stopped:
        return None


def because_document(caused: Caused | None) -> dict[str, object]:
    """The same for programs: ids."""
    return {"because": None if caused is None else caused.model_dump(mode="json", exclude={"ok"})}


def show_because(context: Context, caused: Caused | None) -> None:
    """The newest events by which somebody left, with names where this person may see them."""
    terminal = context.terminal
    if caused is None:
        return
    if not caused.known:
        terminal.say("", f"Because: unknown. Okta's System Log: {caused.why}: {text_of(caused.why).means}")
        return
    if caused.causes:
        shown = caused.causes[-_SHOWN:]
        names = _names(context, shown)
        terminal.say("", "Because:")
        terminal.table(
            ("when", "what", "who", "by"),
            [
                (
                    terminal.time(each.at),
                    each.type,
                    " ".join(names.get(f"user:{user}", user) for user in each.users) or " ".join(each.groups),
                    _by(each, names),
                )
                for each in reversed(shown)
            ],
        )
        if len(caused.causes) > len(shown):
            terminal.say(f"{len(caused.causes) - len(shown)} earlier ones: --json")
    if caused.missing:
        terminal.say(f"Of {count(caused.missing, 'event')} Okta's System Log shows nothing; it keeps 90 days.")


def _by(cause: Cause, names: dict[str, str]) -> str:
    if cause.by == "person":
        return f"{names.get(f'user:{cause.actor}', '')} user:{cause.actor}".strip()
    return {"application": f"the application {cause.actor}", "rule": f"the group rule {cause.actor}"}.get(
        cause.by, "a system process"
    )


def _names(context: Context, causes: Iterable[Cause]) -> dict[str, str]:
    """What they are called, for the screen alone; none where this person may not see names."""
    ids = [user for each in causes for user in ((each.actor,) if each.by == "person" else ()) + tuple(each.users)]
    entities = [f"user:{user}" for user in dict.fromkeys(ids)][:MAX_NAMES]
    if not entities:
        return {}
    try:
        found = context.ask(NamesOf(entities=entities), FoundEntities).answer.found
    except Stopped:
        return {}
    return {each.entity: each.name for each in found}
