"""PATCH of users in the Genesys Cloud model, RFC 7644 section 3.5.2."""

from __future__ import annotations

from typing import Any

import pytest

from tests.models.genesys_org import ENTERPRISE, GENESYS, Org, outcome

PHONE = "+13175550123"
MOBILE = "+13175550145"


def patched(org: Org, *operations: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Ada after a PATCH that must succeed."""
    user = org.ada(**more)
    answer = org.patch(f"/users/{user['id']}", *operations)
    assert answer.status == 200, answer.document
    assert org.send("GET", f"/users/{user['id']}").document == answer.document
    return dict(answer.document)


def of_type(elements: list[dict[str, Any]], kind: str) -> str | None:
    """The value of the element of that type."""
    return next((element["value"] for element in elements if element["type"] == kind), None)


@pytest.mark.parametrize("op", ["add", "replace", "Add", "REPLACE"])
def test_simple_attributes(op: str) -> None:
    """Both add and replace set a simple attribute, by any case of its name and with or without its URN."""
    org = Org()
    user = patched(
        org,
        {"op": op, "path": "DISPLAYNAME", "value": "Ada B."},
        {"op": op, "path": "urn:ietf:params:scim:schemas:core:2.0:User:title", "value": "Clerk"},
        {"op": op, "path": f"{ENTERPRISE}:department", "value": "Sales"},
        {"op": op, "path": "active", "value": False},
    )
    assert (user["displayName"], user["title"], user["active"]) == ("Ada B.", "Clerk", False)
    assert user[ENTERPRISE]["department"] == "Sales"


def test_capitalised_ops_may_be_refused() -> None:
    """The other answer: only add, replace and remove as the enum has them."""
    org = Org(capitalised_ops=False)
    user = org.ada()
    operation = {"op": "Replace", "path": "title", "value": "Clerk"}
    assert outcome(org.patch(f"/users/{user['id']}", operation)) == (400, "invalidSyntax")


def test_a_value_without_a_path_names_its_attributes() -> None:
    """Without a path each attribute of the value is set; extensions by URN or by URN and name."""
    org = Org()
    user = org.ada()
    answer = org.patch(
        f"/users/{user['id']}",
        {
            "op": "replace",
            "value": {
                "schemas": ["x"],
                "id": user["id"],
                "title": "Clerk",
                f"{ENTERPRISE}:employeeNumber": "77",
                ENTERPRISE: {"department": "Sales"},
                'phoneNumbers[type eq "work"]': None,
            },
        },
        {"op": "add", "path": ENTERPRISE, "value": {"dateHire": "2026-01-02"}},
    )
    assert answer.document["title"] == "Clerk"
    assert answer.document[ENTERPRISE] == {
        "division": "Home",
        "employeeNumber": "77",
        "department": "Sales",
        "dateHire": "2026-01-02",
    }


def test_removing_clears() -> None:
    """remove, and replace with null, clear attributes; a whole extension falls back to what always is."""
    org = Org()
    user = patched(
        org,
        {"op": "remove", "path": "title"},
        {"op": "replace", "path": "externalId", "value": None},
        {"op": "remove", "path": ENTERPRISE},
        {"op": "remove", "path": 'phoneNumbers[type eq "work"]'},
        {"op": "remove", "path": 'phoneNumbers[type eq "home"].value'},
        {"op": "remove", "path": 'emails[type eq "work"].value'},
        title="Clerk",
        externalId="00u1",
        emails=[{"type": "work", "value": "ada@example.org"}],
        phoneNumbers=[{"type": "work", "value": PHONE}, {"type": "mobile", "value": MOBILE}],
        **{ENTERPRISE: {"department": "Sales"}},
    )
    assert not {"title", "externalId"} & set(user)
    assert user[ENTERPRISE] == {"division": "Home"}
    assert user["phoneNumbers"] == [{"type": "mobile", "value": MOBILE}]
    assert [email["type"] for email in user["emails"]] == ["other"]


def test_an_element_chosen_by_its_type() -> None:
    """A value filter changes one number and leaves the others and its own other parts alone."""
    org = Org()
    user = patched(
        org,
        {"op": "replace", "path": 'phoneNumbers[type eq "WORK"].value', "value": "(317) 555-0199"},
        {"op": "add", "path": 'phoneNumbers[type eq "home"].value', "value": PHONE},
        {"op": "replace", "path": 'phoneNumbers[type eq "mobile" and primary eq true]', "value": {"primary": False}},
        {"op": "add", "path": 'emails[type eq "work"].value', "value": "ada@example.org"},
        phoneNumbers=[
            {"type": "work", "value": PHONE, "primary": False},
            {"type": "mobile", "value": MOBILE, "primary": True},
        ],
    )
    assert user["phoneNumbers"] == [
        {"type": "work", "value": "+13175550199", "primary": False},
        {"type": "home", "value": PHONE},
        {"type": "mobile", "value": MOBILE, "primary": False},
    ]
    assert of_type(user["emails"], "work") == "ada@example.org"


def test_a_replace_that_finds_no_element() -> None:
    """A replace of a number that is not there: 400 noTarget, or it is made."""
    operation = {"op": "replace", "path": 'phoneNumbers[type eq "work"].value', "value": PHONE}
    strict = Org()
    user = strict.ada(title="Clerk")
    answer = strict.patch(f"/users/{user['id']}", {"op": "remove", "path": "title"}, operation)
    assert outcome(answer) == (400, "noTarget")
    assert strict.model.user(user["id"]) == user
    assert patched(Org(no_target="create"), operation)["phoneNumbers"] == [{"type": "work", "value": PHONE}]


def test_lists_as_a_whole() -> None:
    """An add fills slots by type, a replace sets the list, a remove with values takes those, without all."""
    org = Org()
    user = org.ada(phoneNumbers=[{"type": "work", "value": PHONE}])
    path = f"/users/{user['id']}"
    added = org.patch(
        path,
        {"op": "add", "path": "phoneNumbers", "value": [{"type": "work", "value": "+13175550199"}]},
        {"op": "add", "path": "phoneNumbers", "value": {"type": "mobile", "value": MOBILE}},
    )
    assert [phone["value"] for phone in added.document["phoneNumbers"]] == ["+13175550199", MOBILE]
    replaced = org.patch(path, {"op": "replace", "path": "phoneNumbers", "value": [{"type": "home", "value": PHONE}]})
    assert replaced.document["phoneNumbers"] == [{"type": "home", "value": PHONE}]
    kept = org.patch(path, {"op": "remove", "path": "phoneNumbers", "value": [{"type": "mobile"}]})
    assert kept.document == replaced.document
    assert "phoneNumbers" not in org.patch(path, {"op": "remove", "path": "phoneNumbers"}).document


def test_roles_and_external_ids() -> None:
    """Roles add by value; external identifiers by authority, which compares with case."""
    org = Org()
    user = patched(
        org,
        {"op": "add", "path": "roles", "value": [{"value": "admin"}, {"value": "employee"}]},
        {"op": "add", "path": f'{GENESYS}:externalIds[authority eq "microsoftteams"].value', "value": "m1"},
        {"op": "add", "path": f"{GENESYS}:externalIds", "value": [{"authority": "ringcentral", "value": "r1"}]},
        {"op": "add", "path": f"{GENESYS}:externalIds", "value": [{"authority": "RingCentral", "value": "r2"}]},
        {"op": "remove", "path": f'{GENESYS}:externalIds[authority eq "nobody"]'},
        externalId="00u1",
    )
    assert {role["value"] for role in user["roles"]} == {"admin", "employee"}
    assert {entry["authority"] for entry in user[GENESYS]["externalIds"]} == {
        "x-pc:scimv2:v1",
        "microsoftteams",
        "ringcentral",
        "RingCentral",
    }


@pytest.mark.parametrize("form", ["text", "part", "object"])
def test_the_manager_in_three_forms(form: str) -> None:
    """The manager is set by a bare id, by manager.value or as an object, and removed again."""
    org = Org()
    boss = org.model.add_user({"userName": "cleo.hart@example.com", "displayName": "Cleo Hart"})
    path, value = {
        "text": (f"{ENTERPRISE}:manager", boss),
        "part": (f"{ENTERPRISE}:manager.value", boss),
        "object": (f"{ENTERPRISE}:manager", {"value": boss}),
    }[form]
    user = patched(org, {"op": "replace", "path": path, "value": value})
    assert user[ENTERPRISE]["manager"]["value"] == boss
    org.model.delete_user(boss)
    still = org.patch(f"/users/{user['id']}", {"op": "replace", "path": "title", "value": "Clerk"})
    assert still.document[ENTERPRISE]["manager"]["value"] == boss
    gone = org.patch(f"/users/{user['id']}", {"op": "remove", "path": f"{ENTERPRISE}:manager"})
    assert "manager" not in gone.document[ENTERPRISE]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "remove"}, "noTarget"),
        ({"op": "set", "path": "title", "value": "x"}, "invalidSyntax"),
        ({"path": "title", "value": "x"}, "invalidSyntax"),
        ({"op": "add", "value": "x"}, "invalidSyntax"),
        ({"op": "add", "path": 7, "value": "x"}, "invalidPath"),
        ({"op": "add", "path": "nickName", "value": "x"}, "invalidPath"),
        ({"op": "add", "path": "name.givenName", "value": "x"}, "invalidPath"),
        ({"op": "add", "path": "title[", "value": "x"}, "invalidPath"),
        ({"op": "add", "path": 'title[type eq "work"]', "value": "x"}, "invalidPath"),
        ({"op": "add", "path": "phoneNumbers.value", "value": "x"}, "invalidPath"),
        ({"op": "add", "path": 'phoneNumbers[kind eq "work"].value', "value": PHONE}, "invalidPath"),
        ({"op": "add", "path": 'phoneNumbers[type co "work"].value', "value": PHONE}, "invalidPath"),
        ({"op": "add", "path": 'phoneNumbers[type eq "w\\x"].value', "value": PHONE}, "invalidPath"),
        ({"op": "add", "path": 'phoneNumbers[type eq "work"].digits', "value": PHONE}, "invalidPath"),
        ({"op": "add", "path": 'phoneNumbers[type eq "work"]', "value": PHONE}, "invalidValue"),
        ({"op": "add", "path": "phoneNumbers", "value": PHONE}, "invalidValue"),
        ({"op": "add", "path": ENTERPRISE, "value": "x"}, "invalidValue"),
        ({"op": "replace", "path": "active", "value": "False"}, "invalidValue"),
        ({"op": "remove", "path": "userName"}, "invalidValue"),
        ({"op": "remove", "path": "displayName"}, "invalidValue"),
        ({"op": "add", "path": "groups", "value": []}, "mutability"),
        ({"op": "replace", "path": "meta.version", "value": "1"}, "mutability"),
        ({"op": "replace", "path": "id", "value": "1"}, "mutability"),
        ({"op": "remove", "path": "id"}, "mutability"),
    ],
)
def test_a_bad_operation_refuses_the_whole_request(operation: dict[str, Any], expected: str) -> None:
    """Whatever is wrong with the second operation, the first one is not done either."""
    org = Org()
    user = org.ada()
    answer = org.patch(f"/users/{user['id']}", {"op": "add", "path": "title", "value": "Clerk"}, operation)
    assert outcome(answer) == (400, expected)
    assert org.model.user(user["id"]) == user


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"Operations": [{"op": "remove", "path": "title"}]},
        {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]},
        {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": []},
        {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": ["x"]},
    ],
)
def test_a_body_that_is_no_patch_is_refused(body: Any) -> None:
    """Both schemas and Operations are required."""
    org = Org()
    user = org.ada()
    assert outcome(org.send("PATCH", f"/users/{user['id']}", body)) == (400, "invalidSyntax")


@pytest.mark.parametrize(("switch", "status"), [("ignored", 200), ("400", 400)])
def test_the_mirrored_email_cannot_be_changed(switch: str, status: int) -> None:
    """Another value for emails of type other is ignored or a mutability error; its own value is no change."""
    org = Org(other_email_write=switch)
    user = org.ada()
    path = f"/users/{user['id']}"
    operation = {"op": "replace", "path": 'emails[type eq "other"].value', "value": "new@example.com"}
    assert org.patch(path, operation).status == status
    assert org.model.user(user["id"]) == user
    assert org.patch(path, {**operation, "value": "Ada.Brook@example.com"}).status == 200


def test_the_mirrored_email_follows_the_user_name() -> None:
    """A new userName moves the e-mail of type other, and frees the old name."""
    org = Org(other_email_write="400")
    user = patched(org, {"op": "replace", "path": "userName", "value": "ada.cole@example.com"})
    assert user["emails"] == [{"value": "ada.cole@example.com", "type": "other"}]
    assert org.found("userName eq ada.brook@example.com") == []
    assert org.found("userName eq ADA.cole@example.com") == ["ada.cole@example.com"]
    org.ada()


def test_a_change_that_changes_nothing_keeps_the_version() -> None:
    """The version counts changes, not requests; a password alone shows nowhere."""
    org = Org()
    user = org.ada(title="Clerk", phoneNumbers=[{"type": "work", "value": PHONE}])
    path = f"/users/{user['id']}"
    org.wait(10)
    same = org.patch(
        path,
        {"op": "replace", "path": "title", "value": "Clerk"},
        {"op": "replace", "path": 'phoneNumbers[type eq "work"].value', "value": "+1 317 555 0123"},
        {"op": "replace", "path": "password", "value": "a secret of hers"},
    )
    assert same.document == user
    call = org.model.calls[-1]
    assert (call.changed, call.body["Operations"][2]["value"]) == (False, "***")
    changed = org.patch(path, {"op": "replace", "path": "title", "value": "Chief"})
    assert changed.document["meta"]["version"] == '"2"'
    assert changed.document["meta"]["lastModified"] == "2026-11-24T09:00:10.000Z"
    assert org.model.calls[-1].changed
