"""The Okta model's groups, applications and assignments."""

from __future__ import annotations

import pytest

from bridge_local.okta import OktaRefused
from tests.unit.okta_model_org import Desk

ADD, REMOVE = "application.user_membership.add", "application.user_membership.remove"
JOIN, PART = "group.user_membership.add", "group.user_membership.remove"


@pytest.mark.parametrize("job", [True, False])
def test_a_bulk_of_members_is_one_transaction(job: bool) -> None:
    """Several members at once share one transaction; that it is a JOB is a switch. Each has its own event."""
    desk = Desk(job_of_bulk_adds=job)
    users, group = desk.users(3), desk.model.create_group("Genesys A")
    desk.forget_events()
    assert desk.model.add_members(group, users) == users
    assert desk.types() == [JOIN] * 3
    assert {entry.transaction.type for entry in desk.events()} == {"JOB" if job else "WEB"}
    assert len({entry.transaction.id for entry in desk.events()}) == 1
    assert desk.model.add_members(group, users) == []
    assert len(desk.events()) == 3


def test_membership_changes_move_last_membership_updated_and_nothing_else_does() -> None:
    """``lastMembershipUpdated`` tells of members alone, ``lastUpdated`` of the profile alone."""
    desk = Desk()
    user, group = desk.user(), desk.model.create_group("Genesys A", "First line")
    desk.clock.move(60)
    desk.model.add_members(group, [user])
    desk.clock.move(60)
    desk.model.rename_group(group, "Genesys B")
    document = desk.document(f"/api/v1/groups/{group}")
    assert document["created"] == "2026-11-24T09:00:00.000Z"
    assert document["lastMembershipUpdated"] == "2026-11-24T09:01:00.000Z"
    assert document["lastUpdated"] == "2026-11-24T09:02:00.000Z"
    assert document["profile"] == {"name": "Genesys B", "description": "First line"}
    assert desk.model.remove_members(group, [user]) == [user]
    assert desk.document(f"/api/v1/groups/{group}")["lastMembershipUpdated"] == "2026-11-24T09:02:00.000Z"


def test_renames_name_the_attribute() -> None:
    """A rename raises group.profile.update with changedAttributes, an equal name nothing."""
    desk = Desk()
    group = desk.model.create_group("Genesys A")
    desk.forget_events()
    desk.model.rename_group(group, "Genesys A")
    desk.model.update_group(group, name="Genesys B", description="Second line")
    assert desk.types() == ["group.profile.update"]
    assert desk.events()[0].debug == {"changedAttributes": "name,description"}
    with pytest.raises(OktaRefused):
        desk.model.create_group("Genesys B")


@pytest.mark.parametrize("told", [False, True])
def test_deleting_a_group_takes_memberships_and_assignments(told: bool) -> None:
    """The group is 404, its assignments go; whether each member's removal is told is a switch."""
    desk = Desk(group_delete_removes=told)
    user, group = desk.user(), desk.model.create_group("Genesys A")
    desk.model.assign_group(group)
    desk.model.add_members(group, [user])
    desk.forget_events()
    desk.model.delete_group(group)
    assert desk.types() == ([PART] if told else []) + ["group.lifecycle.delete", REMOVE]
    assert desk.get(f"/api/v1/groups/{group}").status == 404
    assert desk.get(f"/api/v1/groups/{group}/users").status == 404
    assert desk.document(f"/api/v1/apps/{desk.app_id}/groups") == []
    assert desk.document(f"/api/v1/users/{user}/groups") == []


def test_assigning_a_group_assigns_its_members_by_a_job() -> None:
    """The assignment and its members' application memberships share a JOB with a ``gam`` id and no client."""
    desk = Desk()
    users, group = desk.users(2), desk.model.create_group("Genesys A")
    desk.model.add_members(group, users)
    desk.forget_events()
    desk.model.assign_group(group)
    assert desk.types() == ["group.application_assignment.add", ADD, ADD]
    assert {(entry.transaction.type, entry.transaction.id[:3]) for entry in desk.events()} == {("JOB", "gam")}
    assert desk.events()[0].debug["groupAppAssignmentId"].startswith("gam")
    assert desk.events()[1].actor == desk.model.actor
    found = desk.document(f"/api/v1/apps/{desk.app_id}/users")
    assert {each["scope"] for each in found} == {"GROUP"}
    assert all(each["_links"]["group"]["href"].endswith(group) for each in found)
    with pytest.raises(OktaRefused):
        desk.model.assign_group(group)


def test_whoever_is_assigned_individually_or_by_another_group_stays_assigned() -> None:
    """Unassigning a group unassigns only those whom nothing else assigns."""
    desk = Desk()
    single, double, only = desk.users(3)
    one, two = desk.model.create_group("Genesys A"), desk.model.create_group("Genesys B")
    desk.model.add_members(one, [single, double, only])
    desk.model.add_members(two, [double])
    desk.model.assign_group(one)
    desk.model.assign_group(two)
    desk.model.assign_user(single)
    desk.forget_events()
    desk.model.unassign_group(one)
    assert desk.types() == ["group.application_assignment.remove", REMOVE]
    assert set(desk.model.assignments[desk.app_id]) == {single, double}
    with pytest.raises(OktaRefused):
        desk.model.unassign_group(one)


def test_an_individual_assignment_on_top_of_a_group_changes_the_scope_alone() -> None:
    """Scope goes GROUP -> USER -> GROUP without membership events, and the AppUser id stays."""
    desk = Desk()
    user, group = desk.user(), desk.model.create_group("Genesys A")
    desk.model.add_members(group, [user])
    desk.model.assign_group(group)
    before = desk.model.assignments[desk.app_id][user].app_user_id
    desk.forget_events()
    with pytest.raises(OktaRefused):
        desk.model.unassign_user(user)
    desk.model.assign_user(user)
    url = f"/api/v1/apps/{desk.app_id}/users/{user}"
    assert desk.document(url)["scope"] == "USER"
    desk.model.unassign_user(user)
    assert desk.document(url)["scope"] == "GROUP"
    assert desk.events() == []
    assert desk.model.assignments[desk.app_id][user].app_user_id == before


def test_leaving_the_group_ends_the_assignment_that_it_gave() -> None:
    """A removed member loses the group's assignment, by a job of its own."""
    desk = Desk()
    user, group = desk.user(), desk.model.create_group("Genesys A")
    desk.model.assign_group(group)
    desk.model.add_members(group, [user])
    desk.forget_events()
    desk.model.remove_members(group, [user])
    assert desk.types() == [PART, REMOVE]
    assert [entry.transaction.type for entry in desk.events()] == ["WEB", "JOB"]
    response = desk.get(f"/api/v1/apps/{desk.app_id}/users/{user}")
    assert response.status == 404
    assert b"E0000007" in response.body


def test_individual_assignment_and_its_end() -> None:
    """assign_user and unassign_user are requests of their own, with three targets."""
    desk = Desk()
    user = desk.user()
    desk.forget_events()
    desk.model.assign_user(user, user_name="brook", profile={"region": "north"})
    document = desk.document(f"/api/v1/apps/{desk.app_id}/users/{user}")
    assert (document["scope"], document["status"], document["syncState"]) == ("USER", "ACTIVE", "DISABLED")
    assert document["credentials"] == {"userName": "brook"}
    assert document["profile"] == {"region": "north"}
    desk.model.unassign_user(user)
    assert desk.types() == [ADD, REMOVE]
    targets = desk.events()[0].targets or ()
    assert {(target.type, target.id[:3]) for target in targets} == {
        ("AppUser", "0ua"),
        ("AppInstance", "0oa"),
        ("User", "00u"),
    }
    desk.model.deactivate(user)
    with pytest.raises(OktaRefused):
        desk.model.assign_user(user)


def test_changes_of_an_app_user() -> None:
    """A profile raises membership.update, a userName change_username, a status nothing; a set name stays set."""
    desk = Desk()
    user = desk.user()
    desk.model.assign_user(user)
    desk.forget_events()
    desk.model.update_app_user(user, profile={"region": "south"})
    desk.model.update_app_user(user, user_name="ada")
    desk.model.update_app_user(user, status="PENDING")
    assert desk.types() == ["application.user_membership.update", "application.user_membership.change_username"]
    desk.model.update_profile(user, {"login": "ada.stone@example.com"})
    document = desk.document(f"/api/v1/apps/{desk.app_id}/users/{user}")
    assert (document["credentials"]["userName"], document["status"]) == ("ada", "PENDING")
    with pytest.raises(OktaRefused):
        desk.model.update_app_user(desk.user("other@example.com"), status="PENDING")


def test_switching_the_application_off_keeps_its_assignments() -> None:
    """An inactive application still lists its users and raises no membership events."""
    desk = Desk()
    user = desk.user()
    desk.model.assign_user(user)
    desk.forget_events()
    desk.model.deactivate_app()
    assert desk.document(f"/api/v1/apps/{desk.app_id}")["status"] == "INACTIVE"
    assert len(desk.document(f"/api/v1/apps/{desk.app_id}/users")) == 1
    desk.model.activate_app()
    desk.model.update_app("Genesys")
    assert desk.types() == [f"application.lifecycle.{step}" for step in ("deactivate", "activate", "update")]
    target = (desk.events()[-1].targets or ())[0]
    assert target.extra == {"changeDetails": {"from": {"label": "Genesys Cloud"}, "to": {"label": "Genesys"}}}
    with pytest.raises(OktaRefused):
        desk.model.activate_app()


@pytest.mark.parametrize("told", [False, True])
def test_deleting_the_application(told: bool) -> None:
    """Only an inactive application is deleted; then it is 404; members' removals are told by switch."""
    desk = Desk(app_delete_removes=told)
    desk.model.assign_user(desk.user())
    with pytest.raises(OktaRefused):
        desk.model.delete_app()
    desk.model.deactivate_app()
    desk.forget_events()
    desk.model.delete_app()
    assert desk.types() == ([REMOVE] if told else []) + ["application.lifecycle.delete"]
    assert desk.get(f"/api/v1/apps/{desk.app_id}").status == 404
    assert desk.get(f"/api/v1/apps/{desk.app_id}/users").status == 404


def test_another_application_has_assignments_of_its_own() -> None:
    """Assignments to a second application are told with that application's id and change nothing in the first."""
    desk = Desk()
    user, other = desk.user(), desk.model.create_app("Another Product", name="another")
    desk.forget_events()
    desk.model.assign_user(user, app_id=other)
    targets = {target.type: target for target in desk.events()[0].targets or ()}
    assert targets["AppInstance"].id == other
    assert targets["AppInstance"].alternate_id == "Another Product"
    assert desk.document(f"/api/v1/apps/{desk.app_id}/users") == []


def test_group_assignment_profiles_change_with_an_event() -> None:
    """A changed assignment profile is shown and raises group.application_assignment.update."""
    desk = Desk()
    group = desk.model.create_group("Genesys A")
    with pytest.raises(OktaRefused):
        desk.model.update_group_assignment(group, profile={"region": "north"})
    desk.model.assign_group(group)
    desk.model.update_group_assignment(group, profile={"region": "north"})
    assert desk.document(f"/api/v1/apps/{desk.app_id}/groups")[0]["profile"] == {"region": "north"}
    assert desk.types()[-1] == "group.application_assignment.update"


def test_a_job_of_ones_own_and_quiet_changes() -> None:
    """Within `job` acts share one JOB; within `quietly` they raise nothing but happen."""
    desk = Desk()
    users = desk.users(2)
    desk.forget_events()
    with desk.model.job() as transaction:
        for user in users:
            desk.model.deactivate(user)
    assert {(entry.transaction.type, entry.transaction.id) for entry in desk.events()} == {("JOB", transaction)}
    desk.forget_events()
    with desk.model.quietly():
        desk.model.activate(users[0])
    assert desk.events() == []
    assert desk.model.users[users[0]].status == "ACTIVE"
