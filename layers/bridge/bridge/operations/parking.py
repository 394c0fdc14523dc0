"""Parked items for people: listed, shown, and synced again."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from bridge.items import Reason, make_item
from bridge.operations import answers, showing
from bridge.operations.answers import Refused
from bridge.operations.requests import ParkedList
from bridge.provisioning.ports import QueueSender
from bridge.provisioning.record_ports import Parking
from bridge.provisioning.records import ParkedItem


class ParkedService:
    """Reads parked items and redrives them; a record is closed by its entity's next good sync, never by hand."""

    def __init__(
        self, store: Parking, queues: QueueSender, *, dedup_key: Callable[[], str] = lambda: secrets.token_hex(16)
    ) -> None:
        """`dedup_key` makes items new."""
        self._store = store
        self._queues = queues
        self._dedup_key = dedup_key

    def listed(self, asked: ParkedList) -> answers.ParkedItems:
        """Answers ``parked.list``, by entity and item."""
        items = sorted(
            (item for item in self._store.parked_items() if _place(item) > asked.after),
            key=_place,
        )
        page = items[: asked.limit]
        return answers.ParkedItems(
            parked=[showing.parked(item) for item in page],
            next=_place(page[-1]) if len(items) > len(page) else None,
        )

    def show(self, entity: str) -> answers.ParkedItems:
        """Answers ``parked.show``."""
        return answers.ParkedItems(parked=[showing.parked(item) for item in self._of(entity)], next=None)

    def redrive(self, entity: str) -> answers.Redriven:
        """Answers ``parked.redrive``: a fresh item for the entity."""
        parked = self._of(entity)
        item = make_item(entity, Reason.REDRIVE, self._dedup_key())
        self._queues.send([item])
        return answers.Redriven(entity=entity, item=item.id, parked=len(parked))

    def _of(self, entity: str) -> list[ParkedItem]:
        found = [item for item in self._store.parked_items() if item.entity == entity]
        if not found:
            raise Refused("nothing-parked", f"{entity} has no parked item", field="entity")
        return found


def _place(item: ParkedItem) -> str:
    return f"{item.entity}#{item.item_id}"
