"""Which of the written attributes and members a refusal names.

Sources: Genesys Cloud's API definition (ErrorBody ``details[].fieldName``, ScimError ``detail``); RFC 7644, section
3.12.
A text is matched with what was written, names and values, and goes nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bridge.provisioning import elements, scim

#: A shorter value may stand in a text by chance.
_TELLING = 4
_TYPED = re.compile(r'\[type eq "(\w+)"\]')
_MEMBER = re.compile(r'members\[value eq "([^"]+)"\]')
#: How an attribute is called in a text besides its own name.
_ALSO: Mapping[str, str] = {
    "phoneNumbers": r"phone[ _-]?numbers?",
    "emails": r"e-?mails?( address(es)?)?",
    "userName": r"user[ _-]?name",
    "displayName": r"display[ _-]?name",
    "employeeNumber": r"employee[ _-]?(number|id)",
    "dateHire": r"date[ _-]?hire|hire[ _-]?date",
    "externalId": r"external[ _-]?id",
    "externalIds": r"external[ _-]?id(s|entifiers?)?",
    "routingSkills": r"skills?",
    "routingLanguages": r"languages?",
    "roles": r"roles?",
}


def named_paths(error: Mapping[str, Any], text: str, sent: Mapping[str, Any]) -> tuple[str, ...]:
    """The paths of a write that its refusal names, sorted; none when it names nothing that was written.

    Args:
        error: the body of the answer: an ErrorBody or a ScimError.
        text: what the answer says to people.
        sent: the body of the request: a user, or a PatchOp.
    """
    written = dict(_written(sent))
    details = error.get("details")
    fields = (
        [each.get("fieldName") for each in details if isinstance(each, Mapping)] if isinstance(details, list) else []
    )
    for said in ("\n".join(field for field in fields if isinstance(field, str)), text):
        by_name = {path for path in written if _names(said, path)}
        shown = {path: f"{value}" for path, value in written.items() if _shows(said, path, value)}
        by_value = {
            path for path, value in shown.items() if not any(value in other != value for other in shown.values())
        }
        if found := (by_name & by_value or by_name or by_value):
            return tuple(sorted(found))
    return ()


def _written(sent: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Path and value of whatever a body writes."""
    operations = sent.get("Operations")
    if operations is None:
        own = frozenset({"externalId", "active"}) | scim.PROFILE_PATHS
        yield from scim.read_values(sent, own).items()
        for attribute in (*elements.RATED, elements.ROLES, elements.EXTERNAL_IDS):
            yield from _elements(attribute, elements.entries(sent, attribute) or ())
        return
    for operation in operations:
        path, value = operation.get("path", ""), operation.get("value")
        if path == "members":
            yield from ((f'members[value eq "{each["value"]}"]', each["value"]) for each in value)
        elif member := _MEMBER.fullmatch(path):
            yield path, member[1]
        elif isinstance(value, list):
            yield from _elements(path, value)
        elif not path:
            yield from (value or {}).items()
        else:
            yield path, value.get("value") if isinstance(value, Mapping) else value


def _elements(attribute: str, written: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Path and telling value of each element of a list; a skill may be meant with its proficiency or without."""
    for each in written:
        if attribute in elements.RATED:
            yield elements.rated(attribute, each["name"], None)
            yield elements.rated(attribute, each["name"], 0)[0], each["name"]
        elif attribute == elements.ROLES:
            yield elements.role(each["value"])
        elif attribute == elements.EXTERNAL_IDS:
            yield elements.identity(each["authority"]), each["value"]
        else:
            yield f'{attribute}[type eq "{each["type"]}"].value', each["value"]


def _shows(said: str, path: str, value: object) -> bool:
    """Whether a text shows a value; names of skills, languages and roles have case."""
    if not isinstance(value, str) or len(value) < _TELLING:
        return False
    case = re.NOFLAG if elements.is_rating(path) or elements.is_role(path) else re.IGNORECASE
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", said, case) is not None


def _names(said: str, path: str) -> bool:
    """Whether a text names a path: of phone numbers and e-mails the type, if it names any type.

    A skill, a language, a role or an identifier is named by itself, for there are many of each.
    """
    one = elements.element(path)
    if one is not None and one.key != "type" and not _shows(said, path, one.of):
        return False
    attribute = path.partition("[")[0].rpartition(":")[2]
    if not re.search(rf"\b({re.escape(attribute)}|{_ALSO.get(attribute, attribute)})\b", said, re.IGNORECASE):
        return False
    typed, types = _TYPED.search(path), _TYPED.findall(said)
    return typed is None or not types or typed[1] in types
