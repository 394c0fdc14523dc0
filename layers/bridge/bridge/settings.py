"""Settings that several functions read, and how a variable is read.

Functions that sync or compare read `SyncSettings`, some with more of their own; the others have a class in their
package with just what they read. An empty variable counts as unset.
Whatever is wrong raises `SettingsError` naming the variable and what was expected. Standard library only: the receiver
imports this.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self, TypeVar

from bridge.errors import SettingsError

#: Hosts that a local override may point to.
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1", "host.docker.internal"})
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?")
APP_ID = re.compile(r"[A-Za-z0-9]{8,64}")
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
#: Before the name of an SSM parameter that has the value in place of the environment.
SSM_PREFIX = "ssm:"
E_ = TypeVar("E_", bound=StrEnum)


def _is_local(origin: re.Match[str]) -> bool:
    return origin["host"].strip("[]").lower() in LOCAL_HOSTS


def group_names(text: str) -> tuple[str, ...]:
    r"""The names and globs of a list that has commas between them.

    A comma within a name is written ``\,``, a backslash ``\\``; a blank at the end of a name counts when a backslash
    stands before it.
    """
    names, name, kept = [], "", 0
    letters = iter(text)
    for letter in letters:
        if letter == ",":
            names.append(name[:kept] + name[kept:].rstrip())
            name, kept = "", 0
        elif letter == "\\":
            name += next(letters, " ")  # the environment has lost the blank
            kept = len(name)
        elif name or not letter.isspace():
            name += letter
    names.append(name[:kept] + name[kept:].rstrip())
    return tuple(name for name in names if name)


class Mode(StrEnum):
    """Whether writes leave."""

    ENFORCE = "enforce"
    OBSERVE = "observe"


class OktaAuth(StrEnum):
    """How the bridge signs in to Okta."""

    OAUTH = "oauth"
    SSWS = "ssws"


class SuspendedUsers(StrEnum):
    """What a SUSPENDED Okta user means."""

    DEACTIVATE = "deactivate"
    IGNORE = "ignore"


class InactiveMembers(StrEnum):
    """Whether a merely inactive user stays a member of groups."""

    KEEP = "keep"
    REMOVE = "remove"


class UserNameSource(StrEnum):
    """Which Okta value becomes the Genesys Cloud userName."""

    EMAIL = "email"
    LOGIN = "login"
    APP = "app"


class SyncPassword(StrEnum):
    """What a new Genesys Cloud user's password is: left to Genesys Cloud, or a random one of ours."""

    NONE = "none"
    RANDOM = "random"


class Environment:
    """Typed access to environment variables."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        """Read from `variables`, such as ``os.environ``."""
        self._variables = variables

    def text(self, name: str, default: str | None = None) -> str:
        """The value; without `default` the variable is required."""
        value = self._variables.get(name, "").strip()
        if value:
            return value
        if default is None:
            raise SettingsError(f"{name} is not set")
        return default

    def choice(self, name: str, default: E_) -> E_:
        """One of the values of the default's enumeration."""
        value = self.text(name, default.value)
        try:
            return type(default)(value)
        except ValueError:
            expected = ", ".join(type(default))
            raise SettingsError(f"{name}: expected one of {expected}") from None

    def flag(self, name: str, *, default: bool) -> bool:
        """``true``/``1`` or ``false``/``0``."""
        value = self.text(name, "true" if default else "false").lower()
        if value not in {"true", "1", "false", "0"}:
            raise SettingsError(f"{name}: expected true or false")
        return value in {"true", "1"}

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        """A whole number within bounds."""
        value = self.text(name, str(default))
        if not re.fullmatch(r"-?\d{1,9}", value) or not least <= int(value) <= most:
            raise SettingsError(f"{name}: expected a whole number from {least} to {most}")
        return int(value)

    def number(self, name: str, default: float, *, least: float, most: float) -> float:
        """A decimal number within bounds."""
        value = self.text(name, str(default))
        if not re.fullmatch(r"\d{1,9}(\.\d{1,6})?", value) or not least <= float(value) <= most:
            raise SettingsError(f"{name}: expected a number from {least:g} to {most:g}")
        return float(value)

    def matching(self, name: str, pattern: re.Pattern[str], expected: str, default: str | None = None) -> str:
        """A text that matches `pattern` as a whole."""
        value = self.text(name, default)
        if not pattern.fullmatch(value):
            raise SettingsError(f"{name}: expected {expected}")
        return value

    @property
    def local(self) -> bool:
        """Whether ``BRIDGE_LOCAL=1``: only then may URLs lead to this machine."""
        return self.text("BRIDGE_LOCAL", "") == "1"

    def base_url(self, name: str, default: str | None = None) -> str:
        """An https origin, or an http one towards this machine when local. Empty only if `default` is."""
        value = self.text(name, default).rstrip("/")
        if not value:
            return ""
        origin = _ORIGIN.fullmatch(value)
        if origin and (origin["scheme"] == "https" or (self.local and _is_local(origin))):
            return value
        raise SettingsError(
            f"{name}: expected https://<host> without a path (http only with BRIDGE_LOCAL=1, to loopback)"
        )

    def override_url(self, name: str) -> str:
        """A local override: empty, or a URL to this machine, and only with ``BRIDGE_LOCAL=1``."""
        value = self.base_url(name, "")
        origin = _ORIGIN.fullmatch(value)
        if origin and not (self.local and _is_local(origin)):
            raise SettingsError(f"{name}: accepted only with BRIDGE_LOCAL=1 and towards loopback")
        return value


def reconcile_schedule(environment: Environment) -> str:
    """RECONCILE_SCHEDULE: when everything is compared, as EventBridge Scheduler writes it."""
    schedule = environment.text("RECONCILE_SCHEDULE", "cron(0 2 * * ? *)")
    if re.fullmatch(r"(rate|cron|at)\(.+\)", schedule) is None:
        raise SettingsError("RECONCILE_SCHEDULE: expected a schedule, such as cron(0 2 * * ? *)")
    return schedule


@dataclass(frozen=True)
class QueueSettings:
    """The URLs of the queues."""

    leavers: str
    users: str
    groups: str

    @classmethod
    def read(cls, environment: Environment) -> QueueSettings:
        """LEAVERS_QUEUE_URL, USERS_QUEUE_URL, GROUPS_QUEUE_URL."""
        return cls(
            leavers=environment.text("LEAVERS_QUEUE_URL"),
            users=environment.text("USERS_QUEUE_URL"),
            groups=environment.text("GROUPS_QUEUE_URL"),
        )


@dataclass(frozen=True)
class OktaSettings:
    """How to reach Okta.

    Attributes:
        org_url: the org's origin.
        app_id: the application whose assignments are in scope.
        auth: how to sign in.
        client_id: of the service app; empty: the bridge's secret has it as ``okta_client_id``.
        kms_key_id: the key that signs for the service app.
        read_lag_seconds: how far Okta's reads may trail its events.
    """

    org_url: str
    app_id: str
    auth: OktaAuth
    client_id: str
    kms_key_id: str
    read_lag_seconds: float

    @classmethod
    def read(cls, environment: Environment) -> OktaSettings:
        """OKTA_ORG_URL, OKTA_APP_ID, OKTA_AUTH, OKTA_CLIENT_ID, OKTA_KMS_KEY_ID, OKTA_READ_LAG_SECONDS."""
        auth = environment.choice("OKTA_AUTH", OktaAuth.OAUTH)
        oauth = auth is OktaAuth.OAUTH
        return cls(
            org_url=environment.base_url("OKTA_ORG_URL"),
            app_id=environment.matching("OKTA_APP_ID", APP_ID, "an Okta application id (0oa...)"),
            auth=auth,
            client_id=environment.text("OKTA_CLIENT_ID", ""),
            kms_key_id=environment.text("OKTA_KMS_KEY_ID", None if oauth else ""),
            read_lag_seconds=environment.number("OKTA_READ_LAG_SECONDS", 5, least=0, most=60),
        )


@dataclass(frozen=True)
class GenesysSettings:
    """How to reach Genesys Cloud."""

    region: str
    api_url: str
    login_url: str
    requests_per_minute: int
    members_per_request: int

    @classmethod
    def read(cls, environment: Environment) -> GenesysSettings:
        """GENESYS_REGION, the local overrides, GENESYS_REQUESTS_PER_MINUTE, MEMBERS_PER_REQUEST."""
        return cls(
            region=environment.text("GENESYS_REGION"),
            api_url=environment.override_url("GENESYS_API_URL"),
            login_url=environment.override_url("GENESYS_LOGIN_URL"),
            requests_per_minute=environment.whole("GENESYS_REQUESTS_PER_MINUTE", 300, least=1, most=100_000),
            members_per_request=environment.whole("MEMBERS_PER_REQUEST", 50, least=1, most=1000),
        )


@dataclass(frozen=True)
class MapSettings:
    """How a profile becomes a SCIM user.

    Attributes:
        user_name_source: which Okta value becomes the userName.
        default_phone_region: where a phone number is dialled whose profile names no known country.
        source: empty for the map that comes with the bridge, ``file:<path>``, or the name of an SSM parameter.
        allowed_roles: the Genesys Cloud roles that a map may give.
    """

    user_name_source: UserNameSource
    default_phone_region: str
    source: str
    allowed_roles: tuple[str, ...] = ()

    @classmethod
    def read(cls, environment: Environment) -> MapSettings:
        """USER_NAME_SOURCE, DEFAULT_PHONE_REGION, ATTRIBUTE_MAP_PARAMETER, ALLOWED_ROLES."""
        return cls(
            user_name_source=environment.choice("USER_NAME_SOURCE", UserNameSource.EMAIL),
            default_phone_region=environment.matching(
                "DEFAULT_PHONE_REGION", re.compile("[A-Z]{2}"), "a country code of two letters, such as US"
            ),
            source=environment.text("ATTRIBUTE_MAP_PARAMETER", ""),
            allowed_roles=group_names(environment.text("ALLOWED_ROLES", "")),
        )


@dataclass(frozen=True)
class ProvisioningSettings:
    """The switches of the decisions.

    Attributes:
        linked_groups: names and globs, or ``ssm:<name>`` alone: then that SSM parameter has them.
    """

    mode: Mode = Mode.OBSERVE
    create_users: bool = True
    update_users: bool = True
    deactivate_users: bool = True
    suspended_users: SuspendedUsers = SuspendedUsers.DEACTIVATE
    inactive_members: InactiveMembers = InactiveMembers.KEEP
    report_lost_roles: bool = True
    sync_password: SyncPassword = SyncPassword.NONE
    link_assigned_groups: bool = True
    linked_groups: tuple[str, ...] = ()
    members_per_request: int = 50
    group_removal_ceiling: int = 1000
    group_removal_ceiling_percent: int = 50
    deactivation_ceiling: int = 500
    deactivation_ceiling_percent: int = 10
    ceiling_window_hours: float = 24
    protected_group: str = ""
    read_lag_seconds: float = 5

    @classmethod
    def read(cls, environment: Environment) -> ProvisioningSettings:
        """MODE, CREATE_USERS, ...: the upper-case names of the fields, and OKTA_READ_LAG_SECONDS."""
        return cls(
            mode=environment.choice("MODE", Mode.OBSERVE),
            create_users=environment.flag("CREATE_USERS", default=True),
            update_users=environment.flag("UPDATE_USERS", default=True),
            deactivate_users=environment.flag("DEACTIVATE_USERS", default=True),
            suspended_users=environment.choice("SUSPENDED_USERS", SuspendedUsers.DEACTIVATE),
            inactive_members=environment.choice("INACTIVE_MEMBERS", InactiveMembers.KEEP),
            report_lost_roles=environment.flag("REPORT_LOST_ROLES", default=True),
            sync_password=environment.choice("SYNC_PASSWORD", SyncPassword.NONE),
            link_assigned_groups=environment.flag("LINK_ASSIGNED_GROUPS", default=True),
            linked_groups=group_names(environment.text("LINKED_GROUPS", "")),
            members_per_request=environment.whole("MEMBERS_PER_REQUEST", 50, least=1, most=1000),
            group_removal_ceiling=environment.whole("GROUP_REMOVAL_CEILING", 1000, least=1, most=1000),
            group_removal_ceiling_percent=environment.whole("GROUP_REMOVAL_CEILING_PERCENT", 50, least=0, most=100),
            deactivation_ceiling=environment.whole("DEACTIVATION_CEILING", 500, least=1, most=100_000),
            deactivation_ceiling_percent=environment.whole("DEACTIVATION_CEILING_PERCENT", 10, least=0, most=100),
            ceiling_window_hours=environment.number("CEILING_WINDOW_HOURS", 24, least=0.001, most=720),
            protected_group=environment.text("PROTECTED_GROUP", "").strip(),
            read_lag_seconds=environment.number("OKTA_READ_LAG_SECONDS", 5, least=0, most=60),
        )


@dataclass(frozen=True, kw_only=True)
class SyncSettings:
    """What a function reads that syncs, or compares and previews as a sync would."""

    okta: OktaSettings
    genesys: GenesysSettings
    provisioning: ProvisioningSettings
    queues: QueueSettings
    mapping: MapSettings
    secret_id: str
    hash_key_secret_id: str
    state_table: str

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Self:
        """Every variable of the function."""
        environment = Environment(variables)
        return cls(
            okta=OktaSettings.read(environment),
            genesys=GenesysSettings.read(environment),
            provisioning=ProvisioningSettings.read(environment),
            queues=QueueSettings.read(environment),
            mapping=MapSettings.read(environment),
            secret_id=environment.text("BRIDGE_SECRET_ID"),
            hash_key_secret_id=environment.text("HASH_KEY_SECRET_ID"),
            state_table=environment.text("STATE_TABLE"),
            **cls.own(environment),
        )

    @staticmethod
    def own(_environment: Environment) -> dict[str, Any]:
        """What one function alone reads, by field."""
        return {}
