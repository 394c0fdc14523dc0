"""What the ceilings count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from bridge.provisioning.hold_records import Removal, RemovalState
from bridge_local.memory.base import Guarded


@dataclass
class MemoryRemovals(Guarded):
    """`Removals` of `bridge.provisioning.record_ports`.

    Attributes:
        removal_records: (entity, Okta user id) -> record, to the millisecond.
        excepted: (entity, Okta user id) of each exception; only an operator's rejection adds one.
        seen_users: (entity, Okta user id) of each adopted user that was seen in the group.
    """

    removal_records: dict[tuple[str, str], Removal] = field(default_factory=dict)
    excepted: set[tuple[str, str]] = field(default_factory=set)
    seen_users: set[tuple[str, str]] = field(default_factory=set)

    def removals(self, entity: str, since: datetime) -> frozenset[str]:
        return self._since(entity, since, {RemovalState.RESERVED, RemovalState.DONE})

    def reserve(self, entity: str, user_ids: Iterable[str], at: datetime) -> None:
        self._record(entity, user_ids, Removal(RemovalState.RESERVED, at))

    def complete(self, entity: str, user_ids: Iterable[str], at: datetime, *, permits: str = "") -> None:
        self._record(entity, user_ids, Removal(RemovalState.DONE, at))
        if permits:
            self.withdraw(permits, user_ids)

    def permit(self, entity: str, user_ids: Iterable[str], at: datetime) -> None:
        self._record(entity, user_ids, Removal(RemovalState.APPROVED, at))

    def permitted(self, entity: str, since: datetime) -> frozenset[str]:
        return self._since(entity, since, {RemovalState.APPROVED})

    def withdraw(self, entity: str, user_ids: Iterable[str]) -> None:
        with self._lock:
            for user in user_ids:
                self.removal_records.pop((entity, user), None)

    def exceptions(self, entity: str) -> frozenset[str]:
        with self._lock:
            return frozenset(user for owner, user in self.excepted if owner == entity)

    def add_exceptions(self, entity: str, user_ids: Iterable[str]) -> None:
        with self._lock:
            self.excepted.update((entity, user) for user in user_ids)

    def remove_exceptions(self, entity: str, user_ids: Iterable[str]) -> None:
        with self._lock:
            self.excepted.difference_update((entity, user) for user in user_ids)

    def seen(self, entity: str) -> frozenset[str]:
        with self._lock:
            return frozenset(user for owner, user in self.seen_users if owner == entity)

    def add_seen(self, entity: str, user_ids: Iterable[str]) -> None:
        with self._lock:
            self.seen_users.update((entity, user) for user in user_ids)

    def _since(self, entity: str, since: datetime, states: set[RemovalState]) -> frozenset[str]:
        with self._lock:
            least = _to_milliseconds(since)
            return frozenset(
                user
                for (owner, user), removal in self.removal_records.items()
                if owner == entity and removal.at >= least and removal.state in states
            )

    def _record(self, entity: str, user_ids: Iterable[str], removal: Removal) -> None:
        kept = Removal(removal.state, _to_milliseconds(removal.at))
        with self._lock:
            self.removal_records.update({(entity, user): kept for user in user_ids})


def _to_milliseconds(moment: datetime) -> datetime:
    """As exact as the table keeps it."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
