"""The HTTP client: what leaves, what may come back, and what every trouble is called."""

import gzip
import itertools
import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bridge.errors import SettingsError, Transient
from bridge.outbound.http import Answer, HttpClient
from bridge_local.exchange import Response
from bridge_local.script import Script
from bridge_local.transport import ModelTransport

ORG = "https://ada.example.com"


def client(script: Script, *, read_seconds: float = 10, max_bytes: int = 1000) -> HttpClient:
    """A client of the invented org whose requests go to the script."""
    return HttpClient(ORG, "okta", transport=ModelTransport(script), read_seconds=read_seconds, max_bytes=max_bytes)


class Handler(BaseHTTPRequestHandler):
    """A server on this machine: redirects, and one answer that is large."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer /moved with a redirect, /large with 64 KiB."""
        body = b"x" * 65_536 if self.path.startswith("/large") else b"{}"
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Location", "/large")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name http.server gives
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """One that does not print that a client went away: some tests do just that."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """The base URL of a real server on loopback."""
    with Server(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


@pytest.fixture
def http(server: str) -> Iterator[HttpClient]:
    """A client of the real server."""
    with closing(HttpClient(server, "okta", max_bytes=1000)) as client:
        yield client


def test_request_reaches_the_wire_as_it_was_meant() -> None:
    """Method, path, query, headers and JSON body arrive as given, with a User-Agent and Accept."""
    script = Script(Response.of_json(201, {"id": "x"}))
    answer = client(script).request(
        "POST", "/api", params=[("filter", 'a eq "ü&b"')], headers={"If-Match": '"4"'}, document={"ä": 1}
    )
    (sent,) = script.requests
    assert (answer.status, answer.json()) == (201, {"id": "x"})
    assert (sent.method, sent.path, sent.query) == ("POST", "/api", (("filter", 'a eq "ü&b"'),))
    assert sent.body == b'{"\\u00e4": 1}'
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["accept"] == "application/json"
    assert sent.headers["user-agent"].startswith("okta-genesys-bridge/")
    assert sent.headers["if-match"] == '"4"'


def test_form_is_sent_as_a_form() -> None:
    """A form body has its media type and encoding."""
    script = Script(Response(200))
    client(script).request("POST", "/token", form={"grant_type": "client_credentials", "scope": "a b"})
    assert script.requests[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert script.requests[0].body == b"grant_type=client_credentials&scope=a+b"


def test_a_link_is_followed_as_it_stands() -> None:
    """A URL of the own origin keeps its query to the letter; its Link relations are read from the answer."""
    link = f"{ORG}/api/v1/users?after=00u%2Fx&limit=2"
    script = Script(Response(200, {"Link": f'<{ORG}/self>; rel="self", <{link}>; rel="next"'}), Response(200))
    http = client(script)
    http.request("GET", http.request("GET", "/first").links["next"])
    assert script.requests[1].query == (("after", "00u/x"), ("limit", "2"))


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.org/api",
        "http://ada.example.com/api",
        "https://ada.example.com:8443/api",
        "https://ada@ada.example.com/api",
        "https://ada.example.com.evil.example.org/",
        "api/v1",
        "https://[broken/",
        "https://ada.example.com:port/",
    ],
)
def test_another_origin_is_never_called(url: str) -> None:
    """Whatever is not the configured origin is refused before anything is sent."""
    script = Script()
    with pytest.raises(Transient) as caught:
        client(script).request("GET", url)
    assert (caught.value.reason, caught.value.upstream, script.requests) == ("okta-foreign-origin", "okta", [])


@pytest.mark.parametrize("base", ["http://ada.example.com", "ftp://127.0.0.1", "ada.example.com", ""])
def test_base_url_is_https_or_this_machine(base: str) -> None:
    """No client speaks plain HTTP to another machine."""
    with pytest.raises(SettingsError, match="okta: expected https"):
        HttpClient(base, "okta")


def test_a_cut_get_is_sent_once_more() -> None:
    """One dead connection costs a GET nothing."""
    script = Script(None, Response.of_json(200, [1]))
    assert client(script).request("GET", "/x").json() == [1]
    assert script.spent


@pytest.mark.parametrize(("method", "calls"), [("GET", 2), ("POST", 1), ("PATCH", 1)])
def test_a_cut_connection_is_transient(method: str, calls: int) -> None:
    """After at most one quick retry, and none of a write, the error is transient."""
    script = Script(None, None)
    with pytest.raises(Transient) as caught:
        client(script).request(method, "/x")
    assert (caught.value.reason, len(script.requests)) == ("okta-connection", calls)


def test_a_late_answer_is_a_timeout() -> None:
    """An answer within the read timeout comes; one behind it is a timeout, without a retry."""
    script = Script(Response(200, delay=2), Response(200, delay=2.1))
    http = client(script, read_seconds=2)
    assert http.request("GET", "/x").status == 200
    with pytest.raises(Transient, match=r"^okta-timeout$"):
        http.request("GET", "/x")
    assert script.spent


def test_a_dripping_answer_is_a_timeout() -> None:
    """An answer whose pieces come in time, but the whole of which takes too long, is cut off."""
    ticks = itertools.count(0, 31)
    http = HttpClient(
        ORG, "okta", transport=ModelTransport(Script(Response(200, body=b"{}"))), monotonic=lambda: next(ticks)
    )
    with pytest.raises(Transient, match=r"^okta-timeout$"):
        http.request("GET", "/x")


@pytest.mark.parametrize("packed", [False, True])
def test_a_large_answer_is_refused(packed: bool) -> None:
    """The limit counts decompressed bytes: exactly the limit passes, one byte more does not."""
    bodies = [b"x" * 100, b"x" * 101]
    headers = {"Content-Encoding": "gzip"} if packed else {}
    script = Script(*(Response(200, headers, gzip.compress(body) if packed else body) for body in bodies))
    http = client(script, max_bytes=100)
    assert http.request("GET", "/x").body == bodies[0]
    with pytest.raises(Transient, match=r"^okta-too-large$"):
        http.request("GET", "/x")


def test_a_broken_compression_is_transient() -> None:
    """A body that does not unpack is an answer that did not come."""
    with pytest.raises(Transient, match=r"^okta-malformed$"):
        client(Script(Response(200, {"Content-Encoding": "gzip"}, b"no gzip"))).request("GET", "/x")


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe{", b"[" * 100_000])
def test_a_body_that_is_no_json_is_transient(body: bytes) -> None:
    """Nothing but JSON is taken as an answer; as an error's body it counts as empty."""
    answer = Answer("genesys", 200, body=body)
    with pytest.raises(Transient, match=r"^genesys-not-json$"):
        answer.json()
    assert answer.json_object() == {}


def test_an_error_body_is_an_object_or_nothing() -> None:
    """A list is no body of an error."""
    assert Answer("genesys", 400, body=b"[1]").json_object() == {}
    assert Answer("genesys", 400, body=b'{"code": "x"}').json_object() == {"code": "x"}


@pytest.mark.parametrize(
    ("value", "number"), [("7", 7), (" 0.5 ", 0.5), ("", None), ("-1", None), ("٣", None), ("soon", None)]
)
def test_numbers_of_headers(value: str, number: float | None) -> None:
    """Only a plain decimal number is one."""
    assert Answer("okta", 200, {"retry-after": value}).number("retry-after") == number


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("Mon, 23 Nov 2026 21:00:05 GMT", datetime(2026, 11, 23, 21, 0, 5, tzinfo=UTC)),
        ("Mon, 23 Nov 2026 21:00:05 -0000", datetime(2026, 11, 23, 21, 0, 5, tzinfo=UTC)),
        ("Mon, 23 Nov 2026 22:00:05 +0100", datetime(2026, 11, 23, 21, 0, 5, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
    ],
)
def test_date_of_an_answer(value: str, date: datetime | None) -> None:
    """The Date header is read in UTC; an unreadable one is none."""
    assert Answer("okta", 200, {"date": value}).date() == date


@pytest.mark.parametrize(
    ("status", "passes"),
    [(302, True), (400, False), (404, False), (408, True), (429, True), (499, False), (500, True), (599, True)],
)
def test_what_time_may_heal(status: int, passes: bool) -> None:
    """408, 429, 5xx and what is no error at all may pass; other 4xx do not."""
    assert Answer("okta", status).may_pass is passes


def test_redirects_are_not_followed(http: HttpClient) -> None:
    """A real redirect is handed to the caller as it is."""
    answer = http.request("GET", "/moved")
    assert (answer.status, answer.headers["location"], answer.json()) == (302, "/large", {})


def test_the_size_limit_holds_on_the_wire(http: HttpClient) -> None:
    """A real answer above the limit is given up, and the client goes on working."""
    with pytest.raises(Transient, match=r"^okta-too-large$"):
        http.request("GET", "/large")
    assert http.request("GET", "/small").status == 200


def test_nobody_listens() -> None:
    """A refused connection is a connection error."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with (
        closing(HttpClient(f"http://127.0.0.1:{port}", "genesys")) as http,
        pytest.raises(Transient, match=r"^genesys-connection$"),
    ):
        http.request("GET", "/x")


def test_the_environment_is_not_read(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment is not used."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with closing(HttpClient(server, "okta")) as http:
        assert http.request("GET", "/").status == 200


def test_nothing_of_a_request_is_logged(http: HttpClient, caplog: pytest.LogCaptureFixture) -> None:
    """Neither URLs with filter values nor headers reach a log, however talkative the root logger is."""
    caplog.set_level(logging.DEBUG)
    http.request("GET", "/", params=[("filter", "ada.brook@example.com")], headers={"Authorization": "SSWS hidden"})
    assert "ada.brook" not in caplog.text
    assert "hidden" not in caplog.text


def test_an_error_carries_no_url(http: HttpClient) -> None:
    """Neither the error nor what it was raised from names the URL."""
    with pytest.raises(Transient) as caught:
        http.request("GET", "/large", params=[("q", "ada.brook@example.com")])
    assert "ada" not in json.dumps(vars(caught.value))
    assert caught.value.__cause__ is None
