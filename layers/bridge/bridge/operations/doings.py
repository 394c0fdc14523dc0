"""What was done, over all users and groups, the newest first: ``log``."""

from __future__ import annotations

from datetime import datetime, timedelta

from bridge.items import format_time, parse_time
from bridge.operations import showing
from bridge.operations.answers import Entry, Refused
from bridge.operations.log_requests import Log, Logged
from bridge.provisioning.ports import Clock
from bridge.provisioning.record_ports import Journal
from bridge.provisioning.records import JournalEntry

#: Entries that one answer reads at most: a rare outcome is found over several pages.
_MAX_READ = 5000
#: Other processes' clocks may run ahead of ours.
_AHEAD = timedelta(hours=1)
#: How far back the log goes where nobody says since when.
_USUAL = timedelta(days=1)


class LogService:
    """Reads the journal by time."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        """`clock` is our time."""
        self._journal = journal
        self._clock = clock

    def log(self, asked: Log) -> Logged:
        """One page."""
        now = self._clock.now()
        since = _time(asked.since, "since") or now - _USUAL
        until = _time(asked.until, "until")
        found: list[Entry] = []
        last, count = "", 0
        before = asked.after or f"{format_time(until or now + _AHEAD)}#~"  # behind every place of that time
        for place, entry in self._journal.log(since, before):
            last, count = place, count + 1
            if _is_wanted(entry, asked):
                found.append(showing.entry(entry))
            if len(found) == asked.limit or count == _MAX_READ:
                return Logged(log=found, next=last)
        return Logged(log=found, next=None)


def _time(text: str, field: str) -> datetime | None:
    if not text:
        return None
    try:
        return parse_time(text)
    except (TypeError, ValueError):
        message = f"{field}: expected a time such as 2026-11-28T09:00:00Z"
        raise Refused("invalid-request", message, field=field) from None


def _is_wanted(entry: JournalEntry, asked: Log) -> bool:
    return (
        (asked.entity is None or entry.entity == asked.entity)
        and (not asked.outcome or asked.outcome in {entry.outcome, entry.why})
        and (not asked.refused or bool(entry.refused))
    )
