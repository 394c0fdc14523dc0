"""What an operator says about one group: that it is linked or not, and its own removal ceiling."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

from bridge.errors import FenceMoved, Transient
from bridge.items import Reason, make_item
from bridge.operations import answers
from bridge.operations.requests import GroupCeiling, GroupLink
from bridge.provisioning import records
from bridge.provisioning.linking import LINKED_BY_OPERATOR, UNLINKED_BY_OPERATOR
from bridge.provisioning.ports import QueueSender
from bridge.provisioning.record_ports import GroupLinks
from bridge.provisioning.sync import FENCE_ATTEMPTS


class GroupService:
    """Changes group links under the fence of the group's syncs, and enqueues the group."""

    def __init__(
        self, store: GroupLinks, queues: QueueSender, *, dedup_key: Callable[[], str] = lambda: secrets.token_hex(16)
    ) -> None:
        """`dedup_key` makes items new."""
        self._store = store
        self._queues = queues
        self._dedup_key = dedup_key

    def link(self, asked: GroupLink) -> answers.GroupChanged:
        """Answers ``group.link`` and ``group.unlink``: an operator's decision outlasts every rule."""
        rule = LINKED_BY_OPERATOR if asked.do == "group.link" else UNLINKED_BY_OPERATOR
        return self._change(asked.entity, lambda link: replace(link, linked_by=rule))

    def ceiling(self, asked: GroupCeiling) -> answers.GroupChanged:
        """Answers ``group.ceiling``."""
        return self._change(
            asked.entity, lambda link: replace(link, ceiling=asked.count, ceiling_percent=asked.percent)
        )

    def _change(self, entity: str, change: Callable[[records.GroupLink], records.GroupLink]) -> answers.GroupChanged:
        link = self._save(entity.removeprefix("group:"), change)
        item = make_item(entity, Reason.OPERATOR, self._dedup_key())
        self._queues.send([item])
        return answers.GroupChanged(
            entity=entity,
            linked_by=link.linked_by,
            ceiling=link.ceiling,
            ceiling_percent=link.ceiling_percent,
            item=item.id,
        )

    def _save(self, okta_id: str, change: Callable[[records.GroupLink], records.GroupLink]) -> records.GroupLink:
        """A sync that is being made starts again, so that it never writes over an operator's decision."""
        for _ in range(FENCE_ATTEMPTS):
            link = change(self._store.begin_group_sync(okta_id))
            try:
                self._store.save_group(link)
            except FenceMoved:
                continue
            return link
        raise Transient("fence-moved", upstream="store")
