"""Groups that are known to be out of scope: what becomes of their members concerns nobody."""

from __future__ import annotations

from datetime import datetime, timedelta

from bridge.items import Reason
from bridge.provisioning.ports import Clock
from bridge.provisioning.record_ports import GroupLinks
from bridge.provisioning.records import GroupLink, GroupState
from bridge.provisioning.sync import Work

#: For so long a process believes what it has read of a group.
BELIEVED = timedelta(minutes=5)
#: So many groups a process remembers.
MAX_REMEMBERED = 10_000
_EVENTS = frozenset({Reason.HOOK, Reason.CATCHUP})


class OutOfScope:
    """What one process has read of groups without a link.

    A change of members puts no group in scope. What does (another name, an assignment, an operator) brings a sync of
    its own; that moves the group's sync number, and what was read before it counts no more.
    """

    def __init__(self, groups: GroupLinks, clock: Clock) -> None:
        """Nothing is known yet."""
        self._groups = groups
        self._clock = clock
        self._known: dict[str, tuple[int, datetime]] = {}

    def note(self, okta_id: str, link: GroupLink | None) -> None:
        """No rule puts the group in scope, as a sync with this record has just read."""
        if len(self._known) >= MAX_REMEMBERED:
            self._known.clear()
        self._known[okta_id] = (link.sync_number if link else 0, self._clock.now())

    def passes_over(self, work: Work) -> bool:
        """Whether the items say no more than that members of such a group have changed."""
        number, read = self._known.get(work.okta_id, (0, None))
        if read is None or self._clock.now() - read >= BELIEVED:
            return False
        if work.reasons - _EVENTS or any(item.users is None for item in work.items):
            return False
        link = self._groups.group(work.okta_id)
        return number == (link.sync_number if link else 0) and (link is None or link.state is not GroupState.LINKED)
