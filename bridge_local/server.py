"""A model behind HTTP/1.1: keep-alive, bounded bodies, latency, cut connections."""

from __future__ import annotations

import socket
import sys
import time
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from bridge_local.exchange import ConnectionCut, Model, Request, Response

#: Most bytes of a request's body: what API Gateway takes.
MAX_BODY = 10 * 1024 * 1024
#: Seconds an idle connection is kept.
_IDLE = 75


class Server:
    """Serves one model on one address, in threads of its own, until it is closed."""

    def __init__(self, model: Model, host: str, port: int, *, trickle: float = 1.0) -> None:
        """Bind the address (port 0 takes a free one); `start` answers.

        Args:
            model: what answers.
            host: the address to listen on.
            port: its port.
            trickle: seconds between two parts of an answer that comes slowly (`Response.wire`).
        """

        class Handler(_Handler):
            pass

        Handler.model, Handler.trickle = model, trickle
        self._server = _HttpServer((host, port), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering and free the address."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        try:
            super().__init__(address, handler)
        except OSError as error:
            raise OSError(error.errno, f"{address[0]} port {address[1]}: {error.strerror}") from error

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - the base class's arguments
        """A client that hangs up is no news; everything else is one line here, and whole in the functions' log."""
        error = sys.exception()
        if isinstance(error, ConnectionError | TimeoutError):
            return
        print(f"An answer failed: {type(error).__name__}: {error}", file=sys.stderr)
        traceback.print_exc(file=sys.stdout)  # which is the functions' log while a stack runs


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE
    model: Model
    trickle: float

    def _answer(self) -> None:
        body = self._body()
        if body is None:
            return
        request = Request.of(self.command, self.path, dict(self.headers.items()), body)
        try:
            response = self.model.handle(request)
        except ConnectionCut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if response.delay:
            time.sleep(response.delay)
        if response.wire:
            self._dribble(response)
        else:
            self._send(response)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _answer  # noqa: N815 - the base class's names

    def _body(self) -> bytes | None:
        """The body; None when it is refused, and the refusal is sent."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self._refuse(HTTPStatus.LENGTH_REQUIRED)
            return None
        if int(length) > MAX_BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return None
        return self.rfile.read(int(length))

    def _refuse(self, status: HTTPStatus) -> None:
        self.close_connection = True
        self._send(Response.of_json(status, {"message": status.phrase}, {"Connection": "close"}))

    def _send(self, response: Response) -> None:
        status = HTTPStatus(response.status)
        headers = {"Date": self.date_time_string(), **response.headers}
        if status != HTTPStatus.NO_CONTENT:
            headers["Content-Length"] = str(len(response.body))
        body = b"" if self.command == "HEAD" or status == HTTPStatus.NO_CONTENT else response.body
        self.wfile.write(_head(status, headers) + body)

    def _dribble(self, response: Response) -> None:
        """Send an answer as slowly as `Response.wire` says, until the client hangs up."""
        self.close_connection = True
        head = _head(HTTPStatus(response.status), {**response.headers, "Content-Length": str(len(response.body))})
        if response.wire == "half-body":
            self.wfile.write(head + response.body[: len(response.body) // 2])
            return
        early = _head(HTTPStatus.EARLY_HINTS, {"Link": "</style.css>; rel=preload"})
        while response.wire == "endless-103":
            self._trickle(early)
        if response.wire == "slow-body":
            self.wfile.write(head)
        for byte in response.body if response.wire == "slow-body" else head + response.body:
            self._trickle(bytes([byte]))

    def _trickle(self, part: bytes) -> None:
        self.wfile.write(part)
        self.wfile.flush()
        time.sleep(self.trickle)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Requests are no news."""


def _head(status: HTTPStatus, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n{lines}\r\n".encode("latin-1", "replace")
