"""Whose account is whose, from the parts of both sides that `bridge match` has read: pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bridge.operations.match_answers import Account, Person

#: The states, in the order in which people look at them.
STATES = ("several", "left-behind", "inactive", "none", "exact", "linked")


@dataclass(frozen=True)
class Row:
    """A person, an account, or both.

    Attributes:
        state: one of `STATES`.
        user: the Okta id, empty where nobody stands behind the account.
        account: the Genesys Cloud id; several are joined by blanks.
        by: what is equal: ``external-id``, ``e-mail``, ``employee-number``; joined by blanks.
        status: the person's status in Okta.
        because: what keeps the two apart, or makes an account nobody's.
    """

    state: str
    user: str = ""
    account: str = ""
    by: str = ""
    status: str = ""
    because: str = ""

    def document(self) -> dict[str, Any]:
        """The same as JSON."""
        return asdict(self)


def rows(people: Sequence[Person], accounts: Sequence[Account]) -> list[Row]:
    """Every person who is assigned, and every active account that is nobody's, by state and id."""
    by_id = {account.account: account for account in accounts}
    matches = _matches(people, by_id.values())
    wanted: dict[str, list[str]] = defaultdict(list)
    for user, found in matches.items():
        for account in found:
            wanted[account].append(user)
    found_rows = [_person(each, matches.get(each.user, {}), wanted, by_id) for each in people]
    of_somebody = {*wanted, *(each.account for each in people)}
    linked = {each.user: each.account for each in people if each.account}
    left = [
        Row("left-behind", account=each.account, because=_left(each, linked))
        for each in by_id.values()
        if each.active and each.account not in of_somebody
    ]
    return sorted((*found_rows, *left), key=lambda row: (STATES.index(row.state), row.user, row.account))


def _matches(people: Iterable[Person], accounts: Iterable[Account]) -> dict[str, dict[str, set[str]]]:
    """Of each person without a link: account id -> what is equal."""
    by: dict[tuple[str, str], list[str]] = defaultdict(list)
    for account in accounts:
        for key in (("external-id", account.bears), ("e-mail", account.email), ("employee-number", account.number)):
            if key[1]:
                by[key].append(account.account)
    found: dict[str, dict[str, set[str]]] = {}
    for person in people:
        if not person.account:
            equal: dict[str, set[str]] = defaultdict(set)
            for kind, value in _keys(person):
                for account_id in by.get((kind, value), ()):
                    equal[account_id].add(kind)
            found[person.user] = equal
    return found


def _keys(person: Person) -> Iterator[tuple[str, str]]:
    yield "external-id", person.user
    yield from (("e-mail", value) for value in person.email)
    if person.number:
        yield "employee-number", person.number


def _person(
    person: Person, found: Mapping[str, set[str]], wanted: Mapping[str, list[str]], accounts: Mapping[str, Account]
) -> Row:
    if person.account:
        because = "" if person.account in accounts else "Genesys Cloud did not list the account"
        return Row("linked", person.user, person.account, status=person.status, because=because)
    if not found:
        return Row("none", person.user, status=person.status)
    by = " ".join(sorted(set().union(*found.values())))
    because = _apart(person, found, wanted, accounts)
    state = "several" if because else "exact" if accounts[next(iter(found))].active else "inactive"
    return Row(state, person.user, " ".join(sorted(found)), by, person.status, because)


def _apart(
    person: Person, found: Mapping[str, set[str]], wanted: Mapping[str, list[str]], accounts: Mapping[str, Account]
) -> str:
    """Why the one account of a person may be somebody else's, empty when it can only be theirs."""
    if len(found) > 1:
        return f"{len(found)} accounts match"
    account = accounts[next(iter(found))]
    if account.owner:
        return f"linked to {account.owner}"
    if account.bears and account.bears != person.user:
        return f"bears the id of user:{account.bears}"
    others = [f"user:{user}" for user in wanted[account.account] if user != person.user]
    return f"matches {' '.join(sorted(others))} too" if others else ""


def _left(account: Account, linked: Mapping[str, str]) -> str:
    if account.owner:
        return f"linked to {account.owner}, who is not assigned"
    if account.bears:
        elsewhere = "is linked to another account" if account.bears in linked else "is not assigned"
        return f"bears the id of user:{account.bears}, who {elsewhere}"
    return "nobody who is assigned matches"
