"""The end of what a restore holds: a whole run has ended since, and a ceiling's window has passed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bridge.aws.telemetry import logger
from bridge.items import Item, Reason, make_item
from bridge.provisioning.hold_records import Hold, HoldState
from bridge.provisioning.ports import Clock, QueueSender
from bridge.provisioning.record_ports import Store

#: Why a hold was opened while removals were held as a whole.
PAUSED = "removals-paused"
_UNDECIDED = frozenset({HoldState.OPENING, HoldState.OPEN})


def end_restore(store: Store, queues: QueueSender, clock: Clock, window: timedelta) -> None:
    """Let removals pass again once both are true, and have judged anew whom the restore alone has held.

    An operator's own pause stays. A hold that a person has decided about is left to its entity's sync.
    """
    app, now = store.app(), clock.now()
    restored = app.restored
    if restored is None or not app.bootstrapped or now - restored < window:
        return
    store.note_restored(None)
    entities = store.open_hold_entities()
    if not store.app().removals_paused:
        for entity in entities:
            hold = store.hold(entity)
            if hold is not None and hold.opened >= restored:
                _close(store, hold, now)
    queues.send([_item(entity, restored) for entity in entities])
    logger.info("removals pass again after the restore", extra={"since": restored.isoformat()})


def _close(store: Store, hold: Hold, now: datetime) -> None:
    """Close a hold whose only reason has gone; everybody in it is judged by the ceilings next."""
    if hold.reason != PAUSED or hold.state not in _UNDECIDED or store.decision(hold.entity, hold.number) is not None:
        return
    store.save_hold(replace(hold, state=HoldState.RESOLVED, changed=now))
    if store.decision(hold.entity, hold.number) is not None:  # decided in this very moment: that stands
        store.save_hold(hold)
        return
    store.unstage(hold.entity, hold.number, store.staged(hold.entity, hold.number))


def _item(entity: str, restored: datetime) -> Item:
    return make_item(entity, Reason.HOLD, f"restored:{restored.isoformat()}")
