"""The newest listing of the application's users.

Records: ``listing``/``state``; ``listing``/``<place>``, whose ids outlive its beginning by a day at most.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection
from dataclasses import replace

from pydantic import TypeAdapter

from bridge.aws.store.table import Condition, ConditionFailed, Put, Records, expiry
from bridge.errors import FenceMoved
from bridge.provisioning.records import AppListing

_LISTING = TypeAdapter(AppListing)
_PK, _KEY = "listing", ("listing", "state")
_RETENTION_DAYS = 1


class AppListingRecords(Records):
    """`ListingRecords` of `bridge.provisioning.record_ports`."""

    def listing(self) -> AppListing | None:
        record = self._table.get(_KEY)
        return None if record is None else _LISTING.validate_python(record)

    def keep_listing(self, listing: AppListing, place: str, ids: Collection[str]) -> None:
        if place:
            packed = zlib.compress("\n".join(sorted(ids)).encode())
            self._table.put(Put((_PK, place), {"ids": packed, **expiry(listing.began, _RETENTION_DAYS)}))
        unmoved = Condition("attribute_not_exists(#version) OR #version = :read", {"read": listing.version})
        saved = _LISTING.dump_python(replace(listing, version=listing.version + 1), mode="json")
        try:
            self._table.put(Put(_KEY, saved, unmoved))
        except ConditionFailed:
            raise FenceMoved from None

    def listed_ids(self, place: str) -> set[str] | None:
        record = self._table.get((_PK, place))
        if record is None:
            return None
        return set(filter(None, zlib.decompress(bytes(record["ids"])).decode().split("\n")))

    def drop_listing(self) -> None:
        self._table.delete_many([_KEY])
