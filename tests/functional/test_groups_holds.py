"""Holds through the real handlers: what opens one, who joins and leaves it, and what is never done meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from bridge.errors import Transient
from bridge.items import Queue
from bridge.provisioning.hold_records import Hold, HoldState
from bridge.provisioning.records import GroupState
from bridge.provisioning.user_records import Origin
from bridge_local.faults import Effect, Fault, cut, html
from bridge_local.genesys import faults as genesys_faults
from bridge_local.memory import MemoryStore
from bridge_local.okta import faults as okta_faults
from tests.world import World


def setup(members: int, *, bootstrapped: bool = True, **variables: str) -> tuple[World, str, str, list[str]]:
    """A world with one linked group; Okta id, Genesys Cloud id, members."""
    world = World(variables, bootstrapped=bootstrapped)
    users = world.provisioned(members)
    okta_id, genesys_id = world.linked_group("Agents", users)
    return world, okta_id, genesys_id, users


# ------------------------------------------------------------------------------------------- an open hold


def test_additions_go_on_while_removals_are_held() -> None:
    """An open hold delays nobody who comes."""
    world, okta_id, genesys_id, users = setup(10)
    world.okta.remove_members(okta_id, users)
    world.happen()
    more = world.provisioned(2)
    world.okta.add_members(okta_id, more)
    world.happen()
    assert world.members(genesys_id) == {*users, *more}
    assert world.hold(okta_id) == ("open", "ceiling-empty", set(users))
    entry = world.last(f"group:{okta_id}")
    assert (entry.outcome, entry.why, entry.added, entry.held) == ("held", "ceiling-empty", 2, 10)


def test_further_removals_join_and_who_is_back_leaves() -> None:
    """A removal that would be allowed by itself joins an open hold; members again in Okta leave it; empty, it ends."""
    world, okta_id, genesys_id, users = setup(40)
    world.okta.remove_members(okta_id, users[:30])
    world.happen()
    world.okta.remove_members(okta_id, users[30:31])
    world.happen()
    assert world.hold(okta_id) == ("open", "ceiling-percent", set(users[:31]))
    hold = world.store.hold(f"group:{okta_id}")
    assert hold is not None
    assert (hold.revision, hold.staged, hold.explanation) == (2, 31, "W=31 c=0 B=40")
    world.okta.add_members(okta_id, users[1:31])
    world.happen()
    assert world.hold(okta_id) == ("open", "ceiling-percent", set(users[:1]))
    world.okta.add_members(okta_id, users[:1])
    world.happen()
    assert world.hold(okta_id) == ("resolved", "ceiling-percent", set())
    assert world.last(f"group:{okta_id}").outcome == "unchanged"
    world.okta.remove_members(okta_id, users[:1])
    world.happen()
    assert world.members(genesys_id) == set(users[1:])


def test_who_is_gone_from_the_genesys_group_leaves_the_hold() -> None:
    """An administrator removes the staged members by hand: nothing is left to hold."""
    world, okta_id, genesys_id, users = setup(10)
    world.okta.remove_members(okta_id, users)
    world.happen()
    world.genesys.edit_members(genesys_id, remove=world.genesys_ids(users))
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.hold(okta_id) == ("resolved", "ceiling-empty", set())


def test_a_hold_lives_over_restarts_and_time() -> None:
    """No time and no new process makes a held removal happen."""
    world, okta_id, genesys_id, users = setup(10)
    world.okta.remove_members(okta_id, users)
    world.happen()
    before = world.store.hold(f"group:{okta_id}")
    world.clock.advance(30 * 24 * 3600)
    world.restart()
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.members(genesys_id) == set(users)
    assert world.store.hold(f"group:{okta_id}") == before


def test_the_next_hold_has_the_next_number() -> None:
    """A hold after a resolved one is another one, with its own stages."""
    world, okta_id, _, users = setup(10)
    for number in (1, 2):
        world.okta.remove_members(okta_id, users)
        world.happen()
        hold = world.store.hold(f"group:{okta_id}")
        assert hold is not None
        assert (hold.number, hold.state) == (number, HoldState.OPEN)
        world.okta.add_members(okta_id, users)
        world.happen()


# ------------------------------------------------------------------------------------------- the first link


def test_the_first_sync_of_a_link_holds_every_removal() -> None:
    """Members whom Okta does not list when a group is linked are held, though they are few; later ones are not."""
    world = World()
    users = world.provisioned(30)
    genesys_id = world.genesys.add_group("Agents")
    world.genesys.edit_members(genesys_id, add=world.genesys_ids(users[:2]))
    world.variables["LINKED_GROUPS"] = "Agents"
    world.restart()
    okta_id = world.okta.create_group("Agents")
    world.okta.add_members(okta_id, users[2:])
    world.happen()
    assert world.members(genesys_id) == set(users)
    assert world.hold(okta_id) == ("open", "first-link", set(users[:2]))
    world.okta.add_members(okta_id, users[:2])
    world.happen()
    assert world.hold(okta_id)[0] == "resolved"
    world.okta.remove_members(okta_id, users[:2])
    world.happen()
    assert world.members(genesys_id) == set(users[2:])


def test_a_first_sync_that_did_not_end_is_still_the_first() -> None:
    """A sync that failed half-way does not count: its repetition holds as a first one."""
    world = World({"LINKED_GROUPS": "Agents"})
    users = world.provisioned(30)
    genesys_id = world.genesys.add_group("Agents")
    world.genesys.edit_members(genesys_id, add=world.genesys_ids(users[:2]))
    okta_id = world.okta.create_group("Agents")
    world.okta.add_members(okta_id, users[2:])
    world.okta.faults.add(Fault(f"groups/{okta_id}/users", okta_faults.refused(500), count=2))
    world.happen()
    assert world.hold(okta_id) == ("open", "first-link", set(users[:2]))
    assert world.members(genesys_id) == set(users)


def test_before_the_first_reconcile_every_removal_is_held() -> None:
    """One removal of 30 is held; once the state says bootstrapped, and it is back, one goes."""
    world, okta_id, genesys_id, users = setup(30, bootstrapped=False)
    world.okta.remove_members(okta_id, users[:1])
    world.happen()
    assert world.hold(okta_id) == ("open", "first-link", set(users[:1]))
    assert world.members(genesys_id) == set(users)
    world.store.set_bootstrapped()
    world.okta.add_members(okta_id, users[:1])
    world.happen()
    world.okta.remove_members(okta_id, users[:1])
    world.happen()
    assert world.members(genesys_id) == set(users[1:])


def test_adopted_members_whom_no_sync_has_seen_are_staged_and_not_counted() -> None:
    """A member who was adopted after the link, perhaps hand-made, waits as first-link; the others may go."""
    world, okta_id, genesys_id, users = setup(30)
    handmade = world.provisioned(10, Origin.ADOPTED)
    world.genesys.edit_members(genesys_id, add=world.genesys_ids(handmade))
    world.okta.remove_members(okta_id, users[:15])
    world.happen()
    assert world.members(genesys_id) == {*users[15:], *handmade}  # 15 of 40: the ten are in B, not in W
    assert world.hold(okta_id) == ("open", "first-link", set(handmade))
    assert len(world.store.removals(f"group:{okta_id}", world.clock.now() - timedelta(days=1))) == 15


def test_adopted_members_whom_a_sync_has_seen_are_members_like_others() -> None:
    """An adopted user who was once seen in the Okta group is removed when leaving it."""
    world = World()
    users = world.provisioned(10, Origin.ADOPTED)
    okta_id, genesys_id = world.linked_group("Agents", users)
    world.okta.remove_members(okta_id, users[:1])
    world.happen()
    assert world.members(genesys_id) == set(users[1:])
    assert world.hold(okta_id) == ("", "", set())


# ------------------------------------------------------------------------------------------- plausible reads


@pytest.mark.parametrize("members", [3, 30])
def test_an_unexplained_empty_listing_is_held(members: int) -> None:
    """Okta lists nobody, yet says that nothing has changed: nobody is removed; when they are listed again, it ends."""
    world, okta_id, genesys_id, users = setup(members)
    world.okta.faults.add(Fault(f"groups/{okta_id}/users", okta_faults.empty_listing(), count=1))
    world.clock.advance(3600)
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.members(genesys_id) == set(users)
    assert world.hold(okta_id) == ("open", "suspicious-empty", set(users))
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.hold(okta_id) == ("resolved", "suspicious-empty", set())


def test_a_small_group_that_was_really_emptied_is_emptied() -> None:
    """Okta's own time of the last change explains an empty listing: three of three go."""
    world, okta_id, genesys_id, users = setup(3)
    world.okta.remove_members(okta_id, users)
    world.happen()
    assert world.members(genesys_id) == set()
    assert world.hold(okta_id) == ("", "", set())


def test_a_change_just_before_our_last_listing_still_explains() -> None:
    """A change up to five seconds older than our last listing may have been missing in it: it explains an empty one."""
    world, okta_id, genesys_id, users = setup(3)
    world.okta.remove_members(okta_id, users)
    world.okta.switches.read_lag = 4
    world.clock.advance(3)
    world.ask(f"group:{okta_id}")
    world.settle()
    world.happen()
    assert world.members(genesys_id) == set()


def test_what_explains_an_empty_listing_explains_the_next_one() -> None:
    """A listing that is empty still, after one that was explained, needs no other change to be believed."""
    world, okta_id, genesys_id, users = setup(3)
    world.store.excepted.update((f"group:{okta_id}", user) for user in users)
    world.okta.remove_members(okta_id, users)
    world.happen()
    assert world.members(genesys_id) == set(users)
    world.store.excepted.clear()
    world.clock.advance(3600)
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.members(genesys_id) == set()


def test_an_empty_listing_without_any_other_to_compare_is_held() -> None:
    """Members are there by hand, and no listing ever showed anybody: suspicious, whatever Okta's times say."""
    world = World()
    okta_id, genesys_id = world.linked_group("Agents", [])
    users = world.provisioned(3)
    world.genesys.edit_members(genesys_id, add=world.genesys_ids(users))
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.hold(okta_id) == ("open", "suspicious-empty", set(users))
    assert world.members(genesys_id) == set(users)


@pytest.mark.parametrize("removes", [False, True])
def test_a_group_deleted_in_okta_is_held_whole(removes: bool) -> None:
    """404 on the group: all its members are held, never removed, also when Okta tells of each; a few as well."""
    for members in (3, 30):
        world, okta_id, genesys_id, users = setup(members)
        world.okta.switches.group_delete_removes = removes
        world.okta.delete_group(okta_id)
        world.happen()
        assert world.hold(okta_id) == ("open", "group-deleted", set(users))
        assert world.members(genesys_id) == set(users)


def test_a_group_that_was_only_invisible_leaves_its_hold() -> None:
    """The 404 meant "not visible": when the group is back, the hold is resolved and nothing has changed."""
    world, okta_id, genesys_id, users = setup(30)
    world.okta.faults.add(Fault(f"groups/{okta_id}$", okta_faults.refused(404), count=1))
    world.okta.faults.add(Fault("/groups[?]", okta_faults.listing_without(okta_id), count=1))
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.hold(okta_id) == ("open", "group-deleted", set(users))
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.hold(okta_id)[0] == "resolved"
    assert world.members(genesys_id) == set(users)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault("groups/.*/users.*after=", okta_faults.refused(500), count=3), id="500 on page 2"),
        pytest.param(Fault("groups/.*/users.*after=", okta_faults.refused(404), count=3), id="404 on page 2"),
        pytest.param(Fault("groups/.*/users", okta_faults.refused(404), count=3), id="404 on the listing"),
        pytest.param(Fault("groups/.*/users", okta_faults.refused(403), count=3), id="403"),
        pytest.param(Fault("groups/.*/users.*after=", html(), count=3), id="no JSON"),
        pytest.param(Fault("groups/.*/users.*after=", cut(), count=6), id="cut"),
        pytest.param(Fault("groups/.*/users", okta_faults.rate_limited(), count=3), id="429"),
    ],
)
def test_an_incomplete_listing_removes_nobody(fault: Fault) -> None:
    """A listing that is not whole is no truth: no write until it is; then the sync is made good."""
    world, okta_id, genesys_id, users = setup(1100, MEMBERS_PER_REQUEST="1000")
    world.okta.remove_members(okta_id, users[:10])
    world.okta.faults.add(fault)
    writes = world.calls("PATCH")
    world.deliver()
    world.clock.advance(10)
    world.work(Queue.GROUPS)
    assert world.calls("PATCH") == writes
    assert world.last(f"group:{okta_id}").outcome == "failed"
    world.settle()
    assert fault.count == 0
    assert world.members(genesys_id) == set(users[10:])
    assert world.calls("PATCH") == writes + 1
    assert not world.store.parked


# ------------------------------------------------------------------------------------------- exceptions


@pytest.mark.parametrize("inactive", ["keep", "remove"])
def test_an_exception_keeps_a_member_until_members_again(inactive: str) -> None:
    """Who is excepted stays though not in the Okta group, uncounted; once a member again, the exception has ended."""
    world, okta_id, genesys_id, users = setup(30, INACTIVE_MEMBERS=inactive)
    world.store.excepted.add((f"group:{okta_id}", users[0]))
    with world.okta.quietly():
        world.okta.remove_members(okta_id, users[:1])
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.members(genesys_id) == set(users)
    assert world.store.exceptions(f"group:{okta_id}") == {users[0]}
    assert world.last(f"group:{okta_id}").outcome == "unchanged"
    world.okta.add_members(okta_id, users[:1])
    world.happen()
    assert world.store.exceptions(f"group:{okta_id}") == frozenset()
    world.okta.remove_members(okta_id, users[:1])
    world.happen()
    assert world.members(genesys_id) == set(users[1:])


@pytest.mark.parametrize("lie", [genesys_faults.cut_members(0), genesys_faults.cut_members(10)])
def test_members_who_are_not_shown_stay_excepted(lie: Effect) -> None:
    """Genesys Cloud cuts its list of members: an exception ends by what the person's own account says, not by that."""
    world, okta_id, genesys_id, users = setup(30)
    world.store.add_exceptions(f"group:{okta_id}", users)
    with world.okta.quietly():
        world.okta.remove_members(okta_id, users[:15])
    fault = world.genesys.faults.add(Fault(f"GET .*groups/{genesys_id}", lie))
    for _ in range(2):
        world.ask(f"group:{okta_id}")
        world.settle()
    world.genesys.faults.remove(fault)
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.members(genesys_id) == set(users)
    world.genesys.edit_members(genesys_id, remove=world.genesys_ids(users[:1]))
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.store.exceptions(f"group:{okta_id}") == set(users[1:15])


def test_an_excepted_member_who_is_inactive_is_not_desired() -> None:
    """With `remove`, a suspended member in the Okta group is to go: the exception holds on."""
    world, okta_id, genesys_id, users = setup(30, INACTIVE_MEMBERS="remove")
    world.store.excepted.add((f"group:{okta_id}", users[0]))
    world.okta.suspend(users[0])
    world.happen()
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.store.exceptions(f"group:{okta_id}") == {users[0]}
    assert world.members(genesys_id) == set(users)


@pytest.mark.parametrize(("days", "kept"), [(29, True), (31, False)])
def test_exceptions_return_with_the_link_for_thirty_days(days: int, *, kept: bool) -> None:
    """Somebody whom a person kept stays kept when the link comes back soon, and is forgotten after a month."""
    world, okta_id, _, users = setup(5)
    world.store.excepted.add((f"group:{okta_id}", users[0]))
    names, world.variables["LINKED_GROUPS"] = world.variables["LINKED_GROUPS"], ""
    world.restart()
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.store.group_links[okta_id].state is GroupState.UNLINKED
    world.clock.advance(days * 86_400)
    world.variables["LINKED_GROUPS"] = names
    world.restart()
    world.okta.remove_members(okta_id, users[:1])
    world.happen()
    assert bool(world.store.excepted) is kept


# ------------------------------------------------------------------------------------------- a failing store


class FailingStore(MemoryStore):
    """A store some of whose methods fail."""

    broken: frozenset[str] = frozenset()

    def _check(self, method: str) -> None:
        if method in self.broken:
            raise Transient("store-throttled", upstream="store")

    def removals(self, entity: str, since: datetime) -> frozenset[str]:
        """May fail."""
        self._check("removals")
        return super().removals(entity, since)

    def reserve(self, entity: str, user_ids: Iterable[str], at: datetime) -> None:
        """May fail."""
        self._check("reserve")
        super().reserve(entity, user_ids, at)

    def complete(self, entity: str, user_ids: Iterable[str], at: datetime, *, permits: str = "") -> None:
        """May fail."""
        self._check("complete")
        super().complete(entity, user_ids, at, permits=permits)

    def exceptions(self, entity: str) -> frozenset[str]:
        """May fail."""
        self._check("exceptions")
        return super().exceptions(entity)

    def replace_hold(self, before: Hold | None, hold: Hold) -> None:
        """May fail when the hold is complete."""
        if hold.state is HoldState.OPEN:
            self._check("open")
        super().replace_hold(before, hold)

    def stage(self, entity: str, number: int, revision: int, user_ids: Iterable[str]) -> None:
        """May fail."""
        self._check("stage")
        super().stage(entity, number, revision, user_ids)


def failing(members: int) -> tuple[World, FailingStore, str, str, list[str]]:
    """As `setup`, with a store that can be broken."""
    world = World()
    world.store = store = FailingStore()
    store.set_bootstrapped()
    world.restart()
    users = world.provisioned(members)
    okta_id, genesys_id = world.linked_group("Agents", users)
    return world, store, okta_id, genesys_id, users


@pytest.mark.parametrize("method", ["removals", "reserve", "exceptions"])
def test_records_that_fail_stop_removals_and_not_additions(method: str) -> None:
    """The removal records cannot be read or written: additions are made, nobody is removed, and it is tried again."""
    world, store, okta_id, genesys_id, users = failing(30)
    more = world.provisioned(2)
    store.broken = frozenset({method})
    world.okta.remove_members(okta_id, users[:2])
    world.okta.add_members(okta_id, more)
    world.deliver()
    world.pass_time(hours=1)
    assert world.members(genesys_id) == {*users, *more}
    entry = world.last(f"group:{okta_id}")
    assert (entry.outcome, entry.why) == ("failed", "store-throttled")
    assert entry.calls
    store.broken = frozenset()
    world.settle()
    assert world.members(genesys_id) == {*users[2:], *more}


def test_a_removal_whose_record_could_not_be_completed_counts_once() -> None:
    """The removal was done, its record stays reserved: it counts, and once."""
    world, store, okta_id, genesys_id, users = failing(30)
    store.broken = frozenset({"complete"})
    world.okta.remove_members(okta_id, users[:10])
    world.deliver()
    world.pass_time(hours=0.1)
    store.broken = frozenset()
    world.settle()
    assert world.members(genesys_id) == set(users[10:])
    assert len(store.removals(f"group:{okta_id}", world.clock.now() - timedelta(days=1))) == 10


@pytest.mark.parametrize("step", ["stage", "open"])
def test_a_hold_whose_writing_failed_half_way_blocks_and_is_completed(step: str) -> None:
    """A hold that stopped at `opening` removes nobody, and the next sync stages the whole change."""
    world, store, okta_id, genesys_id, users = failing(30)
    store.broken = frozenset({step})
    world.okta.remove_members(okta_id, users[:20])
    world.deliver()
    world.pass_time(hours=0.1)
    assert world.hold(okta_id) == ("opening", "ceiling-percent", set() if step == "stage" else set(users[:20]))
    assert world.members(genesys_id) == set(users)
    store.broken = frozenset()
    world.settle()
    assert world.hold(okta_id) == ("open", "ceiling-percent", set(users[:20]))
