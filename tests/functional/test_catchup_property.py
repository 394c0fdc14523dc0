"""Random days with hooks that lose, delay, repeat and shuffle: catch-up alone brings the rest, without a reconcile."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from bridge.catchup.catch_up import Seen
from bridge.items import Hint, Item, Reason, app_item, group_item, user_item
from bridge.provisioning.hold_records import Verdict
from bridge.provisioning.records import AppState, GroupLink
from bridge.provisioning.user_records import UserLink, UserState
from bridge_local.okta import HookDispatcher
from tests.functional.test_hook_health import hook
from tests.world import APP_ID, World

MOMENT = datetime(2026, 11, 24, 9, 0, 0, tzinfo=UTC)
LAG = timedelta(seconds=5)
MILLISECOND = timedelta(milliseconds=1)
USER, GROUP = "00u1ada0000000000001", "00g1team000000000001"


def day(seed: int) -> World:
    """A day of changes, deliveries, polls and looks in a random order, until all is quiet."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    world = World({"LINKED_GROUPS": "Sales"}, seed=seed)
    world.store.set_bootstrapped()
    world.poll()
    switches = world.okta.switches
    switches.read_lag, switches.read_lag_varies = 4.0, True
    switches.log_insert_delay = chance.choice([0.0, 30.0, 900.0])
    switches.clock_offset = chance.uniform(-120, 120)
    switches.hook_drop = chance.choice([0.2, 0.6, 1.0])
    switches.hook_duplicate = switches.hook_disorder = switches.hook_delay = 0.3
    hook(world)

    def post(_url: str, _headers: object, body: bytes, _timeout: float) -> int:
        return int(world.post(body.decode())["statusCode"])

    dispatcher = HookDispatcher(world.okta, post, world.clock.now, chance)
    genesys_group = world.genesys.add_group("Sales")
    group = world.okta.create_group("Sales")
    people = [world.person(f"Person{number} Test") for number in range(4)]
    for _ in range(60):
        act(world, chance, people, group)
        world.clock.advance(chance.choice([0.0, 0.5, 3.0, 40.0, 300.0]))
        dispatcher.run_due()
        if chance.random() < 0.3:
            world.poll()
        if chance.random() < 0.5:
            world.work(chance.choice(list(world.queues.queues)))
    dispatcher.flush()
    for _ in range(6):
        world.clock.advance(300)
        assert world.poll() == "ended"
        world.settle()
    # Where nobody at all is assigned any more, only a person can tell that from a role that sees nobody.
    if world.store.open_hold_entities():
        assert world.store.open_hold_entities() == ["app"]
        world.decide("app", Verdict.APPROVE)
        world.settle()
    active = {user for user in people if exists(world, user) and world.account(user)["active"]}
    assert active & world.members(genesys_group) == active & world.okta.members(group)
    return world


def exists(world: World, okta_id: str) -> bool:
    """Whether the user ever came to Genesys Cloud."""
    return any(account.get("externalId") == okta_id for account in world.accounts())


def act(world: World, chance: random.Random, people: list[str], group: str) -> None:
    """One change by an administrator."""
    okta, user = world.okta, chance.choice(people)
    status = okta.users.current[user].status
    assigned = user in okta.assignments[APP_ID].current
    choice = chance.randrange(8)
    if choice == 0 and status == "ACTIVE":
        okta.suspend(user)
    elif choice == 0 and status == "SUSPENDED":
        okta.unsuspend(user)
    elif choice == 1 and status == "ACTIVE" and assigned:
        okta.unassign_user(user)
    elif choice in {1, 2} and status == "ACTIVE" and not assigned:
        okta.assign_user(user)
    elif choice == 3 and status == "ACTIVE":
        okta.deactivate(user)
    elif choice == 3 and status == "DEPROVISIONED":
        okta.activate(user)
    elif choice == 4:
        okta.add_members(group, [user])
    elif choice == 5:
        okta.remove_members(group, [user])
    elif choice == 6 and len(people) < 7:
        people.append(world.person(f"Person{len(people)} Test"))
    elif status == "ACTIVE":
        okta.update_profile(user, {"title": f"Title {chance.random()}"})


@pytest.mark.parametrize("seed", range(25))
def test_whatever_hooks_lose_catch_up_enqueues(seed: int) -> None:
    """Users and members equal Okta's at the end, and a last run has nothing left to bring."""
    world = day(seed)
    world.assert_users_equal()


def seen(user: UserLink | None = None, group: GroupLink | None = None, app: AppState | None = None) -> Seen:
    """What the syncs have seen, a page having been read an hour later."""
    return Seen(
        users={USER: user} if user else {},
        groups={GROUP: group} if group else {},
        app=app or AppState(bootstrapped=True),
        date=MOMENT + timedelta(hours=1),
        lag=LAG,
        now=MOMENT + timedelta(hours=1),
    )


def of_user(*hints: Hint) -> Item:
    """An item for an event of the moment."""
    return user_item(USER, MOMENT, ["uuid-0001"], hints, reason=Reason.CATCHUP)


@pytest.mark.parametrize(("after", "missed"), [(timedelta(), True), (LAG - MILLISECOND, True), (LAG, False)])
def test_the_watermark_is_the_read_lag_after_the_event(after: timedelta, missed: bool) -> None:
    """A read dated exactly the lag after the event has seen it; a millisecond less, and it may not have."""
    synced = MOMENT + after
    assert seen(user=UserLink(USER, state=UserState.LINKED, synced=synced)).misses(of_user()) is missed
    end_of_slot = group_item(GROUP, MOMENT, ["uuid-0001"])
    assert end_of_slot.newest is not None
    group = GroupLink(GROUP, synced=end_of_slot.newest + after)
    assert seen(group=group).misses(end_of_slot) is missed
    app = AppState(bootstrapped=True, synced=synced)
    assert seen(app=app).misses(app_item(MOMENT, ["uuid-0001"])) is missed


@pytest.mark.parametrize("hint", [Hint.ASSIGNMENT, Hint.ACTIVATION])
def test_what_concerns_the_assignment_is_seen_only_when_it_was_read(hint: Hint) -> None:
    """Both times must be late enough; a sync that failed after it had read the assignment is none."""
    late = MOMENT + LAG
    for synced, assignment_read, missed in [
        (late, late, False),
        (late, MOMENT, True),
        (MOMENT, late, True),
        (late, None, True),
        (None, late, True),
    ]:
        link = UserLink(USER, state=UserState.LINKED, synced=synced, assignment_read=assignment_read)
        assert seen(user=link).misses(of_user(hint)) is missed
    assert not seen(user=UserLink(USER, synced=late)).misses(of_user(Hint.ACCESS_ENDS, Hint.DELETION))


def test_what_nobody_has_synced_is_missed_where_the_event_asks_for_it() -> None:
    """A user without a record by the rule that the consumer has too; without a sync of their own all others."""
    assert not seen().misses(of_user())
    assert not seen().misses(of_user(Hint.ACCESS_ENDS))
    assert seen().misses(of_user(Hint.ASSIGNMENT))
    assert seen(app=AppState()).misses(of_user(Hint.ACCESS_ENDS))
    assert seen(user=UserLink(USER, sync_number=1)).misses(of_user())
    assert seen().misses(group_item(GROUP, MOMENT, ["uuid-0001"]))
    assert seen().misses(app_item(MOMENT, ["uuid-0001"]))


@pytest.mark.parametrize(("before", "missed"), [(LAG, False), (LAG - MILLISECOND, True), (timedelta(days=-1), True)])
def test_an_event_younger_than_the_lag_is_enqueued_for_anybody(before: timedelta, missed: bool) -> None:
    """Anyone who begins to sync after the page was read sees what is older than the lag; a time ahead is young too."""
    page = seen()
    item = user_item(USER, page.date - before, ["uuid-0001"], reason=Reason.CATCHUP)
    assert page.misses(item) is missed
