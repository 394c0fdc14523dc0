"""What no hook has delivered goes into the queues: every five minutes Okta's System Log, every minute what is due."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.aws.clients import CLIENT, signer
from bridge.aws.clock import SystemClock
from bridge.aws.queues import SqsQueues
from bridge.aws.secrets import Secrets
from bridge.aws.store.dynamo import DynamoStore
from bridge.aws.telemetry import Metric, count, logger
from bridge.aws.upstreams import okta_auth
from bridge.catchup.catch_up import CatchUp
from bridge.catchup.hook_health import HookHealth
from bridge.catchup.settings import LogPollerSettings
from bridge.errors import SettingsError
from bridge.okta.auth import HOOK_SCOPES, LOG_SCOPES
from bridge.okta.client import OktaClient
from bridge.okta.log import READ_SECONDS, TOTAL_SECONDS, EventHooks, SystemLog
from bridge.outbound.http import HttpClient, Transport
from bridge.provisioning.ports import Clock, QueueSender
from bridge.provisioning.record_ports import Store


@dataclass(frozen=True)
class Dependencies:
    """The world around the log poller: AWS in a function, fakes and models in tests.

    Attributes:
        store: everything the bridge remembers.
        queues: the way into the queues.
        secrets: the bridge's secret.
        clock: our time.
        sign: signs Okta's client assertion with the KMS key; needed for OKTA_AUTH=oauth.
        okta_transport: in place of the network.
    """

    store: Store
    queues: QueueSender
    secrets: Secrets
    clock: Clock
    sign: Callable[[bytes], bytes] | None = None
    okta_transport: Transport | None = None


def build(settings: LogPollerSettings, dependencies: Dependencies) -> CatchUp:
    """Catch-up with its clients; the hooks are read with a token of their own, which may well be refused."""
    okta = settings.okta
    http = HttpClient(
        okta.org_url,
        "okta",
        transport=dependencies.okta_transport,
        read_seconds=READ_SECONDS,
        total_seconds=TOTAL_SECONDS,
    )

    def client(scopes: Sequence[str]) -> OktaClient:
        auth = okta_auth(
            http, okta, secrets=dependencies.secrets, sign=dependencies.sign, clock=dependencies.clock, scopes=scopes
        )
        return OktaClient(http, auth, okta.app_id, dependencies.clock)

    return CatchUp(
        log=SystemLog(client(LOG_SCOPES), okta.app_id, dependencies.clock),
        health=HookHealth(EventHooks(client(HOOK_SCOPES)), okta.app_id, settings.hook_url),
        store=dependencies.store,
        queues=dependencies.queues,
        clock=dependencies.clock,
        app_id=okta.app_id,
        lag=timedelta(seconds=okta.read_lag_seconds),
    )


@lru_cache(maxsize=1)
def compose() -> CatchUp:
    """Catch-up, from the environment, once; `SettingsError` when a variable is missing or wrong."""
    settings = LogPollerSettings.read(os.environ)
    dependencies = Dependencies(
        store=DynamoStore(boto3.client("dynamodb", config=CLIENT), settings.state_table),
        queues=SqsQueues(boto3.client("sqs", config=CLIENT), settings.queues),
        secrets=Secrets(boto3.client("secretsmanager", config=CLIENT), settings.secret_id),
        clock=SystemClock(),
        sign=signer(settings.okta),
    )
    return build(settings, dependencies)


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
