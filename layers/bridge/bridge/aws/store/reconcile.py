"""The newest run of the reconcile, and which Genesys Cloud users it has seen.

Records: ``reconcile``/``run``; ``reconcile#<number>``/``<place>``, which outlive their run by a week at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from pydantic import TypeAdapter

from bridge.aws.store.table import Condition, ConditionFailed, Put, Records, expiry
from bridge.provisioning.runs import Run, RunTaken

_RUN = TypeAdapter(Run)
_KEY = ("reconcile", "run")
_RETENTION_DAYS = 7


class ReconcileRecords(Records):
    """`Runs` of `bridge.provisioning.runs`."""

    def run(self) -> Run | None:
        record = self._table.get(_KEY)
        return None if record is None else _RUN.validate_python(record)

    def save_run(self, run: Run) -> Run:
        unmoved = Condition("attribute_not_exists(#version) OR #version = :read", {"read": run.version})
        saved = replace(run, version=run.version + 1)
        try:
            self._table.put(Put(_KEY, _RUN.dump_python(saved, mode="json"), unmoved))
        except ConditionFailed:
            raise RunTaken(f"run {run.number} goes on elsewhere") from None
        return saved

    def add_seen_accounts(self, number: int, place: str, seen: bytes, at: datetime) -> None:
        self._table.put(Put((f"reconcile#{number}", place), {"seen": seen, **expiry(at, _RETENTION_DAYS)}))

    def seen_accounts(self, number: int) -> Iterator[bytes]:
        return (bytes(record["seen"]) for record in self._table.query(f"reconcile#{number}"))

    def drop_seen_accounts(self, number: int) -> None:
        keys = [(record["pk"], record["sk"]) for record in self._table.query(f"reconcile#{number}")]
        self._table.delete_many(keys)
