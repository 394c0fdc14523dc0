"""What Genesys Cloud's answers mean: SCIM resources, and errors of either shape.

Sources: Genesys Cloud's API definition (ScimV2User, ScimV2Group, ScimError, ErrorBody, the response table), RFC 7644
section 3.12. The table names 409 for a version conflict, the parameter ``If-Match`` 400 with scimType invalidVers,
older definitions 412: all three are understood. An error is Genesys Cloud's only in one of its two shapes: a gateway's
is not, and says nothing of any user or group. Only codes and ids of an answer go into errors, never its text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
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
from bridge.genesys.named_paths import named_paths
from bridge.outbound.answer import LONGEST_WAIT, Answer
from bridge.provisioning.elements import GENESYS_USER
from bridge.provisioning.scim import ENTERPRISE_USER
from bridge.provisioning.values import ScimGroup, ScimUser

#: Genesys Cloud's ids are UUIDs; what is taken is anything of their alphabet.
GENESYS_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
#: How long to wait after a 429 that names no time: the default of Genesys' SDK, seconds.
DEFAULT_WAIT = 3.0
_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_VERSION_TEXT = re.compile(r"version\b.*\bnot match|not match\b.*\bversion", re.IGNORECASE | re.DOTALL)
_BRACKETED = re.compile(r"\[(\d{1,6})\]")
_TAKEN_TEXT = re.compile(r"\balready\b.*\b(in use|used|exists|taken)\b|\bunique", re.IGNORECASE | re.DOTALL)
_PERMISSION = re.compile(r"\b[a-z]{3,30}:[A-Za-z]{2,30}:[A-Za-z]{2,30}\b")
_TAG = re.compile(r'(W/)?"[\x21\x23-\x7e]*"')
#: So much of a text is read.
_TEXT_LENGTH = 2000

ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"

_Id = Annotated[str, Field(pattern=f"^{GENESYS_ID.pattern}$")]


_Scalar = str | int | float | bool | None


class _Reference(BaseModel):
    value: _Id


class _Element(BaseModel):
    """An element of a multi-valued attribute."""

    type: str | None = None
    value: _Scalar = None


class _Manager(BaseModel):
    value: _Scalar = None


class _Enterprise(BaseModel):
    department: _Scalar = None
    division: _Scalar = None
    employee_number: _Scalar = Field(default=None, alias="employeeNumber")
    date_hire: _Scalar = Field(default=None, alias="dateHire")
    manager: _Manager | None = None


class _Rated(BaseModel):
    name: str
    proficiency: float | None = None


class _Identity(BaseModel):
    authority: str | None = None
    value: _Scalar = None


class _Genesys(BaseModel):
    skills: list[_Rated] | None = Field(default=None, alias="routingSkills")
    languages: list[_Rated] | None = Field(default=None, alias="routingLanguages")
    external_ids: list[_Identity] | None = Field(default=None, alias="externalIds")


class _Meta(BaseModel):
    version: str | None = None


class _User(BaseModel):
    id: _Id
    user_name: str = Field(alias="userName", min_length=1)
    active: StrictBool
    external_id: str | None = Field(default=None, alias="externalId")
    display_name: _Scalar = Field(default=None, alias="displayName")
    title: _Scalar = None
    emails: list[_Element] | None = None
    phone_numbers: list[_Element] | None = Field(default=None, alias="phoneNumbers")
    roles: list[_Element] | None = None
    enterprise: _Enterprise | None = Field(default=None, validation_alias=ENTERPRISE_USER)
    genesys: _Genesys | None = Field(default=None, validation_alias=GENESYS_USER)
    groups: list[_Reference] | None = None
    meta: _Meta | None = None


class _Group(BaseModel):
    id: _Id
    display_name: str = Field(alias="displayName")
    members: list[_Reference] | None = None
    meta: _Meta | None = None


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
        version=quoted(etag or (found.meta.version if found.meta else None) or ""),
        groups=tuple(reference.value for reference in found.groups or ()),
        document=document if isinstance(document, Mapping) else {},
    )


def group(document: object, etag: str = "") -> ScimGroup:
    """The group in an answer, `etag` as for `user`; Transient ``genesys-implausible`` when it is none."""
    try:
        found = _Group.model_validate(document)
    except ValidationError:
        raise implausible("no group") from None
    members = None if found.members is None else frozenset(member.value for member in found.members)
    version = quoted(etag or (found.meta.version if found.meta else None) or "")
    return ScimGroup(found.id, found.display_name, members, version)


def implausible(detail: str) -> Transient:
    """An answer that is not what Genesys Cloud documents."""
    return Transient("genesys-implausible", detail=detail, upstream="genesys")


def own_id(document: object) -> str:
    """The id of a resource in a list."""
    own = document.get("id") if isinstance(document, Mapping) else None
    if not isinstance(own, str) or not GENESYS_ID.fullmatch(own):
        raise implausible("a resource without id")
    return own


def listed(page: object) -> tuple[list[object], int]:
    """The resources of a list answer, and how many there are in all by its word."""
    resources = page.get("Resources", []) if isinstance(page, Mapping) else None
    total = page.get("totalResults") if isinstance(page, Mapping) else None
    if not isinstance(resources, list) or type(total) is not int or total < len(resources):
        raise implausible("no list of resources")
    return resources, total


def failure(
    answer: Answer,
    *,
    by_id: bool = False,
    creates: bool = False,
    renames: bool = False,
    versioned: bool = False,
    sent: Mapping[str, Any] = MappingProxyType({}),
) -> BridgeError:
    """The error that an answer without success stands for.

    Args:
        answer: with any status but a success.
        by_id: the request addressed one user or group by its id.
        creates: it was the POST of a user.
        renames: it was a PATCH that writes userName.
        versioned: it was a PATCH, which alone can meet a newer version.
        sent: the body of the request.
    """
    document = answer.json_object()
    status, code = answer.status, _code(document)
    details: dict[str, Any] = {"upstream": "genesys", "reference": reference_of(answer), "status": status}
    if versioned and status == HTTPStatus.PRECONDITION_FAILED:
        return VersionConflict("the version moved")
    passes = answer.may_pass and status != HTTPStatus.NOT_IMPLEMENTED
    if not passes and not _is_signed(document, status):
        # A client's error that Genesys Cloud did not sign speaks of the road, and not of a resource or a role.
        return Transient(f"genesys-{status}-unexplained", **details)
    text = _text(document)
    conflict = status == HTTPStatus.CONFLICT
    if (creates and conflict) or ((creates or renames) and code == "uniqueness"):
        return UserNameTaken("a Genesys Cloud user holds the userName")
    if (
        versioned
        and status in {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT}
        and (code == "invalidVers" or _VERSION_TEXT.search(text))
    ):
        return VersionConflict("the version moved")
    if renames and conflict and (not text.strip() or _TAKEN_TEXT.search(text)):
        return UserNameTaken("a Genesys Cloud user holds the userName")
    if status == HTTPStatus.NOT_FOUND:
        # A 404 of a listing speaks of the road as well.
        unexplained = Transient("genesys-404-unexplained", **details)
        return ResourceNotFound("Genesys Cloud knows no such id") if by_id else unexplained
    details["detail"] = code
    reason = f"genesys-{status}"
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        details["detail"] = " ".join((code, *_permissions(text))).strip()
        return AuthFailure(reason, **details)
    if passes:
        wait = _wait(answer, text) if status == HTTPStatus.TOO_MANY_REQUESTS else answer.retry_after
        return Transient(reason, retry_after=wait, **details)
    return Permanent(reason, paths=named_paths(document, text, sent), **details)


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


def _is_signed(document: Mapping[str, Any], status: int) -> bool:
    """Whether an error is Genesys Cloud's: an ErrorBody with its three fields, or a ScimError with its schema."""
    if f"{document.get('status')}" != f"{status}":
        return False
    schemas = document.get("schemas")
    if isinstance(schemas, list) and ERROR_SCHEMA in schemas:
        return True
    return isinstance(document.get("code"), str) and isinstance(document.get("message"), str)


def _text(document: Mapping[str, Any]) -> str:
    """What the answer says to people; to be matched, never to be shown."""
    said = [document.get(name) for name in ("detail", "message", "messageWithParams")]
    return "\n".join(part for part in said if isinstance(part, str))[:_TEXT_LENGTH]


def _permissions(text: str) -> list[str]:
    """The permissions that a 403 names, such as ``directory:group:edit``."""
    return sorted(set(_PERMISSION.findall(text)))


def _wait(answer: Answer, text: str) -> float:
    """Seconds to wait after a 429; ``Retry-After`` is there only sometimes."""
    asked, bracketed, reset = answer.retry_after, _BRACKETED.search(text), answer.number("inin-ratelimit-reset")
    if asked is not None:
        return asked
    wait = float(bracketed[1]) if bracketed else DEFAULT_WAIT if reset is None else reset
    return min(wait, LONGEST_WAIT)


def quoted(version: str) -> str:
    """A version as an ETag in its double quotes, empty when it can be none."""
    tag = version if version.startswith(('"', 'W/"')) else f'"{version}"'
    return tag if version and _TAG.fullmatch(tag) else ""
