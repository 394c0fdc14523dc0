"""What Okta's events ask for: the one normaliser of hook deliveries and System Log entries.

An event is a hint that something changed; an item says what to sync again. The table `EVENT_TYPES` is the
whole rule, and ``docs/events.md`` explains it to people. A LogEvent looks alike in a hook and in the System Log,
except that a hook leaves out null fields and that its Preview keeps them (Okta, "Event Hooks" concept page and
the System Log API's LogEvent). Standard library only: the receiver imports this module.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bridge.items import OKTA_ID, Hint, Item, Queue, Reason, app_item, group_item, parse_time, user_item

#: More removals of assignments than this in one delivery are a bulk change.
BULK_REMOVALS = 10
#: ``uuid`` is an opaque id; Okta sends UUIDs.
_UUID = re.compile(r"[0-9A-Za-z-]{8,64}")


class Entity(StrEnum):
    """What an event is about."""

    USER = "user"
    GROUP = "group"
    APP = "app"


class Drop(StrEnum):
    """Why an event made no item."""

    MALFORMED = "malformed"  #: no object, or without a type, a uuid or a published time
    UNKNOWN_TYPE = "unknown-type"  #: not in `EVENT_TYPES`
    OUTCOME = "outcome"  #: ``outcome.result`` is not SUCCESS: nothing changed
    NO_TARGET = "no-target"  #: no target of the type that the rule needs, with an id in Okta's alphabet
    OTHER_APP = "other-app"  #: about another application


class Members(StrEnum):
    """What an event about a group says of its members."""

    UNKNOWN = "unknown"  #: anything of the group may have changed
    JOIN = "join"  #: its users have come to the group, and nothing else has changed
    LEAVE = "leave"  #: its users have gone, and nothing else has changed


@dataclass(frozen=True)
class Rule:
    """What one event type asks for.

    Attributes:
        entity: whom to sync: each target of type User, each of type UserGroup, or the application.
        app: whether the event must name our application as its AppInstance.
        queue: the queue of its item.
        bulk_queue: the queue when the event is part of a bulk change; None when that makes no difference.
        hints: what it says of a user, or of the application.
        members: what it says of a group's members, see `Members`.
        hook: whether Okta delivers it to event hooks; the others come from the System Log alone.
    """

    entity: Entity
    app: bool = False
    queue: Queue = Queue.USERS
    bulk_queue: Queue | None = None
    hints: frozenset[Hint] = frozenset()
    members: Members = Members.UNKNOWN
    hook: bool = True


_USER = Rule(Entity.USER)
_USER_LOG = Rule(Entity.USER, hook=False)
_ACTIVATION = Rule(Entity.USER, hints=frozenset({Hint.ACTIVATION}))
_ASSIGNMENT = Rule(Entity.USER, app=True, hints=frozenset({Hint.ASSIGNMENT}))
_ASSIGNMENT_LOG = Rule(Entity.USER, app=True, hints=frozenset({Hint.ASSIGNMENT}), hook=False)
_REVOKED_LOG = Rule(Entity.USER, app=True, hints=frozenset({Hint.ASSIGNMENT, Hint.ACCESS_ENDS}), hook=False)
_ACCESS_ENDS = Rule(Entity.USER, queue=Queue.LEAVERS, hints=frozenset({Hint.ACCESS_ENDS}))
_DELETION = frozenset({Hint.ACCESS_ENDS, Hint.DELETION})
_GROUP = Rule(Entity.GROUP, queue=Queue.GROUPS)
_GROUP_LOG = Rule(Entity.GROUP, queue=Queue.GROUPS, hook=False)
_JOIN, _LEAVE = replace(_GROUP, members=Members.JOIN), replace(_GROUP, members=Members.LEAVE)
_JOIN_LOG, _LEAVE_LOG = replace(_JOIN, hook=False), replace(_LEAVE, hook=False)
_APP = Rule(Entity.APP, app=True)

#: Every event type that makes an item (names: Okta's event type catalogue).
EVENT_TYPES: Mapping[str, Rule] = {
    "user.lifecycle.create": _USER,
    "user.lifecycle.activate": _ACTIVATION,
    "user.lifecycle.reactivate": _ACTIVATION,
    "user.lifecycle.unsuspend": _ACTIVATION,
    "user.lifecycle.suspend": _ACCESS_ENDS,
    "user.lifecycle.deactivate": Rule(Entity.USER, queue=Queue.LEAVERS, hints=_DELETION),
    "user.lifecycle.delete.initiated": Rule(Entity.USER, queue=Queue.LEAVERS, hints=_DELETION),
    "user.lifecycle.delete.completed": Rule(Entity.USER, queue=Queue.LEAVERS, hints=_DELETION, hook=False),
    "user.account.update_profile": _USER,
    "user.account.update_primary_email": _USER_LOG,
    "user.account.update_secondary_email": _USER_LOG,
    "user.account.update_user_type": _USER_LOG,
    # What an import changes: most raise an event of their own too, and syncing twice is harmless.
    "system.import.user.update": _USER_LOG,
    "system.import.user.delete": _USER_LOG,
    "application.user_membership.add": _ASSIGNMENT,
    "application.user_membership.update": _ASSIGNMENT,
    "application.user_membership.remove": Rule(
        Entity.USER,
        app=True,
        queue=Queue.LEAVERS,
        bulk_queue=Queue.USERS,
        hints=frozenset({Hint.ASSIGNMENT, Hint.ACCESS_ENDS}),
    ),
    "application.user_membership.change_username": _ASSIGNMENT_LOG,
    "application.user_membership.restore": _ASSIGNMENT_LOG,
    "application.user_membership.revoke": _REVOKED_LOG,
    "application.user_membership.approve": _ASSIGNMENT_LOG,
    "application.user_membership.provision": _ASSIGNMENT_LOG,
    "application.user_membership.deprovision": _REVOKED_LOG,
    "group.user_membership.add": _JOIN,
    "group.user_membership.remove": _LEAVE,
    "system.identity_sources.group.user.assign": _JOIN_LOG,
    "system.identity_sources.group.user.revoke": _LEAVE_LOG,
    "app.user_management": _GROUP_LOG,
    "system.import.group.delete": _GROUP_LOG,
    "group.profile.update": _GROUP,
    "group.lifecycle.create": _GROUP,
    "group.lifecycle.delete": _GROUP,
    "group.application_assignment.add": _APP,
    "group.application_assignment.update": _APP,
    "group.application_assignment.remove": _APP,
    "application.lifecycle.activate": _APP,
    "application.lifecycle.deactivate": _APP,
    "application.lifecycle.update": _APP,
    "application.lifecycle.delete": _APP,
    # Okta documents no target for it, so it counts for every application.
    "directory.mapping.update": Rule(Entity.APP, hints=frozenset({Hint.MAPPING}), hook=False),
}
#: The types that the event hook has to subscribe to.
HOOK_TYPES = frozenset(event_type for event_type, rule in EVENT_TYPES.items() if rule.hook)

_TARGET_TYPES = {Entity.USER: "User", Entity.GROUP: "UserGroup"}


@dataclass(frozen=True)
class Normalised:
    """What a delivery or a page of the System Log asks for.

    Attributes:
        items: at most one for each entity, in the order of first mention.
        dropped: how many events made no item, by reason; reasons without any are missing.
        types: how many events the items stand for, by event type.
    """

    items: tuple[Item, ...]
    dropped: Mapping[Drop, int]
    types: Mapping[str, int]

    @property
    def accepted(self) -> int:
        """How many events the items stand for."""
        return sum(self.types.values())


def normalise(events: Iterable[object], app_id: str, *, reason: Reason = Reason.HOOK) -> Normalised:
    """The items that `events`, taken together, ask for.

    Args:
        events: LogEvents as JSON gives them; whatever is none of them is counted as ``malformed``, never raised.
        app_id: the id of our application in Okta.
        reason: the reason of the items.
    """
    changes: list[_Change] = []
    dropped: Counter[Drop] = Counter()
    for event in events:
        change = _read(event, app_id)
        if isinstance(change, Drop):
            dropped[change] += 1
        else:
            changes.append(change)
    bulk = len({change.uuid for change in changes if change.rule.bulk_queue is not None}) > BULK_REMOVALS
    gathered: dict[tuple[Entity, str], _Gathered] = {}
    for change in changes:
        for okta_id in change.okta_ids:
            key = (change.rule.entity, okta_id)
            gathered.setdefault(key, _Gathered(change.published)).add(change, bulk=bulk)
    items = tuple(entry.item(entity, okta_id, reason) for (entity, okta_id), entry in gathered.items())
    return Normalised(items=items, dropped=dict(dropped), types=Counter(change.type for change in changes))


@dataclass(frozen=True)
class _Change:
    """An event worth an item; `okta_ids` is ``("",)`` for the application; `people` are the users it names."""

    type: str
    rule: Rule
    okta_ids: tuple[str, ...]
    uuid: str
    published: datetime
    job: bool
    people: tuple[str, ...] = ()


@dataclass
class _Gathered:
    """What a delivery says of one entity."""

    newest: datetime
    uuids: set[str] = field(default_factory=set)
    hints: set[Hint] = field(default_factory=set)
    leaves: bool = False
    joined: set[str] | None = field(default_factory=set)
    members_only: bool = True

    def add(self, change: _Change, *, bulk: bool) -> None:
        """Count one more event in."""
        self.newest = max(self.newest, change.published)
        self.uuids.add(change.uuid)
        self.hints |= change.rule.hints
        self.members_only = self.members_only and change.rule.members is not Members.UNKNOWN
        joins = change.rule.members is Members.JOIN and change.people
        self.joined = self.joined | {*change.people} if joins and self.joined is not None else None
        queue = change.rule.queue
        if change.rule.bulk_queue is not None and (bulk or change.job):
            queue = change.rule.bulk_queue
        self.leaves = self.leaves or queue is Queue.LEAVERS

    def item(self, entity: Entity, okta_id: str, reason: Reason) -> Item:
        """The entity's one item."""
        if entity is Entity.GROUP:
            users = (self.joined or ()) if self.members_only else None
            return group_item(okta_id, self.newest, self.uuids, users, reason=reason)
        if entity is Entity.APP:
            return app_item(self.newest, self.uuids, self.hints, reason=reason)
        queue = Queue.LEAVERS if self.leaves else Queue.USERS
        return user_item(okta_id, self.newest, self.uuids, self.hints, reason=reason, queue=queue)


def _read(event: object, app_id: str) -> _Change | Drop:
    if not isinstance(event, Mapping) or not isinstance(event.get("eventType"), str):
        return Drop.MALFORMED
    rule = EVENT_TYPES.get(event["eventType"])
    if rule is None:
        return Drop.UNKNOWN_TYPE
    if _object(event, "outcome").get("result") != "SUCCESS":
        return Drop.OUTCOME
    uuid = event.get("uuid")
    if not isinstance(uuid, str) or not _UUID.fullmatch(uuid):
        return Drop.MALFORMED
    try:
        published = parse_time(event.get("published"))
    except (TypeError, ValueError):
        return Drop.MALFORMED
    if rule.app:
        apps = _targets(event, "AppInstance")
        if app_id not in apps:
            return Drop.OTHER_APP if apps else Drop.NO_TARGET
    okta_ids = ("",) if rule.entity is Entity.APP else _targets(event, _TARGET_TYPES[rule.entity])
    if not okta_ids:
        return Drop.NO_TARGET
    job = _object(event, "transaction").get("type") == "JOB"
    people = _targets(event, _TARGET_TYPES[Entity.USER])
    return _Change(event["eventType"], rule, okta_ids=okta_ids, uuid=uuid, published=published, job=job, people=people)


def _object(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = event.get(name)
    return value if isinstance(value, Mapping) else {}


def _targets(event: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    """Ids of the targets of one type, wherever they stand; their order is not fixed."""
    targets = event.get("target")
    if not isinstance(targets, list):
        return ()
    of_kind = [target.get("id") for target in targets if isinstance(target, Mapping) and target.get("type") == kind]
    return tuple(dict.fromkeys(id_ for id_ in of_kind if isinstance(id_, str) and OKTA_ID.fullmatch(id_)))
