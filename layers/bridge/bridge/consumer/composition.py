"""Putting the consumer together: from settings and dependencies to one object that handles batches."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.aws.dependencies import Dependencies
from bridge.consumer.backoff import Backoff
from bridge.consumer.batch import BatchRun
from bridge.consumer.settings import ConsumerSettings
from bridge.items import Queue
from bridge.outbound.breaker import Breakers
from bridge.outbound.calls import Calls
from bridge.outbound.waiting import Waiting
from bridge.provisioning.organisation import UPSTREAM, Organisation
from bridge.provisioning.out_of_scope import OutOfScope
from bridge.provisioning.syncs import build_syncs

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse


class Consumer:
    """Handles the batches of all three queues; leavers have the part of the call budget that others leave."""

    def __init__(self, settings: ConsumerSettings, dependencies: Dependencies) -> None:
        """Build the clients once; tokens live in them."""
        self._settings = settings
        self._dependencies = dependencies
        self._queue_of = {
            _queue_name(settings.queues.leavers): Queue.LEAVERS,
            _queue_name(settings.queues.users): Queue.USERS,
            _queue_name(settings.queues.groups): Queue.GROUPS,
        }
        self._confirmed: set[str] = set()
        others = self._run(Queue.USERS)
        self._runs = {Queue.LEAVERS: self._run(Queue.LEAVERS), Queue.USERS: others, Queue.GROUPS: others}

    def handle(self, event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
        """Answer a Lambda SQS event of one queue."""
        self._dependencies.refresh()
        name = event["Records"][0]["eventSourceARN"].rpartition(":")[2]
        queue = self._queue_of[name]
        queues = self._settings.queues
        url = {Queue.LEAVERS: queues.leavers, Queue.USERS: queues.users, Queue.GROUPS: queues.groups}[queue]
        return self._runs[queue].handle(event, context, url)

    def close(self) -> None:
        """Give the connections back; a function never does, for its environment ends with them."""
        self._dependencies.close()

    def _run(self, queue: Queue) -> BatchRun:
        dependencies, settings = self._dependencies, self._settings
        calls = Calls(dependencies.clock)
        waiting = Waiting(dependencies.pause, dependencies.rng, urgent=queue is Queue.LEAVERS)
        okta = dependencies.okta.client(queue, calls, waiting)
        genesys = dependencies.genesys.client(queue, calls, waiting)
        organisation = Organisation(
            dependencies.store, genesys, dependencies.genesys.organisation, dependencies.rng, self._confirmed
        )
        breakers = Breakers(
            dependencies.store,
            dependencies.clock,
            {"okta": okta.app, "genesys": genesys.probe, UPSTREAM: organisation.verify},
            urgent=queue is Queue.LEAVERS,
        )
        calls.refusals.shared = breakers
        out_of_scope = OutOfScope(dependencies.store, dependencies.clock)
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
                linked_names=dependencies.linked_names,
                out_of_scope=out_of_scope,
            ),
            passes_over=out_of_scope.passes_over,
            store=dependencies.store,
            sqs=dependencies.sqs,
            idempotency=dependencies.idempotency,
            clock=dependencies.clock,
            rng=dependencies.rng,
            calls=calls,
            waiting=waiting,
            hold_call=genesys.hold,
            breakers=breakers,
            organisation=organisation,
            mode=settings.provisioning.mode,
            backoff=Backoff(settings.backoff_seconds, settings.backoff_limit_seconds),
            read_lag=timedelta(seconds=settings.provisioning.read_lag_seconds),
            urgent=queue is Queue.LEAVERS,
        )


def _queue_name(url: str) -> str:
    return url.rpartition("/")[2]
