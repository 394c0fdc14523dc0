"""From what a client wrote to what Genesys Cloud keeps: types, enums, references, phone numbers.

A document with a wrong type, an unknown phone type or a missing name is refused as a whole (400).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from bridge_local.genesys.directory import DEFAULT_ROLE, HOME_DIVISION, Directory
from bridge_local.genesys.errors import Refused, bad_request
from bridge_local.genesys.phones import to_e164
from bridge_local.genesys.schema import (
    EMAIL_TYPES,
    ENTERPRISE_URN,
    GENESYS_URN,
    PHONE_TYPES,
    USER,
    Attribute,
    ResourceSchema,
)
from bridge_local.genesys.switches import GenesysSwitches, Refusal

SCIM_AUTHORITY = "x-pc:scimv2:v1"
"""Prefix of the authority under which externalIds shows the SCIM externalId; immutable."""

MAX_RATED = 50
"""Routing skills, and routing languages, of one user."""

MAX_PROFICIENCY = 5.0

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def canonical_names(switches: GenesysSwitches, schema: ResourceSchema, document: Any) -> dict[str, Any]:
    """The document with its attributes under their proper names; what the model lacks is ignored or refused.

    Raises:
        Refused: 400.
    """
    if not isinstance(document, Mapping):
        raise bad_request(switches, "invalidSyntax", "a JSON object was expected")
    named: dict[str, Any] = {}
    for name, value in document.items():
        if name.lower() == "schemas":
            continue
        urn, rest = schema.split(name)
        if not rest and urn in schema.extensions:
            inner = named.setdefault(urn, {})
            for key, part in (value or {}).items():
                _put_named(switches, schema, urn, key, part, inner)
        else:
            _put_named(switches, schema, urn, rest, value, named if urn == schema.urn else named.setdefault(urn, {}))
    return named


def _put_named(
    switches: GenesysSwitches, schema: ResourceSchema, urn: str, name: str, value: Any, into: dict[str, Any]
) -> None:
    attribute = schema.attribute(urn, name)
    if attribute is not None:
        into[attribute.name] = value
    elif switches.unknown_fields == "400":
        raise bad_request(switches, "invalidSyntax", f"there is no attribute {name}")


@dataclass(frozen=True)
class UserValues:
    """Brings a user's attributes into canonical form.

    Attributes:
        directory: what exists.
        switches: how to answer what the facts leave open.
    """

    directory: Directory
    switches: GenesysSwitches

    def canonical(self, document: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes to keep.

        Args:
            document: by proper names, as `canonical_names` gives; ids, groups, meta and passwords are dropped.
            known: the attributes kept so far, empty for a new user; references in them are not checked again.

        Raises:
            Refused: 400.
        """
        kept: dict[str, Any] = {}
        for name in ("userName", "displayName"):
            kept[name] = self._required(name, document.get(name))
        if not _EMAIL.fullmatch(kept["userName"]):
            raise self._bad("userName must be an email address")
        kept["active"] = document.get("active", known.get("active", True))
        if not isinstance(kept["active"], bool):
            raise self._bad("active must be true or false")
        self._text(document.get("password"), "password")
        for name in ("title", "externalId"):
            text = self._text(document.get(name), name)
            if text:
                kept[name] = text
        lists = {
            "phoneNumbers": self._phones(document),
            "emails": self._emails(document, kept["userName"], known),
            "roles": self._roles(document, known),
        }
        kept.update({name: value for name, value in lists.items() if value})
        extensions = {
            ENTERPRISE_URN: self._enterprise(document.get(ENTERPRISE_URN) or {}, known.get(ENTERPRISE_URN, {})),
            GENESYS_URN: self._genesys(document.get(GENESYS_URN) or {}),
        }
        kept.update({urn: value for urn, value in extensions.items() if value})
        return kept

    def _bad(self, detail: str) -> Refused:
        return bad_request(self.switches, "invalidValue", detail)

    def _unknown(self, answer: Refusal, detail: str) -> None:
        if answer == "400":
            raise self._bad(detail)

    def _no_such(self, attribute: str, name: str) -> str:
        told = "" if self.switches.refusal_names == "nothing" else f' "{name}"'
        return f"there is no such entry{told} for {attribute}"

    def _text(self, value: Any, name: str) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._bad(f"{name} must be a string")
        return value

    def _required(self, name: str, value: Any) -> str:
        text = self._text(value, name).strip()
        if not text:
            raise self._bad(f"{name} is required")
        return text

    def _elements(self, document: Mapping[str, Any], attribute: Attribute) -> list[dict[str, Any]]:
        value = document.get(attribute.name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(element, Mapping) for element in value):
            raise self._bad(f"{attribute.name} must be a list of objects")
        elements = []
        for element in value:
            named: dict[str, Any] = {}
            for name, part_value in element.items():
                part = attribute.part(name)
                if part is not None and part_value is not None:
                    self._typed(attribute, part, part_value)
                    named[part.name] = part_value
            elements.append(named)
        return elements

    def _typed(self, attribute: Attribute, part: Attribute, value: Any) -> None:
        wanted: dict[str, tuple[type, ...]] = {"boolean": (bool,), "decimal": (int, float)}
        types = wanted.get(part.type, (str,))
        if not isinstance(value, types) or (isinstance(value, bool) and part.type != "boolean"):
            raise self._bad(f"{attribute.name}.{part.name} must be a {part.type}")

    def _slots(self, document: Mapping[str, Any], name: str, types: tuple[str, ...]) -> dict[str, dict[str, Any]]:
        """One element for each type, a later one in the place of an earlier, in the order of the enum."""
        slots: dict[str, dict[str, Any]] = {}
        for element in self._elements(document, USER.core[name.lower()]):
            kind = element.get("type", "").lower()
            if kind not in types:
                raise self._bad(f"{name}.type must be one of {', '.join(types)}")
            slots[kind] = {**element, "type": kind}
        return {kind: slots[kind] for kind in types if kind in slots}

    def _phones(self, document: Mapping[str, Any]) -> list[dict[str, Any]]:
        phones = []
        for kind, element in self._slots(document, "phoneNumbers", PHONE_TYPES).items():
            text = element.get("value", "").strip()
            if not text:
                continue
            number = to_e164(text, self.switches.phone_region, self.switches.extension_blank)
            if number is None:
                self._unknown(self.switches.unparsable_phone, f"phoneNumbers {kind} is no phone number")
                continue
            phones.append({**element, "value": number})
        return phones

    def _emails(self, document: Mapping[str, Any], user_name: str, known: Mapping[str, Any]) -> list[dict[str, Any]]:
        slots = self._slots(document, "emails", EMAIL_TYPES)
        other = slots.pop("other", {}).get("value", user_name).casefold()
        mirrors = {user_name.casefold(), str(known.get("userName", "")).casefold()}
        if other not in mirrors and self.switches.other_email_write == "400":
            raise bad_request(self.switches, "mutability", "emails of type other cannot be changed")
        emails = [element for element in slots.values() if element.get("value")]
        if not all(_EMAIL.fullmatch(element["value"]) for element in emails):
            raise self._bad("emails.value must be an email address")
        return emails

    def _roles(self, document: Mapping[str, Any], known: Mapping[str, Any]) -> list[dict[str, Any]]:
        if not known and "roles" not in document:
            return [{"value": DEFAULT_ROLE}]
        before = {role["value"] for role in known.get("roles", ())}
        roles: dict[str, dict[str, Any]] = {}
        for element in self._elements(document, USER.core["roles"]):
            name = self._required("roles.value", element.get("value"))
            if name not in self.directory.roles and name not in before:
                self._unknown(self.switches.unknown_role, self._no_such("roles", name))
                continue
            roles[name] = {"value": name}
        return list(roles.values())

    def _enterprise(self, document: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for name in ("department", "employeeNumber"):
            text = self._text(document.get(name), name)
            if text:
                kept[name] = text
        kept["division"] = self._division(document, known)
        hired = self._text(document.get("dateHire"), "dateHire")
        if hired:
            try:
                kept["dateHire"] = date.fromisoformat(hired[:10]).isoformat()
            except ValueError as error:
                raise self._bad("dateHire must be a date, YYYY-MM-DD") from error
        manager = document.get("manager") or {}
        if not isinstance(manager, Mapping):
            raise self._bad("manager must be an object")
        value = self._text(manager.get("value"), "manager.value")
        if value and value != known.get("manager", {}).get("value") and self.directory.user(value) is None:
            self._unknown(self.switches.unknown_manager, "there is no such manager")
            value = known.get("manager", {}).get("value", "")
        if value:
            kept["manager"] = {"value": value}
        return kept

    def _division(self, document: Mapping[str, Any], known: Mapping[str, Any]) -> str:
        before = str(known.get("division", HOME_DIVISION))
        wanted = self._text(document.get("division"), "division") or HOME_DIVISION
        found = next((name for name in self.directory.divisions if name.casefold() == wanted.casefold()), None)
        if found is None and wanted != before:
            self._unknown(self.switches.unknown_division, "there is no such division")
        return found or before

    def _genesys(self, document: Mapping[str, Any]) -> dict[str, Any]:
        tables = USER.extensions[GENESYS_URN]
        kept: dict[str, Any] = {}
        for name, exists in (
            ("routingSkills", self.directory.skills.__contains__),
            ("routingLanguages", self.directory.languages.__contains__),
        ):
            rated = self._rated(document, tables[name.lower()], exists)
            if rated:
                kept[name] = rated
        entries: dict[str, dict[str, Any]] = {}
        for element in self._elements(document, tables["externalids"]):
            authority = self._required("externalIds.authority", element.get("authority"))
            if not authority.startswith(SCIM_AUTHORITY):
                value = self._required("externalIds.value", element.get("value"))
                entries[authority] = {"authority": authority, "value": value}
        if entries:
            kept["externalIds"] = list(entries.values())
        return kept

    def _rated(
        self, document: Mapping[str, Any], attribute: Attribute, exists: Callable[[str], bool]
    ) -> list[dict[str, Any]]:
        rated: dict[str, dict[str, Any]] = {}
        for element in self._elements(document, attribute):
            name = self._required(f"{attribute.name}.name", element.get("name"))
            if not 0 <= element.get("proficiency", 0.0) <= MAX_PROFICIENCY:
                raise self._bad(f"{attribute.name}.proficiency must be between 0.0 and 5.0")
            if not exists(name):
                self._unknown(self.switches.unknown_skill, self._no_such(attribute.name, name))
                continue
            rated[name] = {"name": name, "proficiency": float(element.get("proficiency", 0.0))}
        if len(rated) > MAX_RATED:
            raise self._bad(f"{attribute.name} has more than {MAX_RATED} entries")
        return list(rated.values())
