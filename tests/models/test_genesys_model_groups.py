"""Groups in the Genesys Cloud model: reading, members, the guard on removals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.models.genesys_org import NOBODY, Org, outcome


def add(*ids: str) -> dict[str, Any]:
    """An operation that adds members."""
    return {"op": "add", "path": "members", "value": [{"value": member} for member in ids]}


def remove(*ids: str) -> dict[str, Any]:
    """An operation that removes members by a list of values."""
    return {"op": "remove", "path": "members", "value": [{"value": member} for member in ids]}


def team(number: int, **switches: Any) -> tuple[Org, str, list[str]]:
    """A group whose members are that many people."""
    org = Org(**switches)
    group = org.model.add_group("Sales Team")
    people = org.people(number)
    org.model.edit_members(group, add=people)
    return org, f"/groups/{group}", people


def test_a_group_shows_its_members_and_they_show_it() -> None:
    """A group lists members with type, id and address; the user's groups list the group."""
    org, path, [person] = team(1)
    document = org.send("GET", path).document
    [member] = document["members"]
    assert (member["type"], member["value"]) == ("User", person)
    assert member["$ref"].endswith(f"/users/{person}")
    assert document["displayName"] == "Sales Team"
    [entry] = org.send("GET", f"/users/{person}").document["groups"]
    assert (entry["type"], entry["value"]) == ("Group", document["id"])


def test_members_come_and_go_by_patch() -> None:
    """add, remove by value list and remove by value filter change members; the answer is the whole group."""
    org, path, [one, two] = team(2)
    new = org.ada()["id"]
    answer = org.patch(path, add(new), remove(one), {"op": "remove", "path": f'members[value eq "{two}"]'})
    assert [member["value"] for member in answer.document["members"]] == [new]
    call = org.model.calls[-1]
    assert (call.route, call.group_id, call.changed) == ("groups/{id}", path[8:], True)
    assert (call.added, set(call.removed)) == ((new,), {one, two})
    assert answer.headers["ETag"] == '"3"'


def test_the_answer_may_leave_members_out() -> None:
    """The other answer: a PATCH shows the group without its members."""
    org, path, _ = team(1, patch_shows_members=False)
    assert "members" not in org.patch(path, add(org.ada()["id"])).document
    assert len(org.send("GET", path).document["members"]) == 2


@pytest.mark.parametrize(("switch", "status"), [("200", 200), ("400", 400)])
def test_repeating_an_addition_or_a_removal(switch: str, status: int) -> None:
    """A present member added, an absent one removed: no change and 200, or 400."""
    org, path, [present] = team(1, repeated_members=switch)
    absent = org.ada()["id"]
    for operation in (add(present), remove(absent), {"op": "remove", "path": f'members[value eq "{absent}"]'}):
        assert org.patch(path, operation).status == status
    assert org.model.members("sales team") == {present}
    assert not any(call.changed for call in org.model.calls if call.group_id)


@pytest.mark.parametrize("switch", ["400", "404", "ignored"])
def test_an_unknown_member_among_others(switch: str) -> None:
    """One unknown id refuses the whole request in two ways, or is left out."""
    org, path, [present] = team(1, unknown_member=switch)
    new = org.ada()["id"]
    answer = org.patch(path, add(new, NOBODY))
    assert answer.status == (200 if switch == "ignored" else int(switch))
    assert org.model.members("Sales Team") == ({present, new} if switch == "ignored" else {present})


@pytest.mark.parametrize(("switch", "status"), [("accepted", 200), ("400", 400)])
def test_adding_an_inactive_user(switch: str, status: int) -> None:
    """An inactive user may be added, or not; one who is in stays."""
    org, path, [present] = team(1, adding_inactive=switch)
    org.model.edit_user(present, {"active": False})
    inactive = org.ada(active=False)["id"]
    assert org.patch(path, add(inactive)).status == status
    assert present in org.model.members("Sales Team")


def test_a_group_may_be_a_member() -> None:
    """A group's id is a member of type Group, and deleting that group ends it."""
    org, path, [person] = team(1)
    inner = org.model.add_group("Inner")
    answer = org.patch(path, add(inner))
    assert {(member["type"], member["value"]) for member in answer.document["members"]} == {
        ("User", person),
        ("Group", inner),
    }
    kept = org.patch(path, {"op": "remove", "path": 'members[type eq "user"]'})
    assert [member["value"] for member in kept.document["members"]] == [inner]
    org.model.delete_group("Inner")
    assert org.model.members("Sales Team") == frozenset()


@pytest.mark.parametrize(("switch", "expected"), [("400", (400, "tooMany")), ("409", (409, ""))])
def test_more_than_a_thousand_removals_are_refused(switch: str, expected: tuple[int, str]) -> None:
    """1,001 removals in one action are refused however they are packaged; 1,000 pass."""
    org, path, people = team(1002, removal_guard_answer=switch)
    packages: list[tuple[dict[str, Any], ...]] = [
        (remove(*people[:1001]),),
        ({"op": "remove", "path": "members"},),
        ({"op": "replace", "path": "members", "value": [{"value": people[0]}]},),
        (remove(*people[:600]), remove(*people[600:1001])),
    ]
    for operations in packages:
        assert outcome(org.patch(path, *operations)) == expected
    assert outcome(org.send("PUT", path, {"displayName": "Sales Team"})) == expected
    assert len(org.model.members("Sales Team")) == 1002
    answer = org.patch(path, remove(*people[:1000]))
    assert answer.status == 200
    assert len(org.model.calls[-1].removed) == 1000


@pytest.mark.parametrize("switch", ["400", "403", "409", "ignored"])
def test_a_rule_based_group_keeps_its_members(switch: str) -> None:
    """Writes on a group whose members come from rules are refused or have no effect; its name may change."""
    org = Org(rule_based_write=switch)
    group = org.model.add_group("Ruled", rule_based=True)
    answer = org.patch(f"/groups/{group}", add(org.ada()["id"]))
    assert answer.status == (200 if switch == "ignored" else int(switch))
    assert org.model.members(group) == frozenset()
    assert org.patch(f"/groups/{group}", {"op": "replace", "path": "displayName", "value": "Rules"}).status == 200


def test_too_many_additions_where_there_is_a_limit() -> None:
    """With a limit of 50, the 51st added member refuses the request."""
    org, path, _ = team(0, max_added=50)
    people = org.people(51)
    assert outcome(org.patch(path, add(*people))) == (400, "tooMany")
    assert org.patch(path, add(*people[:50])).status == 200


def test_name_and_external_id_can_be_written() -> None:
    """PATCH and PUT rename a group and set its externalId; PUT replaces the members."""
    org, path, [one, two] = team(2)
    answer = org.patch(path, {"op": "replace", "value": {"id": path[8:], "displayName": "Sellers", "externalId": "x"}})
    assert (answer.document["displayName"], answer.document["externalId"]) == ("Sellers", "x")
    assert "externalId" not in org.patch(path, {"op": "remove", "path": "externalId"}).document
    put = org.send("PUT", path, {"displayName": "Sales", "externalId": "y", "members": [{"value": two}]})
    assert (put.status, put.document["externalId"]) == (200, "y")
    assert org.model.members("sales") == {two}
    assert org.model.groups() == {path[8:]: "Sales"}
    assert org.model.calls[-1].removed == (one,)


def test_put_may_keep_members_it_leaves_out() -> None:
    """The other answer: PUT without members leaves them, and PUT needs a name."""
    org, path, people = team(2, put_omitted="kept")
    assert org.send("PUT", path, {"displayName": "Sales"}).status == 200
    assert org.model.members("Sales") == set(people)
    assert outcome(org.send("PUT", path, {})) == (400, "invalidValue")


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "add", "path": "members", "value": "x"}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [{"id": "x"}]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": ["x"]}, "invalidValue"),
        ({"op": "add", "path": f'members[value eq "{NOBODY}"]', "value": {}}, "invalidPath"),
        ({"op": "remove", "path": f'members[value eq "{NOBODY}"].type'}, "invalidPath"),
        ({"op": "replace", "path": "displayName", "value": 7}, "invalidValue"),
        ({"op": "remove", "path": "displayName"}, "invalidValue"),
        ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
        ({"op": "replace", "path": "owners", "value": []}, "invalidPath"),
    ],
)
def test_a_bad_operation_leaves_the_group_alone(operation: dict[str, Any], expected: str) -> None:
    """A PATCH is done wholly or not at all."""
    org, path, [person] = team(1)
    before = org.send("GET", path).document
    assert outcome(org.patch(path, remove(person), operation)) == (400, expected)
    assert org.send("GET", path).document == before


def test_groups_can_neither_be_made_nor_deleted() -> None:
    """POST /groups and DELETE /groups/{id} do not exist; an unknown group is 404."""
    org, path, _ = team(0)
    assert org.send("POST", "/groups", {"displayName": "New"}).status == 405
    assert org.send("DELETE", path).status == 405
    assert org.send("GET", f"/groups/{NOBODY}").status == 404
    assert len(org.model.groups()) == 1


def test_versions_guard_groups_too() -> None:
    """If-Match and If-None-Match work as for users."""
    org, path, [person] = team(1)
    assert org.send("GET", path, headers={"if-none-match": '"2"'}).status == 304
    assert outcome(org.patch(path, remove(person), if_match='"1"')) == (409, "")
    assert org.patch(path, remove(person), if_match='"2"').status == 200


def test_a_request_over_the_size_limit_is_413() -> None:
    """A member list of more than 512,000 bytes is refused before it is read."""
    org, path, _ = team(0)
    body = add(*[NOBODY] * 11_000)
    assert len(json.dumps(body)) > 512_000
    assert org.patch(path, body).status == 413
