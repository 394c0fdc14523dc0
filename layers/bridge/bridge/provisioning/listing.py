"""The whole listing of the application's users, read over as many runs as it takes, and shared.

Okta answers some 50 pages of 500 a minute, so the listing of a hundred thousand takes longer than a function may run.
How far it has come is kept, with ids alone: the next run goes on there. One process reads at a time. What a listing
shows spares everybody single reads, each page as of its own ``Date``; anyone whom it does not show may be held, or
permitted to go; it ends nobody's access: each one is read alone before that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bridge.errors import FenceMoved, Transient
from bridge.provisioning.assignments import Assigned, judge
from bridge.provisioning.ports import Clock, OktaReader
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import AppListing, AppState
from bridge.provisioning.sync import Work
from bridge.provisioning.values import AppUser, Page

#: So many pages are kept at once; a crash costs no more of them.
PAGES = 20
#: An unfinished listing that is older is begun anew.
LONGEST = timedelta(hours=6)
#: For so long after its beginning everybody is judged by a listing that has ended, and lacks those who ask.
SHARED = timedelta(minutes=15)
#: How long others leave a listing to the process that last kept some of it; a page may wait a minute for its turn.
HELD_FOR = timedelta(seconds=90)
#: The reason of those who wait for it.
UNDER_WAY = "okta-listing-pace"
#: How often those who wait for the process that reads it look again, in seconds.
LOOK_AGAIN = 1.0
#: What stands before the id of somebody whose status says neither yes nor no: they are not absent, and not assigned.
_UNCLEAR = "?"


@dataclass(frozen=True)
class Listed:
    """A whole listing.

    Attributes:
        assigned: Okta ids of everybody whom it does not show as unassigned.
        began: Okta's ``Date`` of its first page: it says nothing of anyone who was seen assigned since.
        late: whether somebody asked after it had begun.
    """

    assigned: set[str]
    began: datetime
    late: bool = False


class ListedUsers:
    """Reads the listing, and goes on where an earlier run had to stop."""

    def __init__(self, okta: OktaReader, store: Store, clock: Clock) -> None:
        """Everything it needs, as ports."""
        self._okta = okta
        self._store = store
        self._clock = clock
        self._newest: AppListing | None = None
        self._known: dict[str, Collection[str]] = {}

    # ---------------------------------------------------------------------------- who judges everybody

    def read(self, work: Work, app: AppState, *, after: datetime | None) -> Listed:
        """The whole listing, begun after `after` where that is given.

        Raises:
            Transient: it is not at its end; what was read is kept, and the item goes on with it.
        """
        listing, ids = self._begun(work, app, after)
        listing, fresh = self._read_on(work, self._keep(listing, (), None))
        return _listed(listing, ids | fresh, late=not {item.id for item in work.items} <= set(listing.items))

    def newest(self, app: AppState) -> Listed | None:
        """The last whole listing, of any process, unless it is of long ago or of before the application changed."""
        kept = self._store.listing()
        if kept is None or not kept.ended or kept.epoch != app.epoch or self._clock.now() - kept.began > SHARED:
            return None
        ids = [self._store.listed_ids(place) for place in kept.places]
        return None if None in ids else _listed(kept, set[str]().union(*filter(None, ids)))

    def _begun(self, work: Work, app: AppState, after: datetime | None) -> tuple[AppListing, set[str]]:
        """A listing that may go on, with its ids; a new one otherwise, be it that somebody reads another one."""
        kept, now = self._store.listing(), self._clock.now()
        if kept is not None and kept.items and not kept.ended:
            found = [self._store.listed_ids(place) for place in kept.places]
            ids = [each for each in found if each is not None]
            if len(ids) == len(found) and now - kept.began < LONGEST and (after is None or kept.began > after):
                return kept, set[str]().union(*ids)
        return self._anew(app, kept, tuple(item.id for item in work.items)), set()

    # ------------------------------------------------------------------------------ who asks for one

    def shows(self, okta_id: str, app: AppState, needed: datetime) -> datetime | None:
        """Okta's ``Date`` of a page, no older than `needed`, that shows the user as assigned."""
        date = self._page_that_shows(okta_id, app, needed)
        if date is None:  # what is known of it may have grown, or be another one by now
            self._newest = self._store.listing()
            date = self._page_that_shows(okta_id, app, needed)
        return date

    def lacks(self, okta_id: str, app: AppState, needed: datetime) -> datetime | None:
        """Okta's ``Date`` of the newest listing's first page, if it is whole, no older, and without the user."""
        date = self._whole_without(okta_id, app, needed)
        if date is None:
            self._newest = self._store.listing()
            date = self._whole_without(okta_id, app, needed)
        return date

    def _whole_without(self, okta_id: str, app: AppState, needed: datetime) -> datetime | None:
        listing = self._newest
        if listing is None or not listing.ended or listing.epoch != app.epoch or listing.dates[0] < needed:
            return None
        for place in listing.places:
            ids = self._ids_at(place)
            if ids is None or okta_id in ids or _UNCLEAR + okta_id in ids:
                return None
        return listing.dates[0]

    def _page_that_shows(self, okta_id: str, app: AppState, needed: datetime) -> datetime | None:
        listing = self._newest
        if listing is None or listing.epoch != app.epoch:
            return None
        self._known = {place: ids for place, ids in self._known.items() if place in listing.places}
        for place, date in zip(listing.places, listing.dates, strict=False):
            if date >= needed and okta_id in (self._ids_at(place) or ()):
                return date
        return None

    def have(self, work: Work, app: AppState, needed: datetime, *, begin: Callable[[int], bool]) -> None:
        """Have a whole listing no older than `needed`, if it is worth it.

        Args:
            work: the sync that asks; its process reads where nobody else does.
            app: the application's record.
            needed: Okta's ``Date`` that the first page must have.
            begin: whether a new one of about so many pages, 0 when that is not known, is worth it.

        Raises:
            Transient: another process is reading one, look again later; or it is not at its end.
        """
        kept, now = self._store.listing(), self._clock.now()
        if kept is not None and not kept.ended:
            if kept.held_until is not None and kept.held_until > now:
                raise Transient(UNDER_WAY, retry_after=LOOK_AGAIN, upstream="okta")
            if kept.items and now - kept.began < LONGEST:
                return  # the application's own sync goes on with it
        fresh = kept is not None and kept.epoch == app.epoch and bool(kept.dates) and kept.dates[0] >= needed
        if kept is not None and fresh and kept.ended:
            return
        if kept is None or not fresh:
            if not begin(kept.pages if kept is not None else 0):
                return
            kept = self._anew(app, kept, ())
        try:
            self._read_on(work, self._keep(kept, (), None))
        except FenceMoved:
            raise Transient(UNDER_WAY, retry_after=LOOK_AGAIN, upstream="okta") from None

    def share(self, app: AppState, began: datetime, pages: Sequence[Page[AppUser]]) -> None:
        """Have a whole listing that was read otherwise, from `began` on, spare others theirs; not over one under way.

        Raises:
            Transient: it could not be kept.
        """
        kept, now = self._store.listing(), self._clock.now()
        if kept is not None and not kept.ended and now - kept.began < LONGEST:
            return
        listing = replace(self._anew(app, kept, ()), began=began)
        with suppress(FenceMoved):
            for first in range(0, len(pages), PAGES):
                some = pages[first : first + PAGES]
                ended = first + PAGES >= len(pages)
                listing = replace(listing, pages=first + len(some), ended=ended)
                listing = self._keep(listing, set[str]().union(*map(_ids, some)), some[0].date)

    def _ids_at(self, place: str) -> Collection[str] | None:
        if place not in self._known:
            ids = self._store.listed_ids(place)
            if ids is None:
                return None
            self._known[place] = ids
        return self._known[place]

    # ------------------------------------------------------------------------------------- reading

    def _anew(self, app: AppState, kept: AppListing | None, items: tuple[str, ...]) -> AppListing:
        version = kept.version if kept is not None else 0
        return AppListing(app.sync_number, self._clock.now(), items, version=version, epoch=app.epoch)

    def _read_on(self, work: Work, listing: AppListing) -> tuple[AppListing, set[str]]:
        """Read to the end and keep it; the whole one, and what was not kept before."""
        ids, fresh, followed = set[str](), set[str](), set[str]()
        first: datetime | None = None
        while True:
            try:
                work.check_time()
                page = self._okta.app_users_page(listing.following)
            except Transient as stopped:
                self._stop(listing, fresh, first, stopped)
                raise
            first = first or page.date
            fresh |= _ids(page)
            listing = replace(listing, following=page.following, pages=listing.pages + 1)
            if not page.following:
                break
            if page.following in followed:
                self._store.drop_listing()
                raise Transient("okta-implausible", detail="a page is followed by itself", upstream="okta")
            followed.add(page.following)
            if len(followed) % PAGES == 0:
                listing = self._keep(listing, fresh, first)
                ids, fresh, first = ids | fresh, set(), None
        return self._keep(replace(listing, ended=True), fresh, first), ids | fresh

    def _stop(self, listing: AppListing, fresh: set[str], first: datetime | None, why: Transient) -> None:
        """Keep what was read; a link that Okta does not take any more leads nowhere, so that listing ends."""
        if why.reason.endswith(("-implausible", "-unexplained")):
            self._store.drop_listing()
        else:
            with suppress(FenceMoved):  # somebody else goes on with it
                self._keep(listing, fresh, first, held=False)

    def _keep(
        self, listing: AppListing, ids: Collection[str], first: datetime | None, *, held: bool = True
    ) -> AppListing:
        """Keep `ids` of pages from Okta's ``Date`` `first` on, and how far it has come."""
        until = self._clock.now() + HELD_FOR if held and not listing.ended else None
        listing, place = replace(listing, held_until=until), ""
        if first is not None:
            place = f"{listing.began:%Y%m%d%H%M%S%f}-{listing.version}"
            listing = replace(listing, places=(*listing.places, place), dates=(*listing.dates, first))
        self._store.keep_listing(listing, place, ids)
        return replace(listing, version=listing.version + 1)


def _listed(listing: AppListing, ids: set[str], *, late: bool = False) -> Listed:
    return Listed({okta_id.removeprefix(_UNCLEAR) for okta_id in ids}, listing.dates[0], late)


def _ids(page: Page[AppUser]) -> set[str]:
    said = {entry.id: judge(entry, page.date).assigned for entry in page.entries}
    return {
        okta_id if assigned is Assigned.YES else _UNCLEAR + okta_id
        for okta_id, assigned in said.items()
        if assigned is not Assigned.NO
    }
