"""What is parked, for people: listed, shown, synced again, and discarded."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol

from bridge.aws.telemetry import Metric, gauge
from bridge.items import Reason, make_item
from bridge.operations import answers, showing
from bridge.operations.answers import Refused
from bridge.operations.requests import ParkedDiscard, ParkedList
from bridge.provisioning.parking import people
from bridge.provisioning.ports import Clock, QueueSender
from bridge.provisioning.record_ports import Journal, Parking
from bridge.provisioning.records import JournalEntry, ParkedItem


class ParkingAndJournal(Parking, Journal, Protocol):
    """What waits for a person, and where it is said what people did about it."""


class ParkedService:
    """Reads what is parked, and takes a person's decision on it; a good sync of the entity closes its records."""

    def __init__(
        self,
        store: ParkingAndJournal,
        queues: QueueSender,
        clock: Clock,
        *,
        dedup_key: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        """`dedup_key` makes items new."""
        self._store = store
        self._queues = queues
        self._clock = clock
        self._dedup_key = dedup_key

    def listed(self, asked: ParkedList) -> answers.ParkedItems:
        """Answers ``parked.list``, by entity and cause."""
        found = [item for item in self._store.parked_items() if item.open is not asked.discarded]
        items = sorted((item for item in found if _place(item) > asked.after), key=_place)
        page = items[: asked.limit]
        return answers.ParkedItems(
            parked=[showing.parked(item) for item in page],
            next=_place(page[-1]) if len(items) > len(page) else None,
        )

    def show(self, entity: str) -> answers.ParkedItems:
        """Answers ``parked.show``: discarded causes too."""
        found = self._required(self._store.parked_items(entity), entity)
        return answers.ParkedItems(parked=[showing.parked(item) for item in found], next=None)

    def redrive(self, entity: str) -> answers.Redriven:
        """Answers ``parked.redrive``: a fresh item for the entity."""
        parked = self._required(self._store.parked_items(entity), entity)
        item = make_item(entity, Reason.REDRIVE, self._dedup_key())
        self._queues.send([item])
        return answers.Redriven(entity=entity, item=item.id, parked=len(parked))

    def discard(self, asked: ParkedDiscard) -> answers.Discarded:
        """Answers ``parked.discard``: the causes stop waiting for a person, until something changes."""
        found = [
            item for item in self._store.parked_items(asked.entity) if item.open and asked.reason in {None, item.reason}
        ]
        now = self._clock.now()
        for item in self._required(found, asked.entity):
            self._store.park(replace(item, discarded=now, ticket=asked.why))
            self._store.write(
                JournalEntry(
                    entity=item.entity,
                    at=now,
                    outcome="discarded",
                    reason=Reason.OPERATOR.value,
                    why=item.reason,
                    read={"ticket": asked.why, **({"detail": item.detail} if item.detail else {})},
                )
            )
        gauge(Metric.PARKED_OPEN, people(self._store.parked_items()))
        return answers.Discarded(entity=asked.entity, reasons=[item.reason for item in found])

    @staticmethod
    def _required(found: Iterable[ParkedItem], entity: str) -> list[ParkedItem]:
        items = list(found)
        if not items:
            raise Refused("nothing-parked", f"nothing of {entity} is parked", field="entity")
        return items


def _place(item: ParkedItem) -> str:
    return f"{item.entity}#{item.cause}"
