"""Okta's assigned users against the links, and the links against Okta's assigned users.

The listing is read whole or not at all: who is missing from it is concluded only after its last page, with the
application ACTIVE before and after, and only where the listing is plausible beside what the bridge knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from bridge.errors import Permanent
from bridge.items import Reason, Shown, make_item
from bridge.provisioning.account_writer import Target
from bridge.provisioning.assignments import ASSIGNED_STATUSES, UNASSIGNED_STATUSES
from bridge.provisioning.fingerprints import Fingerprints
from bridge.provisioning.listing import ListedUsers
from bridge.provisioning.permissions import APP
from bridge.provisioning.ports import Clock, OktaReader, UserMapper
from bridge.provisioning.record_ports import Store
from bridge.provisioning.runs import Finding, Implausible, Phase, Run, Runs, Step
from bridge.provisioning.scim import MANAGER
from bridge.provisioning.user_records import UserLink
from bridge.provisioning.users import ACTIVE_STATUSES, DELETED
from bridge.provisioning.values import AppUser, OktaUser, Page
from bridge.reconcile.existing import Existing
from bridge.reconcile.items import items_with, user_items, waiting_users
from bridge.reconcile.reading import Session
from bridge.settings import ProvisioningSettings, SuspendedUsers

#: Below so many active links a listing may shrink to any size but nothing.
SHRINKAGE_THRESHOLD = 20
#: A listing that shows a smaller part of the active links is not believed.
LEAST_SHARE = 0.5
#: Statuses of a link whose user no hold keeps.
_ENDED = frozenset({"DEPROVISIONED", "SUSPENDED", DELETED})


class AssignedUsers:
    """The first phase of a run. In memory: one page, and the ids of the assigned users."""

    def __init__(
        self,
        *,
        okta: OktaReader,
        store: Store,
        runs: Runs,
        mapper: UserMapper,
        fingerprints: Fingerprints,
        clock: Clock,
        settings: ProvisioningSettings,
    ) -> None:
        """Everything the comparison needs, as ports."""
        self._okta = okta
        self._listed = ListedUsers(okta, store, clock)
        self._store = store
        self._runs = runs
        self._mapper = mapper
        self._fingerprints = fingerprints
        self._clock = clock
        self._settings = settings

    def compare(self, run: Run, session: Session) -> Iterator[Step]:
        """Read everything and send items for what differs, in one step.

        Raises:
            Implausible, NotYet, Transient, Permanent: as `Session.ask`; nobody was concluded to be missing.
        """
        app, began = session.ask(self._store.app), self._clock.now()
        bootstrapped = app.bootstrapped
        existing = None if bootstrapped else session.ask(partial(self._existing, run))
        self._require_active_app(session)
        listed: set[str] = set()
        pages: list[Page[AppUser]] = []
        for page in self._pages(session):
            present = [entry for entry in page.entries if entry.status not in UNASSIGNED_STATUSES]
            pages.append(replace(page, entries=tuple(AppUser(entry.id, entry.status) for entry in present)))
            listed.update(entry.id for entry in present)
            links = session.ask(partial(self._store.users, [entry.id for entry in present]))
            differing = [entry.id for entry in present if self._differs(entry, links.get(entry.id), bootstrapped)]
            for okta_id in differing:
                session.find(Finding.DIFFERS, okta_id)
            shown = self._shown(existing, [entry for entry in present if entry.id in differing], links)
            session.send(items_with(run, shown))
        self._require_active_app(session)
        session.ask(partial(self._listed.share, app, began, pages))
        active, kept, missing = session.ask(partial(self._missing, listed))
        require_plausible("okta-listing", len(listed), active - kept)
        for okta_id in missing:
            session.find(Finding.NOT_ASSIGNED, okta_id)
        session.send(user_items(run, missing))
        if not listed.isdisjoint(session.ask(partial(waiting_users, self._store, APP))):  # they may leave the hold
            session.send([make_item(APP, Reason.FOLLOW_UP, f"run:{run.number}")])
        session.ask(partial(self._runs.drop_seen_accounts, run.number))
        yield Step(Phase.MATCHING, active_links=active)

    # ----------------------------------------------------------------------------------------- reading

    def _pages(self, session: Session) -> Iterator[Page[AppUser]]:
        """Every page, each once; the last one is followed by nothing."""
        seen: set[str] = set()
        for page in session.pages(self._okta.app_users_page):
            ids = {entry.id for entry in page.entries}
            if len(ids) < len(page.entries) or not seen.isdisjoint(ids):
                raise Implausible("okta-user-listed-twice")
            seen |= ids
            yield page

    def _require_active_app(self, session: Session) -> None:
        """Assignments mean nothing while the application is switched off."""
        if session.ask(self._okta.app).value != "ACTIVE":
            raise Implausible("okta-app-not-active")

    # --------------------------------------------------------------------------------------- comparing

    def _differs(self, entry: AppUser, link: UserLink | None, bootstrapped: bool) -> bool:
        """Whether a sync of this assigned user could change anything, as far as Okta and the link tell."""
        if link is None or not link.is_link:
            return True  # anyone who is assigned has a link, be it only to have their events read
        if entry.status not in ASSIGNED_STATUSES:
            return False
        if link.posted is not None or link.unassigned_due or link.groups_due or link.assigned is False:
            return True
        user = _embedded(entry)
        if user.status in ACTIVE_STATUSES:
            return self._differs_active(user, entry, link)
        if user.status == "STAGED":
            return False
        ends = user.status == "DEPROVISIONED" or (
            user.status == "SUSPENDED" and self._settings.suspended_users is SuspendedUsers.DEACTIVATE
        )
        if not ends:
            return False
        unknown = not link.ever_linked and not bootstrapped  # the native application may have made an account
        return unknown or (bool(link.genesys_id) and link.known_active is not False and self._settings.deactivate_users)

    def _differs_active(self, user: OktaUser, entry: AppUser, link: UserLink) -> bool:
        if link.known_active is not True:
            return self._settings.create_users
        if not self._settings.update_users:
            return False
        try:
            mapped = self._mapper.map_user(user, entry)
        except Permanent:
            return True  # its sync says what is wrong with the profile
        target = Target(user=user, values=mapped.values, on_create=mapped.on_create)
        differing = self._fingerprints.outstanding(link, target.attributes, self._clock.now())
        return any(path != MANAGER for path in differing)  # only a sync tells whose account the manager's is

    # ---------------------------------------------------------------------------------------- existing

    def _existing(self, run: Run) -> Existing:
        """What the first run's listing showed; nothing where it did not list."""
        total = sum(run.totals.values()) or 1
        return Existing(self._fingerprints, self._runs.seen_accounts(run.number), total)

    def _shown(
        self, existing: Existing | None, differing: Iterable[AppUser], links: Mapping[str, UserLink]
    ) -> dict[str, Shown | None]:
        """Okta id -> what was shown of those who look for their account, None of all others."""
        return {entry.id: self._shown_of(existing, entry, links.get(entry.id)) for entry in differing}

    def _shown_of(self, existing: Existing | None, entry: AppUser, link: UserLink | None) -> Shown | None:
        looks = link is None or not (link.ever_linked or link.posted)
        if existing is None or not looks or entry.status not in ASSIGNED_STATUSES:
            return None
        user = _embedded(entry)
        if user.status not in ACTIVE_STATUSES:
            return None
        try:
            return existing.shown(entry.id, str(self._mapper.map_user(user, entry).values["userName"]))
        except Permanent:
            return None  # its sync says what is wrong with the profile

    # ----------------------------------------------------------------------------------------- missing

    def _missing(self, listed: set[str]) -> tuple[int, int, list[str]]:
        """How many links are active, how many of them unassigned as a person decided, and whose users are not listed.

        Of the last a sync, and its ceiling, decides on each. Those who keep access by a rejected hold are not listed
        while it stands: they are no sign of a short listing.
        """
        excepted = self._store.exceptions(APP)
        decided = excepted | waiting_users(self._store, APP)
        active, kept, missing = 0, 0, []
        for link in self._store.all_users():
            if link.posted is None and (not link.genesys_id or link.known_active is False):
                continue
            active += 1
            kept += link.okta_id in excepted and link.okta_id not in listed
            # No hold stands before the end of somebody whom a sync has seen DEPROVISIONED or SUSPENDED, such as while
            # the bridge observed, or has not found: the 404 may have been false, and their access ended.
            if link.okta_id not in listed and (link.okta_id not in decided or link.status in _ENDED):
                missing.append(link.okta_id)
        return active, kept, missing


def require_plausible(what: str, listed: int, active_links: int) -> None:
    """A listing that shows nobody, or far fewer than are active by our records, is no ground for any conclusion.

    Raises:
        Implausible: ``<what>-empty`` or ``<what>-shrunk``.
    """
    if not listed and active_links:
        raise Implausible(f"{what}-empty")
    if active_links >= SHRINKAGE_THRESHOLD and listed < LEAST_SHARE * active_links:
        raise Implausible(f"{what}-shrunk")


def _embedded(entry: AppUser) -> OktaUser:
    """The user within an assignment, which the listing was asked to show."""
    if entry.user is None:
        raise Implausible("okta-user-not-embedded")
    return entry.user
