"""Whom events alone need not bring in the end, each with its reason; everybody else is right before any reconcile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bridge.provisioning.permissions import PERMITS

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

#: Answers that are well formed and untrue. Whom one was about is right again with their next event, or the next
#: reconcile; every other fault is noticed, and ends with a retry or a parked record.
UNTRUE = frozenset(
    {
        "okta-empty-listing",  # a new member is not listed; who is not listed is asked for alone
        "okta-short-listing",  # likewise
        "okta-empty-own-groups",  # the groups of somebody new or back are not brought
        "okta-narrowed-role",  # somebody new passes for nobody's concern
        "okta-dates",  # with a clock that differs, an older reading passes for a newer one
        "genesys-pretended",  # an account is said to be inactive, and is not
        "genesys-cut-members",  # who left is not among the members shown
        "not found",  # a group that is there is taken for deleted: its members are held, and nobody is added
    }
)


#: Ids have so many characters or more; other words of a path or an entity stand for nobody.
_ID = 20
_EVER = datetime(1971, 1, 1, tzinfo=UTC)


def excused(simulation: Simulation) -> frozenset[str]:
    """Ids of Okta users, Okta groups, accounts and Genesys Cloud groups."""
    world = simulation.world
    ids = {
        # A person decides about what is parked.
        *(parked.entity.partition(":")[2] for parked in world.store.parked.values()),
        # A value that Genesys Cloud refused, or did not take, is tried again after seven days, or by an operator.
        *(link.okta_id for link in world.store.user_links.values() if link.refused),
        # What is done in Genesys Cloud raises no event in Okta.
        *simulation.company.touched,
        *_lied_about(simulation),
        # A person has approved their end, and a pause keeps it back.
        *(world.store.permitted(PERMITS, _EVER) if simulation.promises.paused else ()),
    }
    accounts = {each.id: each.external_id for each in world.genesys.directory.users.values()}  # the deleted ones too
    ids |= {account for account, owner in accounts.items() if owner in ids}
    ids |= {owner for account, owner in accounts.items() if account in ids and owner}
    groups = {link.okta_id: link.genesys_id for link in world.store.group_links.values() if link.genesys_id}
    ids |= {okta_group for okta_group, genesys_group in groups.items() if genesys_group in ids}
    return frozenset(each for each in ids if len(each) >= _ID)


def _lied_about(simulation: Simulation) -> Iterator[str]:
    """Whom an untrue answer was about: the ids in the path of its request."""
    for name, path, _ in simulation.bad.met:
        if name in UNTRUE:
            yield from path.split("/")
