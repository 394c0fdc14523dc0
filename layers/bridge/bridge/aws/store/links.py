"""Links of users and groups, their fences, and the reverse records that keep one Okta object for each Genesys id.

Records: ``users``/``<okta user id>``; ``groups``/``<okta group id>``; ``genesys:<genesys id>``/``owner``;
``reference:<keyed hash>``/``user``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pydantic import TypeAdapter

from bridge.aws.store.holds import hold_key, hold_of
from bridge.aws.store.table import (
    Condition,
    ConditionFailed,
    Delete,
    Key,
    Put,
    Record,
    Records,
    TransactionRefused,
    Update,
)
from bridge.errors import FenceMoved, OwnerTaken
from bridge.provisioning.hold_records import Hold
from bridge.provisioning.records import GroupLink
from bridge.provisioning.user_records import PendingKind, UserLink, UserState

_USER = TypeAdapter(UserLink)
_GROUP = TypeAdapter(GroupLink)
#: The version of users' records; the reader also takes the one before it.
_USER_VERSION = 2
#: Since when a write is under way of which no record says it.
_LONG_AGO = "1970-01-01T00:00:00Z"
_USERS = "users"
_GROUPS = "groups"


class LinkRecords(Records):
    """`UserLinks` and `GroupLinks` of `bridge.provisioning.record_ports`."""

    def user(self, okta_id: str) -> UserLink | None:
        record = self._table.get(user_key(okta_id))
        return None if record is None else _user(okta_id, record)

    def users(self, okta_ids: Iterable[str]) -> dict[str, UserLink]:
        records = self._table.get_many(user_key(okta_id) for okta_id in okta_ids)
        return {okta_id: _user(okta_id, record) for (_, okta_id), record in records.items()}

    def all_users(self) -> Iterator[UserLink]:
        return (_user(record["sk"], record) for record in self._table.query(_USERS))

    def begin_user_sync(self, okta_id: str) -> UserLink:
        """Add 1 to the user's sync number; an addition that the SDK repeats skips a number, which harms nothing."""
        return _user(okta_id, self._table.update(Update(user_key(okta_id), add={"sync_number": 1})))

    def save_user(self, link: UserLink) -> None:
        self._save(user_key(link.okta_id), link, user_record(link))

    def claim_user(self, link: UserLink, *, previous_owner: str = "") -> None:
        moved: list[Update] = []
        before = self.user(previous_owner) if previous_owner not in {"", link.okta_id} else None
        if before is not None and before.genesys_id == link.genesys_id:
            moved.append(
                Update(
                    user_key(previous_owner),
                    add={"sync_number": 1},
                    put={"state": UserState.GONE.value, "genesys_id": "", "active": None, "hashes": {}, "pending": []},
                    condition=Condition("#genesys_id = :held", {"held": link.genesys_id}),
                )
            )
        self._claim(user_key(link.okta_id), link, user_record(link), f"user:{previous_owner}", moved)

    def note_references(self, references: Iterable[str], okta_id: str) -> None:
        self._table.put_many({(f"reference:{one}", "user"): {"okta_id": okta_id} for one in references})

    def referenced(self, reference: str) -> str:
        record = self._table.get((f"reference:{reference}", "user"))
        return "" if record is None else str(record["okta_id"])

    def owners(self, genesys_ids: Iterable[str]) -> dict[str, str]:
        records = self._table.get_many(owner_key(genesys_id) for genesys_id in genesys_ids)
        return {pk.removeprefix("genesys:"): record["owner"] for (pk, _), record in records.items()}

    def group(self, okta_id: str) -> GroupLink | None:
        record = self._table.get(group_key(okta_id))
        return None if record is None else _group(okta_id, record)

    def hold_and_users(self, entity: str, okta_ids: Iterable[str]) -> tuple[Hold | None, dict[str, UserLink]]:
        keys = [user_key(okta_id) for okta_id in okta_ids]
        found = self._table.get_many([*keys, hold_key(entity)])
        return hold_of(found.get(hold_key(entity))), {key[1]: _user(key[1], found[key]) for key in keys if key in found}

    def groups(self) -> list[GroupLink]:
        return [_group(record["sk"], record) for record in self._table.query(_GROUPS)]

    def begin_group_sync(self, okta_id: str) -> GroupLink:
        return _group(okta_id, self._table.update(Update(group_key(okta_id), add={"sync_number": 1})))

    def save_group(self, link: GroupLink) -> None:
        self._save(group_key(link.okta_id), link, group_record(replace(link, ended=link.sync_number)))

    def end_group_sync(self, link: GroupLink) -> None:
        ended = {"ended": link.sync_number}
        with contextlib.suppress(ConditionFailed):
            self._table.update(Update(group_key(link.okta_id), put=ended, condition=_unmoved(link)))

    def claim_group(self, link: GroupLink) -> None:
        self._claim(group_key(link.okta_id), link, group_record(link), link.entity, [])

    def _save(self, key: Key, link: UserLink | GroupLink, record: Record) -> None:
        same_id = "AND (attribute_not_exists(#genesys_id) OR #genesys_id IN (:none, :genesys_id))"
        condition = Condition(
            f"#sync_number = :sync_number {same_id}",
            {"sync_number": link.sync_number, "none": "", "genesys_id": link.genesys_id},
        )
        try:
            self._table.put(Put(key, record, condition))
        except ConditionFailed:  # the fence has moved, or the link releases a Genesys id
            release = self._release(key, link)
            try:
                self._table.transact([Put(key, record, _unmoved(link)), *release])
            except TransactionRefused:
                raise _moved(link) from None

    def _claim(
        self, key: Key, link: UserLink | GroupLink, record: Record, previous: str, moved: Sequence[Update]
    ) -> None:
        if not link.genesys_id:
            raise ValueError("a claim names a Genesys Cloud id")
        key_of_owner = owner_key(link.genesys_id)
        free = Condition(
            "attribute_not_exists(#owner) OR #owner IN (:own, :previous)", {"own": link.entity, "previous": previous}
        )
        release = self._release(key, link)
        try:
            self._table.transact(
                [Put(key, record, _unmoved(link)), Put(key_of_owner, {"owner": link.entity}, free), *moved, *release]
            )
        except TransactionRefused as refused:
            fence_moved, owned = refused.failed[:2]
            owner = self._table.get(key_of_owner) if owned and not fence_moved else None
            if owner is None:  # also when the other side of a move or a release changed meanwhile
                raise _moved(link) from None
            raise OwnerTaken(owner["owner"]) from None

    def _release(self, key: Key, link: UserLink | GroupLink) -> list[Delete]:
        """Giving back the reverse record of the Genesys id that the stored link has and `link` has not."""
        stored = self._table.get(key)
        if stored is None or stored["sync_number"] != link.sync_number:
            raise _moved(link)
        held = stored.get("genesys_id", "")
        if held in {"", link.genesys_id} or self.owners([held]).get(held) != link.entity:
            return []
        return [Delete(owner_key(held), Condition("#owner = :own", {"own": link.entity}))]


def _unmoved(link: UserLink | GroupLink) -> Condition:
    return Condition("#sync_number = :sync_number", {"sync_number": link.sync_number})


def _moved(link: UserLink | GroupLink) -> FenceMoved:
    return FenceMoved(f"another sync of {link.entity} has begun")


def user_key(okta_id: str) -> Key:
    """The key of a user's link."""
    return _USERS, okta_id


def group_key(okta_id: str) -> Key:
    """The key of a group's link."""
    return _GROUPS, okta_id


def owner_key(genesys_id: str) -> Key:
    """The key of a reverse record."""
    return f"genesys:{genesys_id}", "owner"


def user_record(link: UserLink) -> Record:
    """The record of a user's link."""
    return {**_USER.dump_python(link, mode="json"), "v": _USER_VERSION}


def group_record(link: GroupLink) -> Record:
    """The record of a group's link."""
    record: Record = _GROUP.dump_python(link, mode="json")
    return record


def _user(okta_id: str, record: Record) -> UserLink:
    if record["v"] < _USER_VERSION:
        record = {**record, **_from_version_1(record)}
    return _USER.validate_python({**record, "okta_id": okta_id})


def _from_version_1(record: Record) -> Record:
    """What has another name or form since version 2, which says in one place which writes have had no answer.

    Until then a state ``creating`` and ``posted`` stood for a POST, ``patching``, ``active`` null and empty hashes for
    a PATCH, and ``waiting_since`` said no reason.
    """
    hashes: dict[str, str] = record.get("hashes") or {}
    posted, patching, active = record.get("posted"), record.get("patching"), record.get("active")
    linked = bool(record.get("genesys_id"))
    pending: list[Record] = []
    if posted and not linked:
        pending.append({"kind": PendingKind.CREATE, "since": posted, "paths": [*hashes]})
    unsure = linked and active is None
    unknown = [path for path, fingerprint in hashes.items() if not fingerprint] if linked else []
    if linked and (patching or unsure or unknown):
        paths = [*unknown, *(["active"] if unsure else [])]
        pending.append({"kind": PendingKind.CHANGE, "since": patching or _LONG_AGO, "paths": paths})
    creating = record.get("state") == "creating"
    since = record.get("waiting_since")
    return {
        "state": UserState.WANTED if creating else record.get("state", UserState.NONE),
        "active": True if unsure else active,
        "hashes": {path: fingerprint for path, fingerprint in hashes.items() if fingerprint},
        "pending": pending,
        "waiting": since and {"why": "user-name-taken" if linked else "user-name-conflict", "since": since},
    }


def _group(okta_id: str, record: Record) -> GroupLink:
    return _GROUP.validate_python({**record, "okta_id": okta_id})
