"""What an administrator does with groups and their members, and the events that follow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bridge_local.okta import ids
from bridge_local.okta.org import OktaRefused, Org
from bridge_local.okta.records import BUILT_IN, Group
from bridge_local.okta.system_log import Transaction


class GroupAdministration(Org):
    """Groups and memberships."""

    def create_group(
        self, name: str, description: str | None = None, *, group_type: str = "OKTA_GROUP", group_id: str = ""
    ) -> str:
        """Create an empty group; its id. `group_type` is OKTA_GROUP, APP_GROUP or BUILT_IN."""
        with self._act(self._request("/api/v1/groups")):
            if any(group.name == name for group in self.groups.current.values()):
                raise OktaRefused("name: an object with this value exists already")
            now = self.now()
            group = Group(group_id or self.ids.okta(ids.GROUP), name, description, now, now, now, group_type)
            self.groups.put(group.id, group)
            self.record("group.lifecycle.create", [self.group_target(group.id)])
            return group.id

    def rename_group(self, group_id: str, name: str) -> None:
        """Give the group another name."""
        self.update_group(group_id, name=name)

    def update_group(self, group_id: str, *, name: str | None = None, description: str | None = None) -> None:
        """Change name, description or both."""
        with self._act(self._request(f"/api/v1/groups/{group_id}")):
            group = self._own_group(group_id)
            changed = [
                key
                for key, value in (("name", name), ("description", description))
                if value is not None and value != getattr(group, key)
            ]
            if not changed:
                return
            self.groups.put(
                group_id,
                replace(
                    group,
                    name=group.name if name is None else name,
                    description=group.description if description is None else description,
                    last_updated=self.now(),
                ),
            )
            names = {"changedAttributes": ",".join(changed)}
            self.record("group.profile.update", [self.group_target(group_id)], debug=names)

    def delete_group(self, group_id: str) -> None:
        """Delete the group; who was assigned through it alone loses the assignment."""
        with self._act(self._request(f"/api/v1/groups/{group_id}")):
            self._own_group(group_id)
            target = self.group_target(group_id)
            members = list(self.member_table(group_id).current)
            for user_id in members:
                if self.switches.group_delete_removes:
                    self.record("group.user_membership.remove", [self.user_target(user_id), target])
                self._part(user_id, group_id)
            self.groups.drop(group_id)
            for table in self.app_groups.values():
                table.drop(group_id)
            self.record("group.lifecycle.delete", [target])
            self._settle_members(members)

    def add_members(self, group_id: str, user_ids: Iterable[str]) -> list[str]:
        """Add users; who was none before. Several at once are one JOB (a group rule, an import) by switch."""
        return self._change_members(group_id, list(user_ids), join=True)

    def remove_members(self, group_id: str, user_ids: Iterable[str]) -> list[str]:
        """Remove users, otherwise as `add_members`; who was one before."""
        return self._change_members(group_id, list(user_ids), join=False)

    def _change_members(self, group_id: str, user_ids: list[str], *, join: bool) -> list[str]:
        bulk = len(user_ids) > 1
        if bulk and self.switches.job_of_bulk_adds and self._transaction is None:
            transaction = Transaction("JOB", self.ids.okta(ids.BULK_JOB))
        else:
            transaction = self._request(f"/api/v1/groups/{group_id}/users/{user_ids[0] if user_ids else ''}")
        event_type = "group.user_membership.add" if join else "group.user_membership.remove"
        with self._act(transaction):
            self._own_group(group_id)
            target = self.group_target(group_id)
            for user_id in user_ids:
                self._user(user_id)
            change = self.join if join else self._part
            changed = [user_id for user_id in user_ids if change(user_id, group_id)]
            for user_id in changed:
                self.record(event_type, [self.user_target(user_id), target])
            if changed:
                self._touch_membership(group_id)
            self._settle_members(changed)
            return changed

    def _own_group(self, group_id: str) -> Group:
        """A group that administrators may change: none that Okta keeps."""
        group = self._group(group_id)
        if group.type == BUILT_IN:
            raise OktaRefused(f"group {group_id} is BUILT_IN: Okta itself keeps it")
        return group

    def _settle_members(self, user_ids: list[str]) -> None:
        """Assignments that follow from groups are made by a job of their own."""
        if not user_ids or (not any(self.app_groups.values()) and not any(self.assignments.values())):
            return
        with self._act(Transaction("JOB", self.ids.okta(ids.GROUP_ASSIGNMENT_JOB)), inner=True):
            for user_id in user_ids:
                self._settle_everywhere(user_id)
