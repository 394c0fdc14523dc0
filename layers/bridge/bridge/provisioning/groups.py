"""A sync of a group: equal members for every linked user, additions at once, removals under the ceiling."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bridge.errors import OwnerTaken, Transient
from bridge.provisioning.evidence import MEMBERSHIP_LAG, WHY, Evidence
from bridge.provisioning.group_removals import GroupRemovals, Seen
from bridge.provisioning.holds import HoldLifecycle
from bridge.provisioning.linking import Linking
from bridge.provisioning.members import MemberChanges
from bridge.provisioning.membership import read_membership
from bridge.provisioning.ports import Clock, GenesysScim, OktaReader
from bridge.provisioning.protected import ProtectedPeople
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import AppState, GroupLink, GroupState
from bridge.provisioning.sync import Report, Work, fenced
from bridge.provisioning.values import OktaGroup
from bridge.settings import Mode, ProvisioningSettings


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
        protected: ProtectedPeople,
        settings: ProvisioningSettings,
    ) -> None:
        """Everything the decisions need, as ports."""
        self._okta = okta
        self._genesys = genesys
        self._store = store
        self._clock = clock
        self._lifecycle = lifecycle
        self._removals = GroupRemovals(store, clock, lifecycle, Evidence(okta, store, clock), protected, settings)
        self._linking = linking
        self._settings = settings

    def sync(self, work: Work) -> Report:
        """Bring one group's members to what Okta says, as far as the ceiling lets it.

        Raises:
            Transient, Permanent: as `bridge.errors`; the item waits or is parked.
        """
        app = self._store.app()
        if not self._linking.may_link(work.okta_id, self._store.group(work.okta_id), app.epoch):
            return Report().finish("skipped", "not-in-scope")
        return fenced(self._attempt, work)

    def _attempt(self, work: Work) -> Report:
        link = self._store.begin_group_sync(work.okta_id)
        app = self._store.app()  # after the fence: an assignment event that raised the epoch meanwhile is seen
        read = self._okta.group(work.okta_id)
        report = Report(date=read.date)
        if read.value is None:
            return self._gone_in_okta(work, link, app, report)
        rule = self._linking.rule(read.value, link, app.epoch)
        if not rule:
            return self._unlink(link, report, "unassigned")
        link = replace(link, linked_by=rule)
        if link.state is not GroupState.LINKED:
            link = self._link(link, read.value, report)
            if link.state is not GroupState.LINKED:
                return report
        listing = self._okta.group_users(work.okta_id)
        if listing.value is None:
            raise Transient("group-vanished", upstream="okta", status=404)
        report.read["listed"] = str(len(listing.value))
        seen = read_membership(self._genesys, self._store, link, listing.value)
        if seen is None:
            return self._unlink(link, report, "genesys-group-gone")
        if seen.name.casefold() != read.value.name.casefold():
            report.read["name"] = "drifted"
        suspicious = ""
        if not listing.value and not self._explained_empty(read.value, link):
            suspicious = "suspicious-empty"
        nonempty = listing.date if listing.value else link.nonempty
        both = Seen(replace(link, nonempty=nonempty), app, seen, suspicious, read.value.last_membership_updated)
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
                first_sync_ended=False,
                why="",
            )
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
        """Members stay as they are; its hold has nothing to wait for any more, its exceptions nothing to except."""
        if link.state is GroupState.LINKED:
            self._lifecycle.close_unlinked(link.entity)
            self._lifecycle.notify(link.entity, report)
            self._store.remove_exceptions(link.entity, self._store.exceptions(link.entity))
            self._store.save_group(replace(link, state=GroupState.UNLINKED, genesys_id="", why=why, synced=report.date))
        return report.finish("skipped", why if link.state is GroupState.LINKED else "not-in-scope")

    def _gone_in_okta(self, work: Work, link: GroupLink, app: AppState, report: Report) -> Report:
        """404 on the group: its members are never removed without a person's approval."""
        report.read["group"] = "404"
        if link.state is not GroupState.LINKED:
            return report.finish("skipped", "no-such-group")
        seen = read_membership(self._genesys, self._store, link, frozenset())
        if seen is None:
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
            self._genesys, self._clock, work, link.genesys_id, self._settings.members_per_request, report
        )
        additions = seen.additions()
        if self._settings.mode is Mode.OBSERVE:
            changes.would_add(additions)
            if unmade:
                report.planned_calls.append(f"add {unmade} members once they have accounts")
            plan, link = self._removals.plan(work, both, len(additions))
            self._removals.show(plan, changes, report)
        else:
            self._removals.release_back(work.entity, seen)
            changes.add(additions)
            # Judged once it is known who stays: additions may have been refused.
            plan, link = self._removals.plan(work, both, report.added)
            self._removals.execute(work, seen, plan, changes, report)
        self._lifecycle.notify(work.entity, report)
        if listed is not None and report.why != WHY and not report.held and changes.applied:
            link = replace(link, settled=listed, sighted=None, absent="")
        ended = link.first_sync_ended or self._settings.mode is Mode.ENFORCE
        self._store.save_group(replace(link, synced=report.date, first_sync_ended=ended, why=""))
        changes.require_applied()
        return report
