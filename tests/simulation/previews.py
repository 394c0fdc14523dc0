"""Whether a preview says what the next operator's sync does: both are made in a copy of the run."""

from __future__ import annotations

import json
import os
import random
import re
from collections import Counter
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from bridge.consumer.settings import ConsumerSettings
from bridge.errors import Permanent, Transient
from bridge.items import Queue, Reason
from bridge.operations.preview import Preview
from bridge.outbound.calls import Calls
from bridge.provisioning.records import JournalEntry
from bridge.provisioning.syncs import build_syncs
from tests.simulation.gate import CALM
from tests.stages.planned import differences

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

#: How likely a snapshot is at each step of a run, and how many people are previewed in one.
SHARE, PEOPLE = 0.15, 1
#: Names in the counts of a run.
COMPARED, NOT_COMPARED, DIFFERENT = "previews compared", "syncs met a fault", "preview differences"
#: A call that tells of no fault: it passed, or nobody is there.
_SERVED = re.compile(r"\S+ \S+ 2\d\d$|GET \S+ 404$")


class Snapshots:
    """Previews of a run against syncs of it, at moments that its seed draws.

    Attributes:
        counts: what was compared, by the names above.
        differences: what a preview said otherwise than its sync did, in words.
    """

    def __init__(self, simulation: Simulation, seed: int) -> None:
        """Draw apart from whatever else the seed draws."""
        self._simulation = simulation
        self._chance = random.Random(f"previews {seed}")  # noqa: S311 - repeatable, not secret
        self.counts: Counter[str] = Counter()
        self.differences: list[str] = []

    def perhaps(self) -> None:
        """Take a snapshot now and then."""
        if self._chance.random() < SHARE:
            self.take()

    def take(self) -> None:
        """Compare in a copy of this process, where the faults have ended and nothing else is under way.

        A bridge that observes is no match for a preview: it says what it does itself.
        """
        if "MODE" in self._simulation.world.variables:
            return
        entities = self._drawn()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                told = self._compare(entities)
            except BaseException as failed:  # noqa: BLE001 - whatever happens, the copy must not go on with the run
                told = {"counts": {}, "differences": [f"the comparison itself failed: {failed!r}"]}
            os.write(writer, json.dumps(told).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            told = json.loads(pipe.read())
        os.waitpid(child, 0)
        self.counts += Counter(told["counts"])
        self.differences += told["differences"]

    def _drawn(self) -> list[str]:
        company, chance = self._simulation.company, self._chance
        people = chance.sample(sorted(company.people), min(PEOPLE, len(company.people)))
        groups = chance.sample(sorted(company.linked), min(1, len(company.linked)))
        return [*(f"user:{each}" for each in people), *(f"group:{each}" for each in groups), "app"]

    # -------------------------------------------------------------------------------------- in the copy

    def _compare(self, entities: list[str]) -> dict[str, Any]:
        self._mend()
        preview = self._preview()
        counts: Counter[str] = Counter()
        found: list[str] = []
        for entity in entities:
            foretold = _foretold(preview, entity, self._simulation.clock.time)
            sync = self._sync(entity)
            if sync is None or any(not _SERVED.match(call) for call in sync.calls):
                counts[NOT_COMPARED] += 1
                continue
            counts[COMPARED] += 1
            at = self._simulation.clock.time
            found += [f"{at:%d %H:%M:%S} preview of {entity}: {line}" for line in differences(foretold, sync)]
        counts[DIFFERENT] = len(found)
        return {"counts": counts, "differences": found}

    def _mend(self) -> None:
        """Faults and limits end: what is under way does not arrive, Okta's replicas agree, nobody remembers."""
        simulation, world = self._simulation, self._simulation.world
        simulation.gate.weather = CALM
        simulation.bad.end()
        simulation.restart()
        world.per_minute = 0
        world.okta_service.outage = world.genesys_service.outage = None
        world.genesys_service.on_the_way.clear()
        world.okta.switches.read_lag = 0.0
        world.store.breakers.clear()
        world.pace_table.refill()

    def _preview(self) -> Preview:
        """That of the operations function."""
        world = self._simulation.world
        settings = ConsumerSettings.read(world.environment())
        given, calls = world.dependencies(settings), Calls(world.clock)
        syncs_over = partial(
            build_syncs,
            okta=given.okta.client(Queue.USERS, calls),
            mapper=given.mapper,
            linked_names=given.linked_names,
            hash_key=lambda: given.hash_key.get("hash_key").encode(),
        )
        return Preview(
            settings.provisioning,
            syncs_over,
            genesys=given.genesys.client(Queue.USERS, calls),
            store=given.store,
            clock=world.clock,
            calls=calls,
        )

    def _sync(self, entity: str) -> JournalEntry | None:
        """The account of the operator's sync alone, None when there is none."""
        world, before = self._simulation.world, len(self._simulation.world.store.journal)
        for fifo in world.queues.queues.values():
            fifo.messages.clear()
        queue = world.ask(entity, Reason.OPERATOR).queue
        for message in world.queues.queues[queue].messages:
            message.visible = world.clock.time
        self._simulation.work(queue)
        return next((entry for entry in world.store.journal[before:] if entry.entity == entity), None)


def _foretold(preview: Preview, entity: str, now: datetime) -> JournalEntry:
    """What the preview says; a failure as a sync journals it."""
    try:
        return preview.sync(entity)[0]
    except (Transient, Permanent) as error:
        return JournalEntry(entity, now, "failed", why=error.reason)
