"""Hinted additions: the few people whom events name are added to a group without a reading of the whole group.

Their own groups, read now, must say that they are members. A hinted sync takes the group's fence, and of the group's
record it writes only when it began, which events it has answered and whom it knows now: it has seen neither list of
members, so nothing that rests on a list may move. Whatever is out of the ordinary is left to a whole sync.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.items import MAX_NAMED_USERS, Item, Reason
from bridge.provisioning.evidence import fingerprints, known_as, people_of
from bridge.provisioning.linking import UNLINKED_BY_OPERATOR
from bridge.provisioning.members import MemberChanges
from bridge.provisioning.ports import Clock, GenesysScim, OktaReader
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import AppState, GroupLink, GroupState
from bridge.provisioning.sync import Report, Work
from bridge.provisioning.user_records import Origin, UserLink, UserState
from bridge.provisioning.values import Read, ScimGroup
from bridge.settings import Mode, ProvisioningSettings

#: For so long a record names the events that hinted syncs have answered, and at most so many of them.
ANSWERED_FOR, MAX_ANSWERED = timedelta(minutes=15), 100
#: What the journal says of a sync that has read no list of members.
HINTED = "hinted"
_REASONS = frozenset({Reason.HOOK, Reason.CATCHUP, Reason.FOLLOW_UP})


class HintedAdditions:
    """Adds the people whom all items of a group's work name, where that is safe."""

    def __init__(
        self, okta: OktaReader, genesys: GenesysScim, store: Store, clock: Clock, settings: ProvisioningSettings
    ) -> None:
        """Everything the decision needs, as ports."""
        self._okta = okta
        self._genesys = genesys
        self._store = store
        self._clock = clock
        self._settings = settings

    def sync(self, work: Work, link: GroupLink, app: AppState) -> Report | None:
        """Add whom the items name under the fence of `link`; None where the whole group must be read.

        Raises:
            FenceMoved: another sync has begun meanwhile; what was sent is seen to by the whole sync that follows.
        """
        named = _named(work)
        if not named or not self._is_ordinary(link, app):
            return None
        hold, users = self._store.hold_and_users(link.entity, named)
        if hold is not None and (not hold.ended or hold.told != hold.state):
            return None
        if users.keys() != named or not self._are_settled(link, users):
            return None
        if self._store.exceptions(link.entity) or self._store.dues(link.entity):
            return None
        report = Report(partial=True)
        joining = []
        for okta_id in sorted(named):
            read = self._is_in(okta_id, link.okta_id)
            if not read.value:
                return None  # an event and a reading contradict each other
            report.date = min(read.date, report.date or read.date)
            joining.append(users[okta_id].genesys_id)
        report.read["named"] = str(len(named))
        changes = MemberChanges(
            self._genesys,
            self._clock,
            work,
            ScimGroup(link.genesys_id, ""),
            self._settings.members_per_request,
            report,
            vain=0,
        )
        if not changes.add_plainly(joining):
            return None
        known = known_as(people_of(link.known) | fingerprints(link.okta_id, named)) if link.known else ""
        self._store.save_group(replace(link, answered=self._answered(work, link), known=known))
        return report.finish("members-changed", HINTED)

    def _is_in(self, okta_id: str, group_id: str) -> Read[bool]:
        """Whether somebody's own groups name the group; None when Okta does not know them."""
        read = self._okta.user_groups(okta_id)
        return Read(None if read.value is None else any(group.id == group_id for group in read.value), read.date)

    def _is_ordinary(self, link: GroupLink, app: AppState) -> bool:
        """Whether, by its own record and the application's, the group waits for no whole sync."""
        if self._settings.mode is not Mode.ENFORCE or not app.bootstrapped or app.restored is not None:
            return False
        if link.state is not GroupState.LINKED or link.linked_by == UNLINKED_BY_OPERATOR or not link.first_sync_ended:
            return False
        return not (link.unlinking or link.sighted or link.blind or link.awaited or link.in_vain)

    def _are_settled(self, link: GroupLink, users: Mapping[str, UserLink]) -> bool:
        """Whether all of them have an active account; one that was adopted must have been seen in the group before."""
        if not all(
            user.state is UserState.LINKED and user.known_active and not user.pending for user in users.values()
        ):
            return False
        adopted = {okta_id for okta_id, user in users.items() if user.origin is Origin.ADOPTED}
        return not adopted or adopted <= self._store.seen(link.entity)

    def _answered(self, work: Work, link: GroupLink) -> dict[str, datetime]:
        now = self._clock.now()
        before = {event: at for event, at in link.answered.items() if now - at < ANSWERED_FOR}
        events = dict.fromkeys((event for item in work.items for event in item.events), now)
        return dict(list({**before, **events}.items())[-MAX_ANSWERED:])


def is_answered(link: GroupLink, item: Item, now: datetime) -> bool:
    """Whether hinted syncs have answered, not long ago, every event of an item that names people."""
    times = [link.answered.get(event) for event in item.events]
    return bool(item.users and times) and all(at is not None and now - at < ANSWERED_FOR for at in times)


def _named(work: Work) -> frozenset[str]:
    """Whom the items name; nobody where one of them asks for more, or where they are too many."""
    if work.again or work.reasons - _REASONS or not all(item.users and not item.due for item in work.items):
        return frozenset()
    named = frozenset(_all_named(work.items))
    return named if len(named) <= MAX_NAMED_USERS else frozenset()


def _all_named(items: Iterable[Item]) -> Iterable[str]:
    return (okta_id for item in items for okta_id in item.users or ())
