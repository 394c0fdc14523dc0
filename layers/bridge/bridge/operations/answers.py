"""What is answered: ``{"ok": true, ...}``, or ``{"ok": false, "error": {"reason", "message", "field"?}}``.

Times are UTC ISO-8601. What a record does not hold, or what is not there yet, is null. Ids, counts and codes only; the
one exception is `Compared`, whose values of a profile go into the answer and nowhere else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bridge.operations.document import Decisions


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


# -------------------------------------------------------------------------------------------------- holds


class Decision(Part):
    """A person's decision on a hold; ``by`` is the ARN that AWS confirmed."""

    verdict: Literal["approve", "reject"]
    number: int
    revision: int
    by: str
    why: str
    at: datetime


class Hold(Part):
    """A hold's header; ``decision`` is there before the entity's sync has acted on it."""

    entity: str
    number: int
    state: Literal["opening", "open", "approved", "done", "rejected", "resolved", "unlinked"]
    revision: int
    reason: str
    explanation: str
    staged: int
    events: list[str]
    opened: datetime
    changed: datetime
    reminded: datetime | None = Field(default=None, description="when people were last reminded")
    decided: int | None = Field(default=None, description="the revision that was decided about")
    by: str = ""
    why: str = ""
    decision: Decision | None = None
    excepted: int = Field(default=0, description="how many keep access that Okta has ended, by a rejection")
    approved: int = Field(default=0, description="how many an approval that is being carried out releases")
    released: int = Field(default=0, description="how many of those are done")


class Holds(Answer):
    """Answers ``holds.list``, the oldest first."""

    holds: list[Hold]


class Staged(Part):
    """A user whose removal is held: the Okta id, and in which revision the user was staged."""

    user: str
    revision: int


class HoldChange(Part):
    """One change of a hold."""

    at: datetime
    number: int
    revision: int
    state: str
    staged: int
    by: str = ""
    why: str = ""


class HoldShown(Answer):
    """Answers ``holds.show``; the history is that of all holds of the entity, the newest change first."""

    hold: Hold
    staged: list[Staged]
    next: str | None
    history: list[HoldChange]
    excepted: list[str] = Field(default=[], description="who keeps access that Okta has ended, by a rejection")


class Reconsidered(Answer):
    """Answers ``reconsider``: whose exceptions were taken back, and the item whose sync judges them."""

    entity: str
    users: list[str]
    by: str
    item: str


class Kept(Answer):
    """Answers ``keep``: whose exceptions were added, and the item whose sync heeds them."""

    entity: str
    users: list[str]
    by: str
    item: str


class Reminded(Answer):
    """Answers ``remind``: the entities whose holds were told."""

    told: list[str]


class Decided(Answer):
    """Answers ``approve`` and ``reject``; a repeated call is answered in the same way and enqueues the entity again."""

    decision: Decision
    item: str
    releases: str = Field(description="a sentence: what the decision means for whom")


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

    For a user the attributes; for a group what a sync would do now: the Okta ids of who joins, who leaves and who is
    held, and how many members have no link (and are never touched). ``state`` says in one code why there is nothing to
    compare, and is empty otherwise.
    """

    entity: str
    genesys_id: str | None
    state: str
    attributes: list[Attribute] = []
    joining: list[str] = []
    leaving: list[str] = []
    held: list[str] = Field(default=[], description="whose removal waits")
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


# ---------------------------------------------------------------------------------------------- the whole


class Paused(Answer):
    """Answers ``pause`` and ``resume``: how things stand now. Queues may take some seconds to follow."""

    everything: bool
    removals: bool


class OrganisationConfirmed(Answer):
    """Answers ``confirm``: client id and host of Genesys Cloud, as confirmed now and before."""

    confirmed: str
    before: str | None


class Depth(Part):
    """How full a queue is: ``later`` counts those with a delay of their own, ``in_hand`` also those that try again.

    ``read`` says whether anybody reads the queue: false while everything is paused.
    """

    read: bool | None
    waiting: int
    in_hand: int
    later: int


class Breaker(Part):
    """An upstream's breaker: ``open`` while nobody calls the upstream, ``closed`` otherwise.

    That of ``organisation`` is open while the credentials show no account that the bridge knows.
    """

    upstream: str
    state: str
    since: datetime | None = None
    why: str = ""


class SetUp(Part):
    """Whether the secret is filled; ``missing`` names its keys that are not."""

    done: bool
    missing: list[str]


class ReconcileRun(Part):
    """One comparison of everything; see `bridge.provisioning.runs.Run`.

    ``counts`` says how many of each kind were found, ``ids`` names the first hundred of each.
    """

    id: str
    mode: str
    state: Literal["running", "done", "failed"]
    started: datetime
    ended: datetime | None = None
    phase: str = ""
    waiting: str = Field(default="", description="why the last invocation stopped")
    failed: str = Field(default="", description="why it ended without being whole")
    done: int = Field(default=0, description="how much of the phase is done")
    of: int = Field(default=0, description="how much there is in it, 0 when that is not known")
    seconds_left: int | None = Field(default=None, description="about how long it still takes")
    items: int = 0
    counts: dict[str, int] = {}
    ids: dict[str, list[str]] = {}


class Status(Answer):
    """Answers ``status``; what cannot be told is null."""

    mode: Literal["enforce", "observe"]
    set_up: SetUp | None
    bootstrapped: bool
    reconciled: str | None = Field(description="the mode of the last whole reconcile")
    app_status: str | None
    paused_everything: bool | None
    paused_removals: bool
    restored: datetime | None = Field(default=None, description="when the records came back from a backup")
    held_until: datetime | None = Field(default=None, description="until when a restore holds removals at least")
    queues: dict[str, Depth]
    breakers: list[Breaker] | None
    holds_open: int
    releases: list[Hold] = Field(default=[], description="approved holds whose users are not all done")
    excepted: dict[str, int] = Field(default={}, description="entity -> how many keep access that Okta has ended")
    parked: int
    reconcile: ReconcileRun | None
    caught_up: datetime | None = Field(description="up to where catch-up has read Okta's System Log")
    hook: str | None = Field(
        default=None,
        description="what the last check of Okta's event hook found: ``not-active``, ``unverified``, "
        "``types-missing``; empty: nothing",
    )


class Check(Part):
    """One check of the set-up; ``id`` is one of `bridge.operations.checklist.CHECKS`.

    ``because`` says what was seen, ``do`` what to do about it. What is skipped says ``needs <id>``.
    """

    id: str
    state: Literal["ok", "fail", "unknown", "skipped"]
    because: str
    do: str = ""


class Checked(Answer):
    """Answers ``check``: what can be seen from the function, its release and its time."""

    checks: list[Check]
    version: str
    at: datetime


class SettingsShown(Answer):
    """Answers ``settings``; none of them is a secret. ``map`` is empty for the map that comes with the bridge."""

    mode: Literal["enforce", "observe"]
    okta_org_url: str
    okta_app_id: str
    okta_auth: Literal["oauth", "ssws"]
    okta_client_id: str
    signing_key: str
    genesys_region: str
    map: str


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
    ceiling: int | None
    ceiling_percent: int | None


class GroupsListed(Answer):
    """Answers ``group.list``."""

    groups: list[GroupLine]
    next: str | None


class MapDifference(Answer):
    """Answers ``map.diff``: of a page of the assigned users."""

    people: int
    rewritten: int = Field(description="how many have an attribute that the map gives another value")
    attributes: dict[str, int] = Field(description="SCIM path -> for how many it is another value")
    unmappable: int = Field(description="how many have a profile that the map cannot map, and the present one can")
    next: str | None


class Exported(Answer):
    """Answers ``export``."""

    decisions: Decisions


class ImportStep(Part):
    """What becomes of one decision: ``done`` is there already, ``cannot`` says ``why``; ``users`` are those to add."""

    do: Literal["group.link", "group.unlink", "group.ceiling", "keep"]
    entity: str
    state: Literal["to-do", "done", "cannot"]
    why: str = ""
    ceiling: int | None = None
    ceiling_percent: int | None = None
    users: list[str] = []


class ImportMap(Part):
    """How the document's attribute map stands to the one here; `parameter` is the one that is used here."""

    state: Literal["none", "same", "differs"]
    parameter: str = ""


class ImportPreview(Answer):
    """Answers ``import.preview``; nothing is changed."""

    steps: list[ImportStep]
    map: ImportMap


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


class ReconcileStarted(Answer):
    """Answers ``reconcile.start``: a new run comes, or, with ``started`` false, the present one goes on at once.

    ``id`` is the run to follow; its record may come some seconds later. ``run`` is it, when it is there already.
    """

    started: bool
    id: str
    run: ReconcileRun | None


class ReconcileState(Answer):
    """Answers ``reconcile.status``."""

    run: ReconcileRun | None
