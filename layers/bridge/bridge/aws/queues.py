"""The way into the lanes: SQS FIFO queues, the entity as message group, the item's id as deduplication id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Transient
from bridge.items import Item, Lane
from bridge.settings import LaneSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

#: Most messages of one SendMessageBatch. An item has at most 100 ids of 64 characters, so ten items stay under
#: 100 KB, a tenth of what SQS takes in one request.
BATCH = 10


class SqsLanes:
    """`bridge.provisioning.ports.LaneSender` over SQS."""

    def __init__(self, sqs: SQSClient, settings: LaneSettings) -> None:
        """Send through `sqs` to the queues of `settings`."""
        self._sqs = sqs
        self._urls = {Lane.LEAVERS: settings.leavers, Lane.USERS: settings.users, Lane.GROUPS: settings.groups}

    def send(self, items: Sequence[Item]) -> None:
        """Put every item into its lane, in order, the leavers' lane first.

        A lane that refuses does not keep the items of the others back.

        Raises:
            Transient: at least one item is in no lane (``upstream="lanes"``); sending all of them again is harmless.
        """
        failure: Transient | None = None
        for lane, url in self._urls.items():
            of_lane = [item for item in items if item.lane is lane]
            try:
                for start in range(0, len(of_lane), BATCH):
                    self._send(url, of_lane[start : start + BATCH])
            except Transient as error:
                failure = failure or error
        if failure is not None:
            raise failure

    def waiting(self) -> int:
        """How many messages the leavers' and the users' lane have, in hand or for later; SQS counts roughly.

        Raises:
            Transient: SQS does not answer (``upstream="lanes"``).
        """
        return sum(self._depth(self._urls[lane]) for lane in (Lane.LEAVERS, Lane.USERS))

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
            raise Transient("lanes-unavailable", upstream="lanes") from error
        return sum(map(int, answer["Attributes"].values()))

    def _send(self, url: str, items: Sequence[Item]) -> None:
        entries = {str(index): _entry(str(index), item) for index, item in enumerate(items)}
        refused = self._send_batch(url, list(entries.values()))
        if refused:
            refused = self._send_batch(url, [entries[id_] for id_ in refused])
        if refused:
            raise Transient("lanes-refused", upstream="lanes")

    def _send_batch(self, url: str, entries: list[SendMessageBatchRequestEntryTypeDef]) -> list[str]:
        """The ids of the entries that SQS refused, in order."""
        try:
            answer = self._sqs.send_message_batch(QueueUrl=url, Entries=entries)
        except (BotoCoreError, ClientError) as error:
            raise Transient("lanes-unavailable", upstream="lanes") from error
        failed = {failure["Id"] for failure in answer.get("Failed", [])}
        return [entry["Id"] for entry in entries if entry["Id"] in failed]


def _entry(id_: str, item: Item) -> SendMessageBatchRequestEntryTypeDef:
    return {
        "Id": id_,
        "MessageBody": item.to_json(),
        "MessageGroupId": item.entity,
        "MessageDeduplicationId": item.id,
    }
