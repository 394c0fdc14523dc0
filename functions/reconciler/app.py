"""The reconcile: compares Okta, our records and Genesys Cloud, and puts items for what differs into the queues."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.aws.dependencies import Dependencies
from bridge.aws.telemetry import logger
from bridge.errors import SettingsError
from bridge.reconcile.composition import ReconcilerEvents, refused
from bridge.settings import SyncSettings


@lru_cache(maxsize=1)
def compose() -> ReconcilerEvents:
    """The reconciler, from the environment, once; `SettingsError` when a variable is missing or wrong."""
    settings = SyncSettings.read(os.environ)
    return ReconcilerEvents(settings, Dependencies(settings))


@logger.inject_lambda_context(log_event=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one event, see `ReconcilerEvents`. Before the bridge is set up a tick is no failure: it says so."""
    try:
        return compose().handle(event, context)
    except SettingsError as error:
        logger.warning("the reconciler is not set up", extra={"why": str(error)})
        return refused(f"not set up: {error}")
