"""What operators ask of the bridge, and the dashboard's list of holds: one JSON object in, one answer out."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.aws.clients import CLIENT, paces, signer
from bridge.aws.clock import SystemClock
from bridge.aws.notifications import SnsNotifier
from bridge.aws.queues import SqsQueues
from bridge.aws.secrets import Secrets
from bridge.aws.store.dynamo import DynamoStore
from bridge.aws.telemetry import stack_name
from bridge.errors import SettingsError
from bridge.mapping.source import load_map
from bridge.operations.answers import Refused
from bridge.operations.composition import Dependencies, build
from bridge.operations.operations import Operations
from bridge.operations.settings import OperationsSettings


@lru_cache(maxsize=1)
def compose() -> Operations:
    """The function, from the environment, once; `SettingsError` when a variable is missing or wrong."""
    settings = OperationsSettings.read(os.environ)
    clock = SystemClock()
    dynamodb = boto3.client("dynamodb", config=CLIENT)
    sqs = boto3.client("sqs", config=CLIENT)
    secretsmanager = boto3.client("secretsmanager", config=CLIENT)
    return build(
        settings,
        Dependencies(
            store=DynamoStore(dynamodb, settings.state_table),
            queues=SqsQueues(sqs, settings.queues),
            sqs=sqs,
            lambda_client=boto3.client("lambda", config=CLIENT),
            secrets=Secrets(secretsmanager, settings.secret_id),
            hash_key=Secrets(secretsmanager, settings.hash_key_secret_id),
            mapper=load_map(settings.mapping),
            notifier=SnsNotifier(boto3.client("sns", config=CLIENT), settings.notification_topic_arn, stack_name()),
            pace=paces(dynamodb, settings.state_table, settings.genesys.requests_per_minute, clock),
            stack=stack_name(),
            sign=signer(settings.okta),
            clock=clock,
        ),
    )


def handler(event: Any, context: LambdaContext) -> dict[str, Any] | str:
    """Answer one request of `bridge.operations.requests`, or the dashboard's widget.

    IAM cannot see what an invocation asks, but through which alias it comes, and so can we: readers have their own.
    """
    try:
        operations = compose()
    except SettingsError as error:
        return Refused("not-set-up", str(error)).document()
    qualifier = context.invoked_function_arn.split(":")[7:]
    return operations.handle(event, reader=qualifier not in ([], ["$LATEST"]))
