"""Whatever people do in Okta, and however its events arrive: in the end every account equals the truth."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge_local.genesys.switches import GenesysSwitches
from bridge_local.okta.org import OktaRefused
from tests.world import World

NAMES = ("Ada Brook", "Bea Long", "Cy Moss", "Dee Park")
ACTS = (
    "assign_user",
    "unassign_user",
    "suspend",
    "unsuspend",
    "deactivate",
    "activate",
    "delete",
    "title",
    "phone",
    "email",
    "deliver",
    "wait",
)

switches = st.fixed_dictionaries(
    {
        "version_conflict": st.sampled_from(["400", "409", "412"]),
        "finds_inactive": st.booleans(),
        "deleted_user_name": st.sampled_from(["restored-201", "restored-200", "new"]),
        "no_target": st.sampled_from(["400", "create"]),
        "uniqueness_type": st.booleans(),
        "search_lag": st.sampled_from([0, 60]),
        "external_id_taken": st.sampled_from(["409", "400", "allowed"]),
    }
)


def act(world: World, user: str, what: str, number: int) -> None:
    """One act of an administrator; what Okta would refuse is left."""
    changes: dict[str, dict[str, Any]] = {
        "title": {"title": [None, "Adviser", "Manager"][number % 3]},
        "phone": {"mobilePhone": [None, "+13175550100", "+13175550101"][number % 3]},
        "email": {"email": f"{user[3:9]}-{number % 3}@example.com".lower()},
    }
    try:
        if what in changes:
            world.okta.update_profile(user, changes[what])
        else:
            getattr(world.okta, what)(user)
    except OktaRefused:
        pass


@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    acts=st.lists(
        st.tuples(st.integers(0, len(NAMES) - 1), st.sampled_from(ACTS), st.integers(0, 5)), min_size=5, max_size=40
    ),
    answers=switches,
    read_lag=st.sampled_from([0.0, 5.0]),
    seed=st.integers(0, 1000),
)
def test_every_account_equals_the_truth_in_the_end(
    acts: list[tuple[int, str, int]], answers: dict[str, Any], read_lag: float, seed: int
) -> None:
    """Events doubled, out of order, alone or together: active if and only if assigned and usable, and nobody twice."""
    world = World(seed=seed, genesys_switches=GenesysSwitches(**answers))
    world.okta.switches.read_lag = read_lag
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    people = [world.person(name, assigned=index % 2 == 0) for index, name in enumerate(NAMES)]
    waiting: list[dict[str, Any]] = []
    for index, what, number in acts:
        if what == "deliver":
            waiting += world.events()
            chance.shuffle(waiting)
            part = [waiting.pop() for _ in range(min(number + 1, len(waiting)))]
            world.deliver(part + part[:number], each=number % 2 == 0, after=chance.choice([0.0, 3.0, 10.0]))
            for queue in world.queues.queues:
                world.work(queue)
        elif what == "wait":
            world.clock.advance(20)
        else:
            act(world, people[index], what, number)
    waiting += world.events()
    chance.shuffle(waiting)
    world.deliver(waiting)
    world.settle()
    world.assert_users_equal()
    assert not world.store.parked
