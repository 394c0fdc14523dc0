"""Whom a rejected hold keeps is seen wherever people look, and can be taken back."""

from __future__ import annotations

import pytest

from bridge.items import Queue
from bridge_local.faults import Fault
from bridge_local.genesys.faults import refused
from tests.stages.cli_office import APPROVER, Office
from tests.stages.operations_stage import Stage
from tests.world import World

MEMBERS = 30


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    """Signatures bear the time of the world."""
    office = Office(Stage(World({"LINKED_GROUPS": "Support"})))
    monkeypatch.setattr("botocore.auth.get_current_datetime", office.stage.world.clock.now)
    return office


def kept_members(office: Office) -> tuple[str, str, list[str]]:
    """A group whose members are all taken out in Okta, and kept by a rejection: both ids, and the members."""
    world = office.stage.world
    people = world.provisioned(MEMBERS)
    okta_id, genesys_id = world.linked_group("Support", people)
    world.okta.remove_members(okta_id, people)
    world.happen()
    office.bridge(f"holds reject {okta_id} --why OPS-2 --wait --yes")
    assert len(world.members(genesys_id)) == MEMBERS
    return okta_id, genesys_id, people


def kept_accounts(office: Office) -> list[str]:
    """Users without an assignment whose accounts a rejection keeps active."""
    world = office.stage.world
    people = world.provisioned(60)
    world.provisioned(20)
    for person in people:
        world.okta.unassign_user(person)
    world.happen()
    office.bridge("holds reject app --why OPS-3 --wait --yes")
    assert len(world.store.exceptions("app")) > 20
    return sorted(world.store.exceptions("app"))


def test_members_that_are_kept_stand_wherever_people_look(office: Office) -> None:
    """Explain of the group and of one of them, diff, status with the command, holds list and show."""
    okta_id, _, people = kept_members(office)
    explained = office.stage.ask("explain", reader=True, entity=f"group:{okta_id}")
    assert f"{MEMBERS} users stay by a rejected hold" in explained["steps"][4]["says"]
    assert f"Kept by a rejected hold: {min(people)}" in office.bridge(f"explain group {okta_id}").out
    assert office.ask(f"explain user {people[0]}")["excepted"] == [f"group:{okta_id}"]
    compared = office.ask(f"diff group {okta_id}")
    assert (compared["excepted"], compared["leaving"]) == (sorted(people), [])
    assert f"kept by a rejection  {people[0]}" in office.bridge(f"diff group {okta_id}").out
    assert office.ask("status")["excepted"] == {f"group:{okta_id}": MEMBERS}
    assert "kept by rejected holds (30): bridge holds list --all" in office.bridge("status").out
    assert office.bridge("holds list").out == "No hold is open.\n"
    [listed] = office.ask("holds list --all")["holds"]
    assert (listed["entity"], listed["state"], listed["excepted"]) == (f"group:{okta_id}", "rejected", MEMBERS)
    assert people[0] in office.bridge(f"holds show {okta_id}").out


def test_accounts_that_are_kept_stand_wherever_people_look(office: Office) -> None:
    """The organisation's hold likewise."""
    people = kept_accounts(office)
    step = office.ask(f"explain user {people[0]}")["steps"][4]
    assert (step["state"], "holds reconsider" in step["says"]) == ("failed", True)
    assert office.ask(f"diff user {people[0]}")["excepted"] == ["app"]
    assert office.ask("status")["excepted"]["app"] == len(people)
    assert [hold["entity"] for hold in office.ask("holds list --all")["holds"]] == ["app"]


def test_one_exception_is_taken_back_and_the_user_leaves(office: Office) -> None:
    """Shown, asked, signed, in the journal with who and why; the others stay."""
    okta_id, genesys_id, people = kept_members(office)
    world = office.stage.world
    refused = office.bridge(f"holds reconsider {okta_id} --user {people[0]} --why OPS-4", code=2)
    assert people[0] in refused.out
    assert len(world.members(genesys_id)) == MEMBERS
    ran = office.bridge(f"holds reconsider {okta_id} --user {people[0]} --why OPS-4", typed="y\n")
    assert f"Taken back for 1 user, by {APPROVER}, as AWS confirmed." in ran.out
    entry = next(each for each in world.journal(f"group:{okta_id}") if each.outcome == "reconsidered")
    assert (entry.read["ticket"], entry.read["users"]) == ("OPS-4", people[0])
    world.settle()
    assert world.members(genesys_id) == set(people[1:])


def test_all_exceptions_are_taken_back_and_judged_anew(office: Office) -> None:
    """The ceiling holds for them as for everybody: nobody is removed, and a new hold waits."""
    okta_id, genesys_id, _ = kept_members(office)
    world = office.stage.world
    office.bridge(f"holds reconsider {okta_id} --why OPS-5 --yes")
    world.settle()
    assert world.store.exceptions(f"group:{okta_id}") == frozenset()
    assert len(world.members(genesys_id)) == MEMBERS
    assert world.hold(okta_id)[0] == "open"


def test_an_exception_that_is_not_there_is_refused(office: Office) -> None:
    """Nothing is asked, nothing is signed."""
    okta_id, _, _ = kept_members(office)
    ran = office.bridge(f"holds reconsider {okta_id} --user 00uNobody0000000001 --why OPS-6 --yes", code=1)
    assert "keeps no such user" in ran.err


def test_a_signature_for_one_user_is_none_for_all(office: Office) -> None:
    """What is bound is the user, too."""
    okta_id, _, people = kept_members(office)
    function = office.aws.functions["stack-Approvals-2B"]
    office.aws.functions["stack-Approvals-2B"] = lambda payload: function({**payload, "user": None})
    ran = office.bridge(f"holds reconsider {okta_id} --user {people[0]} --why OPS-4 --yes", code=3)
    assert "(identity-refused)" in ran.err
    assert len(office.stage.world.store.exceptions(f"group:{okta_id}")) == MEMBERS


def test_an_approved_hold_says_how_many_are_done(office: Office) -> None:
    """Of the organisation's hold, whose accounts end one by one."""
    world = office.stage.world
    people = world.provisioned(60)
    world.provisioned(20)
    for person in people:
        world.okta.unassign_user(person)
    world.happen()
    staged = office.ask("holds list")["holds"][0]["staged"]
    office.bridge("holds approve app --why OPS-7 --yes")
    while world.store.hold("app").state.value != "done":  # type: ignore[union-attr] # there is one
        world.work(Queue.USERS)
    world.genesys.faults.add(Fault("PATCH .*/users/", refused(503)))
    [release] = office.ask("status --seconds 0")["releases"]
    assert (release["entity"], release["approved"]) == ("app", staged)
    assert release["released"] < staged
    line = f"The approved hold of app is {release['released']} of {staged} done: bridge holds show app"
    assert line in office.bridge("status --seconds 0").out
    world.genesys.faults.clear()
    world.settle()
    assert office.ask("status --seconds 0")["releases"] == []
    hold = office.ask("holds show app")["hold"]
    assert (hold["approved"], hold["released"]) == (staged, staged)
    assert ["done", str(staged), "of", str(staged)] in [
        line.split() for line in office.bridge("holds show app").out.splitlines()
    ]


def test_the_report_of_a_reconcile_names_whom_rejections_keep(office: Office) -> None:
    """Counted and named like everything else that it finds."""
    _, _, people = kept_members(office)
    run = office.stage.world.reconcile_whole()
    assert run.counts["excepted"] == MEMBERS
    assert sorted(run.ids["excepted"]) == sorted(people)
    assert "excepted" in office.bridge("reconcile --report").out
