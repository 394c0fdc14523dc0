"""What a sync would do now: the real sync in observe mode, over ports that read and write nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bridge.items import Item, Reason, make_item
from bridge.outbound.calls import Calls
from bridge.provisioning.hold_records import Hold
from bridge.provisioning.ports import Clock, GenesysReader
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import GroupLink, JournalEntry
from bridge.provisioning.sync import Report, Sync, Work
from bridge.provisioning.user_records import UserLink
from bridge.provisioning.writes import ReadOnly
from bridge.settings import Mode, ProvisioningSettings

#: What of the store writes and answers, as it answers where nothing is written.
FORETOLD: dict[str, Callable[..., object]] = {
    "begin_user_sync": lambda store, okta_id: store.user(okta_id) or UserLink(okta_id),
    "begin_group_sync": lambda store, okta_id: store.group(okta_id) or GroupLink(okta_id),
    "begin_app_sync": lambda store: store.app(),
    "raise_epoch": lambda store: store.app(),
}


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
            genesys=ReadOnly(GenesysReader, genesys),
            store=ReadOnly(Store, store, foretold=FORETOLD),
            counts_observed=settings.mode is Mode.OBSERVE,
            queues=self._nowhere,
            notifier=self._nowhere,
            clock=clock,
            make_password=str,
        )

    def sync(self, entity: str) -> tuple[JournalEntry, list[str]]:
        """The journal entry of a sync as it would be made now, and whom it would enqueue; raises likewise."""
        report = self.report(entity)
        entry = report.entry(self._work(entity), self._clock.now(), self._calls.named)
        return entry, list(dict.fromkeys(item.entity for item in self._nowhere.items))

    def report(self, entity: str) -> Report:
        """The account of the same sync, with its plan."""
        self._nowhere.items.clear()
        self._calls.begin()
        work = self._work(entity)
        return self._syncs[work.items[0].kind].sync(work)

    @staticmethod
    def _work(entity: str) -> Work:
        return Work((make_item(entity, Reason.OPERATOR, "preview"),))
