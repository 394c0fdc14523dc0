"""Syncs of users while things fail: lost answers, a dying process, a table that fails, Okta's reads that lag."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bridge.consumer.failures import REFUSED_TRIES
from bridge.errors import Transient
from bridge.items import Queue
from bridge.provisioning.user_records import Origin
from bridge_local.faults import Effect, Fault, cut, lost
from bridge_local.genesys.faults import refused
from bridge_local.genesys.switches import GenesysSwitches
from tests.world import World

#: What a sync of a user writes, and what it only reads.
WRITES = ("begin_user_sync", "save_user", "claim_user", "reserve", "complete", "write", "close_parked")
READS = ("user", "owners", "app", "removals")


def break_store(world: World, number: int, when: str) -> list[str]:
    """Have the store's call of that number fail, before or after its work; the calls so far."""
    made: list[str] = []

    def breaking(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def broken(*args: Any, **options: Any) -> Any:
            made.append(name)
            meets = len(made) == number
            if meets and when == "before":
                raise Transient("store-throttled", upstream="store")
            result = call(*args, **options)
            if meets:
                raise Transient("store-throttled", upstream="store")
            return result

        return broken

    for name in WRITES if when == "after" else WRITES + READS:
        setattr(world.store, name, breaking(name, getattr(world.store, name)))
    return made


def busy_day(world: World) -> None:
    """A user comes, is in a group, changes, leaves, comes back; another leaves for good; one is moved."""
    ada, bea = world.person("Ada Brook", title="Adviser"), world.person("Bea Long")
    world.genesys.add_user({"userName": "cy.moss@example.com", "displayName": "By hand"})
    world.person("Cy Moss")
    world.okta.add_members(world.okta.create_group("Agents"), [ada, bea])
    world.happen()
    world.okta.suspend(ada)
    world.okta.unassign_user(bea)
    world.happen()
    world.okta.unsuspend(ada)
    world.okta.update_profile(ada, {"email": "ada@example.org", "title": "Manager"})
    world.happen()


def busy_world(**switches: Any) -> World:
    """A world in which a busy day can happen."""
    world = World({"LINKED_GROUPS": "Agents"}, genesys_switches=GenesysSwitches(**switches))
    world.genesys.add_group("Agents")
    return world


@pytest.mark.parametrize("when", ["before", "after"])
def test_whichever_call_of_the_store_fails_the_end_is_the_same(when: str) -> None:
    """A table that fails at any one call costs time only: nobody is missing, double, or active who should not be."""
    number, total = 0, 1
    while number < total:
        number += 1
        world = busy_world()
        made = break_store(world, number, when)
        busy_day(world)
        total = len(made) if number == 1 else total
        world.assert_users_equal()
        assert world.members("Agents") >= {world.okta.user_id_of("ada.brook@example.com")}, f"call {number}"
        assert not world.store.parked
    assert total > 30


@pytest.mark.parametrize(("effect", "lag"), [(lost, 0), (lost, 60), (cut, 0), (lambda: refused(503), 60)])
def test_whichever_call_to_genesys_cloud_fails_the_end_is_the_same(effect: Callable[[], Effect], lag: float) -> None:
    """The work done and its answer lost, not done at all, or a 503: at any one call, with a search that trails too."""
    counted = busy_world()
    busy_day(counted)
    for number in range(counted.calls()):
        world = busy_world(search_lag=lag)
        world.genesys.faults.add(Fault("/scim/", effect(), count=1, skip=number))
        busy_day(world)
        world.assert_users_equal()
        assert not world.store.parked


@pytest.mark.parametrize("lag", [0, 30, 300])
@pytest.mark.parametrize("finds_inactive", [True, False])
def test_lost_answer_of_a_post_ends_with_one_account(lag: float, finds_inactive: bool) -> None:
    """The POST was done, nobody heard: found by its externalId, made by us, and not made again."""
    world = World(genesys_switches=GenesysSwitches(search_lag=lag, finds_inactive=finds_inactive))
    world.genesys.faults.add(Fault("POST .*/users$", lost(), count=1))
    user = world.person("Ada Brook", title="Adviser")
    world.happen()
    assert len(world.accounts()) == 1
    assert world.account(user)["title"] == "Adviser"
    if not lag:
        assert world.store.user_links[user].origin is Origin.CREATED
        assert (world.last(f"user:{user}").outcome, world.last(f"user:{user}").why) == (
            "created",
            "post-had-been-done",
        )


@pytest.mark.parametrize("lag", [0, 300])
@pytest.mark.parametrize("ends", ["suspend", "unassign_user", "deactivate"])
def test_who_leaves_after_a_lost_post_is_out(ends: str, lag: float) -> None:
    """An account that may exist counts as linked: it is looked for until it is found, and deactivated."""
    world = World(genesys_switches=GenesysSwitches(search_lag=lag))
    world.genesys.faults.add(Fault("POST .*/users$", lost(), count=1))
    user = world.person("Ada Brook")
    world.deliver()
    world.work(Queue.USERS)
    getattr(world.okta, ends)(user)
    world.happen()
    assert [account["active"] for account in world.accounts()] == [False]
    assert not world.store.parked


@pytest.mark.parametrize("ends", ["suspend", "unassign_user", "deactivate", "delete"])
def test_who_leaves_after_a_post_that_was_never_done_is_let_go(ends: str) -> None:
    """A POST that never arrived is looked for a quarter of an hour, then nothing is left to do."""
    world = World()
    world.genesys.faults.add(Fault("POST .*/users$", cut(), count=2))
    user = world.person("Ada Brook")
    world.deliver()
    world.work(Queue.USERS)
    getattr(world.okta, ends)(user)
    if ends == "delete":
        world.okta.delete(user)
    world.happen()
    assert not world.accounts()
    assert not world.store.user_links[user].ever_linked
    assert not world.store.parked


def test_who_leaves_after_a_lost_post_is_found_without_a_usable_profile() -> None:
    """The externalId is enough where the profile no longer tells the userName that was posted."""
    world = World()
    world.genesys.faults.add(Fault("POST .*/users$", lost(), count=1))
    user = world.person("Ada Brook")
    world.deliver()
    world.work(Queue.USERS)
    world.okta.update_profile(user, {"email": "not an address"})
    world.okta.suspend(user)
    world.happen()
    assert world.account(user)["active"] is False
    assert not world.store.parked


@pytest.mark.parametrize("status", [400, 413, 422])
def test_change_that_genesys_cloud_refuses_is_parked_after_a_few_tries(status: int) -> None:
    """A refusal may be about what the record did not know, so the account is read; then it may be the service's."""
    world = World()
    user = world.person("Ada Brook")
    world.happen()
    refusal = world.genesys.faults.add(Fault("PATCH", refused(status)))
    world.okta.update_profile(user, {"title": "Manager"})
    world.genesys.calls.clear()
    world.happen()
    assert world.parked(f"user:{user}") == [f"genesys-{status}"]
    assert [call.method for call in world.genesys.calls] == ["PATCH"] + ["GET", "PATCH", "PATCH"] * REFUSED_TRIES
    world.genesys.faults.remove(refusal)
    world.ask(f"user:{user}")
    world.settle()
    world.assert_users_equal()
    assert not world.store.parked


def test_outage_of_a_day_costs_nothing_but_time() -> None:
    """Genesys Cloud answers 503 for 24 hours: whatever happened meanwhile is done afterwards."""
    world = World({"BACKOFF_LIMIT_SECONDS": "3600"})
    ada, bea = world.person("Ada Brook"), world.person("Bea Long")
    world.happen()
    outage = world.genesys.faults.add(Fault("/scim/", refused(503)))
    world.okta.suspend(ada)
    world.okta.update_profile(bea, {"title": "Manager"})
    world.person("Cy Moss")
    world.deliver()
    end = world.clock.now().timestamp() + 86_400
    while world.clock.now().timestamp() < end:
        if all(answer is None for answer in [world.work(queue) for queue in Queue]):
            world.clock.advance(600)
    world.genesys.faults.remove(outage)
    world.settle()
    world.assert_users_equal()
    assert not world.store.parked


@pytest.mark.parametrize("after", [0.0, 1.0, 4.0])
@pytest.mark.parametrize("act", ["update", "suspend", "assign", "unassign"])
def test_delivery_that_comes_before_okta_can_be_read_converges(act: str, after: float) -> None:
    """Okta's reads lag five seconds behind its events: a sync too early is one sync more, and the truth arrives."""
    world = World()
    world.okta.switches.read_lag = 5.0
    user = world.person("Ada Brook", assigned=act != "assign")
    world.happen()
    world.clock.advance(60)
    if act == "update":
        world.okta.update_profile(user, {"title": "Manager"})
    elif act == "suspend":
        world.okta.suspend(user)
    elif act == "assign":
        world.okta.assign_user(user)
    else:
        world.okta.unassign_user(user)
    world.deliver(after=after)
    world.settle()
    world.assert_users_equal()
    assert len(world.journal(f"user:{user}")) >= 2


@pytest.mark.parametrize("offset", [-1200.0, -120.0, 0.0, 120.0, 1200.0])
def test_a_link_remembers_the_earlier_clock(offset: float) -> None:
    """``synced`` is the Date of the first read where it is believable and not ahead of our clock, else our clock."""
    world = World()
    world.okta.switches.clock_offset = offset
    user = world.person("Ada Brook")
    world.happen()
    synced = world.store.user_links[user].synced
    assert synced is not None
    expected = world.okta.now() if offset == -120.0 else world.clock.now()
    assert synced.replace(microsecond=0) == expected.replace(microsecond=0)
