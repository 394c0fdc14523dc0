"""The ceiling: how many may leave a group, or the organisation, without a person's approval."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.provisioning.records import GroupLink
from bridge.settings import ProvisioningSettings

#: Groups smaller than this have no percentage: 12 of 15 is a shift change.
PERCENT_FROM = 20
#: Groups of at least this size never become empty without a person's approval.
NEVER_EMPTY_FROM = 5
#: Fewer deactivations than this in the window need no listing; the percentage never forbids so few.
DIRECT_DEACTIVATIONS_THRESHOLD = 20


@dataclass(frozen=True)
class Ceiling:
    """The limits."""

    count: int = 0  #: how many may leave
    percent: int = 0  #: how many of a hundred; 0 switches that off
    floor: int = 0  #: so many the percentage never forbids
    may_empty: bool = False  #: whether none of those who were there need stay

    def exceeded(self, total: int, base: int, *, empties: bool) -> str:
        """The reason code of the limit that `total` of `base` exceed; empty for none.

        Both are with those removed unapproved within the window. `empties`: whether nobody stays who was there.
        """
        if total > self.count:
            return "ceiling-count"
        allowed = max(self.floor, base * self.percent // 100)
        if self.percent and base >= PERCENT_FROM and total > allowed:
            return "ceiling-percent"
        return "ceiling-empty" if empties and not self.may_empty and base >= NEVER_EMPTY_FROM else ""


def of_group(link: GroupLink, settings: ProvisioningSettings, *, joining: int = 0) -> Ceiling:
    """The group's own, and the setting's for what it does not name, while `joining` are added."""
    count, percent = link.ceiling, link.ceiling_percent
    return Ceiling(
        count=settings.group_removal_ceiling if count is None else count,
        percent=settings.group_removal_ceiling_percent if percent is None else percent,
        may_empty=joining > 0,
    )


def of_organisation(settings: ProvisioningSettings) -> Ceiling:
    """That of deactivations; everybody may leave."""
    count, percent = settings.deactivation_ceiling, settings.deactivation_ceiling_percent
    return Ceiling(count, percent, floor=DIRECT_DEACTIVATIONS_THRESHOLD, may_empty=True)
