"""Whether one alone is gone, or out of sight with all the others: a role that was narrowed answers 404 for each."""

from __future__ import annotations

from hashlib import sha256
from itertools import islice

from bridge.errors import AuthFailure
from bridge.provisioning.ports import GenesysReader, OktaReader
from bridge.provisioning.record_ports import GroupLinks, UserLinks
from bridge.provisioning.records import GroupLink, GroupState
from bridge.provisioning.user_records import UserLink

#: So many other linked groups, or people, are asked for; people are drawn from so many.
WITNESSES, _DRAWN_FROM = 5, 50


class Witnesses:
    """Asks for other linked groups before one is taken for gone.

    What cannot be told from a lost role raises `AuthFailure`: the link stays, nothing is held, and people are told.
    """

    def __init__(self, okta: OktaReader, genesys: GenesysReader, records: GroupLinks) -> None:
        """Everything it needs, as ports."""
        self._okta = okta
        self._genesys = genesys
        self._records = records

    def require_okta(self, link: GroupLink) -> None:
        """Raise unless Okta, which answers 404 on this group, still shows another one."""
        others = self._others(link)
        if others:
            shown = any(self._okta.group(other.okta_id).value is not None for other in others)
        else:  # every org has a group, Everyone at least; a listing that shows this one contradicts the 404
            listed = {group.id for group in self._okta.groups_page().entries}
            shown = bool(listed) and link.okta_id not in listed
        if not shown:
            raise AuthFailure("okta-groups-not-visible", detail=link.entity, upstream="okta", status=404)

    def require_genesys(self, link: GroupLink, name: str) -> None:
        """Raise unless Genesys Cloud, which answers 404 on this group's counterpart, still shows another one.

        Args:
            link: the group's record.
            name: what the group is called in Okta, empty when that is not known.
        """
        others = self._others(link)
        if others:
            shown = any(self._genesys.group(other.genesys_id) is not None for other in others)
        else:
            shown = all(group.id != link.genesys_id for group in self._genesys.find_groups(name))
        if not shown:
            raise AuthFailure("genesys-groups-not-visible", detail=link.entity, upstream="genesys", status=404)

    def require_assigned(self, link: GroupLink, assigned: frozenset[str]) -> None:
        """Raise unless the application, which does not list this group, still lists another one linked by that."""
        others = [other for other in self._linked(link) if other.linked_by == link.linked_by]
        if others and all(other.okta_id not in assigned for other in others):
            raise AuthFailure("okta-app-groups-not-visible", detail=link.entity, upstream="okta")

    def _linked(self, link: GroupLink) -> list[GroupLink]:
        """Every other linked group."""
        return [
            other
            for other in self._records.groups()
            if other.state is GroupState.LINKED and other.okta_id != link.okta_id
        ]

    def _others(self, link: GroupLink) -> list[GroupLink]:
        """Some of them, by hash: a few may just have been deleted together."""
        by_hash = sorted(self._linked(link), key=lambda other: _drawn(link.okta_id, other.okta_id))
        return by_hash[:WITNESSES]


def require_users_shown(okta: OktaReader, records: UserLinks, link: UserLink) -> None:
    """Raise `AuthFailure` where Okta, which answers 404 on this user, shows nobody else who is active either.

    Without anybody else there is nothing to tell it by.
    """
    active = (each.okta_id for each in records.all_users() if each.known_active and each.okta_id != link.okta_id)
    others = sorted(islice(active, _DRAWN_FROM), key=lambda other: _drawn(link.okta_id, other))[:WITNESSES]
    if others and all(okta.user(other).value is None for other in others):
        raise AuthFailure("okta-users-not-visible", detail=link.entity, upstream="okta", status=404)


def _drawn(okta_id: str, other: str) -> bytes:
    return sha256(f"{okta_id} {other}".encode()).digest()
