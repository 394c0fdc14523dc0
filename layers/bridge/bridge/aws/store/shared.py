"""What every environment reads again every few seconds, the breakers and the call budgets: all by one request."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.aws.store.table import Key, Record, StateTable
from bridge.provisioning.ports import Clock

#: The records of a consumer: breakers, the budget of Genesys Cloud, and that of each bucket of Okta's.
WATCHED: tuple[Key, ...] = (
    *(("breaker", upstream) for upstream in ("okta", "genesys", "organisation")),
    ("pace", "genesys"),
    *(("pace", f"okta-{bucket}") for bucket in ("user", "users", "group", "groups", "app", "apps")),
)


class Shared:
    """Copies of those records, each with the time at which it was read or written by this process."""

    def __init__(self, table: StateTable, clock: Clock, keys: Iterable[Key] = ()) -> None:
        """Nothing is read yet; whatever is read first brings all of `keys`."""
        self._table = table
        self._clock = clock
        self._keys = set(keys)
        self._copies: dict[Key, tuple[float, Record]] = {}

    def read(self, key: Key, seconds: float) -> tuple[float, Record]:
        """A copy that is younger than `seconds`, empty where there is no record, and its time since the epoch."""
        known = self._copies.get(key)
        if known is None or not 0 <= self._now() - known[0] < seconds:
            self.refresh([key])
        return self._copies[key]

    def refresh(self, keys: Iterable[Key]) -> dict[Key, Record]:
        """Read all records anew, `keys` among them; a record that is not there is empty."""
        self._keys |= set(keys)
        now = self._now()
        if len(self._keys) == 1:
            (key,) = self._keys
            found = {key: self._table.get(key) or {}}
        else:
            found = self._table.get_many(self._keys)
        self._copies = {key: (now, found.get(key, {})) for key in self._keys}
        return {key: copy for key, (_, copy) in self._copies.items()}

    def note(self, key: Key, record: Record) -> None:
        """The record was read or written elsewhere in this process a moment ago."""
        self._copies[key] = self._now(), record

    def _now(self) -> float:
        return self._clock.now().timestamp()
