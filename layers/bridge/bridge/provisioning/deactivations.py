"""The organisation's ceiling: all deactivations that only a missing assignment, or a deletion, justifies.

Users' own syncs ask for it once they are many. The application's sync, the one writer of the organisation's hold, reads
one whole listing of the application's users, so it sees the *whole* change, and either reserves and permits all of it,
or holds all of it. A person's approval becomes permissions, too, once some of those staged, drawn by hash, are
unassigned by their own reading: otherwise the hold opens again. Those permissions are not counted.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from bridge.items import Reason, make_item
from bridge.provisioning.assignments import Assignments
from bridge.provisioning.ceiling import of_organisation
from bridge.provisioning.holds import HoldLifecycle
from bridge.provisioning.judge import UNEXPLAINED, Facts, judge
from bridge.provisioning.listing import Listed, ListedUsers
from bridge.provisioning.permissions import APP, ASKS, Permission, Permissions
from bridge.provisioning.ports import QueueSender
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import AppState
from bridge.provisioning.sync import Report, Work
from bridge.settings import Mode, ProvisioningSettings


@dataclass(frozen=True)
class Deactivations:
    """Judges the whole change, and permits or holds it."""

    listed: ListedUsers
    store: Store
    queues: QueueSender
    lifecycle: HoldLifecycle
    assignments: Assignments
    permissions: Permissions
    settings: ProvisioningSettings

    def due(self, work: Work) -> bool:
        """Whether a sync of the application must judge the whole change."""
        asked = work.reasons & {Reason.FOLLOW_UP, Reason.HOLD, Reason.OPERATOR, Reason.RECONCILE}
        hold = None if asked else self.store.hold(APP)
        return bool(asked) or (hold is not None and hold.blocks)

    def judge(self, work: Work, app: AppState, report: Report) -> None:
        """Judge everybody who is active and not assigned: those who may go are reserved and synced, or all are held.

        Only while Okta shows the application ACTIVE. Raises Transient when the listing could not be read whole.
        """
        facts = self._facts(work, app, report)
        plan = judge(facts)
        if plan.approved and not self.assignments.all_unassigned(work, plan.approved):
            plan = judge(replace(facts, void=True, contradicted="suspicious-listing"))
        report.read |= {"leaving": str(len(facts.leaving)), "may-go": str(len(plan.released))}
        self.permissions.forget_observed()

        def remove(users: AbstractSet[str], *, approved: bool) -> bool:
            self.permissions.permit(users, approved=approved)
            key = f"{'approved' if approved else 'reserved'}:{app.sync_number}"
            # In the queue before the hold is done: a crash between repeats them, harmlessly.
            self.queues.send([make_item(f"user:{okta_id}", Reason.HOLD, key) for okta_id in sorted(users)])
            return True

        self.lifecycle.execute(work, plan, report, remove)
        if self.settings.mode is Mode.OBSERVE and (plan.held or plan.released):
            report.finish("observed", plan.why)

    def _facts(self, work: Work, app: AppState, report: Report) -> Facts:
        """The organisation as the group whose members are the linked active users."""
        # What a person decided is read first: the listing that carries it out must have begun after that.
        standing = self.lifecycle.standing(APP)
        # Users' syncs save what they wait for before they ask: one who asks and is not in a listing is answered.
        asked_only = work.reasons == {Reason.FOLLOW_UP} and not standing.staged
        whole = self.listed.newest(app) if asked_only else None
        due, since = self._links(whole) if whole is not None else ({}, set())
        if whole is None or any(due.get(okta_id) in ASKS for okta_id in whole.assigned):
            whole = self.listed.read(work, app, after=standing.decision.at if standing.decision is not None else None)
            due, since = self._links(whole)
        if whole.late:
            self.permissions.ask()
        report.read["assigned-users"] = str(len(whole.assigned))
        linked, assigned = frozenset(due), whole.assigned | since
        # It shows nobody, or of several linked people not one: of another application, or by a narrowed role.
        shown = whole.assigned & linked if len(linked) > 1 else whole.assigned
        waits_for = {each: why for each, why in due.items() if shown and each not in assigned}
        # Their own syncs may still explain it; whom the hold stages stays in it.
        unexplained = {each for each, why in waits_for.items() if why == Permission.UNEXPLAINED.value}
        doubted = (each for each, why in waits_for.items() if why == Permission.DOUBTED.value)
        facts = replace(
            standing,
            listed=assigned,
            leaving=linked - assigned,
            base=linked,
            ceiling=of_organisation(self.settings),
            suspicious="" if shown else "suspicious-empty",
            recent=self.permissions.observed(),
            unknown=unexplained - standing.staged.keys(),
            apart=dict.fromkeys(doubted, UNEXPLAINED),
            permitted=self.permissions.approved(),
            paused=app.removals_paused,
        )
        return self.lifecycle.remembered(APP, facts)

    def _links(self, whole: Listed) -> tuple[dict[str, str], set[str]]:
        """Linked active users with what their deactivation waits for, and who was seen assigned since `whole` began."""
        observed, due, since = self.permissions.observed(), dict[str, str](), set[str]()
        for link in self.store.all_users():
            if link.genesys_id and link.known_active is not False and link.okta_id not in observed:
                due[link.okta_id] = link.unassigned_due
                if link.assigned and link.assignment_read and link.assignment_read >= whole.began:
                    since.add(link.okta_id)
        return due, since
