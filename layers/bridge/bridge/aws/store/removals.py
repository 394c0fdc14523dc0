"""What the ceilings count: one record for each (entity, user) with its time; exceptions; adopted users seen.

Records of a group (or ``app``): ``removal#<okta user id>``, ``exception#<okta user id>``, ``seen#<okta user id>``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from bridge.aws.store.holds import hold_key, hold_of
from bridge.aws.store.table import Key, Record, Records, expiry
from bridge.provisioning.hold_records import LeaverRecords, Removal, RemovalState

#: Longer than the longest window of a ceiling (720 h).
_RETENTION_DAYS = 31


class RemovalRecords(Records):
    """`Removals` of `bridge.provisioning.record_ports`."""

    def removals(self, entity: str, since: datetime) -> frozenset[str]:
        return self._since(entity, since, {RemovalState.RESERVED, RemovalState.DONE})

    def leaving(self, entity: str, okta_id: str, others: Iterable[str] = ()) -> LeaverRecords:
        removals = [(each, f"removal#{okta_id}") for each in (entity, *others)]
        exception = (entity, f"exception#{okta_id}")
        found = self._table.get_many([*removals, exception, hold_key(entity)])
        return LeaverRecords(
            exception in found,
            {key[0]: _removal(found[key]) for key in removals if key in found},
            hold_of(found.get(hold_key(entity))),
        )

    def reserve(self, entity: str, user_ids: Iterable[str], at: datetime) -> None:
        self._record(entity, user_ids, at, RemovalState.RESERVED)

    def complete(self, entity: str, user_ids: Iterable[str], at: datetime, *, permits: str = "") -> None:
        ended = [(permits, f"removal#{user}") for user in user_ids] if permits else []
        self._table.write_many(_records(entity, user_ids, at, RemovalState.DONE), ended)

    def permit(self, entity: str, user_ids: Iterable[str], at: datetime) -> None:
        self._record(entity, user_ids, at, RemovalState.APPROVED)

    def permitted(self, entity: str, since: datetime) -> frozenset[str]:
        return self._since(entity, since, {RemovalState.APPROVED})

    def withdraw(self, entity: str, user_ids: Iterable[str]) -> None:
        self._table.delete_many((entity, f"removal#{user}") for user in user_ids)

    def exceptions(self, entity: str) -> frozenset[str]:
        return self._users(entity, "exception#")

    def add_exceptions(self, entity: str, user_ids: Iterable[str]) -> None:
        self._table.put_many({(entity, f"exception#{user}"): {} for user in user_ids})

    def remove_exceptions(self, entity: str, user_ids: Iterable[str]) -> None:
        self._table.delete_many((entity, f"exception#{user}") for user in user_ids)

    def seen(self, entity: str) -> frozenset[str]:
        return self._users(entity, "seen#")

    def add_seen(self, entity: str, user_ids: Iterable[str]) -> None:
        self._table.put_many({(entity, f"seen#{user}"): {} for user in user_ids})

    def _since(self, entity: str, since: datetime, states: set[RemovalState]) -> frozenset[str]:
        least = _milliseconds(since)
        records = self._table.query(entity, "removal#")
        return frozenset(
            _user(record["sk"]) for record in records if record["at"] >= least and record["state"] in states
        )

    def _record(self, entity: str, user_ids: Iterable[str], at: datetime, state: RemovalState) -> None:
        self._table.put_many(_records(entity, user_ids, at, state))

    def _users(self, entity: str, prefix: str) -> frozenset[str]:
        return frozenset(_user(record["sk"]) for record in self._table.query(entity, prefix))


def _removal(record: Record) -> Removal:
    return Removal(RemovalState(record["state"]), datetime.fromtimestamp(int(record["at"]) / 1000, UTC))


def _records(entity: str, user_ids: Iterable[str], at: datetime, state: RemovalState) -> dict[Key, Record]:
    record = {"at": _milliseconds(at), "state": state.value, **expiry(at, _RETENTION_DAYS)}
    return {(entity, f"removal#{user}"): record for user in user_ids}


def _user(sort_key: str) -> str:
    return sort_key.partition("#")[2]


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
