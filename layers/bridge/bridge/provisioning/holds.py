"""Holds: removals that wait for a person. Only the entity's own sync changes a hold.

A person's decision is a `Decision`, written by the approvals function; the next sync of the entity carries it out::

    opening -> open -> approved -> done
                    -> rejected | resolved | unlinked
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bridge.errors import Transient
from bridge.provisioning.ports import Clock, Notifier
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import Hold, HoldState, Verdict
from bridge.provisioning.sync import Report, Work

#: States in which a hold blocks removals of its group.
BLOCKING = frozenset({HoldState.OPENING, HoldState.OPEN})
#: States in which a hold has ended.
CLOSED = frozenset({HoldState.DONE, HoldState.REJECTED, HoldState.RESOLVED, HoldState.UNLINKED})


class HoldLifecycle:
    """Opens, changes and ends the holds of groups and of the organisation."""

    def __init__(self, store: Store, notifier: Notifier, clock: Clock) -> None:
        """Everything it needs, as ports."""
        self._store = store
        self._notifier = notifier
        self._clock = clock

    def blocking(self, entity: str) -> Hold | None:
        """The entity's hold that blocks removals now, if there is one."""
        hold = self._store.hold(entity)
        return hold if hold is not None and hold.state in BLOCKING else None

    # ---------------------------------------------------------------------------------------- staging

    def stage(self, work: Work, user_ids: Iterable[str], *, reason: str, explanation: str) -> Hold | None:
        """Make the entity's hold stage exactly these Okta users.

        Opens a hold, lets users join one, takes out those who are back, and resolves one that has become empty.
        The header is written as ``opening`` before the users and as ``open`` after them, so that a crash between
        leaves a hold that blocks.

        Returns:
            The hold as it stands now; None when there is none and nothing to stage.
        """
        wanted = frozenset(user_ids)
        hold = self.blocking(work.entity)
        now = self._clock.now()
        if hold is None:
            if not wanted:
                return None
            previous = self._store.hold(work.entity)
            hold = Hold(
                entity=work.entity,
                number=previous.number + 1 if previous else 1,
                state=HoldState.OPENING,
                revision=0,
                reason=reason,
                staged=0,
                events=work.events,
                opened=now,
                changed=now,
                explanation=explanation,
            )
        staged = self._store.staged(work.entity, hold.number)
        joining, leaving = wanted - staged.keys(), staged.keys() - wanted
        if not joining and not leaving and hold.state is HoldState.OPEN:
            return hold
        revision = hold.revision + 1
        self._store.save_hold(replace(hold, state=HoldState.OPENING, revision=revision, changed=now))
        if joining:
            self._store.stage(work.entity, hold.number, revision, joining)
        if leaving:
            self._store.unstage(work.entity, hold.number, leaving)
        ended = replace(
            hold,
            state=HoldState.OPEN if wanted else HoldState.RESOLVED,
            revision=revision,
            staged=len(wanted),
            changed=now,
            explanation=explanation or hold.explanation,
        )
        self._store.save_hold(ended)
        return ended

    # -------------------------------------------------------------------------------------- decisions

    def apply_decision(self, entity: str) -> Hold | None:
        """Apply what a person decided about the entity's hold; the hold as it stands then.

        A rejection makes exceptions of those whom the person saw. An approval only marks the hold: the sync that
        asked releases them, and then calls `finish`.
        """
        hold = self._store.hold(entity)
        if hold is None or hold.state not in BLOCKING:
            return hold
        decision = self._store.decision(entity, hold.number)
        if decision is None:
            return hold
        now = self._clock.now()
        decided = replace(hold, decided=decision.revision, by=decision.by, why=decision.why, changed=now)
        if decision.verdict is Verdict.REJECT:
            self._store.add_exceptions(entity, self.decided(decided)[0])
            decided = replace(decided, state=HoldState.REJECTED)
        else:
            decided = replace(decided, state=HoldState.APPROVED)
        self._store.save_hold(decided)
        return decided

    def decided(self, hold: Hold) -> tuple[frozenset[str], frozenset[str]]:
        """The staged users whom the decider saw (staged up to that revision), and those who were staged later."""
        staged = self._store.staged(hold.entity, hold.number)
        seen = frozenset(user for user, revision in staged.items() if revision <= hold.decided)
        return seen, frozenset(staged.keys() - seen)

    def left_by_rejection(self, hold: Hold | None) -> frozenset[str]:
        """People staged after the rejecter read the hold, until the rejection is known: they are held again."""
        if hold is None or hold.state is not HoldState.REJECTED or hold.told == hold.state:
            return frozenset()
        return self.decided(hold)[1]

    def finish(self, hold: Hold) -> None:
        """An approved hold has been carried out."""
        self._end(hold, HoldState.DONE)

    def void(self, hold: Hold) -> None:
        """An approval cannot be carried out on what is read now: it was for something else."""
        self._end(replace(hold, why="the reading has changed since the approval"), HoldState.RESOLVED)

    def close_unlinked(self, entity: str) -> None:
        """The group is no longer linked: its members stay and its hold has nothing to wait for."""
        hold = self._store.hold(entity)
        if hold is not None and hold.state not in CLOSED:
            self._end(hold, HoldState.UNLINKED)

    def _end(self, hold: Hold, state: HoldState) -> None:
        self._store.save_hold(replace(hold, state=state, changed=self._clock.now()))

    # ---------------------------------------------------------------------------------------- telling

    def notify(self, entity: str, report: Report) -> None:
        """Tell people of a hold that has opened or ended since they were last told.

        A message that cannot be sent is remembered in the report, and sent by a later sync or with the reminders.
        """
        hold = self._store.hold(entity)
        if hold is None or hold.told == hold.state:
            return
        opened = hold.state is HoldState.OPEN
        if not opened and (hold.state not in CLOSED or not hold.told):
            return  # nobody heard of it, so nobody waits for its end
        try:
            self._notifier.hold_changed(hold, "opened" if opened else "closed")
        except Transient:
            report.notification_pending = True
            return
        self._store.save_hold(replace(hold, told=hold.state.value))
