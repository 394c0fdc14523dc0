"""Both sides of a linked group as one sync read them, and the differences between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bridge.provisioning.ports import GenesysReader
from bridge.provisioning.record_ports import UserLinks
from bridge.provisioning.records import AppState, GroupLink
from bridge.provisioning.user_records import UserLink
from bridge.provisioning.values import ScimGroup
from bridge.settings import InactiveMembers

#: So many records of users are in memory whole at a time.
LINKS_AT_A_TIME = 1000


@dataclass(frozen=True)
class Membership:
    """Both sides of a linked group, as one sync read them.

    Attributes:
        listed: Okta ids of the group's users in Okta; empty when the group is gone there.
        links: our records of those users and of every linked member.
        members: Genesys Cloud ids of the members.
        owner: Genesys Cloud id -> Okta id of each member that is one of our users.
        name: what Genesys Cloud calls the group.
        version: the version of that group, empty where Genesys Cloud shows none.
        missing: whether Genesys Cloud did not show the members: nobody is known to be one, and nobody not to be.
    """

    listed: frozenset[str]
    links: dict[str, UserLink]
    members: frozenset[str]
    owner: dict[str, str]
    name: str
    version: str = ""
    missing: bool = False

    def inactive(self, okta_id: str) -> bool:
        """Whether our records say that the user is inactive in Genesys Cloud."""
        link = self.links.get(okta_id)
        return link is not None and link.known_active is False

    def additions(self) -> dict[str, str]:
        """Genesys Cloud id -> Okta id of those to be added: listed, linked and active by our records, no members."""
        return {
            link.genesys_id: okta_id
            for okta_id in self.listed
            if (link := self.links.get(okta_id)) is not None
            and link.known_active
            and link.genesys_id not in self.members
        }

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


@dataclass(frozen=True)
class Seen:
    """What one sync read of a linked group.

    Attributes:
        link: our record of the group.
        app: what operators set for the whole bridge.
        membership: both sides.
        suspicious: why Okta's listing is hard to believe (``suspicious-empty``, ``group-deleted``), else empty.
        stamp: Okta's ``lastMembershipUpdated``.
        began: our time before Okta's listing was read, None where there was none.
    """

    link: GroupLink
    app: AppState
    membership: Membership
    suspicious: str
    stamp: datetime | None = None
    began: datetime | None = None


def read_membership(
    genesys: GenesysReader, store: UserLinks, link: GroupLink, listed: frozenset[str]
) -> Membership | None:
    """Genesys Cloud's members and our records of everybody concerned; None when the group is gone there."""
    group = genesys.group(link.genesys_id)
    return None if group is None else membership_of(store, listed, group)


def membership_of(store: UserLinks, listed: frozenset[str], group: ScimGroup) -> Membership:
    """Our records of everybody concerned with a group as Genesys Cloud shows it."""
    members = group.members or frozenset()
    owner = {
        member: entity.removeprefix("user:")
        for member, entity in store.owners(members).items()
        if entity.startswith("user:")
    }
    everybody = sorted(listed | frozenset(owner.values()))
    links: dict[str, UserLink] = {}
    for at in range(0, len(everybody), LINKS_AT_A_TIME):
        # Without the fingerprints, which nobody needs here: a group may have a hundred thousand members.
        part = store.users(everybody[at : at + LINKS_AT_A_TIME])
        links |= {okta_id: replace(found, hashes={}, refused={}, references=()) for okta_id, found in part.items()}
    return Membership(
        listed=listed,
        links=links,
        members=members,
        owner=owner,
        name=group.display_name,
        version=group.version,
        missing=group.members is None,
    )
