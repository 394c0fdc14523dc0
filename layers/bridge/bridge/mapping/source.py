"""Where the attribute map comes from: the default, a file, or a parameter of SSM Parameter Store."""

from __future__ import annotations

from pathlib import Path

from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from bridge.errors import SettingsError
from bridge.mapping.attribute_map import AttributeMap
from bridge.settings import MapSettings

_FILE = "file:"


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
