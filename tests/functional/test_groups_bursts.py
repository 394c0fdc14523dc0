"""Bursts: a group that has just been synced waits for what else comes, where only events ask for its sync."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.items import Queue, Reason
from bridge.provisioning.bursts import GATHERING
from bridge_local.faults import Fault
from bridge_local.genesys.faults import refused
from tests.world import World

#: The queue's delay, the wait, and a second to round it up.
PROMISED = 20


def joined(world: World, okta_id: str, user: str) -> None:
    """One more member, told in a delivery of its own and visible in the queue."""
    world.okta.add_members(okta_id, [user])
    world.deliver(after=0)
    world.clock.advance(8)


def worked(world: World) -> None:
    """Work the groups' queue as far as it has something to receive now."""
    while world.work(Queue.GROUPS) is not None:
        pass


def test_members_one_every_three_seconds_share_syncs() -> None:
    """Forty members within two minutes cost a read and a PATCH every ten seconds, and each comes within 20 s."""
    world = World()
    users = world.provisioned(40)
    okta_id, genesys_id = world.linked_group("Agents", [])
    world.clock.advance(60)
    before, told, longest = world.calls(), dict[str, float](), 0.0
    waiting = set[str]()
    for second in range(150):
        if second % 3 == 0 and users:
            user = users.pop(0)
            world.okta.add_members(okta_id, [user])
            world.deliver(after=0)
            told[user] = second
            waiting.add(user)
        worked(world)
        world.clock.advance(1)
        for user in waiting & world.members(genesys_id):
            longest = max(longest, second + 1 - told[user])
            waiting.remove(user)
    assert not waiting
    assert longest <= PROMISED
    assert world.calls() - before <= 2 * 14
    assert world.queues.depth() == 0


def test_a_group_that_is_deferred_reads_nothing_and_leaves_no_trace() -> None:
    """Too early: no call to either side, no journal entry, nothing parked; the message comes when the time is over."""
    world = World()
    ada, ben = world.provisioned(2)
    okta_id, genesys_id = world.linked_group("Agents", [])
    world.clock.advance(60)
    joined(world, okta_id, ada)
    worked(world)
    assert world.members(genesys_id) == {ada}
    calls, entries = world.calls(), len(world.journal(f"group:{okta_id}"))
    joined(world, okta_id, ben)
    worked(world)
    assert world.members(genesys_id) == {ada}
    assert (world.calls(), len(world.journal(f"group:{okta_id}"))) == (calls, entries)
    assert (world.queues.depth(), world.parked(f"group:{okta_id}")) == (1, [])
    world.clock.advance(2)
    worked(world)
    assert world.members(genesys_id) == {ada, ben}
    assert world.queues.depth() == 0


@pytest.mark.parametrize("reason", [Reason.OPERATOR, Reason.RECONCILE, Reason.REDRIVE, Reason.HOLD])
def test_anyone_who_asks_does_not_wait(reason: Reason) -> None:
    """A person, a comparison and a decision have the group synced at once, and what waited with it."""
    world = World()
    ada, ben = world.provisioned(2)
    okta_id, genesys_id = world.linked_group("Agents", [])
    world.clock.advance(60)
    joined(world, okta_id, ada)
    worked(world)
    world.okta.add_members(okta_id, [ben])
    world.ask(f"group:{okta_id}", reason)
    world.clock.advance(7)
    worked(world)
    assert world.members(genesys_id) == {ada, ben}


def test_a_removal_waits_as_long_as_an_addition() -> None:
    """Who leaves in a burst goes within 20 s of the receiver's answer."""
    world = World()
    ada, ben = world.provisioned(2)
    okta_id, genesys_id = world.linked_group("Agents", [ada])
    world.clock.advance(60)
    joined(world, okta_id, ben)
    worked(world)
    world.okta.remove_members(okta_id, [ada])
    world.deliver(after=0)
    for _ in range(PROMISED):
        worked(world)
        world.clock.advance(1)
    assert world.members(genesys_id) == {ben}


def test_a_sync_that_failed_defers_nobody() -> None:
    """What failed is tried again after its own delay: only a sync that came to its end lets others wait."""
    world = World()
    (ada,) = world.provisioned(1)
    okta_id, genesys_id = world.linked_group("Agents", [])
    world.clock.advance(60)
    world.genesys.faults.add(Fault("PATCH .*groups", refused(503), count=1))
    joined(world, okta_id, ada)
    worked(world)
    assert world.members(genesys_id) == set()
    assert world.store.group_links[okta_id].began < world.clock.now() - GATHERING  # type: ignore[operator] # it has been synced
    world.settle()
    assert world.members(genesys_id) == {ada}


def test_a_sync_in_the_future_defers_nobody() -> None:
    """A sync that began later than now, by the clock of another machine, is no sync of a moment ago."""
    world = World()
    ada, ben = world.provisioned(2)
    okta_id, genesys_id = world.linked_group("Agents", [ada])
    world.clock.advance(60)
    link = world.store.group_links[okta_id]
    world.store.group_links[okta_id] = replace(link, began=world.clock.now() + timedelta(hours=1))
    joined(world, okta_id, ben)
    worked(world)
    assert world.members(genesys_id) == {ada, ben}
