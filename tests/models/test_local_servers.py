"""The local stack's HTTP: a model behind a socket, API Gateway's shapes, the console, what functions print."""

from __future__ import annotations

import base64
import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from bridge_local.exchange import ConnectionCut, Request, Response, Wire
from bridge_local.front import Front, proxy_event
from bridge_local.logs import FunctionLogs
from bridge_local.server import MAX_BODY, Server
from bridge_local.template import Template

ROUTES = Template().routes("Receiver")


class Echo:
    """Answers what it was asked; ``/cut`` cuts, ``/empty`` answers 204, ``/wire/...`` answers in that way."""

    def handle(self, request: Request) -> Response:
        """The request as JSON."""
        if request.path == "/cut":
            raise ConnectionCut
        if request.path == "/empty":
            return Response(204)
        if request.path.startswith("/wire/"):
            return Response(200, {"X-None": ""}, b"0123456789", wire=cast("Wire", request.path.removeprefix("/wire/")))
        return Response.of_json(
            200, [request.method, request.path, request.query, request.headers.get("x-name"), len(request.body)]
        )


@pytest.fixture
def connection() -> Iterator[http.client.HTTPConnection]:
    """A connection to the echo."""
    server = Server(Echo(), "127.0.0.1", 0, trickle=0)
    server.start()
    made = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    yield made
    made.close()
    server.close()


@pytest.mark.parametrize("wire", ["slow-headers", "slow-body"])
def test_an_answer_may_come_byte_by_byte(connection: http.client.HTTPConnection, wire: str) -> None:
    """Headers or body in single bytes: whole for a patient client, without headers that have no value."""
    connection.request("GET", f"/wire/{wire}")
    answer = connection.getresponse()
    assert (answer.status, answer.read(), answer.getheader("X-None")) == (200, b"0123456789", None)


def test_an_answer_may_never_begin_or_break_off(connection: http.client.HTTPConnection) -> None:
    """103 upon 103 until the client hangs up; half of a body and the end of the connection."""
    connection.request("GET", "/wire/half-body")
    with pytest.raises(http.client.IncompleteRead):
        connection.getresponse().read()
    with socket.create_connection((connection.host, connection.port), timeout=10) as raw:
        raw.sendall(b"GET /wire/endless-103 HTTP/1.1\r\nHost: x\r\n\r\n")
        seen = b""
        while seen.count(b"HTTP/1.1 103 Early Hints\r\n") < 1000:
            seen += raw.recv(65_536)
    assert b"HTTP/1.1 200" not in seen


def test_one_connection_serves_many_requests(connection: http.client.HTTPConnection) -> None:
    """HTTP/1.1: also after an answer without a body, and with HEAD."""
    connection.request("POST", "/a?b=1&b=%C3%A9", b"12345", {"X-Name": "value"})
    kept = connection.sock
    answer = connection.getresponse()
    assert json.loads(answer.read()) == ["POST", "/a", [["b", "1"], ["b", "é"]], "value", 5]
    for method, path, status in (("DELETE", "/empty", 204), ("HEAD", "/a", 200), ("GET", "/a", 200)):
        connection.request(method, path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
    assert connection.sock is kept


def test_a_cut_connection_has_no_answer(connection: http.client.HTTPConnection) -> None:
    """The client sees the connection end."""
    connection.request("GET", "/cut")
    with pytest.raises(ConnectionError):
        connection.getresponse()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": str(MAX_BODY + 1)}, 413),
        ({"Transfer-Encoding": "chunked"}, 411),
        ({"Content-Length": "x"}, 411),
    ],
)
def test_a_body_without_bounds_is_refused_unread(
    connection: http.client.HTTPConnection, headers: dict[str, str], status: int
) -> None:
    """The length must be said, and be no more than API Gateway takes."""
    connection.putrequest("POST", "/a")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == status


def test_the_address_is_loopback_and_free_again_after_closing() -> None:
    """A closed server answers nobody."""
    server = Server(Echo(), "127.0.0.1", 0)
    server.start()
    server.close()
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", server.port), timeout=5):
        pass


# ------------------------------------------------------------------------------------------- API Gateway


def front(answer: Any) -> Front:
    """A front whose function gives this answer."""

    def handler(event: Mapping[str, Any], _context: object) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer(event) if callable(answer) else answer

    return Front(handler, ROUTES, lambda _request: None)


def test_a_request_becomes_a_proxy_event_and_the_answer_a_response() -> None:
    """Headers once and as lists, the query likewise, the body as text."""
    request = Request.of("POST", "/okta/events?a=1&a=2", {"Authorization": "x"}, "é".encode())
    event = proxy_event(request)
    assert (event["httpMethod"], event["path"], event["resource"]) == ("POST", "/okta/events", "/okta/events")
    assert (event["headers"], event["multiValueHeaders"]) == ({"authorization": "x"}, {"authorization": ["x"]})
    assert (event["queryStringParameters"], event["multiValueQueryStringParameters"]) == ({"a": "2"}, {"a": ["1", "2"]})
    assert (event["body"], event["isBase64Encoded"]) == ("é", False)
    answer = {
        "statusCode": 200,
        "headers": {"X-A": 1},
        "body": base64.b64encode(b"\xff").decode(),
        "isBase64Encoded": True,
    }
    response = front(answer).handle(request)
    assert (response.status, response.headers, response.body) == (200, {"X-A": "1"}, b"\xff")


def test_a_binary_body_comes_as_base64() -> None:
    """What is no UTF-8."""
    event = proxy_event(Request.of("POST", "/okta/events", {}, b"\xff"))
    assert (event["body"], event["isBase64Encoded"]) == ("/w==", True)


@pytest.mark.parametrize("answer", [RuntimeError("broken"), None, {}, {"statusCode": "x"}])
def test_a_failing_function_is_a_502(answer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """An exception, or what is no proxy answer; the function's log says why."""
    assert front(answer).handle(Request.of("POST", "/okta/events")).status == 502
    assert "Traceback" in capsys.readouterr().out


@pytest.mark.parametrize(("method", "path"), [("PUT", "/okta/events"), ("POST", "/"), ("GET", "/elsewhere")])
def test_only_the_templates_routes_exist(method: str, path: str) -> None:
    """API Gateway answers 403 for others."""
    response = front({"statusCode": 204}).handle(Request.of(method, path))
    assert (response.status, json.loads(response.body)) == (403, {"message": "Missing Authentication Token"})


# ------------------------------------------------------------------------------------------------ console


def test_metrics_are_added_up_and_every_line_is_kept(tmp_path: Path) -> None:
    """Lines may come in pieces; what only looks like a metric is a line like others."""
    logs = FunctionLogs(tmp_path / "functions.log")
    directive = {"Metrics": [{"Name": "Syncs"}], "Dimensions": [["service", "outcome"]]}
    metric = {"_aws": {"CloudWatchMetrics": [directive]}, "service": "x", "outcome": "created", "Syncs": [2.0]}
    text = json.dumps(metric) + "\n"
    logs.write(text[:20])
    logs.write(text[20:] + 'a line\n{"CloudWatchMetrics": 1}\n')
    logs.line(json.dumps(metric))
    logs.close()
    assert logs.metrics == {"Syncs outcome=created": 4}
    assert len((tmp_path / "functions.log").read_text(encoding="utf-8").splitlines()) == 4
