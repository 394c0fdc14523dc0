"""What native group push keeps, read before it is switched off, and linked as `bridge group link` links."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.aws import names
from bridge.provisioning.records import GroupState
from bridge_local.faults import Fault, bare, document, listed
from bridge_local.okta.faults import refused as refused_by_okta
from tests.stages.cli_office import Office

NAMES = "stack-Operations-1A:names"


@pytest.fixture
def office() -> Office:
    """An operator who may see names, in observe mode, as before a move."""
    office = Office()
    office.aws.functions[NAMES] = lambda payload: office.stage.operations.handle(payload, reader=True, names=True)
    office.stage.world.variables["MODE"] = "observe"
    office.stage.world.restart()
    return office


def pushed(office: Office, *groups: str) -> list[str]:
    """Okta groups that native group push keeps; their ids."""
    ids = [office.stage.world.okta.create_group(name) for name in groups]
    office.stage.world.okta.provision_natively("PUSH_NEW_USERS", pushed=tuple(ids))
    return ids


def states(ran: Any) -> dict[str, tuple[str, str]]:
    """State and reason by group."""
    return {each["entity"].removeprefix("group:"): (each["state"], each["why"]) for each in ran["groups"]}


def test_pushed_groups_are_previewed_and_linked_by_an_operator(office: Office) -> None:
    """Shown with both names; linked after the answer alone; again it changes nothing, and `group list` shows them."""
    world = office.stage.world
    sales, support = pushed(office, "Sales", "Support, EU")
    of_sales, of_support = world.genesys.add_group("sales"), world.genesys.add_group("Support, EU")
    shown = office.bridge("group import", typed="n\n", code=1).out
    for words in ("Sales", "Support, EU", of_sales, of_support, "to do"):
        assert words in shown
    assert not office.stage.waiting()
    assert office.ask("group import --yes")["linked"] == 2
    assert {world.store.group_links[each].linked_by for each in (sales, support)} == {"operator"}
    world.settle()
    lines = {line["entity"]: line for line in office.ask("group list")["groups"]}
    assert [lines[f"group:{each}"]["genesys_id"] for each in (sales, support)] == [of_sales, of_support]
    again = office.ask("group import --yes")
    assert (again["linked"], states(again)) == (0, dict.fromkeys((sales, support), ("done", "operator")))


def test_what_cannot_be_linked_says_why(office: Office) -> None:
    """No group of the name, several, one that is another's, one gone, one pushed under another name."""
    world = office.stage.world
    none, double, taken, other = pushed(office, "None", "Double", "Taken", "Other")
    gone = "00g0000000000000gone"
    world.okta.provision_natively(pushed=(none, double, taken, other, gone))
    made = {name: world.genesys.add_group(name) for name in ("Double", "double", "Taken", "Other")}
    world.store.owner_of[made["Taken"]] = "group:00gsomebodyelse0000"
    renamed = listed(
        lambda mappings: [
            {**each, **({"targetGroupName": "Native"} if each["sourceGroupId"] == other else {})} for each in mappings
        ]
    )
    world.okta.faults.add(Fault("GET .*/group-push/mappings", renamed))
    ran = office.bridge("group import --yes --json", code=1)
    found = states(json.loads(ran.out))
    assert found == {
        none: ("cannot", "no-match"),
        double: ("cannot", "ambiguous"),
        taken: ("cannot", "taken"),
        other: ("cannot", "pushed-under-another-name"),
        gone: ("cannot", "no-such-group"),
    }
    assert not world.store.group_links


def test_what_a_person_keeps_out_stays_out_and_what_is_not_pushed_is_not_linked(office: Office) -> None:
    """Neither is offered."""
    world = office.stage.world
    (out,) = pushed(office, "Out")
    world.genesys.add_group("Out")
    office.bridge(f"group unlink {out} --yes")
    assert states(office.ask("group import --yes")) == {out: ("kept-out", "")}
    inactive = listed(lambda mappings: [{**each, "status": "INACTIVE"} for each in mappings])
    world.okta.faults.add(Fault("GET .*/group-push/mappings", inactive))
    assert states(office.ask("group import --yes")) == {out: ("inactive", "")}
    assert world.store.group_links[out].linked_by == "operator-unlinked"


@pytest.mark.parametrize(
    "effect",
    [
        refused_by_okta(403, "E0000006"),
        refused_by_okta(401, "E0000011"),
        refused_by_okta(404, "E0000007"),
        refused_by_okta(400, "E0000001"),
        document({"mappings": []}),
        document([{"id": "gPm1"}]),
    ],
)
def test_a_listing_that_is_refused_is_unknown_and_not_none(office: Office, effect: Any) -> None:
    """In words and as JSON, and nothing is linked."""
    pushed(office, "Sales")
    office.stage.world.okta.faults.add(Fault("GET .*/group-push/mappings", effect))
    assert "unknown, and not none" in office.bridge("group import --yes", code=1).err
    assert json.loads(office.bridge("group import --yes --json", code=1).out)["error"]["reason"] == "unknown"
    assert not office.stage.world.store.group_links


def test_none_pushed_is_none(office: Office) -> None:
    """Which is an answer; an Okta that cannot answer now is asked again later."""
    assert office.ask("group import --yes") == {"ok": True, "linked": 0, "groups": []}
    office.stage.world.okta.faults.add(Fault("GET .*/group-push/mappings", bare(503)))
    office.bridge("group import --yes", code=4)


def test_the_whole_listing_is_read(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over all pages of Okta's and of the answer; a target that is not named does not matter."""
    monkeypatch.setattr(names, "PUSHED_PAGE", 7)
    office.stage.world.okta.switches.push_target_names = False
    ids = pushed(office, *(f"Group {number:02}" for number in range(45)))
    for number in range(45):
        office.stage.world.genesys.add_group(f"Group {number:02}")
    assert office.ask("group import --yes")["linked"] == 45
    office.stage.world.settle()
    assert {office.stage.world.store.group_links[each].state for each in ids} == {GroupState.LINKED}


def test_names_need_their_right_and_links_the_operators(office: Office) -> None:
    """The readers' alias answers neither."""
    assert office.stage.refused("group.import", reader=True) == "readers-may-not"
    office.aws.functions[NAMES] = office.aws.functions["stack-Operations-1A:reader"]
    office.bridge("group import", code=3)
