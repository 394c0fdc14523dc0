"""The attribute map: which Okta value becomes which SCIM attribute.

The map is data (``default_map.json`` beside this module is the default and the example)::

    {"v": 1,
     "userName": {"email": "profile.email", "login": "profile.login", "app": "app.credentials.userName"},
     "attributes": [{"target": "title", "from": "profile.title", "format": "text", "when": "always", "enabled": true}]}

``userName`` has one JMESPath expression for each value of the setting USER_NAME_SOURCE. An expression sees
``profile`` (the Okta user's), ``app`` (the assignment with its ``profile`` and ``credentials``) and ``user`` (the
whole Okta user), with texts stripped and those that show nothing null. ``when`` is ``always`` (the default: kept
equal) or ``create`` (sent once, when the user is created); ``enabled`` is true unless it is said otherwise.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bridge.errors import Permanent, SettingsError
from bridge.mapping.formats import Format, convert
from bridge.mapping.phone import known_region
from bridge.mapping.text import is_blank
from bridge.provisioning.scim import DATE_HIRE, MANAGER, PHONES, PROFILE_PATHS
from bridge.provisioning.values import AppUser, MappedUser, OktaUser
from bridge.settings import UserNameSource

#: What ScimV2CreateUser requires.
REQUIRED = ("userName", "displayName")
_DEFAULT = Path(__file__).with_name("default_map.json")
_ONE_FORMAT = {DATE_HIRE: Format.DATE, MANAGER: Format.MANAGER} | dict.fromkeys(PHONES, Format.E164)


class When(StrEnum):
    """When a mapped attribute is sent."""

    ALWAYS = "always"
    CREATE = "create"


def _expression(text: str) -> str:
    try:
        jmespath.compile(text)
    except JMESPathError:
        raise ValueError("expected a JMESPath expression over profile, app and user") from None
    return text


def _target(path: str) -> str:
    if path not in PROFILE_PATHS - {"userName"}:
        raise ValueError("expected a SCIM path that a profile can be mapped to, such as title")
    return path


_Expression = Annotated[str, AfterValidator(_expression)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _Entry(_Part):
    target: Annotated[str, AfterValidator(_target)]
    source: _Expression = Field(alias="from")
    format: Format = Format.TEXT
    when: When = When.ALWAYS
    enabled: bool = True


class _Document(_Part):
    v: Literal[1]
    user_name: dict[UserNameSource, _Expression] = Field(alias="userName")
    attributes: list[_Entry]


class AttributeMap:
    """`bridge.provisioning.ports.UserMapper`: maps Okta users by a validated map."""

    def __init__(self, entries: list[_Entry], *, default_region: str) -> None:
        self._entries = entries
        self._default_region = default_region
        self._compiled: list[tuple[_Entry, ParsedResult]] = [
            (entry, jmespath.compile(entry.source)) for entry in entries
        ]

    @classmethod
    def default(cls, *, user_name: UserNameSource, default_region: str) -> AttributeMap:
        """The map that comes with the bridge."""
        return cls.parse(cls.default_text(), user_name=user_name, default_region=default_region)

    @staticmethod
    def default_text() -> str:
        """The document that comes with the bridge."""
        return _DEFAULT.read_text("utf-8")

    @classmethod
    def parse(cls, text: str, *, user_name: UserNameSource, default_region: str) -> AttributeMap:
        """The map in a JSON document.

        Args:
            text: the document.
            user_name: which of its userName expressions counts.
            default_region: where a phone number is dialled whose profile names no known country.

        Raises:
            SettingsError: names the entry and the field that is wrong, or the missing region.
        """
        if not known_region(default_region):
            raise SettingsError("DEFAULT_PHONE_REGION: expected a country with a numbering plan, such as US")
        try:
            document = _Document.model_validate_json(text)
        except ValidationError as refused:
            error = refused.errors(include_input=False, include_url=False)[0]
            raise SettingsError(f"attribute map: {_where(error['loc'])}{error['msg']}") from None
        if user_name not in document.user_name:
            raise SettingsError(f"attribute map: userName has no expression for {user_name.value}")
        login = _Entry.model_construct(
            target="userName",
            source=document.user_name[user_name],
            format=Format.EMAIL,
            when=When.ALWAYS,
            enabled=True,
        )
        entries = [login, *(entry for entry in document.attributes if entry.enabled)]
        _check(entries)
        return cls(entries, default_region=known_region(default_region))

    @property
    def digest(self) -> str:
        """Stands for the entries and the region: another map has another one."""
        text = "\n".join([*(entry.model_dump_json() for entry in self._entries), self._default_region])
        return sha256(text.encode()).hexdigest()[:16]

    @property
    def maps_manager(self) -> bool:
        """Whether a profile's manager is mapped."""
        return any(entry.target == MANAGER for entry in self._entries)

    @property
    def reads_app_user(self) -> bool:
        """Whether an expression names ``app``, so that the assignment must be read before a user can be mapped."""
        return any(_names_app(expression.parsed) for _, expression in self._compiled)

    def map_user(self, user: OktaUser, app_user: AppUser | None) -> MappedUser:
        """The SCIM values of one user.

        A value that does not fit its format is left out and its path named in ``unmapped``; an absent or blank one is
        just left out. An attribute is never taken over from another user or another time.

        Raises:
            Permanent: ``unmappable-profile`` when there is no usable userName or displayName; names the attributes.
        """
        whole = _cleaned(user.document)
        profile = whole.get("profile") or {}
        country = profile.get("countryCode") if isinstance(profile, dict) else None
        scope = {"profile": profile, "app": _cleaned(app_user.document if app_user else {}), "user": whole}
        region = known_region(country) or self._default_region
        found: dict[When, dict[str, Any]] = {When.ALWAYS: {}, When.CREATE: {}}
        unmapped = []
        for entry, expression in self._compiled:
            value, fits = _evaluate(expression, scope, entry.format, region)
            if not fits:
                unmapped.append(entry.target)
            elif value:
                found[entry.when][entry.target] = value
        if missing := [path for path in REQUIRED if path not in found[When.ALWAYS]]:
            raise Permanent("unmappable-profile", detail=", ".join(missing))
        return MappedUser(found[When.ALWAYS], found[When.CREATE], tuple(unmapped))


def _check(entries: list[_Entry]) -> None:
    """What concerns more than one field of an entry, or more than one entry."""
    targets: set[str] = set()
    for entry in entries:
        if entry.target in targets:
            raise SettingsError(f"attribute map: {entry.target} is mapped twice")
        targets.add(entry.target)
        wanted = _ONE_FORMAT.get(entry.target, entry.format)
        if entry.format is Format.MANAGER and entry.target != MANAGER:
            raise SettingsError(f"attribute map: {entry.target}: format: expected another than {Format.MANAGER.value}")
        if entry.format is not wanted:
            raise SettingsError(f"attribute map: {entry.target}: format: expected {wanted.value}")
        if entry.target in REQUIRED and entry.when is not When.ALWAYS:
            raise SettingsError(f"attribute map: {entry.target}: when: expected always")
    if missing := [path for path in REQUIRED if path not in targets]:
        raise SettingsError(f"attribute map: attributes: {', '.join(missing)} is required")


def _where(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) + (": " if location else "")


def _evaluate(expression: ParsedResult, scope: dict[str, Any], form: Format, region: str) -> tuple[str | None, bool]:
    """The value, None when absent, and whether what was found fits its format."""
    try:
        value = expression.search(scope)
    except JMESPathError:  # a function met a value of a type that it does not take
        return None, False
    if value is None or value == "":
        return None, True
    converted = convert(value, form, region=region)
    return converted, converted is not None


def _cleaned(value: Any) -> Any:
    """Okta's document with texts stripped; one that shows nothing (blanks, zero-width characters) is an absent one."""
    if isinstance(value, str):
        return None if is_blank(value) else value.strip()
    if isinstance(value, dict):
        return {key: _cleaned(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_cleaned(inner) for inner in value]
    return value


def _names_app(node: Any) -> bool:
    """Whether a parsed expression has a field called ``app`` anywhere: one too many costs a read, no more."""
    if node.get("type") == "field" and node.get("value") == "app":
        return True
    return any(_names_app(child) for child in node.get("children", ()) if isinstance(child, dict))
