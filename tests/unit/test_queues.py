"""The queues over SQS: those of moto, and one that refuses."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from bridge.aws.queues import AT_ONCE, BATCH, SqsQueues
from bridge.errors import Transient
from bridge.items import NAMED_EVENTS, Item, Queue, app_item, group_item, parse_item, user_item
from bridge.provisioning.ports import QueueSender
from bridge.settings import QueueSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


class MotoQueues:
    """SQS (moto) with the three queues; it counts the calls and can refuse."""

    def __init__(self) -> None:
        self.sqs = boto3.client("sqs", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        urls = [
            self.sqs.create_queue(QueueName=f"{queue}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
            for queue in Queue
        ]
        self.settings = QueueSettings(*urls)
        self.calls: list[list[str]] = []
        self.refuse: Callable[[str, dict[str, Any]], bool] = lambda _url, _entry: False
        self.failure: dict[str, Exception] = {}

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """What `SqsQueues` calls: refused entries come back in ``Failed``, the others are really sent."""
        self.calls.append([entry["MessageGroupId"] for entry in Entries])
        if QueueUrl in self.failure:
            raise self.failure[QueueUrl]
        refused = [entry for entry in Entries if self.refuse(QueueUrl, entry)]
        taken = [entry for entry in Entries if entry not in refused]
        if taken:
            self.sqs.send_message_batch(QueueUrl=QueueUrl, Entries=cast("Any", taken))
        failed = [{"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"} for entry in refused]
        return {"Failed": failed} if failed else {}

    def messages(self, queue: Queue) -> list[dict[str, Any]]:
        """All messages of a queue, in order, taken out."""
        url = getattr(self.settings, queue.value)
        found: list[dict[str, Any]] = []
        while True:
            answer = self.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"], WaitTimeSeconds=0
            )
            if not answer.get("Messages"):
                return found
            for message in answer["Messages"]:
                found.append(cast("dict[str, Any]", message))
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


@pytest.fixture
def moto_queues() -> Iterator[MotoQueues]:
    """Three empty queues."""
    with mock_aws():
        yield MotoQueues()


@pytest.fixture
def queues(moto_queues: MotoQueues) -> QueueSender:
    """What is tested, as the port that it implements."""
    return SqsQueues(cast("SQSClient", moto_queues), moto_queues.settings)


def leaver(number: int) -> Item:
    """An item of the leavers' queue."""
    return user_item(f"00u1bridge{number:010d}", NOON, [f"uuid-{number}"], queue=Queue.LEAVERS)


def user(number: int) -> Item:
    """An item of the users' queue."""
    return user_item(f"00u1bridge{number:010d}", NOON, [f"uuid-{number}"])


def test_each_item_reaches_its_queue_as_it_is(moto_queues: MotoQueues, queues: QueueSender) -> None:
    """Body, message group and deduplication id are the item's, in the queue of the item."""
    items = {
        Queue.LEAVERS: [leaver(1)],
        Queue.USERS: [user(2), app_item(NOON, ["uuid-3"])],
        Queue.GROUPS: [group_item("00g1bridge0000000001", NOON, ["uuid-4"])],
    }
    queues.send([item for of_queue in reversed(items.values()) for item in of_queue])
    for queue, of_queue in items.items():
        messages = moto_queues.messages(queue)
        assert [message["Body"] for message in messages] == [item.to_json() for item in of_queue]
        attributes = [message["Attributes"] for message in messages]
        assert [attribute["MessageGroupId"] for attribute in attributes] == [item.entity for item in of_queue]
        assert [attribute["MessageDeduplicationId"] for attribute in attributes] == [item.id for item in of_queue]


def test_leavers_go_first(moto_queues: MotoQueues, queues: QueueSender) -> None:
    """Whatever the order of the items, the leavers' queue is served before the others."""
    items = [group_item("00g1bridge0000000001", NOON, ["a"]), user(1), leaver(2)]
    queues.send(items)
    assert moto_queues.calls == [[items[2].entity], [items[1].entity], [items[0].entity]]


def test_many_items_go_in_batches(moto_queues: MotoQueues, queues: QueueSender) -> None:
    """SQS takes ten messages a call; 25 items are three calls."""
    items = [user(number) for number in range(25)]
    queues.send(items)
    assert sorted(len(call) for call in moto_queues.calls) == [5, BATCH, BATCH]
    sent = [parse_item(message["Body"]) for message in moto_queues.messages(Queue.USERS)]
    assert sorted(sent, key=lambda item: item.entity) == items


def test_the_largest_batch_is_far_below_what_sqs_takes() -> None:
    """Ten items with all the ids an item can name stay under 256 KiB, the smallest limit SQS has had."""
    uuids = [f"{number:064d}" for number in range(NAMED_EVENTS * 2)]
    item = user_item("u" * 64, NOON, uuids)
    assert BATCH * len(item.to_json()) < 256 * 1024


def test_sending_twice_is_one_message(moto_queues: MotoQueues, queues: QueueSender) -> None:
    """The deduplication id makes a repeated send harmless."""
    queues.send([user(1)])
    queues.send([user(1), user(1)])
    assert len(moto_queues.messages(Queue.USERS)) == 1


def test_no_items_are_no_call(moto_queues: MotoQueues, queues: QueueSender) -> None:
    """An empty delivery asks nothing of SQS."""
    queues.send([])
    assert moto_queues.calls == []


def test_a_refused_entry_is_sent_once_more(moto_queues: MotoQueues, queues: QueueSender) -> None:
    """Only what SQS refused is repeated, and then everything is in the queue."""
    moto_queues.refuse = lambda _url, entry: (
        len(moto_queues.calls) == 1
        and entry["MessageGroupId"]
        in {
            user(3).entity,
            user(5).entity,
        }
    )
    queues.send([user(number) for number in range(10)])
    assert moto_queues.calls[1:] == [[user(3).entity, user(5).entity]]
    assert len(moto_queues.messages(Queue.USERS)) == 10


def test_an_entry_refused_twice_is_transient(moto_queues: MotoQueues, queues: QueueSender) -> None:
    """What is in no queue is told; the other items of the batch are in."""
    moto_queues.refuse = lambda _url, entry: bool(entry["MessageGroupId"] == user(3).entity)
    with pytest.raises(Transient) as refused:
        queues.send([user(number) for number in range(5)])
    assert (refused.value.reason, refused.value.upstream) == ("queues-refused", "queues")
    assert len(moto_queues.calls) == 2
    bodies = [json.loads(message["Body"]) for message in moto_queues.messages(Queue.USERS)]
    assert [body["entity"] for body in bodies] == [user(number).entity for number in (0, 1, 2, 4)]


@pytest.mark.parametrize(
    "failure",
    [
        EndpointConnectionError(endpoint_url="https://sqs.example.com"),
        ClientError({"Error": {"Code": "ServiceUnavailable", "Message": "no"}}, "SendMessageBatch"),
    ],
)
def test_a_queue_that_fails_does_not_keep_the_others_back(
    moto_queues: MotoQueues, queues: QueueSender, failure: Exception
) -> None:
    """The failure is told, after the other queues have got their items; the others come after it."""
    moto_queues.failure[moto_queues.settings.leavers] = failure
    with pytest.raises(Transient) as failed:
        queues.send([*(leaver(number) for number in range(25)), user(99), group_item("00g1bridge0000000001", NOON, [])])
    assert (failed.value.reason, failed.value.upstream) == ("queues-unavailable", "queues")
    assert [len(moto_queues.messages(queue)) for queue in Queue] == [0, 1, 1]
    assert [len(call) for call in moto_queues.calls][-2:] == [1, 1]


def test_a_queue_that_does_not_exist_is_transient(moto_queues: MotoQueues, queues: QueueSender) -> None:
    """SQS's own error is mapped to the one error tree."""
    moto_queues.sqs.delete_queue(QueueUrl=moto_queues.settings.users)
    with pytest.raises(Transient, match=r"^queues-unavailable$"):
        queues.send([user(1)])


def test_what_waits_is_counted_in_the_users_and_leavers_queues() -> None:
    """Visible or in hand; the groups' queue does not count."""
    with mock_aws():
        moto_queues = MotoQueues()
        queues = SqsQueues(moto_queues.sqs, moto_queues.settings)
        assert queues.waiting() == 0
        queues.send([user_item(f"00uAda{number:04}", NOON, [str(number)]) for number in range(3)])
        queues.send([group_item("00gAgents01", NOON, ["g"])])
        queues.send([user_item("00uBen0001", NOON, ["b"], queue=Queue.LEAVERS)])
        moto_queues.sqs.receive_message(QueueUrl=moto_queues.settings.users)
        assert queues.waiting() == 4


def test_queues_that_cannot_be_counted_are_waited_for() -> None:
    """The queue is gone, or SQS is."""
    with mock_aws():
        moto_queues = MotoQueues()
        moto_queues.sqs.delete_queue(QueueUrl=moto_queues.settings.leavers)
        with pytest.raises(Transient):
            SqsQueues(moto_queues.sqs, moto_queues.settings).waiting()


def test_a_thousand_items_take_few_rounds() -> None:
    """Eight batches are on their way at once: none is answered before eight are there, and so thirteen rounds do."""
    gate, rounds = threading.Barrier(AT_ONCE, timeout=10), []

    class Together:
        """An SQS that answers eight at a time."""

        def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803, ARG002 - boto3's names
            """Wait for the others of the round."""
            if gate.wait() == 0:
                rounds.append(QueueUrl)
            return {}

    queues = SqsQueues(cast("SQSClient", Together()), QueueSettings("leavers", "users", "groups"))
    queues.send([user(number) for number in range(AT_ONCE * BATCH * 12)])
    assert len(rounds) == 12


def test_a_queue_out_of_reach_is_not_asked_for_every_batch(moto_queues: MotoQueues, queues: QueueSender) -> None:
    """What is on its way comes back refused; the rest of a thousand items is not tried, for Okta waits 3 seconds."""
    moto_queues.failure[moto_queues.settings.users] = EndpointConnectionError(endpoint_url="https://sqs.example.com")
    with pytest.raises(Transient):
        queues.send([user(number) for number in range(1000)])
    assert 1 <= len(moto_queues.calls) <= AT_ONCE
