"""Filters of the two lists: exactly those that Genesys Cloud documents, everything else is 400 ``invalidFilter``.

Users: id, userName, manager, email, division, externalId, active, employeeNumber with ``eq``, and externalIds with
authority and value. Groups: id and displayName with ``eq``. Values stand with or without quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from bridge_local.genesys.directory import Directory
from bridge_local.genesys.errors import bad_request
from bridge_local.genesys.paths import BadPath, read_conditions, read_value
from bridge_local.genesys.records import Group, User
from bridge_local.genesys.schema import ENTERPRISE_URN, GENESYS_URN, USER
from bridge_local.genesys.switches import GenesysSwitches

_COMPARISON = re.compile(r"\s*(?P<name>[A-Za-z]+)\s+eq\s+(?P<value>.*?)\s*", re.IGNORECASE)
_EXTERNAL_IDS = re.compile(rf"\s*{re.escape(GENESYS_URN)}:externalIds\[(?P<conditions>.*)\]\s*", re.IGNORECASE)


def find_users(directory: Directory, switches: GenesysSwitches, text: str) -> list[User]:
    """The users that a list shows: the active ones, or those the filter finds; none whom the client may not see.

    Raises:
        Refused: 400 invalidFilter.
    """
    found = _find_users(directory, switches, text)
    return [user for user in found if user.id not in directory.hidden] if directory.hidden else found


def _find_users(directory: Directory, switches: GenesysSwitches, text: str) -> list[User]:
    index = directory.visible()
    if not text:
        return [user for user in index.users.values() if user.active]
    match = _EXTERNAL_IDS.fullmatch(text)
    if match is not None:
        return _known_active(switches, _by_identity(switches, index.users.values(), match["conditions"]))
    name, value = _comparison(switches, text)
    if name == "active":
        if value.lower() not in {"true", "false"}:
            raise bad_request(switches, "invalidFilter", "active is compared with true or false")
        return [user for user in index.users.values() if user.active == (value.lower() == "true")]
    if name == "id":
        found = [index.users[value]] if value in index.users else []
    elif name == "username":
        found = index.by_name(value)
    elif name == "externalid":
        found = index.by_external_id(value)
    elif name in _SCANS:
        scan, folded = _SCANS[name], value.casefold()
        found = [user for user in index.users.values() if folded in scan(user)]
    else:
        raise bad_request(switches, "invalidFilter", f"users cannot be filtered by {name}")
    return _known_active(switches, found)


def find_groups(directory: Directory, switches: GenesysSwitches, text: str) -> list[Group]:
    """The groups that a list shows: all, or those the filter finds.

    Raises:
        Refused: 400 invalidFilter.
    """
    if not text:
        return list(directory.groups.values())
    name, value = _comparison(switches, text)
    if name == "id":
        return [directory.groups[value]] if value in directory.groups else []
    if name == "displayname":
        return directory.groups_named(value)
    raise bad_request(switches, "invalidFilter", f"groups cannot be filtered by {name}")


def _comparison(switches: GenesysSwitches, text: str) -> tuple[str, str]:
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise bad_request(switches, "invalidFilter", "only '<attribute> eq <value>' is understood")
    try:
        return match["name"].lower(), read_value(match["value"])
    except BadPath as error:
        raise bad_request(switches, "invalidFilter", str(error)) from error


def _known_active(switches: GenesysSwitches, users: Iterable[User]) -> list[User]:
    return [user for user in users if user.active or switches.finds_inactive]


def _by_identity(switches: GenesysSwitches, users: Iterable[User], text: str) -> list[User]:
    attribute = USER.extensions[GENESYS_URN]["externalids"]
    try:
        conditions = read_conditions(text, attribute)
    except BadPath as error:
        raise bad_request(switches, "invalidFilter", str(error)) from error
    if sorted(condition.part.name for condition in conditions) != ["authority", "value"]:
        raise bad_request(switches, "invalidFilter", "externalIds are compared by authority and value")
    return [
        user
        for user in users
        if any(
            all(condition.holds(entry) for condition in conditions)
            for entry in user.attributes.get(GENESYS_URN, {}).get("externalIds", ())
        )
    ]


def _emails(user: User) -> set[str]:
    return {user.user_name.casefold(), *(email["value"].casefold() for email in user.attributes.get("emails", ()))}


def _enterprise(name: str) -> Callable[[User], set[str]]:
    return lambda user: {str(user.attributes.get(ENTERPRISE_URN, {}).get(name, "")).casefold()}


def _manager(user: User) -> set[str]:
    return {user.attributes.get(ENTERPRISE_URN, {}).get("manager", {}).get("value", "")}


_SCANS: dict[str, Callable[[User], set[str]]] = {
    "email": _emails,
    "manager": _manager,
    "division": _enterprise("division"),
    "employeenumber": _enterprise("employeeNumber"),
}
