"""A preview says what the next sync does: outcome, reason, people, the hold's change, attributes and writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.items import Reason
from bridge.provisioning.hold_records import Verdict
from bridge.provisioning.user_records import Origin, UserLink, UserState
from tests.stages.operations_stage import Stage
from tests.stages.planned import differences
from tests.world import World

#: A situation: makes it in a company, and gives the entity to preview.
Situation = Callable[[World], str]


def group(world: World, members: int, *, leave: int = 0, origin: Origin = Origin.CREATED) -> tuple[str, list[str]]:
    """A linked group that some members have left without anybody hearing of it; its entity and its first members."""
    users = world.provisioned(members, origin)
    okta_id, _ = world.linked_group("Agents", users)
    with world.okta.quietly():
        world.okta.remove_members(okta_id, users[:leave])
    return f"group:{okta_id}", users


def nothing_to_do(world: World) -> str:
    """Both sides are equal."""
    return group(world, 5)[0]


def additions(world: World) -> str:
    """Three more in Okta."""
    entity, _ = group(world, 5)
    world.okta.add_members(entity.removeprefix("group:"), world.provisioned(3))
    return entity


def removal_within(world: World) -> str:
    """Two of thirty have left."""
    return group(world, 30, leave=2)[0]


def removal_of_many(world: World) -> str:
    """Twenty-five of sixty have left: another listing is to confirm it."""
    return group(world, 60, leave=25)[0]


def removal_above(world: World) -> str:
    """Thirty of forty have left."""
    return group(world, 40, leave=30)[0]


def open_hold(world: World) -> str:
    """Thirty of forty wait, and one more has left."""
    entity, users = group(world, 40, leave=30)
    world.ask(entity)
    world.settle()
    with world.okta.quietly():
        world.okta.remove_members(entity.removeprefix("group:"), users[30:31])
    return entity


def hold_of_nobody(world: World) -> str:
    """Everybody who waited is back."""
    entity, users = group(world, 40, leave=30)
    world.ask(entity)
    world.settle()
    with world.okta.quietly():
        world.okta.add_members(entity.removeprefix("group:"), users[:30])
    return entity


def decided(world: World, verdict: Verdict, *, more: int = 0) -> str:
    """A person has decided and no sync has come since; `more` have left after what the person saw."""
    entity, users = group(world, 40, leave=30)
    world.ask(entity)
    world.settle()
    with world.okta.quietly():
        world.okta.remove_members(entity.removeprefix("group:"), users[30 : 30 + more])
    world.decide(entity, verdict)
    for queue in world.queues.queues.values():
        queue.messages.clear()
    return entity


def approved(world: World) -> str:
    """Approved, and not carried out."""
    return decided(world, Verdict.APPROVE)


def approved_and_more(world: World) -> str:
    """Approved, and one more has left since."""
    return decided(world, Verdict.APPROVE, more=1)


def rejected(world: World) -> str:
    """Rejected, and not carried out."""
    return decided(world, Verdict.REJECT)


def exceptions(world: World) -> str:
    """Rejected long ago: the exceptions stay, and one more leaves."""
    entity = decided(world, Verdict.REJECT)
    world.ask(entity)
    world.settle()
    okta_id = entity.removeprefix("group:")
    with world.okta.quietly():
        world.okta.remove_members(okta_id, sorted(world.okta.members(okta_id))[:1])
    return entity


def first_link(world: World) -> str:
    """A group that is linked for the first time, with somebody in Genesys Cloud who is not in Okta's."""
    users = world.provisioned(6)
    okta_id, genesys_id = world.linked_group("Agents", users[:5])
    world.genesys.edit_members(genesys_id, add=world.genesys_ids(users[5:]))
    link = world.store.group_links[okta_id]
    world.store.group_links[okta_id] = type(link)(**{**vars(link), "first_sync_ended": False})
    return f"group:{okta_id}"


def adopted_unseen(world: World) -> str:
    """A member whose account was made by hand, and one of ours, have left."""
    entity, users = group(world, 30, leave=1)
    strangers = world.provisioned(1, Origin.ADOPTED)
    genesys_id = world.store.group_links[entity.removeprefix("group:")].genesys_id
    world.genesys.edit_members(genesys_id, add=world.genesys_ids(strangers))
    assert users
    return entity


def paused(world: World) -> str:
    """Removals are paused."""
    entity, _ = group(world, 30, leave=2)
    world.store.pause_removals(paused=True)
    return entity


def suspicious(world: World) -> str:
    """Okta shows an empty group without a reason."""
    entity, users = group(world, 30)
    world.ask(entity)
    world.settle()
    okta_id = entity.removeprefix("group:")
    stamp = world.okta.groups.current[okta_id].last_membership_updated
    with world.okta.quietly():
        world.okta.remove_members(okta_id, users)
    quiet = replace(world.okta.groups.current[okta_id], last_membership_updated=stamp - timedelta(days=1))
    world.okta.groups.put(okta_id, quiet)
    return entity


def group_deleted(world: World) -> str:
    """The group is gone in Okta."""
    entity, _ = group(world, 30)
    with world.okta.quietly():
        world.okta.delete_group(entity.removeprefix("group:"))
    return entity


def organisation(world: World, leaving: int, *, quietly: bool = True) -> str:
    """So many of three hundred are not assigned any more."""
    users = world.provisioned(300)
    with world.okta.quietly():
        for user in users[:leaving]:
            world.okta.unassign_user(user)
    assert quietly
    return "app"


def organisation_within(world: World) -> str:
    """Twenty-five of three hundred: everybody may go."""
    return organisation(world, 25)


def organisation_above(world: World) -> str:
    """Sixty of three hundred: all of them wait."""
    return organisation(world, 60)


def organisation_approved(world: World) -> str:
    """Sixty wait, a person has approved, and no sync has come since."""
    organisation(world, 60)
    world.ask("app")
    world.settle()
    world.decide("app", Verdict.APPROVE)
    for queue in world.queues.queues.values():
        queue.messages.clear()
    return "app"


SITUATIONS: list[Situation] = [
    nothing_to_do,
    additions,
    removal_within,
    removal_of_many,
    removal_above,
    open_hold,
    hold_of_nobody,
    approved,
    approved_and_more,
    rejected,
    exceptions,
    first_link,
    adopted_unseen,
    paused,
    suspicious,
    group_deleted,
    organisation_within,
    organisation_above,
    organisation_approved,
]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
def test_a_preview_equals_the_next_sync(situation: Situation) -> None:
    """Nothing differs that the property names, and the preview changes nothing."""
    stage = Stage()
    entity = situation(stage.world)
    stage.restart()
    preview, _ = stage.operations.preview.sync(entity)
    before = len(stage.world.journal(entity))
    stage.world.ask(entity, Reason.OPERATOR)
    stage.world.work_off()
    sync = stage.world.journal(entity)[before]
    assert (sync.reason, differences(preview, sync)) == ("operator", [])


def test_a_groups_preview_names_those_who_are_not_made_yet() -> None:
    """Two people of the group have no account yet: the preview says how many join later."""
    stage = Stage()
    world = stage.world
    okta_id, _ = world.linked_group("Agents", world.provisioned(3))
    with world.okta.quietly():
        people = [world.person("Ada Brook"), world.person("Bea Long")]
        world.okta.add_members(okta_id, people)
    for person in people:
        world.store.user_links[person] = UserLink(person, state=UserState.WANTED)
    stage.restart()
    preview, _ = stage.operations.preview.sync(f"group:{okta_id}")
    assert preview.read["not-made-yet"] == "2"
    assert preview.calls[-1] == "would add 2 members once they have accounts"


@pytest.mark.parametrize(("one_by_one", "held"), [(True, 30), (False, 41)])
def test_observing_holds_whom_enforcing_holds(*, one_by_one: bool, held: int) -> None:
    """Sixty of three hundred leave, one after another or at once: observing says what enforcing does."""
    said = {}
    for mode in ("observe", "enforce"):
        world = World({"MODE": mode})
        users = world.provisioned(300)
        for user in users[:60]:
            world.okta.unassign_user(user)
            if one_by_one:
                world.happen()
        world.deliver(each=True)
        world.settle()
        app = world.last("app")
        gone = [
            user
            for user in users[:60]
            if world.last(f"user:{user}").why in {"would-deactivate-by-ceiling", "not-assigned"}
        ]
        said[mode] = (app.held, app.why, len(gone))
    assert said["observe"] == said["enforce"] == (held, "ceiling-percent", 60 - held)
