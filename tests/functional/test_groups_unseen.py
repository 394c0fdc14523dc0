"""Members whom Genesys Cloud does not show after they were sent, and new ones whom it does not know yet."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.items import Reason
from bridge.provisioning.additions import NEW_MEMBER
from bridge_local.faults import Fault
from bridge_local.genesys import faults as genesys_faults
from bridge_local.genesys.switches import GenesysSwitches
from tests.world import World

GROUPS = "/scim/v2/groups/"


def switched(**switches: Any) -> World:
    """A world whose Genesys Cloud answers so."""
    return World(genesys_switches=GenesysSwitches(**switches))


def asked(world: World, okta_id: str, times: int = 3, reason: Reason = Reason.OPERATOR) -> int:
    """How many PATCHes of groups so many more syncs cost."""
    before = world.calls("PATCH", "groups")
    for _ in range(times):
        world.ask(f"group:{okta_id}", reason)
        world.settle()
    return world.calls("PATCH", "groups") - before


# ------------------------------------------------------------------------------------------- a list that is cut


@pytest.mark.parametrize("patch_shows_members", [True, False])
def test_a_list_cut_at_100_is_not_sent_again_at_each_sync(patch_shows_members: bool) -> None:
    """Those beyond the cut are sent once, one record says so, and a change in Okta has them sent once more."""
    world = switched(patch_shows_members=patch_shows_members)
    users = world.provisioned(151)
    okta_id, genesys_id = world.linked_group("Agents", users[:90])
    cut = world.genesys.faults.add(Fault(GROUPS, genesys_faults.cut_members(100)))
    world.okta.add_members(okta_id, users[90:150])
    world.happen()
    assert world.members(genesys_id) == set(users[:150])
    assert asked(world, okta_id, 2) <= (0 if patch_shows_members else 1)  # only a second reading tells
    assert asked(world, okta_id, reason=Reason.RECONCILE) == 0
    assert world.parked(f"group:{okta_id}") == ["members-cut"]
    assert [item.detail for item in world.store.parked_items()] == ["group not-shown:50"]
    world.okta.add_members(okta_id, users[150:])
    world.happen()
    assert world.members(genesys_id) == set(users)
    assert asked(world, okta_id) == 0
    assert world.parked(f"group:{okta_id}") == ["members-cut"]
    world.genesys.faults.remove(cut)
    assert asked(world, okta_id) == 0
    assert not world.store.parked


def test_a_cut_reading_and_a_whole_answer_find_those_who_left_beyond_the_cut() -> None:
    """The answer to an addition is the list: nobody who left stays, and nobody is sent again at each sync."""
    world = World()
    users = world.provisioned(131)
    okta_id, genesys_id = world.linked_group("Agents", users[:130])
    shown = world.genesys.members(genesys_id)
    hidden = [user for user in users[:130] if world.store.user_links[user].genesys_id not in sorted(shown)[:100]]
    world.genesys.faults.add(Fault(f"GET .*{GROUPS}", genesys_faults.cut_members(100)))
    world.okta.remove_members(okta_id, hidden[:1])
    world.okta.add_members(okta_id, users[130:])
    world.happen()
    world.settle()
    assert world.members(genesys_id) == set(users) - set(hidden[:1])
    assert asked(world, okta_id) == 0
    assert not world.store.parked


def test_those_who_left_come_out_of_a_cut_list_one_after_the_other() -> None:
    """Anyone beyond the cut is shown once others are out: the group is read again until nobody is left."""
    world = World({"GROUP_REMOVAL_CEILING_PERCENT": "0", "GROUP_REMOVAL_CEILING": "200"})
    users = world.provisioned(130)
    okta_id, genesys_id = world.linked_group("Agents", users)
    world.genesys.faults.add(Fault(GROUPS, genesys_faults.cut_members(100)))
    stays = [user for user in users if world.store.user_links[user].genesys_id in sorted(world.genesys_ids(users))[:60]]
    world.okta.remove_members(okta_id, [user for user in users if user not in stays])
    world.deliver()
    world.pass_time(hours=1)
    assert world.members(genesys_id) == set(stays)


def test_what_somebody_changed_by_hand_is_put_right_beside_one_who_is_never_shown() -> None:
    """One member whom Genesys Cloud passes over keeps nobody else from being repaired."""
    world = switched(unknown_member="ignored")
    users = world.provisioned(10)
    okta_id, genesys_id = world.linked_group("Agents", users[1:])
    world.genesys.delete_user(world.genesys_ids(users[:1])[0])
    world.okta.add_members(okta_id, users[:1])
    world.happen()
    assert asked(world, okta_id) == 0
    assert world.parked(f"group:{okta_id}") == ["member-not-added"]
    world.genesys.edit_members(genesys_id, remove=world.genesys_ids(users[4:6]))
    assert asked(world, okta_id) == 1
    assert world.members(genesys_id) == set(users[1:])
    assert world.parked(f"group:{okta_id}") == ["member-not-added"]


@pytest.mark.parametrize("patch_shows_members", [True, False])
def test_a_redrive_sends_them_again(patch_shows_members: bool) -> None:
    """A person who says so has them sent once more, however little has changed in Okta."""
    world = switched(patch_shows_members=patch_shows_members)
    users = world.provisioned(5)
    okta_id, genesys_id = world.linked_group("Agents", users[:3])
    lying = world.genesys.faults.add(Fault("PATCH .*groups", genesys_faults.unapplied()))
    world.okta.add_members(okta_id, users[3:])
    world.happen()
    assert asked(world, okta_id, 2) == 0
    assert set(world.parked(f"group:{okta_id}")) == {"member-not-added"}
    world.genesys.faults.remove(lying)
    assert asked(world, okta_id, 1, Reason.REDRIVE) == 1
    assert world.members(genesys_id) == set(users)
    assert not world.store.parked


def test_who_is_not_sent_again_is_told_of_although_a_process_died_before_it_could_say_so() -> None:
    """The group's record says that they were sent and not seen; the next sync parks them, once."""
    world = switched()
    users = world.provisioned(5)
    okta_id, _ = world.linked_group("Agents", users[:3])
    world.genesys.faults.add(Fault("PATCH .*groups", genesys_faults.unapplied()))
    world.okta.add_members(okta_id, users[3:4])
    world.happen()
    world.store.parked.clear()
    assert asked(world, okta_id, 2) == 0
    assert world.parked(f"group:{okta_id}") == ["member-not-added"]


# ------------------------------------------------------------------------------------------- new members


@pytest.mark.parametrize("unknown", ["400", "404", "ignored"])
@pytest.mark.parametrize(("lag", "minutes"), [(30, 2), (200, 7), (900, 22)])
def test_a_new_person_is_tried_again_until_the_group_service_knows_them(unknown: str, lag: int, minutes: int) -> None:
    """The others are added and the message is done; a record brings them back after 1, 5 and 15 minutes more."""
    world = switched(unknown_member=unknown, member_lag=float(lag))
    users = world.provisioned(10)
    world.clock.advance(3600)  # the model knows them all
    okta_id, genesys_id = world.linked_group("Agents", users[:5])
    new = world.person("Ada Brook")
    world.deliver()
    world.work_off()
    world.okta.add_members(okta_id, [*users[5:], new])
    world.deliver()
    world.work_off()
    assert world.members(genesys_id) == set(users)
    assert [due.why for due in world.store.dues()] == [f"{NEW_MEMBER}{new}"]
    assert not world.store.parked
    world.pass_time(hours=minutes / 60)
    assert world.members(genesys_id) == {*users, new}
    assert not world.store.dues()
    assert not world.store.parked


@pytest.mark.parametrize("unknown", ["400", "404", "ignored"])
def test_a_new_person_whom_the_group_service_never_knows_is_parked(unknown: str) -> None:
    """After the third try they wait for a person, and no record is left; other syncs meanwhile count as no try."""
    world = switched(unknown_member=unknown, member_lag=1e9)
    okta_id, genesys_id = world.linked_group("Agents", [])
    new = world.person("Ada Brook")
    world.deliver()
    world.work_off()
    world.okta.add_members(okta_id, [new])
    world.deliver()
    for _ in range(6):
        world.ask(f"group:{okta_id}")
        world.pass_time(hours=3 / 60)
    assert not world.store.parked
    world.pass_time(hours=0.5)
    assert set(world.parked(f"group:{okta_id}")) == {"member-not-added" if unknown == "ignored" else "member-refused"}
    assert not world.store.dues()
    assert world.members(genesys_id) == set()


@pytest.mark.parametrize("ends", ["added by hand", "leaves"])
def test_a_new_person_who_is_settled_otherwise_is_no_longer_due(ends: str) -> None:
    """Added meanwhile, or no longer in the Okta group: the next sync forgets the record."""
    world = switched(member_lag=1e9)
    okta_id, genesys_id = world.linked_group("Agents", world.provisioned(3))
    new = world.person("Ada Brook")
    world.deliver()
    world.work_off()
    world.okta.add_members(okta_id, [new])
    world.deliver()
    world.work_off()
    assert [due.why for due in world.store.dues()] == [f"{NEW_MEMBER}{new}"]
    if ends == "leaves":
        world.okta.remove_members(okta_id, [new])
    else:
        world.genesys.edit_members(genesys_id, add=world.genesys_ids([new]))
    world.deliver()
    world.ask(f"group:{okta_id}")
    world.work_off()
    assert not world.store.dues()
