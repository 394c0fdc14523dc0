"""Who leaves a group: the facts of the judgement, and what removes those whom its plan releases."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from bridge.provisioning.ceiling import of_group
from bridge.provisioning.evidence import WHY, Case, Evidence, Proof, remembered
from bridge.provisioning.holds import HoldLifecycle
from bridge.provisioning.judge import Facts, Plan, judge
from bridge.provisioning.members import MemberChanges
from bridge.provisioning.membership import Membership, Seen
from bridge.provisioning.ports import Clock
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import GroupLink
from bridge.provisioning.sync import Report, Work
from bridge.provisioning.user_records import Origin
from bridge.settings import ProvisioningSettings


@dataclass(frozen=True)
class GroupRemovals:
    """Removes or holds the members who should not be in a group; `evidence` says whom a listing is believed about."""

    store: Store
    clock: Clock
    lifecycle: HoldLifecycle
    evidence: Evidence
    settings: ProvisioningSettings

    def plan(self, work: Work, seen: Seen, joining: int) -> tuple[Plan, GroupLink]:
        """What is to be done when `joining` are added, and the group's record with what was seen of those who leave.

        Nobody is released before they themselves have been asked for, whatever a person approved.
        """
        facts, proofs = self._facts(work.entity, seen, joining), list[Proof]()
        plan = judge(facts)
        if plan.approved:
            proof = self._prove(work, seen, plan.approved, proofs, approved=True)
            why, unknown = proof.suspicious, frozenset() if proof.waits else proof.unknown(plan.approved)
            facts = replace(facts, void=bool(why), contradicted=why, approval_waits=proof.waits, unknown=unknown)
            plan = judge(facts)
        if plan.counted and not facts.suspicious:
            proof = self._prove(work, seen, plan.counted, proofs, approved=False)
            unknown = proof.unknown(plan.counted) | facts.unknown
            plan = judge(replace(facts, contradicted=proof.suspicious, unknown=unknown))
        return plan, remembered(seen.link, proofs)

    def _prove(self, work: Work, seen: Seen, leaving: Collection[str], proofs: list[Proof], *, approved: bool) -> Proof:
        """Who of them really left, also among `proofs`; an inactive one needs none, for it gives them no access."""
        member = {okta_id: member for member, okta_id in seen.membership.owner.items()}
        inactive = {okta_id: member[okta_id] for okta_id in leaving if seen.membership.inactive(okta_id)}
        active = {okta_id: member[okta_id] for okta_id in leaving if okta_id not in inactive}
        if not active:
            return Proof(inactive, "", seen.link)
        present = seen.membership.listed - active.keys()
        # Who has just joined may not be in the answers of every replica.
        stay = present & frozenset(seen.membership.owner.values())
        case = Case(seen.link, stay or present, seen.stamp, seen.began or self.clock.now(), approved)
        proofs.append(proof := self.evidence.prove(work, case, active))
        return proof if proof.waits or proof.suspicious else replace(proof, out={**proof.out, **inactive})

    def _facts(self, entity: str, seen: Seen, joining: int) -> Facts:
        """What the judgement rests on; `joining` is how many are added."""
        membership, link, settings = seen.membership, seen.link, self.settings
        leaving = membership.removals(settings.inactive_members).keys()
        links = ((okta_id, membership.links.get(okta_id)) for okta_id in membership.listed | leaving)
        adopted = frozenset(okta_id for okta_id, user in links if user is not None and user.origin is Origin.ADOPTED)
        strangers = adopted and adopted - self.store.seen(entity)
        if here := strangers & membership.listed:
            self.store.add_seen(entity, here)
        facts = replace(
            self.lifecycle.standing(entity),
            listed=membership.listed,
            leaving=leaving,
            base=membership.base(settings.inactive_members),
            ceiling=of_group(link, settings, joining=joining),
            suspicious=seen.suspicious,
            apart=dict.fromkeys(strangers, "first-link"),
            begun=seen.app.bootstrapped and link.first_sync_ended,
            paused=seen.app.removals_paused,
        )
        facts = self.lifecycle.remembered(entity, facts)
        vanished = self.evidence.vanished(link, facts.exceptions - frozenset(membership.owner.values()))
        return replace(facts, vanished=vanished)

    def execute(self, work: Work, membership: Membership, plan: Plan, changes: MemberChanges, report: Report) -> None:
        """Remove those whom the plan releases; each call's members are marked done when it has ended."""
        member = {okta_id: member for member, okta_id in membership.owner.items()}

        def remove(users: AbstractSet[str], *, approved: bool) -> bool:
            left = len(users)
            self.lifecycle.note_left(plan, left if approved else 0)
            for done in changes.remove(sorted(member[okta_id] for okta_id in users)):
                left -= len(done)
                if approved:
                    self.lifecycle.note_left(plan, left)
                else:
                    self.store.complete(work.entity, [membership.owner[each] for each in done], self.clock.now())
            return changes.applied

        self.lifecycle.execute(work, plan, report, remove)
        changed = bool(report.added or report.removed)
        if not plan.held and (changed or plan.later):
            why = WHY if plan.later else "approved" if plan.approved and report.removed else ""
            report.finish("members-changed" if changed else "unchanged", why)
