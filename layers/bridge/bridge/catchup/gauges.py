"""What waits for a person now, told every five minutes, so that an alarm ends when its cause does."""

from __future__ import annotations

from bridge.aws.telemetry import Metric, gauge, logger
from bridge.errors import Transient
from bridge.provisioning.exceptions import standing
from bridge.provisioning.parking import people
from bridge.provisioning.record_ports import Store


def tell_gauges(store: Store) -> None:
    """Tell every gauge; where the store does not answer none is told, for missing is not nothing."""
    try:
        holds = len(store.open_hold_entities())
        parked = people(store.parked_items())
        kept = sum(len(users) for users in standing(store).values())
        paused = store.app().removals_paused
    except Transient as unread:
        logger.warning("what waits for a person is not counted", extra={"why": unread.reason})
        return
    gauge(Metric.HOLDS_OPEN, holds)
    gauge(Metric.PARKED_OPEN, parked)
    gauge(Metric.EXCEPTIONS_KEPT, kept)
    gauge(Metric.REMOVALS_PAUSED, paused)
