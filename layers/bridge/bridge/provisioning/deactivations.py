"""The organisation's ceiling: deactivations that only a missing assignment, or a deletion, justifies.

A user's sync may deactivate by itself while there are few such deactivations. From the twentieth in the window on it
asks for a sync of the application, the one writer of the organisation's hold: that sync reads one whole listing of the
application's users, so it sees the *whole* change, and either reserves and permits all of it, or holds all of it. A
person's approval becomes permissions, too, and those are not counted. Permissions are records of their own: what was
counted before stays counted when the same user is approved, and no reservation that a sync left behind permits.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum

from bridge.errors import Transient
from bridge.items import Item, Reason, make_item
from bridge.provisioning.assignments import Assigned, Assignments, judge
from bridge.provisioning.holds import HoldLifecycle
from bridge.provisioning.ports import Clock, OktaReader, QueueSender
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import AppState, Hold, HoldState, Removal, RemovalState
from bridge.provisioning.sync import Report, Work
from bridge.settings import ProvisioningSettings

#: The entity that the organisation's removal records and hold belong to.
APP = "app"
#: What their permissions belong to.
PERMITS = "app-permits"
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


class Deactivations:
    """The organisation's ceiling and its hold."""

    def __init__(
        self,
        *,
        okta: OktaReader,
        store: Store,
        queues: QueueSender,
        clock: Clock,
        lifecycle: HoldLifecycle,
        assignments: Assignments,
        settings: ProvisioningSettings,
    ) -> None:
        """Everything it needs, as ports."""
        self._assignments = assignments
        self._okta = okta
        self._store = store
        self._queues = queues
        self._clock = clock
        self._lifecycle = lifecycle
        self._settings = settings

    # ------------------------------------------------------------------------------ a user's own sync

    def permission(self, okta_id: str, app: AppState) -> Permission:
        """Whether this user may be deactivated now; `Permission.ASK` when a sync of the application must say."""
        if okta_id in self._store.exceptions(APP):
            return Permission.EXCEPTED
        if not app.removals_paused and self._is_permitted(self._store.removal(PERMITS, okta_id)):
            return Permission.GIVEN
        hold = self._lifecycle.blocking(APP)
        if hold is not None and okta_id in self._store.staged(APP, hold.number):
            return Permission.HELD
        if hold is not None or app.removals_paused or not self._is_few(okta_id):
            return Permission.ASK
        if not self._assignments.witnessed(okta_id):
            return Permission.ASK
        return Permission.GIVEN

    def begin(self, okta_id: str) -> Permission:
        """Count the permitted deactivation, unless a person approved it; `Permission.ASK` when it is one too many.

        Counted before it is sent, and judged again when it is counted: of two syncs at the same moment each sees the
        other's.
        """
        if self._is_approved(okta_id):
            return Permission.GIVEN
        permit, record = (self._store.removal(entity, okta_id) for entity in (PERMITS, APP))
        self._store.reserve(APP, [okta_id], self._clock.now())
        if self._is_permitted(permit) or self._is_few(okta_id):
            return Permission.GIVEN
        self._store.withdraw(APP, [okta_id])
        if record is not None:
            self._store.complete(APP, [okta_id], record.at)
        return Permission.ASK

    def _is_permitted(self, permit: Removal | None) -> bool:
        """Whether a person's approval, or a reservation of the whole change that still counts, lets the user go."""
        if permit is None:
            return False
        age = self._clock.now() - permit.at
        return age <= (APPROVAL_AGE if permit.state is RemovalState.APPROVED else self._window)

    def _is_few(self, okta_id: str) -> bool:
        """Whether this user's deactivation needs no listing: there are few in the window, with theirs."""
        recent = self._store.removals(APP, self._clock.now() - self._window) - {okta_id}
        return len(recent) + 1 < DIRECT_DEACTIVATIONS_THRESHOLD

    def end(self, okta_id: str) -> None:
        """The deactivation has been done."""
        if not self._is_approved(okta_id):
            self._store.complete(APP, [okta_id], self._clock.now())
        self.forget_permission(okta_id)

    def ask(self) -> None:
        """Have the application synced; anyone who asks before that sync begins shares it."""
        dedup_key = f"ceiling:{self._store.app().sync_number}"
        self._queues.send([make_item(APP, Reason.FOLLOW_UP, dedup_key)])

    def forget_permission(self, okta_id: str) -> None:
        """What was permitted is done, has come about otherwise, or is not wanted any more."""
        self._store.withdraw(PERMITS, [okta_id])

    def desired_again(self, okta_id: str) -> None:
        """The user is assigned: nothing that was said about their deactivation counts any more."""
        self._store.remove_exceptions(APP, [okta_id])
        self.forget_permission(okta_id)
        hold = self._lifecycle.blocking(APP)
        if hold is not None and okta_id in self._store.staged(APP, hold.number):
            self.ask()

    def _is_approved(self, okta_id: str) -> bool:
        permit = self._store.removal(PERMITS, okta_id)
        return permit is not None and permit.state is RemovalState.APPROVED

    # ---------------------------------------------------------------------- the application's own sync

    def due(self, work: Work) -> bool:
        """Whether a sync of the application must judge the whole change."""
        if work.reasons & {Reason.FOLLOW_UP, Reason.HOLD, Reason.OPERATOR, Reason.RECONCILE}:
            return True
        return self._lifecycle.blocking(APP) is not None

    def judge(self, work: Work, app: AppState, report: Report) -> list[Item]:
        """Judge everybody who is active and not assigned: reserve them all, or hold them all.

        Call it only when Okta shows the application ACTIVE.

        Returns:
            Items for the users who may go now.

        Raises:
            Transient: the listing could not be read whole.
        """
        assigned, listed = self._assigned(work)
        linked = {
            link.okta_id for link in self._store.all_users() if link.genesys_id and link.known_active is not False
        }
        hold = self._store.hold(APP) if app.removals_paused else self._lifecycle.apply_decision(APP)
        exceptions = self._store.exceptions(APP)
        self._store.remove_exceptions(APP, exceptions & assigned)
        leaving = linked - assigned - exceptions
        report.read["assigned-users"], report.read["leaving"] = str(len(assigned)), str(len(leaving))
        again = hold.reason if hold is not None and self._lifecycle.left_by_rejection(hold) & leaving else ""
        approved = hold if hold is not None and hold.state is HoldState.APPROVED and not app.removals_paused else None
        if approved is not None and not listed and approved.reason != "suspicious-empty":
            self._lifecycle.void(approved)  # a reading that is hard to believe needs an approval of its own
            approved = None
        if approved is not None:
            again = self._release(approved, leaving)
        leaving -= self._store.permitted(PERMITS, self._clock.now() - APPROVAL_AGE)
        items = self._hold_or_reserve(work, app, linked, leaving, listing_empty=not listed, again=again, report=report)
        if approved is not None:
            self._lifecycle.finish(approved)
        self._lifecycle.notify(APP, report)
        return items

    def _assigned(self, work: Work) -> tuple[set[str], int]:
        """Okta ids of everybody whom the whole listing does not show as unassigned, and how many it shows at all.

        Page by page: a listing of a hundred thousand profiles would not fit into memory.
        """
        assigned: set[str] = set()
        listed = 0
        following, followed = "", set[str]()
        while True:
            work.check_time()
            page = self._okta.app_users_page(following)
            listed += len(page.entries)
            assigned |= {entry.id for entry in page.entries if judge(entry, page.date).assigned is not Assigned.NO}
            following = page.following
            if not following:
                return assigned, listed
            if following in followed:
                raise Transient("okta-implausible", detail="a page is followed by itself", upstream="okta")
            followed.add(following)

    def _release(self, hold: Hold, leaving: set[str]) -> str:
        """Permissions, and items, for exactly those whom the approver saw and who should still be removed.

        They are taken out of `leaving`. Who was staged after the approver read it is held again, whatever the ceiling
        says: the reason for that, empty when there is nobody.
        """
        decided, later = self._lifecycle.decided(hold)
        released = decided & leaving
        self._store.permit(PERMITS, released, self._clock.now())
        # In the queue before the hold is done: a crash between repeats them, harmlessly.
        self._queues.send(self._enqueue(released, f"{hold.number}:{hold.decided}"))
        leaving -= released
        return hold.reason if later & leaving else ""

    def _hold_or_reserve(
        self,
        work: Work,
        app: AppState,
        linked: set[str],
        leaving: set[str],
        *,
        listing_empty: bool,
        again: str,
        report: Report,
    ) -> list[Item]:
        now = self._clock.now()
        recent = self._store.removals(APP, now - self._window) - leaving
        base = len(linked) + len(recent)
        explanation = f"W={len(leaving)} c={len(recent)} B={base}"
        reason = self._held_because(app, len(leaving) + len(recent), base, listing_empty=listing_empty)
        reason = reason or again
        blocked = bool(leaving) and (bool(reason) or self._lifecycle.blocking(APP) is not None)
        hold = self._lifecycle.stage(
            work, leaving if blocked else (), reason=reason or "deactivation-ceiling", explanation=explanation
        )
        if blocked:
            report.held = len(leaving)
            report.finish("held", hold.reason if hold else "")
            return []
        self._store.reserve(APP, leaving, now)
        self._store.reserve(PERMITS, leaving, now)
        return self._enqueue(leaving, f"reserved:{app.sync_number}")

    def _held_because(self, app: AppState, total: int, base: int, *, listing_empty: bool) -> str:
        if app.removals_paused:
            return "removals-paused"
        if listing_empty:
            return "suspicious-empty"
        if total > self._settings.deactivation_ceiling:
            return "ceiling-count"
        percent = self._settings.deactivation_ceiling_percent
        if percent and total > max(DIRECT_DEACTIVATIONS_THRESHOLD, base * percent // 100):
            return "ceiling-percent"
        return ""

    @staticmethod
    def _enqueue(users: set[str] | frozenset[str], dedup_key: str) -> list[Item]:
        return [make_item(f"user:{okta_id}", Reason.HOLD, dedup_key) for okta_id in sorted(users)]

    @property
    def _window(self) -> timedelta:
        return timedelta(hours=self._settings.ceiling_window_hours)
