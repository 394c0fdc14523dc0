"""A person's decision on a hold: kept once, in the name that AWS confirms, and carried out by the entity's own sync."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from bridge.approvals.approvals import Approvals
from bridge.approvals.signing import binding
from bridge.operations.decision_requests import parse_decision
from bridge.operations.edge import answered
from bridge.provisioning.hold_records import HoldState, Verdict
from bridge.provisioning.ports import QueueSender
from tests.stages.operations_stage import FUNCTION, BrokenQueues, Passport, Stage

TEAM = "group:00gTeamNorth00000001"
ADA, BEN = "arn:aws:iam::123456789012:user/ada", "arn:aws:sts::123456789012:assumed-role/Approvers/ben"


def test_an_approval_is_kept_and_enqueues_the_entity() -> None:
    """Who, what and why are in the record; the item is of reason hold; the hold itself is not touched."""
    stage = Stage()
    hold = stage.open_hold(TEAM, "00u1a2b3", "00u2a2b3")
    answer = stage.decide("approve", TEAM, 1, 1, by=ADA)
    assert answer["ok"], answer
    assert answer["decision"] == {
        "verdict": "approve",
        "number": 1,
        "revision": 1,
        "by": ADA,
        "why": "OPS-17",
        "at": "2026-11-24T09:00:00Z",
    }
    assert "removes those of 2 staged users" in answer["releases"]
    kept = stage.world.store.decision(TEAM, 1)
    assert kept is not None
    assert (kept.verdict, kept.by) == (Verdict.APPROVE, ADA)
    assert stage.waiting() == [(TEAM, "hold")]
    assert stage.world.store.hold(TEAM) == hold


def test_the_same_call_again_sends_the_item_again_and_decides_nothing() -> None:
    """So a queue that refused, or an answer that was lost, costs nothing; the first person stays who decided."""
    stage = Stage()
    stage.open_hold(TEAM, "00u1a2b3")
    stage.decide("approve", TEAM, 1, 1, by=ADA)
    again = stage.decide("approve", TEAM, 1, 1, by=BEN)
    assert again["ok"], again
    assert again["decision"]["by"] == ADA
    assert stage.waiting() == [(TEAM, "hold")] * 2


@pytest.mark.parametrize("state", [HoldState.APPROVED, HoldState.DONE])
def test_the_same_call_again_is_answered_though_the_sync_has_begun(state: HoldState) -> None:
    """An approval is repeatable until it is done, and afterwards says who gave it."""
    stage = Stage()
    hold = stage.open_hold(TEAM, "00u1a2b3")
    stage.decide("approve", TEAM, 1, 1)
    stage.world.store.save_hold(replace(hold, state=state))
    assert stage.decide("approve", TEAM, 1, 1)["ok"]


@pytest.mark.parametrize(("do", "revision"), [("reject", 2), ("approve", 1)])
def test_a_second_and_different_word_is_refused_by_naming_the_first(do: str, revision: int) -> None:
    """Another verdict, or another revision, once somebody has decided."""
    stage = Stage()
    hold = stage.open_hold(TEAM, "00u1a2b3")
    stage.world.store.save_hold(replace(hold, revision=2))
    stage.decide("approve", TEAM, 1, 2, by=BEN)
    answer = stage.decide(do, TEAM, 1, revision, by=ADA)
    assert answer["error"]["reason"] == "already-decided"
    assert f"{BEN} has approved revision 2 at 2026-11-24T09:00:00.000Z" in answer["error"]["message"]
    assert len(stage.waiting()) == 1


def test_an_older_revision_releases_just_what_was_seen() -> None:
    """Who was staged later waits for a decision of its own, and the answer says so."""
    stage = Stage()
    hold = stage.open_hold(TEAM, "00u1a2b3", "00u2a2b3")
    stage.world.store.save_hold(replace(hold, revision=2, staged=5))
    stage.world.store.stage(TEAM, 1, 2, ["00u3a2b3", "00u4a2b3", "00u5a2b3"])
    answer = stage.decide("approve", TEAM, 1, 1)
    assert "those of 2 staged users" in answer["releases"]
    assert "3 were staged after revision 1" in answer["releases"]


def test_a_rejection_says_that_nobody_is_removed() -> None:
    """And the hold of the organisation is decided in the same way."""
    stage = Stage()
    stage.open_hold("app", "00u1a2b3")
    assert "Nobody is removed" in stage.decide("reject", "app", 1, 1)["releases"]
    assert stage.waiting() == [("app", "hold")]
    stage.open_hold("app", "00u2a2b3", number=2)
    assert "deactivates those of 1 staged users" in stage.decide("approve", "app", 2, 1)["releases"]


def test_a_decision_while_removals_are_paused_says_that_it_waits() -> None:
    """It is kept; resuming enqueues the entity, and its sync carries the decision out."""
    stage = Stage()
    world = stage.world
    people = world.provisioned(30)
    group, genesys_group = world.linked_group("Sales", people)
    world.okta.remove_members(group, people[:20])
    world.happen()
    stage.ask("pause", what="removals")
    answer = stage.decide("approve", f"group:{group}", 1, 1)
    assert answer["releases"].endswith("Removals are paused: it waits until they are resumed.")
    world.settle()
    assert world.members(genesys_group) == set(people)
    stage.ask("resume", what="removals")
    assert stage.waiting() == [(f"group:{group}", "hold")]
    world.settle()
    assert world.members(genesys_group) == set(people[20:])


@pytest.mark.parametrize(
    ("number", "revision", "reason", "field"),
    [(2, 1, "not-found", "number"), (1, 2, "revision-unknown", "revision")],
)
def test_what_does_not_exist_cannot_be_decided(number: int, revision: int, reason: str, field: str) -> None:
    """A number or a revision that is still to come would approve what nobody has seen."""
    stage = Stage()
    stage.open_hold(TEAM, "00u1a2b3")
    error = stage.decide("approve", TEAM, number, revision)["error"]
    assert (error["reason"], error["field"]) == (reason, field)
    assert stage.decide("approve", "app", 1, 1)["error"]["reason"] == "not-found"
    assert stage.waiting() == []


@pytest.mark.parametrize("state", [HoldState.OPENING, HoldState.RESOLVED, HoldState.UNLINKED, HoldState.REJECTED])
def test_only_an_open_hold_can_be_decided(state: HoldState) -> None:
    """One that is just being written down has not been seen as a whole."""
    stage = Stage()
    stage.open_hold(TEAM, "00u1a2b3", state=state)
    assert stage.decide("approve", TEAM, 1, 1)["error"]["reason"] == "hold-not-open"
    assert stage.world.store.decision(TEAM, 1) is None


def test_an_ended_hold_is_not_decided_under_a_newer_one() -> None:
    """Anyone who goes by an old listing is told the newest number."""
    stage = Stage()
    stage.open_hold(TEAM, "00u1a2b3", state=HoldState.RESOLVED)
    stage.open_hold(TEAM, "00u1a2b3", number=2)
    error = stage.decide("approve", TEAM, 1, 1)["error"]
    assert error["reason"] == "hold-not-open"
    assert "newest is 2" in error["message"]


def test_a_hold_in_the_making_can_be_approved_as_it_was_seen_before() -> None:
    """While more users join, what was seen in an earlier revision stays what it was."""
    stage = Stage()
    hold = stage.open_hold(TEAM, "00u1a2b3")
    stage.world.store.save_hold(replace(hold, revision=2, state=HoldState.OPENING))
    assert stage.decide("approve", TEAM, 1, 1)["ok"]


def test_an_identity_that_was_signed_for_something_else_decides_nothing() -> None:
    """Another hold, another reason, another function."""
    stage = Stage()
    stage.open_hold(TEAM, "00u1a2b3")
    asked = {"do": "approve", "entity": TEAM, "number": 1, "revision": 1, "why": "OPS-17"}
    for bound in (
        binding("another-stack-Approvals", "approve", TEAM, 1, 1, "OPS-17"),
        binding(FUNCTION, "reject", TEAM, 1, 1, "OPS-17"),
        binding(FUNCTION, "approve", TEAM, 1, 1, "OPS-18"),
    ):
        decision = parse_decision({**asked, "identity": f"{ADA}|{bound}"})
        assert answered(lambda decision=decision: stage.approvals.decide(decision))["error"]["reason"] == (  # type: ignore[misc] # bound in the loop
            "identity-refused"
        )
    assert stage.world.store.decision(TEAM, 1) is None


def test_a_queue_that_refuses_keeps_the_decision_and_says_so() -> None:
    """The word is given; asking again enqueues the entity."""
    stage = Stage()
    stage.open_hold(TEAM, "00u1a2b3")
    working = stage.approvals
    world = stage.world
    stage.approvals = Approvals(world.store, cast("QueueSender", BrokenQueues()), world.clock, Passport(), FUNCTION)
    error = stage.decide("approve", TEAM, 1, 1)["error"]
    assert error["reason"] == "unavailable"
    assert "the decision is kept" in error["message"]
    stage.approvals = working
    assert stage.decide("approve", TEAM, 1, 1)["ok"]
    assert stage.waiting() == [(TEAM, "hold")]
