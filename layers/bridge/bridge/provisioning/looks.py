"""The three looks over their ports: what the consumer runs, and what the operations function tries without writing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bridge.provisioning.accounts import Accounts
from bridge.provisioning.application import AppLook
from bridge.provisioning.assignments import Assignments
from bridge.provisioning.deactivations import Deactivations
from bridge.provisioning.fingerprints import Fingerprints
from bridge.provisioning.groups import GroupLook
from bridge.provisioning.holds import HoldLife
from bridge.provisioning.linking import Linking
from bridge.provisioning.look import Look
from bridge.provisioning.ports import Clock, GenesysScim, LaneSender, Notifier, OktaReader, UserMapper
from bridge.provisioning.record_ports import Store
from bridge.provisioning.users import UserLook
from bridge.settings import ProvisioningSettings


def build_looks(
    settings: ProvisioningSettings,
    *,
    okta: OktaReader,
    genesys: GenesysScim,
    store: Store,
    lanes: LaneSender,
    mapper: UserMapper,
    notifier: Notifier,
    clock: Clock,
    hash_key: Callable[[], bytes],
    make_password: Callable[[], str],
) -> dict[str, Look]:
    """The looks by kind of entity: ``user``, ``group`` and ``app``."""
    assignments = Assignments(okta, store, clock, lag=timedelta(seconds=settings.read_lag_seconds))
    linking = Linking(okta, store, clock, settings)
    accounts = Accounts(
        genesys=genesys,
        okta=okta,
        store=store,
        lanes=lanes,
        clock=clock,
        settings=settings,
        fingerprints=Fingerprints(hash_key),
        make_password=make_password,
    )
    life = HoldLife(store, notifier, clock)
    deactivations = Deactivations(okta=okta, store=store, lanes=lanes, clock=clock, life=life, settings=settings)
    return {
        "user": UserLook(
            okta=okta,
            accounts=accounts,
            mapper=mapper,
            store=store,
            lanes=lanes,
            clock=clock,
            assignments=assignments,
            deactivations=deactivations,
            linking=linking,
            settings=settings,
        ),
        "group": GroupLook(
            okta=okta,
            genesys=genesys,
            store=store,
            clock=clock,
            life=life,
            linking=linking,
            settings=settings,
        ),
        "app": AppLook(
            store=store,
            lanes=lanes,
            assignments=assignments,
            deactivations=deactivations,
            linking=linking,
            settings=settings,
        ),
    }
