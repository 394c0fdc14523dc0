"""The items of a run, one id for each entity however often the run comes by, and who needs none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bridge.items import Item, Reason, Shown, make_item
from bridge.provisioning.hold_ports import Holds
from bridge.provisioning.runs import Run


def user_items(run: Run, okta_ids: Iterable[str]) -> list[Item]:
    """Items for users; a run that died and goes on sends the same ones again."""
    return [make_item(f"user:{okta_id}", Reason.RECONCILE, f"run:{run.number}") for okta_id in dict.fromkeys(okta_ids)]


def items_with(run: Run, shown: Mapping[str, Shown | None]) -> list[Item]:
    """Items for users: Okta id -> what a listing showed of their account."""
    return [
        make_item(f"user:{okta_id}", Reason.RECONCILE, f"run:{run.number}", shown=each)
        for okta_id, each in shown.items()
    ]


def group_items(run: Run, okta_ids: Iterable[str]) -> list[Item]:
    """Items for groups, likewise."""
    return [make_item(f"group:{okta_id}", Reason.RECONCILE, f"run:{run.number}") for okta_id in okta_ids]


def waiting_users(store: Holds, entity: str) -> frozenset[str]:
    """Okta ids of those whose removal already waits for a person."""
    hold = store.hold(entity)
    if hold is None or not hold.blocks:
        return frozenset()
    return frozenset(store.staged(entity, hold.number))
