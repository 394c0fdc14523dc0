"""Who keeps access that Okta has ended, because a person rejected a hold: exceptions, by the hold's entity."""

from __future__ import annotations

from typing import Protocol

from bridge.provisioning.hold_ports import Removals
from bridge.provisioning.record_ports import GroupLinks


class LinksAndExceptions(GroupLinks, Removals, Protocol):
    """Every group that may have exceptions, and these."""


def standing(store: LinksAndExceptions) -> dict[str, frozenset[str]]:
    """Entity (a group's, or ``app``) -> Okta ids of its exceptions; entities without any are missing."""
    entities = ["app", *sorted(link.entity for link in store.groups())]
    return {entity: users for entity in entities if (users := store.exceptions(entity))}
