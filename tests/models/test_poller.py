"""The local event source mapping: what Lambda's does with a FIFO queue, against moto behind the stack's own server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bridge_local.aws import Aws, queue_attributes
from bridge_local.moto_model import Moto
from bridge_local.options import Options
from bridge_local.poller import GroupOrder, LocalContext, QueuePoller, failures
from bridge_local.server import Server
from bridge_local.template import Template

IDS = frozenset({"a", "b"})


@pytest.fixture
def aws() -> Iterator[Aws]:
    """The template's resources."""
    moto = Moto()
    moto.reset()
    server = Server(moto, "127.0.0.1", 0)
    server.start()
    made = Aws(f"http://127.0.0.1:{server.port}")
    made.create(Template(), Options())
    yield made
    server.close()


@pytest.fixture
def queue(aws: Aws) -> str:
    """The URL of an empty queue."""
    return aws.physical["UsersQueue"]


def send(aws: Aws, url: str, group: str, *bodies: str) -> None:
    """Put messages of one group into the queue."""
    for body in bodies:
        aws.client("sqs").send_message(
            QueueUrl=url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=f"{group}-{body}"
        )


class Function:
    """Keeps the events and answers what it is told."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.events: list[dict[str, Any]] = []

    def __call__(self, event: dict[str, Any], context: LocalContext) -> Any:
        """Answer one event."""
        assert 0 < context.get_remaining_time_in_millis() <= 30_000
        self.events.append(event)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer(event) if callable(answer) else answer

    @property
    def bodies(self) -> list[list[str]]:
        """The bodies of each event."""
        return [[record["body"] for record in event["Records"]] for event in self.events]


def poller(aws: Aws, url: str, function: Function) -> QueuePoller:
    """A poller of the queue."""
    return QueuePoller(aws.client("sqs"), url, 10, function, lambda: LocalContext("Consumer", 30))


def fail(*bodies: str) -> Any:
    """An answer that names the messages with these bodies."""

    def answer(event: dict[str, Any]) -> dict[str, Any]:
        failed = [record["messageId"] for record in event["Records"] if record["body"] in bodies]
        return {"batchItemFailures": [{"itemIdentifier": id_} for id_ in failed]}

    return answer


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, frozenset()),
        ({}, frozenset()),
        ("", frozenset()),
        ({"batchItemFailures": []}, frozenset()),
        ({"batchItemFailures": None}, frozenset()),
        ({"batchItemFailures": [{"itemIdentifier": "b"}]}, frozenset({"b"})),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, IDS),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, IDS),
        ({"batchItemFailures": [{"itemIdentifer": "b"}]}, IDS),
        ({"batchItemFailures": [{"itemIdentifier": "unknown"}]}, IDS),
        ({"batchItemFailures": ["b"]}, IDS),
        ({"batchItemFailures": "b"}, IDS),
        ({"failures": []}, IDS),
        ("b", IDS),
        ([1], IDS),
    ],
)
def test_answers_mean_what_they_mean_to_lambda(answer: Any, failed: frozenset[str]) -> None:
    """Nothing, or an empty list, is success; anything else that is not understood fails the whole batch."""
    assert failures(answer, IDS) == failed


def test_a_record_has_the_shape_of_lambdas(aws: Aws, queue: str) -> None:
    """Every field that an SQS event has for a FIFO queue."""
    send(aws, queue, "user:00u1", "one")
    function = Function(None)
    assert poller(aws, queue, function).poll()
    (record,) = function.events[0]["Records"]
    attributes = record["attributes"]
    assert record.keys() == {
        "messageId",
        "receiptHandle",
        "body",
        "attributes",
        "messageAttributes",
        "md5OfBody",
        "eventSource",
        "eventSourceARN",
        "awsRegion",
    }
    assert attributes.keys() == {
        "ApproximateReceiveCount",
        "SentTimestamp",
        "SenderId",
        "SequenceNumber",
        "MessageGroupId",
        "MessageDeduplicationId",
        "ApproximateFirstReceiveTimestamp",
    }
    assert (attributes["MessageGroupId"], attributes["MessageDeduplicationId"]) == ("user:00u1", "user:00u1-one")
    assert attributes["ApproximateReceiveCount"] == "1"
    assert (record["md5OfBody"], record["eventSource"]) == ("f97c5d29941bfb1b2fdab0874906ab82", "aws:sqs")
    assert record["eventSourceARN"].endswith(":UsersQueue.fifo")


def test_what_succeeded_is_deleted_and_what_failed_comes_again(aws: Aws, queue: str) -> None:
    """The function itself says when: here at once."""
    send(aws, queue, "user:00u1", "one")
    send(aws, queue, "user:00u2", "two")
    sqs = aws.client("sqs")

    def fail_two(event: dict[str, Any]) -> dict[str, Any]:
        (record,) = [record for record in event["Records"] if record["body"] == "two"]
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=0)
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}

    function = Function(fail_two, None)
    queues = poller(aws, queue, function)
    assert [queues.poll(), queues.poll(), queues.poll()] == [True, True, False]
    assert function.bodies == [["one", "two"], ["two"]]
    assert function.events[1]["Records"][0]["attributes"]["ApproximateReceiveCount"] == "2"


def test_a_failing_function_loses_nothing(aws: Aws, queue: str) -> None:
    """An exception keeps the whole batch in the queue, invisible for the visibility timeout; its group waits."""
    send(aws, queue, "user:00u1", "one")
    function = Function(RuntimeError("out of order"))
    queues = poller(aws, queue, function)
    assert queues.poll()
    send(aws, queue, "user:00u1", "two")
    assert not queues.poll()
    depth = aws.depths(Template())["UsersQueue"]
    assert (depth["in_flight"], depth["visible"]) == (1, 1)


def message(id_: str, group: str, sent: int) -> dict[str, Any]:
    """A message as ReceiveMessage gives it."""
    return {"MessageId": id_, "Attributes": {"MessageGroupId": group, "SentTimestamp": str(sent)}}


def test_an_elder_that_failed_comes_first() -> None:
    """A later message of its group waits for it; other groups do not."""
    order = GroupOrder()
    first, second, other = message("1", "g", 1), message("2", "g", 2), message("3", "h", 3)
    order.note([first, second], frozenset({"1", "2"}))
    assert order.split([second, other]) == ([other], [second])
    assert order.split([second, first]) == ([first, second], [])
    order.note([first, second], frozenset({"2"}))
    assert order.split([second]) == ([second], [])


def test_messages_of_a_group_return_in_order(aws: Aws, queue: str) -> None:
    """Also when the later one becomes visible before the elder, which moto alone would let pass."""
    send(aws, queue, "user:00u1", "one", "two")
    sqs = aws.client("sqs")

    def later_first(event: dict[str, Any]) -> dict[str, Any]:
        one, two = event["Records"]
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=one["receiptHandle"], VisibilityTimeout=0)
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=two["receiptHandle"], VisibilityTimeout=0)
        return {"batchItemFailures": [{"itemIdentifier": one["messageId"]}, {"itemIdentifier": two["messageId"]}]}

    function = Function(later_first, None)
    queues = poller(aws, queue, function)
    assert [queues.poll(), queues.poll()] == [True, True]
    assert function.bodies == [["one", "two"], ["one", "two"]]


def test_queues_are_the_templates_with_short_delays() -> None:
    """The groups' queue waits 3 s instead of 7; the rest is as the template says."""
    template = Template()
    properties = dict(template.of_type("AWS::SQS::Queue"))
    attributes = queue_attributes("GroupsQueue", properties["GroupsQueue"], {"DeadLettersQueue": "arn:dead"})
    assert attributes["DelaySeconds"] == "3"
    assert attributes["FifoQueue"] == "true"
    assert attributes["RedrivePolicy"] == '{"deadLetterTargetArn": "arn:dead", "maxReceiveCount": 1000}'
    assert "KmsMasterKeyId" not in attributes


def test_a_message_out_of_receives_becomes_a_dead_letter(aws: Aws, queue: str) -> None:
    """SQS moves it by itself, as the template's redrive policy says."""
    sqs = aws.client("sqs")
    dead = aws.physical["DeadLettersQueue"]
    policy = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy.replace("1000", "1")})
    send(aws, queue, "user:00u1", "one")
    handle = sqs.receive_message(QueueUrl=queue)["Messages"][0]["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
    assert not poller(aws, queue, Function()).poll()
    assert [each["Body"] for each in sqs.receive_message(QueueUrl=dead)["Messages"]] == ["one"]
