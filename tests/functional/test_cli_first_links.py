"""Holds of groups that were just linked, decided together: each as it was shown, signed and recorded singly."""

from __future__ import annotations

import json

import pytest

from bridge.provisioning.hold_records import Verdict
from tests.stages.cli_office import APPROVER, Office

NAMES = "stack-Operations-1A:names"


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    """Three groups that were just linked with members whom Okta has not, and one that has long been linked."""
    office = Office()
    monkeypatch.setattr("botocore.auth.get_current_datetime", office.stage.world.clock.now)
    office.aws.functions[NAMES] = lambda payload: office.stage.operations.handle(payload, reader=True, names=True)
    world = office.stage.world
    users = world.provisioned(40)
    okta_id, _ = world.linked_group("Long ago", users)
    world.okta.remove_members(okta_id, users[:30])
    world.happen()
    for number, name in enumerate(("First", "Second", "Third"), 1):
        world.genesys.edit_members(world.genesys.add_group(name), add=world.genesys_ids(users[:number]))
        created = world.okta.create_group(name)
        world.okta.add_members(created, users[39:])
        world.okta.assign_group(created)
    world.happen()
    return office


def group(office: Office, name: str) -> str:
    """The Okta id of a group."""
    return next(each.id for each in office.stage.world.okta.groups.current.values() if each.name == name)


def members(office: Office, name: str) -> int:
    """How many members the Genesys Cloud group has."""
    world = office.stage.world
    return len(world.genesys.members(next(key for key, each in world.genesys.groups().items() if each == name)))


def test_they_are_shown_with_their_counts_and_decided_together(office: Office) -> None:
    """One question for all of them; the hold of a ceiling is none of them and stays open."""
    firsts = {name: group(office, name) for name in ("First", "Second", "Third")}
    shown = office.bridge("holds approve --first-links --why OPS-7", typed="n\n", code=1).out
    for number, (name, okta_id) in enumerate(firsts.items(), 1):
        line = next(each for each in shown.splitlines() if okta_id in each)
        assert name in line
        assert f"W={number} " in line
    assert group(office, "Long ago") not in shown
    assert [members(office, name) for name in firsts] == [2, 3, 4]
    document = json.loads(office.bridge("holds approve --first-links --why OPS-7 --yes --wait --json").out)
    assert sorted(each["entity"] for each in document["decided"]) == sorted(f"group:{each}" for each in firsts.values())
    assert [members(office, name) for name in firsts] == [1, 1, 1]
    store = office.stage.world.store
    for okta_id in firsts.values():
        hold = store.hold(f"group:{okta_id}")
        assert hold is not None
        assert (hold.state.value, hold.by, hold.why) == ("done", APPROVER, "OPS-7")
    assert office.stage.world.hold(group(office, "Long ago"))[0] == "open"
    decisions = [payload for function, payload in office.aws.invoked if "Approvals" in function]
    assert len({payload["identity"] for payload in decisions}) == len(decisions) == 3
    assert office.ask("holds approve --first-links --why OPS-7")["decided"] == []


def test_they_are_kept_together(office: Office) -> None:
    """A rejection makes exceptions of everybody whom they stage."""
    office.bridge("holds reject --first-links --why OPS-8 --yes --wait")
    assert [members(office, name) for name in ("First", "Second", "Third")] == [2, 3, 4]
    assert len(office.stage.world.store.exceptions(f"group:{group(office, 'Third')}")) == 3


def test_one_that_is_decided_meanwhile_is_left_and_named(office: Office) -> None:
    """The others are decided; it ends with 1."""
    world, second = office.stage.world, f"group:{group(office, 'Second')}"
    approve = office.aws.functions["stack-Approvals-2B"]

    def overtaken(payload: dict[str, object]) -> object:
        if payload["entity"] == second:
            world.decide(second, Verdict.REJECT, by="arn:aws:sts::1:assumed-role/x/kim")
        return approve(payload)

    office.aws.functions["stack-Approvals-2B"] = overtaken
    document = json.loads(office.bridge("holds approve --first-links --why OPS-9 --yes --json", code=1).out)
    assert {each["entity"] for each in document["decided"] if not each["ok"]} == {second}
    world.settle()
    assert [members(office, name) for name in ("First", "Second", "Third")] == [1, 3, 1]


def test_usage(office: Office) -> None:
    """One hold or all first links, never both and never neither; a revision is that of one hold."""
    assert "one of HOLD" in office.bridge("holds approve --why OPS-1 --yes", code=2).err
    assert "one of HOLD" in office.bridge(f"holds approve {group(office, 'First')} --first-links --why A", code=2).err
    assert "--revision" in office.bridge("holds reject --first-links --revision 2 --why A", code=2).err
