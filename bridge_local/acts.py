"""What a person can do on the local stack: change Okta as an administrator does, and break a server.

`ACTS` says each act's words and what it takes; the console, ``bridge play`` and the function ``Play`` read it there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bridge_local.exchange import Request
from bridge_local.faults import Effect, Fault, late
from bridge_local.genesys import GenesysModel
from bridge_local.genesys import faults as genesys_faults
from bridge_local.okta import OktaModel
from bridge_local.okta import faults as okta_faults
from bridge_local.okta.org import OktaRefused

#: Most people that one act makes.
MAX_PEOPLE = 5000
#: Longest text that an act takes.
_LONGEST = 255
#: Seconds that a slow server takes longer, and that a limited one asks to wait.
_SLOW, _ASKED = 2.0, 5

Takes = Literal["user", "group", "value", "count"]


@dataclass(frozen=True)
class Act:
    """One act.

    Attributes:
        says: what it does, for people.
        takes: the fields that it needs: ``user`` and ``group`` (an id or a name), ``value`` (a text), ``count``.
        example: the words after ``bridge play okta``.
        count: how many where none is named.
    """

    says: str
    takes: tuple[Takes, ...]
    example: str
    count: int = 0


ACTS: Mapping[str, Act] = {
    "hire": Act("make new people in Okta and assign them to the application", ("count",), "hire --count 3", 1),
    "assign": Act("assign a person to the application", ("user",), "assign ada.brook@example.com"),
    "unassign": Act("take a person's assignment away", ("user",), "unassign ada.brook@example.com"),
    "rename": Act("give a person another name", ("user", "value"), "rename ada.brook@example.com Ada Lake"),
    "title": Act("give a person another title", ("user", "value"), "title ada.brook@example.com Analyst"),
    "phone": Act("give a person another work phone", ("user", "value"), "phone ada.brook@example.com +14125550199"),
    "suspend": Act("suspend a person", ("user",), "suspend ada.brook@example.com"),
    "unsuspend": Act("end a person's suspension", ("user",), "unsuspend ada.brook@example.com"),
    "deactivate": Act("deactivate a person", ("user",), "deactivate ada.brook@example.com"),
    "activate": Act("activate a person who is staged or deactivated", ("user",), "activate ada.brook@example.com"),
    "delete": Act("delete a person, who is deactivated first", ("user",), "delete ada.brook@example.com"),
    "join": Act("put a person into a group", ("user", "group"), "join ada.brook@example.com Support"),
    "leave": Act("take a person out of a group", ("user", "group"), "leave ada.brook@example.com Support"),
    "empty": Act("take everybody out of a group", ("group",), "empty Support"),
    "rule": Act(
        "have a group rule add people at once, new ones where Okta has too few", ("group", "count"), "rule Support", 500
    ),
}

#: How a server is broken: what it does then.
BREAKS: Mapping[str, str] = {
    "down": "answers 503 to everything",
    "limited": "answers 429 to everything",
    "slow": f"takes {_SLOW:g} seconds longer for each answer",
    "refuses": "refuses every change of a title",
    "lies": "shows one entry of a listing of people, as if that were all",
}
SERVERS = ("okta", "genesys")
_NAMES = {"okta": "Okta", "genesys": "Genesys Cloud"}
_OKTA_LISTINGS = r"^GET /api/v1/(apps|groups)/[^/]+/users(\?|$)"
_GENESYS_LISTINGS = r"^GET .*/groups"
_TITLE = "title"
_FIRST = ("Alma", "Bo", "Carla", "Dov", "Elif", "Finn", "Greta", "Hugo", "Ines", "Jon", "Kim", "Lou", "Mia", "Noor")
_LAST = ("Berg", "Dale", "Ford", "Glen", "Heath", "Isle", "Knoll", "Lark", "Mill", "North", "Pond", "Ridge", "Shore")


def invented(number: int) -> tuple[str, str]:
    """First and last name of the person of that number; after 182 they come again."""
    return _FIRST[number % len(_FIRST)], _LAST[number // len(_FIRST) % len(_LAST)]


class ActRefused(ValueError):
    """It cannot be done; the message names the field and what was expected."""


class Acts:
    """Does them."""

    def __init__(self, okta: OktaModel, genesys: GenesysModel) -> None:
        """On these two servers."""
        self._okta = okta
        self._genesys = genesys

    def act(self, name: str, fields: Mapping[str, Any]) -> str:
        """Do one of `ACTS`; what has happened, in a sentence without names.

        Raises:
            ActRefused: a field is not as expected, or Okta would not do it.
        """
        act = ACTS[name]
        method: Callable[..., str] = getattr(self, f"_{name}")
        given = {field: getattr(self, f"_{field}")(act, fields.get(field)) for field in act.takes}
        try:
            return method(**given)
        except OktaRefused as refused:
            raise ActRefused(f"Okta refuses: {refused}") from None

    def act_in_words(self, name: str, words: Sequence[str], count: object) -> str:
        """The same as `act`, in the words of a command: who or which group, then all the rest as one text.

        Raises:
            ActRefused: also for an act that is not there, and for words too many or too few.
        """
        if name not in ACTS:
            raise ActRefused(f"act: expected one of {', '.join(ACTS)}")
        fields = [field for field in ACTS[name].takes if field != "count"]
        if bool(words) != bool(fields) or len(words) < len(fields):
            raise ActRefused(f"words: expected as in: {ACTS[name].example}")
        given: dict[str, object] = {"count": count}
        if fields:
            texts = [*words[: len(fields) - 1], " ".join(words[len(fields) - 1 :])]
            given |= dict(zip(fields, texts, strict=True))
        return self.act(name, given)

    def break_(self, server: str, how: str) -> str:
        """Break a server in one of the ways of `BREAKS`; the earlier way ends.

        Raises:
            ActRefused: there is no such server or way, or this server does not fail so.
        """
        if server not in SERVERS:
            raise ActRefused(f"server: expected one of {', '.join(SERVERS)}")
        if how not in BREAKS or (server, how) == ("okta", "refuses"):
            ways = [way for way in BREAKS if (server, way) != ("okta", "refuses")]
            raise ActRefused(f"how: expected one of {', '.join(ways)}")
        self.mend(server)
        if how == "refuses":
            self._genesys.switches.refused_attributes.add(_TITLE)
            return f"{_NAMES[server]} {BREAKS[how]}."
        ours = okta_faults if server == "okta" else genesys_faults
        lies = _OKTA_LISTINGS if server == "okta" else _GENESYS_LISTINGS
        effects: dict[str, tuple[str, Effect]] = {
            "down": ("", ours.refused(503)),
            "limited": ("", okta_faults.rate_limited() if server == "okta" else genesys_faults.rate_limited(_ASKED)),
            "slow": ("", late(_SLOW)),
            "lies": (lies, okta_faults.short_listing(1) if server == "okta" else genesys_faults.cut_members(1)),
        }
        self._faults(server).add(Fault(*effects[how], when=_Broken(how)))
        return f"{_NAMES[server]} {BREAKS[how]}."

    def broken(self) -> dict[str, str]:
        """Server -> how it is broken, without those that are well."""
        found = {}
        for server in SERVERS:
            rules = self._faults(server).rules
            if ways := [rule.when.how for rule in rules if isinstance(rule.when, _Broken)]:
                found[server] = ways[0]
            elif rules:
                found[server] = "broken by a scene"
        if _TITLE in self._genesys.switches.refused_attributes:
            found.setdefault("genesys", "refuses")
        return found

    def mend(self, *servers: str) -> None:
        """End what `break_` began, at these servers or at both; also what a scene has broken there."""
        for server in servers or SERVERS:
            self._faults(server).clear()
            if server == "genesys":
                self._genesys.switches.refused_attributes.discard(_TITLE)

    def _faults(self, server: str) -> Any:
        return self._okta.faults if server == "okta" else self._genesys.faults

    # ------------------------------------------------------------------------------------------ fields

    def _user(self, _act: Act, text: object) -> str:
        """The id of a person, by id, login, e-mail address or display name."""
        name = _text("user", text)
        with self._okta.lock:
            users = self._okta.users.current
            found = [name] if name in users else [self._okta.user_id_of(name)]
            if not found[0]:
                found = [each.id for each in users.values() if name in {each.display_name, each.profile.get("email")}]
        return _only("user", "a person", found)

    def _group(self, _act: Act, text: object) -> str:
        """The id of a group, by id or name without case."""
        name = _text("group", text).removeprefix("group:")
        with self._okta.lock:
            groups = self._okta.groups.current
            found = [name] if name in groups else []
            found = found or [each.id for each in groups.values() if each.name.casefold() == name.casefold()]
        return _only("group", "a group", found)

    @staticmethod
    def _value(_act: Act, text: object) -> str:
        return _text("value", text)

    @staticmethod
    def _count(act: Act, number: object) -> int:
        count = act.count if number in {None, ""} else number
        if isinstance(count, str) and count.isdecimal():
            count = int(count)
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_PEOPLE:
            raise ActRefused(f"count: expected a whole number from 1 to {MAX_PEOPLE}")
        return count

    # -------------------------------------------------------------------------------------------- acts

    def _hire(self, count: int) -> str:
        for user_id in self._new_people(count):
            self._okta.assign_user(user_id)
        return f"Okta has {count} people more, assigned to the application."

    def _assign(self, user: str) -> str:
        self._okta.assign_user(user)
        return "Okta has assigned the person to the application."

    def _unassign(self, user: str) -> str:
        with self._okta.lock:
            assignment = self._okta.assignments[self._okta.app_id].current.get(user)
            if assignment is not None and not assignment.individual:
                name = self._okta.groups.current[assignment.group_id].name
                raise ActRefused(f"user: the group {name} gives the assignment; take the person out of it")
        self._okta.unassign_user(user)
        return "Okta has taken the person's assignment away."

    def _rename(self, user: str, value: str) -> str:
        first, _, last = value.rpartition(" ")
        changes: dict[str, Any] = {"firstName": first or last, "lastName": last}
        with self._okta.lock:
            if self._okta.users.current[user].profile.get("displayName"):
                changes["displayName"] = f"{first} {last}".strip()
            self._okta.update_profile(user, changes)
        return "Okta has renamed the person."

    def _title(self, user: str, value: str) -> str:
        self._okta.update_profile(user, {"title": value})
        return "Okta has given the person another title."

    def _phone(self, user: str, value: str) -> str:
        self._okta.update_profile(user, {"primaryPhone": value})
        return "Okta has given the person another work phone."

    def _suspend(self, user: str) -> str:
        self._okta.suspend(user)
        return "Okta has suspended the person."

    def _unsuspend(self, user: str) -> str:
        self._okta.unsuspend(user)
        return "Okta has ended the person's suspension."

    def _deactivate(self, user: str) -> str:
        self._okta.deactivate(user)
        return "Okta has deactivated the person."

    def _activate(self, user: str) -> str:
        self._okta.activate(user)
        return "Okta has activated the person."

    def _delete(self, user: str) -> str:
        if not self._okta.delete(user):
            self._okta.delete(user)
        return "Okta has deactivated and deleted the person."

    def _join(self, user: str, group: str) -> str:
        if not self._okta.add_members(group, [user]):
            raise ActRefused("user: is a member of this group already")
        return "Okta has put the person into the group."

    def _leave(self, user: str, group: str) -> str:
        if not self._okta.remove_members(group, [user]):
            raise ActRefused("user: is no member of this group")
        return "Okta has taken the person out of the group."

    def _empty(self, group: str) -> str:
        gone = self._okta.remove_members(group, sorted(self._okta.members(group)))
        if not gone:
            raise ActRefused("group: nobody is in it")
        return f"Okta has taken all {len(gone)} people out of the group."

    def _rule(self, group: str, count: int) -> str:
        with self._okta.lock:
            inside = self._okta.members(group)
            assigned = self._okta.assignments[self._okta.app_id].current
            outside = [each for each in assigned if each not in inside][:count]
        for user_id in (new := self._new_people(count - len(outside))):
            self._okta.assign_user(user_id)
        self._okta.add_members(group, [*outside, *new])
        return f"A group rule has put {count} people into the group, {len(new)} of them new in Okta."

    def _new_people(self, count: int) -> list[str]:
        made = []
        for _ in range(count):
            number = len(self._okta.users.current)
            first, last = invented(number)
            while self._okta.user_id_of(login := f"{first}.{last}.{number}@example.com".lower()):
                number += 1
            profile = {"login": login, "firstName": first, "lastName": last, "title": "Agent"}
            made.append(self._okta.create_user(profile))
        return made


@dataclass(frozen=True)
class _Broken:
    """Marks a fault as one of `Acts.break_`; it meets every request that matches."""

    how: str

    def __call__(self, _request: Request) -> bool:
        return True


def _text(field: str, text: object) -> str:
    if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST:
        raise ActRefused(f"{field}: expected a text of 1 to {_LONGEST} characters")
    return text.strip()


def _only(field: str, what: str, found: Sequence[str] | Iterable[str]) -> str:
    ids = [each for each in found if each]
    if len(ids) != 1:
        many = "nobody and nothing is called so" if not ids else f"{len(ids)} are called so"
        raise ActRefused(f"{field}: expected the id or name of {what}; {many}")
    return ids[0]
