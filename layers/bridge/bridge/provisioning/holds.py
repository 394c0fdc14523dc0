"""Holds: removals that wait for a person, and the one way in which a plan of `judge` is carried out.

Only the entity's own sync changes a hold. A person's decision is a `Decision`, written by the approvals function; the
next sync of the entity carries it out::

    opening -> open -> approved -> done
                    -> rejected | resolved | unlinked
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from bridge.errors import FenceMoved, Transient
from bridge.provisioning.hold_records import Hold, HoldState
from bridge.provisioning.judge import Facts, Plan
from bridge.provisioning.ports import Clock, Notifier
from bridge.provisioning.protected import ProtectedPeople
from bridge.provisioning.record_ports import Store
from bridge.provisioning.sync import Report, Work


class Remove(Protocol):
    """Removes people who are reserved, or whom a person approved, which may be left to the next sync: then False."""

    def __call__(self, users: AbstractSet[str], *, approved: bool) -> bool:  # noqa: D102 - the class says it
        ...


@dataclass(frozen=True)
class HoldLifecycle:
    """Opens, changes and ends the holds of groups and of the organisation."""

    store: Store
    notifier: Notifier
    clock: Clock
    protected: ProtectedPeople
    window: timedelta  #: for so long a removal counts
    observes: bool = False  #: whether a plan is only told

    def standing(self, entity: str) -> Facts:
        """How the entity's hold stands; of one that has ended nothing counts any more once people know of it."""
        hold = self.store.hold(entity)
        rejecting = hold is not None and hold.state is HoldState.REJECTED and hold.told != hold.state
        if hold is None or (hold.ended and not rejecting):
            return Facts(hold=hold)
        staged = self.store.staged(entity, hold.number)
        return Facts(hold=hold, staged=staged, decision=self.store.decision(entity, hold.number))

    def remembered(self, entity: str, facts: Facts) -> Facts:
        """What was read of an entity, with what is remembered of those who leave."""
        since = self.clock.now() - self.window
        recent = self.store.removals(entity, since) if facts.leaving else frozenset()
        if (protected := self.protected.among(facts.leaving)) is None:
            apart = dict.fromkeys(facts.leaving, "protected-group-unknown")
        else:
            apart = {**facts.apart, **dict.fromkeys(protected, "protected")}
        return replace(facts, recent=facts.recent | recent, exceptions=self.store.exceptions(entity), apart=apart)

    def execute(self, work: Work, plan: Plan, report: Report, remove: Remove) -> None:
        """Carry out a plan: exactly whom a person approved, then the hold, then all the others, reserved before.

        `report` says what is held, and whether people could not be told of it.
        """
        report.plan, report.held = plan, len(plan.held)
        if plan.change:
            report.read["hold"] = plan.change
        if plan.held:
            report.finish("held", plan.why)
        if self.observes:
            remove(plan.approved, approved=True)
            remove(plan.counted, approved=False)
            if plan.held:
                report.planned_calls.append(f"hold {len(plan.held)} removals ({plan.why})")
            return
        if plan.excepted:
            self.store.add_exceptions(work.entity, plan.excepted)
        if plan.unexcepted:
            self.store.remove_exceptions(work.entity, plan.unexcepted)
        hold = plan.hold
        if hold is not None:
            self.release(hold, plan.back)
            if hold != plan.read:
                hold = self._write(plan.read, hold)
            if plan.closes is HoldState.RESOLVED:
                why = "the reading has changed since the approval"
                hold = self._write(hold, replace(hold, state=HoldState.RESOLVED, why=why))
        if remove(plan.approved, approved=True):
            stands = self._stage(work, plan, hold)
            if plan.counted:
                self.store.reserve(work.entity, plan.counted, self.clock.now())
                remove(plan.counted, approved=False)
            if hold is not None and plan.closes is HoldState.DONE:
                done = replace(hold, state=HoldState.DONE)
                if stands == hold:
                    stands = self._write(hold, done)
                else:  # where a newer one stands, the history alone tells of that
                    self.store.save_hold(replace(done, changed=self.clock.now()))
            hold = stands
        self.notify(hold, report)

    def _stage(self, work: Work, plan: Plan, stands: Hold | None) -> Hold | None:
        """Make the entity's hold stage exactly whom the plan says; the newest hold then.

        The header is written as ``opening`` before the users and as ``open`` after them, so that a crash between
        leaves a hold that blocks. One that stages nobody any more is resolved.
        """
        wanted, hold, now = plan.staged, stands, self.clock.now()
        if wanted is None or not (wanted or (hold is not None and hold.blocks)):
            return stands
        if hold is None or not hold.blocks:
            number = hold.number + 1 if hold is not None else 1
            hold = Hold(work.entity, number, HoldState.OPENING, 0, plan.why, 0, work.events, opened=now, changed=now)
        staged = self.store.staged(work.entity, hold.number)
        if wanted == staged.keys() and hold.state is HoldState.OPEN:
            return hold
        opening = replace(hold, state=HoldState.OPENING, revision=hold.revision + 1, reason=plan.why or hold.reason)
        opening = self._write(stands, opening)
        if joining := wanted - staged.keys():
            self.store.stage(work.entity, hold.number, opening.revision, joining)
        self.release(hold, staged.keys() - wanted)
        state = HoldState.OPEN if wanted else HoldState.RESOLVED
        return self._write(opening, replace(opening, state=state, staged=len(wanted), explanation=plan.explanation))

    def release(self, hold: Hold, back: AbstractSet[str]) -> None:
        """Take people out of a hold who are members again in Okta: their next removal is not approved."""
        if back:
            self.store.unstage(hold.entity, hold.number, back)

    def release_back(self, entity: str, back: AbstractSet[str]) -> None:
        """The same of an approved hold, before they are added again."""
        hold = self.store.hold(entity)
        if hold is not None and hold.state is HoldState.APPROVED:
            self.release(hold, self.store.staged(entity, hold.number).keys() & back)

    def note_left(self, plan: Plan, left: int) -> None:
        """Tell those who watch an approval how many are still to go; nothing depends on it."""
        if plan.hold is not None and left and not self.observes:
            with suppress(Transient):
                self.store.note_release(plan.hold.entity, plan.hold.number, left, self.clock.now())

    def close_unlinked(self, entity: str, report: Report) -> None:
        """The group is no longer linked: its members stay and its hold has nothing to wait for."""
        hold = self.store.hold(entity)
        if hold is not None and not hold.ended:
            hold = self._write(hold, replace(hold, state=HoldState.UNLINKED))
        self.notify(hold, report)

    def _write(self, before: Hold | None, hold: Hold) -> Hold:
        """Write a header in place of the one that was read; FenceMoved when somebody else has written one meanwhile."""
        changed = replace(hold, changed=self.clock.now())
        self.store.replace_hold(before, changed)
        return changed

    def notify(self, hold: Hold | None, report: Report) -> None:
        """Tell people of a hold that has opened or ended since they were last told.

        A message that cannot be sent is remembered in the report, and sent by a later sync or with the reminders.
        """
        if hold is None or hold.told == hold.state or not (hold.state is HoldState.OPEN or (hold.ended and hold.told)):
            return  # nobody heard of it, so nobody waits for its end
        report.hold_told = True
        try:
            self.notifier.hold_changed(hold, "opened" if hold.state is HoldState.OPEN else "closed")
        except Transient:
            report.notification_pending = True
            return
        with suppress(FenceMoved):  # its next state is told by the sync that wrote it
            self.store.replace_hold(hold, replace(hold, told=hold.state.value))
