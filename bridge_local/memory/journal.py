"""The journal, the parked items, and what observe mode would have done."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from bridge.items import format_time
from bridge.provisioning.records import JournalEntry, ParkedItem
from bridge_local.memory.base import Guarded


@dataclass
class MemoryJournal(Guarded):
    """`Journal` and `Parking` of `bridge.provisioning.record_ports`.

    Attributes:
        parked: (entity, cause) -> parked item.
        journal: the entries in order; a ``failed`` one replaces the last ``failed`` one of the same first item.
        observed: entity -> what would have been done.
    """

    parked: dict[tuple[str, str], ParkedItem] = field(default_factory=dict)
    journal: list[JournalEntry] = field(default_factory=list)
    observed: dict[str, JournalEntry] = field(default_factory=dict)

    def park(self, parked: ParkedItem) -> None:
        with self._lock:
            self.parked[parked.entity, parked.cause] = parked

    def parked_items(self, entity: str = "") -> list[ParkedItem]:
        with self._lock:
            return [self.parked[key] for key in sorted(self.parked) if key[0] == entity or not entity]

    def close_parked(self, entity: str, *, keep: Collection[str] = ()) -> int:
        with self._lock:
            closed = [
                key
                for key, item in self.parked.items()
                if key[0] == entity and not {item.reason, item.cause} & set(keep)
            ]
            for key in closed:
                del self.parked[key]
            return len(closed)

    def write(self, entry: JournalEntry) -> None:
        with self._lock:
            if entry.outcome == "failed":
                self.journal[:] = [
                    kept
                    for kept in self.journal
                    if (kept.outcome, kept.entity, kept.items[:1]) != ("failed", entry.entity, entry.items[:1])
                ]
            self.journal.append(entry)

    def entries(self, entity: str, limit: int) -> list[JournalEntry]:
        with self._lock:
            found = [entry for entry in self.journal if entry.entity == entity]
        return sorted(found, key=lambda entry: entry.at, reverse=True)[:limit]

    def log(self, since: datetime, before: str) -> Iterator[tuple[str, JournalEntry]]:
        with self._lock:
            found = {f"{format_time(entry.at)}#{number:012}": entry for number, entry in enumerate(self.journal)}
        for place, entry in sorted(found.items(), reverse=True):
            if entry.says_something and entry.at >= since and place < before:
                yield place, entry

    def note_difference(self, entry: JournalEntry) -> None:
        with self._lock:
            self.observed[entry.entity] = entry

    def clear_difference(self, entity: str) -> None:
        with self._lock:
            self.observed.pop(entity, None)

    def differences(self) -> list[JournalEntry]:
        with self._lock:
            return [self.observed[entity] for entity in sorted(self.observed)]
