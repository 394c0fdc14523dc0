"""Names of people and groups, read live: who of Okta is called so, and what a group is called on both sides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from bridge.errors import AuthFailure, Permanent, ResourceNotFound
from bridge.genesys.client import GenesysClient
from bridge.items import OKTA_ID
from bridge.okta.client import GROUP_USERS_PAGE, OktaClient
from bridge.provisioning.scim import without_case

#: So many are found at most: more is no name but a guess.
MAX_FOUND = 20
#: Mappings of group push a page, and most pages: Okta allows a hundred groups for each push rule.
PUSHED_PAGE, MAX_PUSHED_PAGES = 1000, 20


@dataclass(frozen=True)
class Side:
    """A group on one side.

    Attributes:
        name: what it is called there, empty where there is none.
        members: how many it has, None where that is not told.
        more: whether it has more than were counted.
    """

    name: str = ""
    members: int | None = None
    more: bool = False


@dataclass(frozen=True)
class Pushed:
    """A group that native group push keeps.

    Attributes:
        source: the Okta group's id.
        target: what the group is called that it is pushed to, empty where that is not told.
        active: whether it is pushed at present.
    """

    source: str
    target: str
    active: bool


class Names:
    """Asks both sides for names; nothing of them is kept."""

    def __init__(self, okta: OktaClient, genesys: GenesysClient, app_id: str) -> None:
        """Read through these; `app_id` is the Okta application whose group push is asked for."""
        self._okta = okta
        self._app_id = app_id
        self._genesys = genesys

    def users(self, text: str) -> dict[str, str]:
        """Id -> login of the Okta users whose login or e-mail is `text`, without case.

        Raises:
            Transient, Permanent: as the client.
        """
        wanted = sorted({json.dumps(form, ensure_ascii=False) for form in (text, text.lower())})
        asked = " or ".join(f"profile.{name} eq {value}" for value in wanted for name in ("login", "email"))
        answer = self._okta.get("users", (("search", asked), ("limit", str(MAX_FOUND))))
        found = {}
        for document in answer.json():
            profile = document.get("profile") or {}
            names = [str(profile.get(name, "")) for name in ("login", "email")]
            if without_case(text) in map(without_case, names):
                found[str(document["id"])] = names[0]
        return found

    def groups(self, text: str) -> dict[str, str]:
        """Id -> name of the Okta groups of a name, without case."""
        answer = self._okta.get("groups", (("q", text), ("limit", "200")))
        names = {str(each["id"]): str((each.get("profile") or {}).get("name", "")) for each in answer.json()}
        return {key: name for key, name in names.items() if without_case(name) == without_case(text)}

    def accounts(self, text: str) -> dict[str, str]:
        """Id -> userName of the Genesys Cloud users whose userName is `text`, without case; also inactive ones."""
        return {user.id: user.user_name for user in self._genesys.find_users("userName", text)}

    def okta_user(self, user_id: str) -> str:
        """The login of an Okta user, empty where Okta shows none."""
        user = self._okta.user(user_id).value
        profile = user.document.get("profile") if user is not None else None
        return str(profile.get("login", "")) if isinstance(profile, Mapping) else ""

    def genesys_user(self, genesys_id: str) -> str:
        """The userName of a Genesys Cloud user, empty where there is none."""
        user = self._genesys.user(genesys_id)
        return user.user_name if user is not None else ""

    def pushed(self) -> list[Pushed] | None:
        """The groups that native group push keeps, by id; None where Okta does not say: that is not "none".

        Source: Okta's Group Push Mapping API (listGroupPushMappings). Whether the target's name is in it is not
        documented; without it the target is read as a group of Okta's.

        Raises:
            Transient: Okta cannot answer now.
        """
        path, found = f"apps/{self._app_id}/group-push/mappings", list[Pushed]()
        try:
            answer = self._okta.get(path, (("limit", str(PUSHED_PAGE)),))
            for _ in range(MAX_PUSHED_PAGES):
                mappings = answer.json() if answer.status == HTTPStatus.OK else None
                if not isinstance(mappings, list) or not all(map(_is_mapping, mappings)):
                    return None
                found += map(self._pushed, mappings)
                following = self._okta.following(path, answer)
                if not following:
                    return sorted(found, key=lambda each: each.source)
                answer = self._okta.get(path, link=following)
        except (AuthFailure, Permanent):
            pass
        return None

    def _pushed(self, mapping: Mapping[str, object]) -> Pushed:
        name, target = mapping.get("targetGroupName"), mapping.get("targetGroupId")
        if not isinstance(name, str) or not name:
            group = self._okta.group(target).value if isinstance(target, str) and OKTA_ID.fullmatch(target) else None
            name = group.name if group is not None else ""
        return Pushed(str(mapping["sourceGroupId"]), name, mapping.get("status") != "INACTIVE")

    def okta_group_name(self, group_id: str) -> str:
        """What an Okta group is called, empty where Okta shows none."""
        group = self._okta.group(group_id).value
        return group.name if group is not None else ""

    def genesys_groups(self, name: str) -> list[str]:
        """Ids of the Genesys Cloud groups of a name, without case."""
        return [group.id for group in self._genesys.find_groups(name)]

    def okta_group(self, group_id: str) -> Side:
        """An Okta group: its name, and how many members its first page shows."""
        group = self._okta.group(group_id).value
        if group is None:
            return Side()
        path = f"groups/{group_id}/users"
        answer = self._okta.get(path, (("limit", str(GROUP_USERS_PAGE)),))
        members = answer.json()
        return Side(group.name, len(members), bool(self._okta.following(path, answer)))

    def genesys_group(self, group_id: str) -> Side:
        """A Genesys Cloud group."""
        try:
            group = self._genesys.group(group_id)
        except ResourceNotFound:
            group = None
        if group is None:
            return Side()
        return Side(group.display_name, None if group.members is None else len(group.members))


def _is_mapping(document: object) -> bool:
    source = document.get("sourceGroupId") if isinstance(document, Mapping) else None
    return isinstance(source, str) and OKTA_ID.fullmatch(source) is not None
