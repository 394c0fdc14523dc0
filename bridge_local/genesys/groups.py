"""What a client can do to groups: rename, and change their members. It can neither make nor delete one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from bridge_local.genesys.directory import Directory
from bridge_local.genesys.errors import bad_request, platform_error, scim_error
from bridge_local.genesys.patch import Operation, read_operations, same_id
from bridge_local.genesys.records import Group
from bridge_local.genesys.schema import GROUP
from bridge_local.genesys.switches import GenesysSwitches
from bridge_local.genesys.values import canonical_names


@dataclass
class _Draft:
    """A group as a request wants it."""

    group: Group
    display_name: str
    external_id: str
    members: dict[str, str]


@dataclass(frozen=True)
class Groups:
    """The groups of one organisation."""

    directory: Directory
    switches: GenesysSwitches

    def get(self, group_id: str) -> Group:
        """A group by id.

        Raises:
            Refused: 404.
        """
        group = self.directory.groups.get(group_id)
        if group is None:
            raise platform_error(HTTPStatus.NOT_FOUND)
        return group

    def put(self, group: Group, body: Any) -> Group:
        """Replace name, externalId and members.

        Raises:
            Refused: 400, 403, 404, 409.
        """
        named = canonical_names(self.switches, GROUP, body)
        draft = _draft(group)
        cleared = self.switches.put_omitted == "cleared"
        self._set_text(draft, "displayName", named.get("displayName"))
        if "externalId" in named or cleared:
            self._set_text(draft, "externalId", named.get("externalId"))
        if "members" in named or cleared:
            self._replace(draft, named.get("members"))
        return self._write(draft)

    def patch(self, group: Group, body: Any) -> Group:
        """Apply a PATCH, wholly or not at all.

        Raises:
            Refused: 400, 403, 404, 409.
        """
        draft = _draft(group)
        for operation in read_operations(self.switches, GROUP, body):
            self._apply(draft, operation)
        return self._write(draft)

    def _apply(self, draft: _Draft, operation: Operation) -> None:
        name = operation.attribute.name
        if name == "id":
            same_id(self.switches, operation, draft.group.id)
        elif name != "members":
            self._set_text(draft, name, None if operation.op == "remove" else operation.value)
        elif operation.conditions:
            self._chosen(draft, operation)
        elif operation.op == "add":
            self._add(draft, operation.value)
        elif operation.op == "replace":
            self._replace(draft, operation.value)
        else:
            self._remove(draft, operation.value)

    def _set_text(self, draft: _Draft, name: str, value: Any) -> None:
        if value is not None and not isinstance(value, str):
            raise bad_request(self.switches, "invalidValue", f"{name} must be a string")
        if name == "externalId":
            draft.external_id = value or ""
        elif value is None or not value.strip():
            raise bad_request(self.switches, "invalidValue", "displayName is required")
        else:
            draft.display_name = value.strip()

    def _members(self, value: Any) -> dict[str, str]:
        """The ids a value names; an object alone counts as a list of one."""
        elements = [value] if isinstance(value, Mapping) else value
        if not isinstance(elements, list):
            raise bad_request(self.switches, "invalidValue", "members must be a list of objects")
        ids: dict[str, str] = {}
        for element in elements:
            member = element.get("value") if isinstance(element, Mapping) else None
            if not isinstance(member, str) or not member:
                raise bad_request(self.switches, "invalidValue", "members.value must be an id")
            ids[member] = str(element.get("type", ""))
        return ids

    def _add(self, draft: _Draft, value: Any) -> None:
        wanted = self._members(value)
        if self.switches.max_added is not None and len(wanted) > self.switches.max_added:
            raise bad_request(self.switches, "tooMany", f"at most {self.switches.max_added} members in one action")
        for member in wanted:
            if member in draft.members:
                self._repeated("is already a member")
                continue
            kind = self._kind(member)
            if kind is not None:
                draft.members[member] = kind

    def _kind(self, member: str) -> str | None:
        """User or Group; None for an id to ignore."""
        user = self.directory.user(member)
        if user is not None and not self.directory.is_new(member):
            if not user.active and self.switches.adding_inactive == "400":
                raise bad_request(self.switches, "invalidValue", f"{member} is inactive")
            return "User"
        if member in self.directory.groups:
            return "Group"
        if self.switches.unknown_member == "ignored":
            return None
        if self.switches.unknown_member == "404":
            raise platform_error(HTTPStatus.NOT_FOUND, entityId=member)
        raise bad_request(self.switches, "invalidValue", f"{member} is no user or group")

    def _replace(self, draft: _Draft, value: Any) -> None:
        members: dict[str, str] = {}
        for member in self._members(value if value is not None else []):
            kind = draft.members.get(member) or self._kind(member)
            if kind is not None:
                members[member] = kind
        draft.members = members

    def _remove(self, draft: _Draft, value: Any) -> None:
        if value is None:
            draft.members = {}
            return
        for member in self._members(value):
            if draft.members.pop(member, None) is None:
                self._repeated("is no member")

    def _chosen(self, draft: _Draft, operation: Operation) -> None:
        """``members[value eq "id"]``: only removing makes sense."""
        if operation.op != "remove" or operation.part is not None:
            raise bad_request(self.switches, "invalidPath", "chosen members can only be removed")
        if len(operation.conditions) == 1 and operation.conditions[0].part.name == "value":
            wanted = operation.conditions[0].value
            chosen = [wanted] if wanted in draft.members else []
        else:
            entries = ({"value": member, "type": kind} for member, kind in draft.members.items())
            chosen = [
                entry["value"] for entry in entries if all(condition.holds(entry) for condition in operation.conditions)
            ]
        if not chosen:
            self._repeated("is no member")
        for member in chosen:
            del draft.members[member]

    def _repeated(self, what: str) -> None:
        if self.switches.repeated_members == "400":
            raise bad_request(self.switches, "invalidValue", f"a named id {what}")

    def _write(self, draft: _Draft) -> Group:
        group = draft.group
        if draft.members.keys() != group.members.keys():
            removed = len(group.members.keys() - draft.members.keys())
            if removed > self.switches.removal_guard:
                self._too_many()
            if group.rule_based:
                self._rules_decide()
                draft.members = dict(group.members)
        same_members = draft.members.keys() == group.members.keys()
        members = group.members if same_members else draft.members
        if same_members and (draft.display_name, draft.external_id) == (group.display_name, group.external_id):
            return group
        return self.directory.write_group(
            replace(group, display_name=draft.display_name, external_id=draft.external_id, members=members)
        )

    def _too_many(self) -> None:
        detail = f"An action may not remove more than {self.switches.removal_guard} members."
        if self.switches.removal_guard_answer == "409":
            raise scim_error(HTTPStatus.CONFLICT, detail)
        raise bad_request(self.switches, "tooMany", detail)

    def _rules_decide(self) -> None:
        """A rule-based group refuses the write, or (returning) ignores it."""
        answer = self.switches.rule_based_write
        if answer == "400":
            raise bad_request(self.switches, "mutability", "the members of this group come from rules")
        if answer in {"403", "409"}:
            raise platform_error(int(answer))


def _draft(group: Group) -> _Draft:
    return _Draft(group, group.display_name, group.external_id, dict(group.members))
