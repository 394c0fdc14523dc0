"""The queues' consumer: each message names what to sync again, and Genesys Cloud follows what Okta says."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.aws.clients import CLIENT, paces, signer
from bridge.aws.clock import SystemClock
from bridge.aws.notifications import SnsNotifier
from bridge.aws.queues import SqsQueues
from bridge.aws.secrets import Secrets
from bridge.aws.store.dynamo import DynamoStore
from bridge.aws.telemetry import Metric, count, logger, stack_name
from bridge.consumer.composition import Consumer, Dependencies
from bridge.consumer.settings import ConsumerSettings
from bridge.errors import SettingsError
from bridge.mapping.source import load_map

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse


@lru_cache(maxsize=1)
def compose() -> Consumer:
    """The consumer, from the environment, once; `SettingsError` when a variable is missing or wrong."""
    settings = ConsumerSettings.read(os.environ)
    clock = SystemClock()
    dynamodb = boto3.client("dynamodb", config=CLIENT)
    sqs = boto3.client("sqs", config=CLIENT)
    secretsmanager = boto3.client("secretsmanager", config=CLIENT)
    return Consumer(
        settings,
        Dependencies(
            store=DynamoStore(dynamodb, settings.state_table),
            queues=SqsQueues(sqs, settings.queues),
            sqs=sqs,
            idempotency=DynamoDBPersistenceLayer(table_name=settings.idempotency_table, boto3_client=dynamodb),
            secrets=Secrets(secretsmanager, settings.secret_id),
            hash_key=Secrets(secretsmanager, settings.hash_key_secret_id),
            mapper=load_map(settings.mapping),
            notifier=SnsNotifier(boto3.client("sns", config=CLIENT), settings.notification_topic_arn, stack_name()),
            pace=paces(dynamodb, settings.state_table, settings.genesys.requests_per_minute, clock),
            sign=signer(settings.okta),
            clock=clock,
        ),
    )


def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Answer one SQS event; ``batchItemFailures`` names the messages that go back to their queue."""
    try:
        consumer = compose()
    except SettingsError as error:
        count(Metric.NOT_SET_UP)
        logger.error("the consumer is not set up", extra={"why": str(error)})
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in event["Records"]]}
    return consumer.handle(event, context)
