"""The ceiling: how many members a group may lose without a person's approval.

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
    """The limits of one group: a count, and a percentage of its linked members (0 switches that off)."""

    count: int
    percent: int


@dataclass(frozen=True)
class Change:
    """A change of one group, seen whole.

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


def exceeded(change: Change, ceiling: Ceiling) -> str:
    """Which limit the change breaks: ``count``, ``percent``, ``empty``; an empty text when it may be done.

    All or nothing: a change that breaks a limit is not done in part.
    """
    if change.removals == 0:
        return ""
    total = change.recent + change.removals
    if total > ceiling.count:
        return "count"
    if ceiling.percent and change.base >= PERCENT_FROM and total > change.base * ceiling.percent // 100:
        return "percent"
    if change.base >= NEVER_EMPTY_FROM and change.remaining <= 0:
        return "empty"
    return ""
