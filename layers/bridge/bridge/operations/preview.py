"""What a sync would do now: the real sync in observe mode, over ports that read and write nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from bridge.items import Item, Reason, make_item
from bridge.outbound.calls import Calls
from bridge.provisioning.hold_records import Hold, LeaverRecords, Removal
from bridge.provisioning.permissions import OBSERVED
from bridge.provisioning.ports import Clock, GenesysReader
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import GroupLink, JournalEntry
from bridge.provisioning.sync import Report, Sync, Work
from bridge.provisioning.user_records import UserLink
from bridge.provisioning.writes import answers, is_write
from bridge.settings import Mode, ProvisioningSettings

#: How what writes and answers does so where nothing is written; what is not here is no sync's to call.
_PREDICTED: dict[str, Callable[..., object]] = {
    "begin_user_sync": lambda store, okta_id: store.user(okta_id) or UserLink(okta_id),
    "begin_group_sync": lambda store, okta_id: store.group(okta_id) or GroupLink(okta_id),
    "begin_app_sync": lambda store: store.app(),
    "raise_epoch": lambda store: store.app(),
}


class ReadOnlyStore:
    """A store whose reads are real and whose writes, which answer nothing, are not done."""

    def __init__(self, store: Store, *, mode: Mode) -> None:
        """Read from `store`, which the bridge keeps in this mode."""
        self._store = store
        self._mode = mode

    def __getattr__(self, name: str) -> Any:
        method = getattr(Store, name, None)
        if name in _PREDICTED:
            return partial(_PREDICTED[name], self._store)
        if name.startswith("_") or method is None or (is_write(method) and answers(method)):
            raise AttributeError(name)
        return (lambda *_, **__: None) if is_write(method) else getattr(self._store, name)

    def removal(self, entity: str, okta_id: str) -> Removal | None:
        """The record, but where the bridge enforces: what it only observed before counts no more."""
        return None if self._is_past(entity) else self._store.removal(entity, okta_id)

    def leaving(self, entity: str, okta_id: str, others: Iterable[str] = ()) -> LeaverRecords:
        """Likewise."""
        found: LeaverRecords = self._store.leaving(
            entity, okta_id, [each for each in others if not self._is_past(each)]
        )
        return found

    def removals(self, entity: str, since: datetime) -> frozenset[str]:
        """Likewise."""
        return frozenset() if self._is_past(entity) else self._store.removals(entity, since)

    def _is_past(self, entity: str) -> bool:
        return entity == OBSERVED and self._mode is Mode.ENFORCE


class ReadOnlyGenesys:
    """Genesys Cloud without the calls that write: a sync in observe mode makes none, and here it cannot."""

    def __init__(self, genesys: GenesysReader) -> None:
        """Read through `genesys`."""
        self._genesys = genesys

    def __getattr__(self, name: str) -> Any:
        if name in vars(GenesysReader) and not name.startswith("_"):
            return getattr(self._genesys, name)
        raise AttributeError(f"a sync that is only tried does not {name}")


class Nowhere:
    """Where the items and the messages of a sync go that is only tried."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def send(self, items: Sequence[Item]) -> None:
        """Remember what would be sent."""
        self.items.extend(items)

    def hold_changed(self, hold: Hold, what: str) -> None:
        """Nobody is told."""


class Preview:
    """Tries syncs."""

    def __init__(
        self,
        settings: ProvisioningSettings,
        syncs_over: Callable[..., dict[str, Sync]],
        *,
        genesys: GenesysReader,
        store: Store,
        clock: Clock,
        calls: Calls,
    ) -> None:
        """`syncs_over` is `build_syncs` with all that reads only; the clients tell their calls to `calls`."""
        self._clock = clock
        self._calls = calls
        self._nowhere = Nowhere()
        self._syncs = syncs_over(
            replace(settings, mode=Mode.OBSERVE),
            genesys=ReadOnlyGenesys(genesys),
            store=ReadOnlyStore(store, mode=settings.mode),
            queues=self._nowhere,
            notifier=self._nowhere,
            clock=clock,
            make_password=str,
        )

    def sync(self, entity: str) -> tuple[JournalEntry, list[str]]:
        """The journal entry of a sync as it would be made now, and the entities that it would enqueue.

        Raises:
            Transient, Permanent: as the sync itself would.
        """
        report = self.report(entity)
        entry = report.entry(self._work(entity), self._clock.now(), self._calls.named)
        return entry, list(dict.fromkeys(item.entity for item in self._nowhere.items))

    def report(self, entity: str) -> Report:
        """The account of the same sync, with its plan; raises likewise."""
        self._nowhere.items.clear()
        self._calls.begin()
        work = self._work(entity)
        return self._syncs[work.items[0].kind].sync(work)

    @staticmethod
    def _work(entity: str) -> Work:
        return Work((make_item(entity, Reason.OPERATOR, "preview"),))
