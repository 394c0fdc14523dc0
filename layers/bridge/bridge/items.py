"""Work items: what to sync again, never what to do.

An item names one entity and travels in that entity's FIFO queue as JSON with ASCII escapes. Standard library
only: the receiver imports this module.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bridge.errors import Permanent

VERSION = 1
#: Item versions a reader accepts: this one and the one before it.
READABLE_VERSIONS = frozenset({VERSION})
#: How many event ids an item names; all of its events count for its id.
NAMED_EVENTS = 100
#: How many people an item of a group names at most, for a sync that need not read the whole group.
MAX_NAMED_USERS = 5
#: Okta group events coalesce in slots of this many seconds, on Okta's clock.
GROUP_SLOT_SECONDS = 2

#: Okta's ids: 20 characters of this alphabet today; the length is left open.
OKTA_ID = re.compile(r"[A-Za-z0-9]{8,64}")
#: Years a time may lie in, so that slots and lags can be added to it without leaving the calendar.
_YEARS = (1970, 2999)
_ENTITY = re.compile(r"(user|group):([A-Za-z0-9]{8,64})|app")


class Reason(StrEnum):
    """Why an entity is synced."""

    HOOK = "hook"
    CATCHUP = "catchup"
    RECONCILE = "reconcile"
    OPERATOR = "operator"
    FOLLOW_UP = "follow-up"
    HOLD = "hold"
    REDRIVE = "redrive"


class Hint(StrEnum):
    """What an item's events say about a user or the application, as far as it decides what must be read."""

    #: an application.user_membership.* event: a known assignment is forgotten
    ASSIGNMENT = "assignment"
    #: user.lifecycle.activate, reactivate, unsuspend: a known assignment is forgotten
    ACTIVATION = "activation"
    #: access ends: deactivate, suspend, delete.*, application.user_membership.remove
    ACCESS_ENDS = "access-ends"
    #: deactivate or delete.*: a 404 on the user is believable
    DELETION = "deletion"
    #: directory.mapping.update: profiles of many users may have changed, and no other event says so
    MAPPING = "mapping"


class Queue(StrEnum):
    """The three FIFO queues."""

    LEAVERS = "leavers"
    USERS = "users"
    GROUPS = "groups"


@dataclass(frozen=True)
class Shown:
    """What a whole listing of Genesys Cloud's users showed of one person; no values.

    Attributes:
        name: the keyed hash of the userName that was looked for.
        id: the one active account of that name, which no other Okta user has; empty where nobody's was shown at all.
        version: the version in which it was shown.
        held: the paths of list elements, such as phone numbers, that had a value there.
    """

    name: str
    id: str = ""
    version: str = ""
    held: tuple[str, ...] = ()


@dataclass(frozen=True)
class Item:
    """One wish to sync an entity.

    Attributes:
        entity: ``user:<okta id>``, ``group:<okta id>`` or ``app``.
        reason: who wishes it.
        id: deduplication id in the queue and key of the idempotency record.
        newest: latest ``published`` among the events, UTC; for a group item the end of its slot; None without events.
        events: up to 100 event uuids, for tracing.
        hints: what the events say, see `Hint`.
        users: of a group's item the Okta ids of those who came, where nothing else has changed: at most five. Empty
            where its members alone have changed and cannot all be named so; None where anything may have changed.
        due: the code of the due record that the item was made of, empty for every other item.
        tries: how often that record had been tried before.
        shown: what the first whole reconcile saw of a user's account in Genesys Cloud, None where nobody has looked.
        queue: the queue the item belongs to. Not part of the body.
    """

    entity: str
    reason: Reason
    id: str
    newest: datetime | None = None
    events: tuple[str, ...] = ()
    hints: frozenset[Hint] = frozenset()
    users: tuple[str, ...] | None = None
    due: str = ""
    tries: int = 0
    shown: Shown | None = None
    queue: Queue = Queue.USERS

    @property
    def kind(self) -> str:
        """``user``, ``group`` or ``app``."""
        return self.entity.partition(":")[0]

    @property
    def okta_id(self) -> str:
        """The Okta id within the entity, empty for ``app``."""
        return self.entity.partition(":")[2]

    def to_json(self) -> str:
        """The item as the body of a message: one line of ASCII JSON."""
        body: dict[str, object] = {"v": VERSION, "id": self.id, "entity": self.entity, "reason": self.reason.value}
        if self.newest is not None:
            body["newest"] = format_time(self.newest)
        body["events"] = list(self.events)
        body["hints"] = sorted(hint.value for hint in self.hints)
        if self.users is not None:
            body["users"] = list(self.users)
        if self.due:
            body |= {"due": self.due, "tries": self.tries}
        if self.shown is not None:
            body["shown"] = asdict(self.shown)
        return json.dumps(body, separators=(",", ":"))


def user_item(
    okta_id: str,
    newest: datetime,
    uuids: Iterable[str],
    hints: Iterable[Hint] = (),
    *,
    reason: Reason = Reason.HOOK,
    queue: Queue = Queue.USERS,
) -> Item:
    """An item for a user made of events: its id covers every uuid, so the same events make the same item."""
    return _from_uuids(f"user:{okta_id}", newest, uuids, frozenset(hints), reason, queue)


def app_item(
    newest: datetime, uuids: Iterable[str], hints: Iterable[Hint] = (), *, reason: Reason = Reason.HOOK
) -> Item:
    """An item for the Okta application made of events."""
    return _from_uuids("app", newest, uuids, frozenset(hints), reason, Queue.USERS)


def group_item(
    okta_id: str,
    newest: datetime,
    uuids: Iterable[str],
    users: Iterable[str] | None = None,
    *,
    reason: Reason = Reason.HOOK,
) -> Item:
    """An item for a group made of events.

    One that names `users` is an item of its own, for a sync may see to these alone. Every other one means the whole
    group: one for each 2-second slot of Okta's clock, whatever the events are, but that one of members alone stands
    for no other.
    """
    entity = f"group:{okta_id}"
    named = None if users is None else tuple(sorted(set(users)))
    if named and len(named) <= MAX_NAMED_USERS:
        item = _from_uuids(entity, newest, uuids, frozenset(), reason, Queue.GROUPS)
        return replace(item, users=named)
    slot = int(newest.timestamp() // GROUP_SLOT_SECONDS)
    end = datetime.fromtimestamp((slot + 1) * GROUP_SLOT_SECONDS, UTC)
    return Item(
        entity=entity,
        reason=reason,
        id=_digest(entity, "slot" if named is None else "members", str(slot)),
        newest=end,
        events=_named(uuids),
        users=None if named is None else (),
        queue=Queue.GROUPS,
    )


def make_item(
    entity: str,
    reason: Reason,
    dedup_key: str,
    *,
    queue: Queue | None = None,
    users: tuple[str, ...] | None = None,
    shown: Shown | None = None,
) -> Item:
    """An item without events; `dedup_key` is fixed where the cause arises: its retry sends the item once."""
    id_ = _digest(entity, reason.value, dedup_key)
    return Item(entity=entity, reason=reason, id=id_, users=users, shown=shown, queue=queue or _usual_queue(entity))


def is_entity(text: str) -> bool:
    """Whether a text names an entity: ``user:<okta id>``, ``group:<okta id>`` or ``app``."""
    return _ENTITY.fullmatch(text) is not None


def parse_item(body: str) -> Item:
    """The item in a message's body; its queue is the usual one of its entity (groups, else users).

    Raises:
        Permanent: the body is no item of a readable version; the reason is ``unreadable-item``.
    """
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError):
        raise Permanent("unreadable-item", detail="body is not JSON") from None
    if not isinstance(raw, dict):
        raise Permanent("unreadable-item", detail="body is not an object")
    if type(raw.get("v")) is not int or raw["v"] not in READABLE_VERSIONS:
        raise Permanent("unreadable-item", detail=f"v is not one of {sorted(READABLE_VERSIONS)}")
    entity = raw.get("entity")
    if not isinstance(entity, str) or not is_entity(entity):
        raise Permanent("unreadable-item", detail="entity is not user:<id>, group:<id> or app")
    if not isinstance(raw.get("id"), str) or not raw["id"]:
        raise Permanent("unreadable-item", detail="id is missing")
    try:
        return Item(
            entity=entity,
            reason=Reason(str(raw.get("reason"))),
            id=raw["id"],
            newest=parse_time(raw["newest"]) if raw.get("newest") is not None else None,
            events=tuple(str(uuid) for uuid in raw.get("events") or ()),
            hints=frozenset(Hint(hint) for hint in raw.get("hints") or ()),
            users=_users(raw.get("users")),
            due=str(raw.get("due") or ""),
            tries=_number(raw.get("tries", 0)),
            shown=_shown(raw.get("shown")),
            queue=_usual_queue(entity),
        )
    except (ValueError, TypeError):
        raise Permanent(
            "unreadable-item", detail="reason, newest, events, hints, users, tries or shown are not as expected"
        ) from None


def parse_time(text: object) -> datetime:
    """An ISO-8601 time with offset as UTC.

    Raises:
        TypeError: not a string.
        ValueError: no such time, without an offset, or not of our age.
    """
    if not isinstance(text, str):
        raise TypeError("a time is a string")
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("a time has an offset")
    if not _YEARS[0] <= time.year <= _YEARS[1]:
        raise ValueError("a time is of our age")
    return time.astimezone(UTC)


def format_time(time: datetime) -> str:
    """UTC ISO-8601 with milliseconds and ``Z``, as Okta writes ``published``."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_settled(item: Item, date: datetime, lag: timedelta) -> bool:
    """Whether a read that Okta dated `date` shows everything the item's events did."""
    return item.newest is None or date >= item.newest + lag


def _from_uuids(
    entity: str, newest: datetime, uuids: Iterable[str], hints: frozenset[Hint], reason: Reason, queue: Queue
) -> Item:
    ordered = sorted(set(uuids))
    return Item(
        entity=entity,
        reason=reason,
        id=_digest(entity, *ordered),
        newest=newest,
        events=_named(ordered),
        hints=hints,
        queue=queue,
    )


def _number(value: object) -> int:
    if type(value) is not int:
        raise TypeError("a number of tries is a whole one")
    return value


def _users(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) and OKTA_ID.fullmatch(each) for each in value):
        raise TypeError("users are a list of Okta ids")
    return tuple(value) if len(value) <= MAX_NAMED_USERS else ()


def _shown(value: object) -> Shown | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("held"), list):
        raise TypeError("what was shown is an object")
    texts = [value.get(key) for key in ("name", "id", "version")]
    if not all(isinstance(text, str) for text in [*texts, *value["held"]]):
        raise TypeError("what was shown is texts")
    name, id_, version = map(str, texts)
    return Shown(name, id_, version, tuple(value["held"]))


def _usual_queue(entity: str) -> Queue:
    return Queue.GROUPS if entity.startswith("group:") else Queue.USERS


def _named(uuids: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(uuids))[:NAMED_EVENTS])


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps([VERSION, *parts]).encode()).hexdigest()
