"""What is known of the Okta application, and the users whose deactivation waits for it.

Records: ``app``/``state``; ``due``/``<okta user id>``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from pydantic import TypeAdapter

from bridge.aws.store.table import Key, Put, Record, Records, Update
from bridge.provisioning.records import AppState

_STATE = TypeAdapter(AppState)
#: The one record of the application.
APP_KEY: Key = ("app", "state")
_DUE = "due"


class AppStateRecords(Records):
    """`AppRecords` of `bridge.provisioning.record_ports`."""

    def app(self) -> AppState:
        return _state(self._table.get(APP_KEY) or {})

    def begin_app_sync(self) -> AppState:
        """Add 1 to the sync number; an addition that the SDK repeats skips a number, which harms nothing."""
        return _state(self._table.update(Update(APP_KEY, add={"sync_number": 1})))

    def note_app_synced(self, date: datetime) -> None:
        self._table.update(Update(APP_KEY, put={"synced": date.isoformat()}))

    def pause_removals(self, *, paused: bool, at: datetime | None = None) -> None:
        since = at.isoformat() if paused and at is not None else None
        self._table.update(Update(APP_KEY, put={"removals_paused": paused, "paused_since": since}))

    def note_stopped(self, at: datetime | None) -> None:
        self._table.update(Update(APP_KEY, put={"stopped_since": at and at.isoformat()}))

    def note_restored(self, at: datetime | None) -> None:
        if at is None:
            self._table.update(Update(APP_KEY, put={"restored": None}))
        else:
            self._table.update(
                Update(
                    APP_KEY,
                    put={
                        "restored": at.isoformat(),
                        "bootstrapped": False,
                        "reconciled": "",
                        "judging_due": False,
                        "none_parked": None,
                    },
                )
            )

    def note_reconciled(self, mode: str) -> None:
        self._table.update(Update(APP_KEY, put={"reconciled": mode}))

    def confirm_organisation(self, name: str) -> None:
        self._table.update(Update(APP_KEY, put={"organisation": name}))

    def raise_epoch(self) -> AppState:
        """Add 1 to the epoch; an addition that the SDK repeats skips a number, which harms nothing."""
        return _state(self._table.update(Update(APP_KEY, add={"epoch": 1})))

    def note_judging(self, *, due: bool) -> None:
        self._table.update(Update(APP_KEY, put={"judging_due": due}))

    def note_app_status(self, status: str) -> None:
        self._table.update(Update(APP_KEY, put={"status": status}))

    def note_none_parked(self, parkings: int) -> None:
        self._table.update(Update(APP_KEY, put={"none_parked": parkings}))

    def set_bootstrapped(self) -> None:
        self._table.update(Update(APP_KEY, put={"bootstrapped": True}))

    def add_due(self, okta_id: str) -> None:
        self._table.put(Put((_DUE, okta_id), {}))

    def due(self) -> list[str]:
        return [record["sk"] for record in self._table.query(_DUE)]

    def remove_due(self, okta_ids: Iterable[str]) -> None:
        self._table.delete_many((_DUE, okta_id) for okta_id in okta_ids)


def _state(record: Record) -> AppState:
    state = _STATE.validate_python(record)
    return state if state.restored is None else replace(state, removals_paused=True)
