"""Syncs of groups: who is added and removed, what it costs, and whom the bridge leaves alone."""

from __future__ import annotations

import pytest

from bridge.items import Queue, Reason
from bridge_local.genesys.records import Call
from bridge_local.genesys.switches import GenesysSwitches
from tests.world import World


def patches(world: World) -> list[Call]:
    """The PATCHes of groups so far."""
    return [call for call in world.genesys.calls if call.method == "PATCH" and call.route == "groups/{id}"]


@pytest.mark.parametrize("shows_members", [True, False])
def test_one_member_is_added_and_another_removed(shows_members: bool) -> None:
    """One who joins and one who leaves cost a read and a PATCH each way, whatever the answer to a PATCH shows."""
    world = World(genesys_switches=GenesysSwitches(patch_shows_members=shows_members))
    ada, ben, cleo = world.provisioned(3)
    okta_id, genesys_id = world.linked_group("Agents", [ada, ben])
    assert world.members(genesys_id) == {ada, ben}
    before = world.calls()
    world.okta.add_members(okta_id, [cleo])
    world.okta.remove_members(okta_id, [ben])
    world.happen()
    assert world.members(genesys_id) == {ada, cleo}
    assert world.calls() - before == 3
    entry = world.last(f"group:{okta_id}")
    assert (entry.outcome, entry.added, entry.removed, entry.held) == ("members-changed", 1, 1, 0)


@pytest.mark.parametrize(("each", "per_request", "writes"), [(False, 50, 20), (True, 50, 20), (False, 1000, 1)])
def test_a_thousand_members_cost_twenty_patches(each: bool, per_request: int, writes: int) -> None:
    """1,000 added at once: the PATCHes of MEMBERS_PER_REQUEST and one read, in one delivery or in 1,000."""
    world = World({"MEMBERS_PER_REQUEST": str(per_request)})
    users = world.provisioned(1000)
    okta_id, genesys_id = world.linked_group("Agents", [])
    before = world.calls()
    world.okta.add_members(okta_id, users)
    events = world.events()
    assert len(events) == 1000
    world.deliver(events, each=each)
    world.settle()
    assert len(world.members(genesys_id)) == 1000
    assert len(patches(world)) == writes
    assert world.calls() - before == writes + 1


def test_a_trickle_of_deliveries_costs_a_read_for_each_slot() -> None:
    """A change of a minute, told later one event at a time: 20 PATCHes and a read for each 2 s of change."""
    world = World()
    users = world.provisioned(1000)
    okta_id, genesys_id = world.linked_group("Agents", [])
    before = world.calls()
    for at in range(0, 1000, 50):
        world.okta.add_members(okta_id, users[at : at + 50])
        world.clock.advance(3)
    for event in world.events():
        world.deliver([event], after=0.4)
        world.work(Queue.GROUPS)
    world.settle()
    assert len(world.members(genesys_id)) == 1000
    assert len(patches(world)) <= 20 + 1  # the first one is added before it is known that others come
    assert world.calls() - before <= 20 + 1 + 20


def test_no_request_replaces_the_members() -> None:
    """Groups only ever see PATCHes with add and remove of single members: no PUT, no replace, no bare remove."""
    world = World()
    users = world.provisioned(60)
    okta_id, _ = world.linked_group("Agents", users)
    world.okta.remove_members(okta_id, users[:25])
    world.happen()
    assert world.calls("PUT") == 0
    operations = [operation for call in patches(world) for operation in call.body["Operations"]]
    assert {operation["op"] for operation in operations} == {"add", "remove"}
    for operation in operations:
        assert operation["op"] == "add" or operation["path"].startswith('members[value eq "')
    assert [len(call.added) or len(call.removed) for call in patches(world)] == [50, 10, 25]


def test_what_changes_nothing_costs_no_write() -> None:
    """A repeated delivery costs no call at all; a rename or another sync of an equal group only its read."""
    world = World()
    users = world.provisioned(3)
    okta_id, genesys_id = world.linked_group("Agents", users[:2])
    world.okta.add_members(okta_id, users[2:])
    events = world.events()
    world.deliver(events)
    world.settle()
    calls = world.calls()
    world.deliver(events)
    world.settle()
    world.clock.advance(600)
    world.deliver(events)
    world.settle()
    assert world.calls() == calls
    world.okta.update_group(okta_id, description="People who answer")
    world.happen()
    assert world.calls() == calls + 1
    assert world.last(f"group:{okta_id}").outcome == "unchanged"
    assert world.members(genesys_id) == set(users)


def test_who_is_not_in_genesys_cloud_yet_is_left_out_and_comes_when_created() -> None:
    """A member without an account is no error; the creation of the account enqueues the group again."""
    world = World()
    (ada,) = world.provisioned(1)
    outsider = world.person("Ola Outsider", assigned=False)
    okta_id, genesys_id = world.linked_group("Agents", [ada, outsider])
    assert world.members(genesys_id) == {ada}
    assert world.last(f"group:{okta_id}").outcome == "members-changed"
    world.okta.assign_user(outsider)
    world.happen()
    assert world.members(genesys_id) == {ada, outsider}


def test_users_who_cannot_sign_in_are_not_added() -> None:
    """STAGED, suspended and deprovisioned members of the Okta group stay out of the Genesys Cloud group."""
    world = World({"LINKED_GROUPS": "Agents"})
    names = ["Ada Brook", "Sue Spend", "Dee Part"]
    ada, suspended, leaver = (world.person(name) for name in names)
    staged = world.okta.create_user({"login": "stan.age@example.com"}, activate=False)
    world.okta.assign_user(staged)
    world.happen()
    world.okta.suspend(suspended)
    world.okta.deactivate(leaver)
    world.happen()
    genesys_id = world.genesys.add_group("Agents")
    group = world.okta.create_group("Agents")
    world.okta.add_members(group, [ada, suspended, leaver, staged])
    world.happen()
    assert world.members(genesys_id) == {ada}
    world.okta.unsuspend(suspended)
    world.okta.activate(staged)
    world.happen()
    assert world.members(genesys_id) == {ada, suspended, staged}


@pytest.mark.parametrize("adding_inactive", ["accepted", "400"])
@pytest.mark.parametrize("inactive_members", ["kept", "removed"])
@pytest.mark.parametrize("setting", ["keep", "remove"])
def test_inactive_members(setting: str, inactive_members: str, adding_inactive: str) -> None:
    """A suspended member stays with `keep`, goes with `remove`, and is back in the group when active again."""
    switches = GenesysSwitches(inactive_members=inactive_members, adding_inactive=adding_inactive)  # type: ignore[arg-type] # from a list of its values
    world = World({"INACTIVE_MEMBERS": setting}, genesys_switches=switches)
    ada, ben = world.person("Ada Brook"), world.person("Ben Dale")
    world.happen()
    okta_id, genesys_id = world.linked_group("Agents", [ada, ben])
    world.okta.suspend(ben)
    world.happen()
    world.ask(f"group:{okta_id}")
    world.settle()
    stays = setting == "keep" and inactive_members == "kept"
    assert world.members(genesys_id) == ({ada, ben} if stays else {ada})
    world.okta.unsuspend(ben)
    world.happen()
    assert world.members(genesys_id) == {ada, ben}
    assert not world.store.parked


def test_an_inactive_member_who_left_the_okta_group_stays_with_keep() -> None:
    """With `keep`, leavers are no removals: nobody need approve what gives no access."""
    world = World()
    users = world.provisioned(3)
    okta_id, genesys_id = world.linked_group("Agents", users)
    world.okta.deactivate(users[0])
    world.okta.remove_members(okta_id, users[:1])
    world.happen()
    assert world.members(genesys_id) == set(users)
    assert world.account(users[0])["active"] is False


def test_members_without_a_link_are_counted_and_never_touched() -> None:
    """Hand-made members that are none of our users stay, through additions, removals and an emptied group."""
    world = World()
    ada, ben = world.provisioned(2)
    stranger = world.genesys.add_user({"userName": "guest@example.org", "displayName": "Guest"})
    okta_id, genesys_id = world.linked_group("Agents", [ada, ben])
    world.genesys.edit_members(genesys_id, add=[stranger])
    world.okta.remove_members(okta_id, [ada, ben])
    world.happen()
    assert world.members(genesys_id) == {stranger}
    assert world.last(f"group:{okta_id}").read["unlinked-members"] == "1"


def test_drift_is_repaired_by_a_sync() -> None:
    """Members changed by hand in Genesys Cloud are put right at the next sync of the group."""
    world = World()
    users = world.provisioned(3)
    okta_id, genesys_id = world.linked_group("Agents", users[:2])
    world.genesys.edit_members(genesys_id, add=world.genesys_ids(users[2:]), remove=world.genesys_ids(users[:1]))
    world.ask(f"group:{okta_id}", Reason.RECONCILE)
    world.settle()
    assert world.members(genesys_id) == set(users[:2])


@pytest.mark.parametrize("bulk", [True, False])
def test_a_removal_of_many_is_never_more_than_a_thousand_in_one_action(bulk: bool) -> None:
    """With MEMBERS_PER_REQUEST=1000, no action removes more than Genesys Cloud lets one remove."""
    world = World({"MEMBERS_PER_REQUEST": "1000" if bulk else "300", "GROUP_REMOVAL_CEILING_PERCENT": "0"})
    users = world.provisioned(1001)
    okta_id, genesys_id = world.linked_group("Agents", users)
    world.okta.remove_members(okta_id, users[:1000])
    world.happen()
    assert world.members(genesys_id) == set(users[1000:])
    removed = [len(call.removed) for call in patches(world) if call.removed]
    assert removed == ([1000] if bulk else [300, 300, 300, 100])


def test_observe_mode_writes_nothing_and_says_what_it_would() -> None:
    """In observe mode the journal names the change, and neither group nor reservations nor holds are written."""
    world = World()
    users = world.provisioned(30)
    okta_id, genesys_id = world.linked_group("Agents", users[:28])
    world.variables["MODE"] = "observe"
    world.restart()
    world.okta.add_members(okta_id, users[28:])
    world.okta.remove_members(okta_id, users[:3])
    world.happen()
    entry = world.last(f"group:{okta_id}")
    assert (entry.outcome, entry.why, entry.added, entry.removed, entry.held) == ("observed", "", 2, 3, 0)
    world.okta.remove_members(okta_id, users[3:28])
    world.happen()
    entry = world.last(f"group:{okta_id}")
    assert (entry.outcome, entry.why, entry.added, entry.removed, entry.held) == (
        "observed",
        "ceiling-percent",
        2,
        0,
        28,
    )
    assert world.members(genesys_id) == set(users[:28])
    assert not world.store.removal_records
    assert world.hold(okta_id) == ("", "", set())
