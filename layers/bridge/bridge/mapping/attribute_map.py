"""The attribute map: which Okta value becomes which SCIM attribute.

The map is data (``default_map.json`` beside this module is the default and the example)::

    {"v": 1,
     "userName": {"email": "profile.email", "login": "profile.login", "app": "app.credentials.userName"},
     "attributes": [{"target": "title", "from": "profile.title", "format": "text", "when": "always", "enabled": true}]}

``userName`` has one JMESPath expression for each value of the setting USER_NAME_SOURCE. An expression sees
``profile`` (the Okta user's), ``app`` (the assignment with its ``profile`` and ``credentials``) and ``user`` (the
whole Okta user), with texts stripped and those that show nothing null. ``when`` is ``always`` (the default: kept
equal) or ``create`` (sent once, when the user is created); ``enabled`` is true unless it is said otherwise. ``prefix``
leaves skills and languages alone whose names do not begin with it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions
from jmespath.parser import ParsedResult
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bridge.errors import Permanent, SettingsError
from bridge.mapping.formats import Format, convert
from bridge.mapping.lists import names, ratings
from bridge.mapping.phone import known_region
from bridge.mapping.text import is_blank
from bridge.provisioning.elements import OWN_AUTHORITY, RATED, ROLES, element, identity, rated, role
from bridge.provisioning.scim import DATE_HIRE, MANAGER, PHONES, PROFILE_PATHS
from bridge.provisioning.values import AppUser, MappedUser, OktaUser
from bridge.settings import UserNameSource

#: What ScimV2CreateUser requires.
REQUIRED = ("userName", "displayName")
_DEFAULT = Path(__file__).with_name("default_map.json")
#: Targets that take a list.
LISTS = frozenset({*RATED, ROLES})
_ONE_FORMAT = (
    {DATE_HIRE: Format.DATE, MANAGER: Format.MANAGER, ROLES: Format.NAMES}
    | dict.fromkeys(PHONES, Format.E164)
    | dict.fromkeys(RATED, Format.RATINGS)
)
_OF_ONE_TARGET = frozenset({Format.MANAGER, Format.RATINGS, Format.NAMES})


class When(StrEnum):
    """When a mapped attribute is sent."""

    ALWAYS = "always"
    CREATE = "create"


def _expression(text: str) -> str:
    try:
        compiled = jmespath.compile(text)
        with suppress(JMESPathError):  # what a function makes of nobody's values
            compiled.search({"profile": {}, "app": {}, "user": {}})
        calls = list(_calls(compiled.parsed))
    except (JMESPathError, RecursionError):
        raise ValueError("expected a JMESPath expression over profile, app and user") from None
    for name, given in calls:
        known = Functions.FUNCTION_TABLE.get(name, {}).get("signature")
        if known is None:
            raise ValueError(f"expected a function of JMESPath, and not {name[:40]}")
        variadic = bool(known) and known[-1].get("variadic", False)
        if given != len(known) and not (variadic and given > len(known)):
            raise ValueError(f"{name}: expected {len(known)} argument(s){' or more' * variadic}")
    return text


def _calls(node: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Every function that an expression calls, with the number of its arguments."""
    if node["type"] == "function_expression":
        yield node["value"], len(node["children"])
    for child in node["children"]:
        if isinstance(child, Mapping):
            yield from _calls(child)


def _target(path: str) -> str:
    one = element(path)
    if one is not None and one == element(identity(one.of)):
        if not one.of.strip() or one.of.startswith(OWN_AUTHORITY):
            raise ValueError(f"expected an authority, and none that begins with {OWN_AUTHORITY}")
        return one.path
    if path not in (PROFILE_PATHS | LISTS) - {"userName"}:
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
    prefix: str = ""


class _Document(_Part):
    v: Annotated[Literal[1], BeforeValidator(_number)]
    user_name: dict[UserNameSource, _Expression] = Field(alias="userName")
    attributes: list[_Entry]


class AttributeMap:
    """`bridge.provisioning.ports.UserMapper`: maps Okta users by a validated map."""

    def __init__(self, entries: list[_Entry], *, default_region: str, allowed_roles: Collection[str] = ()) -> None:
        self._entries = entries
        self._default_region = default_region
        self._allowed_roles = frozenset(allowed_roles)
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
    def parse(
        cls, text: str, *, user_name: UserNameSource, default_region: str, allowed_roles: Collection[str] = ()
    ) -> AttributeMap:
        """The map in a JSON document.

        Args:
            text: the document.
            user_name: which of its userName expressions counts.
            default_region: where a phone number is dialled whose profile names no known country.
            allowed_roles: the roles that a map may give.

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
        json.loads(text, object_pairs_hook=_each_once)
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
        return cls(entries, default_region=known_region(default_region), allowed_roles=allowed_roles)

    @property
    def digest(self) -> str:
        """Stands for the entries, the region and the allowed roles: another map has another one."""
        entries = [entry.model_dump_json(exclude=None if entry.prefix else {"prefix"}) for entry in self._entries]
        text = "\n".join([*entries, self._default_region, *sorted(self._allowed_roles)])
        return sha256(text.encode()).hexdigest()[:16]

    @property
    def maps_manager(self) -> bool:
        """Whether a profile's manager is mapped."""
        return any(entry.target == MANAGER for entry in self._entries)

    @property
    def rates(self) -> frozenset[str]:
        """The lists of skills and languages that are mapped."""
        return frozenset(entry.target for entry in self._entries if entry.target in RATED)

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
        lists: dict[str, str] = {}
        unmapped = []
        for entry, expression in self._compiled:
            values, fits = self._evaluate(expression, scope, entry, region)
            if not fits:
                unmapped.append(entry.target)
            found[entry.when] |= values
            if values and entry.target in RATED and entry.when is When.ALWAYS:
                lists[entry.target] = entry.prefix
        if missing := [path for path in REQUIRED if path not in found[When.ALWAYS]]:
            raise Permanent("unmappable-profile", detail=", ".join(missing))
        return MappedUser(found[When.ALWAYS], found[When.CREATE], tuple(unmapped), lists)

    def _evaluate(
        self, expression: ParsedResult, scope: dict[str, Any], entry: _Entry, region: str
    ) -> tuple[dict[str, Any], bool]:
        """Path -> value, nothing when absent, and whether all that was found fits the format."""
        try:
            value = expression.search(scope)
        except JMESPathError:  # a function met a value of a type that it does not take
            return {}, False
        if value is None or value == "" or (value is False and entry.format is not Format.BOOL):
            return {}, True  # false is a condition that does not hold
        if entry.format is Format.RATINGS:
            rates, fits = ratings(value, entry.prefix)
            return dict(rated(entry.target, name, rate) for name, rate in rates.items()), fits
        if entry.format is Format.NAMES:
            roles, fits = names(value)
            allowed = [name for name in roles if name in self._allowed_roles]
            return dict(map(role, allowed)), fits and allowed == roles
        converted = convert(value, entry.format, region=region)
        return ({entry.target: converted} if converted else {}), converted is not None


def _check(entries: list[_Entry]) -> None:
    """What concerns more than one field of an entry, or more than one entry."""
    targets: set[str] = set()
    for entry in entries:
        if entry.target in targets:
            raise SettingsError(f"attribute map: {entry.target} is mapped twice")
        targets.add(entry.target)
        wanted = _ONE_FORMAT.get(entry.target, entry.format)
        if entry.format in _OF_ONE_TARGET and entry.target not in _ONE_FORMAT:
            raise SettingsError(f"attribute map: {entry.target}: format: expected another than {entry.format.value}")
        if entry.prefix and entry.target not in RATED:
            raise SettingsError(f"attribute map: {entry.target}: prefix: expected only with skills and languages")
        if entry.format is not wanted:
            raise SettingsError(f"attribute map: {entry.target}: format: expected {wanted.value}")
        if entry.target in REQUIRED and entry.when is not When.ALWAYS:
            raise SettingsError(f"attribute map: {entry.target}: when: expected always")
    if missing := [path for path in REQUIRED if path not in targets]:
        raise SettingsError(f"attribute map: attributes: {', '.join(missing)} is required")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Readers of JSON differ on which of two equal names counts; a person who wrote both meant one."""
    found = dict(pairs)
    if twice := [name for name in found if sum(name == other for other, _ in pairs) > 1]:
        raise SettingsError(f"attribute map: {twice[0]}: expected once")
    return found


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("expected a number")  # noqa: TRY004 - pydantic makes its own error of a ValueError
    return value


def _where(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) + (": " if location else "")


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
