"""People who operate the bridge by command: groups linked, kept out and imported, the records restored."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from bridge.aws.names import Names
from bridge.consumer.settings import ConsumerSettings
from bridge.errors import Permanent
from bridge.items import Queue
from bridge.operations.group_links import GroupService
from bridge.operations.match_requests import GroupImport
from bridge.operations.naming import NamingService
from bridge.operations.requests import GroupLink
from bridge.outbound.calls import Calls
from bridge.provisioning.linking import LINKED_BY_OPERATOR, UNLINKED_BY_OPERATOR
from bridge_local.memory import MemoryStore
from tests.simulation.aws_in_weather import StoreInWeather
from tests.simulation.company import PROTECTED
from tests.simulation.restores import backed_up, restore

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

T = TypeVar("T")

#: How many of the runs have operators who link groups and restore records, and how likely they are at each step.
SHARE, ACTS = 0.1, 0.6


class Operators:
    """The operators of one run."""

    def __init__(self, simulation: Simulation, seed: int, *, anyhow: bool = False) -> None:
        """Draw apart from whatever else the seed draws; who has yet to compare anything restores nothing."""
        self._simulation = simulation
        self._chance = random.Random(f"operators {seed}")  # noqa: S311 - repeatable, not secret
        self._at_work = (self._chance.random() < SHARE or anyhow) and not simulation.first_day
        #: Okta group id -> the rule of the last command about it that was answered.
        self._said: dict[str, str] = {}
        self._backup: MemoryStore | None = None

    def perhaps(self) -> None:
        """Somebody does something now and then."""
        if not self._at_work:
            return
        if self._backup is None:
            self._backup = backed_up(self._simulation.world.store)
        if self._chance.random() < ACTS:
            acts = (self._unlink, self._link, self._import, self._back_up, self._restore)
            [act] = self._chance.choices(acts, (4, 4, 2, 2, 3))
            act()
            self._simulation.note_truth()

    def forgotten(self) -> list[str]:
        """Groups whose record says something else than an operator was told."""
        stored = self._simulation.world.store.group_links
        return [
            f"group {group}: an operator has said {rule!r}, and its record says {stored[group].linked_by!r}"
            for group, rule in self._said.items()
            if stored[group].linked_by != rule
        ]

    # ------------------------------------------------------------------------------------ what they do

    def _link(self) -> None:
        self._change("group.link", self._some_group())

    def _unlink(self) -> None:
        self._change("group.unlink", self._some_group())

    def _some_group(self) -> str:
        groups = self._simulation.company.groups
        return groups[self._chance.choice(sorted(groups.keys() - {PROTECTED}))]

    def _import(self) -> None:
        """As ``bridge group import``: whatever native group push keeps and nothing links."""
        simulation, world = self._simulation, self._simulation.world
        pushed = tuple(group for name, group in simulation.company.groups.items() if name != PROTECTED)
        world.okta.provision_natively("GROUP_PUSH", pushed=tuple(each for each in pushed if each in world.okta.groups))
        found = self._invoke("group import", lambda: self._naming().pushed(GroupImport()))
        for each in found.groups if found is not None else ():
            if each.state == "to-do":
                self._change("group.link", each.entity.removeprefix("group:"))
        world.okta.provision_natively()

    def _back_up(self) -> None:
        self._backup = backed_up(self._simulation.world.store)
        self._simulation.history.tell("OPERATOR backs the records up")

    def _restore(self) -> None:
        """The records as they were, while the queues are not read."""
        simulation = self._simulation
        assert self._backup is not None, "the first one is made before anything else"
        restore(simulation.world, self._backup, simulation.clock.time)
        simulation.history.tell("OPERATOR restores the records")
        simulation.promises.restored = simulation.clock.time
        self._said.clear()

    # ---------------------------------------------------------------------------------- the functions

    def _change(self, do: Literal["group.link", "group.unlink"], group: str) -> None:
        simulation, world = self._simulation, self._simulation.world
        store = cast("Any", StoreInWeather(world.store, simulation.gate))
        service = GroupService(store, world.gated_queues, dedup_key=lambda: str(world.clock.time))
        asked = GroupLink(do=do, entity=f"group:{group}")
        self._said.pop(group, None)
        answer = self._invoke(f"{do} {group}", lambda: service.link(asked))
        if answer is None:
            simulation.company.touched.add(group)  # what is written may lack its item, of which no event tells
        else:
            self._said[group] = answer.linked_by
        link = world.store.group_links.get(group)
        if link is not None and link.linked_by == UNLINKED_BY_OPERATOR:
            simulation.recorder.unlink(group)
        elif link is not None and link.linked_by == LINKED_BY_OPERATOR:
            simulation.recorder.link(group)

    def _naming(self) -> NamingService:
        world = self._simulation.world
        settings = ConsumerSettings.read(world.environment())
        given, calls = world.dependencies(settings), Calls(world.clock)
        names = Names(
            given.okta.client(Queue.USERS, calls), given.genesys.client(Queue.USERS, calls), world.okta.app_id
        )
        return NamingService(given.store, names, settings.provisioning)

    def _invoke(self, what: str, ask: Callable[[], T]) -> T | None:
        """One invocation of the operations function, None where it fails or dies."""

        def asked() -> T | None:
            try:
                return ask()
            except Permanent as refused:
                self._simulation.history.tell(f"operations: refused with {refused.reason}")
                return None

        answer = self._simulation.run_function("operations", lambda: None, asked)
        self._simulation.history.tell(f"OPERATOR {what}: {'done' if answer is not None else 'no answer'}")
        return answer
