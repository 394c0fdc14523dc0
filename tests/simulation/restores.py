"""An operator's restore of the records: the command's own code, over a memory in place of two tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, cast
from unittest.mock import patch

from bridge.aws.store import links, removals
from bridge.aws.store.app import APP_KEY
from bridge.aws.store.table import Key, Record, Update
from bridge_cli import restoring
from bridge_cli.restoring import Restore, Tables
from bridge_local.memory import MemoryStore
from tests.world import World

_REMOVAL = "removal#"


def backed_up(store: MemoryStore) -> MemoryStore:
    """What a table that was recovered as of now would have, as far as a restore reads it."""
    return MemoryStore(
        user_links=dict(store.user_links),
        group_links=dict(store.group_links),
        owner_of=dict(store.owner_of),
        removal_records=dict(store.removal_records),
        excepted=set(store.excepted),
        seen_users=set(store.seen_users),
        app_state=store.app_state,
    )


def restore(world: World, recovered: MemoryStore, now: datetime) -> None:
    """As ``bridge restore``, while the queues are not read."""
    stores = {"state": world.store, "recovered": recovered}
    with (
        patch.object(restoring, "DynamoStore", lambda _client, name, **_pause: stores[name]),
        patch.object(restoring, "StateTable", lambda _client, name, **_pause: _Table(stores[name])),
        patch.object(Restore, "_empty_idempotency", lambda _: None),
    ):
        tables = Tables(None, "recovered", "state", "idempotency", cast("Any", None))
        Restore(tables, now).write()
    world.idempotency.records.clear()


class _Table:
    """The rows of a memory that a restore reads and writes by their keys."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def query(self, pk: str, prefix: str) -> Iterator[Record]:
        """The removals that an entity counts."""
        assert prefix == _REMOVAL
        return iter([{**row, "sk": key[1]} for key, row in self._removals().items() if key[0] == pk])

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Record]:
        """Those of them that are there."""
        rows = self._removals()
        return {key: rows[key] for key in keys if key in rows}

    def put_many(self, records: Mapping[Key, Record]) -> None:
        """Write removals, owners, and links of users and groups."""
        for (pk, sk), row in records.items():
            if sk.startswith(_REMOVAL):
                self._store.removal_records[pk, sk.removeprefix(_REMOVAL)] = removals._removal(row)
            elif sk == "owner":
                self._store.owner_of[pk.removeprefix("genesys:")] = row["owner"]
            elif (pk, sk) == links.user_key(sk):
                self._store.user_links[sk] = links._user(sk, row)
            else:
                assert (pk, sk) == links.group_key(sk)
                self._store.group_links[sk] = links._group(sk, row)

    def delete_many(self, keys: Iterable[Key]) -> None:
        """Forget owners."""
        for pk, sk in keys:
            assert sk == "owner"
            self._store.owner_of.pop(pk.removeprefix("genesys:"), None)

    def update(self, write: Update) -> None:
        """Change the application's record."""
        assert write.key == APP_KEY
        self._store.app_state = replace(self._store.app_state, **write.put)

    def _removals(self) -> dict[Key, Record]:
        return {
            key: row
            for (entity, user), removal in self._store.removal_records.items()
            for key, row in removals._records(entity, [user], removal.at, removal.state).items()
        }
