"""Groups out of scope: their members' changes cost next to nothing, and nothing that puts them in scope is missed."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest

from bridge.items import Queue
from bridge.provisioning.out_of_scope import BELIEVED
from bridge.provisioning.records import GroupState
from tests.world import World


def group_out_of_scope(**variables: str) -> tuple[World, str, list[str]]:
    """A group that no rule links, whose members' events a sync has met once."""
    world = World({"LINKED_GROUPS": "Agents", **variables})
    people = world.provisioned(40)
    group = world.okta.create_group("Cooks")
    world.okta.add_members(group, people[:1])
    world.happen()
    world.clock.advance(20)
    return world, group, people[1:]


def touched(world: World) -> list[str]:
    """A list that grows by each call to the store."""
    calls: list[str] = []
    store = world.store

    class Watched:
        """The store, and who asks it what."""

        def __getattr__(self, name: str) -> Any:
            calls.append(name)
            return getattr(store, name)

    world.store = Watched()  # type: ignore[assignment] # as it, and watched
    world.restart()
    return calls


def test_an_event_of_a_group_out_of_scope_costs_one_read() -> None:
    """Ten events in ten deliveries: no call to either side, and of our own records the group's alone, once each."""
    world, group, people = group_out_of_scope()
    calls = touched(world)
    world.okta.add_members(group, people[:1])
    world.happen()  # a new process reads it once
    world.clock.advance(20)
    asked, scim = world.watch_okta(), world.calls()
    calls.clear()
    with patch.object(world.idempotency, "_put_record", side_effect=AssertionError):
        for user in people[1:11]:
            world.okta.add_members(group, [user])
            world.deliver()
            world.clock.advance(8)
            assert world.work(Queue.GROUPS) == {"batchItemFailures": []}
    assert calls == ["group"] * 10
    assert (asked, world.calls()) == ([], scim)
    assert world.queues.depth() == 0


def test_removals_and_bulks_cost_no_more() -> None:
    """Whatever their number: members alone have changed."""
    world, group, people = group_out_of_scope()
    asked = world.watch_okta()
    world.okta.add_members(group, people)
    world.okta.remove_members(group, people[:3])
    world.happen()
    assert not asked


@pytest.mark.parametrize("change", ["renamed", "assigned", "operator", "rename in another process"])
def test_what_puts_a_group_in_scope_is_not_missed(change: str) -> None:
    """Its sync follows at once, and its members' events count from then on, in every process."""
    world, group, people = group_out_of_scope()
    genesys_group = world.genesys.add_group("Cooks" if change in {"assigned", "operator"} else "Agents")
    consumer = world.consumer
    if change == "assigned":
        world.okta.assign_group(group)
    elif change == "operator":
        link = world.store.begin_group_sync(group)
        world.store.save_group(type(link)(**{**vars(link), "linked_by": "operator"}))
        world.ask(f"group:{group}")
    else:
        if "another" in change:
            world.consumer = world.new_consumer()
        world.okta.rename_group(group, "Agents")
    world.happen()
    assert world.store.group_links[group].state is GroupState.LINKED
    world.consumer = consumer
    world.clock.advance(20)
    world.okta.add_members(group, people)
    world.happen()
    assert set(people) <= world.members(genesys_group)


def test_it_is_read_again_after_some_minutes() -> None:
    """What was read is believed for five minutes only."""
    world, group, people = group_out_of_scope()
    world.clock.advance(BELIEVED.total_seconds())
    asked = world.watch_okta()
    world.okta.add_members(group, people[:1])
    world.happen()
    assert asked == [f"GET /api/v1/groups/{group}"]


def test_a_group_without_a_counterpart_goes_on_being_looked_for() -> None:
    """It is in scope: once Genesys Cloud has a group of its name, the next event links it."""
    world, _, people = group_out_of_scope()
    group = world.okta.create_group("Agents")
    world.okta.add_members(group, people[:1])
    world.happen()
    assert world.store.group_links[group].why == "no-match"
    genesys_group = world.genesys.add_group("Agents")
    world.clock.advance(20)
    world.okta.add_members(group, people[1:2])
    world.happen()
    assert world.members(genesys_group) == set(people[:2])


def test_a_group_that_was_linked_is_told_apart() -> None:
    """A link that ended a moment ago is out of scope as well; one that stands never is."""
    world, _, people = group_out_of_scope()
    group, genesys_group = world.linked_group("Bakers", people[:1])
    world.clock.advance(20)
    world.okta.add_members(group, people[1:2])
    world.happen()
    assert world.members(genesys_group) == set(people[:2])
