"""Who leaves and who waits, case by case: facts on the left, the plan on the right.

A group has members p01, p02 and so on; `leave` are the first of them, whom Okta does not list any more.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.provisioning.ceiling import Ceiling
from bridge.provisioning.hold_records import Decision, Hold, HoldState, Verdict
from bridge.provisioning.judge import Facts, judge

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
#: At most 10 members, and of 20 or more at most a tenth, may leave a group.
GROUP = Ceiling(count=10, percent=10)
#: Twenty always may leave the organisation, and everybody may.
ORGANISATION = Ceiling(count=100, percent=10, floor=20, may_empty=True)
HALF = Ceiling(count=1000, percent=50)
NO_PERCENT = Ceiling(count=10, percent=0)


def people(first: int, last: int) -> frozenset[str]:
    """Members by number, both included."""
    return frozenset(f"p{number:03}" for number in range(first, last + 1))


def facts(members: int, leave: int, ceiling: Ceiling = GROUP, **more: Any) -> Facts:
    """A group of so many members, the first of whom Okta does not list any more."""
    everybody, leaving = people(1, members), people(1, leave)
    given = Facts(listed=everybody - leaving, leaving=leaving, base=everybody, ceiling=ceiling)
    return replace(given, **more)


def hold(state: HoldState = HoldState.OPEN, **more: Any) -> Hold:
    """A hold of the group, opened because too many left."""
    given = Hold("group:g", 1, state, 1, "ceiling-count", staged=0, events=(), opened=NOW, changed=NOW)
    return replace(given, **more)


def said(verdict: Verdict, revision: int = 1) -> Decision:
    """What a person said of the hold as it stood in a revision."""
    return Decision("group:g", 1, revision, verdict, "arn:approver", "CHG-1", NOW)


def staged(first: int, last: int, revision: int = 1) -> dict[str, int]:
    """People whom the hold has staged."""
    return dict.fromkeys(people(first, last), revision)


@dataclass(frozen=True)
class Case:
    """A sentence, what is so, and what is to be done; everybody who is not named stays without a word."""

    says: str
    facts: Facts
    counted: frozenset[str] = frozenset()
    approved: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    why: str = ""
    change: str = ""
    more: dict[str, Any] = field(default_factory=dict)


ALL = people(1, 11)
APPROVED: dict[str, Any] = {"hold": hold(HoldState.APPROVED, decided=1), "staged": staged(1, 11)}
REJECTED = hold(HoldState.REJECTED, decided=1)

CASES = [
    # ------------------------------------------------------------------------------------- the ceiling
    Case("nobody leaves", facts(15, 0)),
    Case("as many as the limit leave", facts(150, 10), counted=people(1, 10)),
    Case("one more than the limit: all wait", facts(150, 11), held=ALL, why="ceiling-count", change="opened"),
    Case(
        "those removed of late count",
        facts(150, 6, recent=people(101, 105)),
        held=people(1, 6),
        why="ceiling-count",
        change="opened",
    ),
    Case(
        "one removed of late who leaves again counts once",
        facts(150, 10, recent=people(1, 5)),
        counted=people(1, 10),
    ),
    Case("a tenth of twenty leave", facts(20, 2), counted=people(1, 2)),
    Case(
        "more than a tenth of twenty",
        facts(20, 3),
        held=people(1, 3),
        why="ceiling-percent",
        change="opened",
    ),
    Case("fewer than twenty have no percentage", facts(19, 10), counted=people(1, 10)),
    Case(
        "those removed of late were members: the tenth is taken of both",
        facts(29, 2, recent=people(101, 101)),
        counted=people(1, 2),
    ),
    Case("a percentage of 0 limits nobody", facts(20, 3, NO_PERCENT), counted=people(1, 3)),
    Case("half of 21 is 10", facts(21, 10, HALF), counted=people(1, 10)),
    Case("11 of 21 is more", facts(21, 11, HALF), held=ALL, why="ceiling-percent", change="opened"),
    Case("five leave a group of five", facts(5, 5), held=people(1, 5), why="ceiling-empty", change="opened"),
    Case("four leave a group of four", facts(4, 4), counted=people(1, 4)),
    Case("five of five leave while one joins", facts(5, 5, replace(GROUP, may_empty=True)), counted=people(1, 5)),
    Case("of the organisation twenty always may", facts(50, 20, ORGANISATION), counted=people(1, 20)),
    Case(
        "twenty-one of fifty may not",
        facts(50, 21, ORGANISATION),
        held=people(1, 21),
        why="ceiling-percent",
        change="opened",
    ),
    Case("the organisation may become empty", facts(15, 15, ORGANISATION), counted=people(1, 15)),
    # -------------------------------------------------------------------------- what holds everything
    Case(
        "a listing that is hard to believe",
        facts(15, 1, suspicious="suspicious-empty"),
        held=people(1, 1),
        why="suspicious-empty",
        change="opened",
    ),
    Case(
        "their own groups contradict the listing",
        facts(15, 1, contradicted="suspicious-listing"),
        held=people(1, 1),
        why="suspicious-listing",
        change="opened",
    ),
    Case(
        "removals are paused",
        facts(15, 1, paused=True),
        held=people(1, 1),
        why="removals-paused",
        change="opened",
    ),
    Case(
        "before a first comparison has ended",
        facts(15, 1, begun=False),
        held=people(1, 1),
        why="first-link",
        change="opened",
    ),
    # ------------------------------------------------------------------------------- single people apart
    Case(
        "an account that was there before waits, the others go",
        facts(15, 2, apart=dict.fromkeys(people(1, 1), "first-link")),
        counted=people(2, 2),
        held=people(1, 1),
        why="first-link",
        change="opened",
    ),
    Case(
        "the protected wait, the others go",
        facts(15, 2, apart=dict.fromkeys(people(1, 1), "protected")),
        counted=people(2, 2),
        held=people(1, 1),
        why="protected",
        change="opened",
    ),
    Case(
        "nobody knows who is protected: all wait",
        facts(15, 2, apart=dict.fromkeys(people(1, 2), "protected-group-unknown")),
        held=people(1, 2),
        why="protected-group-unknown",
        change="opened",
    ),
    Case(
        "a hold of the protected alone does not hold others",
        facts(
            15, 2, apart=dict.fromkeys(people(1, 1), "protected"), hold=hold(reason="protected"), staged=staged(1, 1)
        ),
        counted=people(2, 2),
        held=people(1, 1),
        why="protected",
    ),
    Case(
        "nor does one of people alone whom no sync has seen in the Okta group",
        facts(
            15, 2, apart=dict.fromkeys(people(1, 1), "first-link"), hold=hold(reason="first-link"), staged=staged(1, 1)
        ),
        counted=people(2, 2),
        held=people(1, 1),
        why="first-link",
    ),
    Case(
        "a hold that stages others, too, holds everybody",
        facts(15, 3, apart=dict.fromkeys(people(1, 1), "first-link"), hold=hold(), staged=staged(1, 2)),
        held=people(1, 3),
        why="ceiling-count",
        change="changed",
    ),
    Case(
        "whom Okta does not show at all is left to their own sync",
        facts(15, 2, unknown=people(1, 1)),
        counted=people(2, 2),
        more={"later": people(1, 1)},
    ),
    Case("who is permitted already is not judged again", facts(150, 11, permitted=people(1, 1)), counted=people(2, 11)),
    # ------------------------------------------------------------------------------------- an open hold
    Case(
        "an open hold keeps everybody, however few they are",
        facts(15, 1, hold=hold(), staged=staged(1, 1)),
        held=people(1, 1),
        why="ceiling-count",
    ),
    Case(
        "who leaves joins it",
        facts(15, 2, hold=hold(), staged=staged(1, 1)),
        held=people(1, 2),
        why="ceiling-count",
        change="changed",
    ),
    Case(
        "who is back leaves it",
        facts(15, 1, hold=hold(), staged=staged(1, 2)),
        held=people(1, 1),
        why="ceiling-count",
        change="changed",
    ),
    Case(
        "a hold of the protected that was left half written holds the others too",
        facts(
            15,
            2,
            apart=dict.fromkeys(people(1, 1), "protected"),
            hold=hold(HoldState.OPENING, reason="protected"),
            staged=staged(1, 1),
        ),
        held=people(1, 2),
        why="protected",
        change="changed",
    ),
    Case(
        "an open hold with nobody in it still holds",
        facts(15, 1, hold=hold()),
        held=people(1, 1),
        why="ceiling-count",
        change="changed",
    ),
    Case("everybody is back", facts(15, 0, hold=hold(), staged=staged(1, 2)), change="resolved"),
    Case(
        "a hold that was left half written is written again",
        facts(15, 1, hold=hold(HoldState.OPENING), staged=staged(1, 1)),
        held=people(1, 1),
        why="ceiling-count",
        change="changed",
    ),
    Case("a hold that has ended holds nobody", facts(15, 1, hold=hold(HoldState.DONE)), counted=people(1, 1)),
    # --------------------------------------------------------------------------------------- approval
    Case(
        "approved: those who were staged go, uncounted",
        facts(150, 11, hold=hold(), staged=staged(1, 11), decision=said(Verdict.APPROVE)),
        approved=ALL,
        change="done",
        more={"closes": HoldState.DONE},
    ),
    Case(
        "approved before: the same",
        facts(150, 11, decision=said(Verdict.APPROVE), **APPROVED),
        approved=ALL,
        change="done",
        more={"hold": hold(HoldState.APPROVED, decided=1)},
    ),
    Case(
        "who was staged after the approver looked is held again",
        facts(150, 12, hold=hold(HoldState.APPROVED, decided=1), staged=staged(1, 11) | staged(12, 12, 2)),
        approved=ALL,
        held=people(12, 12),
        why="ceiling-count",
        change="done, opened",
    ),
    Case(
        "a protected person staged after the approver looked does not hold the others",
        facts(
            150,
            13,
            apart=dict.fromkeys(people(12, 12), "protected"),
            hold=hold(HoldState.APPROVED, decided=1),
            staged=staged(1, 11) | staged(12, 12, 2),
        ),
        approved=ALL,
        counted=people(13, 13),
        held=people(12, 12),
        why="protected",
        change="done, opened",
    ),
    Case(
        "the last one waits where all the others go by an approval",
        facts(5, 5, hold=hold(HoldState.APPROVED, decided=1), staged=staged(1, 4)),
        approved=people(1, 4),
        held=people(5, 5),
        why="ceiling-empty",
        change="done, opened",
    ),
    Case(
        "who left after the hold was read leaves by the ceiling",
        facts(150, 12, **APPROVED),
        approved=ALL,
        counted=people(12, 12),
        change="done",
    ),
    Case(
        "who is back is taken out of it, and stays",
        facts(150, 10, hold=hold(HoldState.APPROVED, decided=1), staged=staged(1, 11)),
        approved=people(1, 10),
        change="done",
        more={"back": people(11, 11)},
    ),
    Case(
        "a protected person who was approved goes",
        facts(
            15,
            1,
            apart=dict.fromkeys(people(1, 1), "protected"),
            hold=hold(HoldState.APPROVED, decided=1),
            staged=staged(1, 1),
        ),
        approved=people(1, 1),
        change="done",
    ),
    Case(
        "paused: the approved wait",
        facts(150, 11, paused=True, **APPROVED),
        held=ALL,
        why="removals-paused",
        more={"staged": None, "closes": None},
    ),
    Case(
        "paused: a decision waits",
        facts(150, 11, paused=True, hold=hold(), staged=staged(1, 11), decision=said(Verdict.APPROVE)),
        held=ALL,
        why="ceiling-count",
        more={"hold": hold()},
    ),
    Case(
        "the approved must be confirmed first",
        facts(150, 11, approval_waits=True, **APPROVED),
        more={"later": ALL, "closes": None, "staged": None},
    ),
    Case(
        "the approved proved to be members: the approval is void",
        facts(150, 11, void=True, contradicted="suspicious-listing", **APPROVED),
        held=ALL,
        why="suspicious-listing",
        change="resolved, opened",
        more={"closes": HoldState.RESOLVED},
    ),
    Case(
        "what is read now is not what was approved",
        facts(150, 11, suspicious="suspicious-empty", **APPROVED),
        held=ALL,
        why="suspicious-empty",
        change="resolved, opened",
    ),
    Case(
        "just that was approved",
        facts(
            15,
            1,
            suspicious="suspicious-empty",
            hold=hold(HoldState.APPROVED, decided=1, reason="suspicious-empty"),
            staged=staged(1, 1),
        ),
        approved=people(1, 1),
        change="done",
    ),
    # -------------------------------------------------------------------------------------- rejection
    Case(
        "rejected: those staged become exceptions",
        facts(150, 11, hold=hold(), staged=staged(1, 11), decision=said(Verdict.REJECT)),
        change="rejected",
        more={"excepted": ALL},
    ),
    Case(
        "who was staged after the rejecter looked is held again",
        facts(150, 12, hold=hold(), staged=staged(1, 11) | staged(12, 12, 2), decision=said(Verdict.REJECT)),
        held=people(12, 12),
        why="ceiling-count",
        change="rejected, opened",
        more={"excepted": ALL},
    ),
    Case(
        "until people were told of a rejection the later ones stay held",
        facts(150, 12, hold=REJECTED, staged=staged(12, 12, 2), exceptions=ALL),
        held=people(12, 12),
        why="ceiling-count",
        change="opened",
    ),
    Case(
        "once they were told the ceiling alone judges",
        facts(150, 12, hold=replace(REJECTED, told="rejected"), staged=staged(12, 12, 2), exceptions=ALL),
        counted=people(12, 12),
    ),
    Case("an exception stays, however many leave", facts(150, 11, exceptions=people(1, 1)), counted=people(2, 11)),
    Case(
        "an exception ends when they are members again",
        facts(15, 0, exceptions=people(1, 1)),
        more={"unexcepted": people(1, 1)},
    ),
    Case(
        "an exception ends when the member is gone in Genesys Cloud",
        facts(15, 0, exceptions=frozenset({"gone"}), vanished=frozenset({"gone"})),
        more={"unexcepted": frozenset({"gone"})},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_the_plan(case: Case) -> None:
    """Who goes counted, who goes by an approval, who is held and why, what becomes of the hold, and nothing else."""
    plan = judge(case.facts)
    assert (plan.counted, plan.approved, plan.held) == (case.counted, case.approved, case.held)
    assert (plan.why, plan.change) == (case.why, case.change)
    assert {name: getattr(plan, name) for name in case.more} == case.more


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_nobody_goes_twice_or_goes_and_waits(case: Case) -> None:
    """Whatever is so: everybody is counted, approved or held at most once, and only people who leave are."""
    plan = judge(case.facts)
    parts = (plan.counted, plan.approved, plan.held)
    assert sum(map(len, parts)) == len(frozenset().union(*parts))
    assert frozenset().union(*parts) <= frozenset(case.facts.leaving)
    assert not plan.released & frozenset(case.facts.listed)
