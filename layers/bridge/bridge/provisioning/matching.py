"""Whose account is it: finding the Genesys Cloud user of an Okta user, and binding the two.

A POST may have been done although its answer was lost, a search may trail a write, and another Okta user may
own the account: nothing here is decided on less than one exact match.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn

from bridge.errors import Outdated, OwnerTaken, Permanent, Transient
from bridge.items import Reason, format_time, make_item
from bridge.provisioning.inactive_accounts import InactiveAccounts
from bridge.provisioning.ports import Clock, GenesysReader, OktaReader, QueueSender
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import Origin, UserLink, UserState
from bridge.provisioning.values import ScimUser

#: How long a search may trail a write, or another user's sync may free an account, before a person is asked.
CONFLICT_PATIENCE = timedelta(minutes=15)
#: Okta user ids, as Okta's own SCIM client writes them into externalId.
_OKTA_USER_ID = re.compile(r"00u[A-Za-z0-9]{17}")


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

    def settle_creating(self, link: UserLink, user_name: str, *, deep: bool) -> UserLink:
        """A POST may have been done: find its user before anything is decided.

        Who was given up is looked for again with `deep`: nothing says when a POST lands whose answer never came.

        Raises:
            Transient: none is found yet, and the search index may still trail the POST.
        """
        creating = link.state is UserState.CREATING
        given_up = not creating and not link.genesys_id and link.posted is not None
        if not creating and not (given_up and deep):
            return link
        found = self.find_created(link, user_name)
        if found.genesys_id or given_up:
            return found
        self.wait_for_creation(link)
        return replace(link, state=UserState.WANTED, waiting_since=None, hashes={})

    def wait_for_creation(self, link: UserLink) -> None:
        """Raise Transient while the search index may still trail the POST."""
        if link.posted is not None and self._clock.now() - link.posted < CONFLICT_PATIENCE:
            raise Transient("creation-unsettled", upstream="genesys")

    def find_native(self, link: UserLink, *, inactive: bool = False) -> UserLink:
        """The account that Okta's native application made: it wrote the Okta user id as externalId.

        With `inactive` also one that it made inactive again, in case filters do not find it.
        """
        found = self.search(link.okta_id, "")
        if not found and inactive:
            accounts = map(self._genesys.user, self._inactive.ids(link.okta_id))
            found = [account for account in accounts if account is not None and account.external_id == link.okta_id]
        return self.bind(link, only(found), Origin.ADOPTED) if found else link

    def find_created(self, link: UserLink, user_name: str) -> UserLink:
        """The account that a POST of ours made, bound; the link as it was when there is none."""
        found = [user for user in self.search(link.okta_id, user_name) if user.external_id == link.okta_id]
        return self.bind(link, only(found), Origin.CREATED, link.hashes) if found else link

    def search(self, okta_id: str, user_name: str, *, inactive: bool = False) -> list[ScimUser]:
        """Accounts with this externalId or userName, each once, as they are now; inactive ones by listing if asked."""
        found = self._genesys.find_users("externalId", okta_id) if okta_id else []
        found += self._genesys.find_users("userName", user_name) if user_name else []
        matches = self._matches(found, okta_id, user_name)
        if not matches and inactive:
            matches = self._matches(self._genesys.inactive_users(), okta_id, user_name)
        return matches

    def _matches(self, found: Iterable[ScimUser], okta_id: str, user_name: str) -> list[ScimUser]:
        """Those that match when read by id: a search trails writes, and shows what is deleted or renamed by now."""

        def match(user: ScimUser) -> bool:
            return user.external_id == okta_id or user.user_name.casefold() == user_name.casefold()

        ids = dict.fromkeys(user.id for user in found if match(user))
        now = [self._genesys.user(genesys_id) for genesys_id in ids]
        return [user for user in now if user is not None and match(user)]

    # --------------------------------------------------------------------------------- owning

    def bind(
        self, link: UserLink, account: ScimUser, origin: Origin, hashes: Mapping[str, str] | None = None
    ) -> UserLink:
        """Take an account for this Okta user, from a deleted one if need be (rehire).

        Raises:
            Transient, then Permanent: it is another Okta user's who is not known to be gone.
            Outdated: somebody took it meanwhile.
        """
        owner = self._store.owners([account.id]).get(account.id, "").removeprefix("user:")
        if not owner and _OKTA_USER_ID.fullmatch(account.external_id):
            owner = account.external_id
        other = "" if owner == link.okta_id else owner
        written = self._hashes_of_gone(link, other, account) if other else {}
        bound = replace(
            link,
            state=UserState.LINKED,
            genesys_id=account.id,
            # Who takes over what was written for somebody else reads the account before they trust it.
            active=None if written and not hashes else account.active,
            origin=origin,
            hashes=dict(hashes or written),
            groups_due=True,
            waiting_since=None,
            posted=None,
        )
        try:
            self._store.claim_user(bound, previous_owner=other)
        except OwnerTaken:
            raise Outdated("account-taken") from None
        return bound

    def _hashes_of_gone(self, link: UserLink, other: str, account: ScimUser) -> Mapping[str, str]:
        """What the bridge wrote for the other Okta user, who is deleted, and no 404 of ours means "not visible".

        It is cleared where the new owner has no such value. While the other is not gone this user waits: a rename of
        that one, or an end, that is still in a queue frees the account.
        """
        previous = self._store.user(other)
        visible = self._okta.user(other).value is not None
        holds = previous is not None and bool(previous.genesys_id) and previous.active is not False
        if visible or holds:
            self.wait_for_conflict(link, "owned-by-another-user", owner=f"user:{other}")
        return previous.hashes if previous is not None and previous.genesys_id == account.id else {}

    def wait_for_conflict(self, link: UserLink, reason: str, *, owner: str = "", detail: str = "") -> NoReturn:
        """Have the `owner` synced once, be patient for a quarter of an hour, then ask a person.

        Raises:
            Transient: while there is patience.
            Permanent: afterwards; names the owner, else `detail`.
        """
        now = self._clock.now()
        since = link.waiting_since or now
        if owner:
            self._queues.send([make_item(owner, Reason.FOLLOW_UP, f"{link.okta_id}:{format_time(since)}")])
        waits = now - since < CONFLICT_PATIENCE
        self._store.save_user(replace(link, waiting_since=since if waits else None))
        if waits:
            raise Transient(reason, detail=owner or detail, upstream="genesys", status=409)
        raise Permanent(reason, detail=owner or detail, upstream="genesys")


def only(found: Iterable[ScimUser]) -> ScimUser:
    """The one match; Permanent when there are several."""
    users = list(found)
    if len(users) != 1:
        raise Permanent("ambiguous-match", detail=" ".join(sorted(user.id for user in users)), upstream="genesys")
    return users[0]
