"""Both sides part by part, for anyone who wants to know whose account is whose before a sync decides it.

Nobody's e-mail address or number leaves the function: what is equal has equal keyed hashes. Writing links makes no
call of SCIM; each sync reads the account before it changes anything there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

from bridge.errors import FenceMoved, OwnerTaken, Permanent, Transient
from bridge.operations.match_answers import Account, MatchLinked, MatchPart, NotLinked, Person
from bridge.operations.match_requests import Match, MatchLink, Pair
from bridge.provisioning import scim
from bridge.provisioning.adopting import adopted_blindly
from bridge.provisioning.assignments import UNASSIGNED_STATUSES
from bridge.provisioning.fingerprints import Fingerprints
from bridge.provisioning.matching import OKTA_USER_ID
from bridge.provisioning.ports import Clock, GenesysReader, OktaReader, UserMapper
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import JournalEntry
from bridge.provisioning.sync import FENCE_ATTEMPTS
from bridge.provisioning.values import AppUser, ScimUser

#: Accounts a page, as a reconcile reads them, and pages a part: one alone while syncs wait.
PAGE, PAGES = 25, 8
#: A part ends when it has taken so long: the function answers before its own time is over.
LONGEST = timedelta(seconds=20)
_NUMBER = f"{scim.ENTERPRISE_USER}:employeeNumber"


class Backlog(Protocol):
    """How much waits in the queues of leavers and users."""

    def waiting(self) -> int:
        """Messages that are not done."""
        ...


class MatchService:
    """Reads parts of both sides, and writes links."""

    def __init__(
        self,
        okta: OktaReader,
        genesys: GenesysReader,
        store: Store,
        mapper: UserMapper,
        hash_key: Callable[[], bytes],
        queues: Backlog,
        clock: Clock,
    ) -> None:
        """`hash_key` keys what stands for values."""
        self._okta = okta
        self._genesys = genesys
        self._store = store
        self._mapper = mapper
        self._references = Fingerprints(hash_key)
        self._queues = queues
        self._clock = clock

    def part(self, asked: Match) -> MatchPart:
        """Answers ``match``.

        Raises:
            Transient, Permanent: as the clients; nothing was concluded.
        """
        busy = self._queues.waiting() > 0
        if asked.side == "okta":
            return self._people(asked.following, busy)
        return self._accounts(asked.following, busy, active=asked.side == "active")

    def _people(self, following: str, busy: bool) -> MatchPart:
        page = self._okta.app_users_page(following)
        present = [entry for entry in page.entries if entry.status not in UNASSIGNED_STATUSES]
        links = self._store.users([entry.id for entry in present])
        people = [
            Person(
                user=entry.id,
                status=entry.user.status if entry.user else "",
                account=links[entry.id].genesys_id if entry.id in links else "",
                email=sorted({self._keyed(text) for text in self._addresses(entry)}),
                number=self._keyed(_profile(entry).get("employeeNumber")),
            )
            for entry in present
        ]
        return MatchPart(people=people, next=page.following or None, busy=busy)

    def _addresses(self, entry: AppUser) -> Iterator[object]:
        """What may be the account's userName: the mapped one, the login and the e-mail address."""
        if entry.user is not None:
            with suppress(
                Permanent
            ):  # nobody without a userName is synced; what the profile has may match all the same
                yield self._mapper.map_user(entry.user, entry).values["userName"]
        yield from (value for name in ("login", "email") if (value := _profile(entry).get(name)))

    def _accounts(self, following: str, busy: bool, *, active: bool) -> MatchPart:
        place, total, ended = int(following or 1), 0, False
        began, accounts = self._clock.now(), list[ScimUser]()
        for _ in range(1 if busy else PAGES):
            try:
                page = self._genesys.users_page(place, PAGE, active=active)
            except Transient:
                if not accounts:
                    raise
                break
            accounts += page.users
            place, total = place + len(page.users), page.total
            ended = not page.users or place > total
            if ended or self._clock.now() - began > LONGEST:
                break
        owners = self._store.owners([account.id for account in accounts])
        rows = [self._account(account, owners) for account in accounts]
        return MatchPart(accounts=rows, total=total, next=None if ended else str(place), busy=busy)

    def _account(self, account: ScimUser, owners: Mapping[str, str]) -> Account:
        return Account(
            account=account.id,
            active=account.active,
            owner=owners.get(account.id, ""),
            bears=account.external_id if OKTA_USER_ID.fullmatch(account.external_id) else "",
            email=self._keyed(account.user_name),
            number=self._keyed(scim.read_values(account.document, [_NUMBER]).get(_NUMBER)),
        )

    def _keyed(self, value: object) -> str:
        text = str(value).strip() if value else ""
        return self._references.reference(text) if text else ""

    # ---------------------------------------------------------------------------------------------- linking

    def link(self, asked: MatchLink) -> MatchLinked:
        """Answers ``match.link``; asked again it changes nothing."""
        tried = [(pair, self._bind(pair)) for pair in asked.pairs]
        left = [NotLinked(user=pair.user, account=pair.account, why=why) for pair, why in tried if why]
        return MatchLinked(linked=len(asked.pairs) - len(left), left=left)

    def _bind(self, pair: Pair) -> str:
        """Write one link; why not, empty when it is written or there already."""
        for _ in range(FENCE_ATTEMPTS):
            link = self._store.begin_user_sync(pair.user)
            if link.genesys_id:
                return "" if link.genesys_id == pair.account else "linked-otherwise"
            if link.posted is not None:
                return "creation-unsettled"
            try:
                self._store.claim_user(adopted_blindly(link, pair.account))
            except OwnerTaken:
                return "owned-by-another-user"
            except FenceMoved:
                continue
            self._store.write(JournalEntry(f"user:{pair.user}", self._clock.now(), "linked", why="linked-by-operator"))
            return ""
        raise Transient("fence-moved", upstream="store")


def _profile(entry: AppUser) -> Mapping[str, object]:
    profile = entry.user.document.get("profile") if entry.user else None
    return profile if isinstance(profile, Mapping) else {}
