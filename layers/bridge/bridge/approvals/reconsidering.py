"""A person's word on exceptions of a rejected hold, taken back or put back: under the same name that AWS confirms."""

from __future__ import annotations

from typing import Protocol

from bridge.items import Item, Reason, make_item
from bridge.operations import hold_answers
from bridge.operations.answers import Refused
from bridge.operations.decision_requests import Keep, Reconsider
from bridge.provisioning.hold_ports import Removals
from bridge.provisioning.ports import Clock, QueueSender
from bridge.provisioning.record_ports import Journal
from bridge.provisioning.records import JournalEntry


class ExceptionsAndJournal(Removals, Journal, Protocol):
    """The exceptions, and where it is said who took them back or put them back."""


def reconsider(
    asked: Reconsider, person: str, store: ExceptionsAndJournal, queues: QueueSender, clock: Clock, dedup_key: str
) -> hold_answers.Reconsidered:
    """Take exceptions back, journal it, and enqueue the entity: its sync judges them like everybody else.

    Raises:
        Refused: ``not-found``: there is no such exception.
        Transient: the store or a queue is out of reach; asking again is harmless.
    """
    standing = store.exceptions(asked.entity)
    users = sorted(standing if asked.user is None else standing & {asked.user})
    if not users:
        raise Refused("not-found", f"{asked.entity} has no such exception", field="user" if asked.user else "entity")
    item = make_item(asked.entity, Reason.HOLD, dedup_key)
    store.write(_entry("reconsidered", asked, person, users, item, clock))
    store.remove_exceptions(asked.entity, users)
    queues.send([item])
    return hold_answers.Reconsidered(entity=asked.entity, users=users, by=person, item=item.id)


def keep(
    asked: Keep, person: str, store: ExceptionsAndJournal, queues: QueueSender, clock: Clock, dedup_key: str
) -> hold_answers.Kept:
    """Put exceptions back, journal it, and enqueue the entity; a sync drops those whom Okta shows as members again.

    Raises:
        Transient: the store or a queue is out of reach; asking again is harmless.
    """
    users = sorted(set(asked.users))
    item = make_item(asked.entity, Reason.HOLD, dedup_key)
    store.write(_entry("kept", asked, person, users, item, clock))
    store.add_exceptions(asked.entity, users)
    queues.send([item])
    return hold_answers.Kept(entity=asked.entity, users=users, by=person, item=item.id)


def _entry(
    outcome: str, asked: Reconsider | Keep, person: str, users: list[str], item: Item, clock: Clock
) -> JournalEntry:
    """The account of what a person said of exceptions."""
    return JournalEntry(
        entity=asked.entity,
        at=clock.now(),
        outcome=outcome,
        items=(item.id,),
        reason=Reason.HOLD.value,
        read={"by": person, "ticket": asked.why, "users": " ".join(users[:100]), "number": str(len(users))},
    )
