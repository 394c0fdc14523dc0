"""The Okta model's administration of users, and what follows from each step."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bridge_local.okta import OktaModel, OktaRefused
from tests.unit.okta_model_org import Desk

ADD, REMOVE = "application.user_membership.add", "application.user_membership.remove"


def test_creating_an_active_user_raises_create_and_activate_in_one_transaction() -> None:
    """A new active user is two events of one request, and a STAGED one is one."""
    desk = Desk()
    desk.user()
    assert desk.types() == ["user.lifecycle.create", "user.lifecycle.activate"]
    assert len({entry.transaction.id for entry in desk.events()}) == 1
    desk.forget_events()
    staged = desk.user("staged@example.com", activate=False)
    assert desk.types() == ["user.lifecycle.create"]
    assert desk.model.users[staged].status == "STAGED"


def test_deactivation_takes_assignments_first_and_leaves_group_memberships() -> None:
    """Deactivation: application memberships are removed, then the user; groups stay as they are."""
    desk = Desk()
    user, group, other = desk.user(), desk.model.create_group("Genesys A"), desk.model.create_app("Other")
    desk.model.assign_group(group)
    desk.model.add_members(group, [user])
    desk.model.assign_user(user, app_id=other)
    desk.forget_events()
    desk.model.deactivate(user)
    assert desk.types() == [REMOVE, REMOVE, "user.lifecycle.deactivate"]
    assert len({entry.transaction.id for entry in desk.events()}) == 1
    assert desk.model.members(group) == {user}
    assert not desk.model.assignments[desk.app_id].current
    assert desk.document(f"/api/v1/users/{user}")["status"] == "DEPROVISIONED"


def test_activation_after_deactivation_brings_back_what_groups_give_and_nothing_individual() -> None:
    """The return from DEPROVISIONED is activate: group assignments come back, individual ones do not."""
    desk = Desk()
    user, group, other = desk.user(), desk.model.create_group("Genesys A"), desk.model.create_app("Other")
    desk.model.assign_group(group)
    desk.model.add_members(group, [user])
    desk.model.assign_user(user, app_id=other)
    desk.model.deactivate(user)
    desk.forget_events()
    desk.model.activate(user)
    assert desk.types() == ["user.lifecycle.activate", ADD]
    assert desk.events()[1].transaction.uri == f"/api/v1/users/{user}/lifecycle/activate"
    assert user in desk.model.assignments[desk.app_id]
    assert user not in desk.model.assignments[other]


def test_reactivate_is_not_the_undo_of_deactivate() -> None:
    """Reactivation is for PROVISIONED and RECOVERY, changes nothing, and a DEPROVISIONED user refuses it."""
    desk = Desk()
    user = desk.user(status="PROVISIONED")
    desk.forget_events()
    desk.model.reactivate(user)
    assert desk.types() == ["user.lifecycle.reactivate"]
    desk.model.deactivate(user)
    with pytest.raises(OktaRefused):
        desk.model.reactivate(user)


def test_suspension_keeps_assignment_and_memberships() -> None:
    """A suspended user stays assigned and a member; unsuspending brings ACTIVE back."""
    desk = Desk()
    user, group = desk.user(), desk.model.create_group("Genesys A")
    desk.model.add_members(group, [user])
    desk.model.assign_user(user)
    desk.forget_events()
    desk.model.suspend(user)
    assert desk.types() == ["user.lifecycle.suspend"]
    assert user in desk.model.assignments[desk.app_id]
    assert desk.model.members(group) == {user}
    desk.model.unsuspend(user)
    assert desk.model.users[user].status == "ACTIVE"


@pytest.mark.parametrize("told", [False, True])
def test_first_delete_deactivates_and_second_deletes(told: bool) -> None:
    """DELETE twice: DEPROVISIONED, then 404, groups cleared; whether members' removal is told is a switch."""
    desk = Desk(user_delete_removes=told)
    user, group = desk.user(), desk.model.create_group("Genesys A")
    desk.model.add_members(group, [user])
    assert desk.model.delete(user) is False
    assert desk.model.users[user].status == "DEPROVISIONED"
    desk.forget_events()
    assert desk.model.delete(user) is True
    removes = ["group.user_membership.remove"] if told else []
    assert desk.types() == ["user.lifecycle.delete.initiated", *removes, "user.lifecycle.delete.completed"]
    assert desk.get(f"/api/v1/users/{user}").status == 404
    assert desk.model.members(group) == frozenset()
    assert desk.document(f"/api/v1/groups/{group}/users") == []
    desk.user()


def test_update_profile_names_what_changed_and_stays_silent_otherwise() -> None:
    """Only names of attributes that really changed are told; no change, no event; None clears."""
    desk = Desk()
    user = desk.user()
    desk.forget_events()
    assert desk.model.update_profile(user, {"title": "Clerk", "firstName": "Ada", "lastName": None}) == [
        "title",
        "lastName",
    ]
    assert desk.events()[0].debug["changedAttributes"] == "title,lastName"
    assert desk.model.update_profile(user, {"title": "Clerk"}) == []
    assert len(desk.events()) == 1
    profile = desk.document(f"/api/v1/users/{user}")["profile"]
    assert profile["lastName"] is None
    assert "department" not in profile


@pytest.mark.parametrize(("attribute", "follows"), [("login", True), ("email", False)])
def test_app_user_name_follows_the_profile_with_an_event_that_no_hook_gets(attribute: str, follows: bool) -> None:
    """A new login changes the application's userName: change_username, which only the System Log has."""
    desk = Desk()
    user = desk.user()
    desk.model.assign_user(user)
    desk.forget_events()
    desk.model.update_profile(user, {attribute: "ada.stone@example.com"})
    expected = ["user.account.update_profile"]
    expected += ["application.user_membership.change_username"] if follows else []
    assert desk.types() == expected
    name = desk.document(f"/api/v1/apps/{desk.app_id}/users/{user}")["credentials"]["userName"]
    assert (name == "ada.stone@example.com") is follows


def test_a_login_belongs_to_one_user_and_moves_with_a_rename() -> None:
    """Logins are unique without case; a user is found by id and by the present login."""
    desk = Desk()
    user = desk.user()
    with pytest.raises(OktaRefused):
        desk.user("ADA.BROOK@example.com")
    desk.model.update_profile(user, {"login": "ada.stone@example.com"})
    assert desk.document("/api/v1/users/ada.stone%40example.com")["id"] == user
    assert desk.get("/api/v1/users/ada.brook%40example.com").status == 404
    other = desk.user()
    with pytest.raises(OktaRefused):
        desk.model.update_profile(other, {"login": "ada.stone@example.com"})


@pytest.mark.parametrize("both", [False, True])
def test_primary_email_by_self_service(both: bool) -> None:
    """The self-service change raises its own, ineligible event, and by switch also update_profile."""
    desk = Desk(primary_email_is_update=both)
    user = desk.user()
    desk.forget_events()
    desk.model.update_primary_email(user, "ada@example.org")
    more = ["user.account.update_profile"] if both else []
    assert desk.types() == ["user.account.update_primary_email", *more]


Step = Callable[[OktaModel, str], object]


@pytest.mark.parametrize(
    ("steps", "status", "event_type"),
    [
        ([OktaModel.expire_password], "PASSWORD_EXPIRED", "user.account.expire_password"),
        ([OktaModel.reset_password], "RECOVERY", "user.account.reset_password"),
        ([OktaModel.expire_password, OktaModel.update_password], "ACTIVE", "user.account.update_password"),
        ([OktaModel.lock_out], "LOCKED_OUT", "user.account.lock"),
        ([OktaModel.lock_out, OktaModel.unlock], "ACTIVE", "user.account.unlock_by_admin"),
    ],
)
def test_statuses_around_passwords(steps: list[Step], status: str, event_type: str) -> None:
    """Password and lock steps change the status with their event."""
    desk = Desk()
    user = desk.user()
    for step in steps:
        step(desk.model, user)
    assert desk.model.users[user].status == status
    assert desk.types()[-1] == event_type


def test_a_lock_is_a_failure_of_severity_debug() -> None:
    """Lock-outs come with outcome FAILURE: whoever acts on SUCCESS alone ignores them."""
    desk = Desk()
    desk.model.lock_out(desk.user())
    entry = desk.events()[-1]
    assert (entry.result, entry.reason, entry.severity) == ("FAILURE", "LOCKED_OUT", "DEBUG")


def test_user_type_changes_without_a_hookable_event() -> None:
    """A new user type is in the document and raises update_user_type."""
    desk = Desk()
    user = desk.user()
    desk.model.change_user_type(user, "otyContractorTypeX5d")
    assert desk.document(f"/api/v1/users/{user}")["type"]["id"] == "otyContractorTypeX5d"
    assert desk.types()[-1] == "user.account.update_user_type"


@pytest.mark.parametrize("at_once", [True, False])
def test_staged_users_are_assigned_at_once_or_on_activation(at_once: bool) -> None:
    """Whether a STAGED user is assigned before activation is a switch."""
    desk = Desk(staged_assignments=at_once)
    user, group = desk.user(activate=False), desk.model.create_group("Genesys A")
    desk.model.assign_group(group)
    desk.model.add_members(group, [user])
    assert (user in desk.model.assignments[desk.app_id]) is at_once
    desk.forget_events()
    desk.model.activate(user)
    assert user in desk.model.assignments[desk.app_id]
    assert desk.types() == ["user.lifecycle.activate"] + ([] if at_once else [ADD])


@pytest.mark.parametrize("follows", [False, True])
def test_app_user_status_follows_suspension_by_switch(follows: bool) -> None:
    """An AppUser of a suspended user stays ACTIVE, or shows SUSPENDED, by switch."""
    desk = Desk(app_user_status_follows=follows)
    user = desk.user()
    desk.model.assign_user(user)
    desk.model.suspend(user)
    url = f"/api/v1/apps/{desk.app_id}/users/{user}"
    assert desk.document(url)["status"] == ("SUSPENDED" if follows else "ACTIVE")
    desk.model.unsuspend(user)
    assert desk.document(url)["status"] == "ACTIVE"


@pytest.mark.parametrize(
    "act",
    [
        lambda model, _: model.create_user({"firstName": "Ada"}),
        lambda model, user: model.activate(user),
        lambda model, user: model.unsuspend(user),
        lambda model, _: model.deactivate("00uNobodyAtAllHere5d7"),
        lambda model, user: model.add_members("00gNoSuchGroupHere5d7", [user]),
        lambda model, _: model.create_user({"login": "x@example.com"}, status="HAPPY"),
    ],
)
def test_what_okta_refuses_is_an_error(act: Callable[[OktaModel, str], object]) -> None:
    """Acts that Okta does not permit raise OktaRefused."""
    desk = Desk()
    user = desk.user()
    with pytest.raises(OktaRefused):
        act(desk.model, user)
