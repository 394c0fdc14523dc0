"""Where the attribute map comes from: the default, a file, or a parameter of SSM Parameter Store."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from bridge.errors import SettingsError
from bridge.mapping.attribute_map import AttributeMap
from bridge.provisioning.values import AppUser, MappedUser, OktaUser
from bridge.settings import MapSettings

_FILE = "file:"


#: Seconds for which a map is used without asking for a newer one.
MAX_AGE = 300


class CurrentMap:
    """`bridge.provisioning.ports.UserMapper`: the newest map that was right.

    It changes in `refresh` alone, so that whatever is done between two of them is done by one map.
    """

    def __init__(
        self,
        load: Callable[[], AttributeMap],
        refused: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Load the first one now.

        Args:
            load: gives the newest map; SettingsError when it is wrong or cannot be read.
            refused: is told why a newer map is not taken.
            clock: counts seconds.

        Raises:
            SettingsError: the first map is wrong, so there is none.
        """
        self._load = load
        self._refused = refused
        self._clock = clock
        self._map = load()
        self._fresh_until = clock() + MAX_AGE

    def refresh(self) -> None:
        """Take a newer map, at most every five minutes; a wrong one leaves the last good one in force."""
        now = self._clock()
        if now < self._fresh_until:
            return
        self._fresh_until = now + MAX_AGE
        try:
            self._map = self._load()
        except SettingsError as wrong:
            self._refused(str(wrong))

    @property
    def digest(self) -> str:
        """Of the map in force."""
        return self._map.digest

    @property
    def maps_manager(self) -> bool:
        """Likewise."""
        return self._map.maps_manager

    @property
    def reads_app_user(self) -> bool:
        """Likewise."""
        return self._map.reads_app_user

    def map_user(self, user: OktaUser, app_user: AppUser | None) -> MappedUser:
        """By the map in force."""
        return self._map.map_user(user, app_user)


def load_map(settings: MapSettings, *, provider: SSMProvider | None = None) -> AttributeMap:
    """The map that ATTRIBUTE_MAP_PARAMETER names; `provider` reads the parameter, one is made when it is needed.

    Raises:
        SettingsError: the map cannot be read, or what it says is wrong.
    """
    user_name, region = settings.user_name_source, settings.default_phone_region
    if not settings.source:
        return AttributeMap.default(user_name=user_name, default_region=region)
    return AttributeMap.parse(_read(settings.source, provider), user_name=user_name, default_region=region)


def parameter_text(settings: MapSettings, *, provider: SSMProvider | None = None) -> tuple[str, str] | None:
    """Name and text of the SSM parameter that has the map; None where it comes from elsewhere.

    Raises:
        SettingsError: it cannot be read.
    """
    if not settings.source or settings.source.startswith(_FILE):
        return None
    return settings.source, _read(settings.source, provider)


def _read(setting: str, provider: SSMProvider | None) -> str:
    if setting.startswith(_FILE):
        try:
            return Path(setting.removeprefix(_FILE)).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise SettingsError("ATTRIBUTE_MAP_PARAMETER: expected a readable UTF-8 file after file:") from None
    try:
        return str((provider or SSMProvider()).get(setting))
    except GetParameterError:
        raise SettingsError(
            "ATTRIBUTE_MAP_PARAMETER: expected the name of an SSM parameter that this function may read"
        ) from None
