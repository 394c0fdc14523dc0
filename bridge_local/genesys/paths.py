"""Paths of SCIM PATCH (RFC 7644 3.5.2) and the conditions in their brackets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bridge_local.genesys.schema import GROUP, USER, Attribute, ResourceSchema

_PATH = re.compile(r"(?P<name>[\w$-]+)(?:\[(?P<conditions>.*)\])?(?:\.(?P<part>[\w$]+))?")
_CONDITION = r"""(\w+)\s+eq\s+("(?:[^"\\]|\\.)*"|[^\s"\]]+)"""
_CONDITIONS = re.compile(rf"\s*{_CONDITION}(?:\s+and\s+{_CONDITION})*\s*", re.IGNORECASE)
_ONE_CONDITION = re.compile(_CONDITION, re.IGNORECASE)


class BadPath(ValueError):
    """A path or its conditions cannot be read, or name what does not exist."""


@dataclass(frozen=True)
class Condition:
    """``part eq value`` inside brackets; the value as text."""

    part: Attribute
    value: str

    def holds(self, element: Mapping[str, Any]) -> bool:
        """Whether an element of the list fulfils it, with case only where the part says so."""
        value = element.get(self.part.name)
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if value is None:
            return False
        return text == self.value if self.part.case_exact else text.casefold() == self.value.casefold()


@dataclass(frozen=True)
class Target:
    """What a path points at.

    Attributes:
        urn: the schema.
        attribute: None when the path is the URN of a whole extension.
        conditions: those in brackets.
        part: the sub-attribute behind the dot.
    """

    urn: str
    attribute: Attribute | None
    conditions: tuple[Condition, ...] = ()
    part: Attribute | None = None


def read_value(text: str) -> str:
    """A comparison value: a JSON string, or a bare word as Genesys Cloud's own examples have it.

    Raises:
        BadPath: neither.
    """
    if text.startswith('"'):
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            raise BadPath("a quoted value is no JSON string") from error
        if not isinstance(value, str):
            raise BadPath("a quoted value is no JSON string")
        return value
    if not text or re.search(r'[\s"]', text):
        raise BadPath("a value with blanks must be quoted")
    return text


def read_conditions(text: str, attribute: Attribute) -> tuple[Condition, ...]:
    """The conditions in the brackets of `attribute`: ``part eq value``, joined by ``and``.

    Raises:
        BadPath: another operator, an unknown part.
    """
    if not _CONDITIONS.fullmatch(text):
        raise BadPath("only 'eq' and 'and' are understood in brackets")
    conditions = []
    for name, value in _ONE_CONDITION.findall(text):
        part = attribute.part(name)
        if part is None:
            raise BadPath(f"{attribute.name} has no {name}")
        conditions.append(Condition(part, read_value(value)))
    return tuple(conditions)


@lru_cache(maxsize=4096)
def _target(resource: str, path: str) -> Target:
    schema: ResourceSchema = USER if resource == USER.name else GROUP
    urn, rest = schema.split(path.strip())
    if not rest and urn in schema.extensions:
        return Target(urn, None)
    match = _PATH.fullmatch(rest)
    if match is None:
        raise BadPath("the path cannot be read")
    attribute = schema.attribute(urn, match["name"])
    if attribute is None:
        raise BadPath(f"there is no attribute {match['name']}")
    conditions: tuple[Condition, ...] = ()
    if match["conditions"] is not None:
        if not attribute.multi:
            raise BadPath(f"{attribute.name} is no list")
        conditions = read_conditions(match["conditions"], attribute)
    part = None
    if match["part"] is not None:
        part = attribute.part(match["part"])
        if part is None:
            raise BadPath(f"{attribute.name} has no {match['part']}")
        if attribute.multi and not conditions:
            raise BadPath(f"{attribute.name} is a list: say which element")
    return Target(urn, attribute, conditions, part)


def read_path(schema: ResourceSchema, path: str) -> Target:
    """What `path` points at.

    Raises:
        BadPath: see there.
    """
    return _target(schema.name, path)
