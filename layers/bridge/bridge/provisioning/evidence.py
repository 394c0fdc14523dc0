"""What proves that somebody left a group: absence from one listing is none.

A listing may be cut, empty, late or of somebody else, and the stamp ``lastMembershipUpdated`` is one for the whole
group. So everybody who would be removed is also asked for alone (``GET /users/{id}/groups``), up to twenty of them; of
more, twenty drawn by hash. Where more than twenty leave, or Okta's stamp does not tell of the change, only those go
whom a listing a minute earlier did not show either. What contradicts the listing is read once more, and then it is a
person's.

A member who is listed is asked too: where their own groups do not show the group either, nobody's tell anything.

Nobody's own groups are empty: every user is in the BUILT_IN group Everyone (Okta Management API, Group.type). An
administrator whose role is confined to some groups may not see it; then the listed member's show none either.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from bridge.items import Item
from bridge.provisioning.ports import Clock, GenesysReader, OktaReader
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import Due, GroupLink
from bridge.provisioning.sync import Work
from bridge.provisioning.values import OktaGroup

#: So many people are asked for one by one; of more, so many are drawn.
SINGLE_READS = 20
#: Some whom Okta does not know are passed over; more readings than this are not made for one listing.
MAX_READS = 3 * SINGLE_READS
#: How long after a first sight a second one counts and is due, and how long a first one is remembered.
SECOND_SIGHT, SIGHT_AGE = timedelta(seconds=60), timedelta(hours=1)
#: So many of those seen to be absent are remembered in the group's record; the others wait for a sight of their own.
REMEMBERED = 5000
#: Okta's ``lastMembershipUpdated`` and the ``Date`` of our listing may differ by the read lag.
MEMBERSHIP_LAG = timedelta(seconds=5)
#: The cause of the sync that brings the second sight.
WHY = "second-sight"
_FINGERPRINT = 8
#: So many people a record knows by hash, in 8 KB: of larger groups Okta's stamp must tell whether somebody left.
KNOWN = 1000
#: A record that knows by hash that there was nobody.
_NOBODY = "-"


@dataclass(frozen=True)
class Case:
    """A group whose listing does not show some of its members.

    Attributes:
        link: the group's record.
        present: Okta ids of those whom the listing shows; of them the members, where there are any.
        stamp: Okta's ``lastMembershipUpdated``, None where it is none to believe.
        began: our time before the listing was read.
        approved: whether a person has approved it: one sight is enough, and yet nobody leaves who is a member.
    """

    link: GroupLink
    present: AbstractSet[str]
    stamp: datetime | None
    began: datetime
    approved: bool


@dataclass(frozen=True)
class Proof:
    """What may be done about the people whom a listing does not show.

    Attributes:
        out: Okta id -> Genesys Cloud id of those who really left; the others wait for a later sync.
        suspicious: why the listing is not believed: all of them are held for a person; else empty.
        link: the group's record with what was seen of them.
        waits: whether nobody goes before a second sight, which is due.
    """

    out: dict[str, str]
    suspicious: str
    link: GroupLink
    waits: bool = False

    def unknown(self, leaving: AbstractSet[str]) -> frozenset[str]:
        """Who of those who leave is left to a later sync, while the others go."""
        return frozenset() if self.suspicious else frozenset(leaving) - self.out.keys()


class Evidence:
    """Asks Okta for each person alone, and again a minute later where that is not enough."""

    def __init__(self, okta: OktaReader, genesys: GenesysReader, records: Store, clock: Clock) -> None:
        """`records` keep when the second sight is due."""
        self._okta = okta
        self._genesys = genesys
        self._records = records
        self._clock = clock

    def prove(self, work: Work, case: Case, leaving: Mapping[str, str]) -> Proof:
        """Who of `leaving` really left.

        Args:
            work: the sync.
            case: the group, and what was read of it.
            leaving: Okta id -> Genesys Cloud id of the people whom the listing does not show, all active by our
                records: an inactive one needs no proof.
        """
        link = case.link
        explained, many = explained_by(case.stamp, link), len(leaving) > SINGLE_READS
        if many and not explained and not case.approved:
            return self._doubted(case, leaving, "suspicious-listing")
        again = _seen_before(case, leaving)
        sure = leaving if case.approved or (explained and not many) else again
        if not sure:
            return self._wait(case, leaving)
        unknown = self._ask(work, case, sure, again)
        if unknown is None:
            return self._doubted(case, leaving, "suspicious-listing")
        out = {okta_id: member for okta_id, member in leaving.items() if okta_id in sure and okta_id not in unknown}
        later = leaving.keys() - sure | unknown - again  # one answer "not known" is asked for once more
        return Proof(out, "", self._sighted(link, later) if later else replace(link, sighted=None, absent=""))

    def vanished(self, link: GroupLink, unseen: AbstractSet[str]) -> frozenset[str]:
        """Who of these exceptions is no member any more: a list of members that is cut or empty once ends none.

        Their own accounts say so, some at a time; what an account does not show is no evidence.
        """
        vanished = set()
        for okta_id in sorted(unseen)[:SINGLE_READS]:
            user = self._records.user(okta_id)
            account = self._genesys.user(user.genesys_id) if user is not None and user.genesys_id else None
            if account is not None:
                ended = "groups" in account.document and link.genesys_id not in account.groups
            else:
                ended = user is None or not user.genesys_id
            if ended:
                vanished.add(okta_id)
        return frozenset(vanished)

    def _ask(self, work: Work, case: Case, sure: Collection[str], again: AbstractSet[str]) -> set[str] | None:
        """Whom of `sure`, asked for alone, Okta does not know; None when anyone did not say that they have left.

        `again`: who was absent from an earlier listing too.
        """
        link, many = case.link, len(sure) > SINGLE_READS
        control = self._control(case)
        if control and all(group.id != link.okta_id for group in control):
            return None
        everyone_shown = any(group.built_in for group in control)
        unknown, spoke = set[str](), 0
        for okta_id in _drawn(link.okta_id, sure):
            if many and spoke == SINGLE_READS:
                break
            work.check_time()
            groups = self._okta.user_groups(okta_id).value
            if groups is None:
                unknown.add(okta_id)  # whether they are deleted is for their own sync to find
                continue
            if any(group.id == link.okta_id for group in groups):
                return None
            if not any(group.built_in for group in groups):
                # None at all are believed after a second sight where nobody's show Everyone, or by a person's approval.
                empty_counts = case.approved or (okta_id in again and bool(control) and not everyone_shown)
                if everyone_shown or not (groups or empty_counts):
                    if self._has_no_access(okta_id):
                        unknown.add(okta_id)  # may be in no group at all; their own sync ends it
                        continue
                    return None
            spoke += 1
        # A role that does not see people: nobody has said that they left.
        return None if many and spoke < SINGLE_READS else unknown

    def _has_no_access(self, okta_id: str) -> bool:
        """Whether they are left to their own sync, which is due where Okta shows that their access has ended."""
        user = self._okta.user(okta_id).value
        if user is not None and user.status == "DEPROVISIONED":
            self._records.note_due(Due(f"user:{okta_id}", WHY, self._clock.now()))
            return True
        return user is None

    def _control(self, case: Case) -> tuple[OktaGroup, ...]:
        """The own groups of somebody who is listed; empty where nobody is, or Okta does not show them."""
        return next((self._okta.user_groups(each).value or () for each in _drawn(case.link.okta_id, case.present)), ())

    def _doubted(self, case: Case, leaving: Mapping[str, str], suspicious: str) -> Proof:
        """Once more in a minute; it is a person's when that says the same."""
        link = case.link
        if link.sighted is None:
            return Proof({}, "", self._sighted(link, leaving), waits=True)
        if self._clock.now() - link.sighted >= SECOND_SIGHT:
            return Proof({}, suspicious, link)
        return Proof({}, "", link, waits=True)  # the second sight is due already

    def _wait(self, case: Case, leaving: Mapping[str, str]) -> Proof:
        """Nobody goes yet. Those absent since the first sight wait for one of their own."""
        link = case.link
        still = fingerprints(link.okta_id, leaving) & people_of(link.absent)
        if still and link.sighted is not None and case.began - link.sighted < SECOND_SIGHT:
            waiting = replace(link, absent="".join(sorted(still)))
            return Proof({}, "", waiting, waits=True)  # the second sight is due already
        return Proof({}, "", self._sighted(link, leaving), waits=True)

    def _sighted(self, link: GroupLink, absent: Collection[str]) -> GroupLink:
        """The group's record with these as seen absent now for the first time; their second sight is due."""
        now = self._clock.now()
        self._records.note_due(Due(link.entity, WHY, now + SECOND_SIGHT))
        remembered = sorted(fingerprints(link.okta_id, absent))[:REMEMBERED]
        return replace(link, sighted=now, absent="".join(remembered))


def _seen_before(case: Case, leaving: Collection[str]) -> frozenset[str]:
    """Who of them was absent from an earlier listing too, long enough before this one began."""
    link = case.link
    if link.sighted is None or not SECOND_SIGHT <= case.began - link.sighted <= SIGHT_AGE:
        return frozenset()
    absent = people_of(link.absent)
    return frozenset(okta_id for okta_id in leaving if _fingerprint(link.okta_id, okta_id) in absent)


def remembered(link: GroupLink, proofs: Collection[Proof]) -> GroupLink:
    """The group's record with everybody whom these proofs saw for the first time; none of them ends another's sights.

    All wait as long as the last of them.
    """
    if not proofs:
        return link
    sights = [proof.link for proof in proofs if proof.link.sighted is not None]
    absent = frozenset[str]().union(*(people_of(sight.absent) for sight in sights))
    sighted = max((sight.sighted for sight in sights if sight.sighted is not None), default=None)
    return replace(link, sighted=sighted, absent="".join(sorted(absent)[:REMEMBERED]))


def explained_by(stamp: datetime | None, link: GroupLink) -> bool:
    """Whether Okta says that the membership changed after the last listing that left nobody to remove."""
    settled = link.settled or link.nonempty
    return stamp is not None and settled is not None and stamp > settled - MEMBERSHIP_LAG


def _drawn(group_id: str, people: Collection[str]) -> list[str]:
    """All of them, or of many as many as may be asked for: by hash, so the same ones for the same people."""
    by_hash = sorted(people, key=lambda okta_id: sha256(f"{group_id} {okta_id}".encode()).digest())
    return by_hash[:MAX_READS]


def _fingerprint(group_id: str, okta_id: str) -> str:
    return sha256(f"{group_id} {okta_id}".encode()).hexdigest()[:_FINGERPRINT]


def fingerprints(group_id: str, people: Collection[str]) -> frozenset[str]:
    """Short hashes of people, as the group's record keeps them."""
    return frozenset(_fingerprint(group_id, okta_id) for okta_id in people)


def people_of(fingerprints: str) -> frozenset[str]:
    """What `GroupLink.absent` and `GroupLink.known` keep in one text."""
    if fingerprints == _NOBODY:
        return frozenset()
    return frozenset(fingerprints[at : at + _FINGERPRINT] for at in range(0, len(fingerprints), _FINGERPRINT))


def known_as(people: Collection[str]) -> str:
    """Short hashes of people as `GroupLink.known` keeps them; empty where they are too many."""
    return ("".join(sorted(people)) or _NOBODY) if len(people) <= KNOWN else ""


def shows(link: GroupLink, item: Item) -> bool:
    """Whether the last whole reading of a group showed whom an item names, or its record cannot tell.

    An event that is older than that reading, and names somebody whom it did not show, contradicts it.
    """
    if not (link.known and link.unmade and item.users):
        return True
    return fingerprints(link.okta_id, item.users) <= people_of(link.known) | people_of(link.unmade)
