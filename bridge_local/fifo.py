"""FIFO queues in memory, with the behaviour of SQS that the bridge depends on.

Deduplication for five minutes, also after a deletion; order and one batch in flight for each message group; delay,
visibility timeout, receive counts and the dead-letter queue (Amazon SQS Developer Guide, "FIFO queue delivery
logic", "Exactly-once processing"). Time comes in from outside, so tests and the simulation never wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import md5
from typing import Any

from bridge.items import Item, Queue
from bridge_local.exchange import Now

DEDUPLICATION = timedelta(minutes=5)
_ACCOUNT = "123456789012"
_REGION = "us-east-1"


@dataclass
class Message:
    """A message in a queue."""

    number: int
    id: str
    group: str
    deduplication_id: str
    body: str
    sent: datetime
    visible: datetime
    receives: int = 0
    first_receive: datetime | None = None
    handle: str = ""


@dataclass
class FifoQueue:
    """One queue."""

    queue: Queue
    delay: timedelta = timedelta()
    batch: int = 10
    visibility: timedelta = timedelta(minutes=12)
    max_receives: int = 1000
    messages: list[Message] = field(default_factory=list)
    seen: dict[tuple[str, str], datetime] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The queue's name."""
        return f"{self.queue.value}.fifo"

    @property
    def url(self) -> str:
        """The queue's URL."""
        return f"https://sqs.{_REGION}.amazonaws.com/{_ACCOUNT}/{self.name}"

    @property
    def arn(self) -> str:
        """The queue's ARN."""
        return f"arn:aws:sqs:{_REGION}:{_ACCOUNT}:{self.name}"


class FifoQueues:
    """The three queues and their dead-letter queue; a `QueueSender`, and the part of an SQS client that is used."""

    def __init__(self, now: Now, *, group_delay: float = 7.0) -> None:
        """`group_delay` is the delay of the groups' queue in seconds."""
        self._now = now
        self._sent = 0
        self.queues = {
            Queue.LEAVERS: FifoQueue(Queue.LEAVERS, batch=1),
            Queue.USERS: FifoQueue(Queue.USERS),
            Queue.GROUPS: FifoQueue(Queue.GROUPS, delay=timedelta(seconds=group_delay)),
        }
        self.dead_letters: list[Message] = []

    def send(self, items: Sequence[Item]) -> None:
        """Put items into their queues; an id seen within five minutes is taken and dropped."""
        for item in items:
            self.put(item.queue, item.entity, item.id, item.to_json())

    def put(self, queue: Queue, group: str, deduplication_id: str, body: str) -> None:
        """Send one message."""
        fifo, now = self.queues[queue], self._now()
        key = (group, deduplication_id)
        if key in fifo.seen and now - fifo.seen[key] < DEDUPLICATION:
            return
        fifo.seen[key] = now
        self._sent += 1
        fifo.messages.append(
            Message(
                number=self._sent,
                id=f"message-{self._sent}",
                group=group,
                deduplication_id=deduplication_id,
                body=body,
                sent=now,
                visible=now + fifo.delay,
            )
        )

    def receive(self, queue: Queue) -> dict[str, Any] | None:
        """A Lambda event with the next batch, None when nothing can be received now."""
        fifo, now = self.queues[queue], self._now()
        taken: list[Message] = []
        for message in self._takable(fifo, now):
            if message.receives >= fifo.max_receives:
                fifo.messages.remove(message)
                self.dead_letters.append(message)
                continue
            taken.append(message)
            if len(taken) == fifo.batch:
                break
        if not taken:
            return None
        for message in taken:
            message.receives += 1
            message.first_receive = message.first_receive or now
            message.visible = now + fifo.visibility
            message.handle = f"{message.id}#{message.receives}"
        return {"Records": [record_of(fifo, message) for message in taken]}

    def _takable(self, fifo: FifoQueue, now: datetime) -> Iterator[Message]:
        """The messages that may be received now, in order: a group waits for its first one."""
        blocked: set[str] = set()
        for message in list(fifo.messages):
            if message.group in blocked:
                continue
            if message.visible > now:
                blocked.add(message.group)
                continue
            yield message

    def answer(self, queue: Queue, event: Mapping[str, Any], answer: Mapping[str, Any] | None) -> None:
        """Delete what a handler's answer does not name as failed; None and ``{}`` delete the whole batch."""
        failed = {failure["itemIdentifier"] for failure in (answer or {}).get("batchItemFailures", [])}
        done = {record["receiptHandle"] for record in event["Records"] if record["messageId"] not in failed}
        fifo = self.queues[queue]
        fifo.messages = [message for message in fifo.messages if message.handle not in done]

    def poll(self, queue: Queue, handler: Callable[[dict[str, Any]], Mapping[str, Any] | None]) -> bool:
        """Receive one batch, have it handled, answer for it; whether there was one."""
        event = self.receive(queue)
        if event is None:
            return False
        self.answer(queue, event, handler(event))
        return True

    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """As boto3's SQS client: messages in flight become visible so many seconds from now."""
        fifo, now = next(fifo for fifo in self.queues.values() if fifo.url == QueueUrl), self._now()
        in_flight = {message.handle: message for message in fifo.messages if message.handle and message.visible > now}
        changed, refused = [], []
        for entry in Entries:
            message = in_flight.get(entry["ReceiptHandle"])
            if message is None:
                refused.append({"Id": entry["Id"], "SenderFault": True, "Code": "InvalidParameterValue"})
            else:
                message.visible = now + timedelta(seconds=entry["VisibilityTimeout"])
                changed.append({"Id": entry["Id"]})
        return {"Successful": changed, "Failed": refused}

    def next_visible(self) -> datetime | None:
        """When the next message can be received, None when the queues are empty: a group waits for its first one."""
        first: dict[tuple[Queue, str], datetime] = {}
        for queue, fifo in self.queues.items():
            for message in fifo.messages:
                first.setdefault((queue, message.group), message.visible)
        return min(first.values(), default=None)

    def oldest(self) -> timedelta | None:
        """How long the oldest message of all waits, None where there is none."""
        sent = [message.sent for fifo in self.queues.values() for message in fifo.messages]
        return self._now() - min(sent) if sent else None

    def waiting(self) -> int:
        """Counted exactly, as SQS does not."""
        return sum(len(self.queues[queue].messages) for queue in (Queue.LEAVERS, Queue.USERS))

    def depth(self) -> int:
        """How many messages are in the queues, visible or not."""
        return sum(len(fifo.messages) for fifo in self.queues.values())


def record_of(fifo: FifoQueue, message: Message) -> dict[str, Any]:
    """A record as Lambda's event source mapping gives it."""
    first = message.first_receive or message.sent
    return {
        "messageId": message.id,
        "receiptHandle": message.handle,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.receives),
            "SentTimestamp": str(round(message.sent.timestamp() * 1000)),
            "SequenceNumber": f"{message.number:020}",
            "MessageGroupId": message.group,
            "SenderId": "AIDAEXAMPLE",
            "MessageDeduplicationId": message.deduplication_id,
            "ApproximateFirstReceiveTimestamp": str(round(first.timestamp() * 1000)),
        },
        "messageAttributes": {},
        "md5OfBody": md5(message.body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": fifo.arn,
        "awsRegion": _REGION,
    }
