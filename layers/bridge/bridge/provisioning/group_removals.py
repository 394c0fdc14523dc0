"""Who leaves a group: the whole change is judged first, then all of it is removed or all of it is held."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bridge.provisioning.ceiling import Ceiling, Change, exceeded
from bridge.provisioning.evidence import WHY, Evidence, Proof
from bridge.provisioning.holds import HoldLifecycle
from bridge.provisioning.members import MemberChanges
from bridge.provisioning.membership import Membership
from bridge.provisioning.ports import Clock
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import AppState, GroupLink, Hold, HoldState, Origin
from bridge.provisioning.sync import Report, Work
from bridge.settings import Mode, ProvisioningSettings


@dataclass(frozen=True)
class Seen:
    """What one sync read of a linked group.

    Attributes:
        link: our record of the group.
        app: what operators set for the whole bridge.
        membership: both sides.
        suspicious: why Okta's listing is hard to believe (``suspicious-empty``, ``group-deleted``), else empty.
        stamp: Okta's ``lastMembershipUpdated``.
    """

    link: GroupLink
    app: AppState
    membership: Membership
    suspicious: str
    stamp: datetime | None = None


class GroupRemovals:
    """Removes or holds the members who should not be in a group."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        lifecycle: HoldLifecycle,
        evidence: Evidence,
        settings: ProvisioningSettings,
    ) -> None:
        """`evidence` says whom a listing may be believed about."""
        self._evidence = evidence
        self._store = store
        self._clock = clock
        self._lifecycle = lifecycle
        self._settings = settings

    def release(self, entity: str, membership: Membership) -> None:
        """Take members again in Okta out of an approved hold before adding them: their next removal is not approved."""
        hold = self._store.hold(entity)
        if hold is None or hold.state is not HoldState.APPROVED:
            return
        leaving = membership.removals(self._settings.inactive_members)
        back = self._lifecycle.decided(hold)[0] & membership.listed - leaving.keys()
        if back:
            self._store.unstage(entity, hold.number, back)

    def remove(self, work: Work, seen: Seen, changes: MemberChanges, report: Report) -> GroupLink:
        """Release what a person approved, then judge the rest: remove all of it, or stage all of it.

        Returns:
            The group's record with what was seen of the people who leave.
        """
        self._link = seen.link
        self._remove(work, seen, changes, report)
        return self._link

    def _remove(self, work: Work, seen: Seen, changes: MemberChanges, report: Report) -> None:
        entity, membership = work.entity, seen.membership
        leaving = membership.removals(self._settings.inactive_members)
        if self._settings.mode is Mode.OBSERVE:
            self._observe(work, seen, leaving, changes, report)
            return
        hold = self._lifecycle.apply_decision(entity) if not seen.app.removals_paused else self._store.hold(entity)
        exceptions = self._store.exceptions(entity)
        desired_again = exceptions & membership.listed - leaving.keys()
        gone = exceptions - frozenset(membership.owner.values())
        self._store.remove_exceptions(entity, desired_again | gone)
        leaving = {okta_id: member for okta_id, member in leaving.items() if okta_id not in exceptions}
        if hold is not None and hold.state is HoldState.APPROVED:
            self._carry_on(work, hold, seen, leaving, changes, report)
        else:
            again = hold.reason if hold is not None and self._lifecycle.left_by_rejection(hold) & leaving.keys() else ""
            self._judge(work, seen, leaving, changes, report, held_before=again)

    # --------------------------------------------------------------------------------------- approved

    def _carry_on(
        self,
        work: Work,
        hold: Hold,
        seen: Seen,
        leaving: dict[str, str],
        changes: MemberChanges,
        report: Report,
    ) -> None:
        """Remove exactly whom the approver saw and who should still be removed, uncounted; then judge the others."""
        if seen.suspicious and hold.reason != seen.suspicious:
            # A reading that is hard to believe needs an approval of its own.
            self._lifecycle.void(hold)
            self._judge(work, seen, leaving, changes, report)
            return
        if seen.app.removals_paused:
            report.held = len(leaving)
            report.finish("held", "removals-paused")
            return
        decided, later = self._lifecycle.decided(hold)
        approved = {okta_id: member for okta_id, member in leaving.items() if okta_id in decided}
        if approved and not seen.suspicious:
            proof = self._prove(work, seen, approved, approved=True)
            if proof.suspicious:
                self._lifecycle.void(hold)
                self._judge(work, replace(seen, suspicious=proof.suspicious), leaving, changes, report)
                return
            if not proof.out:
                report.finish("unchanged", WHY)
                return  # the hold stays approved, and the second sight goes on with it
            approved = proof.out
        for _ in changes.remove(sorted(approved.values())):
            pass
        if not changes.applied:
            return  # the hold stays approved, and the next try goes on with it
        if report.removed:
            report.finish("members-changed", "approved")
        rest = {okta_id: member for okta_id, member in leaving.items() if okta_id not in approved}
        # Who was staged after the approver read the hold is held again, whatever the ceiling says.
        again = hold.reason if later & rest.keys() else ""
        self._judge(work, seen, rest, changes, report, released=frozenset(approved), held_before=again)
        self._lifecycle.finish(hold)

    # ----------------------------------------------------------------------------------------- judging

    def _judge(
        self,
        work: Work,
        seen: Seen,
        leaving: dict[str, str],
        changes: MemberChanges,
        report: Report,
        *,
        released: frozenset[str] = frozenset(),
        held_before: str = "",
    ) -> None:
        entity = work.entity
        unseen = self._unseen(entity, seen.membership, leaving)
        counted = {okta_id: member for okta_id, member in leaving.items() if okta_id not in unseen}
        change = self._change(entity, seen.membership, counted, report, released)
        reason = self._held_because(seen, counted, change) or (held_before if counted else "")
        blocked = bool(counted) and (bool(reason) or self._lifecycle.blocking(entity) is not None)
        waits = False
        if counted and not blocked:
            proof = self._prove(work, seen, counted, approved=False)
            reason, blocked = proof.suspicious, bool(proof.suspicious)
            waits, counted = not proof.out and not blocked, proof.out or counted
        staged = leaving.keys() if blocked else unseen
        explanation = f"W={change.removals} c={change.recent} B={change.base}"
        hold = self._lifecycle.stage(work, staged, reason=reason or "first-link", explanation=explanation)
        report.held = len(staged)
        if counted and not blocked and not waits:
            self._take_out(entity, counted, changes)
        if staged:
            report.finish("held", hold.reason if hold else "")
        elif waits:
            report.finish("members-changed" if report.added else "unchanged", WHY)
        elif (report.added or report.removed) and report.outcome != "members-changed":
            report.finish("members-changed")

    def _prove(self, work: Work, seen: Seen, leaving: dict[str, str], *, approved: bool) -> Proof:
        """Who of them really left; an inactive one needs no proof, for it gives them no access."""
        inactive = {okta_id: member for okta_id, member in leaving.items() if seen.membership.inactive(okta_id)}
        active = {okta_id: member for okta_id, member in leaving.items() if okta_id not in inactive}
        if not active:
            return Proof(inactive, "", self._link)
        since = self._link.sighted
        begun = since is not None and active.keys() <= self._store.removals(work.entity, since)
        proof = self._evidence.prove(work, self._link, active, stamp=seen.stamp, once=approved or begun)
        self._link = proof.link
        return replace(proof, out={**proof.out, **inactive} if proof.out else {})

    def _observe(self, work: Work, seen: Seen, leaving: dict[str, str], changes: MemberChanges, report: Report) -> None:
        """What would be done, without a write."""
        entity = work.entity
        exceptions = self._store.exceptions(entity)
        leaving = {okta_id: member for okta_id, member in leaving.items() if okta_id not in exceptions}
        unseen = self._unseen(entity, seen.membership, leaving)
        counted = {okta_id: member for okta_id, member in leaving.items() if okta_id not in unseen}
        reason = self._held_because(seen, counted, self._change(entity, seen.membership, counted, report))
        blocking = self._lifecycle.blocking(entity)
        if counted and blocking is not None:  # a sync that is only tried finds the holds of the enforcing ones
            reason = reason or blocking.reason
        if counted and not reason:
            proof = self._prove(work, seen, counted, approved=False)
            reason, counted = proof.suspicious, proof.out
        report.removed, report.held = 0 if reason else len(counted), len(leaving if reason else unseen)
        changes.would_remove(report.removed)
        if report.held:
            report.planned_calls.append(f"hold {report.held} removals ({reason or 'first-link'})")
        report.finish("observed", reason)

    def _change(
        self,
        entity: str,
        membership: Membership,
        counted: dict[str, str],
        report: Report,
        released: frozenset[str] = frozenset(),
    ) -> Change:
        window = self._clock.now() - timedelta(hours=self._settings.ceiling_window_hours)
        recent = self._store.removals(entity, window) - counted.keys() if counted else frozenset()
        base = membership.base(self._settings.inactive_members)
        return Change(
            removals=len(counted),
            recent=len(recent),
            base=len(base) + len(recent),
            remaining=len(base - counted.keys() - released) + report.added,
        )

    def _held_because(self, seen: Seen, counted: dict[str, str], change: Change) -> str:
        """Why nobody may be removed now; empty when the removals may be done."""
        if not counted:
            return ""
        if seen.suspicious:
            return seen.suspicious
        if seen.app.removals_paused:
            return "removals-paused"
        if not seen.app.bootstrapped or not seen.link.first_sync_ended:
            return "first-link"
        settings, link = self._settings, seen.link
        ceiling = Ceiling(
            count=settings.group_removal_ceiling if link.ceiling is None else link.ceiling,
            percent=settings.group_removal_ceiling_percent if link.ceiling_percent is None else link.ceiling_percent,
        )
        broken = exceeded(change, ceiling)
        return f"ceiling-{broken}" if broken else ""

    def _take_out(self, entity: str, leaving: dict[str, str], changes: MemberChanges) -> None:
        """Reserve all, then remove; each call's members are marked done when it has ended."""
        self._store.reserve(entity, leaving, self._clock.now())
        okta_id_of = {member: okta_id for okta_id, member in leaving.items()}
        for done in changes.remove(sorted(leaving.values())):
            self._store.complete(entity, [okta_id_of[member] for member in done], self._clock.now())

    def _unseen(self, entity: str, membership: Membership, leaving: dict[str, str]) -> frozenset[str]:
        """Leaving users who were adopted and whom no sync has seen in this Okta group: perhaps made by hand.

        Users link over hours, so a member may come under an Okta user long after the group was linked.
        """

        def adopted(okta_id: str) -> bool:
            link = membership.links.get(okta_id)
            return link is not None and link.origin is Origin.ADOPTED

        here = {okta_id for okta_id in membership.listed if adopted(okta_id)}
        strangers = {okta_id for okta_id in leaving if adopted(okta_id)}
        if not here and not strangers:
            return frozenset()
        remembered = self._store.seen(entity)
        if self._settings.mode is Mode.ENFORCE and (new := here - remembered):
            self._store.add_seen(entity, new)
        return frozenset(strangers - remembered)
