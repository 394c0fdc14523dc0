"""What every sync shares: the work it is asked to do, the account it gives, and the fence around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from bridge.errors import FenceMoved, Outdated, Transient
from bridge.items import Hint, Item, Reason, Shown
from bridge.provisioning.judge import Plan
from bridge.provisioning.records import JournalEntry, ParkedItem

#: Reasons whose syncs read Genesys Cloud first and compare with that, so that drift is repaired.
DEEP_REASONS = frozenset({Reason.RECONCILE, Reason.OPERATOR, Reason.REDRIVE, Reason.HOLD})
#: How often a sync starts again when another sync has begun meanwhile.
FENCE_ATTEMPTS = 3
#: Seconds of a function's time that one more call to the outside may need.
CALL_SECONDS = 15.0


@dataclass(frozen=True)
class Work:
    """All items of one entity in a batch: they are answered by one sync.

    Attributes:
        items: at least one, all of the same entity.
        seconds_left: how long this process may still run; a long sync stops in time and goes on later.
        fresh: whether nobody had the items in hand before, who may have died over them.
        hold_call: has one call of Genesys Cloud's budget ready, waiting for it; before anything is read or written.
        until: does what may raise Transient ``...-pace`` again until it does not, waiting in between as time allows.
        crowd: how many entities are synced in the same batch; many of a backlog.
        again: whether this sync had to start again, so that what it wrote before may contradict the record.
    """

    items: tuple[Item, ...]
    seconds_left: Callable[[], float] = lambda: float("inf")
    hold_call: Callable[[], None] = lambda: None
    until: Callable[[Callable[[], None]], None] = lambda attempt: attempt()
    crowd: int = 1
    fresh: bool = False
    again: bool = False

    @property
    def entity(self) -> str:
        """The entity to sync."""
        return self.items[0].entity

    @property
    def okta_id(self) -> str:
        """Its Okta id, empty for ``app``."""
        return self.items[0].okta_id

    @property
    def hints(self) -> frozenset[Hint]:
        """What the events of all items say."""
        return frozenset().union(*(item.hints for item in self.items))

    @property
    def reasons(self) -> frozenset[Reason]:
        """Why the entity is synced."""
        return frozenset(item.reason for item in self.items)

    @property
    def deep(self) -> bool:
        """Whether Okta's assignment and Genesys Cloud are read whatever the records say."""
        return self.again or bool(self.reasons & DEEP_REASONS)

    @property
    def shown(self) -> Shown | None:
        """What a listing showed of the user's account; nothing once that has led nowhere."""
        return (
            None if self.again else next((item.shown for item in reversed(self.items) if item.shown is not None), None)
        )

    @property
    def newest(self) -> datetime | None:
        """The latest ``published`` behind the items."""
        return max((item.newest for item in self.items if item.newest is not None), default=None)

    @property
    def events(self) -> tuple[str, ...]:
        """The first 20 event ids, for the journal."""
        return tuple(dict.fromkeys(uuid for item in self.items for uuid in item.events))[:20]

    def parked(self, reason: str, detail: str, at: datetime) -> ParkedItem:
        """What waits for a person while the rest of the change is done: one record for each cause."""
        item = self.items[0]
        return ParkedItem(item.entity, item.id, item.to_json(), reason, detail, at)

    def check_time(self) -> None:
        """Raise Transient when no further call may begin in this process."""
        if self.seconds_left() < CALL_SECONDS:
            raise Transient("time-budget", retry_after=0.0)


@dataclass
class Report:
    """The account a sync gives of itself; becomes a journal entry.

    Attributes:
        outcome: what came of it, see `JournalEntry`.
        why: a reason code.
        date: Okta's ``Date`` of the first read, None when nothing was read.
        parked: single members that could not be changed, to be parked while the rest goes on.
        causes: reason code -> detail of what waits for a person although the rest was done.
        kept_causes: reason codes that were parked before and still stand.
        lost_roles: names of roles that are missing since the user came back.
        refused: names of attributes that Genesys Cloud newly refuses, or does not hold as they were written.
        planned_calls: the writes that observe mode kept back, such as ``PATCH users/<id> replace title``.
        notification_pending: whether people could not be told of a hold's change.
        hold_told: whether people were told of a hold that has opened or ended.
        none_parked: whether nothing at all was parked when the sync began.
        joining: Okta ids of those whom observe mode would add to a group.
        partial: whether only what the items named was seen to: what is parked, and what waits for a person, stays.
        plan: what observe mode would do about those who leave it, None where nothing was judged.
    """

    outcome: str = "unchanged"
    why: str = ""
    date: datetime | None = None
    read: dict[str, str] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()
    added: int = 0
    removed: int = 0
    held: int = 0
    parked: list[ParkedItem] = field(default_factory=list)
    causes: dict[str, str] = field(default_factory=dict)
    kept_causes: set[str] = field(default_factory=set)
    refused: tuple[str, ...] = ()
    lost_roles: tuple[str, ...] = ()
    planned_calls: list[str] = field(default_factory=list)
    notification_pending: bool = False
    hold_told: bool = False
    none_parked: bool = False
    joining: tuple[str, ...] = ()
    partial: bool = False
    plan: Plan | None = None

    @property
    def made(self) -> bool:
        """Whether the user has come to their account by this sync."""
        return self.outcome in {"created", "recreated", "adopted"}

    def finish(self, outcome: str, why: str = "") -> Report:
        """The same report with its outcome."""
        self.outcome, self.why = outcome, why
        return self

    def entry(self, work: Work, at: datetime, calls: Sequence[str]) -> JournalEntry:
        """The journal entry of this sync."""
        return JournalEntry(
            entity=work.entity,
            at=at,
            outcome=self.outcome,
            items=tuple(item.id for item in work.items),
            reason=",".join(sorted(work.reasons)),
            events=work.events,
            why=self.why,
            read=dict(self.read),
            changed=self.changed,
            calls=(*calls, *(f"would {line}" for line in self.planned_calls)),
            unmapped=self.unmapped,
            refused=self.refused,
            lost_roles=self.lost_roles,
            added=self.added,
            removed=self.removed,
            held=self.held,
        )


def fenced(attempt: Callable[[Work], Report], work: Work) -> Report:
    """Run a sync; start it again when another sync of the same entity has begun, or a record proved outdated.

    Raises:
        Transient: the fence moved on every attempt, or everything was outdated twice.
    """
    for _ in range(FENCE_ATTEMPTS):
        try:
            return attempt(work)
        except FenceMoved:
            pass
        except Outdated as outdated:
            if work.again:
                raise Transient(outdated.reason, upstream="genesys") from None
        work = replace(work, again=True)
    raise Transient("fence-moved", upstream="store")


class Sync(Protocol):
    """A sync of one kind of entity."""

    def sync(self, work: Work) -> Report:
        """Sync once; raises as `bridge.errors`."""
        ...
