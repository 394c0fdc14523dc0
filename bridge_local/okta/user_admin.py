"""What an administrator does with users, and the events that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridge_local.okta import ids
from bridge_local.okta.org import OktaRefused, Org
from bridge_local.okta.records import (
    ACTIVE,
    DEPROVISIONED,
    LOCKED_OUT,
    PASSWORD_EXPIRED,
    PROVISIONED,
    RECOVERY,
    STAGED,
    SUSPENDED,
    USER_STATUSES,
    User,
)


class UserAdministration(Org):
    """Users: create, change, every step of the life cycle."""

    def create_user(
        self, profile: Mapping[str, Any], *, activate: bool = True, status: str = ACTIVE, user_id: str = ""
    ) -> str:
        """Create a user, STAGED or at once in `status`; its id. ``login`` is required, ``email`` follows it."""
        with self._act(self._request(f"/api/v1/users?activate={str(activate).lower()}")):
            login = str(profile.get("login") or "")
            if not login:
                raise OktaRefused("a user needs a login")
            if self.user_id_of(login):
                raise OktaRefused("login: an object with this value exists already")
            now = self.now()
            user = User(
                id=user_id or self.ids.okta(ids.USER),
                status=STAGED,
                profile={"email": login, **{name: value for name, value in profile.items() if value is not None}},
                created=now,
                last_updated=now,
                type_id=self.user_type,
                password_changed=now,
            )
            self.add_user(user)
            self.record("user.lifecycle.create", [self.user_target(user.id)])
            if activate:
                self.activate(user.id, status=status)
            return user.id

    def update_profile(self, user_id: str, changes: Mapping[str, Any]) -> list[str]:
        """Change attributes (None clears one); the names that really changed. Without any there is no event."""
        with self._act(self._request(f"/api/v1/users/{user_id}")):
            changed = self._change_profile(user_id, changes)
            if changed:
                names = {"changedAttributes": ",".join(changed)}
                self.record("user.account.update_profile", [self.user_target(user_id)], debug=names)
                self._follow_user_names(user_id, changed)
            return changed

    def update_primary_email(self, user_id: str, email: str) -> None:
        """The person changes the e-mail in the self-service flow."""
        with self._act(self._request("/api/internal/enduser/email")):
            changed = self._change_profile(user_id, {"email": email})
            self.record("user.account.update_primary_email", [self.user_target(user_id)])
            if changed and self.switches.primary_email_is_update:
                names = {"changedAttributes": "email"}
                self.record("user.account.update_profile", [self.user_target(user_id)], debug=names)
            self._follow_user_names(user_id, changed)

    def change_user_type(self, user_id: str, type_id: str) -> None:
        """Give the user another user type."""
        with self._act(self._request(f"/api/v1/users/{user_id}")):
            user = self._user(user_id)
            self.users.put(user_id, replace(user, type_id=type_id, last_updated=self.now()))
            types = {"oldTypeId": user.type_id, "newTypeId": type_id}
            self.record("user.account.update_user_type", [self.user_target(user_id)], debug=types)

    def activate(self, user_id: str, *, status: str = ACTIVE) -> None:
        """From STAGED or DEPROVISIONED to `status`; assignments that groups give come (back)."""
        with self._act(self._request(f"/api/v1/users/{user_id}/lifecycle/activate")):
            self._expect(user_id, STAGED, DEPROVISIONED)
            self._set_status(user_id, status)
            self.record("user.lifecycle.activate", [self.user_target(user_id)])
            self._settle_everywhere(user_id)

    def reactivate(self, user_id: str) -> None:
        """Send the activation once more to a PROVISIONED or RECOVERY user; never the undo of `deactivate`."""
        with self._act(self._request(f"/api/v1/users/{user_id}/lifecycle/reactivate")):
            self._expect(user_id, PROVISIONED, RECOVERY)
            self.record("user.lifecycle.reactivate", [self.user_target(user_id)])

    def deactivate(self, user_id: str) -> None:
        """DEPROVISIONED: assignments go, each with its event, then the user; group memberships stay."""
        with self._act(self._request(f"/api/v1/users/{user_id}/lifecycle/deactivate")):
            self._expect(user_id, *(status for status in USER_STATUSES if status != DEPROVISIONED))
            self._set_status(user_id, DEPROVISIONED)
            self._settle_everywhere(user_id)
            self.record("user.lifecycle.deactivate", [self.user_target(user_id)])

    def suspend(self, user_id: str) -> None:
        """SUSPENDED: assignments and memberships stay."""
        with self._act(self._request(f"/api/v1/users/{user_id}/lifecycle/suspend")):
            self._expect(user_id, ACTIVE)
            self._set_status(user_id, SUSPENDED)
            self.record("user.lifecycle.suspend", [self.user_target(user_id)])

    def unsuspend(self, user_id: str) -> None:
        """Back to ACTIVE."""
        with self._act(self._request(f"/api/v1/users/{user_id}/lifecycle/unsuspend")):
            self._expect(user_id, SUSPENDED)
            self._set_status(user_id, ACTIVE)
            self.record("user.lifecycle.unsuspend", [self.user_target(user_id)])

    def delete(self, user_id: str) -> bool:
        """As ``DELETE /users/{id}``: the first call deactivates, the next deletes. Whether the user is gone now."""
        if self._user(user_id).status != DEPROVISIONED:
            self.deactivate(user_id)
            return False
        with self._act(self._request(f"/api/v1/users/{user_id}")):
            target = self.user_target(user_id)
            self.record("user.lifecycle.delete.initiated", [target])
            for group_id in list(self.group_table(user_id).current):
                if self.switches.user_delete_removes:
                    self.record("group.user_membership.remove", [target, self.group_target(group_id)])
                self._part(user_id, group_id)
                self._touch_membership(group_id)
            del self._logins[self._user(user_id).login.casefold()]
            self.users.drop(user_id)
            self.record("user.lifecycle.delete.completed", [target])
            return True

    def expire_password(self, user_id: str) -> None:
        """PASSWORD_EXPIRED."""
        self._password_step(user_id, "expire_password", (ACTIVE,), PASSWORD_EXPIRED, "user.account.expire_password")

    def reset_password(self, user_id: str) -> None:
        """RECOVERY."""
        before = (ACTIVE, PASSWORD_EXPIRED, LOCKED_OUT, RECOVERY)
        self._password_step(user_id, "reset_password", before, RECOVERY, "user.account.reset_password")

    def update_password(self, user_id: str) -> None:
        """The user has a new password: ACTIVE."""
        before = (ACTIVE, PASSWORD_EXPIRED, RECOVERY, PROVISIONED)
        self._password_step(user_id, "change_password", before, ACTIVE, "user.account.update_password")

    def unlock(self, user_id: str) -> None:
        """Back to ACTIVE from LOCKED_OUT by an administrator."""
        self._password_step(user_id, "unlock", (LOCKED_OUT,), ACTIVE, "user.account.unlock_by_admin")

    def lock_out(self, user_id: str) -> None:
        """LOCKED_OUT after too many sign-ins: an event whose outcome is FAILURE."""
        with self._act(self._request("/api/v1/authn")):
            self._expect(user_id, ACTIVE)
            self._set_status(user_id, LOCKED_OUT)
            target = self.user_target(user_id)
            self.record(
                "user.account.lock", [target], result="FAILURE", reason="LOCKED_OUT", severity="DEBUG", actor=target
            )

    def _password_step(self, user_id: str, step: str, before: tuple[str, ...], after: str, event_type: str) -> None:
        with self._act(self._request(f"/api/v1/users/{user_id}/lifecycle/{step}")):
            self._expect(user_id, *before)
            self._set_status(user_id, after)
            self.record(event_type, [self.user_target(user_id)])

    def _expect(self, user_id: str, *statuses: str) -> None:
        status = self._user(user_id).status
        if status not in statuses:
            raise OktaRefused(f"user {user_id} is {status}, expected one of {', '.join(statuses)}")

    def _set_status(self, user_id: str, status: str) -> None:
        if status not in USER_STATUSES:
            raise OktaRefused(f"status: expected one of {', '.join(USER_STATUSES)}")
        user, now = self._user(user_id), self.now()
        activated = now if user.status in {STAGED, DEPROVISIONED} else user.activated
        if status == DEPROVISIONED:
            activated = user.activated
        self.users.put(user_id, replace(user, status=status, status_changed=now, last_updated=now, activated=activated))
        self._settle_everyone(self._user(user_id))
        if self.switches.app_user_status_follows:
            self._show_status(user_id, status)

    def _show_status(self, user_id: str, status: str) -> None:
        shown = status if status in {STAGED, SUSPENDED} else ACTIVE
        for table in self.assignments.values():
            assignment = table.current.get(user_id)
            if assignment is not None and assignment.status in {STAGED, SUSPENDED, ACTIVE}:
                table.put(user_id, replace(assignment, status=shown, status_changed=self.now()))

    def _change_profile(self, user_id: str, changes: Mapping[str, Any]) -> list[str]:
        user = self._user(user_id)
        changed = [name for name, value in changes.items() if user.profile.get(name) != value]
        if not changed:
            return []
        profile = {name: value for name, value in {**user.profile, **changes}.items() if value is not None}
        if "login" in changed:
            login = str(profile.get("login") or "")
            if not login or self.user_id_of(login) not in {"", user_id}:
                raise OktaRefused("login: required, and nobody else's")
            del self._logins[user.login.casefold()]
            self._logins[login.casefold()] = user_id
        self.users.put(user_id, replace(user, profile=profile, last_updated=self.now()))
        return changed

    def _follow_user_names(self, user_id: str, changed: list[str]) -> None:
        if self.switches.app_user_name not in changed:
            return
        user = self._user(user_id)
        name = str(user.profile.get(self.switches.app_user_name) or user.login)
        for table in self.assignments.values():
            assignment = table.current.get(user_id)
            if assignment is not None and not assignment.user_name_fixed:
                followed = replace(assignment, user_name=name, last_updated=self.now())
                table.put(user_id, followed)
                self.record("application.user_membership.change_username", self.assignment_targets(followed))
