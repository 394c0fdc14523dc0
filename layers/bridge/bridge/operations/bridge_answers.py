"""What is answered about the bridge as a whole: its status, checks and settings, comparisons, exports."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from bridge.operations.answers import Answer, Part
from bridge.operations.document import Decisions
from bridge.operations.hold_answers import Hold


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

    That of ``organisation`` is open while the credentials show no account that the bridge knows. ``refused`` is the
    reason code with which credentials were refused before an outage, and that nobody has seen mended.
    """

    upstream: str
    state: str
    since: datetime | None = None
    why: str = ""
    refused: str = ""


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
    counts: dict[str, int] = Field(default_factory=dict)
    ids: dict[str, list[str]] = Field(default_factory=dict)


class Status(Answer):
    """Answers ``status``; what cannot be told is null."""

    mode: Literal["enforce", "observe"]
    set_up: SetUp | None
    bootstrapped: bool
    reconciled: str | None = Field(description="the mode of the last whole reconcile")
    app_status: str | None
    paused_everything: bool | None
    paused_removals: bool
    paused_since: datetime | None = Field(default=None, description="when an operator paused removals")
    stopped_since: datetime | None = Field(default=None, description="when an operator paused everything")
    restored: datetime | None = Field(default=None, description="when the records came back from a backup")
    held_until: datetime | None = Field(default=None, description="until when a restore holds removals at least")
    queues: dict[str, Depth]
    breakers: list[Breaker] | None
    holds_open: int
    releases: list[Hold] = Field(default_factory=list, description="approved holds whose users are not all done")
    excepted: dict[str, int] = Field(
        default_factory=dict, description="entity -> how many keep access that Okta has ended"
    )
    parked: int
    reconcile: ReconcileRun | None
    reconcile_overdue: bool = Field(default=False, description="whether a comparison is overdue by its schedule")
    oldest: int | None = Field(default=None, description="for how many seconds the oldest change waits in the queues")
    not_linked: dict[str, str] = Field(
        default_factory=dict, description="group in scope without a Genesys Cloud group of its own -> why"
    )
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


class MapDifference(Answer):
    """Answers ``map.diff``: of a page of the assigned users."""

    people: int
    rewritten: int = Field(
        description="for how many an attribute is another, or the map can make nothing of the profile"
    )
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
    users: list[str] = Field(default_factory=list)


class ImportMap(Part):
    """How the document's attribute map stands to the one here; `parameter` is the one that is used here."""

    state: Literal["none", "same", "differs"]
    parameter: str = ""


class ImportPreview(Answer):
    """Answers ``import.preview``; nothing is changed."""

    steps: list[ImportStep]
    map: ImportMap


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
