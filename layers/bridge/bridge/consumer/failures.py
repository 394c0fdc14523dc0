"""The classes of failure: how long a message whose look failed waits, or what it is parked with."""

from __future__ import annotations

import random
from collections import Counter

from bridge.aws.telemetry import Metric, count
from bridge.consumer.backoff import Backoff, patience
from bridge.errors import AuthFailure, BreakerOpen, Permanent, Recheck, SettingsError, Transient
from bridge.items import Item
from bridge.outbound.calls import Calls

#: Tries of an exception that nobody classified; receives do not count, for waiting out an outage uses up many.
UNEXPECTED_TRIES = 5
#: Tries of a 5xx that meets one entity while others succeed, and how many in a row must have been so: after an
#: outage, whose tries count too, an upstream comes back in fits and starts.
LONELY_5XX_TRIES, LONELY_IN_A_ROW = 20, 5
#: A message that was not started for lack of time comes back at once this often, then after a pause.
IMMEDIATE_RETURNS = 100
RETURN_PAUSE = 30.0
_SERVER_ERROR = 500


class Failures:
    """Decides about failed messages of one process."""

    def __init__(self, calls: Calls, backoff: Backoff, rng: random.Random) -> None:
        """`calls` tells a failure of one entity from one of a whole upstream."""
        self._calls = calls
        self._backoff = backoff
        self._rng = rng
        self._unexpected: Counter[str] = Counter()

    def usual_delay(self, receives: int) -> float:
        """Seconds that a message waits whose failure says nothing else."""
        return self._backoff.delay(receives, None, self._rng.random())

    def decide(self, item: Item, receives: int, error: Exception) -> float | Permanent:
        """Seconds until the message comes again, or with what it is parked."""
        if isinstance(error, Permanent):
            return error
        if isinstance(error, Recheck):
            return error.delay
        if isinstance(error, SettingsError):
            error = AuthFailure("not-set-up", detail=str(error))
        if isinstance(error, Transient):
            return self._transient(item, receives, error)
        count(Metric.UNEXPECTED_ERRORS)
        self._unexpected[item.id] += 1
        if self._unexpected[item.id] < UNEXPECTED_TRIES:
            return self.usual_delay(receives)
        del self._unexpected[item.id]
        return Permanent("unexpected", detail=type(error).__name__)

    def _transient(self, item: Item, receives: int, error: Transient) -> float | Permanent:
        if isinstance(error, BreakerOpen):
            count(Metric.BREAKER_OPEN, upstream=error.upstream)
        if isinstance(error, AuthFailure) or isinstance(error.__cause__, AuthFailure):
            count(Metric.AUTH_FAILURES, upstream=error.upstream or "settings")
        if self._is_lonely(item.entity, error, receives):
            return Permanent("server-error-here-only", detail=f"{error.reason} {error.reference}".strip())
        count(Metric.RETRIES, reason=error.reason)
        if error.reason == "time-budget":
            return 0.0 if receives <= IMMEDIATE_RETURNS else RETURN_PAUSE * patience(receives)
        return self._backoff.delay(receives, error.retry_after, self._rng.random())

    def _is_lonely(self, entity: str, error: Transient, receives: int) -> bool:
        return (
            error.status is not None
            and error.status >= _SERVER_ERROR
            and receives >= LONELY_5XX_TRIES
            and self._calls.lonely_tries(entity) >= LONELY_IN_A_ROW
        )
