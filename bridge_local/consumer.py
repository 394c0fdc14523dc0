"""``python -m bridge_local.consumer QUEUE``: polls one queue and calls the real consumer.

Like an environment of Lambda, a process handles one batch at a time. Started and restarted by the stack, which
passes the function's environment. Ends on SIGTERM, after the batch in hand, and when the stack itself is gone.
"""

from __future__ import annotations

import os
import signal
import sys
from threading import Event

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from bridge_local.aws import queue_name
from bridge_local.options import CONSUMER_TIMEOUT
from bridge_local.poller import LocalContext, QueuePoller
from bridge_local.template import Template
from functions.consumer import app

FUNCTION = "Consumer"
#: Seconds between two reads of an empty queue.
IDLE = 0.2
#: Seconds after a queue could not be read.
PAUSE = 1.0


def main(queue: str) -> int:
    """Poll the queue of a queue, by its logical id, until told to stop."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    template = Template()
    memory = int(template.function(FUNCTION)["MemorySize"])
    batch = next(source.batch for source in template.sources(FUNCTION) if source.queue == queue)
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=queue_name(queue))["QueueUrl"]
    poller = QueuePoller(sqs, url, batch, app.handler, lambda: LocalContext(FUNCTION, CONSUMER_TIMEOUT, memory))
    stack = os.getppid()
    while not stop.is_set() and os.getppid() == stack:
        try:
            if not poller.poll():
                stop.wait(IDLE)
        except (BotoCoreError, ClientError) as error:
            print(f"The queue cannot be read: {type(error).__name__}")
            stop.wait(PAUSE)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
