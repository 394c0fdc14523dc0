"""The dashboard's widget: the open holds, who made each change, and the command that decides. Every text is escaped.

CloudWatch asks a function with ``{"describe": true}`` for its documentation, and with ``widgetContext`` for the HTML; a
``cwdb-action`` in that HTML asks it again, with the fields that stand in it (CloudWatch User Guide, "Details about
using custom widgets"). The viewer's own credentials invoke it, but the context names no user: so nothing is decided
here. Names are answered through the alias for names alone, and kept nowhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from bridge.errors import Permanent, Transient
from bridge.items import OKTA_ID, format_time
from bridge.operations.asked import MAX_NAMES, NAMES
from bridge.operations.because import BecauseService
from bridge.operations.edge import answered
from bridge.operations.hold_answers import Hold, Holds, HoldShown
from bridge.operations.holds import HoldService
from bridge.operations.match_requests import Because, NamesOf
from bridge.operations.naming import NamingService
from bridge.operations.needs import said_age
from bridge.operations.reasons import text_of
from bridge.operations.requests import HoldsShow
from bridge.provisioning.ports import Clock

DESCRIPTION = """## Open holds
Removals that wait for a person, the oldest first: whom it is about, since when, who changed it in Okta, and the command
that decides. Nothing can be decided here.
"""
#: Holds whose cause is looked up: each costs a call of Okta's System Log.
_CAUSED = 10
#: Users that the details name.
_NAMED = MAX_NAMES
_ENTITY = re.compile(rf"app|group:{OKTA_ID.pattern}")
#: Colours that stand out on white and on black; all else is the console's own.
_STYLE = (
    "<style>.bridge td,.bridge th{text-align:left;vertical-align:top;padding:4px 12px 4px 0}"
    ".bridge code{user-select:all;overflow-wrap:anywhere;padding:2px 6px;border-radius:4px;"
    "background:rgba(128,128,128,.18)}.bridge small{opacity:.85}</style>"
)


def is_widget(event: Any) -> bool:
    """Whether CloudWatch's dashboard asks."""
    return isinstance(event, dict) and "do" not in event and (event.get("describe") is True or "widgetContext" in event)


class HoldWidget:
    """Makes the HTML."""

    def __init__(
        self, holds: HoldService, naming: NamingService, causes: BecauseService, clock: Clock, stack: str
    ) -> None:
        """Ask these; `stack` is what the command line calls this bridge."""
        self._holds = holds
        self._naming = naming
        self._causes = causes
        self._clock = clock
        self._stack = stack

    def page(self, event: Mapping[str, Any], arn: str, *, names: bool) -> str:
        """The list, or with ``details`` the details of one hold, as HTML.

        `arn` is what was invoked, alias and all; its `NAMES` alias answers with `names`.
        """
        if event.get("describe") is True:
            return DESCRIPTION
        made: list[str] = []

        def make() -> Holds:
            details = event.get("details")
            if isinstance(details, str) and _ENTITY.fullmatch(details):
                made.append(self._details(details, names=names))
            else:
                made.append(self._list(arn, names=names))
            return Holds(holds=[])

        answer = answered(make)
        if answer["ok"]:
            return f'{_STYLE}<div class="bridge">{made[0]}</div>'
        return f"<p>The holds cannot be read: {escape(answer['error']['message'])}</p>"

    def _list(self, arn: str, *, names: bool) -> str:
        holds = self._holds.open()
        if not holds:
            return "<p>No removal waits for a person.</p>"
        actors = {hold.entity: self._actor(hold.entity) for hold in holds[:_CAUSED]}
        called = self._called([hold.entity for hold in holds], actors.values()) if names else {}
        rows = "".join(self._row(hold, actors.get(hold.entity, ""), called, arn) for hold in holds)
        heads = "".join(f"<th>{head}</th>" for head in ("Group", "What waits", "For", "Changed by", "Decide", ""))
        asks_names = "" if names else _action("With names", _alias(arn, NAMES), {}, "widget")
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{asks_names}"

    def _row(self, hold: Hold, actor: str, called: Mapping[str, str], arn: str) -> str:
        age = said_age(self._clock.now() - hold.opened)
        cells = (
            _who(hold.entity, called),
            escape(_waits(hold)),
            f"{age}<br><small>{format_time(hold.opened)[:16]} UTC</small>",
            _who(actor, called) if actor else "not known",
            _code(self._command("approve", hold)),
            _action("Details", arn, {"details": hold.entity}, "popup"),
        )
        return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"

    def _details(self, entity: str, *, names: bool) -> str:
        shown = self._holds.show(HoldsShow(entity=entity, limit=_NAMED))
        actor = self._actor(entity)
        users = [f"user:{each.user}" for each in shown.staged]
        called = self._called([entity, *users[: MAX_NAMES - 2]], [actor]) if names else {}
        text = text_of(shown.hold.reason)
        more = " There are more: the command shows all." if shown.next is not None else ""
        people = "".join(f"<li>{_who(user, called)}</li>" for user in users)
        parts = (
            f"<h3>{_who(entity, called)}</h3>",
            f"<p>{escape(_waits(shown.hold))}. {escape(text.words)}</p>",
            f"<p>Changed by: {_who(actor, called) if actor else 'not known'}</p>",
            f"<p>{_history(shown)}</p>",
            f"<p>Show: {_code(self._command('show', shown.hold))}</p>",
            f"<p>End their access: {_code(self._command('approve', shown.hold))}</p>",
            f"<p>Let them keep it: {_code(self._command('reject', shown.hold))}</p>",
            f"<ul>{people}</ul>{more}",
        )
        return "".join(parts)

    def _command(self, verb: str, hold: Hold) -> str:
        why = "" if verb == "show" else " --why TICKET"
        return f"bridge holds {verb} {hold.entity.removeprefix('group:')}{why} --stack {self._stack}"

    def _actor(self, entity: str) -> str:
        """Who or what changed it last in Okta, as an id with its kind; empty where that is not known."""
        caused = self._causes.because(Because(entity=entity))
        if not caused.causes:
            return ""
        last = caused.causes[-1]
        kind = "user" if last.by == "person" else last.by
        return f"{kind}:{last.actor}" if last.actor else kind

    def _called(self, entities: Sequence[str], actors: Iterable[str]) -> dict[str, str]:
        """What groups and people are called, read live."""
        wanted = [each for each in dict.fromkeys([*entities, *actors]) if each.startswith(("user:", "group:"))]
        if not wanted:
            return {}
        try:
            found = self._naming.called(NamesOf(entities=wanted[:MAX_NAMES])).found
        except (Transient, Permanent):
            return {}  # the holds are shown with ids: Okta's silence hides none of them
        return {each.entity: each.name for each in found}


def _waits(hold: Hold) -> str:
    people = "1 person" if hold.staged == 1 else f"{hold.staged} people"
    what = "would lose their accounts' access" if hold.entity == "app" else "would leave the group"
    said = f"{people} {what}"
    if hold.decision is not None:
        said += f"; decided: {hold.decision.verdict}"
    return said


def _history(shown: HoldShown) -> str:
    changes = [f"{format_time(each.at)[:16]} {each.state}, {each.staged}" for each in shown.history[:5]]
    return "<br>".join(escape(change) for change in changes)


def _who(entity: str, called: Mapping[str, str]) -> str:
    """A name with its id below, or the id."""
    words = {"app": "the application", "system": "a system process"}
    name = called.get(entity, "")
    shown = escape(words.get(entity, entity))
    return f"{escape(name)}<br><small>{shown}</small>" if name else shown


def _code(command: str) -> str:
    return f"<code>{escape(command)}</code>"


def _alias(arn: str, alias: str) -> str:
    """The same function's alias of a name; empty where nobody knows the function."""
    parts = arn.split(":")
    return ":".join([*parts[:7], alias]) if len(parts) > 6 else ""  # noqa: PLR2004 - arn:aws:lambda:<region>:<account>:function:<name>


def _action(label: str, endpoint: str, payload: Mapping[str, str], display: str) -> str:
    """What CloudWatch makes a link of that asks a function again; nothing where there is no endpoint."""
    if not endpoint:
        return ""
    begins = f'<cwdb-action action="call" display="{display}" endpoint="{escape(endpoint)}">'
    return f"<a>{label}</a>{begins}{escape(json.dumps(payload), quote=False)}</cwdb-action>"
