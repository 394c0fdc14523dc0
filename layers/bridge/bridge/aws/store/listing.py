"""A listing of the application's users that takes longer than one run.

Records: ``listing``/``state``; ``listing``/``<place>``, whose ids outlive the listing by a day at most.
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
        packed = zlib.compress("\n".join(sorted(ids)).encode())
        life = expiry(listing.began, _RETENTION_DAYS)
        self._table.put(Put((_PK, place), {"ids": packed, **life}))
        unmoved = Condition("attribute_not_exists(#version) OR #version = :read", {"read": listing.version})
        saved = replace(listing, places=(*listing.places, place), version=listing.version + 1)
        try:
            self._table.put(Put(_KEY, {**_LISTING.dump_python(saved, mode="json"), **life}, unmoved))
        except ConditionFailed:
            raise FenceMoved from None

    def listed_ids(self, listing: AppListing) -> set[str] | None:
        ids: set[str] = set()
        for place in listing.places:
            record = self._table.get((_PK, place))
            if record is None:
                return None
            ids.update(filter(None, zlib.decompress(bytes(record["ids"])).decode().split("\n")))
        return ids

    def drop_listing(self) -> None:
        self._table.delete_many([_KEY])
