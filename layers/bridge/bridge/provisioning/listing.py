"""The whole listing of the application's users, read over as many runs as it takes.

Okta answers some 50 pages of 500 a minute, so the listing of a hundred thousand takes longer than a function may run.
How far it has come is kept, with ids alone: the next run goes on there. Anyone whom it does not show may be held, or
permitted to go; it ends nobody's access: each one is read alone before that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bridge.errors import Transient
from bridge.provisioning.assignments import Assigned, judge
from bridge.provisioning.ports import Clock, OktaReader
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import AppListing, AppState
from bridge.provisioning.sync import Work

#: So many pages are kept at once; a crash costs no more of them.
PAGES = 20
#: An unfinished listing that is older is begun anew.
LONGEST = timedelta(hours=6)


@dataclass(frozen=True)
class Listed:
    """A whole listing.

    Attributes:
        assigned: Okta ids of everybody whom it does not show as unassigned.
        late: whether somebody asked after it had begun, so that one more is needed.
    """

    assigned: set[str]
    late: bool


class ListedUsers:
    """Reads the listing, and goes on where an earlier run had to stop."""

    def __init__(self, okta: OktaReader, store: Store, clock: Clock) -> None:
        """Everything it needs, as ports."""
        self._okta = okta
        self._store = store
        self._clock = clock

    def read(self, work: Work, app: AppState, *, after: datetime | None) -> Listed:
        """The whole listing, begun after `after` where that is given.

        Raises:
            Transient: it is not at its end; what was read is kept, and the item goes on with it.
        """
        listing, assigned = self._begun(work, app, after)
        fresh, pages, followed = set[str](), 0, set[str]()
        while True:
            try:
                work.check_time()
                page = self._okta.app_users_page(listing.following)
            except Transient as stopped:
                self._stop(listing, app, fresh, stopped)
                raise
            fresh |= {entry.id for entry in page.entries if judge(entry, page.date).assigned is not Assigned.NO}
            listing = replace(listing, following=page.following)
            if not page.following:
                break
            if page.following in followed:
                self._store.drop_listing()
                raise Transient("okta-implausible", detail="a page is followed by itself", upstream="okta")
            followed.add(page.following)
            pages += 1
            if pages % PAGES == 0:
                listing = self._keep(listing, app, fresh)
                assigned, fresh = assigned | fresh, set()
        if listing.places:
            self._store.drop_listing()
        return Listed(assigned | fresh, late=not {item.id for item in work.items} <= set(listing.items))

    def _begun(self, work: Work, app: AppState, after: datetime | None) -> tuple[AppListing, set[str]]:
        """A listing that may go on, with its ids; a new one otherwise."""
        kept, now = self._store.listing(), self._clock.now()
        if kept is not None:
            ids = None
            if now - kept.began < LONGEST and (after is None or kept.began > after):
                ids = self._store.listed_ids(kept)
            if ids is not None:
                return kept, ids
            self._store.drop_listing()
        return AppListing(app.sync_number, now, tuple(item.id for item in work.items)), set()

    def _stop(self, listing: AppListing, app: AppState, fresh: set[str], why: Transient) -> None:
        """Keep what was read; a link that Okta does not take any more leads nowhere, so that listing ends."""
        if why.reason.endswith(("-implausible", "-unexplained")):
            self._store.drop_listing()
        elif fresh:
            self._keep(listing, app, fresh)

    def _keep(self, listing: AppListing, app: AppState, fresh: set[str]) -> AppListing:
        place = f"{app.sync_number}-{listing.version}"
        self._store.keep_listing(listing, place, fresh)
        return replace(listing, places=(*listing.places, place), version=listing.version + 1)
