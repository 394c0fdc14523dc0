"""Both sides of a linked group as one look read them, and the differences between them."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.provisioning.records import UserLink
from bridge.settings import InactiveMembers


@dataclass(frozen=True)
class Membership:
    """Both sides of a linked group, as one look read them.

    Attributes:
        listed: Okta ids of the group's users in Okta; empty when the group is gone there.
        links: our records of those users and of every linked member.
        members: Genesys Cloud ids of the members.
        owner: Genesys Cloud id -> Okta id of each member that is one of our users.
        name: what Genesys Cloud calls the group.
    """

    listed: frozenset[str]
    links: dict[str, UserLink]
    members: frozenset[str]
    owner: dict[str, str]
    name: str

    def inactive(self, okta_id: str) -> bool:
        """Whether our records say that the user is inactive in Genesys Cloud."""
        link = self.links.get(okta_id)
        return link is not None and link.active is False

    def additions(self) -> list[str]:
        """Genesys Cloud ids to add: in the Okta group, linked and active by our records, not yet members."""
        wanted = {
            link.genesys_id
            for okta_id in self.listed
            if (link := self.links.get(okta_id)) is not None and link.active and link.genesys_id
        }
        return sorted(wanted - self.members)

    def removals(self, inactive_members: InactiveMembers) -> dict[str, str]:
        """Okta id -> Genesys Cloud id of the linked members that should not be members."""
        keep = inactive_members is InactiveMembers.KEEP
        return {
            okta_id: member
            for member, okta_id in self.owner.items()
            if (not keep if self.inactive(okta_id) else okta_id not in self.listed)
        }

    def base(self, inactive_members: InactiveMembers) -> frozenset[str]:
        """Okta ids of the linked members that the percentage is taken of."""
        if inactive_members is InactiveMembers.REMOVE:
            return frozenset(self.owner.values())
        return frozenset(okta_id for okta_id in self.owner.values() if not self.inactive(okta_id))
