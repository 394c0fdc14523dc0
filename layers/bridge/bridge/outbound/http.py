"""The one way out to Okta and Genesys Cloud over HTTP, and the only module that imports httpx.

A client speaks to one origin, follows no redirect, keeps no cookie, reads nothing from the environment (no proxy, no
.netrc) and takes answers of bounded size and time. Whatever keeps an answer from coming is a `Transient` with a reason
code: ``<upstream>-timeout``, ``-connection``, ``-too-large``, ``-malformed``, ``-foreign-origin``. Statuses are left
to the caller. Bodies, URLs and headers never reach a log or an exception.
"""

from __future__ import annotations

import json
import logging
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpcore
import httpx
from httpx import BaseTransport as Transport
from httpx import ByteStream as Body
from httpx import ReadError as ConnectionLost
from httpx import ReadTimeout
from httpx import Request as WireRequest
from httpx import Response as WireResponse

from bridge.errors import SettingsError, Transient
from bridge.outbound.answer import Answer
from bridge.settings import LOCAL_HOSTS

__all__ = [
    "Auth",
    "Body",
    "ConnectionLost",
    "HttpClient",
    "ReadTimeout",
    "Transport",
    "WireRequest",
    "WireResponse",
]

USER_AGENT = "okta-genesys-bridge/1"
_MEBIBYTE = 1024 * 1024

# httpx logs whole URLs at INFO, httpcore whole requests at DEBUG: both carry filter values and tokens.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)


class Auth(Protocol):
    """A credential that the clients put into the ``Authorization`` header."""

    def header(self) -> str:
        """The header's value.

        Raises:
            Transient: the token could not be fetched now.
            AuthFailure: the credential is missing, malformed or refused.
        """
        ...

    def renew(self) -> bool:
        """Forget a refused token; False when there can be no other one."""
        ...


class HttpClient:
    """A client of one origin, kept over invocations; threads may share it."""

    def __init__(
        self,
        base_url: str,
        upstream: str,
        *,
        transport: Transport | None = None,
        connect_seconds: float = 3,
        read_seconds: float = 10,
        total_seconds: float = 30,
        max_bytes: int = 32 * _MEBIBYTE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Speak to `base_url` only.

        Args:
            base_url: ``https://<host>``, or ``http://`` towards this machine.
            upstream: ``okta`` or ``genesys``: the beginning of the reason codes.
            transport: in place of the network.
            connect_seconds: the longest wait for a connection.
            read_seconds: the longest wait for the next bytes.
            total_seconds: the longest time for the whole exchange: connections, every header and the body.
            max_bytes: the largest answer, compressed or not.
            monotonic: seconds of a clock that never goes back.

        Raises:
            SettingsError: `base_url` is neither.
        """
        parts = urlsplit(base_url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOCAL_HOSTS):
            raise SettingsError(f"the URL of {upstream}: expected https://<host> (http only to loopback)")
        self.base_url = base_url.rstrip("/")
        self.upstream = upstream
        self._total_seconds = total_seconds
        self._max_bytes = max_bytes
        self._monotonic = monotonic
        self._timeouts = httpx.Timeout(read_seconds, connect=connect_seconds).as_dict()
        self._transport = transport or _DeadlineTransport(monotonic)

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        document: Any = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request and read its answer, whatever its status.

        A GET whose connection fails is sent once more at once: a connection kept over a pause of the function
        is often dead.

        Args:
            method: in upper case.
            url: a path, or a URL of this client's origin such as a ``Link`` gives.
            params: the query, unencoded; with none, the query of `url` stays as it is.
            headers: besides ``Accept`` and ``User-Agent``.
            document: the body as JSON.
            form: the body as a form.

        Raises:
            Transient: no whole answer came, or `url` leads to another origin.
        """
        request = httpx.Request(
            method,
            self._within_origin(url),
            params=list(params) or None,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"},
            content=None if document is None else json.dumps(document).encode(),
            data=form,
            extensions={"timeout": self._timeouts},
        )
        request.headers.update(headers or {})
        if document is not None:
            request.headers["Content-Type"] = "application/json"
        deadline = self._monotonic() + self._total_seconds
        kept = _deadline.set(deadline)
        try:
            for _ in range(2 if method == "GET" else 1):
                try:
                    return self._exchange(request, deadline)
                except httpx.TimeoutException:
                    raise self._transient("timeout") from None
                except httpx.TransportError:
                    if self._monotonic() > deadline:
                        raise self._transient("timeout") from None
            raise self._transient("connection")
        finally:
            _deadline.reset(kept)

    def close(self) -> None:
        """Close the kept connections."""
        self._transport.close()

    def _exchange(self, request: WireRequest, deadline: float) -> Answer:
        response = self._transport.handle_request(request)
        try:
            if _came_unasked(response):
                raise httpx.RemoteProtocolError("an answer that was there before its request")
            body = self._read(response, deadline)
        finally:
            response.close()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(self.upstream, response.status_code, headers, body)

    def _read(self, response: WireResponse, deadline: float) -> bytes:
        """The body: as it came, or out of one gzip coding; neither side of it may be larger than the limit."""
        coding = response.headers.get("content-encoding", "identity").strip().lower()
        if coding not in {"gzip", "x-gzip", "identity"}:
            raise self._transient("malformed")
        body = bytearray()
        unpacker = None if coding == "identity" else _Gzip()
        received = 0
        for chunk in self._chunks(response):
            received += len(chunk)
            body += chunk if unpacker is None else self._unpack(unpacker, chunk, self._max_bytes + 1 - len(body))
            if max(received, len(body)) > self._max_bytes:
                raise self._transient("too-large")
            if self._monotonic() > deadline:
                raise self._transient("timeout")
        if unpacker is not None and received and not unpacker.ended:
            raise self._transient("malformed")
        return bytes(body)

    @staticmethod
    def _chunks(response: WireResponse) -> Iterable[bytes]:
        stream = response.stream
        if not isinstance(stream, httpx.SyncByteStream):
            raise TypeError("a transport of this client gives streams that are read without await")
        return stream

    def _unpack(self, unpacker: _Gzip, chunk: bytes, room: int) -> bytes:
        try:
            return unpacker.feed(chunk, room)
        except zlib.error:
            raise self._transient("malformed") from None

    def _within_origin(self, url: str) -> httpx.URL:
        try:
            target = httpx.URL(self.base_url + url if url.startswith("/") else url)
        except httpx.InvalidURL:
            raise self._transient("foreign-origin") from None
        base = httpx.URL(self.base_url)
        if (target.scheme, target.host, target.port, target.userinfo) != (base.scheme, base.host, base.port, b""):
            raise self._transient("foreign-origin")
        return target

    def _transient(self, what: str) -> Transient:
        return Transient(f"{self.upstream}-{what}", upstream=self.upstream)


class _Gzip:
    """Unpacks one gzip coding, never more than there is room for."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self.ended = False

    def feed(self, packed: bytes, room: int) -> bytes:
        """What `packed` holds, `room` bytes at most; what stands behind the end of the coding makes it malformed."""
        unpacked = self._member.decompress(packed, room)
        if self._member.unused_data or (self.ended and packed):
            raise zlib.error("bytes behind the end")
        self.ended = self._member.eof
        return unpacked


#: Until when the exchange of this thread must be over, on the clock of its client.
_deadline: ContextVar[float] = ContextVar("deadline")


class _DeadlineTransport(httpx.HTTPTransport):
    """The network, on which no exchange outlives its deadline.

    httpx limits the wait for the next bytes alone: headers that drip, or interim answers without end, would keep a
    call for ever.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5,
            network_backend=_DeadlineBackend(monotonic),
        )


class _DeadlineBackend(httpcore.NetworkBackend):
    """Connections whose waits end with the deadline."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._network.connect_tcp(
            host, port, _left(self._monotonic, timeout), local_address=local_address, socket_options=socket_options
        )
        return _DeadlineStream(stream, self._monotonic)


class _DeadlineStream(httpcore.NetworkStream):
    """One connection, which knows whether anything was read from it since the last write."""

    def __init__(self, stream: httpcore.NetworkStream, monotonic: Callable[[], float]) -> None:
        self._stream = stream
        self._monotonic = monotonic
        self.has_read = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.has_read = True
        return self._stream.read(max_bytes, _left(self._monotonic, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.has_read = False
        self._stream.write(buffer, _left(self._monotonic, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, _left(self._monotonic, timeout))
        return _DeadlineStream(stream, self._monotonic)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _came_unasked(response: WireResponse) -> bool:
    """Whether an answer had come behind the one before it on its connection: it answers another request.

    Such an answer needs no read after the request is written.
    """
    stream = response.extensions.get("network_stream")
    return isinstance(stream, _DeadlineStream) and not stream.has_read


def _left(monotonic: Callable[[], float], timeout: float | None) -> float:
    """The seconds that a wait may take; ReadTimeout when the deadline is over."""
    left = _deadline.get() - monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the exchange is over its deadline")
    return left if timeout is None else min(left, timeout)
