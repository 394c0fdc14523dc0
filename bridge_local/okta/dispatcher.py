"""How Okta delivers events to hooks: batched, at least once at best, in any order, with one retry.

Source: concepts/event-hooks and guides/hooks-best-practices of Okta's developer documentation.
"""

from __future__ import annotations

import heapq
import itertools
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import RLock

from bridge_local.exchange import ConnectionCut
from bridge_local.okta.event_forms import envelope, hook_form
from bridge_local.okta.hook_api import TIMEOUT, hook_headers, hook_target
from bridge_local.okta.model import OktaModel
from bridge_local.okta.org import SYSTEM
from bridge_local.okta.records import EventHook
from bridge_local.okta.switches import OktaSwitches
from bridge_local.okta.system_log import LogEntry

#: Sends a delivery: URL, headers, body, timeout in seconds -> status. Raises OSError (a TimeoutError is one) or
#: ConnectionCut when there is no answer in time. Redirects are not followed.
Post = Callable[[str, Mapping[str, str], bytes, float], int]
_DAY = timedelta(days=1)


@dataclass(order=True)
class _Delivery:
    due: datetime
    number: int
    hook_id: str = field(compare=False)
    entries: list[LogEntry] = field(compare=False, default_factory=list)
    body: bytes = field(compare=False, default=b"")


class HookDispatcher:
    """Listens to a model's events and posts them to its hooks when somebody calls `run_due`.

    Nothing sleeps here: a thread, a scheduler or a simulation asks `next_due` and calls `run_due` then. Undelivered
    events live in memory alone. Answers: 2xx is success; a timeout or 5xx gets the one retry; all else is final.

    Args:
        model: the org.
        post: sends a delivery.
        now: our clock.
        rng: randomness of drops, delays, duplicates and disorder.
        switches: by default the model's own.
    """

    def __init__(
        self,
        model: OktaModel,
        post: Post,
        now: Callable[[], datetime],
        rng: random.Random,
        switches: OktaSwitches | None = None,
    ) -> None:
        self._model = model
        self._post = post
        self._now = now
        self._rng = rng
        self._switches = switches or model.switches
        self._lock = RLock()
        self._numbers = itertools.count()
        self._waiting: list[_Delivery] = []
        self._open: dict[str, _Delivery] = {}
        self._day: datetime | None = None
        self._today = 0
        #: How many deliveries were ``delivered``, ``retried``, ``failed``; how many events were ``dropped`` or
        #: ``capped``.
        self.counts: Counter[str] = Counter()
        model.listeners.append(self._hear)

    def next_due(self) -> datetime | None:
        """When `run_due` has something to do, None when nothing waits."""
        with self._lock:
            return self._waiting[0].due if self._waiting else None

    def run_due(self, now: datetime | None = None) -> int:
        """Send every delivery that is due; how many requests were made."""
        return self._run(now or self._now())

    def flush(self) -> int:
        """Send every delivery at once, due or not; how many requests were made."""
        return self._run(None)

    def _run(self, until: datetime | None) -> int:
        requests = 0
        while (delivery := self._next(until)) is not None:
            requests += self._send(delivery)
        return requests

    # ---------------------------------------------------------------------------------------- queueing

    def _hear(self, entry: LogEntry) -> None:
        """An event was raised: called with the model's lock held."""
        for hook_id in entry.hooks:
            hook = self._model.hooks[hook_id]
            flowing = (hook.verified_at or hook.created) + timedelta(seconds=self._switches.hook_startup)
            if self._model.now() < flowing or self._draw(self._switches.hook_drop):
                self.counts["dropped"] += 1
            elif self._over_cap():
                self.counts["capped"] += 1
            else:
                self._queue(hook_id, entry)
                if self._draw(self._switches.hook_duplicate):
                    self._queue(hook_id, entry, late=True)

    def _queue(self, hook_id: str, entry: LogEntry, *, late: bool = False) -> None:
        with self._lock:
            due = self._now() + timedelta(seconds=self._switches.hook_window)
            if late or self._draw(self._switches.hook_delay):
                due += timedelta(seconds=self._rng.uniform(0, self._switches.hook_delay_seconds))
                heapq.heappush(self._waiting, _Delivery(due, next(self._numbers), hook_id, [entry]))
                return
            batch = self._open.get(hook_id)
            if batch is None:
                batch = self._open[hook_id] = _Delivery(due, next(self._numbers), hook_id)
                heapq.heappush(self._waiting, batch)
            batch.entries.append(entry)

    def _over_cap(self) -> bool:
        """Count one event against the day; whether it is lost. The day begins with its first event."""
        now = self._now()
        if self._day is None or now >= self._day + _DAY:
            self._day, self._today = now, 0
        self._today += 1
        if self._today == self._switches.hook_day_warning:
            self._warn_of_cap("warning", self._switches.hook_day_warning)
        if self._today == self._switches.hook_day_cap + 1:
            self._warn_of_cap("violation", self._switches.hook_day_cap)
        return self._today > self._switches.hook_day_cap

    def _warn_of_cap(self, kind: str, threshold: int) -> None:
        debug = {
            "operationRateLimitType": "event_hook_delivery",
            "operationRateLimitThreshold": str(threshold),
            "operationRateLimitTimeSpan": "24",
            "operationRateLimitTimeUnit": "HOURS",
        }
        self._model.record(f"system.operation.rate_limit.{kind}", [], severity="WARN", debug=debug, actor=SYSTEM)

    def _draw(self, probability: float) -> bool:
        return probability > 0 and self._rng.random() < probability

    # ----------------------------------------------------------------------------------------- sending

    def _next(self, until: datetime | None) -> _Delivery | None:
        with self._lock:
            if not self._waiting or (until is not None and self._waiting[0].due > until):
                return None
            delivery = heapq.heappop(self._waiting)
            if self._open.get(delivery.hook_id) is delivery:
                del self._open[delivery.hook_id]
            if delivery.body:
                return delivery
            if len(delivery.entries) > 1 and self._draw(self._switches.hook_disorder):
                self._rng.shuffle(delivery.entries)
            most = self._switches.hook_max_batch
            if most and len(delivery.entries) > most:
                rest = _Delivery(delivery.due, next(self._numbers), delivery.hook_id, delivery.entries[most:])
                delivery.entries = delivery.entries[:most]
                heapq.heappush(self._waiting, rest)
            return delivery

    def _send(self, delivery: _Delivery) -> int:
        hook = self._model.hooks.get(delivery.hook_id)
        if hook is None or not hook.delivers:
            self.counts["dropped"] += len(delivery.entries)
            return 0
        retry = bool(delivery.body)
        if not retry:
            delivery.body = self._body(hook, delivery.entries)
        headers = {**hook_headers(hook), "x-okta-request-id": self._model.ids.transaction()}
        try:
            status = self._post(hook.uri, headers, delivery.body, TIMEOUT)
        except (OSError, ConnectionCut):
            status = 0
        if 200 <= status < 300:  # noqa: PLR2004 - a success (2xx)
            self.counts["delivered"] += 1
        elif not retry and (status == 0 or status >= 500):  # noqa: PLR2004 - a server error (5xx)
            self.counts["retried"] += 1
            with self._lock:
                delivery.due = max(delivery.due, self._now()) + timedelta(seconds=self._switches.hook_retry_wait)
                heapq.heappush(self._waiting, delivery)
        else:
            self.counts["failed"] += 1
            reason = f"HTTP {status}" if status else "No answer in time"
            self._model.record(
                "event_hook.delivery",
                [hook_target(hook)],
                result="FAILURE",
                reason=reason,
                severity="WARN",
                actor=SYSTEM,
            )
        return 1

    def _body(self, hook: EventHook, entries: list[LogEntry]) -> bytes:
        with self._model.lock:
            source = f"{self._model.org_url}/api/v1/eventHooks/{hook.id}"
            sent, delivery_id = self._model.now(), self._model.ids.uuid()
        return json.dumps(envelope(source, delivery_id, sent, [hook_form(entry) for entry in entries])).encode()
