"""Answers of the functions for the command line's tests, made from the contract's own models."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from bridge.operations import answers, bridge_answers, hold_answers
from tests.stages.cli_stage import START

GROUP, USER, ITEM = "group:00g1a2b3", "user:00u1a2b3", "item-1"


def hold(**changes: Any) -> hold_answers.Hold:
    """An open hold of 5,000 users."""
    values: dict[str, Any] = {
        "entity": GROUP,
        "number": 1,
        "state": "open",
        "revision": 3,
        "reason": "ceiling-count",
        "explanation": "W=5000 c=0 B=5000; limits 1000 and 50 %",
        "staged": 5000,
        "events": ["event-1"],
        "opened": START,
        "changed": START + timedelta(minutes=1),
    }
    return hold_answers.Hold(**values | changes)


def shown(staged: int = 2, after: str | None = None, **changes: Any) -> dict[str, Any]:
    """A hold with its first staged users and its history."""
    users = [hold_answers.Staged(user=f"00u{number}", revision=1) for number in range(1, staged + 1)]
    change = hold_answers.HoldChange(at=START, number=1, revision=1, state="open", staged=5000)
    return hold_answers.HoldShown(hold=hold(**changes), staged=users, next=after, history=[change]).document()


def decided(verdict: Any = "approve") -> dict[str, Any]:
    """A recorded decision."""
    decision = hold_answers.Decision(
        verdict=verdict,
        number=1,
        revision=3,
        by="arn:aws:sts::123456789012:assumed-role/Ops/kim",
        why="OPS-1",
        at=START,
    )
    return hold_answers.Decided(
        decision=decision, item=ITEM, releases="Those of 5000 users who are still to go."
    ).document()


def entry(outcome: str = "updated", **changes: Any) -> answers.Entry:
    """A journal entry that answers `ITEM`."""
    values: dict[str, Any] = {
        "entity": USER,
        "at": START,
        "outcome": outcome,
        "reason": "operator",
        "items": [ITEM],
        "read": {"status": "ACTIVE", "assigned": "yes"},
        "changed": ["title"],
        "calls": ["PATCH users/8a7b 200"],
    }
    return answers.Entry(**values | changes)


def explained(*journal: answers.Entry, entity: str = USER, **changes: Any) -> dict[str, Any]:
    """Five steps, and a journal."""
    steps = [
        answers.Step(step=step, state="ok", says=f"{step} is well")
        for step in ("reach", "read", "in-scope", "match", "act")
    ]
    values: dict[str, Any] = {"genesys_id": "8a7b", "parked": [], **changes}
    return answers.Explained(entity=entity, steps=steps, journal=list(journal), **values).document()


def planned(outcome: str = "updated") -> dict[str, Any]:
    """What a sync of a user would do."""
    account = answers.Planned(outcome=outcome, changed=["title"], calls=["would PATCH users/8a7b replace title"])
    return answers.Synced(entity=USER, applied=False, planned=account).document()


def applied() -> dict[str, Any]:
    """An item is in the queue."""
    return answers.Synced(entity=USER, applied=True, item=ITEM).document()


def status(**changes: Any) -> dict[str, Any]:
    """A bridge that is well."""
    depth = bridge_answers.Depth(read=True, waiting=0, in_hand=0, later=0)
    values: dict[str, Any] = {
        "mode": "enforce",
        "set_up": bridge_answers.SetUp(done=True, missing=[]),
        "bootstrapped": True,
        "reconciled": "enforce",
        "app_status": "ACTIVE",
        "paused_everything": False,
        "paused_removals": False,
        "queues": {"leavers": depth, "users": depth, "groups": depth},
        "breakers": None,
        "holds_open": 0,
        "parked": 0,
        "reconcile": None,
        "caught_up": None,
    }
    return bridge_answers.Status(**values | changes).document()


def parked(*entities: str, after: str | None = None, reason: str = "ambiguous-match") -> dict[str, Any]:
    """Items that wait for a person."""
    return answers.ParkedItems(parked=[parked_item(each, reason) for each in entities], next=after).document()


def parked_item(entity: str = USER, reason: str = "ambiguous-match", **changes: Any) -> answers.ParkedItem:
    """What waits for a person."""
    values: dict[str, Any] = {
        "item": ITEM,
        "means": "More than one matches.",
        "first": "Delete one.",
        "detail": "8a7b 9c0d",
        "parked": START,
        "body": '{"v": 1}',
    }
    return answers.ParkedItem(entity=entity, reason=reason, **values | changes)


def journalled(*journal: answers.Entry, parked: list[answers.ParkedItem] | None = None) -> dict[str, Any]:
    """What a sync that is waited for has left so far."""
    return answers.Journalled(entity=USER, journal=list(journal), parked=parked or []).document()


def redriven(entity: str = USER) -> dict[str, Any]:
    """A redriven item."""
    return answers.Redriven(entity=entity, item=ITEM, parked=1).document()


def run(
    state: Literal["running", "done", "failed"] = "running",
    *,
    seconds: float | None = None,
    number: str = "7",
    done: int = 0,
    of: int = 0,
    seconds_left: int | None = None,
    **counts: int,
) -> Any:
    """A comparison of everything; it has ended after so many seconds, if any are given."""
    return bridge_answers.ReconcileRun(
        id=number,
        mode="enforce",
        state=state,
        started=START,
        ended=None if seconds is None else START + timedelta(seconds=seconds),
        done=done,
        of=of,
        seconds_left=seconds_left,
        counts=counts,
    )


def refused(reason: str, message: str = "no") -> dict[str, Any]:
    """A refusal."""
    return answers.Refused(reason, message).document()
