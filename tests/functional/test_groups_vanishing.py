"""Groups that vanish all at once are out of sight, not gone: a role that was narrowed, or another organisation."""

from __future__ import annotations

import json

import pytest

from bridge.items import Reason
from bridge.operations.group_links import GroupService
from bridge.operations.requests import GroupLink as LinkGroup
from bridge.provisioning.records import GroupState
from bridge_local.faults import Fault
from bridge_local.genesys import faults as genesys_faults
from bridge_local.okta import faults as okta_faults
from tests.world import World


def company(groups: int, *, assigned: bool = False) -> tuple[World, list[str], list[str], list[str]]:
    """So many linked groups of the same five people; the people, the Okta groups, the Genesys Cloud groups."""
    world = World()
    people = world.provisioned(5)
    pairs = []
    for number in range(groups):
        if assigned:
            pair = world.okta.create_group(f"Team {number}"), world.genesys.add_group(f"Team {number}")
            world.okta.add_members(pair[0], people)
            world.okta.assign_group(pair[0])
            world.happen()
        else:
            pair = world.linked_group(f"Team {number}", people)
        pairs.append(pair)
    return world, people, [okta_id for okta_id, _ in pairs], [genesys_id for _, genesys_id in pairs]


def linked(world: World, groups: list[str]) -> list[bool]:
    """Whether each Okta group is linked."""
    return [world.store.group_links[okta_id].state is GroupState.LINKED for okta_id in groups]


def sync_for(world: World, groups: list[str], *, hours: float) -> None:
    """Somebody asks for each group every ten minutes."""
    for _ in range(round(hours * 6)):
        for okta_id in groups:
            world.ask(f"group:{okta_id}", Reason.RECONCILE)
        world.pass_time(hours=1 / 6)


def told_of_lost_rights(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The upstreams whose rights an alarm says are lost."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"AuthFailures"' in line]
    return {line["upstream"] for line in lines if "AuthFailures" in line}


@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("path", [".*/[Gg]roups", ".*"])
def test_a_genesys_cloud_that_shows_no_group_unlinks_none(
    groups: int, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """404 with its own error body for an hour: links, members and holds stay as they are, and an alarm says so."""
    world, people, okta_ids, genesys_ids = company(groups)
    lost = world.genesys.faults.add(Fault(f"GET {path}", genesys_faults.refused(404, code="not.found")))
    sync_for(world, okta_ids, hours=1)
    assert linked(world, okta_ids) == [True] * groups
    assert not world.store.saved_holds
    assert not world.store.parked
    if groups > 1:
        assert told_of_lost_rights(capsys) == {"genesys"}
    world.genesys.faults.remove(lost)
    world.okta.remove_members(okta_ids[0], people[:1])
    world.happen()
    assert world.members(genesys_ids[0]) == set(people[1:])


@pytest.mark.parametrize("groups", [1, 3])
def test_an_okta_that_shows_no_group_unlinks_and_holds_nothing(groups: int, capsys: pytest.CaptureFixture[str]) -> None:
    """404 with Okta's own error body on every group for an hour: nothing is held, and an alarm says so."""
    world, people, okta_ids, genesys_ids = company(groups)
    lost = world.okta.faults.add(Fault("/groups($|/|[?])", okta_faults.refused(404)))
    sync_for(world, okta_ids, hours=1)
    assert linked(world, okta_ids) == [True] * groups
    assert not world.store.saved_holds
    assert not world.store.parked
    if groups > 1:
        assert told_of_lost_rights(capsys) == {"okta"}
    world.okta.faults.remove(lost)
    world.settle()
    assert [world.members(each) for each in genesys_ids] == [set(people)] * groups


def test_a_role_that_shows_the_only_group_in_a_listing_alone_deletes_nothing() -> None:
    """The single group answers 404 by its id, and the listing of all groups shows it: nothing is held."""
    world, people, okta_ids, genesys_ids = company(1)
    world.okta.faults.add(Fault(f"/groups/{okta_ids[0]}", okta_faults.refused(404)))
    sync_for(world, okta_ids, hours=1)
    assert not world.store.saved_holds
    assert world.members(genesys_ids[0]) == set(people)


def test_groups_that_the_application_stops_listing_all_at_once_stay_linked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The listing is empty for an hour, the application and its users are there: no link ends."""
    world, people, okta_ids, genesys_ids = company(2, assigned=True)
    lost = world.okta.faults.add(Fault("/apps/.*/groups", okta_faults.empty_listing()))
    world.ask("app", Reason.OPERATOR)
    sync_for(world, okta_ids, hours=1)
    assert linked(world, okta_ids) == [True, True]
    assert told_of_lost_rights(capsys) == {"okta"}
    world.okta.faults.remove(lost)
    world.settle()
    assert [world.members(each) for each in genesys_ids] == [set(people)] * 2


def test_one_of_them_is_unassigned_and_another_deleted() -> None:
    """What happens to one while others answer is its own: one link ends, the other group's members are held."""
    world, people, okta_ids, genesys_ids = company(3, assigned=True)
    world.okta.unassign_group(okta_ids[0])
    world.okta.delete_group(okta_ids[1])
    world.happen()
    assert linked(world, okta_ids) == [False, True, True]
    assert world.hold(okta_ids[1])[:2] == ("open", "group-deleted")
    world.genesys.delete_group(genesys_ids[2])
    world.ask(f"group:{okta_ids[2]}")
    world.settle()
    assert world.members(genesys_ids[0]) == set(people)


def test_an_operator_may_unlink_a_group_that_nothing_shows() -> None:
    """All groups are really gone: people say so, and nothing waits any more."""
    world, _, okta_ids, _ = company(2)
    for okta_id in okta_ids:
        world.okta.delete_group(okta_id)
    world.deliver()
    world.pass_time(hours=0.1)
    assert linked(world, okta_ids) == [True, True]
    service = GroupService(world.store, world.queues)
    for okta_id in okta_ids:
        service.link(LinkGroup(do="group.unlink", entity=f"group:{okta_id}"))
    world.settle()
    assert linked(world, okta_ids) == [False, False]
    assert world.queues.depth() == 0
