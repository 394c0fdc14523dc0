"""Effects of Genesys Cloud's own (see `bridge_local.faults`): refusals, writes that are not done, odd documents."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import UUID

from bridge_local.exchange import Request, Response
from bridge_local.faults import Effect, Serve, edited
from bridge_local.genesys.errors import Refused, platform_error, scim_error
from bridge_local.genesys.tokens import rate_limited as login_rate_limited

if TYPE_CHECKING:
    from bridge_local.genesys.model import GenesysModel

_numbers = itertools.count(1)

# ---------------------------------------------------------------------------------------------------- refusals


def refused(status: int, message: str = "", *, field: str = "", code: str = "") -> Effect:
    """An ErrorBody of that status and nothing is done; `field` is named in ``details[].fieldName``."""
    more: dict[str, Any] = {"details": [{"errorCode": "invalid.value", "fieldName": field}]} if field else {}
    return _error(platform_error(status, code=code, message=message, **more))


def refused_as_scim(status: int, detail: str, scim_type: str = "") -> Effect:
    """A ScimError of that status and nothing is done."""
    return _error(scim_error(status, detail, scim_type))


def rate_limited(seconds: float = 1, retry_after: str | None = "") -> Effect:
    """429 that asks for so many seconds (the token endpoint: its 400), and nothing is done.

    Args:
        seconds: in the text, and in Retry-After.
        retry_after: another value of Retry-After, such as 400 digits, ``-1`` or a date; None for no such header.
    """
    asked = f"{max(1, round(seconds))}"
    headers = {} if retry_after is None else {"Retry-After": retry_after or asked}
    refusal = platform_error(
        HTTPStatus.TOO_MANY_REQUESTS,
        code="too.many.requests" if retry_after is None else "too.many.requests.retry.after",
        message=f"Rate limit exceeded the maximum. Retry the request in [{asked}] seconds",
        headers=headers,
        messageWithParams="Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds",
        messageParams={"seconds": asked},
        limit={"key": "token.rate.per.minute", "namespace": "platform.api", "value": 300},
    )

    def effect(request: Request, serve: Serve) -> Response:
        return _error(login_rate_limited() if request.path == "/oauth/token" else refusal)(request, serve)

    return effect


RETRY_AFTERS = {
    "400-digits": "9" * 400,
    "negative": "-1",
    "date": "Fri, 31 Dec 9999 23:59:59 GMT",
    "text": "soon",
    "fraction": "0.5",
    "nan": "nan",
}
"""Values of ``Retry-After`` that are wrong or in another form, for `rate_limited`."""


def version_conflict() -> Effect:
    """A write by id is refused as if somebody had just changed the user or group."""

    def effect(request: Request, serve: Serve) -> Response:
        return serve(replace(request, headers={**request.headers, "if-match": '"not this version"'}))

    return effect


def _error(refusal: Refused) -> Effect:
    """An error of the service's own, with the id of the request."""

    def effect(request: Request, serve: Serve) -> Response:  # noqa: ARG001 - an effect that asks nobody
        correlation = str(UUID(int=(0xFA17 << 112) + next(_numbers), version=4))
        answer = refusal.response(correlation)
        return replace(answer, headers={**answer.headers, "ININ-Correlation-Id": correlation})

    return effect


# ------------------------------------------------------------------------------------- writes that are not done


def unapplied() -> Effect:
    """A write by id is answered 200 with the resource as it is, and nothing is done."""
    return lambda request, serve: serve(replace(request, method="GET", query=(), body=b""))


def pretended(model: GenesysModel) -> Effect:
    """A write by id is answered 200 with the resource as it should be, and nothing stays done."""

    def effect(request: Request, serve: Serve) -> Response:
        directory, resource = model.directory, request.path.rpartition("/")[2]
        user, group = directory.users.get(resource), directory.groups.get(resource)
        answer = serve(request)
        if user is not None:
            directory.write_user(user)
        elif group is not None:
            directory.write_group(group)
        return answer

    return effect


def another_body(resource_id: str) -> Effect:
    """The work is done, and answered with the user or group of another id."""

    def effect(request: Request, serve: Serve) -> Response:
        done = serve(request)
        if done.status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            return done
        path = re.sub(r"/(users|groups)(/[^/]+)?$", rf"/\1/{resource_id}", request.path)
        return serve(replace(request, method="GET", path=path, query=(), body=b""))

    return effect


# ------------------------------------------------------------------------------------------------ odd documents


def without_members() -> Effect:
    """Groups are shown without ``members``."""
    return _each(lambda group: {name: value for name, value in group.items() if name != "members"})


def null_members() -> Effect:
    """Groups are shown with ``members: null``."""
    return _each(lambda group: {**group, "members": None})


def cut_members(most: int = 100) -> Effect:
    """Groups are shown with their first members only."""
    return _each(lambda group: {**group, "members": group["members"][:most]} if group.get("members") else group)


def emails_are_texts() -> Effect:
    """Users are shown with ``emails: ["a"]``."""
    return _each(lambda user: {**user, "emails": ["a"]})


def total_results(change: Callable[[int], int]) -> Effect:
    """A listing's ``totalResults`` is wrong: one too high, 1e9, 0."""
    return edited(lambda page: {**page, "totalResults": change(page["totalResults"])} if "Resources" in page else page)


def endless_pages() -> Effect:
    """A listing never ends: every page shows the first one again and promises one more."""

    def effect(request: Request, serve: Serve) -> Response:
        start = int(request.param("startIndex") or 1)
        query = tuple(pair for pair in request.query if pair[0] != "startIndex")
        answer = serve(replace(request, query=query))
        if answer.status != HTTPStatus.OK:
            return answer
        page = json.loads(answer.body)
        more = {"startIndex": start, "totalResults": start + page["itemsPerPage"]}
        return replace(answer, body=json.dumps({**page, **more}).encode())

    return effect


def stale(model: GenesysModel) -> Effect:
    """A read by id shows the oldest version that the model remembers (up to four back)."""

    def effect(request: Request, serve: Serve) -> Response:
        lag, model.switches.read_lag = model.switches.read_lag, float("inf")
        try:
            return serve(request)
        finally:
            model.switches.read_lag = lag

    return effect


def _each(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Effect:
    """Change a resource, or each of a listing."""

    def edit(document: dict[str, Any]) -> dict[str, Any]:
        if "Resources" in document:
            return {**document, "Resources": [change(resource) for resource in document["Resources"]]}
        return change(document)

    return edited(edit)
