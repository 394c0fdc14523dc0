"""Runs the template's schedules: each invokes its function again and again, quicker than in AWS."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any

from bridge_local.functions import Function
from bridge_local.template import Schedule

#: Seconds that an invocation in hand has to end when the stack stops.
_GRACE = 5.0


def tick() -> dict[str, Any]:
    """What EventBridge sends to the target of a schedule ("Scheduled events" of the EventBridge User Guide)."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/local"],
        "detail": {},
    }


class Schedules:
    """One thread for each schedule; an invocation that takes longer than the interval delays the next."""

    def __init__(self, schedules: Sequence[Schedule], functions: Mapping[str, Function], speed: float) -> None:
        """Invoke `functions`, by logical id, `speed` times as often as the template says."""
        self._stop = Event()
        self._threads = [
            Thread(target=self._run, args=(each, functions[each.function], each.seconds / speed), daemon=True)
            for each in schedules
        ]

    def start(self) -> None:
        """Begin; the first invocation of each comes after its interval."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin no other invocation, and give those in hand a moment to end."""
        self._stop.set()
        end = time.monotonic() + _GRACE
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, end - time.monotonic()))

    def join(self) -> None:
        """Wait until every invocation has ended; anyone who calls this has closed the functions."""
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _run(self, schedule: Schedule, function: Function, seconds: float) -> None:
        while not self._stop.wait(seconds):
            function.invoke(json.loads(schedule.event) if schedule.event else tick())
