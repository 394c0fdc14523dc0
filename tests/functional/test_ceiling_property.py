"""Whatever happens, however it is told, whoever decides and whatever dies half-way: the checker finds no breach."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bridge.items import Reason
from bridge.provisioning.records import Verdict
from bridge_local.genesys.faults import Fault
from bridge_local.okta.org import OktaRefused
from bridge_local.okta.switches import Fault as OktaFault
from bridge_local.okta.switches import FaultKind
from tests.simulation.ceiling_check import Rules
from tests.simulation.history import ORGANISATION
from tests.simulation.scene import Scene, Sight

PEOPLE = 60
LARGE, SMALL = 40, 8
#: A consumer that dies keeps its messages for twelve minutes; events that are lost come with the next step.
PATIENCE = timedelta(minutes=60)


@dataclass(frozen=True)
class Step:
    """What people do, how Okta tells it, what goes wrong meanwhile, and how long nothing happens afterwards.

    Attributes:
        large, small: users who join and who leave the large and the small group.
        users: acts on users: the name of the model's method, and whom.
        holds: what an operator does: look, approve, reject (what was last looked at), of which entity.
        trouble: what goes wrong.
        dies_after: how many writes the consumer's process lives.
        telling: how the events are packaged, ``lost`` if not at all.
        wait: seconds.
    """

    large: tuple[frozenset[int], frozenset[int]]
    small: tuple[frozenset[int], frozenset[int]]
    users: tuple[tuple[str, frozenset[int]], ...]
    holds: tuple[tuple[str, int], ...]
    trouble: str
    dies_after: int | None
    telling: str
    wait: float


def some(most: int) -> st.SearchStrategy[frozenset[int]]:
    """Some of the people, up to so many."""
    return st.builds(
        lambda start, count: frozenset((start + step) % PEOPLE for step in range(count)),
        st.integers(0, PEOPLE - 1),
        st.integers(0, most),
    )


acts = st.tuples(st.sampled_from(["unassign_user", "unassign_user", "assign_user", "suspend", "unsuspend"]), some(12))
words = st.tuples(st.sampled_from(["look", "approve", "reject", "look and approve"]), st.integers(0, 2))
steps = st.builds(
    Step,
    large=st.tuples(some(20), some(25)),
    small=st.tuples(some(2), some(PEOPLE)),
    users=st.lists(acts, max_size=2).map(tuple),
    holds=st.lists(words, max_size=2).map(tuple),
    trouble=st.sampled_from(
        ["", "", "", "lost-answer", "cut", "version-conflict", "empty listing", "hidden group", "app off", "app on"]
    ),
    dies_after=st.none() | st.integers(1, 15),
    telling=st.sampled_from(["one delivery", "one by one", "shuffled", "twice", "lost"]),
    wait=st.sampled_from([1.0, 600.0, 3 * 3600.0, 9 * 3600.0, 23 * 3600.0]),
)


class Run:
    """One history of one company."""

    def __init__(self, *, keep_inactive: bool, ceiling: int, percent: int) -> None:
        """A large and a small group, and everybody linked."""
        rules = Rules(
            count=ceiling,
            percent=percent,
            deactivations=22,
            keep_inactive=keep_inactive,
            patience=PATIENCE,
        )
        self.scene = Scene(rules, MEMBERS_PER_REQUEST="7")
        self.world = self.scene.world
        self.people = self.world.provisioned(PEOPLE)
        self.large, _ = self.scene.linked("Agents", self.people[:LARGE])
        self.small, _ = self.scene.linked("Leads", self.people[:SMALL])
        self.scene.begin()
        self.entities = (self.large, self.small, ORGANISATION)
        self.sights: dict[str, Sight] = {}
        self.untold = False

    def take(self, step: Step) -> None:
        """One step after the other."""
        if step.trouble:
            self._go_wrong(step.trouble)
        with self.scene.people():
            for group, (joining, leaving) in ((self.large, step.large), (self.small, step.small)):
                self.world.okta.add_members(group, self._named(joining))
                self.world.okta.remove_members(group, self._named(leaving))
            for act, numbers in step.users:
                for user in self._named(numbers):
                    with suppress(OktaRefused):
                        getattr(self.world.okta, act)(user)
        for word, entity in step.holds:
            self._say(word, self.entities[entity])
        if any(fault.count for fault in self.world.okta.switches.faults):
            self.scene.recorder.doubtful()
        self.world.fuse.left = step.dies_after
        if step.telling == "lost" and not self.untold:
            self.world.events()
            self.untold = True
            self.world.clock.advance(min(step.wait, 600.0))
            return
        self._tell(step.telling)
        if self.untold or step.trouble in {"empty listing", "hidden group"}:
            self.reconcile()
            self.untold = False
        self.scene.settle(hours=3)
        self.world.clock.advance(step.wait)

    def reconcile(self) -> None:
        """Everything is looked at once more, by an Okta that shows everything."""
        self.world.settle(hours=3)
        self.world.okta.switches.faults.clear()
        self.world.ask(ORGANISATION, Reason.RECONCILE)
        for user in self.people:
            self.world.ask(f"user:{user}", Reason.RECONCILE)
        for group in (self.large, self.small):
            self.world.ask(f"group:{group}", Reason.RECONCILE)

    def end(self) -> None:
        """Nothing goes wrong any more, and a last reconcile ends."""
        self.world.fuse.left = None
        with self.scene.people(), suppress(OktaRefused):
            self.world.okta.activate_app()
        self.world.deliver()
        self.reconcile()
        self.scene.settle(hours=3)

    def _named(self, numbers: Collection[int]) -> list[str]:
        return [self.people[number] for number in sorted(numbers)]

    def _go_wrong(self, trouble: str) -> None:
        okta, genesys = self.world.okta, self.world.genesys
        faults: dict[str, Callable[[], Any]] = {
            "empty listing": lambda: okta.switches.faults.append(
                OktaFault(f"groups/({self.large}|{self.small})/users", FaultKind.EMPTY, count=2)
            ),
            "hidden group": lambda: okta.switches.faults.append(
                OktaFault(f"groups/({self.large}|{self.small})$", FaultKind.NOT_FOUND, count=2)
            ),
            "app off": okta.deactivate_app,
            "app on": okta.activate_app,
        }
        with self.scene.people(), suppress(OktaRefused):
            if trouble in faults:
                faults[trouble]()
            else:
                genesys.faults.add(Fault(trouble, method="PATCH", count=2))  # type: ignore[arg-type] # one of its kinds

    def _say(self, word: str, entity: str) -> None:
        # A rejection covers everybody who is staged by then, so only what is seen now is rejected.
        if (word.startswith("look") or word == "reject") and (sight := self.scene.look_at_hold(entity)):
            self.sights[entity] = sight
        if not word.endswith("look") and entity in self.sights:
            verdict = Verdict.REJECT if word == "reject" else Verdict.APPROVE
            self.scene.decide(self.sights.pop(entity), verdict)

    def _tell(self, telling: str) -> None:
        events = self.world.events()
        if telling == "shuffled":
            self.world.rng.shuffle(events)
        if not events:
            return
        self.world.deliver(events, each=telling == "one by one")
        if telling == "twice":
            self.world.deliver(events, after=1)


@settings(
    max_examples=50,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    history=st.lists(steps, min_size=3, max_size=8),
    keep_inactive=st.booleans(),
    limits=st.sampled_from([(20, 40), (12, 0), (1000, 30)]),
)
def test_no_history_breaks_the_ceiling(history: list[Step], keep_inactive: bool, limits: tuple[int, int]) -> None:
    """Limits of any window, additions at once, leavers at once, nothing lost: by the calls that Genesys Cloud got."""
    run = Run(keep_inactive=keep_inactive, ceiling=limits[0], percent=limits[1])
    for step in history:
        run.take(step)
    run.end()
    assert run.scene.breaches() == []
    assert not run.world.store.parked
    assert not run.world.lanes.dead_letters
