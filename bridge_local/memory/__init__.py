"""The bridge's memory and its queues as plain Python objects, for tests and the simulation.

`MemoryStore` promises exactly what the DynamoDB store promises; one contract test runs on both.
"""

from __future__ import annotations

from dataclasses import dataclass

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
