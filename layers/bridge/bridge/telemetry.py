"""Logs and metrics in one place: structured JSON lines, and CloudWatch metrics in embedded metric format.

Ids and counts only. An id is never a dimension, and nothing here sees a profile, a secret or a token.
"""

from __future__ import annotations

from enum import StrEnum

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

#: The CloudWatch namespace of every metric.
NAMESPACE = "OktaGenesysBridge"
#: The ``service`` of every log line.
SERVICE = "okta-genesys-bridge"

logger = Logger(service=SERVICE)


class Metric(StrEnum):
    """Every metric of the bridge; all are counts."""

    EVENTS_ACCEPTED = "EventsAccepted"  #: events that items stand for
    EVENTS_DROPPED = "EventsDropped"  #: events without work, by dimension ``reason``
    ITEMS_SENT = "ItemsSent"  #: items that are in a lane
    DELIVERIES_UNAUTHORISED = "DeliveriesUnauthorised"  #: requests with a wrong secret or none
    DELIVERIES_OVERSIZED = "DeliveriesOversized"  #: bodies over the limit
    DELIVERIES_INVALID = "DeliveriesInvalid"  #: bodies that are no delivery
    QUEUE_REFUSED = "QueueRefused"  #: deliveries whose items are not all in a lane


def count(metric: Metric, value: float = 1, **dimensions: str) -> None:
    """Emit `value` of `metric`, with dimensions of few values such as ``reason``; a count of 0 is not emitted."""
    if value:
        with single_metric(name=metric.value, unit=MetricUnit.Count, value=value, namespace=NAMESPACE) as emitted:
            for name, text in dimensions.items():
                emitted.add_dimension(name=name, value=text)
