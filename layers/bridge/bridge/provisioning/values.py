"""The values that pass through the ports: what Okta and Genesys Cloud answered, as far as decisions need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Read(Generic[T_co]):
    """An answer of Okta with Okta's own ``Date`` header (of the first page, for a listing).

    ``value`` is None when Okta answered 404 with E0000007, and only then.
    """

    value: T_co | None
    date: datetime


@dataclass(frozen=True)
class Page(Generic[T_co]):
    """One page of a listing of Okta; by itself it says nothing of the whole.

    Attributes:
        entries: what is on it.
        following: what names the next page, empty on the last one.
        date: Okta's ``Date``.
    """

    entries: tuple[T_co, ...]
    following: str
    date: datetime


@dataclass(frozen=True)
class OktaUser:
    """A user as ``GET /api/v1/users/{id}`` answers: id, status and the raw document."""

    id: str
    status: str
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AppUser:
    """An assignment as ``GET /api/v1/apps/{app}/users/{id}`` answers; ``id`` is the Okta user id."""

    id: str
    status: str
    document: Mapping[str, Any] = field(default_factory=dict)

    @property
    def user(self) -> OktaUser | None:
        """The user as the same answer shows them (``expand=user``); None when it does not."""
        document = (self.document.get("_embedded") or {}).get("user")
        if not isinstance(document, Mapping) or document.get("id") != self.id:
            return None
        status = document.get("status")
        return OktaUser(self.id, status, document) if isinstance(status, str) else None


@dataclass(frozen=True)
class OktaGroup:
    """A group as ``GET /api/v1/groups/{id}`` answers; `built_in`: Okta itself keeps it, such as Everyone."""

    id: str
    name: str
    last_membership_updated: datetime | None = None
    built_in: bool = False


@dataclass(frozen=True)
class ScimUser:
    """A Genesys Cloud user as SCIM shows it.

    Attributes:
        id: Genesys Cloud's id.
        user_name: the login, an e-mail address.
        active: administrative state.
        external_id: what a SCIM client stored, empty without one.
        version: the ETag in its double quotes, empty when none was given.
        groups: ids of the user's groups.
        document: the whole resource.
    """

    id: str
    user_name: str
    active: bool
    external_id: str = ""
    version: str = ""
    groups: tuple[str, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ScimGroup:
    """A Genesys Cloud group.

    Attributes:
        id: Genesys Cloud's id.
        display_name: its name; empty in the answer to a change that has no document.
        members: ids of its members, None when the answer left them out.
        version: the ETag in its double quotes, empty when none was given.
    """

    id: str
    display_name: str
    members: frozenset[str] | None = None
    version: str = ""


@dataclass(frozen=True)
class ScimPage:
    """One page of Genesys Cloud's users, and how many there are in all by its word (``totalResults``)."""

    users: tuple[ScimUser, ...]
    total: int


@dataclass(frozen=True)
class MappedUser:
    """A profile as the attribute map sees it: SCIM path -> value.

    Attributes:
        values: what Genesys Cloud holds at all times, ``userName`` and ``displayName`` among it.
        on_create: what is sent only when the user is created.
        unmapped: paths whose values did not fit their format and were left out.
        lists: skills and languages that `values` has: attribute -> how the names begin that are replaced as a whole.
    """

    values: Mapping[str, Any]
    on_create: Mapping[str, Any] = field(default_factory=dict)
    unmapped: tuple[str, ...] = ()
    lists: Mapping[str, str] = field(default_factory=dict)
