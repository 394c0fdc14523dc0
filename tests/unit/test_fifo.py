"""The lanes in memory against what Amazon SQS promises of FIFO queues."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any

import pytest

from bridge.items import Lane, Reason, fresh_item
from bridge_local.fifo import FifoLanes

START = datetime(2026, 11, 24, 9, tzinfo=UTC)


class Lanes(FifoLanes):
    """Lanes with a clock of their own."""

    def __init__(self) -> None:
        self.time = START
        super().__init__(lambda: self.time)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)

    def sent(self, lane: Lane, *messages: str) -> None:
        """Send messages ``<group>:<id>``; the id is also the body."""
        for message in messages:
            group, _, name = message.partition(":")
            self.put(lane, group, name, name)

    def bodies(self, lane: Lane) -> list[str]:
        """Receive a batch; its bodies."""
        event = self.receive(lane)
        return [record["body"] for record in event["Records"]] if event else []

    def handled(self, lane: Lane, *failed: str) -> list[str]:
        """Receive a batch and answer it, those bodies failed; its bodies."""
        event = self.receive(lane)
        if event is None:
            return []
        names = [record["messageId"] for record in event["Records"] if record["body"] in failed]
        self.answer(lane, event, {"batchItemFailures": [{"itemIdentifier": name} for name in names]})
        return [record["body"] for record in event["Records"]]

    def delay(self, event: dict[str, Any], lane: Lane, seconds: int) -> dict[str, Any]:
        """Change the visibility of all of an event's messages."""
        entries = [
            {"Id": str(number), "ReceiptHandle": record["receiptHandle"], "VisibilityTimeout": seconds}
            for number, record in enumerate(event["Records"])
        ]
        return self.change_message_visibility_batch(QueueUrl=self.lanes[lane].url, Entries=entries)


@pytest.fixture
def lanes() -> Lanes:
    """Three empty lanes."""
    return Lanes()


@pytest.mark.parametrize("deleted", [False, True])
def test_an_id_is_taken_once_in_five_minutes(lanes: Lanes, deleted: bool) -> None:
    """The same id is accepted and dropped for five minutes from the first, also when its message is long deleted."""
    lanes.sent(Lane.USERS, "a:1")
    if deleted:
        assert lanes.handled(Lane.USERS) == ["1"]
    lanes.advance(299)
    lanes.sent(Lane.USERS, "a:1")
    assert lanes.depth() == (0 if deleted else 1)
    lanes.advance(1)
    lanes.sent(Lane.USERS, "a:1")
    assert lanes.depth() == (1 if deleted else 2)


def test_a_dropped_duplicate_does_not_make_the_five_minutes_longer(lanes: Lanes) -> None:
    """The interval counts from the message that was taken."""
    lanes.sent(Lane.USERS, "a:1")
    lanes.advance(200)
    lanes.sent(Lane.USERS, "a:1")
    lanes.advance(100)
    lanes.sent(Lane.USERS, "a:1")
    assert lanes.depth() == 2


def test_ids_are_compared_within_a_lane_and_a_group(lanes: Lanes) -> None:
    """Another queue knows nothing of it, nor does another message group (DeduplicationScope=messageGroup)."""
    lanes.sent(Lane.USERS, "a:1", "b:1")
    lanes.sent(Lane.LEAVERS, "a:1")
    assert lanes.depth() == 3


def test_a_batch_has_messages_in_the_order_of_sending(lanes: Lanes) -> None:
    """Ten at most, of several groups, of one group several and in order."""
    lanes.sent(Lane.USERS, *(f"{group}:{group}{number}" for number in range(6) for group in "ab"))
    assert lanes.handled(Lane.USERS) == [f"{group}{number}" for number in range(5) for group in "ab"]
    assert lanes.handled(Lane.USERS) == ["a5", "b5"]
    assert lanes.receive(Lane.USERS) is None


def test_leavers_come_one_at_a_time(lanes: Lanes) -> None:
    """The leavers' batch is one message."""
    lanes.sent(Lane.LEAVERS, "a:1", "b:2")
    assert [lanes.bodies(Lane.LEAVERS), lanes.bodies(Lane.LEAVERS)] == [["1"], ["2"]]


def test_a_group_in_flight_is_blocked_and_others_are_not(lanes: Lanes) -> None:
    """While a message of a group is in flight, no later one of it is received; another group's is."""
    lanes.sent(Lane.USERS, "a:1")
    event = lanes.receive(Lane.USERS)
    lanes.sent(Lane.USERS, "a:2", "b:3")
    assert lanes.bodies(Lane.USERS) == ["3"]
    assert lanes.receive(Lane.USERS) is None
    assert event is not None
    lanes.answer(Lane.USERS, event, None)
    assert lanes.bodies(Lane.USERS) == ["2"]


def test_a_failed_message_comes_back_before_the_later_ones_of_its_group(lanes: Lanes) -> None:
    """A failure keeps the group's order: nothing overtakes it."""
    lanes.sent(Lane.USERS, "a:1", "a:2", "b:3")
    assert lanes.handled(Lane.USERS, "1", "2") == ["1", "2", "3"]
    assert lanes.receive(Lane.USERS) is None
    lanes.advance(12 * 60)
    assert lanes.handled(Lane.USERS) == ["1", "2"]
    assert lanes.depth() == 0


def test_the_groups_lane_delays(lanes: Lanes) -> None:
    """A message of the groups' lane can be received seven seconds after it was sent, not sooner."""
    lanes.sent(Lane.GROUPS, "a:1")
    assert lanes.next_visible() == START + timedelta(seconds=7)
    lanes.advance(6.9)
    assert lanes.receive(Lane.GROUPS) is None
    lanes.advance(0.1)
    assert lanes.bodies(Lane.GROUPS) == ["1"]


def test_visibility_counts_from_its_change(lanes: Lanes) -> None:
    """A message in flight comes back when told, at once with 0; its own timeout is 12 minutes."""
    lanes.sent(Lane.USERS, "a:1")
    event = lanes.receive(Lane.USERS)
    assert event is not None
    assert lanes.next_visible() == START + timedelta(minutes=12)
    lanes.advance(5)
    assert len(lanes.delay(event, Lane.USERS, 30)["Successful"]) == 1
    assert lanes.next_visible() == START + timedelta(seconds=35)
    lanes.advance(29)
    assert lanes.receive(Lane.USERS) is None
    lanes.advance(1)
    again = lanes.receive(Lane.USERS)
    assert again is not None
    lanes.delay(again, Lane.USERS, 0)
    assert lanes.bodies(Lane.USERS) == ["1"]


def test_the_visibility_of_what_is_not_in_flight_can_not_be_changed(lanes: Lanes) -> None:
    """A message that is deleted, or received again, or visible: the entry fails and nothing changes."""
    lanes.sent(Lane.USERS, "a:1", "b:2", "c:3")
    event = lanes.receive(Lane.USERS)
    assert event is not None
    lanes.answer(
        Lane.USERS, event, {"batchItemFailures": [{"itemIdentifier": "message-2"}, {"itemIdentifier": "message-3"}]}
    )
    lanes.advance(12 * 60)
    failed = lanes.delay(event, Lane.USERS, 600)["Failed"]
    assert [entry["Id"] for entry in failed] == ["0", "1", "2"]
    assert lanes.bodies(Lane.USERS) == ["2", "3"]
    assert len(lanes.delay(event, Lane.USERS, 600)["Failed"]) == 3


def test_a_handle_is_worth_nothing_after_the_next_receive(lanes: Lanes) -> None:
    """Who answers too late deletes nothing: the message belongs to its latest receive."""
    lanes.sent(Lane.USERS, "a:1")
    late = lanes.receive(Lane.USERS)
    lanes.advance(12 * 60)
    assert lanes.bodies(Lane.USERS) == ["1"]
    assert late is not None
    lanes.answer(Lane.USERS, late, None)
    assert lanes.depth() == 1


def test_receives_are_counted_and_end_in_the_dead_letters(lanes: Lanes) -> None:
    """Each receive counts; the one after the last allowed moves the message, and frees its group."""
    queue = lanes.lanes[Lane.USERS]
    queue.max_receives = 3
    lanes.sent(Lane.USERS, "a:1")
    counts = []
    for _ in range(3):
        event = lanes.receive(Lane.USERS)
        assert event is not None
        counts.append(event["Records"][0]["attributes"]["ApproximateReceiveCount"])
        lanes.advance(12 * 60)
    assert counts == ["1", "2", "3"]
    lanes.sent(Lane.USERS, "a:2")
    assert lanes.bodies(Lane.USERS) == ["2"]
    assert [message.body for message in lanes.dead_letters] == ["1"]
    assert lanes.depth() == 1


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}])
def test_an_answer_without_failures_deletes_the_batch(lanes: Lanes, answer: dict[str, Any] | None) -> None:
    """Lambda takes each of these for a whole success."""
    lanes.sent(Lane.USERS, "a:1", "b:2")
    assert lanes.poll(Lane.USERS, lambda _event: answer)
    assert lanes.depth() == 0
    assert not lanes.poll(Lane.USERS, lambda _event: answer)


def test_the_next_time_to_look_is_that_of_a_groups_first_message(lanes: Lanes) -> None:
    """A later message of a group waits for the first, however long it has been there."""
    assert lanes.next_visible() is None
    lanes.sent(Lane.USERS, "a:1")
    event = lanes.receive(Lane.USERS)
    assert event is not None
    lanes.delay(event, Lane.USERS, 300)
    lanes.sent(Lane.USERS, "a:2")
    assert lanes.next_visible() == START + timedelta(seconds=300)
    lanes.sent(Lane.LEAVERS, "a:3")
    assert lanes.next_visible() == START


def test_an_item_travels_as_lambda_shows_it(lanes: Lanes) -> None:
    """A record has what Lambda's event source mapping gives: ids, attributes, digest, the queue's ARN and Region."""
    item = fresh_item("user:00uexample000000001", Reason.OPERATOR, "1", lane=Lane.LEAVERS)
    lanes.send([item, item])
    lanes.advance(2)
    event = lanes.receive(Lane.LEAVERS)
    assert event is not None
    (record,) = event["Records"]
    assert record["body"] == item.to_json()
    assert record["md5OfBody"] == md5(item.to_json().encode(), usedforsecurity=False).hexdigest()
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"] == "arn:aws:sqs:us-east-1:123456789012:leavers.fifo"
    assert record["awsRegion"] == "us-east-1"
    sent = round(START.timestamp() * 1000)
    assert record["attributes"] == {
        "ApproximateReceiveCount": "1",
        "SentTimestamp": str(sent),
        "SequenceNumber": f"{1:020}",
        "MessageGroupId": item.entity,
        "SenderId": "AIDAEXAMPLE",
        "MessageDeduplicationId": item.id,
        "ApproximateFirstReceiveTimestamp": str(sent + 2000),
    }
