"""How things are now, told every five minutes, so that an alarm ends when its cause does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.aws.telemetry import Metric, gauge, logger
from bridge.errors import SettingsError, Transient
from bridge.provisioning.exceptions import standing
from bridge.provisioning.linking import not_linked
from bridge.provisioning.organisation import UPSTREAM
from bridge.provisioning.parking import people
from bridge.provisioning.ports import Clock
from bridge.provisioning.runs import Memory
from bridge.provisioning.schedule import is_overdue
from bridge.settings import Mode


@dataclass(frozen=True)
class Gauges:
    """Reads and tells them.

    Attributes:
        store: what the bridge remembers.
        oldest: how long the oldest change waits in the queues; None where nobody knows of one.
        secret_made: when the bridge's secret was last written.
        clock: our time.
        mode: whether the bridge writes.
        schedule: when everything is compared, as EventBridge Scheduler writes it.
    """

    store: Memory
    oldest: Callable[[], timedelta | None]
    secret_made: Callable[[], datetime | None]
    clock: Clock
    mode: Mode
    schedule: str

    def emit(self) -> None:
        """Emit every gauge; one that cannot be read is left out, for missing is not nothing."""
        for emit in (self._emit_records, self._emit_oldest, self._emit_secret):
            try:
                emit()
            except (Transient, SettingsError) as unread:
                why = unread.reason if isinstance(unread, Transient) else "not-set-up"
                logger.warning("a gauge is not emitted", extra={"why": why})

    def _emit_records(self) -> None:
        """Those of the records: all, or none where the store does not answer."""
        store, now = self.store, self.clock.now()
        app, run = store.app(), store.run()
        holds, items = len(store.open_hold_entities()), store.parked_items()
        if not items and not app.none_is_parked:
            store.note_none_parked(app.parkings)
        kept = sum(len(users) for users in standing(store).values())
        unlinked = len(not_linked(store.groups()))
        breakers = sum(store.breaker(upstream).open for upstream in ("okta", "genesys", UPSTREAM))
        gauge(Metric.HOLDS_OPEN, holds)
        gauge(Metric.PARKED_OPEN, people(items))
        gauge(Metric.EXCEPTIONS_KEPT, kept)
        gauge(Metric.REMOVALS_PAUSED, app.removals_paused or app.stopped_since is not None)
        gauge(Metric.BREAKER_OPEN, breakers)
        gauge(Metric.GROUPS_NOT_LINKED, unlinked)
        gauge(Metric.OBSERVING, self.mode is Mode.OBSERVE and app.bootstrapped)
        gauge(Metric.RECONCILE_OVERDUE, is_overdue(run, self.schedule, now))
        if run is not None and run.ended is not None and not run.failed:
            gauge(Metric.RECONCILE_AGE, (now - run.ended).total_seconds())

    def _emit_oldest(self) -> None:
        oldest = self.oldest()
        if oldest is not None:
            gauge(Metric.OLDEST_CHANGE, oldest.total_seconds())

    def _emit_secret(self) -> None:
        made = self.secret_made()
        if made is not None:
            gauge(Metric.SECRET_AGE, (self.clock.now() - made).total_seconds())
