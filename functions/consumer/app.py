"""The lanes' consumer: each message names what to look at again, and Genesys Cloud follows what Okta says."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from bridge.composition import Consumer, Outside, SystemClock
from bridge.errors import SettingsError
from bridge.items import Lane
from bridge.lanes import SqsLanes
from bridge.mapping.source import load_map
from bridge.okta.auth import kms_signer
from bridge.provisioning.ports import Pace
from bridge.secrets import Secrets
from bridge.settings import ConsumerSettings, OktaAuth
from bridge.store.dynamo import DynamoStore
from bridge.store.pace import DynamoPace, HeaderPace
from bridge.telemetry import Metric, count, logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse

#: A call to AWS that hangs must not use up the time of a look.
_CLIENT = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
#: The part of the call budget that users and groups may use; the rest is for leavers.
_SHARE = {Lane.LEAVERS: 1.0, Lane.USERS: 0.95, Lane.GROUPS: 0.95}


@lru_cache(maxsize=1)
def compose() -> Consumer:
    """The consumer, from the environment, once; `SettingsError` when a variable is missing or wrong."""
    settings = ConsumerSettings.read(os.environ)
    clock = SystemClock()
    dynamodb = boto3.client("dynamodb", config=_CLIENT)
    sqs = boto3.client("sqs", config=_CLIENT)
    secretsmanager = boto3.client("secretsmanager", config=_CLIENT)
    sign = None
    if settings.okta.auth is OktaAuth.OAUTH:
        sign = kms_signer(boto3.client("kms", config=_CLIENT), settings.okta.kms_key_id)

    def pace(upstream: str, lane: Lane) -> Pace:
        if upstream == "genesys":
            limit = settings.genesys.requests_per_minute
            return DynamoPace(dynamodb, settings.state_table, upstream, limit, clock, _SHARE[lane])
        return HeaderPace(dynamodb, settings.state_table, upstream, clock, _SHARE[lane])

    return Consumer(
        settings,
        Outside(
            store=DynamoStore(dynamodb, settings.state_table),
            lanes=SqsLanes(sqs, settings.lanes),
            sqs=sqs,
            idempotency=DynamoDBPersistenceLayer(table_name=settings.idempotency_table, boto3_client=dynamodb),
            secrets=Secrets(secretsmanager, settings.secret_id),
            hash_key=Secrets(secretsmanager, settings.hash_key_secret_id),
            mapper=load_map(
                settings.attribute_map,
                user_name=settings.user_name_source,
                default_region=settings.default_phone_region,
            ),
            pace=pace,
            sign=sign,
            clock=clock,
        ),
    )


def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Answer one SQS event; ``batchItemFailures`` names the messages that go back to their lane."""
    try:
        consumer = compose()
    except SettingsError as error:
        count(Metric.NOT_SET_UP)
        logger.error("the consumer is not set up", extra={"why": str(error)})
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in event["Records"]]}
    return consumer.handle(event, context)
