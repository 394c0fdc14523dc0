"""The work that companies give the bridge: each scenario is one row, measured on the virtual clock.

A scenario builds its company, does its work as Okta would show it, and says what was needed: virtual seconds, calls to
both sides, refusals. The lower bound is the fewest Genesys Cloud calls that the change needs, at the allowance of users
and groups (95 % of the limit); the native application's documented pattern is two calls for each user or member (a GET
and a PUT; "Configure Okta for Genesys Cloud" and Okta's SCIM documentation), with the whole member list for a group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from benchmarks.bench.company import GENESYS_PER_MINUTE, Company
from bridge.items import Reason
from bridge.provisioning.hold_records import HoldState, Verdict

#: Events that Okta merges into one delivery when they are close in time, and the seconds between two deliveries.
DELIVERY, DELIVERY_SECONDS = 100, 1.0
#: The part of the limit that users and groups may use.
ALLOWANCE = 0.95


@dataclass(frozen=True)
class Row:
    """What one scenario needed.

    Attributes:
        name: the work.
        least: Genesys Cloud calls that the change needs at least.
        native: Genesys Cloud calls of the native application's pattern.
        seconds: virtual seconds from the first delivery to the end.
        okta, scim: calls.
        refused, okta_refused: 429 answers of Genesys Cloud, and of Okta to this credential.
        receives: messages that consumers received.
        store: calls to the state table.
        done: whether everything was done in the time given.
        more: what only this scenario measures.
    """

    name: str
    least: int
    native: int
    seconds: float
    okta: int
    scim: int
    refused: int
    okta_refused: int
    receives: int
    store: int
    done: bool
    more: Mapping[str, float] = field(default_factory=dict)

    @property
    def bound(self) -> float:
        """Seconds that the fewest calls need at the allowance."""
        return seconds_for(self.least)


def seconds_for(calls: int) -> float:
    """Seconds that so many calls need at the allowance."""
    return calls * 60 / (GENESYS_PER_MINUTE * ALLOWANCE)


class Measured:
    """A company from the moment at which its work begins."""

    def __init__(self, company: Company) -> None:
        """Count from now on; what built the company does not count."""
        self.company = company
        company.events()
        company.genesys.calls.clear()
        company.okta_service.asked = company.okta_service.refused = 0
        company.store_calls.clear()
        self._receives = company.indexed.receives
        self._began = company.clock.seconds

    def deliver(self, every: float = DELIVERY_SECONDS) -> None:
        """Deliver what happened, as Okta merges it."""
        events = self.company.events()
        for first in range(0, len(events), DELIVERY):
            self.company.deliver(events[first : first + DELIVERY], after=every)

    def row(self, name: str, *, least: int, native: int, hours: float = 6, done: Any = None, **more: float) -> Row:
        """Wait for the end and say what was needed."""
        company = self.company
        ended = company.wait(done or company.worked_off, hours=hours)
        scim = [call for call in company.genesys.calls if "/scim/" in call.path]
        row = Row(
            name=name,
            least=least,
            native=native,
            seconds=company.clock.seconds - self._began,
            okta=company.okta_service.asked,
            scim=len(scim),
            refused=sum(call.status == HTTPStatus.TOO_MANY_REQUESTS for call in scim),
            okta_refused=company.okta_service.refused,
            receives=company.indexed.receives - self._receives,
            store=company.store_calls.total(),
            done=ended,
            more=more,
        )
        company.clock.stop()
        return row


# ------------------------------------------------------------------------------------------------------- users


def profile_changes(count: int) -> Row:
    """So many people get a new title within a few minutes."""
    company = Company()
    people = company.settled(count)
    work = Measured(company)
    for okta_id in people:
        company.okta.update_profile(okta_id, {"title": "Adviser"})
    work.deliver()
    return work.row(f"{count:,} profile changes", least=count, native=2 * count)


def hires(count: int, *, beside: int) -> Row:
    """So many new people are assigned, in an application that has `beside` others."""
    company = Company()
    company.settled(beside)
    work = Measured(company)
    for number in range(count):
        company.person(f"Hire{number:05} New")
    work.deliver()
    return work.row(f"assign {count:,} in an application of {beside + count:,}", least=count, native=2 * count)


def leavers_behind_changes(leavers: int, changes: int) -> Row:
    """People are deactivated in Okta while the queue is full of profile changes."""
    company = Company()
    people = company.settled(leavers + changes)
    work = Measured(company)
    for okta_id in people[leavers:]:
        company.okta.update_profile(okta_id, {"title": "Adviser"})
    work.deliver(every=0.1)
    began = company.clock.seconds
    for okta_id in people[:leavers]:
        company.okta.deactivate(okta_id)
    work.deliver(every=0.1)
    accounts = set(company.genesys_ids(people[:leavers]))
    ended: dict[str, float] = {}

    def note_ends() -> bool:
        for account in accounts - ended.keys():
            user = company.genesys.user(account)
            if user is not None and not user["active"]:
                ended[account] = company.clock.seconds - began
        return len(ended) == len(accounts) and company.worked_off()

    company.wait(note_ends, hours=6)
    waits = sorted(ended.values())
    return work.row(
        f"{leavers} leavers behind {changes:,} changes",
        least=leavers + changes,
        native=2 * (leavers + changes),
        p50=waits[len(waits) // 2] if waits else 0.0,
        longest=waits[-1] if waits else 0.0,
        inactive=float(len(waits)),
    )


def unassigned(count: int, *, of: int, hours: float) -> Row:
    """So many of `of` assigned people lose their assignment; few enough for no ceiling."""
    company = Company()
    people = company.settled(of)
    work = Measured(company)
    for okta_id in people[:count]:
        company.okta.unassign_user(okta_id)
    work.deliver()
    accounts = company.genesys_ids(people[:count])

    def all_inactive() -> bool:
        return not any((company.genesys.user(account) or {"active": False})["active"] for account in accounts)

    company.wait(all_inactive, hours=hours)
    inactive = sum(not (company.genesys.user(account) or {"active": False})["active"] for account in accounts)
    name = f"{count} of {of:,} unassigned"
    return work.row(name, least=count, native=2 * count, done=lambda: True, inactive=float(inactive))


def mass_unassignment(count: int) -> Row:
    """Half of an application's people lose the assignment at once: held, approved, done.

    Were it everybody, the listing would be empty, and each would be read alone whatever a person approves.
    """
    company = Company()
    people = company.settled(2 * count)[:count]
    work = Measured(company)
    for okta_id in people:
        company.okta.unassign_user(okta_id)
    work.deliver()

    def is_held() -> bool:
        hold = company.store.hold("app")
        return hold is not None and hold.state is HoldState.OPEN and company.worked_off()

    held = company.wait(is_held, hours=6)
    before = company.clock.seconds
    if held:
        company.decide("app", Verdict.APPROVE)
    row = work.row(
        f"{count:,} people unassigned at once: held, approved, done",
        least=count,
        native=2 * count,
        held_after=before,
    )
    return _with(row, after_approval=row.seconds - before)


# ------------------------------------------------------------------------------------------------------ groups


def _grouped(company: Company, name: str, members: Sequence[str]) -> tuple[str, str]:
    """A linked group whose first sync has ended, with these members on both sides."""
    group, genesys_group = company.linked_group(name, [])
    company.wait(company.worked_off, hours=1)
    with company.okta.quietly():
        company.okta.add_members(group, list(members))
    company.genesys.edit_members(genesys_group, add=company.genesys_ids(members))
    company.ask(f"group:{group}", Reason.OPERATOR)
    company.wait(company.worked_off, hours=1)
    return group, genesys_group


def one_member(size: int) -> Row:
    """One person joins a large group."""
    company = Company(variables={"LINKED_GROUPS": "Large"})
    people = company.settled(size + 1)
    group, _ = _grouped(company, "Large", people[:size])
    work = Measured(company)
    company.okta.add_members(group, [people[size]])
    work.deliver(every=10)
    return work.row(f"one member into a group of {size:,}", least=1, native=2)


def members_one_by_one(count: int, every: float) -> Row:
    """People join a group one after the other."""
    company = Company(variables={"LINKED_GROUPS": "Team"})
    people = company.settled(count + 20)
    group, _ = _grouped(company, "Team", people[:20])
    work = Measured(company)
    for okta_id in people[20:]:
        company.okta.add_members(group, [okta_id])
        work.deliver(every=every)
    return work.row(f"{count} members, one every {every:g} s", least=count, native=2 * count)


def rule(per_second: int, seconds: int) -> Row:
    """A group rule adds people as fast as Okta does."""
    company = Company(variables={"LINKED_GROUPS": "Team"})
    people = company.settled(per_second * seconds + 20)
    group, genesys_group = _grouped(company, "Team", people[:20])
    work = Measured(company)
    told: dict[str, float] = {}
    reached: dict[str, float] = {}

    def note() -> None:
        members = company.genesys.members(genesys_group)
        for account in told.keys() & members - reached.keys():
            reached[account] = company.clock.seconds

    for second in range(seconds):
        joining = people[20 + second * per_second : 20 + (second + 1) * per_second]
        company.okta.add_members(group, joining)
        work.deliver(every=1.0)
        told |= dict.fromkeys(company.genesys_ids(joining), company.clock.seconds)
        note()

    def everybody() -> bool:
        note()
        return len(reached) == len(told) and company.worked_off()

    company.wait(everybody, hours=2)
    waits = [reached[account] - told[account] for account in reached]
    total = per_second * seconds
    return work.row(
        f"a rule that adds {per_second} members a second for {seconds} s",
        least=-(-total // 50),
        native=2 * total,
        longest=max(waits, default=0.0),
    )


def hires_with_groups(count: int) -> Row:
    """New people whose membership is told before their account exists."""
    company = Company(variables={"LINKED_GROUPS": "Team"})
    people = company.settled(20)
    group, genesys_group = _grouped(company, "Team", people)
    work = Measured(company)
    new = [company.person(f"Hire{number:05} New", assigned=False) for number in range(count)]
    company.okta.add_members(group, new)
    for okta_id in new:
        company.okta.assign_user(okta_id)
    began = company.clock.seconds
    work.deliver()
    company.wait(lambda: len(company.genesys.members(genesys_group)) == len(people) + count, hours=2)
    return work.row(
        f"{count} hires, in a group before their account exists",
        least=count + -(-count // 50),
        native=4 * count,
        all_members_after=company.clock.seconds - began,
    )


# ----------------------------------------------------------------------------------------------------- adoption


def adoption(count: int, *, by_events: bool, new: int = 0) -> Row:
    """Accounts that were there before the bridge are matched, first by the reconcile or by an event of each person.

    `new` of the people have none. By events the bound is two calls for each, see the head of the page.
    """
    company = Company(bootstrapped=by_events)
    with company.okta.quietly():
        people = company.people(count)
    existing = f"adopt {count - new} existing accounts" + (f" beside {new} new people" if new else "")
    for okta_id in people[new:]:
        login = company.okta.users.current[okta_id].login
        company.genesys.add_user({"userName": login, "displayName": "as before", "active": True})
    company.rng.shuffle(people)
    work = Measured(company)
    if by_events:
        for okta_id in people:
            company.okta.unassign_user(okta_id)
            company.okta.assign_user(okta_id)
        work.deliver()
        return work.row(f"{existing}, by events", least=2 * count, native=2 * count)

    def adopted() -> bool:
        return company.store.app().bootstrapped and company.worked_off()

    pages = -(-(count - new) // 25)
    return work.row(f"{existing}, first reconcile", least=count + pages, native=2 * count, done=adopted)


# ------------------------------------------------------------------------------------------------------ the list


def _with(row: Row, **more: float) -> Row:
    return Row(**{**vars(row), "more": {**row.more, **more}})


@dataclass(frozen=True)
class Scenario:
    """A row to be: how it is measured, and whether it is quick enough for CI."""

    key: str
    measure: Callable[[], Row]
    quick: bool = True


SCENARIOS: Sequence[Scenario] = (
    Scenario("unassign-30000", lambda: unassigned(25, of=30_000, hours=1)),
    Scenario("unassign-100000", lambda: unassigned(25, of=100_000, hours=1), quick=False),
    Scenario("assign-5000", lambda: hires(5_000, beside=0)),
    Scenario("assign-500", lambda: hires(500, beside=9_500)),
    Scenario("change-10000", lambda: profile_changes(10_000)),
    Scenario("leavers", lambda: leavers_behind_changes(200, 3_000)),
    Scenario("mass-unassignment", lambda: mass_unassignment(5_000)),
    Scenario("one-member", lambda: one_member(10_000)),
    Scenario("members-slowly", lambda: members_one_by_one(200, 3.0)),
    Scenario("rule", lambda: rule(10, 100)),
    Scenario("hires-with-groups", lambda: hires_with_groups(500)),
    Scenario("adopt-reconcile", lambda: adoption(500, by_events=False)),
    Scenario("adopt-reconcile-mixed", lambda: adoption(500, by_events=False, new=250)),
    Scenario("adopt-events", lambda: adoption(500, by_events=True)),
    Scenario("adopt-events-mixed", lambda: adoption(500, by_events=True, new=250)),
)
