"""Many syncs at once that ask who is assigned: a whole listing spares them Okta's scarcest reads.

Okta answers about 50 reads of ``/apps/...`` a minute to one credential (rate limit documentation), be it one person or
a page of 500. So a storm begins with single reads; once they would have paid for a listing, one process reads it and
the others wait for it. Anyone it does not show is read alone, for a page that is short or empty once looks like
everybody's leaving: absence may hold an end of access, and carries out what a person approved; it ends none by itself.
Where so many leave that a person must decide, the listing is read likewise, and holds the others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from bridge.errors import Permanent, Transient
from bridge.items import Hint, Reason
from bridge.provisioning.assignments import Assigned, Assignment, Assignments, judge
from bridge.provisioning.listing import PAGES, UNDER_WAY, ListedUsers
from bridge.provisioning.ports import Clock, OktaReader
from bridge.provisioning.records import AppState
from bridge.provisioning.sync import Work
from bridge.provisioning.user_records import UserLink
from bridge.provisioning.values import AppUser, Read

#: A batch of so many entities comes of a backlog; fewer are read alone.
CROWD = 5
#: A listing is worth it after so many single reads of this process, and one for so many of the listing's pages:
#: the template runs about as many processes, so all together have read as many people as the listing has pages.
LEAST_SINGLES, PAGES_OF_EACH = 3, 4
#: Of those who leave so many are read alone first: few need no listing, and go at once.
LEAST_ABSENCES, LONG_STORM = 10, 1000
#: Single reads further back say nothing of the present storm; and how long a listing that failed is not tried again.
MEMORY = timedelta(minutes=10)
#: What no event asks for may be answered by a page of so long ago.
UNASKED = timedelta(minutes=5)
#: For so long a whole listing tells who is absent, until a newer event does.
PROVED = timedelta(hours=2)
#: Who is synced for these is read.
ASKS_FOR_READS = frozenset({Reason.OPERATOR, Reason.RECONCILE, Reason.REDRIVE})
#: Most pages of a listing that each process reads for itself, for a map that needs the app users themselves.
OWN_PAGES = 15


class Storms:
    """Reads assignments, sparing Okta's scarcest budget."""

    def __init__(
        self, assignments: Assignments, listed: ListedUsers, okta: OktaReader, clock: Clock, *, lag: timedelta
    ) -> None:
        """`lag` is how far Okta's reads may trail its events."""
        self._assignments = assignments
        self._listed = listed
        self._okta = okta
        self._clock = clock
        self._lag = lag
        self._singles: deque[datetime] = deque()
        self._absences: deque[datetime] = deque(maxlen=LONG_STORM)
        self._last_shown: datetime | None = None
        self._not_before: datetime | None = None
        self._own: Read[Mapping[str, AppUser]] | None = None
        self._own_epoch = -1

    def absent(self, work: Work, link: UserLink, *, seen: datetime, app: AppState) -> Assignment | None:
        """That a whole listing does not show a user, where that may be enough; None where they must be read.

        It may hold the end of their access, and carry out what a person approved: `Permissions.of` reads all others.
        """
        if not link.genesys_id or link.known_active is False or work.again or work.reasons & ASKS_FOR_READS:
            return None
        held = Reason.HOLD in work.reasons
        if not held and (work.crowd < CROWD or Hint.ACCESS_ENDS not in work.hints or work.newest is None):
            return None
        needed = seen - PROVED
        if work.newest is not None:
            needed = max(needed, work.newest + self._lag)
        if link.assigned and link.assignment_read is not None:
            needed = max(needed, link.assignment_read)
        date = self._listed.lacks(work.okta_id, app, needed)
        if date is None and not held and self._many_leave():
            date = self._lacks_by_now(work, app, needed)
        return None if date is None else Assignment(Assigned.NO, None, date, listed=True)

    def _lacks_by_now(self, work: Work, app: AppState, needed: datetime) -> datetime | None:
        """As `ListedUsers.lacks`, after reading a listing, or waiting for it: so many leave that they will be held."""

        def begins(pages: int) -> bool:
            worth = len(self._absences) >= max(LEAST_ABSENCES, pages // PAGES_OF_EACH)
            if worth:
                self._absences.clear()
            return worth

        try:
            work.until(lambda: self._listed.have(work, app, needed, begin=begins))
        except (Transient, Permanent) as error:
            if error.reason.endswith(("-pace", "time-budget")):
                raise
            self._absences.clear()  # each is read alone, for now
            return None
        return self._listed.lacks(work.okta_id, app, needed)

    def read(
        self,
        work: Work,
        *,
        seen: datetime,
        known: datetime | None,
        app: AppState,
        app_user: bool = False,
        leaves: bool = False,
    ) -> Assignment:
        """The user's assignment, at least as new as the newest event plus the lag where a listing shows it.

        Args:
            work: whose.
            seen: Okta's ``Date`` of a read that has just been made: what a new listing's would be at least.
            known: as of when an earlier sync knew it: an item that comes late must not bring an older answer back.
            app: the application's record.
            app_user: whether the app user itself is needed, which is never kept.
            leaves: whether they have an account whose access ends if they are not assigned.

        Raises:
            Transient: another process is reading a listing, and there is no time to wait for it.
        """
        needed = self._needed(work, seen, known)
        if needed is not None and work.crowd >= CROWD and self._in_a_storm():
            shown = self._own_shows(work, app, needed) if app_user else self._shown(work, app, needed)
            if shown is not None:
                return shown
        single = self._assignments.read_alone(work.okta_id)
        if single.assigned is Assigned.YES:  # a listing would have spared no other
            self._singles.append(self._clock.now())
        elif single.assigned is Assigned.NO and leaves and work.crowd >= CROWD:
            self._absences.append(self._clock.now())  # see `absent`
        return single

    def _needed(self, work: Work, seen: datetime, known: datetime | None) -> datetime | None:
        """How new a page must be; None where it would spare nothing, or come as early as a single read."""
        if work.newest is None:
            since = seen - UNASKED
            return max(since, known or since) if work.reasons == {Reason.RECONCILE} else None
        since = work.newest + self._lag
        return None if seen < since else max(since, known or since)

    def _many_leave(self) -> bool:
        """Whether enough of those who leave were read alone of late."""
        _forget(self._absences, self._clock.now() - MEMORY)
        return len(self._absences) >= LEAST_ABSENCES

    def _in_a_storm(self) -> bool:
        """Whether a listing of late showed whom this process asked for, or enough were read alone."""
        since = self._clock.now() - MEMORY
        _forget(self._singles, since)
        return len(self._singles) >= LEAST_SINGLES or (self._last_shown is not None and self._last_shown >= since)

    def _shown(self, work: Work, app: AppState, needed: datetime) -> Assignment | None:
        """What the shared listing shows, read if that is worth it, or waited for."""
        date: datetime | None = None
        may_leave = Hint.ACCESS_ENDS in work.hints

        def read() -> None:
            nonlocal date
            date = self._listed.shows(work.okta_id, app, needed)
            if date is None and (self._not_before is None or self._clock.now() >= self._not_before):
                begin = self._begins_short if may_leave else self._begins
                self._listed.have(work, app, needed, begin=begin)
                date = self._listed.shows(work.okta_id, app, needed)

        try:
            read() if may_leave else work.until(read)
        except (Transient, Permanent) as error:
            if may_leave and error.reason == UNDER_WAY:
                return None  # who may be a leaver waits for nobody's listing
            if not error.reason.endswith(("-pace", "time-budget")):
                self._not_before = self._clock.now() + MEMORY
            raise
        if date is None:
            return None
        self._last_shown = self._clock.now()
        return Assignment(Assigned.YES, None, date)

    def _begins_short(self, pages: int) -> bool:
        """Whether it is worth it, and leavers in the same queue wait a few seconds for it at most."""
        return pages <= PAGES and self._begins(pages)

    def _begins(self, pages: int) -> bool:
        """Whether single reads would have paid for a listing by now; another one must be paid for anew."""
        if len(self._singles) < max(LEAST_SINGLES, pages // PAGES_OF_EACH):
            return False
        self._singles.clear()
        return True

    def _own_shows(self, work: Work, app: AppState, needed: datetime) -> Assignment | None:
        """What a listing of this process's own shows."""
        own = self._own
        if own is None or self._own_epoch != app.epoch or own.date < needed:
            now = self._clock.now()
            if (self._not_before is not None and now < self._not_before) or not self._begins(OWN_PAGES):
                return None
            self._not_before = now + MEMORY  # where this one fails, or is too long, its next try would be
            own = self._okta.app_users(page_limit=OWN_PAGES)
            if own.value is None:
                return None
            self._not_before, self._own, self._own_epoch = None, own, app.epoch
        shown = judge((own.value or {}).get(work.okta_id), own.date)
        if shown.assigned is not Assigned.YES:
            return None
        self._last_shown = self._clock.now()
        return shown


def _forget(times: deque[datetime], since: datetime) -> None:
    while times and times[0] < since:
        times.popleft()
