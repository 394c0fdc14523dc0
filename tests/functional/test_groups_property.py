"""Whatever happens to a group, and however Okta packages the news: the ceiling holds and nobody waits to come in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from bridge.items import Queue
from bridge_local.faults import Effect, Fault, cut, lost
from bridge_local.genesys import faults as genesys_faults
from tests.world import World

MEMBERS = 60
CEILING = 20
PERCENT = 40
WINDOW = timedelta(hours=24)
#: However Okta packages it, the news of an addition is worked off within so many seconds.
SOON = 60


@dataclass(frozen=True)
class Step:
    """What an administrator does, how Okta tells it, and how long nothing happens afterwards."""

    add: frozenset[int]
    remove: frozenset[int]
    each: bool
    shuffled: bool
    twice: bool
    restart: bool
    effect: Effect | None
    wait: float


def users(most: int) -> st.SearchStrategy[frozenset[int]]:
    """Some of the users, up to so many."""
    first = st.integers(0, MEMBERS - 1)
    return st.builds(
        lambda start, count: frozenset((start + step) % MEMBERS for step in range(count)), first, st.integers(0, most)
    )


steps = st.lists(
    st.builds(
        Step,
        add=users(25),
        remove=users(30),
        each=st.booleans(),
        shuffled=st.booleans(),
        twice=st.booleans(),
        restart=st.booleans(),
        effect=st.sampled_from([None, None, None, lost(), cut(), genesys_faults.version_conflict()]),
        wait=st.sampled_from([1.0, 600.0, 3 * 3600.0, 9 * 3600.0, 23 * 3600.0]),
    ),
    min_size=2,
    max_size=9,
)


@dataclass
class Watch:
    """What Genesys Cloud's calls say: members at the start, and each removal with the size of the group before it."""

    world: World
    genesys_id: str
    removals: list[tuple[datetime, str]] = field(default_factory=list)
    largest: int = 0

    def check(self) -> None:
        """No rolling window has more distinct people removed than the limits allow."""
        self.removals = [
            (call.at, member)
            for call in self.world.genesys.calls
            if call.group_id == self.genesys_id
            for member in call.removed
        ]
        for end, _ in self.removals:
            # The window is half open: a removal of exactly 24 h ago still counts.
            recent = {member for at, member in self.removals if end - WINDOW <= at <= end}
            assert len(recent) <= CEILING, "the count"

    def check_percent(self, before: frozenset[str], since: datetime) -> None:
        """Together with the window's others, what this step removed is within the percentage of what there was."""
        now = {member for at, member in self.removals if at >= since}
        if not now:
            return
        earlier = {member for at, member in self.removals if since - WINDOW <= at < since} - before
        base = len(before) + len(earlier)
        assert base < 20 or len(now | earlier) <= base * PERCENT // 100, "the percentage"
        assert len(before) < 5 or self.world.genesys.members(self.genesys_id), "emptied"


@seed(2026)
@settings(
    max_examples=60,
    deadline=None,
    database=None,
    derandomize=False,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(history=steps)
def test_any_history_of_a_group(history: list[Step]) -> None:
    """Removals of any rolling window stay within the limits, nobody waits to come in, the end is truth plus held."""
    world = World(
        {
            "GROUP_REMOVAL_CEILING": str(CEILING),
            "GROUP_REMOVAL_CEILING_PERCENT": str(PERCENT),
            "MEMBERS_PER_REQUEST": "7",
            "BACKOFF_SECONDS": "1",
            "BACKOFF_LIMIT_SECONDS": "2",
        }
    )
    people = world.provisioned(MEMBERS)
    truth = set(people[: MEMBERS // 2])
    okta_id, genesys_id = world.linked_group("Agents", people[: MEMBERS // 2])
    watch = Watch(world, genesys_id)
    for step in history:
        before, since = world.genesys.members(genesys_id), world.clock.now()
        adding, removing = ({people[number] for number in numbers} for numbers in (step.add, step.remove))
        world.okta.add_members(okta_id, sorted(adding))
        world.okta.remove_members(okta_id, sorted(removing))
        truth = (truth | adding) - removing
        if step.effect:
            world.genesys.faults.add(Fault("PATCH", step.effect, count=1))
        events = world.events()
        if step.shuffled:
            world.rng.shuffle(events)
        if events:
            world.deliver(events, each=step.each)
        if step.twice and events:
            world.deliver(events, after=1)
        if step.restart:
            world.restart()
        world.work_off(world.clock.now() + timedelta(seconds=SOON))
        assert truth <= world.members(genesys_id), "an addition waits"
        world.settle(hours=1)
        watch.check()
        watch.check_percent(before, since)
        world.clock.advance(step.wait)
    state, _, staged = world.hold(okta_id)
    held = staged if state == "open" else set()
    assert world.members(genesys_id) == truth | held
    assert not held & truth
    assert not world.store.parked
    assert not world.queues.dead_letters
    assert world.work(Queue.GROUPS) is None
