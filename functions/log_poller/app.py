"""Catch-up, every five minutes: what Okta's System Log has and no hook has brought goes into the lanes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from bridge.catchup import CatchUp
from bridge.composition import SystemClock
from bridge.errors import SettingsError
from bridge.hook_health import HookHealth
from bridge.http import Auth, HttpClient, Transport
from bridge.lanes import SqsLanes
from bridge.okta.auth import OAuthAuth, SswsAuth, kms_signer
from bridge.okta.client import OktaClient
from bridge.okta.log import HOOK_SCOPES, LOG_SCOPES, READ_SECONDS, TOTAL_SECONDS, EventHooks, SystemLog
from bridge.provisioning.ports import Clock, LaneSender, Store
from bridge.secrets import Secrets
from bridge.settings import LogPollerSettings, OktaAuth
from bridge.store.dynamo import DynamoStore
from bridge.telemetry import Metric, count, logger

_CLIENT = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})


@dataclass(frozen=True)
class Outside:
    """The world around the log poller: AWS in a function, fakes and models in tests.

    Attributes:
        store: everything the bridge remembers.
        lanes: the way into the lanes.
        secrets: the bridge's secret.
        clock: our time.
        sign: signs Okta's client assertion with the KMS key; needed for OKTA_AUTH=oauth.
        okta_transport: in place of the network.
    """

    store: Store
    lanes: LaneSender
    secrets: Secrets
    clock: Clock
    sign: Callable[[bytes], bytes] | None = None
    okta_transport: Transport | None = None


def build(settings: LogPollerSettings, outside: Outside) -> CatchUp:
    """Catch-up with its clients; the hooks are read with a token of their own, which may well be refused."""
    okta = settings.okta
    http = HttpClient(
        okta.org_url,
        "okta",
        transport=outside.okta_transport,
        read_seconds=READ_SECONDS,
        total_seconds=TOTAL_SECONDS,
    )

    def client(scopes: Sequence[str]) -> OktaClient:
        return OktaClient(http, _sign_in(settings, outside, http, scopes), okta.app_id, outside.clock)

    return CatchUp(
        log=SystemLog(client(LOG_SCOPES), okta.app_id, outside.clock),
        health=HookHealth(EventHooks(client(HOOK_SCOPES)), okta.app_id, settings.hook_url),
        store=outside.store,
        lanes=outside.lanes,
        clock=outside.clock,
        app_id=okta.app_id,
        lag=timedelta(seconds=okta.read_lag_seconds),
    )


def _sign_in(settings: LogPollerSettings, outside: Outside, http: HttpClient, scopes: Sequence[str]) -> Auth:
    okta = settings.okta
    if okta.auth is OktaAuth.SSWS:
        return SswsAuth(lambda: outside.secrets.get("okta_token"))
    if outside.sign is None:
        raise ValueError("OKTA_AUTH=oauth needs a signer")
    return OAuthAuth(http, okta.client_id, outside.sign, okta.kms_key_id, outside.clock, scopes=scopes)


@lru_cache(maxsize=1)
def compose() -> CatchUp:
    """Catch-up, from the environment, once; `SettingsError` when a variable is missing or wrong."""
    settings = LogPollerSettings.read(os.environ)
    sign = None
    if settings.okta.auth is OktaAuth.OAUTH:
        sign = kms_signer(boto3.client("kms", config=_CLIENT), settings.okta.kms_key_id)
    outside = Outside(
        store=DynamoStore(boto3.client("dynamodb", config=_CLIENT), settings.state_table),
        lanes=SqsLanes(boto3.client("sqs", config=_CLIENT), settings.lanes),
        secrets=Secrets(boto3.client("secretsmanager", config=_CLIENT), settings.secret_id),
        clock=SystemClock(),
        sign=sign,
    )
    return build(settings, outside)


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, str]:  # noqa: ARG001 - a schedule's tick says nothing
    """Answer one tick of the schedule with how the run ended."""
    try:
        outcome = compose().run(lambda: context.get_remaining_time_in_millis() / 1000)
    except SettingsError as error:
        count(Metric.NOT_SET_UP)
        logger.error("the log poller is not set up", extra={"why": str(error)})
        outcome = "not-set-up"
    return {"outcome": outcome}
