"""Each effect and each switch about a client's values of the Genesys Cloud model does what its name says."""

from __future__ import annotations

from typing import Any

import pytest

from bridge_local.faults import Effect, Fault, bare, done_but, gateway
from bridge_local.genesys import faults
from bridge_local.genesys.errors import Refused
from tests.models.genesys_org import ENTERPRISE, Org, outcome

TITLE = {"op": "replace", "path": "title", "value": "Clerk"}
ACTIVE = {"op": "replace", "path": "active", "value": True}
INACTIVE = {"op": "replace", "path": "active", "value": False}
WORK_PHONE = 'phoneNumbers[type eq "work"].value'
DEPARTMENT = f"{ENTERPRISE}:department"


def faulty(effect: Effect, match: str = "", **more: Any) -> Org:
    """An organisation with one fault."""
    org = Org(**more)
    org.model.faults.add(Fault(match, effect))
    return org


def team(org: Org, members: int = 150) -> tuple[str, list[str]]:
    """A group and its members."""
    people = org.people(members)
    group = org.model.add_group("Sales")
    org.model.edit_members(group, add=people)
    return group, people


# ---------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("status", [400, 403, 405, 409, 410, 413, 503])
def test_the_whole_service_refuses(status: int) -> None:
    """Every call is answered with that status in the platform's form, and nothing is done."""
    org = Org()
    user = org.ada()
    org.model.faults.add(Fault("/scim/", faults.refused(status, "Not now.")))
    answer = org.patch(f"/users/{user['id']}", TITLE)
    assert (answer.status, answer.document["message"], answer.document["status"]) == (status, "Not now.", status)
    assert org.send("GET", "/users").status == status
    assert "title" not in (org.model.user(user["id"]) or {})


def test_a_refusal_may_name_the_field_or_be_scims() -> None:
    """`details[].fieldName` of an ErrorBody, `detail` of a ScimError."""
    named = faulty(faults.refused(400, field="title")).send("GET", "/users")
    assert named.document["details"] == [{"errorCode": "invalid.value", "fieldName": "title"}]
    scim = faulty(faults.refused_as_scim(409, "No license.")).send("GET", "/users")
    assert (scim.status, scim.document["detail"], scim.document["status"]) == (409, "No license.", "409")


@pytest.mark.parametrize("form", faults.RETRY_AFTERS)
def test_each_odd_retry_after(form: str) -> None:
    """The header has that value, whatever the text asks."""
    answer = faulty(faults.rate_limited(5, faults.RETRY_AFTERS[form]), "/scim/").send("GET", "/users")
    assert (answer.status, answer.headers["Retry-After"]) == (429, faults.RETRY_AFTERS[form])
    assert "[5] seconds" in answer.document["message"]


def test_a_gateways_404_is_not_the_services() -> None:
    """A message and nothing else: no code, no status, no SCIM."""
    answer = faulty(gateway(), "/scim/").send("GET", "/users/x")
    assert (answer.status, answer.document) == (404, {"message": "no Route matched with those values"})


# --------------------------------------------------------------------------------------------- writes and reads


def test_a_write_is_answered_and_not_done() -> None:
    """Unapplied: 200 with what is. Pretended: 200 with what should be, and a read shows what is."""
    org = Org()
    user = org.ada()
    path = f"/users/{user['id']}"
    org.model.faults.add(Fault("PATCH", faults.unapplied(), count=1))
    answer = org.patch(path, INACTIVE)
    assert (answer.status, answer.document["active"]) == (200, True)
    org.model.faults.add(Fault("PATCH", faults.pretended(org.model), count=1))
    assert org.patch(path, INACTIVE).document["active"] is False
    assert org.send("GET", path).document["active"] is True


def test_a_groups_write_is_pretended_too() -> None:
    """The answer shows the new member, the group has none."""
    org = Org()
    group, [*people] = org.model.add_group("Sales"), org.people(1)
    org.model.faults.add(Fault("PATCH", faults.pretended(org.model)))
    answer = org.patch(f"/groups/{group}", {"op": "add", "path": "members", "value": [{"value": people[0]}]})
    assert (len(answer.document["members"]), org.model.members(group)) == (1, frozenset())


def test_a_write_is_done_and_answered_with_something_else() -> None:
    """Another group's body, or 204: the work is done all the same."""
    org = Org()
    one, other, people = org.model.add_group("One"), org.model.add_group("Other"), org.people(2)
    org.model.faults.add(Fault("PATCH", faults.another_body(other), count=1))
    add = [{"op": "add", "path": "members", "value": [{"value": person}]} for person in people]
    assert org.patch(f"/groups/{one}", add[0]).document["id"] == other
    org.model.faults.add(Fault("PATCH", done_but(204), count=1))
    answer = org.patch(f"/groups/{one}", add[1])
    assert (answer.status, answer.document, set(org.model.members(one))) == (204, None, set(people))
    org.model.faults.add(Fault("PATCH", faults.another_body(other), count=1))
    assert org.patch("/groups/nobody", add[0]).status == 404


def test_a_write_that_is_not_even_tried() -> None:
    """204 from somebody who did nothing."""
    org = Org()
    user = org.ada()
    org.model.faults.add(Fault("PATCH", bare(204)))
    assert org.patch(f"/users/{user['id']}", TITLE).status == 204
    assert "title" not in (org.model.user(user["id"]) or {})


@pytest.mark.parametrize(
    ("effect", "shown"),
    [(faults.without_members(), "missing"), (faults.null_members(), None), (faults.cut_members(100), 100)],
)
def test_a_groups_members_are_missing_null_or_cut(effect: Effect, shown: object) -> None:
    """In a read, in a listing and in the answer to a PATCH."""
    org = faulty(effect, "/groups")
    group, people = team(org)
    patched = org.patch(f"/groups/{group}", {"op": "add", "path": "members", "value": [{"value": people[0]}]})
    listed = org.send("GET", '/groups?filter=displayName eq "Sales"').document["Resources"][0]
    for document in (org.send("GET", f"/groups/{group}").document, listed, patched.document):
        members = document.get("members", "missing")
        assert (len(members) if isinstance(members, list) else members) == shown


def test_a_stale_read_shows_an_older_version() -> None:
    """One read by fault, all reads for some seconds by switch; a write still needs the present version."""
    org = Org()
    user = org.ada(title="Old")
    path = f"/users/{user['id']}"
    org.model.faults.add(Fault("GET", faults.stale(org.model), count=1))
    org.patch(path, TITLE)
    stale = org.send("GET", path)
    assert (stale.document["title"], org.send("GET", path).document["title"]) == ("Old", "Clerk")
    assert org.patch(path, INACTIVE, if_match=stale.headers["ETag"]).status == 409
    org.switches.read_lag = 30
    org.wait(30)
    org.patch(path, {**TITLE, "value": "Head"})
    org.wait(29)
    assert org.send("GET", path).document["title"] == "Clerk"
    org.wait(1)
    assert org.send("GET", path).document["title"] == "Head"


def test_stale_groups_show_who_has_left() -> None:
    """Reads of groups trail as those of users do, and a deleted user is still read."""
    org = Org(read_lag=60)
    group, people = team(org, 2)
    org.wait(60)
    org.model.edit_members(group, remove=people[:1])
    org.model.delete_user(people[0])
    assert len(org.send("GET", f"/groups/{group}").document["members"]) == 2
    assert org.send("GET", f"/users/{people[0]}").status == 200
    org.wait(60)
    assert len(org.send("GET", f"/groups/{group}").document["members"]) == 1
    assert org.send("GET", f"/users/{people[0]}").status == 404


def test_weak_etags_hold_in_no_condition() -> None:
    """Shown as W/"1", and If-Match with one fails, with the strong spelling too; `*` and no condition pass."""
    org = Org(weak_etags=True)
    user = org.ada()
    path = f"/users/{user['id']}"
    assert (user["meta"]["version"], org.send("GET", path).headers["ETag"]) == ('W/"1"', 'W/"1"')
    assert [org.patch(path, TITLE, if_match=tag).status for tag in ('W/"1"', '"1"')] == [409, 409]
    assert [org.patch(path, TITLE, if_match=tag).status for tag in ("*", "")] == [200, 200]
    assert org.send("GET", path, headers={"if-none-match": 'W/"2"'}).status == 304


def test_versions_may_be_shown_nowhere() -> None:
    """Neither ``meta.version`` nor the header, and changes pass as ever."""
    org = Org(no_etags=True)
    user = org.ada()
    path = f"/users/{user['id']}"
    assert "version" not in user["meta"]
    assert "ETag" not in org.send("GET", path).headers
    assert org.patch(path, TITLE).status == 200


# ------------------------------------------------------------------------------------------------------ listings


def test_listings_count_wrong_or_never_end() -> None:
    """A total that is one too high or 1e9; a list whose every page promises one more; e-mails that are texts."""
    org = Org()
    org.people(3)
    org.model.faults.add(Fault("/users", faults.total_results(lambda total: total + 1), count=1))
    assert org.send("GET", "/users").document["totalResults"] == 4
    org.model.faults.add(Fault("/users", faults.emails_are_texts(), count=1))
    assert org.send("GET", "/users").document["Resources"][0]["emails"] == ["a"]
    org.model.faults.add(Fault("/users", faults.endless_pages()))
    for start in (1, 3, 1001):
        page = org.send("GET", f"/users?startIndex={start}&count=2").document
        assert (page["startIndex"], page["totalResults"], len(page["Resources"])) == (start, start + 2, 2)
    assert org.send("GET", "/users?filter=nonsense").status == 400


# ------------------------------------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("path", "value"), [("title", "Clerk"), (DEPARTMENT, "Desk"), (WORK_PHONE, "+13175550100"), ("active", False)]
)
def test_an_ignored_attribute_is_accepted_and_not_changed(path: str, value: object) -> None:
    """200, the other attributes are done, this one stays as it was."""
    org = Org(ignored_attributes={path}, no_target="create")
    user = org.ada()
    answer = org.patch(
        f"/users/{user['id']}",
        {"op": "replace", "path": path, "value": value},
        {"op": "replace", "path": "displayName", "value": "Ada B."},
    )
    changed = {name for name in user if name != "meta" and answer.document.get(name) != user[name]}
    assert (answer.status, changed, answer.document.keys()) == (200, {"displayName"}, user.keys())


def test_values_are_recased_and_trimmed() -> None:
    """The case changes, blanks at the ends and double ones go; what is not touched stays."""
    org = Org(recased_attributes={"title"}, trims_values=True)
    user = org.ada(title="Clerk", displayName="  Ada   Brook ", **{ENTERPRISE: {"department": " The  Desk "}})
    assert (user["title"], user["displayName"], user[ENTERPRISE]["department"]) == ("cLERK", "Ada Brook", "The Desk")
    again = org.patch(f"/users/{user['id']}", {"op": "replace", "path": "displayName", "value": "Ada"})
    assert again.document["title"] == "cLERK"


@pytest.mark.parametrize("names", ["fieldName", "detail", "nothing"])
@pytest.mark.parametrize(("path", "value"), [("title", "Clerk"), (WORK_PHONE, "+13175550100"), (DEPARTMENT, "Desk")])
def test_a_refused_attribute_refuses_the_request(names: str, path: str, value: str) -> None:
    """400 that names it in one of three ways; without it, and for clearing it, the request passes."""
    org = Org(refused_attributes={path}, refusal_names=names, no_target="create")
    user = org.ada()
    url, other = f"/users/{user['id']}", {"op": "replace", "path": "displayName", "value": "Ada B."}
    answer = org.patch(url, {"op": "replace", "path": path, "value": value}, other)
    assert answer.status == 400
    named = {
        "fieldName": str(answer.document.get("details")),
        "detail": answer.document.get("detail", ""),
        "nothing": path if path not in str(answer.document) else "",
    }[names]
    assert path.rpartition(":")[2].partition("[")[0] in named
    assert org.patch(url, other).status == 200
    assert org.patch(url, {"op": "remove", "path": path}).status == 200


def test_a_path_that_is_none_is_an_error_of_the_test() -> None:
    """A switch that names nothing must not look like one that works."""
    with pytest.raises(ValueError, match="expected a path"):
        Org(ignored_attributes={"title eq"}).ada()


@pytest.mark.parametrize("status", ["400", "403", "409"])
def test_no_licence_is_left(status: str) -> None:
    """No activation and no new active user; everything else of a person passes, and a place that is free is used."""
    org = Org(licences=2, licence_refusal=status)
    first, second = org.people(2)
    body = {"userName": "ada@example.com", "displayName": "Ada"}
    assert org.send("POST", "/users", body).status == int(status)
    inactive = org.send("POST", "/users", {**body, "active": False}).document["id"]
    assert org.patch(f"/users/{inactive}", TITLE).status == 200
    refused = org.patch(f"/users/{inactive}", ACTIVE)
    assert (refused.status, "license" in refused.document["message"]) == (int(status), True)
    assert org.patch(f"/users/{first}", TITLE).status == 200
    org.model.deactivate_user(second)
    assert org.patch(f"/users/{inactive}", ACTIVE).status == 200
    with pytest.raises(Refused):
        org.model.activate_user(second)


@pytest.mark.parametrize(("kept", "roles"), [("kept", [{"value": "employee"}]), ("removed", None)])
def test_roles_of_an_inactive_user(kept: str, roles: object) -> None:
    """They stay, or are gone after a reactivation too: documented both ways."""
    org = Org(inactive_roles=kept)
    user = org.ada()
    org.patch(f"/users/{user['id']}", INACTIVE)
    assert org.patch(f"/users/{user['id']}", ACTIVE).document.get("roles") == roles


@pytest.mark.parametrize(("unknown", "expected"), [("400", 400), ("404", 404), ("ignored", 200)])
def test_a_new_person_is_not_yet_known_to_the_group_service(unknown: str, expected: int) -> None:
    """For some seconds adding them is adding nobody; afterwards it works."""
    org = Org(member_lag=120, unknown_member=unknown)
    group, user = org.model.add_group("Sales"), org.ada()
    add = {"op": "add", "path": "members", "value": [{"value": user["id"]}]}
    assert org.patch(f"/groups/{group}", add).status == expected
    assert not org.model.members(group)
    org.wait(120)
    assert org.patch(f"/groups/{group}", add).status == 200
    assert org.model.members(group) == {user["id"]}


# ------------------------------------------------------------------------------------------------------- by hand


def test_a_user_out_of_the_clients_sight() -> None:
    """404 by id, in no search, 409 on POST; administrators see them, and shown again all is as before."""
    org = Org()
    user = org.ada(externalId="00u1")
    path = f"/users/{user['id']}"
    org.model.hide_user(user["id"])
    assert [org.send("GET", path).status, org.patch(path, TITLE).status] == [404, 404]
    assert (org.found("externalId eq 00u1"), org.found("active eq true")) == ([], [])
    assert outcome(org.send("POST", "/users", {"userName": user["userName"], "displayName": "A"}))[0] == 409
    org.model.edit_user(user["id"], {"title": "By hand"})
    org.model.from_state(org.model.to_state())
    assert org.send("GET", path).status == 404
    org.model.show_user(user["id"])
    assert org.send("GET", path).document["title"] == "By hand"


def test_a_restored_user_is_active_at_home_without_roles() -> None:
    """The same id and e-mail, division Home, no roles, no groups (FAQ "delete a user ... reenable")."""
    org = Org()
    org.model.directory.divisions.add("Europe")
    user = org.ada(externalId="00u1", **{ENTERPRISE: {"division": "Europe"}})
    group = org.model.add_group("Sales")
    org.model.edit_members(group, add=[user["id"]])
    org.model.delete_user(user["id"])
    org.model.restore_user(user["id"])
    document = org.send("GET", f"/users/{user['id']}").document
    assert (document["active"], document["externalId"], document["userName"]) == (True, "00u1", user["userName"])
    assert (document[ENTERPRISE]["division"], document.get("roles"), document["groups"]) == ("Home", None, [])
    assert org.found("externalId eq 00u1") == [user["userName"]]
    with pytest.raises(KeyError):
        org.model.restore_user(user["id"])


def test_a_user_whose_address_is_taken_cannot_be_restored() -> None:
    """Somebody else has the e-mail by now."""
    org = Org(deleted_user_name="new")
    user = org.ada()
    org.model.delete_user(user["id"])
    org.ada()
    with pytest.raises(Refused):
        org.model.restore_user(user["id"])


def test_people_are_set_inactive_active_and_renamed_by_hand() -> None:
    """Whatever the switches do to a client's values, an administrator's are kept."""
    org = Org(ignored_attributes={"active", "displayName"}, trims_values=True)
    user = org.ada()["id"]
    org.model.deactivate_user(user)
    assert org.send("GET", f"/users/{user}").document["active"] is False
    org.model.activate_user(user)
    org.model.rename_user(user, "Ada  B.", "ada.b@example.com")
    document = org.send("GET", f"/users/{user}").document
    assert (document["active"], document["displayName"]) == (True, "Ada  B.")
    assert document["userName"] == "ada.b@example.com"
