"""Queues that only keep what was sent."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.items import Item


class MemoryQueues:
    """`bridge.provisioning.ports.QueueSender` that keeps what was sent.

    Attributes:
        sent: every item, in the order of sending, also those that a real queue would take for duplicates.
    """

    def __init__(self) -> None:
        self.sent: list[Item] = []

    def send(self, items: Sequence[Item]) -> None:
        self.sent.extend(items)
