"""What Genesys Cloud may do with a client's value: ignore it, change its case, trim it, refuse it (by switches)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from bridge_local.genesys.errors import Refused, platform_error, scim_error
from bridge_local.genesys.schema import ENTERPRISE_URN
from bridge_local.genesys.switches import GenesysSwitches

_PATH = re.compile(r'(?:(?P<urn>urn:.+:User):)?(?P<name>\w+)(?:\[type eq "(?P<type>\w+)"\])?(?:\.value)?')
_NEEDED = frozenset({"userName", "displayName", "active"})
_TEXTS = ("displayName", "title")
_ENTERPRISE_TEXTS = ("department", "employeeNumber")


def treated(switches: GenesysSwitches, wanted: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that are kept of those a client wants.

    Args:
        switches: which attributes suffer what.
        wanted: in canonical form.
        known: those kept until now, empty for a new user.

    Raises:
        Refused: 400.
    """
    kept = dict(wanted)
    for path in sorted(switches.refused_attributes):
        if _value(kept, path) not in (None, _value(known, path)):
            raise _refusal(switches, path)
    for path in sorted(switches.ignored_attributes):
        before = _value(known, path)
        if before is not None or path not in _NEEDED:
            _set(kept, path, before)
    for path in sorted(switches.recased_attributes):
        text = _value(kept, path)
        if isinstance(text, str) and text != _value(known, path):
            _set(kept, path, text.swapcase())
    if switches.trims_values:
        _trim(kept, _TEXTS)
        kept[ENTERPRISE_URN] = dict(kept[ENTERPRISE_URN])
        _trim(kept[ENTERPRISE_URN], _ENTERPRISE_TEXTS)
    return kept


def _refusal(switches: GenesysSwitches, path: str) -> Refused:
    match switches.refusal_names:
        case "fieldName":
            details = [{"errorCode": "invalid.value", "fieldName": _parts(path)[1]}]
            return platform_error(HTTPStatus.BAD_REQUEST, code="invalid.value", details=details)
        case "detail":
            return scim_error(HTTPStatus.BAD_REQUEST, f"Invalid value for attribute {path}", "invalidValue")
        case "nothing":
            return platform_error(HTTPStatus.BAD_REQUEST)


def _parts(path: str) -> tuple[str, str, str]:
    """Schema (empty for the core), attribute and type that a path names."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise ValueError(f'{path}: expected a path such as title, urn:...:User:department or emails[type eq "work"]')
    return match["urn"] or "", match["name"], match["type"] or ""


def _value(attributes: Mapping[str, Any], path: str) -> Any:
    urn, name, kind = _parts(path)
    value = (attributes.get(urn, {}) if urn else attributes).get(name)
    if not kind:
        return value
    return next((element.get("value") for element in value or () if element["type"] == kind), None)


def _set(attributes: dict[str, Any], path: str, value: Any) -> None:
    urn, name, kind = _parts(path)
    if urn:
        attributes[urn] = dict(attributes.get(urn, {}))
    holder = attributes[urn] if urn else attributes
    if kind:
        rest = [element for element in holder.get(name, ()) if element["type"] != kind]
        value = [*rest, {"type": kind, "value": value}] if value is not None else rest
    if value:
        holder[name] = value
    elif name == "active":
        holder[name] = False
    else:
        holder.pop(name, None)


def _trim(holder: dict[str, Any], names: Iterable[str]) -> None:
    for name in names:
        if name in holder:
            holder[name] = " ".join(holder[name].split())
