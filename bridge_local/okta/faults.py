"""Effects of Okta's own (see `bridge_local.faults`): errors, listings, paging links, dates, limits, odd documents.

Forms with a name stand in a table, so that tests and simulation can draw from it.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from bridge_local.exchange import Request, Response
from bridge_local.faults import Effect, Serve, changed, edited, headed
from bridge_local.okta.answers import OktaError

_NEXT = re.compile(r'<([^>]*)>; rel="next"')
_CODES: Mapping[int, str] = {
    401: "E0000011",
    403: "E0000006",
    404: "E0000007",
    405: "E0000022",
    410: "E0000007",
    429: "E0000047",
}

# ------------------------------------------------------------------------------------------------------- errors


def refused(status: int, code: str = "", summary: str = "", **headers: str) -> Effect:
    """An error with Okta's error body and headers; `headers` as `headed` takes them. Nothing is done but reads."""
    if not code:
        code = "E0000009" if status >= 500 else _CODES.get(status, "E0000001")  # noqa: PLR2004 - a server error (5xx)
    error = OktaError(status, code, summary).response("oaeMadeByAFault")

    def effect(request: Request, serve: Serve) -> Response:
        usual = serve(request) if request.method == "GET" else Response(status)
        kept = {name: value for name, value in usual.headers.items() if name not in {"Link", "Content-Type"}}
        return Response(status, {**kept, **error.headers}, error.body, usual.delay)

    def with_headers(request: Request, serve: Serve) -> Response:
        return headed(**headers)(request, lambda asked: effect(asked, serve))

    return with_headers if headers else effect


def rate_limited(reset: str = "") -> Effect:
    """429 until the bucket's reset, or with that text as ``X-Rate-Limit-Reset``. Okta sends no Retry-After."""
    more = {"X_Rate_Limit_Reset": reset} if reset else {}
    return refused(429, X_Rate_Limit_Remaining="0", **more)


def concurrency_limited() -> Effect:
    """429 with Limit and Remaining 0: too many requests at once."""
    return refused(429, X_Rate_Limit_Limit="0", X_Rate_Limit_Remaining="0")


# ----------------------------------------------------------------------------------------------------- listings


def empty_listing() -> Effect:
    """200 with ``[]`` and no next link."""
    return short_listing(0)


def short_listing(entries: int) -> Effect:
    """200 with the first entries only and no next link, as if that were all."""

    def change(answer: Response) -> Response:
        listed = _listed(answer)
        if listed is None:
            return answer
        return _without_next(replace(answer, body=json.dumps(listed[:entries]).encode()))

    return changed(change)


def listing_without(*ids: str) -> Effect:
    """200 with a listing that lacks these entries."""
    return edited(
        lambda document: (
            [each for each in document if each["id"] not in ids] if isinstance(document, list) else document
        )
    )


def without_link() -> Effect:
    """The ``Link`` header is lost: a full first page looks like the last one."""
    return headed(Link=None)


def endless_pages(*, empty: bool = False) -> Effect:
    """Every page has a next link with a new cursor; each shows the first page again, or nothing."""
    numbers = itertools.count(1)

    def effect(request: Request, serve: Serve) -> Response:
        query = tuple(pair for pair in request.query if pair[0] != "after")
        answer = serve(replace(request, query=query))
        listed = _listed(answer)
        if listed is None:
            return answer
        itself = re.search(r'<([^>]*)>; rel="self"', answer.headers.get("Link", ""))
        url = itself[1] if itself else request.path
        url += f"{'&' if '?' in url else '?'}after=endless{next(numbers)}"
        body = b"[]" if empty else answer.body
        return replace(answer, body=body, headers={**answer.headers, "Link": f'<{url}>; rel="next"'})

    return effect


def _listed(answer: Response) -> list[Any] | None:
    """The entries of a listing, None for any other answer."""
    document = json.loads(answer.body) if answer.status == 200 and answer.body else None  # noqa: PLR2004 - a success
    return document if isinstance(document, list) else None


def _without_next(answer: Response) -> Response:
    link = ", ".join(part for part in answer.headers.get("Link", "").split(", ") if 'rel="next"' not in part)
    return replace(answer, headers={**answer.headers, "Link": link})


# -------------------------------------------------------------------------------------------------------- links

LINK_FORMS: Mapping[str, Callable[[str], Mapping[str, str]]] = {
    "upper-case": lambda url: {"Link": f'<{url}>; rel="NEXT"'},
    "two-relations": lambda url: {"Link": f'<{url}>; rel="prev next"'},
    "title-first": lambda url: {"Link": f'<{url}>; title="a;b"; rel="next"'},
    "title-with-comma": lambda url: {"Link": f'<{url}>; title="a, <b>; rel=prev"; rel="next"'},
    "unquoted": lambda url: {"Link": f"<{url}>; rel=next"},
    "blanks": lambda url: {"Link": f'<{url}>  ;  rel = "next"'},
    "upper-parameter": lambda url: {"Link": f'<{url}>; REL="next"'},
    "no-blank": lambda url: {"Link": f'<https://example.com/other>;rel="self",<{url}>;rel="next"'},
    "next-first": lambda url: {"Link": f'<{url}>; rel="next", <https://example.com/other>; rel="self"'},
    "two-headers": lambda url: {"Link": '<https://example.com/other>; rel="self"', "link": f'<{url}>; rel="next"'},
    "relative": lambda url: {"Link": f'<{_moved(url, "", "")}>; rel="next"'},
}
"""Legal ways (RFC 8288) to write the next link of a page."""


def linked(form: str) -> Effect:
    """The next link is written in a way of `LINK_FORMS`."""
    return _relinked(LINK_FORMS[form])


HOSTILE_LINKS: Mapping[str, Callable[[str], str]] = {
    "other-host": lambda url: _moved(url, "https", "evil.example.net"),
    "other-scheme": lambda url: url.replace("https://", "http://", 1),
    "port": lambda url: _moved(url, "https", f"{urlsplit(url).hostname}:8443"),
    "userinfo": lambda url: _moved(url, "https", f"user:word@{urlsplit(url).hostname}"),
    "host-as-userinfo": lambda url: _moved(url, "https", f"{urlsplit(url).hostname}@evil.example.net"),
    "longer-host": lambda url: _moved(url, "https", f"{urlsplit(url).hostname}.evil.example.net"),
    "other-path": lambda url: urlunsplit(urlsplit(url)._replace(path="/api/v1/users/me")),
    "path-above": lambda url: urlunsplit(urlsplit(url)._replace(path="/api/v1/logs/../users")),
    "no-scheme": lambda url: _moved(url, "", "evil.example.net"),
    "not-a-url": lambda _url: "https://[",
    "script": lambda _url: "javascript:alert(1)",
    "very-long": lambda url: f"{url}&x={'x' * 100_000}",
    "no-url": lambda _url: "",
}
"""Where a next link may lead and must not be followed to."""


def linked_to(target: str) -> Effect:
    """The next link leads to a place of `HOSTILE_LINKS`."""
    return _relinked(lambda url: {"Link": f'<{HOSTILE_LINKS[target](url)}>; rel="next"'})


def _relinked(form: Callable[[str], Mapping[str, str]]) -> Effect:
    def change(answer: Response) -> Response:
        found = _NEXT.search(answer.headers.get("Link", ""))
        return replace(answer, headers={**answer.headers, **form(found[1])}) if found else answer

    return changed(change)


def _moved(url: str, scheme: str, host: str) -> str:
    return urlunsplit(urlsplit(url)._replace(scheme=scheme, netloc=host))


# --------------------------------------------------------------------------------------------- dates and limits

DATES: Mapping[str, str] = {
    "9999": "Fri, 31 Dec 9999 23:59:59 GMT",
    "9999-with-zone": "Fri, 31 Dec 9999 23:59:59 -2300",
    "1970": "Thu, 01 Jan 1970 00:00:00 GMT",
    "year-1-with-zone": "Mon, 01 Jan 0001 00:00:00 +2300",
    "missing": "",
    "20-digits": "Sat, 28 Nov 12345678901234567890 09:00:00 GMT",
    "year-minus-2300": "Sat, 28 Nov -2300 09:00:00 GMT",
    "zone-minus-2300": "Tue, 24 Nov 2026 09:00:00 -2300",
    "zone-out-of-range": "Tue, 24 Nov 2026 09:00:00 -9999",
    "epoch": "1795510800",
    "iso": "2026-11-24T09:00:00Z",
    "text": "yesterday",
    "31-february": "Tue, 31 Feb 2026 09:00:00 GMT",
}
"""Values of ``Date`` that are wrong or in another form."""


def dated(form: str) -> Effect:
    """``Date`` is a value of `DATES`."""
    return headed(Date=DATES[form])


RESETS: Mapping[str, Callable[[int], str]] = {
    "milliseconds": lambda reset: f"{reset * 1000}",
    "past": lambda reset: f"{reset - 3600}",
    "far": lambda reset: f"{reset + 86_400 * 365}",
    "missing": lambda _reset: "",
    "400-digits": lambda _reset: "9" * 400,
    "negative": lambda _reset: "-1",
    "seconds": lambda _reset: "60",
    "text": lambda _reset: "soon",
    "nan": lambda _reset: "nan",
    "infinite": lambda _reset: "inf",
}
"""Values of ``X-Rate-Limit-Reset`` that are wrong or in another form."""


def used_up(form: str) -> Effect:
    """The answer stands, but says that nothing is left of its bucket, with a reset of `RESETS`."""

    def change(answer: Response) -> Response:
        reset = int(answer.headers.get("X-Rate-Limit-Reset", "0"))
        wrong = {"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": RESETS[form](reset)}
        return replace(answer, headers={**answer.headers, **wrong})

    return changed(change)


# ---------------------------------------------------------------------------------------------------- documents


def profile_is_a_list() -> Effect:
    """``profile`` is a list, of one record or of each in a listing."""
    return _each(lambda record: {**record, "profile": [record["profile"]]} if "profile" in record else record)


def values_are_objects() -> Effect:
    """Each value of a profile is an object."""

    def change(record: dict[str, Any]) -> dict[str, Any]:
        profile = {name: {"value": value} for name, value in record.get("profile", {}).items()}
        return {**record, "profile": profile}

    return _each(change)


def status_in_lower_case() -> Effect:
    """``active`` in place of ``ACTIVE``."""
    return _each(lambda record: {**record, "status": str(record["status"]).lower()} if "status" in record else record)


def unknown_status(status: str = "FROZEN") -> Effect:
    """A status that Okta does not document."""
    return _each(lambda record: {**record, "status": status} if "status" in record else record)


def membership_stamp(text: str | None) -> Effect:
    """A group's ``lastMembershipUpdated`` is that, such as ``2999-01-01T00:00:00.000Z``."""
    return _each(lambda record: {**record, "lastMembershipUpdated": text})


def _each(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Effect:
    """Change a record, each of a listing, and the users embedded in them."""

    def one(record: dict[str, Any]) -> dict[str, Any]:
        embedded = record.get("_embedded", {})
        if "user" in embedded:
            record = {**record, "_embedded": {**embedded, "user": change(embedded["user"])}}
        return change(record)

    return edited(
        lambda document: [one(record) for record in document] if isinstance(document, list) else one(document)
    )
