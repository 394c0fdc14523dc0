"""The reconcile: compares Okta, our records and Genesys Cloud, and puts items for what differs into the queues."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.aws.clients import CLIENT, paces, signer
from bridge.aws.clock import SystemClock
from bridge.aws.queues import SqsQueues
from bridge.aws.secrets import Secrets
from bridge.aws.store.dynamo import DynamoStore
from bridge.aws.telemetry import logger
from bridge.errors import SettingsError
from bridge.mapping.source import load_map
from bridge.reconcile.composition import Dependencies, ReconcilerEvents, refused
from bridge.reconcile.settings import ReconcilerSettings


@lru_cache(maxsize=1)
def compose() -> ReconcilerEvents:
    """The reconciler, from the environment, once; `SettingsError` when a variable is missing or wrong."""
    settings = ReconcilerSettings.read(os.environ)
    clock = SystemClock()
    dynamodb = boto3.client("dynamodb", config=CLIENT)
    secretsmanager = boto3.client("secretsmanager", config=CLIENT)
    return ReconcilerEvents(
        settings,
        Dependencies(
            store=DynamoStore(dynamodb, settings.state_table),
            queues=SqsQueues(boto3.client("sqs", config=CLIENT), settings.queues),
            secrets=Secrets(secretsmanager, settings.secret_id),
            hash_key=Secrets(secretsmanager, settings.hash_key_secret_id),
            mapper=load_map(settings.mapping),
            pace=paces(dynamodb, settings.state_table, settings.genesys.requests_per_minute, clock),
            sign=signer(settings.okta),
            clock=clock,
        ),
    )


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one event, see `ReconcilerEvents`. Before the bridge is set up a tick is no failure: it says so."""
    try:
        return compose().handle(event, context)
    except SettingsError as error:
        logger.warning("the reconciler is not set up", extra={"why": str(error)})
        return refused(f"not set up: {error}")
