"""Putting the operations function together: from settings and dependencies to one object that answers."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from bridge.aws.causes import Causes
from bridge.aws.dependencies import Dependencies
from bridge.aws.names import Names
from bridge.aws.soundings import Soundings
from bridge.aws.upstreams import log_clients
from bridge.items import Queue
from bridge.operations.because import BecauseService
from bridge.operations.checking import CheckService
from bridge.operations.compare import Comparison
from bridge.operations.doings import LogService
from bridge.operations.explain import Explanation
from bridge.operations.export import ExportService
from bridge.operations.group_links import GroupService
from bridge.operations.holds import HoldService
from bridge.operations.lost_roles import LostRolesService
from bridge.operations.maps import MapService
from bridge.operations.matching import MatchService
from bridge.operations.naming import NamingService
from bridge.operations.operations import Operations
from bridge.operations.organisation import OrganisationService
from bridge.operations.parking import ParkedService
from bridge.operations.preview import Preview
from bridge.operations.reconciling import ReconcileService
from bridge.operations.settings import OperationsSettings
from bridge.operations.status import StatusService
from bridge.operations.switches import Switches
from bridge.operations.user_links import UserLinkService
from bridge.operations.widget import HoldWidget
from bridge.outbound.calls import Calls
from bridge.provisioning.record_ports import Store
from bridge.provisioning.syncs import build_syncs


def build(settings: OperationsSettings, dependencies: Dependencies) -> Operations:
    """The operations function; it reads both sides with the share of the call budget that users have."""
    store, clock, provisioning = dependencies.store, dependencies.clock, settings.provisioning
    calls = Calls(clock)
    okta = dependencies.okta.client(Queue.USERS, calls)
    genesys = dependencies.genesys.client(Queue.USERS, calls)
    reconcile = ReconcileService(store, dependencies.lambda_client, settings.reconciler, provisioning.mode)
    switches = Switches(dependencies.lambda_client, settings.mappings, store, dependencies.queues, now=clock.now)

    def hash_key() -> bytes:
        return dependencies.hash_key.get("hash_key").encode()

    syncs_over = partial(
        build_syncs,
        okta=okta,
        mapper=dependencies.mapper,
        hash_key=hash_key,
        linked_names=dependencies.linked_names,
    )

    def preview_over(records: Store) -> Preview:
        return Preview(provisioning, syncs_over, genesys=genesys, store=records, clock=clock, calls=calls)

    preview = preview_over(store)

    def named() -> str:
        dependencies.secrets.refresh()  # it may have been changed a minute ago
        return dependencies.genesys.organisation()

    holds = HoldService(store, dependencies.notifier, clock)
    status = StatusService(
        store=store,
        switches=switches,
        reconcile=reconcile,
        holds=holds,
        sqs=dependencies.sqs,
        queue_urls=settings.queue_urls,
        secrets=dependencies.secrets,
        okta=settings.okta,
        mode=provisioning.mode,
        window=timedelta(hours=provisioning.ceiling_window_hours),
        oldest=dependencies.oldest_change,
        schedule=settings.schedule,
        clock=clock,
    )
    naming = NamingService(store, Names(okta, genesys, settings.okta.app_id), provisioning)
    causes = BecauseService(store, Causes(log_clients(settings.okta, dependencies), clock))
    return Operations(
        store=store,
        queues=dependencies.queues,
        holds=holds,
        parked=ParkedService(store, dependencies.queues, clock),
        groups=GroupService(store, dependencies.queues),
        switches=switches,
        organisation=OrganisationService(store, clock, named),
        status=status,
        checks=CheckService(
            settings,
            soundings=lambda: Soundings(settings.okta, dependencies),
            secrets=lambda: dependencies.replace().secrets,
            store=store,
            switches=switches,
            status=status,
            linked_names=dependencies.linked_names,
            map_refused=lambda: dependencies.map_refused,
        ),
        reconcile=reconcile,
        preview=preview,
        explanation=Explanation(store, preview, switches, provisioning.mode),
        comparison=Comparison(okta, genesys, store, dependencies.mapper, preview),
        naming=naming,
        users=UserLinkService(okta, genesys, store, dependencies.queues, clock, preview_over, mode=provisioning.mode),
        lost_roles=LostRolesService(store, clock),
        causes=causes,
        matching=MatchService(okta, genesys, store, dependencies.mapper, hash_key, dependencies.queues, clock),
        maps=MapService(
            okta,
            dependencies.mapper,
            dependencies.map_of,
            lambda mapper: Comparison(okta, genesys, store, mapper, preview),
        ),
        doings=LogService(store, clock),
        board=HoldWidget(holds, naming, causes, clock, dependencies.stack),
        exports=ExportService(store, lambda: dependencies.map_text),
        refresh=dependencies.refresh,
    )
