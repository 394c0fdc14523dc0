"""What a client can do to users: create, replace, modify, delete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from bridge_local.genesys.directory import HOME_DIVISION, Directory
from bridge_local.genesys.errors import Refused, bad_request, platform_error, scim_error
from bridge_local.genesys.patch import UserPatch, read_operations
from bridge_local.genesys.records import User
from bridge_local.genesys.schema import ENTERPRISE_URN, GENESYS_URN, USER
from bridge_local.genesys.switches import GenesysSwitches
from bridge_local.genesys.treatment import treated
from bridge_local.genesys.values import UserValues, canonical_names

NAME_TAKEN = "User name already in use by non-deleted user."

_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Users:
    """The users of one organisation."""

    directory: Directory
    switches: GenesysSwitches

    def get(self, user_id: str) -> User:
        """A user by id, always as last written.

        Raises:
            Refused: 404.
        """
        return self._shown(self.directory.users.get(user_id))

    def read(self, user_id: str) -> User:
        """A user by id as a GET shows it, perhaps an older version.

        Raises:
            Refused: 404.
        """
        return self._shown(self.directory.seen_user(user_id))

    def _shown(self, user: User | None) -> User:
        if user is None or user.id in self.directory.hidden:
            raise platform_error(HTTPStatus.NOT_FOUND)
        if user.deleted and self.switches.deleted_by_id == "404":
            raise platform_error(HTTPStatus.NOT_FOUND)
        return user

    def create(self, body: Any) -> tuple[int, User]:
        """A new user, or a deleted one restored: the status of the answer, the user.

        Raises:
            Refused: 400, 409.
        """
        named = canonical_names(self.switches, USER, body)
        attributes = treated(self.switches, self._values.canonical(named, {}), {})
        self._free_name(attributes["userName"], "")
        self._free_licence(attributes, was_active=False)
        deleted = self.directory.deleted_holder(attributes["userName"])
        answer = self.switches.deleted_user_name
        if deleted is None or answer == "new":
            self._free_identities(attributes, "")
            user_id = self.directory.new_id()
            return HTTPStatus.CREATED, self.directory.write_user(User(user_id, attributes, 0, _BEGINNING))
        if answer == "409":
            raise platform_error(HTTPStatus.CONFLICT)
        if "roles" not in named:
            del attributes["roles"]
        merged = {**deleted.attributes, **attributes}
        merged[ENTERPRISE_URN] = {**deleted.attributes[ENTERPRISE_URN], **attributes[ENTERPRISE_URN]}
        self._free_identities(merged, deleted.id)
        status = HTTPStatus.CREATED if answer == "restored-201" else HTTPStatus.OK
        return status, self.directory.write_user(replace(deleted, attributes=merged, deleted=False))

    def put(self, user: User, body: Any) -> User:
        """Replace a user's attributes.

        Raises:
            Refused: 400, 409.
        """
        named = canonical_names(self.switches, USER, body)
        kept = {name: user.attributes[name] for name in ("userName", "displayName", "active")}
        base = dict(user.attributes) if self.switches.put_omitted == "kept" else kept
        return self._write(user, {**base, **named})

    def patch(self, user: User, body: Any) -> User:
        """Apply a PATCH, wholly or not at all.

        Raises:
            Refused: 400, 409.
        """
        operations = read_operations(self.switches, USER, body)
        return self._write(user, UserPatch(self.switches, user.id).apply(user.attributes, operations))

    def edit(self, user: User, changes: Mapping[str, Any]) -> User:
        """What an administrator changes by hand: whole attributes, None clears one."""
        return self._write(user, {**user.attributes, **canonical_names(self.switches, USER, changes)}, by_hand=True)

    def delete(self, user: User) -> User:
        """Softly delete: the roles and the division go, memberships end."""
        attributes = {name: value for name, value in user.attributes.items() if name != "roles"}
        attributes["active"] = False
        attributes[ENTERPRISE_URN] = {**user.attributes[ENTERPRISE_URN], "division": HOME_DIVISION}
        written = self.directory.write_user(replace(user, attributes=attributes, deleted=True))
        self.directory.leave_groups(user.id)
        return written

    def restore(self, user: User) -> User:
        """Bring a deleted user back by hand: active, in the division Home, without roles and groups.

        Raises:
            Refused: 409, the name or an external identifier has been taken meanwhile, or no licence is left.
        """
        attributes = {**user.attributes, "active": True}
        self._free_name(user.user_name, user.id)
        self._free_identities(attributes, user.id)
        self._free_licence(attributes, was_active=False)
        return self.directory.write_user(replace(user, attributes=attributes, deleted=False))

    @property
    def _values(self) -> UserValues:
        return UserValues(self.directory, self.switches)

    def _write(self, user: User, document: Mapping[str, Any], *, by_hand: bool = False) -> User:
        attributes = self._values.canonical(document, user.attributes)
        if not by_hand:
            attributes = treated(self.switches, attributes, user.attributes)
        if user.deleted and not attributes["active"]:
            raise bad_request(self.switches, "mutability", "a deleted user can only be restored")
        if attributes == user.attributes:
            return user
        self._free_name(attributes["userName"], user.id)
        self._free_identities(attributes, user.id)
        self._free_licence(attributes, was_active=user.active and not user.deleted)
        ended = user.active and not attributes["active"]
        if ended and self.switches.inactive_roles == "removed":
            attributes.pop("roles", None)
        left = ended and self.switches.inactive_members == "removed"
        written = self.directory.write_user(replace(user, attributes=attributes, deleted=False))
        if left:
            self.directory.leave_groups(user.id)
        return written

    def _free_name(self, user_name: str, user_id: str) -> None:
        holder = self.directory.holder(user_name)
        if holder is not None and holder.id != user_id:
            raise self._taken(NAME_TAKEN)

    def _free_licence(self, attributes: Mapping[str, Any], *, was_active: bool) -> None:
        licences = self.switches.licences
        if licences is None or was_active or not attributes["active"]:
            return
        if sum(user.active and not user.deleted for user in self.directory.users.values()) >= licences:
            raise platform_error(int(self.switches.licence_refusal), message="No license is available for this user.")

    def _taken(self, detail: str) -> Refused:
        return scim_error(HTTPStatus.CONFLICT, detail, "uniqueness" if self.switches.uniqueness_type else "")

    def _free_identities(self, attributes: Mapping[str, Any], user_id: str) -> None:
        entries = attributes.get(GENESYS_URN, {}).get("externalIds", ())
        identities = [(entry["authority"], entry["value"]) for entry in entries]
        if attributes.get("externalId"):
            identities.append(("", attributes["externalId"]))
        for identity in identities:
            if self.directory.identity_holder(*identity) in {None, user_id}:
                continue
            if self.switches.external_id_taken == "409":
                raise self._taken("External identifier already in use.")
            if self.switches.external_id_taken == "400":
                raise bad_request(self.switches, "uniqueness", "External identifier already in use.")
