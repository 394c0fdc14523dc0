"""The organisation's ceiling: deactivations that only a missing assignment, or a deletion, justifies.

A user's sync may deactivate by itself while there are few such deactivations. From the twentieth in the window on it
asks for a sync of the application, the one writer of the organisation's hold: that sync reads one whole listing of the
application's users, so it sees the *whole* change, and either reserves and permits all of it, or holds all of it. A
person's approval becomes permissions, too, once some of those staged, drawn by hash, are unassigned by their own
reading: otherwise the hold opens again. Those permissions are not counted. Permissions are records of their own: what
was counted before stays counted when the same user is approved, and no reservation that a sync left behind permits.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from enum import Enum
from hashlib import sha256

from bridge.errors import Transient
from bridge.items import Item, Reason, make_item
from bridge.provisioning.assignments import Assigned, Assignments
from bridge.provisioning.evidence import SINGLE_READS
from bridge.provisioning.hold_records import Removal, RemovalState
from bridge.provisioning.holds import HoldLifecycle
from bridge.provisioning.judge import Ceiling, Facts, Plan, judge
from bridge.provisioning.listing import ListedUsers
from bridge.provisioning.ports import Clock, OktaReader, QueueSender
from bridge.provisioning.protected import ProtectedPeople
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import AppState
from bridge.provisioning.sync import Report, Work
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
        protected: ProtectedPeople,
        settings: ProvisioningSettings,
    ) -> None:
        """Everything it needs, as ports."""
        self._assignments = assignments
        self._protected = protected
        self._okta = okta
        self._store = store
        self._queues = queues
        self._clock = clock
        self._lifecycle = lifecycle
        self._settings = settings
        self._listed = ListedUsers(okta, store, clock)
        self._observes = settings.mode is Mode.OBSERVE

    # ------------------------------------------------------------------------------ a user's own sync

    def permission(self, okta_id: str, app: AppState) -> Permission:
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
        return len(self._recent() - {okta_id}) + 1 < DIRECT_DEACTIVATIONS_THRESHOLD

    def _recent(self) -> frozenset[str]:
        """Who was deactivated unapproved within the window, or would have been in observe mode."""
        return self._store.removals(APP, self._clock.now() - self._window) | self._observed()

    def _observed(self) -> frozenset[str]:
        """Whom observe mode counts as deactivated; nobody where the bridge enforces."""
        since = self._clock.now() - self._window
        return self._store.removals(OBSERVED, since) if self._observes else frozenset()

    def observe(self, okta_id: str) -> None:
        """Count a deactivation that observe mode keeps back."""
        self._store.reserve(OBSERVED, [okta_id], self._clock.now())

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
        if self._observes:
            self._store.withdraw(OBSERVED, [okta_id])

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
        facts = self._facts(work, app, report)
        plan = judge(facts)
        if plan.approved and not self._all_say_unassigned(work, plan.approved):
            plan = judge(replace(facts, void=True, contradicted="suspicious-listing"))
        report.read |= {"leaving": str(len(facts.leaving)), "may-go": str(len(plan.released))}
        if plan.change:
            report.read["hold"] = plan.change
        report.held = len(plan.held)
        if plan.held:
            report.finish("held", plan.why)
        if self._observes:
            if plan.held:
                report.planned_calls.append(f"hold {len(plan.held)} deactivations ({plan.why})")
            if plan.held or plan.released:
                report.finish("observed", plan.why)
            self._store.reserve(OBSERVED, plan.released, self._clock.now())
            return self._enqueue(plan.released, f"observed:{app.sync_number}")
        items = self._execute(work, app, plan)
        self._lifecycle.notify(APP, report)
        return items

    def _execute(self, work: Work, app: AppState, plan: Plan) -> list[Item]:
        """Permissions, and items, for those who may go; the hold stages the others."""
        self._lifecycle.begin(APP, plan)
        now = self._clock.now()
        if observed := self._store.removals(OBSERVED, now - self._window):
            self._store.withdraw(OBSERVED, observed)
        if plan.hold is not None and plan.approved:
            self._store.permit(PERMITS, plan.approved, now)
            # In the queue before the hold is done: a crash between repeats them, harmlessly.
            self._queues.send(self._enqueue(plan.approved, f"{plan.hold.number}:{plan.hold.decided}"))
        self._lifecycle.stage(work, plan)
        if plan.counted:
            self._store.reserve(APP, plan.counted, now)
            self._store.reserve(PERMITS, plan.counted, now)
        self._lifecycle.finish(plan)
        return self._enqueue(plan.counted, f"reserved:{app.sync_number}")

    def _facts(self, work: Work, app: AppState, report: Report) -> Facts:
        """The organisation as the group whose members are the linked active users."""
        # What a person decided is read first: the listing that carries it out must have begun after that.
        hold, staged, decision = self._lifecycle.standing(APP)
        whole = self._listed.read(work, app, after=decision.at if decision is not None else None)
        assigned = whole.assigned
        if whole.late:
            self.ask()  # the next one answers anyone who asked while this one was read
        report.read["assigned-users"] = str(len(assigned))
        now, settings = self._clock.now(), self._settings
        active = {
            link.okta_id for link in self._store.all_users() if link.genesys_id and link.known_active is not False
        }
        linked = active - self._observed()
        return Facts(
            listed=assigned,
            leaving=linked - assigned,
            base=linked,
            ceiling=Ceiling(
                count=settings.deactivation_ceiling,
                percent=settings.deactivation_ceiling_percent,
                floor=DIRECT_DEACTIVATIONS_THRESHOLD,
                may_empty=True,
            ),
            suspicious=_suspicious(assigned, linked),
            recent=self._recent(),
            permitted=self._store.permitted(PERMITS, now - APPROVAL_AGE),
            exceptions=self._store.exceptions(APP),
            protected=self._protected.among(linked - assigned),
            hold=hold,
            staged=staged,
            decision=decision,
            paused=app.removals_paused,
        )

    def _all_say_unassigned(self, work: Work, approved: frozenset[str]) -> bool:
        """Whether some of the approved, drawn by hash, are unassigned by their own reading too.

        A listing that has lost them was approved otherwise. Each one's own sync reads once more before it ends access.
        """
        drawn = sorted(approved, key=lambda okta_id: sha256(f"{APP} {okta_id}".encode()).digest())[:SINGLE_READS]
        for okta_id in drawn:
            work.check_time()
            if self._assignments.read_alone(okta_id).assigned is not Assigned.NO:
                return False
        return True

    @staticmethod
    def _enqueue(users: set[str] | frozenset[str], dedup_key: str) -> list[Item]:
        return [make_item(f"user:{okta_id}", Reason.HOLD, dedup_key) for okta_id in sorted(users)]

    @property
    def _window(self) -> timedelta:
        return timedelta(hours=self._settings.ceiling_window_hours)


def _suspicious(assigned: set[str], linked: set[str]) -> str:
    """Why the application's listing is hard to believe: it shows nobody, or of several linked people not one.

    Such is the listing of another application, or of a role that was narrowed.
    """
    return "suspicious-empty" if not assigned or (len(linked) > 1 and not assigned & linked) else ""
