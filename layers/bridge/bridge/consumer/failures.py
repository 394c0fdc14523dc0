"""The classes of failure: how long a message whose sync failed waits, or what it is parked with.

Whose access must end is a *leaver*: they are never given up. While the service refuses everybody they go on trying;
one who is refused alone, or cannot be done for any other reason, is parked, for a person to see, and tried again all
the same, less and less often.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.aws.telemetry import Metric, count, gauge
from bridge.consumer.backoff import Backoff, patience
from bridge.errors import AuthFailure, BreakerOpen, Permanent, Recheck, SettingsError, Transient, VersionConflict
from bridge.items import Hint, Item, Reason
from bridge.outbound.calls import Calls
from bridge.outbound.refusals import PATIENCE, is_refusal
from bridge.outbound.waiting import PACE
from bridge.provisioning.followups import LEAVER
from bridge.provisioning.organisation import UPSTREAM
from bridge.provisioning.ports import Clock
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import Due

#: Tries of an exception that nobody classified; receives do not count, for waiting out an outage uses up many.
UNEXPECTED_TRIES = 5
#: Tries of a 5xx that meets one entity while others succeed, and how many in a row must have been so: after an
#: outage, whose tries count too, an upstream comes back in fits and starts.
ISOLATED_5XX_TRIES, ISOLATED_FAILURES_THRESHOLD = 20, 5
#: What such an item is parked with, and its tries when a person has sent it again, who waits for an answer.
ISOLATED, REDRIVEN_5XX_TRIES = "server-error-here-only", 3
#: A message that was not started for lack of time comes back at once this often, then after a pause.
IMMEDIATE_RETURNS = 100
RETURN_PAUSE = 30.0
#: Refusals of one entity alone before it is parked: whether others are refused too shows only after a while.
REFUSED_TRIES = 8
#: For so long a leaver may be refused before people are told.
LEAVER_ALARM = timedelta(minutes=15)
#: A day before SQS forgets a message of 14 days, another one takes a leaver's place.
LEAVER_RENEWAL = timedelta(days=13)
#: A leaver who is parked is tried again after so long, then after twice as long each time, up to the longest.
LEAVER_FIRST_WAIT, LEAVER_LONGEST_WAIT = timedelta(minutes=5), timedelta(days=1)
_SERVER_ERROR = 500
_ENDED = frozenset({"DEPROVISIONED", "SUSPENDED"})


@dataclass(frozen=True)
class Message:
    """An item in a queue.

    Attributes:
        item: the item.
        receives: how often the message was received.
        sent: when it was put into its queue.
        urgent: whether that is the leavers' queue.
    """

    item: Item
    receives: int
    sent: datetime
    urgent: bool

    @property
    def says_leaver(self) -> bool:
        """Whether the message itself says that access ends."""
        return self.urgent or Hint.ACCESS_ENDS in self.item.hints or self.item.due == LEAVER


class Failures:
    """Decides about failed messages of one process."""

    def __init__(self, calls: Calls, store: Store, clock: Clock, backoff: Backoff, rng: random.Random) -> None:
        """`calls` tells a failure of one entity from one of a whole upstream; `store` keeps leavers due."""
        self._calls = calls
        self._store = store
        self._clock = clock
        self._backoff = backoff
        self._rng = rng
        self._unexpected: Counter[str] = Counter()
        self._renewed: set[str] = set()

    def usual_delay(self, receives: int) -> float:
        """Seconds that a message waits whose failure says nothing else."""
        return self._backoff.delay(receives, None, self._rng.random())

    def decide(self, message: Message, error: Exception) -> float | Permanent:
        """Seconds until the message comes again, or with what it is parked.

        Raises:
            Transient: a leaver could not be kept due; the message must come again.
        """
        if is_refusal(error):
            return self._refused(message, error)
        fate = self._fate(message.item, message.receives, error)
        if message.says_leaver and isinstance(fate, Permanent):
            self._try_again(message.item)
        elif message.says_leaver:
            self._renew(message)
        return fate

    def mended(self, message: Message) -> None:
        """A message that had failed was answered: its leaver is no longer due."""
        if message.says_leaver and message.receives > 1:
            self._store.settle_due(message.item.entity, LEAVER)

    def waits_out(self, entity: str, *, leaver: bool = False) -> bool:
        """Whether what is refused to the entity may still be the service's, so that it is not parked yet."""
        refusal = self._calls.refusals.of(entity)
        if refusal is None or refusal.alone >= REFUSED_TRIES:
            return False
        return leaver or self._clock.now() - refusal.since < PATIENCE

    def _refused(self, message: Message, error: Permanent) -> float | Permanent:
        """A service refuses: the whole of it is waited for, an entity that is refused alone is parked."""
        entity, now, leaver = message.item.entity, self._clock.now(), self._is_leaver(message)
        if leaver and now - message.sent >= LEAVER_ALARM:
            count(Metric.LEAVERS_REFUSED)
        again = message.item.reason is Reason.REDRIVE  # it was parked before, and anyone who asks wants to know
        if not again and self.waits_out(entity, leaver=leaver):
            if leaver:
                self._renew(message)
            count(Metric.RETRIES, upstream=error.upstream)
            return self.usual_delay(message.receives)
        if leaver:
            self._try_again(message.item)
        return error

    def _try_again(self, item: Item) -> None:
        """Keep a leaver who is parked due all the same."""
        wait = min(LEAVER_FIRST_WAIT * 2 ** min(item.tries, 20), LEAVER_LONGEST_WAIT)
        self._store.note_due(Due(item.entity, LEAVER, self._clock.now() + wait, item.tries + 1))

    def _is_leaver(self, message: Message) -> bool:
        """Whether the message, or else the person's record, says that access ends."""
        if message.says_leaver or message.item.kind != "user":
            return message.says_leaver
        link = self._store.user(message.item.okta_id)
        return link is not None and link.status in _ENDED and link.known_active is not False

    def _renew(self, message: Message) -> None:
        """Keep a leaver who waits for long due beyond the life of the message; once in each process."""
        old = self._clock.now() - message.sent >= LEAVER_ALARM
        if old and message.item.id not in self._renewed:
            self._store.note_due(Due(message.item.entity, LEAVER, message.sent + LEAVER_RENEWAL))
            self._renewed.add(message.item.id)

    def _fate(self, item: Item, receives: int, error: Exception) -> float | Permanent:
        if isinstance(error, Permanent):
            return error
        if isinstance(error, Recheck):
            return error.delay
        if isinstance(error, VersionConflict):  # of a call that has no version, such as a POST
            error = Transient("genesys-version-conflict", upstream="genesys")
        if isinstance(error, SettingsError):
            error = AuthFailure("not-set-up", detail=str(error))
        if isinstance(error, Transient):
            return self._transient(item, receives, error)
        count(Metric.UNEXPECTED_ERRORS)
        self._unexpected[item.id] += 1
        if self._unexpected[item.id] < UNEXPECTED_TRIES and item.reason is not Reason.REDRIVE:
            return self.usual_delay(receives)
        del self._unexpected[item.id]
        return Permanent("unexpected", detail=type(error).__name__)

    def _transient(self, item: Item, receives: int, error: Transient) -> float | Permanent:
        if error.upstream == UPSTREAM:
            count(Metric.ANOTHER_ORGANISATION)
        elif isinstance(error, BreakerOpen):
            gauge(Metric.BREAKER_OPEN, 1)
        if isinstance(error, AuthFailure) or isinstance(error.__cause__, AuthFailure):
            count(Metric.AUTH_FAILURES, upstream=error.upstream or "settings")
        if self._is_isolated(item, error, receives):
            return Permanent(ISOLATED, detail=f"{error.reason} {error.reference}".strip())
        count(Metric.RETRIES, upstream=error.upstream)
        if error.reason == "time-budget":
            return 0.0 if receives <= IMMEDIATE_RETURNS else RETURN_PAUSE * patience(receives)
        if error.reason.endswith(PACE) and error.retry_after is not None and receives <= IMMEDIATE_RETURNS:
            return error.retry_after  # it waits its turn, which is no failure
        return self._backoff.delay(receives, error.retry_after, self._rng.random())

    def _is_isolated(self, item: Item, error: Transient, receives: int) -> bool:
        if error.status is None or error.status < _SERVER_ERROR:
            return False
        if receives >= ISOLATED_5XX_TRIES and self._calls.isolated_failures(item.entity) >= ISOLATED_FAILURES_THRESHOLD:
            return True
        redriven = item.reason is Reason.REDRIVE and receives >= REDRIVEN_5XX_TRIES
        return redriven and any(parked.reason == ISOLATED for parked in self._store.parked_items(item.entity))
