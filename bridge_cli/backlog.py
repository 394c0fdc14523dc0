"""How fast each queue empties, and when it will be empty: measured over some seconds, for SQS keeps no such number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.operations.bridge_answers import Depth, Status


@dataclass(frozen=True)
class Pace:
    """What was measured of one queue.

    Attributes:
        backlog: messages that are not done.
        per_minute: by how many the backlog shrinks in a minute; negative while it grows, None when not measured.
        ends: when it will be empty at that pace, None when it does not shrink.
    """

    backlog: int
    per_minute: float | None = None
    ends: datetime | None = None

    def document(self) -> dict[str, object]:
        """The same as JSON."""
        ends = None if self.ends is None else self.ends.isoformat()
        return {"backlog": self.backlog, "per_minute": self.per_minute, "ends": ends}


def backlog(depth: Depth) -> int:
    """Messages of a queue that are not done."""
    return depth.waiting + depth.in_hand + depth.later


def paces(before: Status, after: Status, seconds: float, now: datetime) -> dict[str, Pace]:
    """By queue, from two answers that many seconds apart; without seconds only the backlogs."""
    found = {}
    for name, depth in after.queues.items():
        left, minute = backlog(depth), None
        if seconds and name in before.queues:
            minute = round((backlog(before.queues[name]) - left) * 60 / seconds, 1)
        ends = now + timedelta(minutes=left / minute) if minute and minute > 0 and left else None
        found[name] = Pace(left, minute, ends)
    return found
