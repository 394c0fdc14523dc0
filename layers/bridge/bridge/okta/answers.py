"""What Okta's answers mean: users, groups and assignments, and errors.

Sources: Okta Management OpenAPI specification; Okta developer documentation on error codes. An error is Okta's only
with its ``errorCode`` and ``errorSummary``: a gateway's is not, and says nothing of any user or group.
Whatever is not what Okta documents raises `implausible`.
"""

from __future__ import annotations

import re
from datetime import datetime
from http import HTTPStatus
from typing import Any

from bridge.errors import AuthFailure, BridgeError, Permanent, Transient
from bridge.items import OKTA_ID, parse_time
from bridge.outbound.answer import CREDIBLE_SKEW, Answer
from bridge.provisioning.values import AppUser, OktaGroup, OktaUser

Document = dict[str, Any]
_STATUS = re.compile(r"[A-Z][A-Z_]{0,39}")
_ERROR_CODE = re.compile(r"E\d{7}")
_ERROR_ID = re.compile(r"[A-Za-z0-9._@-]{1,80}")
NOT_FOUND, INVALID_TOKEN, _FORBIDDEN, _RATE_LIMITED = "E0000007", "E0000011", "E0000006", "E0000047"

#: What ``WWW-Authenticate`` says of a token without the scope of a call (RFC 6750, section 3.1).
INSUFFICIENT_SCOPE = "insufficient_scope"


def failure(answer: Answer, *, of_the_app: bool, until_reset: float | None) -> BridgeError:
    """The error that an answer stands for which is neither 200 nor a 404 that says E0000007 of something in the org.

    Args:
        answer: with an error, or with a status that nothing is documented for.
        of_the_app: the request was about the application itself.
        until_reset: seconds until the bucket has calls again, None where it is not told.
    """
    status, code = answer.status, error_code(answer)
    details: dict[str, Any] = {"upstream": "okta", "reference": reference_of(answer), "status": status}
    if says(answer, HTTPStatus.TOO_MANY_REQUESTS, _RATE_LIMITED):
        return Transient("okta-429", retry_after=None if until_reset is None else max(1.0, until_reset), **details)
    if not code and not answer.may_pass:
        # A client's error that Okta did not sign speaks of the road, and not of a token, a role or a resource.
        return Transient(f"okta-{status}-unexplained", **details)
    details["detail"] = code
    if of_the_app and code == NOT_FOUND:
        return AuthFailure(f"okta-app-{status}", **details)
    if says(answer, HTTPStatus.UNAUTHORIZED, INVALID_TOKEN) or says(answer, HTTPStatus.FORBIDDEN, _FORBIDDEN):
        if INSUFFICIENT_SCOPE in answer.headers.get("www-authenticate", ""):
            details["detail"] = f"{code} {INSUFFICIENT_SCOPE}"
        return AuthFailure(f"okta-{status}", **details)
    if status == HTTPStatus.NOT_FOUND:
        return Transient("okta-404-unexplained", **details)
    return Transient(f"okta-{status}", **details) if answer.may_pass else Permanent(f"okta-{status}", **details)


def says(answer: Answer, status: HTTPStatus, code: str) -> bool:
    """Whether an answer has the status, or the error code that goes with it."""
    return answer.status == status or error_code(answer) == code


def error_code(answer: Answer) -> str:
    """``errorCode`` of an error that is Okta's: one that has an ``errorSummary`` too; empty without one."""
    body = answer.json_object()
    code, summary = body.get("errorCode"), body.get("errorSummary")
    is_error = answer.status >= HTTPStatus.BAD_REQUEST and isinstance(summary, str)
    return code if is_error and isinstance(code, str) and _ERROR_CODE.fullmatch(code) else ""


def reference_of(answer: Answer) -> str:
    """Okta's id of a failed call: ``errorId``, else ``X-Okta-Request-Id``."""
    for reference in (answer.json_object().get("errorId"), answer.headers.get("x-okta-request-id")):
        if isinstance(reference, str) and _ERROR_ID.fullmatch(reference):
            return reference
    return ""


def as_object(document: object) -> Document:
    """A JSON object."""
    if not isinstance(document, dict):
        raise implausible("no JSON object")
    return document


def own_id(document: Document) -> str:
    """The id of a resource."""
    own = document.get("id")
    if not isinstance(own, str) or not OKTA_ID.fullmatch(own):
        raise implausible("an entry without id")
    return own


def _text(document: Document, name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise implausible(f"no {name}")
    return value


def status_of(document: Document) -> str:
    """The status of a user, an assignment or an application: upper case, as every one that Okta documents."""
    value = document.get("status")
    if not isinstance(value, str) or not _STATUS.fullmatch(value):
        raise implausible("no status")
    return value


def _profiled(document: Document) -> Document:
    """A document whose profile, if it has one, is an object."""
    if not isinstance(document.get("profile"), dict | None):
        raise implausible("a profile is no object")
    return document


def documents(answer: Answer) -> list[Document]:
    """The entries of a page: objects, each with an id."""
    page = answer.json()
    if not isinstance(page, list):
        raise implausible("a page is no list")
    entries = list(map(as_object, page))
    for entry in entries:
        own_id(entry)
    return entries


def user(document: Document) -> OktaUser:
    """A user."""
    return OktaUser(own_id(document), status_of(document), _profiled(document))


def app_user(document: Document) -> AppUser:
    """An assignment; the user that is embedded in it, when there is one, is a user and of the same id."""
    entry = AppUser(own_id(document), status_of(document), _profiled(document))
    embedded = document.get("_embedded")
    shown = None if embedded is None else as_object(embedded).get("user")
    if shown is not None and user(as_object(shown)).id != entry.id:
        raise implausible("another user is embedded")
    return entry


def group(document: Document, now: datetime) -> OktaGroup:
    """A group; a stamp that is unreadable, or ahead of every clock, is no evidence and therefore none."""
    updated = document.get("lastMembershipUpdated")
    try:
        when = parse_time(updated) if isinstance(updated, str) else None
    except ValueError:
        when = None
    if when is not None and when > now + CREDIBLE_SKEW:
        when = None
    name = _text(as_object(document.get("profile")), "name")
    return OktaGroup(own_id(document), name, when, document.get("type") == "BUILT_IN")


def implausible(detail: str) -> Transient:
    """An answer that is not what Okta documents."""
    return Transient("okta-implausible", detail=detail, upstream="okta")
