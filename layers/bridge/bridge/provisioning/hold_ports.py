"""What the bridge remembers of removals and holds, as interfaces: a part of `record_ports.Store`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from bridge.provisioning.hold_records import Decision, Hold, LeaverRecords
from bridge.provisioning.writes import writes


class Removals(Protocol):
    """What the ceilings count and what holds keep. `entity` is a group's, or ``app`` for deactivations."""

    def removals(self, entity: str, since: datetime) -> frozenset[str]:
        """Okta user ids with a counted removal record (reserved or done) at or after `since`."""
        ...

    def reserve(self, entity: str, user_ids: Iterable[str], at: datetime) -> None:
        """Write or move the record of each user to `at`, as reserved. Only after all are written, return."""
        ...

    def complete(self, entity: str, user_ids: Iterable[str], at: datetime, *, permits: str = "") -> None:
        """Mark the records done, at the time the call had ended; those of `permits`, if it is named, are forgotten."""
        ...

    def permit(self, entity: str, user_ids: Iterable[str], at: datetime) -> None:
        """Write or move the record of each user to `at`, as approved: not counted."""
        ...

    def permitted(self, entity: str, since: datetime) -> frozenset[str]:
        """Okta user ids whose removal was approved at or after `since` and has not been carried out."""
        ...

    def withdraw(self, entity: str, user_ids: Iterable[str]) -> None:
        """Forget the removal records of these users."""
        ...

    def exceptions(self, entity: str) -> frozenset[str]:
        """Okta user ids that a rejected hold keeps in the group."""
        ...

    def add_exceptions(self, entity: str, user_ids: Iterable[str]) -> None:
        """Keep these users in the group until they are desired there again."""
        ...

    def remove_exceptions(self, entity: str, user_ids: Iterable[str]) -> None:
        """End the exceptions of these users."""
        ...

    def seen(self, entity: str) -> frozenset[str]:
        """Adopted users whom a sync has seen in this Okta group."""
        ...

    def add_seen(self, entity: str, user_ids: Iterable[str]) -> None:
        """Remember them."""
        ...


class Holds(Protocol):
    """Removals that wait for a person. `entity` is a group's, or ``app`` for deactivations."""

    def hold(self, entity: str) -> Hold | None:
        """The entity's newest hold, whatever its state."""
        ...

    def leaving(self, entity: str, okta_id: str, others: Iterable[str] = ()) -> LeaverRecords:
        """What is on record of one user's removal, by one read, strongly consistent; also under `others`."""
        ...

    def save_hold(self, hold: Hold) -> None:
        """Write the header; it stands for the entity's newest hold. Its change is kept in the hold's history.

        Raises:
            FenceMoved: a later revision, or a later change of the same one, stands there; nothing was written.
        """
        ...

    def replace_hold(self, before: Hold | None, hold: Hold) -> None:
        """Write the header in place of the one that was read, None where there was none; otherwise as `save_hold`.

        Raises:
            FenceMoved: somebody has written another one meanwhile; nothing was written.
        """
        ...

    def hold_history(self, entity: str) -> list[Hold]:
        """Every header the entity's holds have had, oldest first."""
        ...

    def open_hold_entities(self) -> list[str]:
        """The entities that have an open hold."""
        ...

    def staged(self, entity: str, number: int) -> dict[str, int]:
        """Okta user id -> revision in which the user was staged in hold `number`."""
        ...

    def stage(self, entity: str, number: int, revision: int, user_ids: Iterable[str]) -> None:
        """Stage users in a hold.

        Raises:
            FenceMoved: its header is no longer of that revision; who comes then is not staged.
        """
        ...

    def unstage(self, entity: str, number: int, user_ids: Iterable[str]) -> None:
        """Take users out of a hold."""
        ...

    @writes
    def decide(self, decision: Decision) -> Decision:
        """Keep a decision unless the hold has one already; the one that counts."""
        ...

    def decision(self, entity: str, number: int) -> Decision | None:
        """What a person decided about hold `number`."""
        ...

    def reminded(self, entity: str, number: int) -> datetime | None:
        """When people were last reminded of hold `number`; None when never."""
        ...

    def note_reminded(self, entity: str, number: int, at: datetime) -> None:
        """Remember that people were reminded. A record of its own: only the entity's sync writes the header."""
        ...

    def note_release(self, entity: str, number: int, left: int, at: datetime) -> None:
        """Remember how many people of the approved hold `number` are still to go, for those who watch it."""
        ...

    def releases(self) -> dict[str, tuple[int, int]]:
        """By entity, what `note_release` was last told: the hold's number, and how many were left then."""
        ...
