"""``python -m bridge_local.consumer``: polls the lanes and calls the real consumer, a thread for each lane.

Started and restarted by the stack, which passes the function's environment. Ends on SIGTERM, after the batches in
hand, and when the stack itself is gone.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from threading import Event, Thread

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from bridge_local.aws import queue_name
from bridge_local.options import CONSUMER_TIMEOUT
from bridge_local.poller import LanePoller, LocalContext
from bridge_local.template import Template
from functions.consumer import app

FUNCTION = "Consumer"


def main() -> int:
    """Poll until told to stop."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    template = Template()
    memory = int(template.function(FUNCTION)["MemorySize"])
    threads = []
    for source in template.sources(FUNCTION):
        # A client for each thread: making one is not safe from several.
        sqs = boto3.client("sqs")
        url = sqs.get_queue_url(QueueName=queue_name(source.queue))["QueueUrl"]
        poller = LanePoller(
            sqs, url, source.batch, app.handler, lambda: LocalContext(FUNCTION, CONSUMER_TIMEOUT, memory)
        )
        threads.append(Thread(target=_run, args=(poller, stop), name=source.queue, daemon=True))
    for thread in threads:
        thread.start()
    stack = os.getppid()
    while not stop.wait(0.5):
        if os.getppid() != stack:
            return 0
    for thread in threads:
        thread.join(timeout=CONSUMER_TIMEOUT)
    return 0


def _run(poller: LanePoller, stop: Event) -> None:
    while not stop.is_set():
        try:
            poller.poll()
        except (BotoCoreError, ClientError) as error:
            print(f"The lane can not be read: {type(error).__name__}", file=sys.stderr)
            time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
