"""Who leaves, and who waits for a person: one pure judgement for a group and for the organisation alike.

The organisation is the group whose members are the linked active users. `judge` sees the whole change; it reads and
writes nothing. Enforcing executes its `Plan`, everything else shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from bridge.provisioning.ceiling import Ceiling
from bridge.provisioning.hold_records import Decision, Hold, HoldState, Verdict

#: Why somebody is held who has vanished from the application without an event.
UNEXPLAINED = "unassignment-unexplained"
#: Why people wait apart from the others; what stands first is told of a hold of several kinds.
APART = ("protected-group-unknown", "protected", UNEXPLAINED, "first-link")
_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Facts:
    """All that a judgement rests on. People are Okta ids."""

    listed: AbstractSet[str] = _NOBODY  #: who is a member by Okta
    leaving: AbstractSet[str] = _NOBODY  #: members in Genesys Cloud who should not be
    base: AbstractSet[str] = _NOBODY  #: the members whom the percentage is taken of
    ceiling: Ceiling = field(default_factory=Ceiling)
    suspicious: str = ""  #: why what was read is hard to believe
    contradicted: str = ""  #: why those whom no person approved are held after they were asked for alone
    void: bool = False  #: whether those whom a person approved were asked for alone, and are members
    approval_waits: bool = False  #: whether nobody may go whom a person approved before another listing confirms it
    unknown: AbstractSet[str] = _NOBODY  #: left to a later sync: not shown at all, or not shown as absent twice
    recent: AbstractSet[str] = _NOBODY  #: who was removed unapproved within the window
    permitted: AbstractSet[str] = _NOBODY  #: who may go already by a person's approval
    exceptions: AbstractSet[str] = _NOBODY  #: whom rejected holds keep
    vanished: AbstractSet[str] = _NOBODY  #: those of them who are no members any more
    apart: Mapping[str, str] = field(default_factory=dict)  #: who leaves by a person's decision alone, and why
    hold: Hold | None = None  #: the newest hold
    staged: Mapping[str, int] = field(default_factory=dict)  #: whom it stages, in which revision
    decision: Decision | None = None  #: what a person said of it
    begun: bool = True  #: whether a first comparison has ended; without it everything is held
    paused: bool = False  #: holds everything


@dataclass(frozen=True)
class Plan:
    """What a sync does about those who leave."""

    read: Hold | None = None  #: the newest hold as it was read
    hold: Hold | None = None  #: the same with the person's decision in it
    excepted: frozenset[str] = _NOBODY  #: whose exceptions begin
    unexcepted: frozenset[str] = _NOBODY  #: whose end
    back: frozenset[str] = _NOBODY  #: who is a member again in Okta and leaves an approved hold
    approved: frozenset[str] = _NOBODY  #: who is removed uncounted
    counted: frozenset[str] = _NOBODY  #: who is reserved and then removed
    staged: frozenset[str] | None = None  #: whom the open hold stages in the end; empty ends it; None: no change
    held: frozenset[str] = _NOBODY  #: whose removal waits
    why: str = ""  #: the reason code of that
    explanation: str = ""  #: W, c and B
    closes: HoldState | None = None  #: how an approved hold ends; None: it goes on
    change: str = ""  #: what becomes of the hold, for people; empty when it stays
    later: frozenset[str] = _NOBODY  #: who should leave, and is left to a later sync without being held

    @property
    def released(self) -> frozenset[str]:
        """Everybody who may go."""
        return self.approved | self.counted


def judge(facts: Facts) -> Plan:
    """Everybody who may go does, or all of them wait; only those wait apart who leave by a person's decision alone."""
    hold, excepted = _decided(facts)
    exceptions = frozenset(facts.exceptions) | excepted
    again_there = frozenset(facts.listed) - facts.leaving
    leaving = frozenset(facts.leaving) - exceptions - facts.unknown
    plan = Plan(
        read=facts.hold,
        hold=hold,
        excepted=excepted,
        unexcepted=exceptions & again_there | facts.exceptions & facts.vanished,
        later=frozenset(facts.unknown & facts.leaving),
    )
    later = _NOBODY
    if hold is not None and hold.state is HoldState.APPROVED:
        decided, later = _split(hold, facts.staged)
        plan = replace(plan, back=decided & again_there)
        if facts.void or (facts.suspicious and hold.reason != facts.suspicious):
            # What is read now is not what was approved: it needs an approval of its own.
            plan = replace(plan, closes=HoldState.RESOLVED)
        elif facts.paused:
            return replace(plan, held=leaving, why="removals-paused" if leaving else "")
        elif facts.approval_waits:
            return replace(plan, later=plan.later | decided & leaving)
        else:
            plan = replace(plan, closes=HoldState.DONE, approved=decided & leaving)
    elif hold is not None and hold.state is HoldState.REJECTED and hold.told != hold.state:
        # Until people know of the rejection, those staged after the rejecter read the hold are held again.
        later = _split(hold, facts.staged)[1]
    return _judge_rest(facts, plan, leaving - plan.approved - facts.permitted, later)


def _judge_rest(facts: Facts, plan: Plan, leaving: frozenset[str], later: frozenset[str]) -> Plan:
    apart = {okta_id: why for okta_id, why in facts.apart.items() if okta_id in leaving}
    counted = leaving - apart.keys()
    recent = frozenset(facts.recent) - counted
    total, base = len(counted) + len(recent), len(facts.base) + len(recent)
    blocking = plan.hold if plan.hold is not None and plan.hold.blocks else None
    empties = facts.base <= counted | plan.approved
    reason = _held_because(facts) or facts.ceiling.exceeded(total, base, empties=empties) if counted else ""
    if counted and not reason and plan.hold is not None:
        # Who was staged after the decider read the hold is held again, whatever the ceiling says.
        stands = blocking is not None and not _holds_no_others(blocking, facts, apart.keys())
        reason = plan.hold.reason if stands or later & counted else ""
    staged = leaving if reason else frozenset(apart)
    # A hold of the doubted alone takes the reason of those who come to wait with them.
    before = blocking.reason if blocking is not None and blocking.reason != UNEXPLAINED else ""
    plan = replace(
        plan,
        counted=_NOBODY if reason else counted,
        staged=staged,
        held=staged,
        why=(before or reason or min(apart.values(), key=APART.index)) if staged else "",
        explanation=f"W={len(counted)} c={len(recent)} B={base}",
    )
    return replace(plan, change=_change(facts, plan, blocking, staged))


def _holds_no_others(hold: Hold, facts: Facts, apart: AbstractSet[str]) -> bool:
    """Whether it stages only those who wait apart, or the doubted, whose end an event may have explained since."""
    of_these = hold.state is HoldState.OPEN and bool(facts.staged) and facts.staged.keys() <= apart
    return of_these or hold.reason == UNEXPLAINED


def _held_because(facts: Facts) -> str:
    """Why nobody may be removed now, however few they are."""
    if facts.suspicious or facts.contradicted:
        return facts.suspicious or facts.contradicted
    if facts.paused:
        return "removals-paused"
    return "" if facts.begun else "first-link"


def _decided(facts: Facts) -> tuple[Hold | None, frozenset[str]]:
    """The newest hold as it stands with the person's decision, and whom a rejection makes exceptions."""
    hold, decision = facts.hold, facts.decision
    if hold is None or not hold.blocks or decision is None or facts.paused:
        return hold, _NOBODY
    hold = replace(hold, decided=decision.revision, by=decision.by, why=decision.why)
    if decision.verdict is Verdict.APPROVE:
        return replace(hold, state=HoldState.APPROVED), _NOBODY
    return replace(hold, state=HoldState.REJECTED), _split(hold, facts.staged)[0]


def _split(hold: Hold, staged: Mapping[str, int]) -> tuple[frozenset[str], frozenset[str]]:
    """The staged people whom the decider saw (staged up to that revision), and those who were staged later."""
    decided = frozenset(okta_id for okta_id, revision in staged.items() if revision <= hold.decided)
    return decided, frozenset(staged.keys() - decided)


def _change(facts: Facts, plan: Plan, blocking: Hold | None, staged: frozenset[str]) -> str:
    if blocking is not None:
        if not staged:
            return "resolved"
        return "changed" if staged != facts.staged.keys() or blocking.state is HoldState.OPENING else ""
    ends = plan.closes.value if plan.closes is not None else HoldState.REJECTED.value if plan.hold != plan.read else ""
    return ", ".join(filter(None, (ends, "opened" if staged else "")))
