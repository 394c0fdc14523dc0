"""The organisation's people and groups, indexed, with the search index that may lag behind."""

from __future__ import annotations

import random
import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from bridge_local.exchange import Now
from bridge_local.genesys.records import Group, User
from bridge_local.genesys.schema import GENESYS_URN
from bridge_local.genesys.switches import GenesysSwitches

HOME_DIVISION = "Home"
DEFAULT_ROLE = "employee"

_REMEMBERED = 4
"""Versions of a user or group before the present one."""

_Ids = dict[str, dict[str, None]]
R = TypeVar("R", User, Group)


class SearchIndex:
    """What lists and filters see: the users as they were `GenesysSwitches.search_lag` seconds ago."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self._names: _Ids = {}
        self._external_ids: _Ids = {}
        self._pending: deque[tuple[datetime, User]] = deque()

    def write(self, user: User, visible: datetime, now: datetime) -> None:
        """Note a written user who becomes visible at `visible`."""
        self._pending.append((visible, user))
        self.refresh(now)

    def refresh(self, now: datetime) -> None:
        """Let in what has become visible."""
        while self._pending and self._pending[0][0] <= now:
            self._apply(self._pending.popleft()[1])

    def by_name(self, user_name: str) -> list[User]:
        """The users of that userName, without case."""
        return [self.users[user_id] for user_id in self._names.get(user_name.casefold(), ())]

    def by_external_id(self, external_id: str) -> list[User]:
        """The users of that externalId, with case."""
        return [self.users[user_id] for user_id in self._external_ids.get(external_id, ())]

    def _apply(self, user: User) -> None:
        known = self.users.get(user.id)
        if known is not None:
            self._names[known.user_name.casefold()].pop(user.id, None)
            self._external_ids.get(known.external_id, {}).pop(user.id, None)
        if user.deleted:
            self.users.pop(user.id, None)
            return
        self.users[user.id] = user
        self._names.setdefault(user.user_name.casefold(), {})[user.id] = None
        if user.external_id:
            self._external_ids.setdefault(user.external_id, {})[user.id] = None


class Directory:
    """Users, groups and memberships; knows nothing of HTTP or of who may do what.

    Attributes:
        users: by id, the deleted ones too.
        groups: by id.
        index: what searches see.
        divisions: names that exist.
        roles: names that exist.
        skills: routing skills that exist.
        languages: routing languages that exist.
        hidden: ids of users in divisions that the client may not see.
    """

    def __init__(self, now: Now, rng: random.Random, switches: GenesysSwitches) -> None:
        self._now = now
        self._rng = rng
        self._switches = switches
        self.divisions = {HOME_DIVISION}
        self.roles = {DEFAULT_ROLE, "admin"}
        self.skills: set[str] = set()
        self.languages: set[str] = set()
        self.clear()

    def clear(self) -> None:
        """Forget every user and group."""
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.index = SearchIndex()
        self._names: dict[str, str] = {}
        self._deleted_names: dict[str, str] = {}
        self._identities: dict[tuple[str, str], str] = {}
        self._group_names: _Ids = {}
        self._memberships: _Ids = {}
        self.hidden: set[str] = set()
        self._past: dict[str, deque[tuple[datetime, User | Group]]] = {}
        self._born: dict[str, datetime] = {}

    # ------------------------------------------------------------------------------------------- Users

    def new_id(self) -> str:
        """A UUID of the model's own randomness."""
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def user(self, user_id: str) -> User | None:
        """A user who is not deleted."""
        user = self.users.get(user_id)
        return None if user is None or user.deleted else user

    def holder(self, user_name: str) -> User | None:
        """The active or inactive user who holds the userName."""
        user_id = self._names.get(user_name.casefold())
        return None if user_id is None else self.users[user_id]

    def deleted_holder(self, user_name: str) -> User | None:
        """The deleted user who last held the userName."""
        user_id = self._deleted_names.get(user_name.casefold())
        return None if user_id is None else self.users[user_id]

    def identity_holder(self, authority: str, value: str) -> str | None:
        """Id of the user who has that external identifier; the authority of externalId is the empty one."""
        return self._identities.get((authority, value))

    def write_user(self, user: User) -> User:
        """Store a user at the next version and the present time."""
        now = self._now()
        known = self.users.get(user.id)
        if known is None:
            self._born[user.id] = now
        written = replace(user, version=(known.version if known else 0) + 1, modified=now)
        self.load_user(written, now + timedelta(seconds=self._switches.search_lag))
        return written

    def load_user(self, user: User, visible: datetime) -> None:
        """Store a user just as it is; searches see it from `visible` on."""
        known = self.users.get(user.id)
        if known is not None:
            self._forget(known)
            self._remember(known)
        self.users[user.id] = user
        if user.deleted:
            self._deleted_names[user.user_name.casefold()] = user.id
        else:
            self._names[user.user_name.casefold()] = user.id
            for identity in _identities(user):
                self._identities[identity] = user.id
        self.index.write(user, visible, self._now())

    def visible(self) -> SearchIndex:
        """The search index as it is at this moment."""
        self.index.refresh(self._now())
        return self.index

    def seen_user(self, user_id: str) -> User | None:
        """The user as a read by id shows it, deleted or not: as it was `GenesysSwitches.read_lag` seconds ago."""
        user = self.users.get(user_id)
        return None if user is None else self._seen(user)

    def seen_group(self, group: Group) -> Group:
        """The group as a read by id shows it."""
        return self._seen(group)

    def is_new(self, user_id: str) -> bool:
        """Whether the group service does not know the user yet, by `GenesysSwitches.member_lag`."""
        born = self._born.get(user_id)
        return born is not None and (self._now() - born).total_seconds() < self._switches.member_lag

    def _seen(self, current: R) -> R:
        lag = self._switches.read_lag
        if lag <= 0:
            return current
        for at, record in self._past.get(current.id, ()):
            if (self._now() - at).total_seconds() < lag:
                return cast("R", record)
        return current

    def _remember(self, record: User | Group) -> None:
        self._past.setdefault(record.id, deque(maxlen=_REMEMBERED)).append((self._now(), record))

    def _forget(self, user: User) -> None:
        name = user.user_name.casefold()
        names = self._deleted_names if user.deleted else self._names
        if names.get(name) == user.id:
            del names[name]
        for identity in _identities(user):
            if self._identities.get(identity) == user.id:
                del self._identities[identity]

    # ------------------------------------------------------------------------------------------ Groups

    def groups_named(self, name: str) -> list[Group]:
        """The groups of that name, without case."""
        return [self.groups[group_id] for group_id in self._group_names.get(name.lower(), ())]

    def groups_of(self, member_id: str) -> Iterator[str]:
        """Ids of the groups of a member."""
        return iter(self._memberships.get(member_id, ()))

    def write_group(self, group: Group) -> Group:
        """Store a group at the next version and the present time."""
        known = self.groups.get(group.id)
        written = replace(group, version=(known.version if known else 0) + 1, modified=self._now())
        self.load_group(written)
        return written

    def load_group(self, group: Group) -> None:
        """Store a group just as it is."""
        known = self.groups.get(group.id)
        if known is None or known.display_name != group.display_name:
            if known is not None:
                self._group_names[known.display_name.lower()].pop(group.id)
            self._group_names.setdefault(group.display_name.lower(), {})[group.id] = None
        if known is not None:
            self._remember(known)
        self.groups[group.id] = group
        before: Mapping[str, str] = known.members if known else {}
        if before is not group.members:
            gone = [member for member in before if member not in group.members]
            self._relate(group.id, gone, [member for member in group.members if member not in before])

    def drop_group(self, group_id: str) -> None:
        """Take a group away."""
        group = self.groups.pop(group_id)
        self._group_names[group.display_name.lower()].pop(group_id)
        self._relate(group_id, group.members, ())
        self.leave_groups(group_id)

    def leave_groups(self, member_id: str) -> None:
        """Take a member out of all its groups."""
        for group_id in list(self.groups_of(member_id)):
            group = self.groups[group_id]
            members = {member: kind for member, kind in group.members.items() if member != member_id}
            self.write_group(replace(group, members=members))

    def _relate(self, group_id: str, gone: Iterable[str], new: Iterable[str]) -> None:
        for member in gone:
            self._memberships[member].pop(group_id, None)
        for member in new:
            self._memberships.setdefault(member, {})[group_id] = None


def _identities(user: User) -> Iterator[tuple[str, str]]:
    if user.external_id:
        yield "", user.external_id
    entries: Iterable[Mapping[str, Any]] = user.attributes.get(GENESYS_URN, {}).get("externalIds", ())
    for entry in entries:
        yield entry["authority"], entry["value"]
