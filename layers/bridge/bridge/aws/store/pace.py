"""The shared call budget of an upstream: one record in the state table, used by every environment of every function.

Record ``pace``/``<upstream>``: how many calls were leased in each second of the last minute, a lower limit that an
answer named, until when calls wait because an answer said that little or nothing is left, and until when leavers wait.

A call is sent in the second that it was leased in, or in the next one; so the plain sum of the last 62 seconds covers
any 60, and the limit holds in every window, not only on average.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import accumulate
from math import ceil
from threading import Lock
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from bridge.aws.store.shared import Shared
from bridge.aws.store.table import Condition, ConditionFailed, Key, Put, StateTable
from bridge.errors import Transient
from bridge.outbound.answer import LONGEST_WAIT
from bridge.provisioning.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: A lease is used for so many seconds, the one in which it was counted among them; what is left then is exchanged.
LEASE_SECONDS = 2
#: This second and the 61 before it: any 60 seconds, and the second by which a call may follow its lease.
WINDOW = 60 + LEASE_SECONDS
#: Most calls leased at a time, by one write of the record; fewer where less than eight times as many are free.
LEASE, SPREAD = 5, 8
#: For so long the record says that a leaver waits, and what the other queues together get meanwhile.
LEAVERS_SECONDS, OTHERS_MEANWHILE = 5, 0.05
#: How old what is known of a budget without a limit of ours may be, in seconds.
_FRESH = 10
#: A copy of the record that is younger may be leased from without another reading; others rarely write meanwhile.
_JUST_READ = 1
#: For how long a limit, or a stop without an end, counts.
_MINUTE = timedelta(minutes=1).total_seconds()
#: A record that stops calls for longer was made of a header gone wrong, and does not count.
LONGEST_STOP = LONGEST_WAIT + 1
#: When less than this part of the limit is left, it belongs to the leavers' queue.
_RESERVE = 0.05
#: How often others may win the record before the call waits, and for how long it does then, in seconds.
_TRIES = 6
_CONTENTION_SECONDS = 0.5


@dataclass(frozen=True)
class _Budget:
    """The record; times in whole seconds since the epoch, calls by the second in which they were leased."""

    version: int = 0
    leased: dict[int, int] = field(default_factory=dict)
    limit: int | None = None
    limit_until: int = 0
    slow_until: int = 0
    stop_until: int = 0
    leavers_until: int = 0
    others_next: int = 0

    def learned(self, now: float, *, own: int | None, limit: int | None, remaining: int | None, until: int) -> _Budget:
        """The budget after an answer's headers; the same one when they say nothing new."""
        budget = self
        if own is not None and limit is not None and limit < own:
            known = self.limit if self.limit is not None and self.limit_until > now else own
            if limit < known or (limit == known and self.limit_until < now + _MINUTE / 2):
                budget = replace(budget, limit=limit, limit_until=int(now + _MINUTE))
        whole = limit if limit is not None else own
        if remaining is not None and remaining < (whole or 0) * _RESERVE and _earlier(self.slow_until, until, now):
            budget = replace(budget, slow_until=until)
        if remaining is not None and remaining <= 0 and _earlier(self.stop_until, until, now):
            budget = replace(budget, stop_until=until)
        return budget


def _earlier(known: int, until: int, now: float) -> bool:
    """Whether a stop that is known ends earlier than a new one, or counts for nothing."""
    return known < until or known > now + LONGEST_STOP


_BUDGET = TypeAdapter(_Budget)


class HeaderPace:
    """`Pace` of an upstream that has no limit of ours and is held back by its rate-limit headers alone (Okta).

    What another environment learned is known here within ten seconds.
    """

    #: Our own limit of calls a minute, None without one.
    _own_limit: int | None = None

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        upstream: str,
        clock: Clock,
        share: float,
        shared: Shared | None = None,
    ) -> None:
        """The budget of `upstream`, kept in `table`.

        Args:
            client: DynamoDB.
            table: name of the state table.
            upstream: whose budget; its calls wait with the reason ``<upstream>-pace``.
            clock: our time.
            share: part of the limit that may be used; below 1 the caller also waits when little is left.
            shared: brings the record together with others; None to read it alone.
        """
        self._table = StateTable(client, table)
        self._upstream = upstream
        self._clock = clock
        self._share = share
        self._key: Key = ("pace", upstream)
        self._lock = Lock()
        self._shared = shared or Shared(self._table, clock)
        self._budget = _Budget()
        self._read_at = float("-inf")

    def take(self) -> None:
        with self._lock:
            now = self._now()
            self._check_stops(now)
            if now - self._read_at >= _FRESH:
                self._read_at, self._budget = self._recent(_FRESH)
                self._check_stops(now)

    def hold(self) -> None:
        """As `take`; what is not counted here need not be given back."""
        self.take()

    def hurry(self) -> None:
        """Nothing: others make room where a limit of ours is shared."""

    def observe(self, *, limit: int | None, remaining: int | None, reset_seconds: float | None) -> None:
        """Learn from the rate-limit headers of an answer and tell the other environments, if it is news.

        Never fails: the answer that brought the headers counts, and the next one brings them again.
        """
        with self._lock:
            now = self._now()
            until = int(now + min(_MINUTE if reset_seconds is None else reset_seconds, LONGEST_WAIT)) + 1

            def learn(budget: _Budget) -> _Budget:
                return budget.learned(now, own=self._own_limit, limit=limit, remaining=remaining, until=until)

            learned = learn(self._budget)
            if learned == self._budget:
                return
            self._budget = learned
            for _ in range(_TRIES):
                try:
                    self._budget = learn(self._read())
                    self._write(self._budget)
                except ConditionFailed:
                    continue
                except Transient:
                    return
                else:
                    return

    def _check_stops(self, now: float) -> None:
        stops = (self._budget.stop_until, self._budget.slow_until if self._share < 1 else 0)
        until = max((stop for stop in stops if now < stop <= now + LONGEST_STOP), default=0)
        if until:
            raise self._wait(until - now)

    def _wait(self, seconds: float) -> Transient:
        return Transient(f"{self._upstream}-pace", retry_after=seconds, upstream=self._upstream)

    def _recent(self, seconds: float) -> tuple[float, _Budget]:
        """The record as it was at most so many seconds ago, and when that was."""
        at, record = self._shared.read(self._key, seconds)
        return at, _BUDGET.validate_python(record)

    def _read(self) -> _Budget:
        record = self._table.get(self._key) or {}
        self._shared.note(self._key, record)
        return _BUDGET.validate_python(record)

    def _write(self, budget: _Budget) -> None:
        """Write what was computed from the record as it was read; ConditionFailed when it has changed since."""
        unchanged = Condition("attribute_not_exists(#version) OR #version = :read", {"read": budget.version})
        record = _BUDGET.dump_python(replace(budget, version=budget.version + 1), mode="json")
        self._table.put(Put(self._key, record, unchanged))
        self._shared.note(self._key, record)

    def _now(self) -> float:
        return self._clock.now().timestamp()


class DynamoPace(HeaderPace):
    """`Pace` of an upstream with a limit of calls a minute, shared by everybody (Genesys Cloud)."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        upstream: str,
        requests_per_minute: int,
        clock: Clock,
        share: float,
        shared: Shared | None = None,
    ) -> None:
        """As `HeaderPace`, and no more than `requests_per_minute` in any 60 seconds."""
        super().__init__(client, table, upstream, clock, share, shared)
        self._own_limit: int = requests_per_minute
        self._left = 0
        self._second = 0

    def take(self) -> None:
        """Take one call of the lease, or lease more; Transient with the seconds to wait when nothing is left."""
        with self._lock:
            self._ensure()
            self._left -= 1

    def hold(self) -> None:
        """Have one call for the next `take`; unused it stays in the lease, for whatever comes next."""
        with self._lock:
            self._ensure()

    def hurry(self) -> None:
        """Say that a leaver waits: for five seconds, others together get a twentieth of the limit.

        Never fails: it is the second write for the same wait, and the wait itself goes on.
        """
        with self._lock:
            until = int(self._now()) + LEAVERS_SECONDS
            for _ in range(_TRIES):
                try:
                    budget = self._read()
                    if budget.leavers_until < until:
                        self._write(replace(budget, leavers_until=until))
                except ConditionFailed:
                    continue
                except Transient:
                    return
                else:
                    return

    def _ensure(self) -> None:
        """Have at least one call that may be sent now.

        What a lease has left when it is over was never sent: it is counted back in the write that leases anew, so a
        call that was held for long is exchanged and not lost. A crash loses it until its second leaves the window.
        """
        now = self._now()
        self._check_stops(now)
        if not self._left or not 0 <= int(now) - self._second < LEASE_SECONDS:
            self._lease(now)

    def _lease(self, now: float) -> None:
        for tried in range(_TRIES):
            self._budget = self._read() if tried else self._recent(_JUST_READ)[1]
            self._check_stops(now)
            second = int(now)
            leased = {number: calls for number, calls in self._budget.leased.items() if number > second - WINDOW}
            returned = min(self._left, leased.get(self._second, 0))
            if returned:
                leased[self._second] -= returned
            free = self._allowance(now) - sum(leased.values())
            if free <= 0:
                raise self._wait(self._seconds_until_free(leased, now))
            calls, budget = min(LEASE, max(1, free // SPREAD)), self._budget
            if self._share < 1 and now < budget.leavers_until <= now + LONGEST_STOP and not returned:
                calls, budget = self._others_meanwhile(now)
            leased[second] = leased.get(second, 0) + calls
            try:
                self._write(replace(budget, leased={number: count for number, count in leased.items() if count}))
            except ConditionFailed:
                continue
            self._left, self._second = calls, second
            return
        raise self._wait(_CONTENTION_SECONDS)

    def _others_meanwhile(self, now: float) -> tuple[int, _Budget]:
        """How many calls others may lease while a leaver waits, and the record that says when the next ones."""
        a_second = self._allowance(now) * OTHERS_MEANWHILE / _MINUTE
        following = self._budget.others_next
        if now < following <= now + _MINUTE:
            raise self._wait(min(following, self._budget.leavers_until) - now)
        return max(1, int(a_second)), replace(self._budget, others_next=int(now) + max(1, ceil(1 / a_second)))

    def _allowance(self, now: float) -> int:
        """Calls that this caller may bring the window to; at least one, or a small share would never call."""
        limit = self._own_limit
        if self._budget.limit is not None and self._budget.limit_until > now:
            limit = min(limit, self._budget.limit)
        return max(1, int(limit * self._share))

    def _seconds_until_free(self, leased: dict[int, int], now: float) -> float:
        """When enough of the oldest seconds have left the window for one call more."""
        oldest_first = sorted(leased)
        excess = sum(leased.values()) - self._allowance(now)
        gone = accumulate(leased[number] for number in oldest_first)
        last = next(number for number, calls in zip(oldest_first, gone, strict=True) if calls > excess)
        return last + WINDOW - now
