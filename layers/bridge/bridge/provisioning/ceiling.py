"""The ceiling: how many members a group, or the organisation, may lose without a person's approval.

Pure arithmetic over the *whole* change, so that packaging it differently changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Groups smaller than this have no percentage: 12 of 15 is a shift change.
PERCENT_FROM = 20
#: Groups of at least this size never become empty without a person's approval.
NEVER_EMPTY_FROM = 5


@dataclass(frozen=True)
class Ceiling:
    """The limits.

    Attributes:
        count: how many may leave.
        percent: how many of a hundred; 0 switches that off.
        floor: so many the percentage never forbids.
        may_empty: whether nobody need stay.
    """

    count: int
    percent: int
    floor: int = 0
    may_empty: bool = False


@dataclass(frozen=True)
class Change:
    """A change seen whole.

    Attributes:
        removals: |W|, linked members to be removed now.
        recent: c, unapproved removals within the window of users who are not in W now.
        base: B, linked members before this sync's additions, plus c.
        remaining: how many of those counted in B stay, plus those this sync adds.
    """

    removals: int
    recent: int
    base: int
    remaining: int


def held_because(change: Change, ceiling: Ceiling) -> str:
    """Which limit the change breaks, as a reason code; an empty text when it may be done.

    All or nothing: a change that breaks a limit is not done in part.
    """
    if change.removals == 0:
        return ""
    total = change.recent + change.removals
    if total > ceiling.count:
        return "ceiling-count"
    allowed = max(ceiling.floor, change.base * ceiling.percent // 100)
    if ceiling.percent and change.base >= PERCENT_FROM and total > allowed:
        return "ceiling-percent"
    if not ceiling.may_empty and change.base >= NEVER_EMPTY_FROM and change.remaining <= 0:
        return "ceiling-empty"
    return ""
