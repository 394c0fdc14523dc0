"""Holds: removals that wait for a person. Only the entity's own sync changes a hold.

A person's decision is a `Decision`, written by the approvals function; the next sync of the entity carries it out::

    opening -> open -> approved -> done
                    -> rejected | resolved | unlinked
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from bridge.errors import FenceMoved, Transient
from bridge.provisioning.hold_records import Decision, Hold, HoldState
from bridge.provisioning.judge import BLOCKING, Plan
from bridge.provisioning.ports import Clock, Notifier
from bridge.provisioning.record_ports import Store
from bridge.provisioning.sync import Report, Work

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

    def stage(self, work: Work, plan: Plan) -> None:
        """Make the entity's hold stage exactly whom the plan says.

        Opens a hold, lets users join one, takes out those who are back, and resolves one that has become empty.
        The header is written as ``opening`` before the users and as ``open`` after them, so that a crash between
        leaves a hold that blocks.
        """
        wanted = plan.staged
        if wanted is None:
            return
        hold = self.blocking(work.entity)
        now = self._clock.now()
        before = hold
        if hold is None:
            if not wanted:
                return
            before = previous = self._store.hold(work.entity)
            hold = Hold(
                entity=work.entity,
                number=previous.number + 1 if previous else 1,
                state=HoldState.OPENING,
                revision=0,
                reason=plan.reason,
                staged=0,
                events=work.events,
                opened=now,
                changed=now,
                explanation=plan.explanation,
            )
        staged = self._store.staged(work.entity, hold.number)
        joining, leaving = wanted - staged.keys(), staged.keys() - wanted
        if not joining and not leaving and hold.state is HoldState.OPEN:
            return
        revision = hold.revision + 1
        opening = replace(hold, state=HoldState.OPENING, revision=revision, changed=now)
        self._store.replace_hold(before, opening)
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
            explanation=plan.explanation or hold.explanation,
        )
        self._store.replace_hold(opening, ended)

    # -------------------------------------------------------------------------------------- decisions

    def standing(self, entity: str) -> tuple[Hold | None, dict[str, int], Decision | None]:
        """The entity's newest hold, whom it stages in which revision, and what a person said of it."""
        hold = self._store.hold(entity)
        rejecting = hold is not None and hold.state is HoldState.REJECTED and hold.told != hold.state
        if hold is None or (hold.state in CLOSED and not rejecting):
            return hold, {}, None
        return hold, self._store.staged(entity, hold.number), self._store.decision(entity, hold.number)

    def begin(self, entity: str, plan: Plan) -> None:
        """Write what a person decided, the exceptions that begin and end, and the end of an outdated approval."""
        if plan.excepted:
            self._store.add_exceptions(entity, plan.excepted)
        if plan.unexcepted:
            self._store.remove_exceptions(entity, plan.unexcepted)
        if plan.hold is None:
            return
        self.release(plan.hold, plan.back)
        hold = plan.hold
        if plan.decided:
            before = self._store.hold(entity)
            if before is None or before.state not in BLOCKING or _version(before) != _version(hold):
                raise FenceMoved(f"another hold of {entity} stands than was judged")
            hold = replace(hold, changed=self._clock.now())
            self._store.replace_hold(before, hold)
        if plan.closes is HoldState.RESOLVED:
            self._end(hold, HoldState.RESOLVED, why="the reading has changed since the approval")

    def release(self, hold: Hold, back: AbstractSet[str]) -> None:
        """Take people out of an approved hold who are members again in Okta."""
        if back:
            self._store.unstage(hold.entity, hold.number, back)

    def finish(self, plan: Plan) -> None:
        """End an approved hold that has been carried out."""
        if plan.hold is not None and plan.closes is HoldState.DONE:
            before = self._store.hold(plan.hold.entity)
            newer = before is not None and before.number > plan.hold.number
            self._end(plan.hold if before is None or newer else before, HoldState.DONE)

    def close_unlinked(self, entity: str) -> None:
        """The group is no longer linked: its members stay and its hold has nothing to wait for."""
        hold = self._store.hold(entity)
        if hold is not None and hold.state not in CLOSED:
            self._end(hold, HoldState.UNLINKED)

    def _end(self, hold: Hold, state: HoldState, *, why: str = "") -> None:
        """End a hold that stands as given, or one before the newest, of which only the history tells then."""
        ended = replace(hold, state=state, changed=self._clock.now(), why=why or hold.why)
        newest = self._store.hold(hold.entity)
        if newest is not None and newest.number > hold.number:
            self._store.save_hold(ended)
        else:
            self._store.replace_hold(hold, ended)

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
        with suppress(FenceMoved):  # its next state is told by the sync that wrote it
            self._store.replace_hold(hold, replace(hold, told=hold.state.value))


def _version(hold: Hold) -> tuple[int, int, datetime]:
    """What a person's decision leaves as it was read."""
    return hold.number, hold.revision, hold.changed
