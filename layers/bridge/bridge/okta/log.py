"""Okta's System Log as catch-up reads it, and the org's event hooks.

Sources: Okta Management OpenAPI specification (listLogEvents, listEventHooks) and "System Log query" of the developer
documentation: a *polling* request is ASCENDING and has no ``until``; it goes by the time of insertion, so what was
published earlier may come later; it promises every event and always gives a ``next`` link, which is to be kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from bridge.errors import Permanent, Transient
from bridge.items import OKTA_ID, format_time, parse_time
from bridge.okta.client import OktaClient
from bridge.okta.events import EVENT_TYPES
from bridge.outbound.answer import Answer

#: Most events of a page (listLogEvents).
PAGE = 1000
#: A page that is not full and whose newest event is not older than this is the log's end: a busy org always has more.
END = timedelta(minutes=1)
#: Seconds to wait for an answer: Okta gives a query 30 itself.
READ_SECONDS, TOTAL_SECONDS = 35, 45

#: What says how the hook fares; Okta delivers none of it to hooks.
FAILED_DELIVERY = "event_hook.delivery"
CAP_WARNINGS = ("system.operation.rate_limit.warning", "system.operation.rate_limit.violation")
#: Okta's own provisioning at work: push, push_profile, push_password, push_okta_password.
NATIVE_PROVISIONING = "application.provision.user.push"


@dataclass(frozen=True)
class LogPage:
    """A page of the System Log.

    Attributes:
        events: LogEvents as JSON gives them; a single one may be none.
        date: when Okta answered (`OktaClient.date`).
        following: path and query of the ``next`` link; empty when the answer has none that may be followed, which is
            not what Okta documents: reading goes on from the time that was reached.
        newest: the latest readable ``published``, None without one.
    """

    events: list[Any]
    date: datetime
    following: str
    newest: datetime | None

    @property
    def ends(self) -> bool:
        """Whether the log's end is reached, as far as this run is concerned."""
        if not self.events:
            return True
        return len(self.events) < PAGE and self.newest is not None and self.date - self.newest < END


class SystemLog:
    """Reads the events that concern the bridge, in the order of their insertion."""

    def __init__(self, okta: OktaClient, app_id: str) -> None:
        """`app_id` is the application whose events are meant."""
        self._okta = okta
        self.filter = log_filter(app_id)
        #: Tells questions apart: a link that answers another one, or another org, is of no use.
        self.question = hashlib.sha256(f"{okta.origin} {self.filter}".encode()).hexdigest()

    def since(self, moment: datetime) -> LogPage:
        """The first page of what was inserted at or after a moment.

        Raises:
            Transient, AuthFailure, Permanent: as `bridge.errors`.
        """
        params = (
            ("since", format_time(moment)),
            ("sortOrder", "ASCENDING"),
            ("limit", str(PAGE)),
            ("filter", self.filter),
        )
        page = self._page(params, "")
        if page is None:
            raise Transient("okta-404-unexplained", upstream="okta", status=404)
        return page

    def after(self, link: str) -> LogPage | None:
        """The page behind a ``next`` link; None when Okta does not know the link any more, or it is none of Okta's.

        Raises:
            Transient, AuthFailure: as `bridge.errors`.
        """
        usable = self._okta.within("logs", link)
        try:
            return self._page((), usable) if usable else None
        except Permanent:
            return None

    def _page(self, params: tuple[tuple[str, str], ...], link: str) -> LogPage | None:
        answer = self._okta.get("logs", params, link=link)
        if answer.status != HTTPStatus.OK:
            return None
        events = answer.json()
        if not isinstance(events, list):
            raise Transient("okta-implausible", detail="a page of the log is no list", upstream="okta")
        newest = max((time for event in events if (time := _published(event)) is not None), default=None)
        return LogPage(events, self._okta.date(answer), self._following(answer), newest)

    def _following(self, answer: Answer) -> str:
        try:
            return self._okta.following("logs", answer)
        except Transient:
            return ""


@dataclass(frozen=True)
class EventHook:
    """An event hook as Okta has it.

    Attributes:
        id: its id.
        uri: where it delivers to.
        active: whether its status is ACTIVE.
        verified: whether it is VERIFIED; Okta delivers only to a hook that is both.
        types: the event types it subscribes to.
    """

    id: str
    uri: str
    active: bool
    verified: bool
    types: frozenset[str]


class EventHooks:
    """Reads the org's event hooks."""

    def __init__(self, okta: OktaClient) -> None:
        """`okta` signs in with the scope for hooks."""
        self._okta = okta

    def all(self) -> tuple[EventHook, ...]:
        """Every event hook (Okta allows 25 active ones and gives them in one answer).

        Raises:
            Transient, AuthFailure, Permanent: as `bridge.errors`.
        """
        answer = self._okta.get("eventHooks")
        hooks = answer.json() if answer.status == HTTPStatus.OK else None
        if not isinstance(hooks, list):
            raise Transient("okta-implausible", detail="no list of event hooks", upstream="okta", status=answer.status)
        return tuple(_hook(hook) for hook in hooks if isinstance(hook, Mapping))


def log_filter(app_id: str) -> str:
    """The SCIM filter of every event that catch-up reads.

    Types that must name our application are asked for with its id: assignments of all others can be many times as
    much. The types are named one by one, because families have busy members that make no item, such as changed
    passwords. Okta names no limit of length; a test keeps the whole URL under half of what servers usually take.
    """
    of_app = [event_type for event_type, rule in EVENT_TYPES.items() if rule.app]
    others = [event_type for event_type, rule in EVENT_TYPES.items() if not rule.app]
    named = " or ".join(f'eventType eq "{event_type}"' for event_type in (*others, FAILED_DELIVERY, *CAP_WARNINGS))
    named_of_app = " or ".join(f'eventType eq "{event_type}"' for event_type in of_app)
    return f'{named} or ((eventType sw "{NATIVE_PROVISIONING}" or {named_of_app}) and target.id eq "{app_id}")'


def _published(event: object) -> datetime | None:
    try:
        return parse_time(event.get("published")) if isinstance(event, Mapping) else None
    except (TypeError, ValueError):
        return None


def _hook(document: Mapping[str, Any]) -> EventHook:
    config = _object(_object(document, "channel"), "config")
    types = _object(document, "events").get("items")
    own_id, uri = document.get("id"), config.get("uri")
    return EventHook(
        id=own_id if isinstance(own_id, str) and OKTA_ID.fullmatch(own_id) else "",
        uri=uri if isinstance(uri, str) else "",
        active=document.get("status") == "ACTIVE",
        verified=document.get("verificationStatus") == "VERIFIED",
        types=frozenset(each for each in types if isinstance(each, str)) if isinstance(types, list) else frozenset(),
    )


def _object(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, Mapping) else {}
