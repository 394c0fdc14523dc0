"""The three syncs over their ports: what the consumer runs, and what the operations function tries without writing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from bridge.provisioning.account_writer import AccountWriter, ObservingWriter
from bridge.provisioning.accounts import Accounts
from bridge.provisioning.application import AppSync
from bridge.provisioning.assignments import Assignments
from bridge.provisioning.deactivations import Deactivations
from bridge.provisioning.enforcing_writer import EnforcingWriter
from bridge.provisioning.fingerprints import Fingerprints
from bridge.provisioning.groups import GroupSync
from bridge.provisioning.holds import HoldLifecycle
from bridge.provisioning.linking import Linking
from bridge.provisioning.listing import ListedUsers
from bridge.provisioning.managers import Managers
from bridge.provisioning.matching import Matching
from bridge.provisioning.out_of_scope import OutOfScope
from bridge.provisioning.permissions import Permissions
from bridge.provisioning.ports import Clock, GenesysScim, Notifier, OktaReader, QueueSender, UserMapper
from bridge.provisioning.protected import ProtectedPeople
from bridge.provisioning.record_ports import Store
from bridge.provisioning.storms import Storms
from bridge.provisioning.sync import Sync
from bridge.provisioning.users import UserSync
from bridge.settings import Mode, ProvisioningSettings


def build_syncs(
    settings: ProvisioningSettings,
    *,
    okta: OktaReader,
    genesys: GenesysScim,
    store: Store,
    queues: QueueSender,
    mapper: UserMapper,
    notifier: Notifier,
    clock: Clock,
    hash_key: Callable[[], bytes],
    make_password: Callable[[], str],
    linked_names: Callable[[], Iterable[str]],
    out_of_scope: OutOfScope | None = None,
    counts_observed: bool = True,
) -> dict[str, Sync]:
    """The syncs by kind of entity: ``user``, ``group`` and ``app``.

    `counts_observed`: whether what observe mode kept back counts as done, in that mode.
    """
    assignments = Assignments(okta, store, clock)
    listed = ListedUsers(okta, store, clock)
    storms = Storms(assignments, listed, okta, clock, lag=timedelta(seconds=settings.read_lag_seconds))
    linking = Linking(okta, store, clock, settings, linked_names)
    matching = Matching(genesys, okta, store, queues, clock)
    fingerprints = Fingerprints(hash_key, map_digest=mapper.digest)
    writer: AccountWriter = ObservingWriter(matching)
    if settings.mode is Mode.ENFORCE:
        writer = EnforcingWriter(
            genesys=genesys,
            store=store,
            matching=matching,
            clock=clock,
            settings=settings,
            fingerprints=fingerprints,
            make_password=make_password,
        )
    accounts = Accounts(
        matching=matching, writer=writer, store=store, clock=clock, settings=settings, fingerprints=fingerprints
    )
    protected = ProtectedPeople(okta, store, clock, settings.protected_group)
    window = timedelta(hours=settings.ceiling_window_hours)
    lifecycle = HoldLifecycle(store, notifier, clock, protected, window, settings.mode is Mode.OBSERVE)
    permissions = Permissions(
        store=store,
        queues=queues,
        clock=clock,
        assignments=assignments,
        protected=protected,
        settings=settings,
        counts_observed=counts_observed,
    )
    deactivations = Deactivations(
        listed=ListedUsers(okta, store, clock),
        store=store,
        queues=queues,
        lifecycle=lifecycle,
        assignments=assignments,
        permissions=permissions,
        settings=settings,
    )
    return {
        "user": UserSync(
            okta=okta,
            accounts=accounts,
            mapper=mapper,
            store=store,
            queues=queues,
            clock=clock,
            assignments=assignments,
            permissions=permissions,
            storms=storms,
            linking=linking,
            managers=Managers(store, fingerprints, clock),
            settings=settings,
        ),
        "group": GroupSync(
            okta=okta,
            genesys=genesys,
            store=store,
            clock=clock,
            lifecycle=lifecycle,
            linking=linking,
            out_of_scope=out_of_scope or OutOfScope(store, clock),
            settings=settings,
        ),
        "app": AppSync(
            store=store,
            queues=queues,
            assignments=assignments,
            deactivations=deactivations,
            linking=linking,
        ),
    }
