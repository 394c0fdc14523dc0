"""Items that one entity's look brings for another entity."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.items import Item, Reason, fresh_item
from bridge.provisioning.record_ports import GroupLinks


def group_follow_ups(records: GroupLinks, group_ids: Iterable[str]) -> list[Item]:
    """An item for each group, named by the group's present look number.

    Read the number *after* the write that the group must see. A look adds 1 before it reads anything, so an item
    of the same number is one whose look has not begun: it will see the write, and may stand for this item too.
    However many users bring a group, it costs one look for each time it is looked at, and no clock is involved.
    """
    items = []
    for group_id in sorted(set(group_ids)):
        link = records.group(group_id)
        items.append(fresh_item(f"group:{group_id}", Reason.FOLLOW_UP, str(link.look if link else 0)))
    return items
