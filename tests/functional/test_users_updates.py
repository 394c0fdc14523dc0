"""Syncs of users who exist: the smallest change, and none where nothing differs."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.items import Reason
from bridge.provisioning import scim
from bridge_local.faults import Fault
from bridge_local.genesys import faults as genesys_faults
from bridge_local.genesys.switches import GenesysSwitches
from tests.world import World

WORK_PHONE = 'phoneNumbers[type eq "work"].value'
DEPARTMENT = f"{scim.ENTERPRISE_USER}:department"


def linked(world: World, **profile: Any) -> str:
    """A user who was created, with the calls of that forgotten."""
    user = world.person("Ada Brook", **profile)
    world.happen()
    world.genesys.calls.clear()
    return user


def value(world: World, user: str, path: str) -> Any:
    """What Genesys Cloud holds at a path, None for nothing."""
    return scim.read_values(world.account(user), [path]).get(path)


@pytest.mark.parametrize("no_target", ["400", "create"])
@pytest.mark.parametrize(
    ("before", "change", "path", "after"),
    [
        ({}, {"title": "Manager"}, "title", "Manager"),
        ({"title": "Adviser"}, {"title": "Manager"}, "title", "Manager"),
        ({}, {"department": "Service"}, DEPARTMENT, "Service"),
        ({}, {"primaryPhone": "+1 317 555 0100"}, WORK_PHONE, "+13175550100"),
        ({"primaryPhone": "+13175550100"}, {"primaryPhone": "+13175550101"}, WORK_PHONE, "+13175550101"),
        ({}, {"displayName": "A. Brook"}, "displayName", "A. Brook"),
        ({}, {"email": "a.brook@example.com"}, "userName", "a.brook@example.com"),
        ({}, {"email": "a.brook@example.com"}, scim.WORK_EMAIL, "a.brook@example.com"),
        ({"title": "Adviser"}, {"title": None}, "title", None),
        ({"department": "Service"}, {"department": ""}, DEPARTMENT, None),
        ({"primaryPhone": "+13175550100"}, {"primaryPhone": None}, WORK_PHONE, None),
    ],
)
def test_one_changed_attribute_costs_one_call(
    no_target: Any, before: dict[str, Any], change: dict[str, Any], path: str, after: object
) -> None:
    """A change of one attribute is one PATCH without If-Match, whatever it is, and reaches Genesys Cloud."""
    world = World(genesys_switches=GenesysSwitches(no_target=no_target))
    user = linked(world, **before)
    world.okta.update_profile(user, change)
    world.happen()
    assert world.calls() == world.calls("PATCH", "users/") == 1
    assert value(world, user, path) == after
    assert world.last(f"user:{user}").outcome == "updated"
    assert path in world.last(f"user:{user}").changed


def test_the_same_delivery_twice_costs_no_further_call() -> None:
    """What an item has done once is not done again, whether it comes as the same events or each alone."""
    world = World()
    user = linked(world)
    world.okta.update_profile(user, {"title": "Manager"})
    events = world.events()
    world.deliver(events)
    world.settle()
    world.deliver(events)
    world.deliver([*events, *events])
    world.clock.advance(600)  # beyond the queue's own deduplication
    world.deliver(events, each=True)
    world.settle()
    assert world.calls() == 1
    assert value(world, user, "title") == "Manager"


@pytest.mark.parametrize("change", [{"nickName": "Ada"}, {"primaryPhone": "call reception"}, {"title": " Adviser "}])
def test_change_that_maps_to_nothing_new_costs_no_call(change: dict[str, str]) -> None:
    """An attribute that is not mapped, a number that is none, a blank more: nothing is sent."""
    world = World()
    user = linked(world, title="Adviser")
    world.okta.update_profile(user, change)
    world.happen()
    assert world.calls() == 0
    assert world.last(f"user:{user}").outcome == "unchanged"


def test_only_what_the_bridge_wrote_is_cleared() -> None:
    """A value made by hand on a path that Okta never filled survives every sync."""
    world = World()
    user = linked(world, title="Adviser")
    world.genesys.edit_user(world.account(user)["id"], {"phoneNumbers": [{"type": "home", "value": "+13175550199"}]})
    world.genesys.edit_user(world.account(user)["id"], {scim.ENTERPRISE_USER: {"department": "By hand"}})
    world.okta.update_profile(user, {"title": None})
    world.happen()
    world.ask(f"user:{user}", Reason.RECONCILE)
    world.settle()
    assert value(world, user, "title") is None
    assert value(world, user, DEPARTMENT) == "By hand"
    assert value(world, user, 'phoneNumbers[type eq "home"].value') == "+13175550199"


@pytest.mark.parametrize("reason", [Reason.RECONCILE, Reason.OPERATOR, Reason.REDRIVE])
def test_drift_is_repaired_by_anyone_who_reads_first(reason: Reason) -> None:
    """Items of these reasons compare with Genesys Cloud itself, and repair what was changed by hand."""
    world = World()
    user = linked(world, title="Adviser", primaryPhone="+13175550100")
    changes = {"title": "Wrong", "phoneNumbers": [], "active": False, "externalId": None}
    world.genesys.edit_user(world.account(user)["id"], changes)
    world.ask(f"user:{user}", reason)
    world.settle()
    assert value(world, user, "title") == "Adviser"
    assert value(world, user, WORK_PHONE) == "+13175550100"
    assert world.account(user)["active"] is True
    assert world.last(f"user:{user}").outcome == "activated"
    world.genesys.calls.clear()
    world.ask(f"user:{user}", reason)
    world.settle()
    assert world.calls() == world.calls("GET") == 1


def test_value_removed_by_hand_and_then_in_okta_needs_no_call_of_its_own() -> None:
    """Clearing what is not there any more is done already."""
    world = World()
    user = linked(world, title="Adviser")
    world.genesys.edit_user(world.account(user)["id"], {"title": None})
    world.okta.update_profile(user, {"title": None})
    world.events()
    world.ask(f"user:{user}")
    world.settle()
    assert world.calls() == world.calls("GET") == 1


def test_new_phone_on_a_number_lost_by_hand_is_written_after_a_read() -> None:
    """A value path that selects nothing is refused; the account is read, the change computed anew, and sent."""
    world = World(genesys_switches=GenesysSwitches(no_target="400"))
    user = linked(world, primaryPhone="+13175550100")
    world.genesys.edit_user(world.account(user)["id"], {"phoneNumbers": []})
    world.okta.update_profile(user, {"primaryPhone": "+13175550101"})
    world.happen()
    assert value(world, user, WORK_PHONE) == "+13175550101"
    assert [call.method for call in world.genesys.calls] == ["PATCH", "GET", "PATCH"]


def test_update_of_a_user_deactivated_by_hand_activates_them() -> None:
    """The answer to a PATCH shows what the record did not know; Okta says active, so they are."""
    world = World()
    user = linked(world)
    world.genesys.edit_user(world.account(user)["id"], {"active": False})
    world.okta.update_profile(user, {"title": "Manager"})
    world.happen()
    assert (world.account(user)["active"], value(world, user, "title")) == (True, "Manager")


@pytest.mark.parametrize("form", ["400", "409", "412"])
@pytest.mark.parametrize("change", ["attribute", "active"])
def test_version_conflict_is_read_again_and_recomputed(form: Any, change: str) -> None:
    """Each form of a version conflict costs a read and one more try."""
    world = World(genesys_switches=GenesysSwitches(version_conflict=form))
    user = linked(world)
    world.genesys.faults.add(Fault("PATCH", genesys_faults.version_conflict(), count=1))
    if change == "active":
        world.okta.suspend(user)
    else:
        world.okta.update_profile(user, {"title": "Manager"})
    world.deliver()
    for queue in world.queues.queues:
        world.work(queue)
    assert world.queues.depth() == 0
    assert world.account(user)["active"] is (change == "attribute")
    assert value(world, user, "title") == ("Manager" if change == "attribute" else None)
    assert world.calls("PATCH") == 2


@pytest.mark.parametrize("form", ["400", "409", "412"])
def test_version_conflict_that_stays_goes_back_to_the_queue(form: Any) -> None:
    """Twice in one sync is enough; the queue's patience does the rest."""
    world = World(genesys_switches=GenesysSwitches(version_conflict=form))
    user = linked(world)
    world.genesys.faults.add(Fault("PATCH", genesys_faults.version_conflict(), count=3))
    world.okta.update_profile(user, {"title": "Manager"})
    world.happen()
    assert value(world, user, "title") == "Manager"
    assert [entry.why for entry in world.journal(f"user:{user}") if entry.outcome == "failed"] == [
        "genesys-version-conflict"
    ]


def test_update_users_off_is_journalled() -> None:
    """UPDATE_USERS=false: no attribute is written, life-cycle changes are."""
    world = World({"UPDATE_USERS": "false"})
    user = linked(world)
    world.okta.update_profile(user, {"title": "Manager"})
    world.happen()
    assert world.calls() == 0
    assert (world.last(f"user:{user}").outcome, world.last(f"user:{user}").why) == ("skipped", "update-users-off")
    world.okta.suspend(user)
    world.happen()
    world.okta.unsuspend(user)
    world.happen()
    assert (world.account(user)["active"], value(world, user, "title")) == (True, None)


def test_user_name_of_another_setting_is_kept_equal() -> None:
    """USER_NAME_SOURCE=app: the assignment's userName counts, and is read with every sync."""
    world = World({"USER_NAME_SOURCE": "app"})
    user = linked(world)
    world.okta.update_app_user(user, user_name="ada@example.org")
    world.happen()
    world.ask(f"user:{user}", Reason.FOLLOW_UP)
    world.settle()
    assert world.account(user)["userName"] == "ada@example.org"


def test_linked_user_without_a_change_costs_one_okta_read() -> None:
    """What the record knows is not read again: neither the assignment nor Genesys Cloud."""
    world = World()
    user = linked(world)
    asked = world.watch_okta()
    world.okta.update_profile(user, {"nickName": "Ada"})
    world.happen()
    assert asked == [f"GET /api/v1/users/{user}"]
    assert world.calls() == 0
