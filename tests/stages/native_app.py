"""Okta's native application for Genesys Cloud, as far as moving over and back depends on it.

Documented by Okta (SCIM concepts, FAQ and reference) and by Genesys Cloud's article: an assigned user is searched by
userName, and linked or created with the Okta id as external id; an update writes the whole mapped profile; who is
unassigned or deactivated becomes inactive and is never deleted; a suspension sends nothing; group push links groups by
name, adds who is a member, assigned and active, and takes out whom it has put in; an unlinked group is left as it is.

Assumed: that the deletion of the application acts like unassigning everybody, and that an application that is switched
on again searches everybody anew.
"""

from __future__ import annotations

from typing import Any

from tests.world import World

ON = ("PUSH_NEW_USERS", "PUSH_PROFILE_UPDATES", "PUSH_USER_DEACTIVATION")


class NativeApp:
    """The application; `run` does what has become due since it last ran.

    Attributes:
        linked: Okta user id -> Genesys Cloud user id.
        writes: how many calls have written.
    """

    def __init__(self, world: World) -> None:
        """Of one company; nobody is linked yet."""
        self._okta = world.okta
        self._genesys = world.genesys
        self._pushed: dict[str, set[str]] = {}
        self.linked: dict[str, str] = {}
        self.writes = 0

    def run(self) -> None:
        """Provision users, then push groups, as the application's switches say."""
        app = self._okta.apps.get(self._okta.app_id)
        assigned = self._okta.assignments[self._okta.app_id].current if app else {}
        people = {
            user_id: self._okta.users.current[user_id]
            for user_id in assigned
            if self._okta.users.current[user_id].status != "DEPROVISIONED"
        }
        features = app.features if app else ON
        for user_id, user in people.items():
            self._provision(user_id, assigned[user_id].user_name, dict(user.profile), features)
        if "PUSH_USER_DEACTIVATION" in features:
            for user_id in self.linked.keys() - people.keys():
                self._write(self.linked.pop(user_id), {"active": False})
        for group_id in app.pushed if app else ():
            self._push(group_id, people.keys())

    def _provision(self, user_id: str, user_name: str, profile: dict[str, Any], features: tuple[str, ...]) -> None:
        wanted = {"displayName": f"{profile['firstName']} {profile['lastName']}", "title": profile.get("title")}
        if user_id not in self.linked and "PUSH_NEW_USERS" in features:
            found = self._genesys.find_user(user_name)
            if found is None:
                document = {"userName": user_name, "externalId": user_id, "active": True, **wanted}
                self.linked[user_id] = self._genesys.add_user({key: value for key, value in document.items() if value})
                self.writes += 1
                return
            self.linked[user_id] = found["id"]
        if user_id in self.linked and "PUSH_PROFILE_UPDATES" in features:
            self._write(self.linked[user_id], {**wanted, "active": True})

    def _push(self, group_id: str, people: Any) -> None:
        name = self._okta.groups.current[group_id].name.casefold()
        [target] = [key for key, of in self._genesys.groups().items() if of.casefold() == name]
        wanted = {self.linked[each] for each in self._okta.members(group_id) & people if each in self.linked}
        gone = self._pushed.get(group_id, set()) - wanted
        if wanted - self._genesys.members(target) or gone & self._genesys.members(target):
            self._genesys.edit_members(target, add=wanted, remove=gone)
            self.writes += 1
        self._pushed[group_id] = wanted

    def _write(self, genesys_id: str, changes: dict[str, Any]) -> None:
        account = self._genesys.user(genesys_id)
        if account is not None and any(account.get(key) != value for key, value in changes.items()):
            self._genesys.edit_user(genesys_id, changes)
            self.writes += 1
