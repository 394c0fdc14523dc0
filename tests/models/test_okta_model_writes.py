"""The Okta model's writes, in the forms that Okta documents: what a program gets that changes Okta."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.models.okta_org import Context

ADA = {"login": "ada.brook@example.com", "email": "ada.brook@example.com", "firstName": "Ada", "lastName": "Brook"}


def shown(context: Context, method: str, url: str, document: Any = None) -> Any:
    """The JSON of a success."""
    answer = context.call(method, url, document)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def error(context: Context, method: str, url: str, document: Any = None) -> tuple[int, str]:
    """Status and errorCode of a refusal, which says a cause or a summary."""
    answer = context.call(method, url, document)
    body = json.loads(answer.body)
    assert body["errorSummary"]
    return answer.status, body["errorCode"]


def types(context: Context) -> list[str]:
    """The event types of the log."""
    return [entry.event_type for entry in context.model.log.all()]


def test_a_user_is_created_changed_replaced_and_deleted() -> None:
    """POST, POST, PUT, DELETE twice; each with its events, and a null clears."""
    context = Context()
    made = shown(context, "POST", "/api/v1/users?activate=true", {"profile": ADA})
    assert (made["status"], made["profile"]["login"]) == ("ACTIVE", ADA["login"])
    url = f"/api/v1/users/{made['id']}"
    changed = shown(context, "POST", url, {"profile": {"title": "Agent", "lastName": "Lake"}})
    assert (changed["profile"]["title"], changed["profile"]["firstName"]) == ("Agent", "Ada")
    assert "title" not in shown(context, "POST", url, {"profile": {"title": None}})["profile"]
    replaced = shown(context, "PUT", f"/api/v1/users/{ADA['login']}", {"profile": {**ADA, "department": "Care"}})
    assert (replaced["profile"]["lastName"], replaced["profile"]["department"]) == ("Brook", "Care")
    assert context.call("DELETE", url).status == 204
    assert json.loads(context.get(url).body)["status"] == "DEPROVISIONED"
    assert context.call("DELETE", url).status == 204
    assert context.get(url).status == 404
    assert types(context)[:2] == ["user.lifecycle.create", "user.lifecycle.activate"]
    assert "user.lifecycle.delete.initiated" in types(context)


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        (("suspend",), "SUSPENDED"),
        (("suspend", "unsuspend"), "ACTIVE"),
        (("deactivate",), "DEPROVISIONED"),
        (("deactivate", "activate"), "ACTIVE"),
        (("expire_password",), "PASSWORD_EXPIRED"),
    ],
)
def test_a_life_cycle_step_is_a_post(steps: tuple[str, ...], status: str) -> None:
    """``POST /users/{id}/lifecycle/{step}`` answers 200 with an empty object."""
    context = Context()
    user = context.user()
    for step in steps:
        assert shown(context, "POST", f"/api/v1/users/{user}/lifecycle/{step}") == {}
    assert json.loads(context.get(f"/api/v1/users/{user}").body)["status"] == status


def test_a_group_is_made_renamed_joined_left_and_deleted() -> None:
    """Members by PUT and DELETE with 204, twice as well as once."""
    context = Context()
    user = context.user()
    group = shown(context, "POST", "/api/v1/groups", {"profile": {"name": "Support", "description": "Desk"}})["id"]
    renamed = shown(context, "PUT", f"/api/v1/groups/{group}", {"profile": {"name": "Help"}})
    assert renamed["profile"]["name"] == "Help"
    for _ in range(2):
        assert context.call("PUT", f"/api/v1/groups/{group}/users/{user}").status == 204
    assert context.model.members(group) == {user}
    for _ in range(2):
        assert context.call("DELETE", f"/api/v1/groups/{group}/users/{user}").status == 204
    assert context.model.members(group) == frozenset()
    assert (
        types(context).count("group.user_membership.add") == types(context).count("group.user_membership.remove") == 1
    )
    assert context.call("DELETE", f"/api/v1/groups/{group}").status == 204
    assert context.get(f"/api/v1/groups/{group}").status == 404


def test_people_and_groups_are_assigned_and_unassigned() -> None:
    """An individual assignment with its own profile, and one that a group gives."""
    context = Context()
    ada, group = context.user(), context.model.create_group("Support")
    app = f"/api/v1/apps/{context.app_id}"
    made = shown(
        context, "POST", f"{app}/users", {"id": ada, "profile": {"note": "new"}, "credentials": {"userName": "ada"}}
    )
    assert (made["scope"], made["profile"], made["credentials"]["userName"]) == ("USER", {"note": "new"}, "ada")
    changed = shown(context, "POST", f"{app}/users/{ada}", {"profile": {"note": "renewed"}})
    assert changed["profile"] == {"note": "renewed"}
    assert context.call("DELETE", f"{app}/users/{ada}").status == 204
    assert context.get(f"{app}/users/{ada}").status == 404
    context.model.add_members(group, [ada])
    assert shown(context, "PUT", f"{app}/groups/{group}", {})["id"] == group
    assert json.loads(context.get(f"{app}/users/{ada}").body)["scope"] == "GROUP"
    assert error(context, "DELETE", f"{app}/users/{ada}") == (400, "E0000001")
    assert context.call("DELETE", f"{app}/groups/{group}").status == 204
    assert context.get(f"{app}/users/{ada}").status == 404
    assert shown(context, "POST", f"{app}/lifecycle/deactivate") == {}
    assert json.loads(context.get(app).body)["status"] == "INACTIVE"


@pytest.mark.parametrize(
    ("method", "url", "document", "wanted"),
    [
        ("POST", "/api/v1/users", {"profile": {"firstName": "Ada"}}, (400, "E0000001")),
        ("POST", "/api/v1/users", {"profile": ADA}, (400, "E0000001")),
        ("POST", "/api/v1/users", {}, (400, "E0000001")),
        ("POST", "/api/v1/users", ["no object"], (400, "E0000003")),
        ("POST", "/api/v1/users/{user}/lifecycle/activate", None, (403, "E0000016")),
        ("POST", "/api/v1/users/{user}/lifecycle/unsuspend", None, (400, "E0000001")),
        ("POST", "/api/v1/users/{user}/lifecycle/promote", None, (404, "E0000007")),
        ("POST", "/api/v1/users/00unobody/lifecycle/suspend", None, (404, "E0000007")),
        ("POST", "/api/v1/groups", {"profile": {"name": ""}}, (400, "E0000001")),
        ("POST", "/api/v1/groups", {"profile": {"name": "Everyone"}}, (400, "E0000001")),
        ("DELETE", "/api/v1/groups/{everyone}", None, (400, "E0000001")),
        ("PUT", "/api/v1/groups/00gnone/users/{user}", None, (404, "E0000007")),
        ("PUT", "/api/v1/groups/{everyone}/users/00unobody", None, (404, "E0000007")),
        ("DELETE", "/api/v1/apps/{app}/users/{user}", None, (404, "E0000007")),
        ("DELETE", "/api/v1/apps/{app}/groups/{everyone}", None, (404, "E0000007")),
        ("POST", "/api/v1/apps/0oanone/users", {"id": "00u"}, (404, "E0000007")),
    ],
)
def test_what_okta_refuses_is_its_error(method: str, url: str, document: Any, wanted: tuple[int, str]) -> None:
    """Nothing is changed, and nothing told."""
    context = Context()
    user = context.user()
    [everyone] = [each.id for each in context.model.groups.current.values() if each.name == "Everyone"]
    before = types(context)
    asked = url.format(user=user, everyone=everyone, app=context.app_id)
    assert error(context, method, asked, document) == wanted
    assert types(context) == before


def test_a_client_that_may_only_read_writes_nothing() -> None:
    """The scopes of writes are Okta's ``manage`` scopes."""
    context = Context()
    scopes = {scope for method, _, scope, _ in context.model.api._routes if method != "GET"}
    assert all(scope.endswith(".manage") for scope in scopes)
