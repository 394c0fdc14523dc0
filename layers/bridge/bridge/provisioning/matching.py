"""Whose account is it: finding the Genesys Cloud user of an Okta user, and binding the two.

A POST may have been done although its answer was lost, a search may trail a write, and another Okta user may
own the account: nothing here is decided on less than one exact match.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn

from bridge.errors import Outdated, OwnerTaken, Permanent, Transient
from bridge.items import Reason, format_time, make_item
from bridge.provisioning.inactive_accounts import InactiveAccounts
from bridge.provisioning.ports import Clock, GenesysReader, OktaReader, QueueSender
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import AppState
from bridge.provisioning.scim import without_case
from bridge.provisioning.user_records import Origin, Pending, PendingKind, UserLink, UserState, Waiting
from bridge.provisioning.values import ScimUser

#: How long a search may trail a write, or another user's sync may free an account, before a person is asked.
CONFLICT_PATIENCE = timedelta(minutes=15)
#: Okta user ids, as Okta's own SCIM client writes them into externalId.
OKTA_USER_ID = re.compile(r"00u[A-Za-z0-9]{17}")


class Matching:
    """Finds and binds accounts."""

    def __init__(
        self, genesys: GenesysReader, okta: OktaReader, store: Store, queues: QueueSender, clock: Clock
    ) -> None:
        """Everything it needs, as ports."""
        self._genesys = genesys
        self._okta = okta
        self._store = store
        self._queues = queues
        self._clock = clock
        self._inactive = InactiveAccounts(genesys, clock)

    # ------------------------------------------------------------------------------------ finding

    def settle_creating(self, link: UserLink, user_name: str, app: AppState, *, deep: bool) -> UserLink:
        """A POST may have been done, or be younger than a restored record: find its user before anything is decided.

        A search after `UNDER_WAY`, with `deep`, is the last: by then the POST has landed, or never does.

        Raises:
            Transient: none is found yet, and the search index may still trail the POST.
        """
        if link.posted is None:
            return link if link.ever_linked or app.restored is None else self.find_native(link)
        found = self.find_created(link, user_name)
        if found.genesys_id:
            return found
        self.wait_for_creation(link)
        pending = link.landed(self._clock.now()) if deep else link.pending
        return replace(link, waiting=None, hashes={}, pending=pending)

    def wait_for_creation(self, link: UserLink) -> None:
        """Raise Transient while the search index may still trail the POST."""
        if link.posted is not None and self._clock.now() - link.posted < CONFLICT_PATIENCE:
            raise Transient("creation-unsettled", upstream="genesys")

    def locate(self, link: UserLink) -> tuple[UserLink, ScimUser | None]:
        """The user's account as Genesys Cloud has it now, found again if it was lost, and the link to it.

        None only on evidence: the id is unknown at a second read too, and no account bears the Okta user id.

        Raises:
            Transient, Permanent: it could not be read, or several bear the Okta user id.
        """
        known = link.genesys_id or link.gone_id
        account = (self._genesys.user(known) or self._genesys.user(known)) if known else None
        if account is not None and account.id != link.genesys_id and not self.is_free(link, account):
            account = None
        if account is None:
            found = [user for user in self.search(link.okta_id, "") if self.is_free(link, user)]
            account = only(found) if found else None
        if account is not None and account.id != link.genesys_id:
            link = self.bind(link, account, Origin.ADOPTED)
        return link, account

    def is_free(self, link: UserLink, account: ScimUser) -> bool:
        """Whether the account is not another Okta user's."""
        owner = self._store.owners([account.id]).get(account.id, link.entity)
        others = OKTA_USER_ID.fullmatch(account.external_id) and account.external_id != link.okta_id
        return owner == link.entity and not others

    def find_native(self, link: UserLink, *, inactive: bool = False) -> UserLink:
        """The account that Okta's native application made: it wrote the Okta user id as externalId.

        With `inactive` also one that it made inactive again, in case filters do not find it.
        """
        found = self.search(link.okta_id, "")
        if not found and inactive:
            found = self._now(self._inactive.ids(link.okta_id), link.okta_id, "")
        return self.bind(link, only(found), Origin.ADOPTED) if found else link

    def find_created(self, link: UserLink, user_name: str) -> UserLink:
        """The account that a POST of ours made, or a PATCH took, bound; the link as it was when there is none."""
        found = [user for user in self.search(link.okta_id, user_name) if user.external_id == link.okta_id]
        return self.bind(link, only(found), link.origin or Origin.CREATED) if found else link

    def named(self, user_name: str) -> list[ScimUser]:
        """Accounts with this userName as a search shows them, which trails writes."""
        return self._genesys.find_users("userName", user_name)

    def search(
        self, okta_id: str, user_name: str, *, inactive: bool = False, named: Sequence[ScimUser] | None = None
    ) -> list[ScimUser]:
        """Accounts with this externalId or userName, each once, as they are now; inactive ones by listing if asked.

        `named` is what `named` has just found.
        """
        found = self._genesys.find_users("externalId", okta_id) if okta_id else []
        if user_name:
            found += self.named(user_name) if named is None else named
        matches = self._matches(found, okta_id, user_name)
        if not matches and inactive:
            matches = self._matches(self._genesys.inactive_users(), okta_id, user_name)
        return matches

    def foretell(self, okta_id: str, user_name: str) -> list[ScimUser]:
        """What a POST would meet: as `search`, with the inactive ones from a listing that is kept for a while."""
        found = self.search(okta_id, user_name)
        return found or self._now(self._inactive.ids(okta_id, user_name), okta_id, user_name)

    def _matches(self, found: Iterable[ScimUser], okta_id: str, user_name: str) -> list[ScimUser]:
        """Those that match when read by id: a search trails writes, and shows what is deleted or renamed by now."""
        return self._now((user.id for user in found if _match(user, okta_id, user_name)), okta_id, user_name)

    def _now(self, ids: Iterable[str], okta_id: str, user_name: str) -> list[ScimUser]:
        now = [self._genesys.user(genesys_id) for genesys_id in dict.fromkeys(ids)]
        return [user for user in now if user is not None and _match(user, okta_id, user_name)]

    # --------------------------------------------------------------------------------- owning

    def verify_owner(self, link: UserLink, account: ScimUser) -> None:
        """Raise where the account of a leaver bears the id of another Okta user who is there and not deactivated.

        A POST for somebody with the same userName may have brought a deleted account back as theirs, while the leaver's
        link still names it. Whose it is, a person decides: ending it might end somebody else's access.

        Raises:
            Transient, then Permanent: it bears another's id.
        """
        other = account.external_id
        if other == link.okta_id or not OKTA_USER_ID.fullmatch(other):
            return
        user = self._okta.user(other).value
        ended = user is not None and user.status in {"DEPROVISIONED", "SUSPENDED"}
        if not ended and (user is not None or self._okta.app_user(other).value is not None):
            self.wait_for_conflict(link, "owned-by-another-user", owner=f"user:{other}")

    def bind(
        self, link: UserLink, account: ScimUser, origin: Origin, hashes: Mapping[str, str] | None = None
    ) -> UserLink:
        """Take an account for this Okta user, from a deleted one if need be (rehire).

        Without `hashes` what a POST of ours, or the other user's syncs, may have written there stays known as ours
        until the account has been compared.

        Raises:
            Transient, then Permanent: it is another Okta user's who is not known to be gone.
            Outdated: somebody took it meanwhile.
        """
        owner = self._store.owners([account.id]).get(account.id, "").removeprefix("user:")
        if not owner and OKTA_USER_ID.fullmatch(account.external_id):
            owner = account.external_id
        other = "" if owner == link.okta_id else owner
        written = self._written_by_gone(link, other, account) if other else frozenset()
        written |= link.written if link.posted is not None else frozenset()
        pending = Pending(PendingKind.CREATE, self._clock.now(), tuple(sorted(written)))
        bound = replace(
            link,
            state=UserState.LINKED,
            genesys_id=account.id,
            active=account.active,
            origin=origin,
            hashes=dict(hashes or {}),
            groups_due=True,
            waiting=None,
            pending=(pending,) if written and hashes is None else (),
            gone_id="",
            version="",
            created=self._clock.now() if origin is Origin.CREATED else None,
        )
        try:
            self._store.claim_user(bound, previous_owner=other)
        except OwnerTaken:
            raise Outdated("account-taken") from None
        return bound

    def _written_by_gone(self, link: UserLink, other: str, account: ScimUser) -> frozenset[str]:
        """Where the bridge wrote for the other Okta user, who is deleted, and no 404 of ours means "not visible".

        It is cleared where the new owner has no such value. While the other is not gone this user waits: a rename of
        that one, or an end, that is still in a queue frees the account.
        """
        previous = self._store.user(other)
        visible = self._okta.user(other).value is not None
        holds = previous is not None and bool(previous.genesys_id) and previous.known_active is not False
        if visible or holds:
            self.wait_for_conflict(link, "owned-by-another-user", owner=f"user:{other}")
        return previous.written if previous is not None and previous.genesys_id == account.id else frozenset()

    def wait_for_conflict(
        self, link: UserLink, reason: str, *, owner: str = "", detail: str = "", parks: str = ""
    ) -> NoReturn:
        """Have the `owner` synced once, be patient for a quarter of an hour, then ask a person.

        The wait is remembered: anyone who comes back with the same conflict later is not patient again.

        Raises:
            Transient: while there is patience.
            Permanent: afterwards, with the reason `parks` if it is another; names the owner, else `detail`.
        """
        now = self._clock.now()
        holder = owner.removeprefix("user:") or detail
        why = f"{reason}:{holder}" if holder else reason
        waiting = link.waiting if link.waiting is not None and link.waiting.why == why else Waiting(why, now)
        patient = now - waiting.since < CONFLICT_PATIENCE
        if owner and patient:
            dedup_key = f"{link.okta_id}:{format_time(waiting.since)}"
            self._queues.send([make_item(owner, Reason.FOLLOW_UP, dedup_key)])
        self._store.save_user(replace(link, waiting=waiting))
        if patient:
            raise Transient(reason, detail=owner or detail, upstream="genesys", status=409)
        raise Permanent(parks or reason, detail=owner or detail, upstream="genesys")


def only(found: Iterable[ScimUser]) -> ScimUser:
    """The one match; Permanent when there are several."""
    users = list(found)
    if len(users) != 1:
        raise Permanent("ambiguous-match", detail=" ".join(sorted(user.id for user in users)), upstream="genesys")
    return users[0]


def _match(user: ScimUser, okta_id: str, user_name: str) -> bool:
    return user.external_id == okta_id or without_case(user.user_name) == without_case(user_name)
