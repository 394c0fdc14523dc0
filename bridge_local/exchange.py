"""Requests and answers as plain values, so that one model serves tests in process and programs over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol
from urllib.parse import parse_qsl, urlsplit


class ConnectionCut(Exception):
    """The model drops the connection instead of answering, perhaps after it has done the work."""


@dataclass(frozen=True)
class Request:
    """An HTTP request.

    Attributes:
        method: upper case.
        path: decoded of nothing: as it stands in the request line, without the query.
        query: the parameters in order, decoded.
        headers: names in lower case.
        body: the bytes.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of(cls, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Request:
        """A request for `url`, absolute or not."""
        parts = urlsplit(url)
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        lower = {name.lower(): value for name, value in (headers or {}).items()}
        return cls(method=method.upper(), path=parts.path, query=query, headers=lower, body=body)

    def param(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), default)


Wire = Literal["", "slow-headers", "slow-body", "endless-103", "half-body"]
"""How an answer goes over a connection: at once; a byte a second, the headers or the body; after 103 answers without
end; cut off in the middle of the body. In process all but the first are an answer that comes too late, the last one
is a broken connection."""


@dataclass
class Response:
    """An HTTP answer.

    Attributes:
        status: the HTTP status.
        headers: two that differ in case only are two headers; one with an empty value is not sent.
        body: the bytes.
        delay: how many seconds the other side takes to give it.
        wire: how a server sends it.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    wire: Wire = ""

    @classmethod
    def of_json(
        cls, status: int, document: Any, headers: Mapping[str, str] | None = None, media: str = "application/json"
    ) -> Response:
        """An answer with a JSON body."""
        return cls(status, {"Content-Type": media, **(headers or {})}, json.dumps(document).encode())


class Model(Protocol):
    """Somebody who answers requests: the Okta model, the Genesys Cloud model."""

    def handle(self, request: Request) -> Response:
        """Answer, or raise `ConnectionCut`."""
        ...


class Now(Protocol):
    """Gives the present moment in UTC; the models' only clock."""

    def __call__(self) -> datetime:
        """The present moment, UTC."""
        ...
