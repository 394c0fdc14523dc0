"""What an administrator does with applications and assignments, and the events that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridge_local.okta import ids
from bridge_local.okta.org import OktaRefused, Org
from bridge_local.okta.records import ACTIVE, INACTIVE, App, GroupAssignment
from bridge_local.okta.system_log import Transaction


class AppAdministration(Org):
    """Applications, and the assignments of users and groups.

    Attributes:
        app_id: the application that the bridge serves; where a method has no `app_id`, it is meant.
    """

    app_id: str

    def create_app(self, label: str, *, app_id: str = "", name: str = "genesys_cloud") -> str:
        """Add an application; its id. `name` is the kind of application, `label` what people see."""
        with self._act(self._request("/api/v1/apps")):
            now = self.now()
            app = App(app_id or self.ids.okta(ids.APP), name, label, ACTIVE, now, now)
            self.add_app(app)
            self.record("application.lifecycle.create", [self.app_target(app.id)])
            return app.id

    def activate_app(self, app_id: str | None = None) -> None:
        """Switch the application on."""
        self._switch_app(app_id or self.app_id, ACTIVE, "application.lifecycle.activate")

    def deactivate_app(self, app_id: str | None = None) -> None:
        """Switch the application off: assignments stay."""
        self._switch_app(app_id or self.app_id, INACTIVE, "application.lifecycle.deactivate")

    def provision_natively(self, *features: str, pushed: tuple[str, ...] = (), app_id: str | None = None) -> None:
        """Switch native provisioning to these features and pushed groups; it is shown, and does nothing."""
        app_id = app_id or self.app_id
        with self.quietly():
            self.apps[app_id] = replace(self._app(app_id), features=features, pushed=pushed)

    def update_app(self, label: str, app_id: str | None = None) -> None:
        """Rename the application: the one family of events that carries values before and after."""
        app_id = app_id or self.app_id
        with self._act(self._request(f"/api/v1/apps/{app_id}")):
            app = self._app(app_id)
            self.apps[app_id] = replace(app, label=label, last_updated=self.now())
            details = {"changeDetails": {"from": {"label": app.label}, "to": {"label": label}}}
            self.record("application.lifecycle.update", [self.app_target(app_id, details)])

    def delete_app(self, app_id: str | None = None) -> None:
        """Delete an inactive application with its assignments."""
        app_id = app_id or self.app_id
        with self._act(self._request(f"/api/v1/apps/{app_id}")):
            if self._app(app_id).status != INACTIVE:
                raise OktaRefused(f"application {app_id} is active")
            target = self.app_target(app_id)
            if self.switches.app_delete_removes:
                for assignment in self.assignments[app_id].current.values():
                    self.record("application.user_membership.remove", self.assignment_targets(assignment))
            del self.apps[app_id], self.assignments[app_id], self.app_groups[app_id]
            self.record("application.lifecycle.delete", [target])

    def assign_user(
        self,
        user_id: str,
        *,
        app_id: str | None = None,
        user_name: str = "",
        profile: Mapping[str, Any] | None = None,
        status: str = ACTIVE,
    ) -> None:
        """Assign a user individually; one whom a group has assigned becomes individual without an event."""
        app_id = app_id or self.app_id
        with self._act(self._request(f"/api/v1/apps/{app_id}/users")):
            self._app(app_id)
            if not self._may_be_assigned(self._user(user_id)):
                raise OktaRefused(f"user {user_id} is {self._user(user_id).status}: cannot be assigned")
            self._settle(user_id, app_id, individual=True)
            table = self.assignments[app_id]
            made = table.current[user_id]
            if user_name or profile or status != ACTIVE:
                name = user_name or made.user_name
                fixed = made.user_name_fixed or bool(user_name)
                given = made.profile if profile is None else profile
                table.put(user_id, replace(made, user_name=name, user_name_fixed=fixed, profile=given, status=status))

    def unassign_user(self, user_id: str, *, app_id: str | None = None) -> None:
        """Take an individual assignment away; a group that also gives it keeps the user assigned."""
        app_id = app_id or self.app_id
        with self._act(self._request(f"/api/v1/apps/{app_id}/users/{user_id}")):
            self._app(app_id)
            assignment = self.assignments[app_id].current.get(user_id)
            if assignment is None or not assignment.individual:
                raise OktaRefused(f"user {user_id} has no individual assignment")
            self._settle(user_id, app_id, individual=False)

    def update_app_user(
        self,
        user_id: str,
        *,
        app_id: str | None = None,
        profile: Mapping[str, Any] | None = None,
        user_name: str = "",
        status: str = "",
    ) -> None:
        """Change the application's profile, userName or status of an assigned user.

        A profile raises application.user_membership.update, a userName change_username, a status (which no
        administrator sets, but provisioning does) nothing.
        """
        app_id = app_id or self.app_id
        with self._act(self._request(f"/api/v1/apps/{app_id}/users/{user_id}")):
            self._app(app_id)
            table = self.assignments[app_id]
            before = table.current.get(user_id)
            if before is None:
                raise OktaRefused(f"user {user_id} is not assigned")
            after = replace(
                before,
                profile=before.profile if profile is None else {**before.profile, **profile},
                user_name=user_name or before.user_name,
                user_name_fixed=before.user_name_fixed or bool(user_name),
                status=status or before.status,
                last_updated=self.now(),
            )
            table.put(user_id, after)
            if after.profile != before.profile:
                self.record("application.user_membership.update", self.assignment_targets(after))
            if after.user_name != before.user_name:
                self.record("application.user_membership.change_username", self.assignment_targets(after))

    def assign_group(self, group_id: str, *, app_id: str | None = None, priority: int | None = None) -> None:
        """Assign a group: its members who are not DEPROVISIONED are assigned by a job."""
        app_id = app_id or self.app_id
        self._app(app_id)
        with self._act(self._group_job()):
            table = self.app_groups[app_id]
            if group_id in table:
                raise OktaRefused(f"group {group_id} is assigned already")
            target = self.group_target(group_id)
            table.put(group_id, GroupAssignment(group_id, len(table) if priority is None else priority, self.now()))
            debug = {"groupAppAssignmentId": self.ids.okta(ids.GROUP_ASSIGNMENT_JOB)}
            self.record("group.application_assignment.add", [target, self.app_target(app_id)], debug=debug)
            for user_id in list(self.member_table(group_id).current):
                self._settle(user_id, app_id)

    def unassign_group(self, group_id: str, *, app_id: str | None = None) -> None:
        """Take the group's assignment away: members without another one are unassigned by a job."""
        app_id = app_id or self.app_id
        self._app(app_id)
        with self._act(self._group_job()):
            if self.app_groups[app_id].drop(group_id) is None:
                raise OktaRefused(f"group {group_id} is not assigned")
            debug = {"groupAppAssignmentId": self.ids.okta(ids.GROUP_ASSIGNMENT_JOB)}
            targets = [self.group_target(group_id), self.app_target(app_id)]
            self.record("group.application_assignment.remove", targets, debug=debug)
            for user_id in list(self.member_table(group_id).current):
                self._settle(user_id, app_id)

    def update_group_assignment(
        self, group_id: str, *, app_id: str | None = None, profile: Mapping[str, Any] | None = None
    ) -> None:
        """Change the profile that a group's assignment gives."""
        app_id = app_id or self.app_id
        self._app(app_id)
        with self._act(self._group_job()):
            before = self.app_groups[app_id].current.get(group_id)
            if before is None:
                raise OktaRefused(f"group {group_id} is not assigned")
            after = replace(before, profile=profile or {}, last_updated=self.now())
            self.app_groups[app_id].put(group_id, after)
            debug = {"groupAppAssignmentId": self.ids.okta(ids.GROUP_ASSIGNMENT_JOB)}
            targets = [self.group_target(group_id), self.app_target(app_id)]
            self.record("group.application_assignment.update", targets, debug=debug)

    def _group_job(self) -> Transaction:
        return self._transaction or Transaction("JOB", self.ids.okta(ids.GROUP_ASSIGNMENT_JOB))

    def _switch_app(self, app_id: str, status: str, event_type: str) -> None:
        with self._act(self._request(f"/api/v1/apps/{app_id}/lifecycle")):
            app = self._app(app_id)
            if app.status == status:
                raise OktaRefused(f"application {app_id} is {status} already")
            self.apps[app_id] = replace(app, status=status, last_updated=self.now())
            self.record(event_type, [self.app_target(app_id)])
