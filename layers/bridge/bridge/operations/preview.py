"""What a sync would do now: the real sync in observe mode, over ports that read and write nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from inspect import signature
from typing import Any, cast

from bridge.items import Item, Reason, make_item
from bridge.outbound.calls import Calls
from bridge.provisioning.hold_records import Hold, Removal
from bridge.provisioning.permissions import OBSERVED
from bridge.provisioning.ports import Clock, GenesysReader, GenesysScim, OktaReader, UserMapper
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import AppState, GroupLink, JournalEntry
from bridge.provisioning.sync import Report, Work
from bridge.provisioning.syncs import build_syncs
from bridge.provisioning.user_records import UserLink
from bridge.settings import Mode, ProvisioningSettings

#: What writes, and answers, and is not a sync's to call.
_OF_NO_SYNC = frozenset({"close_parked", "decide", "save_breaker"})


def reads(name: str) -> bool:
    """Whether a method of the store may pass through: what answers nothing is a write."""
    return bool(signature(getattr(Store, name)).return_annotation != "None")


class ReadOnlyStore:
    """A store whose reads are real and whose writes are not done; what both writes and answers stands here by name."""

    def __init__(self, store: Store, *, mode: Mode) -> None:
        """Read from `store`, which the bridge keeps in this mode."""
        self._store = store
        self._mode = mode

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(Store, name) or name in _OF_NO_SYNC:
            raise AttributeError(name)
        return getattr(self._store, name) if reads(name) else _unwritten

    def removal(self, entity: str, okta_id: str) -> Removal | None:
        """The record, but where the bridge enforces: what it only observed before counts no more."""
        return None if self._is_past(entity) else self._store.removal(entity, okta_id)

    def removals(self, entity: str, since: datetime) -> frozenset[str]:
        """Likewise."""
        return frozenset() if self._is_past(entity) else self._store.removals(entity, since)

    def _is_past(self, entity: str) -> bool:
        return entity == OBSERVED and self._mode is Mode.ENFORCE

    def begin_user_sync(self, okta_id: str) -> UserLink:
        """The record as it is; no sync number moves, so a sync that is being made goes on."""
        return self._store.user(okta_id) or UserLink(okta_id)

    def begin_group_sync(self, okta_id: str) -> GroupLink:
        """Likewise."""
        return self._store.group(okta_id) or GroupLink(okta_id)

    def begin_app_sync(self) -> AppState:
        """Likewise."""
        return self._store.app()

    def raise_epoch(self) -> AppState:
        """Likewise."""
        return self._store.app()


class ReadOnlyGenesys:
    """Genesys Cloud without the calls that write: a sync in observe mode makes none, and here it cannot."""

    def __init__(self, genesys: GenesysReader) -> None:
        """Read through `genesys`."""
        self._genesys = genesys

    def __getattr__(self, name: str) -> Any:
        if name in vars(GenesysReader) and not name.startswith("_"):
            return getattr(self._genesys, name)
        raise AttributeError(f"a sync that is only tried does not {name}")


class RecordingQueue:
    """Queues into which nothing goes."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def send(self, items: Sequence[Item]) -> None:
        """Remember what would be sent."""
        self.items.extend(items)


class NullNotifier:
    """Nobody is told of what is only tried."""

    def hold_changed(self, hold: Hold, what: str) -> None:
        """Not now."""


class Preview:
    """Tries syncs."""

    def __init__(
        self,
        settings: ProvisioningSettings,
        *,
        okta: OktaReader,
        genesys: GenesysReader,
        store: Store,
        mapper: UserMapper,
        clock: Clock,
        calls: Calls,
        hash_key: Callable[[], bytes],
        linked_names: Callable[[], Iterable[str]],
    ) -> None:
        """The clients tell their calls to `calls`."""
        self._queues = RecordingQueue()
        self._clock = clock
        self._calls = calls
        self._syncs = build_syncs(
            replace(settings, mode=Mode.OBSERVE),
            okta=okta,
            genesys=cast("GenesysScim", ReadOnlyGenesys(genesys)),
            store=cast("Store", ReadOnlyStore(store, mode=settings.mode)),
            queues=self._queues,
            mapper=mapper,
            notifier=NullNotifier(),
            clock=clock,
            hash_key=hash_key,
            make_password=str,
            linked_names=linked_names,
        )

    def sync(self, entity: str) -> tuple[JournalEntry, list[str]]:
        """The journal entry of a sync as it would be made now, and the entities that it would enqueue.

        Raises:
            Transient, Permanent: as the sync itself would.
        """
        work, report = self._try(entity)
        entry = report.entry(work, self._clock.now(), self._calls.named)
        return entry, list(dict.fromkeys(item.entity for item in self._queues.items))

    def report(self, entity: str) -> Report:
        """The account of the same sync, with its plan.

        Raises:
            Transient, Permanent: likewise.
        """
        return self._try(entity)[1]

    def _try(self, entity: str) -> tuple[Work, Report]:
        self._queues.items.clear()
        self._calls.begin()
        work = Work((make_item(entity, Reason.OPERATOR, "preview"),))
        return work, self._syncs[work.items[0].kind].sync(work)


def _unwritten(*_: Any, **__: Any) -> None:
    """A write that is not done."""
