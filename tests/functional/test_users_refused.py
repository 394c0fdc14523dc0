"""What Genesys Cloud refuses, or accepts and does not hold: left out by name, said once, and tried again in time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bridge.items import Reason
from bridge.mapping import attribute_map as attribute_map_module
from bridge.mapping.attribute_map import AttributeMap
from bridge.settings import UserNameSource
from bridge_local.faults import Fault
from bridge_local.genesys.faults import pretended, refused
from bridge_local.genesys.switches import GenesysSwitches
from tests.world import World

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
DEPARTMENT = f"{ENTERPRISE}:department"


def company(**switches: Any) -> World:
    """A company whose Genesys Cloud answers so."""
    return World(genesys_switches=GenesysSwitches(**switches))


def hired(world: World, **profile: Any) -> str:
    """Somebody who has an account; the calls of that are forgotten."""
    user = world.hired(**profile)
    world.genesys.calls.clear()
    return user


def with_divisions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the map take the division over, which the default one leaves out."""
    document = json.loads(Path(attribute_map_module.__file__).with_name("default_map.json").read_text("utf-8"))
    for entry in document["attributes"]:
        entry["enabled"] = entry["enabled"] if "enabled" in entry and not entry["target"].endswith("division") else True
    document["attributes"] = [entry for entry in document["attributes"] if not entry["target"].endswith("manager")]

    def parsed(user_name: UserNameSource, default_region: str) -> AttributeMap:
        return AttributeMap.parse(json.dumps(document), user_name=user_name, default_region=default_region)

    monkeypatch.setattr("tests.world.attribute_map", parsed)


def night(world: World, days: float = 1) -> None:
    """Days pass, and a whole reconcile runs."""
    world.clock.advance(days * 86_400)
    world.reconcile_whole()


@pytest.mark.parametrize("names", ["fieldName", "detail", "nothing"])
@pytest.mark.parametrize("culprit", ["title", DEPARTMENT, 'phoneNumbers[type eq "mobile"].value'])
def test_one_refused_attribute_does_not_stop_the_others(names: Any, culprit: str) -> None:
    """Named by the refusal or found by leaving out: the rest arrives, nobody is parked, the attribute is named once."""
    world = company(refusal_names=names, refused_attributes={culprit})
    user = hired(world)
    profile = {"title": "Manager", "department": "Sales", "mobilePhone": "+1 415 555 0100", "lastName": "Stone"}
    world.okta.update_profile(user, profile)
    world.happen()
    account = world.account(user)
    held = {"title": account.get("title"), DEPARTMENT: account[ENTERPRISE].get("department")}
    phones = {phone["type"]: phone["value"] for phone in account.get("phoneNumbers", ())}
    held['phoneNumbers[type eq "mobile"].value'] = phones.get("mobile")
    assert held.pop(culprit) is None
    assert all(held.values())
    assert account["displayName"] == "Ada Stone"
    assert world.last(f"user:{user}").refused == (culprit,)
    assert not world.store.parked
    assert len(world.genesys.calls) <= 16
    world.okta.update_profile(user, {"lastName": "Brook"})
    world.happen()
    assert world.account(user)["displayName"] == "Ada Brook"
    assert world.last(f"user:{user}").refused == ()


@pytest.mark.parametrize("names", ["fieldName", "nothing"])
def test_single_attribute_that_is_refused_is_told_from_a_service_that_refuses(names: Any) -> None:
    """The change is that attribute alone: a PATCH that changes nothing is accepted, so it is about the value."""
    world = company(refusal_names=names, refused_attributes={"title"})
    user = hired(world)
    world.okta.update_profile(user, {"title": "Manager"})
    world.happen()
    assert world.last(f"user:{user}").refused == ("title",)
    assert not world.store.parked
    calls = len(world.genesys.calls)
    world.okta.update_profile(user, {"title": "Manager"})
    world.happen()
    assert len(world.genesys.calls) == calls


@pytest.mark.parametrize("names", ["fieldName", "detail", "nothing"])
def test_person_is_made_without_the_attribute_that_is_refused(names: Any) -> None:
    """A POST is refused for one value: the account is made without it, and everything else comes along."""
    world = company(refusal_names=names, refused_attributes={"title"})
    user = world.person("Ada Brook", title="Adviser", department="Sales")
    world.happen()
    account = world.account(user)
    assert (account["active"], account.get("title"), account[ENTERPRISE]["department"]) == (True, None, "Sales")
    assert world.last(f"user:{user}").outcome == "created"
    assert world.last(f"user:{user}").refused == ("title",)
    assert not world.store.parked


def test_person_whose_name_is_refused_is_parked() -> None:
    """Without userName and displayName there is no account."""
    world = company(refused_attributes={"displayName"})
    user = world.person("Ada Brook", title="Adviser")
    world.happen()
    assert not world.accounts()
    assert world.parked(f"user:{user}") == ["genesys-400"]


@pytest.mark.parametrize(
    "switches",
    [
        {"refused_attributes": {"title"}},
        {"ignored_attributes": {"title"}},
        {"recased_attributes": {"title"}},
        {"trims_values": True},
    ],
)
def test_nights_cost_nothing_until_something_changes(switches: dict[str, Any]) -> None:
    """Refused, dropped, recased or trimmed: silent for a week, whatever asks; then tried once more."""
    world = company(**switches)
    user = hired(world)
    world.okta.update_profile(user, {"title": "Head  of Sales"})
    world.happen()
    assert world.last(f"user:{user}").refused == ("title",)
    writes = world.calls("PATCH")
    for _ in range(3):
        night(world)
        world.ask(f"user:{user}", Reason.RECONCILE)
        world.settle()
    assert world.calls("PATCH") == writes
    assert not world.store.parked
    night(world, 7)
    assert world.calls("PATCH") > writes
    writes = world.calls("PATCH")
    night(world)
    assert world.calls("PATCH") == writes


@pytest.mark.parametrize("again", ["value", "operator", "map", "hash key"])
def test_what_is_refused_is_tried_again_when_something_changes(again: str) -> None:
    """Okta's value, an operator's sync, another map or hash key: and it arrives once Genesys Cloud takes it."""
    world = company(ignored_attributes={"title"})
    user = hired(world)
    world.okta.update_profile(user, {"title": "Manager"})
    world.happen()
    world.genesys_switches.ignored_attributes.clear()
    if again == "value":
        world.okta.update_profile(user, {"title": "Director"})
        world.happen()
    elif again == "operator":
        world.ask(f"user:{user}")
        world.settle()
    else:
        if again == "map":
            world.variables["DEFAULT_PHONE_REGION"] = "DE"
        else:
            world.hash_key = "n" * 32
        world.restart()
        night(world)
    assert world.account(user).get("title") == ("Director" if again == "value" else "Manager")
    assert world.store.user_links[user].refused == {}
    assert not world.store.parked


def test_value_held_in_another_form_is_cleared_when_okta_drops_it() -> None:
    """What Genesys Cloud made of a value of ours is ours to clear."""
    world = company(recased_attributes={"title"})
    user = hired(world)
    world.okta.update_profile(user, {"title": "Manager"})
    world.happen()
    assert world.account(user)["title"]
    world.okta.update_profile(user, {"title": None})
    world.happen()
    assert "title" not in world.account(user)


def test_value_of_somebody_else_stays_where_ours_was_refused() -> None:
    """A title by hand is not ours to clear because Genesys Cloud refused another one."""
    world = company(refused_attributes={"title"})
    user = hired(world)
    world.genesys_switches.refused_attributes.clear()
    world.genesys.edit_user(world.account(user)["id"], {"title": "By hand"})
    world.genesys_switches.refused_attributes.add("title")
    world.okta.update_profile(user, {"title": "Manager"})
    world.happen()
    world.ask(f"user:{user}", Reason.RECONCILE)
    world.settle()
    world.genesys_switches.refused_attributes.clear()
    world.okta.update_profile(user, {"title": None})
    world.happen()
    assert world.account(user)["title"] == "By hand"


def test_journal_of_a_refusal_names_what_was_sent() -> None:
    """A PATCH that is refused whole: the attributes stand in the journal, no value does."""
    world = company()
    user = hired(world)
    world.genesys.faults.add(Fault("PATCH ", refused(400)))
    world.okta.update_profile(user, {"title": "Manager", "lastName": "Stone"})
    world.happen()
    assert world.last(f"user:{user}").changed == ("displayName", "title")
    assert world.parked(f"user:{user}") == ["genesys-400"]


@pytest.mark.parametrize("status", ["400", "409"])
def test_activation_without_a_licence_is_parked_and_the_rest_is_done(status: Any) -> None:
    """Everything else is written; parked once with that reason, and done when there is a licence."""
    world = company(licence_refusal=status)
    user = hired(world)
    world.okta.suspend(user)
    world.happen()
    world.genesys_switches.licences = 0
    world.okta.update_profile(user, {"title": "Manager"})
    world.okta.unsuspend(user)
    world.happen()
    assert (world.account(user)["active"], world.account(user)["title"]) == (False, "Manager")
    assert world.parked(f"user:{user}") == ["activation-refused"]
    world.ask(f"user:{user}", Reason.RECONCILE)
    world.settle()
    assert world.parked(f"user:{user}") == ["activation-refused"]
    world.genesys_switches.licences = None
    world.ask(f"user:{user}", Reason.RECONCILE)
    world.settle()
    assert world.account(user)["active"] is True
    assert not world.store.parked


def test_hire_without_a_licence_has_an_inactive_account_and_is_parked_with_the_reason() -> None:
    """No active account is to be had: everything is written, and the activation follows when there is a licence."""
    world = company(licences=0)
    user = world.person("Ada Brook", title="Adviser")
    world.happen()
    assert (world.account(user)["active"], world.account(user)["title"]) == (False, "Adviser")
    assert world.parked(f"user:{user}") == ["activation-refused"]
    world.genesys_switches.licences = None
    world.ask(f"user:{user}", Reason.RECONCILE)
    world.settle()
    assert world.account(user)["active"] is True
    assert not world.store.parked


def test_case_of_a_division_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Genesys Cloud has its own spelling: nothing is written."""
    with_divisions(monkeypatch)
    world = company()
    world.genesys.directory.divisions.add("Sales East")
    user = hired(world, division="SALES EAST")
    assert world.account(user)[ENTERPRISE]["division"] == "Sales East"
    for reason in (Reason.RECONCILE, Reason.OPERATOR):
        world.ask(f"user:{user}", reason)
        world.settle()
    assert world.calls("PATCH") == 0
    assert world.last(f"user:{user}").refused == ()


@pytest.mark.parametrize("answer", ["400", "ignored"])
def test_unknown_division_is_left_out(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A division that Genesys Cloud does not have: named, and the person has an account all the same."""
    with_divisions(monkeypatch)
    world = company(unknown_division=answer)
    user = world.person("Ada Brook", division="Nowhere", title="Adviser")
    world.happen()
    assert world.account(user)["title"] == "Adviser"
    assert world.last(f"user:{user}").refused == (f"{ENTERPRISE}:division",)
    assert not world.store.parked


def test_a_value_shown_by_the_answer_alone_is_not_written_every_night() -> None:
    """A PATCH answers with the new title and keeps the old one: the next night it is read back, and then left out."""
    world = company()
    user = hired(world, title="Agent")
    world.genesys.faults.add(Fault(r"PATCH .*/users/", pretended(world.genesys)))
    world.okta.update_profile(user, {"title": "Manager"})
    world.happen()
    night(world)
    assert world.last(f"user:{user}").refused == ("title",)
    for _ in range(2):
        world.genesys.calls.clear()
        night(world)
        assert not [call for call in world.genesys.calls if call.method == "PATCH"]
