"""What Lambda's event source mapping does between a FIFO queue and a function, one batch at a time.

Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS" and "Handling errors for an SQS event source".
"""

from __future__ import annotations

import hashlib
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_ATTRIBUTES = (
    "ApproximateReceiveCount",
    "SentTimestamp",
    "SenderId",
    "SequenceNumber",
    "MessageGroupId",
    "MessageDeduplicationId",
    "ApproximateFirstReceiveTimestamp",
)

Message = Mapping[str, Any]
Handler = Callable[[dict[str, Any], Any], Any]


@dataclass
class LocalContext:
    """A Lambda context: what the functions use of one."""

    function_name: str
    seconds: float
    memory_limit_in_mb: int = 512
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"
    log_group_name: str = "local"
    log_stream_name: str = "local"
    qualifier: str = ""

    def __post_init__(self) -> None:
        arn = f"arn:aws:lambda:us-east-1:123456789012:function:{self.function_name}"
        self.invoked_function_arn = f"{arn}:{self.qualifier}" if self.qualifier else arn
        self._end = time.monotonic() + self.seconds

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would end the invocation."""
        return max(0, int((self._end - time.monotonic()) * 1000))


class GroupOrder:
    """Keeps the order within a message group where moto loses it.

    SQS gives a message only when no earlier one of its group is left. When several failed messages of a group
    become visible again, moto may give a later one first; here such a one is sent back until its elders have come.
    """

    def __init__(self) -> None:
        self._failed: dict[str, dict[str, int]] = {}

    def split(self, messages: Sequence[Message]) -> tuple[list[Message], list[Message]]:
        """Those whose turn it is, elders first within a group, and those that came too early."""
        ready: list[Message] = []
        early: list[Message] = []
        present = {message["MessageId"] for message in messages}
        for message in sorted(messages, key=_sent):
            elders = self._failed.get(_group(message), {})
            missing = any(
                sent < _sent(message) and id_ not in present
                for id_, sent in elders.items()
                if id_ != message["MessageId"]
            )
            (early if missing else ready).append(message)
        return ready, early

    def note(self, messages: Sequence[Message], failed: frozenset[str]) -> None:
        """Remember which messages of a batch failed and which are gone."""
        for message in messages:
            group, id_ = _group(message), message["MessageId"]
            if id_ in failed:
                self._failed.setdefault(group, {})[id_] = _sent(message)
            elif group in self._failed:
                self._failed[group].pop(id_, None)
                if not self._failed[group]:
                    del self._failed[group]


class QueuePoller:
    """Feeds one queue's messages to a function."""

    def __init__(
        self,
        sqs: Any,
        url: str,
        batch: int,
        handler: Handler,
        context: Callable[[], LocalContext],
    ) -> None:
        """Read batches of `batch` messages; each call of `handler` gets a new `context`."""
        self._sqs = sqs
        self._url = url
        self._batch = batch
        self._handler = handler
        self._context = context
        self._order = GroupOrder()
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        self._arn = answer["Attributes"]["QueueArn"]

    def poll(self) -> bool:
        """Handle one batch; whether there was one."""
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=self._batch,
            # moto answers one request at a time: nobody may wait inside it.
            WaitTimeSeconds=0,
            MessageSystemAttributeNames=["All"],
        )
        messages, early = self._order.split(answer.get("Messages", []))
        if early:
            self._sqs.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                    for number, message in enumerate(early)
                ],
            )
        if not messages:
            return False
        event = {"Records": [record(message, self._arn) for message in messages]}
        failed = self._call(event)
        self._order.note(messages, failed)
        done = [message for message in messages if message["MessageId"] not in failed]
        if done:
            self._sqs.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(done)
                ],
            )
        return True

    def _call(self, event: dict[str, Any]) -> frozenset[str]:
        ids = frozenset(each["messageId"] for each in event["Records"])
        try:
            answer = self._handler(event, self._context())
        except Exception:  # noqa: BLE001 - whatever a function raises, its batch comes again
            traceback.print_exc(file=sys.stdout)  # as Lambda does, into the function's log
            return ids
        return failures(answer, ids)


def failures(answer: Any, ids: frozenset[str]) -> frozenset[str]:
    """The messages that come again, by Lambda's rules for ``ReportBatchItemFailures``.

    None, an empty object, and an empty or null list are complete success; an answer of another shape, or one that
    names no message or an unknown one, is a complete failure.
    """
    if not answer:
        return frozenset()
    listed = answer.get("batchItemFailures", ids) if isinstance(answer, Mapping) else ids
    if listed is None:
        return frozenset()
    if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in listed):
        return ids
    named = {each.get("itemIdentifier") for each in listed}
    return frozenset(named) if named <= ids else ids


def record(message: Message, arn: str) -> dict[str, Any]:
    """A message as Lambda hands it to a function."""
    attributes = message["Attributes"]
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {name: attributes[name] for name in _ATTRIBUTES if name in attributes},
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(message["Body"].encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(":")[3],
    }


def _group(message: Message) -> str:
    return str(message["Attributes"]["MessageGroupId"])


def _sent(message: Message) -> int:
    return int(message["Attributes"]["SentTimestamp"])
