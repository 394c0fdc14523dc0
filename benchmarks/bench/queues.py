"""FIFO queues for many thousand messages: the behaviour of `FifoQueues`, found by index in place of a search.

A test holds the two to each other. The queue of a benchmark has a message for each of 10,000 people, and eight
environments that ask it.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bridge.items import Queue
from bridge_local.exchange import Now
from bridge_local.fifo import DEDUPLICATION, FifoQueues, Message, record_of


class IndexedQueues(FifoQueues):
    """As `FifoQueues`, with the messages of each group in order and the groups by when they can be received."""

    def __init__(self, now: Now, *, group_delay: float = 7.0) -> None:
        """As `FifoQueues`."""
        super().__init__(now, group_delay=group_delay)
        self._groups: dict[Queue, dict[str, deque[Message]]] = {queue: {} for queue in self.queues}
        #: Groups by the moment at which their first message becomes visible; what has changed since is skipped.
        self._later: dict[Queue, list[tuple[datetime, int, str]]] = {queue: [] for queue in self.queues}
        #: Groups whose first message is visible, by its number.
        self._ready: dict[Queue, list[tuple[int, str]]] = {queue: [] for queue in self.queues}
        self._by_handle: dict[str, Message] = {}
        self.receives = 0

    def put(self, queue: Queue, group: str, deduplication_id: str, body: str) -> None:
        """As `FifoQueues.put`."""
        fifo, now = self.queues[queue], self._now()
        key = (group, deduplication_id)
        if key in fifo.seen and now - fifo.seen[key] < DEDUPLICATION:
            return
        fifo.seen[key] = now
        self._sent += 1
        message = Message(
            number=self._sent,
            id=f"message-{self._sent}",
            group=group,
            deduplication_id=deduplication_id,
            body=body,
            sent=now,
            visible=now + fifo.delay,
        )
        waiting = self._groups[queue].setdefault(group, deque())
        waiting.append(message)
        if len(waiting) == 1:
            self._note(queue, message)

    def receive(self, queue: Queue) -> dict[str, Any] | None:
        """As `FifoQueues.receive`."""
        fifo, now = self.queues[queue], self._now()
        self._make_ready(queue, now)
        ready, taken = self._ready[queue], list[Message]()
        while ready and len(taken) < fifo.batch:
            number, group = heapq.heappop(ready)
            message = self._at(queue, group, number)
            if message is None or message.visible > now or message in taken:
                continue
            messages = self._groups[queue][group]
            place = messages.index(message)
            if place and messages[place - 1] not in taken:
                continue  # an earlier one of the group is in flight
            message.receives += 1
            message.first_receive = message.first_receive or now
            taken.append(message)
            if place + 1 < len(messages) and messages[place + 1].visible <= now:
                heapq.heappush(ready, (messages[place + 1].number, group))
        for message in taken:
            message.visible = now + fifo.visibility
            message.handle = f"{message.id}#{message.receives}"
            self._by_handle[message.handle] = message
        for group in {message.group for message in taken}:
            self._note(queue, self._groups[queue][group][0])
        self.receives += len(taken)
        return {"Records": [record_of(fifo, message) for message in taken]} if taken else None

    def answer(self, queue: Queue, event: Mapping[str, Any], answer: Mapping[str, Any] | None) -> None:
        """As `FifoQueues.answer`."""
        failed = {failure["itemIdentifier"] for failure in (answer or {}).get("batchItemFailures", [])}
        for record in event["Records"]:
            message = self._by_handle.pop(record["receiptHandle"], None)
            if message is None or message.handle != record["receiptHandle"] or record["messageId"] in failed:
                continue
            messages = self._groups[queue][message.group]
            messages.remove(message)
            if messages:
                self._note(queue, messages[0])
            else:
                del self._groups[queue][message.group]

    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """As `FifoQueues.change_message_visibility_batch`."""
        queue, now = next(queue for queue, fifo in self.queues.items() if fifo.url == QueueUrl), self._now()
        changed, refused = [], []
        for entry in Entries:
            message = self._by_handle.get(entry["ReceiptHandle"])
            if message is None or message.handle != entry["ReceiptHandle"] or message.visible <= now:
                refused.append({"Id": entry["Id"], "SenderFault": True, "Code": "InvalidParameterValue"})
                continue
            message.visible = now + timedelta(seconds=entry["VisibilityTimeout"])
            if self._groups[queue][message.group][0] is message:
                self._note(queue, message)
            changed.append({"Id": entry["Id"]})
        return {"Successful": changed, "Failed": refused}

    def soonest(self, queue: Queue) -> datetime | None:
        """When a queue's next message can be received, None when it is empty."""
        self._make_ready(queue, self._now())
        if self._ready[queue]:
            return self._now()
        return self._later[queue][0][0] if self._later[queue] else None

    def next_visible(self) -> datetime | None:
        """As `FifoQueues.next_visible`."""
        return min(filter(None, map(self.soonest, self.queues)), default=None)

    def depth(self) -> int:
        """As `FifoQueues.depth`."""
        return sum(len(messages) for groups in self._groups.values() for messages in groups.values())

    def waiting(self) -> int:
        """As `FifoQueues.waiting`."""
        return sum(len(each) for queue in (Queue.LEAVERS, Queue.USERS) for each in self._groups[queue].values())

    def _note(self, queue: Queue, first: Message) -> None:
        heapq.heappush(self._later[queue], (first.visible, first.number, first.group))

    def _make_ready(self, queue: Queue, now: datetime) -> None:
        """Move the groups whose time has come; drop what is no longer so."""
        later = self._later[queue]
        while later:
            visible, number, group = later[0]
            message = self._at(queue, group, number)
            current = message is not None and message is self._groups[queue][group][0] and message.visible == visible
            if current and visible > now:
                return
            heapq.heappop(later)
            if current:
                heapq.heappush(self._ready[queue], (number, group))

    def _at(self, queue: Queue, group: str, number: int) -> Message | None:
        return next((each for each in self._groups[queue].get(group, ()) if each.number == number), None)
