"""The System Log: every event once, in the order of insertion."""

from __future__ import annotations

import heapq
import itertools
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

#: How long events are kept (listLogEvents).
RETENTION = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Entity:
    """An actor or a target of an event; `extra` holds what few types add, such as ``changeDetails``."""

    type: str
    id: str
    alternate_id: str | None = None
    display_name: str | None = None
    extra: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Transaction:
    """What an event belongs to: ``WEB`` (one request, with its `uri`) or ``JOB`` (one bulk action)."""

    type: str
    id: str
    uri: str = ""


@dataclass(slots=True)
class LogEntry:
    """One event, compact; `event_forms` renders it."""

    uuid: str
    published: datetime
    event_type: str
    actor: Entity
    targets: tuple[Entity, ...] | None
    transaction: Transaction
    result: str = "SUCCESS"
    reason: str | None = None
    severity: str = "INFO"
    debug: Mapping[str, str] = field(default_factory=dict)
    hooks: tuple[str, ...] = ()
    inserted: float = 0.0


class SystemLog:
    """Holds `LogEntry` in insertion order; positions count from the org's first event and never move.

    Args:
        clock: the present moment, epoch seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: list[LogEntry] = []
        self._first = 0
        self._waiting: list[tuple[float, int, LogEntry]] = []
        self._order = itertools.count()

    def append(self, entry: LogEntry, delay: float = 0.0) -> None:
        """Insert an event, after `delay` seconds."""
        if delay > 0:
            heapq.heappush(self._waiting, (self._clock() + delay, next(self._order), entry))
            return
        self._settle()
        self._insert(entry, self._clock())

    def all(self) -> list[LogEntry]:
        """Every event inserted so far and still kept. The list is shared: do not change it."""
        self._settle()
        return self._entries

    def waiting(self) -> list[tuple[float, LogEntry]]:
        """Events that are not inserted yet, each with the moment when it will be, in that order."""
        self._settle()
        return [(at, entry) for at, _, entry in sorted(self._waiting)]

    @property
    def first(self) -> int:
        """The position of the oldest event that is kept."""
        self._settle()
        return self._first

    def restore(self, first: int, entries: list[LogEntry], waiting: list[tuple[float, LogEntry]]) -> None:
        """Hold what another log held."""
        self._first, self._entries = first, entries
        self._waiting = [(at, next(self._order), entry) for at, entry in waiting]

    def position_at(self, moment: float) -> int:
        """The first position whose event was inserted at or after a moment (and so may be published then)."""
        self._settle()
        return self._first + bisect_left(self._entries, moment, key=lambda entry: entry.inserted)

    def from_position(self, position: int) -> Iterator[tuple[int, LogEntry]]:
        """Positions and events from a position on."""
        self._settle()
        for index in range(max(position - self._first, 0), len(self._entries)):
            yield self._first + index, self._entries[index]

    def _insert(self, entry: LogEntry, at: float) -> None:
        entry.inserted = at
        self._entries.append(entry)

    def _settle(self) -> None:
        now = self._clock()
        while self._waiting and self._waiting[0][0] <= now:
            at, _, entry = heapq.heappop(self._waiting)
            self._insert(entry, at)
        oldest = now - RETENTION.total_seconds()
        if self._entries and self._entries[0].inserted < oldest:
            gone = bisect_left(self._entries, oldest, key=lambda entry: entry.inserted)
            del self._entries[:gone]
            self._first += gone
