"""Reading Okta's System Log: the question, the pages, and Okta's model of both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.errors import Permanent, Transient
from bridge.okta.client import OktaClient
from bridge.okta.events import EVENT_TYPES
from bridge.okta.log import CAP_WARNINGS, FAILED_DELIVERY, PAGE, EventHooks, LogPage, SystemLog
from bridge.outbound.http import HttpClient
from bridge_local.exchange import Response
from bridge_local.okta.filters import parse_filter
from bridge_local.script import FixedAuth, Script, StillClock
from bridge_local.transport import ModelTransport

ORG = "https://ada.example.com"
APP = "0oa1bridge0000000001"
NOW = datetime(2026, 11, 24, 9, 0, 5, tzinfo=UTC)
LINK = f"{ORG}/api/v1/logs?after=1"
LOG_RETENTION = "/api/v1/logs?after=1"

ELSEWHERE = [
    "https://elsewhere.example.com/api/v1/logs?after=1",
    "http://ada.example.com/api/v1/logs?after=1",
    "https://ada.example.com:8443/api/v1/logs?after=1",
    "https://ada@ada.example.com/api/v1/logs?after=1",
    "https://ada.example.com/api/v1/users?after=1",
    "https://ada.example.com/api/v1/logs/../users?after=1",
    "//elsewhere.example.com/api/v1/logs?after=1",
    "https://[broken/api/v1/logs",
]


def reader(*answers: Response | None) -> tuple[SystemLog, Script]:
    """The log in front of scripted answers."""
    script = Script(*answers)
    http = HttpClient(ORG, "okta", transport=ModelTransport(script))
    clock = StillClock(NOW)
    return SystemLog(OktaClient(http, FixedAuth(), APP, clock), APP), script


def page(events: list[Any], *, following: str = LINK, date: str = "Tue, 24 Nov 2026 09:00:00 GMT") -> Response:
    """A page of the log."""
    links = {"Link": f'<{following}>; rel="next"'} if following else {}
    return Response.of_json(200, events, {"Date": date, **links} if date else links)


def matches(expression: str, event_type: str, target: str = "") -> bool:
    """Whether Okta's model takes an event for one that is asked for."""
    values = {"eventType": (event_type,), "target.id": (target,)}
    return parse_filter(expression)(lambda path: values[path])


def test_the_question_is_every_type_of_the_table_and_those_of_the_hooks_health() -> None:
    """Types that must name an application are asked for with ours; busy types of the same families are not."""
    question = reader()[0].filter
    for event_type, rule in EVENT_TYPES.items():
        assert matches(question, event_type, APP)
        assert matches(question, event_type, "0oaAnother0000000001") is not rule.app
    for event_type in (FAILED_DELIVERY, *CAP_WARNINGS):
        assert matches(question, event_type)
    for push in ("push", "push_profile", "push_password", "push_okta_password"):
        assert matches(question, f"application.provision.user.{push}", APP)
        assert not matches(question, f"application.provision.user.{push}", "0oaAnother0000000001")
    for other in ("user.account.update_password", "user.session.start", "event_hook.updated"):
        assert not matches(question, other, APP)


def test_the_url_stays_well_under_what_servers_take() -> None:
    """Okta names no limit; 8,000 characters are usual, and the next link has a cursor besides."""
    log, script = reader(page([]))
    log.since(NOW)
    [request] = script.requests
    request_url = len(log.filter.replace(" ", "%20").replace('"', "%22"))
    assert request.path == "/api/v1/logs"
    assert request_url < 4000


def test_a_page_says_when_it_was_read_and_what_is_newest_in_it() -> None:
    """Okta's Date and the latest readable published; our own time where a proxy drops the header."""
    events = [{"published": "2026-11-24T08:00:00.000Z"}, {"published": "2026-11-24T08:59:30Z"}, {"published": 1}, None]
    log, _ = reader(page(events), page([], date=""))
    first, second = log.since(NOW), log.since(NOW)
    assert (first.date, first.newest) == (NOW - timedelta(seconds=5), datetime(2026, 11, 24, 8, 59, 30, tzinfo=UTC))
    assert (second.date, second.newest, second.following) == (NOW, None, LOG_RETENTION)


@pytest.mark.parametrize(
    ("count", "age", "ends"), [(0, 0, True), (1, 59, True), (1, 60, False), (PAGE, 0, False), (PAGE - 1, 1, True)]
)
def test_where_the_log_ends(count: int, age: float, ends: bool) -> None:
    """Nothing, or fewer than asked for of which one is fresh."""
    newest = NOW - timedelta(seconds=age) if count else None
    assert LogPage([{}] * count, NOW, LINK, newest).ends is ends


def test_a_page_without_any_readable_time_is_no_end() -> None:
    """What cannot be told is asked for."""
    assert not LogPage([{}], NOW, LINK, None).ends


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_link_that_okta_refuses_is_none(status: int) -> None:
    """Whatever a client's error says of the link; the caller starts anew."""
    code = "E0000007" if status == 404 else "E0000001"
    log, _ = reader(Response.of_json(status, {"errorCode": code, "errorSummary": "no"}))
    assert log.after(LINK) is None


def test_a_question_that_okta_refuses_raises() -> None:
    """There is nothing to start anew with."""
    refusals = [{"errorCode": code, "errorSummary": "no"} for code in ("E0000031", "E0000007")]
    log, _ = reader(Response.of_json(400, refusals[0]), Response.of_json(404, refusals[1]))
    with pytest.raises(Permanent, match="okta-400"):
        log.since(NOW)
    with pytest.raises(Transient, match="okta-404"):
        log.since(NOW)


def test_an_answer_that_is_no_page_raises() -> None:
    """No list: going on from it would lose events."""
    log, _ = reader(Response.of_json(200, {}, {"Link": f'<{LINK}>; rel="next"'}))
    with pytest.raises(Transient, match="okta-implausible"):
        log.after(LINK)


@pytest.mark.parametrize("following", ["", *ELSEWHERE])
def test_a_page_without_a_usable_link_has_its_events_all_the_same(following: str) -> None:
    """Okta always gives a link of its own log: another one is not kept, and what happened has happened."""
    log, _ = reader(page([{"published": "2026-11-24T08:59:30Z"}], following=following))
    found = log.since(NOW)
    assert (len(found.events), found.following) == (1, "")


@pytest.mark.parametrize("link", ELSEWHERE)
def test_a_saved_link_that_leads_elsewhere_is_none(link: str) -> None:
    """The credential goes to Okta's log alone, whatever an earlier version has saved; the caller starts anew."""
    log, script = reader()
    assert log.after(link) is None
    assert script.requests == []


def test_a_saved_link_is_followed_in_either_form() -> None:
    """With the origin, as earlier versions kept it, and without."""
    log, script = reader(page([]), page([]))
    assert log.after(LINK) == log.after(LOG_RETENTION)
    assert [(request.path, request.query) for request in script.requests] == [("/api/v1/logs", (("after", "1"),))] * 2


def test_a_moved_org_asks_another_question() -> None:
    """A place in the log of one origin is none in the log of another."""
    questions = set()
    for origin in (ORG, "https://login.example.com"):
        http = HttpClient(origin, "okta", transport=ModelTransport(Script()))
        questions.add(SystemLog(OktaClient(http, FixedAuth(), APP, StillClock(NOW)), APP).question)
    assert len(questions) == 2


def test_hooks_that_are_no_list_raise() -> None:
    """An answer of something else than Okta."""
    http = HttpClient(ORG, "okta", transport=ModelTransport(Script(Response.of_json(200, {}))))
    hooks = EventHooks(OktaClient(http, FixedAuth(), APP, StillClock(NOW)))
    with pytest.raises(Transient, match="okta-implausible"):
        hooks.all()
