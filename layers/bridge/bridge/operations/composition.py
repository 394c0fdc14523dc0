"""Putting the operations function together: from settings and the outside world to one object that answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from bridge.aws.clock import SystemClock
from bridge.aws.secrets import Secrets
from bridge.aws.upstreams import GenesysSide, OktaSide
from bridge.items import Queue
from bridge.operations.compare import Comparison
from bridge.operations.explain import Explanation
from bridge.operations.group_links import GroupService
from bridge.operations.holds import HoldService
from bridge.operations.operations import Operations
from bridge.operations.parking import ParkedService
from bridge.operations.preview import Preview
from bridge.operations.reconciling import ReconcileService
from bridge.operations.settings import OperationsSettings
from bridge.operations.status import StatusService
from bridge.operations.switches import Switches
from bridge.outbound.calls import Calls
from bridge.outbound.http import Transport
from bridge.provisioning.ports import Clock, Notifier, Pace, QueueSender, UserMapper
from bridge.provisioning.record_ports import Store
from bridge.provisioning.runs import Runs

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient


class Memory(Store, Runs, Protocol):
    """Everything the bridge remembers, runs of the reconciler too."""


@dataclass(frozen=True)
class Dependencies:
    """The world around the operations function; see `bridge.consumer.composition.Dependencies`.

    Attributes:
        hash_key: the secret with the key of fingerprints.
        lambda_client: for the event source mappings of the queues, and the reconciler.
        stack: what the command line calls this bridge.
    """

    store: Memory
    queues: QueueSender
    sqs: SQSClient
    lambda_client: LambdaClient
    secrets: Secrets
    hash_key: Secrets
    mapper: UserMapper
    notifier: Notifier
    pace: Callable[[str, Queue], Pace]
    stack: str
    sign: Callable[[bytes], bytes] | None = None
    clock: Clock = field(default_factory=SystemClock)
    okta_transport: Transport | None = None
    genesys_transport: Transport | None = None


def build(settings: OperationsSettings, dependencies: Dependencies) -> Operations:
    """The operations function; it reads both sides with the share of the call budget that users have."""
    store, clock, provisioning = dependencies.store, dependencies.clock, settings.provisioning
    calls = Calls(clock)
    okta = OktaSide(
        settings.okta,
        secrets=dependencies.secrets,
        pace=dependencies.pace,
        sign=dependencies.sign,
        clock=clock,
        transport=dependencies.okta_transport,
    ).client(Queue.USERS, calls)
    genesys = GenesysSide(
        settings.genesys,
        secrets=dependencies.secrets,
        pace=dependencies.pace,
        clock=clock,
        transport=dependencies.genesys_transport,
    ).client(Queue.USERS, calls)
    reconcile = ReconcileService(store, dependencies.lambda_client, settings.reconciler, provisioning.mode)
    switches = Switches(dependencies.lambda_client, settings.mappings, store, dependencies.queues)
    preview = Preview(
        provisioning,
        okta=okta,
        genesys=genesys,
        store=store,
        mapper=dependencies.mapper,
        clock=clock,
        calls=calls,
        hash_key=lambda: dependencies.hash_key.get("hash_key").encode(),
    )
    return Operations(
        stack=dependencies.stack,
        store=store,
        queues=dependencies.queues,
        holds=HoldService(store, dependencies.notifier, clock),
        parked=ParkedService(store, dependencies.queues),
        groups=GroupService(store, dependencies.queues),
        switches=switches,
        status=StatusService(
            store=store,
            switches=switches,
            reconcile=reconcile,
            sqs=dependencies.sqs,
            queue_urls=settings.queue_urls,
            secrets=dependencies.secrets,
            okta_auth=settings.okta.auth,
            mode=provisioning.mode,
        ),
        reconcile=reconcile,
        preview=preview,
        explanation=Explanation(store, preview, switches, provisioning.mode),
        comparison=Comparison(okta, genesys, store, dependencies.mapper, provisioning),
    )
