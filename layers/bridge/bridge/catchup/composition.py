"""Putting catch-up together."""

from __future__ import annotations

from datetime import timedelta

from bridge.aws.dependencies import Dependencies
from bridge.aws.upstreams import log_clients
from bridge.catchup.catch_up import CatchUp
from bridge.catchup.gauges import Gauges
from bridge.catchup.hook_health import HookHealth
from bridge.catchup.settings import LogPollerSettings
from bridge.okta.auth import HOOK_SCOPES, LOG_SCOPES
from bridge.okta.log import EventHooks, SystemLog


def build(settings: LogPollerSettings, dependencies: Dependencies) -> CatchUp:
    """Catch-up with its clients; the hooks are read with a token of their own, which may well be refused."""
    okta, client = settings.okta, log_clients(settings.okta, dependencies)
    return CatchUp(
        log=SystemLog(client(LOG_SCOPES), okta.app_id),
        health=HookHealth(EventHooks(client(HOOK_SCOPES)), okta.app_id, settings.hook_url),
        gauges=Gauges(
            store=dependencies.store,
            oldest=dependencies.oldest_change,
            secret_made=dependencies.secrets.made,
            clock=dependencies.clock,
            mode=settings.mode,
            schedule=settings.schedule,
        ),
        store=dependencies.store,
        queues=dependencies.queues,
        clock=dependencies.clock,
        app_id=okta.app_id,
        lag=timedelta(seconds=okta.read_lag_seconds),
    )
