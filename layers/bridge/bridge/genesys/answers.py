"""What Genesys Cloud's answers mean: SCIM resources, and errors of either shape.

Sources: Genesys Cloud's API definition (ScimV2User, ScimV2Group, ScimError, ErrorBody, the response table), RFC 7644
section 3.12. The table names 409 for a version conflict, the parameter ``If-Match`` 400 with scimType invalidVers,
older definitions 412: all three are understood. Only codes and ids of an answer go into errors, never its text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import BaseModel, Field, StrictBool, ValidationError

from bridge.errors import (
    AuthFailure,
    BridgeError,
    Permanent,
    ResourceNotFound,
    Transient,
    UserNameTaken,
    VersionConflict,
)
from bridge.outbound.http import Answer
from bridge.provisioning.values import ScimGroup, ScimUser

#: Genesys Cloud's ids are UUIDs; what is taken is anything of their alphabet.
GENESYS_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
#: How long to wait after a 429 that names no time: the default of Genesys' SDK, seconds.
DEFAULT_WAIT = 3.0
_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_VERSION_TEXT = re.compile(r"version\b.*\bnot match|not match\b.*\bversion", re.IGNORECASE | re.DOTALL)
_BRACKETED = re.compile(r"\[(\d{1,6})\]")
_TAG = re.compile(r'(W/)?"[\x21\x23-\x7e]*"')
#: So much of a text is read.
_TEXT_LENGTH = 2000

_Id = Annotated[str, Field(pattern=f"^{GENESYS_ID.pattern}$")]


class _Reference(BaseModel):
    value: _Id


class _Meta(BaseModel):
    version: str | None = None


class _User(BaseModel):
    id: _Id
    user_name: str = Field(alias="userName", min_length=1)
    active: StrictBool
    external_id: str | None = Field(default=None, alias="externalId")
    groups: list[_Reference] | None = None
    meta: _Meta | None = None


class _Group(BaseModel):
    id: _Id
    display_name: str = Field(alias="displayName")
    members: list[_Reference] | None = None


def user(document: object, etag: str = "") -> ScimUser:
    """The user in an answer; `etag` is the header, which precedes ``meta.version``.

    Raises:
        Transient: it is no plausible user (without id, userName or active); the reason is ``genesys-implausible``.
    """
    try:
        found = _User.model_validate(document)
    except ValidationError:
        raise implausible("no user") from None
    return ScimUser(
        id=found.id,
        user_name=found.user_name,
        active=found.active,
        external_id=found.external_id or "",
        version=_quoted(etag or (found.meta.version if found.meta else None) or ""),
        groups=tuple(reference.value for reference in found.groups or ()),
        document=document if isinstance(document, Mapping) else {},
    )


def group(document: object) -> ScimGroup:
    """The group in an answer; Transient ``genesys-implausible`` when it is none."""
    try:
        found = _Group.model_validate(document)
    except ValidationError:
        raise implausible("no group") from None
    members = None if found.members is None else frozenset(member.value for member in found.members)
    return ScimGroup(found.id, found.display_name, members)


def implausible(detail: str) -> Transient:
    """An answer that is not what Genesys Cloud documents."""
    return Transient("genesys-implausible", detail=detail, upstream="genesys")


def failure(
    answer: Answer, *, by_id: bool = False, creates: bool = False, renames: bool = False, conditional: bool = False
) -> BridgeError:
    """The error that an answer without success stands for.

    Args:
        answer: with any status but a success.
        by_id: the request addressed one user or group by its id.
        creates: it was the POST of a user.
        renames: it was a PATCH that writes userName.
        conditional: it carried ``If-Match``.
    """
    document = answer.json_object()
    status, code = answer.status, _code(document)
    reference = reference_of(answer)
    conflict = status == HTTPStatus.CONFLICT
    if (creates and conflict) or ((creates or renames) and code == "uniqueness"):
        return UserNameTaken("a Genesys Cloud user holds the userName")
    stale = status == HTTPStatus.PRECONDITION_FAILED or (
        status in {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT}
        and (code == "invalidVers" or _VERSION_TEXT.search(_text(answer, document)) is not None)
    )
    if stale:
        return VersionConflict("the version moved")
    if renames and conflict:
        return UserNameTaken("a Genesys Cloud user holds the userName")
    if conditional and conflict and code != "uniqueness":
        return VersionConflict("the version moved")
    if status == HTTPStatus.NOT_FOUND:
        if by_id and document:
            return ResourceNotFound("Genesys Cloud knows no such id")
        # A 404 of a listing, or one that no Genesys Cloud error explains, speaks of the road and not of the resource.
        return Transient("genesys-404-unexplained", upstream="genesys", reference=reference, status=status)
    reason = f"genesys-{status}"
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return AuthFailure(reason, detail=code, upstream="genesys", reference=reference, status=status)
    if answer.may_pass and status != HTTPStatus.NOT_IMPLEMENTED:
        wait = _wait(answer, document) if status == HTTPStatus.TOO_MANY_REQUESTS else answer.number("retry-after")
        return Transient(reason, detail=code, retry_after=wait, upstream="genesys", reference=reference, status=status)
    return Permanent(reason, detail=code, upstream="genesys", reference=reference, status=status)


def reference_of(answer: Answer) -> str:
    """Genesys Cloud's id of a call: ``ININ-Correlation-Id``, else ErrorBody's ``contextId``."""
    for reference in (answer.headers.get("inin-correlation-id"), answer.json_object().get("contextId")):
        if isinstance(reference, str) and _CODE.fullmatch(reference):
            return reference
    return ""


def _code(document: Mapping[str, Any]) -> str:
    """ScimError's ``scimType``, else ErrorBody's ``code``."""
    for code in (document.get("scimType"), document.get("code")):
        if isinstance(code, str) and _CODE.fullmatch(code):
            return code
    return ""


def _text(answer: Answer, document: Mapping[str, Any]) -> str:
    """What the answer says to people; to be matched, never to be shown."""
    said = [document.get(name) for name in ("detail", "message", "messageWithParams")]
    text = "\n".join(part for part in said if isinstance(part, str))
    return (text or answer.body[:_TEXT_LENGTH].decode("utf-8", "replace"))[:_TEXT_LENGTH]


def _wait(answer: Answer, document: Mapping[str, Any]) -> float:
    """Seconds to wait after a 429; ``Retry-After`` is there only sometimes."""
    asked = answer.number("retry-after")
    if asked is not None:
        return asked
    bracketed = _BRACKETED.search(_text(answer, document))
    if bracketed:
        return float(bracketed[1])
    reset = answer.number("inin-ratelimit-reset")
    return DEFAULT_WAIT if reset is None else reset


def _quoted(version: str) -> str:
    """A version as an ETag in its double quotes, empty when it can be none."""
    tag = version if version.startswith(('"', 'W/"')) else f'"{version}"'
    return tag if version and _TAG.fullmatch(tag) else ""
