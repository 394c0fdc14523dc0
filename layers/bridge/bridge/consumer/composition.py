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
from bridge.items import Queue
from bridge.outbound.breaker import Breakers
from bridge.outbound.calls import Calls
from bridge.outbound.http import Transport
from bridge.provisioning.ports import Clock, Notifier, Pace, QueueSender, UserMapper
from bridge.provisioning.record_ports import Store
from bridge.provisioning.syncs import build_syncs

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
class Dependencies:
    """The world around the consumer: AWS in a function, fakes and models in tests.

    Attributes:
        store: everything the bridge remembers.
        queues: the way into the queues.
        sqs: for the visibility of failed messages.
        idempotency: Powertools' persistence layer for items that are done.
        secrets: the bridge's secret.
        hash_key: the secret with the key of fingerprints.
        mapper: the attribute map.
        notifier: tells people about holds.
        pace: the shared call budget of ``genesys`` or of an Okta bucket (``okta-users``, ...), for a queue's share.
        sign: signs Okta's client assertion with the KMS key; needed for OKTA_AUTH=oauth.
        okta_transport: in place of the network.
        genesys_transport: in place of the network.
    """

    store: Store
    queues: QueueSender
    sqs: SQSClient
    idempotency: BasePersistenceLayer
    secrets: Secrets
    hash_key: Secrets
    mapper: UserMapper
    notifier: Notifier
    pace: Callable[[str, Queue], Pace]
    sign: Callable[[bytes], bytes] | None = None
    clock: Clock = field(default_factory=SystemClock)
    rng: random.Random = field(default_factory=random.SystemRandom)
    make_password: Callable[[], str] = random_password
    okta_transport: Transport | None = None
    genesys_transport: Transport | None = None


class Consumer:
    """Handles the batches of all three queues; leavers have the part of the call budget that others leave."""

    def __init__(self, settings: ConsumerSettings, dependencies: Dependencies) -> None:
        """Build the clients once; tokens live in them."""
        self._settings = settings
        self._dependencies = dependencies
        self._okta = OktaSide(
            settings.okta,
            secrets=dependencies.secrets,
            pace=dependencies.pace,
            sign=dependencies.sign,
            clock=dependencies.clock,
            transport=dependencies.okta_transport,
        )
        self._genesys = GenesysSide(
            settings.genesys,
            secrets=dependencies.secrets,
            pace=dependencies.pace,
            clock=dependencies.clock,
            transport=dependencies.genesys_transport,
        )
        self._queue_of = {
            _queue_name(settings.queues.leavers): Queue.LEAVERS,
            _queue_name(settings.queues.users): Queue.USERS,
            _queue_name(settings.queues.groups): Queue.GROUPS,
        }
        others = self._run(Queue.USERS)
        self._runs = {Queue.LEAVERS: self._run(Queue.LEAVERS), Queue.USERS: others, Queue.GROUPS: others}

    def handle(self, event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
        """Answer a Lambda SQS event of one queue."""
        name = event["Records"][0]["eventSourceARN"].rpartition(":")[2]
        queue = self._queue_of[name]
        queues = self._settings.queues
        url = {Queue.LEAVERS: queues.leavers, Queue.USERS: queues.users, Queue.GROUPS: queues.groups}[queue]
        return self._runs[queue].handle(event, context, url)

    def close(self) -> None:
        """Give the connections back; a function never does, for its environment ends with them."""
        self._okta.close()
        self._genesys.close()

    def _run(self, queue: Queue) -> BatchRun:
        dependencies, settings = self._dependencies, self._settings
        calls = Calls(dependencies.clock)
        okta, genesys = self._okta.client(queue, calls), self._genesys.client(queue, calls)
        return BatchRun(
            syncs=build_syncs(
                settings.provisioning,
                okta=okta,
                genesys=genesys,
                store=dependencies.store,
                queues=dependencies.queues,
                mapper=dependencies.mapper,
                notifier=dependencies.notifier,
                clock=dependencies.clock,
                hash_key=lambda: dependencies.hash_key.get("hash_key").encode(),
                make_password=dependencies.make_password,
            ),
            store=dependencies.store,
            sqs=dependencies.sqs,
            idempotency=dependencies.idempotency,
            clock=dependencies.clock,
            rng=dependencies.rng,
            calls=calls,
            breakers=Breakers(
                dependencies.store,
                dependencies.clock,
                {"okta": okta.app, "genesys": genesys.probe},
                urgent=queue is Queue.LEAVERS,
            ),
            mode=settings.provisioning.mode,
            backoff=Backoff(settings.backoff_seconds, settings.backoff_limit_seconds),
            read_lag=timedelta(seconds=settings.provisioning.read_lag_seconds),
            urgent=queue is Queue.LEAVERS,
        )


def _queue_name(url: str) -> str:
    return url.rpartition("/")[2]
