"""What the bridge remembers, as interfaces: links, removals, holds, the application, parked items, the journal.

`bridge.aws.store` keeps it in DynamoDB, `bridge_local.memory` in dictionaries; one contract test runs on both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Protocol

from bridge.provisioning.hold_ports import Holds, Removals
from bridge.provisioning.hold_records import Hold
from bridge.provisioning.records import (
    AppListing,
    AppState,
    Breaker,
    Due,
    GroupLink,
    JournalEntry,
    LogCursor,
    ParkedItem,
)
from bridge.provisioning.user_records import UserLink
from bridge.provisioning.writes import writes


class UserLinks(Protocol):
    """Links of users, their fence, and who owns which Genesys Cloud user."""

    def user(self, okta_id: str) -> UserLink | None:
        """The record of one user (also one that holds only a sync number), strongly consistent."""
        ...

    def users(self, okta_ids: Iterable[str]) -> dict[str, UserLink]:
        """The records of many users by Okta id, strongly consistent; who has none is missing."""
        ...

    def all_users(self) -> Iterator[UserLink]:
        """Every record of a user, page by page; also those that hold only a sync number."""
        ...

    @writes
    def begin_user_sync(self, okta_id: str) -> UserLink:
        """Add 1 to the user's sync number (making the record if need be) and return the record."""
        ...

    def save_user(self, link: UserLink) -> None:
        """Write the whole record if the stored sync number is still ``link.sync_number``.

        A link that no longer names the Genesys Cloud id it had gives that id's reverse record back; a new id is
        taken with `claim_user`, never with this.

        Raises:
            FenceMoved: another sync has begun.
        """
        ...

    def claim_user(self, link: UserLink, *, previous_owner: str = "") -> None:
        """In one transaction: `save_user(link)` and the reverse record of ``link.genesys_id``.

        With `previous_owner` (an Okta user id) the reverse record may be that user's, and that user's own link
        becomes ``gone`` without a Genesys id; its sync number moves on, so that a sync of that user starts again.

        Raises:
            FenceMoved: another sync has begun.
            OwnerTaken: somebody else owns the Genesys Cloud user.
        """
        ...

    def note_references(self, references: Iterable[str], okta_id: str) -> None:
        """Remember that these keyed hashes stand for the user; the last one who is noted counts."""
        ...

    def referenced(self, reference: str) -> str:
        """The Okta id of the user for whom a keyed hash stands, empty without one."""
        ...

    def owners(self, genesys_ids: Iterable[str]) -> dict[str, str]:
        """Genesys Cloud id (of users or groups) -> owning entity, strongly consistent; the unowned are missing."""
        ...


class GroupLinks(Protocol):
    """Links of groups, otherwise as `UserLinks`."""

    def group(self, okta_id: str) -> GroupLink | None:
        """The record of one group."""
        ...

    def groups(self) -> list[GroupLink]:
        """Every record of a group (Genesys Cloud recommends at most 500 groups)."""
        ...

    @writes
    def begin_group_sync(self, okta_id: str) -> GroupLink:
        """Add 1 to the group's sync number and return the record."""
        ...

    def hold_and_users(self, entity: str, okta_ids: Iterable[str]) -> tuple[Hold | None, dict[str, UserLink]]:
        """The newest hold of a group, and the records of users as `users`, by one read, strongly consistent."""
        ...

    def save_group(self, link: GroupLink) -> None:
        """Write the whole record, as the end of its sync, if the sync number has not moved; FenceMoved otherwise."""
        ...

    def end_group_sync(self, link: GroupLink) -> None:
        """Of the whole record write only that its sync has ended; nothing if another has begun."""
        ...

    def claim_group(self, link: GroupLink) -> None:
        """In one transaction `save_group(link)` and the reverse record; FenceMoved, OwnerTaken."""
        ...


class AppRecords(Protocol):
    """What is known of the application, and the users who wait for it."""

    def app(self) -> AppState:
        """The record, strongly consistent."""
        ...

    @writes
    def begin_app_sync(self) -> AppState:
        """Add 1 to the sync number."""
        ...

    def note_app_synced(self, date: datetime) -> None:
        """Remember Okta's ``Date`` of a successful sync."""
        ...

    def pause_removals(self, *, paused: bool, at: datetime | None = None) -> None:
        """Remember whether every removal is to be held, and since when."""
        ...

    def note_stopped(self, at: datetime | None) -> None:
        """Remember since when everything is paused, None for no more."""
        ...

    def note_restored(self, at: datetime | None) -> None:
        """The records came back from a backup: nothing is compared yet, removals are held; None ends that."""
        ...

    def note_reconciled(self, mode: str) -> None:
        """Remember that a whole reconcile has ended, and in which mode."""
        ...

    def set_bootstrapped(self) -> None:
        """Remember that the first whole reconcile has ended."""
        ...

    def confirm_organisation(self, name: str) -> None:
        """Remember which Genesys Cloud organisation is the right one: client id and host."""
        ...

    @writes
    def raise_epoch(self) -> AppState:
        """Add 1 to the epoch."""
        ...

    def note_judging(self, *, due: bool) -> None:
        """Remember whether the next sync that finds the application ACTIVE has to judge the whole change."""
        ...

    def note_app_status(self, status: str) -> None:
        """Remember the application's status."""
        ...

    def add_due(self, okta_id: str) -> None:
        """Remember that a user's deactivation waits for a sync of the application."""
        ...

    def due(self) -> list[str]:
        """Okta ids of the users who wait."""
        ...

    def remove_due(self, okta_ids: Iterable[str]) -> None:
        """Forget them."""
        ...


class ListingRecords(Protocol):
    """The application's listing as far as it has come: one at a time, ids only."""

    def listing(self) -> AppListing | None:
        """The newest listing, strongly consistent; None without one."""
        ...

    def keep_listing(self, listing: AppListing, place: str, ids: Collection[str]) -> None:
        """Keep how far it has come, one version further, and `ids` at `place`, its newest, where that is given.

        Raises:
            FenceMoved: another version than `listing`'s is kept, so somebody else goes on with it.
        """
        ...

    def listed_ids(self, place: str) -> set[str] | None:
        """The ids at one of its places; None when they are gone."""
        ...

    def drop_listing(self) -> None:
        """Forget the listing; ids at its places go with time."""
        ...


class DueRecords(Protocol):
    """What must be synced again at a time of its own; a schedule sends it, see `bridge.provisioning.followups`."""

    def note_due(self, due: Due) -> None:
        """Write the record, in place of the entity's record of the same cause."""
        ...

    def dues(self, entity: str = "") -> list[Due]:
        """The records of an entity, or of all, strongly consistent, by entity and cause."""
        ...

    def settle_due(self, entity: str, why: str, *, at: datetime | None = None) -> None:
        """Forget the record; with `at`, only while it is the one of that time and nobody has written it again."""
        ...


class Parking(Protocol):
    """What waits for a person; see `bridge.provisioning.parking`."""

    def park(self, parked: ParkedItem) -> None:
        """Write a record, in place of the entity's record of the same cause; at once it is counted as a parking."""
        ...

    def note_none_parked(self, parkings: int) -> None:
        """No record was found by a reading that began when there had been so many `AppState.parkings`."""
        ...

    def parked_items(self, entity: str = "") -> list[ParkedItem]:
        """The records of an entity, or of all, discarded ones too; by entity and cause."""
        ...

    @writes
    def close_parked(self, entity: str, *, keep: Collection[str] = ()) -> int:
        """A later sync of the entity succeeded: remove its records; how many.

        Those whose reason or cause is in `keep` still stand.
        """
        ...


class Journal(Protocol):
    """The explanation of every decision."""

    def write(self, entry: JournalEntry) -> None:
        """Keep an entry."""
        ...

    def entries(self, entity: str, limit: int) -> list[JournalEntry]:
        """The entity's last entries, newest first."""
        ...

    def log(self, since: datetime, before: str) -> Iterator[tuple[str, JournalEntry]]:
        """Every entry that says something was done since a time, the newest first, each with its place in the log.

        Only those behind the place `before`: ``<time>#<anything>``. What left everything as it was is not there.
        """
        ...

    def note_difference(self, entry: JournalEntry) -> None:
        """Keep what observe mode would have done for an entity, in place of what was kept before."""
        ...

    def clear_difference(self, entity: str) -> None:
        """Nothing would be done for the entity."""
        ...

    def differences(self) -> list[JournalEntry]:
        """What observe mode would have done, by entity."""
        ...


class BreakerRecords(Protocol):
    """Which upstreams may be called now."""

    def breaker(self, upstream: str) -> Breaker:
        """The upstream's record, that of a closed breaker when there is none."""
        ...

    def breakers_of(self, upstreams: Collection[str]) -> dict[str, Breaker]:
        """Those of several upstreams, by upstream."""
        ...

    @writes
    def save_breaker(self, breaker: Breaker) -> bool:
        """Write the record if its version has not moved since it was read; whether it was written."""
        ...


class CatchUpRecords(Protocol):
    """Where catch-up goes on."""

    def log_cursor(self) -> LogCursor | None:
        """How far the System Log has been read, None before the first run."""
        ...

    def save_log_cursor(self, cursor: LogCursor) -> None:
        """Write it."""
        ...


class Store(
    UserLinks,
    GroupLinks,
    Removals,
    Holds,
    AppRecords,
    ListingRecords,
    DueRecords,
    Parking,
    Journal,
    BreakerRecords,
    CatchUpRecords,
    Protocol,
):
    """Everything the bridge remembers.

    Raises:
        Transient: the table is throttled or out of reach (``upstream="store"``).
    """
