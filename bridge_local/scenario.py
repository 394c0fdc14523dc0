"""The demo's story: a company of invented people hires, moves and leaves, in every way that Okta has events for."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from bridge_local.genesys import GenesysModel
from bridge_local.okta import OktaModel
from bridge_local.proof import Story

#: The event types that a whole story raises.
EVENT_TYPES = frozenset(
    {
        "user.lifecycle.create",
        "user.lifecycle.activate",
        "user.lifecycle.reactivate",
        "user.lifecycle.deactivate",
        "user.lifecycle.suspend",
        "user.lifecycle.unsuspend",
        "user.lifecycle.delete.initiated",
        "user.account.update_profile",
        "user.account.lock",
        "user.account.unlock_by_admin",
        "user.account.update_password",
        "user.account.reset_password",
        "application.user_membership.add",
        "application.user_membership.remove",
        "application.user_membership.update",
        "application.lifecycle.create",
        "application.lifecycle.update",
        "application.lifecycle.deactivate",
        "application.lifecycle.activate",
        "application.lifecycle.delete",
        "group.user_membership.add",
        "group.user_membership.remove",
        "group.profile.update",
        "group.lifecycle.create",
        "group.lifecycle.delete",
        "group.application_assignment.add",
        "group.application_assignment.remove",
        "group.application_assignment.update",
    }
)
#: Names of the linked groups in Okta, and what Genesys Cloud calls them. The last two are linked by name alone.
GROUPS = {
    "Support": "Support",
    "Sales": "SALES",
    "Billing": "Billing",
    "Genesys Night Shift": "Genesys Night Shift",
    "Genesys Trainers": "Genesys trainers",
}
#: The setting that links the last two.
LINKED_GROUPS = "Genesys *"
#: The group that a mistake empties.
EMPTIED = "Sales"
_EVERYBODY = "Contact Center"

_FIRST = (
    "Ada",
    "Ben",
    "Cleo",
    "Dara",
    "Emil",
    "Fay",
    "Gus",
    "Hana",
    "Ivo",
    "June",
    "Kai",
    "Lena",
    "Milo",
    "Nora",
    "Otis",
)
_LAST = (
    "Brook",
    "Field",
    "Grove",
    "Hill",
    "Lake",
    "Marsh",
    "Meadow",
    "Moor",
    "Park",
    "Rivers",
    "Stone",
    "Vale",
    "Wood",
)
_TITLES = ("Agent", "Senior Agent", "Team Lead", "Trainer", "Analyst", "Zoë's Deputy")
#: How many of the people show another name than their first and last.
_OWN_DISPLAY_NAME = 0.1
_DEPARTMENTS = ("Care", "Retail", "Back Office", "Quality")


class Company:
    """An Okta org and a Genesys Cloud organization, and what happens in the first."""

    def __init__(self, okta: OktaModel, genesys: GenesysModel, rng: random.Random) -> None:
        """Begin with the groups that Genesys Cloud has; everything else comes from Okta."""
        self.okta = okta
        self.genesys = genesys
        self.rng = rng
        self.held: frozenset[str] = frozenset()
        self._genesys_groups = {name: genesys.add_group(theirs) for name, theirs in GROUPS.items()}
        self._groups: dict[str, str] = {}
        self._everybody = ""
        self._people: list[str] = []
        self._individual: list[str] = []
        self._staged: list[str] = []
        self._provisioned: list[str] = []

    @property
    def story(self) -> Story:
        """What the proof must know."""
        links = {self._groups[name]: genesys_id for name, genesys_id in self._genesys_groups.items()}
        held = {self._groups[EMPTIED]: self.held} if self.held else {}
        return Story(links, held)

    @property
    def everybody(self) -> str:
        """The Okta group that assigns people to the application, and that Genesys Cloud has no namesake of."""
        return self._everybody

    def hire(self, people: int) -> None:
        """Groups, people, memberships and assignments."""
        okta = self.okta
        self._groups = {name: okta.create_group(name) for name in GROUPS}
        self._everybody = okta.create_group(_EVERYBODY)
        for name in (_EVERYBODY, "Support", "Sales", "Billing"):
            okta.assign_group(self._groups.get(name, self._everybody))
        self._people = [okta.create_user(self._profile(number)) for number in range(people)]
        self._staged = [okta.create_user(self._profile(people + n), activate=False) for n in range(3)]
        self._provisioned = [okta.create_user(self._profile(people + 3 + n), status="PROVISIONED") for n in range(2)]
        self._individual = [okta.create_user(self._profile(people + 5 + n)) for n in range(4)]
        okta.add_members(self._everybody, [*self._people, *self._staged, *self._provisioned])
        for user_id in self._individual:
            okta.assign_user(user_id)
        size = max(1, min(people, max(people // 4, 20)))
        for group_id in self._groups.values():
            okta.add_members(group_id, self.rng.sample(self._people, size))

    def changes(self) -> Iterator[Callable[[], None]]:
        """What happens afterwards, step by step, in an order of chance. Needs a company of 100 or more."""
        self.rng.shuffle(self._people)
        people = iter(self._people)

        def some(count: int) -> list[str]:
            return [next(people) for _ in range(count)]

        okta = self.okta
        steps: list[Callable[[], None]] = [
            *(self._step(self._edit, user_id) for user_id in some(25)),
            *(self._step(okta.update_app_user, user_id, profile={"note": "renewed"}) for user_id in some(2)),
            *(self._step(self._rename, user_id) for user_id in some(2)),
            *(self._step(okta.suspend, user_id) for user_id in some(3)),
            *(self._step(self._suspend_for_a_while, user_id) for user_id in some(2)),
            *(self._step(okta.deactivate, user_id) for user_id in some(5)),
            *(self._step(self._leave_and_return, user_id) for user_id in some(2)),
            *(self._step(self._erase, user_id) for user_id in some(2)),
            *(self._step(self._sign_in_troubles, user_id) for user_id in some(2)),
            *(self._step(okta.remove_members, self._everybody, [user_id]) for user_id in some(3)),
            *(self._step(okta.unassign_user, user_id) for user_id in self._individual[:2]),
            *(self._step(okta.activate, user_id) for user_id in self._staged[:2]),
            *(self._step(okta.reactivate, user_id) for user_id in self._provisioned),
            *(self._step(self._reshuffle, name) for name in GROUPS if name != EMPTIED),
            self._step(okta.rename_group, self._groups["Billing"], "Billing and Refunds"),
            self._step(okta.update_group_assignment, self._everybody, profile={"note": "renewed"}),
            self._step(okta.update_app, "Genesys Cloud (production)"),
            self._switch_app_off_and_on,
            self._another_app,
            self._another_group,
            self._empty,
        ]
        self.rng.shuffle(steps)
        yield from steps

    @staticmethod
    def _step(act: Callable[..., Any], *arguments: Any, **named: Any) -> Callable[[], None]:
        def step() -> None:
            act(*arguments, **named)

        return step

    # ------------------------------------------------------------------------------------------ people

    def _profile(self, number: int) -> dict[str, Any]:
        first, last = self.rng.choice(_FIRST), self.rng.choice(_LAST)
        profile: dict[str, Any] = {
            "login": f"{first}.{last}.{number}@example.com".lower(),
            "firstName": first,
            "lastName": last,
            "employeeNumber": f"{1000 + number}",
            "title": self.rng.choice(_TITLES),
            "department": self.rng.choice(_DEPARTMENTS),
            "primaryPhone": self._phone(),
            "mobilePhone": self._phone(),
        }
        left_out = self.rng.choice(("", "", "", "title", "department", "primaryPhone", "mobilePhone"))
        profile.pop(left_out, None)
        if self.rng.random() < _OWN_DISPLAY_NAME:
            profile["displayName"] = f"{first} {last[0]}."
        return profile

    def _phone(self) -> str:
        last = self.rng.randrange(100, 200)
        forms = (
            "(412) 555-0{}",
            "412.555.0{}",
            "+1 412 555 0{}",
            "+44 20 7946 0{}",
            "+1 412-555-0{} ext. 42",
            "call the office {}",
        )
        return self.rng.choices(forms, weights=(4, 4, 4, 4, 1, 1))[0].format(last)

    def _edit(self, user_id: str) -> None:
        changes: dict[str, Any] = {
            "title": self.rng.choice((*_TITLES, None)),
            "department": self.rng.choice(_DEPARTMENTS),
            "mobilePhone": self._phone(),
        }
        names = self.rng.sample(list(changes), 2)
        self.okta.update_profile(user_id, {name: changes[name] for name in names})

    def _rename(self, user_id: str) -> None:
        login = f"renamed.{user_id[3:13].lower()}@example.org"
        self.okta.update_profile(user_id, {"lastName": "Newname", "login": login, "email": login})

    def _suspend_for_a_while(self, user_id: str) -> None:
        self.okta.suspend(user_id)
        self.okta.unsuspend(user_id)

    def _leave_and_return(self, user_id: str) -> None:
        self.okta.deactivate(user_id)
        self.okta.activate(user_id)

    def _erase(self, user_id: str) -> None:
        self.okta.delete(user_id)
        self.okta.delete(user_id)

    def _sign_in_troubles(self, user_id: str) -> None:
        self.okta.lock_out(user_id)
        self.okta.unlock(user_id)
        self.okta.reset_password(user_id)
        self.okta.update_password(user_id)

    # ------------------------------------------------------------------------------ groups, applications

    def _reshuffle(self, name: str) -> None:
        group_id = self._groups[name]
        present = sorted(self.okta.members(group_id))
        absent = sorted(set(self._people) & self.okta.users.current.keys() - set(present))
        self.okta.remove_members(group_id, self.rng.sample(present, 4))
        self.okta.add_members(group_id, self.rng.sample(absent, 5))

    def _empty(self) -> None:
        self.held = self.okta.members(self._groups[EMPTIED])
        self.okta.remove_members(self._groups[EMPTIED], sorted(self.held))

    def _switch_app_off_and_on(self) -> None:
        self.okta.deactivate_app()
        self.okta.activate_app()

    def _another_app(self) -> None:
        wiki = self.okta.create_app("Wiki")
        self.okta.assign_user(self._individual[3], app_id=wiki)
        self.okta.deactivate_app(wiki)
        self.okta.delete_app(wiki)

    def _another_group(self) -> None:
        group_id = self.okta.create_group("Table Tennis")
        self.okta.assign_group(group_id)
        self.okta.unassign_group(group_id)
        self.okta.delete_group(group_id)
