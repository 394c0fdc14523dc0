"""A model behind HTTP/1.1: keep-alive, bounded bodies, latency, cut connections."""

from __future__ import annotations

import socket
import time
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

    def __init__(self, model: Model, host: str, port: int) -> None:
        """Bind the address (port 0 takes a free one); `start` answers."""

        class Handler(_Handler):
            pass

        Handler.model = model
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

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news; everything else is said as usual."""
        import sys

        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # the base class narrows it


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE
    model: Model

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
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        body = b"" if self.command == "HEAD" or status == HTTPStatus.NO_CONTENT else response.body
        self.wfile.write(f"HTTP/1.1 {status.value} {status.phrase}\r\n{head}\r\n".encode("latin-1", "replace") + body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Requests are no news."""
