"""What the bridge remembers of removals: holds, what people decided on them, and whose removal is counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class HoldState(StrEnum):
    """The life of a hold."""

    OPENING = "opening"
    OPEN = "open"
    APPROVED = "approved"
    DONE = "done"
    REJECTED = "rejected"
    RESOLVED = "resolved"
    UNLINKED = "unlinked"


@dataclass(frozen=True)
class Hold:
    """The header of a group's hold; the staged users are records of their own.

    Attributes:
        entity: the group.
        number: 1 for the entity's first hold, then one more each.
        state: see `HoldState`.
        revision: one more with each change of the staged users.
        reason: why removals are held: ``ceiling``, ``first-link``, ``suspicious-empty``, ``group-deleted``.
        staged: how many users are staged.
        events: the first 20 event ids behind it.
        opened: when it was opened.
        changed: when it last changed.
        explanation: counts for people: W, c, B and the limits. No names.
        decided: the revision that was decided about, 0 without a decision; who is staged later is not meant.
        by: the ARN of who decided, as AWS confirmed it; empty while nobody did.
        why: what the decider gave as reason, such as a ticket.
        told: the state that was last told to people, so that a message that could not be sent is sent later.
    """

    entity: str
    number: int
    state: HoldState
    revision: int
    reason: str
    staged: int
    events: tuple[str, ...]
    opened: datetime
    changed: datetime
    explanation: str = ""
    decided: int = 0
    by: str = ""
    why: str = ""
    told: str = ""

    @property
    def blocks(self) -> bool:
        """Whether removals wait for a person now."""
        return self.state in {HoldState.OPENING, HoldState.OPEN}

    @property
    def ended(self) -> bool:
        """Whether nobody waits for anything any more; an approved one is still to be carried out."""
        return not self.blocks and self.state is not HoldState.APPROVED


class Verdict(StrEnum):
    """What a person decided about a hold."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True)
class Decision:
    """A person's decision on one hold; the next sync of the entity carries it out.

    Attributes:
        entity: the hold's entity.
        number: the hold's number.
        revision: the revision that the person saw: who was staged later is not meant.
        verdict: approve or reject.
        by: the ARN of the person, as AWS confirmed it.
        why: what the person gave as reason, such as a ticket; no names.
        at: when.
    """

    entity: str
    number: int
    revision: int
    verdict: Verdict
    by: str
    why: str
    at: datetime


class RemovalState(StrEnum):
    """Where one user's removal stands."""

    RESERVED = "reserved"  #: counted, and may be carried out
    DONE = "done"  #: counted, and carried out
    APPROVED = "approved"  #: a person's decision: may be carried out and is not counted


@dataclass(frozen=True)
class Removal:
    """One user's removal from a group, or deactivation (entity ``app``)."""

    state: RemovalState
    at: datetime


@dataclass(frozen=True)
class LeaverRecords:
    """What is on record of one user's removal from an entity.

    Attributes:
        excepted: whether a person's rejection keeps them.
        removals: the records of the entity, and of others that were asked for, by entity.
        hold: the entity's newest hold, whatever its state.
    """

    excepted: bool
    removals: Mapping[str, Removal]
    hold: Hold | None
