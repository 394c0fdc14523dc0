"""Logs and metrics in one place: structured JSON lines, and CloudWatch metrics in embedded metric format.

Ids and counts only. An id is never a dimension, and nothing here sees a profile, a secret or a token.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

#: The CloudWatch namespace of every metric; a stack sets its own in POWERTOOLS_METRICS_NAMESPACE.
NAMESPACE = "OktaGenesysBridge"
#: The ``service`` of every log line.
SERVICE = "okta-genesys-bridge"

logger = Logger(service=SERVICE)


class Metric(StrEnum):
    """Every metric of the bridge; all are counts.

    One with a dimension is emitted twice: as a total without it, and by it.
    """

    EVENTS_ACCEPTED = "EventsAccepted"  #: events that items stand for, by ``type``
    EVENTS_DROPPED = "EventsDropped"  #: events without work, by dimension ``reason``
    ITEMS_SENT = "ItemsSent"  #: items that are in a queue
    DELIVERIES_UNAUTHORISED = "DeliveriesUnauthorised"  #: requests with a wrong secret or none
    DELIVERIES_UNDER_OLD_SECRET = "DeliveriesUnderOldSecret"  # noqa: S105 - a name: deliveries with the secret before
    DELIVERIES_OVERSIZED = "DeliveriesOversized"  #: bodies over the limit
    DELIVERIES_INVALID = "DeliveriesInvalid"  #: bodies that are no delivery
    QUEUE_REFUSED = "QueueRefused"  #: deliveries whose items are not all in a queue
    SYNCS = "Syncs"  #: syncs that ended well, by ``outcome``
    MEMBERS_ADDED = "MembersAdded"  #: members added to Genesys Cloud groups
    MEMBERS_REMOVED = "MembersRemoved"  #: members removed from them
    MEMBERS_HELD = "MembersHeld"  #: members whose removal waits for a person, as seen by a sync
    HOLDS_OPEN = "HoldsOpen"  #: how many holds are open now (a gauge)
    NOTIFICATIONS_FAILED = "NotificationsFailed"  #: messages about holds that people did not get
    PARKED = "Parked"  #: items and members that were parked, by ``reason``
    PARKED_OPEN = "ParkedOpen"  #: how many parked items wait for a person now (a gauge)
    EXCEPTIONS_KEPT = "ExceptionsKept"  #: how many keep access that Okta has ended, by rejected holds (a gauge)
    REMOVALS_PAUSED = "RemovalsPaused"  #: 1 while removals are paused (a gauge)
    ATTRIBUTES_REFUSED = "AttributesRefused"  #: values that Genesys Cloud newly does not take, by ``attribute``
    SCIM_CALLS = "ScimCalls"  #: calls to Genesys Cloud SCIM, by ``method`` and ``result``
    RETRIES = "Retries"  #: messages that went back to their queue for a transient failure, by ``reason``
    AUTH_FAILURES = "AuthFailures"  #: refused credentials or roles, by ``upstream``
    ANOTHER_ORGANISATION = "AnotherOrganisation"  #: syncs put off, because the credentials show no known account
    LEAVERS_REFUSED = "LeaversRefused"  #: refusals of leavers who have waited for a quarter of an hour or longer
    OKTA_DATES_DOUBTED = (
        "OktaDatesDoubted"  #: answers of Okta whose ``Date`` is far from our clock, which counts instead
    )
    BREAKER_OPEN = "BreakerOpen"  #: syncs put off without a call, because an upstream fails, by ``upstream``
    UNEXPECTED_ERRORS = "UnexpectedErrors"  #: exceptions that nobody classified
    APP_NOT_ACTIVE = "AppNotActive"  #: deactivations that wait because the Okta application is not active
    USERS_RECREATED = "UsersRecreated"  #: users that Genesys Cloud had lost; it restores no roles
    NOT_SET_UP = "NotSetUp"  #: batches that went back because a setting is missing or wrong
    RECONCILED = "Reconciled"  #: whole comparisons that have ended well
    RECONCILE_FAILED = "ReconcileFailed"  #: comparisons that ended without being whole
    RECONCILE_FOUND = "ReconcileFound"  #: what whole comparisons found, by ``finding``
    VISIBILITY_REFUSED = "VisibilityRefused"  #: delays that SQS refused to set
    CATCH_UP_RUNS = "CatchUpRuns"  #: runs of catch-up that read the System Log to its end
    CATCH_UP_FAILURES = "CatchUpFailures"  #: runs that something ended, by ``reason``; the next goes on from there
    CATCH_UP_RESTARTS = "CatchUpRestarts"  #: saved places that Okta did not know any more: read again with an overlap
    CATCH_UP_ITEMS = "CatchUpItems"  #: items for events that no sync had seen
    DUE_ITEMS = "DueItems"  #: items whose time had come: what was to be synced again without any event
    HOOK_EVENTS_LOGGED = (
        "HookEventsLogged"  #: events of the System Log about people and groups of ours, for the hook to deliver
    )
    HOOK_NOT_ACTIVE = "HookNotActive"  #: checks that found no active hook for this stack
    HOOK_NOT_VERIFIED = "HookNotVerified"  #: checks that found the hook unverified
    HOOK_TYPES_MISSING = "HookTypesMissing"  #: event types that the hook does not subscribe to, at each check
    HOOK_UNKNOWN = "HookUnknown"  #: checks that could not read the hooks
    HOOK_DELIVERIES_FAILED = "HookDeliveriesFailed"  #: deliveries to the hook that Okta gave up
    HOOK_CAP_WARNINGS = "HookCapWarnings"  #: Okta's warnings about its daily cap of deliveries
    NATIVE_PROVISIONING = "NativeProvisioning"  #: what Okta's own provisioning did on the same application


def stack_name() -> str:
    """The stack's name, as its metrics' namespace ends with it; ``local`` outside of a stack."""
    return os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "").partition("/")[2] or "local"


def count(metric: Metric, value: float = 1, **dimensions: str) -> None:
    """Emit `value` of `metric`, with dimensions of few values such as ``reason``; a count of 0 is not emitted."""
    if value:
        _emit(metric, value, dimensions)


def count_scim(calls: Mapping[tuple[str, str], int]) -> None:
    """Emit how many calls Genesys Cloud had, by method and result."""
    for (method, result), made in calls.items():
        count(Metric.SCIM_CALLS, made, method=method, result=result)


def gauge(metric: Metric, value: float) -> None:
    """Emit how many there are now, 0 too: an alarm ends with it."""
    _emit(metric, value, {})


def _emit(metric: Metric, value: float, dimensions: dict[str, str]) -> None:
    metrics = AmazonCloudWatchEMFProvider(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or NAMESPACE)
    metrics.add_metric(name=metric.value, unit=MetricUnit.Count, value=value)
    if dimensions:
        # A second set of dimensions: the empty one, for the total, stays.
        metrics.add_dimensions(**dimensions)
    metrics.flush_metrics()
