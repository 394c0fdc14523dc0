"""The attributes of a Genesys Cloud SCIM user and group: names, types, who may write them.

Source: the models ScimV2User, ScimV2CreateUser, ScimV2EnterpriseUser, ScimUserExtensions, ScimV2Group and their parts
in the public API. The tables drive validation, PATCH paths, projections and ``/schemas``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_URN = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GENESYS_URN = "urn:ietf:params:scim:schemas:extension:genesys:purecloud:2.0:User"

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
EMAIL_TYPES = ("work", "other")


@dataclass(frozen=True)
class Attribute:
    """An attribute in the words of RFC 7643 section 7.

    Attributes:
        name: as it is written in documents.
        type: string, boolean, decimal, dateTime, reference or complex.
        multi: whether it is a list.
        required: on creation.
        case_exact: whether its values compare with case.
        mutability: readWrite, readOnly, immutable or writeOnly.
        returned: always, default, request or never.
        uniqueness: none, server or global.
        values: the canonical values.
        parts: sub-attributes.
        key: the part that makes an element of the list one of a kind, as a phone number's type.
    """

    name: str
    type: str = "string"
    multi: bool = False
    required: bool = False
    case_exact: bool = False
    mutability: str = "readWrite"
    returned: str = "default"
    uniqueness: str = "none"
    values: tuple[str, ...] = ()
    parts: tuple[Attribute, ...] = ()
    key: str = ""

    def part(self, name: str) -> Attribute | None:
        """The sub-attribute of that name, without case."""
        return next((part for part in self.parts if part.name.lower() == name.lower()), None)


def _named(attributes: Iterable[Attribute]) -> Mapping[str, Attribute]:
    return {attribute.name.lower(): attribute for attribute in attributes}


@dataclass(frozen=True)
class ResourceSchema:
    """A resource type: its core schema and extensions, attributes by lower-case name."""

    name: str
    urn: str
    core: Mapping[str, Attribute]
    extensions: Mapping[str, Mapping[str, Attribute]] = field(default_factory=dict)

    def split(self, name: str) -> tuple[str, str]:
        """A name or path with an optional URN -> (URN of its schema, the rest without URN)."""
        lower = name.lower()
        for urn in (*self.extensions, self.urn):
            if lower == urn.lower():
                return urn, ""
            if lower.startswith(urn.lower() + ":"):
                return urn, name[len(urn) + 1 :]
        return self.urn, name

    def attribute(self, urn: str, name: str) -> Attribute | None:
        """The attribute of that schema, by name without case."""
        table = self.core if urn == self.urn else self.extensions[urn]
        return table.get(name.lower())


_ID = Attribute("id", case_exact=True, mutability="readOnly", returned="always", uniqueness="server")
_EXTERNAL_ID = Attribute("externalId", case_exact=True)
_META = Attribute(
    "meta",
    "complex",
    mutability="readOnly",
    returned="always",
    parts=(
        Attribute("resourceType", mutability="readOnly"),
        Attribute("lastModified", "dateTime", mutability="readOnly"),
        Attribute("location", "reference", mutability="readOnly"),
        Attribute("version", mutability="readOnly"),
    ),
)


def _references(name: str, mutability: str) -> Attribute:
    parts = (
        Attribute("type", values=("User", "Group")),
        Attribute("value", case_exact=True),
        Attribute("$ref", "reference"),
    )
    return Attribute(name, "complex", multi=True, mutability=mutability, parts=parts, key="value")


def _typed(name: str, types: tuple[str, ...]) -> Attribute:
    parts = (Attribute("value"), Attribute("type", values=types), Attribute("primary", "boolean"))
    return Attribute(name, "complex", multi=True, parts=parts, key="type")


def _rated(name: str) -> Attribute:
    parts = (Attribute("name", case_exact=True, required=True), Attribute("proficiency", "decimal"))
    return Attribute(name, "complex", multi=True, parts=parts, key="name")


USER = ResourceSchema(
    "User",
    USER_URN,
    _named(
        (
            _ID,
            Attribute("userName", required=True, returned="always", uniqueness="server"),
            Attribute("displayName", required=True),
            Attribute("active", "boolean", returned="always"),
            Attribute("password", mutability="writeOnly", returned="never"),
            Attribute("title"),
            _typed("phoneNumbers", PHONE_TYPES),
            _typed("emails", EMAIL_TYPES),
            _EXTERNAL_ID,
            _references("groups", "readOnly"),
            Attribute("roles", "complex", multi=True, parts=(Attribute("value"),), key="value"),
            _META,
        )
    ),
    {
        ENTERPRISE_URN: _named(
            (
                Attribute("division"),
                Attribute("department"),
                Attribute(
                    "manager",
                    "complex",
                    parts=(Attribute("value", case_exact=True), Attribute("$ref", "reference")),
                ),
                Attribute("employeeNumber"),
                Attribute("dateHire"),
            )
        ),
        GENESYS_URN: _named(
            (
                _rated("routingSkills"),
                _rated("routingLanguages"),
                Attribute(
                    "externalIds",
                    "complex",
                    multi=True,
                    parts=(
                        Attribute("authority", case_exact=True, required=True),
                        Attribute("value", case_exact=True, required=True),
                    ),
                    key="authority",
                ),
            )
        ),
    },
)

GROUP = ResourceSchema(
    "Group",
    GROUP_URN,
    _named((_ID, Attribute("displayName", required=True), _EXTERNAL_ID, _references("members", "readWrite"), _META)),
)
