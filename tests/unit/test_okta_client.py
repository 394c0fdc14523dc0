"""The Okta client: whole listings or none, and every answer that is no success in its place of the error tree."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.errors import AuthFailure, Permanent, Transient
from bridge.okta.client import OktaClient
from bridge.outbound.http import HttpClient
from bridge.provisioning.paging import MAX_IDLE_PAGES
from bridge.provisioning.ports import OktaReader
from bridge.provisioning.values import AppUser, OktaGroup, OktaUser, Read
from bridge_local.exchange import Response
from bridge_local.script import FixedAuth, NotedPace, Script, StillClock, headers_of
from bridge_local.transport import ModelTransport

ORG = "https://ada.example.com"
APP = "0oa1bridge0000000001"
ADA, BEN = "00u1ada0000000000001", "00u1ben0000000000001"
TEAM, CREW = "00g1team000000000001", "00g1crew000000000001"
DATE = datetime(2026, 11, 24, 9, 0, 5, tzinfo=UTC)
NOW = datetime(2026, 11, 24, 9, 0, 7, tzinfo=UTC)
EPOCH = int(DATE.timestamp())
DATED = {"Date": "Tue, 24 Nov 2026 09:00:05 GMT"}


def ok(document: Any, following: str = "", **headers: str) -> Response:
    """A 200 of Okta, with a next link when there is one."""
    links = {"Link": f'<{ORG}/api/v1/self>; rel="self", <{following}>; rel="next"'} if following else {}
    return Response.of_json(200, document, {**DATED, **links, **headers})


def refusal(status: int, code: str = "", **headers: str) -> Response:
    """An error of Okta with an errorId."""
    body = {"errorCode": code, "errorSummary": "about ada.brook@example.com", "errorId": "oae-1"} if code else {}
    return Response.of_json(status, body, {**DATED, **headers})


class Okta:
    """A client in front of a script, with what it told its pace and its record."""

    def __init__(self, *answers: Response | None, renewable: bool = True) -> None:
        self.script = Script(*answers)
        self.paces: dict[str, NotedPace] = {}
        self.records: list[str] = []
        self.auth = FixedAuth(renewable=renewable)
        self.client = OktaClient(
            HttpClient(ORG, "okta", transport=ModelTransport(self.script)),
            self.auth,
            APP,
            StillClock(NOW),
            pace=lambda bucket: self.paces.setdefault(bucket, NotedPace()),
            record=self.records.append,
        )

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for."""
        return [request.path for request in self.script.requests]


LISTINGS: dict[str, Callable[[OktaReader], Read[Any]]] = {
    "app_users": lambda okta: okta.app_users(20),
    "app_groups": lambda okta: okta.app_groups(),
    "group_users": lambda okta: okta.group_users(TEAM),
    "user_groups": lambda okta: okta.user_groups(ADA),
}
SINGLES: dict[str, Callable[[OktaReader], Read[Any]]] = {
    "user": lambda okta: okta.user(ADA),
    "app_user": lambda okta: okta.app_user(ADA),
    "app": lambda okta: okta.app(),
    "group": lambda okta: okta.group(TEAM),
}
READS = {**SINGLES, **LISTINGS}
OF_THE_APP = {"app", "app_users", "app_groups"}


OWN_IDS = {"app": APP, "group": TEAM}
PATHS = {
    "app_users": f"/api/v1/apps/{APP}/users",
    "app_groups": f"/api/v1/apps/{APP}/groups",
    "group_users": f"/api/v1/groups/{TEAM}/users",
    "user_groups": f"/api/v1/users/{ADA}/groups",
}


def later(name: str, place: object = 1) -> str:
    """The link to a later page of the named listing."""
    return f"{ORG}{PATHS[name]}?after={place}"


def entry(name: str, own_id: str) -> dict[str, Any]:
    """An entry as the named listing has it."""
    return {"id": own_id, "status": "ACTIVE", "profile": {"name": f"Group {name}"}}


def test_user_is_read_slim_and_dated() -> None:
    """A user comes with status, document and Okta's own time; credentials and their links are not asked for."""
    document = {"id": ADA, "status": "ACTIVE", "profile": {"firstName": "Ada"}}
    okta = Okta(ok(document))
    assert okta.client.user(ADA) == Read(OktaUser(ADA, "ACTIVE", document), DATE)
    (sent,) = okta.script.requests
    assert (sent.method, sent.path, sent.query) == ("GET", f"/api/v1/users/{ADA}", ())
    assert sent.headers["content-type"] == (
        "application/json; okta-response=omitCredentials,omitCredentialsLinks,omitTransitioningToStatus"
    )
    assert sent.headers["authorization"] == "Bearer token-1"


def test_assignment_is_read_with_the_user() -> None:
    """One call gives the assignment and the user in it."""
    document = {"id": ADA, "status": "PROVISIONED", "_embedded": {"user": {"id": ADA, "status": "ACTIVE"}}}
    okta = Okta(ok(document))
    assert okta.client.app_user(ADA) == Read(AppUser(ADA, "PROVISIONED", document), DATE)
    assert okta.paths == [f"/api/v1/apps/{APP}/users/{ADA}"]
    assert okta.script.requests[0].query == (("expand", "user"),)


def test_application_status_is_read() -> None:
    """The application's status, with Okta's time."""
    okta = Okta(ok({"id": APP, "status": "INACTIVE"}))
    assert okta.client.app() == Read("INACTIVE", DATE)
    assert okta.paths == [f"/api/v1/apps/{APP}"]


@pytest.mark.parametrize(
    ("updated", "expected"),
    [
        ("2026-11-24T08:00:00.000Z", datetime(2026, 11, 24, 8, 0, tzinfo=UTC)),
        ("1999-01-01T00:00:00.000Z", datetime(1999, 1, 1, tzinfo=UTC)),
        ("2026-11-24T09:10:07.000Z", datetime(2026, 11, 24, 9, 10, 7, tzinfo=UTC)),
        ("2026-11-24T09:10:08.000Z", None),
        ("2999-01-01T00:00:00.000Z", None),
        ("9999-12-31T23:59:59.999Z", None),
        ("-2300-01-01T00:00:00.000Z", None),
        ("2026-11-24T08:00:00", None),
        ("soon", None),
        ("9" * 400, None),
        (10**400, None),
        (["2026-11-24T08:00:00.000Z"], None),
        (None, None),
    ],
)
def test_group_is_read(updated: object, expected: datetime | None) -> None:
    """A group comes with its name and the time of its last change of members: old or not, but not far in the future."""
    document = {"id": TEAM, "profile": {"name": "Team"}, "lastMembershipUpdated": updated}
    okta = Okta(ok(document))
    assert okta.client.group(TEAM) == Read(OktaGroup(TEAM, "Team", expected), DATE)


def test_listing_follows_next_to_its_end() -> None:
    """Every page is read through the link as given; the time is that of the first page."""
    following = f"{ORG}/api/v1/groups/{TEAM}/users?after=opaque%3D1&limit=1000"
    later = {"Date": "Tue, 24 Nov 2026 09:00:09 GMT"}
    okta = Okta(ok([{"id": ADA}], following), ok([{"id": BEN}], **later))
    assert okta.client.group_users(TEAM) == Read(frozenset({ADA, BEN}), DATE)
    assert [request.query for request in okta.script.requests] == [
        (("limit", "1000"),),
        (("after", "opaque=1"), ("limit", "1000")),
    ]
    assert okta.records == [f"GET groups/{TEAM}/users 200"] * 2


def test_app_users_are_listed_by_user() -> None:
    """All assignments by user id, 500 a page, with the users."""
    okta = Okta(ok([{"id": ADA, "status": "ACTIVE"}, {"id": BEN, "status": "STAGED"}]))
    read = okta.client.app_users(1)
    assert read.value is not None
    assert {user_id: user.status for user_id, user in read.value.items()} == {ADA: "ACTIVE", BEN: "STAGED"}
    assert okta.script.requests[0].query == (("expand", "user"), ("limit", "500"))


@pytest.mark.parametrize(("limit", "whole"), [(1, False), (2, True), (3, True)])
def test_app_users_of_too_many_pages_are_no_value(limit: int, whole: bool) -> None:
    """More pages than allowed give None, and the page after the last allowed one is not asked for."""
    pages = [ok([{"id": ADA, "status": "ACTIVE"}], later("app_users")), ok([{"id": BEN, "status": "ACTIVE"}])]
    okta = Okta(*pages)
    read = okta.client.app_users(limit)
    assert (read.value is not None, read.date) == (whole, DATE)
    assert len(okta.paths) == min(limit, 2)


def test_groups_of_the_application_and_of_a_user() -> None:
    """Both listings ask for 200 a page, the first for ids, the second for names too."""
    okta = Okta(ok([{"id": TEAM}]), ok([{"id": TEAM, "profile": {"name": "Team"}}]))
    assert okta.client.app_groups() == Read(frozenset({TEAM}), DATE)
    assert okta.client.user_groups(ADA) == Read((OktaGroup(TEAM, "Team"),), DATE)
    assert okta.paths == [f"/api/v1/apps/{APP}/groups", f"/api/v1/users/{ADA}/groups"]
    assert [request.query for request in okta.script.requests] == [(("limit", "200"),)] * 2


@pytest.mark.parametrize("name", sorted(READS))
def test_not_found_is_no_value_or_a_lost_application(name: str) -> None:
    """404 E0000007 is None for a user, an assignment or a group, and an auth failure for the application itself."""
    okta = Okta(refusal(404, "E0000007"))
    if name in OF_THE_APP:
        with pytest.raises(AuthFailure, match=r"^okta-app-404 E0000007$"):
            READS[name](okta.client)
    else:
        assert READS[name](okta.client) == Read(None, DATE)


@pytest.mark.parametrize("name", sorted(READS))
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"errorCode": "E0000022"}', b"[]"])
def test_an_unexplained_404_is_no_absence(name: str, body: bytes) -> None:
    """A 404 without Okta's own code may be a proxy's: nobody is absent because of it."""
    with pytest.raises(Transient) as caught:
        READS[name](Okta(Response(404, DATED, body)).client)
    assert (type(caught.value), caught.value.reason) == (Transient, "okta-404-unexplained")


@pytest.mark.parametrize("name", sorted(LISTINGS))
@pytest.mark.parametrize("status", [204, 302, 404, 408, 429, 500, 503])
def test_a_failed_later_page_fails_the_listing(name: str, status: int) -> None:
    """A page that is no 200 leaves no partial listing, also when it says that the thing is gone."""
    okta = Okta(ok([entry(name, ADA)], later(name)), refusal(status, "E0000007" if status == 404 else ""))
    with pytest.raises(Transient):
        LISTINGS[name](okta.client)
    assert okta.script.spent


@pytest.mark.parametrize("name", sorted(LISTINGS))
@pytest.mark.parametrize(
    "page",
    [
        {"id": ADA},
        "text",
        [None],
        [[]],
        [{"status": "ACTIVE", "profile": {"name": "x"}}],
        [{"id": 7}],
        [{"id": "../x"}],
    ],
)
def test_an_implausible_page_fails_the_listing(name: str, page: object) -> None:
    """A page that is no list of objects with ids is not trusted."""
    with pytest.raises(Transient, match=r"^okta-implausible"):
        LISTINGS[name](Okta(ok(page)).client)


@pytest.mark.parametrize("name", sorted(LISTINGS))
def test_a_circle_of_pages_fails_the_listing(name: str) -> None:
    """A page that leads back is not followed for ever, and what was read so far is not taken for all."""
    again = later(name)
    okta = Okta(ok([entry(name, ADA)], again), ok([entry(name, BEN)], again))
    with pytest.raises(Transient, match=r"^okta-implausible a page leads back"):
        LISTINGS[name](okta.client)


@pytest.mark.parametrize(
    "link",
    [
        f"https://evil.example.org{PATHS['group_users']}?after=1",
        f"http://ada.example.com{PATHS['group_users']}?after=1",
        f"https://ada.example.com:8443{PATHS['group_users']}?after=1",
        f"https://ada.example.com@evil.example.org{PATHS['group_users']}?after=1",
        f"{ORG}/api/v1/groups/{CREW}/users?after=1",
        f"//evil.example.org{PATHS['group_users']}",
        "../users?after=1",
        "https://[broken",
    ],
)
@pytest.mark.parametrize("later_page", [False, True])
def test_a_next_link_that_leads_elsewhere_is_not_followed(link: str, later_page: bool) -> None:
    """The token never goes to another origin, no other listing is read, and this one is not taken for whole."""
    pages = [ok([{"id": CREW}], later("group_users"))] if later_page else []
    okta = Okta(*pages, ok([{"id": ADA}], link))
    with pytest.raises(Transient, match=r"^okta-implausible a next link"):
        okta.client.group_users(TEAM)
    assert okta.script.spent


def linked(header: str) -> Response:
    """A page with one member and a Link header."""
    return ok([{"id": ADA}], Link=header)


NEXT = f"<{PATHS['group_users']}?after=1>"


@pytest.mark.parametrize(
    "header",
    [
        f'{NEXT}; rel="next"',
        f"{NEXT}; rel=next",
        f'{NEXT}; rel="NEXT"',
        f'{NEXT}; rel="prev next"',
        f'{NEXT}; title="a;b, <c>; rel=\\"self\\""; rel="next"',
        f"{NEXT};title*=UTF-8''a;REL = \"next\" ; foo",
        f'<{ORG}/self>; rel="self", {NEXT}; rel="next"',
        f'<{ORG}/a,b;c>; rel="self" , , {NEXT}; rel="next",',
        f'{NEXT}; rel="next", {NEXT}; rel="next"',
        f'<{ORG}{PATHS["group_users"]}?after=1>; rel="next"',
        '<?after=1>; rel="next"',
    ],
)
def test_every_spelling_of_a_next_link_is_followed(header: str) -> None:
    """Relations are tokens without case, wherever they stand and however they are quoted (RFC 8288)."""
    okta = Okta(linked(header), ok([{"id": BEN}]))
    assert okta.client.group_users(TEAM).value == frozenset({ADA, BEN})
    assert okta.script.requests[1].query == (("after", "1"),)


@pytest.mark.parametrize(
    "header", [f'<{ORG}/x>; rel="self"', f'{NEXT}; rel="prev"', f'{NEXT}; title="rel=next"', f'{NEXT}; rel="xnext"', ""]
)
def test_what_is_no_next_link_ends_a_short_listing(header: str) -> None:
    """Nothing but the relation counts."""
    assert Okta(linked(header)).client.group_users(TEAM).value == frozenset({ADA})


@pytest.mark.parametrize(
    "header",
    [
        "<" + ORG,
        f'{NEXT}; rel="next',
        f"{NEXT} rel=next",
        "rel=next",
        f'{NEXT}; rel="next", <{PATHS["group_users"]}>; rel=next',
    ],
)
def test_an_unreadable_link_header_ends_no_listing(header: str) -> None:
    """Broken, or two pages that are both the next: nobody can say that this was the last page."""
    with pytest.raises(Transient, match=r"^okta-implausible "):
        Okta(linked(header)).client.group_users(TEAM)


def crowd(count: int, first: int = 0) -> list[dict[str, str]]:
    """So many members."""
    return [{"id": f"00u1member{number:010}"} for number in range(first, first + count)]


SMALLER = f"{ORG}{PATHS['group_users']}?after=x&limit=999"


def test_a_full_page_without_a_link_is_read_once_more_and_smaller() -> None:
    """The Link header was lost: one entry less per page, and Okta must name another page."""
    okta = Okta(ok(crowd(1000)), ok(crowd(999), SMALLER), ok(crowd(501, 999)))
    read = okta.client.group_users(TEAM)
    assert read.value is not None
    assert len(read.value) == 1500
    assert [request.param("limit") for request in okta.script.requests] == ["1000", "999", "999"]


def test_a_full_last_page_is_proven_to_be_the_last() -> None:
    """A group of exactly as many as a page holds: the smaller page names another one, which has the rest."""
    okta = Okta(ok(crowd(1000)), ok(crowd(999), SMALLER), ok(crowd(1, 999)))
    assert okta.client.group_users(TEAM).value == frozenset(each["id"] for each in crowd(1000))


def test_a_full_later_page_is_read_again_from_its_own_place() -> None:
    """The cursor stays to the letter, only the limit is another one; a page that is short by then is the end."""
    second = f"{ORG}{PATHS['group_users']}?after=b%2Fc&limit=1000"
    okta = Okta(ok(crowd(1000), second), ok(crowd(1000, 1000)), ok(crowd(900, 1000)))
    read = okta.client.group_users(TEAM)
    assert read.value is not None
    assert len(read.value) == 1900
    assert okta.script.requests[2].query == (("after", "b/c"), ("limit", "999"))


@pytest.mark.parametrize("again", [1000, 999])
def test_full_pages_without_any_link_are_implausible(again: int) -> None:
    """Anyone who still names no other page, or does not heed the limit, is not believed."""
    okta = Okta(ok(crowd(1000)), ok(crowd(again)))
    with pytest.raises(Transient, match=r"^okta-implausible a full page that names no other$"):
        okta.client.group_users(TEAM)
    assert okta.script.spent


def test_a_smaller_limit_of_okta_is_heeded() -> None:
    """A page is full by the limit that its own link names."""
    okta = Okta(
        ok(crowd(200), f"{ORG}{PATHS['group_users']}?after=x&limit=200"), ok(crowd(200, 200)), ok(crowd(199, 200))
    )
    with pytest.raises(Transient, match=r"^okta-implausible a full page"):
        okta.client.group_users(TEAM)
    assert okta.script.requests[2].param("limit") == "199"


def test_ever_new_cursors_end() -> None:
    """Pages that bring nothing new do not go on for ever, and their listing is not whole."""
    okta = Okta(*(ok([{"id": ADA}], later("group_users", place)) for place in range(10)))
    with pytest.raises(Transient, match=r"^okta-implausible a listing without an end$"):
        okta.client.group_users(TEAM)
    assert len(okta.paths) == 1 + MAX_IDLE_PAGES


def test_a_listing_that_shifts_is_read() -> None:
    """Entries that come twice, and a page or two without anything new, are what a living listing shows."""
    pages = [
        ok([{"id": own_id}], later("group_users", place)) for place, own_id in enumerate((ADA, ADA, ADA, BEN, ADA))
    ]
    assert Okta(*pages, ok([])).client.group_users(TEAM).value == frozenset({ADA, BEN})


@pytest.mark.parametrize(
    "following",
    ["https://evil.example.org/api/v1/apps/x/users?after=1", "/api/v1/users?after=1", "after=1", "/api/v1/\u0130"],
)
def test_a_saved_page_of_elsewhere_is_not_read(following: str) -> None:
    """What another time has kept is checked like a fresh link."""
    okta = Okta()
    with pytest.raises(Transient, match=r"^okta-implausible a page that is none of this listing$"):
        okta.client.app_users_page(following)
    assert okta.paths == []


def test_a_saved_page_that_okta_refuses_is_transient() -> None:
    """A cursor may be too old: the run begins anew, and nothing is parked."""
    okta = Okta(refusal(400, "E0000001"))
    with pytest.raises(Transient, match=r"^okta-implausible a link that Okta refuses: okta-400$"):
        okta.client.app_users_page(f"{PATHS['app_users']}?after=old")


def test_pages_are_handed_out_without_their_origin() -> None:
    """What is kept of a link names no host, so that an org may move."""
    okta = Okta(ok([entry("x", ADA)], later("app_users")), ok([entry("x", BEN)]))
    first = okta.client.app_users_page()
    assert first.following == f"{PATHS['app_users']}?after=1"
    assert [each.id for each in okta.client.app_users_page(first.following).entries] == [BEN]


@pytest.mark.parametrize(
    ("date", "expected", "doubted"),
    [
        ("Tue, 24 Nov 2026 08:50:08 GMT", datetime(2026, 11, 24, 8, 50, 8, tzinfo=UTC), 0),
        ("Tue, 24 Nov 2026 09:10:00 GMT", NOW, 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", NOW, 1),
        ("Thu, 01 Jan 1970 00:00:00 GMT", NOW, 1),
        ("Tue, 24 Nov -2300 09:10:00 GMT", NOW, 1),
        ("9" * 400, NOW, 1),
    ],
)
def test_a_read_is_dated_by_the_earlier_clock(date: str, expected: datetime, doubted: int) -> None:
    """Okta's Date counts within ten minutes of ours, and never as later than now; who is not believed is told of."""
    doubts: list[None] = []
    script = Script(Response.of_json(200, {"id": ADA, "status": "ACTIVE"}, {"Date": date}))
    http = HttpClient(ORG, "okta", transport=ModelTransport(script))
    client = OktaClient(http, FixedAuth(), APP, StillClock(NOW), doubt=lambda: doubts.append(None))
    assert client.user(ADA).date == expected
    assert len(doubts) == doubted


@pytest.mark.parametrize(
    ("reset", "wait"),
    [
        (f"{EPOCH}000", None),
        (f"{EPOCH + 181}", None),
        (f"{EPOCH + 180}", 180),
        ("9" * 400, None),
        ("-1", None),
        ("", None),
        ("0", 1),
    ],
)
def test_a_reset_gone_wrong_stops_nothing(reset: str, wait: float | None) -> None:
    """Milliseconds, no number, or hours away: no reset is told, to the caller and to the bucket."""
    headers = {**DATED, "X-Rate-Limit-Limit": "50", "X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": reset}
    okta = Okta(Response.of_json(429, {"errorCode": "E0000047", "errorSummary": "slow"}, headers))
    with pytest.raises(Transient) as caught:
        okta.client.user(ADA)
    assert caught.value.retry_after == wait
    assert okta.paces["user"].observed == [(50, 0, None if wait is None else wait if reset != "0" else 0.0)]


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("user", {"id": BEN, "status": "ACTIVE"}),
        ("user", {"id": ADA}),
        ("user", {"id": ADA, "status": ""}),
        ("user", [ADA]),
        ("app_user", {"id": BEN, "status": "ACTIVE"}),
        ("app_user", {"id": ADA, "status": None}),
        ("app", {"id": APP}),
        ("group", {"id": CREW, "profile": {"name": "Crew"}}),
        ("group", {"id": TEAM, "profile": {}}),
        ("group", {"id": TEAM}),
        ("user", {"id": ADA, "status": "active"}),
        ("user", {"id": ADA, "status": 10**400}),
        ("user", {"id": ADA, "status": "ACTIVE", "profile": ["a"]}),
        ("app_user", {"id": ADA, "status": "ACTIVE", "profile": "a"}),
        ("app_user", {"id": ADA, "status": "ACTIVE", "_embedded": ["a"]}),
        ("app_user", {"id": ADA, "status": "ACTIVE", "_embedded": {"user": "a"}}),
        ("app_user", {"id": ADA, "status": "ACTIVE", "_embedded": {"user": {"id": BEN, "status": "ACTIVE"}}}),
        ("app_user", {"id": ADA, "status": "ACTIVE", "_embedded": {"user": {"id": ADA, "status": "active"}}}),
        ("app", {"id": CREW, "status": "ACTIVE"}),
        ("group", {"id": TEAM, "profile": ["Team"]}),
    ],
)
def test_an_implausible_answer_is_transient(name: str, document: object) -> None:
    """Another id than asked for (Okta also takes logins), or a missing field, decides nothing."""
    with pytest.raises(Transient, match=r"^okta-implausible"):
        SINGLES[name](Okta(ok(document)).client)


@pytest.mark.parametrize("name", sorted(READS))
def test_an_answer_without_date_has_our_time(name: str) -> None:
    """A proxy that drops Okta's ``Date`` stops nothing: our own clock stands in."""
    body = entry(name, OWN_IDS.get(name, ADA))
    read = READS[name](Okta(Response.of_json(200, [body] if name in LISTINGS else body)).client)
    assert read.date == NOW


@pytest.mark.parametrize(
    "call",
    [
        lambda okta: okta.user("../apps/x"),
        lambda okta: okta.user("ada.brook@example.com"),
        lambda okta: okta.app_user("me"),
        lambda okta: okta.group("00g1team00000000000?"),
        lambda okta: okta.group_users("00g1team000000000001\n"),
        lambda okta: okta.user_groups(""),
    ],
)
def test_an_id_outside_oktas_alphabet_is_not_sent(call: Callable[[OktaReader], object]) -> None:
    """Nothing but an id goes into a URL, and the error does not show what it was."""
    okta = Okta()
    with pytest.raises(Permanent) as caught:
        call(okta.client)
    assert str(caught.value) == "okta-id-malformed an Okta id has 8 to 64 letters and digits"
    assert okta.paths == []


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (refusal(403, "E0000006"), AuthFailure, "okta-403 E0000006"),
        (refusal(403), Transient, "okta-403-unexplained"),
        (Response.of_json(403, {"errorCode": "E0000006"}, DATED), Transient, "okta-403-unexplained"),
        (Response.of_json(403, {"message": "Forbidden"}, DATED), Transient, "okta-403-unexplained"),
        (refusal(400, "E0000006"), AuthFailure, "okta-400 E0000006"),
        (refusal(408), Transient, "okta-408"),
        (refusal(500, "E0000009"), Transient, "okta-500 E0000009"),
        (refusal(501), Transient, "okta-501"),
        (refusal(302), Transient, "okta-302"),
        (refusal(204), Transient, "okta-204"),
        (refusal(206), Transient, "okta-206"),
        (refusal(304), Transient, "okta-304"),
        (refusal(400, "E0000001"), Permanent, "okta-400 E0000001"),
        (refusal(400, "<script>"), Transient, "okta-400-unexplained"),
        (refusal(410, "E0000001"), Permanent, "okta-410 E0000001"),
        (refusal(410), Transient, "okta-410-unexplained"),
    ],
)
def test_errors_by_code(answer: Response, kind: type[Exception], text: str) -> None:
    """ErrorCode first, then the status; the summary, which may name people, is in no text."""
    with pytest.raises((Transient, Permanent)) as caught:
        Okta(answer).client.user(ADA)
    assert (type(caught.value), str(caught.value)) == (kind, text)
    assert vars(caught.value)["upstream"] == "okta"


def test_reference_is_oktas_id_of_the_call() -> None:
    """errorId, else the request id; and the record of a failed call names it."""
    okta = Okta(refusal(500, "E0000009"), Response(500, {**DATED, "X-Okta-Request-Id": "req-1"}), Response(500, DATED))
    for reference in ("oae-1", "req-1", ""):
        with pytest.raises(Transient) as caught:
            okta.client.user(ADA)
        assert (caught.value.reference, caught.value.status) == (reference, 500)
    assert okta.records == [f"GET users/{ADA} 500 oae-1", f"GET users/{ADA} 500 req-1", f"GET users/{ADA} 500"]


def test_a_refused_token_is_renewed_once() -> None:
    """401 brings one call with a fresh token."""
    okta = Okta(refusal(401, "E0000011"), ok({"id": ADA, "status": "ACTIVE"}))
    assert okta.client.user(ADA).value is not None
    assert headers_of(okta.script.requests, "authorization") == ["Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize(("renewable", "calls"), [(True, 2), (False, 1)])
def test_a_token_refused_for_good_is_an_auth_failure(renewable: bool, calls: int) -> None:
    """401 with a fresh token, or without any other token, is an auth failure."""
    okta = Okta(*[refusal(401, "E0000011")] * calls, renewable=renewable)
    with pytest.raises(AuthFailure, match=r"^okta-401 E0000011$"):
        okta.client.user(ADA)
    assert okta.script.spent


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"X-Rate-Limit-Reset": str(EPOCH + 37), **DATED}, 37),
        ({"X-Rate-Limit-Reset": str(EPOCH), **DATED}, 1),
        ({"X-Rate-Limit-Reset": str(EPOCH - 90), **DATED}, 1),
        ({"X-Rate-Limit-Reset": str(EPOCH + 37)}, 35),  # no Date: our clock, which stands 2 s later
        ({}, None),
    ],
)
def test_429_waits_for_the_reset(headers: dict[str, str], wait: float | None) -> None:
    """Okta sends no Retry-After: the wait is from the answer's own Date to the reset, at least a second."""
    with pytest.raises(Transient) as caught:
        Okta(
            Response.of_json(429, {"errorCode": "E0000047", "errorSummary": "slow", "errorId": "oae-1"}, headers)
        ).client.user(ADA)
    assert (type(caught.value), caught.value.reason, caught.value.retry_after) == (Transient, "okta-429", wait)


def test_rate_limits_are_told_to_the_bucket() -> None:
    """Each call takes from the bucket that Okta counts it in, and its headers teach that bucket alone."""
    limits = {"X-Rate-Limit-Limit": "50", "X-Rate-Limit-Remaining": "49", "X-Rate-Limit-Reset": str(EPOCH + 20)}
    status = {"status": "ACTIVE"}
    okta = Okta(
        ok({"id": ADA, **status}, **limits),
        ok({"id": ADA, **status}),
        ok([]),
        ok({"id": APP, **status}),
        ok([]),
        refusal(404, "E0000007", **limits),
        ok([]),
        ok([]),
    )
    okta.client.user(ADA)
    okta.client.user(ADA)
    okta.client.user_groups(ADA)
    okta.client.app()
    okta.client.app_groups()
    okta.client.group(TEAM)
    okta.client.group_users(TEAM)
    okta.client.app_users(1)
    taken = {bucket: pace.taken for bucket, pace in okta.paces.items()}
    assert taken == {"user": 2, "users": 1, "app": 1, "apps": 2, "group": 1, "groups": 1}
    taught = {bucket: pace.observed for bucket, pace in okta.paces.items() if pace.observed}
    assert taught == {"user": [(50, 49, 20.0)], "group": [(50, 49, 20.0)]}


def test_a_bucket_is_asked_for_once() -> None:
    """The budget of a bucket is kept: what it has learned would be lost in a new one."""
    asked: list[str] = []
    script = Script(*[ok({"id": ADA, "status": "ACTIVE"})] * 2)
    http = HttpClient(ORG, "okta", transport=ModelTransport(script))

    def pace(bucket: str) -> NotedPace:
        asked.append(bucket)
        return NotedPace()

    client = OktaClient(http, FixedAuth(), APP, StillClock(DATE), pace=pace)
    client.user(ADA)
    client.user(ADA)
    assert asked == ["user"]


def test_the_concurrency_limit_is_no_budget() -> None:
    """A limit of 0 tells of too many calls at once: it must not dry up the bucket."""
    limits = {"X-Rate-Limit-Limit": "0", "X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": str(EPOCH + 20)}
    okta = Okta(refusal(429, "E0000047", **limits))
    with pytest.raises(Transient) as caught:
        okta.client.user(ADA)
    assert (caught.value.retry_after, okta.paces["user"].observed) == (20, [])


def test_a_missing_reset_is_unknown() -> None:
    """Without a reset the bucket learns limit and rest only."""
    okta = Okta(ok({"id": ADA, "status": "ACTIVE"}, **{"X-Rate-Limit-Limit": "50", "X-Rate-Limit-Remaining": "1"}))
    okta.client.user(ADA)
    assert okta.paces["user"].observed == [(50, 1, None)]


def test_a_call_without_answer_is_recorded() -> None:
    """The record names what kept the answer away."""
    okta = Okta(Response(200, delay=11))
    with pytest.raises(Transient, match=r"^okta-timeout$"):
        okta.client.user(ADA)
    assert okta.records == [f"GET users/{ADA} okta-timeout"]


def test_pace_and_record_are_optional() -> None:
    """A client without them reads as well."""
    script = Script(ok({"id": ADA, "status": "ACTIVE"}))
    http = HttpClient(ORG, "okta", transport=ModelTransport(script))
    client: OktaReader = OktaClient(http, FixedAuth(), APP, StillClock(DATE))
    assert client.user(ADA).date == DATE
