"""The Okta model's groups, applications and assignments."""

from __future__ import annotations

import pytest

from bridge_local.okta import OktaRefused
from bridge_local.okta.ids import EVERYONE
from tests.models.okta_org import Context

ADD, REMOVE = "application.user_membership.add", "application.user_membership.remove"
JOIN, PART = "group.user_membership.add", "group.user_membership.remove"


@pytest.mark.parametrize("job", [True, False])
def test_a_bulk_of_members_is_one_transaction(job: bool) -> None:
    """Several members at once share one transaction; that it is a JOB is a switch. Each has its own event."""
    context = Context(job_of_bulk_adds=job)
    users, group = context.users(3), context.model.create_group("Genesys A")
    context.forget_events()
    assert context.model.add_members(group, users) == users
    assert context.types() == [JOIN] * 3
    assert {entry.transaction.type for entry in context.events()} == {"JOB" if job else "WEB"}
    assert len({entry.transaction.id for entry in context.events()}) == 1
    assert context.model.add_members(group, users) == []
    assert len(context.events()) == 3


def test_membership_changes_move_last_membership_updated_and_nothing_else_does() -> None:
    """``lastMembershipUpdated`` tells of members alone, ``lastUpdated`` of the profile alone."""
    context = Context()
    user, group = context.user(), context.model.create_group("Genesys A", "First line")
    context.clock.move(60)
    context.model.add_members(group, [user])
    context.clock.move(60)
    context.model.rename_group(group, "Genesys B")
    document = context.document(f"/api/v1/groups/{group}")
    assert document["created"] == "2026-11-24T09:00:00.000Z"
    assert document["lastMembershipUpdated"] == "2026-11-24T09:01:00.000Z"
    assert document["lastUpdated"] == "2026-11-24T09:02:00.000Z"
    assert document["profile"] == {"name": "Genesys B", "description": "First line"}
    assert context.model.remove_members(group, [user]) == [user]
    assert context.document(f"/api/v1/groups/{group}")["lastMembershipUpdated"] == "2026-11-24T09:02:00.000Z"


def test_renames_name_the_attribute() -> None:
    """A rename raises group.profile.update with changedAttributes, an equal name nothing."""
    context = Context()
    group = context.model.create_group("Genesys A")
    context.forget_events()
    context.model.rename_group(group, "Genesys A")
    context.model.update_group(group, name="Genesys B", description="Second line")
    assert context.types() == ["group.profile.update"]
    assert context.events()[0].debug == {"changedAttributes": "name,description"}
    with pytest.raises(OktaRefused):
        context.model.create_group("Genesys B")


@pytest.mark.parametrize("told", [False, True])
def test_deleting_a_group_takes_memberships_and_assignments(told: bool) -> None:
    """The group is 404, its assignments go; whether each member's removal is told is a switch."""
    context = Context(group_delete_removes=told)
    user, group = context.user(), context.model.create_group("Genesys A")
    context.model.assign_group(group)
    context.model.add_members(group, [user])
    context.forget_events()
    context.model.delete_group(group)
    assert context.types() == ([PART] if told else []) + ["group.lifecycle.delete", REMOVE]
    assert context.get(f"/api/v1/groups/{group}").status == 404
    assert context.get(f"/api/v1/groups/{group}/users").status == 404
    assert context.document(f"/api/v1/apps/{context.app_id}/groups") == []
    assert [each["id"] for each in context.document(f"/api/v1/users/{user}/groups")] == [EVERYONE]


def test_everyone_has_everybody_who_is_not_deprovisioned() -> None:
    """A BUILT_IN group that Okta keeps: no event tells of it, administrators cannot change it, it is found by name."""
    context = Context()
    staged, ada, ben = context.user("s@example.com", activate=False), context.user(), context.user("b@example.com")
    context.model.suspend(ada)
    context.model.deactivate(ben)
    assert PART not in context.types()
    [found] = context.document("/api/v1/groups?q=every")
    assert (found["id"], found["type"], found["profile"]["name"]) == (EVERYONE, "BUILT_IN", "Everyone")
    assert context.document(f"/api/v1/groups/{EVERYONE}")["type"] == "BUILT_IN"
    assert {each["id"] for each in context.document(f"/api/v1/groups/{EVERYONE}/users")} == {staged, ada}
    assert context.document(f"/api/v1/users/{ben}/groups") == []
    context.model.activate(ben)
    assert [each["id"] for each in context.document(f"/api/v1/users/{ben}/groups")] == [EVERYONE]
    for change in (context.model.add_members, context.model.remove_members):
        with pytest.raises(OktaRefused, match="BUILT_IN"):
            change(EVERYONE, [ada])
    with pytest.raises(OktaRefused, match="BUILT_IN"):
        context.model.delete_group(EVERYONE)
    with pytest.raises(OktaRefused, match="BUILT_IN"):
        context.model.rename_group(EVERYONE, "All")


def test_whoever_is_in_everyone_is_assigned_through_it() -> None:
    """Everyone may be assigned to the application like any group: who comes later is assigned too."""
    context = Context()
    early = context.user()
    context.model.assign_group(EVERYONE)
    late = context.user("late@example.com")
    assert set(context.model.assignments[context.app_id].current) == {early, late}


def test_assigning_a_group_assigns_its_members_by_a_job() -> None:
    """The assignment and its members' application memberships share a JOB with a ``gam`` id and no client."""
    context = Context()
    users, group = context.users(2), context.model.create_group("Genesys A")
    context.model.add_members(group, users)
    context.forget_events()
    context.model.assign_group(group)
    assert context.types() == ["group.application_assignment.add", ADD, ADD]
    assert {(entry.transaction.type, entry.transaction.id[:3]) for entry in context.events()} == {("JOB", "gam")}
    assert context.events()[0].debug["groupAppAssignmentId"].startswith("gam")
    assert context.events()[1].actor == context.model.actor
    found = context.document(f"/api/v1/apps/{context.app_id}/users")
    assert {each["scope"] for each in found} == {"GROUP"}
    assert all(each["_links"]["group"]["href"].endswith(group) for each in found)
    with pytest.raises(OktaRefused):
        context.model.assign_group(group)


def test_anyone_who_is_assigned_individually_or_by_another_group_stays_assigned() -> None:
    """Unassigning a group unassigns only those whom nothing else assigns."""
    context = Context()
    single, double, only = context.users(3)
    one, two = context.model.create_group("Genesys A"), context.model.create_group("Genesys B")
    context.model.add_members(one, [single, double, only])
    context.model.add_members(two, [double])
    context.model.assign_group(one)
    context.model.assign_group(two)
    context.model.assign_user(single)
    context.forget_events()
    context.model.unassign_group(one)
    assert context.types() == ["group.application_assignment.remove", REMOVE]
    assert set(context.model.assignments[context.app_id]) == {single, double}
    with pytest.raises(OktaRefused):
        context.model.unassign_group(one)


def test_an_individual_assignment_on_top_of_a_group_changes_the_scope_alone() -> None:
    """Scope goes GROUP -> USER -> GROUP without membership events, and the AppUser id stays."""
    context = Context()
    user, group = context.user(), context.model.create_group("Genesys A")
    context.model.add_members(group, [user])
    context.model.assign_group(group)
    before = context.model.assignments[context.app_id][user].app_user_id
    context.forget_events()
    with pytest.raises(OktaRefused):
        context.model.unassign_user(user)
    context.model.assign_user(user)
    url = f"/api/v1/apps/{context.app_id}/users/{user}"
    assert context.document(url)["scope"] == "USER"
    context.model.unassign_user(user)
    assert context.document(url)["scope"] == "GROUP"
    assert context.events() == []
    assert context.model.assignments[context.app_id][user].app_user_id == before


def test_leaving_the_group_ends_the_assignment_that_it_gave() -> None:
    """A removed member loses the group's assignment, by a job of its own."""
    context = Context()
    user, group = context.user(), context.model.create_group("Genesys A")
    context.model.assign_group(group)
    context.model.add_members(group, [user])
    context.forget_events()
    context.model.remove_members(group, [user])
    assert context.types() == [PART, REMOVE]
    assert [entry.transaction.type for entry in context.events()] == ["WEB", "JOB"]
    response = context.get(f"/api/v1/apps/{context.app_id}/users/{user}")
    assert response.status == 404
    assert b"E0000007" in response.body


def test_individual_assignment_and_its_end() -> None:
    """assign_user and unassign_user are requests of their own, with three targets."""
    context = Context()
    user = context.user()
    context.forget_events()
    context.model.assign_user(user, user_name="brook", profile={"region": "north"})
    document = context.document(f"/api/v1/apps/{context.app_id}/users/{user}")
    assert (document["scope"], document["status"], document["syncState"]) == ("USER", "ACTIVE", "DISABLED")
    assert document["credentials"] == {"userName": "brook"}
    assert document["profile"] == {"region": "north"}
    context.model.unassign_user(user)
    assert context.types() == [ADD, REMOVE]
    targets = context.events()[0].targets or ()
    assert {(target.type, target.id[:3]) for target in targets} == {
        ("AppUser", "0ua"),
        ("AppInstance", "0oa"),
        ("User", "00u"),
    }
    context.model.deactivate(user)
    with pytest.raises(OktaRefused):
        context.model.assign_user(user)


def test_changes_of_an_app_user() -> None:
    """A profile raises membership.update, a userName change_username, a status nothing; a set name stays set."""
    context = Context()
    user = context.user()
    context.model.assign_user(user)
    context.forget_events()
    context.model.update_app_user(user, profile={"region": "south"})
    context.model.update_app_user(user, user_name="ada")
    context.model.update_app_user(user, status="PENDING")
    assert context.types() == ["application.user_membership.update", "application.user_membership.change_username"]
    context.model.update_profile(user, {"login": "ada.stone@example.com"})
    document = context.document(f"/api/v1/apps/{context.app_id}/users/{user}")
    assert (document["credentials"]["userName"], document["status"]) == ("ada", "PENDING")
    with pytest.raises(OktaRefused):
        context.model.update_app_user(context.user("other@example.com"), status="PENDING")


def test_switching_the_application_off_keeps_its_assignments() -> None:
    """An inactive application still lists its users and raises no membership events."""
    context = Context()
    user = context.user()
    context.model.assign_user(user)
    context.forget_events()
    context.model.deactivate_app()
    assert context.document(f"/api/v1/apps/{context.app_id}")["status"] == "INACTIVE"
    assert len(context.document(f"/api/v1/apps/{context.app_id}/users")) == 1
    context.model.activate_app()
    context.model.update_app("Genesys")
    assert context.types() == [f"application.lifecycle.{step}" for step in ("deactivate", "activate", "update")]
    target = (context.events()[-1].targets or ())[0]
    assert target.extra == {"changeDetails": {"from": {"label": "Genesys Cloud"}, "to": {"label": "Genesys"}}}
    with pytest.raises(OktaRefused):
        context.model.activate_app()


@pytest.mark.parametrize("told", [False, True])
def test_deleting_the_application(told: bool) -> None:
    """Only an inactive application is deleted; then it is 404; members' removals are told by switch."""
    context = Context(app_delete_removes=told)
    context.model.assign_user(context.user())
    with pytest.raises(OktaRefused):
        context.model.delete_app()
    context.model.deactivate_app()
    context.forget_events()
    context.model.delete_app()
    assert context.types() == ([REMOVE] if told else []) + ["application.lifecycle.delete"]
    assert context.get(f"/api/v1/apps/{context.app_id}").status == 404
    assert context.get(f"/api/v1/apps/{context.app_id}/users").status == 404


def test_another_application_has_assignments_of_its_own() -> None:
    """Assignments to a second application are told with that application's id and change nothing in the first."""
    context = Context()
    user, other = context.user(), context.model.create_app("Another Product", name="another")
    context.forget_events()
    context.model.assign_user(user, app_id=other)
    targets = {target.type: target for target in context.events()[0].targets or ()}
    assert targets["AppInstance"].id == other
    assert targets["AppInstance"].alternate_id == "Another Product"
    assert context.document(f"/api/v1/apps/{context.app_id}/users") == []


def test_group_assignment_profiles_change_with_an_event() -> None:
    """A changed assignment profile is shown and raises group.application_assignment.update."""
    context = Context()
    group = context.model.create_group("Genesys A")
    with pytest.raises(OktaRefused):
        context.model.update_group_assignment(group, profile={"region": "north"})
    context.model.assign_group(group)
    context.model.update_group_assignment(group, profile={"region": "north"})
    assert context.document(f"/api/v1/apps/{context.app_id}/groups")[0]["profile"] == {"region": "north"}
    assert context.types()[-1] == "group.application_assignment.update"


def test_a_job_of_ones_own_and_quiet_changes() -> None:
    """Within `job` acts share one JOB; within `quietly` they raise nothing but happen."""
    context = Context()
    users = context.users(2)
    context.forget_events()
    with context.model.job() as transaction:
        for user in users:
            context.model.deactivate(user)
    assert {(entry.transaction.type, entry.transaction.id) for entry in context.events()} == {("JOB", transaction)}
    context.forget_events()
    with context.model.quietly():
        context.model.activate(users[0])
    assert context.events() == []
    assert context.model.users[users[0]].status == "ACTIVE"
