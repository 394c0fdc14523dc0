"""Items that no event asks for: those of one entity's sync for another, and those whose time has come."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.items import Item, Queue, Reason, make_item
from bridge.provisioning.bursts import gathers
from bridge.provisioning.ports import QueueSender
from bridge.provisioning.record_ports import DueRecords, GroupLinks
from bridge.provisioning.records import Due


@dataclass(frozen=True)
class Joining:
    """Somebody whose account has become active, and the groups that should have them; `now` is our time."""

    okta_id: str
    groups: AbstractSet[str]
    now: datetime


#: Whose access must end, however long the service refuses it.
LEAVER = "leaver"


def group_follow_ups(records: GroupLinks, group_ids: Iterable[str], joining: Joining | None = None) -> list[Item]:
    """An item for each group, named by the group's present sync number.

    Read the number *after* the write that the group must see. A sync adds 1 before it reads anything, so an item
    of the same number is one whose sync has not begun: it will see the write, and may stand for this item too.
    However many users enqueue a group, it costs one sync for each time it is synced, and no clock is involved.

    An item names anyone who is `joining` the group, for a sync that sees to them alone; it stands for nobody else.
    While a group gathers a burst it is enqueued as a whole, for there are others.
    """
    items = []
    for group_id in sorted(set(group_ids)):
        link = records.group(group_id)
        number = str(link.sync_number if link else 0)
        users = None
        if joining is not None and group_id in joining.groups and link is not None and not gathers(link, joining.now):
            users, number = (joining.okta_id,), f"{number}:{joining.okta_id}"
        items.append(make_item(f"group:{group_id}", Reason.FOLLOW_UP, number, users=users))
    return items


def due_item(due: Due) -> Item:
    """The item of a due record; sent twice, it is the same one."""
    item = make_item(due.entity, Reason.FOLLOW_UP, f"due:{due.why}:{due.at.isoformat()}")
    queue = Queue.LEAVERS if due.why == LEAVER else item.queue
    return replace(item, due=due.why, tries=due.tries, queue=queue)


def send_dues(records: DueRecords, queues: QueueSender, now: datetime) -> int:
    """Send an item for each record whose time has come, and forget the record; how many there were.

    Who dies between the two sends the item once more. A record that is written again meanwhile stays.

    Raises:
        Transient: the store or a queue is out of reach; what is left goes with the next call.
    """
    come = sorted((due for due in records.dues() if due.at <= now), key=lambda due: due.at)
    for due in come:
        queues.send([due_item(due)])
        records.settle_due(due.entity, due.why, at=due.at)
    return len(come)
