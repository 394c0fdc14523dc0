"""Approves and rejects holds: a function, and so a permission, of its own."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.approvals.approvals import Approvals
from bridge.approvals.composition import build
from bridge.approvals.settings import ApprovalsSettings
from bridge.aws.dependencies import Dependencies
from bridge.aws.telemetry import logger
from bridge.operations.answers import Answer
from bridge.operations.decision_requests import parse_decision
from bridge.operations.edge import answered


@lru_cache(maxsize=1)
def compose(function: str, region: str, account: str) -> Approvals:
    """The function, from the environment, once; `SettingsError` when a variable is missing or wrong."""
    settings = ApprovalsSettings.read(os.environ)
    return build(settings, Dependencies(settings), function, region, account)


@logger.inject_lambda_context(log_event=False)
def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Answer one of the requests that `bridge.operations.decision_requests.Approval` names."""

    def decide() -> Answer:
        asked = parse_decision(event)
        region, account = context.invoked_function_arn.split(":")[3:5]
        return compose(context.function_name, region, account).decide(asked)

    return answered(decide)
