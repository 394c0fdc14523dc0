"""Who is assigned to the Okta application: single reads, spared where one whole listing shows somebody.

Okta answers about 50 reads of ``/apps/...`` a minute to one credential (rate limit documentation), so a storm
of assignments is read as one listing of 500 a page. Of a listing only clear presence counts: anyone it does not
show is read alone, for a page that is short or empty once looks like everybody's leaving.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256
from itertools import islice

from bridge.items import Hint
from bridge.provisioning.evidence import SINGLE_READS
from bridge.provisioning.ports import Clock, OktaReader
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import AppState
from bridge.provisioning.sync import Work
from bridge.provisioning.values import AppUser, Read

#: AppUser statuses that say clearly yes, and clearly no (AppUser.status of Okta's management API).
ASSIGNED_STATUSES = frozenset({"ACTIVE", "PROVISIONED", "IMPLICIT"})
UNASSIGNED_STATUSES = frozenset({"DEPROVISIONED", "INACTIVE", "UNASSIGNED", "REVOKED"})
#: A missing assignment counts only with the application seen ACTIVE at most this long ago.
APP_STATUS_SECONDS = 60
#: A missing assignment counts only with somebody else read as assigned after it; after this long where none was.
WITNESS_PAUSE = timedelta(seconds=60)
#: So many people are asked about, drawn from so many who are known as assigned: a few of them may just have left.
WITNESSES, WITNESSES_OF = 5, 200
#: From this many single reads within a minute on, a whole listing is tried.
SINGLE_READS_THRESHOLD = 10
#: Most pages of a listing that is read to spare single reads: as many as all environments together can read within
#: a function's time, for each reads its own.
STORM_PAGES = 15
#: How long a listing that proved too long, or did not come to its end, is not tried again.
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

    def shows_end_since(self, seen: datetime) -> bool:
        """Whether this answer, newer than what was `seen`, shows the user's access ended: two reads that lag apart."""
        user = self.app_user.user if self.app_user is not None else None
        if user is None or self.date is None or self.date < seen:
            return False
        return user.status in {"DEPROVISIONED", "SUSPENDED"}


class Assignments:
    """Reads assignments, sparing Okta's scarcest budget."""

    def __init__(self, okta: OktaReader, records: Store, clock: Clock, *, lag: timedelta) -> None:
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
        self._unwitnessed: datetime | None = None

    def read(
        self, user_id: str, *, newest: datetime | None, seen: datetime, known: datetime | None, epoch: int
    ) -> Assignment:
        """The user's assignment, at least as new as `newest` plus the lag where a listing shows it.

        Args:
            user_id: whose.
            newest: the latest event that it must show.
            seen: Okta's ``Date`` of a read that has just been made: what a new listing's would be at least.
            known: as of when an earlier sync knew it: an item that comes late must not bring an older answer back.
            epoch: the application's epoch.
        """
        listing = self._fresh_listing(newest, seen, known, epoch)
        if listing is not None:
            shown = judge((listing.value or {}).get(user_id), listing.date)
            if shown.assigned is Assigned.YES:
                return shown
        return self.read_alone(user_id)

    def read_alone(self, user_id: str) -> Assignment:
        """The user's assignment by a read of its own: the only one that can say that there is none."""
        now = self._clock.now()
        self._singles.append(now)
        single = self._okta.app_user(user_id)
        assignment = judge(single.value, single.date)
        if assignment.assigned is Assigned.YES:
            self._unwitnessed = None
        return assignment

    def all_unassigned(self, work: Work, people: AbstractSet[str]) -> bool:
        """Whether some of these, drawn by hash, are unassigned by their own reading.

        A listing that has lost them was approved otherwise. Each one's own sync reads once more before it ends access.
        """
        drawn = sorted(people, key=lambda okta_id: sha256(f"app {okta_id}".encode()).digest())[:SINGLE_READS]
        for okta_id in drawn:
            work.check_time()
            if self.read_alone(okta_id).assigned is not Assigned.NO:
                return False
        return True

    def witnessed(self, besides: str) -> bool:
        """Whether somebody else known as assigned still reads so: a role that was narrowed answers 404 for everybody.

        Asked anew each time, for a role may have been narrowed a moment ago; where nobody did, once a minute. True,
        too, where nobody else is known as assigned.
        """
        now = self._clock.now()
        if self._unwitnessed is not None and now - self._unwitnessed <= WITNESS_PAUSE:
            return False
        known = (link.okta_id for link in self._records.all_users() if link.assigned and link.active)
        others = list(islice((okta_id for okta_id in known if okta_id != besides), WITNESSES_OF))
        drawn = sorted(others, key=lambda okta_id: sha256(f"{besides} {okta_id}".encode()).digest())[:WITNESSES]
        seen = not drawn or any(self.read_alone(okta_id).assigned is Assigned.YES for okta_id in drawn)
        self._unwitnessed = None if seen else now
        return seen

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
        self._too_long_until = now + LISTING_PAUSE  # also where this one fails: its next try would start over
        listing = self._okta.app_users(page_limit=STORM_PAGES)
        if listing.value is None:
            return None
        self._too_long_until = None
        self._listing, self._listing_epoch = listing, epoch
        return listing


def judge(app_user: AppUser | None, date: datetime) -> Assignment:
    """What an answer about one user's assignment means; None stands for "no such assignment"."""
    if app_user is None or app_user.status in UNASSIGNED_STATUSES:
        return Assignment(Assigned.NO, None, date)
    if app_user.status in ASSIGNED_STATUSES:
        return Assignment(Assigned.YES, app_user, date)
    return Assignment(Assigned.UNCLEAR, app_user, date)


def worth_reading(hints: frozenset[Hint], app: AppState) -> bool:
    """Whether events make a user without a link be read: most people of an organisation are not in Genesys Cloud."""
    return Hint.ASSIGNMENT in hints or (not app.bootstrapped and Hint.ACCESS_ENDS in hints)
