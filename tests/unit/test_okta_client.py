"""The Okta client: whole listings or none, and every answer that is no success in its place of the error tree."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.errors import AuthFailure, Permanent, Transient
from bridge.okta.client import OktaClient
from bridge.outbound.http import HttpClient
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
            StillClock(datetime(2026, 11, 24, 8, 59, 0, tzinfo=UTC)),
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
    document = {"id": ADA, "status": "PROVISIONED", "_embedded": {"user": {"id": ADA}}}
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
    [("2026-11-24T08:00:00.000Z", datetime(2026, 11, 24, 8, 0, tzinfo=UTC)), (None, None)],
)
def test_group_is_read(updated: str | None, expected: datetime | None) -> None:
    """A group comes with its name and the time of its last change of members."""
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
    pages = [ok([{"id": ADA, "status": "ACTIVE"}], f"{ORG}/api/v1/x"), ok([{"id": BEN, "status": "ACTIVE"}])]
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
    okta = Okta(ok([entry(name, ADA)], f"{ORG}/api/v1/x"), refusal(status, "E0000007" if status == 404 else ""))
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
    again = f"{ORG}/api/v1/x?after=1"
    okta = Okta(ok([entry(name, ADA)], again), ok([entry(name, BEN)], again))
    with pytest.raises(Transient, match=r"^okta-implausible a page leads back"):
        LISTINGS[name](okta.client)


@pytest.mark.parametrize("link", ["https://evil.example.org/api/v1/x", "http://ada.example.com/x", "x?after=1"])
def test_a_foreign_next_link_is_not_followed(link: str) -> None:
    """The token never goes to another origin, and the listing is not taken for whole."""
    okta = Okta(ok([{"id": ADA}], link))
    with pytest.raises(Transient, match=r"^okta-foreign-origin$"):
        okta.client.group_users(TEAM)
    assert len(okta.paths) == 1


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
        ("group", {"id": TEAM, "profile": {"name": "Team"}, "lastMembershipUpdated": "soon"}),
        ("group", {"id": TEAM, "profile": {"name": "Team"}, "lastMembershipUpdated": 5}),
    ],
)
def test_an_implausible_answer_is_transient(name: str, document: object) -> None:
    """Another id than asked for (Okta also takes logins), or a missing field, decides nothing."""
    with pytest.raises(Transient, match=r"^okta-implausible"):
        SINGLES[name](Okta(ok(document)).client)


@pytest.mark.parametrize("name", sorted(READS))
def test_an_answer_without_date_has_our_time(name: str) -> None:
    """A proxy that drops Okta's ``Date`` stops nothing: our own clock stands in."""
    body = entry(name, TEAM if name == "group" else ADA)
    read = READS[name](Okta(Response.of_json(200, [body] if name in LISTINGS else body)).client)
    assert read.date == datetime(2026, 11, 24, 8, 59, 0, tzinfo=UTC)


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
        (refusal(403), AuthFailure, "okta-403"),
        (refusal(400, "E0000006"), AuthFailure, "okta-400 E0000006"),
        (refusal(408), Transient, "okta-408"),
        (refusal(500, "E0000009"), Transient, "okta-500 E0000009"),
        (refusal(501), Transient, "okta-501"),
        (refusal(302), Transient, "okta-302"),
        (refusal(204), Transient, "okta-204"),
        (refusal(400, "E0000001"), Permanent, "okta-400 E0000001"),
        (refusal(400, "<script>"), Permanent, "okta-400"),
        (refusal(410), Permanent, "okta-410"),
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
        ({"X-Rate-Limit-Reset": str(EPOCH)}, 65),  # no Date: our clock, which stands 65 s earlier
        ({}, None),
    ],
)
def test_429_waits_for_the_reset(headers: dict[str, str], wait: float | None) -> None:
    """Okta sends no Retry-After: the wait is from the answer's own Date to the reset, at least a second."""
    with pytest.raises(Transient) as caught:
        Okta(Response.of_json(429, {"errorCode": "E0000047", "errorId": "oae-1"}, headers)).client.user(ADA)
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
