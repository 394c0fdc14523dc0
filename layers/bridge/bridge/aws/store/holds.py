"""Holds: the newest header of an entity, every header's history, and one record for each staged user.

Records of a group (or ``app``): ``hold`` (newest header), ``hold#<number>#<revision>#<time>`` (history),
``staged#<number>#<okta user id>``, ``decision#<number>``, ``reminded#<number>``. ``holds``/``<entity>`` says that its
newest hold is open: written before the header opens and removed after it has closed, so that an open hold is never
missing there. ``releases``/``<entity>`` says how far the approval of a group's hold has come, for people alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pydantic import TypeAdapter

from bridge.aws.store.table import (
    Condition,
    ConditionFailed,
    Key,
    Put,
    Record,
    Records,
    TransactionRefused,
    Update,
    expiry,
)
from bridge.errors import FenceMoved
from bridge.provisioning.hold_records import Decision, Hold

_HOLD = TypeAdapter(Hold)
_DECISION = TypeAdapter(Decision)
_OPEN, _RELEASES = "holds", "releases"
#: A header replaces one of an older hold, of an older revision, or of an earlier change.
_NOT_OLDER = (
    "attribute_not_exists(#number) OR #number < :number OR "
    "(#number = :number AND (#revision < :revision OR (#revision = :revision AND #changed <= :changed)))"
)
#: The header that was read: its `told` may have changed since.
_AS_READ = "#number = :number AND #revision = :revision AND #changed = :changed AND #state = :state"
#: DynamoDB takes 100 writes in a transaction: the header's, and these.
_STAGED_AT_A_TIME = 99
#: Days after which a reminder is forgotten, many more than there are between two, and how far an approval has come.
_REMINDED_DAYS, _RELEASE_DAYS = 30, 1


class HoldRecords(Records):
    """`Holds` of `bridge.provisioning.record_ports`."""

    def hold(self, entity: str) -> Hold | None:
        return hold_of(self._table.get(hold_key(entity)))

    def replace_hold(self, before: Hold | None, hold: Hold) -> None:
        condition = Condition("attribute_not_exists(#number)", {})
        if before is not None:
            read = _HOLD.dump_python(before, mode="json")
            condition = Condition(_AS_READ, {name: read[name] for name in ("number", "revision", "changed", "state")})
        record = _HOLD.dump_python(hold, mode="json")
        if hold.blocks:
            self._table.put(Put((_OPEN, hold.entity), {}))
        try:
            self._table.put(Put((hold.entity, "hold"), record, condition))
        except ConditionFailed:
            raise FenceMoved(hold.entity) from None
        self._table.put(_history(hold, record))
        if not hold.blocks:
            self._table.delete_many([(_OPEN, hold.entity)])

    def save_hold(self, hold: Hold) -> None:
        record = _HOLD.dump_python(hold, mode="json")
        history = _history(hold, record)
        if hold.blocks:
            self._table.put(Put((_OPEN, hold.entity), {}))
        values = {name: record[name] for name in ("number", "revision", "changed")}
        try:
            self._table.put(Put((hold.entity, "hold"), record, Condition(_NOT_OLDER, values)))
        except ConditionFailed:
            newest = self.hold(hold.entity)
            if newest is None or newest.number <= hold.number:
                raise FenceMoved(hold.entity) from None
            self._table.put(history)
            return  # a newer hold stands there
        self._table.put(history)
        if not hold.blocks:
            self._table.delete_many([(_OPEN, hold.entity)])

    def hold_history(self, entity: str) -> list[Hold]:
        headers = [_HOLD.validate_python(record) for record in self._table.query(entity, "hold#")]
        return sorted(headers, key=lambda hold: (hold.number, hold.changed, hold.revision))

    def open_hold_entities(self) -> list[str]:
        return [record["sk"] for record in self._table.query(_OPEN)]

    def staged(self, entity: str, number: int) -> dict[str, int]:
        prefix = _staged(number)
        records = self._table.query(entity, prefix)
        return {record["sk"].removeprefix(prefix): int(record["revision"]) for record in records}

    def stage(self, entity: str, number: int, revision: int, user_ids: Iterable[str]) -> None:
        unmoved = Update(
            (entity, "hold"),
            put={"revision": revision},
            condition=Condition("#number = :number AND #revision = :revision", {"number": number}),
        )
        puts = [Put((entity, _staged(number) + user), {"revision": revision}) for user in sorted(user_ids)]
        for at in range(0, len(puts), _STAGED_AT_A_TIME):
            try:
                self._table.transact([unmoved, *puts[at : at + _STAGED_AT_A_TIME]])
            except TransactionRefused:
                raise FenceMoved(entity) from None

    def unstage(self, entity: str, number: int, user_ids: Iterable[str]) -> None:
        self._table.delete_many((entity, _staged(number) + user) for user in user_ids)

    def decide(self, decision: Decision) -> Decision:
        key = (decision.entity, f"decision#{decision.number:06}")
        record = _DECISION.dump_python(decision, mode="json")
        try:
            self._table.put(Put(key, record, Condition("attribute_not_exists(#verdict)", {})))
        except ConditionFailed:
            return self.decision(decision.entity, decision.number) or decision
        return decision

    def decision(self, entity: str, number: int) -> Decision | None:
        record = self._table.get((entity, f"decision#{number:06}"))
        return None if record is None else _DECISION.validate_python(record)

    def reminded(self, entity: str, number: int) -> datetime | None:
        record = self._table.get((entity, f"reminded#{number:06}"))
        return None if record is None else datetime.fromisoformat(record["at"])

    def note_reminded(self, entity: str, number: int, at: datetime) -> None:
        self._table.put(Put((entity, f"reminded#{number:06}"), {"at": at.isoformat(), **expiry(at, _REMINDED_DAYS)}))

    def note_release(self, entity: str, number: int, left: int, at: datetime) -> None:
        self._table.put(Put((_RELEASES, entity), {"number": number, "left": left, **expiry(at, _RELEASE_DAYS)}))

    def releases(self) -> dict[str, tuple[int, int]]:
        return {each["sk"]: (int(each["number"]), int(each["left"])) for each in self._table.query(_RELEASES)}


def hold_key(entity: str) -> Key:
    """The key of an entity's newest header."""
    return entity, "hold"


def hold_of(record: Record | None) -> Hold | None:
    """The header of a record."""
    return None if record is None else _HOLD.validate_python(record)


def _history(hold: Hold, record: Record) -> Put:
    key = f"hold#{hold.number:06}#{hold.revision:06}#{record['changed']}#{hold.state}"
    return Put((hold.entity, key), record)


def _staged(number: int) -> str:
    return f"staged#{number:06}#"
