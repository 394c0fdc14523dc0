"""An HTTP answer as the clients see it: what its body, its numbers and its times are worth."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from bridge.errors import Transient

#: An answer's ``Date`` so far from our own clock is somebody's mistake, and ours counts.
CREDIBLE_SKEW = timedelta(minutes=10)
#: No answer makes a call wait longer than so many seconds: after that a fresh answer must say so again.
LONGEST_WAIT = 180.0
#: No header means a longer number.
_MAX_DIGITS = 18
_NUMBER = re.compile(rf"[0-9]{{1,{_MAX_DIGITS}}}(\.[0-9]{{0,{_MAX_DIGITS}}})?")
#: The one form of a date that is sent (RFC 9110, section 5.6.7).
_HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, read to its end.

    Attributes:
        upstream: ``okta`` or ``genesys``.
        status: the HTTP status.
        headers: by name in lower case; one that came several times is joined by commas.
        body: the bytes, decompressed.
    """

    upstream: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            Transient: it is none, has a key twice or a number beyond all measure; the reason is
                ``<upstream>-not-json``.
        """
        try:
            return _parsed(self.body)
        except (ValueError, RecursionError):
            raise Transient(f"{self.upstream}-not-json", upstream=self.upstream, status=self.status) from None

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object, empty when it is none: for the bodies of errors."""
        try:
            document = _parsed(self.body)
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
        """A header's value when it is a plain decimal number of at most 18 digits, else None."""
        value = self.headers.get(header, "").strip()
        return float(value) if _NUMBER.fullmatch(value) else None

    @property
    def retry_after(self) -> float | None:
        """Seconds that ``Retry-After`` asks to wait, at most `LONGEST_WAIT`; None without a readable one.

        A date is measured by the answer's own ``Date``: both are the other side's clock.
        """
        seconds = self.number("retry-after")
        until, date = _http_date(self.headers.get("retry-after", "")), _http_date(self.headers.get("date", ""))
        if until is not None and date is not None:
            seconds = max(0.0, (until - date).total_seconds())
        return None if seconds is None else min(seconds, LONGEST_WAIT)

    def date(self, now: datetime) -> datetime:
        """When the other side answered, UTC: its ``Date`` where that is believable, else `now`, our own clock.

        A missing one is a proxy's doing; one further than `CREDIBLE_SKEW` from `now` is a clock gone wrong.
        """
        date = _http_date(self.headers.get("date", ""))
        return date if date is not None and abs(date - now) <= CREDIBLE_SKEW else now

    def has_absurd_date(self, now: datetime) -> bool:
        """Whether there is a ``Date`` that `date` does not believe."""
        return bool(self.headers.get("date")) and self.date(now) is now


def _parsed(body: bytes) -> Any:
    """Strict JSON: no NaN, nothing infinite, and no key twice: readers differ on which of the two counts.

    Raises:
        ValueError, RecursionError: it is none.
    """
    return json.loads(body, parse_float=_fraction, parse_constant=_no_number, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError("a key comes twice")
    return unique


def _fraction(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("beyond all measure")
    return number


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _http_date(value: str) -> datetime | None:
    """A date in the form that servers send, UTC."""
    try:
        return parsedate_to_datetime(value) if _HTTP_DATE.fullmatch(value) else None
    except ValueError:
        return None
