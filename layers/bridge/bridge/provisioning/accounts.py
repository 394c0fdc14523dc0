"""The Genesys Cloud account behind an Okta user: create, adopt, change, deactivate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, NoReturn

from bridge.errors import (
    Outdated,
    Permanent,
    ResourceNotFound,
    UserNameTaken,
    VersionConflict,
)
from bridge.provisioning import scim
from bridge.provisioning.fingerprints import Fingerprints
from bridge.provisioning.matching import Matching, only
from bridge.provisioning.ports import Clock, GenesysScim, OktaReader, QueueSender
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import Origin, UserLink, UserState
from bridge.provisioning.sync import Report
from bridge.provisioning.values import OktaUser, ScimUser
from bridge.settings import Mode, ProvisioningSettings, SyncPassword


@dataclass(frozen=True)
class Target:
    """What Genesys Cloud should hold for a usable, assigned user."""

    user: OktaUser
    values: Mapping[str, Any]
    on_create: Mapping[str, Any]

    @property
    def attributes(self) -> dict[str, Any]:
        """SCIM path -> value, with the Okta user id as externalId."""
        return {**self.values, "externalId": self.user.id}

    @property
    def user_name(self) -> str:
        """The userName that Genesys Cloud should hold."""
        return str(self.values["userName"])


@dataclass(frozen=True)
class Changed:
    """The link after the account was synced, and the account as Genesys Cloud last showed it."""

    link: UserLink
    user: ScimUser | None = None


#: For how long a PATCH without an answer may still land: much longer than the function that sent it may run.
UNDER_WAY = timedelta(minutes=20)


class Accounts:
    """Genesys Cloud users, one for each Okta user.

    Attributes:
        matching: finds and binds the account of an Okta user.
    """

    def __init__(
        self,
        *,
        genesys: GenesysScim,
        okta: OktaReader,
        store: Store,
        queues: QueueSender,
        clock: Clock,
        settings: ProvisioningSettings,
        fingerprints: Fingerprints,
        make_password: Callable[[], str],
    ) -> None:
        """`fingerprints` stand for written values; `make_password` gives a strong random password."""
        self.matching = Matching(genesys, okta, store, queues, clock)
        self._genesys = genesys
        self._store = store
        self._clock = clock
        self._settings = settings
        self._fingerprints = fingerprints
        self._make_password = make_password

    @property
    def _enforcing(self) -> bool:
        return self._settings.mode is Mode.ENFORCE

    def current(self, link: UserLink) -> ScimUser | None:
        """The account as Genesys Cloud has it now."""
        return self._genesys.user(link.genesys_id)

    def _landed(self, link: UserLink) -> UserLink:
        """The link without a PATCH that must have landed by now, if ever, and so before the account was read."""
        under_way = link.patching is not None and self._clock.now() - link.patching < UNDER_WAY
        return link if under_way else replace(link, patching=None)

    # ------------------------------------------------------------------------------- converging

    def converge(self, link: UserLink, target: Target, report: Report, *, deep: bool, bootstrapped: bool) -> Changed:
        """Make the account exist, be active, and hold the target's attributes; nothing is sent where nothing differs.

        A link that is active and knows what was written is trusted unless `deep`: it is neither created nor activated.

        Raises:
            Transient: a conflict that time may heal. Permanent: one that a person must settle.
            Outdated: the link is not what Genesys Cloud holds; sync again with `deep`.
        """
        if link.state is UserState.CREATING:
            link = self.matching.find_created(link, target.user_name)
            if link.genesys_id:
                report.finish("created", "post-had-been-done")
            elif "userName" in self._fingerprints.differing(link.hashes, target.attributes):
                self.matching.wait_for_creation(link)  # a POST with another userName would meet no conflict
        if not link.genesys_id and not bootstrapped and link.state is not UserState.GONE:
            link = self.matching.find_native(link, inactive=True)
        if not link.genesys_id:
            return self._create(link, target, report)
        if link.active is True and link.knows_what_was_written and not deep:
            return self._update(link, target, None, report)
        account = self.current(link)
        if account is None:
            return self._missing(link, target, report)
        return self._update(self._landed(link), target, account, report)

    def _create(self, link: UserLink, target: Target, report: Report) -> Changed:
        recreated = link.state is UserState.GONE
        wanted = link if link.ever_linked else replace(link, state=UserState.WANTED)
        if not self._settings.create_users:
            report.finish("skipped", "create-users-off")
            return Changed(wanted)
        if recreated or not self._enforcing:
            found = self.matching.search(link.okta_id, target.user_name, inactive=recreated)
            if found:
                return self._adopt(link, found, target, report)
        report.changed = tuple(target.attributes)
        if not self._enforcing:
            report.planned_calls.append(f"POST users {','.join(target.attributes)}")
            report.finish("observed", "would-create")
            return Changed(wanted)
        # The userName alone is remembered: by it the next sync tells whether its POST would meet this one.
        hashes = dict.fromkeys(target.attributes, "") | self._fingerprints.of_all({"userName": target.user_name})
        link = replace(link, state=UserState.CREATING, posted=self._clock.now(), hashes=hashes)
        self._store.save_user(link)
        password = self._make_password() if self._settings.sync_password is SyncPassword.RANDOM else ""
        document = scim.create_document(
            {**target.values, **target.on_create}, active=True, external_id=link.okta_id, password=password
        )
        try:
            made = self._genesys.create_user(document)
        except UserNameTaken:
            return self._adopt(
                link, self.matching.search(link.okta_id, target.user_name, inactive=True), target, report
            )
        link = self.matching.bind(link, made, Origin.CREATED, self._fingerprints.of_all(target.attributes))
        report.finish("recreated" if recreated else "created")
        if made.active:
            return Changed(link, made)
        return self._update(link, target, made, report)  # a deleted user came back, and inactive

    def _adopt(self, link: UserLink, found: list[ScimUser], target: Target, report: Report) -> Changed:
        """Take the one account that is there already; without one the holder of the userName is not to be found yet."""
        if not found:
            self.matching.wait_for_conflict(link, "user-name-conflict")
        account = only(found)
        changed = self._update(self.matching.bind(link, account, Origin.ADOPTED), target, account, report)
        if self._enforcing:
            report.finish("adopted")
        else:
            report.finish("observed", "would-adopt")
        return changed

    def _missing(self, link: UserLink, target: Target, report: Report) -> Changed:
        """Genesys Cloud no longer has the account, and the user is to be active: find again, relink or create."""
        gone = _gone(link)
        if self._enforcing:
            self._store.save_user(gone)
        return self._create(gone, target, report)

    def _update(self, link: UserLink, target: Target, account: ScimUser | None, report: Report) -> Changed:
        """Write what differs from `account`, or without one from what the link says was written last."""
        changes, present = self._differences(link, target, account)
        if "active" in changes and not self._settings.create_users:
            report.finish("skipped", "create-users-off")
            return Changed(replace(link, active=False), account)
        withheld = changes.keys() - {"active"} if not self._settings.update_users else set()
        changes = {path: value for path, value in changes.items() if path not in withheld}
        if not changes:
            changed = self._unchanged(link, target, account, report)
            if withheld:
                report.finish("skipped", "update-users-off")
            return changed
        report.changed = tuple(changes)
        if not self._enforcing:
            report.planned_calls.append(f"PATCH users/{link.genesys_id} replace {','.join(changes)}")
            report.finish("observed", "would-update")
            return Changed(link, account)
        another = link.patching
        # Anyone who was not known to be active was left out of groups meanwhile.
        link = replace(link, groups_due=link.groups_due or link.active is not True)
        link = replace(_begun(link, changes), patching=self._clock.now())
        self._store.save_user(link)  # and a sync that has begun meanwhile is noticed here
        try:
            answer = self._patch(link, account, changes, present)
        except UserNameTaken:
            self._yield_user_name(replace(link, patching=another), target, account, changes, present)
        except Permanent:
            if account is None:
                raise Outdated("genesys-refused") from None
            raise
        if not answer.active:
            raise Outdated("genesys-not-applied")
        link = replace(link, patching=another)
        if self._settings.update_users:
            link = replace(link, hashes=self._written(link, target))
        if report.outcome not in {"created", "recreated"}:
            report.finish("activated" if "active" in changes else "updated")
        return Changed(replace(link, active=True, waiting_since=None), answer)

    def _written(self, link: UserLink, target: Target) -> dict[str, str]:
        """Fingerprints of what the account holds; whatever a PATCH under way may still write stays ours to clear."""
        written = self._fingerprints.of_all(target.attributes)
        return written if link.patching is None else {**dict.fromkeys(link.hashes, ""), **written}

    def _differences(
        self, link: UserLink, target: Target, account: ScimUser | None
    ) -> tuple[dict[str, Any], frozenset[str]]:
        """What must be written, path -> value (None: clear), and which paths Genesys Cloud holds already."""
        wanted = target.attributes
        if account is None:
            changed = self._fingerprints.differing(link.hashes, wanted)
            return {path: wanted.get(path) for path in changed}, frozenset(link.hashes)
        held = scim.read_values(account.document, [*wanted, *link.hashes])
        changes = {
            path: value for path, value in wanted.items() if path not in held or not scim.same(path, held[path], value)
        }
        changes |= {path: None for path in link.hashes if path not in wanted and path in held}
        if not account.active:
            changes["active"] = True
        return changes, frozenset(held)

    def _unchanged(self, link: UserLink, target: Target, account: ScimUser | None, report: Report) -> Changed:
        if account is not None and self._enforcing and self._settings.update_users:
            link = replace(link, hashes=self._written(link, target))
        if link.active is not True:  # the account is: somebody else did it, or an answer was lost
            link = replace(link, active=True, groups_due=True)
        if report.outcome not in {"created", "recreated"}:
            report.finish("unchanged")
        return Changed(replace(link, waiting_since=None), account)

    def _patch(
        self, link: UserLink, account: ScimUser | None, changes: Mapping[str, Any], present: frozenset[str]
    ) -> ScimUser:
        """Send the change; ``active`` only as long as the account is as it was read, for it must not land late."""
        if_match = account.version if account is not None and "active" in changes else ""
        try:
            return self._genesys.patch_user(
                link.genesys_id, scim.operations(changes, present=present), if_match=if_match
            )
        except ResourceNotFound:
            raise Outdated("genesys-user-gone") from None
        except VersionConflict:
            raise Outdated("genesys-version-conflict") from None

    def _yield_user_name(
        self,
        link: UserLink,
        target: Target,
        account: ScimUser | None,
        changes: Mapping[str, Any],
        present: frozenset[str],
    ) -> NoReturn:
        """Another account holds the new userName: write the rest, have the holder synced, wait."""
        rest = {path: value for path, value in changes.items() if path != "userName"}
        if rest:
            answer = self._patch(link, account, rest, present)
            written = {path: value for path, value in rest.items() if value is not None and path != "active"}
            kept = {path: fingerprint for path, fingerprint in link.hashes.items() if path not in rest}
            link = replace(link, hashes=kept | self._fingerprints.of_all(written), active=answer.active)
        holders = self.matching.search("", target.user_name, inactive=True)
        holder = holders[0].id if holders else ""
        owner = self._store.owners([holder]).get(holder, "") if holder else ""
        self.matching.wait_for_conflict(link, "user-name-taken", owner=owner, detail=holder)

    # ------------------------------------------------------------------------------ deactivating

    def deactivate(self, link: UserLink, account: ScimUser | None, report: Report) -> Changed:
        """Make the account inactive; `account` is how Genesys Cloud has it now, None when it is gone.

        Raises:
            Outdated: the version moved, or the answer shows the account still active.
        """
        if account is None:
            report.finish("unchanged", "genesys-user-gone")
            return Changed(replace(_gone(link), unassigned_due=""))
        link = self._landed(link)
        if not account.active:
            return Changed(replace(link, active=False, unassigned_due="", waiting_since=None), account)
        if not self._settings.deactivate_users:
            report.finish("skipped", "deactivate-users-off")
            return Changed(link, account)
        report.changed = ("active",)
        if not self._enforcing:
            report.planned_calls.append(f"PATCH users/{link.genesys_id} replace active")
            report.finish("observed", "would-deactivate")
            return Changed(link, account)
        # As with an activation: who dies before the answer is recorded must not leave a link that says active,
        # for a user who is assigned again by then would be trusted to be so.
        another = link.patching
        link = replace(link, active=None, patching=self._clock.now())
        self._store.save_user(link)
        answer = self._patch(link, account, {"active": False}, frozenset({"active"}))
        if answer.active:
            raise Outdated("genesys-not-applied")
        report.finish("deactivated", report.why)
        return Changed(replace(link, active=False, unassigned_due="", waiting_since=None, patching=another), answer)


def _begun(link: UserLink, changes: Mapping[str, Any]) -> UserLink:
    """The link while a change is on its way, as nobody trusts it.

    What is written for the first time is remembered before: a death after the PATCH would leave a value that
    no later sync knows to be the bridge's, and that it would therefore never clear.
    """
    if "active" in changes:
        link = replace(link, active=None, groups_due=True)
    first = [path for path, value in changes.items() if value is not None and path not in {"active", *link.hashes}]
    return replace(link, hashes={**link.hashes, **dict.fromkeys(first, "")}) if first else link


def _gone(link: UserLink) -> UserLink:
    """The link of a user whose account is no longer there."""
    return replace(link, state=UserState.GONE, genesys_id="", active=None, hashes={}, origin=Origin.NONE)
