"""Both sides beside each other: who and what differs, worked out from the two models alone as the proof does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridge_local.console.memory import Record
from bridge_local.genesys import GenesysModel
from bridge_local.genesys.records import User as Account
from bridge_local.okta import OktaModel
from bridge_local.okta.records import User
from bridge_local.proof import due_attributes, entitled, held_attributes

#: People whom a list shows.
SHOWN = 60


@dataclass(frozen=True)
class Person:
    """Somebody on both sides.

    Attributes:
        id: the Okta id; of an account that nobody in Okta stands for ``genesys:<id>``.
        name: for people.
        login: of Okta, else of Genesys Cloud.
        status: Okta's, empty for nobody.
        assigned: to the application.
        account: ``active``, ``inactive``, or empty for none.
        genesys_id: the account's.
        fields: name -> the value that Okta gives and the one that Genesys Cloud holds.
        differs: the names of those that are not as they should be; ``account`` for the account as a whole.
    """

    id: str
    name: str
    login: str
    status: str
    assigned: bool
    account: str
    genesys_id: str
    fields: Mapping[str, tuple[Any, Any]]
    differs: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """A group on both sides.

    Attributes:
        id: the Okta id.
        name: Okta's; the Genesys Cloud name where Okta has none any more.
        okta: Okta ids of its members who should have an account, None where Okta has no such group.
        members: how many members Okta shows, entitled or not.
        genesys_name: empty where it is not linked.
        genesys: Okta ids of the active members whom Okta knows, None where it is not linked.
        strangers: how many members Okta does not know.
    """

    id: str
    name: str
    okta: frozenset[str] | None
    members: int
    genesys_name: str
    genesys: frozenset[str] | None
    strangers: int

    @property
    def missing(self) -> frozenset[str]:
        """Who should be a member in Genesys Cloud and is not."""
        return (self.okta or frozenset()) - (self.genesys or frozenset())

    @property
    def extra(self) -> frozenset[str]:
        """Who is a member in Genesys Cloud and should not be."""
        return (self.genesys or frozenset()) - (self.okta or frozenset())


class Sides:
    """Compares; what has not changed since the last time is not compared again."""

    def __init__(self, okta: OktaModel, genesys: GenesysModel, country: str) -> None:
        """`country`: where phone numbers without a country code are dialled."""
        self._okta = okta
        self._genesys = genesys
        self._country = country
        self._known: dict[str, tuple[User, Account | None, bool, Person]] = {}
        self._people: dict[str, Person] = {}
        self._by_account: dict[str, str] = {}

    def compare(self) -> None:
        """Read both sides anew."""
        accounts: dict[str, Account] = {}
        strays: list[Account] = []
        with self._okta.lock:
            users = dict(self._okta.users.current)
            should = entitled(self._okta).keys() & users.keys()
            assigned = set(self._okta.assignments[self._okta.app_id].current) if self._has_app else set()
        for account in list(self._genesys.directory.users.values()):
            if account.deleted:
                continue
            if account.external_id in users:
                accounts[account.external_id] = account
            elif account.active:
                strays.append(account)
        people = {}
        for user_id, user in users.items():
            known = self._known.get(user_id)
            seen = accounts.get(user_id)
            if known is None or known[0] is not user or known[1] is not seen or known[2] != (user_id in assigned):
                person = self._person(user, seen, user_id in should, user_id in assigned)
                self._known[user_id] = known = (user, seen, user_id in assigned, person)
            people[user_id] = known[3]
        for stray in strays:
            person = self._stray(stray)
            people[person.id] = person
        self._known = {each: known for each, known in self._known.items() if each in users}
        self._people = people
        self._by_account = {account.id: user_id for user_id, account in accounts.items()}

    @property
    def _has_app(self) -> bool:
        return self._okta.app_id in self._okta.assignments

    @property
    def people(self) -> Mapping[str, Person]:
        """Everybody, by id, as `compare` saw them."""
        return self._people

    def find(self, text: str) -> list[Person]:
        """Who is called so: part of a name, a login or an id."""
        wanted = text.casefold()
        return [
            each
            for each in self._people.values()
            if wanted in each.name.casefold() or wanted in each.login.casefold() or wanted in each.id.casefold()
        ]

    def group_name(self, okta_id: str, links: Mapping[str, Record]) -> str:
        """What a group is called in Okta, else in Genesys Cloud; empty for one that is nowhere."""
        group = self._okta.groups.current.get(okta_id)
        if group is not None:
            return group.name
        theirs = self._genesys.directory.groups.get(str(links.get(okta_id, {}).get("genesys_id", "")))
        return theirs.display_name if theirs is not None else ""

    def groups(self, links: Mapping[str, Record]) -> Iterator[Group]:
        """Each Okta group that is linked or assigned to the application, and each link, by name."""
        with self._okta.lock:
            okta = dict(self._okta.groups.current)
            assigned = set(self._okta.app_groups[self._okta.app_id].current) if self._has_app else set()
            members = {each: self._okta.members(each) for each in okta}
            should = entitled(self._okta).keys()
        theirs = self._genesys.directory.groups
        found = []
        # A link that has ended is told while Okta still has the group: somebody may wonder why it stands still.
        chosen = {
            each for each, link in links.items() if link.get("state") or link.get("why") or link.get("linked_by")
        } | assigned
        for group_id in chosen:
            link = links.get(group_id)
            linked = link is not None and link.get("state") == "linked"
            there = theirs.get(str(link.get("genesys_id"))) if link is not None and linked else None
            if group_id not in okta and there is None:
                continue
            inside = members.get(group_id)
            actual = [] if there is None else list(there.members)
            known = frozenset(self._by_account[each] for each in actual if each in self._by_account)
            found.append(
                Group(
                    group_id,
                    okta[group_id].name if group_id in okta else str(there and there.display_name),
                    None if inside is None else inside & should,
                    len(inside or ()),
                    there.display_name if there is not None else "",
                    None if there is None else frozenset(known & should) | self._active(known - should),
                    sum(each not in self._by_account for each in actual),
                )
            )
        yield from sorted(found, key=lambda group: (group.genesys is None, group.name.casefold(), group.id))

    def _active(self, user_ids: frozenset[str]) -> frozenset[str]:
        """Those whose account is active: an inactive member has no access, so nobody misses their removal."""
        people = self._people
        return frozenset(each for each in user_ids if each in people and people[each].account == "active")

    def _person(self, user: User, account: Account | None, entitled_now: bool, assigned: bool) -> Person:
        document = None if account is None else self._genesys.user(account.id)
        held = defaultdict(lambda: None) if document is None else held_attributes(document)
        due = due_attributes(self._okta, user.id, self._country) if user.id in self._okta.users.current else {}
        if not entitled_now:
            due = {**due, "active": False}
        fields = {name: (value, held[name]) for name, value in due.items()}
        state = "" if account is None else "active" if account.active else "inactive"
        differs: tuple[str, ...]
        if not entitled_now:
            differs = ("account",) if state == "active" else ()
        elif account is None:
            differs = ("account",)
        else:
            differs = tuple(name for name, (wanted, is_now) in fields.items() if wanted != is_now)
        return Person(
            id=user.id,
            name=user.display_name,
            login=user.login,
            status=user.status,
            assigned=assigned,
            account=state,
            genesys_id="" if account is None else account.id,
            fields=fields,
            differs=differs,
        )

    def _stray(self, account: Account) -> Person:
        """An active account that no Okta user stands for."""
        held = held_attributes(self._genesys.user(account.id) or account.attributes)
        fields = {name: (None, value) for name, value in held.items()}
        # A Genesys Cloud administrator's account of its own is nobody's concern; one that names an Okta user is.
        differs = ("account",) if account.external_id else ()
        name = str(held["displayName"] or account.user_name)
        return Person(
            f"genesys:{account.id}", name, account.user_name, "", False, "active", account.id, fields, differs
        )
