"""Whether a user's own sync may deactivate for a missing assignment, or for a deletion.

It may by itself while there are few such deactivations. From the twentieth in the window on it asks for a sync of the
application, which permits whom it lets go. Permissions are records of their own: what was counted before stays counted
when the same user is approved, and no reservation that a sync left behind permits.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from enum import Enum

from bridge.errors import Permanent, Transient
from bridge.items import Reason, make_item
from bridge.provisioning.assignments import Assigned, Assignments
from bridge.provisioning.hold_records import Removal, RemovalState
from bridge.provisioning.holds import HoldLifecycle
from bridge.provisioning.ports import Clock, QueueSender
from bridge.provisioning.protected import ProtectedPeople
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import AppState
from bridge.provisioning.sync import Report
from bridge.settings import Mode, ProvisioningSettings

#: The entity that the organisation's removal records and hold belong to.
APP = "app"
#: What their permissions belong to.
PERMITS = "app-permits"
#: What the deactivations belong to that observe mode would have made: they count there as if they had been made.
OBSERVED = "app-observed"
#: Fewer deactivations than this in the window need no listing; the percentage never forbids so few.
DIRECT_DEACTIVATIONS_THRESHOLD = 20
#: For how long a person's approval of one user counts: as long as the queues keep their item.
APPROVAL_AGE = timedelta(days=14)


class Permission(Enum):
    """Whether a user's sync may deactivate for a missing assignment."""

    GIVEN = "given"
    HELD = "deactivation-ceiling"
    EXCEPTED = "excepted"
    ASK = "ask"


class Permissions:
    """What lets one user go at a time."""

    def __init__(
        self,
        *,
        store: Store,
        queues: QueueSender,
        clock: Clock,
        lifecycle: HoldLifecycle,
        assignments: Assignments,
        protected: ProtectedPeople,
        settings: ProvisioningSettings,
    ) -> None:
        """Everything it needs, as ports."""
        self._store = store
        self._queues = queues
        self._clock = clock
        self._lifecycle = lifecycle
        self._assignments = assignments
        self._protected = protected
        self._observes = settings.mode is Mode.OBSERVE
        self._window = timedelta(hours=settings.ceiling_window_hours)

    def of(self, okta_id: str, app: AppState) -> Permission:
        """Whether this user may be deactivated now; `Permission.ASK` when a sync of the application must say.

        Where no listing has been read, nobody goes by one answer: it is asked for again.

        Raises:
            Transient: the second answer does not say that they are unassigned.
        """
        if okta_id in self._store.exceptions(APP):
            return Permission.EXCEPTED
        protected = self._protected.among({okta_id}) != frozenset()
        permits = [OBSERVED] if self._observes else []
        if not app.removals_paused:
            permits.append(PERMITS)
        if (self._is_approved(okta_id) or not protected) and any(
            self._is_permitted(self._store.removal(entity, okta_id)) for entity in permits
        ):
            return Permission.GIVEN
        hold = self._lifecycle.blocking(APP)
        if hold is not None and okta_id in self._store.staged(APP, hold.number):
            return Permission.HELD
        if protected or hold is not None or app.removals_paused or not self._is_few(okta_id):
            return Permission.ASK
        if not self._assignments.witnessed(okta_id):
            return Permission.ASK
        if self._assignments.read_alone(okta_id).assigned is not Assigned.NO:
            raise Transient("okta-read-lag", upstream="okta")  # two answers that contradict each other: read anew
        return Permission.GIVEN

    def perform(self, okta_id: str, deactivate: Callable[[], Report]) -> Report | None:
        """Count the permitted deactivation, unless a person approved it, and do it; None when it is one too many.

        Counted before it is sent, and judged again when it is counted: of two syncs at the same moment each sees the
        other's. What cannot be done at all does not count.
        """
        permit, record = (self._store.removal(entity, okta_id) for entity in (PERMITS, APP))
        approved = self._is_approved(okta_id)
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
        if not approved:
            self._store.complete(APP, [okta_id], self._clock.now())
        self.forget(okta_id)
        return report

    def _uncount(self, okta_id: str, before: Removal | None) -> None:
        """Take a reservation back; what was counted `before` counts on."""
        self._store.withdraw(APP, [okta_id])
        if before is not None:
            self._store.complete(APP, [okta_id], before.at)

    def _is_approved(self, okta_id: str) -> bool:
        permit = self._store.removal(PERMITS, okta_id)
        return permit is not None and permit.state is RemovalState.APPROVED

    def _is_permitted(self, permit: Removal | None) -> bool:
        """Whether a person's approval, or a reservation of the whole change that still counts, lets the user go."""
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
        return self._store.removals(OBSERVED, self._clock.now() - self._window) if self._observes else frozenset()

    def observe(self, okta_id: str) -> None:
        """Count a deactivation that observe mode keeps back."""
        self._store.reserve(OBSERVED, [okta_id], self._clock.now())

    def forget_observed(self) -> None:
        """What observe mode counted ends where the bridge enforces."""
        if observed := self._store.removals(OBSERVED, self._clock.now() - self._window):
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
        hold = self._lifecycle.blocking(APP)
        if hold is not None and okta_id in self._store.staged(APP, hold.number):
            self.ask()
