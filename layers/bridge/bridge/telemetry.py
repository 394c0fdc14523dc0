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
    LOOKS = "Looks"  #: looks that ended well, by ``outcome``
    MEMBERS_ADDED = "MembersAdded"  #: members added to Genesys Cloud groups
    MEMBERS_REMOVED = "MembersRemoved"  #: members removed from them
    MEMBERS_HELD = "MembersHeld"  #: members whose removal waits for a person, as seen by a look
    PARKED = "Parked"  #: items and members that wait for a person
    RETRIES = "Retries"  #: messages that went back to their lane for a transient failure, by ``reason``
    AUTH_FAILURES = "AuthFailures"  #: refused credentials or roles, by ``upstream``
    UNEXPECTED_ERRORS = "UnexpectedErrors"  #: exceptions that nobody classified
    APP_NOT_ACTIVE = "AppNotActive"  #: deactivations that wait because the Okta application is not active
    USERS_RECREATED = "UsersRecreated"  #: users that Genesys Cloud had lost; it restores no roles
    NOT_SET_UP = "NotSetUp"  #: batches that went back because a setting is missing or wrong
    VISIBILITY_REFUSED = "VisibilityRefused"  #: delays that SQS refused to set


def count(metric: Metric, value: float = 1, **dimensions: str) -> None:
    """Emit `value` of `metric`, with dimensions of few values such as ``reason``; a count of 0 is not emitted."""
    if value:
        with single_metric(name=metric.value, unit=MetricUnit.Count, value=value, namespace=NAMESPACE) as emitted:
            for name, text in dimensions.items():
                emitted.add_dimension(name=name, value=text)
