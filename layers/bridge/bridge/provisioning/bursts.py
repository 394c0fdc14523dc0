"""Bursts: a group that has just been synced waits for what else comes."""

from __future__ import annotations

from datetime import datetime, timedelta

from bridge.provisioning.records import GroupLink

#: A group that was synced less than so long ago waits, where only events ask for its sync.
GATHERING = timedelta(seconds=10)


def gathers(link: GroupLink | None, now: datetime) -> timedelta:
    """How long the group still waits for what else comes; nothing for one whose sync began later than now."""
    if link is None or link.began is None or not timedelta() <= now - link.began < GATHERING:
        return timedelta()
    return GATHERING - (now - link.began)
