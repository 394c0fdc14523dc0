"""The org itself: what it holds, who acts, and how an act becomes an event."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any

from bridge_local.okta import ids
from bridge_local.okta.event_types import is_hook_eligible
from bridge_local.okta.records import (
    BUILT_IN,
    DEPROVISIONED,
    STAGED,
    App,
    Assignment,
    EventHook,
    Group,
    GroupAssignment,
    User,
)
from bridge_local.okta.switches import OktaSwitches
from bridge_local.okta.system_log import Entity, LogEntry, SystemLog, Transaction
from bridge_local.okta.versions import Versions

#: The actor of what Okta does by itself.
SYSTEM = Entity("SystemPrincipal", "sprOktaSystemUser5d7", "system@okta.com", "Okta System")


class OktaRefused(ValueError):
    """Okta would not let an administrator do this; the message says why."""


class Org:
    """State, clock and System Log of an Okta org, and the rules of assignments.

    Everything public takes the org's one lock. Times are Okta's clock.
    """

    def __init__(
        self, now: Callable[[], datetime], rng: random.Random, switches: OktaSwitches | None = None, *, org_url: str
    ) -> None:
        self.switches = switches or OktaSwitches()
        self.org_url = org_url.rstrip("/")
        self.rng = rng
        self.ids = ids.Ids(rng)
        self.lock = RLock()
        #: Our clock; `now` is Okta's.
        self.our_now = now
        #: Users by id.
        self.users: Versions[User] = self._table()
        #: Groups by id.
        self.groups: Versions[Group] = self._table()
        #: Applications by id.
        self.apps: dict[str, App] = {}
        #: Assignments by application, then user id.
        self.assignments: dict[str, Versions[Assignment]] = {}
        #: Group assignments by application, then group id.
        self.app_groups: dict[str, Versions[GroupAssignment]] = {}
        #: Event hooks by id.
        self.hooks: dict[str, EventHook] = {}
        self.log = SystemLog(self.epoch)
        #: Who the administrator's acts are done by.
        self.actor = Entity("User", "00uAdministrator05d7", "admin@example.com", "Example Admin")
        self.listeners: list[Callable[[LogEntry], None]] = []
        self.user_type = "otyDefaultUserTyp5d7"
        self._members: dict[str, Versions[bool]] = {}
        self._groups_of: dict[str, Versions[bool]] = {}
        self._logins: dict[str, str] = {}
        self._transaction: Transaction | None = None
        self._quiet = False
        born = self.now()
        self.groups.put(
            ids.EVERYONE, Group(ids.EVERYONE, "Everyone", "All users in your organization", born, born, born, BUILT_IN)
        )

    # ------------------------------------------------------------------------------------------ clock

    def now(self) -> datetime:
        """The present moment on Okta's clock, UTC."""
        moment = self.our_now().astimezone(UTC)
        offset = self.switches.clock_offset
        return moment + timedelta(seconds=offset) if offset else moment

    def epoch(self) -> float:
        """The same as epoch seconds."""
        return self.now().timestamp()

    def as_of(self) -> float | None:
        """The moment whose state a read shows now, None for the present."""
        lag = self.switches.read_lag
        if lag <= 0:
            return None
        return self.epoch() - (self.rng.uniform(0, lag) if self.switches.read_lag_varies else lag)

    def _table(self) -> Versions[Any]:
        return Versions(self.epoch, lambda: self.switches.read_lag)

    # ---------------------------------------------------------------------------------------- look-ups

    def members(self, group_id: str) -> frozenset[str]:
        """Ids of a group's members, whatever their status: the truth, without lag."""
        with self.lock:
            return frozenset(self._members[group_id].current) if group_id in self._members else frozenset()

    def groups_of(self, user_id: str) -> frozenset[str]:
        """Ids of a user's groups: the truth, without lag."""
        with self.lock:
            return frozenset(self._groups_of[user_id].current) if user_id in self._groups_of else frozenset()

    def member_table(self, group_id: str) -> Versions[bool]:
        """The group's members as a table that can be read with lag."""
        if group_id not in self._members:
            self._members[group_id] = self._table()
        return self._members[group_id]

    def group_table(self, user_id: str) -> Versions[bool]:
        """The user's groups as a table that can be read with lag."""
        if user_id not in self._groups_of:
            self._groups_of[user_id] = self._table()
        return self._groups_of[user_id]

    def user_id_of(self, login: str) -> str:
        """The id behind a login, without case; empty when nobody has it."""
        return self._logins.get(login.casefold(), "")

    def _user(self, user_id: str) -> User:
        user = self.users.current.get(user_id)
        if user is None:
            raise OktaRefused(f"no user {user_id}")
        return user

    def _group(self, group_id: str) -> Group:
        group = self.groups.current.get(group_id)
        if group is None:
            raise OktaRefused(f"no group {group_id}")
        return group

    def _app(self, app_id: str) -> App:
        app = self.apps.get(app_id)
        if app is None:
            raise OktaRefused(f"no application {app_id}")
        return app

    # ------------------------------------------------------------------------------------------ events

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Acts within raise no events: an org's past, or a change that nothing tells of."""
        with self.lock:
            before, self._quiet = self._quiet, True
            try:
                yield
            finally:
                self._quiet = before

    @contextmanager
    def job(self, prefix: str = ids.BULK_JOB) -> Iterator[str]:
        """Acts within are one bulk action: JOB transaction of one id, which is given."""
        with self._act(Transaction("JOB", self.ids.okta(prefix)), inner=True) as transaction:
            yield transaction.id

    def record(
        self,
        event_type: str,
        targets: Sequence[Entity] | None = (),
        *,
        result: str = "SUCCESS",
        reason: str | None = None,
        severity: str = "INFO",
        debug: Mapping[str, str] | None = None,
        actor: Entity | None = None,
        published: datetime | None = None,
    ) -> str:
        """Raise any event; its uuid, empty within `quietly`. Targets come in random order, None leaves them null."""
        with self.lock:
            if self._quiet:
                return ""
            order = None if targets is None else list(targets)
            if order is not None and len(order) > 1:
                self.rng.shuffle(order)
            entry = LogEntry(
                uuid=self.ids.uuid(),
                published=published or self.now(),
                event_type=event_type,
                actor=actor or self.actor,
                targets=None if order is None else tuple(order),
                transaction=self._transaction or Transaction("", "unknown"),
                result=result,
                reason=reason,
                severity=severity,
                debug=debug or {},
                hooks=self._subscribed(event_type),
            )
            most = self.switches.log_insert_delay
            self.log.append(entry, self.rng.uniform(0, most) if most else 0.0)
            for listener in self.listeners:
                listener(entry)
            return entry.uuid

    def user_target(self, user_id: str) -> Entity:
        """A user as a target."""
        user = self._user(user_id)
        return Entity("User", user.id, user.login, user.display_name)

    def group_target(self, group_id: str) -> Entity:
        """A group as a target."""
        return Entity("UserGroup", group_id, "unknown", self._group(group_id).name)

    def app_target(self, app_id: str, extra: Mapping[str, Any] | None = None) -> Entity:
        """An application as a target: the alternate id is its label."""
        app = self._app(app_id)
        return Entity("AppInstance", app.id, app.label, app.label, extra)

    def assignment_targets(self, assignment: Assignment) -> list[Entity]:
        """The three targets of an assignment's events: AppUser, AppInstance, User."""
        user = self.user_target(assignment.user_id)
        app_user = Entity("AppUser", assignment.app_user_id, assignment.user_name or "unknown", user.display_name)
        return [app_user, self.app_target(assignment.app_id), user]

    def _subscribed(self, event_type: str) -> tuple[str, ...]:
        if not self.hooks or not is_hook_eligible(event_type):
            return ()
        return tuple(hook.id for hook in self.hooks.values() if event_type in hook.events and hook.delivers)

    @contextmanager
    def _act(self, transaction: Transaction, *, inner: bool = False) -> Iterator[Transaction]:
        """Hold the lock, and give the events within a transaction: the outermost, or this one if `inner`."""
        with self.lock:
            before = self._transaction
            self._transaction = transaction if inner or before is None else before
            try:
                yield self._transaction
            finally:
                self._transaction = before

    def _request(self, uri: str) -> Transaction:
        """The WEB transaction of an administrator's request."""
        return self._transaction or Transaction("WEB", self.ids.transaction(), uri)

    # ------------------------------------------------------------------------------------- assignments

    def _settle(self, user_id: str, app_id: str, *, individual: bool | None = None) -> None:
        """Make a user's assignment what groups, status and `individual` (None: as it is) give, with its event."""
        table = self.assignments[app_id]
        existing = table.current.get(user_id)
        user = self.users.current.get(user_id)
        if individual is None:
            individual = existing is not None and existing.individual
        group_id = self._giving_group(user_id, app_id)
        if user is None or not self._may_be_assigned(user) or not (individual or group_id):
            if existing is not None:
                table.drop(user_id)
                if user is not None:
                    self.record("application.user_membership.remove", self.assignment_targets(existing))
            return
        now = self.now()
        if existing is None:
            made = Assignment(
                app_id=app_id,
                user_id=user_id,
                app_user_id=self.ids.okta(ids.APP_USER),
                individual=individual,
                group_id=group_id,
                user_name=str(user.profile.get(self.switches.app_user_name) or user.login),
                profile={},
                created=now,
                last_updated=now,
                status_changed=now,
            )
            table.put(user_id, made)
            self.record("application.user_membership.add", self.assignment_targets(made))
        elif (existing.individual, existing.group_id) != (individual, group_id):
            table.put(user_id, replace(existing, individual=individual, group_id=group_id, last_updated=now))

    def _settle_everywhere(self, user_id: str) -> None:
        for app_id in self.apps:
            self._settle(user_id, app_id)

    def _giving_group(self, user_id: str, app_id: str) -> str:
        mine = self._groups_of.get(user_id)
        assigned = self.app_groups[app_id].current
        if not mine or not assigned:
            return ""
        giving = [assigned[group_id] for group_id in mine.current if group_id in assigned]
        return min(giving, key=lambda each: each.priority).group_id if giving else ""

    def _may_be_assigned(self, user: User) -> bool:
        return user.status != DEPROVISIONED and (self.switches.staged_assignments or user.status != STAGED)

    # -------------------------------------------------------------------------------------- membership

    def add_app(self, app: App) -> None:
        """Keep a new application, with nobody assigned."""
        self.apps[app.id] = app
        self.assignments[app.id] = self._table()
        self.app_groups[app.id] = self._table()

    def add_user(self, user: User) -> None:
        """Keep a new user, in Everyone too."""
        self.users.put(user.id, user)
        self._logins[user.login.casefold()] = user.id
        self._settle_everyone(user)

    def _settle_everyone(self, user: User) -> None:
        """Everyone has every user who is not DEPROVISIONED; no event tells of it."""
        change = self._part if user.status == DEPROVISIONED else self.join
        if change(user.id, ids.EVERYONE):
            self._touch_membership(ids.EVERYONE)

    def join(self, user_id: str, group_id: str) -> bool:
        """Make a user a member; False for one who is."""
        table = self.member_table(group_id)
        if user_id in table:
            return False
        table.put(user_id, True)
        self.group_table(user_id).put(group_id, True)
        return True

    def _part(self, user_id: str, group_id: str) -> bool:
        if self.member_table(group_id).drop(user_id) is None:
            return False
        self.group_table(user_id).drop(group_id)
        return True

    def _touch_membership(self, group_id: str) -> None:
        self.groups.put(group_id, replace(self._group(group_id), last_membership_updated=self.now()))
