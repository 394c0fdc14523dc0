"""What the checker of the ceiling knows at a moment of a history: both sides, and how sure anybody can be of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.simulation.ceiling_rules import Breach, Rules
from tests.simulation.history import Access, Account, Decided, OktaApp, OktaGroup, OktaUser


@dataclass
class Removals:
    """Unapproved removals in order, and what people said about others.

    Attributes:
        done: each unapproved one.
        approved: whom a person's approval covers, until they are removed or may have left the hold.
        perhaps_approved: these, and those who left it, whom a sync may have missed.
        excepted: whom a rejection keeps.
        perhaps_excepted: these, and those whom a sync may have missed as desired since.
        back: when somebody was last desired, or inactive, or no member, so that a hold may have released them.
    """

    done: list[tuple[datetime, str]] = field(default_factory=list)
    approved: set[str] = field(default_factory=set)
    perhaps_approved: set[str] = field(default_factory=set)
    excepted: set[str] = field(default_factory=set)
    perhaps_excepted: set[str] = field(default_factory=set)
    back: dict[str, datetime] = field(default_factory=dict)

    def decide(self, decided: Decided) -> None:
        """A person spoke."""
        surely = {user for user in decided.users if user not in self.back or self.back[user] < decided.seen}
        if decided.approved:
            self.approved |= surely
            self.perhaps_approved |= decided.users
        else:
            self.excepted |= surely
            self.perhaps_excepted |= decided.users

    def release(self, users: Collection[str], at: datetime) -> None:
        """These users are back, or out of sight."""
        for user in users:
            self.back[user] = at
        self.approved.difference_update(users)
        self.excepted.difference_update(users)

    def apply_decision(self, users: frozenset[str]) -> frozenset[str]:
        """These were removed: those of them whom a person's decision covered, for this once."""
        covered = users & self.perhaps_approved
        self.perhaps_approved -= covered
        self.approved -= covered
        return covered

    def settle(self, excepted: Callable[[str], bool]) -> None:
        """The queues are empty: what was approved is done, or should not be removed any more; who is still excepted."""
        self.approved.clear()
        self.perhaps_approved.clear()
        self.perhaps_excepted = {user for user in self.perhaps_excepted if excepted(user)}

    def within(self, end: datetime, window: timedelta) -> frozenset[str]:
        """Distinct users removed in the window that ends then; a removal exactly at its beginning counts."""
        return frozenset(user for at, user in self.done if end - window <= at <= end)


@dataclass
class GroupState:
    """One linked group.

    Attributes:
        members: Genesys Cloud ids.
        truths: what Okta held and when, oldest first.
        ever: Okta users who ever were in the Okta group.
        ever_settled: those who were in it at a settled moment, so that a sync has seen them.
        reads: how often the bridge has read the group.
        read: members when it last did.
        known: what had been removed by then.
        added: members added since then.
        removed: Okta users removed unapproved since then.
    """

    members: set[str] = field(default_factory=set)
    truths: list[OktaGroup] = field(default_factory=list)
    ever: set[str] = field(default_factory=set)
    ever_settled: set[str] = field(default_factory=set)
    removals: Removals = field(default_factory=Removals)
    count: int | None = None
    percent: int | None = None
    reads: int = 0
    read: frozenset[str] = frozenset()
    known: Removals = field(default_factory=Removals)
    added: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)

    @property
    def truth(self) -> OktaGroup:
        """What Okta holds now."""
        return self.truths[-1]

    def seen_since(self, moment: datetime) -> list[OktaGroup]:
        """Every truth that held at `moment` or later."""
        later = [truth for truth in self.truths if truth.at > moment]
        earlier = [truth for truth in self.truths if truth.at <= moment]
        return earlier[-1:] + later

    def settle(self, present: Collection[str], to_remove: Collection[str]) -> None:
        """The queues are empty: a sync has seen the Okta users who are members, and who is no reason to be one."""
        if self.truths:
            desired = self.truth.members - frozenset(to_remove)
            self.removals.settle(lambda user: user in present and user not in desired)
            self.ever_settled |= self.truth.members

    def begin_sync(self) -> None:
        """The bridge has read the group."""
        self.reads += 1
        self.read = frozenset(self.members)
        self.known = Removals(done=list(self.removals.done))
        self.added, self.removed = set(), set()


class Accounts:
    """Genesys Cloud's users, and which Okta user each belongs to.

    The bridge may not know yet, or not any more, what has changed since the queues were last empty; it learns of
    what a person does in Genesys Cloud only when it calls for that user. Such users are *unsure*: they count or not.
    """

    def __init__(self) -> None:
        self.of: dict[str, Account] = {}
        self.owner: dict[str, str] = {}
        self._by_owner: dict[str, str] = {}
        self._unsure: set[str] = set()
        self._by_hand: set[str] = set()

    def note(self, account: Account) -> None:
        """A user has changed, or was read."""
        genesys_id = account.genesys_id
        if genesys_id in self.of:
            learned = account.by_bridge and not account.lost and genesys_id in self._by_hand
            if account.wrote and not account.by_bridge:
                self._by_hand.add(genesys_id)
            elif learned:
                self._by_hand.discard(genesys_id)
            if account.wrote or learned:
                self._unsure.add(genesys_id)
        self.of[genesys_id] = account
        if account.okta_id:
            self.owner[genesys_id] = account.okta_id
            self._by_owner[account.okta_id] = genesys_id

    def settle(self) -> None:
        """The queues are empty: the bridge knows what its own calls did."""
        self._unsure &= self._by_hand

    def account(self, okta_id: str) -> Account | None:
        """The Okta user's account."""
        genesys_id = self._by_owner.get(okta_id)
        return None if genesys_id is None else self.of[genesys_id]

    def is_sure(self, genesys_id: str) -> bool:
        """Whether the bridge knows the user as it is."""
        return genesys_id not in self._unsure and genesys_id not in self._by_hand

    def users(self, genesys_ids: Iterable[str], *, active: bool, sure: bool) -> frozenset[str]:
        """Okta users behind the ids (with `active` the active ones): those surely so, or all who may be."""
        found = set()
        for genesys_id in genesys_ids:
            account = self.of.get(genesys_id)
            if account is None or genesys_id not in self.owner:
                continue
            known, counts = self.is_sure(genesys_id), account.active or not active
            if (known and counts) or (not known and not sure):
                found.add(self.owner[genesys_id])
        return frozenset(found)


@dataclass
class UserTruths:
    """What Okta said of each user and when."""

    _of: dict[str, list[OktaUser]] = field(default_factory=dict)

    def note(self, truth: OktaUser) -> None:
        """Okta has changed."""
        self._of.setdefault(truth.user, []).append(truth)

    def now(self, user: str) -> Access:
        """What holds now; a user whom Okta never had is deleted."""
        return self._of[user][-1].access if user in self._of else Access.DELETED

    def changed(self, user: str) -> datetime | None:
        """When it came to hold, None for a user of whom Okta never said anything."""
        return self._of[user][-1].at if user in self._of else None

    def since(self, user: str, moment: datetime) -> list[Access]:
        """All that held at `moment` or later."""
        truths = self._of.get(user, [])
        earlier = [truth.access for truth in truths if truth.at <= moment]
        return earlier[-1:] + [truth.access for truth in truths if truth.at > moment] or [Access.DELETED]

    def all(self) -> Iterable[str]:
        """Every user of whom anything was said."""
        return self._of.keys()


@dataclass
class Company:
    """Both sides, and what was found wrong so far.

    Attributes:
        app: what Okta said of the application.
        deactivations: of users for a missing assignment.
        waiting: who waits to come in, or to lose access, and since when.
        told: who has waited too long.
    """

    rules: Rules
    accounts: Accounts = field(default_factory=Accounts)
    groups: dict[str, GroupState] = field(default_factory=dict)
    users: UserTruths = field(default_factory=UserTruths)
    app: list[OktaApp] = field(default_factory=list)
    deactivations: Removals = field(default_factory=Removals)
    paused: bool = False
    waiting: dict[tuple[str, str], datetime] = field(default_factory=dict)
    told: set[tuple[str, str]] = field(default_factory=set)
    breaches: list[Breach] = field(default_factory=list)

    def breach(self, at: datetime, entity: str, rule: str, detail: str = "") -> None:
        """Something is wrong."""
        self.breaches.append(Breach(at, entity, rule, detail))

    def group(self, okta_group: str) -> GroupState:
        """A linked group."""
        return self.groups.setdefault(okta_group, GroupState())

    def inactive(self) -> frozenset[str]:
        """Users who are no reason to be a member, active or not: with `remove`, those who may be inactive."""
        if self.rules.keep_inactive:
            return frozenset()
        accounts = self.accounts
        return accounts.users(accounts.of, active=False, sure=False) - accounts.users(
            accounts.of, active=True, sure=True
        )

    def leaving(self, group: GroupState, since: datetime) -> frozenset[str]:
        """Members who, by all that Okta said since then, should surely not be members."""
        accounts = self.accounts
        truths = group.seen_since(since)
        linked = accounts.users(group.members, active=False, sure=True)
        active = accounts.users(group.members, active=True, sure=True)
        outside = frozenset(user for user in linked if all(user not in truth.members for truth in truths))
        return outside & active if self.rules.keep_inactive else outside | (linked - active)

    def is_known_in(self, group: GroupState, user: str) -> bool:
        """Whether the user counts there: made by the bridge, or seen in the Okta group by a sync."""
        account = self.accounts.account(user)
        return account is not None and (account.created or user in group.ever_settled)

    def unassigned(self, since: datetime) -> frozenset[str]:
        """Active users who, by all that Okta said since then, are surely not assigned."""
        gone = {Access.UNASSIGNED, Access.DELETED}
        active = self.accounts.users(self.accounts.of, active=True, sure=True)
        return frozenset(user for user in active if set(self.users.since(user, since)) <= gone)

    def app_was_active(self, since: datetime) -> bool:
        """Whether the application was ACTIVE at some moment since then."""
        earlier = [truth.active for truth in self.app if truth.at <= since]
        return any(earlier[-1:] + [truth.active for truth in self.app if truth.at > since])
