"""The command line over the real functions: what an operator and an approver do, and what Genesys Cloud holds then."""

from __future__ import annotations

import pytest

from bridge.items import Reason, make_item
from bridge.provisioning.records import ParkedItem
from bridge_local.exchange import Request, Response
from bridge_local.faults import Fault, Serve
from tests.stages.cli_office import APPROVER, Office

MEMBERS = 30


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    """Signatures bear the time of the world."""
    office = Office()
    monkeypatch.setattr("botocore.auth.get_current_datetime", office.stage.world.clock.now)
    return office


def emptied(office: Office) -> tuple[str, str, list[str]]:
    """A linked group of 30 whose members are all removed in Okta: both ids, and the members."""
    world = office.stage.world
    people = world.provisioned(MEMBERS)
    okta_id, genesys_id = world.linked_group("Support", people)
    assert len(world.members(genesys_id)) == MEMBERS
    world.okta.remove_members(okta_id, people)
    world.happen()
    return okta_id, genesys_id, people


def test_an_approval_removes_whom_it_showed(office: Office) -> None:
    """List, show, approve, wait: nobody before, everybody after; the approver is whom STS confirmed."""
    okta_id, genesys_id, people = emptied(office)
    world = office.stage.world
    [listed] = office.ask("holds list")["holds"]
    assert (listed["entity"], listed["staged"], listed["state"]) == (f"group:{okta_id}", MEMBERS, "open")
    assert len(world.members(genesys_id)) == MEMBERS
    shown = office.ask(f"holds show {okta_id} --limit 3")
    assert len(shown["staged"]) == 3
    everybody = office.ask(f"holds show {okta_id} --all")["staged"]
    assert [staged["user"] for staged in everybody] == sorted(people)
    ran = office.bridge(f"holds approve {okta_id} --why OPS-1 --wait", typed="y\n")
    assert f"Approve: recorded for {APPROVER}, as AWS confirmed." in ran.out
    assert ran.out.endswith(f"group:{okta_id}: done.\n")
    assert world.members(genesys_id) == set()
    assert f"decided   approve revision 1 by {APPROVER}: OPS-1" in office.bridge(f"holds show {okta_id}").out
    assert office.bridge("holds list").out == "No hold is open.\n"


def test_the_status_follows_an_approval_call_by_call(office: Office) -> None:
    """Before each of three calls it says how many have gone; when all have, there is nothing left to follow."""
    office.stage.world.variables["MEMBERS_PER_REQUEST"] = "10"
    okta_id, genesys_id, _ = emptied(office)
    seen: list[tuple[int, int]] = []

    def watch(request: Request, serve: Serve) -> Response:
        [release] = office.ask("status --seconds 0")["releases"]
        seen.append((release["released"], release["approved"]))
        return serve(request)

    office.stage.world.genesys.faults.add(Fault("PATCH .*/groups/", watch))
    office.bridge(f"holds approve {okta_id} --why OPS-1 --wait --yes")
    assert office.stage.world.members(genesys_id) == set()
    assert seen == [(0, MEMBERS), (10, MEMBERS), (20, MEMBERS)]
    assert office.ask("status --seconds 0")["releases"] == []


def test_a_rejection_keeps_the_members(office: Office) -> None:
    """They are exceptions: a sync by hand removes nobody either."""
    okta_id, genesys_id, _ = emptied(office)
    office.bridge(f"holds reject {okta_id} --why OPS-2 --wait --yes")
    office.bridge(f"sync group {okta_id} --yes")
    assert len(office.stage.world.members(genesys_id)) == MEMBERS
    assert office.ask(f"holds show {okta_id}")["hold"]["state"] == "rejected"


def test_who_is_staged_after_the_sync_of_the_hold_is_not_approved(office: Office) -> None:
    """What was shown is revision 1; the newcomer of revision 2 stays, and waits in a hold of their own."""
    okta_id, genesys_id, people = emptied(office)
    world = office.stage.world
    world.okta.add_members(okta_id, people[:1])
    world.happen()
    world.okta.remove_members(okta_id, people[:1])
    world.happen()
    ran = office.bridge(f"holds approve {okta_id} --why OPS-3 --revision 1 --yes", code=1)
    assert "revision 3, not 1" in ran.err
    assert len(world.members(genesys_id)) == MEMBERS


def test_a_signature_for_one_decision_is_none_for_another(office: Office) -> None:
    """Anyone who takes an approval off the wire cannot turn it into a rejection."""
    okta_id, genesys_id, _ = emptied(office)
    function = office.aws.functions["stack-Approvals-2B"]
    office.aws.functions["stack-Approvals-2B"] = lambda payload: function({**payload, "do": "reject"})
    ran = office.bridge(f"holds approve {okta_id} --why OPS-4 --yes", code=3)
    assert "(identity-refused)" in ran.err
    assert office.stage.world.store.decision(f"group:{okta_id}", 1) is None
    assert genesys_id


def test_sync_repairs_what_was_changed_by_hand(office: Office) -> None:
    """It shows what differs, asks, and shows what was done."""
    world = office.stage.world
    person = world.person("Ada Brook", title="Lead")
    world.happen()
    world.genesys.edit_user(world.account(person)["id"], {"title": "Intern"})
    compared = office.bridge(f"diff user {person}").out
    assert "title      Lead       Intern\n" in compared
    refused = office.bridge(f"sync user {person}", code=2)
    assert "title" in refused.out
    assert world.account(person)["title"] == "Intern"
    ran = office.bridge(f"sync user {person}", typed="y\n")
    assert "updated  (asked by operator)" in ran.out
    assert world.account(person)["title"] == "Lead"


def test_explain_walks_five_steps(office: Office) -> None:
    """All of them well for somebody who is provisioned; reach alone fails for a stranger."""
    person = office.stage.world.person("Ada Brook")
    office.stage.world.happen()
    assert [step["state"] for step in office.ask(f"explain user {person}")["steps"]] == ["ok"] * 5
    stranger = office.bridge("explain user 00uNobody00000000000")
    assert stranger.out.splitlines()[3].split()[:2] == ["reach", "failed"]


def test_diff_lists_what_observe_mode_would_have_done(office: Office) -> None:
    """Each with its calls, and nothing was called."""
    world = office.stage.world
    world.variables["MODE"] = "observe"
    world.restart()
    person = world.person("Ada Brook")
    world.happen()
    out = office.bridge("diff").out
    assert out.startswith(f"user:{person}  observed, would-create")
    assert "would POST users" in out
    assert world.accounts() == []


def test_paused_removals_become_holds_until_they_go_on(office: Office) -> None:
    """Also of one member out of thirty."""
    world = office.stage.world
    people = world.provisioned(MEMBERS)
    okta_id, genesys_id = world.linked_group("Support", people)
    office.bridge("pause removals --yes")
    said = office.bridge("status").out
    assert "Removals are paused since 2026-" in said
    assert "UTC: bridge resume removals --stack prod" in said
    world.okta.remove_members(okta_id, people[:1])
    world.happen()
    assert len(world.members(genesys_id)) == MEMBERS
    assert office.ask("holds list")["holds"][0]["reason"] == "removals-paused"
    office.bridge("resume removals --yes")
    assert office.ask("status")["paused_removals"] is False


def test_what_is_parked_is_redriven(office: Office) -> None:
    """The sync's success closes the record."""
    world = office.stage.world
    person = world.person("Ada Brook")
    world.happen()
    item = make_item(f"user:{person}", Reason.OPERATOR, "parked")
    world.store.park(ParkedItem(item.entity, item.id, item.to_json(), "ambiguous-match", "8a7b", world.clock.now()))
    assert "ambiguous-match" in office.bridge("parked list").out
    ran = office.bridge(f"parked redrive user {person} --yes")
    assert "(asked by redrive)" in ran.out
    assert office.bridge("parked list").out == "Nothing is parked.\n"


def test_a_group_gets_a_ceiling_of_its_own(office: Office) -> None:
    """What would have been held passes."""
    world = office.stage.world
    people = world.provisioned(MEMBERS)
    okta_id, genesys_id = world.linked_group("Support", people)
    office.bridge(f"group ceiling {okta_id} --percent 100 --yes")
    world.okta.remove_members(okta_id, people[1:])
    world.happen()
    assert world.members(genesys_id) == {people[0]}
