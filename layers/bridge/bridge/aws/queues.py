"""The way into the queues: SQS FIFO, the entity as message group, the item's id as deduplication id."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Transient
from bridge.items import Item, Queue
from bridge.settings import QueueSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

#: Most messages of one SendMessageBatch. An item has at most 100 ids of 64 characters, so ten items stay under
#: 100 KB, a tenth of what SQS takes in one request.
BATCH = 10
#: Batches of one queue that are on their way at once: a thousand items take thirteen rounds, within Okta's 3 seconds.
AT_ONCE = 8


class SqsQueues:
    """`bridge.provisioning.ports.QueueSender` over SQS."""

    def __init__(self, sqs: SQSClient, settings: QueueSettings) -> None:
        """Send through `sqs` to the queues of `settings`."""
        self._sqs = sqs
        self._urls = {Queue.LEAVERS: settings.leavers, Queue.USERS: settings.users, Queue.GROUPS: settings.groups}

    def send(self, items: Sequence[Item]) -> None:
        """Put every item into its queue, the leavers' queue first.

        A queue that refuses does not keep the items of the others back.

        Raises:
            Transient: at least one item is in no queue (``upstream="queues"``); sending all of them again is harmless.
        """
        failure: Transient | None = None
        for queue, url in self._urls.items():
            failure = self._send_all(url, [item for item in items if item.queue is queue]) or failure
        if failure is not None:
            raise failure

    def _send_all(self, url: str, items: Sequence[Item]) -> Transient | None:
        """Send a queue's items, ten in a batch and some batches at once; the first failure.

        Batches may overtake each other, which harms nothing: an item says what to sync again, and never what to do.
        """
        failures: list[Transient] = []

        def attempt(batch: Sequence[Item]) -> None:
            if failures:
                return  # a queue that is out of reach is not asked for every batch
            try:
                self._send(url, batch)
            except Transient as error:
                failures.append(error)

        batches = [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
        if len(batches) > 1:
            with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(batches))) as pool:
                list(pool.map(attempt, batches))
        elif batches:
            attempt(batches[0])
        return failures[0] if failures else None

    def waiting(self) -> int:
        """As SQS counts them: roughly.

        Raises:
            Transient: SQS does not answer (``upstream="queues"``).
        """
        return sum(self._depth(self._urls[queue]) for queue in (Queue.LEAVERS, Queue.USERS))

    def _depth(self, url: str) -> int:
        try:
            answer = self._sqs.get_queue_attributes(
                QueueUrl=url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )
        except (BotoCoreError, ClientError) as error:
            raise Transient("queues-unavailable", upstream="queues") from error
        return sum(map(int, answer["Attributes"].values()))

    def _send(self, url: str, items: Sequence[Item]) -> None:
        entries = {str(index): _entry(str(index), item) for index, item in enumerate(items)}
        refused = self._send_batch(url, list(entries.values()))
        if refused:
            refused = self._send_batch(url, [entries[id_] for id_ in refused])
        if refused:
            raise Transient("queues-refused", upstream="queues")

    def _send_batch(self, url: str, entries: list[SendMessageBatchRequestEntryTypeDef]) -> list[str]:
        """The ids of the entries that SQS refused, in order."""
        try:
            answer = self._sqs.send_message_batch(QueueUrl=url, Entries=entries)
        except (BotoCoreError, ClientError) as error:
            raise Transient("queues-unavailable", upstream="queues") from error
        failed = {failure["Id"] for failure in answer.get("Failed", [])}
        return [entry["Id"] for entry in entries if entry["Id"] in failed]


def _entry(id_: str, item: Item) -> SendMessageBatchRequestEntryTypeDef:
    return {
        "Id": id_,
        "MessageBody": item.to_json(),
        "MessageGroupId": item.entity,
        "MessageDeduplicationId": item.id,
    }
