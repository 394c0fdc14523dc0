"""The lanes over SQS: real queues of moto, and a queue that refuses."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from bridge.aws.queues import BATCH, SqsLanes
from bridge.errors import Transient
from bridge.items import NAMED_EVENTS, Item, Lane, app_item, group_item, parse_item, user_item
from bridge.provisioning.ports import LaneSender
from bridge.settings import LaneSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


class Queues:
    """SQS (moto) with the three lanes; it counts the calls and can refuse."""

    def __init__(self) -> None:
        self.sqs = boto3.client("sqs", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        urls = [
            self.sqs.create_queue(QueueName=f"{lane}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
            for lane in Lane
        ]
        self.settings = LaneSettings(*urls)
        self.calls: list[list[str]] = []
        self.refuse: Callable[[str, dict[str, Any]], bool] = lambda _url, _entry: False
        self.failure: dict[str, Exception] = {}

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3
        """What `SqsLanes` calls: refused entries come back in ``Failed``, the others are really sent."""
        self.calls.append([entry["MessageGroupId"] for entry in Entries])
        if QueueUrl in self.failure:
            raise self.failure[QueueUrl]
        refused = [entry for entry in Entries if self.refuse(QueueUrl, entry)]
        taken = [entry for entry in Entries if entry not in refused]
        if taken:
            self.sqs.send_message_batch(QueueUrl=QueueUrl, Entries=cast("Any", taken))
        failed = [{"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"} for entry in refused]
        return {"Failed": failed} if failed else {}

    def messages(self, lane: Lane) -> list[dict[str, Any]]:
        """All messages of a lane, in order, taken out."""
        url = getattr(self.settings, lane.value)
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
def queues() -> Iterator[Queues]:
    """Three empty lanes."""
    with mock_aws():
        yield Queues()


@pytest.fixture
def lanes(queues: Queues) -> LaneSender:
    """What is tested, as the port that it implements."""
    return SqsLanes(cast("SQSClient", queues), queues.settings)


def leaver(number: int) -> Item:
    """An item of the leavers' lane."""
    return user_item(f"00u1bridge{number:010d}", NOON, [f"uuid-{number}"], lane=Lane.LEAVERS)


def user(number: int) -> Item:
    """An item of the users' lane."""
    return user_item(f"00u1bridge{number:010d}", NOON, [f"uuid-{number}"])


def test_each_item_reaches_its_lane_as_it_is(queues: Queues, lanes: LaneSender) -> None:
    """Body, message group and deduplication id are the item's, in the lane of the item."""
    items = {
        Lane.LEAVERS: [leaver(1)],
        Lane.USERS: [user(2), app_item(NOON, ["uuid-3"])],
        Lane.GROUPS: [group_item("00g1bridge0000000001", NOON, ["uuid-4"])],
    }
    lanes.send([item for of_lane in reversed(items.values()) for item in of_lane])
    for lane, of_lane in items.items():
        messages = queues.messages(lane)
        assert [message["Body"] for message in messages] == [item.to_json() for item in of_lane]
        attributes = [message["Attributes"] for message in messages]
        assert [attribute["MessageGroupId"] for attribute in attributes] == [item.entity for item in of_lane]
        assert [attribute["MessageDeduplicationId"] for attribute in attributes] == [item.id for item in of_lane]


def test_leavers_go_first(queues: Queues, lanes: LaneSender) -> None:
    """Whatever the order of the items, the leavers' lane is served before the others."""
    items = [group_item("00g1bridge0000000001", NOON, ["a"]), user(1), leaver(2)]
    lanes.send(items)
    assert queues.calls == [[items[2].entity], [items[1].entity], [items[0].entity]]


def test_many_items_go_in_batches_in_order(queues: Queues, lanes: LaneSender) -> None:
    """SQS takes ten messages a call; 25 items are three calls and keep their order."""
    items = [user(number) for number in range(25)]
    lanes.send(items)
    assert [len(call) for call in queues.calls] == [BATCH, BATCH, 5]
    assert [parse_item(message["Body"]) for message in queues.messages(Lane.USERS)] == items


def test_the_largest_batch_is_far_below_what_sqs_takes() -> None:
    """Ten items with all the ids an item can name stay under 256 KiB, the smallest limit SQS has had."""
    uuids = [f"{number:064d}" for number in range(NAMED_EVENTS * 2)]
    item = user_item("u" * 64, NOON, uuids)
    assert BATCH * len(item.to_json()) < 256 * 1024


def test_sending_twice_is_one_message(queues: Queues, lanes: LaneSender) -> None:
    """The deduplication id makes a repeated send harmless."""
    lanes.send([user(1)])
    lanes.send([user(1), user(1)])
    assert len(queues.messages(Lane.USERS)) == 1


def test_no_items_are_no_call(queues: Queues, lanes: LaneSender) -> None:
    """An empty delivery asks nothing of SQS."""
    lanes.send([])
    assert queues.calls == []


def test_a_refused_entry_is_sent_once_more(queues: Queues, lanes: LaneSender) -> None:
    """Only what SQS refused is repeated, and then everything is in the lane."""
    queues.refuse = lambda _url, entry: (
        len(queues.calls) == 1
        and entry["MessageGroupId"]
        in {
            user(3).entity,
            user(5).entity,
        }
    )
    lanes.send([user(number) for number in range(10)])
    assert queues.calls[1:] == [[user(3).entity, user(5).entity]]
    assert len(queues.messages(Lane.USERS)) == 10


def test_an_entry_refused_twice_is_transient(queues: Queues, lanes: LaneSender) -> None:
    """What is in no lane is told; the other items of the batch are in."""
    queues.refuse = lambda _url, entry: bool(entry["MessageGroupId"] == user(3).entity)
    with pytest.raises(Transient) as refused:
        lanes.send([user(number) for number in range(5)])
    assert (refused.value.reason, refused.value.upstream) == ("lanes-refused", "lanes")
    assert len(queues.calls) == 2
    bodies = [json.loads(message["Body"]) for message in queues.messages(Lane.USERS)]
    assert [body["entity"] for body in bodies] == [user(number).entity for number in (0, 1, 2, 4)]


@pytest.mark.parametrize(
    "failure",
    [
        EndpointConnectionError(endpoint_url="https://sqs.example.com"),
        ClientError({"Error": {"Code": "ServiceUnavailable", "Message": "no"}}, "SendMessageBatch"),
    ],
)
def test_a_lane_that_fails_does_not_keep_the_others_back(queues: Queues, lanes: LaneSender, failure: Exception) -> None:
    """The failure is told, after the other lanes have got their items; the failed lane is asked once."""
    queues.failure[queues.settings.leavers] = failure
    with pytest.raises(Transient) as failed:
        lanes.send([*(leaver(number) for number in range(25)), user(99), group_item("00g1bridge0000000001", NOON, [])])
    assert (failed.value.reason, failed.value.upstream) == ("lanes-unavailable", "lanes")
    assert [len(queues.messages(lane)) for lane in Lane] == [0, 1, 1]
    assert [len(call) for call in queues.calls] == [10, 1, 1]


def test_a_queue_that_does_not_exist_is_transient(queues: Queues, lanes: LaneSender) -> None:
    """SQS's own error is mapped to the one error tree."""
    queues.sqs.delete_queue(QueueUrl=queues.settings.users)
    with pytest.raises(Transient, match=r"^lanes-unavailable$"):
        lanes.send([user(1)])


def test_what_waits_is_counted_in_the_users_and_leavers_lanes() -> None:
    """Visible or in hand; the groups' lane does not count."""
    with mock_aws():
        queues = Queues()
        lanes = SqsLanes(queues.sqs, queues.settings)
        assert lanes.waiting() == 0
        lanes.send([user_item(f"00uAda{number:04}", NOON, [str(number)]) for number in range(3)])
        lanes.send([group_item("00gAgents01", NOON, ["g"])])
        lanes.send([user_item("00uBen0001", NOON, ["b"], lane=Lane.LEAVERS)])
        queues.sqs.receive_message(QueueUrl=queues.settings.users)
        assert lanes.waiting() == 4


def test_lanes_that_can_not_be_counted_are_waited_for() -> None:
    """The queue is gone, or SQS is."""
    with mock_aws():
        queues = Queues()
        queues.sqs.delete_queue(QueueUrl=queues.settings.leavers)
        with pytest.raises(Transient):
            SqsLanes(queues.sqs, queues.settings).waiting()
