"""The call budgets that all functions share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bridge.aws.store.pace import DynamoPace, HeaderPace
from bridge.aws.store.shared import Shared
from bridge.items import Queue
from bridge.provisioning.ports import Clock, Pace

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: The part of the call budget that users and groups may use; the rest is for leavers.
SHARE = {Queue.LEAVERS: 1.0, Queue.USERS: 0.95, Queue.GROUPS: 0.95}


def paces(
    dynamodb: DynamoDBClient, table: str, genesys_requests_per_minute: int, clock: Clock, shared: Shared | None = None
) -> Callable[[str, Queue], Pace]:
    """The shared call budgets: ``genesys`` with a limit of ours, every bucket of Okta by its headers.

    `shared` reads them together.
    """

    def pace(upstream: str, queue: Queue) -> Pace:
        if upstream == "genesys":
            return DynamoPace(dynamodb, table, upstream, genesys_requests_per_minute, clock, SHARE[queue], shared)
        return HeaderPace(dynamodb, table, upstream, clock, SHARE[queue], shared)

    return pace
