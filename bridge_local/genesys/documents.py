"""Resources as they are answered: documents, projections (attributes, excludedAttributes), lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bridge_local.exchange import Request
from bridge_local.genesys.directory import Directory
from bridge_local.genesys.errors import bad_request
from bridge_local.genesys.records import Group, User
from bridge_local.genesys.schema import ENTERPRISE_URN, GENESYS_URN, GROUP_URN, USER_URN, ResourceSchema
from bridge_local.genesys.switches import GenesysSwitches
from bridge_local.genesys.values import SCIM_AUTHORITY

LIST_URN = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

_ALWAYS = frozenset({"schemas", "id", "userName", "active", "meta"})


def etag(version: int, *, weak: bool = False) -> str:
    """The version as ETag and ``meta.version`` show it: in double quotes."""
    return f'W/"{version}"' if weak else f'"{version}"'


def timestamp(moment: datetime) -> str:
    """ISO 8601 with milliseconds and Z."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


@dataclass(frozen=True)
class Projection:
    """Which attributes an answer shows.

    Attributes:
        wanted: (schema URN or "" for the core, attribute or "" for a whole extension); None for all.
        unwanted: likewise.
    """

    wanted: frozenset[tuple[str, str]] | None = None
    unwanted: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, request: Request, schema: ResourceSchema, switches: GenesysSwitches) -> Projection:
        """What the parameters ``attributes`` and ``excludedAttributes`` ask for.

        Raises:
            Refused: 400, a name that the resource does not have.
        """
        wanted = _names(request, "attributes", schema, switches)
        return cls(wanted or None, _names(request, "excludedAttributes", schema, switches))

    def shows(self, urn: str, name: str) -> bool:
        """Whether the attribute is in the answer."""
        if not urn and name in _ALWAYS:
            return True
        keys = {(urn, name), (urn, "")} if urn else {(urn, name)}
        return (self.wanted is None or bool(keys & self.wanted)) and not keys & self.unwanted

    def apply(self, document: dict[str, Any]) -> dict[str, Any]:
        """The document with only what is shown."""
        if self.wanted is None and not self.unwanted:
            return document
        shown: dict[str, Any] = {}
        for name, value in document.items():
            if name in {ENTERPRISE_URN, GENESYS_URN}:
                part = {inner: held for inner, held in value.items() if self.shows(name, inner)}
                if part:
                    shown[name] = part
            elif self.shows("", name):
                shown[name] = value
        return shown


def _names(
    request: Request, parameter: str, schema: ResourceSchema, switches: GenesysSwitches
) -> frozenset[tuple[str, str]]:
    names: set[tuple[str, str]] = set()
    for key, value in request.query:
        if key != parameter:
            continue
        for name in value.split(",") if switches.comma_lists else [value]:
            urn, rest = schema.split(name.strip())
            attribute = schema.attribute(urn, rest.partition(".")[0])
            if attribute is None and (rest or urn == schema.urn):
                raise bad_request(switches, "invalidValue", f"{parameter}: there is no attribute {name.strip()}")
            names.add(("" if urn == schema.urn else urn, attribute.name if attribute else ""))
    return frozenset(names)


@dataclass(frozen=True)
class Documents:
    """Makes documents; `base` is the address of the SCIM tree, such as ``https://api.../api/v2/scim/v2``."""

    directory: Directory
    switches: GenesysSwitches
    base: str
    _references: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def user(self, user: User) -> dict[str, Any]:
        """A whole ScimV2User; never changed by the model after it was made."""
        held = user.attributes
        document: dict[str, Any] = {
            "id": user.id,
            "schemas": [USER_URN, ENTERPRISE_URN, GENESYS_URN],
            "active": user.active,
            "userName": user.user_name,
            "displayName": held["displayName"],
        }
        for name in ("title", "phoneNumbers", "externalId", "roles"):
            if name in held:
                document[name] = held[name]
        document["emails"] = [{"value": user.user_name, "type": "other"}, *held.get("emails", ())]
        document["groups"] = [self._reference("Group", group_id) for group_id in self.directory.groups_of(user.id)]
        document[ENTERPRISE_URN] = self._enterprise(held[ENTERPRISE_URN])
        genesys = dict(held.get(GENESYS_URN, {}))
        if user.external_id:
            mirror = {"authority": SCIM_AUTHORITY, "value": user.external_id}
            genesys["externalIds"] = [mirror, *genesys.get("externalIds", ())]
        if genesys:
            document[GENESYS_URN] = genesys
        document["meta"] = self._meta("User", user.id, user.modified, user.version)
        return document

    def group(self, group: Group, *, members: bool = True) -> dict[str, Any]:
        """A whole ScimV2Group, or one without members."""
        document: dict[str, Any] = {"id": group.id, "schemas": [GROUP_URN], "displayName": group.display_name}
        if group.external_id:
            document["externalId"] = group.external_id
        if members:
            document["members"] = [self._reference(kind, member) for member, kind in group.members.items()]
        document["meta"] = self._meta("Group", group.id, group.modified, group.version)
        return document

    def _enterprise(self, held: Mapping[str, Any]) -> dict[str, Any]:
        if "manager" not in held:
            return dict(held)
        manager = held["manager"]["value"]
        return {**held, "manager": {"value": manager, "$ref": f"{self.base}/users/{manager}"}}

    def _reference(self, kind: str, resource_id: str) -> dict[str, str]:
        key = kind, resource_id
        known = self._references.get(key)
        if known is None:
            address = f"{self.base}/{kind.lower()}s/{resource_id}"
            known = self._references[key] = {"type": kind, "value": resource_id, "$ref": address}
        return known

    def _meta(self, kind: str, resource_id: str, modified: datetime, version: int) -> dict[str, str]:
        shown = {} if self.switches.no_etags else {"version": etag(version, weak=self.switches.weak_etags)}
        return {
            "resourceType": kind,
            "lastModified": timestamp(modified),
            "location": f"{self.base}/{kind.lower()}s/{resource_id}",
            **shown,
        }


def list_response(total: int, start: int, resources: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A page of a list; `start` counts from 1."""
    page = list(resources)
    return {
        "schemas": [LIST_URN],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(page),
        "Resources": page,
    }
