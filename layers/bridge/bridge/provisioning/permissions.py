"""Whether a user's own sync may deactivate for a missing assignment, or for a deletion.

It may by itself while there are few such deactivations. From the twentieth in the window on it asks for a sync of the
application, which permits whom it releases. Permissions are records of their own: what was counted before stays counted
when the same user is approved, and no reservation that a sync left behind permits.

Okta answers 404 for everybody outside of what a role may see, and a role that was narrowed to a part of the application
still shows the others. So a 404 needs something that explains it: the event of the assignment's end, newer than the
last answer that showed them assigned. Without that a user waits for the event, ten minutes and so two catch-ups long,
and then they are a person's to decide, be it one: nothing that Okta answers can tell them from somebody hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum

from bridge.errors import Permanent, Transient
from bridge.items import Hint, Item, Reason, make_item
from bridge.provisioning.assignments import Assigned, Assignments
from bridge.provisioning.ceiling import DIRECT_DEACTIVATIONS_THRESHOLD
from bridge.provisioning.hold_records import LeaverRecords, Removal, RemovalState
from bridge.provisioning.ports import Clock, QueueSender
from bridge.provisioning.protected import ProtectedPeople
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import AppState, Due
from bridge.provisioning.sync import Report, Work
from bridge.provisioning.user_records import UserLink
from bridge.settings import Mode, ProvisioningSettings

#: The entity that the organisation's removal records and hold belong to.
APP = "app"
#: What their permissions belong to.
PERMITS = "app-permits"
#: What the deactivations belong to that observe mode would have made: they count there as if they had been made.
OBSERVED = "app-observed"
#: For how long a person's approval of one user counts: as long as the queues keep their item.
APPROVAL_AGE = timedelta(days=14)
#: For so long a missing assignment waits for what explains it.
EXPLANATION_WAIT = timedelta(minutes=10)


class Permission(Enum):
    """Whether a user's sync may deactivate for a missing assignment."""

    GIVEN = "given"
    HELD = "deactivation-ceiling"
    EXCEPTED = "excepted"
    UNEXPLAINED = "unassignment-unexplained"  #: an event may still explain it
    DOUBTED = "unassignment-doubted"  #: none has; the application's sync must hold them
    ASK = "ask"  #: it must say for the ceiling


#: What those wait for whose missing assignment nothing explains.
_UNEXPLAINED = frozenset({Permission.UNEXPLAINED.value, Permission.DOUBTED.value})
#: What those wait for who have asked for a sync of the application, or may at any moment.
ASKS = _UNEXPLAINED | {Permission.HELD.value}


class Permissions:
    """What releases one user at a time."""

    def __init__(
        self,
        *,
        store: Store,
        queues: QueueSender,
        clock: Clock,
        assignments: Assignments,
        protected: ProtectedPeople,
        settings: ProvisioningSettings,
        counts_observed: bool,
    ) -> None:
        """Everything it needs, as ports. `counts_observed`: whether what observe mode kept back counts as done."""
        self._store = store
        self._queues = queues
        self._clock = clock
        self._assignments = assignments
        self._protected = protected
        self._observes = settings.mode is Mode.OBSERVE
        self._counts_observed = counts_observed and self._observes
        self._lag = timedelta(seconds=settings.read_lag_seconds)
        self._window = timedelta(hours=settings.ceiling_window_hours)

    def of(
        self, link: UserLink, app: AppState, doubt: Permission | None, *, listed: bool = False
    ) -> tuple[Permission, LeaverRecords]:
        """Whether this user may be deactivated now, or what it waits for; and what is on record of it.

        Where no listing has been read, nobody goes by one answer: it is asked for again. With `listed` a listing alone
        does not show them, which is enough where a person approved it, and the listing was not what was doubted.

        Args:
            link: the user's record.
            app: the application's.
            doubt: what a missing assignment waits for that nothing explains, see `doubt`.
            listed: whether nobody has read them alone.

        Raises:
            Transient: the second answer does not say that they are unassigned.
        """
        found = self._store.leaving(APP, link.okta_id, self._permits(removals_paused=False))
        return self._judged(link, app, doubt, found, listed=listed), found

    def _permits(self, *, removals_paused: bool) -> list[str]:
        """What permissions that count now belong to."""
        return [*([OBSERVED] if self._counts_observed else []), *([] if removals_paused else [PERMITS])]

    def _judged(
        self, link: UserLink, app: AppState, doubt: Permission | None, found: LeaverRecords, *, listed: bool
    ) -> Permission:
        okta_id = link.okta_id
        if found.excepted:
            return Permission.EXCEPTED
        protected = self._protected.among({okta_id}) != frozenset()
        approved = _is_approved(found)
        if (approved or not (protected or doubt)) and any(
            self._is_permitted(found.removals.get(entity))
            for entity in self._permits(removals_paused=app.removals_paused)
        ):
            if listed and not (approved and _is_proved(found)):
                self._require_unassigned(okta_id)
            return Permission.GIVEN
        hold = found.hold if found.hold is not None and found.hold.blocks else None
        if hold is not None and okta_id in self._store.staged(APP, hold.number):
            # Explained after all: the application's sync may release them.
            return Permission.HELD if doubt or link.unassigned_due not in _UNEXPLAINED else Permission.ASK
        if doubt is not None:
            return doubt
        if protected or hold is not None or app.removals_paused or not self._is_few(okta_id):
            return Permission.ASK
        if not self._assignments.witnessed(okta_id):
            return Permission.ASK
        self._require_unassigned(okta_id)
        return Permission.GIVEN

    def doubt(self, work: Work, link: UserLink) -> Permission | None:
        """What a missing assignment waits for that nothing explains; None for one that is explained.

        An event explains it that is newer than they were known to be assigned, and so does one that an earlier sync has
        met, and that they were DEPROVISIONED, which takes every assignment.
        """
        if link.status == "DEPROVISIONED" or has_ended(link):
            return None
        if any(self._explains(item, last_assigned(link)) for item in work.items):
            return None
        waited = any(item.due == Permission.UNEXPLAINED.value for item in work.items)
        return (
            Permission.DOUBTED if waited or link.unassigned_due == Permission.DOUBTED.value else Permission.UNEXPLAINED
        )

    def told(self, work: Work, link: UserLink) -> UserLink:
        """The record of somebody whose assignment has not been read, or not clearly: an event of its end is kept."""
        ends = any(self._explains(item, last_assigned(link)) for item in work.items)
        return replace(link, assigned=False) if ends else link

    def _explains(self, item: Item, known: datetime | None) -> bool:
        """Whether an item's events end assignments, since one was last seen; a suspension leaves them as they are."""
        ends = Hint.ACCESS_ENDS in item.hints and bool(item.hints & {Hint.ASSIGNMENT, Hint.DELETION})
        return ends and (known is None or item.newest is None or item.newest + self._lag > known)

    def _require_unassigned(self, okta_id: str) -> None:
        """Raise where an answer for this user alone contradicts the other one: everything is read anew."""
        if self._assignments.read_alone(okta_id).assigned is not Assigned.NO:
            raise Transient("okta-read-lag", upstream="okta")

    def perform(self, okta_id: str, found: LeaverRecords, deactivate: Callable[[], Report]) -> Report | None:
        """Count the permitted deactivation, unless a person approved it, and do it; None when it is one too many.

        Counted before it is sent, and judged again when it is counted: of two syncs at the same moment each sees the
        other's. What cannot be done at all does not count. `found` is what was on record when it was permitted.
        """
        permit, record = (found.removals.get(entity) for entity in (PERMITS, APP))
        approved = _is_approved(found)
        if not approved:
            self._store.reserve(APP, [okta_id], self._clock.now())
            if not (self._is_permitted(permit) or self._is_few(okta_id)):
                self._uncount(okta_id, record)
                return None
        try:
            report = deactivate()
        except Permanent:
            if not approved:  # nor does an earlier try
                self._uncount(okta_id, record if record and record.state is RemovalState.DONE else None)
            raise
        if approved:
            self.forget(okta_id)
        else:
            self._store.complete(APP, [okta_id], self._clock.now(), permits=PERMITS)
        return report

    def refuse(self, link: UserLink, permission: Permission, doubt: Permission | None) -> str:
        """Have that come about which a user waits for who has no permission; why they wait."""
        if doubt is Permission.UNEXPLAINED and not self._waits_for_event(link.entity):
            self._store.note_due(Due(link.entity, doubt.value, self._clock.now() + EXPLANATION_WAIT))
        why = Permission.HELD.value if permission is Permission.ASK else permission.value
        if permission in {Permission.ASK, Permission.DOUBTED}:
            if link.unassigned_due not in ASKS:  # a listing may end at once, and must know whom it should not show
                self._store.save_user(replace(link, unassigned_due=doubt.value if doubt else why))
            self.ask()
        return Permission.UNEXPLAINED.value if permission is Permission.HELD and doubt else why

    def _waits_for_event(self, entity: str) -> bool:
        return any(due.why == Permission.UNEXPLAINED.value for due in self._store.dues(entity))

    def _uncount(self, okta_id: str, before: Removal | None) -> None:
        """Take a reservation back; what was counted `before` counts on."""
        self._store.withdraw(APP, [okta_id])
        if before is not None:
            self._store.complete(APP, [okta_id], before.at)

    def _is_permitted(self, permit: Removal | None) -> bool:
        """Whether a person's approval, or a reservation of the whole change that still counts, releases the user."""
        if permit is None:
            return False
        age = self._clock.now() - permit.at
        return age <= (APPROVAL_AGE if permit.state is RemovalState.APPROVED else self._window)

    def _is_few(self, okta_id: str) -> bool:
        """Whether this user's deactivation needs no listing: there are few in the window, with theirs."""
        recent = self._store.removals(APP, self._clock.now() - self._window) | self.observed()
        return len(recent - {okta_id}) + 1 < DIRECT_DEACTIVATIONS_THRESHOLD

    def observed(self) -> frozenset[str]:
        """Whom observe mode counts as deactivated; nobody where the bridge enforces."""
        since = self._clock.now() - self._window
        return self._store.removals(OBSERVED, since) if self._counts_observed else frozenset()

    def permit(self, users: Iterable[str], *, approved: bool) -> None:
        """Let them be deactivated: by a person's approval uncounted; observe mode counts them as if they had been."""
        write = self._store.permit if approved and not self._observes else self._store.reserve
        write(OBSERVED if self._observes else PERMITS, users, self._clock.now())

    def approved(self) -> frozenset[str]:
        """Whom a person's approval permits to go, and who have not gone yet."""
        return self._store.permitted(PERMITS, self._clock.now() - APPROVAL_AGE)

    def forget_observed(self) -> None:
        """What observe mode counted ends where the bridge enforces."""
        if not self._observes and (observed := self._store.removals(OBSERVED, self._clock.now() - self._window)):
            self._store.withdraw(OBSERVED, observed)

    def ask(self) -> None:
        """Have the application synced; anyone who asks before that sync begins shares it."""
        dedup_key = f"ceiling:{self._store.app().sync_number}"
        self._queues.send([make_item(APP, Reason.FOLLOW_UP, dedup_key)])

    def forget(self, okta_id: str) -> None:
        """What was permitted is done, has come about otherwise, or is not wanted any more."""
        self._store.withdraw(PERMITS, [okta_id])
        if self._observes:
            self._store.withdraw(OBSERVED, [okta_id])

    def desired_again(self, okta_id: str) -> None:
        """The user is assigned: nothing that was said about their deactivation counts any more."""
        self._store.remove_exceptions(APP, [okta_id])
        self.forget(okta_id)
        hold = self._store.hold(APP)
        if hold is not None and hold.blocks and okta_id in self._store.staged(APP, hold.number):
            self.ask()


def _is_approved(found: LeaverRecords) -> bool:
    permit = found.removals.get(PERMITS)
    return permit is not None and permit.state is RemovalState.APPROVED


def _is_proved(found: LeaverRecords) -> bool:
    """Whether what was approved rests on a listing that nobody doubted, and on some who were read alone."""
    return found.hold is not None and found.hold.reason.startswith("ceiling")


def has_ended(link: UserLink) -> bool:
    """Whether an earlier sync has met what explains that somebody is not assigned, and none has seen them assigned."""
    return link.assigned is False and link.unassigned_due not in _UNEXPLAINED


def last_assigned(link: UserLink) -> datetime | None:
    """Okta's ``Date`` as of which somebody was last known to be assigned; None when that is not on record."""
    return link.assignment_read if link.assigned or link.unassigned_due in _UNEXPLAINED else None
