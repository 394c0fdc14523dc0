"""Syncs of users whose account is there already, or not where it was: adopt, wait, move, recreate."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.items import Reason
from bridge.provisioning.user_records import Origin, UserState
from bridge_local.genesys.switches import GenesysSwitches
from tests.world import World

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ADA = {"userName": "ada.brook@example.com", "displayName": "Ada by hand"}
BOTH_ANSWERS = [
    {"finds_inactive": True, "uniqueness_type": True},
    {"finds_inactive": True, "uniqueness_type": False},
    {"finds_inactive": False, "uniqueness_type": True},
    {"finds_inactive": False, "uniqueness_type": False},
]


def world_with(**switches: Any) -> World:
    """A world whose Genesys Cloud answers so."""
    return World(genesys_switches=GenesysSwitches(**switches))


@pytest.mark.parametrize("switches", BOTH_ANSWERS)
@pytest.mark.parametrize("active", [True, False])
def test_holder_of_the_user_name_is_adopted(switches: dict[str, bool], active: bool) -> None:
    """409 on the POST: the one account with the userName, active or not, becomes this user's."""
    world = world_with(**switches)
    made = world.genesys.add_user({**ADA, "userName": "ADA.Brook@example.com", "active": active})
    user = world.person("Ada Brook", title="Adviser")
    world.happen()
    account = world.account(user)
    assert (account["id"], account["active"], account["title"]) == (made, True, "Adviser")
    assert account["displayName"] == "Ada Brook"
    assert world.last(f"user:{user}").outcome == "adopted"
    assert world.store.user_links[user].origin is Origin.ADOPTED


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize(
    ("email", "other"),
    [
        pytest.param("strasser@example.com", "stra\u00dfer@example.com", id="sharp s"),
        pytest.param("\u212aate@example.com", "kate@example.com", id="sign for kelvin"),
        pytest.param("\u017fue@example.com", "sue@example.com", id="long s"),
    ],
)
def test_a_letter_is_not_another_one_where_case_is_ignored(email: str, other: str, *, active: bool) -> None:
    """Genesys Cloud may take the two for one name: the account is somebody else's all the same, and stays as it is."""
    world = World()
    made = world.genesys.add_user({"userName": other, "displayName": "Somebody else", "active": active})
    world.person("Ada Brook", email=email)
    world.settle()
    assert [(each["id"], each["displayName"], each["active"]) for each in world.accounts() if each["id"] == made] == [
        (made, "Somebody else", active)
    ]


@pytest.mark.parametrize("switches", BOTH_ANSWERS)
@pytest.mark.parametrize("active", [True, False])
def test_holder_of_the_external_id_is_adopted(switches: dict[str, bool], active: bool) -> None:
    """409 for the externalId: an account that the native application made under another e-mail is found."""
    world = world_with(**switches)
    user = world.person("Ada Brook")
    made = world.genesys.add_user(
        {"userName": "old@example.com", "displayName": "Ada", "externalId": user, "active": active}
    )
    world.happen()
    account = world.account(user)
    assert (account["id"], account["active"], account["userName"]) == (made, True, "ada.brook@example.com")


def test_two_accounts_that_match_are_parked() -> None:
    """One has the userName, another the externalId: a person decides, and sees both ids."""
    world = World()
    user = world.person("Ada Brook")
    ids = {
        world.genesys.add_user(ADA),
        world.genesys.add_user({"userName": "old@example.com", "displayName": "Ada", "externalId": user}),
    }
    world.happen()
    assert world.parked(f"user:{user}") == ["ambiguous-match"]
    [parked] = world.store.parked.values()
    assert set(parked.detail.split()) == ids
    world.okta.update_profile(user, {"title": "Adviser"})
    world.happen()
    world.ask(f"user:{user}", Reason.RECONCILE)
    world.settle()
    assert world.parked(f"user:{user}") == ["ambiguous-match"]
    assert not world.store.user_links[user].genesys_id


@pytest.mark.parametrize("known", [True, False])
def test_account_of_a_living_okta_user_is_parked_in_the_end(known: bool) -> None:
    """Anyone who owns it by our records, or by its externalId, lives: after 15 minutes a person is asked."""
    world = World()
    owner = world.person("Bea Long", assigned=known, email="shared@example.com")
    if known:
        world.happen()
    else:
        world.genesys.add_user({"userName": "shared@example.com", "displayName": "Bea", "externalId": owner})
    user = world.person("Ada Brook", email="shared@example.com")
    begun = world.clock.now()
    world.happen()
    assert world.parked(f"user:{user}") == ["owned-by-another-user"]
    assert [parked.detail for parked in world.store.parked.values()] == [f"user:{owner}"]
    assert (world.clock.now() - begun).total_seconds() >= 900
    assert world.account(owner)["userName"] == "shared@example.com"


def test_user_name_that_its_owner_gives_up_is_waited_for() -> None:
    """A renamed user's old address goes to a new one, whichever of the two is synced first."""
    world = World()
    owner = world.person("Bea Long", email="shared@example.com")
    world.happen()
    world.okta.update_profile(owner, {"email": "bea@example.com"})
    renamed = world.events()
    user = world.person("Ada Brook", email="shared@example.com")
    world.happen()
    world.deliver(renamed)
    world.settle()
    assert world.account(user)["userName"] == "shared@example.com"
    assert world.account(owner)["userName"] == "bea@example.com"
    assert not world.store.parked


@pytest.mark.parametrize("order", ["leaver first", "together"])
def test_account_of_a_deleted_okta_user_moves(order: str) -> None:
    """Rehire: the account goes to the new Okta user without the old one's values, and the old link is gone."""
    world = World()
    old = world.person("Ada Brook", title="Agent", department="Sales", mobilePhone="+1 415 555 0100")
    world.happen()
    account = world.account(old)["id"]
    world.okta.deactivate(old)
    world.okta.delete(old)
    if order == "leaver first":
        world.happen()
    new = world.person("Ada Brook", title="Adviser")
    world.happen()
    assert (world.account(new)["id"], world.account(new)["active"]) == (account, True)
    assert world.account(new)["title"] == "Adviser"
    assert "phoneNumbers" not in world.account(new)
    assert "department" not in world.account(new).get(ENTERPRISE, {})
    assert world.store.user_links[old].state is UserState.GONE
    assert world.store.user_links[old].genesys_id == ""
    assert world.store.owners([account]) == {account: f"user:{new}"}
    assert len(world.accounts()) == 1


def test_account_of_an_okta_user_who_is_not_visible_does_not_move() -> None:
    """Our record says active and Okta says 404: that may mean "not visible", so a person is asked."""
    world = World()
    old = world.person("Ada Brook")
    world.happen()
    with world.okta.quietly():
        world.okta.deactivate(old)
        world.okta.delete(old)
    new = world.person("Ada Brook")
    world.happen()
    assert world.parked(f"user:{new}") == ["owned-by-another-user"]
    assert world.parked(f"user:{old}") == ["user-not-visible"]
    assert world.account(old)["active"] is True


def test_account_with_the_external_id_of_somebody_deleted_is_adopted() -> None:
    """The native application's account of an Okta user long gone becomes the new one's."""
    world = World()
    world.genesys.add_user({**ADA, "externalId": "00uGoneForLong00005d7"[:20]})
    user = world.person("Ada Brook")
    world.happen()
    assert world.last(f"user:{user}").outcome == "adopted"
    assert len(world.accounts()) == 1


@pytest.mark.parametrize("lag", [30, 180])
def test_holder_whom_the_search_does_not_show_yet_is_waited_for(lag: float) -> None:
    """A search trails writes: 409 with nobody to be found is patience, then adoption."""
    world = world_with(search_lag=lag)
    made = world.genesys.add_user(ADA)
    user = world.person("Ada Brook")
    world.happen()
    assert world.account(user)["id"] == made
    assert not world.store.parked


def test_holder_who_is_never_found_is_parked_after_a_quarter_of_an_hour() -> None:
    """No more than 15 minutes of patience, then a person is asked; the next item is tried once."""
    world = world_with(deleted_user_name="409")
    deleted = world.genesys.add_user(ADA)
    world.genesys.delete_user(deleted)
    user = world.person("Ada Brook")
    begun = world.clock.now()
    world.happen()
    assert world.parked(f"user:{user}") == ["account-not-visible"]
    assert 900 <= (world.clock.now() - begun).total_seconds() < 1500
    posts = world.calls("POST")
    world.ask(f"user:{user}")
    world.settle()
    assert world.calls("POST") == posts + 1


@pytest.mark.parametrize("by_id", ["404", "inactive"])
@pytest.mark.parametrize("reason", [None, Reason.OPERATOR])
@pytest.mark.parametrize("lag", [0, 60])
def test_account_that_is_gone_is_recreated(by_id: Any, reason: Reason | None, lag: float) -> None:
    """Lost in Genesys Cloud and wanted active: there again, once, however the loss shows."""
    world = world_with(deleted_by_id=by_id, search_lag=lag)
    user = world.person("Ada Brook")
    world.happen()
    world.clock.advance(lag)
    world.genesys.delete_user(world.account(user)["id"])
    world.okta.update_profile(user, {"title": "Manager"})
    if reason is not None:
        world.events()
        world.ask(f"user:{user}", reason)
    world.happen() if reason is None else world.settle()
    assert (world.account(user)["active"], world.account(user)["title"]) == (True, "Manager")
    assert world.last(f"user:{user}").outcome == ("recreated" if by_id == "404" else "activated")
    assert not world.store.parked


def test_account_that_is_gone_is_found_again_under_another_id() -> None:
    """Lost, but an account with the same address is there: relinked, not recreated."""
    world = world_with(deleted_user_name="new")
    user = world.person("Ada Brook")
    world.happen()
    world.genesys.delete_user(world.account(user)["id"])
    made = world.genesys.add_user({**ADA, "active": False})
    world.okta.update_profile(user, {"title": "Manager"})
    world.happen()
    assert (world.account(user)["id"], world.account(user)["active"]) == (made, True)
    assert world.calls("POST") == 1


def test_account_that_is_gone_is_not_recreated_for_who_lost_the_assignment() -> None:
    """Creating always needs a fresh assignment: a lost account of an unassigned user stays lost."""
    world = World()
    user = world.person("Ada Brook")
    world.happen()
    world.genesys.delete_user(world.account(user)["id"])
    with world.okta.quietly():
        world.okta.unassign_user(user)
    world.okta.update_profile(user, {"title": "Manager"})
    world.happen()
    assert not world.accounts()
    assert world.calls("POST") == 1


def test_account_that_bears_another_name_by_now_is_not_adopted() -> None:
    """A search shows who had the userName a moment ago; only who has it now is adopted."""
    world = world_with(search_lag=60)
    renamed = world.genesys.add_user(ADA)
    world.clock.advance(60)
    world.genesys.edit_user(renamed, {"userName": "other@example.com"})
    holder = world.genesys.add_user(ADA)
    user = world.person("Ada Brook")
    world.happen()
    assert world.account(user)["id"] == holder


@pytest.mark.parametrize("inactive_holder", [True, False])
@pytest.mark.parametrize("switches", BOTH_ANSWERS)
def test_taken_user_name_is_parked_with_its_holder_and_the_rest_is_written(
    switches: dict[str, bool], inactive_holder: bool
) -> None:
    """409 on a new userName: everything else arrives, and in the end a person sees who holds it."""
    world = world_with(**switches)
    user = world.person("Ada Brook")
    world.happen()
    holder = world.genesys.add_user(
        {"userName": "taken@example.com", "displayName": "Other", "active": not inactive_holder}
    )
    world.okta.update_profile(user, {"email": "taken@example.com", "title": "Manager"})
    world.happen()
    assert world.account(user)["title"] == "Manager"
    assert world.account(user)["userName"] == "ada.brook@example.com"
    assert world.parked(f"user:{user}") == ["user-name-taken"]
    assert [parked.detail for parked in world.store.parked.values()] == [holder]
    patches = [str(call.body) for call in world.genesys.calls if call.method == "PATCH"]
    assert [("userName" in body, "displayName" in body or "title" in body) for body in patches[:3]] == [
        (True, True),
        (False, True),
        (True, False),
    ]
    assert not any("title" in body for body in patches[2:])
    world.genesys.edit_user(holder, {"userName": "freed@example.com"})
    world.ask(f"user:{user}")
    world.settle()
    assert world.account(user)["userName"] == "taken@example.com"
    assert not world.store.parked


@pytest.mark.parametrize("search_lag", [0, 60])
def test_user_name_that_moved_on_is_had_after_its_holder_was_synced(search_lag: float) -> None:
    """A takes B's old name: A's sync brings B's item, although B's own event never came."""
    world = world_with(search_lag=search_lag)
    first, second = world.person("Ada Brook", title="Adviser"), world.person("Bea Long")
    world.happen()
    world.okta.update_profile(second, {"email": "bea@example.org"})
    world.events()  # lost
    world.okta.update_profile(first, {"email": "bea.long@example.com", "title": None})
    world.happen()
    assert world.account(second)["userName"] == "bea@example.org"
    assert world.account(first)["userName"] == "bea.long@example.com"
    assert "title" not in world.account(first)
    assert not world.store.parked


def test_taken_user_name_does_not_stop_an_activation() -> None:
    """Back from a suspension with a name that is taken: active at once, the name later."""
    world = World()
    user = world.person("Ada Brook")
    world.happen()
    world.okta.suspend(user)
    world.happen()
    world.genesys.add_user({"userName": "taken@example.com", "displayName": "Other"})
    world.okta.update_profile(user, {"email": "taken@example.com"})
    world.okta.unsuspend(user)
    world.happen()
    assert world.account(user)["active"] is True
    assert world.parked(f"user:{user}") == ["user-name-taken"]
