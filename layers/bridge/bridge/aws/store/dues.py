"""What must be synced again at a time of its own. Record: ``dues``/``<entity>#<why>``."""

from __future__ import annotations

import contextlib
from datetime import datetime

from pydantic import TypeAdapter

from bridge.aws.store.table import Condition, ConditionFailed, Delete, Key, Put, Record, Records
from bridge.provisioning.records import Due

_DUE = TypeAdapter(Due)
_PARTITION = "dues"


class DueStateRecords(Records):
    """`DueRecords` of `bridge.provisioning.record_ports`."""

    def note_due(self, due: Due) -> None:
        self._table.put(Put(_key(due.entity, due.why), _record(due)))

    def dues(self, entity: str = "") -> list[Due]:
        prefix = f"{entity}#" if entity else ""
        return [_DUE.validate_python(record) for record in self._table.query(_PARTITION, prefix)]

    def settle_due(self, entity: str, why: str, *, at: datetime | None = None) -> None:
        unchanged = None if at is None else Condition("#at = :at", {"at": _record(Due(entity, why, at))["at"]})
        with contextlib.suppress(ConditionFailed):
            self._table.delete(Delete(_key(entity, why), unchanged))


def _key(entity: str, why: str) -> Key:
    return _PARTITION, f"{entity}#{why}"


def _record(due: Due) -> Record:
    record: Record = _DUE.dump_python(due, mode="json")
    return record
