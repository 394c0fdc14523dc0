"""Tells a refusal of one entity from one of the whole service.

Genesys Cloud also answers 400, 405, 409 or 410 to everybody: after a change of licences, while a feature is switched
off, or because something between stands in its place. Nobody is to be parked for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeGuard

from bridge.errors import Permanent
from bridge.provisioning.ports import Clock

#: The service refuses everybody when it has refused calls to so many entities and granted none such meanwhile.
WHOLE_SERVICE = 3
#: For so long a refusal counts, and so long it is waited out.
PATIENCE = timedelta(hours=1)
_REFUSED = range(400, 500)


@dataclass(frozen=True)
class Refusal:
    """How an entity has been refused.

    Attributes:
        kind: the kind of call, such as ``genesys PATCH users``.
        since: the first refusal in a row.
        at: the last one.
        place: counts what all entities were refused and granted, to tell what came later.
        alone: how many in a row were its own: others were granted such a call since the one before, or too few were
            refused to blame the service.
    """

    kind: str
    since: datetime
    at: datetime
    place: int
    alone: int


class Refusals:
    """The refusals of late. One for each process."""

    def __init__(self, clock: Clock) -> None:
        """Nothing is known yet."""
        self._clock = clock
        self._of: dict[str, Refusal] = {}
        self._granted: dict[str, int] = {}
        self._place = 0

    def granted(self, kind: str) -> None:
        """A call of this kind was granted to somebody."""
        self._place += 1
        self._granted[kind] = self._place

    def refused(self, entity: str, kind: str) -> None:
        """A call of this kind was refused to the entity."""
        self._place += 1
        now, granted = self._clock.now(), self._granted.get(kind, 0)
        self._of = {other: refusal for other, refusal in self._of.items() if now - refusal.at < PATIENCE}
        before = self._of.pop(entity, None)
        if before is None or before.kind != kind:
            before = Refusal(kind, since=now, at=now, place=self._place, alone=0)
        meanwhile = granted > before.place
        others = sum(other.place > self._granted.get(other.kind, 0) for other in self._of.values())
        alone = before.alone + (meanwhile or others + 1 < WHOLE_SERVICE)
        self._of[entity] = Refusal(kind, before.since, now, self._place, alone)

    def ended(self, entity: str) -> None:
        """A sync of the entity ended without a refusal."""
        self._of.pop(entity, None)

    def of(self, entity: str) -> Refusal | None:
        """How the entity is refused at present, None when it is not."""
        return self._of.get(entity)


def is_refusal(error: Exception | None) -> TypeGuard[Permanent]:
    """Whether Genesys Cloud has refused a call with a 4xx that no other class of failure claims."""
    return isinstance(error, Permanent) and error.upstream == "genesys" and error.status in _REFUSED
