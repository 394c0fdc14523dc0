"""A sync of a group: equal members for every linked user, additions at once, removals under the ceiling."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.errors import OwnerTaken, Recheck, Transient
from bridge.items import Reason
from bridge.provisioning.additions import CUT_LENGTH, Additions
from bridge.provisioning.bursts import gathers
from bridge.provisioning.evidence import (
    MEMBERSHIP_LAG,
    SECOND_SIGHT,
    Evidence,
    explained_by,
    fingerprints,
    known_as,
    people_of,
    shows,
)
from bridge.provisioning.evidence import WHY as SECOND_SIGHT_WHY
from bridge.provisioning.group_removals import GroupRemovals
from bridge.provisioning.hinted import HintedAdditions, is_answered
from bridge.provisioning.holds import HoldLifecycle
from bridge.provisioning.linking import UNLINKED_BY_OPERATOR, Linking
from bridge.provisioning.members import CONFLICT, MemberChanges, may_land
from bridge.provisioning.membership import Membership, Seen, read_membership
from bridge.provisioning.out_of_scope import OutOfScope
from bridge.provisioning.ports import Clock, GenesysScim, OktaReader
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import AppState, Due, GroupLink, GroupState
from bridge.provisioning.sync import Report, Work, fenced
from bridge.provisioning.user_records import LATE_WHY, UNDER_WAY
from bridge.provisioning.values import OktaGroup, ScimGroup
from bridge.provisioning.witnesses import Witnesses
from bridge.settings import Mode, ProvisioningSettings

_EVENT_REASONS = frozenset({Reason.HOOK, Reason.CATCHUP})
#: Nobody waits for the end of syncs with these reasons, so that a burst may gather.
_UNASKED = _EVENT_REASONS | {Reason.FOLLOW_UP}
#: How far apart the two answers must be that end a link, and the cause of the sync that brings the second.
UNLINK_AFTER, UNLINK_WHY = timedelta(minutes=10), "unlink"
#: How soon a group is read again that may show others once somebody is removed.
NEXT_PART, NEXT_PART_WHY = timedelta(minutes=1), "next-members"
#: Genesys Cloud shows a group without its members, and how soon it is read once more.
NEXT_READING = timedelta(minutes=10)
MEMBERS_MISSING = "members-missing"
#: How long exceptions outlive their link, for the day on which it returns.
EXCEPTIONS_RETENTION = timedelta(days=30)


class GroupSync:
    """Syncs of groups."""

    def __init__(
        self,
        *,
        okta: OktaReader,
        genesys: GenesysScim,
        store: Store,
        clock: Clock,
        lifecycle: HoldLifecycle,
        linking: Linking,
        out_of_scope: OutOfScope,
        settings: ProvisioningSettings,
    ) -> None:
        """Everything the decisions need, as ports."""
        self._okta = okta
        self._genesys = genesys
        self._store = store
        self._clock = clock
        self._lifecycle = lifecycle
        self._removals = GroupRemovals(store, clock, lifecycle, Evidence(okta, genesys, store, clock), settings)
        self._additions = Additions(store, clock, settings.mode)
        self._hinted = HintedAdditions(okta, genesys, store, clock, settings)
        self._linking = linking
        self._out_of_scope = out_of_scope
        self._witnesses = Witnesses(okta, genesys, store)
        self._settings = settings
        self._observes = settings.mode is Mode.OBSERVE

    def sync(self, work: Work) -> Report:
        """Bring one group's members to what Okta says, as far as the ceiling lets it.

        Raises:
            Recheck: a moment ago there was a sync of the group; this one waits for what comes meanwhile.
            Transient, Permanent: as `bridge.errors`; the item waits or is parked.
        """
        known = self._store.group(work.okta_id)
        if known is None or known.state is not GroupState.LINKED:
            if not self._linking.may_link(work.okta_id, known, self._store.app().epoch):
                self._out_of_scope.note(work.okta_id, known)
                return Report().finish("skipped", "not-in-scope")
        elif self._has_seen(work, known):
            return Report().finish("skipped", "seen-since")
        if not work.reasons - _UNASKED and (wait := gathers(known, self._clock.now())):
            raise Recheck(math.ceil(wait.total_seconds()))
        return fenced(self._attempt, work)

    def _has_seen(self, work: Work, link: GroupLink) -> bool:
        """Whether syncs that came to their end have seen all of the items' events, which nobody had in hand before."""
        if not work.fresh or work.reasons - _EVENT_REASONS or link.in_vain or link.synced is None:
            return False
        lag, now = timedelta(seconds=self._settings.read_lag_seconds), self._clock.now()
        return all(
            (item.newest is not None and item.newest + lag <= link.synced and shows(link, item))
            or is_answered(link, item, now)
            for item in work.items
        )

    def _attempt(self, work: Work) -> Report:
        """Sync under a fence. A sync that ends with no change that may land yet says so, for the one that comes next.

        Of a sync that has not, such as one whose process died, a change may land over all that is done from now on:
        until it can land no more every sync is whole, and one is due for then.
        """
        work.hold_call()
        now = self._clock.now()
        link = replace(self._store.begin_group_sync(work.okta_id), began=now)
        linked = link.state is GroupState.LINKED
        if linked and link.ended is not None and link.ended < link.sync_number - 1:
            self._store.note_due(Due(link.entity, LATE_WHY, now + UNDER_WAY))
        try:
            return self._sync(work, link)
        except Transient as error:
            if not may_land(error):
                with suppress(Transient):  # what went wrong first is what counts
                    self._store.end_group_sync(link)
            raise

    def _sync(self, work: Work, link: GroupLink) -> Report:
        app = self._store.app()  # after the fence: an assignment event that raised the epoch meanwhile is seen
        hinted = self._hinted.sync(work, link, app)
        if hinted is not None:
            return hinted
        read = self._okta.group(work.okta_id)
        report = Report(date=read.date, none_parked=app.none_is_parked)
        if read.value is None:
            return self._gone_in_okta(work, link, app, report)
        rule = self._linking.rule(read.value, link, app.epoch)
        if not rule and link.state is GroupState.LINKED:
            self._linking.forget()  # an end counts only as Okta says it now
            rule = self._linking.rule(read.value, link, app.epoch)
        if not rule:
            if link.state is not GroupState.LINKED:
                self._out_of_scope.note(work.okta_id, link)
            if link.state is GroupState.LINKED and link.linked_by == "assigned" and self._settings.link_assigned_groups:
                self._witnesses.require_assigned(link, self._linking.assigned(app.epoch))
            return self._unlink(link, report, "unassigned")
        link = replace(link, linked_by=rule)
        if link.state is not GroupState.LINKED:
            link = self._link(link, read.value, report)
            if link.state is not GroupState.LINKED:
                return report
        began = self._clock.now()
        listing = self._okta.group_users(work.okta_id)
        if listing.value is None:
            raise Transient("group-vanished", upstream="okta", status=404)
        report.read["listed"] = str(len(listing.value))
        if any(okta_id not in listing.value for item in work.items for okta_id in item.users or ()):
            # An event says that they have joined: one listing does not end that.
            self._store.note_due(Due(link.entity, SECOND_SIGHT_WHY, self._clock.now() + SECOND_SIGHT))
        seen = read_membership(self._genesys, self._store, link, listing.value)
        if seen is None:
            self._witnesses.require_genesys(link, read.value.name)
            return self._unlink(link, report, "genesys-group-gone")
        if seen.name.lower() != read.value.name.lower():
            report.read["name"] = "drifted"
        suspicious = ""
        if not listing.value and not self._explained_empty(read.value, link):
            suspicious = "suspicious-empty"
        nonempty = listing.date if listing.value else link.nonempty
        both = Seen(replace(link, nonempty=nonempty), app, seen, suspicious, read.value.last_membership_updated, began)
        return self._converge(work, both, report, listed=listing.date)

    # ------------------------------------------------------------------------------------- links

    def _link(self, link: GroupLink, group: OktaGroup, report: Report) -> GroupLink:
        """Bind the one Genesys Cloud group of the same name, or remember why there is none."""
        found = self._genesys.find_groups(group.name)
        why = "no-match" if not found else "ambiguous" if len(found) > 1 else ""
        if not why:
            linked = replace(
                link,
                state=GroupState.LINKED,
                genesys_id=found[0].id,
                ended=link.ended or 0,
                first_sync_ended=False,
                why="",
                unlinking=None,
                unlinked=None,
            )
            if link.unlinked is not None and self._clock.now() - link.unlinked > EXCEPTIONS_RETENTION:
                self._store.remove_exceptions(link.entity, self._store.exceptions(link.entity))
            try:
                self._store.claim_group(linked)
            except OwnerTaken:
                why = "taken"
            else:
                return linked
        unlinked = replace(link, state=GroupState.UNLINKED, why=why, synced=report.date)
        self._store.save_group(unlinked)
        report.finish("skipped", why)
        return unlinked

    def _unlink(self, link: GroupLink, report: Report, why: str) -> Report:
        """End the link where a second answer, ten minutes after the first, says so too.

        Members stay as they are. The hold has nothing to wait for any more; exceptions are kept for the link's return.
        """
        if link.state is not GroupState.LINKED:
            return report.finish("skipped", "not-in-scope")
        now = self._clock.now()
        if link.unlinking_why != why:
            link = replace(link, unlinking=None, unlinking_why=why)
        meant = link.linked_by == UNLINKED_BY_OPERATOR  # an operator has said so
        if not meant and (link.unlinking is None or now - link.unlinking < UNLINK_AFTER):
            if link.unlinking is None:
                self._store.note_due(Due(link.entity, UNLINK_WHY, now + UNLINK_AFTER))
            self._store.save_group(replace(link, unlinking=link.unlinking or now, synced=report.date))
            return report.finish("unchanged", "unlink-unconfirmed")
        self._lifecycle.close_unlinked(link.entity, report)
        ended = replace(link, state=GroupState.UNLINKED, genesys_id="", why=why, unlinking=None, unlinked=now)
        self._store.save_group(replace(ended, synced=report.date))
        return report.finish("skipped", why)

    def _gone_in_okta(self, work: Work, link: GroupLink, app: AppState, report: Report) -> Report:
        """404 on the group: its members are never removed without a person's approval."""
        report.read["group"] = "404"
        if link.state is not GroupState.LINKED:
            return report.finish("skipped", "no-such-group")
        if link.linked_by == UNLINKED_BY_OPERATOR:
            return self._unlink(link, report, "unassigned")
        self._witnesses.require_okta(link)
        seen = read_membership(self._genesys, self._store, link, frozenset())
        if seen is None:
            self._witnesses.require_genesys(link, "")
            return self._unlink(link, report, "genesys-group-gone")
        return self._converge(work, Seen(link, app, seen, "group-deleted"), report, listed=None)

    # ----------------------------------------------------------------------------------- reading

    @staticmethod
    def _explained_empty(group: OktaGroup, link: GroupLink) -> bool:
        """An empty listing is believed only if Okta says that the membership changed after our last non-empty one."""
        if group.last_membership_updated is None or link.nonempty is None:
            return False
        return group.last_membership_updated > link.nonempty - MEMBERSHIP_LAG

    # -------------------------------------------------------------------------------- converging

    def _converge(self, work: Work, both: Seen, report: Report, *, listed: datetime | None) -> Report:
        """Send what differs; `listed` is the ``Date`` of Okta's listing, None where there was none."""
        link, seen = both.link, both.membership
        report.read["members"] = str(len(seen.members))
        report.read["unlinked-members"] = str(len(seen.members) - len(seen.owner))
        links = (seen.links.get(okta_id) for okta_id in seen.listed)
        unmade = sum(user is not None and user.is_link and not user.ever_linked for user in links)
        if unmade:
            report.read["not-made-yet"] = str(unmade)
        changes = MemberChanges(
            self._genesys,
            self._clock,
            work,
            ScimGroup(link.genesys_id, seen.name, version=seen.version),
            self._settings.members_per_request,
            report,
            vain=link.in_vain,
            observes=self._observes,
        )
        try:
            link, settles = self._change(work, both, changes, report, unmade)
        except Transient as error:
            if error.reason == CONFLICT:
                self._store.save_group(replace(link, in_vain=link.in_vain + 1))
            raise
        if listed is not None:
            link = _knowing(link, seen, settles=settles)
            if settles:
                link = replace(link, settled=listed, sighted=None, absent="")
        in_vain = 0 if changes.applied else link.in_vain + 1
        done = replace(link, synced=report.date, unlinking=None, in_vain=in_vain, answered={})
        self._store.save_group(done)
        changes.require_applied()
        return report

    def _change(
        self, work: Work, both: Seen, changes: MemberChanges, report: Report, unmade: int
    ) -> tuple[GroupLink, bool]:
        """Add and remove; the group's record with what was seen, and whether nobody is left to remove."""
        if not self._observes:
            again_there = both.membership.listed - both.membership.removals(self._settings.inactive_members).keys()
            self._lifecycle.release_back(work.entity, again_there)
        known = self._additions.add(work, both, changes, report)
        if known.membership.missing:
            return self._in_the_dark(work, known, changes, report), False
        if self._observes and unmade:
            report.planned_calls.append(f"add {unmade} members once they have accounts")
        # Judged once it is known who stays: additions may have been refused.
        plan, link = self._removals.plan(work, known, report.added)
        link = replace(link, why="", first_sync_ended=link.first_sync_ended or not self._observes)
        settles = not plan.later and not plan.held
        self._removals.execute(work, known.membership, plan, changes, report)
        if self._observes:
            report.finish("observed", report.why)
            return link, settles
        changes.park_kept()
        if known.membership is not both.membership and not settles:
            link = replace(link, blind="")  # who is still to go is seen only in an answer
        if len(both.membership.members) == CUT_LENGTH and report.removed:  # others may come to light
            self._store.note_due(Due(link.entity, NEXT_PART_WHY, self._clock.now() + NEXT_PART))
        short = len(both.membership.members) == CUT_LENGTH and (report.removed > 0 or bool(link.blind))
        return link, settles and changes.applied and not short

    def _in_the_dark(self, work: Work, both: Seen, changes: MemberChanges, report: Report) -> GroupLink:
        """Genesys Cloud shows no members: nobody is removed. It is parked while Okta has taken somebody out.

        One more reading is due: who is to go otherwise, such as somebody who was inactive, is known to nobody.
        """
        link = both.link
        if all(item.due != MEMBERS_MISSING for item in work.items):
            self._store.note_due(Due(link.entity, MEMBERS_MISSING, self._clock.now() + NEXT_READING))
        report.read["members"] = "missing"
        if _somebody_left(both):
            left = len(people_of(link.known) - fingerprints(link.okta_id, both.membership.listed))
            changes.park(["group"], MEMBERS_MISSING, f"left:{left}" if left else "")
        report.finish("members-changed" if report.added else "unchanged", MEMBERS_MISSING)
        return link


def _knowing(link: GroupLink, seen: Membership, *, settles: bool) -> GroupLink:
    """The group's record with who is listed, or is not and may still be a member."""
    made = {okta_id for okta_id in seen.listed if (user := seen.links.get(okta_id)) and user.ever_linked}
    known = fingerprints(link.okta_id, made if settles else made | {*seen.owner.values()})
    known |= people_of(link.known) if seen.missing else frozenset()
    return replace(link, known=known_as(known), unmade=known_as(fingerprints(link.okta_id, seen.listed - made)))


def _somebody_left(both: Seen) -> bool:
    """Whether Okta has taken somebody out since a sync last left nobody to remove, or may have where they are many."""
    link = both.link
    if link.known:
        return bool(people_of(link.known) - fingerprints(link.okta_id, both.membership.listed))
    return link.settled is not None and (both.stamp is None or explained_by(both.stamp, link))
