"""Who leaves a group: the facts of the judgement, and what executes its plan or shows it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bridge.provisioning.evidence import SINGLE_READS, WHY, Case, Evidence, Proof
from bridge.provisioning.hold_records import HoldState
from bridge.provisioning.holds import HoldLifecycle
from bridge.provisioning.judge import Ceiling, Facts, Plan, judge
from bridge.provisioning.members import MemberChanges
from bridge.provisioning.membership import Membership
from bridge.provisioning.ports import Clock, GenesysReader
from bridge.provisioning.protected import ProtectedPeople
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import AppState, GroupLink
from bridge.provisioning.sync import Report, Work
from bridge.provisioning.user_records import Origin
from bridge.settings import ProvisioningSettings


@dataclass(frozen=True)
class Seen:
    """What one sync read of a linked group.

    Attributes:
        link: our record of the group.
        app: what operators set for the whole bridge.
        membership: both sides.
        suspicious: why Okta's listing is hard to believe (``suspicious-empty``, ``group-deleted``), else empty.
        stamp: Okta's ``lastMembershipUpdated``.
        began: our time before Okta's listing was read, None where there was none.
    """

    link: GroupLink
    app: AppState
    membership: Membership
    suspicious: str
    stamp: datetime | None = None
    began: datetime | None = None


class GroupRemovals:
    """Removes or holds the members who should not be in a group."""

    def __init__(
        self,
        store: Store,
        genesys: GenesysReader,
        clock: Clock,
        lifecycle: HoldLifecycle,
        evidence: Evidence,
        protected: ProtectedPeople,
        settings: ProvisioningSettings,
    ) -> None:
        """`evidence` says whom a listing may be believed about, `protected` who waits for a person."""
        self._protected = protected
        self._evidence = evidence
        self._store = store
        self._genesys = genesys
        self._clock = clock
        self._lifecycle = lifecycle
        self._settings = settings

    def plan(self, work: Work, seen: Seen, joining: int) -> tuple[Plan, GroupLink]:
        """What is to be done when `joining` are added, and the group's record with what was seen of those who leave.

        Nobody is let go before they themselves have been asked for, whatever a person approved.
        """
        facts, link = self._facts(work.entity, seen, joining), seen.link
        plan = judge(facts)
        if plan.approved:
            proof = self._prove(work, seen, link, plan.approved, approved=True)
            link, unknown = proof.link, _unknown(proof, plan.approved)
            facts = replace(
                facts,
                void=bool(proof.suspicious),
                contradicted=proof.suspicious,
                approval_waits=proof.waits,
                unknown=unknown,
            )
            plan = judge(facts)
        if plan.counted and not facts.suspicious:
            proof = self._prove(work, seen, link, plan.counted, approved=False)
            link, unknown = proof.link, _unknown(proof, plan.counted) | facts.unknown
            facts = replace(facts, contradicted=proof.suspicious, waits=proof.waits, unknown=unknown)
            plan = judge(facts)
        return plan, link

    def _prove(self, work: Work, seen: Seen, link: GroupLink, leaving: Collection[str], *, approved: bool) -> Proof:
        """Who of them really left; an inactive one needs no proof, for it gives them no access."""
        member = {okta_id: member for member, okta_id in seen.membership.owner.items()}
        inactive = {okta_id: member[okta_id] for okta_id in leaving if seen.membership.inactive(okta_id)}
        active = {okta_id: member[okta_id] for okta_id in leaving if okta_id not in inactive}
        if not active:
            return Proof(inactive, "", link)
        began = seen.began or self._clock.now()
        case = Case(link, seen.membership.listed - active.keys(), seen.stamp, began, approved)
        proof = self._evidence.prove(work, case, active)
        return proof if proof.waits or proof.suspicious else replace(proof, out={**proof.out, **inactive})

    def _facts(self, entity: str, seen: Seen, joining: int) -> Facts:
        """What the judgement rests on; `joining` is how many are added."""
        membership, link, settings = seen.membership, seen.link, self._settings
        leaving = membership.removals(settings.inactive_members).keys()
        adopted = frozenset(
            okta_id
            for okta_id in membership.listed | leaving
            if okta_id in membership.links and membership.links[okta_id].origin is Origin.ADOPTED
        )
        hold, staged, decision = self._lifecycle.standing(entity)
        exceptions = self._store.exceptions(entity)
        window = self._clock.now() - timedelta(hours=settings.ceiling_window_hours)
        return Facts(
            listed=membership.listed,
            leaving=leaving,
            base=membership.base(settings.inactive_members),
            ceiling=Ceiling(
                count=settings.group_removal_ceiling if link.ceiling is None else link.ceiling,
                percent=settings.group_removal_ceiling_percent
                if link.ceiling_percent is None
                else link.ceiling_percent,
            ),
            joining=joining,
            suspicious=seen.suspicious,
            recent=self._store.removals(entity, window) if leaving else frozenset(),
            exceptions=exceptions,
            vanished=self._vanished(link, exceptions - frozenset(membership.owner.values())),
            adopted=adopted,
            seen=self._store.seen(entity) if adopted else frozenset(),
            protected=self._protected.among(leaving),
            hold=hold,
            staged=staged,
            decision=decision,
            bootstrapped=seen.app.bootstrapped,
            first_sync_ended=link.first_sync_ended,
            paused=seen.app.removals_paused,
        )

    def _vanished(self, link: GroupLink, unseen: frozenset[str]) -> frozenset[str]:
        """Who of these exceptions is no member any more: a list of members that is cut or empty once ends none.

        Their own accounts say so, some at a time; what an account does not show is no evidence.
        """
        vanished = set()
        for okta_id in sorted(unseen)[:SINGLE_READS]:
            user = self._store.user(okta_id)
            account = self._genesys.user(user.genesys_id) if user is not None and user.genesys_id else None
            if account is not None:
                ended = "groups" in account.document and link.genesys_id not in account.groups
            else:
                ended = user is None or not user.genesys_id
            if ended:
                vanished.add(okta_id)
        return frozenset(vanished)

    def release_back(self, entity: str, membership: Membership) -> None:
        """Take members again in Okta out of an approved hold before adding them: their next removal is not approved."""
        hold, staged, _ = self._lifecycle.standing(entity)
        if hold is not None and hold.state is HoldState.APPROVED:
            leaving = membership.removals(self._settings.inactive_members)
            self._lifecycle.release(hold, staged.keys() & membership.listed - leaving.keys())

    def execute(self, work: Work, membership: Membership, plan: Plan, changes: MemberChanges, report: Report) -> None:
        """Remove exactly whom a person approved, then all the others or nobody."""
        entity = work.entity
        if plan.newly_seen:
            self._store.add_seen(entity, plan.newly_seen)
        self._lifecycle.begin(entity, plan)
        member = {okta_id: member for member, okta_id in membership.owner.items()}
        for _ in changes.remove(sorted(member[okta_id] for okta_id in plan.approved)):
            pass
        if changes.applied:  # else the hold stays approved, and the next try goes on with it
            self._lifecycle.stage(work, plan)
            if plan.counted:
                self._take_out(entity, {member[okta_id]: okta_id for okta_id in plan.counted}, changes)
            self._lifecycle.finish(plan)
        _conclude(plan, report)

    def show(self, plan: Plan, changes: MemberChanges, report: Report) -> None:
        """Account for what observe mode keeps back."""
        report.plan, report.removed = plan, len(plan.released)
        changes.would_remove(len(plan.approved))
        changes.would_remove(len(plan.counted))
        if plan.held:
            report.planned_calls.append(f"hold {len(plan.held)} removals ({plan.why})")
        _conclude(plan, report)
        report.finish("observed", report.why)

    def _take_out(self, entity: str, okta_id_of: dict[str, str], changes: MemberChanges) -> None:
        """Reserve all, then remove; each call's members are marked done when it has ended."""
        self._store.reserve(entity, okta_id_of.values(), self._clock.now())
        for done in changes.remove(sorted(okta_id_of)):
            self._store.complete(entity, [okta_id_of[member] for member in done], self._clock.now())


def _unknown(proof: Proof, leaving: frozenset[str]) -> frozenset[str]:
    """Who of those who leave is left to a later sync, while the others go."""
    return frozenset() if proof.waits or proof.suspicious else leaving - proof.out.keys()


def _conclude(plan: Plan, report: Report) -> None:
    """What a sync says of the plan, whether it was executed or is only shown."""
    report.held = len(plan.held)
    if plan.change:
        report.read["hold"] = plan.change
    if plan.held:
        report.finish("held", plan.why)
    elif plan.waits:
        report.finish("members-changed" if report.added or report.removed else "unchanged", WHY)
    elif report.added or report.removed:
        report.finish("members-changed", "approved" if plan.approved and report.removed else "")
