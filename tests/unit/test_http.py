"""The HTTP client: what leaves, what may come back, and what every trouble is called."""

import gzip
import itertools
import json
import logging
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import SettingsError, Transient
from bridge.outbound import links
from bridge.outbound.answer import LONGEST_WAIT, Answer
from bridge.outbound.http import HttpClient
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

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server gives
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
    """A URL of the own origin keeps its query to the letter."""
    script = Script(Response(200))
    client(script).request("GET", f"{ORG}/api/v1/users?after=00u%2Fx&limit=2")
    assert script.requests[0].query == (("after", "00u/x"), ("limit", "2"))


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
    script = Script(*(Response(200, headers, gzip.compress(body, mtime=0) if packed else body) for body in bodies))
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


@pytest.mark.parametrize("value", ["9" * 400, "9" * 19, "1e3", "0x10", "1,2", "nan", "inf", "1.2.3", "-5", "\uff15"])
def test_what_is_no_number_of_a_header(value: str) -> None:
    """Neither endless numbers, nor lists, nor other spellings."""
    assert Answer("okta", 200, {"retry-after": value}).number("retry-after") is None


NOW = datetime(2026, 11, 23, 21, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("Mon, 23 Nov 2026 21:00:01 GMT", datetime(2026, 11, 23, 21, 0, 1, tzinfo=UTC)),
        ("Mon, 23 Nov 2026 21:10:05 GMT", datetime(2026, 11, 23, 21, 10, 5, tzinfo=UTC)),
        ("Mon, 23 Nov 2026 21:10:06 GMT", NOW),
        ("Mon, 23 Nov 2026 20:50:04 GMT", NOW),
        ("Fri, 31 Dec 9999 23:59:59 GMT", NOW),
        ("Thu, 01 Jan 1970 00:00:00 GMT", NOW),
        ("Mon, 01 Jan -2300 00:00:00 GMT", NOW),
        ("Mon, 23 Nov 20260000000000000000 21:00:05 GMT", NOW),
        ("Mon, 23 Nov 0000 21:00:05 GMT", NOW),
        ("Mon, 99 Nov 2026 21:00:05 GMT", NOW),
        ("Mon, 23 Foo 2026 21:00:05 GMT", NOW),
        ("Mon, 23 Nov 2026 21:00:01 GMT, Mon, 23 Nov 2026 21:00:02 GMT", NOW),
        ("yesterday", NOW),
        ("9" * 400, NOW),
        ("", NOW),
    ],
)
def test_date_of_an_answer(value: str, date: datetime) -> None:
    """The Date header within ten minutes of our clock; else, and without a readable one, our clock; which is told."""
    answer = Answer("okta", 200, {"date": value} if value else {})
    assert answer.date(NOW) == date
    assert answer.has_absurd_date(NOW) is (bool(value) and date == NOW)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("100000", 180),
        ("9" * 400, None),
        ("-5", None),
        ("soon", None),
        ("Mon, 23 Nov 2026 21:00:35 GMT", 30),
        ("Mon, 23 Nov 2026 20:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 180),
    ],
)
def test_how_long_an_answer_asks_to_wait(value: str, seconds: float | None) -> None:
    """Seconds or a date, never more than three minutes."""
    answer = Answer("genesys", 429, {"retry-after": value, "date": "Mon, 23 Nov 2026 21:00:05 GMT"})
    assert answer.retry_after == seconds


@pytest.mark.parametrize("body", [b"NaN", b'{"a": Infinity}', b"[1e999]", b"[" + b"1" * 5000 + b"]"])
def test_numbers_beyond_all_measure_are_not_taken(body: bytes) -> None:
    """No NaN, nothing infinite, no digits without end."""
    with pytest.raises(Transient, match=r"^okta-not-json$"):
        Answer("okta", 200, body=body).json()
    assert Answer("okta", 400, body=body).json_object() == {}


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


# ------------------------------------------------------------------------------------- on the wire


class Wire:
    """A server that sends what it is told to each connection, byte for byte, and notes what it was sent."""

    def __init__(self, *pieces: bytes, endless: bytes = b"") -> None:
        """Send `pieces`, then `endless` again and again for as long as the other side listens."""
        self._pieces, self._endless = pieces, endless
        self.heard: list[bytes] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                self._send(connection)

    def _send(self, connection: socket.socket) -> None:
        try:
            self.heard.append(connection.recv(65_536))
            for piece in self._pieces:
                connection.sendall(piece)
            while self._endless:
                connection.sendall(self._endless)
        except OSError:
            return


def asked(
    *pieces: bytes, endless: bytes = b"", max_bytes: int = 1000, seconds: float = 30, step: float = 0.0
) -> Answer:
    """The answer to a GET of such a server; each look at the clock shows `step` seconds more."""
    ticks = itertools.count(0, step) if step else itertools.repeat(0.0)
    with (
        closing(Wire(*pieces, endless=endless)) as wire,
        closing(
            HttpClient(wire.url, "okta", max_bytes=max_bytes, total_seconds=seconds, monotonic=lambda: next(ticks))
        ) as http,
    ):
        return http.request("GET", "/x")


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("pieces", "endless"),
    [
        ((), b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
        ((), b"HTTP/1.1 100 Continue\r\n\r\n"),
        ((OK, b"Transfer-Encoding: chunked\r\n\r\n"), b"1\r\nx\r\n"),
    ],
)
def test_no_exchange_outlives_its_deadline(pieces: tuple[bytes, ...], endless: bytes) -> None:
    """Interim answers and pieces without end, each of which comes at once: one deadline is over all of them."""
    with pytest.raises(Transient, match=r"^okta-timeout$"):
        asked(*pieces, endless=endless, max_bytes=10**9, seconds=100, step=1)


@pytest.mark.parametrize(
    ("pieces", "endless"),
    [
        ((OK,), b"X-More: of the same\r\n"),
        ((OK, b"X-Long: "), b"x" * 1000),
        ((), b"x"),
        ((b"no http\r\n\r\n",), b""),
        ((b"HTTP/1.1 099 Odd\r\n\r\n",), b""),
        ((b"HTTP/1.1 9999 Odd\r\n\r\n",), b""),
        ((OK, b"Content-Length: -1\r\n\r\n"), b""),
        ((OK, b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nxxxxx"), b""),
        ((OK, b"Content-Length: 500\r\n\r\nhalf"), b""),
        ((OK, b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), b""),
        ((OK, b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), b""),
        ((OK, b"\x00: x\r\n\r\n"), b""),
        ((b"HTTP/2 200\r\n\r\n",), b""),
        ((b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",), b""),
        ((b"",), b""),
    ],
)
def test_what_is_no_http_is_no_answer(pieces: tuple[bytes, ...], endless: bytes) -> None:
    """Headers without end, odd statuses and lengths, half a body: transient, and never another exception."""
    with pytest.raises(Transient, match=r"^okta-(connection|malformed)$"):
        asked(*pieces, endless=endless)


class Ahead(Wire):
    """A server that keeps its connections, and sends with each answer one that nobody asked for yet."""

    def _send(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while heard := connection.recv(65_536):
                self.heard.append(heard)
                connection.sendall(b"".join(self._pieces))


@pytest.mark.parametrize(("method", "reason"), [("GET", None), ("PATCH", "okta-connection")])
def test_an_answer_that_came_before_its_request_is_none(method: str, reason: str | None) -> None:
    """Behind the first answer stands another one: the next request does not take it for its own, but asks anew."""
    asked_for, unasked = OK + b"Content-Length: 5\r\n\r\n[{5}]", OK + b"Content-Length: 2\r\n\r\n[]"
    with closing(Ahead(asked_for, unasked)) as wire, closing(HttpClient(wire.url, "okta")) as http:
        assert http.request("GET", "/first").body == b"[{5}]"
        if reason is None:
            assert http.request(method, "/second").body == b"[{5}]"
        else:
            with pytest.raises(Transient, match=rf"^{reason}$"):
                http.request(method, "/second")


def test_several_link_headers_are_one_list() -> None:
    """Two headers of a name are read as one with a comma (RFC 9110, section 5.3)."""
    answer = asked(OK, b'Link: </self>; rel="self"\r\nLink: </next>; rel="next"\r\nContent-Length: 2\r\n\r\n{}')
    assert links.targets(answer.headers["link"], "next") == ["/next"]
    assert answer.json() == {}


BOMB = gzip.compress(b"\0" * 10_000_000, mtime=0)


@pytest.mark.parametrize(
    ("coding", "body", "reason"),
    [
        ("gzip", BOMB, "too-large"),
        ("gzip, gzip", gzip.compress(BOMB, mtime=0), "malformed"),
        ("gzip,identity", BOMB, "malformed"),
        ("deflate", b"x", "malformed"),
        ("br", b"x", "malformed"),
        ("zstd", b"x", "malformed"),
        ("gzip", gzip.compress(b"{}", mtime=0)[:-3], "malformed"),
        ("gzip", gzip.compress(b"{}", mtime=0) + b"more", "malformed"),
        ("gzip", gzip.compress(b"{}", mtime=0) * 2, "malformed"),
        ("gzip", b"{}", "malformed"),
    ],
)
def test_one_coding_is_unpacked_up_to_the_limit(coding: str, body: bytes, reason: str) -> None:
    """A small body that unpacks to a large one is given up on the way, and nothing is unpacked twice or in part."""
    script = Script(Response(200, {"Content-Encoding": coding}, body))
    tracemalloc.start()
    try:
        with pytest.raises(Transient, match=rf"^okta-{reason}$"):
            client(script, max_bytes=100_000).request("GET", "/x")
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("coding", ["GZIP", "x-gzip", " gzip "])
def test_gzip_by_every_name(coding: str) -> None:
    """Names of codings have no case (RFC 9110, section 8.4.1)."""
    script = Script(
        Response(200, {"Content-Encoding": coding}, gzip.compress(b"{}", mtime=0)),
        Response(200, {"Content-Encoding": coding}),
    )
    http = client(script)
    assert http.request("GET", "/x").json() == {}
    assert http.request("GET", "/x").body == b""


def test_no_cookie_is_kept() -> None:
    """What one answer sets, no other request carries."""
    script = Script(Response(200, {"Set-Cookie": "a=b"}), Response(200))
    http = client(script)
    http.request("GET", "/x")
    http.request("GET", "/x")
    assert "cookie" not in script.requests[1].headers


# --------------------------------------------------------------------------------- whatever comes


LINKISH = st.text(st.sampled_from(list("<>;,=\"\\ \tarelnxtNEXT/?&:@'\x7f\u0130")), max_size=40)


@given(header=st.one_of(LINKISH, st.text(max_size=60)))
def test_whatever_a_link_header_is_it_is_read_or_refused(header: str) -> None:
    """No header of any shape raises anything but the documented error, or takes long."""
    try:
        found = links.targets(header, "next")
    except ValueError:
        return
    for target in found:
        try:
            assert links.within(ORG, "/api/v1/x", target).startswith("/api/v1/x")
        except ValueError:
            continue


@given(value=st.one_of(st.text(max_size=50), st.from_regex(r"[0-9. ,GMTNova-]{0,60}")))
def test_whatever_a_header_is_its_numbers_and_dates_are_bounded(value: str) -> None:
    """Numbers, waits and dates of any text are there and believable, or not there."""
    answer = Answer("okta", 429, dict.fromkeys(("date", "retry-after", "x"), value))
    number, wait = answer.number("x"), answer.retry_after
    assert number is None or 0 <= number < 10**18
    assert wait is None or 0 <= wait <= LONGEST_WAIT
    assert abs(answer.date(NOW) - NOW) <= timedelta(minutes=10)
