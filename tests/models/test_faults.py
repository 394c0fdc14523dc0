"""The one way to intercept a model: which requests a fault meets, and what its effect does."""

from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from bridge.outbound.http import ConnectionLost, ReadTimeout, WireRequest
from bridge_local import faults
from bridge_local.exchange import ConnectionCut, Request, Response, Wire
from bridge_local.faults import Effect, Fault, Faults
from bridge_local.transport import ModelTransport

START = datetime(2026, 11, 24, 9, tzinfo=UTC)


class Upstream:
    """A model that says what it was asked, with a clock that tests move."""

    def __init__(self) -> None:
        self.moment = START
        self.asked: list[str] = []
        self.faults = Faults(lambda: self.moment, random.Random(7))  # noqa: S311 - repeatable on purpose

    def handle(self, request: Request) -> Response:
        """The answer after all faults."""
        return self.faults.serve(request, self._serve)

    def _serve(self, request: Request) -> Response:
        self.asked.append(faults.line_of(request))
        return Response.of_json(200, {"number": 5, "name": "x", "flag": True, "list": [1.5]}, {"Date": "today"})

    def get(self, path: str = "/users/1") -> Response:
        """A GET."""
        return self.handle(Request.of("GET", path))


def met(fault: Fault, *lines: str) -> list[bool]:
    """Which of these requests, in order, a fault meets."""
    upstream = Upstream()
    upstream.faults.add(fault)
    return [upstream.handle(Request.of(method, url)).status == 503 for method, url in map(str.split, lines)]


REFUSED = faults.bare(503)


def test_a_fault_meets_by_method_path_and_decoded_query() -> None:
    """The expression is searched in one line; filters are written as they are read."""
    line = "GET /users?filter=externalId%20eq%20%221%22"
    assert met(Fault('filter=externalId eq "1"', REFUSED), line, "GET /users") == [True, False]
    assert met(Fault("^PATCH .*/users/", REFUSED), "GET /users/1", "PATCH /users/1") == [False, True]
    assert met(Fault("", REFUSED, when=lambda asked: asked.method == "PUT"), "GET /a", "PUT /a") == [False, True]


def test_a_fault_is_skipped_counted_and_spent() -> None:
    """The first matching requests pass, so many are met, and then the rule is gone."""
    upstream = Upstream()
    fault = upstream.faults.add(Fault("users", REFUSED, count=2, skip=1))
    assert [upstream.get().status for _ in range(4)] == [200, 503, 503, 200]
    assert (fault.met, upstream.faults.rules) == (2, [])


def test_a_fault_ends_with_its_time() -> None:
    """Until a moment every request suffers, from then on none."""
    upstream = Upstream()
    upstream.faults.add(Fault("", REFUSED, until=START + timedelta(minutes=10)))
    assert [upstream.get().status for _ in range(3)] == [503] * 3
    upstream.moment += timedelta(minutes=10)
    assert upstream.get().status == 200
    assert upstream.faults.rules == []


def test_faults_stand_one_behind_the_other() -> None:
    """Delays add up outside of a refusal; what stands behind the refusal is not used up."""
    upstream = Upstream()
    upstream.faults.add(Fault("", faults.late(2)))
    upstream.faults.add(Fault("", faults.late(1)))
    refusal = upstream.faults.add(Fault("", REFUSED))
    behind = upstream.faults.add(Fault("", faults.cut(), count=1))
    answer = upstream.get()
    assert (answer.status, answer.delay, behind.count, upstream.asked) == (503, 3, 1, [])
    upstream.faults.remove(refusal)
    with pytest.raises(ConnectionCut):
        upstream.get()
    upstream.faults.clear()
    assert upstream.get().status == 200


def test_a_lost_answer_was_worked_for_and_a_kept_request_can_land() -> None:
    """Lost: done; cut and kept: not done; the kept request is done when somebody hands it over."""
    upstream, under_way = Upstream(), list[Request]()
    upstream.faults.add(Fault("", faults.lost(), count=1))
    with pytest.raises(ConnectionCut):
        upstream.get("/a")
    upstream.faults.add(Fault("", faults.kept(under_way), count=1))
    assert (upstream.get("/b").status, upstream.asked) == (504, ["GET /a"])
    assert (upstream.handle(under_way[0]).status, upstream.asked) == (200, ["GET /a", "GET /b"])


@pytest.mark.parametrize(
    ("effect", "status", "body"),
    [
        (faults.html(), 200, b"<html>"),
        (faults.gateway(), 404, b'{"message": "no Route matched'),
        (faults.bare(204), 204, b""),
        (faults.bare(304), 304, b""),
    ],
)
def test_an_answer_of_somebody_else(effect: Effect, status: int, body: bytes) -> None:
    """A proxy, a gateway, a status alone: the model is not asked."""
    upstream = Upstream()
    upstream.faults.add(Fault("", effect))
    answer = upstream.get()
    assert (answer.status, answer.body.startswith(body), upstream.asked) == (status, True, [])


def test_answers_are_changed_after_the_work() -> None:
    """Headers set and taken away, fields replaced, numbers made huge, the whole answer replaced by a status."""
    upstream = Upstream()
    upstream.faults.add(Fault("/headers", faults.headed(date=None, X_Rate_Limit_Reset="9")))
    assert upstream.get("/headers").headers == {
        "Content-Type": "application/json",
        "date": "",
        "X-Rate-Limit-Reset": "9",
    }
    upstream.faults.add(Fault("/fields", faults.fields({"name": None, "new": ["a"]})))
    assert json.loads(upstream.get("/fields").body) == {"number": 5, "flag": True, "list": [1.5], "new": ["a"]}
    upstream.faults.add(Fault("/numbers", faults.huge_numbers(30)))
    assert json.loads(upstream.get("/numbers").body) == {"number": 10**29, "name": "x", "flag": True, "list": [10**29]}
    upstream.faults.add(Fault("/partial", faults.with_status(206)))
    assert (upstream.get("/partial").status, upstream.get("/partial").body[:9]) == (206, b'{"number"')
    upstream.faults.add(Fault("/status", faults.done_but(204)))
    assert (upstream.get("/status").body, upstream.asked[-1]) == (b"", "GET /status")


def test_documents_are_cut_deep_or_of_another_shape() -> None:
    """Half of the JSON, lists in lists, another document, numbers that are none, a redirect."""
    upstream = Upstream()
    for path, effect in {
        "/half": faults.truncated(),
        "/deep": faults.nested(50_000),
        "/other": faults.document(None),
        "/nan": faults.odd_numbers(float("nan")),
        "/moved": faults.redirect("https://evil.example.net/"),
    }.items():
        upstream.faults.add(Fault(path, effect))
    for path, error in (("/half", ValueError), ("/deep", RecursionError)):
        with pytest.raises(error):
            json.loads(upstream.get(path).body)
    assert upstream.get("/other").body == b"null"
    assert b'"number": NaN' in upstream.get("/nan").body
    moved = upstream.get("/moved")
    assert (moved.status, moved.headers) == (302, {"Location": "https://evil.example.net/"})


@pytest.mark.parametrize("scim", [False, True])
def test_entries_of_a_listing_are_repeated_odd_or_nameless(scim: bool) -> None:
    """In Okta's lists and in the pages of SCIM alike."""
    upstream, entry = Upstream(), {"id": "1", "name": "a"}
    plain = {"totalResults": 1, "Resources": [entry]} if scim else [entry]
    for path, effect, expected in (
        ("/a", faults.repeated_entries(), [entry, entry]),
        ("/b", faults.null_entries(), [None, "x", {}, entry]),
        ("/c", faults.without_ids(), [{"name": "a"}]),
    ):
        upstream.faults.add(Fault(path, effect))
        upstream.faults.add(Fault(path, faults.document(plain)))
        shown = json.loads(upstream.get(path).body)
        assert shown == ({"totalResults": 1, "Resources": expected} if scim else expected)
    upstream.faults.add(Fault("", faults.repeated_entries()))
    assert json.loads(upstream.get("/no-listing").body)["number"] == 5


def test_an_error_is_not_edited() -> None:
    """What has no document of its kind passes as it is."""
    upstream = Upstream()
    upstream.faults.add(Fault("", faults.fields({"name": "y"})))
    upstream.faults.add(Fault("", faults.gateway(500)))
    assert b"no Route" in upstream.get().body


def test_others_act_before_and_after_a_request_and_may_watch_it() -> None:
    """Once, where the test says; a request of their own does not meet the spent rule."""
    upstream, seen = Upstream(), list[str]()
    upstream.faults.add(Fault("", faults.watched(lambda asked: seen.append(asked.path))))
    upstream.faults.add(Fault("/a", faults.before(lambda: upstream.get("/before")), count=1))
    upstream.faults.add(Fault("/a", faults.after(lambda: upstream.get("/after")), count=1))
    upstream.get("/a")
    assert upstream.asked == ["GET /before", "GET /a", "GET /after"]
    assert seen == ["/a", "/before", "/after"]


def test_a_gzip_bomb_is_small_on_the_wire() -> None:
    """Two codings, a thousandth of the size, and every layer undone gives the zeros."""
    upstream = Upstream()
    upstream.faults.add(Fault("", faults.gzip_bomb(5_000_000)))
    answer = upstream.get()
    assert answer.headers["Content-Encoding"] == "gzip, gzip"
    assert len(answer.body) < 5_000
    assert gzip.decompress(gzip.decompress(answer.body)) == bytes(5_000_000)


@pytest.mark.parametrize(
    ("wire", "error"),
    [
        ("slow-headers", ReadTimeout),
        ("slow-body", ReadTimeout),
        ("endless-103", ReadTimeout),
        ("half-body", ConnectionLost),
    ],
)
def test_in_process_a_slow_answer_is_one_that_comes_too_late(wire: Wire, error: type[Exception]) -> None:
    """The real client's errors, without time passing; headers without a value are not sent."""
    upstream = Upstream()
    upstream.faults.add(Fault("slow", faults.on_the_wire(wire)))
    upstream.faults.add(Fault("", faults.headed(Date=None)))
    transport = ModelTransport(upstream)
    with pytest.raises(error):
        transport.handle_request(
            WireRequest("GET", "https://example.com/slow", extensions={"timeout": {"read": 10}}),
        )
    quick = WireRequest("GET", "https://example.com/quick", extensions={"timeout": {"read": 10}})
    assert "date" not in transport.handle_request(quick).headers
