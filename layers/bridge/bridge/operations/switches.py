"""Pausing: everything, by Lambda's event source mappings; removals alone, by a switch that every sync reads."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Transient
from bridge.items import Reason, make_item
from bridge.operations import bridge_answers
from bridge.operations.requests import Pause
from bridge.provisioning.hold_ports import Holds, Removals
from bridge.provisioning.hold_records import HoldState
from bridge.provisioning.permissions import APPROVAL_AGE, PERMITS
from bridge.provisioning.ports import QueueSender
from bridge.provisioning.record_ports import AppRecords, GroupLinks

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

#: States of a mapping that reads nothing any more (Lambda API reference, GetEventSourceMapping).
_OFF = frozenset({"Disabled", "Disabling"})


class AppAndHolds(AppRecords, GroupLinks, Holds, Removals, Protocol):
    """The switch of removals, and the groups, holds and approved people that wait meanwhile."""


class Switches:
    """What an operator can stop and start again."""

    def __init__(
        self,
        client: LambdaClient,
        mappings: Mapping[str, str],
        store: AppAndHolds,
        queues: QueueSender,
        *,
        now: Callable[[], datetime],
        dedup_key: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        """`mappings`: queue -> id of the event source mapping that reads it; `dedup_key` makes items new."""
        self._now = now
        self._client = client
        self._mappings = mappings
        self._store = store
        self._queues = queues
        self._dedup_key = dedup_key

    def set(self, asked: Pause) -> bridge_answers.Paused:
        """Answers ``pause`` and ``resume``."""
        paused = asked.do == "pause"
        if asked.what == "removals":
            since = self._store.app().paused_since or self._now()  # a second pause begins no other one
            self._store.pause_removals(paused=paused, at=since)
            if not paused:
                self._enqueue_decided()
            reading = self.reading()
        else:
            reading = {queue: self._enable(id_, not paused) for queue, id_ in self._mappings.items()}
            self._store.note_stopped((self._store.app().stopped_since or self._now()) if paused else None)
        return bridge_answers.Paused(everything=not any(reading.values()), removals=self._store.app().removals_paused)

    def _enqueue_decided(self) -> None:
        """What people decided is carried out now, be it that the pause has kept it back or cut it off half-way."""
        waiting = self._store.open_hold_entities()
        begun = [link.entity for link in self._store.groups() if link.entity not in waiting]
        decided = [
            entity
            for entity in waiting
            if (hold := self._store.hold(entity)) and self._store.decision(entity, hold.number)
        ]
        decided += [
            entity for entity in begun if (hold := self._store.hold(entity)) and hold.state is HoldState.APPROVED
        ]
        permitted = self._store.permitted(PERMITS, self._now() - APPROVAL_AGE)  # their hold is done
        decided += [f"user:{okta_id}" for okta_id in sorted(permitted)]
        self._queues.send([make_item(entity, Reason.HOLD, self._dedup_key()) for entity in decided])

    def reading(self) -> dict[str, bool]:
        """Whether each queue is read."""
        reading = {}
        for queue, id_ in self._mappings.items():
            try:
                reading[queue] = self._client.get_event_source_mapping(UUID=id_)["State"] not in _OFF
            except (BotoCoreError, ClientError) as error:
                raise _unavailable(error) from None
        return reading

    def _enable(self, id_: str, wanted: bool) -> bool:
        """Whether the queue is going to be read; Lambda takes some seconds to follow."""
        try:
            self._client.update_event_source_mapping(UUID=id_, Enabled=wanted)
        except (BotoCoreError, ClientError) as error:
            raise _unavailable(error) from None
        return wanted


def _unavailable(error: BotoCoreError | ClientError) -> Transient:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    return Transient("queues-switch", detail=code, upstream="lambda")
