"""Catch-up: reads what Okta's System Log has beyond the last time, and sends an item for what no sync has seen.

Okta delivers an event to a hook twice at most, drops events past a daily cap and delivers some types never; its System
Log has them all. The *watermark* keeps catch-up from syncing again what a hook has delivered: each entity's record
says when Okta was last read for it, on Okta's own clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bridge.aws.telemetry import Metric, count, logger
from bridge.catchup.gauges import Gauges
from bridge.catchup.hook_health import HookHealth
from bridge.errors import AuthFailure, Permanent, SettingsError, Transient
from bridge.items import Item, Reason
from bridge.okta.events import EVENT_TYPES, Normalised, normalise
from bridge.okta.log import LogPage, SystemLog
from bridge.provisioning.assignments import worth_reading
from bridge.provisioning.evidence import shows
from bridge.provisioning.followups import send_dues
from bridge.provisioning.hinted import is_answered
from bridge.provisioning.ports import Clock, QueueSender
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import AppState, GroupLink, GroupState, LogCursor
from bridge.provisioning.user_records import UserLink

#: How far before the saved time reading starts again without a link, and before the first run.
OVERLAP = timedelta(hours=1)
#: Okta keeps events for 90 days.
LOG_RETENTION = timedelta(days=89)
#: Items that a log line names.
NAMED_ITEMS = 150
#: Seconds that one more page may need: a slow answer, and a hundred messages to the queues.
PAGE_SECONDS = 75.0


@dataclass(frozen=True)
class Seen:
    """What the syncs have seen of the entities of a page.

    Attributes:
        users: our records by Okta user id; who has none is missing.
        groups: our records by Okta group id.
        app: the application's record.
        date: Okta's ``Date`` of the page, which was read before the records.
        lag: for so long after a change Okta may answer with what was before.
        now: our time.
    """

    users: Mapping[str, UserLink]
    groups: Mapping[str, GroupLink]
    app: AppState
    date: datetime
    lag: timedelta
    now: datetime

    def misses(self, item: Item) -> bool:
        """Whether the event that `item` was made of may be unseen."""
        shown = self.date if item.newest is None else item.newest + self.lag
        if item.kind == "user" and item.okta_id not in self.users:
            # Nobody has begun to sync this user. Anyone who begins now sees what is older than the lag; so only a
            # younger event, or one that asks for a sync by itself, needs one.
            return worth_reading(item.hints, self.app) or shown > self.date
        group = self.groups.get(item.okta_id) if item.kind == "group" else None
        if group is not None and is_answered(group, item, self.now):
            return False
        synced = self._synced(item)
        if synced is None or shown > synced:
            return True
        return group is not None and group.state is GroupState.LINKED and not shows(group, item)

    def concerns(self, item: Item) -> bool:
        """Whether the event that `item` was made of is one that no filter of the hook should keep away."""
        if item.kind == "group":
            group = self.groups.get(item.okta_id)
            return group is not None and group.state is GroupState.LINKED
        if item.kind == "user":
            user = self.users.get(item.okta_id)
            return (user is not None and user.is_link) or worth_reading(item.hints, self.app)
        return True

    def _synced(self, item: Item) -> datetime | None:
        """Up to when, on Okta's clock, syncs have seen what such an item asks for."""
        if item.kind == "app":
            return self.app.synced
        if item.kind == "group":
            group = self.groups.get(item.okta_id)
            return None if group is None else group.synced
        return self.users[item.okta_id].seen(item.hints)


class CatchUp:
    """Catches up, one run at a time."""

    def __init__(
        self,
        *,
        log: SystemLog,
        health: HookHealth,
        gauges: Gauges,
        store: Store,
        queues: QueueSender,
        clock: Clock,
        app_id: str,
        lag: timedelta,
    ) -> None:
        """`lag` is how far Okta's reads may trail its events."""
        self._log = log
        self._health = health
        self._gauges = gauges
        self._store = store
        self._queues = queues
        self._clock = clock
        self._app_id = app_id
        self._lag = lag

    def run(self, seconds_left: Callable[[], float]) -> str:
        """Read on to the log's end, or as far as time allows; what is left is for the next run.

        Returns:
            ``ended``, ``stopped`` (for lack of time), ``not-set-up``, or the reason code of what went wrong.

        Raises:
            SettingsError: something is missing that was there before.
        """
        self._gauges.emit()
        try:
            # Before the first comparison has ended the hook may not be made yet, and its absence is no trouble.
            hook = self._health.check(in_service=bool(self._store.app().reconciled))
            ended = self._read_on(self._cursor(hook), seconds_left)
        except SettingsError as error:
            if self._store.log_cursor() is not None:
                raise
            count(Metric.CATCH_UP_RUNS)  # the schedule works, and there is nothing to read yet
            logger.info("the bridge is not set up yet", extra={"why": str(error)})
            return "not-set-up"
        except (Transient, Permanent) as error:
            if isinstance(error, AuthFailure):
                count(Metric.AUTH_FAILURES, upstream=error.upstream or "settings")
            count(Metric.CATCH_UP_FAILURES)
            logger.error(
                "catch-up failed; the next run goes on from where this one came to",
                extra={"why": error.reason, "detail": error.detail, "reference": error.reference},
            )
            return error.reason
        if not ended:
            logger.warning("catch-up stopped for lack of time; the next run goes on")
            return "stopped"
        count(Metric.CATCH_UP_RUNS)
        return "ended"

    def send_dues(self) -> str:
        """Send what is due to be synced now; ``ended``, or the reason code of what went wrong."""
        try:
            sent = send_dues(self._store, self._queues, self._clock.now())
        except (Transient, Permanent) as error:
            count(Metric.CATCH_UP_FAILURES)
            logger.error("what is due was not sent; the next minute's call sends it", extra={"why": error.reason})
            return error.reason
        count(Metric.DUE_ITEMS, sent)
        return "ended"

    def _read_on(self, cursor: LogCursor, seconds_left: Callable[[], float]) -> bool:
        while seconds_left() >= PAGE_SECONDS:
            page = self._page(cursor)
            if not page.following:
                page = self._page(cursor)  # a header may be lost once; a link that stays away makes the place useless
            self._enqueue(page)
            stuck = page.following == cursor.link
            # Only now: who dies before this sends the page once more, which is harmless.
            cursor = replace(cursor, link=page.following, at=max(cursor.at, _reached(page) or cursor.at))
            self._store.save_log_cursor(cursor)
            if not page.following:
                detail = "a page of the log without a next link that may be followed"
                raise Transient("okta-implausible", detail=detail, upstream="okta")
            if page.ends or stuck:
                return True
        return False

    def _cursor(self, hook: str | None) -> LogCursor:
        """Where the last run ended; the first run writes down when it was, so that its failure moves nothing.

        What the check of the `hook` found stands there for the status; None where it could not tell.
        """
        cursor = self._store.log_cursor()
        if cursor is None:
            cursor = LogCursor(link="", question=self._log.question, at=self._clock.now(), hook=hook)
            self._store.save_log_cursor(cursor)
        elif cursor.question != self._log.question:
            logger.info("catch-up asks for other events than before, and starts again with an overlap")
            cursor = replace(cursor, link="", question=self._log.question)
        if hook is not None and hook != cursor.hook:
            cursor = replace(cursor, hook=hook)
            self._store.save_log_cursor(cursor)
        return cursor

    def _page(self, cursor: LogCursor) -> LogPage:
        page = self._log.after(cursor.link) if cursor.link else None
        if page is None:
            since = max(cursor.at - OVERLAP, self._clock.now() - LOG_RETENTION)
            if cursor.link:
                count(Metric.CATCH_UP_RESTARTS)
                logger.warning("Okta does not know the saved place any more", extra={"since": since.isoformat()})
            page = self._log.since(since)
        return page

    def _enqueue(self, page: LogPage) -> None:
        """Send items for the page's events that no sync has seen."""
        asked = [(event, normalise([event], self._app_id, reason=Reason.CATCHUP)) for event in page.events]
        seen = self._seen(page, (item for _, each in asked for item in each.items))
        missed = [event for event, each in asked if any(seen.misses(item) for item in each.items)]
        items = normalise(missed, self._app_id, reason=Reason.CATCHUP).items
        self._queues.send(items)
        count(Metric.CATCH_UP_ITEMS, len(items))
        count(Metric.HOOK_EVENTS_LOGGED, sum(_is_for_the_hook(each, seen) for _, each in asked))
        self._health.count_events(page.events)
        names = [item.id for item in items[:NAMED_ITEMS]]
        logger.info(
            "a page of the System Log", extra={"events": len(page.events), "items": len(items), "item_ids": names}
        )

    def _seen(self, page: LogPage, items: Iterable[Item]) -> Seen:
        ids: dict[str, set[str]] = {"user": set(), "group": set(), "app": set()}
        for item in items:
            ids[item.kind].add(item.okta_id)
        groups = self._store.groups() if ids["group"] else []
        return Seen(
            users=self._store.users(ids["user"]) if ids["user"] else {},
            groups={link.okta_id: link for link in groups},
            app=self._store.app(),
            date=page.date,
            lag=self._lag,
            now=self._clock.now(),
        )


def _reached(page: LogPage) -> datetime | None:
    """Everything inserted up to then has been read, as far as a page can tell; a ``published`` may be ahead of time."""
    if page.ends and page.following:
        return page.date
    return None if page.newest is None else min(page.newest, page.date)


def _is_for_the_hook(asked: Normalised, seen: Seen) -> bool:
    """Whether the hook should have delivered the one event that this was made of."""
    return any(EVENT_TYPES[event_type].hook for event_type in asked.types) and any(map(seen.concerns, asked.items))
