"""The journal and the parked items.

Records: ``<entity>``/``journal#<time>#<digest>``, or ``<entity>``/``journal#failed#<item id>`` for a failure, which the
item's next failure overwrites, so that a long outage does not fill the table; ``parked``/``<entity>#<item id>``.
"""

from __future__ import annotations

import hashlib

from pydantic import TypeAdapter

from bridge.items import format_time
from bridge.provisioning.records import JournalEntry, ParkedItem
from bridge.store.table import Put, Records, expiry

_ENTRY = TypeAdapter(JournalEntry)
_PARKED_ITEM = TypeAdapter(ParkedItem)
_PARKED = "parked"
_KEPT_DAYS = 90


class JournalRecords(Records):
    """`Journal` and `Parking` of `bridge.provisioning.ports`."""

    def write(self, entry: JournalEntry) -> None:
        """Keep an entry for 90 days."""
        if entry.outcome == "failed":
            key = f"journal#failed#{entry.items[0] if entry.items else ''}"
        else:
            digest = hashlib.sha256(_ENTRY.dump_json(entry)).hexdigest()[:12]
            key = f"journal#{format_time(entry.at)}#{digest}"
        record = _ENTRY.dump_python(entry, mode="json")
        self._table.put(Put((entry.entity, key), {**record, **expiry(entry.at, _KEPT_DAYS)}))

    def park(self, parked: ParkedItem) -> None:
        """Write a parked item."""
        record = _PARKED_ITEM.dump_python(parked, mode="json")
        self._table.put(Put((_PARKED, f"{parked.entity}#{parked.item_id}"), record))

    def open_parked(self) -> int:
        """How many items are parked."""
        return sum(1 for _ in self._table.query(_PARKED))

    def close_parked(self, entity: str) -> int:
        """Remove the entity's parked items and return how many there were."""
        keys = [(_PARKED, record["sk"]) for record in self._table.query(_PARKED, f"{entity}#")]
        self._table.delete_many(keys)
        return len(keys)
