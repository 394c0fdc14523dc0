"""Which Okta groups the bridge keeps, and by which rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from bridge.provisioning.ports import Clock, OktaReader
from bridge.provisioning.record_ports import GroupLinks
from bridge.provisioning.records import GroupLink, GroupState
from bridge.provisioning.values import OktaGroup
from bridge.settings import ProvisioningSettings

#: The listing of assigned groups is renewed by an event about it, otherwise after this time.
LISTING_AGE = timedelta(minutes=10)
#: `GroupLink.linked_by` where an operator has spoken: linked, or kept out, whatever the rules say.
LINKED_BY_OPERATOR, UNLINKED_BY_OPERATOR = "operator", "operator-unlinked"
#: `GroupLink.why` of a group that is in scope and finds no Genesys Cloud group.
_WITHOUT_GROUP = frozenset({"no-match", "ambiguous", "taken"})


class Linking:
    """The rules that say which Okta groups are in scope."""

    def __init__(
        self,
        okta: OktaReader,
        records: GroupLinks,
        clock: Clock,
        settings: ProvisioningSettings,
        names: Callable[[], Iterable[str]],
    ) -> None:
        """Read the listing of assigned groups through `okta`, and the `names` to link, when they are needed."""
        self._okta = okta
        self._records = records
        self._clock = clock
        self._settings = settings
        self._names = names
        self._assigned: frozenset[str] = frozenset()
        self._read: tuple[int, datetime] | None = None

    def assigned(self, epoch: int) -> frozenset[str]:
        """Ids of the groups assigned to the application; one listing for each epoch, or every ten minutes."""
        if not self._settings.link_assigned_groups:
            return frozenset()
        now = self._clock.now()
        if self._read is None or self._read[0] != epoch or now - self._read[1] > LISTING_AGE:
            self._assigned = self._okta.app_groups().value or frozenset()
            self._read = (epoch, now)
        return self._assigned

    def by_name(self) -> dict[str, str]:
        """The pattern of each rule ``name <pattern>``, without case.

        Raises:
            SettingsError, Transient: as `LinkedNames`.
        """
        return {f"name {name}": name.lower() for name in self._names()}

    def forget(self) -> None:
        """Read the listing of assigned groups anew when it is next needed: nothing ends by what is remembered."""
        self._read = None

    def may_link(self, group_id: str, link: GroupLink | None, epoch: int) -> bool:
        """Whether a group could be in scope, before its name is known."""
        if link is not None and (link.state is GroupState.LINKED or link.linked_by == LINKED_BY_OPERATOR):
            return True
        if link is not None and link.linked_by == UNLINKED_BY_OPERATOR:
            return False
        return bool(self.by_name()) or group_id in self.assigned(epoch)

    def rule(self, group: OktaGroup, link: GroupLink | None, epoch: int) -> str:
        """The rule that puts a group in scope: ``operator``, ``name <pattern>`` or ``assigned``; empty for none.

        A group that is linked by its name stays so, whatever it is called later, while the setting has the pattern.
        """
        if link is not None and link.linked_by in {LINKED_BY_OPERATOR, UNLINKED_BY_OPERATOR}:
            return LINKED_BY_OPERATOR if link.linked_by == LINKED_BY_OPERATOR else ""
        by_name = self.by_name()
        if link is not None and link.state is GroupState.LINKED and link.linked_by in by_name:
            return link.linked_by
        name = group.name.lower()
        for rule, pattern in by_name.items():
            if name == pattern or fnmatchcase(name, pattern):
                return rule
        return "assigned" if group.id in self.assigned(epoch) else ""

    def keeps(self, group: OktaGroup, epoch: int) -> bool:
        """Whether a user of this group must enqueue the group again when the user changes."""
        link = self._records.group(group.id)
        return (link is not None and link.state is GroupState.LINKED) or bool(self.rule(group, link, epoch))


def not_linked(links: Iterable[GroupLink]) -> dict[str, str]:
    """Entity -> why, of every group in scope that has no Genesys Cloud group of its own."""
    return {link.entity: link.why for link in links if link.state is GroupState.UNLINKED and link.why in _WITHOUT_GROUP}
