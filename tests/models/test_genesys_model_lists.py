"""Lists, filters, projections, paging and the search index of the Genesys Cloud model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.models.genesys_org import ENTERPRISE, GENESYS, Org, outcome


def staffed(**switches: Any) -> tuple[Org, dict[str, Any], str]:
    """Ada (active) and Bo, an inactive user with everything; Bo's document and Ada's id."""
    org = Org(**switches)
    boss = org.ada()["id"]
    org.model.directory.divisions.add("North America")
    bo = org.model.add_user(
        {
            "userName": "Bo.Reed@example.com",
            "displayName": "Bo Reed",
            "active": False,
            "externalId": "00uBo",
            "emails": [{"type": "work", "value": "bo@example.org"}],
            ENTERPRISE: {"division": "North America", "employeeNumber": "A77", "manager": {"value": boss}},
            GENESYS: {"externalIds": [{"authority": "https://idp.example.com", "value": "b1"}]},
        }
    )
    document = org.model.user(bo)
    assert document is not None
    return org, document, boss


def filters_of(bo: dict[str, Any], boss: str) -> list[str]:
    """Every documented filter in a form that finds Bo."""
    return [
        f"id eq {bo['id']}",
        'userName eq "bo.reed@EXAMPLE.com"',
        "USERNAME EQ bo.reed@example.com",
        f'manager eq "{boss}"',
        "email eq bo@example.org",
        'email eq "Bo.Reed@example.com"',
        'division eq "North America"',
        "externalId eq 00uBo",
        'employeeNumber eq "a77"',
        f'{GENESYS}:externalIds[authority eq "https://idp.example.com" and value eq "b1"]',
        "active eq false",
    ]


def test_every_documented_filter_finds_the_user() -> None:
    """All filters find an inactive user, with and without quotes, in any case where SCIM says so."""
    org, bo, boss = staffed()
    for text in filters_of(bo, boss):
        assert org.found(text) == ["Bo.Reed@example.com"], text


def test_inactive_users_may_be_hidden_from_filters() -> None:
    """The other answer: only `active eq false` finds inactive users."""
    org, bo, boss = staffed(finds_inactive=False)
    assert [text for text in filters_of(bo, boss) if org.found(text)] == ["active eq false"]


def test_lists_without_a_filter_show_the_active() -> None:
    """Without a filter, and with `active eq true`, inactive users are not listed."""
    org, _, _ = staffed()
    assert org.found("active eq true") == ["ada.brook@example.com"]
    listed = org.send("GET", "/users").document
    assert [user["userName"] for user in listed["Resources"]] == ["ada.brook@example.com"]


def test_external_ids_compare_with_case() -> None:
    """An externalId is caseExact; a quoted value may hold escapes."""
    org, _, _ = staffed()
    assert org.found("externalId eq 00ubo") == []
    assert org.found('externalId eq "00u\\u0042o"') == ["Bo.Reed@example.com"]


@pytest.mark.parametrize(
    "text",
    [
        "userName co x",
        'userName eq "x" and active eq true',
        "userName eq two words",
        'userName eq "open',
        "displayName eq x",
        "title eq x",
        "active eq maybe",
        "userName pr",
        f'{GENESYS}:externalIds[authority eq "x"]',
        f'{GENESYS}:externalIds[authority co "x" and value eq "y"]',
        "eq",
    ],
)
def test_other_filters_are_refused(text: str) -> None:
    """What is not documented is 400 invalidFilter, for users and for groups."""
    org = Org()
    assert outcome(org.send("GET", f"/users?filter={text}")) == (400, "invalidFilter")
    assert outcome(org.send("GET", f"/groups?filter={text.replace('displayName', 'title')}")) == (400, "invalidFilter")


def test_groups_are_found_by_id_and_name() -> None:
    """Names compare without case; two groups may share one; v2 requires a filter, the older tree does not."""
    org = Org()
    first = org.model.add_group("Sales Team")
    second = org.model.add_group("SALES team")
    org.model.add_group("Support")

    def ids(query: str, tree: str = "/api/v2/scim/v2") -> list[str]:
        document = org.send("GET", f"/groups{query}", tree=tree).document
        return [group["id"] for group in document["Resources"]]

    assert ids('?filter=displayName eq "sales TEAM"') == [first, second]
    assert ids("?filter=displayname eq support&excludedAttributes=members") != []
    assert ids(f"?filter=id eq {second}") == [second]
    assert ids("?filter=id eq none") == []
    org.model.rename_group(second, "Sellers")
    assert ids('?filter=displayName eq "sales team"') == [first]
    assert len(ids("", tree="/api/v2/scim")) == 3
    assert outcome(org.send("GET", "/groups")) == (400, "bad.request")
    org.switches.group_filter_required = False
    assert len(ids("")) == 3


def test_paging() -> None:
    """25 by default, startIndex from 1, count 0 gives the total alone, more than the largest page is cut."""
    org = Org(max_results=40)
    org.people(60)

    def page(query: str) -> tuple[int, int, int, int]:
        document = org.send("GET", f"/users{query}").document
        assert len(document["Resources"]) == document["itemsPerPage"]
        last = document["Resources"][-1]["userName"] if document["Resources"] else ""
        number = int(last.removeprefix("person").partition("@")[0] or 0) if last else -1
        return document["totalResults"], document["startIndex"], document["itemsPerPage"], number

    assert page("") == (60, 1, 25, 24)
    assert page("?startIndex=26&count=25") == (60, 26, 25, 49)
    assert page("?startIndex=51") == (60, 51, 10, 59)
    assert page("?startIndex=99") == (60, 99, 0, -1)
    assert page("?startIndex=0&count=2") == (60, 1, 2, 1)
    assert page("?count=0") == (60, 1, 0, -1)
    assert page("?count=-1") == (60, 1, 0, -1)
    assert page("?count=500") == (60, 1, 40, 39)
    assert org.send("GET", "/users?count=many").status == 400


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?count=25", 200),
        ("?count=26", 429),
        ("?count=26&excludedAttributes=externalId,roles", 429),
        (f"?count=26&attributes=displayName&attributes={ENTERPRISE}:department", 200),
        (
            f"?count=26&excludedAttributes=externalId,roles&excludedAttributes={ENTERPRISE}:manager,{GENESYS}",
            200,
        ),
    ],
)
def test_big_pages_with_expensive_attributes_may_be_too_many(query: str, status: int) -> None:
    """Over 25 a page, lists that look up externalId, roles, manager or skills may answer 429."""
    assert Org(expensive_lists_refused=True).send("GET", f"/users{query}").status == status
    assert Org().send("GET", f"/users{query}").status == 200


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?attributes=displayName", {"displayName"}),
        ("?attributes=displayName,title", {"displayName", "title"}),
        (
            "?attributes=TITLE&attributes=urn:ietf:params:scim:schemas:core:2.0:User:displayName",
            {"displayName", "title"},
        ),
        (f"?attributes={ENTERPRISE}:manager.value", {ENTERPRISE}),
        ("?attributes=meta.version", set()),
    ],
)
def test_wanted_attributes(query: str, shown: set[str]) -> None:
    """The parameter attributes shows these and what is always shown; repeated, by comma, and with URNs."""
    org, bo, boss = staffed()
    path = f"/users/{bo['id']}"
    org.model.edit_user(bo["id"], {"title": "Clerk"})
    document = org.send("GET", path + query).document
    assert set(document) == {"schemas", "id", "userName", "active", "meta"} | shown
    if ENTERPRISE in shown:
        assert list(document[ENTERPRISE]) == ["manager"]
        assert document[ENTERPRISE]["manager"]["value"] == boss


def test_unwanted_attributes() -> None:
    """The parameter excludedAttributes hides what it names, but never id, userName, active and meta."""
    org, bo, _ = staffed()
    query = f"?excludedAttributes=id,userName,active,meta,emails,{ENTERPRISE}:manager,{GENESYS}"
    document = org.send("GET", f"/users/{bo['id']}{query}").document
    assert set(bo) - set(document) == {"emails", GENESYS}
    assert set(document[ENTERPRISE]) == {"division", "employeeNumber"}


def test_names_that_do_not_exist() -> None:
    """An unknown attribute is refused; without comma lists, a comma makes one."""
    org, _, _ = staffed(comma_lists=False)
    assert outcome(org.send("GET", "/users?attributes=nickName")) == (400, "invalidValue")
    assert org.send("GET", "/users?attributes=title,displayName").status == 400
    assert org.send("GET", "/groups?filter=id eq x&excludedAttributes=owners").status == 400


def test_searches_see_writes_late() -> None:
    """With a search lag, lists and filters show the past while reading by id shows the present."""
    org = Org(search_lag=10)
    user = org.ada(externalId="00u1", title="Clerk")
    path = f"/users/{user['id']}"
    assert org.found("externalId eq 00u1") == []
    assert org.send("GET", path).status == 200
    assert org.send("POST", "/users", {"userName": user["userName"], "displayName": "x"}).status == 409
    org.wait(10)
    assert org.found("externalId eq 00u1") == ["ada.brook@example.com"]
    org.patch(
        path,
        {"op": "replace", "path": "userName", "value": "ada.cole@example.com"},
        {"op": "replace", "path": "externalId", "value": "00u2"},
    )
    org.wait(9)
    assert org.found("userName eq ada.brook@example.com") == ["ada.brook@example.com"]
    assert org.found("externalId eq 00u2") == []
    org.wait(1)
    assert org.found("userName eq ada.brook@example.com") == []
    assert org.found("externalId eq 00u1") == []
    assert org.found("externalId eq 00u2") == ["ada.cole@example.com"]
    org.send("DELETE", path)
    assert org.found("externalId eq 00u2") == ["ada.cole@example.com"]
    assert org.send("GET", path).status == 404
    org.wait(10)
    assert org.found("externalId eq 00u2") == []


def test_both_trees_and_any_case() -> None:
    """The second tree answers the same; upper case in paths is understood, or is not."""
    org = Org()
    user = org.ada()
    assert org.send("GET", f"/users/{user['id']}", tree="/api/v2/scim").document == user
    assert org.send("GET", f"/Users/{user['id']}").document == user
    strict = Org(any_case_paths=False)
    assert strict.send("GET", "/Users").status == 404
    assert strict.send("GET", "/users").status == 200
    for path in ("/Me", "/users/", "//users", "/users/x/y", "/bulk"):
        assert outcome(org.send("GET", path)) == (404, "not.found")


def test_discovery() -> None:
    """The three discovery endpoints answer, one by one and as lists; schemas cannot be filtered."""
    org = Org(max_results=77)
    config = org.send("GET", "/serviceproviderconfig")
    assert config.document["filter"] == {"supported": True, "maxResults": 77}
    assert org.send("GET", "/serviceproviderconfig", headers={"if-none-match": config.headers["ETag"]}).status == 304
    assert [kind["id"] for kind in org.send("GET", "/resourcetypes").document["Resources"]] == ["User", "Group"]
    assert org.send("GET", "/resourcetypes/Group").document["endpoint"] == "/groups"
    assert org.send("GET", "/resourcetypes/Robot").status == 404
    assert org.send("GET", "/schemas").document["totalResults"] == 4
    schema = org.send("GET", f"/schemas/{ENTERPRISE}").document
    assert "dateHire" in [attribute["name"] for attribute in schema["attributes"]]
    assert org.send("GET", "/schemas?filter=id eq x").status == 403


def test_media_types() -> None:
    """Answers are application/scim+json for who accepts it, otherwise application/json."""
    org = Org()
    assert org.send("GET", "/users").headers["Content-Type"] == "application/scim+json"
    plain = org.send("GET", "/users", headers={"accept": "application/json"})
    assert plain.headers["Content-Type"] == "application/json"
    assert json.dumps(plain.document) == json.dumps(org.send("GET", "/users").document)
