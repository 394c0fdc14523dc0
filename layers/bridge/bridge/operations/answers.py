"""What is answered: ``{"ok": true, ...}``, or ``{"ok": false, "error": {"reason", "message", "field"?}}``.

Times are UTC ISO-8601. What a record does not hold, or what is not there yet, is null. Ids, counts and codes only; the
one exception is `Compared`, whose values of a profile go into the answer and nowhere else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Refused(Exception):
    """A request is answered with an error.

    Args:
        reason: a short code: ``invalid-request``, ``not-found``, ``not-set-up``, ``unavailable`` (worth another try),
            ``refused`` (trying again changes nothing), ``identity-refused``, ``hold-not-open``, ``revision-unknown``,
            ``already-decided``, ``readers-may-not``, ``nothing-parked``, ``unexpected``.
        message: for people; never a value of a profile.
        field: the field of the request that is to blame.
    """

    def __init__(self, reason: str, message: str, *, field: str = "") -> None:
        super().__init__(f"{reason} {message}")
        self.reason = reason
        self.message = message
        self.field = field

    def document(self) -> dict[str, Any]:
        """The answer as JSON."""
        error = {"reason": self.reason, "message": self.message}
        return {"ok": False, "error": {**error, "field": self.field} if self.field else error}


class Answer(BaseModel):
    """Base of every good answer."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    ok: Literal[True] = True

    def document(self) -> dict[str, Any]:
        """The answer as JSON."""
        return self.model_dump(mode="json")


class Part(BaseModel):
    """Base of what answers are made of."""

    model_config = ConfigDict(frozen=True, defer_build=True)


# ----------------------------------------------------------------------------------------------- entities


class Planned(Part):
    """What a sync would do now, as its journal entry would say it; nothing of it was done or written."""

    outcome: str = Field(description="as in the journal; parked or waits for a sync that something stops")
    why: str = ""
    says: str = Field(default="", description="the reason in words, and what to do first")
    read: dict[str, str] = {}
    changed: list[str] = []
    calls: list[str] = Field(default=[], description="reads that were made, and `would PATCH users/<id> ...`")
    added: int = 0
    removed: int = 0
    held: int = 0
    enqueues: list[str] = Field(default=[], description="entities that the sync would put into their queues")


class Synced(Answer):
    """Answers ``sync``: without ``apply`` what a sync would do, with it the id of the item that is in the queue."""

    entity: str
    applied: bool
    item: str | None = None
    planned: Planned | None = None


class ParkedItem(Part):
    """An item that waits for a person; ``body`` is the item as it was in its queue."""

    entity: str
    item: str
    reason: str
    means: str = Field(default="", description="the reason in words")
    first: str = Field(default="", description="what to do first")
    acts: str = Field(default="", description="who has something to do, see `bridge.operations.reasons`")
    detail: str
    reference: str = Field(default="", description="the other side's id of the failed call")
    since: datetime | None = Field(default=None, description="when it was first met; parked is when it was last met")
    parked: datetime
    discarded: datetime | None = Field(default=None, description="when a person discarded it")
    ticket: str = Field(default="", description="the reason that person gave")
    body: str


class Step(Part):
    """One step of an explanation."""

    step: Literal["reach", "read", "in-scope", "match", "act"]
    state: Literal["ok", "failed", "skipped"]
    says: str


class Entry(Part):
    """A journal entry; see `bridge.provisioning.records.JournalEntry`."""

    entity: str
    at: datetime
    outcome: str
    reason: str = ""
    why: str = ""
    items: list[str] = []
    events: list[str] = []
    read: dict[str, str] = {}
    changed: list[str] = []
    calls: list[str] = []
    unmapped: list[str] = []
    refused: list[str] = []
    lost_roles: list[str] = []
    added: int = 0
    removed: int = 0
    held: int = 0


class Explained(Answer):
    """Answers ``explain``: always five steps, and the journal, the newest entry first."""

    entity: str
    genesys_id: str | None
    steps: list[Step]
    parked: list[ParkedItem]
    excepted: list[str] = Field(default=[], description="for a user where, for a group who is an exception")
    lost_roles: list[str] = Field(default=[], description="roles that a user lacks since access is back")
    journal: list[Entry]


class Journalled(Answer):
    """Answers ``journal``: what the last syncs did, and what is parked."""

    entity: str
    journal: list[Entry]
    parked: list[ParkedItem]


class Difference(Part):
    """What observe mode would have changed."""

    entity: str
    at: datetime
    outcome: str
    why: str = ""
    changed: list[str] = []
    calls: list[str] = []
    added: int = 0
    removed: int = 0
    held: int = 0


class Differences(Answer):
    """Answers ``diff`` without an entity."""

    differences: list[Difference]
    next: str | None


class Attribute(Part):
    """One attribute of a user, as it should be and as Genesys Cloud holds it; null is absent."""

    path: str
    wanted: Any = None
    held: Any = None
    same: bool


class Compared(Answer):
    """Answers ``diff`` with an entity.

    For a user the attributes; for a group what a sync would do now: the Okta ids of who joins, who leaves and who
    waits, and how many members have no link (and are never touched). ``state`` says in one code why there is nothing to
    compare, and is empty otherwise.
    """

    entity: str
    genesys_id: str | None
    state: str
    attributes: list[Attribute] = []
    joining: list[str] = []
    leaving: list[str] = []
    waiting: list[str] = Field(default=[], description="whose removal a later reading has to confirm")
    held: list[str] = Field(default=[], description="whose removal waits for a person")
    why: str = Field(default="", description="the reason code of that")
    excepted: list[str] = Field(default=[], description="who would leave, and stays by a rejected hold")
    unlinked_members: int = 0


class GroupChanged(Answer):
    """Answers ``group.link``, ``group.unlink`` and ``group.ceiling``."""

    entity: str
    linked_by: str
    ceiling: int | None
    ceiling_percent: int | None
    item: str


class Named(Part):
    """Who or what was found; ``name`` is a login or a group's name."""

    entity: str
    name: str


class FoundEntities(Answer):
    """Answers ``find``; the name stands in no record."""

    found: list[Named]


class GroupLine(Part):
    """A group on both sides; a name is empty where there is no group, a count null where it is not told."""

    entity: str
    okta_name: str
    okta_members: int | None
    okta_more: bool = Field(description="whether Okta has more members than were counted")
    genesys_id: str | None
    genesys_name: str
    genesys_members: int | None
    state: str
    linked_by: str
    why: str = Field(description="why it is not linked")
    held: int = Field(description="how many removals an open hold has")
    ceiling: int = Field(description="the removals that count as many within the window: its own or the setting's")
    ceiling_percent: int = Field(description="the same as a part of the group; 0 where that is off")
    own_ceiling: bool = Field(description="whether an operator has set one of both for this group")


class GroupsListed(Answer):
    """Answers ``group.list``."""

    groups: list[GroupLine]
    next: str | None


class ParkedItems(Answer):
    """Answers ``parked.list`` and ``parked.show``."""

    parked: list[ParkedItem]
    next: str | None


class Redriven(Answer):
    """Answers ``parked.redrive``: the id of the item that is in the queue, and how many records its success closes."""

    entity: str
    item: str
    parked: int


class Discarded(Answer):
    """Answers ``parked.discard``: the reason codes of the causes that were discarded."""

    entity: str
    reasons: list[str]
