"""Approves and rejects holds: a function, and so a permission, of its own."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.approvals.approvals import Approvals
from bridge.approvals.identity import Identities
from bridge.approvals.settings import ApprovalsSettings
from bridge.approvals.signing import sts_endpoint
from bridge.aws.clients import CLIENT
from bridge.aws.clock import SystemClock
from bridge.aws.queues import SqsQueues
from bridge.aws.store.dynamo import DynamoStore
from bridge.operations.answers import Decided
from bridge.operations.edge import answered
from bridge.operations.requests import parse_decision


@lru_cache(maxsize=1)
def compose(function: str, region: str, account: str) -> Approvals:
    """The function, from the environment, once; `SettingsError` when a variable is missing or wrong."""
    settings = ApprovalsSettings.read(os.environ)
    clock = SystemClock()
    return Approvals(
        DynamoStore(boto3.client("dynamodb", config=CLIENT), settings.state_table),
        SqsQueues(boto3.client("sqs", config=CLIENT), settings.queues),
        clock,
        Identities(sts_endpoint(region, local=settings.local), region, account, clock),
        function,
    )


def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Answer one `bridge.operations.requests.Decide`."""

    def decide() -> Decided:
        asked = parse_decision(event)
        region, account = context.invoked_function_arn.split(":")[3:5]
        return compose(context.function_name, region, account).decide(asked)

    return answered(decide)
