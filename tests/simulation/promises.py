"""What no call may do at any moment of a history: checked at the Genesys Cloud model, from Okta's truth alone.

Knows nothing of what the bridge decided or remembers. A change is justified when Okta's truth asked for it at some
moment of the last half hour: as long as a sync, a call on its way and Okta's read lag may take together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.provisioning.linking import LINKED_BY_OPERATOR, UNLINKED_BY_OPERATOR
from bridge_local.exchange import Request, Response
from bridge_local.genesys.records import Call, User
from tests.world import World

#: How old the truth behind a change may be.
SLACK = timedelta(minutes=30)
#: How long the end of somebody's access may take when nothing fails.
SOON = timedelta(minutes=1)
#: Each of the two answers that end a link is read twice.
_TWO_ANSWERS = 4
#: The first of them may be so old when the second one comes.
_ANSWERS_LAST = timedelta(hours=3)
#: A restore holds removals at least as long as a ceiling counts.
RESTORE_HOLDS = timedelta(hours=24)
#: Most members that one action may remove (promise P4).
MAX_REMOVED = 1000
#: The states of an Okta user in which they may use applications.
USABLE = frozenset({"PROVISIONED", "ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT"})
_NEVER = datetime(1971, 1, 1, tzinfo=UTC)


@dataclass
class Moments:
    """When a fact about a key was last true, and last untrue."""

    now: set[Any] = field(default_factory=set)
    last_true: dict[Any, datetime] = field(default_factory=dict)
    last_untrue: dict[Any, datetime] = field(default_factory=dict)
    began: datetime = _NEVER

    def note(self, true: set[Any], at: datetime) -> None:
        """The keys for which it is true from `at` on."""
        for key in self.now - true:
            self.last_true[key] = at
        for key in true - self.now:
            self.last_untrue[key] = at
        self.now = true

    def was_true(self, key: Any, since: datetime) -> bool:
        """Whether it has been true at any moment since."""
        return key in self.now or self.last_true.get(key, _NEVER) >= since

    def was_untrue(self, key: Any, since: datetime) -> bool:
        """Whether it has been untrue at any moment since."""
        return key not in self.now or self.last_untrue.get(key, _NEVER) >= since


class Promises:
    """Watches one world.

    Attributes:
        broken: each broken promise in words, at the moment when it broke.
        approved: (Okta group id, Okta user id) of removals that a person has approved.
        protected: id of the Okta group of protected people, empty without one.
        lied_to: whether Okta may say 404 of somebody who is there: with the link's "not assigned", that is believed.
        pairs: Genesys Cloud group id -> id of the Okta group that rules link with it.
        paused: since when an operator has paused removals, None when nobody has.
        restored: when an operator has last restored the records, which holds removals; None when nobody has.
        stands_for: Genesys Cloud id -> Okta id of accounts from before the bridge, which may not bear the Okta id yet.
    """

    def __init__(self, world: World, tell: Callable[[str], None], per_request: int) -> None:
        """`tell` takes each broken promise for the history; `per_request` is the setting MEMBERS_PER_REQUEST."""
        self.broken: list[str] = []
        self.approved: set[tuple[str, str]] = set()
        self.pairs: dict[str, str] = {}
        self.paused: datetime | None = None
        self.restored: datetime | None = None
        self.stands_for: dict[str, str] = {}
        self.protected = ""
        self.lied_to = False
        self._world = world
        self._tell = tell
        self._per_request = per_request
        self._wanted, self._usable, self._members, self._app = Moments(), Moments(), Moments(), Moments()
        self._in_scope = Moments()
        self._unlinked: set[str] = set()
        self._known: set[str] = set()
        self._let_in: dict[str, datetime] = {}
        self.note_truth()
        for moments in (self._wanted, self._usable, self._members, self._app, self._in_scope):
            moments.last_untrue.clear()  # it has been so for ever
        handle = world.genesys.handle

        def watched(request: Request) -> Response:
            account = world.genesys.directory.user(request.path.rpartition("/")[2])
            seen = len(world.genesys.calls)
            try:
                return handle(request)
            finally:
                self._check(world.genesys.calls[seen], account)

        world.genesys.handle = watched  # type: ignore[method-assign] # the model is watched, not replaced

    def note_truth(self) -> None:
        """Okta may have changed."""
        okta, at = self._world.okta, self._world.clock.time
        assigned = set(okta.assignments[okta.app_id].current)
        self._known |= set(okta.users.current)
        usable = {each.id for each in okta.users.current.values() if each.status in USABLE}
        self._usable.note(usable, at)
        self._wanted.note(usable & assigned, at)
        groups = okta.groups.current
        self._members.note({(group, user) for group in groups for user in okta.members(group)}, at)
        rules = {link.okta_id: link.linked_by for link in self._world.store.group_links.values()}
        named = {each for each, rule in rules.items() if rule.startswith("name ") or rule == LINKED_BY_OPERATOR}
        kept_out = {each for each, rule in rules.items() if rule == UNLINKED_BY_OPERATOR}
        in_scope = (named | set(okta.app_groups[okta.app_id].current)) - kept_out
        self._in_scope.note(in_scope & groups.keys(), at)
        self._app.note({"app"} if okta.apps[okta.app_id].status == "ACTIVE" else set(), at)

    def check_leavers(self, told: Mapping[str, datetime]) -> None:
        """Nobody whose access has ended is still active a minute after Okta has told so, whatever else waits (P7)."""
        okta, now = self._world.okta, self._world.clock.time
        for account in self._world.genesys.directory.users.values():
            user = okta.users.current.get(account.external_id)
            since = told.get(account.external_id)
            if user is None or since is None or user.status not in {"DEPROVISIONED", "SUSPENDED"}:
                continue
            changed = (user.status_changed or _NEVER) - timedelta(seconds=okta.switches.clock_offset)
            if account.active and not account.deleted and since >= changed and now - since > SOON:
                self._break(f"P7: {user.id} is still active")

    def check_late(self, ended: Iterable[str]) -> None:
        """Nobody who is back loses access to a write that was decided before, and comes after what let them in."""
        for okta_id in ended:
            if okta_id in self._wanted.now:
                self._break(f"{okta_id} is made inactive by a late write, which what was written since should refuse")

    def check_late_removals(self, taken_out: Iterable[tuple[str, str]]) -> None:
        """Nor does anybody leave a group in which they are by a late write, when the group was changed since."""
        for group, member in taken_out:
            for _, okta_id, _ in self._who((member,)):
                if (self.pairs.get(group, ""), okta_id) in self._members.now and okta_id in self._wanted.now:
                    self._break(f"{okta_id} leaves {group} by a late write, which what was written since should refuse")

    def check_links(self, lies: Sequence[datetime]) -> None:
        """No group loses its link that has been in scope all the time, but for `lies` that pass for two answers."""
        for okta_id in set(self.pairs.values()):
            link = self._world.store.group_links.get(okta_id)
            if link is None or link.unlinked is None or okta_id in self._unlinked:
                continue
            lately = [at for at in lies if link.unlinked - _ANSWERS_LAST <= at <= link.unlinked]
            if len(lately) < _TWO_ANSWERS and not self._in_scope.was_untrue(okta_id, link.unlinked - SLACK):
                self._unlinked.add(okta_id)
                self._break(f"group {okta_id} is unlinked, and has been in scope all the time")

    # ---------------------------------------------------------------------------------------- judging

    def _check(self, call: Call, account: User | None) -> None:
        for broken in self._judge(call, account):
            self._break(f"{broken} (call {call.number}: {call.method} {call.path})")

    def _break(self, line: str) -> None:
        self.broken.append(line)
        self._tell(f"BROKEN {line}")

    def _judge(self, call: Call, account: User | None) -> Iterator[str]:
        if not call.status or call.method == "GET" or call.route == "oauth/token":
            return
        if (call.method, call.route) not in {("POST", "users"), ("PATCH", "users/{id}"), ("PATCH", "groups/{id}")}:
            yield "P6: creates, renames or deletes what it may not"
            return
        if self._world.variables.get("MODE") == "observe":
            yield "changes something while it only observes"
        if call.route == "groups/{id}":
            yield from self._judge_members(call)
        elif call.changed:
            yield from self._judge_account(call, account)

    def _judge_account(self, call: Call, before: User | None) -> Iterator[str]:
        after = self._world.genesys.directory.user(call.user_id)
        if after is None:
            return
        since = call.at - SLACK
        okta_id = after.external_id or (before.external_id if before else "") or self.stands_for.get(after.id, "")
        if self._holders(okta_id) > 1:
            yield f"{okta_id} has two accounts"
        if after.active and (before is None or not before.active):
            self._let_in[after.id] = call.at
            if not self._wanted.was_true(okta_id, since):
                yield f"{okta_id} is let in, and Okta has not wanted that"
        if before is not None and before.active and not after.active:
            if okta_id not in self._known:
                yield "P6: deactivates somebody whom Okta does not know"
            elif not self._wanted.was_untrue(okta_id, since):
                yield f"P5: {okta_id} is deactivated, and has been assigned and usable all the time"
            elif self._is_protected(okta_id, since, "app") and not self._usable.was_untrue(okta_id, since):
                yield f"{okta_id} is deactivated for a missing assignment, and is protected"
            elif self._is_paused(since) and not self._usable.was_untrue(okta_id, since):
                yield f"{okta_id} is deactivated for a missing assignment while removals are paused"
            elif not (self.lied_to or self._usable.was_untrue(okta_id, since) or self._app.was_true("app", since)):
                yield f"P6: {okta_id} is deactivated because the application is off"

    def _is_paused(self, since: datetime) -> bool:
        """Whether removals have been paused, or held by a restore, for longer than a sync takes."""
        at = self._world.clock.time
        held = self.restored is not None and self.restored < since and at < self.restored + RESTORE_HOLDS
        return held or (self.paused is not None and self.paused < since)

    def _has_compared(self, since: datetime) -> bool:
        """Whether everything has been compared; after a restore what was sent before it may still arrive."""
        return self._world.store.app().bootstrapped or (self.restored is not None and self.restored >= since)

    def _is_protected(self, okta_id: str, since: datetime, entity: str) -> bool:
        """Whether the person has been protected all the time, and nobody has approved that they leave the entity."""
        member = (self.protected, okta_id)
        always = member in self._members.now and not self._members.was_untrue(member, since)
        return always and (entity, okta_id) not in self.approved

    def _holders(self, okta_id: str) -> int:
        users = self._world.genesys.directory.users.values()
        return sum(user.external_id == okta_id and not user.deleted for user in users) if okta_id else 0

    def _judge_members(self, call: Call) -> Iterator[str]:
        for operation in _operations(call.body):
            if operation.get("op") not in {"add", "remove"} or not str(operation.get("path")).startswith("members"):
                yield f"P6: changes more of a group than single members: {operation.get('op')} {operation.get('path')}"
            values = operation.get("value") or ()
            if len(values) > min(self._per_request, MAX_REMOVED):
                yield f"P4: {len(values)} members in one action"
        group = self.pairs.get(call.group_id, "")
        since = call.at - SLACK
        for member, okta_id, active in self._who(call.removed):
            # A leaver goes as an inactive member, be it that Genesys Cloud has only said that the account is inactive.
            ended = self._world.variables["INACTIVE_MEMBERS"] == "remove" and self._wanted.was_untrue(okta_id, since)
            inactive = not active or ended or self._let_in.get(member, _NEVER) >= since
            if okta_id not in self._known:
                yield f"P6: removes {member}, whom Okta does not know"
            elif not inactive and self._is_protected(okta_id, since, group):
                yield f"removes {okta_id}, who is protected"
            elif self._is_paused(since):
                yield f"removes {okta_id} while removals are paused"
            elif not (self._has_compared(since) or (group, okta_id) in self.approved):
                yield f"P4: removes {okta_id} before the first whole reconcile has ended"
            elif not (
                inactive or (group, okta_id) in self.approved or self._members.was_untrue((group, okta_id), since)
            ):
                yield f"P5: removes {okta_id}, who has been in the Okta group all the time"
        for _, okta_id, _ in self._who(call.added):
            if not self._members.was_true((group, okta_id), since):
                yield f"adds {okta_id}, who has not been in the Okta group"

    def _who(self, members: tuple[str, ...]) -> Iterator[tuple[str, str, bool]]:
        for member in members:
            user = self._world.genesys.directory.user(member)
            okta_id = (user.external_id if user else "") or self.stands_for.get(member, "")
            yield member, okta_id, user is not None and user.active


def _operations(body: Any) -> list[Mapping[str, Any]]:
    found = body.get("Operations") if isinstance(body, Mapping) else None
    return found if isinstance(found, list) else []
