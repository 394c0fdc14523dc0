"""Writes accounts for real: each write is remembered as pending before it leaves, and compared with what is held.

One attribute that Genesys Cloud refuses, or does not hold as it was written, is left out: the others are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from bridge.errors import Outdated, Permanent, ResourceNotFound, UserNameTaken, VersionConflict
from bridge.provisioning import scim
from bridge.provisioning.account_writer import Change, Changed, Target
from bridge.provisioning.elements import comes_later, is_rating
from bridge.provisioning.fingerprints import Fingerprints
from bridge.provisioning.matching import Matching
from bridge.provisioning.patching import Patching
from bridge.provisioning.ports import Clock, GenesysScim
from bridge.provisioning.record_ports import Store
from bridge.provisioning.sync import Report
from bridge.provisioning.user_records import Origin, Pending, PendingKind, UserLink, UserState
from bridge.provisioning.values import ScimUser
from bridge.settings import ProvisioningSettings, SyncPassword

#: How often the end of somebody's access is written before a person is asked; the last time without ``If-Match``.
DEACTIVATION_TRIES = 3
#: What a leaver waits for whose account stays active although Genesys Cloud answers that it is not.
NOT_APPLIED = "deactivation-not-applied"
#: What they wait for whose account is said to be in another version, whatever is sent.
CONFLICT = "genesys-version-conflict"
#: What ScimV2CreateUser requires, and what the bridge finds the account by.
_LEAST = frozenset({"userName", "displayName", "externalId"})


class EnforcingWriter:
    """`AccountWriter` over Genesys Cloud."""

    def __init__(
        self,
        *,
        genesys: GenesysScim,
        store: Store,
        matching: Matching,
        clock: Clock,
        settings: ProvisioningSettings,
        fingerprints: Fingerprints,
        make_password: Callable[[], str],
    ) -> None:
        """`fingerprints` stand for written values; `make_password` gives a strong random password."""
        self._genesys = genesys
        self._store = store
        self._matching = matching
        self._clock = clock
        self._settings = settings
        self._fingerprints = fingerprints
        self._make_password = make_password

    def take(self, link: UserLink, target: Target, change: Change, report: Report) -> ScimUser | None:
        """One PATCH with ``If-Match``, which brings the externalId: until it is bound, the account is found by that.

        Roles, identifiers, skills and languages come after it, once the account was shown.
        """
        values = {path: value for path, value in change.values.items() if not (comes_later(path) or is_rating(path))}
        account = change.account
        versioned = account is not None and account.version and not account.version.startswith("W/")
        if account is None or not (values and versioned and account.active and self._matching.is_free(link, account)):
            return None
        name = self._fingerprints.of_all({"userName": target.user_name})
        pending = link.begun(Pending(PendingKind.CREATE, self._clock.now(), tuple(target.attributes)))
        self._store.save_user(replace(link, origin=Origin.ADOPTED, hashes=name, pending=pending))
        operations = scim.operations(values, present=change.present)
        try:
            taken = self._genesys.patch_user(account.id, operations, if_match=account.version)
        except (Permanent, UserNameTaken, VersionConflict, ResourceNotFound):
            self._store.save_user(link)  # an answer: nothing is pending
            return None
        report.changed = tuple(values)
        return taken

    def adopted(self, report: Report) -> None:
        """What differed has been written."""
        report.finish("adopted")

    # ----------------------------------------------------------------------------------- creating

    def create(self, link: UserLink, target: Target, report: Report) -> Changed:
        """POST, and bind what was made; a value that is refused or not held comes with a PATCH, or is left out."""
        wanted = {**target.attributes, **target.on_create}
        # The userName alone is remembered: by it the next sync tells whether its POST would meet this one.
        name = self._fingerprints.of_all({"userName": target.user_name})
        pending = link.begun(Pending(PendingKind.CREATE, self._clock.now(), tuple(target.attributes)))
        self._store.save_user(replace(link, hashes=name, pending=pending))
        refused: set[str] = set()
        try:
            made = self._post(link, wanted, refused)
        except Permanent as refusal:
            self._store.save_user(link)  # an answer: nothing is pending
            raise _with_names(refusal, wanted) from None
        if link.state is UserState.GONE:
            report.finish("recreated", "roles-not-restored")
        else:
            report.finish("created")
        held = scim.read_values(made.document, wanted)
        absent = {path for path, value in wanted.items() if path not in held or not scim.same(path, held[path], value)}
        hashes = self._fingerprints.of_all(target.attributes)
        if not absent and made.active:
            return Changed(self._matching.bind(link, made, Origin.CREATED, hashes), made)
        link = self._matching.bind(link, made, Origin.CREATED, hashes)
        account = (self._genesys.user(made.id) if absent else None) or made
        held = scim.read_values(account.document, wanted)
        rest: dict[str, Any] = {
            path: wanted[path] for path in absent if path not in held or not scim.same(path, held[path], wanted[path])
        }
        if not account.active:
            rest["active"] = True  # a deleted user came back, and inactive
        if not rest:
            return Changed(link, account)
        return self.change(link, target, Change(rest, frozenset(held), account), report, named=refused)

    def _post(self, link: UserLink, wanted: Mapping[str, Any], refused: set[str]) -> ScimUser:
        """POST everything; without what is refused by name, or else the least of it."""
        values = {path: value for path, value in wanted.items() if not comes_later(path)}
        while True:
            try:
                return self._send_post(link, values)
            except Permanent as refusal:
                named = set(refusal.paths) & values.keys()
                if named & _LEAST:
                    raise
                if values.keys() <= _LEAST:
                    return self._post_inactive(link, values, refusal)
                refused |= named
                values = {
                    path: value for path, value in values.items() if path not in named and (named or path in _LEAST)
                }

    def _post_inactive(self, link: UserLink, values: Mapping[str, Any], refusal: Permanent) -> ScimUser:
        """An inactive account where no active one is to be had, such as for want of a licence; else the refusal."""
        try:
            return self._send_post(link, values, active=False)
        except Permanent:
            raise refusal from None

    def _send_post(self, link: UserLink, values: Mapping[str, Any], *, active: bool = True) -> ScimUser:
        password = self._make_password() if self._settings.sync_password is SyncPassword.RANDOM else ""
        nested = {path: value for path, value in values.items() if path != "externalId"}
        document = scim.create_document(nested, active=active, external_id=link.okta_id, password=password)
        return self._genesys.create_user(document)

    # ----------------------------------------------------------------------------------- changing

    def change(
        self, link: UserLink, target: Target, change: Change, report: Report, *, named: Iterable[str] = ()
    ) -> Changed:
        """PATCH what differs, and compare; `named` were refused by name already, and are not sent."""
        before = link.pending
        values = {path: value for path, value in change.values.items() if path not in set(named)}
        link = replace(link, groups_due=link.groups_due or "active" in values)
        pending = link.begun(Pending(PendingKind.CHANGE, self._clock.now(), tuple(change.values)))
        self._store.save_user(replace(link, pending=pending))  # and a sync that has begun meanwhile is noticed here
        patching = Patching(self._genesys, link.genesys_id, change, doubted=self._did_not_stay(link, change))
        try:
            patching.send(values)
        except (Permanent, UserNameTaken, VersionConflict, ResourceNotFound) as answer:
            if isinstance(answer, Permanent) and change.account is not None:
                # Nothing was written; the next sync reads the account first all the same.
                before = link.begun(Pending(PendingKind.CHANGE, self._clock.now()))
            self._store.save_user(replace(link, pending=before))
            raise _meaning(answer, change) from None
        link = replace(link, pending=before)
        account = patching.account
        if account is None:  # every value was refused by name
            account = change.account
        refused = {**dict.fromkeys(named, False), **patching.refused}
        link = self._remembered(link, target, change, refused, account, report)
        if patching.activation is not None:
            refusal = patching.activation
            report.causes["activation-refused"] = f"{refusal.reason} {refusal.detail}".strip()
            report.finish("updated" if patching.applied else "unchanged", "activation-refused")
            return Changed(replace(link, active=False), account)
        if account is not None and not account.active:
            self._store.save_user(link)
            raise Outdated("genesys-not-applied")
        if not report.made:
            report.finish("activated" if "active" in values else "updated")
        return Changed(replace(link, active=True, waiting=None), account)

    def _did_not_stay(self, link: UserLink, change: Change) -> bool:
        """Whether a value was written before as it is now and the account holds another."""
        seen = change.account is not None and bool(change.account.document)
        written = self._fingerprints.of_all(change.values) if seen else {}
        return any(link.hashes.get(path) == fingerprint for path, fingerprint in written.items())

    def _remembered(
        self,
        link: UserLink,
        target: Target,
        change: Change,
        refused: Mapping[str, bool],
        account: ScimUser | None,
        report: Report,
    ) -> UserLink:
        """What the account holds of ours, and what it does not take; what was accepted may be held in another form."""
        if not self._settings.update_users:
            return link
        at, wanted = self._clock.now(), target.attributes
        fresh = {path: self._fingerprints.refuse(path, change.values.get(path), at) for path in refused}
        report.refused = tuple(sorted(fresh))
        kept = {path: link.refused[path] for path in change.skipped if path in link.refused}
        altered = {path for path, accepted in refused.items() if accepted} | (change.skipped & link.written)
        return remember(link, self._fingerprints, wanted, {**kept, **fresh}, account, altered)

    # ------------------------------------------------------------------------------- deactivating

    def deactivate(self, link: UserLink, account: ScimUser, report: Report) -> Changed:
        """End access: the PATCH's answer is the read-back, and a GET where the record had said so before.

        ``If-Match`` keeps it from landing late; after two conflicts, be it that the versions are never equal, the
        end of access counts more.

        Raises:
            Transient, later Permanent: ``deactivation-not-applied`` when Genesys Cloud answers well and the account
                stays active; ``genesys-version-conflict`` when it refuses even what names no version.
        """
        before = link.pending
        doubted = link.waiting is not None and link.waiting.why.startswith(NOT_APPLIED)
        ended_before = doubted or link.known_active is False
        # Who dies before the answer is recorded must not leave a link that says active: somebody who is assigned
        # again by then would be trusted to be so.
        pending = link.begun(Pending(PendingKind.CHANGE, self._clock.now(), ("active",)))
        self._store.save_user(replace(link, pending=pending))
        for left in reversed(range(DEACTIVATION_TRIES)):
            answer = self._end(account, conditional=left > 0)
            if answer is None and not account.document:  # as it was once seen, and it is not so any more
                self._store.save_user(replace(link, pending=before, version=""))
                raise Outdated("genesys-version-conflict")
            if answer is not None and not answer.active and not ended_before:
                account = answer
            else:
                account = self._genesys.user(link.genesys_id) or account
            if not account.active:
                break
        else:
            link = replace(link, active=True, pending=before)
            why = CONFLICT if answer is None else NOT_APPLIED
            self._matching.wait_for_conflict(link, why, detail=link.genesys_id)
        report.finish("deactivated", report.why)
        return Changed(replace(link, active=False, unassigned_due="", waiting=None, pending=before), account)

    def _end(self, account: ScimUser, *, conditional: bool) -> ScimUser | None:
        """One PATCH; None when the version moved."""
        operations = scim.operations({"active": False}, present={"active"})
        try:
            return self._genesys.patch_user(account.id, operations, if_match=account.version if conditional else "")
        except VersionConflict:
            return None
        except ResourceNotFound:
            raise Outdated("genesys-user-gone") from None


def remember(
    link: UserLink,
    fingerprints: Fingerprints,
    wanted: Mapping[str, Any],
    refused: Mapping[str, Any],
    account: ScimUser | None,
    altered: Iterable[str] = (),
) -> UserLink:
    """The link once its account holds what is `wanted`, but for what is `refused`; of that, what it holds in its place.

    Of the refused, those `altered` hold another form of what was written; others hold it only if ours stood before.
    What is neither wanted nor refused and yet `altered` is left as it is, and stays ours.
    What a write that is pending may still put there stays ours to clear: see `UserLink.written`.
    """
    hashes = fingerprints.of_all({path: value for path, value in wanted.items() if path not in refused})
    ours = (link.written & refused.keys()) | set(altered)
    if account is None:
        hashes |= {path: link.hashes[path] for path in ours if path in link.hashes}
    else:
        hashes |= fingerprints.of_all(scim.read_values(account.document, ours))
    return replace(link, hashes=hashes, refused=dict(refused))


def _meaning(answer: Exception, change: Change) -> Exception:
    """What a refusal of the whole PATCH means to the sync."""
    if isinstance(answer, ResourceNotFound):
        return Outdated("genesys-user-gone")
    if isinstance(answer, VersionConflict):
        return Outdated("genesys-version-conflict")
    if isinstance(answer, Permanent):
        # Without the account it may be about what the record did not know.
        return _with_names(answer, change.values) if change.account is not None else Outdated("genesys-refused")
    return answer


def _with_names(refusal: Permanent, sent: Iterable[str]) -> Permanent:
    """The refusal with the names of what was sent."""
    return Permanent(
        refusal.reason,
        detail=refusal.detail,
        upstream=refusal.upstream,
        reference=refusal.reference,
        status=refusal.status,
        paths=refusal.paths,
        sent=tuple(sorted(sent)),
    )
