"""What administrators do by hand in Genesys Cloud, and what tests look at: no HTTP, no limits, no faults."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from threading import RLock
from typing import Any

from bridge_local.exchange import Now
from bridge_local.genesys.directory import Directory
from bridge_local.genesys.documents import Documents
from bridge_local.genesys.errors import platform_error
from bridge_local.genesys.groups import Groups
from bridge_local.genesys.records import Group, User
from bridge_local.genesys.switches import GenesysSwitches
from bridge_local.genesys.users import Users

PERMISSIONS = frozenset(
    {
        "directory:user:add",
        "directory:user:edit",
        "directory:user:delete",
        "directory:user:setPassword",
        "directory:group:edit",
        "authorization:grant:add",
        "authorization:grant:delete",
        "routing:skill:assign",
        "routing:language:assign",
        "telephony:extension:assign",
    }
)
"""What the role *SCIM Integration* gives."""


class Administration:
    """The organisation as its administrators see it; every method may be called from any thread.

    Attributes:
        switches: see `GenesysSwitches`.
        directory: the people and groups; its `divisions`, `roles`, `skills` and `languages` may be extended.
        permissions: those of the OAuth client's role.
    """

    def __init__(self, now: Now, rng: random.Random, switches: GenesysSwitches, base: str) -> None:
        self.switches = switches
        self.directory = Directory(now, rng, switches)
        self.permissions: set[str] = set(PERMISSIONS)
        self._now = now
        self._lock = RLock()
        self._users = Users(self.directory, switches)
        self._groups = Groups(self.directory, switches)
        self._documents = Documents(self.directory, switches, base)

    def take_role(self) -> None:
        """Take the role away from the OAuth client: nearly everything is 403."""
        self.permissions = set()

    def give_role(self) -> None:
        """Give the role back."""
        self.permissions = set(PERMISSIONS)

    # ------------------------------------------------------------------------------------------- Users

    def add_user(self, document: Mapping[str, Any]) -> str:
        """Make a user from a SCIM document (at least userName and displayName); its id.

        Raises:
            Refused: as POST.
        """
        with self._lock:
            return self._users.create(document)[1].id

    def edit_user(self, user_id: str, changes: Mapping[str, Any]) -> None:
        """Change whole attributes of a user by hand; None clears one.

        Raises:
            Refused: as PATCH.
        """
        with self._lock:
            self._users.edit(self._known(user_id), changes)

    def delete_user(self, user_id: str) -> None:
        """Softly delete a user.

        Raises:
            Refused: 404.
        """
        with self._lock:
            self._users.delete(self._known(user_id))

    def restore_user(self, user_id: str) -> None:
        """Bring a deleted user back: active, in the division Home, without roles and groups.

        Raises:
            KeyError: there is no deleted user of that id.
            Refused: 409, the name or an external identifier has been taken meanwhile.
        """
        with self._lock:
            user = self.directory.users[user_id]
            if not user.deleted:
                raise KeyError(f"user {user_id} is not deleted")
            self._users.restore(user)

    def deactivate_user(self, user_id: str) -> None:
        """Set a user as inactive.

        Raises:
            Refused: 404.
        """
        self.edit_user(user_id, {"active": False})

    def activate_user(self, user_id: str) -> None:
        """Set a user as active.

        Raises:
            Refused: 404, or no licence is left.
        """
        self.edit_user(user_id, {"active": True})

    def rename_user(self, user_id: str, display_name: str, user_name: str = "") -> None:
        """Give a user another name, and another e-mail address to sign in with.

        Raises:
            Refused: 404, or 409 for an address that somebody has.
        """
        self.edit_user(user_id, {"displayName": display_name, **({"userName": user_name} if user_name else {})})

    def hide_user(self, user_id: str) -> None:
        """Move a user into a division that the client may not see: 404 by id, in no search, and 409 on POST."""
        with self._lock:
            self.directory.hidden.add(user_id)

    def show_user(self, user_id: str) -> None:
        """Move a hidden user back."""
        with self._lock:
            self.directory.hidden.discard(user_id)

    def user(self, user_id: str) -> dict[str, Any] | None:
        """The SCIM document of one user, None when deleted or unknown."""
        with self._lock:
            user = self.directory.user(user_id)
            return None if user is None else self._plain(user)

    def find_user(self, user_name: str) -> dict[str, Any] | None:
        """The SCIM document of the active or inactive user with that userName."""
        with self._lock:
            user = self.directory.holder(user_name)
            return None if user is None else self._plain(user)

    def users(self) -> list[dict[str, Any]]:
        """The SCIM documents of all active and inactive users, as they are now."""
        with self._lock:
            return [self._plain(user) for user in self.directory.users.values() if not user.deleted]

    def _known(self, user_id: str) -> User:
        """A user whom an administrator sees, hidden from the client or not."""
        user = self.directory.users.get(user_id)
        if user is None or user.deleted:
            raise platform_error(HTTPStatus.NOT_FOUND)
        return user

    def _plain(self, user: User) -> dict[str, Any]:
        return copy.deepcopy(self._documents.user(user))

    # ------------------------------------------------------------------------------------------ Groups

    def add_group(self, name: str, group_id: str | None = None, *, rule_based: bool = False) -> str:
        """Make a group; its id."""
        with self._lock:
            group = Group(group_id or self.directory.new_id(), name, {}, 0, self._now(), rule_based=rule_based)
            return self.directory.write_group(group).id

    def rename_group(self, group: str, name: str) -> None:
        """Give a group (by id or name) another name."""
        with self._lock:
            self.directory.write_group(replace(self._group(group), display_name=name))

    def delete_group(self, group: str) -> None:
        """Delete a group (by id or name)."""
        with self._lock:
            self.directory.drop_group(self._group(group).id)

    def edit_members(self, group: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Add and remove members of a group (by id or name) by hand, whatever the switches say."""
        with self._lock:
            found = self._group(group)
            gone = set(remove)
            members = {member: kind for member, kind in found.members.items() if member not in gone}
            members.update({member: "Group" if member in self.directory.groups else "User" for member in add})
            self.directory.write_group(replace(found, members=members))

    def members(self, group: str) -> frozenset[str]:
        """Ids of the members of a group (by id or name)."""
        with self._lock:
            return frozenset(self._group(group).members)

    def groups(self) -> dict[str, str]:
        """Id -> name of all groups."""
        with self._lock:
            return {group.id: group.display_name for group in self.directory.groups.values()}

    def _group(self, group: str) -> Group:
        if group in self.directory.groups:
            return self.directory.groups[group]
        found = self.directory.groups_named(group)
        if len(found) != 1:
            raise KeyError(f"{len(found)} groups have the id or name {group!r}, expected one")
        return found[0]

    # ------------------------------------------------------------------------------------------- State

    def to_state(self) -> dict[str, Any]:
        """Everything but tokens, calls and faults, as JSON can hold it."""
        with self._lock:
            directory = self.directory
            return {
                "v": 1,
                "divisions": sorted(directory.divisions),
                "roles": sorted(directory.roles),
                "skills": sorted(directory.skills),
                "languages": sorted(directory.languages),
                "hidden": sorted(directory.hidden),
                "users": [_state(user) for user in directory.users.values()],
                "groups": [_state(group) for group in directory.groups.values()],
            }

    def from_state(self, state: Mapping[str, Any]) -> None:
        """Put a state of `to_state` in the place of everything."""
        with self._lock:
            directory = self.directory
            directory.clear()
            directory.divisions = set(state["divisions"])
            directory.roles = set(state["roles"])
            directory.skills = set(state["skills"])
            directory.languages = set(state["languages"])
            directory.hidden = set(state.get("hidden", ()))
            for user in state["users"]:
                directory.load_user(User(**{**user, "modified": _moment(user["modified"])}), self._now())
            for group in state["groups"]:
                directory.load_group(Group(**{**group, "modified": _moment(group["modified"])}))


def _state(record: User | Group) -> dict[str, Any]:
    document = {name: getattr(record, name) for name in record.__slots__}
    return copy.deepcopy({**document, "modified": record.modified.isoformat()})


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
