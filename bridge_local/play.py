"""Plays with the local stack: prepares a scene that needs somebody, and mends what is broken.

A scene stands in ``scenes.json``: what it says, its steps, and what must be seen then: the problem's id and command in
``bridge status``, the alarm, and the metric that it watches. A step names a method of `Stagehand`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from bridge.items import Reason, make_item
from bridge.outbound.breaker import FIRST_WAIT
from bridge.provisioning.hold_records import Hold, HoldState
from bridge.provisioning.linking import LINKED_BY_OPERATOR
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import GroupState, LogCursor, ParkedItem
from bridge.provisioning.user_records import Origin, UserState
from bridge_local.acts import ACTS, ActRefused, Acts, invented
from bridge_local.faults import Fault
from bridge_local.functions import Invoked
from bridge_local.genesys import GenesysModel
from bridge_local.genesys import faults as genesys_faults
from bridge_local.okta import OktaModel
from bridge_local.okta import faults as okta_faults

_FILE = Path(__file__).with_name("scenes.json")


@dataclass(frozen=True)
class Scene:
    """What somebody has to be able to see and mend.

    Attributes:
        says: what has happened.
        steps: what prepares it: a method of `Stagehand` as ``do``, and its arguments.
        problem: the id that the status names.
        command: the words after ``bridge`` that the status names.
        alarm: the alarm that tells somebody.
        metric: what the alarm watches, or, for one on a silence, what tells why it is silent.
    """

    says: str
    steps: tuple[Mapping[str, Any], ...]
    problem: str
    command: str
    alarm: str
    metric: str


@cache
def scenes() -> Mapping[str, Scene]:
    """Every scene by name."""
    return {name: Scene(**each) for name, each in json.loads(_FILE.read_text("utf-8")).items()}


class Stagehand:
    """Makes what a scene needs; each step goes on with the people and the group of those before."""

    def __init__(self, okta: OktaModel, genesys: GenesysModel, store: Store, set_mode: Callable[[str], None]) -> None:
        """Both sides, and what the bridge remembers of people who have long been there.

        `set_mode` deploys the functions with another mode; empty is the one that they began with.
        """
        self._okta = okta
        self._genesys = genesys
        self._store = store
        self._set_mode = set_mode
        self._observes = False
        self._secret = genesys.tokens.client_secret
        self._people: list[str] = []
        self._group = ""

    def play(self, scene: Scene) -> None:
        """Every step of a scene."""
        for step in scene.steps:
            arguments = dict(step)
            getattr(self, arguments.pop("do").replace("-", "_"))(**arguments)

    def mend(self) -> None:
        """Put right what was broken; what people must decide stays."""
        self._okta.faults.clear()
        self._genesys.faults.clear()
        self._genesys.tokens.client_secret = self._secret
        self._verify("VERIFIED")
        self._store.pause_removals(paused=False)
        for upstream in ("okta", "genesys"):
            self._close(upstream)
        if self._observes:
            self.mode("")

    # ------------------------------------------------------------------------------------------- steps

    def team(self, people: int) -> None:
        """A group and its people, in Genesys Cloud for long."""
        with self._okta.quietly():
            self._people = [self._person() for _ in range(people)]
            name = f"Team {len(self._okta.groups.current) + 1}"
            self._group = self._okta.create_group(name)
            self._okta.add_members(self._group, self._people)
        group, accounts = self._genesys.add_group(name), [self._link(person) for person in self._people]
        self._genesys.edit_members(group, add=accounts)
        self._store.claim_group(
            replace(
                self._store.begin_group_sync(self._group),
                state=GroupState.LINKED,
                genesys_id=group,
                linked_by=LINKED_BY_OPERATOR,
                first_sync_ended=True,
                nonempty=self._okta.now(),
            )
        )

    def empty(self) -> None:
        """Everybody leaves the group in Okta."""
        self._okta.remove_members(self._group, self._people)
        if self._is_stopped:
            entity, now = f"group:{self._group}", self._okta.now()
            hold = Hold(entity, 1, HoldState.OPEN, 1, "ceiling-percent", len(self._people), (), now, now)
            self._store.save_hold(hold)
            self._store.stage(entity, 1, 1, self._people)

    def retitle(self) -> None:
        """Everybody gets another title in Okta."""
        for person in self._people:
            self._okta.update_profile(person, {"title": "Specialist"})

    def doubles(self, people: int) -> None:
        """New people whom two accounts each match."""
        for _ in range(people):
            with self._okta.quietly():
                person = self._person(assigned=False)
            login = self._okta.users.current[person].login
            documents = ({"userName": login}, {"userName": f"old.{login}", "externalId": person})
            accounts = [self._genesys.add_user({"displayName": "Somebody", **document}) for document in documents]
            self._okta.assign_user(person)
            if self._is_stopped:
                item = make_item(f"user:{person}", Reason.HOOK, person)
                found = " ".join(sorted(accounts))
                self._store.park(
                    ParkedItem(item.entity, item.id, item.to_json(), "ambiguous-match", found, self._okta.now())
                )

    def refuse(self, server: str, status: int, match: str = "") -> None:
        """A server answers this status, to what matches."""
        if server == "genesys" and self._is_refused:
            self._meet_both(f"genesys-{status}")
        if server == "okta":
            self._okta.faults.add(Fault(match, okta_faults.refused(status)))
        else:
            self._genesys.faults.add(Fault(match, genesys_faults.refused(status)))

    def renew_secret(self) -> None:
        """Genesys Cloud's client has another secret than the bridge."""
        if "down" in self._broken:
            self._meet_both("genesys-503")
        self._genesys.tokens.client_secret = "renewed"  # noqa: S105 - made up
        self._genesys.revoke_tokens()

    def unverify(self) -> None:
        """Okta's hooks lose their verification."""
        self._verify("UNVERIFIED")

    def fall_behind(self, minutes: int) -> None:
        """Catch-up has read nothing for so long."""
        cursor = self._store.log_cursor() or LogCursor("", "", self._okta.now())
        self._store.save_log_cursor(replace(cursor, at=self._okta.now() - timedelta(minutes=minutes)))

    def keep(self, people: int) -> None:
        """A rejected hold keeps some in the group whom Okta has taken out."""
        kept = self._people[:people]
        self._store.add_exceptions(f"group:{self._group}", kept)
        self._okta.remove_members(self._group, kept)

    def mode(self, name: str) -> None:
        """Deploy the functions with this mode."""
        self._observes = bool(name)
        self._set_mode(name)

    def unlinked_group(self, people: int) -> None:
        """A group is assigned that has no namesake in Genesys Cloud."""
        with self._okta.quietly():
            group = self._okta.create_group(f"Unlinked {len(self._okta.groups.current) + 1}")
            self._okta.add_members(group, [self._person(assigned=False) for _ in range(people)])
        self._okta.assign_group(group)
        if self._is_stopped:
            link = replace(self._store.begin_group_sync(group), state=GroupState.UNLINKED, why="no-match")
            self._store.save_group(link)

    def pause_removals(self, hours: int) -> None:
        """An operator has paused removals so long ago."""
        self._store.pause_removals(paused=True, at=self._okta.now() - timedelta(hours=hours))

    # ------------------------------------------------------------------------------------------- parts

    @property
    def _is_stopped(self) -> bool:
        """Whether another scene keeps the bridge from meeting this one: then it has met it before that."""
        return self._observes or self._is_refused or not self._broken.isdisjoint({"down", "limited"})

    @property
    def _broken(self) -> set[str]:
        """How Genesys Cloud is broken, by a scene or in the ways of `Acts.break_`."""
        return {getattr(rule.when, "how", "down") for rule in self._genesys.faults.rules}

    @property
    def _is_refused(self) -> bool:
        """Whether the bridge's secret is not the client's."""
        return self._genesys.tokens.client_secret != self._secret

    def _meet_both(self, why: str) -> None:
        """Genesys Cloud is down and the secret is refused: the bridge, which meets one of them, has met the other."""
        now, saved = self._okta.now(), False
        while not saved:  # the bridge may write the same record
            met = self._store.breaker("genesys")
            opened = met if met.open else replace(met, open=True, since=now, tried=now, wait=FIRST_WAIT)
            saved = self._store.save_breaker(replace(opened, why=why, refused="genesys-token-401"))

    def _close(self, upstream: str) -> None:
        """Have an upstream called again at once, which the bridge would try within five minutes."""
        breaker = self._store.breaker(upstream)
        while breaker.open:
            if self._store.save_breaker(replace(breaker, open=False, since=self._okta.now(), refused="")):
                return
            breaker = self._store.breaker(upstream)

    def _person(self, *, assigned: bool = True) -> str:
        number = len(self._okta.users.current) + 1
        first, last = invented(number)
        login = f"{first}.{last}.{number}@example.com".lower()
        profile = {"login": login, "email": login, "firstName": first, "lastName": last}
        person = self._okta.create_user(profile)
        if assigned:
            self._okta.assign_user(person)
        return person

    def _link(self, person: str) -> str:
        user = self._okta.users.current[person]
        account = self._genesys.add_user(
            {
                "userName": user.login,
                "displayName": user.display_name,
                "emails": [{"type": "work", "value": user.login}],
                "active": True,
                "externalId": person,
            }
        )
        self._store.claim_user(
            replace(
                self._store.begin_user_sync(person),
                state=UserState.LINKED,
                genesys_id=account,
                active=True,
                origin=Origin.CREATED,
                status="ACTIVE",
                assigned=True,
                epoch=self._store.app().epoch,
            )
        )
        return account

    def _verify(self, verification: str) -> None:
        with self._okta.lock:
            for hook_id, hook in self._okta.hooks.items():
                self._okta.hooks[hook_id] = replace(hook, verification=verification)


class Play:
    """The function ``Play`` of the local stack, which `bridge play` asks."""

    def __init__(self, stagehand: Stagehand, acts: Acts) -> None:
        """`stagehand` prepares scenes, `acts` does what a person asks for."""
        self._stagehand = stagehand
        self._acts = acts
        self._lock = Lock()

    def invoke(self, event: Any, qualifier: str = "") -> Invoked:  # noqa: ARG002 - as every function of the stack
        """Answer what is asked for as ``do``.

        That is ``scene`` (its ``name``), ``mend``, ``okta`` (an ``act`` of `ACTS` with its fields, or with ``words``
        and ``count``), and ``break`` (``server`` and ``how``).
        """
        asked = event if isinstance(event, dict) else {}
        try:
            with self._lock:
                return Invoked({"ok": True, **self._done(asked)})
        except ActRefused as refused:
            return Invoked({"ok": False, "error": {"reason": "invalid-request", "message": str(refused)}})

    def _done(self, asked: dict[str, Any]) -> dict[str, Any]:
        match asked.get("do"):
            case "mend":
                self._stagehand.mend()
                self._acts.mend()
                return {}
            case "okta":
                return {"says": self._act(asked)}
            case "break":
                return {"says": self._acts.break_(str(asked.get("server")), str(asked.get("how")))}
            case "scene":
                scene = scenes().get(str(asked.get("name")))
                if scene is None:
                    raise ActRefused(f"name: expected one of {', '.join(scenes())}")
                self._stagehand.play(scene)
                shown = {name: value for name, value in asdict(scene).items() if name != "steps"}
                return {"scene": asked["name"], **shown}
        raise ActRefused("do: expected scene, mend, okta or break")

    def _act(self, asked: dict[str, Any]) -> str:
        name, words = str(asked.get("act")), asked.get("words")
        if isinstance(words, list):
            return self._acts.act_in_words(name, [str(word) for word in words], asked.get("count"))
        if name not in ACTS:
            raise ActRefused(f"act: expected one of {', '.join(ACTS)}")
        return self._acts.act(name, asked)
