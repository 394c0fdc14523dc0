"""Open holds for people: listed, shown, and called to mind once a day."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from bridge.aws.telemetry import logger
from bridge.errors import Transient
from bridge.operations import hold_answers, showing
from bridge.operations.answers import Refused
from bridge.operations.requests import HoldsList, HoldsShow
from bridge.provisioning.exceptions import LinksAndExceptions, standing
from bridge.provisioning.hold_ports import Holds
from bridge.provisioning.hold_records import Hold, HoldState
from bridge.provisioning.permissions import APP, APPROVAL_AGE, PERMITS
from bridge.provisioning.ports import Clock, Notifier

#: How long a hold waits before people are reminded of it, and again.
REMIND_AFTER = timedelta(hours=24)


class HoldsAndExceptions(Holds, LinksAndExceptions, Protocol):
    """Holds, and what rejected ones have left."""


class HoldService:
    """Reads holds and reminds of them; only the entity's own sync changes one."""

    def __init__(self, store: HoldsAndExceptions, notifier: Notifier, clock: Clock) -> None:
        """Tell people through `notifier`."""
        self._store = store
        self._notifier = notifier
        self._clock = clock

    def open(self) -> list[hold_answers.Hold]:
        """The open holds, the oldest first."""
        found = [hold for entity in self._store.open_hold_entities() if (hold := self._store.hold(entity))]
        return [self._shown(hold) for hold in sorted(found, key=lambda hold: (hold.opened, hold.entity))]

    def under_way(self) -> list[hold_answers.Hold]:
        """The approved holds whose users are not all done."""
        found = [self._store.hold(entity) for entity in sorted({APP, *self._store.releases()})]
        shown = [self._shown(hold) for hold in found if hold is not None and any(self._progress(hold))]
        return [hold for hold in shown if hold.released < hold.approved]

    def listed(self, asked: HoldsList) -> hold_answers.Holds:
        """Answers ``holds.list``; with ``all`` the newest hold of each entity that has exceptions, too."""
        holds = self.open()
        if asked.all:
            listed = {hold.entity for hold in holds}
            kept = [self._newest(entity) for entity in standing(self._store) if entity not in listed]
            holds += [self._shown(hold) for hold in kept if hold is not None]
        return hold_answers.Holds(holds=holds)

    def show(self, asked: HoldsShow) -> hold_answers.HoldShown:
        """Answers ``holds.show``: a page of the staged users, in the order of their ids."""
        hold = self._newest(asked.entity)
        if hold is None:
            raise Refused("not-found", f"{asked.entity} has no hold", field="entity")
        staged = sorted(
            (user, revision)
            for user, revision in self._store.staged(asked.entity, hold.number).items()
            if user > asked.after
        )
        page = staged[: asked.limit]
        return hold_answers.HoldShown(
            hold=self._shown(hold),
            staged=[hold_answers.Staged(user=user, revision=revision) for user, revision in page],
            next=page[-1][0] if len(staged) > len(page) else None,
            history=[showing.change(change) for change in reversed(self._store.hold_history(asked.entity))],
            excepted=sorted(self._store.exceptions(asked.entity)),
        )

    def _newest(self, entity: str) -> Hold | None:
        """The newest hold; for exceptions that a restore or an import brought without it, one in its place."""
        hold = self._store.hold(entity)
        if hold is not None or not self._store.exceptions(entity):
            return hold
        now = self._clock.now()
        says = "The record of the hold itself is gone."
        return Hold(entity, 0, HoldState.REJECTED, 0, "excepted", 0, (), now, now, says)

    def remind(self) -> hold_answers.Reminded:
        """Answers ``remind``: tell people of each hold that nobody decided for a day; nothing is ever removed by it.

        Raises:
            Transient: somebody could not be told; the others were, and the next hour tries again.
        """
        told: list[str] = []
        failure: Transient | None = None
        for entity in self._store.open_hold_entities():
            hold = self._store.hold(entity)
            if hold is None or not self._is_due(hold):
                continue
            try:
                self._notifier.hold_changed(hold, "reminder")
            except Transient as error:
                failure = error
                continue
            self._store.note_reminded(entity, hold.number, self._clock.now())
            told.append(entity)
        logger.info("reminded", extra={"entities": told})
        if failure is not None:
            raise failure
        return hold_answers.Reminded(told=told)

    def _is_due(self, hold: Hold) -> bool:
        if hold.state not in {HoldState.OPENING, HoldState.OPEN}:
            return False
        if self._store.decision(hold.entity, hold.number) is not None:
            return False  # its sync is on its way
        last = self._store.reminded(hold.entity, hold.number) or hold.opened
        return self._clock.now() - last >= REMIND_AFTER

    def _shown(self, hold: Hold) -> hold_answers.Hold:
        word = self._store.decision(hold.entity, hold.number)
        shown = showing.hold(hold, word, self._store.reminded(hold.entity, hold.number))
        approved, released = self._progress(hold)
        excepted = len(self._store.exceptions(hold.entity))
        return shown.model_copy(update={"excepted": excepted, "approved": approved, "released": released})

    def _progress(self, hold: Hold) -> tuple[int, int]:
        """Of an approved hold: how many it releases, and how many of them are done."""
        if not hold.decided or hold.state not in {HoldState.APPROVED, HoldState.DONE}:
            return 0, 0
        staged = self._store.staged(hold.entity, hold.number).items()
        decided = frozenset(user for user, revision in staged if revision <= hold.decided)
        if hold.entity != APP and hold.state is HoldState.DONE:
            return len(decided), len(decided)
        if hold.entity != APP:
            number, left = self._store.releases().get(hold.entity, (0, 0))
            return len(decided), max(len(decided) - left, 0) if number == hold.number else 0
        waiting = self._store.permitted(PERMITS, self._clock.now() - APPROVAL_AGE) & decided
        return len(decided), len(decided - waiting)
