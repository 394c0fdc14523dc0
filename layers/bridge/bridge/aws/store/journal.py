"""The journal and the parked items.

Records: ``<entity>``/``journal#<time>#<digest>``, or ``<entity>``/``journal#failed#<item id>`` for a failure, which the
item's next failure overwrites, so that a long outage does not fill the table; ``parked``/``<entity>#<cause>`` (in
tables of earlier releases ``<entity>#<item id>``, of which one cause may have several);
``observed``/``<entity>``: what observe mode would have done; ``log#<day>``/``<time>#<digest>``: the journal once more,
by time, without what left everything as it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from pydantic import TypeAdapter

from bridge.aws.store.app import APP_KEY
from bridge.aws.store.table import Key, Put, Records, Update, expiry
from bridge.items import format_time, parse_time
from bridge.provisioning.records import JournalEntry, ParkedItem

_ENTRY = TypeAdapter(JournalEntry)
_PARKED_ITEM = TypeAdapter(ParkedItem)
_PARKED = "parked"
_OBSERVED = "observed"
_FAILED = "journal#failed#"
#: Entries of the log that are read at once.
_LOG_PAGE = 200
#: A time begins with its year.
_OF_A_TIME = "journal#2"
_RETENTION_DAYS = 90


def _day(moment: datetime) -> str:
    return f"log#{moment.astimezone(UTC).date().isoformat()}"


class JournalRecords(Records):
    """`Journal` and `Parking` of `bridge.provisioning.record_ports`."""

    def write(self, entry: JournalEntry) -> None:
        """Keep an entry for 90 days."""
        place = f"{format_time(entry.at)}#{hashlib.sha256(_ENTRY.dump_json(entry)).hexdigest()[:12]}"
        failed = f"{_FAILED}{entry.items[0] if entry.items else ''}"
        key = failed if entry.outcome == "failed" else f"journal#{place}"
        record = {**_ENTRY.dump_python(entry, mode="json"), **expiry(entry.at, _RETENTION_DAYS)}
        places = [(entry.entity, key), *([(_day(entry.at), place)] if entry.says_something else [])]
        self._table.put_many(dict.fromkeys(places, record))

    def log(self, since: datetime, before: str) -> Iterator[tuple[str, JournalEntry]]:
        newest = parse_time(before.partition("#")[0])
        first = format_time(since)
        for back in range((newest.date() - since.date()).days + 1):
            for record in self._table.query(_day(newest - timedelta(days=back)), backwards=True, page=_LOG_PAGE):
                place = str(record["sk"])
                if place < first:
                    break
                if place < before:
                    yield place, _ENTRY.validate_python(record)

    def entries(self, entity: str, limit: int) -> list[JournalEntry]:
        # Failures are kept under another key, so at most `limit` of each kind can be among the last.
        failed = self._table.query(entity, _FAILED)
        others = self._table.query(entity, _OF_A_TIME, backwards=True, page=limit)
        found = [_ENTRY.validate_python(record) for record in (*failed, *islice(others, limit))]
        return sorted(found, key=lambda entry: entry.at, reverse=True)[:limit]

    def note_difference(self, entry: JournalEntry) -> None:
        record = _ENTRY.dump_python(entry, mode="json")
        self._table.put(Put((_OBSERVED, entry.entity), {**record, **expiry(entry.at, _RETENTION_DAYS)}))

    def clear_difference(self, entity: str) -> None:
        self._table.delete_many([(_OBSERVED, entity)])

    def differences(self) -> list[JournalEntry]:
        return [_ENTRY.validate_python(record) for record in self._table.query(_OBSERVED)]

    def park(self, parked: ParkedItem) -> None:
        key = (_PARKED, f"{parked.entity}#{parked.cause}")
        record = _PARKED_ITEM.dump_python(parked, mode="json")
        self._table.transact([Put(key, record), Update(APP_KEY, add={"parkings": 1})])
        same = [other for other, item in self._parked(parked.entity) if item.cause == parked.cause and other != key]
        if same:
            self._table.delete_many(same)

    def parked_items(self, entity: str = "") -> list[ParkedItem]:
        return [item for _, item in self._parked(entity)]

    def close_parked(self, entity: str, *, keep: Collection[str] = ()) -> int:
        keys = [key for key, item in self._parked(entity) if not {item.reason, item.cause} & set(keep)]
        if keys:
            self._table.delete_many(keys)
        return len(keys)

    def _parked(self, entity: str) -> list[tuple[Key, ParkedItem]]:
        records = self._table.query(_PARKED, f"{entity}#" if entity else "")
        return [((_PARKED, record["sk"]), _PARKED_ITEM.validate_python(record)) for record in records]
