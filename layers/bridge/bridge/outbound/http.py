"""The one way out to Okta and Genesys Cloud over HTTP, and the only module that imports httpx.

A client speaks to one origin, follows no redirect, reads nothing from the environment (no proxy, no .netrc) and
takes answers of bounded size and time. Whatever keeps an answer from coming is a `Transient` with a reason code:
``<upstream>-timeout``, ``-connection``, ``-too-large``, ``-malformed``, ``-not-json``, ``-foreign-origin``.
Statuses are left to the caller. Bodies, URLs and headers never reach a log or an exception.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
from httpx import BaseTransport as Transport
from httpx import ReadError as ConnectionLost
from httpx import ReadTimeout
from httpx import Request as WireRequest
from httpx import Response as WireResponse

from bridge.errors import SettingsError, Transient
from bridge.settings import LOCAL_HOSTS

__all__ = [
    "Answer",
    "Auth",
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


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, read to its end.

    Attributes:
        upstream: ``okta`` or ``genesys``.
        status: the HTTP status.
        headers: by name in lower case.
        body: the bytes, decompressed.
        links: relation -> URL of the ``Link`` headers (RFC 8288).
    """

    upstream: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    links: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            Transient: it is none; the reason is ``<upstream>-not-json``.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise Transient(f"{self.upstream}-not-json", upstream=self.upstream, status=self.status) from None

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object, empty when it is none: for the bodies of errors."""
        try:
            document = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return document if isinstance(document, dict) else {}

    @property
    def may_pass(self) -> bool:
        """Whether time may heal what is no success: 408, 429, 5xx, and what HTTP does not call a client's error."""
        return (
            self.status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
            or not HTTPStatus.BAD_REQUEST <= self.status < HTTPStatus.INTERNAL_SERVER_ERROR
        )

    def number(self, header: str) -> float | None:
        """A header's value when it is a plain decimal number, else None."""
        value = self.headers.get(header, "").strip()
        return float(value) if value.isascii() and value.replace(".", "", 1).isdigit() else None

    def date(self) -> datetime | None:
        """The ``Date`` header (RFC 9110, section 6.6.1) in UTC, None without a readable one."""
        try:
            date = parsedate_to_datetime(self.headers.get("date", ""))
        except ValueError:
            return None
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)


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
            total_seconds: the longest time for a whole answer.
            max_bytes: the largest answer, decompressed.
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
        self._client = httpx.Client(
            transport=transport,
            timeout=httpx.Timeout(read_seconds, connect=connect_seconds),
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
        )

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
        request = self._client.build_request(
            method,
            self._within_origin(url),
            params=list(params) or None,
            headers=dict(headers or {}),
            content=None if document is None else json.dumps(document).encode(),
            data=form,
        )
        if document is not None:
            request.headers["Content-Type"] = "application/json"
        for _ in range(2 if method == "GET" else 1):
            try:
                return self._exchange(request)
            except httpx.TimeoutException:
                raise self._transient("timeout") from None
            except httpx.DecodingError:
                raise self._transient("malformed") from None
            except httpx.TransportError:
                continue
        raise self._transient("connection")

    def close(self) -> None:
        """Close the kept connections."""
        self._client.close()

    def _exchange(self, request: WireRequest) -> Answer:
        deadline = self._monotonic() + self._total_seconds
        body = bytearray()
        response = self._client.send(request, stream=True)
        try:
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > self._max_bytes:
                    raise self._transient("too-large")
                if self._monotonic() > deadline:
                    raise self._transient("timeout")
        finally:
            response.close()
        return Answer(
            upstream=self.upstream,
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=bytes(body),
            links={relation: link["url"] for relation, link in response.links.items() if relation},
        )

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
