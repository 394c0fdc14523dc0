"""Protected people: members of one Okta group, who leave anything by a person's decision alone.

Who has been seen in that group stays protected until their own groups say otherwise: a listing's silence, or an answer
that they are not found or have no groups at all, ends no protection.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from bridge.errors import Transient
from bridge.provisioning.ports import OktaReader
from bridge.provisioning.record_ports import Removals
from bridge.provisioning.values import OktaGroup

#: What the records of protected people belong to.
PROTECTED = "protected"


class ProtectedPeople:
    """Tells who of those who leave is protected."""

    def __init__(self, okta: OktaReader, records: Removals, group: str) -> None:
        """`group`: id or name of the Okta group, empty for none."""
        self._okta = okta
        self._records = records
        self._group = group

    def among(self, leaving: AbstractSet[str]) -> frozenset[str] | None:
        """Who of these is protected; None when the group is not found: then nobody knows.

        Raises:
            Transient, Permanent: as Okta's reads.
        """
        known = self._records.exceptions(PROTECTED)
        if not self._group:
            if known:
                self._records.remove_exceptions(PROTECTED, known)
            return frozenset()
        if not leaving:
            return frozenset()
        group_id = self._find()
        listed = self._okta.group_users(group_id).value if group_id else None
        if listed is None:
            return None
        if new := listed - known:
            self._records.add_exceptions(PROTECTED, new)
        unseen = (known - listed) & leaving
        left = frozenset(okta_id for okta_id in unseen if self._has_left(okta_id, group_id))
        if left:
            self._records.remove_exceptions(PROTECTED, left)
        return ((known | listed) & leaving) - left

    def _has_left(self, okta_id: str, group_id: str) -> bool:
        groups = self._okta.user_groups(okta_id).value or ()
        return bool(groups) and all(group.id != group_id for group in groups)

    def _find(self) -> str:
        """The group's id, by id or by its name without case; empty when there is none, or more than one."""
        if self._okta_id() is not None:
            return self._group
        found: list[OktaGroup] = []
        following, followed = "", set[str]()
        while True:
            page = self._okta.groups_page(following)
            found += [group for group in page.entries if group.name.casefold() == self._group.casefold()]
            following = page.following
            if not following:
                return found[0].id if len(found) == 1 else ""
            if following in followed:
                raise Transient("okta-implausible", detail="a page is followed by itself", upstream="okta")
            followed.add(following)

    def _okta_id(self) -> OktaGroup | None:
        return self._okta.group(self._group).value if self._group.startswith("00g") else None
