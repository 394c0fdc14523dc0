"""The small interfaces through which the decisions meet the world.

The functions plug in Okta, Genesys Cloud, DynamoDB and SQS; tests and the simulation plug in models and memory.
Errors are those of `bridge.errors`: anyone who implements a port maps the outside's errors to that tree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from bridge.items import Item
from bridge.provisioning.hold_records import Hold
from bridge.provisioning.values import (
    AppUser,
    MappedUser,
    OktaGroup,
    OktaUser,
    Page,
    Read,
    ScimGroup,
    ScimPage,
    ScimUser,
)


class Clock(Protocol):
    """Our own time."""

    def now(self) -> datetime:
        """The present moment, UTC."""
        ...


# ---------------------------------------------------------------------------------------------------- Okta


class OktaReader(Protocol):
    """Read-only access to Okta. A listing is whole or raises: never a part of one.

    What Okta does not know has the value None.

    Raises:
        Transient: timeout, connection error, 408, 429, 5xx, an answer that is not what Okta documents.
        AuthFailure: 401, 403, a refused token request, 404 on the application itself.
        Permanent: any other 4xx.
    """

    def user(self, user_id: str) -> Read[OktaUser]:
        """One user by id."""
        ...

    def app_user(self, user_id: str) -> Read[AppUser]:
        """The user's assignment to the application; value None when not assigned (404 E0000007)."""
        ...

    def app_users(self, page_limit: int) -> Read[Mapping[str, AppUser]]:
        """Every assignment of the application by user id; value None when there are more than `page_limit` pages."""
        ...

    def app_users_page(self, following: str = "") -> Page[AppUser]:
        """A page of the application's assignments: the first, or the one that another page's `following` names."""
        ...

    def groups_page(self, following: str = "") -> Page[OktaGroup]:
        """A page of all groups, likewise."""
        ...

    def groups_named(self, name: str) -> tuple[OktaGroup, ...]:
        """The groups of just this name."""
        ...

    def app(self) -> Read[str]:
        """The application's status, such as ``ACTIVE``; 404 is an AuthFailure."""
        ...

    def app_groups(self) -> Read[frozenset[str]]:
        """Ids of the groups that are assigned to the application."""
        ...

    def group(self, group_id: str) -> Read[OktaGroup]:
        """One group by id."""
        ...

    def group_users(self, group_id: str) -> Read[frozenset[str]]:
        """Ids of all users of a group, whatever their status."""
        ...

    def user_groups(self, user_id: str) -> Read[tuple[OktaGroup, ...]]:
        """The groups of a user."""
        ...


# ------------------------------------------------------------------------------------------- Genesys Cloud


class GenesysReader(Protocol):
    """Genesys Cloud SCIM v2, the calls that change nothing.

    Raises:
        Transient, AuthFailure, Permanent: as `bridge.errors` says.
    """

    def user(self, genesys_id: str) -> ScimUser | None:
        """One user by id, None on 404."""
        ...

    def find_users(self, attribute: str, value: str) -> list[ScimUser]:
        """Users found by ``<attribute> eq "<value>"`` whose attribute is really equal (without case)."""
        ...

    def inactive_users(self) -> Iterator[ScimUser]:
        """Every inactive user, page by page."""
        ...

    def users_page(self, start: int, count: int, *, active: bool, rates: Collection[str] = ()) -> ScimPage:
        """Up to `count` active or inactive users from place `start` (the first is 1); not yet the whole of them.

        Of skills and languages their documents have those lists that `rates` names.
        """
        ...

    def find_groups(self, name: str) -> list[ScimGroup]:
        """Groups found by ``displayName eq`` whose name is really equal (without case), without members."""
        ...

    def group(self, genesys_id: str) -> ScimGroup | None:
        """One group, None on 404; its `members` is None when the answer has no list, and then nothing is known."""
        ...


class GenesysScim(GenesysReader, Protocol):
    """Genesys Cloud SCIM v2, with the calls that write."""

    def create_user(self, document: Mapping[str, Any]) -> ScimUser:
        """POST a user.

        Raises:
            UserNameTaken: 409.
        """
        ...

    def patch_user(self, genesys_id: str, operations: Sequence[Mapping[str, Any]], *, if_match: str = "") -> ScimUser:
        """PATCH a user.

        Raises:
            ResourceNotFound: 404. VersionConflict: one of its three forms. UserNameTaken: 409 for the userName.
        """
        ...

    def add_members(self, group_id: str, user_ids: Sequence[str]) -> ScimGroup:
        """PATCH ``add`` of members; the group in the answer, with nothing but its id when the answer has none.

        Raises:
            ResourceNotFound: 404. VersionConflict: one of its forms. Permanent: another 4xx.
        """
        ...

    def remove_members(self, group_id: str, user_ids: Sequence[str], *, if_match: str = "") -> ScimGroup:
        """PATCH ``remove`` of members, with `if_match` only as long as the group has that version."""
        ...


class Notifier(Protocol):
    """The way to people."""

    def hold_changed(self, hold: Hold, what: str) -> None:
        """Tell that a hold was ``opened`` or ``closed``, or send a ``reminder``; ids and counts only.

        Raises:
            Transient: it could not be told.
        """
        ...


class QueueSender(Protocol):
    """The way into the queues."""

    def send(self, items: Sequence[Item]) -> None:
        """Put every item into its queue, or raise Transient (``upstream="queues"``); sending twice is harmless."""
        ...


class UserMapper(Protocol):
    """From an Okta profile to SCIM attributes."""

    @property
    def digest(self) -> str:
        """Stands for the map: another map has another one."""
        ...

    @property
    def maps_manager(self) -> bool:
        """Whether the map has a manager, by Okta user id, login, e-mail address or employee number."""
        ...

    @property
    def rates(self) -> frozenset[str]:
        """The lists of skills and languages that the map has."""
        ...

    @property
    def reads_app_user(self) -> bool:
        """Whether the map reads the app user, so that every sync must read the assignment."""
        ...

    def map_user(self, user: OktaUser, app_user: AppUser | None) -> MappedUser:
        """Map one user; Permanent ``unmappable-profile`` when a required value is missing."""
        ...


class Pace(Protocol):
    """The shared call budget of one upstream."""

    def take(self) -> None:
        """Take one call, or raise Transient with the seconds to wait."""
        ...

    def hold(self) -> None:
        """Have one call ready for the next `take`, or raise as it does; unused it is not lost."""
        ...

    def hurry(self) -> None:
        """Say that a leaver waits for a call, so that others make room for a moment."""
        ...

    def observe(self, *, limit: int | None, remaining: int | None, reset_seconds: float | None) -> None:
        """Learn from the rate-limit headers of an answer."""
        ...
