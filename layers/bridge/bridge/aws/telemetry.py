"""Logs and metrics in one place: structured JSON lines, and CloudWatch metrics in embedded metric format.

Ids and counts only. An id is never a dimension, and nothing here sees a profile, a secret or a token.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Literal

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

#: The CloudWatch namespace of every metric; a stack sets its own in POWERTOOLS_METRICS_NAMESPACE.
NAMESPACE = "OktaGenesysBridge"
#: The ``service`` of every log line.
SERVICE = "okta-genesys-bridge"

logger = Logger(service=SERVICE)


class Metric(StrEnum):
    """Every metric of the bridge; ``metrics.json`` says of each what it counts, who emits it, and by what.

    One with a dimension is emitted twice: as a total without it, and by it.
    """

    EVENTS_ACCEPTED = "EventsAccepted"
    EVENTS_DROPPED = "EventsDropped"
    ITEMS_SENT = "ItemsSent"
    DELIVERIES_UNAUTHORISED = "DeliveriesUnauthorised"
    DELIVERIES_UNDER_OLD_SECRET = "DeliveriesUnderOldSecret"  # noqa: S105 - a name
    DELIVERIES_OVERSIZED = "DeliveriesOversized"
    DELIVERIES_INVALID = "DeliveriesInvalid"
    QUEUE_REFUSED = "QueueRefused"
    SYNCS = "Syncs"
    CHANGE_AGE = "ChangeAge"
    MEMBERS_ADDED = "MembersAdded"
    MEMBERS_REMOVED = "MembersRemoved"
    MEMBERS_HELD = "MembersHeld"
    HOLDS_OPEN = "HoldsOpen"
    NOTIFICATIONS_FAILED = "NotificationsFailed"
    PARKED = "Parked"
    PARKED_OPEN = "ParkedOpen"
    EXCEPTIONS_KEPT = "ExceptionsKept"
    REMOVALS_PAUSED = "RemovalsPaused"
    GROUPS_NOT_LINKED = "GroupsNotLinked"
    OBSERVING = "Observing"
    OLDEST_CHANGE = "OldestChange"
    SECRET_AGE = "SecretAge"  # noqa: S105 - a name
    ATTRIBUTES_REFUSED = "AttributesRefused"
    SCIM_CALLS = "ScimCalls"
    RATE_LIMIT_LEFT = "RateLimitLeft"
    RETRIES = "Retries"
    AUTH_FAILURES = "AuthFailures"
    ANOTHER_ORGANISATION = "AnotherOrganisation"
    LEAVERS_REFUSED = "LeaversRefused"
    OKTA_DATES_DOUBTED = "OktaDatesDoubted"
    BREAKER_OPEN = "BreakerOpen"
    UNEXPECTED_ERRORS = "UnexpectedErrors"
    APP_NOT_ACTIVE = "AppNotActive"
    USERS_RECREATED = "UsersRecreated"
    ROLES_MISSING = "RolesMissing"
    NOT_SET_UP = "NotSetUp"
    MAP_REFUSED = "MapRefused"
    RECONCILED = "Reconciled"
    RECONCILE_FAILED = "ReconcileFailed"
    RECONCILE_AGE = "ReconcileAge"
    RECONCILE_OVERDUE = "ReconcileOverdue"
    RECONCILE_FOUND = "ReconcileFound"
    VISIBILITY_REFUSED = "VisibilityRefused"
    CATCH_UP_RUNS = "CatchUpRuns"
    CATCH_UP_FAILURES = "CatchUpFailures"
    CATCH_UP_RESTARTS = "CatchUpRestarts"
    CATCH_UP_ITEMS = "CatchUpItems"
    DUE_ITEMS = "DueItems"
    HOOK_EVENTS_LOGGED = "HookEventsLogged"
    HOOK_NOT_ACTIVE = "HookNotActive"
    HOOK_NOT_VERIFIED = "HookNotVerified"
    HOOK_TYPES_MISSING = "HookTypesMissing"
    HOOK_UNKNOWN = "HookUnknown"
    HOOK_DELIVERIES_FAILED = "HookDeliveriesFailed"
    HOOK_CAP_WARNINGS = "HookCapWarnings"
    NATIVE_PROVISIONING = "NativeProvisioning"


@dataclass(frozen=True)
class Described:
    """What the catalogue ``metrics.json`` says of a metric.

    Attributes:
        kind: a ``count`` of what happened, a ``gauge`` of how things are, or a ``distribution`` of single values.
        unit: CloudWatch's, such as ``Count``.
        by: dimension -> the values that it has; any other value is emitted as ``other``.
        emits: the functions that emit it.
        means: what is counted.
        expect: what it shows where all is well.
        alarms: those that watch it.
    """

    kind: Literal["count", "gauge", "distribution"]
    unit: str
    by: Mapping[str, Sequence[str]]
    emits: Sequence[str]
    means: str
    expect: str
    alarms: Sequence[str]


@lru_cache
def catalogue() -> dict[Metric, Described]:
    """Every metric as ``metrics.json`` describes it."""
    read = json.loads(Path(__file__).with_name("metrics.json").read_text("utf-8"))
    return {Metric(name): Described(**words) for name, words in read.items()}


def stack_name() -> str:
    """The stack's name, as its metrics' namespace ends with it; ``local`` outside of a stack."""
    return os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "").partition("/")[2] or "local"


def count(metric: Metric, value: float = 1, **dimensions: str) -> None:
    """Emit `value` of `metric`, with the dimensions of its catalogue; a count of 0 is not emitted."""
    if value:
        _emit(metric, [value], dimensions)


def count_scim(calls: Mapping[tuple[str, str], int]) -> None:
    """Emit how many calls Genesys Cloud had, by method and result."""
    for (method, result), made in calls.items():
        count(Metric.SCIM_CALLS, made, method=method, result=result)


def gauge_headroom(left: Mapping[str, float]) -> None:
    """Emit what was left of each upstream's rate limit, in percent."""
    for upstream, percent in left.items():
        gauge(Metric.RATE_LIMIT_LEFT, percent, upstream=upstream)


def gauge(metric: Metric, value: float, **dimensions: str) -> None:
    """Emit how many there are now, 0 too: an alarm ends with it."""
    _emit(metric, [value], dimensions)


def measure(metric: Metric, values: Sequence[float], **dimensions: str) -> None:
    """Emit single values, of which CloudWatch makes percentiles; nothing without any."""
    if values:
        _emit(metric, values, dimensions)


def _emit(metric: Metric, values: Sequence[float], dimensions: Mapping[str, str]) -> None:
    described = catalogue()[metric]
    metrics = AmazonCloudWatchEMFProvider(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or NAMESPACE)
    for value in values:
        metrics.add_metric(name=metric.value, unit=MetricUnit(described.unit), value=value)
    if dimensions:
        # A second set of dimensions: the empty one, for the total, stays.
        metrics.add_dimensions(**{by: _known(each, described.by[by]) for by, each in dimensions.items()})
    metrics.flush_metrics()


def _known(value: str, values: Sequence[str]) -> str:
    """The value, or ``other``: what is paid for is bounded, whatever code a failure brings."""
    return value if value in values else "other"
