"""What the bridge really sends to Genesys Cloud, held against the public API: routes, parameters, fields, enums."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bridge_local.faults import Fault, lost
from bridge_local.genesys.records import Call
from tests.contract.test_genesys_model_fields import FACTS, MODELS, check, route_of
from tests.world import World

#: The filters that the API documents, as far as the bridge uses them.
FILTER = re.compile(r'(userName|externalId|displayName) eq "[^"]*"|active eq false|active eq "false"')
#: What a path of an operation addresses: a field of the model, of an extension, or of an element by its type or value.
PATH = re.compile(r'(?:(?P<urn>urn:[\w:.]+):)?(?P<field>\w+)(?:\[(?P<by>type|value) eq "(?P<of>[^"]+)"\](?:\.value)?)?')
EXTENSIONS = {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": "ScimV2EnterpriseUser"}


@pytest.fixture(scope="module")
def calls() -> list[Call]:
    """Every call of a busy day: people come, change, go and come back, groups fill and empty, an account is adopted."""
    world = World({"SYNC_PASSWORD": "random"})
    world.genesys.add_user({"userName": "cleo.marsh@example.com", "displayName": "Cleo"})
    people = [
        world.person(
            name, title="Adviser", department="Service", employeeNumber="7", primaryPhone="+13175550100", mobilePhone=""
        )
        for name in ("Ada Brook", "Ben Field", "Cleo Marsh")
    ]
    world.happen()
    okta_group, _ = world.linked_group("Support", people)
    world.okta.update_profile(people[0], {"title": None, "mobilePhone": "+4915123456789", "department": "Sales"})
    world.okta.remove_members(okta_group, people[:1])
    world.okta.deactivate(people[1])
    world.happen()
    world.okta.activate(people[1])
    world.okta.assign_user(people[1])
    world.genesys.faults.add(Fault("POST .*/users", lost(), count=1))
    world.person("Dan Reed")
    world.happen()
    return [call for call in world.genesys.calls if "/scim/" in call.path]


def test_the_day_was_busy(calls: list[Call]) -> None:
    """Each kind of call that the bridge can make is among those that are checked."""
    made = {(call.method, call.route) for call in calls}
    assert made >= {
        ("POST", "users"),
        ("PATCH", "users/{id}"),
        ("GET", "users/{id}"),
        ("GET", "users"),
        ("GET", "groups"),
        ("GET", "groups/{id}"),
        ("PATCH", "groups/{id}"),
    }


def test_routes_and_parameters_are_documented(calls: list[Call]) -> None:
    """Lower case, in the tree of SCIM 2, with parameters, attributes and filters that the API names."""
    for call in calls:
        assert call.path.startswith("/api/v2/scim/v2/")
        route = route_of(call.method, call.path)
        resource = call.route.partition("/")[0]
        for name, value in call.query:
            assert name in route["parameters"], name
            if name == "excludedAttributes":
                assert value in FACTS["attributes"][resource], value
            if name == "filter":
                assert FILTER.fullmatch(value), value


def test_created_users_are_of_the_model(calls: list[Call]) -> None:
    """A POST's body has the model's fields and nothing else."""
    bodies = [call.body for call in calls if call.method == "POST"]
    assert bodies
    for body in bodies:
        check("ScimV2CreateUser", body, "POST users")


def test_operations_are_of_the_model(calls: list[Call]) -> None:
    """A PATCH's operations are of the model, and every path addresses a field of the resource."""
    patches = [call for call in calls if call.method == "PATCH"]
    assert patches
    for call in patches:
        check("ScimV2PatchRequest", call.body, "PATCH")
        for operation in call.body["Operations"]:
            check_path(operation["path"], "ScimV2User" if call.user_id else "ScimV2Group")


def check_path(path: str, model: str) -> None:
    """Assert that a path addresses a field of the model; the type of an element is one of its enum."""
    found = PATH.fullmatch(path)
    assert found is not None, path
    of: dict[str, Any] = MODELS[EXTENSIONS[found["urn"]] if found["urn"] else model]
    assert found["field"] in of["fields"], path
    if found["by"] == "type":
        element = of["fields"][found["field"]].removeprefix("list[").removesuffix("]")
        assert found["of"] in MODELS[element]["enums"]["type"], path
