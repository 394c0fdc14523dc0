"""The bridge's memory and its queues as plain Python objects, for tests and the simulation.

`MemoryStore` promises exactly what the DynamoDB store promises; one contract test runs on both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bridge.provisioning.hold_records import Hold, LeaverRecords
from bridge.provisioning.records import ParkedItem
from bridge.provisioning.user_records import UserLink
from bridge_local.memory.app import MemoryApp
from bridge_local.memory.breakers import MemoryBreakers
from bridge_local.memory.catchup import MemoryCatchUp
from bridge_local.memory.dues import MemoryDues
from bridge_local.memory.holds import MemoryHolds
from bridge_local.memory.journal import MemoryJournal
from bridge_local.memory.links import MemoryLinks
from bridge_local.memory.listing import MemoryListing
from bridge_local.memory.queues import MemoryQueues
from bridge_local.memory.reconcile import MemoryRuns
from bridge_local.memory.removals import MemoryRemovals

__all__ = ["MemoryQueues", "MemoryStore"]


@dataclass
class MemoryStore(
    MemoryLinks,
    MemoryRemovals,
    MemoryHolds,
    MemoryApp,
    MemoryListing,
    MemoryDues,
    MemoryJournal,
    MemoryBreakers,
    MemoryCatchUp,
    MemoryRuns,
):
    """`Store` and `Runs` of `bridge.provisioning` in dictionaries; safe for threads."""

    def leaving(self, entity: str, okta_id: str, others: Iterable[str] = ()) -> LeaverRecords:
        with self._lock:
            found = {each: self.removal_records.get((each, okta_id)) for each in (entity, *others)}
            removals = {each: removal for each, removal in found.items() if removal is not None}
            return LeaverRecords(okta_id in self.exceptions(entity), removals, self.hold(entity))

    def hold_and_users(self, entity: str, okta_ids: Iterable[str]) -> tuple[Hold | None, dict[str, UserLink]]:
        with self._lock:
            return self.hold(entity), self.users(okta_ids)

    def park(self, parked: ParkedItem) -> None:
        with self._lock:
            self.app_state = replace(self.app_state, parkings=self.app_state.parkings + 1)
            super().park(parked)
