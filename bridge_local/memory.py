"""The bridge's memory and its lanes as plain Python objects, for tests and the simulation.

`MemoryStore` promises exactly what the DynamoDB store promises; one contract test runs on both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import RLock

from bridge.errors import FenceMoved, OwnerTaken
from bridge.items import Item
from bridge.provisioning.holds import BLOCKING
from bridge.provisioning.records import (
    AppState,
    GroupLink,
    Hold,
    JournalEntry,
    LogCursor,
    ParkedItem,
    UserLink,
    UserState,
)


@dataclass(frozen=True)
class Removal:
    """One removal record: when, in ms since the epoch, and whether the call had ended."""

    at: int
    done: bool


@dataclass
class MemoryStore:
    """`bridge.provisioning.ports.Store` in dictionaries; safe for threads.

    Attributes:
        user_links: Okta user id -> record.
        group_links: Okta group id -> record.
        owner_of: Genesys Cloud id -> owning entity.
        removal_records: (entity, Okta user id) -> record.
        excepted: (entity, Okta user id) of each exception; only an operator's rejection adds one.
        seen_users: (entity, Okta user id) of each adopted user that was seen in the group.
        hold_history: every saved header, in the order of saving.
        staged_users: (entity, number, Okta user id) -> revision.
        app_state: the application's record.
        due_users: Okta ids of the users who wait for the application.
        parked: (entity, item id) -> parked item.
        cursor: how far catch-up has read the System Log.
        journal: the entries in order; a ``failed`` one replaces the last ``failed`` one of the same first item.
    """

    user_links: dict[str, UserLink] = field(default_factory=dict)
    group_links: dict[str, GroupLink] = field(default_factory=dict)
    owner_of: dict[str, str] = field(default_factory=dict)
    removal_records: dict[tuple[str, str], Removal] = field(default_factory=dict)
    excepted: set[tuple[str, str]] = field(default_factory=set)
    seen_users: set[tuple[str, str]] = field(default_factory=set)
    hold_history: list[Hold] = field(default_factory=list)
    staged_users: dict[tuple[str, int, str], int] = field(default_factory=dict)
    app_state: AppState = field(default_factory=AppState)
    due_users: set[str] = field(default_factory=set)
    parked: dict[tuple[str, str], ParkedItem] = field(default_factory=dict)
    cursor: LogCursor | None = None
    journal: list[JournalEntry] = field(default_factory=list)
    _holds: dict[str, Hold] = field(default_factory=dict, repr=False)
    _lock: RLock = field(default_factory=RLock, repr=False)

    # ------------------------------------------------------------------------------------------ users

    def user(self, okta_id: str) -> UserLink | None:
        """The record of one user."""
        with self._lock:
            link = self.user_links.get(okta_id)
            return None if link is None else _copy(link)

    def users(self, okta_ids: Iterable[str]) -> dict[str, UserLink]:
        """The records of many users by Okta id."""
        with self._lock:
            return {okta_id: _copy(self.user_links[okta_id]) for okta_id in okta_ids if okta_id in self.user_links}

    def begin_user_look(self, okta_id: str) -> UserLink:
        """Add 1 to the user's look number and return the record."""
        with self._lock:
            link = self.user_links.get(okta_id, UserLink(okta_id))
            self.user_links[okta_id] = replace(link, look=link.look + 1)
            return _copy(self.user_links[okta_id])

    def save_user(self, link: UserLink) -> None:
        """Write the record if the look number has not moved."""
        with self._lock:
            self._check_fence(self.user_links.get(link.okta_id), link)
            self._let_go(self.user_links[link.okta_id], link)
            self.user_links[link.okta_id] = _copy(link)

    def claim_user(self, link: UserLink, *, previous_owner: str = "") -> None:
        """Write the record and take the Genesys Cloud user, from `previous_owner` if need be."""
        with self._lock:
            self._check_fence(self.user_links.get(link.okta_id), link)
            self._check_owner(link, previous_owner)
            before = self.user_links.get(previous_owner)
            if before is not None and previous_owner != link.okta_id and before.genesys_id == link.genesys_id:
                self.user_links[previous_owner] = replace(
                    before, look=before.look + 1, state=UserState.GONE, genesys_id="", active=None, hashes={}
                )
            self._let_go(self.user_links[link.okta_id], link)
            self.owner_of[link.genesys_id] = link.entity
            self.user_links[link.okta_id] = _copy(link)

    def owners(self, genesys_ids: Iterable[str]) -> dict[str, str]:
        """Genesys Cloud id -> owning entity."""
        with self._lock:
            return {genesys_id: self.owner_of[genesys_id] for genesys_id in genesys_ids if genesys_id in self.owner_of}

    # ----------------------------------------------------------------------------------------- groups

    def group(self, okta_id: str) -> GroupLink | None:
        """The record of one group."""
        with self._lock:
            return self.group_links.get(okta_id)

    def groups(self) -> list[GroupLink]:
        """Every record of a group, by Okta id."""
        with self._lock:
            return [self.group_links[okta_id] for okta_id in sorted(self.group_links)]

    def begin_group_look(self, okta_id: str) -> GroupLink:
        """Add 1 to the group's look number and return the record."""
        with self._lock:
            link = self.group_links.get(okta_id, GroupLink(okta_id))
            self.group_links[okta_id] = replace(link, look=link.look + 1)
            return self.group_links[okta_id]

    def save_group(self, link: GroupLink) -> None:
        """Write the record if the look number has not moved."""
        with self._lock:
            self._check_fence(self.group_links.get(link.okta_id), link)
            self._let_go(self.group_links[link.okta_id], link)
            self.group_links[link.okta_id] = link

    def claim_group(self, link: GroupLink) -> None:
        """Write the record and take the Genesys Cloud group."""
        with self._lock:
            self._check_fence(self.group_links.get(link.okta_id), link)
            self._check_owner(link, "")
            self._let_go(self.group_links[link.okta_id], link)
            self.owner_of[link.genesys_id] = link.entity
            self.group_links[link.okta_id] = link

    # --------------------------------------------------------------------------------------- removals

    def removals(self, entity: str, since: datetime) -> frozenset[str]:
        """Okta user ids with a removal record at or after `since`."""
        with self._lock:
            least = _milliseconds(since)
            return frozenset(
                user
                for (owner, user), removal in self.removal_records.items()
                if owner == entity and removal.at >= least
            )

    def reserve(self, entity: str, user_ids: Iterable[str], at: datetime) -> None:
        """Write or move the record of each user to `at`, as reserved."""
        self._record(entity, user_ids, Removal(at=_milliseconds(at), done=False))

    def complete(self, entity: str, user_ids: Iterable[str], at: datetime) -> None:
        """Mark the records done at `at`."""
        self._record(entity, user_ids, Removal(at=_milliseconds(at), done=True))

    def exceptions(self, entity: str) -> frozenset[str]:
        """Okta user ids that a rejected hold keeps in the group."""
        with self._lock:
            return frozenset(user for owner, user in self.excepted if owner == entity)

    def remove_exceptions(self, entity: str, user_ids: Iterable[str]) -> None:
        """End the exceptions of these users."""
        with self._lock:
            self.excepted.difference_update((entity, user) for user in user_ids)

    def seen(self, entity: str) -> frozenset[str]:
        """Adopted users whom a look has seen in this Okta group."""
        with self._lock:
            return frozenset(user for owner, user in self.seen_users if owner == entity)

    def add_seen(self, entity: str, user_ids: Iterable[str]) -> None:
        """Remember them."""
        with self._lock:
            self.seen_users.update((entity, user) for user in user_ids)

    # ------------------------------------------------------------------------------------------ holds

    def hold(self, entity: str) -> Hold | None:
        """The entity's newest hold."""
        with self._lock:
            return self._holds.get(entity)

    def save_hold(self, hold: Hold) -> None:
        """Write the header; one of an older hold goes into the history alone."""
        with self._lock:
            self.hold_history.append(hold)
            newest = self._holds.get(hold.entity)
            if newest is None or newest.number <= hold.number:
                self._holds[hold.entity] = hold

    def open_holds(self) -> int:
        """How many entities have an open hold."""
        with self._lock:
            return sum(1 for hold in self._holds.values() if hold.state in BLOCKING)

    def staged(self, entity: str, number: int) -> dict[str, int]:
        """Okta user id -> revision in which the user was staged."""
        with self._lock:
            return {
                user: revision
                for (owner, hold, user), revision in self.staged_users.items()
                if owner == entity and hold == number
            }

    def stage(self, entity: str, number: int, revision: int, user_ids: Iterable[str]) -> None:
        """Stage users in a hold."""
        with self._lock:
            self.staged_users.update({(entity, number, user): revision for user in user_ids})

    def unstage(self, entity: str, number: int, user_ids: Iterable[str]) -> None:
        """Take users out of a hold."""
        with self._lock:
            for user in user_ids:
                self.staged_users.pop((entity, number, user), None)

    # ------------------------------------------------------------------------------------ application

    def app(self) -> AppState:
        """The application's record."""
        with self._lock:
            return self.app_state

    def raise_epoch(self) -> AppState:
        """Add 1 to the epoch."""
        with self._lock:
            self.app_state = replace(self.app_state, epoch=self.app_state.epoch + 1)
            return self.app_state

    def note_app_status(self, status: str) -> None:
        """Remember the application's status."""
        with self._lock:
            self.app_state = replace(self.app_state, status=status)

    def set_bootstrapped(self) -> None:
        """Remember that the first whole reconcile has ended."""
        with self._lock:
            self.app_state = replace(self.app_state, bootstrapped=True)

    def add_due(self, okta_id: str) -> None:
        """Remember that a user's deactivation waits."""
        with self._lock:
            self.due_users.add(okta_id)

    def due(self) -> list[str]:
        """Okta ids of the users who wait, in order of the ids."""
        with self._lock:
            return sorted(self.due_users)

    def remove_due(self, okta_ids: Iterable[str]) -> None:
        """Forget them."""
        with self._lock:
            self.due_users.difference_update(okta_ids)

    # ---------------------------------------------------------------------------- parking and journal

    def park(self, parked: ParkedItem) -> None:
        """Write a parked item."""
        with self._lock:
            self.parked[parked.entity, parked.item_id] = parked

    def open_parked(self) -> int:
        """How many items are parked."""
        with self._lock:
            return len(self.parked)

    def close_parked(self, entity: str) -> int:
        """Remove the entity's parked items and return how many there were."""
        with self._lock:
            closed = [key for key in self.parked if key[0] == entity]
            for key in closed:
                del self.parked[key]
            return len(closed)

    def write(self, entry: JournalEntry) -> None:
        """Keep an entry."""
        with self._lock:
            if entry.outcome == "failed":
                self.journal[:] = [
                    kept
                    for kept in self.journal
                    if (kept.outcome, kept.entity, kept.items[:1]) != ("failed", entry.entity, entry.items[:1])
                ]
            self.journal.append(entry)

    # --------------------------------------------------------------------------------------- catch-up

    def log_cursor(self) -> LogCursor | None:
        """How far the System Log has been read."""
        with self._lock:
            return self.cursor

    def save_log_cursor(self, cursor: LogCursor) -> None:
        """Write it."""
        with self._lock:
            self.cursor = cursor

    # ---------------------------------------------------------------------------------------- private

    @staticmethod
    def _check_fence(stored: UserLink | GroupLink | None, link: UserLink | GroupLink) -> None:
        if stored is None or stored.look != link.look:
            raise FenceMoved(f"another look at {link.entity} has begun")

    def _check_owner(self, link: UserLink | GroupLink, previous_owner: str) -> None:
        if not link.genesys_id:
            raise ValueError("a claim names a Genesys Cloud id")
        owner = self.owner_of.get(link.genesys_id, link.entity)
        if owner not in {link.entity, f"user:{previous_owner}"}:
            raise OwnerTaken(owner)

    def _let_go(self, stored: UserLink | GroupLink, link: UserLink | GroupLink) -> None:
        """A link that no longer names the Genesys Cloud id it had gives the reverse record back."""
        if stored.genesys_id != link.genesys_id and self.owner_of.get(stored.genesys_id) == link.entity:
            del self.owner_of[stored.genesys_id]

    def _record(self, entity: str, user_ids: Iterable[str], removal: Removal) -> None:
        with self._lock:
            self.removal_records.update({(entity, user): removal for user in user_ids})


class MemoryLanes:
    """`bridge.provisioning.ports.LaneSender` that keeps what was sent.

    Attributes:
        sent: every item, in the order of sending, also those that a real lane would take for duplicates.
    """

    def __init__(self) -> None:
        self.sent: list[Item] = []

    def send(self, items: Sequence[Item]) -> None:
        """Keep the items."""
        self.sent.extend(items)


def _copy(link: UserLink) -> UserLink:
    """The link with a dictionary of its own: nobody changes the store's record by accident."""
    return replace(link, hashes=dict(link.hashes))


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
