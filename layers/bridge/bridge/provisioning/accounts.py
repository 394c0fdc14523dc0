"""The Genesys Cloud account behind an Okta user: create, adopt, change, deactivate; `AccountWriter` writes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NoReturn

from bridge.errors import Permanent, UserNameTaken
from bridge.items import Reason, Shown
from bridge.provisioning import scim
from bridge.provisioning.account_writer import AccountWriter, Change, Changed, Target
from bridge.provisioning.elements import is_rating, is_withdrawn, others
from bridge.provisioning.enforcing_writer import remember
from bridge.provisioning.fingerprints import Fingerprints
from bridge.provisioning.matching import Matching, only
from bridge.provisioning.ports import Clock
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import Due
from bridge.provisioning.roles import remembered
from bridge.provisioning.sync import Report, Work
from bridge.provisioning.user_records import LATE_WHY, UNDER_WAY, Origin, PendingKind, UserLink, UserState, Waiting
from bridge.provisioning.values import ScimUser
from bridge.settings import Mode, ProvisioningSettings

#: What a leaver waits for whose account was last seen active and is not to be seen any more.
NOT_VISIBLE = "account-not-visible"
#: Anyone who asks so wants the account itself to be read.
COMPARES = frozenset({Reason.RECONCILE, Reason.OPERATOR, Reason.REDRIVE})
#: What somebody waits for whose userName Genesys Cloud calls taken, and shows nobody who has it.
CONFLICT = "user-name-conflict"


class Accounts:
    """Genesys Cloud users, one for each Okta user.

    Attributes:
        matching: finds and binds the account of an Okta user.
    """

    def __init__(
        self,
        *,
        matching: Matching,
        writer: AccountWriter,
        store: Store,
        clock: Clock,
        settings: ProvisioningSettings,
        fingerprints: Fingerprints,
    ) -> None:
        """`writer` is the one of the mode; `fingerprints` stand for written values."""
        self.matching = matching
        self._writer = writer
        self._store = store
        self._clock = clock
        self._settings = settings
        self._fingerprints = fingerprints
        self._searches_first = False

    # ------------------------------------------------------------------------------- converging

    def converge(
        self,
        link: UserLink,
        target: Target,
        report: Report,
        *,
        deep: bool,
        bootstrapped: bool,
        insist: bool,
        shown: Shown | None = None,
    ) -> Changed:
        """Make the account exist, be active, and hold the target's attributes; nothing is sent where nothing differs.

        A link that is active and knows what was written is trusted unless `deep`: it is neither created nor activated.
        With `insist` a value is tried again that Genesys Cloud did not take. What was `shown` of an account spares
        the searches for it.

        Raises:
            Transient: a conflict that time may heal. Permanent: one that a person must settle.
            Outdated: the link is not what Genesys Cloud holds; sync again with `deep`.
        """
        if shown is not None and shown.name != self._fingerprints.reference(target.user_name):
            shown = None  # it was looked for by another userName
        if link.posted is not None:
            link = self.matching.find_created(link, target.user_name)
            if link.genesys_id:
                report.finish("adopted" if link.origin is Origin.ADOPTED else "created", "post-had-been-done")
            elif "userName" in self._fingerprints.differing(link.hashes, target.attributes):
                self.matching.wait_for_creation(link)  # a POST with another userName would meet no conflict
        if not link.genesys_id and not bootstrapped and link.state is not UserState.GONE and shown is None:
            link = self.matching.find_native(link, inactive=True)
        if not link.ever_linked:
            return self._create(link, target, report, insist=insist, shown=shown)
        trusted = link.known_active is True and link.knows_what_was_written and not deep
        if trusted and not self._rates(link, target, insist=insist):
            return self._update(link, target, None, report, insist=insist)
        link, account = self.matching.locate(link)
        if account is None:
            return self._create(gone(link), target, report, insist=insist)
        return self._update(link, target, account, report, insist=insist)

    def _create(
        self, link: UserLink, target: Target, report: Report, *, insist: bool, shown: Shown | None = None
    ) -> Changed:
        link = link if link.ever_linked else replace(link, state=UserState.WANTED)
        if not self._settings.create_users:
            report.finish("skipped", "create-users-off")
            return Changed(link)
        found = self._found_before(link, target, report, shown)
        if found:
            return self._adopt(link, found, target, report, insist=insist)
        report.changed = tuple(target.attributes)
        try:
            return self._writer.create(link, target, report)
        except UserNameTaken:
            self._searches_first = True
        found = self._taken_or_found(link, target, report, self.matching.named(target.user_name))
        return self._adopt(link, found, target, report, insist=insist)

    def _found_before(self, link: UserLink, target: Target, report: Report, shown: Shown | None) -> list[ScimUser]:
        """The account to adopt, where one may be there already; none where a POST comes first.

        Where one person's account was there already, others' may be: they are searched for until a search is empty.
        """
        if link.state is UserState.GONE:
            return self.matching.search(link.okta_id, target.user_name, inactive=True)
        if shown is not None:
            taken = self._take_shown(link, target, shown, report)
            return [taken] if taken is not None else []
        if not self._searches_first:
            return []
        named = self.matching.named(target.user_name)
        self._searches_first = bool(named)
        return self._taken_or_found(link, target, report, named) if named else []

    def _take_shown(self, link: UserLink, target: Target, shown: Shown, report: Report) -> ScimUser | None:
        """The account that a listing showed, if it is so still: everything is written, for nothing is known of it."""
        if not (shown.id and self._settings.update_users):
            return None
        unsent = target.left_out | {"userName"}
        values = {path: value for path, value in target.attributes.items() if path not in unsent}
        account = ScimUser(shown.id, target.user_name, active=True, version=shown.version)
        return self._writer.take(link, target, Change(values, frozenset(shown.held), account), report)

    def _taken_or_found(self, link: UserLink, target: Target, report: Report, named: list[ScimUser]) -> list[ScimUser]:
        """The one account of the userName that a search has shown, if it is so still; else all that may be theirs."""
        if len(named) == 1 and self._settings.update_users:
            change = self._change(link, target, named[0], insist=False)
            taken = self._writer.take(link, target, change, report)
            if taken is not None:
                return [taken]
        return self.matching.search(link.okta_id, target.user_name, inactive=True, named=named)

    def _adopt(self, link: UserLink, found: list[ScimUser], target: Target, report: Report, *, insist: bool) -> Changed:
        """Take the one account that is there already; without one the holder of the userName is not to be found yet."""
        if not found:
            self.matching.wait_for_conflict(link, CONFLICT, parks=NOT_VISIBLE, detail=link.gone_id)
        try:
            account = only(found)
        except Permanent:
            self._store.save_user(link)  # the POST had its answer, and made none of them
            raise
        bound = self.matching.bind(link, account, Origin.ADOPTED)
        changed = self._update(bound, target, account, report, insist=insist)
        self._writer.adopted(report)
        return changed

    def _update(
        self, link: UserLink, target: Target, account: ScimUser | None, report: Report, *, insist: bool
    ) -> Changed:
        """Write what differs from `account`, or without one from what the link says was written last."""
        change = self._change(link, target, account, insist=insist)
        if "active" in change.values and not self._settings.create_users:
            report.finish("skipped", "create-users-off")
            return Changed(replace(link, active=False), account)
        # Who was not known to be active was left out of groups meanwhile.
        link = replace(link, groups_due=link.groups_due or link.known_active is not True)
        withheld = change.values.keys() - {"active"} if not self._settings.update_users else set()
        if account is not None and not withheld:
            now = self._clock.now()
            unanswered = [write.since for write in link.pending if write.paths and now - write.since < UNDER_WAY]
            if unanswered:  # one may land after all, over what is right now
                self._store.note_due(Due(link.entity, LATE_WHY, max(unanswered) + UNDER_WAY))
            link = replace(link, pending=link.landed(now))
        change = replace(change, values={path: value for path, value in change.values.items() if path not in withheld})
        if not change.values:
            changed = self._unchanged(link, target, change, report)
            if withheld:
                report.finish("skipped", "update-users-off")
            return changed
        report.changed = tuple(change.values)
        try:
            changed = self._writer.change(link, target, change, report)
        except UserNameTaken:
            self._yield_user_name(link, target, change, report)
        return replace(changed, link=_compared(changed.link, account))

    def _change(self, link: UserLink, target: Target, account: ScimUser | None, *, insist: bool) -> Change:
        """What must be written, and which paths Genesys Cloud holds already."""
        wanted = target.attributes
        refused = target.left_out | (frozenset() if insist else self._refused(link, wanted))
        if account is None:
            changed = self._fingerprints.differing(link.hashes, wanted)
            values = {path: wanted.get(path) for path in changed if path not in refused}
            return Change(values, frozenset(link.hashes), None, refused)
        held = scim.read_values(account.document, [*wanted, *link.written])
        values = {
            path: value for path, value in wanted.items() if path not in held or not scim.same(path, held[path], value)
        }
        old = [path for path in link.written if path not in wanted and path in held and is_withdrawn(path, wanted)]
        values |= dict.fromkeys([*old, *others(account.document, target.lists, wanted)])
        values = {path: value for path, value in values.items() if path not in refused}
        if not account.active:
            values["active"] = True
        return Change(values, frozenset(held), account, refused)

    def _rates(self, link: UserLink, target: Target, *, insist: bool) -> bool:
        """Whether skills or languages must be written: what their lists hold besides is seen in the account alone."""
        if not any(map(is_rating, (*target.attributes, *link.hashes))):
            return False
        return any(map(is_rating, self._change(link, target, None, insist=insist).values))

    def _refused(self, link: UserLink, wanted: dict[str, Any]) -> frozenset[str]:
        return self._fingerprints.standing_refusals(link, wanted, self._clock.now()) if link.refused else frozenset()

    def _unchanged(self, link: UserLink, target: Target, change: Change, report: Report) -> Changed:
        if change.account is not None and self._settings.mode is Mode.ENFORCE and self._settings.update_users:
            refused = {path: link.refused[path] for path in change.skipped if path in link.refused}
            kept = change.skipped & link.written
            link = remember(link, self._fingerprints, target.attributes, refused, change.account, kept)
        if not report.made:
            report.finish("unchanged")
        return Changed(_compared(replace(link, active=True, waiting=None), change.account), change.account)

    def _yield_user_name(self, link: UserLink, target: Target, change: Change, report: Report) -> NoReturn:
        """Another account holds the new userName: write the rest, have the holder synced, wait."""
        rest = {path: value for path, value in change.values.items() if path != "userName"}
        if rest:
            done = self._writer.change(link, target, replace(change, values=rest), report)
            kept = {path: mark for path, mark in link.hashes.items() if path == "userName"}
            hashes = {path: mark for path, mark in done.link.hashes.items() if path != "userName"}
            link = replace(done.link, hashes=hashes | kept)
        holders = self.matching.search("", target.user_name, inactive=True)
        holder = holders[0].id if holders else ""
        owner = self._store.owners([holder]).get(holder, "") if holder else ""
        self.matching.wait_for_conflict(link, "user-name-taken", owner=owner, detail=holder)

    # ------------------------------------------------------------------------------ deactivating

    def of_leaver(self, work: Work, link: UserLink) -> tuple[UserLink, ScimUser | None]:
        """A leaver's account: as it was last seen, where it need not be read, and as it is now otherwise.

        Their end is written only to the version that bore this user's id and was active: any other is read after all.
        """
        writes = self._settings.mode is Mode.ENFORCE and not work.again and not work.reasons & COMPARES
        if writes and link.version and link.known_active and not link.pending and link.waiting is None:
            return link, ScimUser(link.genesys_id, "", active=True, external_id=link.okta_id, version=link.version)
        return self.matching.locate(link)

    def deactivate(self, link: UserLink, account: ScimUser | None, report: Report) -> Changed:
        """Make the account inactive; `account` is how Genesys Cloud has it now, None when `Matching.locate` found none.

        Raises:
            Transient, Permanent: it bears the id of another Okta user.
            Permanent: it stays active.
        """
        if account is None:
            return Changed(self._lost(link, report))
        link = replace(link, pending=link.landed(self._clock.now()))
        if not account.active:
            return Changed(replace(link, active=False, unassigned_due="", waiting=None), account)
        if not self._settings.deactivate_users:
            report.finish("skipped", "deactivate-users-off")
            return Changed(link, account)
        self.matching.verify_owner(link, account)
        if self._settings.report_lost_roles:
            link = remembered(link, account)
        report.changed = ("active",)
        return self._writer.deactivate(link, account, report)

    def _lost(self, link: UserLink, report: Report) -> UserLink:
        """The link of a leaver whose account is gone; one that was active may be out of sight alone: a person syncs."""
        report.finish("unchanged", "genesys-user-gone")
        lost = replace(gone(link), unassigned_due="")
        why = link.waiting.why if link.waiting is not None else ""
        if why == NOT_VISIBLE:
            return lost
        ended = link.state is UserState.GONE or link.known_active is False
        if ended and not why.startswith(CONFLICT):  # else a POST has met it, somewhere out of sight
            return replace(lost, waiting=None)
        return replace(lost, waiting=Waiting(NOT_VISIBLE, self._clock.now()))


def shown_as(link: UserLink, account: ScimUser | None) -> UserLink:
    """The link with the version in which its account was seen active and with this user's id, if it was."""
    if account is None or not account.document:
        return link
    certain = account.active and account.external_id == link.okta_id and not account.version.startswith("W/")
    return replace(link, version=account.version if certain else "")


def gone(link: UserLink) -> UserLink:
    """The link of a user whose account is no longer there."""
    return replace(
        link,
        state=UserState.GONE,
        genesys_id="",
        active=None,
        hashes={},
        origin=Origin.NONE,
        pending=() if link.genesys_id else link.pending,
        gone_id=link.genesys_id or link.gone_id,
        version="",
    )


def _compared(link: UserLink, account: ScimUser | None) -> UserLink:
    """Once it was compared with the account, what a POST wrote there is known."""
    if account is None:
        return link
    return replace(link, pending=tuple(one for one in link.pending if one.kind is not PendingKind.CREATE))
