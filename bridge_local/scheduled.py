"""``python -m bridge_local.scheduled FUNCTION SECONDS``: calls a function again and again, as a schedule does.

Started and restarted by the stack, which passes the function's environment. Ends on SIGTERM, after the call in hand,
and when the stack itself is gone.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
import traceback
import uuid
from datetime import UTC, datetime
from threading import Event
from typing import Any

from bridge_local.poller import LocalContext
from bridge_local.template import Template

#: Seconds within which it notices that the stack is gone.
_STEP = 0.5


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


def main(function: str, seconds: float) -> int:
    """Call a function, by its logical id, every so many seconds until told to stop."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    properties = Template().function(function)
    app = importlib.import_module(f"{properties['CodeUri'].replace('/', '.')}.app")
    stack, due = os.getppid(), time.monotonic() + seconds
    while not stop.wait(_STEP) and os.getppid() == stack:
        if time.monotonic() < due:
            continue
        due = time.monotonic() + seconds
        try:
            app.handler(tick(), LocalContext(function, float(properties["Timeout"]), int(properties["MemorySize"])))
        except Exception:  # noqa: BLE001 - whatever a function raises, the next tick comes
            traceback.print_exc(file=sys.stdout)  # as Lambda does, into the function's log
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2])))
