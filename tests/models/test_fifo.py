"""The queues in memory against what Amazon SQS promises of FIFO queues."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any

import pytest

from bridge.items import Queue, Reason, make_item
from bridge_local.fifo import FifoQueues

START = datetime(2026, 11, 24, 9, tzinfo=UTC)


class Queues(FifoQueues):
    """Queues with a clock of their own."""

    def __init__(self) -> None:
        self.time = START
        super().__init__(lambda: self.time)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)

    def sent(self, queue: Queue, *messages: str) -> None:
        """Send messages ``<group>:<id>``; the id is also the body."""
        for message in messages:
            group, _, name = message.partition(":")
            self.put(queue, group, name, name)

    def bodies(self, queue: Queue) -> list[str]:
        """Receive a batch; its bodies."""
        event = self.receive(queue)
        return [record["body"] for record in event["Records"]] if event else []

    def handled(self, queue: Queue, *failed: str) -> list[str]:
        """Receive a batch and answer it, those bodies failed; its bodies."""
        event = self.receive(queue)
        if event is None:
            return []
        names = [record["messageId"] for record in event["Records"] if record["body"] in failed]
        self.answer(queue, event, {"batchItemFailures": [{"itemIdentifier": name} for name in names]})
        return [record["body"] for record in event["Records"]]

    def delay(self, event: dict[str, Any], queue: Queue, seconds: int) -> dict[str, Any]:
        """Change the visibility of all of an event's messages."""
        entries = [
            {"Id": str(number), "ReceiptHandle": record["receiptHandle"], "VisibilityTimeout": seconds}
            for number, record in enumerate(event["Records"])
        ]
        return self.change_message_visibility_batch(QueueUrl=self.queues[queue].url, Entries=entries)


@pytest.fixture
def queues() -> Queues:
    """Three empty queues."""
    return Queues()


@pytest.mark.parametrize("deleted", [False, True])
def test_an_id_is_taken_once_in_five_minutes(queues: Queues, deleted: bool) -> None:
    """The same id is accepted and dropped for five minutes from the first, also when its message is long deleted."""
    queues.sent(Queue.USERS, "a:1")
    if deleted:
        assert queues.handled(Queue.USERS) == ["1"]
    queues.advance(299)
    queues.sent(Queue.USERS, "a:1")
    assert queues.depth() == (0 if deleted else 1)
    queues.advance(1)
    queues.sent(Queue.USERS, "a:1")
    assert queues.depth() == (1 if deleted else 2)


def test_a_dropped_duplicate_does_not_make_the_five_minutes_longer(queues: Queues) -> None:
    """The interval counts from the message that was taken."""
    queues.sent(Queue.USERS, "a:1")
    queues.advance(200)
    queues.sent(Queue.USERS, "a:1")
    queues.advance(100)
    queues.sent(Queue.USERS, "a:1")
    assert queues.depth() == 2


def test_ids_are_compared_within_a_queue_and_a_group(queues: Queues) -> None:
    """Another queue knows nothing of it, nor does another message group (DeduplicationScope=messageGroup)."""
    queues.sent(Queue.USERS, "a:1", "b:1")
    queues.sent(Queue.LEAVERS, "a:1")
    assert queues.depth() == 3


def test_a_batch_has_messages_in_the_order_of_sending(queues: Queues) -> None:
    """Ten at most, of several groups, of one group several and in order."""
    queues.sent(Queue.USERS, *(f"{group}:{group}{number}" for number in range(6) for group in "ab"))
    assert queues.handled(Queue.USERS) == [f"{group}{number}" for number in range(5) for group in "ab"]
    assert queues.handled(Queue.USERS) == ["a5", "b5"]
    assert queues.receive(Queue.USERS) is None


def test_leavers_come_one_at_a_time(queues: Queues) -> None:
    """The leavers' batch is one message."""
    queues.sent(Queue.LEAVERS, "a:1", "b:2")
    assert [queues.bodies(Queue.LEAVERS), queues.bodies(Queue.LEAVERS)] == [["1"], ["2"]]


def test_a_group_in_flight_is_blocked_and_others_are_not(queues: Queues) -> None:
    """While a message of a group is in flight, no later one of it is received; another group's is."""
    queues.sent(Queue.USERS, "a:1")
    event = queues.receive(Queue.USERS)
    queues.sent(Queue.USERS, "a:2", "b:3")
    assert queues.bodies(Queue.USERS) == ["3"]
    assert queues.receive(Queue.USERS) is None
    assert event is not None
    queues.answer(Queue.USERS, event, None)
    assert queues.bodies(Queue.USERS) == ["2"]


def test_a_failed_message_comes_back_before_the_later_ones_of_its_group(queues: Queues) -> None:
    """A failure keeps the group's order: nothing overtakes it."""
    queues.sent(Queue.USERS, "a:1", "a:2", "b:3")
    assert queues.handled(Queue.USERS, "1", "2") == ["1", "2", "3"]
    assert queues.receive(Queue.USERS) is None
    queues.advance(12 * 60)
    assert queues.handled(Queue.USERS) == ["1", "2"]
    assert queues.depth() == 0


def test_the_groups_queue_delays(queues: Queues) -> None:
    """A message of the groups' queue can be received seven seconds after it was sent, not sooner."""
    queues.sent(Queue.GROUPS, "a:1")
    assert queues.next_visible() == START + timedelta(seconds=7)
    queues.advance(6.9)
    assert queues.receive(Queue.GROUPS) is None
    queues.advance(0.1)
    assert queues.bodies(Queue.GROUPS) == ["1"]


def test_visibility_counts_from_its_change(queues: Queues) -> None:
    """A message in flight comes back when told, at once with 0; its own timeout is 12 minutes."""
    queues.sent(Queue.USERS, "a:1")
    event = queues.receive(Queue.USERS)
    assert event is not None
    assert queues.next_visible() == START + timedelta(minutes=12)
    queues.advance(5)
    assert len(queues.delay(event, Queue.USERS, 30)["Successful"]) == 1
    assert queues.next_visible() == START + timedelta(seconds=35)
    queues.advance(29)
    assert queues.receive(Queue.USERS) is None
    queues.advance(1)
    again = queues.receive(Queue.USERS)
    assert again is not None
    queues.delay(again, Queue.USERS, 0)
    assert queues.bodies(Queue.USERS) == ["1"]


def test_the_visibility_of_what_is_not_in_flight_cannot_be_changed(queues: Queues) -> None:
    """A message that is deleted, or received again, or visible: the entry fails and nothing changes."""
    queues.sent(Queue.USERS, "a:1", "b:2", "c:3")
    event = queues.receive(Queue.USERS)
    assert event is not None
    queues.answer(
        Queue.USERS, event, {"batchItemFailures": [{"itemIdentifier": "message-2"}, {"itemIdentifier": "message-3"}]}
    )
    queues.advance(12 * 60)
    failed = queues.delay(event, Queue.USERS, 600)["Failed"]
    assert [entry["Id"] for entry in failed] == ["0", "1", "2"]
    assert queues.bodies(Queue.USERS) == ["2", "3"]
    assert len(queues.delay(event, Queue.USERS, 600)["Failed"]) == 3


def test_a_handle_is_worth_nothing_after_the_next_receive(queues: Queues) -> None:
    """Who answers too late deletes nothing: the message belongs to its latest receive."""
    queues.sent(Queue.USERS, "a:1")
    late = queues.receive(Queue.USERS)
    queues.advance(12 * 60)
    assert queues.bodies(Queue.USERS) == ["1"]
    assert late is not None
    queues.answer(Queue.USERS, late, None)
    assert queues.depth() == 1


def test_receives_are_counted_and_end_in_the_dead_letters(queues: Queues) -> None:
    """Each receive counts; the one after the last allowed moves the message, and frees its group."""
    queue = queues.queues[Queue.USERS]
    queue.max_receives = 3
    queues.sent(Queue.USERS, "a:1")
    counts = []
    for _ in range(3):
        event = queues.receive(Queue.USERS)
        assert event is not None
        counts.append(event["Records"][0]["attributes"]["ApproximateReceiveCount"])
        queues.advance(12 * 60)
    assert counts == ["1", "2", "3"]
    queues.sent(Queue.USERS, "a:2")
    assert queues.bodies(Queue.USERS) == ["2"]
    assert [message.body for message in queues.dead_letters] == ["1"]
    assert queues.depth() == 1


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}])
def test_an_answer_without_failures_deletes_the_batch(queues: Queues, answer: dict[str, Any] | None) -> None:
    """Lambda takes each of these for a whole success."""
    queues.sent(Queue.USERS, "a:1", "b:2")
    assert queues.poll(Queue.USERS, lambda _event: answer)
    assert queues.depth() == 0
    assert not queues.poll(Queue.USERS, lambda _event: answer)


def test_the_next_time_to_sync_is_that_of_a_groups_first_message(queues: Queues) -> None:
    """A later message of a group waits for the first, however long it has been there."""
    assert queues.next_visible() is None
    queues.sent(Queue.USERS, "a:1")
    event = queues.receive(Queue.USERS)
    assert event is not None
    queues.delay(event, Queue.USERS, 300)
    queues.sent(Queue.USERS, "a:2")
    assert queues.next_visible() == START + timedelta(seconds=300)
    queues.sent(Queue.LEAVERS, "a:3")
    assert queues.next_visible() == START


def test_an_item_travels_as_lambda_shows_it(queues: Queues) -> None:
    """A record has what Lambda's event source mapping gives: ids, attributes, digest, the queue's ARN and Region."""
    item = make_item("user:00uexample000000001", Reason.OPERATOR, "1", queue=Queue.LEAVERS)
    queues.send([item, item])
    queues.advance(2)
    event = queues.receive(Queue.LEAVERS)
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
