"""The newest listing of the application's users."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from bridge.errors import FenceMoved
from bridge.provisioning.records import AppListing
from bridge_local.memory.base import Guarded


@dataclass
class MemoryListing(Guarded):
    """`ListingRecords` of `bridge.provisioning.record_ports`.

    Attributes:
        app_listing: the newest listing.
        listed_places: ids by the place where they are kept.
    """

    app_listing: AppListing | None = None
    listed_places: dict[str, frozenset[str]] = field(default_factory=dict)

    def listing(self) -> AppListing | None:
        with self._lock:
            return self.app_listing

    def keep_listing(self, listing: AppListing, place: str, ids: Collection[str]) -> None:
        with self._lock:
            if place:
                self.listed_places[place] = frozenset(ids)
            if self.app_listing is not None and self.app_listing.version != listing.version:
                raise FenceMoved
            self.app_listing = replace(listing, version=listing.version + 1)

    def listed_ids(self, place: str) -> set[str] | None:
        with self._lock:
            ids = self.listed_places.get(place)
            return None if ids is None else set(ids)

    def drop_listing(self) -> None:
        with self._lock:
            self.app_listing = None
