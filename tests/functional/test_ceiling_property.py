"""Whatever happens, no matter how it is told, who decides and what dies half-way: the checker finds no breach."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bridge.items import Reason
from bridge.provisioning.hold_records import Verdict
from bridge.provisioning.user_records import Origin
from bridge_local.faults import Fault, cut, lost
from bridge_local.genesys import faults as genesys_faults
from bridge_local.okta import faults as okta_faults
from bridge_local.okta.org import OktaRefused
from tests.simulation.ceiling_check import Rules
from tests.simulation.history import ORGANISATION
from tests.simulation.scene import Scene, Sight

pytestmark = pytest.mark.proof

PEOPLE = 60
LARGE_TEAM, SMALL_TEAM = 40, 8
NOBODY = frozenset[int]()
#: A consumer that dies keeps its messages for twelve minutes; events that are lost come with the next step.
PATIENCE = timedelta(minutes=60)


EFFECTS = {"lost-answer": lost(), "cut": cut(), "version-conflict": genesys_faults.version_conflict()}
TROUBLES = (
    *EFFECTS,
    *("empty listing", "hidden group", "app off", "app on", "group deleted"),
    *("members by hand", "removals paused", "removals resumed", "own limits"),
)


@dataclass(frozen=True)
class Step:
    """What people do, how Okta tells it, what goes wrong meanwhile, and how long nothing happens afterwards.

    Attributes:
        large, small: users who join and who leave the large and the small group.
        users: acts on users: the name of the model's method, and whom.
        holds: what an operator does: sync, approve, reject (what was last synced), of which entity.
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
words = st.tuples(st.sampled_from(["sync", "approve", "reject", "sync and approve"]), st.integers(0, 2))
steps = st.builds(
    Step,
    large=st.tuples(some(20), some(25)),
    small=st.tuples(some(2), some(PEOPLE)),
    users=st.lists(acts, max_size=2).map(tuple),
    holds=st.lists(words, max_size=2).map(tuple),
    trouble=st.just("") | st.sampled_from(TROUBLES),
    dies_after=st.none() | st.integers(1, 15),
    telling=st.sampled_from(["one delivery", "one by one", "shuffled", "twice", "lost"]),
    wait=st.sampled_from([1.0, 600.0, 3 * 3600.0, 9 * 3600.0, 23 * 3600.0]),
)


class Run:
    """One history of one company."""

    def __init__(self, *, keep_inactive: bool, limits: tuple[int, int], handmade: int, read_lag: float) -> None:
        """A large and a small group, and everybody linked; the last people were adopted, and are members by hand."""
        ceiling, percent = limits
        rules = Rules(
            count=ceiling,
            percent=percent,
            deactivations=22,
            keep_inactive=keep_inactive,
            read_lag=timedelta(seconds=read_lag),
            patience=PATIENCE,
        )
        self.scene = Scene(rules, MEMBERS_PER_REQUEST="7")
        self.world = self.scene.world
        self.people = self.world.provisioned(PEOPLE - handmade)
        adopted = self.world.provisioned(handmade, Origin.ADOPTED)
        self.people += adopted
        self.large, self.genesys_large = self.scene.linked("Agents", self.people[:LARGE_TEAM])
        self.small, _ = self.scene.linked("Leads", self.people[:SMALL_TEAM])
        self.world.genesys.edit_members(self.genesys_large, add=self.world.genesys_ids(adopted))
        self.world.ask(f"group:{self.large}")
        self.world.settle()
        switches = self.world.okta.switches
        switches.read_lag, switches.read_lag_varies = read_lag, True
        self.scene.begin()
        self.entities = (self.large, self.small, ORGANISATION)
        self.sights: dict[str, Sight] = {}
        self.notification_pending = False

    def take(self, step: Step) -> None:
        """One step after the other."""
        if step.trouble == "empty listing":
            # A change of the group would explain it: the design believes an empty listing then.
            step = replace(
                step,
                large=(NOBODY, NOBODY),
                small=(NOBODY, NOBODY),
                trouble="" if self.notification_pending else step.trouble,
            )
        if step.trouble:
            self._go_wrong(step.trouble, step)
        with self.scene.people():
            for group, (joining, leaving) in ((self.large, step.large), (self.small, step.small)):
                if group not in self.world.okta.groups:
                    continue
                self.world.okta.add_members(group, self._named(joining))
                self.world.okta.remove_members(group, self._named(leaving))
            for act, numbers in step.users:
                for user in self._named(numbers):
                    with suppress(OktaRefused):
                        getattr(self.world.okta, act)(user)
        for word, entity in step.holds:
            self._say(word, self.entities[entity])
        if any(fault.count for fault in self.world.okta.faults.rules):
            self.scene.recorder.doubtful()
        self.world.fuse.left = step.dies_after
        if step.telling == "lost" and not self.notification_pending:
            self.world.events()
            self.notification_pending = True
            self.world.clock.advance(min(step.wait, 600.0))
            return
        self._tell(step.telling)
        if self.notification_pending or step.trouble not in {"", "lost-answer", "cut", "version-conflict"}:
            self.reconcile()
            self.notification_pending = False
        self.scene.settle(hours=3)
        self.world.clock.advance(step.wait)

    def reconcile(self) -> None:
        """Everything is synced once more, by an Okta that shows everything."""
        self.world.settle(hours=3)
        self.world.okta.faults.clear()
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
        self._pause(paused=False)
        self.world.deliver()
        self.reconcile()
        self.scene.settle(hours=3)

    def _named(self, numbers: Collection[int]) -> list[str]:
        return [self.people[number] for number in sorted(numbers)]

    def _pause(self, *, paused: bool) -> None:
        self.world.store.pause_removals(paused=paused)
        self.scene.recorder.pause(paused=paused)

    def _limit(self, step: Step) -> None:
        """The large group gets limits of its own."""
        count, percent = 5 + int(step.wait) % 31, 20 + 3 * len(step.large[0])
        link = self.world.store.group_links[self.large]
        self.world.store.group_links[self.large] = replace(link, ceiling=count, ceiling_percent=percent)
        self.scene.recorder.limit(self.large, count, percent)

    def _go_wrong(self, trouble: str, step: Step) -> None:
        okta, genesys = self.world.okta, self.world.genesys
        faults: dict[str, Callable[[], Any]] = {
            "empty listing": lambda: okta.faults.add(
                Fault(f"groups/({self.large}|{self.small})/users", okta_faults.empty_listing(), count=2)
            ),
            "hidden group": lambda: okta.faults.add(
                Fault(f"groups/({self.large}|{self.small})$", okta_faults.refused(404), count=2)
            ),
            "app off": okta.deactivate_app,
            "app on": okta.activate_app,
            "group deleted": lambda: okta.delete_group(self.small),
            "members by hand": lambda: genesys.edit_members(
                self.genesys_large,
                add=self.world.genesys_ids(self._named(step.small[0])),
                remove=self.world.genesys_ids(self._named(step.large[0])),
            ),
            "removals paused": lambda: self._pause(paused=True),
            "removals resumed": lambda: self._pause(paused=False),
            "own limits": lambda: self._limit(step),
        }
        with self.scene.people(), suppress(OktaRefused):
            if trouble in faults:
                faults[trouble]()
            else:
                genesys.faults.add(Fault("PATCH", EFFECTS[trouble], count=2))

    def _say(self, word: str, entity: str) -> None:
        if word.startswith("sync") and (sight := self.scene.read_hold(entity)):
            self.sights[entity] = sight
        if not word.endswith("sync") and entity in self.sights:
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
    max_examples=40,
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
    handmade=st.sampled_from([0, 0, 0, 5]),
    read_lag=st.sampled_from([0.0, 0.0, 4.0]),
)
def test_no_history_breaks_the_ceiling(
    history: list[Step], keep_inactive: bool, limits: tuple[int, int], handmade: int, read_lag: float
) -> None:
    """Limits of any window, additions at once, leavers at once, nothing lost: by the calls that Genesys Cloud got."""
    run = Run(keep_inactive=keep_inactive, limits=limits, handmade=handmade, read_lag=read_lag)
    for step in history:
        run.take(step)
    run.end()
    assert run.scene.breaches() == []
    assert not run.world.store.parked
    assert not run.world.queues.dead_letters
