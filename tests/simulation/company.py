"""The company of a run: small, mostly long provisioned, with linked groups and administrators who change it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.provisioning.records import GroupLink, GroupState
from bridge.provisioning.user_records import Origin
from bridge_local.genesys.errors import Refused
from bridge_local.okta import OktaRefused
from tests.simulation.gate import History
from tests.world import World

NAMES = ("Ada", "Bea", "Cy", "Dee", "Eli", "Fay", "Gus", "Hal", "Ida", "Jo", "Kim", "Lou", "Mia", "Ned", "Oda", "Pam")
#: Names of the linked groups; the first is linked by its name, the second because it is assigned to the application.
BY_NAME, BY_ASSIGNMENT, LATER = "Agents", "Contact Center", "Night Shift"
#: The group of protected people, in the runs that have one; it is linked with nothing.
PROTECTED = "Directors"
_TITLES = (None, "Adviser", "Manager", "Zoë's Deputy")
_PHONES = (None, "+13175550100", "317 555 0101", "no number")


@dataclass
class Company:
    """Who and what there is, by name.

    Attributes:
        people: Okta ids, also of people who are gone.
        groups: Okta group id by name, also of groups that are gone.
        hand_made: Genesys Cloud ids of users whom Okta does not know.
        linked: Okta group id -> Genesys Cloud id of the groups that have long been linked.
        linkable: likewise, of one that has just become so.
        accounts: Genesys Cloud id by Okta id of those who had one before the run.
        touched: ids of what somebody has changed in Genesys Cloud itself.
        hand: decides what is done by hand, apart from whatever else a seed draws.
        deleted_by_hand: Genesys Cloud ids that may be restored.
    """

    world: World
    chance: random.Random
    history: History
    people: list[str] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)
    hand_made: list[str] = field(default_factory=list)
    linked: dict[str, str] = field(default_factory=dict)
    linkable: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    hand: random.Random = field(default_factory=random.Random)
    deleted_by_hand: list[str] = field(default_factory=list)

    # ------------------------------------------------------------------------------------------ before

    def found(self, size: int, *, protects: bool = False) -> None:
        """Everything that there is before the first event: `size` people, most of them assigned by a group.

        `protects`: two of them are protected.
        """
        world, okta = self.world, self.world.okta
        with okta.quietly():
            self._group(BY_NAME)
            self._group(BY_ASSIGNMENT)
            okta.assign_group(self.groups[BY_ASSIGNMENT])
            self._keep_one()
            for number in range(size):
                person = self._person()
                if number % 3:
                    okta.add_members(self.groups[BY_ASSIGNMENT], [person])
                else:
                    okta.assign_user(person)
                if number % 4:
                    okta.add_members(self.groups[BY_NAME], [person])
                origin = Origin.ADOPTED if self.chance.random() < 0.1 else Origin.CREATED
                self._give_account(person, origin)
            if protects:
                okta.add_members(self._group(PROTECTED), self.people[1:3])
        stranger = world.genesys.add_user({"userName": "stranger@example.com", "displayName": "S", "active": False})
        self.hand_made.append(stranger)
        self.history.names[stranger] = "account-of-a-stranger"
        for name in (BY_NAME, BY_ASSIGNMENT):
            self._link(name)
        self._genesys_later = world.genesys.add_group(LATER)

    def _person(self) -> str:
        number = len(self.people)
        name = NAMES[number % len(NAMES)] + (str(number // len(NAMES)) if number >= len(NAMES) else "")
        person = self.world.person(f"{name} Test", assigned=False)
        self.people.append(person)
        self.history.names[person] = name
        return person

    def _keep_one(self) -> None:
        """One person stays whatever happens: a reconcile that finds nobody at all believes nothing, and rightly so."""
        keeper = self.world.person("Keeper Test")
        self.history.names[keeper] = "Keeper"
        self._give_account(keeper, Origin.CREATED)

    def _give_account(self, person: str, origin: Origin) -> None:
        """The account that the person has long had, with the values of today."""
        profile = self.world.okta.users.current[person].profile
        if self.world.bootstrapped:
            genesys_id = self.world.link_account(person, origin)
        else:
            found = self._account_before_the_bridge(person)
            if not found:
                return
            genesys_id = found
        self.accounts[person] = genesys_id
        self.history.names[genesys_id] = f"account-of-{self.history.names[person]}"
        values = {
            "displayName": f"{profile['firstName']} {profile['lastName']}",
            "emails": [{"type": "work", "value": profile["email"]}],
        }
        self.world.genesys.edit_user(genesys_id, values)

    def _account_before_the_bridge(self, person: str) -> str:
        """What the native application made, with the Okta id, or somebody by hand; or nothing yet."""
        login = self.world.okta.users.current[person].login
        made = self.chance.choice(("native", "native", "native", "by hand", "nothing"))
        if made == "nothing":
            return ""
        external = {"externalId": person} if made == "native" else {}
        active = self.chance.random() < 0.9
        return self.world.genesys.add_user({"userName": login, "displayName": login, "active": active, **external})

    def _group(self, name: str) -> str:
        group = self.groups[name] = self.world.okta.create_group(name)
        self.history.names[group] = name.replace(" ", "-")
        return group

    def _link(self, name: str) -> None:
        """Link a group and give it its members, as a sync long ago did."""
        world, store, group = self.world, self.world.store, self.groups[name]
        genesys_id = self.linked[group] = world.genesys.add_group(name)
        self.history.names[genesys_id] = f"Genesys-{name.replace(' ', '-')}"
        members = world.okta.members(group)
        accounts = [self.accounts[member] for member in sorted(members) if member in self.accounts]
        if not world.bootstrapped:  # and anyone who was put there by hand
            accounts += [account for account in self.accounts.values() if self.chance.random() < 0.2]
        world.genesys.edit_members(genesys_id, add=[*dict.fromkeys(accounts), *self.hand_made])
        if not world.bootstrapped:
            return
        store.owner_of[genesys_id] = f"group:{group}"
        store.group_links[group] = GroupLink(
            group,
            state=GroupState.LINKED,
            genesys_id=genesys_id,
            linked_by="assigned" if name == BY_ASSIGNMENT else f"name {name}",
            first_sync_ended=True,
            nonempty=world.okta.now(),
        )
        store.add_seen(f"group:{group}", members)

    # -------------------------------------------------------------------------------------------- acts

    def act(self, person: str = "") -> None:
        """Something that an administrator does, to this person where it is about one."""
        [(_, act)] = self.chance.choices(ACTS, weights=[weight for weight, _ in ACTS])
        person = person or self._somebody()
        name = act.__name__.strip("_")
        try:
            said = act(self, person)
        except (OktaRefused, KeyError):
            return
        if said is not None:
            self.history.tell(f"ADMIN {name} {said}".rstrip())

    def turn(self, about: str) -> None:
        """Change whom a sync is just about to the opposite, or who belongs to the group that it is about."""
        okta = self.world.okta
        try:
            if about in okta.groups:
                going = self._going(about)
                if going and self.chance.random() < 0.8:
                    self._correct(about, going)
                else:
                    self._swap(about)
            elif about in okta.assignments[okta.app_id]:
                self.chance.choice((self._unassign, self._deactivate, self._suspend))(about)
            else:
                if okta.users.current[about].status == "DEPROVISIONED":
                    okta.activate(about)
                okta.assign_user(about)
        except (OktaRefused, KeyError):
            return
        self.history.tell(f"ADMIN turn {about}")

    def _swap(self, group: str) -> None:
        """Somebody comes or goes, and perhaps somebody else goes."""
        okta, inside = self.world.okta, self.world.okta.members(group)
        chosen = self.chance.choice(self.people)
        (okta.remove_members if chosen in inside else okta.add_members)(group, [chosen])
        others = sorted(inside - {chosen})
        if others and self.chance.random() < 0.5:
            okta.remove_members(group, [self.chance.choice(others)])

    def swap_one(self, group: str, *, back: bool = False) -> None:
        """Somebody leaves a linked group; or somebody who is leaving it is `back`, and somebody new joins."""
        okta = self.world.okta
        if group not in okta.groups.current:
            return
        inside = okta.members(group)
        outside = sorted(set(self.people) & okta.users.current.keys() - inside)
        if not back and inside:
            okta.remove_members(group, [self.hand.choice(sorted(inside))])
        elif back:
            joining = self.hand.sample(outside, min(self.hand.choice((0, 1)), len(outside)))
            okta.add_members(group, sorted({*self._going(group), *joining}))
        self.history.tell(f"ADMIN {'thinks better of' if back else 'takes somebody out of'} {group}")

    def _going(self, group: str) -> list[str]:
        """Who has been taken out of a linked group and is still a member in Genesys Cloud."""
        if group not in self.linked:
            return []
        okta = self.world.okta
        return sorted((self.world.members(self.linked[group]) & okta.users.current.keys()) - okta.members(group))

    def _correct(self, group: str, going: list[str]) -> None:
        """The wrong people were taken out: they come back before they are gone, and as many others go instead."""
        okta, inside = self.world.okta, self.world.okta.members(group)
        okta.add_members(group, going)
        okta.remove_members(group, self.chance.sample(sorted(inside), min(len(going), len(inside))))

    def _change_of_mind(self, person: str) -> str:
        """Somebody is hired, and the contract is ended at once."""
        hired = self._hire(person)
        if self.chance.random() < 0.5:
            self.world.okta.deactivate(hired)
        elif self.world.okta.assignments[self.world.okta.app_id].current[hired].individual:
            self.world.okta.unassign_user(hired)
        else:
            self.world.okta.remove_members(self.groups[BY_ASSIGNMENT], [hired])
        return hired

    def _somebody(self) -> str:
        """Mostly one of the same few, or the newest, so that changes meet."""
        if self.chance.random() < 0.3:
            return self.people[-1]
        return self.people[min(int(self.chance.expovariate(0.4)), len(self.people) - 1)]

    def _some(self) -> list[str]:
        many = self.chance.choice((1, 1, 2, 3, 5, len(self.people)))
        return sorted(self.chance.sample(self.people, min(many, len(self.people))))

    def _any_group(self) -> str:
        return self.groups[self.chance.choice(list(self.groups))]

    def _hire(self, _person: str) -> str:
        person = self._person()
        if self.chance.random() < 0.5:
            self.world.okta.assign_user(person)
        else:
            self.world.okta.add_members(self.groups[BY_ASSIGNMENT], [person])
        return person

    def _hire_again(self, person: str) -> str | None:
        """Somebody new takes over the e-mail of somebody whom Okta has deleted."""
        okta = self.world.okta
        if person in okta.users.current:
            return None
        index = self.people.index(person)
        name = NAMES[index % len(NAMES)] + (str(index // len(NAMES)) if index >= len(NAMES) else "")
        again = self.world.person(f"{name} Test", assigned=True)
        self.people[index] = again
        self.people.append(person)
        self.history.names[again] = f"{name}-again"
        return again

    def _assign(self, person: str) -> str:
        self.world.okta.assign_user(person)
        return person

    def _unassign(self, person: str) -> str:
        self.world.okta.unassign_user(person)
        return person

    def _update(self, person: str) -> str:
        changes = {"title": self.chance.choice(_TITLES), "mobilePhone": self.chance.choice(_PHONES)}
        self.world.okta.update_profile(person, changes)
        return person

    def _rename(self, person: str) -> str:
        login = self.world.okta.users.current[person].login
        email = login if self.chance.random() < 0.5 else f"married.{login}"
        self.world.okta.update_profile(person, {"email": email})
        return person

    def _suspend(self, person: str) -> str:
        self.world.okta.suspend(person)
        return person

    def _unsuspend(self, person: str) -> str:
        self.world.okta.unsuspend(person)
        return person

    def _deactivate(self, person: str) -> str:
        self.world.okta.deactivate(person)
        return person

    def _activate(self, person: str) -> str:
        self.world.okta.activate(person)
        return person

    def _delete(self, person: str) -> str:
        okta = self.world.okta
        if okta.users.current[person].status == "DEPROVISIONED":
            okta.delete(person)
        else:
            okta.deactivate(person)
        return person

    def _lock(self, person: str) -> str:
        self.world.okta.lock_out(person)
        return person

    def _unlock(self, person: str) -> str:
        self.world.okta.unlock(person)
        return person

    def _join(self, _person: str) -> str:
        group, people = self._any_group(), [each for each in self._some() if each in self.world.okta.users.current]
        return f"{group} {self.world.okta.add_members(group, people)}"

    def _part(self, _person: str) -> str:
        group, people = self._any_group(), [each for each in self._some() if each in self.world.okta.users.current]
        return f"{group} {self.world.okta.remove_members(group, people)}"

    def _empty(self, _person: str) -> str:
        group = self._any_group()
        return f"{group} {self.world.okta.remove_members(group, sorted(self.world.okta.members(group)))}"

    def _new_group(self, _person: str) -> str:
        if LATER in self.groups:
            return "nothing"
        group = self._group(LATER)
        self.world.okta.add_members(group, [each for each in self._some() if each in self.world.okta.users.current])
        self.world.okta.assign_group(group)
        self.linkable[group] = self._genesys_later
        return group

    def _delete_group(self, _person: str) -> str | None:
        if self.chance.random() < 0.7:
            return None
        group = self.groups[BY_NAME]
        self.world.okta.delete_group(group)
        return group

    def _rename_group(self, _person: str) -> str:
        group = self._any_group()
        name = self.world.okta.groups.current[group].name
        self.world.okta.rename_group(
            group, name.removesuffix(" of old") if name.endswith(" of old") else f"{name} of old"
        )
        return group

    def _unassign_group(self, _person: str) -> str:
        self.world.okta.unassign_group(self.groups[BY_ASSIGNMENT])
        return self.groups[BY_ASSIGNMENT]

    def _assign_group(self, _person: str) -> str:
        self.world.okta.assign_group(self.groups[BY_ASSIGNMENT])
        return self.groups[BY_ASSIGNMENT]

    def _switch_app(self, _person: str) -> str:
        okta = self.world.okta
        if okta.apps[okta.app_id].status == "ACTIVE":
            okta.deactivate_app()
            return "off"
        okta.activate_app()
        return "on"

    def _edit_by_hand(self, person: str) -> str | None:
        """Somebody changes Genesys Cloud itself."""
        link = self.world.store.user_links.get(person)
        if link is None or self.world.genesys.user(link.genesys_id) is None:
            return None
        self.world.genesys.edit_user(link.genesys_id, {"displayName": "By hand"})
        self.touched.add(link.genesys_id)
        return person

    # --------------------------------------------------------------------------------- by hand, when asked for

    def handle(self, person: str) -> None:
        """An administrator of Genesys Cloud changes something there, about this person where it is about one."""
        act = self.hand.choice(HANDWORK)
        try:
            said = act(self, person)
        except (OktaRefused, Refused, KeyError):
            return
        if said is not None:
            if act is not Company._second_with_the_email:
                self.touched.update(said.split())
            self.history.tell(f"BY HAND {act.__name__.strip('_')} {said}")

    def _account_of(self, person: str) -> str:
        """The person's account, which exists.

        Raises:
            KeyError: there is none.
        """
        genesys_id = self.world.store.user_links[person].genesys_id
        if self.world.genesys.user(genesys_id) is None:
            raise KeyError(person)
        return genesys_id

    def _delete_by_hand(self, person: str) -> str:
        account = self._account_of(person)
        self.world.genesys.delete_user(account)
        self.deleted_by_hand.append(account)
        return account

    def _restore_by_hand(self, _person: str) -> str | None:
        """Somebody brings a deleted account back; only while its person has no other one, as Genesys Cloud demands."""
        if not self.deleted_by_hand:
            return None
        account = self.deleted_by_hand.pop()
        owner = self.world.genesys.directory.users[account].external_id
        if any(each.get("externalId") == owner for each in self.world.genesys.users()):
            return None
        self.world.genesys.restore_user(account)
        return account

    def _deactivate_by_hand(self, person: str) -> str:
        account = self._account_of(person)
        self.world.genesys.deactivate_user(account)
        return account

    def _activate_by_hand(self, person: str) -> str:
        account = self._account_of(person)
        self.world.genesys.activate_user(account)
        return account

    def _rename_by_hand(self, person: str) -> str:
        account = self._account_of(person)
        name = f"by.hand.{account[:8]}@example.com" if self.hand.random() < 0.3 else ""
        self.world.genesys.rename_user(account, "By hand", name)
        return f"{account} {name}".strip()

    def _edit_members_by_hand(self, person: str) -> str:
        group, account = self.hand.choice(sorted(self.linked.values())), self._account_of(person)
        inside = account in self.world.genesys.members(group)
        self.world.genesys.edit_members(group, **{"remove" if inside else "add": [account]})
        return f"{group} {'without' if inside else 'with'} {account}"

    def _rename_group_by_hand(self, _person: str) -> str:
        group = self.hand.choice(sorted(self.linked.values()))
        name = self.world.genesys.groups()[group]
        self.world.genesys.rename_group(group, name[:-1] if name.endswith("!") else f"{name}!")
        return group

    def _second_with_the_email(self, person: str) -> str:
        """Somebody is hired with the e-mail of somebody else, under another login."""
        email = str(self.world.okta.users.current[person].profile["email"])
        number = len(self.people)
        second = self.world.person(f"Second{number} Test", assigned=False)
        self.world.okta.update_profile(second, {"email": email})
        self.world.okta.assign_user(second)
        self.people.append(second)
        self.history.names[second] = f"Second-{self.history.names.get(person, person)}"
        return second


#: What is done by hand in Genesys Cloud, and in Okta so that two people share an address.
HANDWORK: list[Callable[[Company, str], str | None]] = [
    Company._delete_by_hand,
    Company._delete_by_hand,
    Company._restore_by_hand,
    Company._restore_by_hand,
    Company._deactivate_by_hand,
    Company._activate_by_hand,
    Company._rename_by_hand,
    Company._edit_members_by_hand,
    Company._edit_members_by_hand,
    Company._rename_group_by_hand,
    Company._second_with_the_email,
]
Act = Callable[[Company, str], str | None]
#: What administrators do, and how often.
ACTS: list[tuple[int, Act]] = [
    (4, Company._hire),
    (6, Company._change_of_mind),
    (2, Company._hire_again),
    (8, Company._assign),
    (8, Company._unassign),
    (6, Company._update),
    (4, Company._rename),
    (5, Company._suspend),
    (5, Company._unsuspend),
    (8, Company._deactivate),
    (7, Company._activate),
    (3, Company._delete),
    (1, Company._lock),
    (1, Company._unlock),
    (12, Company._join),
    (14, Company._part),
    (2, Company._empty),
    (2, Company._new_group),
    (1, Company._delete_group),
    (1, Company._rename_group),
    (2, Company._unassign_group),
    (4, Company._assign_group),
    (2, Company._switch_app),
    (1, Company._edit_by_hand),
]
