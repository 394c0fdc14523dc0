"""What no hook has delivered goes into the queues: every five minutes Okta's System Log, every minute what is due."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.aws.dependencies import Dependencies
from bridge.aws.telemetry import Metric, count, logger
from bridge.catchup.catch_up import CatchUp
from bridge.catchup.composition import build
from bridge.catchup.settings import LogPollerSettings
from bridge.errors import SettingsError


@lru_cache(maxsize=1)
def compose() -> CatchUp:
    """Catch-up, from the environment, once; `SettingsError` when a variable is missing or wrong."""
    settings = LogPollerSettings.read(os.environ)
    return build(settings, Dependencies(settings))


@logger.inject_lambda_context(log_event=False)
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, str]:
    """Answer one tick of a schedule with how the run ended; the one of a minute says ``{"do": "due"}``."""
    try:
        catch_up = compose()
        if event.get("do") == "due":
            outcome = catch_up.send_dues()
        else:
            outcome = catch_up.run(lambda: context.get_remaining_time_in_millis() / 1000)
    except SettingsError as error:
        count(Metric.NOT_SET_UP)
        logger.error("the log poller is not set up", extra={"why": str(error)})
        outcome = "not-set-up"
    return {"outcome": outcome}
