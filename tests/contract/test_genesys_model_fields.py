"""The Genesys Cloud model speaks only what the public API's models have: fields, enums, routes, answers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bridge_local.faults import Fault
from bridge_local.genesys import Answer
from bridge_local.genesys.administration import PERMISSIONS
from bridge_local.genesys.faults import rate_limited, refused
from bridge_local.genesys.schema import EMAIL_TYPES, ENTERPRISE_URN, GENESYS_URN, GROUP, PHONE_TYPES, USER, Attribute
from tests.models.genesys_org import NOBODY, Org

FACTS: dict[str, Any] = json.loads((Path(__file__).parent / "genesys_scim_fields.json").read_text("utf-8"))
MODELS: dict[str, Any] = FACTS["models"]
PLAIN: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "datetime": (str,),
    "object": (dict, list, str, bool),
}
UNDOCUMENTED = {405, 412}
"""Statuses the table lacks: a method that does not exist, and the version conflict of older SDKs."""


def check(kind: str, value: Any, where: str) -> None:
    """Assert that a JSON value is what the API calls `kind`: no field more, enums kept, required fields there."""
    if kind.startswith("list["):
        assert isinstance(value, list), where
        for element in value:
            check(kind[5:-1], element, f"{where}[]")
    elif kind.startswith("dict("):
        assert isinstance(value, dict), where
    elif kind in PLAIN:
        assert isinstance(value, PLAIN[kind]), f"{where}: {value!r} is no {kind}"
    else:
        model = MODELS[kind]
        assert isinstance(value, dict), where
        assert set(value) <= set(model["fields"]), f"{where}: {set(value) - set(model['fields'])} not in {kind}"
        assert set(model.get("required", ())) <= set(value), f"{where}: {kind} lacks a required field"
        for name, element in value.items():
            check(model["fields"][name], element, f"{where}.{name}")
            if name in model.get("enums", {}):
                assert element in model["enums"][name], f"{where}.{name}: {element!r}"


def route_of(method: str, path: str) -> dict[str, Any]:
    """The documented route of a call."""
    for route in FACTS["routes"]:
        pattern = re.sub(r"\{\w+\}", "[^/]+", route["path"])
        if route["method"] == method and re.fullmatch(pattern, path):
            return dict(route)
    raise AssertionError(f"{method} {path} is no documented route")


class CheckedOrg(Org):
    """An organisation whose every SCIM answer is held against the documented models."""

    def __init__(self, **switches: Any) -> None:
        super().__init__(**switches)
        self.seen: set[tuple[str, int, str]] = set()

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """Send a request and check both sides of it."""
        answer = self.send(method, path, body, **more)
        address = "/api/v2/scim/v2" + path.partition("?")[0]
        route = route_of(method, address)
        if answer.status in UNDOCUMENTED:
            check("ScimError", answer.document, path)
            return answer
        documented = route["answers"].get(str(answer.status))
        assert str(answer.status) in route["answers"], f"{method} {path}: {answer.status}"
        shape = self._shape(answer, documented)
        if shape:
            check(shape, answer.document, f"{method} {path} {answer.status}")
        self.seen.add((method + " " + route["path"], answer.status, shape))
        return answer

    def modify(self, path: str, *operations: Mapping[str, Any], **more: Any) -> Answer:
        """PATCH."""
        schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
        body = {"schemas": schemas, "Operations": list(operations)}
        check("ScimV2PatchRequest", body, path)
        return self.ask("PATCH", path, body, **more)

    def _shape(self, answer: Answer, documented: str | None) -> str:
        """The documented model, except that a 400 may be a ScimError and discovery answers are typed loosely."""
        if answer.document is None:
            return ""
        if answer.status == 400 and "scimType" in answer.document:
            return "ScimError"
        if answer.status == 409 and "code" in answer.document:
            return "ErrorBody"
        return documented or ""


USER_BODY: dict[str, Any] = {
    "schemas": [USER.urn, ENTERPRISE_URN, GENESYS_URN],
    "active": True,
    "userName": "ada.brook@example.com",
    "displayName": "Ada Brook",
    "password": "a secret of hers",
    "title": "Clerk",
    "phoneNumbers": [{"type": kind, "value": "+13175550123", "primary": kind == "work"} for kind in PHONE_TYPES],
    "emails": [{"type": "work", "value": "ada@example.org", "primary": True}],
    "externalId": "00u1aaaaaaaaaaaaaaaa",
    "groups": [],
    "roles": [{"value": "admin"}],
    ENTERPRISE_URN: {
        "division": "Home",
        "department": "Sales",
        "employeeNumber": "77",
        "dateHire": "2026-01-02",
    },
    GENESYS_URN: {
        "routingSkills": [{"name": "Billing", "proficiency": 1.5}],
        "routingLanguages": [{"name": "Welsh", "proficiency": 5.0}],
        "externalIds": [{"authority": "https://idp.example.com", "value": "a1"}],
    },
}


def exercised() -> CheckedOrg:
    """Every route of the newer tree asked at least once, with good and bad requests."""
    org = CheckedOrg()
    org.model.directory.skills.add("Billing")
    org.model.directory.languages.add("Welsh")
    boss = org.model.add_user({"userName": "cleo.hart@example.com", "displayName": "Cleo Hart"})
    group = org.model.add_group("Sales")
    body = {**USER_BODY, ENTERPRISE_URN: {**USER_BODY[ENTERPRISE_URN], "manager": {"value": boss}}}
    check("ScimV2CreateUser", body, "the body of POST")
    user = org.ask("POST", "/users", body).document
    path, team = f"/users/{user['id']}", f"/groups/{group}"
    org.ask("POST", "/users", body)
    org.ask("POST", "/users", {"userName": "x"})
    org.modify(team, {"op": "add", "path": "members", "value": [{"type": "User", "value": user["id"]}]})
    org.modify(team, {"op": "replace", "path": "externalId", "value": "x"})
    org.modify(team, {"op": "add", "path": "members", "value": [{"value": NOBODY}]})
    org.modify(team, {"op": "remove", "path": "members"}, headers={"if-match": '"1"'})
    org.modify(f"/groups/{NOBODY}", {"op": "remove", "path": "members"})
    for address in (path, team):
        org.ask("GET", address)
        org.ask("GET", address, headers={"if-none-match": org.send("GET", address).headers["ETag"]})
    org.ask("GET", f"/users/{NOBODY}")
    org.ask("GET", "/users")
    org.ask("GET", "/users?filter=userName pr")
    org.ask("GET", "/groups?filter=id eq " + group)
    org.ask("GET", "/groups")
    org.modify(path, {"op": "replace", "path": "title", "value": "Chief"})
    org.modify(path, {"op": "replace", "path": "title", "value": "Chief"}, headers={"if-match": '"1"'})
    org.modify(path, {"op": "replace", "path": "nickName", "value": "x"})
    put = {name: value for name, value in user.items() if name != "groups"}
    check("ScimV2User", put, "the body of PUT")
    org.ask("PUT", path, put)
    org.ask("PUT", team, {"displayName": "Sales", "members": [{"value": user["id"]}]})
    org.ask("DELETE", path)
    org.ask("DELETE", path)
    for address in (
        "/serviceproviderconfig",
        "/resourcetypes",
        "/resourcetypes/User",
        "/schemas",
        f"/schemas/{USER.urn}",
    ):
        org.ask("GET", address)
    org.ask("GET", "/schemas?filter=id eq x")
    org.ask("POST", "/users", {}, headers={"content-type": "text/plain"})
    org.model.faults.add(Fault("", rate_limited(), count=1))
    org.ask("GET", "/users")
    for status in (500, 503, 504, 408):
        org.model.faults.add(Fault("", refused(status), count=1))
        org.ask("GET", "/users")
    org.model.take_role()
    org.ask("GET", team)
    org.model.revoke_tokens()
    org.ask("GET", team)
    return org


def test_every_answer_has_the_documented_fields() -> None:
    """All routes are asked, and every answer, good or bad, has only fields and enum values of its model."""
    org = exercised()
    asked = {name for name, _, _ in org.seen}
    documented = {f"{r['method']} {r['path']}" for r in FACTS["routes"] if r["path"].startswith("/api/v2/scim/v2/")}
    assert asked == documented
    assert {shape for _, _, shape in org.seen} >= {
        "ErrorBody",
        "ScimError",
        "ScimV2User",
        "ScimV2Group",
        "ScimUserListResponse",
        "ScimGroupListResponse",
        "ScimServiceProviderConfig",
        "ScimConfigResourceType",
        "ScimConfigResourceTypesListResponse",
        "ScimV2SchemaDefinition",
        "ScimV2SchemaListResponse",
    }


@pytest.mark.parametrize("switch", ["400", "409", "412"])
def test_each_form_of_a_version_conflict_is_a_scim_error(switch: str) -> None:
    """All three forms have the fields of ScimError."""
    org = CheckedOrg(version_conflict=switch)
    user = org.ada()
    operation = {"op": "replace", "path": "title", "value": "Clerk"}
    answer = org.modify(f"/users/{user['id']}", operation, headers={"if-match": '"9"'})
    assert answer.status == int(switch)


def fields(*attributes: Attribute) -> set[str]:
    """Their names."""
    return {attribute.name for attribute in attributes}


@pytest.mark.parametrize(
    ("table", "model"),
    [
        (USER.core, "ScimV2User"),
        (USER.extensions[ENTERPRISE_URN], "ScimV2EnterpriseUser"),
        (USER.extensions[GENESYS_URN], "ScimUserExtensions"),
        (GROUP.core, "ScimV2Group"),
    ],
)
def test_the_accepted_attributes_are_the_documented_ones(table: Mapping[str, Attribute], model: str) -> None:
    """The attributes and sub-attributes that requests may name are those of the models, none more, none less."""
    documented = MODELS[model]["fields"]
    assert fields(*table.values()) == set(documented) - {"schemas", ENTERPRISE_URN, GENESYS_URN}
    for attribute in table.values():
        kind = documented[attribute.name]
        assert attribute.multi == kind.startswith("list[")
        inner = kind[5:-1] if attribute.multi else kind
        assert fields(*attribute.parts) == set(MODELS.get(inner, {"fields": ()})["fields"]), attribute.name


def test_enums_and_permissions_are_the_documented_ones() -> None:
    """Phone types, e-mail types and permissions equal the API's."""
    assert list(PHONE_TYPES) == MODELS["ScimPhoneNumber"]["enums"]["type"]
    assert list(EMAIL_TYPES) == MODELS["ScimEmail"]["enums"]["type"]
    assert {name for route in FACTS["routes"] for name in route["permissions"]} == PERMISSIONS


def test_exactly_the_documented_routes_exist() -> None:
    """Each method on each path of both trees answers 405 if and only if it is not documented."""
    org = Org(token_per_minute=1000, client_per_minute=None)
    documented = {(route["method"], route["path"]) for route in FACTS["routes"]}
    for path in sorted({path for _, path in documented}):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            address = re.sub(r"\{\w+\}", NOBODY, path)
            answer = org.send(method, address, {}, tree="")
            assert (answer.status == 405) == ((method, path) not in documented), f"{method} {path}"


@pytest.mark.parametrize("resource", ["users", "groups"])
def test_each_right_is_enough_alone_and_none_is_not(resource: str) -> None:
    """Any one of the documented permissions lets a call through; with all others it is 403."""
    org = Org(token_per_minute=1000, client_per_minute=None)
    for route in FACTS["routes"]:
        if f"/{resource}" not in route["path"] or not route["permissions"]:
            continue
        address = re.sub(r"\{\w+\}", NOBODY, route["path"])
        for permission in route["permissions"]:
            org.model.permissions = {permission}
            assert org.send(route["method"], address, {}, tree="").status != 403
        org.model.permissions = set(PERMISSIONS) - set(route["permissions"])
        assert org.send(route["method"], address, {}, tree="").status == 403


@pytest.mark.parametrize("parameter", ["attributes", "excludedAttributes"])
@pytest.mark.parametrize("resource", ["users", "groups"])
def test_the_documented_projections_are_understood(resource: str, parameter: str) -> None:
    """Every documented value of attributes and excludedAttributes is taken, alone and all together."""
    org = Org(token_per_minute=1000, client_per_minute=None)
    names = FACTS["attributes"][resource]
    for value in [*names, ",".join(names)]:
        assert org.send("GET", f"/{resource}?filter=id eq x&{parameter}={value}").status == 200, value
