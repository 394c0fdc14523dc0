"""Removals that wait for a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from bridge.errors import FenceMoved
from bridge.provisioning.hold_records import Decision, Hold, HoldState
from bridge_local.memory.base import Guarded


@dataclass
class MemoryHolds(Guarded):
    """`Holds` of `bridge.provisioning.record_ports`.

    Attributes:
        saved_holds: every saved header, in the order of saving.
        staged_users: (entity, number, Okta user id) -> revision.
        decisions: (entity, number) -> the decision that counts.
        reminders: (entity, number) -> when people were last reminded.
        under_release: entity -> (number, how many are left) of an approved hold.
    """

    saved_holds: list[Hold] = field(default_factory=list)
    staged_users: dict[tuple[str, int, str], int] = field(default_factory=dict)
    decisions: dict[tuple[str, int], Decision] = field(default_factory=dict)
    reminders: dict[tuple[str, int], datetime] = field(default_factory=dict)
    under_release: dict[str, tuple[int, int]] = field(default_factory=dict)
    _holds: dict[str, Hold] = field(default_factory=dict, repr=False)

    def hold(self, entity: str) -> Hold | None:
        with self._lock:
            return self._holds.get(entity)

    def save_hold(self, hold: Hold) -> None:
        with self._lock:
            newest = self._holds.get(hold.entity)
            if newest is None or newest.number <= hold.number:
                if newest is not None and _age(newest) > _age(hold):
                    raise FenceMoved(hold.entity)
                self._holds[hold.entity] = hold
            self.saved_holds.append(hold)

    def replace_hold(self, before: Hold | None, hold: Hold) -> None:
        with self._lock:
            stands = self._holds.get(hold.entity)
            if (stands and _read(stands)) != (before and _read(before)):
                raise FenceMoved(hold.entity)
            self._holds[hold.entity] = hold
            self.saved_holds.append(hold)

    def hold_history(self, entity: str) -> list[Hold]:
        with self._lock:
            return [hold for hold in self.saved_holds if hold.entity == entity]

    def open_hold_entities(self) -> list[str]:
        with self._lock:
            return sorted(entity for entity, hold in self._holds.items() if hold.blocks)

    def staged(self, entity: str, number: int) -> dict[str, int]:
        with self._lock:
            return {
                user: revision
                for (owner, hold, user), revision in self.staged_users.items()
                if owner == entity and hold == number
            }

    def stage(self, entity: str, number: int, revision: int, user_ids: Iterable[str]) -> None:
        with self._lock:
            header = self._holds.get(entity)
            if header is None or (header.number, header.revision) != (number, revision):
                raise FenceMoved(entity)
            self.staged_users.update({(entity, number, user): revision for user in user_ids})

    def unstage(self, entity: str, number: int, user_ids: Iterable[str]) -> None:
        with self._lock:
            for user in user_ids:
                self.staged_users.pop((entity, number, user), None)

    def decide(self, decision: Decision) -> Decision:
        with self._lock:
            return self.decisions.setdefault((decision.entity, decision.number), decision)

    def decision(self, entity: str, number: int) -> Decision | None:
        with self._lock:
            return self.decisions.get((entity, number))

    def reminded(self, entity: str, number: int) -> datetime | None:
        with self._lock:
            return self.reminders.get((entity, number))

    def note_reminded(self, entity: str, number: int, at: datetime) -> None:
        with self._lock:
            self.reminders[entity, number] = at

    def note_release(self, entity: str, number: int, left: int, at: datetime) -> None:  # noqa: ARG002 - nothing expires here
        with self._lock:
            self.under_release[entity] = (number, left)

    def releases(self) -> dict[str, tuple[int, int]]:
        with self._lock:
            return dict(self.under_release)


def _read(hold: Hold) -> tuple[int, int, datetime, HoldState]:
    return hold.number, hold.revision, hold.changed, hold.state


def _age(hold: Hold) -> tuple[int, int, datetime]:
    return hold.number, hold.revision, hold.changed
