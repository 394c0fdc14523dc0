"""How long the oldest change waits, as CloudWatch tells it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import boto3
import pytest
from botocore.stub import ANY, Stubber

from bridge.aws.queue_ages import QueueAges
from bridge.errors import Transient

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


class Noon:
    """A clock that stands."""

    @staticmethod
    def now() -> datetime:
        """Noon."""
        return NOW


def ages(*answers: dict[str, Any]) -> QueueAges:
    """Asked of a CloudWatch that answers so; without an answer it fails."""
    client = boto3.client("cloudwatch", region_name="us-east-1")
    stubber = Stubber(client)
    for answer in answers:
        asked = {"MetricDataQueries": ANY, "StartTime": ANY, "EndTime": NOW, "ScanBy": "TimestampDescending"}
        stubber.add_response("get_metric_data", answer, asked)
    if not answers:
        stubber.add_client_error("get_metric_data", "Throttling")
    stubber.activate()
    return QueueAges(client, ["https://sqs.us-east-1.amazonaws.com/1/users.fifo", "https://sqs/1/groups.fifo"], Noon())


def results(*values: list[float]) -> dict[str, Any]:
    """An answer with the values of each queue, the newest first."""
    return {"MetricDataResults": [{"Id": f"queue{number}", "Values": each} for number, each in enumerate(values)]}


def test_the_oldest_of_all_queues_counts_by_its_newest_value() -> None:
    """A queue that had been older a minute ago has been worked off."""
    assert ages(results([30.0, 900.0], [45.0])).oldest() == timedelta(seconds=45)


def test_a_queue_of_which_nothing_is_known_says_nothing() -> None:
    """It sleeps; when all sleep there is no age, which is not 0."""
    assert ages(results([], [0.0])).oldest() == timedelta()
    assert ages(results([], [])).oldest() is None


def test_a_cloudwatch_that_fails_is_no_age() -> None:
    """It raises as every part of AWS does."""
    with pytest.raises(Transient, match="cloudwatch-unavailable"):
        ages().oldest()


def test_each_queue_is_asked_for_by_its_name() -> None:
    """The name is the last part of the URL."""
    asked: list[Any] = []

    class Recording:
        @staticmethod
        def get_metric_data(**arguments: Any) -> dict[str, Any]:
            asked.extend(arguments["MetricDataQueries"])
            return results([], [])

    QueueAges(cast("Any", Recording), ["https://sqs/1/a.fifo", "https://sqs/1/b.fifo"], Noon()).oldest()
    names = [query["MetricStat"]["Metric"]["Dimensions"] for query in asked]
    assert names == [[{"Name": "QueueName", "Value": "a.fifo"}], [{"Name": "QueueName", "Value": "b.fifo"}]]
