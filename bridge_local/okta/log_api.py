"""``GET /api/v1/logs``: polling and bounded requests (listLogEvents of the Management API)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from bridge_local.exchange import Request, Response
from bridge_local.okta.answers import OktaError, Pages, cursor, invalid, json_text, uncursor
from bridge_local.okta.event_forms import syslog_form
from bridge_local.okta.filters import Test, Values, parse_filter
from bridge_local.okta.org import Org
from bridge_local.okta.system_log import LogEntry

_OLDEST_SINCE = timedelta(days=180)
_DEFAULT_SINCE = timedelta(days=7)


class LogApi:
    """Answers reads of the System Log."""

    def __init__(self, org: Org, base: Callable[[Request], str]) -> None:
        self._org = org
        self._base = base

    def events(self, request: Request) -> Response:
        """One page: ASCENDING without ``until`` is a polling request, everything else a bounded one."""
        expression = request.param("filter")
        test = parse_filter(expression) if expression else None
        pages = Pages(self._base(request), 100, 1000, 0, self._org.switches.refuse_limits)
        descending = request.param("sortOrder", "ASCENDING") == "DESCENDING"
        if request.param("until") or descending:
            return self._bounded(request, pages, test, descending=descending)
        return self._polling(request, pages, test)

    def _polling(self, request: Request, pages: Pages, test: Test | None) -> Response:
        """In order of insertion, always with a next link; ``since`` is a time of insertion too."""
        after, limit = request.param("after"), pages.limit(request)
        since = self._since(request)  # checked with a cursor too
        position = self._position(after) if after else self._org.log.position_at(since.timestamp())
        found: list[LogEntry] = []
        for at, entry in self._org.log.from_position(position):
            if len(found) == limit:
                break
            position = at + 1
            if test is None or test(_values(entry)):
                found.append(entry)
        return _page(found, pages.links(request, cursor(f"p{position}")))

    def _bounded(self, request: Request, pages: Pages, test: Test | None, *, descending: bool) -> Response:
        """In order of ``published``; a next link only when there is more."""
        since, limit = self._since(request), pages.limit(request)
        until = _moment("until", request.param("until")) if request.param("until") else self._org.now()
        found = [
            entry
            for _, entry in self._org.log.from_position(self._org.log.position_at(since.timestamp()))
            if since <= entry.published < until and (test is None or test(_values(entry)))
        ]
        found.sort(key=_place, reverse=descending)
        after = request.param("after")
        if after:
            last = uncursor(after)
            found = [entry for entry in found if (_place(entry) < last if descending else _place(entry) > last)]
        more = limit > 0 and len(found) > limit
        return _page(found[:limit], pages.links(request, cursor(_place(found[limit - 1])) if more else ""))

    def _since(self, request: Request) -> datetime:
        text = request.param("since")
        now = self._org.now()
        since = _moment("since", text) if text else now - _DEFAULT_SINCE
        if since < now - _OLDEST_SINCE:
            raise OktaError(400, "E0000053")
        return since

    def _position(self, after: str) -> int:
        text = uncursor(after)
        if not text.startswith("p") or not text[1:].isdigit():
            raise invalid("after", "The cursor is not valid.")
        return int(text[1:])


def _page(entries: list[LogEntry], headers: dict[str, str]) -> Response:
    return json_text(json.dumps([syslog_form(entry) for entry in entries]), headers)


def _place(entry: LogEntry) -> str:
    return f"{entry.published.isoformat(timespec='microseconds')} {entry.uuid}"


def _moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(name, "An ISO-8601 time is expected.") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _values(entry: LogEntry) -> Values:
    def values(path: str) -> Iterable[str]:
        if path == "eventType":
            return (entry.event_type,)
        targets = entry.targets or ()
        table: dict[str, tuple[str, ...]] = {
            "uuid": (entry.uuid,),
            "actor.id": (entry.actor.id,),
            "outcome.result": (entry.result,),
            "severity": (entry.severity,),
            "transaction.id": (entry.transaction.id,),
            "target.id": tuple(target.id for target in targets),
            "target.type": tuple(target.type for target in targets),
        }
        if path not in table:
            raise OktaError(400, "E0000031")
        return table[path]

    return values
