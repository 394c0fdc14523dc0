"""Protected people: members of one Okta group, who leave anything by a person's decision alone.

Who has been seen in that group stays protected until their own groups say otherwise: a listing's silence, or an answer
that they are not found or have no groups at all, ends no protection. Nor does a listing's silence alone release anyone
who has never been seen there: up to `SINGLE_READS` of them are asked for their own groups.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from datetime import timedelta

from bridge.provisioning.evidence import SINGLE_READS
from bridge.provisioning.hold_ports import Removals
from bridge.provisioning.ports import Clock, OktaReader

#: What the records of protected people belong to.
PROTECTED = "protected"
#: How long a process remembers which group bears the name. Another setting is another process.
ID_AGE = timedelta(minutes=10)
_OKTA_ID = re.compile(r"00g[A-Za-z0-9]{17}")


class ProtectedPeople:
    """Tells who of those who leave is protected."""

    def __init__(self, okta: OktaReader, records: Removals, clock: Clock, group: str) -> None:
        """`group`: id or name of the Okta group, empty for none."""
        self._okta = okta
        self._records = records
        self._clock = clock
        self._group = group
        self._id = ""
        self._read = clock.now()

    def among(self, leaving: AbstractSet[str]) -> frozenset[str] | None:
        """Who of these is protected; None when nobody knows, and so all of them are.

        Nobody knows where Okta has no group of that id or name, or several of that name.

        Raises:
            Transient, Permanent: as Okta's reads.
        """
        if not self._group or not leaving:
            return frozenset()
        known = self._records.exceptions(PROTECTED)
        group_id = self._find()
        listed = self._okta.group_users(group_id).value if group_id else None
        if listed is None:
            self._id = ""
            return None
        strangers = leaving - known - listed
        if len(strangers) <= SINGLE_READS:  # a listing may be short: they say themselves whether they are members
            listed |= {okta_id for okta_id in strangers if self._is_in(okta_id, group_id)}
        elif not listed and not known:
            return None
        if new := listed - known:
            self._records.add_exceptions(PROTECTED, new)
        unseen = (known - listed) & leaving
        left = frozenset(okta_id for okta_id in unseen if self._has_left(okta_id, group_id))
        if left:
            self._records.remove_exceptions(PROTECTED, left)
        return ((known | listed) & leaving) - left

    def _is_in(self, okta_id: str, group_id: str) -> bool:
        """Whether they are a member by their own groups; also while those are empty, which says nothing."""
        groups = self._okta.user_groups(okta_id).value
        return groups is not None and (not groups or any(group.id == group_id for group in groups))

    def _has_left(self, okta_id: str, group_id: str) -> bool:
        groups = self._okta.user_groups(okta_id).value or ()
        return bool(groups) and all(group.id != group_id for group in groups)

    def _find(self) -> str:
        """The group's id, by id or by its name as Okta writes it; empty when there is none, or more than one."""
        now = self._clock.now()
        if _OKTA_ID.fullmatch(self._group):
            return self._group
        if not self._id or now - self._read > ID_AGE:
            found = self._okta.groups_named(self._group)
            self._id, self._read = found[0].id if len(found) == 1 else "", now
        return self._id
