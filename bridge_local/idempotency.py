"""Powertools' idempotency records in memory, with the clock from outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyItemAlreadyExistsError,
    IdempotencyItemNotFoundError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord

from bridge_local.exchange import Now


class MemoryIdempotency(BasePersistenceLayer):
    """Keeps what Powertools' DynamoDB layer keeps, under the same conditions."""

    def __init__(self, now: Now) -> None:
        """`now` decides when a lease of work in progress has run out."""
        super().__init__()  # type: ignore[no-untyped-call] # Powertools leaves it untyped
        self._now = now
        self.records: dict[str, DataRecord] = {}
        self._leases: dict[str, datetime] = {}

    def _get_record(self, idempotency_key: str) -> DataRecord:
        if idempotency_key not in self.records:
            raise IdempotencyItemNotFoundError
        return self.records[idempotency_key]

    def _put_record(self, data_record: DataRecord) -> None:
        key = data_record.idempotency_key
        kept = self.records.get(key)
        if kept is not None and not (kept.status == "INPROGRESS" and self._leases.get(key, self._now()) < self._now()):
            raise IdempotencyItemAlreadyExistsError(old_data_record=kept)
        self.records[key] = data_record
        if data_record.in_progress_expiry_timestamp is not None:
            # Powertools counts the lease from the machine's clock; only its length matters here.
            end = datetime.fromtimestamp(data_record.in_progress_expiry_timestamp / 1000, UTC)
            self._leases[key] = self._now() + max(end - datetime.now(UTC), timedelta())

    def _update_record(self, data_record: DataRecord) -> None:
        self.records[data_record.idempotency_key] = data_record

    def _delete_record(self, data_record: DataRecord) -> None:
        self.records.pop(data_record.idempotency_key, None)
