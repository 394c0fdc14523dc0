"""What waits for a person: one record for each person and cause, anyone who asked; what brings a discarded one back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bridge.items import Item, Reason
from bridge.provisioning.record_ports import Parking
from bridge.provisioning.records import Due, ParkedItem

#: Who asks has reason to think that something has changed.
_ASKED = frozenset({Reason.OPERATOR, Reason.REDRIVE})
#: `Due.why` of a person whose conflict the named holder may have ended; the holder's entity follows the colon.
FREED = "freed"


def park(store: Parking, parked: ParkedItem, items: Sequence[Item]) -> bool:
    """Keep what `items` met, in place of the person's record of the same cause; whether it waits for a person now.

    A discarded cause stays discarded until something changes: its detail is another one, or an event that is newer than
    the discarding, an operator's sync or a redrive has brought it up again. The nightly comparison alone does not.
    """
    known = next((each for each in store.parked_items(parked.entity) if each.cause == parked.cause), None)
    if known is not None:
        parked = replace(parked, since=known.since or known.parked)
        if known.discarded is not None and known.detail == parked.detail and not _has_news(items, known.discarded):
            parked = replace(parked, discarded=known.discarded, ticket=known.ticket)
    store.park(parked)
    return parked.open


def waiting_for(parked: Iterable[ParkedItem], holder: str, now: datetime) -> list[Due]:
    """Whom the holder of their address or account kept waiting, each due at once."""
    return [Due(each.entity, f"{FREED}:{holder}", now) for each in parked if holder in each.detail.split()]


def people(parked: Iterable[ParkedItem]) -> int:
    """How many people, groups or applications wait for a person."""
    return len({each.entity for each in parked if each.open})


def _has_news(items: Sequence[Item], discarded: datetime) -> bool:
    return any(item.reason in _ASKED or (item.newest is not None and item.newest > discarded) for item in items)
