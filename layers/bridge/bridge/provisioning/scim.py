"""SCIM paths and documents as Genesys Cloud knows them: pure functions, no network.

A *path* is an attribute path of RFC 7644 section 3.5.2 in the forms that Genesys Cloud accepts: ``title``,
``phoneNumbers[type eq "mobile"].value``, ``urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department``.
`bridge.provisioning.elements` has those of list elements. *Values* are flat: path -> value. Attributes, types and
writability are those of the models ScimV2CreateUser and ScimV2User (Genesys Cloud Developer Center, SCIM).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from typing import Any

from bridge.provisioning import elements
from bridge.provisioning.elements import GENESYS_USER, element

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

#: Types of ``phoneNumbers``; Genesys Cloud has one number for each, and no fax or pager.
PHONE_TYPES = (
    "work",
    "work2",
    "work3",
    "work4",
    "home",
    "mobile",
    "other",
    "microsoftteams",
    "zoomphone",
    "eightbyeight",
    "ringcentral",
)
#: Paths of phone numbers.
PHONES = frozenset(f'phoneNumbers[type eq "{kind}"].value' for kind in PHONE_TYPES)
#: The one writable e-mail: type ``other`` mirrors userName and is read-only.
WORK_EMAIL = 'emails[type eq "work"].value'
#: The hire date, of which Genesys Cloud keeps the day.
DATE_HIRE = f"{ENTERPRISE_USER}:dateHire"
#: The manager, by Genesys Cloud user id.
MANAGER = f"{ENTERPRISE_USER}:manager"
#: Every path that a profile may be mapped to. ``externalId`` and ``active`` are the bridge's own.
PROFILE_PATHS = (
    frozenset({"userName", "displayName", "title", WORK_EMAIL, DATE_HIRE, MANAGER})
    | PHONES
    | frozenset(f"{ENTERPRISE_USER}:{name}" for name in ("department", "division", "employeeNumber"))
)

#: Whole numbers up to this are the same as a float.
_EXACT = 2**53
_ENTERPRISE = f"{ENTERPRISE_USER}:"
_WITHOUT_CASE = frozenset({"userName", WORK_EMAIL, f"{ENTERPRISE_USER}:division"})


def create_document(values: Mapping[str, Any], *, active: bool, external_id: str, password: str = "") -> dict[str, Any]:
    """The body of ``POST /users``: `values` nested, with the schemas they use.

    Without a `password` Genesys Cloud makes a random one of 40 characters.
    """
    document: dict[str, Any] = {"schemas": [CORE_USER], "active": active, "externalId": external_id}
    if password:
        document["password"] = password
    for path, value in values.items():
        if one := element(path):
            urn, _, name = one.attribute.rpartition(":")
            holder = document.setdefault(urn, {}) if urn else document
            holder.setdefault(name, []).append(one.document(value))
        elif path.startswith(_ENTERPRISE):
            document.setdefault(ENTERPRISE_USER, {})[path.removeprefix(_ENTERPRISE)] = _wire_value(path, value)
        else:
            document[path] = value
    document["schemas"] += [urn for urn in (ENTERPRISE_USER, GENESYS_USER) if urn in document]
    return document


def read_values(document: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """What a user resource holds at `paths`; an absent, null or empty value is missing from the answer."""
    found = {path: _read(document, path) for path in paths}
    return {path: value for path, value in found.items() if value is not None and value != ""}


def same(path: str, left: Any, right: Any) -> bool:
    """Whether two values of `path` are equal as Genesys Cloud sees them.

    userName, e-mail and division ignore case; a phone number is the same as its tel URI, whatever separators it is
    written with; of a date the day counts; everything else is compared exactly.
    """
    return bool(comparable(path, left) == comparable(path, right))


def attribute_of(path: str) -> str:
    """The path without the name of a single skill, language or role: its list."""
    one = element(path)
    return path if one is None or one.attribute not in {*elements.RATED, elements.ROLES} else one.attribute


def operations(
    changes: Mapping[str, Any], *, present: Container[str], shown: Iterable[Mapping[str, Any]] = ()
) -> list[dict[str, Any]]:
    """The fewest PATCH operations that make `changes`: path -> new value, or None to clear it.

    A path in `present` is known to hold a value in Genesys Cloud. A value path selects nothing otherwise, which
    RFC 7644 section 3.5.2.3 answers with ``noTarget``: such a value is added, all new elements of an attribute
    in one operation, and clearing it needs no operation. Skills and languages are written as whole lists, first:
    what they hold besides is taken from `shown`, resources of the user, the newest first. The others are ordered by
    path; ``active`` is last, so that a user is never active with half of a change.
    """
    result: list[dict[str, Any]] = elements.rating_operations(changes, shown)
    added: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(changes, key=lambda path: (path == "active", path)):
        value = changes[path]
        one = element(path)
        if elements.is_rating(path):
            continue
        if one is None or path in present:
            if value is None:
                result.append({"op": "remove", "path": path})
            else:
                result.append({"op": "replace", "path": path, "value": _wire_value(path, value)})
        elif value is not None:
            if one.attribute not in added:
                added[one.attribute] = []
                result.append({"op": "add", "path": one.attribute, "value": added[one.attribute]})
            added[one.attribute].append(one.document(value))
    return result


def _wire_value(path: str, value: Any) -> Any:
    return {"value": value} if path == MANAGER else value


def _read(document: Mapping[str, Any], path: str) -> Any:
    if one := element(path):
        return elements.held(document, one)
    if path.startswith(_ENTERPRISE):
        value = (document.get(ENTERPRISE_USER) or {}).get(path.removeprefix(_ENTERPRISE))
        return (value or {}).get("value") if path == MANAGER else value
    return document.get(path)


def without_case(text: str) -> str:
    """What is equal for texts that differ in case alone.

    No letter becomes another one or two: a sharp s is no double s, and the sign for kelvin is no k. An account or a
    group of such a name is somebody else's.
    """
    return "".join(small if (small := each.lower()).upper() == each.upper() else each for each in text)


def comparable(path: str, value: Any) -> Any:
    """What of a value `same` compares."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if abs(value) <= _EXACT else value  # a float holds no greater number exactly, or none
    if not isinstance(value, str):
        return value
    if path in _WITHOUT_CASE:
        return without_case(value)
    if path in PHONES:
        return re.sub(r"[\s().-]", "", value).lower().removeprefix("tel:")
    if path == DATE_HIRE:
        return value[:10]
    return value
