"""Tells a refusal of one entity from one of the whole service.

Genesys Cloud also answers 400, 405, 409 or 410 to everybody: after a change of licences, while a feature is switched
off, or because something between stands in its place; so may Okta. Nobody is to be parked for that.

One environment sees few entities, so what was refused of late stands in the breaker's record, which all of them read
anyway. Who is refused writes it, and while a refusal stands there the first who is granted such a call; a sync that
meets neither costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Protocol, TypeGuard

from bridge.errors import Permanent
from bridge.provisioning.ports import Clock
from bridge.provisioning.records import Refusal, RefusalLog

#: The service refuses everybody when it has refused calls to so many entities and granted none such meanwhile.
WHOLE_SERVICE_THRESHOLD = 3
#: For so long a refusal counts, and so long it is waited out.
PATIENCE = timedelta(hours=1)
#: So many entities are remembered for all environments: more than tell the service's refusals from an entity's own.
SHARED = 10
_REFUSED, _NOT_FOUND = range(400, 500), 404


class SharedLog(Protocol):
    """Where the environments tell each other."""

    def refusals(self) -> RefusalLog:
        """The log as it was last read or written, some seconds ago."""
        ...

    def change_refusals(self, change: Callable[[RefusalLog], RefusalLog]) -> None:
        """Read the log and write it changed; where that cannot be done, this process alone remembers it."""
        ...


class OwnLog:
    """The log of a process that shares none."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._log = RefusalLog()

    def refusals(self) -> RefusalLog:
        """The log."""
        return self._log

    def change_refusals(self, change: Callable[[RefusalLog], RefusalLog]) -> None:
        """Change it."""
        self._log = change(self._log)


class Refusals:
    """The refusals of late: how this process met them, and what all environments know.

    Attributes:
        shared: the log of all.
    """

    def __init__(self, clock: Clock) -> None:
        """Nothing is known yet, and nothing shared."""
        self._clock = clock
        self._met: dict[str, Refusal] = {}
        self.shared: SharedLog = OwnLog()

    def granted(self, kind: str) -> None:
        """A call of this kind was granted to somebody."""
        log = self.shared.refusals()
        known = [*log.of.values(), *self._met.values()]
        if any(refusal.kind == kind and log.stands(refusal) for refusal in known):
            self.shared.change_refusals(lambda log: log.with_grant(kind))

    def refused(self, entity: str, kind: str) -> None:
        """A call of this kind was refused to the entity."""
        now, met = self._clock.now(), self._met.pop(entity, None)
        self._met = {other: refusal for other, refusal in self._met.items() if now - refusal.at < PATIENCE}

        def note(log: RefusalLog) -> RefusalLog:
            log = replace(log, of={each: last for each, last in log.of.items() if now - last.at < PATIENCE})
            before = max(filter(None, (met, log.of.get(entity))), key=lambda refusal: refusal.place, default=None)
            if before is None or before.kind != kind:
                before = Refusal(kind, since=now, at=now, place=log.place + 1, alone=0)
            meanwhile = log.granted.get(kind, 0) > before.place
            others = sum(log.stands(last) for each, last in log.of.items() if each != entity)
            alone = before.alone + (meanwhile or others + 1 < WHOLE_SERVICE_THRESHOLD)
            self._met[entity] = Refusal(kind, before.since, now, log.place + 1, alone)
            of = {**log.of, entity: self._met[entity]}
            newest = sorted(of, key=lambda each: of[each].place)[-SHARED:]
            return replace(log, place=log.place + 1, of={each: of[each] for each in newest})

        self.shared.change_refusals(note)

    def ended(self, entity: str) -> None:
        """A sync of the entity ended without a refusal."""
        self._met.pop(entity, None)
        if entity in self.shared.refusals().of:
            self.shared.change_refusals(
                lambda log: replace(log, of={each: last for each, last in log.of.items() if each != entity})
            )

    def of(self, entity: str) -> Refusal | None:
        """How the entity is refused at present, None when it is not."""
        return self._met.get(entity)


def is_refusal(error: Exception | None) -> TypeGuard[Permanent]:
    """Whether a call was refused with a 4xx that no other class of failure claims, such as what Okta does not find."""
    if not isinstance(error, Permanent) or error.status not in _REFUSED:
        return False
    return error.upstream == "genesys" or (error.upstream == "okta" and error.status != _NOT_FOUND)
