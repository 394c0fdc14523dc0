"""What an Okta org holds: users, groups, applications, assignments, event hooks.

The records are replaced, never changed (``dataclasses.replace``), so that an older state stays readable and a
rendered body can be kept with its record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

STAGED, PROVISIONED, ACTIVE, RECOVERY = "STAGED", "PROVISIONED", "ACTIVE", "RECOVERY"
PASSWORD_EXPIRED, LOCKED_OUT = "PASSWORD_EXPIRED", "LOCKED_OUT"
SUSPENDED, DEPROVISIONED, INACTIVE = "SUSPENDED", "DEPROVISIONED", "INACTIVE"
#: Every status of a user (Okta Management API, schema UserStatus).
USER_STATUSES = (
    STAGED,
    PROVISIONED,
    ACTIVE,
    RECOVERY,
    PASSWORD_EXPIRED,
    LOCKED_OUT,
    SUSPENDED,
    DEPROVISIONED,
)


#: The type of a group whose members Okta itself keeps.
BUILT_IN = "BUILT_IN"


@dataclass(slots=True)
class User:
    """An Okta user; `profile` holds attributes that have a value."""

    id: str
    status: str
    profile: Mapping[str, Any]
    created: datetime
    last_updated: datetime
    type_id: str
    activated: datetime | None = None
    status_changed: datetime | None = None
    password_changed: datetime | None = None
    rendered: str = field(default="", init=False, compare=False, repr=False)

    @property
    def login(self) -> str:
        """The login, which events call ``alternateId``."""
        return str(self.profile["login"])

    @property
    def display_name(self) -> str:
        """The full name as events show it."""
        names = (self.profile.get("firstName"), self.profile.get("lastName"))
        return self.profile.get("displayName") or " ".join(name for name in names if name) or self.login


@dataclass(slots=True)
class Group:
    """An Okta group; ``type`` is OKTA_GROUP, APP_GROUP or BUILT_IN."""

    id: str
    name: str
    description: str | None
    created: datetime
    last_updated: datetime
    last_membership_updated: datetime
    type: str = "OKTA_GROUP"
    rendered: str = field(default="", init=False, compare=False, repr=False)


@dataclass(slots=True)
class App:
    """An application instance; ``status`` is ACTIVE or INACTIVE.

    Attributes:
        features: what of native provisioning is switched on, such as ``PUSH_NEW_USERS``.
        pushed: the groups that native group push keeps.
    """

    id: str
    name: str
    label: str
    status: str
    created: datetime
    last_updated: datetime
    features: tuple[str, ...] = ()
    pushed: tuple[str, ...] = ()


@dataclass(slots=True)
class Assignment:
    """A user's assignment to an application (Okta's AppUser).

    Attributes:
        app_id: the application.
        user_id: the user; also the id that the API shows.
        app_user_id: the ``0ua`` id that only events show.
        individual: made for this user alone (scope USER), not only through a group (scope GROUP).
        group_id: the group that gives the assignment, empty without one.
        user_name: ``credentials.userName``.
        user_name_fixed: set for this user by hand, so it does not follow the Okta profile.
        profile: the application's own profile of the user.
        status: AppUser status.
    """

    app_id: str
    user_id: str
    app_user_id: str
    individual: bool
    group_id: str
    user_name: str
    profile: Mapping[str, Any]
    created: datetime
    last_updated: datetime
    status_changed: datetime
    user_name_fixed: bool = False
    status: str = ACTIVE
    rendered: str = field(default="", init=False, compare=False, repr=False)

    @property
    def scope(self) -> str:
        """USER or GROUP."""
        return "USER" if self.individual else "GROUP"


@dataclass(slots=True)
class GroupAssignment:
    """A group's assignment to an application."""

    group_id: str
    priority: int
    last_updated: datetime
    profile: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class EventHook:
    """An event hook; `channel` is the API's document, with the auth secret, which no answer shows."""

    id: str
    name: str
    status: str
    verification: str
    created: datetime
    last_updated: datetime
    events: tuple[str, ...]
    channel: Mapping[str, Any]
    description: str | None = None
    filter: Mapping[str, Any] | None = None
    verified_at: datetime | None = None

    @property
    def delivers(self) -> bool:
        """Whether Okta sends events: ACTIVE and VERIFIED."""
        return self.status == ACTIVE and self.verification == "VERIFIED"

    @property
    def uri(self) -> str:
        """Where deliveries go."""
        return str(self.channel["config"]["uri"])
