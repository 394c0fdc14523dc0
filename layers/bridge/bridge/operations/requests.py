"""What may be asked: one JSON object ``{"do": "<name>", ...}`` each, in the payload of an invocation.

`Operation` is everything that the operations function takes; what the approvals function takes is in
`bridge.operations.decision_requests`, and the answers are in `answers`, `bridge_answers` and `hold_answers`. People
who may invoke the operations function may ask everything of it; those who may invoke its alias `READER` alone may ask
what `reads`. Each field's description says what is expected of it, and a refusal says it.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from bridge.operations.asked import (
    MAX_NAMES,
    USUAL_PAGE,
    After,
    AnyEntity,
    Asked,
    Entity,
    GroupEntity,
    HoldEntity,
    Limit,
    Ticket,
    names_of,
    parse,
)
from bridge.operations.document import Decisions
from bridge.operations.log_requests import Log
from bridge.operations.match_requests import MatchOperation

# -------------------------------------------------------------------------------------------------- holds


class HoldsList(Asked):
    """Every open hold, with ``all`` also those that keep exceptions; answered by `hold_answers.Holds`."""

    do: Literal["holds.list"] = "holds.list"
    all: Annotated[bool, Field(description="true or false")] = False

    @property
    def reads(self) -> bool:
        """Always."""
        return True


class HoldsShow(Asked):
    """The newest hold of an entity, its staged users by page, its history; answered by `hold_answers.HoldShown`."""

    do: Literal["holds.show"] = "holds.show"
    entity: HoldEntity
    limit: Limit = USUAL_PAGE
    after: After = ""

    @property
    def reads(self) -> bool:
        """Always."""
        return True


class Remind(Asked):
    """Tell people of holds that wait for more than a day, as the schedule asks; answered by `hold_answers.Reminded`."""

    do: Literal["remind"] = "remind"


# ----------------------------------------------------------------------------------------------- entities


class Sync(Asked):
    """Sync an entity: with ``apply`` by an item in its queue, without it only as an account of what a sync would do.

    Answered by `answers.Synced`.
    """

    do: Literal["sync"] = "sync"
    entity: AnyEntity
    apply: Annotated[bool, Field(description="true or false")] = False

    @property
    def reads(self) -> bool:
        """Only what a sync would do."""
        return not self.apply


class Explain(Asked):
    """Why an entity is as it is, in five steps, and its newest journal entries; answered by `answers.Explained`."""

    do: Literal["explain"] = "explain"
    entity: Entity
    limit: Limit = 10

    @property
    def reads(self) -> bool:
        """Always."""
        return True


class Journal(Asked):
    """An entity's newest journal entries and what is parked for it; answered by `answers.Journalled`."""

    do: Literal["journal"] = "journal"
    entity: AnyEntity
    limit: Limit = 10

    @property
    def reads(self) -> bool:
        """Always."""
        return True


class Diff(Asked):
    """What differs: of an entity as both sides are now, or else all that observe mode recorded, page by page.

    Answered by `answers.Compared` or `answers.Differences`.
    """

    do: Literal["diff"] = "diff"
    entity: Annotated[Entity | None, Field(description="user:<okta id> or group:<okta id>, or absent")] = None
    limit: Limit = USUAL_PAGE
    after: After = ""

    @property
    def reads(self) -> bool:
        """Only what observe mode recorded: the live comparison shows values."""
        return self.entity is None


class GroupLink(Asked):
    """Keep an Okta group linked by an operator's decision, or unlink it; answered by `answers.GroupChanged`."""

    do: Literal["group.link", "group.unlink"]
    entity: GroupEntity


class GroupCeiling(Asked):
    """Set a group's own removal ceiling; null takes the setting again. Answered by `answers.GroupChanged`."""

    do: Literal["group.ceiling"] = "group.ceiling"
    entity: GroupEntity
    count: Annotated[int, Field(ge=1, le=1000)] | None = Field(description="a whole number from 1 to 1000, or null")
    percent: Annotated[int, Field(ge=0, le=100)] | None = Field(description="a whole number from 0 to 100, or null")


# ------------------------------------------------------------------------------------------------- the whole


class Pause(Asked):
    """Stop everything (the queues are no longer read), or removals alone; answered by `bridge_answers.Paused`."""

    do: Literal["pause", "resume"]
    what: Annotated[Literal["everything", "removals"], Field(description="everything or removals")]


class ConfirmOrganisation(Asked):
    """The credentials are those of the right organisation; answered by `bridge_answers.OrganisationConfirmed`."""

    do: Literal["confirm"] = "confirm"
    what: Annotated[Literal["organisation"], Field(description="organisation")]


class Check(Asked):
    """Whether the bridge is set up well, as far as its own credentials see; answered by `bridge_answers.Checked`."""

    do: Literal["check"] = "check"
    hook_url: Annotated[
        str,
        StringConstraints(pattern=r"^https?://[!-~]{1,500}$"),
        Field(description="where the event hook has to deliver to: the stack's output HookUrl"),
    ]

    @property
    def reads(self) -> bool:
        """Always."""
        return True


class Find(Asked):
    """Who or what is called so; answered by `answers.FoundEntities`. The name is in no log."""

    do: Literal["find"] = "find"
    kind: Annotated[Literal["user", "group", "account"], Field(description="user, group or account")]
    name: Annotated[
        str,
        StringConstraints(min_length=1, max_length=255),
        Field(description="an e-mail address, a login or a group's name", repr=False),
    ]

    @property
    def names(self) -> bool:
        """Always."""
        return True


class GroupList(Asked):
    """The groups that the bridge knows, with their names; answered by `answers.GroupsListed`."""

    do: Literal["group.list"] = "group.list"
    limit: Annotated[int, Field(ge=1, le=MAX_NAMES, description=f"a whole number from 1 to {MAX_NAMES}")] = MAX_NAMES
    after: After = ""

    @property
    def names(self) -> bool:
        """Always."""
        return True


#: An attribute map: as much as an advanced parameter of SSM holds.
MapText = Annotated[
    str,
    StringConstraints(min_length=2, max_length=8192),
    Field(description="an attribute map of at most 8192 characters"),
]


class MapTry(Asked):
    """What a map would make of a user; answered by `answers.Compared`."""

    do: Literal["map.try"] = "map.try"
    text: MapText
    entity: Entity


class MapDiff(Asked):
    """How many users a map would rewrite, page by page; answered by `bridge_answers.MapDifference`."""

    do: Literal["map.diff"] = "map.diff"
    text: MapText
    following: Annotated[
        str, StringConstraints(pattern=r"^[!-~]{0,2000}$"), Field(description="what the page before gave as next")
    ] = ""


class Settings(Asked):
    """Which org, application and region the bridge is set to; answered by `bridge_answers.SettingsShown`."""

    do: Literal["settings"] = "settings"

    @property
    def reads(self) -> bool:
        """Always."""
        return True


class Status(Asked):
    """How the bridge is; answered by `bridge_answers.Status`."""

    do: Literal["status"] = "status"

    @property
    def reads(self) -> bool:
        """Always."""
        return True


class ParkedList(Asked):
    """What waits for a person, or what was discarded, page by page; answered by `answers.ParkedItems`."""

    do: Literal["parked.list"] = "parked.list"
    discarded: Annotated[bool, Field(description="true or false")] = False
    limit: Limit = USUAL_PAGE
    after: After = ""

    @property
    def reads(self) -> bool:
        """Always."""
        return True


class ParkedShow(Asked):
    """The parked items of one entity, with their bodies; answered by `answers.ParkedItems`."""

    do: Literal["parked.show"] = "parked.show"
    entity: AnyEntity

    @property
    def reads(self) -> bool:
        """Always."""
        return True


class ParkedRedrive(Asked):
    """Sync a parked entity again; its sync's success closes the record. Answered by `answers.Redriven`."""

    do: Literal["parked.redrive"] = "parked.redrive"
    entity: AnyEntity


class ParkedDiscard(Asked):
    """Let what is parked for an entity wait for nobody until something changes; answered by `answers.Discarded`."""

    do: Literal["parked.discard"] = "parked.discard"
    entity: AnyEntity
    reason: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")] | None,
        Field(description="the reason code of the cause, or absent for all causes"),
    ] = None
    why: Ticket


class ReconcileStart(Asked):
    """Compare everything, now; answered by `bridge_answers.ReconcileStarted`."""

    do: Literal["reconcile.start"] = "reconcile.start"


class ReconcileStatus(Asked):
    """The newest comparison; answered by `bridge_answers.ReconcileState`."""

    do: Literal["reconcile.status"] = "reconcile.status"

    @property
    def reads(self) -> bool:
        """Always."""
        return True


class Export(Asked):
    """What people decided, as one document; answered by `bridge_answers.Exported`."""

    do: Literal["export"] = "export"

    @property
    def reads(self) -> bool:
        """Always: ids, and the attribute map, which names no values."""
        return True


class ImportPreview(Asked):
    """What an import of such a document would change here; answered by `bridge_answers.ImportPreview`."""

    do: Literal["import.preview"] = "import.preview"
    decisions: Annotated[Decisions, Field(description="a document of `bridge export`, version 1")]

    @property
    def reads(self) -> bool:
        """Always."""
        return True


Operation = (
    HoldsList
    | HoldsShow
    | Remind
    | Sync
    | Explain
    | Journal
    | Log
    | Diff
    | GroupLink
    | GroupCeiling
    | Pause
    | ConfirmOrganisation
    | Check
    | Settings
    | Find
    | GroupList
    | MatchOperation
    | MapTry
    | MapDiff
    | Status
    | ParkedList
    | ParkedShow
    | ParkedRedrive
    | ParkedDiscard
    | ReconcileStart
    | ReconcileStatus
    | Export
    | ImportPreview
)
_KINDS: tuple[type[Asked], ...] = Operation.__args__
#: Every name that the operations function knows.
OPERATIONS = names_of(_KINDS)


def parse_operation(payload: Any) -> Operation:
    """The operation that a payload asks for; `Refused` (``invalid-request``) names the field and what was expected."""
    operation: Operation = parse(_operations(), payload, _KINDS)
    return operation


@cache
def _operations() -> TypeAdapter[Operation]:
    return TypeAdapter(Annotated[Operation, Field(discriminator="do")])
