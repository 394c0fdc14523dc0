"""A sync of a user: read Okta, decide what Genesys Cloud should hold, send the smallest change.

`UserSync` reads and decides; `bridge.provisioning.accounts` finds, creates and changes the Genesys Cloud user.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.errors import Permanent, Transient
from bridge.items import Hint, Reason
from bridge.provisioning.account_writer import Target
from bridge.provisioning.accounts import CONFLICT, NOT_VISIBLE, Accounts, shown_as
from bridge.provisioning.assignments import Assigned, Assignment, Assignments, may_be_worth_reading, worth_reading
from bridge.provisioning.followups import Joining, group_follow_ups
from bridge.provisioning.linking import Linking
from bridge.provisioning.managers import TRIES, Managers
from bridge.provisioning.permissions import Permission, Permissions, has_ended, last_assigned
from bridge.provisioning.ports import Clock, OktaReader, QueueSender, UserMapper
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import AppState
from bridge.provisioning.roles import missed
from bridge.provisioning.scim import MANAGER
from bridge.provisioning.storms import Storms
from bridge.provisioning.sync import Report, Work, fenced
from bridge.provisioning.user_records import UserLink, UserState
from bridge.provisioning.values import AppUser, MappedUser, OktaGroup, OktaUser, ScimUser
from bridge.provisioning.witnesses import require_users_shown
from bridge.settings import InactiveMembers, Mode, ProvisioningSettings, SuspendedUsers

#: Okta user statuses whose assigned users are active in Genesys Cloud.
ACTIVE_STATUSES = frozenset({"PROVISIONED", "ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT"})
#: What `UserLink.status` holds after a believed 404.
DELETED = "DELETED"

_EVENT_REASONS = frozenset({Reason.HOOK, Reason.CATCHUP})


class UserSync:
    """Syncs of users."""

    def __init__(
        self,
        *,
        okta: OktaReader,
        accounts: Accounts,
        mapper: UserMapper,
        store: Store,
        queues: QueueSender,
        clock: Clock,
        assignments: Assignments,
        permissions: Permissions,
        storms: Storms,
        linking: Linking,
        managers: Managers,
        settings: ProvisioningSettings,
    ) -> None:
        """Everything the decisions need, as ports."""
        self._okta = okta
        self._accounts = accounts
        self._mapper = mapper
        self._store = store
        self._queues = queues
        self._clock = clock
        self._assignments = assignments
        self._permissions = permissions
        self._storms = storms
        self._linking = linking
        self._managers = managers
        self._settings = settings
        self._lag = timedelta(seconds=settings.read_lag_seconds)

    def sync(self, work: Work) -> Report:
        """Bring one user's Genesys Cloud account to what Okta says, or say why not.

        Raises:
            Transient, Permanent: as `bridge.errors`; the item waits or is parked.
        """
        known = self._store.user(work.okta_id)
        of_events = not work.reasons - _EVENT_REASONS
        if not (known is not None and known.is_link) and of_events and not self._may_concern(work.hints):
            if known is not None and Hint.ACCESS_ENDS in work.hints:
                self._store.begin_user_sync(work.okta_id)  # who is just making a link of them reads again
            return Report().finish("skipped", "not-in-scope")
        if known is not None and of_events and self._seen(work, known):
            return Report().finish("skipped", "seen-since")
        report = fenced(self._attempt, work)
        report.parked += [work.parked(reason, detail, self._clock.now()) for reason, detail in report.causes.items()]
        return report

    def _may_concern(self, hints: frozenset[Hint]) -> bool:
        """Whether events make somebody without a link be read."""
        return may_be_worth_reading(hints) and worth_reading(hints, self._store.app())

    def _seen(self, work: Work, link: UserLink) -> bool:
        """Whether a sync has seen what the events say: hooks deliver one twice, and catch-up what hooks deliver."""
        seen = link.seen(work.hints)
        return work.newest is not None and seen is not None and work.newest + self._lag <= seen

    def _attempt(self, work: Work) -> Report:
        work.hold_call()
        link = self._store.begin_user_sync(work.okta_id)
        app = self._store.app()  # after the fence: an assignment event that raised the epoch meanwhile is seen
        read = self._okta.user(work.okta_id)
        status = read.value.status if read.value else "404"
        report = Report(date=read.date, read={"status": status}, none_parked=app.none_is_parked)
        user = read.value
        if user is None:
            return self._deleted(work, link, app, report)
        if user.status == "DEPROVISIONED":
            link = replace(link, assigned=None, assignment_read=read.date, unassigned_due="")
            return self._ends_at_once(work, link, user, app, report)
        if user.status == "SUSPENDED":
            link = link.remembered()  # an assignment outlives a suspension, and its end raises no event of its own
            if self._settings.suspended_users is SuspendedUsers.IGNORE:
                link = self._permissions.told(work, link)
                return self._settle(link, user.status, report.finish("unchanged", "suspended-ignored"))
            return self._ends_at_once(work, link, user, app, report)
        if user.status != "STAGED" and user.status not in ACTIVE_STATUSES:
            if link.is_link and link.known_active is not False:  # it may mean that access ends: a person sees it
                raise Permanent("status-not-known", detail=work.entity, upstream="okta")
            return self._settle(link.remembered(), user.status, report.finish("unchanged", "status-not-known"))
        return self._usable(work, link, user, read.date, app, report)

    # ---------------------------------------------------------------------------------- access ends

    def _deleted(self, work: Work, link: UserLink, app: AppState, report: Report) -> Report:
        """Okta answered 404: believed only with a sign that the user really went."""
        known, link = link.assignment_read, replace(link, assignment_read=report.date)
        # "Not assigned", seen while the application was switched off or unexplained, is no sign of anything.
        unassigned = has_ended(link) and link.unassigned_due != "app-not-active"
        told = self._tells_of_deletion(work, link) or link.status in {"DEPROVISIONED", DELETED} or unassigned
        if not told:
            require_users_shown(self._okta, self._store, link)
        if not (link.is_link or (told and app.restored is not None)):
            return self._settle(link, DELETED, report.finish("unchanged", "no-such-user"))
        if not told:
            raise Permanent("user-not-visible", detail=work.entity, upstream="okta", status=404)
        link = self._accounts.matching.settle_creating(link, "", app, deep=work.deep)
        if not link.ever_linked:
            return self._settle(link.unlinked(), DELETED, report.finish("unchanged", "no-such-user"))
        if not _already_inactive(work, link):
            self._require_gone(work, known, app, report)
        had_ended = link.status == "DEPROVISIONED"
        link = replace(link, assigned=None, groups_due=link.groups_due or link.status != DELETED)
        if had_ended and not _already_inactive(work, link):
            # A sync that saw their access end did not come to its end: nothing stands before that.
            report.finish("unchanged", "deleted")
            link, account = self._accounts.matching.locate(replace(link, status=DELETED))
            return self._deactivate(link, account, app, report)
        return self._ends_by_ceiling(work, link, DELETED, app, report)

    def _require_gone(self, work: Work, known: datetime | None, app: AppState, report: Report) -> None:
        """Raise unless the application has no such user either: a sign may be older than somebody's return."""
        seen = report.date or self._clock.now()
        read = self._storms.read(work, seen=seen, known=known, app=app)
        report.read["assigned"] = read.assigned.value
        if read.assigned is Assigned.NO:
            return
        if work.newest is not None and (read.date or seen) < work.newest + self._lag:
            raise Transient("okta-read-lag", upstream="okta")
        raise Permanent("user-not-visible", detail=work.entity, upstream="okta", status=404)

    def _tells_of_deletion(self, work: Work, link: UserLink) -> bool:
        """Whether an event says that the user went, and no sync since has seen them there again."""
        when = (item.newest for item in work.items if Hint.DELETION in item.hints)
        return any(newest is None or link.synced is None or newest + self._lag > link.synced for newest in when)

    def _ends_at_once(self, work: Work, link: UserLink, user: OktaUser, app: AppState, report: Report) -> Report:
        """DEPROVISIONED or SUSPENDED: no ceiling, no hold, nothing of another entity stands before it."""
        link = self._accounts.matching.settle_creating(link, self._user_name(user), app, deep=work.deep)
        if not link.ever_linked and (work.deep or not app.bootstrapped):
            link = self._accounts.matching.find_native(link)
        if not link.ever_linked:
            link = link if user.status == "SUSPENDED" else link.unlinked()
            return self._settle(link, user.status, report.finish("unchanged", "never-linked"))
        link = replace(link, status=user.status)
        if Reason.HOLD in work.reasons:
            self._permissions.forget(link.okta_id)
        report.finish("unchanged", user.status.lower())
        if _already_inactive(work, link):
            return self._finish(link, None, app, report)
        link, account = self._accounts.of_leaver(work, link)
        return self._deactivate(link, account, app, report)

    def _ends_by_ceiling(
        self,
        work: Work,
        link: UserLink,
        status: str,
        app: AppState,
        report: Report,
        *,
        doubt: Permission | None = None,
        listed: bool = False,
    ) -> Report:
        """Only a missing assignment, or a deleted user, says that access ends: a mass of those is held."""
        link = replace(link, status=status)
        report.finish("unchanged", "deleted" if status == DELETED else "not-assigned")
        if _already_inactive(work, link):
            return self._finish(replace(link, unassigned_due=""), None, app, report)
        if status != DELETED and not self._assignments.app_is_active(app):
            self._store.add_due(link.okta_id)
            link = replace(link, unassigned_due=doubt.value if doubt else "app-not-active")
            return self._settle(link, status, report.finish("held", "app-not-active"))
        link, account = self._accounts.of_leaver(work, link)
        counts = account is not None and account.active and self._settings.deactivate_users
        if not counts:
            if Reason.HOLD in work.reasons:
                self._permissions.forget(link.okta_id)
            return self._deactivate(link, account, app, report)
        if link.known_active is False:  # Genesys Cloud shows otherwise; a sync of the application goes by the record
            link = replace(link, active=True)
            self._store.save_user(link)
        permission, found = self._permissions.of(link, app, doubt, listed=listed)
        if self._settings.mode is Mode.OBSERVE and permission is Permission.GIVEN:
            self._permissions.permit([link.okta_id], approved=False)
            report = self._deactivate(link, account, app, report)
            return report.finish("observed", "would-deactivate-by-ceiling")
        if permission is Permission.GIVEN:
            done = self._permissions.perform(link.okta_id, found, lambda: self._deactivate(link, account, app, report))
            if done is not None:
                return done
            permission = Permission.ASK
        why = self._permissions.refuse(link, permission, doubt)
        report.finish("held", why)
        if self._settings.mode is Mode.OBSERVE:
            report.finish("observed", why)
            if permission is not Permission.EXCEPTED:
                report.planned_calls.append(f"hold the deactivation ({why})")
        return self._settle(replace(link, unassigned_due=doubt.value if doubt else why), status, report)

    def _deactivate(self, link: UserLink, account: ScimUser | None, app: AppState, report: Report) -> Report:
        """Make the Genesys Cloud user inactive, and let the groups know where that matters."""
        due = link.groups_due or self._settings.inactive_members is InactiveMembers.REMOVE
        changed = self._accounts.deactivate(replace(link, groups_due=due), account, report)
        return self._finish(changed.link, changed.user, app, report)

    # -------------------------------------------------------------------------------- access stands

    def _usable(
        self, work: Work, link: UserLink, user: OktaUser, seen: datetime, app: AppState, report: Report
    ) -> Report:
        """STAGED or usable in Okta: the assignment decides."""
        assignment = self._assignment(work, link, user, seen, app)
        report.read["assigned"] = assignment.assigned.value
        before, link = link, replace(link, assignment_read=assignment.date or link.assignment_read)
        if assignment.assigned is Assigned.UNCLEAR:
            link = replace(link, assigned=self._permissions.told(work, before).assigned)
            return self._settle(link.remembered(), user.status, report.finish("unchanged", "assignment-unclear"))
        if assignment.assigned is Assigned.NO:
            link = replace(link, epoch=app.epoch)
            link = self._accounts.matching.settle_creating(link, self._user_name(user), app, deep=work.deep)
            if not link.ever_linked:
                return self._stays_out(replace(link, assigned=False), user, app, report)
            listed, doubt = assignment.listed, self._permissions.doubt(work, before)
            link = replace(link, assigned=False)
            if doubt:  # nothing is settled: the event that explains it must not pass for seen
                link = replace(link, assigned=None, assignment_read=last_assigned(before))
            return self._ends_by_ceiling(work, link, user.status, app, report, doubt=doubt, listed=listed)
        if assignment.shows_end_since(seen):
            raise Transient("okta-read-lag", upstream="okta")
        self._no_longer_due(work, link)
        link = replace(link, unassigned_due="")
        if user.status == "STAGED":
            link = replace(link, state=link.state if link.ever_linked else UserState.STAGED, assigned=None)
            return self._settle(link, "STAGED", report.finish("unchanged", "staged"))
        link = replace(link, assigned=True, epoch=app.epoch, status=user.status)
        mapped = self._mapped(link, user, assignment.app_user)
        report.unmapped = mapped.unmapped
        target, link = self._target(work, link, user, mapped, report)
        insist = bool(work.reasons & {Reason.OPERATOR, Reason.REDRIVE})
        changed = self._accounts.converge(
            link, target, report, deep=work.deep, bootstrapped=app.bootstrapped, insist=insist, shown=work.shown
        )
        if self._settings.report_lost_roles:
            changed = missed(link, changed, report)
        return self._finish(changed.link, changed.user, app, report)

    def _target(
        self, work: Work, link: UserLink, user: OktaUser, mapped: MappedUser, report: Report
    ) -> tuple[Target, UserLink]:
        """What Genesys Cloud should hold; a manager who has no account yet is left out by name."""
        if not self._mapper.maps_manager:
            return Target(user, mapped.values, mapped.on_create, lists=mapped.lists), link
        link = self._managers.introduce(link, user)
        values, unknown = self._managers.resolved(link, mapped.values, max(item.tries for item in work.items))
        on_create, late = self._managers.resolved(link, mapped.on_create, TRIES)
        left_out = frozenset({MANAGER} if unknown or late else ())
        report.unmapped = (*report.unmapped, *left_out)
        return Target(user, values, on_create, left_out, mapped.lists), link

    def _stays_out(self, link: UserLink, user: OktaUser, app: AppState, report: Report) -> Report:
        """Not assigned and never linked: nothing to do, unless the whole application is out of sight."""
        why = "not-assigned"
        if not self._assignments.app_is_active(app):
            self._store.add_due(link.okta_id)
            why = "app-not-active"
        return self._settle(link.unlinked(), user.status, report.finish("unchanged", why))

    def _mapped(self, link: UserLink, user: OktaUser, app_user: AppUser | None) -> MappedUser:
        """The profile as SCIM; who cannot be mapped yet is remembered, so that the event that mends it is read."""
        try:
            return self._mapper.map_user(user, app_user)
        except Permanent:
            self._store.save_user(link.remembered())
            raise

    def _assignment(self, work: Work, link: UserLink, user: OktaUser, seen: datetime, app: AppState) -> Assignment:
        """The assignment as remembered, where that is enough; as Okta says otherwise."""
        forgotten = (
            user.status == "STAGED"
            or bool(work.hints & {Hint.ASSIGNMENT, Hint.ACTIVATION})
            or link.epoch != app.epoch
            or link.assigned is not True
            or work.deep
        )
        # Only what leads to neither may do without: see Accounts.converge.
        creates_or_activates = (
            link.state is not UserState.LINKED or link.known_active is not True or not link.knows_what_was_written
        )
        if forgotten or creates_or_activates or self._mapper.reads_app_user:
            app_user = self._mapper.reads_app_user
            if (absent := self._storms.absent(work, link, seen=seen, app=app)) is not None:
                return absent
            known = link.synced if link.unassigned_due else link.assignment_read
            leaves = link.known_active is True
            return self._storms.read(work, seen=seen, known=known, app=app, app_user=app_user, leaves=leaves)
        return Assignment(Assigned.YES, None)

    def _user_name(self, user: OktaUser) -> str:
        """The userName a POST would have carried, empty when the profile alone does not tell."""
        try:
            return str(self._mapper.map_user(user, None).values["userName"])
        except Permanent:
            return ""

    def _no_longer_due(self, work: Work, link: UserLink) -> None:
        """A person who is assigned waits for nothing; a hold that has them releases them."""
        if link.unassigned_due == "app-not-active":
            self._store.remove_due([link.okta_id])
        elif link.unassigned_due or Reason.HOLD in work.reasons:
            self._permissions.desired_again(link.okta_id)

    # ------------------------------------------------------------------------------------- endings

    def _finish(self, link: UserLink, scim_user: ScimUser | None, app: AppState, report: Report) -> Report:
        """Bring the user's groups if they are due, then write down that the sync succeeded."""
        link = shown_as(link, scim_user)
        if link.groups_due and app.bootstrapped and self._settings.mode is Mode.ENFORCE:
            self._enqueue_groups(link, scim_user, app)
            link = replace(link, groups_due=False)
        if report.made and self._mapper.maps_manager and (items := self._managers.reports(link)):
            self._queues.send(items)
        return self._settle(link, link.status, report)

    def _enqueue_groups(self, link: UserLink, scim_user: ScimUser | None, app: AppState) -> None:
        """Every linked group of the user in Okta, and of the user in Genesys Cloud, is synced again."""
        group_ids = {group.id for group in self._groups_in_okta(link) if self._linking.keeps(group, app.epoch)}
        joining = Joining(link.okta_id, frozenset(group_ids), self._clock.now()) if link.known_active else None
        if scim_user is None and link.genesys_id:
            _, scim_user = self._accounts.matching.locate(link)
        if scim_user is not None and scim_user.groups:
            owners = self._store.owners(scim_user.groups).values()
            group_ids |= {owner.removeprefix("group:") for owner in owners if owner.startswith("group:")}
        if group_ids:
            self._queues.send(group_follow_ups(self._store, group_ids, joining))

    def _groups_in_okta(self, link: UserLink) -> Iterable[OktaGroup]:
        """The user's groups; none are believed at a second read only, for nobody else brings who has just come.

        Raises:
            Transient: Okta does not know somebody whom it has just shown.
        """
        groups = self._okta.user_groups(link.okta_id).value or self._okta.user_groups(link.okta_id).value
        if groups is None and link.status in ACTIVE_STATUSES:
            raise Transient("okta-404-unexplained", detail="of a user's groups", upstream="okta")
        return groups or ()

    def _settle(self, link: UserLink, status: str, report: Report) -> Report:
        """Write the link with what this sync saw."""
        if link.waiting is not None and link.waiting.why == NOT_VISIBLE:
            report.kept_causes.add(NOT_VISIBLE)
            if not any(parked.reason == NOT_VISIBLE for parked in self._store.parked_items(link.entity)):
                report.causes[NOT_VISIBLE] = link.gone_id
        synced = link.synced if report.causes else report.date  # until it is parked, no event passes for seen
        self._store.save_user(replace(link, status=status, synced=synced))
        return report


def _already_inactive(work: Work, link: UserLink) -> bool:
    """Whether the records alone say that nothing is left to do; a deep sync reads the account, or looks for it."""
    met = link.waiting is not None and link.waiting.why.startswith(CONFLICT)  # a POST, with an account out of sight
    if work.deep or met:
        return not link.ever_linked
    return not link.genesys_id or (link.known_active is False and not link.pending)
