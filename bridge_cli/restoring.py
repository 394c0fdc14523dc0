"""What comes back from a table that DynamoDB's point-in-time recovery made: only what still means something.

Run with an administrator's own credentials. The state table becomes what the other one says, but never younger than it
is: numbers only grow, and what was written meanwhile counts as not known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bridge.aws.store.dynamo import DynamoStore
from bridge.aws.store.links import group_key, group_record, owner_key, user_key, user_record
from bridge.aws.store.table import Key, Record, StateTable, Update
from bridge.errors import Transient
from bridge.provisioning.hold_records import HoldState, RemovalState
from bridge.provisioning.linking import LINKED_BY_OPERATOR, UNLINKED_BY_OPERATOR
from bridge.provisioning.permissions import APP, PERMITS
from bridge.provisioning.records import AppState, GroupLink
from bridge.provisioning.runs import RunTaken
from bridge.provisioning.user_records import Pending, PendingKind, UserLink

#: How far sync numbers and the application's epoch go ahead: items are named by them, and no name may come twice.
MARGIN = 1000
_APP_KEY: Key = ("app", "state")
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_COUNTED = frozenset({RemovalState.RESERVED.value, RemovalState.DONE.value})
#: Most deletions of one BatchWriteItem (DynamoDB API reference).
_BATCH = 25
#: How often what a batch left is asked again.
_TRIES = 8


@dataclass(frozen=True)
class Tables:
    """The tables, and who asks.

    Attributes:
        client: DynamoDB's, with the administrator's credentials.
        source: the table that was recovered.
        state: the stack's state table.
        idempotency: its table for idempotency.
        pause: lets seconds pass before what a batch left is asked again.
    """

    client: Any
    source: str
    state: str
    idempotency: str
    pause: Callable[[float], None]


class Restore:
    """One restore: read on construction, written by `write`."""

    def __init__(self, tables: Tables, now: datetime) -> None:
        """Read both tables; `now` is the time of the restore."""
        client, pause = tables.client, tables.pause
        self._tables = tables
        self._now = now
        self._old = DynamoStore(client, tables.source, pause=pause)
        self._new = DynamoStore(client, tables.state, pause=pause)
        self._old_table = StateTable(client, tables.source, pause=pause)
        self._new_table = StateTable(client, tables.state, pause=pause)
        self._read()

    def _read(self) -> None:
        present = {link.okta_id: link for link in self._new.all_users()}
        known = {link.okta_id: link for link in self._old.all_users()}
        self.users = {
            okta_id: self._user(okta_id, known.get(okta_id), present.get(okta_id)) for okta_id in {*present, *known}
        }
        groups = {link.okta_id: link for link in self._new.groups()}
        before = {link.okta_id: link for link in self._old.groups()}
        self.groups = {
            okta_id: _group(okta_id, before.get(okta_id), groups.get(okta_id)) for okta_id in {*groups, *before}
        }
        restored: list[UserLink | GroupLink] = [*self.users.values(), *self.groups.values()]
        self.owners = {link.genesys_id: link.entity for link in restored if link.genesys_id}
        standing: list[UserLink | GroupLink] = [*present.values(), *groups.values()]
        there = {link.genesys_id for link in standing if link.genesys_id}
        self._stale_owners = there - self.owners.keys()
        self.entities = [APP, *(f"group:{okta_id}" for okta_id in sorted(self.groups))]
        self.exceptions = {entity: self._old.exceptions(entity) for entity in self.entities}
        self.seen = {entity: self._old.seen(entity) for entity in self.entities}
        self.removals = self._removals()

    def _user(self, okta_id: str, old: UserLink | None, new: UserLink | None) -> UserLink:
        """The link as it was; whatever was written since counts as under way, so that a sync reads the account."""
        number = MARGIN + max(link.sync_number for link in (old, new) if link is not None)
        if old is None:
            return UserLink(okta_id, sync_number=number)
        doubt = Pending(PendingKind.CHANGE, self._now, tuple(sorted({*old.hashes, "active"})))
        return replace(
            old,
            sync_number=number,
            assigned=None,
            epoch=None,
            assignment_read=None,
            synced=None,
            unassigned_due="",
            groups_due=False,
            pending=old.begun(doubt) if old.genesys_id else old.pending,
        )

    def _removals(self) -> dict[Key, Record]:
        """What the ceilings count, of the recovered table, where the present one says nothing newer."""
        found: dict[Key, Record] = {}
        for entity in self.entities:
            for record in self._old_table.query(entity, "removal#"):
                if record["state"] in _COUNTED:
                    found[entity, record["sk"]] = record
        for key, record in self._new_table.get_many(found).items():
            if record["state"] in _COUNTED and record["at"] >= found[key]["at"]:
                del found[key]
        return found

    def is_of_another(self) -> bool:
        """Whether the tables belong to two organizations of Genesys Cloud: a link of one means nothing in the other."""
        old, new = self._old.app().organisation, self._new.app().organisation
        return AppState.organisation not in {old, new} and old != new

    # ---------------------------------------------------------------------------------------- writing

    def write(self) -> None:
        """Hold every removal first, then write; repeating it is harmless.

        Raises:
            Transient: DynamoDB failed; what was written is harmless, and removals are held.
        """
        self._begin_again()
        self._write_links()
        for link in self.users.values():
            self._new.note_references(link.references, link.okta_id)
        self._new_table.put_many(self.removals)
        for entity in self.entities:
            self._new.add_exceptions(entity, self.exceptions[entity])
            self._new.add_seen(entity, self.seen[entity])
        self._forget()
        self._begin_again()  # a comparison that has begun meanwhile has seen half of it

    def _begin_again(self) -> None:
        """Nothing is compared, and removals are held; a run that is under way is no whole one."""
        old, new = self._old.app(), self._new.app()
        self._new.note_restored(self._now)
        put: dict[str, Any] = {
            "sync_number": MARGIN + max(old.sync_number, new.sync_number),
            "epoch": MARGIN + max(old.epoch, new.epoch),
        }
        organisation = new.organisation or old.organisation
        if organisation != AppState.organisation:
            put["organisation"] = organisation
        self._new_table.update(Update(_APP_KEY, put=put))
        while (run := self._new.run()) is not None and run.unfinished:
            try:
                self._new.save_run(replace(run, failed="restored", ended=self._now, lease_until=None))
            except RunTaken:
                continue

    def _write_links(self) -> None:
        self._new_table.delete_many(owner_key(genesys_id) for genesys_id in self._stale_owners)
        self._new_table.put_many({owner_key(one): {"owner": entity} for one, entity in self.owners.items()})
        self._new_table.put_many({user_key(okta_id): user_record(link) for okta_id, link in self.users.items()})
        self._new_table.put_many({group_key(okta_id): group_record(link) for okta_id, link in self.groups.items()})

    def _forget(self) -> None:
        """Holds and permits speak of what was read before; deliveries that were seen may have done what is gone."""
        for entity in self._new.open_hold_entities():
            hold = self._new.hold(entity)
            if hold is not None:
                self._new.save_hold(replace(hold, state=HoldState.RESOLVED, changed=self._now))
                self._new.unstage(entity, hold.number, self._new.staged(entity, hold.number))
        for entity in self.entities:
            self._new.withdraw(entity, self._new.permitted(entity, _EVER))
        permits = {*self._new.permitted(PERMITS, _EVER), *self._new.removals(PERMITS, _EVER)}
        self._new.withdraw(PERMITS, permits)
        self._empty_idempotency()

    def _empty_idempotency(self) -> None:
        client, table = self._tables.client, self._tables.idempotency
        for page in client.get_paginator("scan").paginate(TableName=table, ProjectionExpression="id"):
            keys = [{"id": item["id"]} for item in page["Items"]]
            for start in range(0, len(keys), _BATCH):
                self._delete({table: [{"DeleteRequest": {"Key": key}} for key in keys[start : start + _BATCH]]})

    def _delete(self, left: Any) -> None:
        for number in range(_TRIES):
            left = self._tables.client.batch_write_item(RequestItems=left).get("UnprocessedItems")
            if not left:
                return
            self._tables.pause(0.1 * 2**number)
        raise Transient("store-unprocessed", upstream="store")


def _group(okta_id: str, old: GroupLink | None, new: GroupLink | None) -> GroupLink:
    """The link as it was; of one that is newer than the backup only what an operator decided."""
    number = MARGIN + max(link.sync_number for link in (old, new) if link is not None)
    if old is not None:
        return replace(old, sync_number=number, synced=None)
    fresh = GroupLink(okta_id, sync_number=number)
    if new is None:
        return fresh
    by_hand = new.linked_by if new.linked_by in {LINKED_BY_OPERATOR, UNLINKED_BY_OPERATOR} else ""
    return replace(fresh, linked_by=by_hand, ceiling=new.ceiling, ceiling_percent=new.ceiling_percent)
