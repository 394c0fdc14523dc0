"""Hinted additions: few people whom events name join a group without a reading of it, and what forbids that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.items import Queue
from bridge.provisioning.hinted import ANSWERED_FOR, MAX_ANSWERED
from bridge.provisioning.hold_records import HoldState, Verdict
from bridge.provisioning.records import Due, GroupLink
from bridge.provisioning.user_records import LATE_WHY, Origin, Pending, PendingKind
from bridge_local.faults import Fault, before, lost
from bridge_local.genesys import faults as genesys_faults
from bridge_local.genesys.switches import GenesysSwitches
from bridge_local.okta import faults as okta_faults
from tests.world import World


@dataclass
class Team:
    """A linked group of ten whose first sync was an hour ago, and somebody who is about to join."""

    variables: dict[str, str] = field(default_factory=dict)
    switches: GenesysSwitches = field(default_factory=GenesysSwitches)
    origin: Origin = Origin.CREATED

    def __post_init__(self) -> None:
        self.world = World(self.variables, genesys_switches=self.switches)
        self.people = self.world.provisioned(10)
        self.group, self.genesys_group = self.world.linked_group("Agents", self.people)
        self.entity = f"group:{self.group}"
        self.joiner = self.world.provisioned(1, self.origin)[0]
        self.world.clock.advance(3600)
        self.patched = self.world.calls("PATCH", "groups")
        self.read = self.world.calls("GET", "groups")

    @property
    def link(self) -> GroupLink:
        """The group's record."""
        return self.world.store.group_links[self.group]

    def change(self, **values: Any) -> None:
        """Change the group's record."""
        self.world.store.group_links[self.group] = replace(self.link, **values)

    def join(self) -> None:
        """One joins; their event is delivered and worked off."""
        self.world.okta.add_members(self.group, [self.joiner])
        self.world.happen()

    @property
    def calls(self) -> tuple[int, int]:
        """PATCHes and reads of groups since the team was made."""
        return self.world.calls("PATCH", "groups") - self.patched, self.world.calls("GET", "groups") - self.read

    @property
    def members(self) -> set[str]:
        """Who is a member in Genesys Cloud."""
        return self.world.members(self.genesys_group)


def test_one_member_costs_one_read_and_one_write() -> None:
    """Okta is asked for the person's own groups alone, and Genesys Cloud gets one PATCH."""
    team = Team()
    asked = team.world.watch_okta()
    team.join()
    assert team.members == {*team.people, team.joiner}
    assert asked == [f"GET /api/v1/users/{team.joiner}/groups"]
    assert team.calls == (1, 0)
    entry = team.world.last(team.entity)
    assert (entry.outcome, entry.why, entry.added) == ("members-changed", "hinted", 1)


def test_a_hinted_sync_writes_nothing_that_rests_on_a_list() -> None:
    """Of the group's record the fence, the time and the answered event move; no hold, no due and no parked record."""
    team = Team()
    parked = team.world.provisioned(1)[0]
    team.world.genesys.delete_user(team.world.genesys_ids([parked])[0])
    team.world.okta.add_members(team.group, [parked])
    team.world.ask(team.entity)
    team.world.happen()
    team.world.clock.advance(3600)
    link, records = team.link, dict(team.world.store.parked)
    assert len(records) == 1
    team.join()
    assert team.members == {*team.people, team.joiner}
    assert team.world.last(team.entity).why == "hinted"
    assert team.world.store.parked == records
    assert team.world.hold(team.group) == ("", "", set())
    assert not team.world.store.dues()
    [event] = team.link.answered
    assert event in team.world.last(team.entity).events
    before = replace(team.link, answered={}, began=link.began, sync_number=link.sync_number)
    assert replace(before, ended=link.ended, known=link.known) == link
    assert team.link.sync_number == link.sync_number + 1


def test_who_is_not_in_the_group_is_not_sent() -> None:
    """Their own groups do not name it: the whole group is read, and nothing is written at Genesys Cloud."""
    team = Team()
    team.world.okta.add_members(team.group, [team.joiner])
    events = team.world.events()
    team.world.okta.remove_members(team.group, [team.joiner])
    team.world.events()
    team.world.deliver(events)
    team.world.settle()
    assert team.calls[0] == 0
    assert team.members == set(team.people)
    entry = team.world.last(team.entity)
    assert (entry.outcome, entry.why, len(team.link.answered)) == ("unchanged", "", 0)


def test_own_groups_that_are_cut_lose_no_event() -> None:
    """Okta's listing of the group shows them, and their own groups are empty: they are added all the same."""
    team = Team()
    team.world.okta.faults.add(Fault("/users/[^/]+/groups", okta_faults.empty_listing()))
    team.join()
    assert team.members == {*team.people, team.joiner}


def test_whom_an_event_names_and_one_listing_lacks_is_looked_for_again() -> None:
    """Both of Okta's answers are cut at once: a minute later the group is read again, and they are added."""
    team = Team()
    for listing in ("/users/[^/]+/groups", f"/groups/{team.group}/users"):
        team.world.okta.faults.add(Fault(listing, okta_faults.empty_listing(), count=1))
    team.join()
    team.world.pass_time(hours=2 / 60)
    assert team.members == {*team.people, team.joiner}


def test_a_read_that_trails_its_event_is_made_again() -> None:
    """Okta's own groups of the person lag: the item comes once more, and they are added."""
    team = Team()
    team.world.okta.switches.read_lag = 4
    team.world.okta.add_members(team.group, [team.joiner])
    team.world.deliver(after=0)
    team.world.queues.queues[Queue.GROUPS].messages[0].visible = team.world.clock.now()
    team.world.settle()
    assert team.members == {*team.people, team.joiner}


# --------------------------------------------------------------------------------- what forbids it


def _open_hold(team: Team) -> None:
    team.change(ceiling=2)
    team.world.okta.remove_members(team.group, team.people[:6])
    team.world.happen()
    assert team.world.hold(team.group)[0] == "open"


def _approved_hold(team: Team) -> None:
    _open_hold(team)
    hold = team.world.store.hold(team.entity)
    assert hold is not None
    team.world.store.replace_hold(hold, replace(hold, state=HoldState.APPROVED))


def _rejected_hold(team: Team) -> None:
    _open_hold(team)
    team.world.decide(team.entity, Verdict.REJECT)
    team.world.settle()
    assert team.world.store.exceptions(team.entity)


def _late_removal(team: Team) -> None:
    team.world.store.note_due(Due(team.entity, LATE_WHY, team.world.clock.now() + timedelta(minutes=20)))


def _not_bootstrapped(team: Team) -> None:
    team.world.store.app_state = replace(team.world.store.app_state, bootstrapped=False)


def _restored(team: Team) -> None:
    team.world.store.app_state = replace(team.world.store.app_state, restored=team.world.clock.now())


def _inactive(team: Team) -> None:
    _change_joiner(team, active=False)


def _unlinked(team: Team) -> None:
    del team.world.store.user_links[team.joiner]


def _pending(team: Team) -> None:
    _change_joiner(team, pending=(Pending(PendingKind.CHANGE, team.world.clock.now(), ("active",)),))


def _adopted(team: Team) -> None:
    _change_joiner(team, origin=Origin.ADOPTED)


def _unknown_to_okta(team: Team) -> None:
    team.world.okta.faults.add(
        Fault(f"GET .*/users/{team.joiner}/groups", okta_faults.refused(404, "E0000007", "Not found"))
    )


def _change_joiner(team: Team, **values: Any) -> None:
    links = team.world.store.user_links
    links[team.joiner] = replace(links[team.joiner], **values)


WHOLE: dict[str, Callable[[Team], None]] = {
    "hold open": _open_hold,
    "hold approved": _approved_hold,
    "exceptions": _rejected_hold,
    "a removal that may still land": _late_removal,
    "not bootstrapped": _not_bootstrapped,
    "restored": _restored,
    "first sync not ended": lambda team: team.change(first_sync_ended=False),
    "people seen to be absent": lambda team: team.change(sighted=team.world.clock.now(), absent="x"),
    "ending link": lambda team: team.change(unlinking=team.world.clock.now(), unlinking_why="unassigned"),
    "members who are not seen": lambda team: team.change(blind="x"),
    "new members who wait": lambda team: team.change(awaited={team.people[0]: 1}),
    "changes in vain": lambda team: team.change(in_vain=1),
    "account inactive": _inactive,
    "no account": _unlinked,
    "an unfinished write": _pending,
    "adopted and never seen in the group": _adopted,
    "unknown to Okta": _unknown_to_okta,
}


@pytest.mark.parametrize("case", WHOLE)
def test_the_whole_group_is_read_where_something_is_out_of_the_ordinary(case: str) -> None:
    """Each condition by itself: both lists are read, as if no event had named anybody."""
    team = Team()
    WHOLE[case](team)
    team.world.clock.advance(60)
    asked = team.world.watch_okta()
    team.world.okta.add_members(team.group, [team.joiner])
    team.world.deliver()
    team.world.pass_time(hours=30 / 3600)
    assert any(f"/groups/{team.group}/users" in each for each in asked)
    assert team.world.journal(team.entity)[-1].why != "hinted"


def test_observe_mode_reads_the_whole_group_and_writes_nothing() -> None:
    """What would be done is said of both lists; Genesys Cloud gets no write."""
    team = Team()
    team.world.variables["MODE"] = "observe"
    team.world.restart()
    team.join()
    assert team.calls[0] == 0
    assert team.members == set(team.people)
    assert team.world.last(team.entity).outcome == "observed"


def test_somebody_adopted_is_added_where_they_were_seen_before() -> None:
    """Who was a member in Okta and in Genesys Cloud once needs no whole reading to come back."""
    team = Team(origin=Origin.ADOPTED)
    team.world.store.add_seen(team.entity, [team.joiner])
    team.join()
    assert team.calls == (1, 0)
    assert team.members == {*team.people, team.joiner}


@pytest.mark.parametrize(("count", "writes", "reads"), [(5, 1, 0), (6, 1, 1)])
def test_five_are_added_by_name_and_six_by_a_whole_reading(count: int, writes: int, reads: int) -> None:
    """In one delivery and in several that one batch holds."""
    for each in (False, True):
        team = Team()
        joiners = [team.joiner, *team.world.provisioned(count - 1)]
        team.world.okta.add_members(team.group, joiners)
        team.world.deliver(each=each)
        team.world.settle()
        assert team.members == {*team.people, *joiners}
        assert team.calls == (writes, reads)


def test_somebody_who_leaves_meanwhile_has_the_whole_group_read() -> None:
    """A removal beside an addition, in another delivery of the same moment: nobody is left over."""
    team = Team()
    team.world.okta.add_members(team.group, [team.joiner])
    joined = team.world.events()
    team.world.okta.remove_members(team.group, [team.people[0]])
    left = team.world.events()
    team.world.deliver(joined)
    team.world.deliver(left, after=0)
    team.world.settle()
    assert team.members == {*team.people[1:], team.joiner}


def test_two_deliveries_of_one_moment_are_two_items() -> None:
    """An item that names somebody stands for nobody else: the slot of its events drops neither."""
    team = Team()
    other = team.world.provisioned(1)[0]
    team.world.okta.add_members(team.group, [team.joiner])
    first = team.world.events()
    team.world.okta.add_members(team.group, [other])
    second = team.world.events()
    team.world.deliver(first)
    team.world.deliver(second, after=0)
    team.world.settle()
    assert team.members == {*team.people, team.joiner, other}


# ------------------------------------------------------------------------------- what goes wrong


def test_who_is_refused_is_parked_by_the_whole_sync_that_follows() -> None:
    """A refusal of a hinted PATCH leaves everything to the whole reading, which says who waits for a person."""
    team = Team()
    team.world.genesys.delete_user(team.world.genesys_ids([team.joiner])[0])
    team.join()
    assert team.world.parked(team.entity) == ["member-refused"]
    assert team.world.last(team.entity).why != "hinted"


def test_an_answer_without_them_is_no_success() -> None:
    """Genesys Cloud says 200 and shows the members without whom it was to add: the whole group is read."""
    team = Team()
    team.world.genesys.faults.add(Fault("PATCH .*groups", genesys_faults.unapplied(), count=1))
    team.join()
    assert team.members == {*team.people, team.joiner}
    assert team.calls == (2, 1)


def test_a_write_without_an_answer_brings_whole_syncs_until_it_can_land_no_more() -> None:
    """The answer is lost: a sync is due for when it can land no more, and until then nothing is hinted."""
    team = Team()
    team.world.genesys.faults.add(Fault("PATCH .*groups", lost(), count=1))
    team.world.okta.add_members(team.group, [team.joiner])
    team.world.deliver()
    team.world.pass_time(hours=0.1)
    assert [due.why for due in team.world.store.dues(team.entity)] == [LATE_WHY]
    assert team.calls[1] >= 1
    team.world.okta.remove_members(team.group, [team.joiner])
    team.world.deliver()
    team.world.pass_time(hours=1)
    assert team.members == set(team.people)


def test_another_sync_that_has_begun_has_the_whole_group_read() -> None:
    """Somebody else's sync began and ended while the PATCH was on its way: who left by then does not stay."""
    team = Team()

    def overtake() -> None:
        team.world.okta.remove_members(team.group, [team.joiner])
        team.world.store.begin_group_sync(team.group)

    team.world.genesys.faults.add(Fault("PATCH .*groups", before(overtake), count=1))
    team.world.okta.add_members(team.group, [team.joiner])
    team.world.deliver()
    team.world.settle()
    assert team.members == set(team.people)


# ----------------------------------------------------------------------------------------- catch-up


def test_catch_up_passes_over_what_a_hinted_sync_has_answered() -> None:
    """The log shows the same event: no item, no call; an event that no sync has seen is enqueued."""
    team = Team()
    team.world.poll()
    team.world.settle()
    team.join()
    calls, asked = team.world.calls(), team.world.watch_okta()
    team.world.clock.advance(60)
    team.world.poll()
    assert team.world.queues.depth() == 0
    other = team.world.provisioned(1)[0]
    team.world.okta.add_members(team.group, [other])
    team.world.events()  # no hook delivers it
    team.world.clock.advance(60)
    team.world.poll()
    team.world.settle()
    assert team.members == {*team.people, team.joiner, other}
    assert team.world.calls() - calls == 1
    assert [each for each in asked if "/groups" in each] == [f"GET /api/v1/users/{other}/groups"]


def test_an_answered_event_is_remembered_for_a_quarter_of_an_hour() -> None:
    """After that catch-up enqueues it like any other; so it does an event that no hinted sync has answered."""
    team = Team()
    team.world.poll()
    team.world.settle()
    team.join()
    team.world.clock.advance(ANSWERED_FOR.total_seconds())
    team.world.poll()
    assert team.world.queues.depth() == 1


def test_a_whole_sync_forgets_what_was_answered() -> None:
    """It has seen everything, and says so by its date; the record does not grow."""
    team = Team()
    team.join()
    assert team.link.answered
    team.world.ask(team.entity)
    team.world.settle()
    assert not team.link.answered


def test_a_record_names_a_hundred_events_at_most() -> None:
    """A group that people join one by one keeps the newest of them."""
    team = Team()
    now = team.world.clock.now()
    team.change(answered={f"event-{number}": now for number in range(MAX_ANSWERED)})
    team.join()
    assert len(team.link.answered) == MAX_ANSWERED
    assert "event-0" not in team.link.answered
    assert "event-99" in team.link.answered


# ------------------------------------------------------------------------------------- events seen


def _whole_sync_that_lacks(team: Team) -> None:
    """The joiner has come, their event is still to be delivered, and a whole sync's listing lacks them."""
    team.world.okta.add_members(team.group, [team.joiner])
    team.world.clock.advance(60)
    team.world.okta.faults.add(Fault(f"/groups/{team.group}/users", okta_faults.listing_without(team.joiner), count=1))
    team.world.ask(team.entity)
    team.world.settle()
    team.world.clock.advance(60)
    assert team.members == set(team.people)


def test_a_late_event_of_somebody_whom_a_listing_lacked_is_not_seen() -> None:
    """The event is older than the whole sync, and names somebody whom that did not see: they are looked at."""
    team = Team()
    _whole_sync_that_lacks(team)
    team.world.happen()
    assert team.members == {*team.people, team.joiner}


def test_a_late_event_costs_no_call_where_the_listing_showed_whom_it_names() -> None:
    """By the whole sync, and by a hinted one: nothing is asked and nothing written."""
    team = Team()
    late = team.world.provisioned(1)
    team.world.okta.add_members(team.group, late)
    events = team.world.events()
    team.world.clock.advance(60)
    team.world.ask(team.entity)
    team.world.settle()
    calls, asked = team.world.calls(), team.world.watch_okta()
    team.world.clock.advance(60)
    team.world.deliver(events)
    team.world.settle()
    assert (team.world.calls(), asked) == (calls, [])


def test_catch_up_brings_whom_a_cut_listing_lacked() -> None:
    """No hook delivers their event, and the whole sync came after it: the log alone tells of them."""
    team = Team()
    team.world.poll()
    team.world.settle()
    _whole_sync_that_lacks(team)
    team.world.poll()
    team.world.settle()
    assert team.members == {*team.people, team.joiner}
    team.world.clock.advance(3600)
    team.world.poll()
    assert team.world.queues.depth() == 0


def test_an_empty_listing_has_shown_nobody() -> None:
    """The first member of a group is not shown; the record knows that nobody was, and their late event counts."""
    world = World()
    group, genesys_group = world.linked_group("Empty", [])
    first = world.provisioned(1)
    world.okta.add_members(group, first)
    world.okta.faults.add(Fault(f"/groups/{group}/users", okta_faults.empty_listing(), count=1))
    world.clock.advance(60)
    world.ask(f"group:{group}")
    world.settle()
    assert world.members(genesys_group) == set()
    world.clock.advance(60)
    world.happen()
    assert world.members(genesys_group) == set(first)


def test_what_a_whole_sync_has_seen_costs_nothing_any_more() -> None:
    """Thirty deliveries of one moment: the first ten bring a whole reading, the others are passed over."""
    team = Team()
    joiners = [team.joiner, *team.world.provisioned(29)]
    team.world.okta.add_members(team.group, joiners)
    team.world.deliver(each=True)
    began = team.world.clock.now()
    team.world.settle()
    assert team.members == {*team.people, *joiners}
    assert team.calls == (1, 1)
    assert (team.world.clock.now() - began).total_seconds() < 10


def test_what_somebody_had_in_hand_is_synced_whatever_was_seen() -> None:
    """A process may have died between the group's record and what it was to park: its message is not passed over."""
    team = Team()
    team.world.okta.add_members(team.group, [team.joiner])
    team.world.deliver()
    team.world.clock.advance(10)
    event = team.world.queues.receive(Queue.GROUPS)
    assert event is not None
    team.change(synced=team.world.clock.now(), known="")
    team.world.clock.advance(3600)
    team.world.settle()
    assert team.members == {*team.people, team.joiner}


def test_what_was_not_applied_is_not_seen() -> None:
    """A sync whose changes Genesys Cloud did not make has been in vain: the next event brings another one."""
    team = Team()
    team.change(synced=team.world.clock.now() + timedelta(minutes=1), in_vain=1, known="")
    team.join()
    assert team.members == {*team.people, team.joiner}


# -------------------------------------------------------------------------------------- follow-ups


def test_the_follow_up_of_a_new_account_names_its_user() -> None:
    """Somebody is in the group before their account exists: once it does, they are added without a whole reading."""
    team = Team()
    hire = team.world.person("Hal Newman", assigned=False)
    team.world.okta.add_members(team.group, [hire])
    team.world.happen()
    team.world.clock.advance(60)
    calls, asked = team.calls, team.world.watch_okta()
    team.world.okta.assign_user(hire)
    team.world.happen()
    assert team.members == {*team.people, hire}
    assert team.calls == (calls[0] + 1, calls[1])
    assert not any(f"/groups/{team.group}" in each for each in asked)


def test_the_follow_up_of_a_leaver_names_nobody() -> None:
    """Where inactive members go, the whole group is read for who has become inactive."""
    team = Team({"INACTIVE_MEMBERS": "remove"})
    team.world.okta.suspend(team.people[0])
    team.world.happen()
    assert team.members == set(team.people[1:])


def test_follow_ups_of_a_storm_share_whole_syncs() -> None:
    """Thirty people get accounts within a minute: their group is read every ten seconds, not for each of them."""
    team = Team()
    hires = [team.world.person(f"Hire{number:02} New", assigned=False) for number in range(30)]
    team.world.okta.add_members(team.group, hires)
    team.world.happen()
    team.world.clock.advance(60)
    before_storm = sum(team.calls)
    for hire in hires:
        team.world.okta.assign_user(hire)
        team.world.deliver(after=2)
        while any(team.world.work(queue) is not None for queue in Queue):
            pass
    team.world.settle()
    assert team.members == {*team.people, *hires}
    assert sum(team.calls) - before_storm <= 2 * 8


def test_a_redelivered_event_is_not_sent_again() -> None:
    """The same delivery again, at once and later: one PATCH."""
    team = Team()
    team.world.okta.add_members(team.group, [team.joiner])
    events = team.world.events()
    for wait in (10, 1, 400):
        team.world.deliver(events, after=wait)
        team.world.settle()
    assert team.calls == (1, 0)


def test_no_action_is_larger_than_the_setting() -> None:
    """With two members in a request, five take three PATCHes."""
    team = Team({"MEMBERS_PER_REQUEST": "2"})
    joiners = [team.joiner, *team.world.provisioned(4)]
    team.world.okta.add_members(team.group, joiners)
    team.world.happen()
    assert team.calls == (3, 0)
    assert team.members == {*team.people, *joiners}
