"""What is known of the Okta application, and the users who wait for a sync of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from bridge.provisioning.records import AppState
from bridge_local.memory.base import Guarded


@dataclass
class MemoryApp(Guarded):
    """`AppRecords` of `bridge.provisioning.record_ports`.

    Attributes:
        app_state: the application's record.
        due_users: Okta ids of the users who wait for a sync of the application.
    """

    app_state: AppState = field(default_factory=AppState)
    due_users: set[str] = field(default_factory=set)

    def app(self) -> AppState:
        with self._lock:
            return self._held()

    def _held(self) -> AppState:
        state = self.app_state
        return state if state.restored is None else replace(state, removals_paused=True)

    def begin_app_sync(self) -> AppState:
        with self._lock:
            self.app_state = replace(self.app_state, sync_number=self.app_state.sync_number + 1)
            return self._held()

    def note_app_synced(self, date: datetime) -> None:
        with self._lock:
            self.app_state = replace(self.app_state, synced=date)

    def pause_removals(self, *, paused: bool, at: datetime | None = None) -> None:
        with self._lock:
            self.app_state = replace(self.app_state, removals_paused=paused, paused_since=at if paused else None)

    def note_stopped(self, at: datetime | None) -> None:
        with self._lock:
            self.app_state = replace(self.app_state, stopped_since=at)

    def note_restored(self, at: datetime | None) -> None:
        with self._lock:
            state = replace(self.app_state, restored=at)
            self.app_state = (
                state
                if at is None
                else replace(state, bootstrapped=False, reconciled="", judging_due=False, none_parked=None)
            )

    def note_reconciled(self, mode: str) -> None:
        with self._lock:
            self.app_state = replace(self.app_state, reconciled=mode)

    def confirm_organisation(self, name: str) -> None:
        with self._lock:
            self.app_state = replace(self.app_state, organisation=name)

    def raise_epoch(self) -> AppState:
        with self._lock:
            self.app_state = replace(self.app_state, epoch=self.app_state.epoch + 1)
            return self._held()

    def note_judging(self, *, due: bool) -> None:
        with self._lock:
            self.app_state = replace(self.app_state, judging_due=due)

    def note_app_status(self, status: str) -> None:
        with self._lock:
            self.app_state = replace(self.app_state, status=status)

    def note_none_parked(self, parkings: int) -> None:
        with self._lock:
            self.app_state = replace(self.app_state, none_parked=parkings)

    def set_bootstrapped(self) -> None:
        with self._lock:
            self.app_state = replace(self.app_state, bootstrapped=True)

    def add_due(self, okta_id: str) -> None:
        with self._lock:
            self.due_users.add(okta_id)

    def due(self) -> list[str]:
        with self._lock:
            return sorted(self.due_users)

    def remove_due(self, okta_ids: Iterable[str]) -> None:
        with self._lock:
            self.due_users.difference_update(okta_ids)
