"""Records as the Okta Management API writes them. Bodies are kept with their (never changing) record."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from bridge_local.okta.records import App, Assignment, EventHook, Group, GroupAssignment, User

#: Profile attributes that Okta shows as null when they have no value; others are absent then.
_SHOWN_NULL = ("firstName", "lastName", "mobilePhone", "secondEmail", "login", "email")
_LIFECYCLE = {
    "suspend": "lifecycle/suspend",
    "resetPassword": "lifecycle/reset_password",
    "expirePassword": "lifecycle/expire_password",
    "changePassword": "credentials/change_password",
    "deactivate": "lifecycle/deactivate",
}


def stamp(moment: datetime | None) -> str | None:
    """A time as the API writes it, null when there is none."""
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user_document(user: User, org_url: str) -> dict[str, Any]:
    """A user as ``GET /api/v1/users/{id}`` shows it."""
    url = f"{org_url}/api/v1/users/{user.id}"
    links: dict[str, Any] = {name: {"href": f"{url}/{path}", "method": "POST"} for name, path in _LIFECYCLE.items()}
    return {
        "id": user.id,
        "status": user.status,
        "created": stamp(user.created),
        "activated": stamp(user.activated),
        "statusChanged": stamp(user.status_changed),
        "lastLogin": None,
        "lastUpdated": stamp(user.last_updated),
        "passwordChanged": stamp(user.password_changed),
        "type": {"id": user.type_id},
        "profile": {**dict.fromkeys(_SHOWN_NULL), **user.profile},
        "credentials": {
            "password": {},
            "emails": [{"value": user.profile.get("email"), "status": "VERIFIED", "type": "PRIMARY"}],
            "provider": {"type": "OKTA", "name": "OKTA"},
        },
        "_links": {**links, "self": {"href": url}},
    }


def user_body(user: User, org_url: str) -> str:
    """The same as JSON text; in listings, with all links (Okta leaves all but ``self`` out of them)."""
    if not user.rendered:
        document = user_document(user, org_url)
        document["_links"] = {"self": document["_links"]["self"]}
        user.rendered = json.dumps(document)
    return user.rendered


def group_body(group: Group, org_url: str) -> str:
    """A group as JSON text."""
    if not group.rendered:
        url = f"{org_url}/api/v1/groups/{group.id}"
        kind = "okta:user_group" if group.type != "APP_GROUP" else "okta:windows_security_principal"
        group.rendered = json.dumps(
            {
                "id": group.id,
                "created": stamp(group.created),
                "lastUpdated": stamp(group.last_updated),
                "lastMembershipUpdated": stamp(group.last_membership_updated),
                "objectClass": [kind],
                "type": group.type,
                "profile": {"name": group.name, "description": group.description},
                "_links": {"users": {"href": f"{url}/users"}, "apps": {"href": f"{url}/apps"}},
            }
        )
    return group.rendered


def assignment_body(assignment: Assignment, org_url: str, user: User | None = None) -> str:
    """An application user as JSON text, with `user` embedded when there is one."""
    if not assignment.rendered:
        links = {
            "app": {"href": f"{org_url}/api/v1/apps/{assignment.app_id}"},
            "user": {"href": f"{org_url}/api/v1/users/{assignment.user_id}"},
        }
        if not assignment.individual:
            links["group"] = {"href": f"{org_url}/api/v1/groups/{assignment.group_id}"}
        assignment.rendered = json.dumps(
            {
                "id": assignment.user_id,
                "externalId": None,
                "created": stamp(assignment.created),
                "lastUpdated": stamp(assignment.last_updated),
                "scope": assignment.scope,
                "status": assignment.status,
                "statusChanged": stamp(assignment.status_changed),
                "passwordChanged": None,
                "syncState": "DISABLED",
                "credentials": {"userName": assignment.user_name},
                "profile": dict(assignment.profile),
                "_links": links,
            }
        )
    if user is None:
        return assignment.rendered
    return f'{assignment.rendered[:-1]}, "_embedded": {{"user": {user_body(user, org_url)}}}}}'


def app_document(app: App, org_url: str) -> dict[str, Any]:
    """An application."""
    url = f"{org_url}/api/v1/apps/{app.id}"
    return {
        "id": app.id,
        "name": app.name,
        "label": app.label,
        "status": app.status,
        "lastUpdated": stamp(app.last_updated),
        "created": stamp(app.created),
        "features": list(app.features),
        "signOnMode": "SAML_2_0",
        "visibility": {"autoSubmitToolbar": False, "hide": {"iOS": False, "web": False}},
        "_links": {"users": {"href": f"{url}/users"}, "groups": {"href": f"{url}/groups"}},
    }


def push_mapping_document(app: App, group_id: str, group_name: str) -> dict[str, Any]:
    """A mapping of native group push (listGroupPushMappings)."""
    return {
        "id": f"gPm{group_id[3:]}",
        "sourceGroupId": group_id,
        "targetGroupId": f"0gP{group_id[3:]}",
        "targetGroupName": group_name,
        "status": "ACTIVE",
        "created": stamp(app.last_updated),
        "lastUpdated": stamp(app.last_updated),
    }


def group_assignment_document(assignment: GroupAssignment, app_id: str, org_url: str) -> dict[str, Any]:
    """A group's assignment to an application."""
    url = f"{org_url}/api/v1"
    return {
        "id": assignment.group_id,
        "lastUpdated": stamp(assignment.last_updated),
        "priority": assignment.priority,
        "profile": dict(assignment.profile),
        "_links": {
            "app": {"href": f"{url}/apps/{app_id}"},
            "self": {"href": f"{url}/apps/{app_id}/groups/{assignment.group_id}"},
            "group": {"href": f"{url}/groups/{assignment.group_id}"},
        },
    }


def hook_document(hook: EventHook, org_url: str) -> dict[str, Any]:
    """An event hook, without the auth secret and with the header values that Okta does echo."""
    url = f"{org_url}/api/v1/eventHooks/{hook.id}"
    config = hook.channel["config"]
    auth = config.get("authScheme")
    shown = {"type": auth["type"], "key": auth["key"]} if auth else None
    step = "deactivate" if hook.status == "ACTIVE" else "activate"
    return {
        "id": hook.id,
        "status": hook.status,
        "verificationStatus": hook.verification,
        "name": hook.name,
        "description": hook.description,
        "created": stamp(hook.created),
        "createdBy": "00uAdministrator05d7",
        "lastUpdated": stamp(hook.last_updated),
        "events": {"type": "EVENT_TYPE", "items": list(hook.events), "filter": hook.filter},
        "channel": {
            "type": "HTTP",
            "version": "1.0.0",
            "config": {
                "uri": hook.uri,
                "headers": list(config.get("headers") or []),
                "method": "POST",
                "authScheme": shown,
            },
        },
        "_links": {
            "self": {"href": url},
            "verify": {"href": f"{url}/lifecycle/verify", "hints": {"allow": ["POST"]}},
            step: {"href": f"{url}/lifecycle/{step}", "hints": {"allow": ["POST"]}},
        },
    }
