"""Who is assigned to the Okta application: single reads, or one whole listing when many wait.

Okta answers about 50 reads of ``/apps/...`` a minute to one credential (rate limit documentation), so a storm
of assignments is read as one listing of 500 a page.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from bridge.provisioning.ports import Clock, OktaReader
from bridge.provisioning.record_ports import AppRecords
from bridge.provisioning.values import AppUser, Read

#: AppUser statuses that say clearly yes, and clearly no (AppUser.status of Okta's management API).
ASSIGNED_STATUSES = frozenset({"ACTIVE", "PROVISIONED", "IMPLICIT"})
UNASSIGNED_STATUSES = frozenset({"DEPROVISIONED", "INACTIVE", "UNASSIGNED", "REVOKED"})
#: A missing assignment counts only with the application seen ACTIVE at most this long ago.
APP_STATUS_SECONDS = 60
#: From this many single reads within a minute on, a whole listing is tried.
SINGLE_READS_THRESHOLD = 10
#: How long a listing that proved too long is not tried again.
LISTING_PAUSE = timedelta(minutes=10)


class Assigned(Enum):
    """What Okta says of an assignment."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Assignment:
    """An assignment as read; `date` is Okta's ``Date`` of the answer, None where it is only remembered."""

    assigned: Assigned
    app_user: AppUser | None
    date: datetime | None = None


class Assignments:
    """Reads assignments, sparing Okta's scarcest budget."""

    def __init__(self, okta: OktaReader, records: AppRecords, clock: Clock, *, lag: timedelta) -> None:
        """`lag` is how far Okta's reads may trail its events."""
        self._okta = okta
        self._records = records
        self._clock = clock
        self._lag = lag
        self._singles: deque[datetime] = deque()
        self._listing: Read[Mapping[str, AppUser]] | None = None
        self._listing_epoch = -1
        self._too_long_until: datetime | None = None
        self._active_seen: datetime | None = None

    def read(
        self, user_id: str, *, newest: datetime | None, seen: datetime, known: datetime | None, epoch: int
    ) -> Assignment:
        """The user's assignment, at least as new as `newest` plus the lag where a listing serves it.

        Args:
            user_id: whose.
            newest: the latest event that it must show.
            seen: Okta's ``Date`` of a read that has just been made: what a new listing's would be at least.
            known: as of when an earlier sync knew it: an item that comes late must not bring an older answer back.
            epoch: the application's epoch.
        """
        listing = self._fresh_listing(newest, seen, known, epoch)
        if listing is not None:
            return judge((listing.value or {}).get(user_id), listing.date)
        self._singles.append(self._clock.now())
        single = self._okta.app_user(user_id)
        return judge(single.value, single.date)

    def app_is_active(self) -> bool:
        """Whether the application was seen ACTIVE within the last minute; reads it otherwise."""
        now = self._clock.now()
        if self._active_seen is not None and now - self._active_seen <= timedelta(seconds=APP_STATUS_SECONDS):
            return True
        return self.read_app().value == "ACTIVE"

    def read_app(self) -> Read[str]:
        """The application's status as Okta has it now; it is remembered."""
        asked = self._clock.now()
        read = self._okta.app()
        status = read.value or ""
        self._active_seen = asked if status == "ACTIVE" else None
        if self._records.app().status != status:
            self._records.note_app_status(status)
        return read

    def _fresh_listing(
        self, newest: datetime | None, seen: datetime, known: datetime | None, epoch: int
    ) -> Read[Mapping[str, AppUser]] | None:
        """A listing that is new enough for an item, fetched if many wait; None when single reads are better."""
        if newest is None or seen < newest + self._lag:
            return None
        needed = max(newest + self._lag, known or newest)
        if self._listing is not None and self._listing_epoch == epoch and self._listing.date >= needed:
            return self._listing
        now = self._clock.now()
        while self._singles and now - self._singles[0] > timedelta(minutes=1):
            self._singles.popleft()
        if len(self._singles) < SINGLE_READS_THRESHOLD or (
            self._too_long_until is not None and now < self._too_long_until
        ):
            return None
        listing = self._okta.app_users(page_limit=len(self._singles))
        if listing.value is None:
            self._too_long_until = now + LISTING_PAUSE
            return None
        self._listing, self._listing_epoch = listing, epoch
        return listing


def judge(app_user: AppUser | None, date: datetime) -> Assignment:
    """What an answer about one user's assignment means; None stands for "no such assignment"."""
    if app_user is None or app_user.status in UNASSIGNED_STATUSES:
        return Assignment(Assigned.NO, None, date)
    if app_user.status in ASSIGNED_STATUSES:
        return Assignment(Assigned.YES, app_user, date)
    return Assignment(Assigned.UNCLEAR, app_user, date)
