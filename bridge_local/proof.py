"""Compares what Okta says with what Genesys Cloud holds, field by field.

Shares no code with the bridge: it works out anew what each user and each group should be, from the two models alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import phonenumbers

from bridge_local.genesys import GenesysModel
from bridge_local.okta import OktaModel

_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_MAY_SIGN_IN = {"PROVISIONED", "ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT"}


@dataclass(frozen=True)
class Story:
    """What the two models alone do not tell.

    Attributes:
        links: Okta group id -> Genesys Cloud group id: which groups belong together.
        held: Okta group id -> Okta user ids whose removal waits for a person.
        country: where phone numbers without a country code are dialled.
    """

    links: Mapping[str, str]
    held: Mapping[str, frozenset[str]] = field(default_factory=dict)
    country: str = "US"


def differences(okta: OktaModel, genesys: GenesysModel, story: Story) -> list[str]:
    """Every user and member that is not as it should be, in words; empty when all is well."""
    return [*_user_differences(okta, genesys, story), *_member_differences(okta, genesys, story)]


def kept(okta: OktaModel, genesys: GenesysModel, story: Story, staged: frozenset[str]) -> dict[str, int]:
    """How many are members in Genesys Cloud whom Okta has taken out, and whom a hold has `staged`; by Okta group id."""
    account = {str(each.get("externalId", "")): str(each["id"]) for each in genesys.users()}
    found = {}
    for group, held in story.held.items():
        members = genesys.members(story.links[group])
        count = sum(account.get(user) in members for user in (held & staged) - okta.members(group))
        if count:
            found[group] = count
    return found


def _user_differences(okta: OktaModel, genesys: GenesysModel, story: Story) -> Iterator[str]:
    documents = genesys.users()
    yield from _doubles("externalId", [str(each.get("externalId", "")) for each in documents])
    yield from _doubles("userName", [str(each["userName"]).casefold() for each in documents])
    by_okta_id = {str(each.get("externalId", "")): each for each in documents}
    wanted = entitled(okta)
    for okta_id in wanted:
        document = by_okta_id.get(okta_id)
        if document is None:
            yield f"user {okta_id}: is missing in Genesys Cloud"
            continue
        expected, actual = due_attributes(okta, okta_id, story.country), held_attributes(document)
        for name, value in expected.items():
            if value != actual[name]:
                yield f"user {okta_id}: {name} should be {value!r}, is {actual[name]!r}"
    for document in documents:
        okta_id = str(document.get("externalId", ""))
        if document["active"] and okta_id not in wanted:
            yield f"Genesys Cloud user {document['id']}: is active, and nobody in Okta stands for it"


def _member_differences(okta: OktaModel, genesys: GenesysModel, story: Story) -> Iterator[str]:
    okta_id_of = {str(each["id"]): str(each.get("externalId", "")) for each in genesys.users()}
    wanted = entitled(okta)
    for okta_group, genesys_group in story.links.items():
        members = [okta_id_of.get(member, f"unknown {member}") for member in genesys.members(genesys_group)]
        # Who is inactive may stay a member: it gives nobody access.
        actual = {member for member in members if member in wanted or member.startswith("unknown ")}
        expected = ((okta.members(okta_group) | story.held.get(okta_group, frozenset())) & wanted.keys()) | set()
        for member in sorted(expected - actual):
            yield f"group {okta_group}: {member} should be a member in Genesys Cloud"
        for member in sorted(actual - expected):
            yield f"group {okta_group}: {member} should be no member in Genesys Cloud"
    for name in set(genesys.groups()) - set(story.links.values()):
        if genesys.members(name):
            yield f"Genesys Cloud group {name}: is linked with nothing and has members"


def entitled(okta: OktaModel) -> dict[str, Any]:
    """The Okta users who should be active in Genesys Cloud, by id."""
    assigned = okta.assignments[okta.app_id].current
    return {
        user.id: user for user in okta.users.current.values() if user.status in _MAY_SIGN_IN and user.id in assigned
    }


def due_attributes(okta: OktaModel, okta_id: str, country: str) -> dict[str, Any]:
    """What the account of an entitled Okta user should hold, by the attribute's name; None is absent."""
    profile = okta.users.current[okta_id].profile
    full_name = f"{profile.get('firstName') or ''} {profile.get('lastName') or ''}".strip()
    return {
        "userName": profile["email"].casefold(),
        "displayName": profile.get("displayName") or full_name or profile["login"],
        "title": profile.get("title"),
        "work e-mail": profile["email"],
        "work phone": _dialled(profile.get("primaryPhone"), country),
        "mobile phone": _dialled(profile.get("mobilePhone"), country),
        "department": profile.get("department"),
        "employeeNumber": profile.get("employeeNumber"),
        "active": True,
    }


def held_attributes(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a Genesys Cloud account holds, under the same names."""
    enterprise = document.get(_ENTERPRISE, {})
    return {
        "userName": str(document["userName"]).casefold(),
        "displayName": document.get("displayName"),
        "title": document.get("title"),
        "work e-mail": _of_type(document.get("emails"), "work"),
        "work phone": _of_type(document.get("phoneNumbers"), "work"),
        "mobile phone": _of_type(document.get("phoneNumbers"), "mobile"),
        "department": enterprise.get("department"),
        "employeeNumber": enterprise.get("employeeNumber"),
        "active": document["active"],
    }


def _of_type(values: Any, kind: str) -> str | None:
    found = [str(each["value"]) for each in values or () if each.get("type") == kind]
    return " and ".join(found) or None


def _dialled(number: str | None, country: str) -> str | None:
    """The number in E.164, with an extension as a tel URI (RFC 3966); None for what is no number."""
    if not number:
        return None
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    digits = f"+{parsed.country_code}{phonenumbers.national_significant_number(parsed)}"
    return f"tel:{digits};ext={parsed.extension}" if parsed.extension else digits


def _doubles(name: str, values: list[str]) -> Iterator[str]:
    for value, count in Counter(values).items():
        if value and count > 1:
            yield f"{count} Genesys Cloud users have the {name} {value}"
