"""Writes the history of a run down, from the two models and from what the scenario says that people did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from bridge_local.exchange import Request, Response
from bridge_local.genesys.model import GenesysModel
from bridge_local.genesys.records import Call, User
from bridge_local.okta import OktaModel
from bridge_local.okta.records import DEPROVISIONED, STAGED, SUSPENDED, Assignment
from tests.simulation.history import (
    Access,
    Account,
    Decided,
    Fact,
    Forbidden,
    GroupRead,
    History,
    Limited,
    Members,
    OktaApp,
    OktaDoubtful,
    OktaGroup,
    OktaUser,
    Paused,
    Settled,
    Watched,
)

#: AppUser statuses that say clearly yes and clearly no (schema AppUserStatus of Okta's management API).
_YES = frozenset({"ACTIVE", "PROVISIONED", "IMPLICIT"})
_NO = frozenset({"DEPROVISIONED", "INACTIVE", "UNASSIGNED", "REVOKED"})


class Recorder:
    """Listens to a Genesys Cloud model from its creation on; Okta is noted when `observe` is called.

    Call `observe` after everything that people do on either side and before the bridge works again: what is
    noted late counts as late. Accounts that exist already count as made by the bridge, but for those of `handmade`.

    Attributes:
        history: the facts so far.
    """

    def __init__(
        self,
        okta: OktaModel,
        genesys: GenesysModel,
        now: Callable[[], datetime],
        *,
        handmade: Iterable[str] = (),
        stands_for: Mapping[str, str] | None = None,
    ) -> None:
        """Listen from now on.

        Args:
            okta: whose truth is noted.
            genesys: whose calls are heard.
            now: the clock.
            handmade: Genesys Cloud ids of users whom the bridge did not make.
            stands_for: Okta id by Genesys Cloud id of accounts that may not bear it yet.
        """
        self.history: History = []
        self._stands_for = stands_for or {}
        self._okta = okta
        self._genesys = genesys
        self._now = now
        self._okta_group: dict[str, str] = {}
        self._linked: dict[str, bool] = {}
        self._members: dict[str, Mapping[str, str]] = {}
        self._accounts: dict[str, User] = {}
        self._truth: dict[str, Fact] = {}
        self._created = {user_id for user_id in genesys.directory.users if user_id not in set(handmade)}
        self._handle = genesys.handle
        genesys.handle = self._heard  # type: ignore[method-assign] # the model is watched, not replaced
        self.observe()

    # ------------------------------------------------------------------------------------ what people do

    def watch(self, okta_group: str, genesys_group: str, *, synced: bool = False) -> None:
        """A pair of groups that settings or an assignment link; `synced` if a sync of the link has ended before."""
        self._okta_group[genesys_group] = okta_group
        self._linked[okta_group] = True
        self.history.append(Watched(at=self._now(), group=okta_group, synced=synced))
        self.observe()

    def link(self, okta_group: str) -> None:
        """The pair, which is watched, is linked again."""
        self._linked[okta_group] = True
        self.observe()

    def unlink(self, okta_group: str) -> None:
        """The pair is no longer linked by any rule."""
        self._linked[okta_group] = False
        self.observe()

    def decide(self, entity: str, users: Iterable[str], *, approved: bool, seen: datetime | None = None) -> None:
        """A person approves or rejects a hold in which these users were `seen` (by default: just now).

        `entity` is an Okta group or ``app``.
        """
        now = self._now()
        self.history.append(Decided(at=now, entity=entity, users=frozenset(users), approved=approved, seen=seen or now))

    def limit(self, okta_group: str, count: int | None, percent: int | None) -> None:
        """An operator overrides a group's limits."""
        self.history.append(Limited(at=self._now(), group=okta_group, count=count, percent=percent))

    def pause(self, *, paused: bool) -> None:
        """An operator pauses or resumes removals."""
        self.history.append(Paused(at=self._now(), paused=paused))

    def doubtful(self) -> None:
        """Okta shows something false of groups from now on, until the queues are empty."""
        self.history.append(OktaDoubtful(at=self._now()))

    def settled(self, held: Mapping[str, Iterable[str]]) -> None:
        """The queues are empty, and the open holds show these users by entity."""
        self.observe()
        self.history.append(
            Settled(at=self._now(), held={entity: frozenset(users) for entity, users in held.items() if users})
        )

    def observe(self) -> None:
        """Note what has changed in Okta, and by hand in Genesys Cloud."""
        at = self._now()
        self._note_handwork(at)
        for user_id, user in self._genesys.directory.users.items():
            if self._accounts.get(user_id) is not user:
                self._note_account(user_id, at)
        for okta_group, linked in self._linked.items():
            self._note(
                okta_group,
                OktaGroup(
                    at=at,
                    group=okta_group,
                    exists=okta_group in self._okta.groups,
                    linked=linked,
                    members=self._okta.members(okta_group) if okta_group in self._okta.groups else frozenset(),
                ),
            )
        app = self._okta.apps.get(self._okta.app_id)
        self._note("app", OktaApp(at=at, active=app is not None and app.status == "ACTIVE"))
        users = self._okta.users.current
        known = {key.removeprefix("user:") for key in self._truth if key.startswith("user:")}
        for user_id in users.keys() | known:
            self._note(f"user:{user_id}", OktaUser(at=at, user=user_id, access=self._access(user_id)))

    # ------------------------------------------------------------------------------------ what is heard

    def _heard(self, request: Request) -> Response:
        """The model's answer, with what it did written down."""
        self._note_handwork(self._now())
        position = len(self._genesys.calls)
        try:
            return self._handle(request)
        finally:
            for call in self._genesys.calls[position:]:
                self._note_call(call)

    def _note_call(self, call: Call) -> None:
        okta_group = self._okta_group.get(call.group_id, "")
        if call.route == "groups/{id}" and call.method == "PUT":
            self.history.append(Forbidden(at=call.at, what="PUT of a group"))
        if call.route == "users/{id}" and call.method == "DELETE":
            self.history.append(Forbidden(at=call.at, what="DELETE of a user"))
        if call.route == "groups/{id}" and call.method == "PATCH":
            self._note_patch(call, okta_group)
        elif call.route == "groups/{id}" and call.method == "GET" and okta_group and _answered(call):
            self.history.append(GroupRead(at=call.at, group=okta_group))
        elif call.route.startswith("users") and call.user_id and (_answered(call) or call.changed):
            self._note_account(call.user_id, call.at, call)

    def _note_patch(self, call: Call, okta_group: str) -> None:
        operations = (call.body or {}).get("Operations", ())
        removing = [operation for operation in operations if operation["op"].lower() == "remove"]
        everybody = any("value" not in operation and "[" not in operation["path"] for operation in removing)
        if everybody or any(operation["op"].lower() == "replace" for operation in operations):
            self.history.append(Forbidden(at=call.at, what="all members of a group removed or replaced"))
        if not okta_group:
            if call.changed:
                self.history.append(Forbidden(at=call.at, what="a group that is not linked was changed"))
            return
        self._members[call.group_id] = self._genesys.directory.groups[call.group_id].members
        named = sum(len(operation.get("value", ("one",))) for operation in removing)
        self.history.append(
            Members(
                at=call.at,
                group=okta_group,
                added=frozenset(call.added),
                removed=frozenset(call.removed),
                by_bridge=True,
                named=named,
            )
        )

    def _note_handwork(self, at: datetime) -> None:
        """Members that are others than the calls have made them."""
        for genesys_group, okta_group in self._okta_group.items():
            group = self._genesys.directory.groups.get(genesys_group)
            now: Mapping[str, str] = group.members if group is not None else {}
            before = self._members.get(genesys_group, {})
            if now is before or now == before:
                continue
            self._members[genesys_group] = now
            added, removed = frozenset(now.keys() - before.keys()), frozenset(before.keys() - now.keys())
            self.history.append(Members(at=at, group=okta_group, added=added, removed=removed, by_bridge=False))

    def _note_account(self, genesys_id: str, at: datetime, call: Call | None = None) -> None:
        user = self._genesys.directory.users[genesys_id]
        if call is not None and call.method == "POST" and genesys_id not in self._accounts:
            self._created.add(genesys_id)
        wrote = self._accounts.get(genesys_id) is not user
        self._accounts[genesys_id] = user
        self.history.append(
            Account(
                at=at,
                genesys_id=genesys_id,
                okta_id=user.external_id or self._stands_for.get(genesys_id, ""),
                active=user.active and not user.deleted,
                by_bridge=call is not None,
                wrote=wrote,
                created=genesys_id in self._created,
                lost=call is not None and call.lost,
            )
        )

    def _note(self, key: str, fact: Any) -> None:
        """Keep a truth if it is another one than before."""
        before: Any = self._truth.get(key)
        if before is None or {**vars(before), "at": None} != {**vars(fact), "at": None}:
            self._truth[key] = fact
            self.history.append(fact)

    def _access(self, user_id: str) -> Access:
        user = self._okta.users.current.get(user_id)
        if user is None:
            return Access.DELETED
        if user.status in {DEPROVISIONED, SUSPENDED}:
            return Access.ENDED
        assignments: Mapping[str, Assignment] = (
            self._okta.assignments[self._okta.app_id].current if self._okta.app_id in self._okta.apps else {}
        )
        assignment = assignments.get(user_id)
        if assignment is None or assignment.status in _NO:
            return Access.UNASSIGNED
        return Access.UNCLEAR if user.status == STAGED or assignment.status not in _YES else Access.WANTED


def _answered(call: Call) -> bool:
    return 200 <= call.status < 300 and not call.lost
