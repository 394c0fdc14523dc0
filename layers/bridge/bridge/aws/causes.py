"""Who or what took somebody out, read live from Okta's System Log by the ids of the events; nothing of it is kept.

Source: Okta's System Log API (listLogEvents, the LogEvent's actor, target and debugContext); it keeps 90 days.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from bridge.errors import Transient
from bridge.items import OKTA_ID, format_time, parse_time
from bridge.okta.auth import LOG_SCOPES
from bridge.okta.client import OktaClient
from bridge.provisioning.ports import Clock

#: How long Okta keeps events.
LOG_RETENTION = timedelta(days=90)
#: Most events that are asked for at a time: each takes fifty characters of the question's URL.
MAX_EVENTS = 50
#: Types of events by which somebody leaves, and of those that let whole groups or everybody leave.
LEAVING = re.compile(r".*\.(remove|revoke|deactivate|suspend|delete|delete\.initiated|delete\.completed|deprovision)")
_EVENT_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_LETTERS = re.compile(r"[^a-z]")


@dataclass(frozen=True)
class Cause:
    """One event that took somebody out.

    Attributes:
        event: its id.
        at: when it was published.
        type: such as ``group.user_membership.remove``.
        by: ``rule`` only where the event names one; ``person`` or ``application`` where its actor is one; else
            ``system``.
        actor: id of the person, application or rule; empty for a system process.
        users: Okta ids of the users whom it names.
        groups: of the groups.
    """

    event: str
    at: datetime
    type: str
    by: Literal["person", "application", "rule", "system"]
    actor: str
    users: tuple[str, ...]
    groups: tuple[str, ...]


class Causes:
    """Reads causes."""

    def __init__(self, client: Callable[[Sequence[str]], OktaClient], clock: Clock) -> None:
        """`client` makes a client for scopes; it is asked for when it is first needed."""
        self._client = client
        self._clock = clock
        self._made: OktaClient | None = None

    def of(self, events: Iterable[str], since: datetime) -> tuple[list[Cause], int]:
        """Those of `events` by which somebody left, the oldest first, and how many ids the log does not show.

        `since`: a time before all of them.

        Raises:
            Transient, AuthFailure, Permanent: as the client.
        """
        wanted = [event for event in dict.fromkeys(events) if _EVENT_ID.fullmatch(event)][:MAX_EVENTS]
        if not wanted:
            return [], 0
        if self._made is None:
            self._made = self._client(LOG_SCOPES)
        params = (
            ("filter", " or ".join(f'uuid eq "{event}"' for event in wanted)),
            ("since", format_time(max(since, self._clock.now() - LOG_RETENTION))),
            ("sortOrder", "ASCENDING"),
            ("limit", str(MAX_EVENTS)),
        )
        found = self._made.get("logs", params).json()
        if not isinstance(found, list):
            raise Transient("okta-implausible", detail="a page of the log is no list", upstream="okta")
        shown = {event["uuid"]: event for event in found if isinstance(event, Mapping) and event.get("uuid") in wanted}
        causes = [cause for event in shown.values() if (cause := _cause(event)) is not None]
        return sorted(causes, key=lambda cause: (cause.at, cause.event)), len(wanted) - len(shown)


def _cause(event: Mapping[str, Any]) -> Cause | None:
    """The cause that an event is, None when nobody left by it or it cannot be read."""
    kind = event.get("eventType")
    try:
        at = parse_time(event["published"])
    except (KeyError, TypeError, ValueError):
        return None
    if not isinstance(kind, str) or not LEAVING.fullmatch(kind):
        return None
    by, actor = _actor(event)
    targets = event.get("target")
    listed = [each for each in targets if isinstance(each, Mapping)] if isinstance(targets, list) else []
    return Cause(event["uuid"], at, kind, by, actor, tuple(_ids(listed, "User")), tuple(_ids(listed, "UserGroup")))


def _actor(event: Mapping[str, Any]) -> tuple[Literal["person", "application", "rule", "system"], str]:
    """By whom: a rule only where the event names it."""
    if rule := next(_rules(event), ""):
        return "rule", rule
    actor = event.get("actor")
    kind = actor.get("type") if isinstance(actor, Mapping) else None
    own = next(_ids([actor], kind), "") if isinstance(actor, Mapping) and isinstance(kind, str) else ""
    if own and kind == "User":
        return "person", own
    if own and kind == "PublicClientApp":
        return "application", own
    return "system", ""


def _rules(event: Mapping[str, Any]) -> Iterator[str]:
    """Ids of group rules that an event names: as its actor, among its targets, or in its debug data."""
    targets = event.get("target")
    for each in (event.get("actor"), *(targets if isinstance(targets, list) else ())):
        if isinstance(each, Mapping) and _LETTERS.sub("", str(each.get("type")).lower()).endswith("grouprule"):
            yield from _ids([each], each.get("type"))
    context = event.get("debugContext")
    data = context.get("debugData") if isinstance(context, Mapping) else None
    for name, value in data.items() if isinstance(data, Mapping) else ():
        if "grouprule" in _LETTERS.sub("", str(name).lower()) and isinstance(value, str) and OKTA_ID.fullmatch(value):
            yield value


def _ids(entities: Iterable[Mapping[str, Any]], kind: object) -> Iterator[str]:
    for each in entities:
        own = each.get("id")
        if each.get("type") == kind and isinstance(own, str) and OKTA_ID.fullmatch(own):
            yield own
