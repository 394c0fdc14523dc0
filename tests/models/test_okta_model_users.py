"""The Okta model's administration of users, and what follows from each step."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bridge_local.okta import OktaModel, OktaRefused
from tests.models.okta_org import Context

ADD, REMOVE = "application.user_membership.add", "application.user_membership.remove"


def test_creating_an_active_user_raises_create_and_activate_in_one_transaction() -> None:
    """A new active user is two events of one request, and a STAGED one is one."""
    context = Context()
    context.user()
    assert context.types() == ["user.lifecycle.create", "user.lifecycle.activate"]
    assert len({entry.transaction.id for entry in context.events()}) == 1
    context.forget_events()
    staged = context.user("staged@example.com", activate=False)
    assert context.types() == ["user.lifecycle.create"]
    assert context.model.users[staged].status == "STAGED"


def test_deactivation_takes_assignments_first_and_leaves_group_memberships() -> None:
    """Deactivation: application memberships are removed, then the user; groups stay as they are."""
    context = Context()
    user, group, other = context.user(), context.model.create_group("Genesys A"), context.model.create_app("Other")
    context.model.assign_group(group)
    context.model.add_members(group, [user])
    context.model.assign_user(user, app_id=other)
    context.forget_events()
    context.model.deactivate(user)
    assert context.types() == [REMOVE, REMOVE, "user.lifecycle.deactivate"]
    assert len({entry.transaction.id for entry in context.events()}) == 1
    assert context.model.members(group) == {user}
    assert not context.model.assignments[context.app_id].current
    assert context.document(f"/api/v1/users/{user}")["status"] == "DEPROVISIONED"


def test_activation_after_deactivation_brings_back_what_groups_give_and_nothing_individual() -> None:
    """The return from DEPROVISIONED is activate: group assignments come back, individual ones do not."""
    context = Context()
    user, group, other = context.user(), context.model.create_group("Genesys A"), context.model.create_app("Other")
    context.model.assign_group(group)
    context.model.add_members(group, [user])
    context.model.assign_user(user, app_id=other)
    context.model.deactivate(user)
    context.forget_events()
    context.model.activate(user)
    assert context.types() == ["user.lifecycle.activate", ADD]
    assert context.events()[1].transaction.uri == f"/api/v1/users/{user}/lifecycle/activate"
    assert user in context.model.assignments[context.app_id]
    assert user not in context.model.assignments[other]


def test_reactivate_is_not_the_undo_of_deactivate() -> None:
    """Reactivation is for PROVISIONED and RECOVERY, changes nothing, and a DEPROVISIONED user refuses it."""
    context = Context()
    user = context.user(status="PROVISIONED")
    context.forget_events()
    context.model.reactivate(user)
    assert context.types() == ["user.lifecycle.reactivate"]
    context.model.deactivate(user)
    with pytest.raises(OktaRefused):
        context.model.reactivate(user)


def test_suspension_keeps_assignment_and_memberships() -> None:
    """A suspended user stays assigned and a member; unsuspending brings ACTIVE back."""
    context = Context()
    user, group = context.user(), context.model.create_group("Genesys A")
    context.model.add_members(group, [user])
    context.model.assign_user(user)
    context.forget_events()
    context.model.suspend(user)
    assert context.types() == ["user.lifecycle.suspend"]
    assert user in context.model.assignments[context.app_id]
    assert context.model.members(group) == {user}
    context.model.unsuspend(user)
    assert context.model.users[user].status == "ACTIVE"


@pytest.mark.parametrize("told", [False, True])
def test_first_delete_deactivates_and_second_deletes(told: bool) -> None:
    """DELETE twice: DEPROVISIONED, then 404, groups cleared; whether members' removal is told is a switch."""
    context = Context(user_delete_removes=told)
    user, group = context.user(), context.model.create_group("Genesys A")
    context.model.add_members(group, [user])
    assert context.model.delete(user) is False
    assert context.model.users[user].status == "DEPROVISIONED"
    context.forget_events()
    assert context.model.delete(user) is True
    removes = ["group.user_membership.remove"] if told else []
    assert context.types() == ["user.lifecycle.delete.initiated", *removes, "user.lifecycle.delete.completed"]
    assert context.get(f"/api/v1/users/{user}").status == 404
    assert context.model.members(group) == frozenset()
    assert context.document(f"/api/v1/groups/{group}/users") == []
    context.user()


def test_update_profile_names_what_changed_and_stays_silent_otherwise() -> None:
    """Only names of attributes that really changed are told; no change, no event; None clears."""
    context = Context()
    user = context.user()
    context.forget_events()
    assert context.model.update_profile(user, {"title": "Clerk", "firstName": "Ada", "lastName": None}) == [
        "title",
        "lastName",
    ]
    assert context.events()[0].debug["changedAttributes"] == "title,lastName"
    assert context.model.update_profile(user, {"title": "Clerk"}) == []
    assert len(context.events()) == 1
    profile = context.document(f"/api/v1/users/{user}")["profile"]
    assert profile["lastName"] is None
    assert "department" not in profile


@pytest.mark.parametrize(("attribute", "follows"), [("login", True), ("email", False)])
def test_app_user_name_follows_the_profile_with_an_event_that_no_hook_gets(attribute: str, follows: bool) -> None:
    """A new login changes the application's userName: change_username, which only the System Log has."""
    context = Context()
    user = context.user()
    context.model.assign_user(user)
    context.forget_events()
    context.model.update_profile(user, {attribute: "ada.stone@example.com"})
    expected = ["user.account.update_profile"]
    expected += ["application.user_membership.change_username"] if follows else []
    assert context.types() == expected
    name = context.document(f"/api/v1/apps/{context.app_id}/users/{user}")["credentials"]["userName"]
    assert (name == "ada.stone@example.com") is follows


def test_a_login_belongs_to_one_user_and_moves_with_a_rename() -> None:
    """Logins are unique without case; a user is found by id and by the present login."""
    context = Context()
    user = context.user()
    with pytest.raises(OktaRefused):
        context.user("ADA.BROOK@example.com")
    context.model.update_profile(user, {"login": "ada.stone@example.com"})
    assert context.document("/api/v1/users/ada.stone%40example.com")["id"] == user
    assert context.get("/api/v1/users/ada.brook%40example.com").status == 404
    other = context.user()
    with pytest.raises(OktaRefused):
        context.model.update_profile(other, {"login": "ada.stone@example.com"})


@pytest.mark.parametrize("both", [False, True])
def test_primary_email_by_self_service(both: bool) -> None:
    """The self-service change raises its own, ineligible event, and by switch also update_profile."""
    context = Context(primary_email_is_update=both)
    user = context.user()
    context.forget_events()
    context.model.update_primary_email(user, "ada@example.org")
    more = ["user.account.update_profile"] if both else []
    assert context.types() == ["user.account.update_primary_email", *more]


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
    context = Context()
    user = context.user()
    for step in steps:
        step(context.model, user)
    assert context.model.users[user].status == status
    assert context.types()[-1] == event_type


def test_a_lock_is_a_failure_of_severity_debug() -> None:
    """Lock-outs come with outcome FAILURE: anyone who acts on SUCCESS alone ignores them."""
    context = Context()
    context.model.lock_out(context.user())
    entry = context.events()[-1]
    assert (entry.result, entry.reason, entry.severity) == ("FAILURE", "LOCKED_OUT", "DEBUG")


def test_user_type_changes_without_a_hookable_event() -> None:
    """A new user type is in the document and raises update_user_type."""
    context = Context()
    user = context.user()
    context.model.change_user_type(user, "otyContractorTypeX5d")
    assert context.document(f"/api/v1/users/{user}")["type"]["id"] == "otyContractorTypeX5d"
    assert context.types()[-1] == "user.account.update_user_type"


@pytest.mark.parametrize("at_once", [True, False])
def test_staged_users_are_assigned_at_once_or_on_activation(at_once: bool) -> None:
    """Whether a STAGED user is assigned before activation is a switch."""
    context = Context(staged_assignments=at_once)
    user, group = context.user(activate=False), context.model.create_group("Genesys A")
    context.model.assign_group(group)
    context.model.add_members(group, [user])
    assert (user in context.model.assignments[context.app_id]) is at_once
    context.forget_events()
    context.model.activate(user)
    assert user in context.model.assignments[context.app_id]
    assert context.types() == ["user.lifecycle.activate"] + ([] if at_once else [ADD])


@pytest.mark.parametrize("follows", [False, True])
def test_app_user_status_follows_suspension_by_switch(follows: bool) -> None:
    """An AppUser of a suspended user stays ACTIVE, or shows SUSPENDED, by switch."""
    context = Context(app_user_status_follows=follows)
    user = context.user()
    context.model.assign_user(user)
    context.model.suspend(user)
    url = f"/api/v1/apps/{context.app_id}/users/{user}"
    assert context.document(url)["status"] == ("SUSPENDED" if follows else "ACTIVE")
    context.model.unsuspend(user)
    assert context.document(url)["status"] == "ACTIVE"


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
    context = Context()
    user = context.user()
    with pytest.raises(OktaRefused):
        act(context.model, user)
