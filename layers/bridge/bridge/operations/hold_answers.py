"""What is answered about holds, and about what people decide on them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from bridge.operations.answers import Answer, Part


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
