"""The end of what a restore holds: a whole run has ended since, and a ceiling's window has passed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bridge.aws.telemetry import logger
from bridge.items import Item, Reason, make_item
from bridge.provisioning.hold_records import Hold, HoldState
from bridge.provisioning.ports import Clock, QueueSender
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import Due

#: Why a hold was opened while removals were held as a whole.
PAUSED = "removals-paused"
#: The cause of the syncs that are due should this one not come to its end, and when.
WHY, LATER = "restored", timedelta(minutes=1)
_UNDECIDED = frozenset({HoldState.OPENING, HoldState.OPEN})


def end_restore(store: Store, queues: QueueSender, clock: Clock, window: timedelta) -> None:
    """Let removals pass again once both are true, and have judged anew whom the restore alone has held.

    An operator's own pause stays. A hold that a person has decided about is left to its entity's sync.
    """
    app, now = store.app(), clock.now()
    restored = app.restored
    if restored is None or not app.bootstrapped or now - restored < window:
        return
    entities = store.open_hold_entities()
    dues = [Due(entity, WHY, now + LATER) for entity in entities]
    for due in dues:  # anyone who dies, or finds a queue that refuses, after the next line comes here no more
        store.note_due(due)
    store.note_restored(None)
    if not store.app().removals_paused:
        for entity in entities:
            hold = store.hold(entity)
            if hold is not None and hold.opened >= restored:
                _close(store, hold, now)
    queues.send([_item(entity, restored) for entity in entities])
    for due in dues:
        store.settle_due(due.entity, WHY, at=due.at)
    logger.info("removals pass again after the restore", extra={"since": restored.isoformat()})


def _close(store: Store, hold: Hold, now: datetime) -> None:
    """Close a hold whose only reason has gone; everybody in it is judged by the ceilings next."""
    if hold.reason != PAUSED or hold.state not in _UNDECIDED or store.decision(hold.entity, hold.number) is not None:
        return
    store.save_hold(replace(hold, state=HoldState.RESOLVED, changed=now))
    if store.decision(hold.entity, hold.number) is not None:  # decided in this very moment: that stands
        store.save_hold(replace(hold, changed=now))
        return
    store.unstage(hold.entity, hold.number, store.staged(hold.entity, hold.number))


def _item(entity: str, restored: datetime) -> Item:
    return make_item(entity, Reason.HOLD, f"restored:{restored.isoformat()}")
