"""Who is added to a group: once where Genesys Cloud does not show them afterwards, and again soon where they are new.

Genesys Cloud may show a group without its members, or the first hundred alone; then nobody is known not to be one, and
all who were sent would be sent again by every sync.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

from bridge.items import Reason
from bridge.provisioning.members import MemberChanges
from bridge.provisioning.membership import Membership, Seen, membership_of
from bridge.provisioning.ports import Clock
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import Due
from bridge.provisioning.sync import Report, Work
from bridge.provisioning.user_records import LATE_WHY
from bridge.provisioning.values import ScimGroup
from bridge.settings import Mode

#: A list of exactly so many members may be the beginning of a longer one.
CUT_LENGTH = 100
#: How long after their account was made the group service may not know somebody, and when they are tried again.
NEW_FOR = timedelta(hours=1)
NEW_WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
#: `Due.why` of the group of a new member, whose Okta id follows.
NEW_MEMBER = "new-member:"
#: So many new members of a group are followed one by one; what brings them brings any others too.
MAX_AWAITED = 50
#: From so many whom an answer does not show, it is the list that is cut.
MANY = 20
#: What people are told of those who are not sent again.
_SAID = ("member-not-added", "member-refused", "members-cut")
#: Marks a digest of people whom no answer has shown to be members, or not to be.
_UNANSWERED = "?"


class Additions:
    """Adds members, and remembers whom it makes no sense to send again."""

    def __init__(self, store: Store, clock: Clock, mode: Mode) -> None:
        """`store` keeps when new members are tried again; observe mode only shows what would be added."""
        self._store = store
        self._clock = clock
        self._observes = mode is Mode.OBSERVE

    def add(self, work: Work, both: Seen, changes: MemberChanges, report: Report) -> Seen:
        """Add who is missing; what is known of both sides after that, with the group's record.

        What an answer shows beyond the reading counts as read.
        """
        link, seen = both.link, both.membership
        additions = seen.additions()
        wanted = sorted(additions)
        digest = _digest(wanted, seen.listed)
        if digest == link.blind.removeprefix(_UNANSWERED) and not _is_asked(work):
            self._park_unseen(both, wanted, changes)
            return both
        if self._observes:
            changes.would_add(len(wanted))
            report.joining = tuple(sorted(additions.values()))
            return both
        changes.add(wanted)
        shown = changes.shown
        known = seen if shown is None else self._joined(seen, shown)
        awaited, waiting = self._await(work, both, changes)
        self._park_refused(changes, waiting)
        unseen = [member for member in changes.unseen if member not in waiting]
        cut = len(shown or ()) == CUT_LENGTH or len(unseen) > MANY or not seen.members <= (shown or seen.members)
        if unseen and cut:
            changes.park(["group"], "members-cut", f"not-shown:{len(unseen)}")
        for member in () if cut else unseen:
            changes.park([member], "member-not-added")
        tried = wanted if seen.missing or known.members - seen.members - set(wanted) else _left(seen, shown)
        refused = {member for part, _ in changes.refused for member in part}.union(changes.conflicting)
        blind = ""
        if set(tried) - refused or seen.missing:
            blind = _digest(tried, seen.listed) if shown is not None else f"{_UNANSWERED}{digest}"
        return replace(both, link=replace(link, blind=blind, awaited=awaited), membership=known)

    def _joined(self, seen: Membership, shown: frozenset[str]) -> Membership:
        """Both sides with what an answer shows; a reading without it may have been cut."""
        if not seen.missing and shown <= seen.members | frozenset(seen.additions()):
            return seen
        group = ScimGroup("", seen.name, shown | seen.members, seen.version)
        return membership_of(self._store, seen.listed, group)

    # ---------------------------------------------------------------------------------- new members

    def _await(self, work: Work, both: Seen, changes: MemberChanges) -> tuple[dict[str, int], frozenset[str]]:
        """Have those tried again soon whose account is new; how often each, and who of the members waits so."""
        seen, awaited = both.membership, both.link.awaited
        owner = {user.genesys_id: okta_id for okta_id, user in seen.links.items()}
        failed = {member for part, _ in changes.refused for member in part} | set(changes.unseen)
        new = sorted(owner[member] for member in failed if self._is_new(seen, owner[member]))
        again = [okta_id for okta_id in new if okta_id in awaited] + [
            okta_id for okta_id in new if okta_id not in awaited
        ]
        came = {item.due for item in work.items}
        tries: dict[str, int] = {}
        for okta_id in again[:MAX_AWAITED]:
            why, number = f"{NEW_MEMBER}{okta_id}", awaited.get(okta_id, 0)
            if number == 0 or (why in came and number <= len(NEW_WAITS)):
                number += 1
                if number <= len(NEW_WAITS):
                    at = self._clock.now() + NEW_WAITS[number - 1]
                    self._store.note_due(Due(work.entity, why, at, number))
            tries[okta_id] = number
        for okta_id in awaited.keys() - tries.keys():
            self._store.settle_due(work.entity, f"{NEW_MEMBER}{okta_id}")
        waits = any(number <= len(NEW_WAITS) for number in tries.values())
        given_up = {okta_id for okta_id, number in tries.items() if number > len(NEW_WAITS)}
        waiting = {member for member in failed if waits and owner[member] in new and owner[member] not in given_up}
        return tries, frozenset(waiting)

    def _is_new(self, seen: Membership, okta_id: str) -> bool:
        created = seen.links[okta_id].created
        return created is not None and self._clock.now() - created < NEW_FOR

    # ------------------------------------------------------------------------------------- parking

    @staticmethod
    def _park_refused(changes: MemberChanges, waiting: frozenset[str]) -> None:
        for part, status in changes.refused:
            if rest := [member for member in part if member not in waiting]:
                changes.park(rest, "member-refused", status)

    def _park_unseen(self, both: Seen, wanted: list[str], changes: MemberChanges) -> None:
        """Of those who are not sent again: what was parked for them stays, and what nobody was told is said now.

        A process may have died between the group's record and what it was to park.
        """
        seen = both.membership
        if seen.missing or not wanted:
            return
        answered, cut = not both.link.blind.startswith(_UNANSWERED), len(seen.members) == CUT_LENGTH
        if answered and (cut or any(item.reason in _SAID for item in self._store.parked_items(both.link.entity))):
            changes.keep_parked(*_SAID)
        elif cut or len(wanted) > MANY:
            changes.park(["group"], "members-cut", f"not-shown:{len(wanted)}")
        else:
            tries, links = both.link.awaited, seen.links
            waiting = {links[each].genesys_id for each in tries if each in links and tries[each] <= len(NEW_WAITS)}
            for member in sorted(set(wanted) - waiting):
                changes.park([member], "member-not-added")


def _left(seen: Membership, shown: frozenset[str] | None) -> list[str]:
    """Who will be missing in a reading like the answer; all who are now where it shows nobody."""
    return sorted((seen if shown is None else replace(seen, members=shown)).additions())


def _is_asked(work: Work) -> bool:
    """Whether the sync is there to send people again who were not seen."""
    dues = [item.due for item in work.items]
    return Reason.REDRIVE in work.reasons or any(due == LATE_WHY or due.startswith(NEW_MEMBER) for due in dues)


def _digest(wanted: Iterable[str], listed: Iterable[str]) -> str:
    return sha256(" ".join([*wanted, *sorted(listed)]).encode()).hexdigest()[:32]
