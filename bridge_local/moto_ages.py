"""CloudWatch of the local stack: how long the oldest message of each queue waits, as SQS tells it to CloudWatch."""

from __future__ import annotations

from datetime import timedelta
from time import time
from typing import Any

from moto.cloudwatch.models import MetricDatum
from moto.core.common_models import CloudWatchMetricProvider
from moto.core.utils import utcnow
from moto.sqs.models import sqs_backends


class QueueAges(CloudWatchMetricProvider):
    """moto asks every subclass for what it measures."""

    @staticmethod
    def get_cloudwatch_metrics(account_id: str, region: str) -> Any:
        """The age in seconds, 0 for an empty queue, as it was a minute ago at the latest."""
        queues = sqs_backends[account_id][region].queues
        return [_age(name, queue) for name, queue in queues.items()]


def _age(name: str, queue: Any) -> MetricDatum:
    sent = [int(message.sent_timestamp) / 1000 for message in queue._messages]  # noqa: SLF001 - moto shows them nowhere else
    return MetricDatum(
        namespace="AWS/SQS",
        name="ApproximateAgeOfOldestMessage",
        value=time() - min(sent, default=time()),
        dimensions=[{"Name": "QueueName", "Value": name}],
        timestamp=utcnow() - timedelta(seconds=1),
        unit="Seconds",
    )
