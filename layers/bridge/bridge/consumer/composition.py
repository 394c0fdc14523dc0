"""Putting the consumer together: from settings and the outside world to one object that handles batches."""

from __future__ import annotations

import random
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.idempotency import BasePersistenceLayer
from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.aws.clock import SystemClock
from bridge.aws.secrets import Secrets
from bridge.aws.upstreams import GenesysSide, OktaSide
from bridge.consumer.backoff import Backoff
from bridge.consumer.batch import BatchRun
from bridge.consumer.settings import ConsumerSettings
from bridge.items import Lane
from bridge.outbound.breaker import Breakers
from bridge.outbound.calls import Calls
from bridge.outbound.http import Transport
from bridge.provisioning.looks import build_looks
from bridge.provisioning.ports import Clock, LaneSender, Notifier, Pace, UserMapper
from bridge.provisioning.record_ports import Store

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from mypy_boto3_sqs import SQSClient

_PASSWORD_LENGTH = 40


def random_password() -> str:
    """Forty characters of the operating system's randomness, with each kind that password rules ask for."""
    alphabet = string.ascii_letters + string.digits + "-_.!"
    kinds = [secrets.choice(kind) for kind in (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.!")]
    return "".join([*kinds, *(secrets.choice(alphabet) for _ in range(_PASSWORD_LENGTH - len(kinds)))])


@dataclass(frozen=True)
class Outside:
    """The world around the consumer: AWS in a function, fakes and models in tests.

    Attributes:
        store: everything the bridge remembers.
        lanes: the way into the lanes.
        sqs: for the visibility of failed messages.
        idempotency: Powertools' persistence layer for items that are done.
        secrets: the bridge's secret.
        hash_key: the secret with the key of fingerprints.
        mapper: the attribute map.
        notifier: tells people about holds.
        pace: the shared call budget of ``genesys`` or of an Okta bucket (``okta-users``, ...), for a lane's share.
        sign: signs Okta's client assertion with the KMS key; needed for OKTA_AUTH=oauth.
        okta_transport: in place of the network.
        genesys_transport: in place of the network.
    """

    store: Store
    lanes: LaneSender
    sqs: SQSClient
    idempotency: BasePersistenceLayer
    secrets: Secrets
    hash_key: Secrets
    mapper: UserMapper
    notifier: Notifier
    pace: Callable[[str, Lane], Pace]
    sign: Callable[[bytes], bytes] | None = None
    clock: Clock = field(default_factory=SystemClock)
    rng: random.Random = field(default_factory=random.SystemRandom)
    make_password: Callable[[], str] = random_password
    okta_transport: Transport | None = None
    genesys_transport: Transport | None = None


class Consumer:
    """Handles the batches of all three lanes; leavers have the part of the call budget that others leave."""

    def __init__(self, settings: ConsumerSettings, outside: Outside) -> None:
        """Build the clients once; tokens live in them."""
        self._settings = settings
        self._outside = outside
        self._okta = OktaSide(
            settings.okta,
            secrets=outside.secrets,
            pace=outside.pace,
            sign=outside.sign,
            clock=outside.clock,
            transport=outside.okta_transport,
        )
        self._genesys = GenesysSide(
            settings.genesys,
            secrets=outside.secrets,
            pace=outside.pace,
            clock=outside.clock,
            transport=outside.genesys_transport,
        )
        self._lane_of = {
            _queue_name(settings.lanes.leavers): Lane.LEAVERS,
            _queue_name(settings.lanes.users): Lane.USERS,
            _queue_name(settings.lanes.groups): Lane.GROUPS,
        }
        others = self._run(Lane.USERS)
        self._runs = {Lane.LEAVERS: self._run(Lane.LEAVERS), Lane.USERS: others, Lane.GROUPS: others}

    def handle(self, event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
        """Answer a Lambda SQS event of one lane."""
        name = event["Records"][0]["eventSourceARN"].rpartition(":")[2]
        lane = self._lane_of[name]
        lanes = self._settings.lanes
        url = {Lane.LEAVERS: lanes.leavers, Lane.USERS: lanes.users, Lane.GROUPS: lanes.groups}[lane]
        return self._runs[lane].handle(event, context, url)

    def close(self) -> None:
        """Give the connections back; a function never does, for its environment ends with them."""
        self._okta.close()
        self._genesys.close()

    def _run(self, lane: Lane) -> BatchRun:
        outside, settings = self._outside, self._settings
        calls = Calls(outside.clock)
        okta, genesys = self._okta.client(lane, calls), self._genesys.client(lane, calls)
        return BatchRun(
            looks=build_looks(
                settings.provisioning,
                okta=okta,
                genesys=genesys,
                store=outside.store,
                lanes=outside.lanes,
                mapper=outside.mapper,
                notifier=outside.notifier,
                clock=outside.clock,
                hash_key=lambda: outside.hash_key.get("hash_key").encode(),
                make_password=outside.make_password,
            ),
            store=outside.store,
            sqs=outside.sqs,
            idempotency=outside.idempotency,
            clock=outside.clock,
            rng=outside.rng,
            calls=calls,
            breakers=Breakers(
                outside.store,
                outside.clock,
                {"okta": okta.app, "genesys": genesys.probe},
                urgent=lane is Lane.LEAVERS,
            ),
            mode=settings.provisioning.mode,
            backoff=Backoff(settings.backoff_seconds, settings.backoff_limit_seconds),
            read_lag=timedelta(seconds=settings.provisioning.read_lag_seconds),
            urgent=lane is Lane.LEAVERS,
        )


def _queue_name(url: str) -> str:
    return url.rpartition("/")[2]
