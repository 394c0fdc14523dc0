"""The ceiling through the real handlers: exact numbers, however the change is packaged, in any rolling window."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.provisioning.hold_records import RemovalState, Verdict
from bridge_local.faults import Effect, Fault, before, cut, lost
from bridge_local.genesys import faults as genesys_faults
from bridge_local.genesys.switches import GenesysSwitches
from tests.world import World

DAY = 24 * 3600


def setup(members: int, *, ceiling: int = 1000, percent: int = 50, **more: str) -> tuple[World, str, str, list[str]]:
    """A world with one linked group; Okta id, Genesys Cloud id, members."""
    variables = {"GROUP_REMOVAL_CEILING": str(ceiling), "GROUP_REMOVAL_CEILING_PERCENT": str(percent), **more}
    world = World(variables)
    users = world.provisioned(members)
    okta_id, genesys_id = world.linked_group("Agents", users)
    return world, okta_id, genesys_id, users


def test_a_whole_team_moves_from_one_linked_group_to_another() -> None:
    """They are members of the new one at once; the old one, which would be empty, waits for a person."""
    world, old, old_in_genesys, users = setup(30)
    new, new_in_genesys = world.linked_group("Leads", [])
    world.okta.add_members(new, users)
    world.okta.remove_members(old, users)
    world.happen()
    assert world.members(new_in_genesys) == set(users)
    assert world.members(old_in_genesys) == set(users)
    assert world.hold(old) == ("open", "ceiling-percent", set(users))
    world.decide(f"group:{old}", Verdict.APPROVE)
    world.happen()
    assert (world.members(old_in_genesys), world.members(new_in_genesys)) == (set(), set(users))


@pytest.mark.parametrize(
    ("leavers", "of", "reason"),
    [
        pytest.param(300, 400, "ceiling-percent", id="300 of 400"),
        pytest.param(201, 400, "ceiling-percent", id="201 of 400"),
        pytest.param(200, 400, "", id="200 of 400"),
        pytest.param(12, 15, "", id="12 of 15"),
        pytest.param(19, 19, "ceiling-empty", id="19 of 19"),
        pytest.param(11, 21, "ceiling-percent", id="11 of 21"),
        pytest.param(10, 21, "", id="10 of 21"),
        pytest.param(5, 5, "ceiling-empty", id="5 of 5"),
        pytest.param(4, 5, "", id="4 of 5"),
        pytest.param(4, 4, "", id="4 of 4"),
        pytest.param(1, 1, "", id="1 of 1"),
    ],
)
@pytest.mark.parametrize("job", [True, False])
def test_one_change(leavers: int, of: int, reason: str, job: bool) -> None:
    """A change within the limits is done whole, one above them not at all; a bulk job makes no difference."""
    world, okta_id, genesys_id, users = setup(of)
    world.okta.switches.job_of_bulk_adds = job
    world.okta.remove_members(okta_id, users[:leavers])
    world.happen()
    if reason:
        assert world.members(genesys_id) == set(users)
        assert world.hold(okta_id) == ("open", reason, set(users[:leavers]))
        assert world.last(f"group:{okta_id}").held == leavers
        hold = world.store.hold(f"group:{okta_id}")
        assert hold is not None
        assert (hold.staged, hold.explanation) == (leavers, f"W={leavers} c=0 B={of}")
        assert len(hold.events) == min(leavers, 20)
    else:
        assert world.members(genesys_id) == set(users[leavers:])
        assert world.hold(okta_id) == ("", "", set())
        assert world.last(f"group:{okta_id}").removed == leavers


def test_the_window_rolls_exactly() -> None:
    """999 yesterday evening and 2 this morning are held; 24 h after those removals they no longer count."""
    world, okta_id, genesys_id, users = setup(2100, MEMBERS_PER_REQUEST="1000")
    world.clock.time = world.clock.time.replace(hour=20)
    world.okta.remove_members(okta_id, users[:999])
    world.happen()
    evening = world.clock.now()
    assert len(world.members(genesys_id)) == 2100 - 999
    world.clock.time = evening + timedelta(hours=12)
    world.okta.remove_members(okta_id, users[999:1001])
    world.happen()
    assert world.hold(okta_id) == ("open", "ceiling-count", set(users[999:1001]))
    world.okta.add_members(okta_id, users[999:1001])
    world.happen()
    assert world.hold(okta_id)[0] == "resolved"
    world.okta.remove_members(okta_id, users[999:1000])
    world.happen()
    assert len(world.members(genesys_id)) == 2100 - 1000  # the thousandth in 24 h is allowed
    world.okta.remove_members(okta_id, users[1000:1003])
    world.clock.time = evening + timedelta(hours=23, minutes=59)
    world.happen()
    assert world.hold(okta_id) == ("open", "ceiling-count", set(users[1000:1003]))
    world.okta.add_members(okta_id, users[1000:1003])
    world.happen()
    world.clock.time = evening + timedelta(hours=24)
    world.okta.remove_members(okta_id, users[1000:1003])
    world.happen()
    assert len(world.members(genesys_id)) == 2100 - 1003


def test_a_removal_is_reserved_before_its_call_and_done_after_it() -> None:
    """While calls fail the records say reserved; when they have ended, done, with the time of the end."""
    world, okta_id, genesys_id, users = setup(40, MEMBERS_PER_REQUEST="2")
    at_call = []

    def note() -> None:
        """What the records say when a PATCH arrives."""
        at_call.append(sorted(record.state for record in world.store.removal_records.values()))
        world.clock.advance(1)

    world.genesys.faults.add(Fault("PATCH", before(note)))
    world.okta.remove_members(okta_id, users[:4])
    world.happen()
    assert at_call == [["reserved"] * 4, ["done", "done", "reserved", "reserved"]]
    records = [world.store.removal_records[f"group:{okta_id}", user] for user in users[:4]]
    assert all(record.state is RemovalState.DONE for record in records)
    assert max(record.at for record in records) == world.clock.now()
    assert world.members(genesys_id) == set(users[4:])


@pytest.mark.parametrize("each", [False, True])
def test_an_emptied_group_is_held_at_its_first_event(each: bool) -> None:
    """120 members removed in Okta with a ceiling of 100: nobody goes, in one delivery or in 120."""
    world, okta_id, genesys_id, users = setup(120, ceiling=100, percent=0)
    world.okta.remove_members(okta_id, users)
    events = world.events()
    world.deliver(events[:1])
    world.settle()
    assert world.hold(okta_id) == ("open", "ceiling-count", set(users))
    world.deliver(events[1:], each=each)
    world.settle()
    assert world.hold(okta_id) == ("open", "ceiling-count", set(users))
    assert world.members(genesys_id) == set(users)


def test_removals_that_trickle_are_held_where_the_ceiling_is_reached() -> None:
    """One removal every ten minutes: exactly half of the group goes in a day, then the rest waits together."""
    world, okta_id, genesys_id, users = setup(40)
    for user in users[:30]:
        world.okta.remove_members(okta_id, [user])
        world.happen()
        world.clock.advance(600)
    assert world.members(genesys_id) == set(users[20:])
    assert world.hold(okta_id) == ("open", "ceiling-percent", set(users[20:30]))


def test_an_operators_ceiling_of_a_group_goes_before_the_setting() -> None:
    """A shift group's own limits let everybody but one go; a stricter one holds two."""
    world, okta_id, genesys_id, users = setup(40)
    link = world.store.group_links[okta_id]
    world.store.group_links[okta_id] = replace(link, ceiling=39, ceiling_percent=100)
    world.okta.remove_members(okta_id, users[:39])
    world.happen()
    assert world.members(genesys_id) == set(users[39:])
    world.clock.advance(2 * DAY)
    world.okta.add_members(okta_id, users)
    world.happen()
    link = world.store.group_links[okta_id]
    assert (link.ceiling, link.ceiling_percent) == (39, 100)
    world.store.group_links[okta_id] = replace(link, ceiling=1)
    world.okta.remove_members(okta_id, users[:2])
    world.happen()
    assert world.hold(okta_id) == ("open", "ceiling-count", set(users[:2]))


@pytest.mark.parametrize("effect", [lost(), cut(), genesys_faults.rate_limited()])
def test_a_retry_never_counts_twice(effect: Effect) -> None:
    """A removal whose call fails, before or after its work was done, is counted once when it is tried again."""
    world, okta_id, genesys_id, users = setup(60, ceiling=20)
    world.genesys.faults.add(Fault("PATCH .*groups", effect, count=3))
    world.okta.remove_members(okta_id, users[:20])
    world.happen()
    assert world.members(genesys_id) == set(users[20:])
    assert world.hold(okta_id) == ("", "", set())
    assert len(world.store.removals(f"group:{okta_id}", world.clock.now() - timedelta(days=1))) == 20
    world.okta.remove_members(okta_id, users[20:21])
    world.happen()
    assert world.hold(okta_id) == ("open", "ceiling-count", set(users[20:21]))


def test_removed_back_and_removed_again_counts_once() -> None:
    """The same people going and coming all day never reach the ceiling."""
    world, okta_id, genesys_id, users = setup(40, ceiling=10)
    for _ in range(5):
        world.okta.remove_members(okta_id, users[:10])
        world.happen()
        assert world.members(genesys_id) == set(users[10:])
        world.okta.add_members(okta_id, users[:10])
        world.happen()
        assert world.members(genesys_id) == set(users)
    assert world.hold(okta_id) == ("", "", set())


def test_additions_of_the_same_sync_do_not_raise_the_base() -> None:
    """300 of 400 leave while 1,000 come: the percentage is of the 400; the 1,000 are added all the same."""
    world, okta_id, genesys_id, users = setup(40)
    more = world.provisioned(100)
    world.okta.remove_members(okta_id, users[:30])
    world.okta.add_members(okta_id, more)
    world.happen()
    assert world.hold(okta_id) == ("open", "ceiling-percent", set(users[:30]))
    assert world.members(genesys_id) == {*users, *more}


def test_a_group_that_changes_hands_is_not_empty() -> None:
    """All of a small group leave and others come: somebody is there afterwards, so it may be done."""
    world, okta_id, genesys_id, users = setup(10)
    more = world.provisioned(3)
    world.okta.add_members(okta_id, more)
    world.okta.remove_members(okta_id, users)
    world.happen()
    assert world.members(genesys_id) == set(more)


def test_somebody_who_could_not_be_added_does_not_count_as_there() -> None:
    """All leave, and the only one to come is refused by Genesys Cloud: the group would be empty, so it is held."""
    world, okta_id, genesys_id, users = setup(10)
    (lost,) = world.provisioned(1)
    world.genesys.delete_user(world.genesys_ids([lost])[0])
    world.okta.add_members(okta_id, [lost])
    world.okta.remove_members(okta_id, users)
    world.happen()
    assert world.hold(okta_id) == ("open", "ceiling-empty", set(users))
    assert world.members(genesys_id) == set(users)


def test_inactive_members_are_in_neither_count_nor_base() -> None:
    """With `keep`, 40 members of whom 20 are inactive: the half that may go is 10 of the 20 active ones."""
    world, okta_id, genesys_id, users = setup(40)
    for user in users[20:]:
        world.okta.suspend(user)
    world.happen()
    world.okta.remove_members(okta_id, [*users[:11], *users[20:]])
    world.happen()
    assert world.hold(okta_id) == ("open", "ceiling-percent", set(users[:11]))
    world.okta.add_members(okta_id, users[:1])
    world.happen()
    assert world.members(genesys_id) == set(users)  # a hold that is open waits for a person
    assert world.hold(okta_id) == ("open", "ceiling-percent", set(users[1:11]))


def test_inactive_members_count_with_remove() -> None:
    """With `remove`, suspended members are removals like any others, and more than half of them are held."""
    world, okta_id, genesys_id, users = setup(40, INACTIVE_MEMBERS="remove")
    for user in users[:21]:
        world.okta.suspend(user)
    world.happen()
    held = world.hold(okta_id)[2]
    gone = set(users) - world.members(genesys_id)
    assert len(gone) <= 20
    assert gone | held == set(users[:21])


@pytest.mark.parametrize("answer", ["400", "409"])
def test_the_guard_of_genesys_cloud_itself(answer: str) -> None:
    """Where Genesys Cloud allows fewer removals in one action than we send, they are done in halves."""
    switches = GenesysSwitches(removal_guard=30, removal_guard_answer=answer)  # type: ignore[arg-type] # from a list of its values
    world = World({"GROUP_REMOVAL_CEILING_PERCENT": "0"}, genesys_switches=switches)
    users = world.provisioned(60)
    okta_id, genesys_id = world.linked_group("Agents", users)
    world.okta.remove_members(okta_id, users[:50])
    world.happen()
    assert world.members(genesys_id) == set(users[50:])
    assert not world.store.parked
