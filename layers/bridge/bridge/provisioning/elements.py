"""Paths of single elements of lists: a phone number by its type, a skill by its name, a role, an external identifier.

Forms: ``phoneNumbers[type eq "mobile"].value``, ``<extension>:routingSkills[name eq "Billing"].proficiency`` (the skill
at that proficiency), ``<extension>:routingSkills[name eq "Billing"].name`` (the skill at whatever proficiency),
``roles[value eq "Supervisor"].value``, ``<extension>:externalIds[authority eq "..."].value``. The extension is Genesys
Cloud's own (Platform API, ScimUserExtensions): names of skills and languages have case, 0.0 to 5.0 rates them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

GENESYS_USER = "urn:ietf:params:scim:schemas:extension:genesys:purecloud:2.0:User"
#: Names with a proficiency each.
SKILLS, LANGUAGES = f"{GENESYS_USER}:routingSkills", f"{GENESYS_USER}:routingLanguages"
RATED = (SKILLS, LANGUAGES)
#: Role names; the bridge adds some, and never takes one away.
ROLES = "roles"
#: An identifier for each authority, such as an identity provider's issuer.
EXTERNAL_IDS = f"{GENESYS_USER}:externalIds"
#: Beginning of the authorities that Genesys Cloud keeps for externalId; immutable.
OWN_AUTHORITY = "x-pc:scimv2:v1"

_PATH = re.compile(
    r"(?P<attribute>(?:urn:[\w:.-]+:)?\w+)\[(?P<key>\w+) eq (?P<of>\"(?:[^\"\\]|\\.)*\")\]\.(?P<part>\w+)"
)


@dataclass(frozen=True)
class Element:
    """One element of a list: the one whose `key` is `of`, and the `part` of it that is meant."""

    attribute: str
    key: str
    of: str
    part: str

    @property
    def path(self) -> str:
        """The path that names it."""
        return f"{self.attribute}[{self.key} eq {json.dumps(self.of, ensure_ascii=False)}].{self.part}"

    def document(self, value: Any) -> dict[str, Any]:
        """The element with `value` in its part."""
        return {self.key: self.of, self.part: value}


@lru_cache(maxsize=4096)
def element(path: str) -> Element | None:
    """The element that a path names, None for a path of another kind."""
    if (match := _PATH.fullmatch(path)) is None:
        return None
    return Element(match["attribute"], match["key"], str(json.loads(match["of"])), match["part"])


def rated(attribute: str, name: str, proficiency: float | None) -> tuple[str, str | float]:
    """Path and value of a skill or language, without a proficiency of the name alone."""
    if proficiency is None:
        return Element(attribute, "name", name, "name").path, name
    return Element(attribute, "name", name, "proficiency").path, proficiency


def role(name: str) -> tuple[str, str]:
    """Path and value of a role."""
    return Element(ROLES, "value", name, "value").path, name


def identity(authority: str) -> str:
    """The path of the identifier for an authority."""
    return Element(EXTERNAL_IDS, "authority", authority, "value").path


def is_rating(path: str) -> bool:
    """Whether a path is a skill's or a language's."""
    return path.startswith(RATED) and element(path) is not None


def is_role(path: str) -> bool:
    """Whether a path is a role's."""
    return path.startswith(f"{ROLES}[")


def comes_later(path: str) -> bool:
    """Whether a path is no part of a POST.

    Roles there might take the place of the default one, and an identifier that another user has would be answered like
    a userName that is taken.
    """
    return is_role(path) or path.startswith(EXTERNAL_IDS)


def is_withdrawn(path: str, wanted: Container[str]) -> bool:
    """Whether a path that was written and is not wanted any more is to be cleared.

    A role never is, nor a skill that is wanted still, with a proficiency or without one.
    """
    if is_role(path):
        return False
    one = element(path) if is_rating(path) else None
    if one is None:
        return True
    return not any(Element(one.attribute, one.key, one.of, part).path in wanted for part in ("name", "proficiency"))


def entries(document: Mapping[str, Any], attribute: str) -> Sequence[Mapping[str, Any]] | None:
    """The elements of a list in a user resource; None where the resource does not show it."""
    urn, _, name = attribute.rpartition(":")
    holder = document.get(urn) if urn else document
    found = holder.get(name) if isinstance(holder, Mapping) else None
    return found if isinstance(found, list) else None


def held(document: Mapping[str, Any], one: Element) -> Any:
    """What a user resource holds there, None for nothing."""
    for entry in entries(document, one.attribute) or ():
        if entry.get(one.key) == one.of:
            return entry.get(one.part)
    return None


def paths_in(document: Mapping[str, Any]) -> Iterator[str]:
    """The path of each skill, language, role and identifier in a user resource."""
    for attribute, key, part in (
        (SKILLS, "name", "name"),
        (LANGUAGES, "name", "name"),
        (ROLES, "value", "value"),
        (EXTERNAL_IDS, "authority", "value"),
    ):
        for entry in entries(document, attribute) or ():
            if isinstance(of := entry.get(key), str):
                whole = part if entry.get("proficiency") is None else "proficiency"
                yield Element(attribute, key, of, whole).path


def others(document: Mapping[str, Any], lists: Mapping[str, str], wanted: Container[str]) -> list[str]:
    """The skills and languages in a user resource that shall not be there: not `wanted`, and in one of the `lists`.

    Args:
        document: the resource.
        lists: attribute -> how the names begin that are replaced as a whole, empty for all of them.
        wanted: paths that shall be there.
    """
    found = []
    for path in paths_in(document):
        one = element(path)
        if one is None or one.attribute not in lists or not one.of.startswith(lists[one.attribute]):
            continue
        if is_withdrawn(path, wanted):
            found.append(path)
    return found


def rating_operations(changes: Mapping[str, Any], shown: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """PATCH operations that change skills and languages, each list replaced with all that it shall hold.

    Args:
        changes: path -> proficiency or name, None to take it away; other paths are left alone.
        shown: resources of the user, the newest first; what the first of them that has the list holds besides stays.
    """
    documents = list(shown)
    operations: list[dict[str, Any]] = []
    for attribute in RATED:
        ours = [(one, changes[path]) for path in changes if (one := element(path)) and one.attribute == attribute]
        if not ours:
            continue
        present = next((found for each in documents if (found := entries(each, attribute)) is not None), None)
        after = {str(entry.get("name")): dict(entry) for entry in present or ()}
        for one, value in ours:
            if value is None:
                after.pop(one.of, None)
        for one, value in ours:
            if value is not None:
                after[one.of] = {**after.get(one.of, {}), "name": one.of, one.part: value}
        if after:  # a list that is not shown need not be empty: what else it holds must stay
            how = "add" if present is None else "replace"
            operations.append({"op": how, "path": attribute, "value": list(after.values())})
        elif present is not None:
            operations.append({"op": "remove", "path": attribute})
    return operations
