"""The queues' consumer: each message names what to sync again, and Genesys Cloud follows what Okta says."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.aws.dependencies import Dependencies
from bridge.aws.telemetry import Metric, count, logger
from bridge.consumer.composition import Consumer
from bridge.consumer.settings import ConsumerSettings
from bridge.errors import SettingsError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse


@lru_cache(maxsize=1)
def compose() -> Consumer:
    """The consumer, from the environment, once; `SettingsError` when a variable is missing or wrong."""
    settings = ConsumerSettings.read(os.environ)
    return Consumer(settings, Dependencies(settings))


@logger.inject_lambda_context(log_event=False)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Answer one SQS event; ``batchItemFailures`` names the messages that go back to their queue."""
    try:
        consumer = compose()
    except SettingsError as error:
        count(Metric.NOT_SET_UP)
        logger.error("the consumer is not set up", extra={"why": str(error)})
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in event["Records"]]}
    return consumer.handle(event, context)
