"""What must be synced again at a time of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bridge.provisioning.records import Due
from bridge_local.memory.base import Guarded


@dataclass
class MemoryDues(Guarded):
    """`DueRecords` of `bridge.provisioning.record_ports`.

    Attributes:
        due_records: (entity, why) -> record.
    """

    due_records: dict[tuple[str, str], Due] = field(default_factory=dict)

    def note_due(self, due: Due) -> None:
        with self._lock:
            self.due_records[due.entity, due.why] = due

    def dues(self, entity: str = "") -> list[Due]:
        with self._lock:
            return [due for (of, _), due in sorted(self.due_records.items()) if entity in {"", of}]

    def settle_due(self, entity: str, why: str, *, at: datetime | None = None) -> None:
        with self._lock:
            due = self.due_records.get((entity, why))
            if due is not None and at in {None, due.at}:
                del self.due_records[entity, why]
