"""Users in the Genesys Cloud model: create, read, replace, delete, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.models.genesys_org import ENTERPRISE, GENESYS, NOBODY, Org, outcome


def test_a_created_user_is_answered_whole() -> None:
    """POST answers 201 with Location, ETag, the default role and division, the mirrored e-mail and no password."""
    org = Org()
    answer = org.send(
        "POST",
        "/users",
        {
            "userName": "ada.brook@example.com",
            "displayName": "Ada Brook",
            "password": "a secret of hers",
            "externalId": "00u1aaaaaaaaaaaaaaaa",
            "emails": [{"type": "work", "value": "ada@example.org", "primary": True}],
        },
    )
    user = answer.document
    assert answer.status == 201
    assert answer.headers["ETag"] == user["meta"]["version"] == '"1"'
    assert answer.headers["Location"] == user["meta"]["location"]
    assert user["active"] is True
    assert user["roles"] == [{"value": "employee"}]
    assert user["emails"] == [
        {"value": "ada.brook@example.com", "type": "other"},
        {"value": "ada@example.org", "type": "work", "primary": True},
    ]
    assert user[ENTERPRISE] == {"division": "Home"}
    assert user[GENESYS]["externalIds"] == [{"authority": "x-pc:scimv2:v1", "value": "00u1aaaaaaaaaaaaaaaa"}]
    assert user["meta"]["lastModified"] == "2026-11-24T09:00:00.000Z"
    assert "password" not in user
    assert org.model.calls[-1].body["password"] == "***"
    assert org.send("GET", f"/users/{user['id']}").document == user


@pytest.mark.parametrize(
    ("region", "blank", "written", "kept"),
    [
        ("US", False, "+1 (317) 555-0123", "+13175550123"),
        ("US", False, "317-555-0123", "+13175550123"),
        ("GB", False, "020 7183 8750", "+442071838750"),
        ("US", False, "tel:+13175550123; ext=77", "tel:+13175550123;ext=77"),
        ("US", True, "tel:+13175550123;ext=77", "tel:+13175550123; ext=77"),
        ("US", False, "+1 317 555 0123 ext. 77", "tel:+13175550123;ext=77"),
    ],
)
def test_phones_are_converted_on_write(region: str, blank: bool, written: str, kept: str) -> None:
    """Numbers come back as E.164, with an extension as tel URI."""
    org = Org(phone_region=region, extension_blank=blank)
    user = org.ada(phoneNumbers=[{"type": "work", "value": written}])
    assert user["phoneNumbers"] == [{"type": "work", "value": kept}]


def test_one_number_for_each_type() -> None:
    """A second number of a type takes the first one's place, in the order of the types."""
    org = Org()
    user = org.ada(
        phoneNumbers=[
            {"type": "mobile", "value": "+13175550101"},
            {"type": "work", "value": "+13175550102"},
            {"type": "work", "value": "+13175550103"},
            {"type": "home", "value": ""},
        ]
    )
    assert [(phone["type"], phone["value"]) for phone in user["phoneNumbers"]] == [
        ("work", "+13175550103"),
        ("mobile", "+13175550101"),
    ]


BAD: list[dict[str, Any]] = [
    {"userName": None},
    {"userName": "no address"},
    {"displayName": " "},
    {"displayName": 7},
    {"active": "true"},
    {"title": ["x"]},
    {"password": 1},
    {"phoneNumbers": {"type": "work"}},
    {"phoneNumbers": [{"type": "fax", "value": "+13175550101"}]},
    {"phoneNumbers": [{"value": "+13175550101"}]},
    {"phoneNumbers": [{"type": "work", "value": "12"}]},
    {"phoneNumbers": [{"type": "work", "value": "call me"}]},
    {"phoneNumbers": [{"type": "work", "value": "+13175550101", "primary": "yes"}]},
    {"emails": [{"type": "home", "value": "ada@example.org"}]},
    {"emails": [{"type": "work", "value": "nothing"}]},
    {"roles": [{"value": ""}]},
    {"roles": [{"value": "unknown role"}]},
    {ENTERPRISE: {"division": "Atlantis"}},
    {ENTERPRISE: {"manager": {"value": NOBODY}}},
    {ENTERPRISE: {"manager": "somebody"}},
    {ENTERPRISE: {"dateHire": "yesterday"}},
    {GENESYS: {"routingSkills": [{"name": "unknown"}]}},
    {GENESYS: {"routingSkills": [{"proficiency": 1.0}]}},
    {GENESYS: {"routingLanguages": [{"name": "Welsh", "proficiency": 6}]}},
    {GENESYS: {"externalIds": [{"authority": "https://idp.example.com"}]}},
]


@pytest.mark.parametrize("more", BAD)
@pytest.mark.parametrize("scim", [True, False])
def test_a_wrong_value_is_a_400_and_nobody_is_made(more: dict[str, Any], scim: bool) -> None:
    """A body that the models do not allow is refused whole, in either shape of error."""
    org = Org(scim_400=scim)
    org.model.directory.languages.add("Welsh")
    answer = org.send("POST", "/users", {"userName": "ada.brook@example.com", "displayName": "Ada Brook", **more})
    assert outcome(answer) == (400, "invalidValue" if scim else "invalid.value")
    assert org.model.users() == []


@pytest.mark.parametrize("body", [[], "x", 1])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    """JSON of another kind is invalidSyntax."""
    assert outcome(Org().send("POST", "/users", body)) == (400, "invalidSyntax")


def test_unknown_references_may_be_ignored() -> None:
    """The other answer: what does not exist is left out and the rest is kept."""
    org = Org(
        unknown_division="ignored",
        unknown_manager="ignored",
        unknown_role="ignored",
        unknown_skill="ignored",
        unparsable_phone="ignored",
    )
    user = org.ada(
        roles=[{"value": "unknown role"}],
        phoneNumbers=[{"type": "work", "value": "call me"}],
        **{
            ENTERPRISE: {"division": "Atlantis", "manager": {"value": NOBODY}, "department": "Sales"},
            GENESYS: {"routingSkills": [{"name": "unknown"}]},
        },
    )
    assert user[ENTERPRISE] == {"division": "Home", "department": "Sales"}
    assert not {"roles", "phoneNumbers", GENESYS} & set(user)


def test_the_extensions_are_kept() -> None:
    """Everything of the two extensions comes back, the manager with its address, the hire date as a date."""
    org = Org()
    org.model.directory.divisions.add("Europe")
    org.model.directory.skills.add("Billing")
    org.model.directory.languages.add("Welsh")
    boss = org.model.add_user({"userName": "cleo.hart@example.com", "displayName": "Cleo Hart"})
    user = org.ada(
        roles=[{"value": "admin", "display": "ignored"}],
        **{
            ENTERPRISE: {
                "division": "europe",
                "department": "Sales",
                "employeeNumber": "77",
                "dateHire": "2026-01-02T00:00:00Z",
                "manager": {"value": boss},
            },
            GENESYS: {
                "routingSkills": [{"name": "Billing", "proficiency": 3}],
                "routingLanguages": [{"name": "Welsh"}],
                "externalIds": [{"authority": "https://idp.example.com", "value": "a1"}],
            },
        },
    )
    manager = user[ENTERPRISE].pop("manager")
    assert manager["value"] == boss
    assert manager["$ref"].endswith(f"/api/v2/scim/v2/users/{boss}")
    assert user[ENTERPRISE] == {
        "division": "Europe",
        "department": "Sales",
        "employeeNumber": "77",
        "dateHire": "2026-01-02",
    }
    assert user[GENESYS] == {
        "routingSkills": [{"name": "Billing", "proficiency": 3.0}],
        "routingLanguages": [{"name": "Welsh", "proficiency": 0.0}],
        "externalIds": [{"authority": "https://idp.example.com", "value": "a1"}],
    }
    assert user["roles"] == [{"value": "admin"}]


def test_at_most_fifty_skills() -> None:
    """The fifty-first routing skill is refused."""
    org = Org()
    names = [f"Skill {index}" for index in range(51)]
    org.model.directory.skills.update(names)
    skills = [{"name": name, "proficiency": 1.0} for name in names]
    body = {"userName": "ada.brook@example.com", "displayName": "Ada Brook"}
    assert org.send("POST", "/users", {**body, GENESYS: {"routingSkills": skills}}).status == 400
    assert org.send("POST", "/users", {**body, GENESYS: {"routingSkills": skills[:50]}}).status == 201


@pytest.mark.parametrize(("answer", "status"), [("ignored", 201), ("400", 400)])
def test_attributes_that_the_model_lacks(answer: str, status: int) -> None:
    """`name` is no attribute here: ignored, or refused."""
    org = Org(unknown_fields=answer)
    body = {"userName": "ada.brook@example.com", "displayName": "Ada Brook", "name": {"familyName": "Brook"}}
    created = org.send("POST", "/users", body)
    assert created.status == status
    assert "name" not in created.document


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("active", [True, False])
def test_a_taken_user_name_is_a_409(typed: bool, active: bool) -> None:
    """Active and inactive users hold their userName without case, on POST, PUT and PATCH."""
    org = Org(uniqueness_type=typed)
    org.ada(active=active)
    other = org.model.add_user({"userName": "bo@example.com", "displayName": "Bo"})
    name = "ADA.Brook@example.com"
    answers = [
        org.send("POST", "/users", {"userName": name, "displayName": "Another"}),
        org.send("PUT", f"/users/{other}", {"userName": name}),
        org.patch(f"/users/{other}", {"op": "replace", "path": "userName", "value": name}),
    ]
    for answer in answers:
        assert outcome(answer) == (409, "uniqueness" if typed else "")
        assert answer.document["status"] == "409"
        assert answer.document["detail"] == "User name already in use by non-deleted user."
    assert len(org.model.users()) == 2


@pytest.mark.parametrize(("switch", "status"), [("409", 409), ("400", 400), ("allowed", 201)])
def test_a_taken_external_id(switch: str, status: int) -> None:
    """An externalId of another user is refused in one of two ways, or allowed."""
    org = Org(external_id_taken=switch)
    org.ada(externalId="00u1")
    body = {"userName": "bo@example.com", "displayName": "Bo", "externalId": "00u1"}
    assert org.send("POST", "/users", body).status == status


def test_put_replaces_and_clears_what_it_leaves_out() -> None:
    """PUT keeps the names and the state, and clears every other attribute that is missing."""
    org = Org()
    user = org.ada(title="Clerk", externalId="00u1", active=False)
    answer = org.send("PUT", f"/users/{user['id']}", {"id": "ignored", "displayName": "Ada B."})
    assert answer.status == 200
    assert answer.document["displayName"] == "Ada B."
    assert answer.document["active"] is False
    assert not {"title", "externalId", "roles"} & set(answer.document)


def test_put_may_keep_what_it_leaves_out() -> None:
    """The other answer: PUT changes only what it names."""
    org = Org(put_omitted="kept")
    user = org.ada(title="Clerk")
    assert org.send("PUT", f"/users/{user['id']}", {"displayName": "Ada B."}).document["title"] == "Clerk"


def test_a_deleted_user_is_gone_and_leaves_the_groups() -> None:
    """DELETE answers 204; id and searches find nobody, memberships end, an unknown id is 404."""
    org = Org()
    user = org.ada()
    group = org.model.add_group("Sales")
    org.model.edit_members(group, add=[user["id"]])
    answer = org.send("DELETE", f"/users/{user['id']}")
    assert (answer.status, answer.document) == (204, None)
    assert outcome(org.send("GET", f"/users/{user['id']}")) == (404, "not.found")
    assert org.found('userName eq "ada.brook@example.com"') == []
    assert org.model.members(group) == frozenset()
    assert org.send("DELETE", f"/users/{NOBODY}").status == 404


@pytest.mark.parametrize(("switch", "status"), [("restored-201", 201), ("restored-200", 200)])
def test_posting_a_deleted_user_restores_without_roles(switch: str, status: int) -> None:
    """The same id comes back active, its data kept, its roles lost and its division Home."""
    org = Org(deleted_user_name=switch)
    org.model.directory.divisions.add("Europe")
    user = org.ada(title="Clerk", **{ENTERPRISE: {"division": "Europe", "department": "Sales"}})
    org.send("DELETE", f"/users/{user['id']}")
    answer = org.send("POST", "/users", {"userName": "Ada.Brook@example.com", "displayName": "Ada B."})
    restored = answer.document
    assert (answer.status, restored["id"]) == (status, user["id"])
    assert (restored["title"], restored["displayName"], restored["active"]) == ("Clerk", "Ada B.", True)
    assert restored[ENTERPRISE] == {"division": "Home", "department": "Sales"}
    assert "roles" not in restored
    assert restored["meta"]["version"] == '"3"'
    assert org.found('userName eq "ada.brook@example.com"') == ["Ada.Brook@example.com"]


@pytest.mark.parametrize(("switch", "status"), [("new", 201), ("409", 409)])
def test_posting_a_deleted_user_otherwise(switch: str, status: int) -> None:
    """The other answers: a new user with the default role, or a conflict in the platform's shape."""
    org = Org(deleted_user_name=switch)
    user = org.ada()
    org.send("DELETE", f"/users/{user['id']}")
    answer = org.send("POST", "/users", {"userName": "ada.brook@example.com", "displayName": "Ada"})
    assert answer.status == status
    if status == 201:
        assert answer.document["id"] != user["id"]
        assert answer.document["roles"] == [{"value": "employee"}]
    else:
        assert answer.document["code"] == "general.conflict"


def test_a_deleted_user_may_answer_as_inactive() -> None:
    """The other answer: by id a deleted user looks inactive, and activating restores without roles."""
    org = Org(deleted_by_id="inactive")
    user = org.ada()
    path = f"/users/{user['id']}"
    org.send("DELETE", path)
    assert org.send("GET", path).document["active"] is False
    assert org.patch(path, {"op": "replace", "path": "title", "value": "Clerk"}).status == 400
    restored = org.patch(path, {"op": "replace", "path": "active", "value": True})
    assert restored.document["active"] is True
    assert "roles" not in restored.document
    assert org.model.user(user["id"]) == restored.document


def test_deactivation_keeps_roles_and_groups() -> None:
    """An inactive user keeps roles and memberships."""
    org = Org()
    user = org.ada()
    group = org.model.add_group("Sales")
    org.model.edit_members(group, add=[user["id"]])
    answer = org.patch(f"/users/{user['id']}", {"op": "replace", "path": "active", "value": False})
    assert answer.document["roles"] == [{"value": "employee"}]
    assert [entry["value"] for entry in answer.document["groups"]] == [group]


def test_deactivation_may_end_memberships() -> None:
    """The other answer: an inactive user leaves the groups."""
    org = Org(inactive_members="removed")
    user = org.ada()
    group = org.model.add_group("Sales")
    org.model.edit_members(group, add=[user["id"]])
    org.patch(f"/users/{user['id']}", {"op": "replace", "path": "active", "value": False})
    assert org.model.members(group) == frozenset()


@pytest.mark.parametrize(
    ("switch", "expected"), [("400", (400, "invalidVers")), ("409", (409, "")), ("412", (412, ""))]
)
def test_a_wrong_version_is_refused_in_three_forms(switch: str, expected: tuple[int, str]) -> None:
    """If-Match with another version refuses PUT, PATCH and DELETE; with the present one or * they pass."""
    org = Org(version_conflict=switch)
    user = org.ada()
    path = f"/users/{user['id']}"
    operation = {"op": "replace", "path": "title", "value": "Clerk"}
    assert org.patch(path, operation, if_match='"1"').headers["ETag"] == '"2"'
    stale = {"if-match": '"1"'}
    assert outcome(org.patch(path, operation, if_match='"1"')) == expected
    assert outcome(org.send("PUT", path, {"title": "x"}, headers=stale)) == expected
    assert outcome(org.send("DELETE", path, headers=stale)) == expected
    assert org.send("DELETE", path, headers={"if-match": "*"}).status == 204


def test_an_unchanged_version_is_304() -> None:
    """If-None-Match with the present version answers 304 without a body, with another one 200."""
    org = Org()
    user = org.ada()
    same = org.send("GET", f"/users/{user['id']}", headers={"if-none-match": '"1"'})
    assert (same.status, same.document, same.headers["ETag"]) == (304, None, '"1"')
    assert org.send("GET", f"/users/{user['id']}", headers={"if-none-match": '"9"'}).status == 200


def test_the_body_is_checked_before_it_is_read() -> None:
    """A wrong media type is 415, 512,001 bytes are 413, no JSON is 400; both JSON media types are taken."""
    org = Org()
    bearer = {"authorization": f"Bearer {org.caller.token}"}
    url = "/api/v2/scim/v2/users"
    assert org.caller.raw("POST", url, {**bearer, "content-type": "text/plain"}, b"{}").status == 415
    assert org.caller.raw("POST", url, bearer, b"{}").status == 415
    json_type = {**bearer, "content-type": "application/json; charset=utf-8"}
    big = org.caller.raw("POST", url, json_type, b" " * 512_001)
    assert big.status == 413
    assert "512000" in big.document["message"]
    assert outcome(org.caller.raw("POST", url, json_type, b"{")) == (400, "bad.request")
    body = b'{"userName": "ada.brook@example.com", "displayName": "Ada"}'
    assert org.caller.raw("POST", url, json_type, body).headers["Content-Type"] == "application/json"
