"""Who or what took somebody out: the events that a hold or the last syncs name, as Okta's System Log shows them now."""

from __future__ import annotations

from datetime import datetime, timedelta

from bridge.aws.causes import MAX_EVENTS, Causes
from bridge.errors import Permanent, Transient
from bridge.operations import match_answers
from bridge.operations.match_requests import Because
from bridge.provisioning.record_ports import Store

#: Journal entries whose events are asked for.
ENTRIES = 20
#: So long before a sync an event may have been published that it answers.
BEFORE = timedelta(days=14)


class BecauseService:
    """Answers ``because``."""

    def __init__(self, store: Store, causes: Causes) -> None:
        """`causes` reads the log."""
        self._store = store
        self._causes = causes

    def because(self, asked: Because) -> match_answers.Caused:
        """Who took somebody out; a log that cannot be read is unknown, and the rest of an explanation stands."""
        events, since = self._events(asked.entity)
        try:
            causes, missing = self._causes.of(events, since - BEFORE) if since is not None else ([], 0)
        except (Transient, Permanent) as error:
            return match_answers.Caused(known=False, why=error.reason, causes=[], missing=0)
        return match_answers.Caused(
            known=True,
            causes=[
                match_answers.Cause(
                    event=each.event,
                    at=each.at,
                    type=each.type,
                    by=each.by,
                    actor=each.actor,
                    users=list(each.users),
                    groups=list(each.groups),
                )
                for each in causes
            ],
            missing=missing,
        )

    def _events(self, entity: str) -> tuple[list[str], datetime | None]:
        """The ids of the events behind the newest hold, then of the newest syncs; and a time after the first."""
        hold = self._store.hold(entity) if not entity.startswith("user:") else None
        entries = self._store.entries(entity, ENTRIES)
        events = [*(hold.events if hold is not None else ()), *(event for entry in entries for event in entry.events)]
        times = [*([hold.opened] if hold is not None else []), *(entry.at for entry in entries if entry.events)]
        return list(dict.fromkeys(events))[:MAX_EVENTS], min(times, default=None)
