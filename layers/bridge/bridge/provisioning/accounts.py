"""The Genesys Cloud account behind an Okta user: find, create, adopt, change, deactivate.

A POST may have been done although its answer was lost, a search may trail a write, and another Okta user may
own the account: nothing here is decided on less than one exact match.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, NoReturn

from bridge.errors import OwnerTaken, Permanent, ResourceNotFound, Transient, UserNameTaken, VersionConflict
from bridge.genesys import scim
from bridge.items import Reason, fresh_item
from bridge.provisioning.look import Report
from bridge.provisioning.ports import Clock, GenesysScim, LaneSender, OktaReader, OktaUser, ScimUser, Store
from bridge.provisioning.records import Origin, UserLink, UserState
from bridge.settings import Mode, ProvisioningSettings, SyncPassword

#: How long a search may trail a write, or another user's look may free a userName, before a person is asked.
CONFLICT_PATIENCE = timedelta(minutes=15)
#: Okta user ids, as Okta's own SCIM client writes them into externalId.
_OKTA_USER_ID = re.compile(r"00u[A-Za-z0-9]{17}")


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


@dataclass(frozen=True)
class Changed:
    """The link after the account was looked at, and the account as Genesys Cloud last showed it."""

    link: UserLink
    user: ScimUser | None = None


class Accounts:
    """Genesys Cloud users, one for each Okta user. Lives as long as the process."""

    def __init__(
        self,
        *,
        genesys: GenesysScim,
        okta: OktaReader,
        store: Store,
        lanes: LaneSender,
        clock: Clock,
        settings: ProvisioningSettings,
        hash_key: Callable[[], bytes],
        make_password: Callable[[], str],
    ) -> None:
        """`hash_key` keys the fingerprints of written values; `make_password` gives a strong random password."""
        self._genesys = genesys
        self._okta = okta
        self._store = store
        self._lanes = lanes
        self._clock = clock
        self._settings = settings
        self._hash_key = hash_key
        self._make_password = make_password

    @property
    def _enforcing(self) -> bool:
        return self._settings.mode is Mode.ENFORCE

    def current(self, link: UserLink) -> ScimUser | None:
        """The account as Genesys Cloud has it now."""
        return self._genesys.user(link.genesys_id)

    # ------------------------------------------------------------------------------------ finding

    def settle_creating(self, link: UserLink, user_name: str) -> UserLink:
        """A POST may have been done: find its user before anything is decided.

        Raises:
            Transient: none is found yet, and the search index may still trail the POST.
        """
        if link.state is not UserState.CREATING or link.genesys_id:
            return link
        found = [user for user in self._search(link.okta_id, user_name) if user.external_id == link.okta_id]
        if found:
            return self._claim(link, _only(found), Origin.CREATED)
        if link.posted is not None and self._clock.now() - link.posted < CONFLICT_PATIENCE:
            raise Transient("creation-unsettled", upstream="genesys")
        return replace(link, state=UserState.WANTED, posted=None, waiting_since=None)

    def find_native(self, link: UserLink) -> UserLink:
        """The account that Okta's native application made: it wrote the Okta user id as externalId."""
        found = self._genesys.find_users("externalId", link.okta_id)
        return self._adopt(link, _only(found)) if found else link

    def _search(self, okta_id: str, user_name: str, *, inactive: bool = False) -> list[ScimUser]:
        """Users with this externalId or userName, each once; the inactive ones by listing if asked."""
        found = self._genesys.find_users("externalId", okta_id)
        if user_name:
            found += self._genesys.find_users("userName", user_name)
        if not found and inactive:
            name = user_name.casefold()
            found = [
                user
                for user in self._genesys.inactive_users()
                if user.external_id == okta_id or user.user_name.casefold() == name
            ]
        return list({user.id: user for user in found}.values())

    # --------------------------------------------------------------------------------- owning

    def _adopt(self, link: UserLink, found: ScimUser) -> UserLink:
        """Bind an account that exists, unless a living Okta user owns it.

        Raises:
            Permanent: it is another Okta user's who is not known to be gone.
        """
        owner = self._store.owners([found.id]).get(found.id, "")
        other = owner.removeprefix("user:") if owner else ""
        if not other and _OKTA_USER_ID.fullmatch(found.external_id):
            other = found.external_id
        if not other or other == link.okta_id:
            return self._claim(link, found, Origin.ADOPTED)
        self._require_gone(other)
        return self._claim(link, found, Origin.ADOPTED, previous_owner=other)

    def _require_gone(self, other: str) -> None:
        """The other Okta user is deleted, and nothing we know says that a 404 means "not visible" (rehire)."""
        previous = self._store.user(other)
        visible = self._okta.user(other).value is not None
        remembered = previous is not None and previous.is_link
        ended = previous is None or previous.state is UserState.GONE or previous.active is False
        if visible or (remembered and not ended):
            raise Permanent("owned-by-another-user", detail=f"user:{other}")

    def _claim(
        self, link: UserLink, account: ScimUser, origin: Origin, *, previous_owner: str = "", **changes: Any
    ) -> UserLink:
        claimed = replace(
            link,
            state=UserState.LINKED,
            genesys_id=account.id,
            active=account.active,
            origin=origin,
            groups_due=True,
            waiting_since=None,
            posted=None,
            **changes,
        )
        try:
            self._store.claim_user(claimed, previous_owner=previous_owner)
        except OwnerTaken as taken:
            other = taken.owner.removeprefix("user:")
            if previous_owner or not taken.owner.startswith("user:"):
                raise Permanent("owned-by-another-user", detail=taken.owner) from None
            self._require_gone(other)
            self._store.claim_user(claimed, previous_owner=other)
        return claimed

    # ------------------------------------------------------------------------------- converging

    def converge(self, link: UserLink, target: Target, report: Report, *, deep: bool, bootstrapped: bool) -> Changed:
        """Make the account exist, be active, and hold the target's attributes; nothing is sent where nothing differs.

        Raises:
            Transient: a conflict that time may heal. Permanent: one that a person must settle.
        """
        if link.state is UserState.CREATING and not link.genesys_id:
            found = self._search(link.okta_id, str(target.values["userName"]))
            ours = [user for user in found if user.external_id == link.okta_id]
            if ours:
                link = self._claim(link, _only(ours), Origin.CREATED)
        if not link.genesys_id and not bootstrapped and link.state is not UserState.GONE:
            link = self.find_native(link)
        if not link.genesys_id:
            return self._create(link, target, report)
        return self._update(link, target, report, deep=deep)

    def _create(self, link: UserLink, target: Target, report: Report) -> Changed:
        recreated = link.state is UserState.GONE
        if not self._settings.create_users:
            report.ends("skipped", "create-users-off")
            return Changed(link if link.ever_linked else replace(link, state=UserState.WANTED))
        if recreated:
            found = self._search(link.okta_id, str(target.values["userName"]), inactive=True)
            if found:
                return self._adopt_and_update(link, _only(found), target, report)
        report.changed = tuple(target.attributes)
        if not self._enforcing:
            report.ends("observed", "would-create")
            return Changed(link if link.ever_linked else replace(link, state=UserState.WANTED))
        link = replace(link, state=UserState.CREATING, posted=self._clock.now())
        self._store.save_user(link)
        password = self._make_password() if self._settings.sync_password is SyncPassword.RANDOM else ""
        document = scim.create_document(
            {**target.values, **target.on_create}, active=True, external_id=link.okta_id, password=password
        )
        try:
            made = self._genesys.create_user(document)
        except UserNameTaken:
            return self._adopt_holder(link, target, report)
        link = self._claim(link, made, Origin.CREATED, hashes=self._hashes(target.attributes))
        report.ends("recreated" if recreated else "created")
        if not made.active:  # a deleted user came back under its old userName, and inactive
            return self._update(link, target, report, deep=True)
        return Changed(link, made)

    def _adopt_holder(self, link: UserLink, target: Target, report: Report) -> Changed:
        """409 on the POST: somebody holds the userName; one exact match is adopted."""
        found = self._search(link.okta_id, str(target.values["userName"]), inactive=True)
        if not found:
            self._wait_for_conflict(link, "user-name-conflict")
        return self._adopt_and_update(link, _only(found), target, report)

    def _adopt_and_update(self, link: UserLink, found: ScimUser, target: Target, report: Report) -> Changed:
        link = self._adopt(link, found)
        changed = self._update(link, target, report, deep=True)
        report.ends("adopted" if self._enforcing else "observed")
        return changed

    def _wait_for_conflict(self, link: UserLink, reason: str, detail: str = "") -> NoReturn:
        """Be patient for a quarter of an hour, then ask a person."""
        now = self._clock.now()
        since = link.waiting_since or now
        if link.waiting_since is None:
            self._store.save_user(replace(link, waiting_since=now))
        if now - since >= CONFLICT_PATIENCE:
            raise Permanent(reason, detail=detail, upstream="genesys")
        raise Transient(reason, upstream="genesys", status=409)

    def _update(self, link: UserLink, target: Target, report: Report, *, deep: bool) -> Changed:
        activates = link.active is not True
        if activates and not self._settings.create_users:
            report.ends("skipped", "create-users-off")
            return Changed(link)
        account: ScimUser | None = None
        if deep or activates or not link.hashes:
            account = self._genesys.user(link.genesys_id)
            if account is None:
                return self._missing(link, target, report)
        for last in (False, True):
            changes, present = self._differences(link, target, account)
            if not self._settings.update_users:
                changes = {path: value for path, value in changes.items() if path == "active"}
            if not changes:
                return self._unchanged(link, target, account, report)
            report.changed = tuple(changes)
            if not self._enforcing:
                report.ends("observed", "would-update")
                return Changed(link, account)
            try:
                return self._patch(link, target, account, changes, present, report)
            except ResourceNotFound:
                return self._missing(link, target, report)
            except VersionConflict:
                if last:
                    raise Transient("genesys-version-conflict", upstream="genesys") from None
            except Permanent as refused:
                if last or refused.detail != "noTarget":
                    raise
            account = self._genesys.user(link.genesys_id)  # read, recompute, once
            if account is None:
                return self._missing(link, target, report)
        raise AssertionError("the second round returns or raises")

    def _differences(
        self, link: UserLink, target: Target, account: ScimUser | None
    ) -> tuple[dict[str, Any], frozenset[str]]:
        """What must be written, path -> value (None: clear), and which paths Genesys Cloud holds already."""
        wanted = target.attributes
        if account is None:
            changes = {
                path: value for path, value in wanted.items() if link.hashes.get(path) != self._hash(path, value)
            }
            changes |= {path: None for path in link.hashes if path not in wanted}
            return changes, frozenset(link.hashes)
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
            link = replace(link, hashes=self._hashes(target.attributes))
        if account is not None and link.active is not account.active:
            link = replace(link, active=account.active, groups_due=True)
            self._store.save_user(link)
        if report.outcome != "created":
            report.ends("unchanged")
        return Changed(replace(link, waiting_since=None), account)

    def _patch(
        self,
        link: UserLink,
        target: Target,
        account: ScimUser | None,
        changes: Mapping[str, Any],
        present: frozenset[str],
        report: Report,
    ) -> Changed:
        if_match = account.version if account is not None and "active" in changes else ""
        try:
            answer = self._genesys.patch_user(
                link.genesys_id, scim.operations(changes, present=present), if_match=if_match
            )
        except UserNameTaken:
            self._yield_user_name(link, target, changes, present, if_match)
        if "active" in changes and not answer.active:
            raise Transient("genesys-not-applied", upstream="genesys")
        if self._settings.update_users:
            link = replace(link, hashes=self._hashes(target.attributes))
        outcome = report.outcome if report.outcome in {"created", "recreated"} else "updated"
        if "active" in changes:
            outcome = "activated" if outcome == "updated" else outcome
            link = replace(link, groups_due=True)
        if link.active is not answer.active or link.groups_due:
            link = replace(link, active=answer.active)
            self._store.save_user(link)
        report.ends(outcome)
        return Changed(replace(link, waiting_since=None), answer)

    def _yield_user_name(
        self, link: UserLink, target: Target, changes: Mapping[str, Any], present: frozenset[str], if_match: str
    ) -> NoReturn:
        """Another account holds the new userName: write the rest, have the holder looked at, wait."""
        rest = {path: value for path, value in changes.items() if path != "userName"}
        if rest:
            answer = self._genesys.patch_user(
                link.genesys_id, scim.operations(rest, present=present), if_match=if_match
            )
            written = {path: value for path, value in rest.items() if value is not None and path != "active"}
            kept = {path: fingerprint for path, fingerprint in link.hashes.items() if path not in rest}
            link = replace(
                link,
                hashes=kept | self._hashes(written),
                active=answer.active,
                groups_due=link.groups_due or "active" in rest,
            )
            self._store.save_user(link)
        holders = self._genesys.find_users("userName", str(target.values["userName"]))
        owner = self._store.owners([user.id for user in holders]).get(holders[0].id, "") if holders else ""
        if owner.startswith("user:") and owner != link.entity:
            self._lanes.send([fresh_item(owner, Reason.FOLLOW_UP, f"{link.okta_id}:{link.look}")])
        self._wait_for_conflict(link, "user-name-taken", detail=owner or (holders[0].id if holders else ""))

    def _missing(self, link: UserLink, target: Target, report: Report) -> Changed:
        """Genesys Cloud no longer has the account, and the user is to be active: find again, relink or create."""
        gone = replace(link, state=UserState.GONE, genesys_id="", active=None, hashes={}, origin=Origin.NONE)
        if self._enforcing:
            self._store.save_user(gone)
        return self._create(gone, target, report)

    # ------------------------------------------------------------------------------ deactivating

    def deactivate(self, link: UserLink, account: ScimUser | None, report: Report) -> Changed:
        """Make the account inactive; `account` is how Genesys Cloud has it now, None when it is gone.

        Raises:
            Transient: the version moved twice, or the answer shows the account still active.
        """
        why = report.why
        for last in (False, True):
            if account is None:
                return self._gone(link, report)
            if not account.active:
                return self._inactive(link, account, report.ends("unchanged", why))
            if not self._settings.deactivate_users:
                report.ends("skipped", "deactivate-users-off")
                return Changed(link, account)
            report.changed = ("active",)
            if not self._enforcing:
                report.ends("observed", "would-deactivate")
                return Changed(link, account)
            try:
                answer = self._genesys.patch_user(
                    link.genesys_id, scim.operations({"active": False}, present={"active"}), if_match=account.version
                )
            except ResourceNotFound:
                return self._gone(link, report)
            except VersionConflict:
                if last:
                    raise Transient("genesys-version-conflict", upstream="genesys") from None
                account = self._genesys.user(link.genesys_id)  # read, recompute, once
                continue
            if answer.active:
                raise Transient("genesys-not-applied", upstream="genesys")
            return self._inactive(link, answer, report.ends("deactivated", why))
        raise AssertionError("the second round returns or raises")

    def _inactive(self, link: UserLink, account: ScimUser, report: Report) -> Changed:
        link = replace(link, active=False, unassigned_due="", waiting_since=None)
        if link.groups_due:
            self._store.save_user(link)
        report.changed = ("active",) if report.outcome == "deactivated" else ()
        return Changed(link, account)

    def _gone(self, link: UserLink, report: Report) -> Changed:
        report.changed = ()
        report.ends("unchanged", "genesys-user-gone")
        return Changed(replace(link, state=UserState.GONE, genesys_id="", active=None, hashes={}, unassigned_due=""))

    # ----------------------------------------------------------------------------- fingerprints

    def _hash(self, path: str, value: Any) -> str:
        """A keyed fingerprint: a record never holds a value of a profile, nor one that can be guessed back."""
        text = json.dumps([path, value], sort_keys=True)
        return hmac.new(self._hash_key(), text.encode(), hashlib.sha256).hexdigest()

    def _hashes(self, values: Mapping[str, Any]) -> dict[str, str]:
        return {path: self._hash(path, value) for path, value in values.items()}


def _only(found: Iterable[ScimUser]) -> ScimUser:
    """The one match; Permanent when there are several."""
    users = list(found)
    if len(users) != 1:
        raise Permanent("ambiguous-match", detail=" ".join(sorted(user.id for user in users)), upstream="genesys")
    return users[0]
