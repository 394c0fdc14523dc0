"""What the model keeps: users, groups and the calls it received."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class User:
    """A user at one version; a change makes a new record.

    Attributes:
        id: a UUID.
        attributes: the attributes a client may write, in canonical SCIM form. Never changed in place.
        version: counts up with each change.
        modified: when, UTC.
        deleted: softly deleted: nobody finds it any more.
    """

    id: str
    attributes: Mapping[str, Any]
    version: int
    modified: datetime
    deleted: bool = False

    @property
    def user_name(self) -> str:
        """The login name, an e-mail address."""
        return str(self.attributes["userName"])

    @property
    def active(self) -> bool:
        """The administrative state."""
        return bool(self.attributes["active"])

    @property
    def external_id(self) -> str:
        """What a SCIM client stored, empty without one."""
        return str(self.attributes.get("externalId", ""))


@dataclass(frozen=True, slots=True)
class Group:
    """A group at one version; a change makes a new record.

    Attributes:
        id: a UUID.
        display_name: unique without case among groups only by habit.
        members: member id -> ``User`` or ``Group``. Never changed in place.
        version: counts up with each change.
        modified: when, UTC.
        external_id: what a SCIM client stored, empty without one.
        rule_based: membership comes from rules, not from writes.
    """

    id: str
    display_name: str
    members: Mapping[str, str]
    version: int
    modified: datetime
    external_id: str = ""
    rule_based: bool = False


@dataclass(slots=True)
class Call:
    """A request that the model received and what came of it.

    Attributes:
        number: 1 for the first.
        at: when it came, UTC.
        method: upper case.
        path: as received.
        route: with ids taken out: ``oauth/token``, ``users``, ``users/{id}``, ``groups/{id}``,
            ``serviceproviderconfig``, ..., ``unknown``.
        query: its parameters.
        status: of the answer; 0 when the connection was cut before any work was done.
        user_id: the user it was about, also a user just created.
        group_id: the group it was about.
        added: ids of members that it really added.
        removed: ids of members that it really removed.
        body: the JSON body with passwords masked, None without one.
        lost: the work was done but the answer never reached the caller.
        changed: whether something was written.
    """

    number: int
    at: datetime
    method: str
    path: str
    route: str = "unknown"
    query: tuple[tuple[str, str], ...] = ()
    status: int = 0
    user_id: str = ""
    group_id: str = ""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    body: Any = None
    lost: bool = False
    changed: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    """Of the answer."""
