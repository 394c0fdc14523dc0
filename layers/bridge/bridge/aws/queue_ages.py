"""How long the oldest change waits in the queues, as CloudWatch knows it; SQS itself does not tell.

Source: Amazon SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS": ``ApproximateAgeOfOldestMessage`` in
seconds, each minute, missing for a queue that has been empty and unused for six hours.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Transient
from bridge.provisioning.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

#: So old a value may be: CloudWatch has one a minute, some minutes late.
_RECENT = timedelta(minutes=10)


class QueueAges:
    """Asks CloudWatch for the age of the oldest message of each queue."""

    def __init__(self, client: CloudWatchClient, urls: Iterable[str], clock: Clock) -> None:
        """`urls` are those of the queues; the name is a URL's last part."""
        self._client = client
        self._names = [url.rpartition("/")[2] for url in urls]
        self._clock = clock

    def oldest(self) -> timedelta | None:
        """How long the oldest message of all waits; None where CloudWatch knows of none.

        Raises:
            Transient: CloudWatch does not answer.
        """
        now = self._clock.now()
        try:
            answer = self._client.get_metric_data(
                MetricDataQueries=[_query(number, name) for number, name in enumerate(self._names)],
                StartTime=now - _RECENT,
                EndTime=now,
                ScanBy="TimestampDescending",
            )
        except (BotoCoreError, ClientError) as error:
            raise Transient("cloudwatch-unavailable", upstream="cloudwatch") from error
        newest = [result["Values"][0] for result in answer["MetricDataResults"] if result["Values"]]
        return timedelta(seconds=max(newest)) if newest else None


def _query(number: int, name: str) -> MetricDataQueryTypeDef:
    return {
        "Id": f"queue{number}",
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/SQS",
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [{"Name": "QueueName", "Value": name}],
            },
            "Period": 60,
            "Stat": "Maximum",
        },
    }
