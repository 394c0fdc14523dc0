"""The writes of the Management API: users and their life cycle, groups and members, assignments.

The bridge never writes to Okta; people who play with the model do, and so do other programs that are tried against it.
Forms and statuses as in Okta's API reference: Users, User Lifecycle, Groups, Application Users, Application Groups.
What Okta would not let an administrator do is 400 ``E0000001`` (403 ``E0000016`` for an activation).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from bridge_local.exchange import Request, Response
from bridge_local.okta import render
from bridge_local.okta.answers import OktaError, body_of, invalid, json_text, not_found
from bridge_local.okta.app_admin import AppAdministration
from bridge_local.okta.group_admin import GroupAdministration
from bridge_local.okta.org import OktaRefused
from bridge_local.okta.user_admin import UserAdministration


class Administrators(UserAdministration, GroupAdministration, AppAdministration):
    """An org that administrators change."""


class WriteApi:
    """Answers writes of an org."""

    def __init__(self, org: Administrators) -> None:
        self._org = org
        self._steps: Mapping[str, Callable[[str], object]] = {
            "activate": org.activate,
            "reactivate": org.reactivate,
            "deactivate": org.deactivate,
            "suspend": org.suspend,
            "unsuspend": org.unsuspend,
            "unlock": org.unlock,
            "expire_password": org.expire_password,
            "reset_password": org.reset_password,
        }

    # ------------------------------------------------------------------------------------------- users

    def create_user(self, request: Request) -> Response:
        """``POST /users?activate=true``: STAGED with ``activate=false``; ``groupIds`` are joined."""
        document = body_of(request)
        profile = _part(document, "profile")
        with _refusals("login"):
            user_id = self._org.create_user(profile, activate=request.param("activate", "true") != "false")
            for group_id in document.get("groupIds") or []:
                self._org.add_members(str(group_id), [user_id])
        return self._shown(user_id)

    def update_user(self, request: Request, key: str) -> Response:
        """``POST /users/{id}``: the attributes that are named; null clears one."""
        user_id = self._user(key)
        with _refusals("login"):
            self._org.update_profile(user_id, _part(body_of(request), "profile"))
        return self._shown(user_id)

    def replace_user(self, request: Request, key: str) -> Response:
        """``PUT /users/{id}``: the whole profile; what is not named is cleared."""
        user_id = self._user(key)
        profile = _part(body_of(request), "profile")
        cleared = dict.fromkeys(self._org.users.current[user_id].profile)
        with _refusals("login"):
            self._org.update_profile(user_id, {**cleared, **profile})
        return self._shown(user_id)

    def delete_user(self, _request: Request, key: str) -> Response:
        """``DELETE /users/{id}``: the first deactivates, the next deletes."""
        self._org.delete(self._user(key))
        return Response(204)

    def user_step(self, request: Request, key: str, step: str) -> Response:
        """``POST /users/{id}/lifecycle/{step}``."""
        act = self._steps.get(step)
        if act is None:
            raise not_found(request.path, "Lifecycle")
        with _refusals("status", "E0000016" if step == "activate" else "E0000001"):
            act(self._user(key))
        return Response.of_json(200, {})

    # ------------------------------------------------------------------------------------------ groups

    def create_group(self, request: Request) -> Response:
        """``POST /groups``."""
        profile = _part(body_of(request), "profile")
        name = _name(profile)
        with _refusals("name"):
            group_id = self._org.create_group(name, profile.get("description"))
        return self._shown_group(group_id)

    def replace_group(self, request: Request, group_id: str) -> Response:
        """``PUT /groups/{id}``: name and description."""
        self._group(group_id)
        profile = _part(body_of(request), "profile")
        name = _name(profile)
        with _refusals("name"):
            self._org.update_group(group_id, name=name, description=profile.get("description"))
        return self._shown_group(group_id)

    def delete_group(self, _request: Request, group_id: str) -> Response:
        """``DELETE /groups/{id}``."""
        self._group(group_id)
        with _refusals("id"):
            self._org.delete_group(group_id)
        return Response(204)

    def join(self, _request: Request, group_id: str, user_id: str) -> Response:
        """``PUT /groups/{id}/users/{userId}``; a member stays one."""
        self._group(group_id)
        with _refusals("id"):
            self._org.add_members(group_id, [self._user(user_id)])
        return Response(204)

    def leave(self, _request: Request, group_id: str, user_id: str) -> Response:
        """``DELETE /groups/{id}/users/{userId}``; anyone who is no member is no error."""
        self._group(group_id)
        with _refusals("id"):
            self._org.remove_members(group_id, [self._user(user_id)])
        return Response(204)

    # ------------------------------------------------------------------------------------- assignments

    def assign_user(self, request: Request, app_id: str) -> Response:
        """``POST /apps/{id}/users``: ``id``, and perhaps ``profile`` and ``credentials.userName``."""
        self._app(app_id)
        document = body_of(request)
        user_id = self._user(str(document.get("id") or ""))
        with _refusals("id"):
            self._org.assign_user(
                user_id, app_id=app_id, profile=document.get("profile"), user_name=_user_name(document)
            )
        return self._assigned(app_id, user_id)

    def update_app_user(self, request: Request, app_id: str, user_id: str) -> Response:
        """``POST /apps/{id}/users/{userId}``: profile and userName."""
        self._require_assigned(app_id, user_id)
        document = body_of(request)
        profile, name = document.get("profile"), _user_name(document)
        self._org.update_app_user(user_id, app_id=app_id, profile=profile, user_name=name)
        return self._assigned(app_id, user_id)

    def unassign_user(self, _request: Request, app_id: str, user_id: str) -> Response:
        """``DELETE /apps/{id}/users/{userId}``."""
        self._require_assigned(app_id, user_id)
        with _refusals("scope"):
            self._org.unassign_user(user_id, app_id=app_id)
        return Response(204)

    def assign_group(self, request: Request, app_id: str, group_id: str) -> Response:
        """``PUT /apps/{id}/groups/{groupId}``; one that is assigned stays so, with another profile."""
        self._app(app_id)
        self._group(group_id)
        document = body_of(request) if request.body else {}
        if group_id not in self._org.app_groups[app_id].current:
            self._org.assign_group(group_id, app_id=app_id, priority=document.get("priority"))
        if document.get("profile"):
            self._org.update_group_assignment(group_id, app_id=app_id, profile=document["profile"])
        made = self._org.app_groups[app_id].current[group_id]
        return Response.of_json(200, render.group_assignment_document(made, app_id, self._org.org_url))

    def unassign_group(self, _request: Request, app_id: str, group_id: str) -> Response:
        """``DELETE /apps/{id}/groups/{groupId}``."""
        self._app(app_id)
        if group_id not in self._org.app_groups[app_id].current:
            raise not_found(group_id, "ApplicationGroupAssignment")
        self._org.unassign_group(group_id, app_id=app_id)
        return Response(204)

    def app_step(self, _request: Request, app_id: str, step: str) -> Response:
        """``POST /apps/{id}/lifecycle/{activate or deactivate}``; harmless where it is so already."""
        self._app(app_id)
        wanted = "ACTIVE" if step == "activate" else "INACTIVE"
        if self._org.apps[app_id].status != wanted:
            (self._org.activate_app if step == "activate" else self._org.deactivate_app)(app_id)
        return Response.of_json(200, {})

    # ------------------------------------------------------------------------------------------- parts

    def _user(self, key: str) -> str:
        key = unquote(key)
        found = key if key in self._org.users.current else self._org.user_id_of(key)
        if not found:
            raise not_found(key, "User")
        return found

    def _group(self, group_id: str) -> None:
        if group_id not in self._org.groups.current:
            raise not_found(group_id, "UserGroup")

    def _app(self, app_id: str) -> None:
        if app_id not in self._org.apps:
            raise not_found(app_id, "AppInstance")

    def _require_assigned(self, app_id: str, user_id: str) -> None:
        self._app(app_id)
        if user_id not in self._org.assignments[app_id].current:
            raise not_found(user_id, "AppUser")

    def _shown(self, user_id: str) -> Response:
        return Response.of_json(200, render.user_document(self._org.users.current[user_id], self._org.org_url))

    def _shown_group(self, group_id: str) -> Response:
        return json_text(render.group_body(self._org.groups.current[group_id], self._org.org_url))

    def _assigned(self, app_id: str, user_id: str) -> Response:
        return json_text(render.assignment_body(self._org.assignments[app_id].current[user_id], self._org.org_url))


@contextmanager
def _refusals(field: str, code: str = "E0000001") -> Iterator[None]:
    """What Okta would not let an administrator do, as its error about a field."""
    try:
        yield
    except OktaRefused as refused:
        if code != "E0000001":
            raise OktaError(403, code, str(refused)) from None
        raise invalid(field, str(refused)) from None


def _part(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = document.get(name)
    if not isinstance(part, dict):
        raise invalid(name, "The field cannot be left blank.")
    return part


def _name(profile: Mapping[str, Any]) -> str:
    name = profile.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= 255:  # noqa: PLR2004 - Okta's own limit
        raise invalid("name", "The field must be 1 to 255 characters.")
    return name


def _user_name(document: Mapping[str, Any]) -> str:
    credentials = document.get("credentials")
    return str(credentials.get("userName") or "") if isinstance(credentials, dict) else ""
