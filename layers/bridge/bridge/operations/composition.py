"""Putting the operations function together: from settings and the outside world to one object that answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from bridge.aws.clock import SystemClock
from bridge.aws.secrets import Secrets
from bridge.aws.upstreams import GenesysSide, OktaSide
from bridge.items import Lane
from bridge.operations.compare import Comparison
from bridge.operations.explain import Explanation
from bridge.operations.group_links import GroupDesk
from bridge.operations.holds import HoldDesk
from bridge.operations.operations import Operations
from bridge.operations.parking import ParkedDesk
from bridge.operations.preview import Preview
from bridge.operations.reconciling import ReconcileDesk
from bridge.operations.settings import OperationsSettings
from bridge.operations.status import StatusDesk
from bridge.operations.switches import Switches
from bridge.outbound.calls import Calls
from bridge.outbound.http import Transport
from bridge.provisioning.ports import Clock, LaneSender, Notifier, Pace, UserMapper
from bridge.provisioning.record_ports import Store
from bridge.provisioning.runs import Runs

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient


class Memory(Store, Runs, Protocol):
    """Everything the bridge remembers, runs of the reconciler too."""


@dataclass(frozen=True)
class Outside:
    """The world around the operations function; see `bridge.consumer.composition.Outside`.

    Attributes:
        hash_key: the secret with the key of fingerprints.
        lambda_client: for the event source mappings of the lanes, and the reconciler.
        stack: what the command line calls this bridge.
    """

    store: Memory
    lanes: LaneSender
    sqs: SQSClient
    lambda_client: LambdaClient
    secrets: Secrets
    hash_key: Secrets
    mapper: UserMapper
    notifier: Notifier
    pace: Callable[[str, Lane], Pace]
    stack: str
    sign: Callable[[bytes], bytes] | None = None
    clock: Clock = field(default_factory=SystemClock)
    okta_transport: Transport | None = None
    genesys_transport: Transport | None = None


def build(settings: OperationsSettings, outside: Outside) -> Operations:
    """The operations function; it reads both sides with the share of the call budget that users have."""
    store, clock, provisioning = outside.store, outside.clock, settings.provisioning
    calls = Calls(clock)
    okta = OktaSide(
        settings.okta,
        secrets=outside.secrets,
        pace=outside.pace,
        sign=outside.sign,
        clock=clock,
        transport=outside.okta_transport,
    ).client(Lane.USERS, calls)
    genesys = GenesysSide(
        settings.genesys, secrets=outside.secrets, pace=outside.pace, clock=clock, transport=outside.genesys_transport
    ).client(Lane.USERS, calls)
    reconcile = ReconcileDesk(store, outside.lambda_client, settings.reconciler, provisioning.mode)
    switches = Switches(outside.lambda_client, settings.mappings, store, outside.lanes)
    preview = Preview(
        provisioning,
        okta=okta,
        genesys=genesys,
        store=store,
        mapper=outside.mapper,
        clock=clock,
        calls=calls,
        hash_key=lambda: outside.hash_key.get("hash_key").encode(),
    )
    return Operations(
        stack=outside.stack,
        store=store,
        lanes=outside.lanes,
        holds=HoldDesk(store, outside.notifier, clock),
        parked=ParkedDesk(store, outside.lanes),
        groups=GroupDesk(store, outside.lanes),
        switches=switches,
        status=StatusDesk(
            store=store,
            switches=switches,
            reconcile=reconcile,
            sqs=outside.sqs,
            queues=settings.queues,
            secrets=outside.secrets,
            okta_auth=settings.okta.auth,
            mode=provisioning.mode,
        ),
        reconcile=reconcile,
        preview=preview,
        explanation=Explanation(store, preview, switches, provisioning.mode),
        comparison=Comparison(okta, genesys, store, outside.mapper, provisioning),
    )
