"""What operators ask of the bridge, and the dashboard's list of holds: one JSON object in, one answer out."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.aws.dependencies import Dependencies
from bridge.aws.telemetry import logger
from bridge.errors import SettingsError
from bridge.operations.answers import Refused
from bridge.operations.asked import NAMES
from bridge.operations.composition import build
from bridge.operations.operations import Operations
from bridge.operations.settings import OperationsSettings


@lru_cache(maxsize=1)
def compose() -> Operations:
    """The function, from the environment, once; `SettingsError` when a variable is missing or wrong."""
    settings = OperationsSettings.read(os.environ)
    return build(settings, Dependencies(settings))


@logger.inject_lambda_context(log_event=False)
def handler(event: Any, context: LambdaContext) -> dict[str, Any] | str:
    """Answer one request of `bridge.operations.requests`, or the dashboard's widget.

    IAM cannot see what an invocation asks, but through which alias it comes, and so can we: readers have their own, and
    those who may also see names.
    """
    try:
        operations = compose()
    except SettingsError as error:
        return Refused("not-set-up", str(error)).document()
    qualifier = context.invoked_function_arn.split(":")[7:]
    arn = context.invoked_function_arn
    return operations.handle(event, reader=qualifier not in ([], ["$LATEST"]), names=qualifier == [NAMES], arn=arn)
