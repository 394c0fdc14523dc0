"""What the checker of the ceiling is told of a company's settings, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

#: Groups with a base below these have no percentage, or may become empty.
PERCENT_FROM, NEVER_EMPTY_FROM = 20, 5
#: So many deactivations pass before the whole change is seen, and no percentage is less.
DEACTIVATIONS_PASS, DEACTIVATIONS_LEAST = 19, 20


@dataclass(frozen=True)
class Rules:
    """The settings and what time does.

    Attributes:
        count: of removals of a group within the window.
        percent: of a group's members, 0 for none.
        window: how long a removal counts.
        deactivations: of users for a missing assignment within `window`.
        deactivations_percent: of the linked active users.
        keep_inactive: whether inactive members stay.
        per_request: members that one PATCH may remove.
        bootstrapped: whether a first whole reconcile ended before the history began.
        read_lag: how far what Okta shows, and how long a sync, may trail the truth.
        patience: how long somebody may wait who is to come in, or whose access has ended; None for as long as
            the queues need.
    """

    count: int = 1000
    percent: int = 50
    window: timedelta = timedelta(hours=24)
    deactivations: int = 500
    deactivations_percent: int = 10
    keep_inactive: bool = True
    per_request: int = 1000
    bootstrapped: bool = True
    read_lag: timedelta = timedelta()
    patience: timedelta | None = None


@dataclass(frozen=True)
class Breach:
    """Something that should not have happened.

    Attributes:
        at: when.
        entity: the Okta group or user, empty where neither is meant.
        rule: a short name of what was broken.
        detail: numbers and ids.
    """

    at: datetime
    entity: str
    rule: str
    detail: str = ""
