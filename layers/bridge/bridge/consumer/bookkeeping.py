"""What is kept of each sync: the journal, what waits for a person, and the metrics."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.aws.telemetry import Metric, count, gauge, logger
from bridge.errors import Permanent, Transient
from bridge.items import Item
from bridge.outbound.calls import Calls
from bridge.outbound.waiting import PACE
from bridge.provisioning.parking import park, people, waiting_for
from bridge.provisioning.ports import Clock
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import JournalEntry, ParkedItem
from bridge.provisioning.sync import Report, Work
from bridge.settings import Mode


class Bookkeeping:
    """Keeps the account of syncs that went well, that failed, and of items that are parked."""

    def __init__(self, store: Store, clock: Clock, calls: Calls, mode: Mode) -> None:
        """`calls` names those of the sync being made."""
        self._store = store
        self._clock = clock
        self._calls = calls
        self._mode = mode
        # Whether holds or parked items are others than last told; catch-up tells them every five minutes, too.
        self._waiting_changed = False

    def synced(self, work: Work, report: Report) -> None:
        """Keep a sync that went well; what was parked for its entity before is closed.

        What concerns nobody was read by no sync: it is counted, and leaves no entry.
        """
        count(Metric.SYNCS, outcome=report.outcome)
        if report.date is None and report.outcome == "skipped":
            return
        entry = report.entry(work, self._clock.now(), self._calls.named)
        self._store.write(entry)
        if self._mode is Mode.OBSERVE and report.planned_calls:
            self._store.note_difference(entry)
        elif self._mode is Mode.OBSERVE and report.date is not None:
            self._store.clear_difference(work.entity)
        mended = report.date is not None and not report.partial  # a sync that read nothing has mended nothing
        if mended and not report.none_parked:
            kept = {*report.kept_causes, *(parked.cause for parked in report.parked)}
            self._waiting_changed |= self._store.close_parked(work.entity, keep=kept) > 0
        if report.notification_pending:
            count(Metric.NOTIFICATIONS_FAILED)
        for parked in report.parked:
            self._park(parked, work.items)
        self._waiting_changed |= report.hold_told
        if not report.none_parked and ("userName" in report.changed or report.read.get("status") == "404"):
            for due in waiting_for(self._store.parked_items(), work.entity, self._clock.now()):
                self._store.note_due(due)
        count(Metric.ATTRIBUTES_REFUSED, len(report.refused))
        count(Metric.MEMBERS_ADDED, report.added)
        count(Metric.MEMBERS_REMOVED, report.removed)
        count(Metric.MEMBERS_HELD, report.held)
        if report.why == "app-not-active":
            count(Metric.APP_NOT_ACTIVE)
        if report.outcome == "recreated":
            count(Metric.USERS_RECREATED)
        count(Metric.ROLES_MISSING, len(report.lost_roles))
        logger.info(
            "synced",
            extra={
                "outcome": report.outcome,
                "why": report.why,
                "changed": report.changed,
                "refused": report.refused,
                "lost_roles": report.lost_roles,
            },
        )

    def failed(self, work: Work, error: Exception) -> None:
        """Journal a failed sync; one that had to stop in time is no failure, and keeps an entry of its own.

        One that has called nobody, for want of time, of a call or of the store, leaves no entry.
        """
        reason, reference, upstream = described(error)
        logger.warning(
            "sync failed",
            extra={"why": reason, "upstream": upstream, "reference": reference},
        )
        if not self._calls.named and (upstream == "store" or reason == "time-budget" or reason.endswith(PACE)):
            return
        entry = JournalEntry(
            entity=work.entity,
            at=self._clock.now(),
            outcome="stopped" if reason == "time-budget" else "failed",
            items=tuple(item.id for item in work.items),
            reason=",".join(sorted(work.reasons)),
            events=work.events,
            why=reason,
            read={"reference": reference} if reference else {},
            changed=error.sent if isinstance(error, Permanent) else (),
            calls=self._calls.named,
        )
        try:
            self._store.write(entry)
        except Transient as unwritten:
            logger.warning("journal not written", extra={"why": unwritten.reason})

    def park(self, item: Item, body: str, refused: Permanent) -> None:
        """Keep an item for a person, with the message's body as it came."""
        parked = ParkedItem(
            entity=item.entity,
            item_id=item.id,
            body=body,
            reason=refused.reason,
            detail=refused.detail,
            parked=self._clock.now(),
            reference=refused.reference,
        )
        self._park(parked, (item,))

    def _park(self, parked: ParkedItem, items: Sequence[Item]) -> None:
        if not park(self._store, parked, items):
            return  # a person has discarded it, and nothing has changed since
        self._waiting_changed = True
        count(Metric.PARKED)
        logger.error(
            "parked",
            extra={
                "entity": parked.entity,
                "item_ids": [item.id for item in items],
                "why": parked.reason,
                "detail": parked.detail,
            },
        )

    def emit_waiting(self) -> None:
        """Emit how much waits for a person now, if that may have changed: what alarms stay on until it is nothing."""
        if not self._waiting_changed:
            return
        try:
            holds, parked = len(self._store.open_hold_entities()), people(self._store.parked_items())
        except Transient as unread:
            logger.warning("holds and parked items not counted", extra={"why": unread.reason})
            return  # the next batch tries again
        gauge(Metric.HOLDS_OPEN, holds)
        gauge(Metric.PARKED_OPEN, parked)
        self._waiting_changed = False


def described(error: Exception) -> tuple[str, str, str]:
    """Reason, reference and upstream of an error; of an unknown one only its type, for its text may hold anything."""
    if isinstance(error, (Transient, Permanent)):
        return error.reason, error.reference, error.upstream
    return type(error).__name__, "", ""
