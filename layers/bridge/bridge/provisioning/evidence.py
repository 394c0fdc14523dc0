"""What proves that somebody left a group: absence from one listing is none.

A listing may be cut, empty, late or of somebody else, and the stamp ``lastMembershipUpdated`` is one for the whole
group. So everybody who would be removed is also asked for alone (``GET /users/{id}/groups``), up to twenty of them; of
more, twenty drawn by hash, and the listing must say the same a minute later. What contradicts the listing is read
once more, and then it is a person's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from bridge.provisioning.ports import Clock, OktaReader
from bridge.provisioning.record_ports import DueRecords
from bridge.provisioning.records import Due, GroupLink
from bridge.provisioning.sync import Work

#: So many people are asked for one by one; of more, so many are drawn.
SINGLE_READS = 20
#: Some whom Okta does not know are passed over; more readings than this are not made for one listing.
MOST_READS = 3 * SINGLE_READS
#: How long after a first sight a second one counts, and when it is due.
SECOND_SIGHT = timedelta(seconds=60)
#: Okta's ``lastMembershipUpdated`` and the ``Date`` of our listing may differ by the read lag.
MEMBERSHIP_LAG = timedelta(seconds=5)
#: The cause of the sync that brings the second sight.
WHY = "second-sight"


@dataclass(frozen=True)
class Proof:
    """What may be done about the people whom a listing does not show.

    Attributes:
        out: Okta id -> Genesys Cloud id of those who really left.
        suspicious: why the listing is not believed: all of them are held for a person; else empty.
        link: the group's record with what was seen of them.
    """

    out: dict[str, str]
    suspicious: str
    link: GroupLink


class Evidence:
    """Asks Okta for each person alone, and again a minute later where that is not enough."""

    def __init__(self, okta: OktaReader, records: DueRecords, clock: Clock) -> None:
        """`records` keep when the second sight is due."""
        self._okta = okta
        self._records = records
        self._clock = clock

    def prove(
        self,
        work: Work,
        link: GroupLink,
        leaving: Mapping[str, str],
        *,
        stamp: datetime | None,
        began: datetime,
        once: bool,
    ) -> Proof:
        """Who of `leaving` really left.

        Args:
            work: the sync.
            link: the group's record.
            leaving: Okta id -> Genesys Cloud id of the people whom the listing does not show, all active by our
                records: an inactive one needs no proof.
            stamp: Okta's ``lastMembershipUpdated``, None where it is none to believe.
            began: our time before the listing was read.
            once: whether one sight is enough, because a person has approved it, or because an earlier sync had its
                second sight and stopped on its way. Nobody leaves without being asked for all the same.

        Returns:
            With nobody in `out` and nothing suspicious: not yet; a second sight is due.
        """
        many = len(leaving) > SINGLE_READS
        if many and not once and not _explained(stamp, link):
            return self._doubted(link, leaving, "suspicious-listing")
        unknown, spoke = set(), 0
        for okta_id in _drawn(link.okta_id, leaving):
            if many and spoke == SINGLE_READS:
                break
            work.check_time()
            groups = self._okta.user_groups(okta_id).value
            if groups is None:
                unknown.add(okta_id)  # whether they are deleted is for their own sync to find
            elif any(group.id == link.okta_id for group in groups):
                return self._doubted(link, leaving, "suspicious-listing")
            else:
                spoke += 1
        if many and spoke < SINGLE_READS:  # a role that does not see people: nobody has said that they left
            return self._doubted(link, leaving, "suspicious-listing")
        out = {okta_id: member for okta_id, member in leaving.items() if okta_id not in unknown}
        if many and not once and not self._seen_before(link, leaving, began):
            return self._doubted(link, leaving, "")
        return Proof(out, "", replace(link, sighted=None, absent=""))

    @staticmethod
    def _seen_before(link: GroupLink, leaving: Mapping[str, str], began: datetime) -> bool:
        """Whether an earlier listing showed the same people as absent, long enough before this one began."""
        return link.sighted is not None and began - link.sighted >= SECOND_SIGHT and link.absent == _digest(leaving)

    def _doubted(self, link: GroupLink, leaving: Mapping[str, str], suspicious: str) -> Proof:
        """Once more in a minute; with `suspicious` it is a person's when that says the same."""
        now = self._clock.now()
        if suspicious and link.sighted is not None and now - link.sighted >= SECOND_SIGHT:
            return Proof({}, suspicious, link)
        if suspicious and link.sighted is not None:
            return Proof({}, "", link)  # the second sight is due already
        if not suspicious and link.sighted is not None and link.absent == _digest(leaving):
            return Proof({}, "", link)
        self._records.note_due(Due(link.entity, WHY, now + SECOND_SIGHT))
        return Proof({}, "", replace(link, sighted=now, absent=_digest(leaving)))


def _explained(stamp: datetime | None, link: GroupLink) -> bool:
    """Whether Okta says that the membership changed after the last listing that left nobody to remove."""
    settled = link.settled or link.nonempty
    return stamp is not None and settled is not None and stamp > settled - MEMBERSHIP_LAG


def _drawn(group_id: str, leaving: Mapping[str, str]) -> list[str]:
    """All of them, or of many as many as may be asked for: by hash, so the same ones for the same people."""
    by_hash = sorted(leaving, key=lambda okta_id: sha256(f"{group_id} {okta_id}".encode()).digest())
    return by_hash[:MOST_READS]


def _digest(leaving: Mapping[str, str]) -> str:
    return sha256(" ".join(sorted(leaving)).encode()).hexdigest()[:32]
