"""Genesys Cloud does not show a group's members: people hear of it while Okta has taken somebody out, and only then."""

from __future__ import annotations

import pytest

from bridge.items import Queue
from bridge.provisioning import evidence
from bridge_local.faults import Fault
from bridge_local.genesys import faults as genesys_faults
from tests.world import World


def in_the_dark(count: int = 6) -> tuple[World, list[str], str, str, Fault]:
    """A settled group whose members nothing shows any more, neither a read nor the answer to a write."""
    world = World()
    people = world.provisioned(count)
    okta_id, genesys_id = world.linked_group("Agents", people)
    world.ask(f"group:{okta_id}")
    world.settle()
    world.genesys.switches.patch_shows_members = False
    missing = world.genesys.faults.add(Fault("GET /.*groups/", genesys_faults.without_members()))
    world.clock.advance(60)
    return world, people, okta_id, genesys_id, missing


def test_nothing_is_parked_while_people_only_join() -> None:
    """Several join, one after another: they are added, nobody waits, and a whole sync sends all of them once."""
    world, people, okta_id, genesys_id, _ = in_the_dark()
    for _ in range(3):
        newcomers = world.provisioned(2)
        people += newcomers
        world.okta.add_members(okta_id, newcomers)
        world.happen()
        world.ask(f"group:{okta_id}")
        world.settle()
    assert world.members(genesys_id) == set(people)
    assert not world.store.parked
    assert world.calls("PATCH", "groups") <= 5


def test_one_record_stands_while_somebody_is_taken_out() -> None:
    """One leaves as another joins: parked once, until they are back; and while the members are shown again."""
    world, people, okta_id, genesys_id, missing = in_the_dark()
    newcomer = world.provisioned(1)
    world.okta.remove_members(okta_id, people[:1])
    world.okta.add_members(okta_id, newcomer)
    world.happen()
    for _ in range(2):
        world.ask(f"group:{okta_id}")
        world.settle()
        assert world.parked(f"group:{okta_id}") == ["members-missing"]
    world.okta.add_members(okta_id, people[:1])
    world.happen()
    assert not world.store.parked
    world.okta.remove_members(okta_id, people[1:2])
    world.happen()
    assert world.parked(f"group:{okta_id}") == ["members-missing"]
    assert [item.detail for item in world.store.parked_items()] == ["group left:1"]
    world.genesys.faults.remove(missing)
    world.ask(f"group:{okta_id}")
    world.settle()
    assert world.members(genesys_id) == {people[0], *people[2:], *newcomer}
    assert not world.store.parked


def test_of_a_large_group_okta_s_stamp_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many to know by hash: without a change nothing is parked, and with one it may be somebody's end."""
    monkeypatch.setattr(evidence, "KNOWN", 3)
    world, people, okta_id, _, _ = in_the_dark()
    world.ask(f"group:{okta_id}")
    world.settle()
    assert not world.store.parked
    world.okta.remove_members(okta_id, people[:1])
    world.happen()
    assert world.parked(f"group:{okta_id}") == ["members-missing"]


def test_who_never_had_an_account_cannot_have_stayed() -> None:
    """Somebody without an account leaves: nobody is in the group who should not be."""
    world, _, okta_id, _, missing = in_the_dark()
    world.genesys.faults.remove(missing)
    outsider = world.person("Ola Outsider", assigned=False)
    world.okta.add_members(okta_id, [outsider])
    world.happen()
    world.genesys.faults.add(Fault("GET /.*groups/", genesys_faults.without_members()))
    world.okta.remove_members(okta_id, [outsider])
    world.happen()
    assert not world.store.parked


def test_a_group_that_once_showed_no_members_is_read_once_more() -> None:
    """A member whom Okta does not list and nobody remembers is to go, and no event tells of it: a reading is due."""
    world, _, okta_id, genesys_id, missing = in_the_dark()
    outsider = world.provisioned(1)
    world.genesys.edit_members(genesys_id, add=world.genesys_ids(outsider))
    world.ask(f"group:{okta_id}")
    world.clock.advance(10)
    world.work(Queue.GROUPS)
    assert world.last(f"group:{okta_id}").why == "members-missing"
    world.genesys.faults.remove(missing)
    assert {*outsider} <= world.members(genesys_id)
    world.pass_time(0.5)
    assert not {*outsider} & world.members(genesys_id)
