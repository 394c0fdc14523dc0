"""The two calls that Okta makes to a hook, over HTTP."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Mapping
from urllib.parse import urlsplit


def _request(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float
) -> tuple[int, bytes]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        with contextlib.closing(kind(parts.netloc, timeout=timeout)) as connection:
            connection.request(method, parts.path or "/", body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error


def deliver(url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> int:
    """Deliver, as Okta does."""
    return _request("POST", url, headers, body, timeout)[0]


def challenge(url: str, headers: Mapping[str, str], timeout: float) -> tuple[int, bytes]:
    """Verify, as Okta does."""
    return _request("GET", url, headers, None, timeout)
