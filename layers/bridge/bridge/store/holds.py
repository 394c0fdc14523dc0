"""Holds: the newest header of an entity, every header's history, and one record for each staged user.

Records of a group (or ``app``): ``hold`` (newest header), ``hold#<number>#<revision>#<time>`` (history),
``staged#<number>#<okta user id>``. ``holds``/``<entity>`` says that its newest hold is open: written before the
header opens and removed after it has closed, so that an open hold is never missing there.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import TypeAdapter

from bridge.provisioning.holds import BLOCKING
from bridge.provisioning.records import Hold
from bridge.store.table import Condition, ConditionFailed, Put, Records

_HOLD = TypeAdapter(Hold)
_OPEN = "holds"


class HoldRecords(Records):
    """The holding half of `Removals` in `bridge.provisioning.ports`."""

    def hold(self, entity: str) -> Hold | None:
        """The entity's newest hold."""
        record = self._table.get((entity, "hold"))
        return None if record is None else _HOLD.validate_python(record)

    def save_hold(self, hold: Hold) -> None:
        """Write the header; one of an older hold goes into the history alone."""
        record = _HOLD.dump_python(hold, mode="json")
        history = f"hold#{hold.number:06}#{hold.revision:06}#{record['changed']}#{hold.state}"
        self._table.put(Put((hold.entity, history), record))
        if hold.state in BLOCKING:
            self._table.put(Put((_OPEN, hold.entity), {}))
        newest = Condition("attribute_not_exists(#number) OR #number <= :number", {"number": hold.number})
        try:
            self._table.put(Put((hold.entity, "hold"), record, newest))
        except ConditionFailed:
            return  # a newer hold stands there
        if hold.state not in BLOCKING:
            self._table.delete_many([(_OPEN, hold.entity)])

    def open_holds(self) -> int:
        """How many entities have an open hold."""
        return sum(1 for _ in self._table.query(_OPEN))

    def staged(self, entity: str, number: int) -> dict[str, int]:
        """Okta user id -> revision in which the user was staged."""
        prefix = _staged(number)
        records = self._table.query(entity, prefix)
        return {record["sk"].removeprefix(prefix): int(record["revision"]) for record in records}

    def stage(self, entity: str, number: int, revision: int, user_ids: Iterable[str]) -> None:
        """Stage users in a hold."""
        self._table.put_many({(entity, _staged(number) + user): {"revision": revision} for user in user_ids})

    def unstage(self, entity: str, number: int, user_ids: Iterable[str]) -> None:
        """Take users out of a hold."""
        self._table.delete_many((entity, _staged(number) + user) for user in user_ids)


def _staged(number: int) -> str:
    return f"staged#{number:06}#"
