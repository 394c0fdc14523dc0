"""Two syncs of one user at the same time: whichever began last has read the newest truth, and it stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bridge.items import Queue, Reason
from bridge_local.exchange import Request
from bridge_local.faults import Fault, after, before, kept
from bridge_local.genesys import GenesysModel
from bridge_local.okta import OktaModel
from tests.world import APP_ID, World

Act = Callable[[], None]
#: Where the second sync comes between: before or after a request of the first.
POINTS = [
    ("okta", "GET /api/v1/users/00u", "after"),
    ("genesys", "GET /api/v2/scim/v2/users/", "before"),
    ("genesys", "GET /api/v2/scim/v2/users/", "after"),
    ("genesys", "PATCH /api/v2/scim/v2/users/", "before"),
    ("genesys", "PATCH /api/v2/scim/v2/users/", "after"),
]


def interrupt(model: OktaModel | GenesysModel, line: str, when: str, act: Act) -> Fault:
    """Have `act` happen once, before or after the first request that begins so."""
    effect = before(act) if when == "before" else after(act)
    return model.faults.add(Fault(f"^{re.escape(line)}", effect, count=1))


def suspended(world: World) -> str:
    """A user who was created and then suspended."""
    user = world.person("Ada Brook")
    world.happen()
    world.okta.suspend(user)
    world.happen()
    return user


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.parametrize(("side", "line", "when"), POINTS)
def test_leaver_is_out_although_a_sync_that_saw_them_active_is_still_writing(
    side: str, line: str, when: str, crash: bool
) -> None:
    """An activation under way when the user is suspended again never has the last word, nor if it dies after it."""
    world = World()
    user = suspended(world)
    world.okta.unsuspend(user)
    world.deliver()

    def leave() -> None:
        world.okta.suspend(user)
        world.deliver()
        world.work(Queue.LEAVERS)
        if crash:
            fail_next_save(world)

    interruption = interrupt(getattr(world, side), line, when, leave)
    world.work(Queue.USERS)
    world.settle()
    assert interruption.met
    assert world.account(user)["active"] is False


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.parametrize(("side", "line", "when"), POINTS)
def test_user_is_back_although_a_sync_that_saw_them_suspended_is_still_writing(
    side: str, line: str, when: str, crash: bool
) -> None:
    """A deactivation under way when the suspension ends does not have the last word, nor if it dies after it."""
    world = World()
    user = world.person("Ada Brook")
    world.happen()
    link = world.store.user_links[user]
    world.store.user_links[user] = replace(link, version="" if line.startswith("GET /api/v2") else link.version)
    world.okta.suspend(user)
    world.deliver()

    def come_back() -> None:
        world.okta.unsuspend(user)
        world.deliver()
        world.work(Queue.USERS)
        if crash:
            fail_next_save(world)

    interruption = interrupt(getattr(world, side), line, when, come_back)
    world.work(Queue.LEAVERS)
    world.settle()
    assert interruption.met
    assert world.account(user)["active"] is True


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("line", ["GET /api/v1/users/00u", "PATCH /api/v2/scim/v2/users/"])
def test_older_profile_does_not_overwrite_a_newer_one(line: str, when: str, crash: bool) -> None:
    """A sync that began before a second change was read ends with that change, also when it dies after its PATCH."""
    world = World()
    user = world.person("Ada Brook", title="Adviser")
    world.happen()
    world.okta.update_profile(user, {"title": "Manager"})
    world.deliver()

    def change() -> None:
        world.okta.update_profile(user, {"title": "Director"})
        world.ask(f"user:{user}", Reason.FOLLOW_UP, queue=Queue.LEAVERS)
        world.work(Queue.LEAVERS)
        if crash:
            fail_next_save(world)

    interruption = interrupt(world.okta if "/api/v1" in line else world.genesys, line, when, change)
    world.work(Queue.USERS)
    world.settle()
    assert interruption.met
    assert world.account(user)["title"] == "Director"


def test_a_first_value_that_lands_late_is_cleared_by_the_next_sync() -> None:
    """No answer to the PATCH of a first title, none wanted when it is tried again, and then it lands: ours to clear."""
    world = World()
    user = world.person("Ada Brook")
    world.happen()
    late: list[Request] = []
    world.genesys.faults.add(Fault("PATCH", kept(late), count=1))
    world.okta.update_profile(user, {"title": "Manager"})
    world.deliver()
    world.work(Queue.USERS)
    world.okta.update_profile(user, {"title": None})
    world.settle()
    world.genesys.handle(late[0])
    assert world.account(user)["title"] == "Manager"
    world.happen()
    assert "title" not in world.account(user)


@pytest.mark.parametrize("when", ["before", "after"])
def test_leaver_is_out_although_their_account_is_just_being_made(when: str) -> None:
    """A POST under way when the user is suspended: found and deactivated, however late it is seen."""
    world = World()
    user = world.person("Ada Brook")
    world.deliver()

    def leave() -> None:
        world.okta.suspend(user)
        world.deliver()
        world.work(Queue.LEAVERS)

    interruption = interrupt(world.genesys, "POST /api/v2/scim/v2/users", when, leave)
    world.work(Queue.USERS)
    world.settle()
    assert interruption.met
    assert world.account(user)["active"] is False
    assert len(world.accounts()) == 1


def test_leaver_is_out_although_nobody_knew_of_them_when_their_access_ended() -> None:
    """Suspended between the reading of a new user and the first record: their leaver's item has the last word."""
    world = World()
    user = world.person("Ada Brook")
    world.deliver()

    def leave() -> None:
        world.okta.suspend(user)
        world.deliver()
        world.work(Queue.LEAVERS)

    interruption = interrupt(world.okta, f"GET /api/v1/users/{user}", "after", leave)
    world.work(Queue.USERS)
    world.settle()
    assert interruption.met
    assert not any(each["active"] for each in world.accounts())


def test_leaver_is_out_who_left_between_the_assignment_and_the_first_record() -> None:
    """Suspended after the last reading of a new user: the leaver's item, which finds no link, stops the sync."""
    world = World()
    user = world.person("Ada Brook")
    world.deliver()

    def leave() -> None:
        world.okta.suspend(user)
        world.deliver()
        world.work(Queue.LEAVERS)

    interruption = interrupt(world.okta, f"GET /api/v1/apps/{APP_ID}/users/{user}", "after", leave)
    world.work(Queue.USERS)
    world.settle()
    assert interruption.met
    assert not any(each["active"] for each in world.accounts())


def test_nobody_is_let_in_whom_the_newer_of_two_readings_shows_suspended() -> None:
    """Suspended between the reading of the user and that of their assignment: no account, not even for a moment."""
    world = World()
    user = world.person("Ada Brook")
    world.deliver()

    def unheard() -> None:
        with world.okta.quietly():
            world.okta.suspend(user)

    interruption = interrupt(world.okta, f"GET /api/v1/users/{user}", "after", unheard)
    world.work(Queue.USERS)
    assert interruption.met
    assert world.last(f"user:{user}").why == "okta-read-lag"
    world.settle()
    assert not world.accounts()


def test_two_syncs_that_create_make_one_account() -> None:
    """Two queues find the same new user at the same time: one account, bound once."""
    world = World()
    user = world.person("Ada Brook")
    world.deliver()

    def create_too() -> None:
        world.ask(f"user:{user}", Reason.FOLLOW_UP, queue=Queue.LEAVERS)
        world.work(Queue.LEAVERS)

    interruption = interrupt(world.genesys, "POST /api/v2/scim/v2/users", "before", create_too)
    world.work(Queue.USERS)
    world.settle()
    assert interruption.met
    assert len(world.accounts()) == 1
    assert world.account(user)["active"] is True


def test_account_that_somebody_takes_meanwhile_is_synced_again() -> None:
    """Two Okta users of one address reach for one account: one has it, the other waits for a person."""
    world = World()
    world.genesys.add_user({"userName": "shared@example.com", "displayName": "By hand"})
    first = world.person("Ada Brook", email="shared@example.com")
    world.deliver()
    second = world.person("Bea Long", email="shared@example.com")
    world.events()

    def take() -> None:
        world.ask(f"user:{second}", queue=Queue.LEAVERS)
        world.work(Queue.LEAVERS)

    claim = world.store.owners
    taken: list[bool] = []

    def late(genesys_ids: Any) -> dict[str, str]:
        owners = claim(genesys_ids)
        if not taken:
            taken.append(True)
            take()
        return owners

    world.store.owners = late  # type: ignore[method-assign] # the store is interrupted, not replaced
    world.work(Queue.USERS)
    world.settle()
    assert world.parked(f"user:{first}") == ["owned-by-another-user"]
    assert world.account(second)["active"] is True


def test_fence_that_never_rests_is_patience() -> None:
    """A sync that is overtaken on every attempt goes back to its queue."""
    world = World()
    user = world.person("Ada Brook")
    world.deliver()
    save = world.store.save_user
    overtaken: list[bool] = []

    def overtake(link: Any) -> None:
        if len(overtaken) < 3:
            overtaken.append(True)
            world.store.begin_user_sync(user)
        save(link)

    world.store.save_user = overtake  # type: ignore[method-assign] # the store is interrupted, not replaced
    world.work(Queue.USERS)
    assert world.queues.depth() == 1
    world.settle()
    assert world.account(user)["active"] is True


def fail_next_save(world: World) -> None:
    """The process ends before it can write down what it did."""
    save = world.store.save_user

    def dies(_link: Any) -> None:
        world.store.save_user = save  # type: ignore[method-assign] # back to the store's own
        raise MemoryError

    world.store.save_user = dies  # type: ignore[method-assign,assignment] # the store is interrupted, not replaced
