"""The Genesys Cloud client: its requests to the letter, and each answer in its place of the error tree."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bridge.errors import (
    AuthFailure,
    BridgeError,
    Permanent,
    ResourceNotFound,
    Transient,
    UserNameTaken,
    VersionConflict,
)
from bridge.genesys.client import MAX_FOUND_PAGES, GenesysClient
from bridge.outbound.http import HttpClient
from bridge.provisioning.ports import GenesysScim
from bridge.provisioning.values import ScimGroup, ScimUser
from bridge_local.exchange import Response
from bridge_local.script import FixedAuth, NotedPace, Script, headers_of
from bridge_local.transport import ModelTransport

API = "https://api.mypurecloud.ie"
ADA, BEN = "a0a0a0a0-0000-4000-8000-000000000001", "b0b0b0b0-0000-4000-8000-000000000002"
CID = "c1c1c1c1-0000-4000-8000-000000000004"
TEAM = "c0c0c0c0-0000-4000-8000-000000000003"
OKTA_ADA = "00u1ada0000000000001"
USERS = "/api/v2/scim/v2/users"
STALE = "Version does not match current version."
REPLACE_TITLE = [{"op": "replace", "path": "title", "value": "Engineer"}]
REPLACE_NAME = [{"op": "replace", "path": "userName", "value": "ada@example.com"}]


ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def user(own_id: str = ADA, **more: Any) -> dict[str, Any]:
    """A user as Genesys Cloud shows it."""
    return {"id": own_id, "userName": "ada.brook@example.com", "active": True, **more}


def page(*resources: object, total: int | None = None) -> Response:
    """A list answer."""
    return Response.of_json(200, {"totalResults": len(resources) if total is None else total, "Resources": resources})


def scim_error(status: int, detail: str = "", scim_type: str = "") -> Response:
    """An error in RFC 7644's shape, whose status is a text."""
    more = {"scimType": scim_type} if scim_type else {}
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "detail": detail, **more}
    return Response.of_json(status, body, {"ININ-Correlation-Id": "corr-1"})


def error_body(status: int, message: str = "", code: str = "", **headers: str) -> Response:
    """An error in the platform's shape."""
    body = {"message": message, "code": code, "status": status, "contextId": "context-1"}
    return Response.of_json(status, body, headers)


class Genesys:
    """A client in front of a script, with what it told its pace and its record."""

    def __init__(self, *answers: Response | None, renewable: bool = True) -> None:
        self.script = Script(*answers)
        self.pace = NotedPace()
        self.records: list[str] = []
        self.client = GenesysClient(
            HttpClient(API, "genesys", transport=ModelTransport(self.script)),
            FixedAuth(renewable=renewable),
            pace=self.pace,
            record=self.records.append,
        )

    @property
    def body(self) -> Any:
        """The JSON of the only request."""
        (sent,) = self.script.requests
        return json.loads(sent.body)


CALLS: dict[str, Callable[[GenesysScim], object]] = {
    "user": lambda genesys: genesys.user(ADA),
    "find_users": lambda genesys: genesys.find_users("userName", "ada@example.com"),
    "inactive_users": lambda genesys: list(genesys.inactive_users()),
    "find_groups": lambda genesys: genesys.find_groups("Team"),
    "group": lambda genesys: genesys.group(TEAM),
    "create_user": lambda genesys: genesys.create_user({"userName": "ada@example.com"}),
    "patch_user": lambda genesys: genesys.patch_user(ADA, REPLACE_TITLE),
    "add_members": lambda genesys: genesys.add_members(TEAM, [ADA]),
    "remove_members": lambda genesys: genesys.remove_members(TEAM, [ADA]),
}
BY_ID_WRITES = {"patch_user", "add_members", "remove_members"}


def raised(answer: Response, name: str = "patch_user") -> BridgeError:
    """The error that a call raises for an answer."""
    with pytest.raises(BridgeError) as caught:
        CALLS[name](Genesys(answer).client)
    return caught.value


def test_user_is_read_by_id() -> None:
    """A user comes with all that the decisions need, its version from the ETag header."""
    document = user(
        externalId=OKTA_ADA,
        groups=[{"value": TEAM, "type": "Group"}],
        meta={"version": "41"},
        emails=[{"type": "work", "value": "ada@example.com"}],
    )
    genesys = Genesys(Response.of_json(200, document, {"ETag": '"42"'}))
    assert genesys.client.user(ADA) == ScimUser(ADA, "ada.brook@example.com", True, OKTA_ADA, '"42"', (TEAM,), document)
    (sent,) = genesys.script.requests
    assert (sent.method, sent.path, sent.query) == ("GET", f"{USERS}/{ADA}", ())
    assert (sent.headers["accept"], sent.headers["authorization"]) == ("application/json", "Bearer token-1")


@pytest.mark.parametrize(
    ("version", "expected"),
    [('"42"', '"42"'), ("42", '"42"'), ('W/"42"', 'W/"42"'), (None, ""), ("", ""), ("4\n2", ""), ('"4"2"', "")],
)
def test_version_of_the_body(version: str | None, expected: str) -> None:
    """Without an ETag header meta.version is taken, in double quotes; what can be no ETag is none."""
    found = Genesys(Response.of_json(200, user(meta={"version": version}))).client.user(ADA)
    assert found is not None
    assert found.version == expected


@pytest.mark.parametrize(
    "change",
    [
        {"active": None},
        {"active": "true"},
        {"userName": ""},
        {"userName": 10**400},
        {"id": BEN},
        {"id": "../x"},
        {"groups": [{"value": 3}]},
        {"groups": {}},
        {"emails": ["a"]},
        {"emails": "a"},
        {"emails": [None]},
        {"emails": [{"type": 1}]},
        {"phoneNumbers": [["a"]]},
        {"phoneNumbers": {"type": "work"}},
        {"title": ["a"]},
        {"externalId": 7},
        {"displayName": {}},
        {"meta": []},
        {ENTERPRISE: []},
        {ENTERPRISE: {"manager": "x"}},
        {ENTERPRISE: {"division": {"id": "x"}}},
    ],
)
def test_an_implausible_user_is_transient(change: dict[str, Any]) -> None:
    """A user without a clear id, userName or state decides nothing, and its values are in no error."""
    with pytest.raises(Transient, match=r"^genesys-implausible ") as caught:
        Genesys(Response.of_json(200, user(**change))).client.user(ADA)
    assert "ada" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_missing_state_is_implausible() -> None:
    """A user without ``active`` is neither active nor inactive."""
    document = user()
    del document["active"]
    with pytest.raises(Transient, match=r"^genesys-implausible "):
        Genesys(Response.of_json(200, document)).client.user(ADA)


@pytest.mark.parametrize("name", ["user", "group"])
@pytest.mark.parametrize("answer", [scim_error(404, "no such id"), error_body(404, code="not.found")])
def test_absent_by_id_is_none(name: str, answer: Response) -> None:
    """404 in either shape means that Genesys Cloud has no such user or group."""
    assert CALLS[name](Genesys(answer).client) is None


@pytest.mark.parametrize("name", sorted(BY_ID_WRITES))
def test_absent_on_a_write_is_an_error(name: str) -> None:
    """404 on a PATCH says so."""
    assert isinstance(raised(scim_error(404), name), ResourceNotFound)


@pytest.mark.parametrize("name", sorted(CALLS))
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}"])
def test_an_unexplained_404_is_no_absence(name: str, body: bytes) -> None:
    """A 404 without Genesys Cloud's own error may be a gateway's: nobody is gone because of it."""
    error = raised(Response(404, {}, body), name)
    assert (type(error), str(error)) == (Transient, "genesys-404-unexplained")


@pytest.mark.parametrize("name", sorted(set(CALLS) - BY_ID_WRITES - {"user", "group"}))
def test_a_404_of_a_listing_is_transient(name: str) -> None:
    """Where no id is addressed a 404 tells nothing of any user or group."""
    assert str(raised(error_body(404, code="not.found"), name)) == "genesys-404-unexplained"


def test_find_users_sends_a_json_string() -> None:
    """The value is a JSON string in the filter; only equal users, without case, are believed."""
    found = [user(ADA, userName='A"d\\a@Example.com'), user(BEN, userName="another@example.com")]
    genesys = Genesys(page(*found))
    assert [each.id for each in genesys.client.find_users("userName", 'a"D\\A@example.com')] == [ADA]
    (sent,) = genesys.script.requests
    assert (sent.method, sent.path) == ("GET", USERS)
    assert sent.query == (
        ("filter", 'userName eq "a\\"D\\\\A@example.com"'),
        ("startIndex", "1"),
        ("count", "25"),
    )
    assert genesys.records == ["GET users?filter=userName 200"]


def test_find_users_compares_the_attribute_asked_for() -> None:
    """A search by externalId is checked by externalId; a user without one is none of them."""
    genesys = Genesys(page(user(ADA, externalId=OKTA_ADA), user(BEN), user(BEN, externalId="00u1other")))
    assert [each.id for each in genesys.client.find_users("externalId", OKTA_ADA)] == [ADA]


def test_find_users_sends_other_scripts_as_they_are() -> None:
    """Letters beyond ASCII go as UTF-8, not as escapes that a lenient server may not know."""
    genesys = Genesys(page())
    assert genesys.client.find_users("userName", "zoë@example.com") == []
    assert genesys.script.requests[0].param("filter") == 'userName eq "zoë@example.com"'


def test_a_value_that_is_no_text_is_refused() -> None:
    """A lone surrogate cannot be sent: the user is parked, the value is not shown."""
    genesys = Genesys()
    with pytest.raises(Permanent, match=r"^genesys-filter-malformed userName$"):
        genesys.client.find_users("userName", "ada\ud800@example.com")
    assert genesys.script.requests == []


def test_search_goes_on_to_the_last_page() -> None:
    """The next page starts after what came, whatever size was asked for."""
    name = "ada.brook@example.com"
    genesys = Genesys(page(user(ADA), user(BEN, userName="x@example.com"), total=3), page(user(CID), total=3))
    assert [each.id for each in genesys.client.find_users("userName", name)] == [ADA, CID]
    assert [request.param("startIndex") for request in genesys.script.requests] == ["1", "3"]


def test_an_empty_page_ends_a_search() -> None:
    """A total that promises more than comes does not make the search endless; Resources may be missing."""
    genesys = Genesys(page(user(), total=9), page(total=9), Response.of_json(200, {"totalResults": 0}))
    assert len(genesys.client.find_users("userName", "ada.brook@example.com")) == 1
    assert genesys.client.find_users("userName", "ada.brook@example.com") == []


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"totalResults": "1"},
        {"totalResults": 1, "Resources": {}},
        {"Resources": []},
        {"totalResults": True, "Resources": []},
        {"totalResults": 1e9, "Resources": []},
        {"totalResults": -1, "Resources": []},
        {"totalResults": 0, "Resources": [{}]},
        {"totalResults": 1, "Resources": ["a"]},
        {"totalResults": 1, "Resources": [{"id": 7}]},
    ],
)
def test_an_implausible_list_is_transient(body: object) -> None:
    """What is no list answer finds nobody absent."""
    with pytest.raises(Transient, match=r"^genesys-implausible "):
        Genesys(Response.of_json(200, body)).client.find_users("userName", "ada@example.com")


def test_inactive_users_are_read_in_cheap_pages() -> None:
    """Pages of 25 without the lookups that matching does not need; externalId stays; who is active is skipped."""
    sleepers = [user(ADA, active=False, externalId=OKTA_ADA), user(BEN)]
    genesys = Genesys(page(*sleepers, total=3), page(user(CID, active=False), total=3))
    found = list(genesys.client.inactive_users())
    assert [(each.id, each.external_id) for each in found] == [(ADA, OKTA_ADA), (CID, "")]
    first, second = genesys.script.requests
    assert (first.param("filter"), first.param("count")) == ("active eq false", "25")
    assert (first.param("startIndex"), second.param("startIndex")) == ("1", "3")
    excluded = [value for name, value in first.query if name == "excludedAttributes"]
    assert "roles" in excluded
    assert "urn:ietf:params:scim:schemas:extension:genesys:purecloud:2.0:User:routingSkills" in excluded
    assert "externalId" not in excluded


def test_create_user_posts_the_document() -> None:
    """POST with JSON; 201 and 200 (a restored user) both give the user."""
    for status in (201, 200):
        genesys = Genesys(Response.of_json(status, user(), {"ETag": '"1"'}))
        document = {"userName": "ada.brook@example.com", "displayName": "Ada Brook"}
        assert genesys.client.create_user(document).version == '"1"'
        (sent,) = genesys.script.requests
        assert (sent.method, sent.path, genesys.body) == ("POST", USERS, document)
        assert sent.headers["content-type"] == "application/json"
        assert genesys.records == [f"POST users {status}"]


@pytest.mark.parametrize("if_match", ["", '"42"'])
def test_patch_user_sends_the_operations(if_match: str) -> None:
    """PATCH with the PatchOp schema, and If-Match only where given."""
    genesys = Genesys(Response.of_json(200, user()))
    assert genesys.client.patch_user(ADA, REPLACE_TITLE, if_match=if_match).id == ADA
    (sent,) = genesys.script.requests
    assert (sent.method, sent.path, sent.headers.get("if-match", "")) == ("PATCH", f"{USERS}/{ADA}", if_match)
    assert genesys.body == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "title", "value": "Engineer"}],
    }
    assert genesys.records == [f"PATCH users/{ADA} 200"]


def test_an_answer_about_another_user_is_implausible() -> None:
    """A PATCH answered with another id is not taken as done."""
    with pytest.raises(Transient, match=r"^genesys-implausible another id"):
        Genesys(Response.of_json(200, user(BEN))).client.patch_user(ADA, REPLACE_TITLE)


def test_find_groups_by_name_without_members() -> None:
    """Groups of an equal name, without case; their members are not asked for."""
    names = [{"id": TEAM, "displayName": "TEAM a"}, {"id": BEN, "displayName": "Team ab"}]
    genesys = Genesys(page(*names))
    assert genesys.client.find_groups("Team A") == [ScimGroup(TEAM, "TEAM a")]
    (sent,) = genesys.script.requests
    assert (sent.path, sent.param("filter")) == ("/api/v2/scim/v2/groups", 'displayName eq "Team A"')
    assert sent.param("excludedAttributes") == "members"
    assert genesys.records == ["GET groups?filter=displayName 200"]


def test_members_in_a_search_are_not_believed() -> None:
    """A list that shows members all the same (perhaps not all) gives none."""
    found = Genesys(page({"id": TEAM, "displayName": "Team", "members": [{"value": ADA}]})).client.find_groups("team")
    assert found == [ScimGroup(TEAM, "Team", None)]


@pytest.mark.parametrize(
    ("shown", "members"),
    [
        ({"members": [{"value": ADA, "type": "User"}, {"value": BEN}]}, {ADA, BEN}),
        ({"members": []}, set()),
        ({"members": None}, None),
        ({}, None),
    ],
)
def test_group_is_read_with_its_members(shown: dict[str, Any], members: set[str] | None) -> None:
    """A group's members; in an answer without a list of them they are missing, which is not the same as none."""
    genesys = Genesys(Response.of_json(200, {"id": TEAM, "displayName": "Team", **shown}))
    expected = None if members is None else frozenset(members)
    assert genesys.client.group(TEAM) == ScimGroup(TEAM, "Team", expected)
    assert genesys.script.requests[0].query == ()


@pytest.mark.parametrize("document", [{"id": TEAM}, {"id": ADA, "displayName": "x"}, {"displayName": "x"}, []])
def test_an_implausible_group_is_transient(document: object) -> None:
    """What is not the group asked for decides nothing."""
    with pytest.raises(Transient, match=r"^genesys-implausible "):
        Genesys(Response.of_json(200, document)).client.group(TEAM)


def test_members_are_added_in_one_operation() -> None:
    """One ``add`` with all ids; the answer's members come back."""
    genesys = Genesys(Response.of_json(200, {"id": TEAM, "displayName": "T", "members": [{"value": ADA}]}))
    assert genesys.client.add_members(TEAM, [ADA, BEN]).members == frozenset({ADA})
    assert genesys.body["Operations"] == [{"op": "add", "path": "members", "value": [{"value": ADA}, {"value": BEN}]}]
    assert genesys.records == [f"PATCH groups/{TEAM} 200"]


def test_members_are_removed_one_operation_each() -> None:
    """One PATCH with a ``remove`` for each member, by value filter."""
    genesys = Genesys(Response.of_json(200, {"id": TEAM, "displayName": "T"}))
    assert genesys.client.remove_members(TEAM, [ADA, BEN]).members is None
    assert genesys.body["Operations"] == [
        {"op": "remove", "path": f'members[value eq "{ADA}"]'},
        {"op": "remove", "path": f'members[value eq "{BEN}"]'},
    ]


def test_a_change_of_members_without_content_is_done() -> None:
    """204 (RFC 7644, section 3.5.2) is a success that shows no members."""
    assert Genesys(Response(204)).client.add_members(TEAM, [ADA]) == ScimGroup(TEAM, "")


def test_probe_is_a_neutral_read() -> None:
    """The probe reads the service's configuration, and raises as every call does."""
    genesys = Genesys(Response.of_json(200, {}), Response(503))
    genesys.client.probe()
    with pytest.raises(Transient, match=r"^genesys-503$"):
        genesys.client.probe()
    assert genesys.records[0] == "GET serviceproviderconfig 200"


@pytest.mark.parametrize(
    "call",
    [
        lambda genesys: genesys.user("../groups/x"),
        lambda genesys: genesys.user(""),
        lambda genesys: genesys.group("c0c0c0c0?x=1"),
        lambda genesys: genesys.patch_user(f"{ADA}\n", REPLACE_TITLE),
        lambda genesys: genesys.add_members(TEAM, [ADA, "ada@example.com"]),
        lambda genesys: genesys.remove_members(TEAM, ['x"] or members[value ne "']),
        lambda genesys: genesys.remove_members("Team Ada", [ADA]),
    ],
)
def test_an_id_outside_the_alphabet_is_not_sent(call: Callable[[GenesysScim], object]) -> None:
    """Nothing but an id goes into a URL or a path, and the error does not show what it was."""
    genesys = Genesys()
    with pytest.raises(Permanent, match=r"^genesys-id-malformed an id has 8 to 64 letters, digits and hyphens$"):
        call(genesys.client)
    assert genesys.script.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        scim_error(409, "User name already in use by non-deleted user.", "uniqueness"),
        scim_error(409, "User name already in use by non-deleted user."),
        scim_error(409, STALE),
        scim_error(400, "taken", "uniqueness"),
        error_body(409, "conflict", "general.conflict"),
    ],
)
def test_conflict_on_create_is_a_taken_user_name(answer: Response) -> None:
    """The operation and the status decide, not a scimType that may be missing."""
    assert isinstance(raised(answer, "create_user"), UserNameTaken)


VERSION_CONFLICTS = [
    scim_error(412, "anything"),
    Response(412),
    scim_error(400, "wrong version", "invalidVers"),
    scim_error(409, STALE),
    scim_error(400, STALE),
    error_body(409, "The version 3 given does not match the current version 4", "general.conflict"),
    error_body(400, "Does not match the current version", "bad.request"),
]


@pytest.mark.parametrize("name", sorted(BY_ID_WRITES))
@pytest.mark.parametrize("answer", VERSION_CONFLICTS)
def test_version_conflicts_in_every_form(name: str, answer: Response) -> None:
    """412, 400 invalidVers, and 400 or 409 that says so, in either shape."""
    assert isinstance(raised(answer, name), VersionConflict)


@pytest.mark.parametrize(
    "operations",
    [
        REPLACE_NAME,
        [{"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:username", "value": "a"}],
        [*REPLACE_TITLE, {"op": "replace", "value": {"userName": "a"}}],
    ],
)
@pytest.mark.parametrize("answer", [scim_error(409), scim_error(400, scim_type="uniqueness"), error_body(409)])
def test_conflict_on_a_new_user_name(operations: list[dict[str, Any]], answer: Response) -> None:
    """A 409 that speaks of no version means, when the PATCH writes userName, that it is taken; with If-Match too."""
    for if_match in ("", '"1"'):
        with pytest.raises(UserNameTaken):
            Genesys(answer).client.patch_user(ADA, operations, if_match=if_match)


def test_a_stale_version_precedes_a_taken_name() -> None:
    """A PATCH of userName whose version moved is a version conflict when the answer says so."""
    with pytest.raises(VersionConflict):
        Genesys(scim_error(409, STALE)).client.patch_user(ADA, REPLACE_NAME, if_match='"1"')


@pytest.mark.parametrize("name", sorted(BY_ID_WRITES))
def test_another_conflict_is_permanent(name: str) -> None:
    """A 409 that is neither: this cannot be done as things are."""
    assert str(raised(error_body(409, "rule based", "general.conflict"), name)) == "genesys-409 general.conflict"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (scim_error(409, "changed"), "genesys-409"),
        (scim_error(409, "externalId", "uniqueness"), "genesys-409 uniqueness"),
        (error_body(409, "No license is available", "general.conflict"), "genesys-409 general.conflict"),
        (error_body(400, "The API version is too old", "bad.request"), "genesys-400 bad.request"),
    ],
)
def test_another_conflict_of_a_conditional_write_is_a_refusal(answer: Response, text: str) -> None:
    """A 409 that speaks of no version is what it says, If-Match or not: trying again changes nothing."""
    with pytest.raises(Permanent) as caught:
        Genesys(answer).client.patch_user(ADA, REPLACE_TITLE, if_match='"1"')
    assert (str(caught.value), caught.value.status) == (text, int(text[8:11]))


GATEWAYS = [
    b"",
    b"<html>",
    b"[]",
    b'{"message": "no Route matched with those values"}',
    b'{"message": "gone", "code": "not.found"}',
    b'{"message": "gone", "status": 400}',
    b'{"code": "not.found", "status": 400}',
    b'{"statusCode": 400, "message": "gone"}',
    b'{"timestamp": 1, "status": 400, "error": "x", "message": "gone", "path": "/"}',
    b'{"code": 5, "message": "gone", "details": []}',
    b'{"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "500"}',
    b'{"errorCode": "E0000007", "errorSummary": "of another API"}',
]


@pytest.mark.parametrize("name", sorted(CALLS))
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 501])
@pytest.mark.parametrize("body", GATEWAYS)
def test_an_error_that_is_not_genesys_clouds_is_transient(name: str, status: int, body: bytes) -> None:
    """Anyone who answers in its place says nothing of a user, a group, a role or a value."""
    answer = Response(status, {}, body.replace(b"400", str(status).encode()))
    with pytest.raises(Transient) as caught:
        CALLS[name](Genesys(*[answer] * 2).client)
    assert (type(caught.value), str(caught.value)) == (Transient, f"genesys-{status}-unexplained")


@pytest.mark.parametrize("name", sorted(CALLS))
@pytest.mark.parametrize("status", [201, 202, 203, 204, 206, 302, 304])
def test_another_success_than_documented_is_transient(name: str, status: int) -> None:
    """A read is answered by 200 alone, and nothing by half an answer."""
    if (name, status) in {("create_user", 201), ("patch_user", 204), ("add_members", 204), ("remove_members", 204)}:
        return
    document = {"totalResults": 0, "Resources": [], "id": TEAM if "member" in name or name == "group" else ADA}
    with pytest.raises(Transient):
        CALLS[name](Genesys(Response.of_json(status, document)).client)


MOBILE = 'phoneNumbers[type eq "mobile"].value'
WORK = 'phoneNumbers[type eq "work"].value'
DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
MANY: list[dict[str, Any]] = [
    {"op": "replace", "path": "title", "value": "Head of Sales"},
    {"op": "replace", "path": DEPARTMENT, "value": "Sales"},
    {"op": "add", "path": "phoneNumbers", "value": [{"type": "mobile", "value": "+353861234567"}]},
    {"op": "replace", "path": WORK, "value": "+35312345678"},
    {"op": "remove", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"},
]


def fields(*names: object) -> Response:
    """An ErrorBody whose details name fields."""
    details = [{"errorCode": "invalid.value", "fieldName": name} for name in names]
    body = {"message": "bad", "code": "bad.request", "status": 400, "details": details}
    return Response.of_json(400, body)


@pytest.mark.parametrize(
    ("answer", "paths"),
    [
        (fields("title"), ["title"]),
        (fields("department", "Title"), ["title", DEPARTMENT]),
        (fields("phoneNumbers"), [MOBILE, WORK]),
        (fields('phoneNumbers[type eq "mobile"].value'), [MOBILE]),
        (fields(f"{DEPARTMENT}"), [DEPARTMENT]),
        (fields("costCenter", None, 7), []),
        (scim_error(400, "Attribute title is not valid", "invalidValue"), ["title"]),
        (scim_error(400, "+353861234567 is no phone number", "invalidValue"), [MOBILE]),
        (scim_error(409, "The value 'Head of Sales' is refused"), ["title"]),
        (error_body(400, "department: unknown value Sales", "invalid.value"), [DEPARTMENT]),
        (scim_error(400, "subtitle or titles", "invalidValue"), []),
        (scim_error(400), []),
    ],
)
def test_a_refusal_names_the_attributes_that_it_means(answer: Response, paths: list[str]) -> None:
    """By its fields, its text or the value in it, but only what was written; the value is in no text."""
    with pytest.raises(Permanent) as caught:
        Genesys(answer).client.patch_user(ADA, MANY)
    assert caught.value.paths == tuple(paths)
    assert "Sales" not in str(vars(caught.value))


def test_a_refused_creation_names_attributes_too() -> None:
    """The body of a POST is a user, and has the same paths."""
    document = {"userName": "ada@example.com", "title": "Head", "phoneNumbers": [{"type": "work", "value": "+3531"}]}
    with pytest.raises(Permanent) as caught:
        Genesys(scim_error(400, "phone number +3531 is too short")).client.create_user(document)
    assert caught.value.paths == (WORK,)


@pytest.mark.parametrize("name", ["add_members", "remove_members"])
def test_a_refused_change_of_members_names_the_member(name: str) -> None:
    """The id in the text is that of a member of the request."""
    error = raised(scim_error(400, f"user {ADA} is unknown"), name)
    assert isinstance(error, Permanent)
    assert error.paths == (f'members[value eq "{ADA}"]',)


def test_a_change_without_a_document_is_read_back() -> None:
    """204 says nothing of what became of the user."""
    genesys = Genesys(Response(204), Response.of_json(200, user(title="Engineer")))
    assert genesys.client.patch_user(ADA, REPLACE_TITLE).document["title"] == "Engineer"
    assert genesys.records == [f"PATCH users/{ADA} 204", f"GET users/{ADA} 200"]
    with pytest.raises(Transient, match=r"^genesys-implausible "):
        Genesys(Response(204), error_body(404, "gone", "not.found")).client.patch_user(ADA, REPLACE_TITLE)


@pytest.mark.parametrize("name", ["add_members", "remove_members"])
def test_another_groups_document_after_a_change_is_implausible(name: str) -> None:
    """Its members are not those of the group that was changed."""
    error = raised(Response.of_json(200, {"id": BEN, "displayName": "B", "members": []}), name)
    assert str(error) == "genesys-implausible another id than asked for"


@pytest.mark.parametrize("name", sorted(["find_users", "inactive_users", "find_groups"]))
def test_a_total_that_promises_too_much_ends_a_listing(name: str) -> None:
    """A page that is empty, or short and nothing new, is the end, whatever totalResults says."""
    for total in (2, 10**9, 10**400):
        entry = user(userName="ada@example.com", active=False, displayName="Team")
        for last in (page(total=total), page(entry, total=total)):
            found = CALLS[name](Genesys(page(entry, total=total), last).client)
            assert isinstance(found, list)
            assert len(found) == 1


def sleepers(first: int, count: int, total: int) -> Response:
    """A page of inactive users."""
    return page(*(user(f"a0a0a0a0-{number:012}", active=False) for number in range(first, first + count)), total=total)


def test_a_listing_that_repeats_itself_is_implausible() -> None:
    """Full pages that bring nothing new: startIndex is not heeded, and nobody knows what is missing."""
    genesys = Genesys(sleepers(0, 25, 60), sleepers(0, 25, 60))
    with pytest.raises(Transient, match=r"^genesys-implausible a page repeats others$"):
        list(genesys.client.inactive_users())


def test_a_listing_that_shifts_gives_everybody_once() -> None:
    """Anyone who comes on two pages, because somebody before them went or came, is one."""
    genesys = Genesys(sleepers(0, 25, 49), sleepers(24, 24, 49), sleepers(48, 1, 50))
    assert len({each.id for each in genesys.client.inactive_users()}) == 48
    assert genesys.script.requests[1].param("startIndex") == "26"


def test_a_search_without_an_end_is_implausible() -> None:
    """Page after page of others: no search for one value has so many."""
    endless = [page(user(f"a0a0a0a0-{number:012}"), total=10**9) for number in range(MAX_FOUND_PAGES + 1)]
    genesys = Genesys(*endless)
    with pytest.raises(Transient, match=r"^genesys-implausible a listing without an end$"):
        genesys.client.find_users("userName", "ada@example.com")
    assert len(genesys.script.requests) == MAX_FOUND_PAGES


@pytest.mark.parametrize("name", sorted(CALLS))
@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (
            error_body(403, "ada@example.com may not", "missing.permissions"),
            AuthFailure,
            "genesys-403 missing.permissions",
        ),
        (scim_error(400, "ada@example.com is bad", "invalidValue"), Permanent, "genesys-400 invalidValue"),
        (error_body(400, "ada@example.com is bad", "invalid.value"), Permanent, "genesys-400 invalid.value"),
        (error_body(413, code="not <b>plain</b>"), Permanent, "genesys-413"),
        (error_body(501, code="not.implemented"), Permanent, "genesys-501 not.implemented"),
        (error_body(408, code="request.timeout"), Transient, "genesys-408 request.timeout"),
        (Response(500), Transient, "genesys-500"),
        (scim_error(503), Transient, "genesys-503"),
        (Response(504, {}, b"<html>"), Transient, "genesys-504"),
        (Response(302), Transient, "genesys-302"),
        (Response(203), Transient, "genesys-203"),
    ],
)
def test_errors_by_status(name: str, answer: Response, kind: type[Exception], text: str) -> None:
    """Every call maps alike; the code is shown where it is plain, the message, which may name people, never."""
    error = raised(answer, name)
    assert (type(error), str(error)) == (kind, text)
    assert vars(error)["upstream"] == "genesys"


def test_reference_is_the_correlation_id() -> None:
    """ININ-Correlation-Id, else ErrorBody's contextId; the record of a failed call names it."""
    genesys = Genesys(scim_error(400), error_body(400), fields())
    for reference in ("corr-1", "context-1", ""):
        with pytest.raises(Permanent) as caught:
            genesys.client.user(ADA)
        assert (caught.value.reference, caught.value.status) == (reference, 400)
    assert genesys.records == [f"GET users/{ADA} 400 corr-1", f"GET users/{ADA} 400 context-1", f"GET users/{ADA} 400"]


@pytest.mark.parametrize(
    ("headers", "message", "wait"),
    [
        ({"Retry-After": "12", "inin-ratelimit-reset": "40"}, "Retry the request in [7] seconds", 12),
        ({"inin-ratelimit-reset": "40"}, "Retry the request in [7] seconds", 7),
        ({"Retry-After": "Tue, 24 Nov 2026 09:00:05 GMT"}, "Retry the request in [7] seconds", 7),
        ({"Retry-After": "9" * 400, "inin-ratelimit-reset": "9" * 400}, "Slow down", 3),
        ({"Retry-After": "999999"}, "Slow down", 180),
        ({"Retry-After": "-5", "inin-ratelimit-reset": "86400000"}, "Slow down", 180),
        ({}, "Retry the request in [999999] seconds", 180),
        ({"inin-ratelimit-reset": "40"}, "Retry the request in [a few] seconds", 40),
        ({}, "Slow down", 3),
    ],
)
def test_429_waits_as_it_is_told(headers: dict[str, str], message: str, wait: float) -> None:
    """Retry-After, else the seconds in brackets, else the reset, else three seconds."""
    error = raised(error_body(429, message, "too.many.requests", **headers))
    assert isinstance(error, Transient)
    assert (str(error), error.retry_after) == ("genesys-429 too.many.requests", wait)


def test_503_waits_as_it_is_told() -> None:
    """Retry-After of a 503 is kept."""
    error = raised(error_body(503, **{"Retry-After": "20"}))
    assert isinstance(error, Transient)
    assert error.retry_after == 20


def test_a_refused_token_is_renewed_once() -> None:
    """401 brings one call with a fresh token, also for a write."""
    genesys = Genesys(error_body(401, code="bad.credentials"), Response.of_json(200, user()))
    assert genesys.client.patch_user(ADA, REPLACE_TITLE).id == ADA
    assert headers_of(genesys.script.requests, "authorization") == ["Bearer token-1", "Bearer token-2"]
    assert genesys.pace.taken == 2


@pytest.mark.parametrize(("renewable", "calls"), [(True, 2), (False, 1)])
def test_a_token_refused_for_good_is_an_auth_failure(renewable: bool, calls: int) -> None:
    """401 with a fresh token is an auth failure."""
    genesys = Genesys(*[error_body(401, code="bad.credentials")] * calls, renewable=renewable)
    with pytest.raises(AuthFailure, match=r"^genesys-401 bad\.credentials$"):
        genesys.client.user(ADA)
    assert genesys.script.spent


@pytest.mark.parametrize(
    ("headers", "observed"),
    [
        (
            {"inin-ratelimit-allowed": "300", "inin-ratelimit-count": "1", "inin-ratelimit-reset": "61"},
            [(300, 299, 61)],
        ),
        ({"inin-ratelimit-allowed": "180", "inin-ratelimit-count": "181"}, [(180, 0, None)]),
        ({"inin-ratelimit-allowed": "180"}, []),
        ({}, []),
    ],
)
def test_rate_limits_are_told_to_the_pace(headers: dict[str, str], observed: list[Any]) -> None:
    """Each call is taken from the budget, and the headers of its answer teach it."""
    genesys = Genesys(Response.of_json(200, user(), headers))
    genesys.client.user(ADA)
    assert (genesys.pace.taken, genesys.pace.observed) == (1, observed)


def test_a_write_without_answer_is_recorded_and_not_repeated() -> None:
    """A cut POST may have done its work: it is transient and sent once."""
    genesys = Genesys(None)
    with pytest.raises(Transient, match=r"^genesys-connection$"):
        genesys.client.create_user({"userName": "ada@example.com"})
    assert genesys.records == ["POST users genesys-connection"]


def test_pace_and_record_are_optional() -> None:
    """A client without them works as well."""
    script = Script(Response.of_json(200, user()))
    client: GenesysScim = GenesysClient(HttpClient(API, "genesys", transport=ModelTransport(script)), FixedAuth())
    assert client.user(ADA) is not None
