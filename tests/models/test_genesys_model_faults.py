"""Faults, the history of calls, administration and saved state of the Genesys Cloud model."""

from __future__ import annotations

import json
import threading

import pytest

from bridge_local.exchange import ConnectionCut, Request
from bridge_local.faults import Fault, cut, late, lost
from bridge_local.genesys.errors import Refused
from bridge_local.genesys.faults import rate_limited, refused, version_conflict
from tests.models.genesys_org import NOBODY, Org, outcome


def test_latency_adds_up_and_the_work_is_done() -> None:
    """Latencies of several rules add up and do not hide another fault."""
    org = Org()
    org.model.faults.add(Fault("", late(2.5)))
    org.model.faults.add(Fault("/users", late(1)))
    org.model.faults.add(Fault("", refused(503), count=1))
    request = Request.of(
        "GET", "https://api.example.com/api/v2/scim/v2/users", {"Authorization": f"Bearer {org.caller.token}"}
    )
    first, second = org.model.handle(request), org.model.handle(request)
    assert (first.status, first.delay) == (503, 3.5)
    assert (second.status, second.delay) == (200, 3.5)


@pytest.mark.parametrize(
    ("status", "code"),
    [(500, "internal.server.error"), (503, "service.unavailable"), (504, "request.timeout"), (408, "request.timeout")],
)
def test_a_status_fault_answers_that_and_does_nothing(status: int, code: str) -> None:
    """The rule hits as often as it says, then the request goes through."""
    org = Org()
    org.model.faults.add(Fault("POST .*/users$", refused(status), count=2))
    body = {"userName": "ada.brook@example.com", "displayName": "Ada"}
    assert org.send("GET", "/users").status == 200
    assert [outcome(org.send("POST", "/users", body)) for _ in range(2)] == [(status, code)] * 2
    assert org.model.users() == []
    assert org.send("POST", "/users", body).status == 201


def test_a_storm_of_429() -> None:
    """A storm answers 429 and asks for its seconds until it is ended."""
    org = Org()
    org.model.faults.add(Fault("", rate_limited(7)))
    for _ in range(3):
        answer = org.send("GET", "/users")
        assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    org.model.faults.clear()
    assert org.send("GET", "/users").status == 200


def test_a_cut_connection_does_nothing_and_a_lost_answer_does_all() -> None:
    """Both end in ConnectionCut; only the lost answer has made the user."""
    org = Org()
    body = {"userName": "ada.brook@example.com", "displayName": "Ada"}
    org.model.faults.add(Fault("POST", cut(), count=1))
    with pytest.raises(ConnectionCut):
        org.send("POST", "/users", body)
    assert (org.model.users(), org.model.calls[-1].status) == ([], 0)
    org.model.faults.add(Fault("POST", lost(), count=1))
    with pytest.raises(ConnectionCut):
        org.send("POST", "/users", body)
    call = org.model.calls[-1]
    assert (call.status, call.lost, call.changed) == (201, True, True)
    assert org.send("POST", "/users", body).status == 409


def test_a_spontaneous_version_conflict() -> None:
    """The directory's own version errors hit writes by id only, without any If-Match."""
    org = Org()
    user = org.ada()
    org.model.faults.add(Fault("", version_conflict(), count=2))
    assert org.send("GET", f"/users/{user['id']}").status == 200
    operation = {"op": "replace", "path": "title", "value": "Clerk"}
    assert org.patch(f"/users/{user['id']}", operation).status == 409
    assert org.patch(f"/users/{user['id']}", operation).status == 200


def test_a_fault_by_chance_comes_from_the_given_randomness() -> None:
    """A probability hits some requests, the same ones for the same seed."""

    def statuses() -> list[int]:
        org = Org()
        org.model.faults.add(Fault("", refused(500), probability=0.5))
        return [org.send("GET", "/users").status for _ in range(40)]

    assert statuses() == statuses()
    assert set(statuses()) == {200, 500}


def test_the_history_names_every_call() -> None:
    """Each call has its number, time, route, status and what it was about."""
    org = Org()
    user = org.ada()
    org.wait(5)
    org.send("GET", f"/Users/{user['id']}?attributes=title")
    org.send("GET", "/nothing")
    calls = org.model.calls
    assert [call.number for call in calls] == [1, 2, 3, 4]
    assert [(call.method, call.route, call.status) for call in calls] == [
        ("POST", "oauth/token", 200),
        ("POST", "users", 201),
        ("GET", "users/{id}", 200),
        ("GET", "unknown", 404),
    ]
    assert [call.user_id for call in calls] == ["", user["id"], user["id"], ""]
    assert (calls[2].at - calls[1].at).total_seconds() == 5
    assert calls[2].query == (("attributes", "title"),)
    assert calls[1].body == {"userName": "ada.brook@example.com", "displayName": "Ada Brook"}
    assert (calls[0].body, calls[2].body) == (None, None)


def test_administrators_work_by_hand() -> None:
    """What people do in Genesys Cloud themselves: users, groups, members, names."""
    org = Org()
    model = org.model
    ada = model.add_user({"userName": "ada.brook@example.com", "displayName": "Ada", "title": "Clerk"})
    group = model.add_group("Sales", group_id="6ef9b6a5-90b4-4f4c-9a7e-0f3a5d0f7a11")
    model.edit_members("sales", add=[ada])
    model.edit_user(ada, {"title": None, "displayName": "Ada B."})
    model.rename_group("Sales", "Sellers")
    document = model.find_user("ADA.BROOK@example.com")
    assert document == model.user(ada) == model.users()[0]
    assert document is not None
    assert ("title" in document, document["displayName"]) == (False, "Ada B.")
    assert model.groups() == {group: "Sellers"}
    assert model.members("Sellers") == {ada}
    document["displayName"] = "changed by a test"
    assert model.users()[0]["displayName"] == "Ada B."
    model.edit_members(group, remove=[ada])
    assert model.members(group) == frozenset()
    model.edit_members(group, add=[ada])
    model.delete_user(ada)
    assert (model.user(ada), model.find_user("ada.brook@example.com"), model.users()) == (None, None, [])
    assert model.members(group) == frozenset()
    model.delete_group(group)
    assert model.groups() == {}
    with pytest.raises(KeyError, match="0 groups"):
        model.members("Sellers")
    with pytest.raises(Refused):
        model.delete_user(NOBODY)


def test_state_survives_a_restart() -> None:
    """to_state goes through JSON and from_state puts everything in place: versions, deletions, memberships."""
    org = Org()
    model = org.model
    model.directory.divisions.add("Europe")
    ada = org.ada(externalId="00u1", title="Clerk")
    gone = model.add_user({"userName": "bo@example.com", "displayName": "Bo"})
    model.delete_user(gone)
    group = model.add_group("Sales", rule_based=True)
    model.edit_members(group, add=[ada["id"]])
    state = json.loads(json.dumps(model.to_state()))

    other = Org()
    other.people(3)
    other.model.from_state(state)
    assert other.model.to_state() == state
    assert other.model.users() == model.users()
    assert other.model.members("Sales") == {ada["id"]}
    assert other.found("externalId eq 00u1") == ["ada.brook@example.com"]
    restored = other.send("POST", "/users", {"userName": "bo@example.com", "displayName": "Bo"})
    assert restored.document["id"] == gone
    answer = other.patch(f"/groups/{group}", {"op": "remove", "path": "members"})
    assert outcome(answer) == (400, "mutability")


def test_many_threads_lose_no_write() -> None:
    """Requests from several threads are answered one after the other."""
    org = Org(client_per_minute=None, token_per_minute=10_000)
    group = org.model.add_group("Sales")
    people = org.people(80)

    def work(part: list[str]) -> None:
        for person in part:
            org.patch(f"/groups/{group}", {"op": "add", "path": "members", "value": [{"value": person}]})

    threads = [threading.Thread(target=work, args=(people[index::4],)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert org.model.members(group) == set(people)
    assert org.send("GET", f"/groups/{group}").headers["ETag"] == '"81"'
