"""The attribute map: what an Okta profile becomes, and how a wrong map is refused."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from bridge.errors import Permanent, SettingsError
from bridge.mapping.attribute_map import AttributeMap
from bridge.mapping.formats import Format, convert
from bridge.mapping.source import parse, read_text
from bridge.provisioning import scim
from bridge.provisioning.ports import UserMapper
from bridge.provisioning.values import AppUser, OktaUser
from bridge.settings import MapSettings, UserNameSource

WORK = 'phoneNumbers[type eq "work"].value'
MOBILE = 'phoneNumbers[type eq "mobile"].value'
DEPARTMENT = f"{scim.ENTERPRISE_USER}:department"
EMPLOYEE = f"{scim.ENTERPRISE_USER}:employeeNumber"
PROFILE: dict[str, Any] = {
    "login": "abrook@example.org",
    "email": "ada.brook@example.com",
    "firstName": "Ada",
    "lastName": "Brook",
    "displayName": "Ada Brook",
    "title": "Team Lead",
    "department": "Sales",
    "employeeNumber": "E-1001",
    "primaryPhone": "(317) 555-0100 x42",
    "mobilePhone": "+1 317 555 0101",
    "managerId": "someone",
    "division": "Home",
}


def okta_user(**changes: Any) -> OktaUser:
    """A user with the profile above, changed."""
    return OktaUser("00uAdaBrook000000001", "ACTIVE", {"profile": PROFILE | changes})


def default_map(user_name: UserNameSource = UserNameSource.EMAIL) -> AttributeMap:
    """The default map, dialling in the United States."""
    return AttributeMap.default(user_name=user_name, default_region="US")


def custom_map(*entries: Mapping[str, Any], **changes: Any) -> AttributeMap:
    """A map of displayName and `entries`."""
    document = {
        "v": 1,
        "userName": {"email": "profile.email"},
        "attributes": [{"target": "displayName", "from": "profile.displayName"}, *entries],
    }
    return AttributeMap.parse(json.dumps(document | changes), user_name=UserNameSource.EMAIL, default_region="US")


def test_the_default_map_fills_what_oktas_standard_profile_can() -> None:
    """Every attribute of the default map arrives, in the form Genesys Cloud stores; manager and division are off."""
    mapped = default_map().map_user(okta_user(), None)
    assert mapped.values == {
        "userName": "ada.brook@example.com",
        "displayName": "Ada Brook",
        "title": "Team Lead",
        scim.WORK_EMAIL: "ada.brook@example.com",
        WORK: "tel:+13175550100;ext=42",
        MOBILE: "+13175550101",
        DEPARTMENT: "Sales",
        EMPLOYEE: "E-1001",
    }
    assert mapped.on_create == {}
    assert mapped.unmapped == ()


def test_the_map_is_a_user_mapper() -> None:
    """The map is what the decisions ask for."""
    mapper: UserMapper = default_map()
    assert mapper.reads_app_user is False


@pytest.mark.parametrize(
    ("source", "expected", "reads_app_user"),
    [
        (UserNameSource.EMAIL, "ada.brook@example.com", False),
        (UserNameSource.LOGIN, "abrook@example.org", False),
        (UserNameSource.APP, "ada@app.example.com", True),
    ],
)
def test_user_name_by_setting(source: UserNameSource, expected: str, reads_app_user: bool) -> None:
    """The setting chooses the Okta value, and only the app user name needs the assignment to be read."""
    app_user = AppUser("00uAdaBrook000000001", "ACTIVE", {"credentials": {"userName": "ada@app.example.com"}})
    mapper = default_map(source)
    assert mapper.map_user(okta_user(), app_user).values["userName"] == expected
    assert mapper.reads_app_user is reads_app_user


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "Ada Brook"),
        ({"displayName": " Ada B. "}, "Ada B."),
        ({"displayName": None}, "Ada Brook"),
        ({"displayName": "  "}, "Ada Brook"),
        ({"displayName": "", "firstName": None}, "Brook"),
        ({"displayName": "", "lastName": " "}, "Ada"),
        ({"displayName": "", "firstName": None, "lastName": ""}, "abrook@example.org"),
    ],
)
def test_display_name_falls_back(changes: dict[str, Any], expected: str) -> None:
    """displayName, else first and last name, else the login; a blank one counts as absent."""
    assert default_map().map_user(okta_user(**changes), None).values["displayName"] == expected


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"email": None}, "userName"),
        ({"email": "Ada Brook"}, "userName"),
        ({"displayName": None, "firstName": None, "lastName": None, "login": None}, "displayName"),
        ({"email": "", "displayName": "", "firstName": "", "lastName": "", "login": ""}, "userName, displayName"),
        ({"displayName": None, "firstName": 7}, "displayName"),
    ],
)
def test_an_unmappable_profile_names_attributes_and_no_values(changes: dict[str, Any], detail: str) -> None:
    """Without a usable userName or displayName nothing is sent; the reason carries names of attributes only."""
    with pytest.raises(Permanent) as refused:
        default_map().map_user(okta_user(**changes), None)
    assert (refused.value.reason, refused.value.detail) == ("unmappable-profile", detail)
    assert "Ada" not in str(refused.value)


def test_a_user_without_profile_is_unmappable() -> None:
    """A document without a profile is no crash."""
    with pytest.raises(Permanent, match="unmappable-profile"):
        default_map().map_user(OktaUser("00uAdaBrook000000001", "ACTIVE", {}), None)


def test_blank_and_absent_values_are_left_out_silently() -> None:
    """What the profile does not hold is neither sent nor reported."""
    mapped = default_map().map_user(okta_user(title="  ", department=None, mobilePhone=""), None)
    assert not {"title", DEPARTMENT, MOBILE} & set(mapped.values)
    assert mapped.unmapped == ()


def test_what_does_not_fit_is_left_out_and_named() -> None:
    """A number that is none and a value of a wrong type are named by path; the others go on."""
    mapped = default_map().map_user(okta_user(mobilePhone="ask reception", title=["Lead"]), None)
    assert mapped.unmapped == ("title", MOBILE)
    assert not {"title", MOBILE} & set(mapped.values)
    assert mapped.values[DEPARTMENT] == "Sales"


@pytest.mark.parametrize(
    ("country", "expected"),
    [("DE", "+4930123456"), ("de", "+4930123456"), (None, None), ("Germany", None), ("IT", "+39030123456")],
)
def test_the_profiles_country_dials_else_the_default(country: str | None, expected: str | None) -> None:
    """The countryCode decides how a national number is read if it names a known country; else the setting does."""
    mapped = default_map().map_user(okta_user(countryCode=country, primaryPhone="030 123456"), None)
    assert mapped.values.get(WORK) == expected


def test_a_mapped_user_maps_to_itself() -> None:
    """Feeding the results back as a profile changes nothing: the second sync of an unchanged user is empty."""
    first = default_map().map_user(okta_user(title=" Team Lead "), None).values
    again = okta_user(title=first["title"], primaryPhone=first[WORK], mobilePhone=first[MOBILE])
    assert default_map().map_user(again, None).values == first


def test_create_only_values_are_apart() -> None:
    """What is sent once is not among what is kept equal."""
    mapped = custom_map({"target": "title", "from": "profile.title", "when": "create"}).map_user(okta_user(), None)
    assert mapped.on_create == {"title": "Team Lead"}
    assert set(mapped.values) == {"userName", "displayName"}


def test_expressions_see_app_profile_and_user() -> None:
    """The assignment's own profile and the whole user are within reach."""
    mapper = custom_map(
        {"target": "title", "from": "app.profile.role"},
        {"target": DEPARTMENT, "from": "join('/', ['IT', user.status])"},
    )
    user = OktaUser("00uAdaBrook000000001", "ACTIVE", {"status": "ACTIVE", "profile": PROFILE})
    mapped = mapper.map_user(user, AppUser("00uAdaBrook000000001", "ACTIVE", {"profile": {"role": " Coach "}}))
    assert (mapped.values["title"], mapped.values[DEPARTMENT]) == ("Coach", "IT/ACTIVE")
    assert mapper.reads_app_user


def test_a_disabled_entry_reads_nothing() -> None:
    """An entry that is off neither maps nor makes every sync read the assignment."""
    mapper = custom_map({"target": "title", "from": "app.profile.role", "enabled": False})
    assert not mapper.reads_app_user
    assert "title" not in mapper.map_user(okta_user(), None).values


@pytest.mark.parametrize(
    ("value", "form", "expected"),
    [
        (" Lead ", Format.TEXT, "Lead"),
        (1001, Format.TEXT, "1001"),
        (True, Format.TEXT, None),
        ({"a": 1}, Format.TEXT, None),
        ("ada@example.com", Format.EMAIL, "ada@example.com"),
        ("ada@localhost", Format.EMAIL, None),
        ("ada@@example.com", Format.EMAIL, None),
        ("ada brook@example.com", Format.EMAIL, None),
        ("ada@example.", Format.EMAIL, None),
        (3175550100, Format.E164, "+13175550100"),
        ("2024-02-29", Format.DATE, "2024-02-29"),
        ("2024-02-29T10:00:00.000Z", Format.DATE, "2024-02-29"),
        ("29.02.2024", Format.DATE, None),
        ("2023-02-29", Format.DATE, None),
        (True, Format.BOOL, "true"),
        ("False", Format.BOOL, "false"),
        ("yes", Format.BOOL, None),
        (1, Format.BOOL, None),
        ([True], Format.BOOL, None),
    ],
)
def test_formats(value: object, form: Format, expected: str | None) -> None:
    """Each format takes what it can write in its one form, and nothing else."""
    assert convert(value, form, region="US") == expected


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        ({"target": "nickName", "from": "profile.nickName"}, ["attributes.1.target", "SCIM path"]),
        ({"target": "active", "from": "profile.active"}, ["attributes.1.target", "SCIM path"]),
        ({"target": "externalId", "from": "profile.id"}, ["attributes.1.target"]),
        ({"target": "userName", "from": "profile.email"}, ["attributes.1.target"]),
        ({"target": 'phoneNumbers[type eq "fax"].value', "from": "profile.fax"}, ["attributes.1.target"]),
        ({"target": "title", "from": "profile.["}, ["attributes.1.from", "JMESPath"]),
        ({"target": "title"}, ["attributes.1.from"]),
        ({"target": "title", "from": "profile.title", "format": "phone"}, ["attributes.1.format", "e164"]),
        ({"target": "title", "from": "profile.title", "when": "never"}, ["attributes.1.when", "create"]),
        ({"target": "title", "from": "profile.title", "wen": "create"}, ["attributes.1.wen"]),
        ({"target": "displayName", "from": "profile.login"}, ["displayName is mapped twice"]),
        ({"target": WORK, "from": "profile.primaryPhone"}, [WORK, "format", "e164"]),
        ({"target": scim.DATE_HIRE, "from": "profile.hired"}, ["dateHire", "format", "date"]),
    ],
)
def test_a_wrong_entry_is_refused_by_name(entry: dict[str, Any], names: list[str]) -> None:
    """The error says which entry and field is wrong and what was expected."""
    with pytest.raises(SettingsError) as refused:
        custom_map(entry)
    for name in names:
        assert name in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"v": 2}, "v: "),
        ({"v": True}, "v: "),
        ({"attributes": []}, "displayName is required"),
        ({"attributes": [{"target": "displayName", "from": "profile.login", "when": "create"}]}, "expected always"),
        ({"attributes": [{"target": "displayName", "from": "profile.login", "enabled": False}]}, "displayName is req"),
        ({"userName": {"login": "profile.login"}}, "userName has no expression for email"),
        ({"userName": {"mail": "profile.email"}}, "userName.mail"),
        ({"userName": "profile.email"}, "userName: "),
        ({"extra": 1}, "extra: "),
    ],
)
def test_a_wrong_map_is_refused_by_name(changes: dict[str, Any], name: str) -> None:
    """What is wrong with the document as a whole is named as well."""
    with pytest.raises(SettingsError, match="attribute map: ") as refused:
        custom_map(**changes)
    assert name in str(refused.value)


def test_a_map_that_is_no_json_is_refused() -> None:
    """A broken document gets an error, not a traceback."""
    with pytest.raises(SettingsError, match="attribute map: Invalid JSON"):
        AttributeMap.parse("{", user_name=UserNameSource.EMAIL, default_region="US")


def test_a_name_that_comes_twice_is_refused() -> None:
    """Readers differ on which of the two counts; nothing is guessed."""
    text = AttributeMap.default_text().replace('"v": 1', '"v": 1, "v": 1')
    with pytest.raises(SettingsError, match="attribute map: v: expected once"):
        AttributeMap.parse(text, user_name=UserNameSource.EMAIL, default_region="US")


def test_the_default_region_is_required() -> None:
    """Without a real country national numbers could be dialled anywhere: refused."""
    with pytest.raises(SettingsError, match="DEFAULT_PHONE_REGION"):
        AttributeMap.default(user_name=UserNameSource.EMAIL, default_region="XX")


TITLE_ONLY = json.dumps(
    {
        "v": 1,
        "userName": {"login": "profile.login"},
        "attributes": [{"target": "displayName", "from": "profile.title"}],
    }
)


def load_map(settings: MapSettings, *, provider: Any = None) -> AttributeMap:
    """The map that the settings name."""
    return parse(settings, read_text(settings, lambda: provider).text)


def test_load_map_without_setting_is_the_default() -> None:
    """An empty setting means the map that comes with the bridge."""
    mapper = load_map(MapSettings(UserNameSource.LOGIN, "US", ""))
    assert mapper.map_user(okta_user(), None).values[DEPARTMENT] == "Sales"


def test_load_map_from_a_file(tmp_path: Path) -> None:
    """`file:` names a document on disk."""
    path = tmp_path / "map.json"
    path.write_text(TITLE_ONLY, "utf-8")
    mapper = load_map(MapSettings(UserNameSource.LOGIN, "US", f"file:{path}"))
    assert mapper.map_user(okta_user(), None).values == {"userName": "abrook@example.org", "displayName": "Team Lead"}


def test_load_map_from_a_parameter() -> None:
    """Any other setting names an SSM parameter; one that cannot be read is a clear error."""
    with mock_aws():
        client = boto3.client("ssm", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
        client.put_parameter(Name="/bridge/map", Value=TITLE_ONLY, Type="String")
        mapper = load_map(MapSettings(UserNameSource.LOGIN, "US", "/bridge/map"), provider=client)
        assert mapper.map_user(okta_user(), None).values["displayName"] == "Team Lead"
        with pytest.raises(SettingsError, match="ATTRIBUTE_MAP_PARAMETER"):
            load_map(MapSettings(UserNameSource.LOGIN, "US", "/bridge/other"), provider=client)


def test_load_map_from_a_missing_file(tmp_path: Path) -> None:
    """A file that cannot be read is a clear error."""
    with pytest.raises(SettingsError, match="ATTRIBUTE_MAP_PARAMETER"):
        load_map(MapSettings(UserNameSource.LOGIN, "US", f"file:{tmp_path / 'none.json'}"))


@pytest.mark.parametrize(
    "nothing", ["", "  ", "\u200b", "\u200b \u00a0\t", "\ufeff", "\u3164", "\u2800", "\u2060\ufe0f", "\x00\x1f"]
)
def test_a_value_that_shows_nothing_is_no_value(nothing: str) -> None:
    """Blanks, zero-width and control characters only: neither sent nor named, as an absent value."""
    mapped = default_map().map_user(okta_user(title=nothing, primaryPhone=nothing), None)
    assert "title" not in mapped.values
    assert mapped.unmapped == ()


@pytest.mark.parametrize("text", ["👩\u200d💻 Lead", "مدير\u200f", "a" * 255, "A\u200bB"])
def test_a_text_is_sent_as_okta_has_it(text: str) -> None:
    """Emoji, right-to-left text and what joins them stay as they are: only what shows nothing at all is no value."""
    assert default_map().map_user(okta_user(title=text), None).values["title"] == text


@pytest.mark.parametrize("hidden", ["\u200b", "\u00ad", "\x07", "\u2060"])
def test_an_address_with_a_hidden_character_is_left_out(hidden: str) -> None:
    """What cannot be seen makes an address another one: it is named, not sent."""
    with pytest.raises(Permanent) as refused:
        default_map().map_user(okta_user(email=f"ada{hidden}@example.com"), None)
    assert refused.value.reason == "unmappable-profile"


def test_a_number_without_an_end_is_no_text() -> None:
    """JSON such as 1e400 is infinite in Python: no value that anybody meant."""
    assert default_map().map_user(okta_user(title=float("inf")), None).unmapped == ("title",)
