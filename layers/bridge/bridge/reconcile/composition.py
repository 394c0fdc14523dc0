"""Putting the reconciler together: from settings and dependencies to one object that answers its events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import TypeAdapter

from bridge.aws.dependencies import Dependencies
from bridge.aws.telemetry import Metric, count, count_scim, gauge_headroom
from bridge.errors import Transient
from bridge.items import Queue, Reason, is_entity, make_item
from bridge.outbound.calls import Calls
from bridge.provisioning.fingerprints import Fingerprints
from bridge.provisioning.linking import Linking
from bridge.provisioning.runs import NotYet, Run
from bridge.reconcile.accounts import Accounts
from bridge.reconcile.assigned import AssignedUsers
from bridge.reconcile.groups import Groups
from bridge.reconcile.reconciler import Phases, Reconciler
from bridge.settings import SyncSettings

_RUN = TypeAdapter(Run)


class ReconcilerEvents:
    """Answers the reconciler's events.

    ``{"do": "start"}`` starts a whole run, or carries on the one that is under way; with ``"entity"`` it only asks for
    a sync of that user or group. ``{"do": "continue"}`` is the tick that carries runs on. The ``outcome`` in the answer
    is ``ended``, ``waits``, ``failed`` or ``nothing``, with the newest run as it stands; or ``sent``, or ``refused``.
    """

    def __init__(self, settings: SyncSettings, dependencies: Dependencies) -> None:
        """Build the clients once; tokens live in them."""
        self._dependencies = dependencies
        self._calls = Calls(dependencies.clock)
        okta = dependencies.okta.client(Queue.GROUPS, self._calls)
        genesys = dependencies.genesys.client(Queue.GROUPS, self._calls)
        fingerprints = Fingerprints(lambda: dependencies.hash_key.get("hash_key").encode())
        store, switches = dependencies.store, settings.provisioning
        linking = Linking(okta, store, dependencies.clock, switches, dependencies.linked_names)
        self._reconciler = Reconciler(
            phases=Phases(
                assigned=AssignedUsers(
                    okta=okta,
                    store=store,
                    runs=store,
                    mapper=dependencies.mapper,
                    fingerprints=fingerprints,
                    clock=dependencies.clock,
                    settings=switches,
                ),
                accounts=Accounts(
                    genesys=genesys,
                    store=store,
                    runs=store,
                    fingerprints=fingerprints,
                    mapper=dependencies.mapper,
                    settings=switches,
                ),
                groups=Groups(okta=okta, genesys=genesys, store=store, linking=linking, settings=switches),
            ),
            store=store,
            runs=store,
            queues=dependencies.queues,
            clock=dependencies.clock,
            mode=switches.mode,
            genesys_per_minute=settings.genesys.requests_per_minute,
            pause=dependencies.pause,
            window=timedelta(hours=switches.ceiling_window_hours),
        )

    def handle(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Answer an event; what is not understood is refused in words."""
        do, entity = event.get("do"), event.get("entity")
        if do == "start" and entity is not None:
            return self._sync(entity, str(context.aws_request_id))
        if do not in {"start", "continue"}:
            return refused('expected {"do": "start"}, with or without "entity", or {"do": "continue"}')

        def time_left() -> float:
            return context.get_remaining_time_in_millis() / 1000

        self._calls.begin()
        self._dependencies.refresh()
        try:
            run = self._reconciler.start(time_left) if do == "start" else self._reconciler.tick(time_left)
        except (Transient, NotYet) as error:  # the run's own record cannot be read or written now
            if do == "start":  # a tick has another one after it; what was asked for once is asked for again by a person
                count(Metric.RECONCILE_FAILED)
            return {"outcome": "waits", "why": str(error)}
        finally:
            count_scim(self._calls.take_scim_calls())
            gauge_headroom(self._calls.headroom.take())
        if run is None:
            return {"outcome": "nothing"}
        outcome = "waits" if run.unfinished else "failed" if run.failed else "ended"
        return {"outcome": outcome, "run": _RUN.dump_python(run, mode="json")}

    def _sync(self, entity: object, dedup_key: str) -> dict[str, Any]:
        if not isinstance(entity, str) or not is_entity(entity):
            return refused("expected an entity such as user:<okta id>, group:<okta id> or app")
        item = make_item(entity, Reason.RECONCILE, dedup_key)
        self._dependencies.queues.send([item])
        return {"outcome": "sent", "item": item.id}

    def close(self) -> None:
        """Give the connections back; a function never does, for its environment ends with them."""
        self._dependencies.close()


def refused(why: str) -> dict[str, Any]:
    """The answer to an event that cannot be carried out."""
    return {"outcome": "refused", "why": why}
