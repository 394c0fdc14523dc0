"""Pieces of Okta's answers: errors, pages with their links, and the checks of a ``limit``."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bridge_local.exchange import Request, Response

_SUMMARIES = {
    "E0000001": "Api validation failed",
    "E0000003": "The request body was not well-formed.",
    "E0000006": "You do not have permission to perform the requested action",
    "E0000007": "Not found: Resource not found",
    "E0000009": "Internal Server Error",
    "E0000011": "Invalid token provided",
    "E0000022": "The endpoint does not support the provided HTTP method",
    "E0000031": "Invalid search criteria.",
    "E0000047": "API call exceeded rate limit due to too many requests.",
    "E0000053": "Bad request. Accepted parameters: since is too long ago",
}


class OktaError(Exception):
    """An error answer.

    Args:
        status: the HTTP status.
        code: Okta's errorCode.
        summary: errorSummary, the code's own by default.
        causes: texts for errorCauses.
        headers: more headers.
    """

    def __init__(
        self,
        status: int,
        code: str,
        summary: str = "",
        causes: Sequence[str] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.summary = summary or _SUMMARIES[code]
        self.causes = causes
        self.headers = headers or {}

    def response(self, error_id: str) -> Response:
        """The answer, with Okta's five fields."""
        body = {
            "errorCode": self.code,
            "errorSummary": self.summary,
            "errorLink": self.code,
            "errorId": error_id,
            "errorCauses": [{"errorSummary": cause} for cause in self.causes],
        }
        return Response.of_json(self.status, body, self.headers)


def not_found(resource_id: str, kind: str) -> OktaError:
    """404 E0000007."""
    return OktaError(404, "E0000007", f"Not found: Resource not found: {resource_id} ({kind})")


def invalid(field: str, cause: str) -> OktaError:
    """400 E0000001 about a field or parameter."""
    return OktaError(400, "E0000001", f"Api validation failed: {field}", [f"{field}: {cause}"])


def body_of(request: Request) -> dict[str, Any]:
    """The JSON object in a request's body."""
    try:
        document = json.loads(request.body)
    except ValueError:
        raise OktaError(400, "E0000003") from None
    if not isinstance(document, dict):
        raise OktaError(400, "E0000003")
    return document


def json_text(text: str, headers: dict[str, str] | None = None) -> Response:
    """A 200 answer whose body is JSON text."""
    return Response(200, {"Content-Type": "application/json", **(headers or {})}, text.encode())


def cursor(value: str) -> str:
    """An opaque ``after``."""
    return base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")


def uncursor(after: str) -> str:
    """What `cursor` was made of; 400 for anything else."""
    try:
        return base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)).decode()
    except ValueError:
        raise invalid("after", "The cursor is not valid.") from None


@dataclass(frozen=True)
class Pages:
    """How a listing is paged.

    Attributes:
        base: the origin that links point to.
        default: page size without ``limit``.
        most: largest ``limit``.
        least: smallest ``limit``.
        refuse: a ``limit`` out of range is a 400; otherwise it is cut to the range.
    """

    base: str
    default: int
    most: int
    least: int = 1
    refuse: bool = True

    def limit(self, request: Request) -> int:
        """The page size of a request."""
        text = request.param("limit")
        if not text:
            return self.default
        if not text.isascii() or not text.isdigit():
            raise invalid("limit", "A whole number is expected.")
        asked = int(text)
        if self.least <= asked <= self.most:
            return asked
        if self.refuse:
            raise invalid("limit", f"The limit must be between {self.least} and {self.most}.")
        return min(max(asked, self.least), self.most)

    def links(self, request: Request, after: str = "") -> dict[str, str]:
        """The ``Link`` header: ``self``, and ``next`` when there is an `after`."""
        itself = f'<{self._url(request, request.query)}>; rel="self"'
        if not after:
            return {"Link": itself}
        query = tuple(pair for pair in request.query if pair[0] != "after")
        following = self._url(request, (("after", after), *query))
        return {"Link": f'{itself}, <{following}>; rel="next"'}

    def _url(self, request: Request, query: Sequence[tuple[str, str]]) -> str:
        return f"{self.base}{request.path}" + (f"?{urlencode(query)}" if query else "")
