"""Syncs of users: creating them, whatever their profile holds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.provisioning import scim
from bridge_local.genesys.switches import GenesysSwitches
from tests.world import World

FULL: dict[str, Any] = {
    "title": "Adviser",
    "department": "Service",
    "employeeNumber": "4711",
    "primaryPhone": "(317) 555-0100",
    "mobilePhone": "+49 151 23456789",
}
WORK_PHONE = 'phoneNumbers[type eq "work"].value'
MOBILE_PHONE = 'phoneNumbers[type eq "mobile"].value'
DEPARTMENT = f"{scim.ENTERPRISE_USER}:department"


def test_assigned_user_is_created_with_every_mapped_attribute() -> None:
    """An assignment becomes one active Genesys Cloud user with the whole default map, by one POST."""
    world = World()
    user = world.person("Ada Brook", **FULL)
    world.happen()
    account = world.account(user)
    paths = ("userName", "displayName", "title", scim.WORK_EMAIL, WORK_PHONE, MOBILE_PHONE, DEPARTMENT)
    held = scim.read_values(account, [*paths, f"{scim.ENTERPRISE_USER}:employeeNumber", "active", "externalId"])
    assert held == {
        "userName": "ada.brook@example.com",
        "displayName": "Ada Brook",
        "title": "Adviser",
        scim.WORK_EMAIL: "ada.brook@example.com",
        WORK_PHONE: "+13175550100",
        MOBILE_PHONE: "+4915123456789",
        DEPARTMENT: "Service",
        f"{scim.ENTERPRISE_USER}:employeeNumber": "4711",
        "active": True,
        "externalId": user,
    }
    assert world.calls() == world.calls("POST", "users") == 1
    assert world.last(f"user:{user}").outcome == "created"


def test_minimal_profile_is_enough() -> None:
    """A login, and a first and a last name, make a whole user."""
    world = World()
    user = world.person("Ada Brook")
    world.happen()
    account = world.account(user)
    assert (account["userName"], account["displayName"]) == ("ada.brook@example.com", "Ada Brook")
    assert not account.get("phoneNumbers")


def test_profile_without_a_usable_user_name_is_parked() -> None:
    """A login that is no e-mail address makes no user: the item is parked and names the attribute only."""
    world = World()
    user = world.okta.create_user({"login": "adabrook", "email": "adabrook", "firstName": "Ada", "lastName": "Brook"})
    world.okta.assign_user(user)
    world.happen()
    assert world.parked(f"user:{user}") == ["unmappable-profile"]
    assert [parked.detail for parked in world.store.parked.values()] == ["userName"]
    assert not world.accounts()


def test_parked_profile_is_done_and_its_parking_closed_once_it_is_mended() -> None:
    """A later sync that succeeds closes what was parked."""
    world = World()
    user = world.okta.create_user({"login": "adabrook", "email": "adabrook", "firstName": "Ada", "lastName": "Brook"})
    world.okta.assign_user(user)
    world.happen()
    world.okta.update_profile(user, {"email": "ada.brook@example.com"})
    world.ask(f"user:{user}")
    world.happen()
    assert world.account(user)["userName"] == "ada.brook@example.com"
    assert not world.store.parked


def test_unparsable_phone_is_left_out_and_named_by_its_path() -> None:
    """A number that is none never reaches Genesys Cloud; the journal names the attribute, not the value."""
    world = World()
    user = world.person("Ada Brook", primaryPhone="call reception", mobilePhone="+49 151 23456789")
    world.happen()
    assert [entry["type"] for entry in world.account(user)["phoneNumbers"]] == ["mobile"]
    entry = world.last(f"user:{user}")
    assert entry.unmapped == (WORK_PHONE,)
    assert "reception" not in repr(entry)


@pytest.mark.parametrize("before", ["adopted", "created"])
def test_assignment_through_a_group_creates_as_well(before: str) -> None:
    """Members of an assigned group are created, each once, also when one exists there already."""
    world = World()
    people = [world.person(f"Person{number} Test", assigned=False) for number in range(3)]
    if before == "adopted":
        world.genesys.add_user({"userName": "person1.test@example.com", "displayName": "Person1 Test"})
    group = world.okta.create_group("Agents")
    world.okta.add_members(group, people)
    world.okta.assign_group(group)
    world.happen()
    assert {world.account(user)["active"] for user in people} == {True}
    assert len(world.accounts()) == 3


def test_random_password_is_sent_once_and_kept_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    """SYNC_PASSWORD=random: the POST carries it; no record, item, journal or log does."""
    world = World({"SYNC_PASSWORD": "random"})
    user = world.person("Ada Brook")
    world.happen()
    world.okta.update_profile(user, {"title": "Manager"})
    world.happen()
    bodies = [call.body for call in world.genesys.calls if call.body and "scim" in call.path]
    assert ["password" in body for body in bodies] == [True, False]
    captured = capsys.readouterr()
    assert "Made-up-Passw0rd" not in repr(vars(world.store)) + captured.out + captured.err
    assert "Made-up-Passw0rd" not in json.dumps([vars(record) for record in world.idempotency.records.values()])


def test_without_the_switch_no_password_is_sent() -> None:
    """SYNC_PASSWORD=none leaves it to Genesys Cloud."""
    world = World()
    world.person("Ada Brook")
    world.happen()
    assert all("password" not in (call.body or {}) for call in world.genesys.calls if "scim" in call.path)


@pytest.mark.parametrize("answer", ["restored-201", "restored-200", "new"])
@pytest.mark.parametrize("by_id", ["404", "inactive"])
def test_user_name_of_a_deleted_genesys_user_can_be_had(answer: str, by_id: str) -> None:
    """Whether Genesys Cloud restores the deleted user or makes a new one, there is one active account."""
    switches = GenesysSwitches(deleted_user_name=answer, deleted_by_id=by_id)  # type: ignore[arg-type] # both answers
    world = World(genesys_switches=switches)
    world.genesys.delete_user(world.genesys.add_user({"userName": "ada.brook@example.com", "displayName": "Old"}))
    user = world.person("Ada Brook")
    world.happen()
    assert world.account(user)["active"] is True
    assert world.account(user)["displayName"] == "Ada Brook"


def test_restored_user_who_answers_inactive_is_activated() -> None:
    """A POST whose answer shows an inactive user is followed by the PATCH that activates."""
    world = World()
    create = world.genesys._users.create

    def inactive(body: dict[str, object]) -> object:
        return create({**body, "active": False})

    object.__setattr__(world.genesys._users, "create", inactive)
    user = world.person("Ada Brook")
    world.happen()
    assert world.account(user)["active"] is True
    assert world.last(f"user:{user}").outcome == "created"
