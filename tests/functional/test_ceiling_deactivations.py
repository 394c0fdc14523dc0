"""The organisation's ceiling at full size, with exact numbers, through the real handlers and past the checker."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pytest

from bridge.errors import Transient
from bridge.items import Reason
from bridge_local.memory import MemoryStore
from tests.simulation.ceiling_check import Rules
from tests.simulation.crashes import MortalStore, MortalWorld
from tests.simulation.history import ORGANISATION
from tests.simulation.scene import Scene


def test_an_application_that_is_switched_off_deactivates_nobody() -> None:
    """450 read as not assigned while it is off: nobody goes; when it is back, all are held, and go by approval."""
    scene = Scene(Rules())
    users = scene.world.provisioned(450)
    scene.begin()
    with scene.people():
        scene.world.okta.deactivate_app()
        for user in users[:449]:
            scene.world.okta.unassign_user(user)
    scene.happen()
    assert scene.active(users) == 450
    assert scene.held(ORGANISATION) == set()
    with scene.people():
        scene.world.okta.activate_app()
    scene.happen()
    held = scene.held(ORGANISATION)
    assert scene.active(users) == 450 - (449 - len(held))
    assert len(held) >= 430
    scene.approve(ORGANISATION)
    scene.settle()
    assert scene.active(users) == 1
    deactivating = [
        call
        for call in scene.world.genesys.calls
        if call.route == "users/{id}" and call.method == "PATCH" and call.changed
    ]
    assert len(deactivating) == 449
    assert scene.breaches() == []


def test_a_mistyped_application_deactivates_nobody() -> None:
    """The setting names another application, which is ACTIVE and has no users: all 450 read as not assigned."""
    scene = Scene(Rules())
    users = scene.world.provisioned(450)
    scene.begin()
    other = scene.world.okta.create_app("Another one")
    scene.world.events()
    scene.world.variables["OKTA_APP_ID"] = other
    scene.world.restart()
    for user in users:
        scene.world.ask(f"user:{user}", Reason.RECONCILE)
    scene.world.settle()
    assert scene.active(users) >= 450 - 19
    assert len(scene.held(ORGANISATION)) == scene.active(users)
    hold = scene.world.store.hold(ORGANISATION)
    assert hold is not None
    assert hold.reason == "suspicious-empty"


class UnreadableRemovals(MemoryStore):
    """A store whose removal records can be out of reach."""

    out_of_reach = False

    def removals(self, entity: str, since: datetime) -> frozenset[str]:
        """May fail."""
        if self.out_of_reach:
            raise Transient("store-throttled", upstream="store")
        return super().removals(entity, since)


def unreadable(world: MortalWorld) -> None:
    """Give the world such a store."""
    assert isinstance(world.store, MortalStore)
    world.store._store = UnreadableRemovals(app_state=world.store.app_state)


def test_unreadable_records_stop_deactivations_and_no_leaver() -> None:
    """Unassigned users wait while the records cannot be read; joiners come, leavers go, members are added."""
    scene = Scene(Rules(), mend=unreadable)
    users = scene.world.provisioned(60)
    group, genesys_id = scene.linked("Agents", users[:30])
    scene.begin()
    scene.world.store.out_of_reach = True  # type: ignore[attr-defined] # of this store
    with scene.people():
        for user in users[:5]:
            scene.world.okta.unassign_user(user)
        for user in users[5:10]:
            scene.world.okta.deactivate(user)
        scene.world.okta.remove_members(group, users[20:25])
        scene.world.okta.add_members(group, users[40:45])
        joiner = scene.world.person("Joe Joiner")
    scene.world.deliver()
    scene.world.pass_time(hours=0.02)
    assert scene.active(users[:5]) == 5
    assert scene.active(users[5:10]) == 0
    assert scene.world.account(joiner)["active"] is True
    assert scene.world.members(genesys_id) == {*users[:30], *users[40:45]}
    scene.world.store.out_of_reach = False  # type: ignore[attr-defined] # of this store
    scene.settle()
    assert scene.active(users[:10]) == 0
    assert scene.removing_patches() == [5]
    assert scene.breaches() == []


def test_an_approval_does_not_forget_what_was_counted() -> None:
    """30 go by themselves; ten of them come back and go again by approval: all 30 still count for a day."""
    scene = Scene(Rules(deactivations=30, deactivations_percent=0))
    users = scene.world.provisioned(100)
    scene.begin()
    assigned(scene, users[:30], wanted=False)
    assert scene.active(users) == 70
    assigned(scene, users[:10], wanted=True)
    assigned(scene, [*users[:10], users[30]], wanted=False)
    assert len(scene.held(ORGANISATION)) == 11
    scene.approve(ORGANISATION)
    scene.settle()
    assert scene.active(users) == 69
    assigned(scene, users[40:41], wanted=False)
    assert scene.held(ORGANISATION) == set(users[40:41])
    assert scene.breaches() == []


@pytest.mark.parametrize("after", range(1, 5))
def test_a_sync_that_dies_at_the_twentieth_permits_nothing(after: int) -> None:
    """Nineteen have gone; the twentieth's sync dies after any of its writes: of 40 more nobody goes."""
    scene = Scene(Rules())
    users = scene.world.provisioned(100)
    scene.begin()
    assigned(scene, users[:19], wanted=False)
    with scene.people():
        for user in users[19:59]:
            scene.world.okta.unassign_user(user)
    scene.world.fuse.left = after
    scene.happen()
    assert scene.world.fuse.burnt == 1
    assert scene.active(users) == 81
    assert scene.held(ORGANISATION) == set(users[19:59])
    assert scene.breaches() == []


def assigned(scene: Scene, users: Iterable[str], *, wanted: bool) -> None:
    """Assign or unassign users, and work it off."""
    with scene.people():
        for user in users:
            (scene.world.okta.assign_user if wanted else scene.world.okta.unassign_user)(user)
    scene.happen()
