"""Where the attribute map comes from: the default, a file, or a parameter of SSM Parameter Store.

What a parameter says is kept once it was right. So a wrong one, or one that cannot be read, leaves the last good map in
force, for functions that start anew as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import SettingsError, Transient
from bridge.mapping.attribute_map import AttributeMap
from bridge.provisioning.values import AppUser, MappedUser, OktaUser
from bridge.settings import MapSettings

_FILE = "file:"


#: Seconds for which a map is used without asking for a newer one.
MAX_AGE = 300


@dataclass(frozen=True)
class MapText:
    """The text of a map.

    Attributes:
        text: the document.
        version: SSM's number; a parameter that is made anew begins again with 1. 0 where it is not SSM's.
        modified: when SSM got it, in milliseconds since the epoch.
    """

    text: str
    version: int = 0
    modified: int = 0

    def is_newer(self, other: MapText | None) -> bool:
        """Whether SSM got it after the other one."""
        return other is None or (self.modified, self.version) > (other.modified, other.version)


class ParameterStore(Protocol):
    """What is used of boto3's client of Systems Manager."""

    def get_parameter(self, *, Name: str) -> Any:  # noqa: N803 - as boto3 has it
        """The parameter's newest version."""


class KeptMaps(Protocol):
    """The last good map of each parameter.

    Raises:
        Transient: it is out of reach.
    """

    def kept_map(self, parameter: str) -> MapText | None:
        """What is kept of the parameter."""
        ...

    def keep_map(self, parameter: str, good: MapText) -> None:
        """Keep a map that was right; never an older one over a newer one."""
        ...


class CurrentMap:
    """`bridge.provisioning.ports.UserMapper`: the newest map that was right, whichever function has seen it.

    It changes in `refresh` alone, so that whatever is done between two of them is done by one map.

    Attributes:
        refused: why the newest map is not in force, empty while it is.
    """

    def __init__(
        self,
        settings: MapSettings,
        kept: KeptMaps,
        refused: Callable[[str], None],
        *,
        client: Callable[[], ParameterStore],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Load the first one now.

        Args:
            settings: where it comes from.
            kept: the last good maps.
            refused: is told why a newer map is not taken.
            client: makes SSM's client; it is asked for where a parameter has the map.
            clock: counts seconds.

        Raises:
            SettingsError: the first map is wrong, and none is kept.
        """
        self._settings = settings
        self._kept = kept
        self._tell = refused
        self._client = client
        self._clock = clock
        self.refused = ""
        self._text: MapText | None = None
        self._map = self._newest(None)
        self._fresh_until = clock() + MAX_AGE

    def refresh(self) -> None:
        """Take a newer map, at most every five minutes; a wrong one leaves the last good one in force."""
        now = self._clock()
        if now >= self._fresh_until:
            self._fresh_until = now + MAX_AGE
            self._map = self._newest(self._map)

    @property
    def digest(self) -> str:
        """Of the map in force."""
        return self._map.digest

    @property
    def maps_manager(self) -> bool:
        """Likewise."""
        return self._map.maps_manager

    @property
    def rates(self) -> frozenset[str]:
        """Likewise."""
        return self._map.rates

    @property
    def reads_app_user(self) -> bool:
        """Likewise."""
        return self._map.reads_app_user

    def map_user(self, user: OktaUser, app_user: AppUser | None) -> MappedUser:
        """By the map in force."""
        return self._map.map_user(user, app_user)

    def _newest(self, present: AttributeMap | None) -> AttributeMap:
        """The newest map; where it is wrong, the kept one or the present one, whichever is newer."""
        try:
            found = read_text(self._settings, self._client)
            made = present if present is not None and found == self._text else parse(self._settings, found.text)
        except SettingsError as wrong:
            self.refused = str(wrong)
            last = self._last_good() or present
            if last is None:
                raise
            self._tell(self.refused)
            return last
        self.refused = ""
        if found.version and found != self._text:
            if present is not None and not found.is_newer(self._text):
                return present  # an answer of SSM that is behind
            try:
                self._kept.keep_map(self._settings.source, found)
            except Transient:
                return made  # tried again with the next refresh, for it is not noted as the present one
        self._text = found
        return made

    def _last_good(self) -> AttributeMap | None:
        """The kept map, if it is newer than the present one and right under the present settings."""
        try:
            kept = self._kept.kept_map(self._settings.source)
            if kept is None or not kept.is_newer(self._text):
                return None
            made = parse(self._settings, kept.text)
        except (Transient, SettingsError):
            return None
        self._text = kept
        return made


def parse(settings: MapSettings, text: str) -> AttributeMap:
    """The map of a text under these settings; SettingsError when it is wrong."""
    return AttributeMap.parse(
        text,
        user_name=settings.user_name_source,
        default_region=settings.default_phone_region,
        allowed_roles=settings.allowed_roles,
    )


def read_text(settings: MapSettings, client: Callable[[], ParameterStore]) -> MapText:
    """The newest text of the map that ATTRIBUTE_MAP_PARAMETER names.

    Raises:
        SettingsError: it cannot be read.
    """
    if not settings.source:
        return MapText(AttributeMap.default_text())
    if settings.source.startswith(_FILE):
        try:
            return MapText(Path(settings.source.removeprefix(_FILE)).read_text("utf-8"))
        except (OSError, UnicodeDecodeError):
            raise SettingsError("ATTRIBUTE_MAP_PARAMETER: expected a readable UTF-8 file after file:") from None
    try:
        found = client().get_parameter(Name=settings.source)["Parameter"]
    except (ClientError, BotoCoreError):
        raise SettingsError(
            "ATTRIBUTE_MAP_PARAMETER: expected the name of an SSM parameter that this function may read"
        ) from None
    return MapText(str(found["Value"]), int(found["Version"]), int(found["LastModifiedDate"].timestamp() * 1000))


def has_parameter(settings: MapSettings) -> bool:
    """Whether an SSM parameter has the map."""
    return bool(settings.source) and not settings.source.startswith(_FILE)
