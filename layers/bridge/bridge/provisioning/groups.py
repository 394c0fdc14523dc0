"""A look at a group: equal members for every linked user, additions at once, removals under the ceiling."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from bridge.errors import OwnerTaken, Transient
from bridge.provisioning import holds
from bridge.provisioning.ceiling import Ceiling, Change, exceeded
from bridge.provisioning.linking import Linking
from bridge.provisioning.look import Report, Work, fenced
from bridge.provisioning.members import MemberChanges
from bridge.provisioning.ports import Clock, GenesysReader, GenesysScim, OktaReader, Store, UserLinks
from bridge.provisioning.records import AppState, GroupLink, GroupState, Origin, UserLink
from bridge.provisioning.values import OktaGroup
from bridge.settings import InactiveMembers, Mode, ProvisioningSettings

#: Okta's ``lastMembershipUpdated`` and the ``Date`` of our listing may differ by the read lag.
MEMBERSHIP_LAG = timedelta(seconds=5)
#: So many records of users are in memory whole at a time.
LINKS_AT_A_TIME = 1000


@dataclass(frozen=True)
class Membership:
    """Both sides of a linked group, as one look read them.

    Attributes:
        listed: Okta ids of the group's users in Okta; empty when the group is gone there.
        links: our records of those users and of every linked member.
        members: Genesys Cloud ids of the members.
        owner: Genesys Cloud id -> Okta id of each member that is one of our users.
        name: what Genesys Cloud calls the group.
    """

    listed: frozenset[str]
    links: dict[str, UserLink]
    members: frozenset[str]
    owner: dict[str, str]
    name: str

    def inactive(self, okta_id: str) -> bool:
        """Whether our records say that the user is inactive in Genesys Cloud."""
        link = self.links.get(okta_id)
        return link is not None and link.active is False

    def additions(self) -> list[str]:
        """Genesys Cloud ids to add: in the Okta group, linked and active by our records, not yet members."""
        wanted = {
            link.genesys_id
            for okta_id in self.listed
            if (link := self.links.get(okta_id)) is not None and link.active and link.genesys_id
        }
        return sorted(wanted - self.members)

    def removals(self, inactive_members: InactiveMembers) -> dict[str, str]:
        """Okta id -> Genesys Cloud id of the linked members that should not be members."""
        keep = inactive_members is InactiveMembers.KEEP
        return {
            okta_id: member
            for member, okta_id in self.owner.items()
            if (not keep if self.inactive(okta_id) else okta_id not in self.listed)
        }

    def base(self, inactive_members: InactiveMembers) -> frozenset[str]:
        """Okta ids of the linked members that the percentage is taken of."""
        if inactive_members is InactiveMembers.REMOVE:
            return frozenset(self.owner.values())
        return frozenset(okta_id for okta_id in self.owner.values() if not self.inactive(okta_id))


def read_membership(
    genesys: GenesysReader, store: UserLinks, link: GroupLink, listed: frozenset[str]
) -> Membership | None:
    """Genesys Cloud's members and our records of everybody concerned; None when the group is gone there."""
    group = genesys.group(link.genesys_id)
    if group is None:
        return None
    members = group.members or frozenset()
    owner = {
        member: entity.removeprefix("user:")
        for member, entity in store.owners(members).items()
        if entity.startswith("user:")
    }
    everybody = sorted(listed | frozenset(owner.values()))
    links: dict[str, UserLink] = {}
    for at in range(0, len(everybody), LINKS_AT_A_TIME):
        # Without the fingerprints, which nobody needs here: a group may have a hundred thousand members.
        part = store.users(everybody[at : at + LINKS_AT_A_TIME])
        links |= {okta_id: replace(found, hashes={}) for okta_id, found in part.items()}
    return Membership(listed=listed, links=links, members=members, owner=owner, name=group.display_name)


class GroupLook:
    """Looks at groups. Lives as long as the process."""

    def __init__(
        self,
        *,
        okta: OktaReader,
        genesys: GenesysScim,
        store: Store,
        clock: Clock,
        linking: Linking,
        settings: ProvisioningSettings,
    ) -> None:
        """Everything the decisions need, as ports."""
        self._okta = okta
        self._genesys = genesys
        self._store = store
        self._clock = clock
        self._linking = linking
        self._settings = settings

    def look(self, work: Work) -> Report:
        """Bring one group's members to what Okta says, as far as the ceiling lets it.

        Raises:
            Transient, Permanent: as `bridge.errors`; the item waits or is parked.
        """
        app = self._store.app()
        if not self._linking.may_link(work.okta_id, self._store.group(work.okta_id), app.epoch):
            return Report().ends("skipped", "not-in-scope")
        return fenced(self._attempt, work)

    def _attempt(self, work: Work) -> Report:
        link = self._store.begin_group_look(work.okta_id)
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
        return self._converge(work, replace(link, nonempty=nonempty), app, seen, suspicious, report)

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
                first_look_ended=False,
                why="",
            )
            try:
                self._store.claim_group(linked)
            except OwnerTaken:
                why = "taken"
            else:
                return linked
        unlinked = replace(link, state=GroupState.UNLINKED, why=why, looked=report.date)
        self._store.save_group(unlinked)
        report.ends("skipped", why)
        return unlinked

    def _unlink(self, link: GroupLink, report: Report, why: str) -> Report:
        """Members stay as they are; its hold has nothing to wait for any more, its exceptions nothing to except."""
        if link.state is GroupState.LINKED:
            holds.close_unlinked(self._store, self._clock, link.entity)
            self._store.remove_exceptions(link.entity, self._store.exceptions(link.entity))
            self._store.save_group(replace(link, state=GroupState.UNLINKED, genesys_id="", why=why, looked=report.date))
        return report.ends("skipped", why if link.state is GroupState.LINKED else "not-in-scope")

    def _gone_in_okta(self, work: Work, link: GroupLink, app: AppState, report: Report) -> Report:
        """404 on the group: its members are never removed without a person's word."""
        report.read["group"] = "404"
        if link.state is not GroupState.LINKED:
            return report.ends("skipped", "no-such-group")
        seen = read_membership(self._genesys, self._store, link, frozenset())
        if seen is None:
            return self._unlink(link, report, "genesys-group-gone")
        return self._converge(work, link, app, seen, "group-deleted", report)

    # ----------------------------------------------------------------------------------- reading

    @staticmethod
    def _explained_empty(group: OktaGroup, link: GroupLink) -> bool:
        """An empty listing is believed only if Okta says that the membership changed after our last non-empty one."""
        if group.last_membership_updated is None or link.nonempty is None:
            return False
        return group.last_membership_updated > link.nonempty - MEMBERSHIP_LAG

    # -------------------------------------------------------------------------------- converging

    def _converge(
        self, work: Work, link: GroupLink, app: AppState, seen: Membership, suspicious: str, report: Report
    ) -> Report:
        report.read["members"] = str(len(seen.members))
        report.read["unlinked-members"] = str(len(seen.members) - len(seen.owner))
        changes = MemberChanges(
            self._genesys, self._clock, work, link.genesys_id, self._settings.members_per_request, report
        )
        if self._settings.mode is Mode.ENFORCE:
            changes.add(seen.additions())
        else:
            report.added = len(seen.additions())
        self._remove(work, link, app, seen, suspicious, changes, report)
        ended = link.first_look_ended or self._settings.mode is Mode.ENFORCE
        self._store.save_group(replace(link, looked=report.date, first_look_ended=ended, why=""))
        changes.require_applied()
        return report

    def _remove(
        self,
        work: Work,
        link: GroupLink,
        app: AppState,
        seen: Membership,
        suspicious: str,
        changes: MemberChanges,
        report: Report,
    ) -> None:
        """Judge the whole change, then remove all of it or stage all of it."""
        entity = work.entity
        leaving = seen.removals(self._settings.inactive_members)
        exceptions = self._store.exceptions(entity)
        desired_again = exceptions & seen.listed - leaving.keys()
        leaving = {okta_id: member for okta_id, member in leaving.items() if okta_id not in exceptions}
        unseen = self._unseen(entity, seen, leaving)
        counted = {okta_id: member for okta_id, member in leaving.items() if okta_id not in unseen}
        window = self._clock.now() - timedelta(hours=self._settings.ceiling_window_hours)
        recent = self._store.removals(entity, window) - counted.keys() if counted else frozenset()
        base = seen.base(self._settings.inactive_members)
        change = Change(
            removals=len(counted),
            recent=len(recent),
            base=len(base) + len(recent),
            remaining=len(base - counted.keys()) + report.added,
        )
        reason = self._held_because(link, app, suspicious, counted, change)
        if self._settings.mode is Mode.OBSERVE:
            report.removed, report.held = 0 if reason else len(counted), len(leaving if reason else unseen)
            report.ends("observed", reason)
            return
        self._store.remove_exceptions(entity, desired_again)
        blocked = bool(counted) and (bool(reason) or holds.blocking_hold(self._store, entity) is not None)
        staged = leaving.keys() if blocked else unseen
        explanation = f"W={change.removals} c={change.recent} B={change.base}"
        hold = holds.stage_removals(
            self._store, self._clock, work, staged, reason=reason or "first-link", explanation=explanation
        )
        report.held = len(staged)
        if counted and not blocked:
            self._take_out(entity, counted, changes)
        if staged:
            report.ends("held", hold.reason if hold else "")
        elif report.added or report.removed:
            report.ends("members-changed")

    def _take_out(self, entity: str, leaving: dict[str, str], changes: MemberChanges) -> None:
        """Reserve all, then remove; each call's members are marked done when it has ended."""
        self._store.reserve(entity, leaving, self._clock.now())
        okta_id_of = {member: okta_id for okta_id, member in leaving.items()}
        for done in changes.remove(sorted(leaving.values())):
            self._store.complete(entity, [okta_id_of[member] for member in done], self._clock.now())

    def _unseen(self, entity: str, seen: Membership, leaving: dict[str, str]) -> frozenset[str]:
        """Leaving users who were adopted and whom no look has seen in this Okta group: perhaps made by hand.

        Users link over hours, so a member may come under an Okta user long after the group was linked.
        """

        def adopted(okta_id: str) -> bool:
            link = seen.links.get(okta_id)
            return link is not None and link.origin is Origin.ADOPTED

        here = {okta_id for okta_id in seen.listed if adopted(okta_id)}
        strangers = {okta_id for okta_id in leaving if adopted(okta_id)}
        if not here and not strangers:
            return frozenset()
        remembered = self._store.seen(entity)
        if self._settings.mode is Mode.ENFORCE and (new := here - remembered):
            self._store.add_seen(entity, new)
        return frozenset(strangers - remembered)

    def _held_because(
        self, link: GroupLink, app: AppState, suspicious: str, counted: dict[str, str], change: Change
    ) -> str:
        """Why nobody may be removed now; empty when the removals may be done."""
        if not counted:
            return ""
        if suspicious:
            return suspicious
        if not app.bootstrapped or not link.first_look_ended:
            return "first-link"
        ceiling = Ceiling(
            count=self._settings.group_removal_ceiling if link.ceiling is None else link.ceiling,
            percent=self._settings.group_removal_ceiling_percent
            if link.ceiling_percent is None
            else link.ceiling_percent,
        )
        broken = exceeded(change, ceiling)
        return f"ceiling-{broken}" if broken else ""
