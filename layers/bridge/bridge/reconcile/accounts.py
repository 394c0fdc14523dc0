"""Genesys Cloud's users against the links, and the links against Genesys Cloud's users."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from bridge.provisioning import scim
from bridge.provisioning.fingerprints import Fingerprints
from bridge.provisioning.ports import GenesysReader, UserMapper
from bridge.provisioning.record_ports import Store
from bridge.provisioning.runs import Finding, Implausible, Phase, Run, Runs, Step
from bridge.provisioning.user_records import UserLink, UserState
from bridge.provisioning.values import ScimPage, ScimUser
from bridge.reconcile.assigned import require_plausible
from bridge.reconcile.existing import keep
from bridge.reconcile.items import user_items
from bridge.reconcile.reading import Session
from bridge.settings import Mode, ProvisioningSettings

#: Users a page: above this size Genesys Cloud may refuse the lookups of externalId and manager (API definition).
PAGE = 25
#: So many pages are read before the run writes down where it stands.
PAGES_AT_A_TIME = 20
#: A listing from which more than this part of ``totalResults`` is missing was cut; what changed meanwhile is less.
MAX_MISSING = 0.1
#: No organisation has so many users: a listing that goes on beyond it has no end.
MAX_ACCOUNTS = 2_000_000
_DIGEST = 8
#: Okta user ids, as the bridge and Okta's own SCIM client write them into externalId.
_OKTA_USER_ID = re.compile(r"00u[A-Za-z0-9]{17}")


class Accounts:
    """The phases that read Genesys Cloud's users. In memory: one page, and eight bytes for each user at the end."""

    def __init__(
        self,
        *,
        genesys: GenesysReader,
        store: Store,
        runs: Runs,
        fingerprints: Fingerprints,
        mapper: UserMapper,
        settings: ProvisioningSettings,
    ) -> None:
        """Everything the comparison needs, as ports."""
        self._mapper = mapper
        self._genesys = genesys
        self._store = store
        self._runs = runs
        self._fingerprints = fingerprints
        self._settings = settings

    def measure(self, run: Run, session: Session) -> Iterator[Step]:
        """How many users Genesys Cloud says it has: the measure of what the run has to read."""
        totals = {
            phase.value: session.ask(partial(self._genesys.users_page, 1, 0, active=phase is Phase.ACTIVE)).total
            for phase in (Phase.ACTIVE, Phase.INACTIVE)
        }
        # An account that is taken as it was shown is written as well.
        takes = run.mode == Mode.ENFORCE and self._settings.create_users and self._settings.update_users
        first = takes and not session.ask(self._store.app).bootstrapped
        yield Step(Phase.LISTING if first else Phase.ASSIGNED, totals={**run.totals, **totals})

    def list_existing(self, run: Run, session: Session) -> Iterator[Step]:
        """Keep who has which account, for the first matching; `AssignedUsers` drops it.

        Raises:
            Implausible, NotYet, Transient, Permanent: as `Session.ask`.
        """

        def note(users: Sequence[ScimUser]) -> bytes:
            linked = session.ask(partial(self._store.owners, [user.id for user in users]))
            return keep(self._fingerprints, users, linked)

        yield from self._read(run, session, active=run.phase is Phase.LISTING, note=note)
        yield Step(Phase.LISTING_INACTIVE if run.phase is Phase.LISTING else Phase.ASSIGNED)

    def compare(self, run: Run, session: Session) -> Iterator[Step]:
        """Read the phase's listing and send items for what differs, some pages a step.

        Raises:
            Implausible, NotYet, Transient, Permanent: as `Session.ask`.
        """
        bootstrapped = session.ask(self._store.app).bootstrapped

        def note(users: Sequence[ScimUser]) -> bytes:
            self._compare_page(run, session, users, bootstrapped)
            return b"".join(_digest(user.id) for user in users)

        yield from self._read(run, session, active=run.phase is Phase.ACTIVE, note=note)
        yield Step(Phase.INACTIVE if run.phase is Phase.ACTIVE else Phase.GONE)

    def _read(
        self, run: Run, session: Session, *, active: bool, note: Callable[[Sequence[ScimUser]], bytes]
    ) -> Iterator[Step]:
        """Every page of the active or the inactive users, some pages a step; what `note` makes of them is kept."""
        phase = run.phase
        place = int(run.place or 1)
        before: list[str] = []
        whole = False
        while not whole:
            first, seen = place, b""
            for _ in range(PAGES_AT_A_TIME):
                page = session.ask(partial(self._page, place, active=active))
                ids = [user.id for user in page.users]
                if len(set(ids)) < len(ids) or (ids and ids == before) or place > MAX_ACCOUNTS:
                    raise Implausible("genesys-page-listed-twice")
                # A total may promise a little more than there is: who came or went meanwhile, or was miscounted.
                ended = not ids and page.total - (place - 1) <= max(1, MAX_MISSING * page.total)
                if not ids and place <= page.total and not ended:
                    raise Implausible("genesys-page-empty")
                seen += note(page.users)
                before, place = ids, place + len(ids)
                whole = ended or place > page.total
                if whole:
                    break
            session.ask(partial(self._runs.add_seen_accounts, run.number, f"{phase}#{first:09}", seen, run.started))
            total = {(Phase.ACTIVE if active else Phase.INACTIVE).value: page.total}
            yield Step(phase, str(place), place - 1, page.total, total)

    def _page(self, place: int, *, active: bool) -> ScimPage:
        return self._genesys.users_page(place, PAGE, active=active, rates=self._mapper.rates)

    def enqueue_gone(self, run: Run, session: Session) -> Iterator[Step]:
        """Links to users that no page has shown: a sync reads each by its id before it believes it."""
        seen = session.ask(lambda: _digests(self._runs.seen_accounts(run.number)))
        require_plausible("genesys-listing", len(seen), run.active_links)
        if len(seen) < (1 - MAX_MISSING) * sum(run.totals.values()):
            raise Implausible("genesys-total-not-met")
        gone, returned = session.ask(partial(self._gone_and_back, seen, run))
        for okta_id in gone:
            session.find(Finding.GONE, okta_id)
        owners = session.ask(partial(self._store.owners, returned))
        back = [okta_id for genesys_id, okta_id in returned.items() if genesys_id not in owners]
        for okta_id in back:
            session.find(Finding.BACK, okta_id)
        session.send(user_items(run, [*gone, *back]))
        yield Step(Phase.SETTLING)

    def _gone_and_back(self, seen: set[bytes], run: Run) -> tuple[list[str], dict[str, str]]:
        """Whose account no page showed; and of accounts that were taken for gone and that one showed, id -> Okta id."""
        gone, back = [], {}
        for link in self._store.all_users():
            if _unseen(link, seen, run):
                gone.append(link.okta_id)
            elif link.gone_id and _digest(link.gone_id) in seen:
                back[link.gone_id] = link.okta_id
        return gone, back

    # --------------------------------------------------------------------------------------- comparing

    def _compare_page(self, run: Run, session: Session, users: Iterable[ScimUser], bootstrapped: bool) -> None:
        users = list(users)
        owners = session.ask(partial(self._store.owners, [user.id for user in users]))
        named = {user.id: _okta_id(owners.get(user.id, ""), user) for user in users}
        links = session.ask(partial(self._store.users, filter(None, named.values())))
        differing = []
        for user in users:
            okta_id = named[user.id]
            link = links.get(okta_id)
            if user.id not in owners:
                # A POST of ours that landed late, or somebody's who was taken for gone.
                ours = link is not None and (link.posted is not None or link.state is UserState.GONE)
                known = link is not None and bool(link.genesys_id)
                if not known and self._note_unowned(session, user, okta_id) and (ours or not bootstrapped):
                    # Or the native application's, perhaps of somebody who has left.
                    differing.append(okta_id)
            elif okta_id and self._differs(session, user, okta_id, link):
                differing.append(okta_id)
        session.send(user_items(run, differing))

    @staticmethod
    def _note_unowned(session: Session, user: ScimUser, okta_id: str) -> bool:
        """A Genesys Cloud user without an Okta user: only reported; whether it bears the id of one."""
        left_behind = bool(okta_id) and user.active
        session.find(Finding.LEFT_BEHIND if left_behind else Finding.UNKNOWN, user.id)
        return bool(okta_id)

    def _differs(self, session: Session, user: ScimUser, okta_id: str, link: UserLink | None) -> bool:
        """Whether a linked user is not as the bridge left it."""
        if link is None or link.genesys_id != user.id:
            return link is None  # a record was lost; an owner of old is no difference
        if user.active and link.known_active is False:
            session.find(Finding.LEFT_BEHIND, user.id)
            return True
        if not user.active and link.known_active is not False:
            session.find(Finding.STATE_DRIFTED, okta_id)
            return True
        if not (user.active and link.hashes and self._settings.update_users):
            return False
        held = scim.read_values(user.document, link.hashes)
        if not self._fingerprints.differing(link.hashes, held):
            return False
        session.find(Finding.DRIFTED, okta_id)
        return True


def _okta_id(owner: str, user: ScimUser) -> str:
    """The Okta user that owns an account, or whose id it bears; empty when there is none."""
    if owner:
        return owner.removeprefix("user:") if owner.startswith("user:") else ""
    return user.external_id if _OKTA_USER_ID.fullmatch(user.external_id) else ""


def _unseen(link: UserLink, seen: set[bytes], run: Run) -> bool:
    """Whether no page showed the link's user, and no sync has read it since the run began."""
    if link.state is not UserState.LINKED or not link.genesys_id or _digest(link.genesys_id) in seen:
        return False
    return link.synced is None or link.synced < run.started


def _digest(genesys_id: str) -> bytes:
    return hashlib.blake2b(genesys_id.encode(), digest_size=_DIGEST).digest()


def _digests(chunks: Iterator[bytes]) -> set[bytes]:
    return {chunk[at : at + _DIGEST] for chunk in chunks for at in range(0, len(chunk), _DIGEST)}
