"""One run: a seed decides what people do, how events travel, what fails, who runs when; the end is always the same."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from bridge.consumer.composition import Consumer
from bridge.errors import Transient
from bridge.items import Queue
from bridge_local.okta import HookDispatcher
from functions.receiver import app as receiver_app
from tests.simulation.bad_answers import drawn
from tests.simulation.circumstances import (
    genesys_switches_drawn,
    register_hook,
    settings_drawn,
    turn_okta_switches,
)
from tests.simulation.company import PROTECTED, Company
from tests.simulation.gate import CALM, FUNCTION_SECONDS, Died, Unsettled, Weather
from tests.simulation.operators import Operators
from tests.simulation.previews import Snapshots
from tests.simulation.processes import SCHEDULED, catch_up, pause, send_dues, start_reconcile
from tests.simulation.promises import Promises
from tests.simulation.recorder import Recorder
from tests.simulation.simulated_world import SimulatedWorld
from tests.simulation.variants import Variant

T = TypeVar("T")

#: Batches that a run may take; one that needs more does not come to rest.
MAX_BATCHES = 4000
#: How many of the runs begin before the first whole reconcile, half of them in observe mode until the faults end.
FIRST_DAY = 0.1
#: How many of the runs have protected people.
PROTECTS = 0.2
#: The schedule of what is due runs so often, and a run does not rest before what is due within so long is sent.
DUE_TICK, DUE_SOON = timedelta(minutes=1), timedelta(hours=1)
#: How many of the runs have administrators of Genesys Cloud at work, and how likely they are at each step.
BY_HAND, BY_HAND_ACTS = 0.1, 0.4
#: How many of the runs have many writes that come late, and how likely each is to.
LATE_WRITES, LATE = 0.05, 0.3
#: Interludes that a run may have, or it would feed itself.
MAX_INTERLUDES = 30


class Simulation:
    """A run, from its seed.

    Attributes:
        world: everything there is.
        company: its people and administrators.
        promises: what broke on the way.
        bootstrapped: when a first day's whole reconcile was through.
        previews: what previews say on the way.
        operators: who links groups and restores records.
        clock: the virtual clock.
    """

    def __init__(self, seed: int, variant: Variant | None = None, *, bad: str = "", anyhow: str = "") -> None:
        """Draw the company, the settings and the climate; `anyhow` is one of `ending.ANYHOW`."""
        self.variant = variant or Variant()
        chance = self.chance = random.Random(f"schedule {seed}")  # noqa: S311 - repeatable, not secret
        first = random.Random(f"first day {seed}")  # noqa: S311 - repeatable, not secret
        self.first_day = first.random() < FIRST_DAY
        protects = random.Random(f"protected {seed}").random() < PROTECTS  # noqa: S311 - repeatable, not secret
        self.world = world = SimulatedWorld(
            settings_drawn(chance) | ({"PROTECTED_GROUP": PROTECTED} if protects else {}),
            seed,
            genesys_switches_drawn(chance),
            bootstrapped=not self.first_day,
            variant=self.variant,
        )
        if self.first_day and first.random() < 0.5:
            world.variables["MODE"] = "observe"
        self.late_writes = _has_late_writes(seed) or anyhow == "late-writes"
        self.climate = Weather.drawn(chance)
        self.climate = replace(self.climate, late=LATE) if self.late_writes else self.climate
        # What arrives late is counted where it was sent; so there the pace is off.
        world.per_minute = self.per_minute = 0 if self.climate.late else chance.choice((0, 0, 0, 30, 60))
        self.bad = world.okta_service.bad = world.genesys_service.bad = drawn(seed, only=bad)
        self.clock, self.gate, self.history = world.clock, world.gate, world.history
        self.gate.interlude = self._interlude
        self.gate.settle = world.genesys_service.land
        self.company = Company(world, chance, self.history)
        self.company.hand = random.Random(f"by hand {seed}")  # noqa: S311 - repeatable, not secret
        self.by_hand = anyhow == "by-hand" or self.company.hand.random() < BY_HAND
        self.company.found(chance.choice((4, 5, 6, 6, 8)) if chance.random() < 0.98 else 30, protects=protects)
        if self.first_day:
            self.clock.advance(120)  # what has long been there can be found
        self.variant.begin(world)
        made_by_others = [*self.company.hand_made, *(self.company.accounts.values() if self.first_day else ())]
        # The Okta user of an account from before the bridge, which may not bear their id yet.
        stands_for = {account: person for person, account in self.company.accounts.items()}
        self.recorder = Recorder(
            world.okta, world.genesys, self.clock.now, handmade=made_by_others, stands_for=stands_for
        )
        for okta_group, genesys_group in self.company.linked.items():
            self.recorder.watch(okta_group, genesys_group, synced=not self.first_day)
        self.promises = Promises(world, self.history.tell, int(world.variables["MEMBERS_PER_REQUEST"]))
        self.promises.lied_to = self.climate.strange > 0
        self.promises.pairs = {theirs: ours for ours, theirs in self.company.linked.items()}
        self.promises.stands_for = stands_for
        self.promises.protected = self.company.groups.get(PROTECTED, "")
        self.previews = Snapshots(self, seed)
        self.operators = Operators(self, seed, anyhow=anyhow == "operators")
        self._warm: set[str] = set()
        self.bootstrapped: datetime | None = None
        self._leavers: dict[str, datetime] = {}
        self._observed: set[str] = set()
        self._environments: dict[tuple[str, int], Any] = {}
        self._batches = self._interludes = 0
        self._due_tick = self.clock.time
        turn_okta_switches(world.okta.switches, chance)
        self._dispatcher = HookDispatcher(world.okta, self._post, self.clock.now, random.Random(f"hooks {seed}"))  # noqa: S311 - repeatable, not secret
        register_hook(world.okta)
        catch_up(self)
        self.history.tell(f"calls a minute: {self.per_minute or 'any'}, climate: {self.climate}")
        self.history.tell(f"settings: {world.variables}")
        self.history.tell(f"bad answers: {' '.join(kind.name for kind in self.bad.kinds) or 'none'}")

    # ---------------------------------------------------------------------------------------- the run

    def live(self) -> None:
        """The time of changes and faults."""
        chance = self.chance
        self.gate.weather = self.climate
        if self.first_day and chance.random() < 0.7:
            start_reconcile(self)
        for _ in range(chance.randrange(3, 9)):
            for _ in range(chance.choice((1, 1, 2, 3))):
                self.administrate()
            if self.by_hand and self.company.hand.random() < BY_HAND_ACTS:
                self.company.handle(self.company.hand.choice(self.company.people))
                self.note_truth()
            if self.late_writes:
                self._lose_and_regret()
            for group in self.world.genesys_service.losing:
                self.administrate_turn(self.promises.pairs.get(group, ""))
            for scheduled in SCHEDULED:
                if chance.random() < scheduled.share:
                    scheduled.run(self)
            self.operators.perhaps()
            self.previews.perhaps()
            self.pass_time(chance.choice((0.0, 0.5, 2.0, 6.0, 15.0, 60.0, 600.0, 3_600.0, 7 * 3_600.0, 23 * 3_600.0)))
        if chance.random() < 0.5:  # what nobody remembers shows when access ends
            for person in chance.sample(self.company.people, len(self.company.people) // 3):
                self.administrate_turn(person)

    def end_faults(self) -> None:
        """The faults end; removals that an operator has paused stay so."""
        self.gate.weather = CALM
        self.bad.end()
        self.history.tell("--- the faults end ---")
        if self.world.variables.pop("MODE", ""):
            self.history.tell("from now on the bridge enforces")
            self.restart()
        switches, okta = self.world.okta.switches, self.world.okta
        switches.hook_drop = switches.hook_delay = switches.hook_duplicate = 0.0
        self.world.okta_service.outage = self.world.genesys_service.outage = None
        if okta.apps[okta.app_id].status != "ACTIVE":
            okta.activate_app()
            self.note_truth()

    def restart(self) -> None:
        """Every process ends, and with it what it remembers."""
        self._environments.clear()
        self._warm.clear()

    def resume(self) -> None:
        """Removals go on, what is under way comes to rest."""
        if self.promises.paused is not None:
            pause(self)
        self.rest()

    def administrate(self, person: str = "") -> None:
        """An administrator does something."""
        self.company.act(person if person in self.company.people else "")
        self.note_truth()

    def administrate_turn(self, about: str) -> None:
        """An administrator turns this person's or group's lot."""
        self.company.turn(about)
        self.note_truth()

    def _lose_and_regret(self) -> None:
        """Somebody leaves a group, and is back with somebody new before the removal has arrived, if it comes late."""
        group = self.company.hand.choice(sorted(self.company.linked))
        self.company.swap_one(group)
        self.note_truth()
        self.pass_time(30)
        if self.company.linked[group] in self.world.genesys_service.losing:
            self.company.swap_one(group, back=True)
            self.note_truth()
            self.pass_time(60)

    def note_truth(self) -> None:
        """People may have changed something."""
        self.promises.note_truth()
        if self.company.linkable:
            okta_group, genesys_group = self.company.linkable.popitem()
            self.promises.pairs[genesys_group] = okta_group
            self.recorder.watch(okta_group, genesys_group)
        self.recorder.observe()

    def pass_time(self, seconds: float) -> None:
        """Let everything happen that is due within so many seconds."""
        until = self.clock.time + timedelta(seconds=seconds)
        while True:
            self._do_due()
            soonest = self._next_due()
            if soonest is None or soonest > until:
                self.clock.time = max(until, self.clock.time)
                if self.climate.calm and not self.bad.kinds:
                    self.promises.check_leavers(self._leavers)
                return
            self.clock.time = max(soonest, self.clock.time)

    def rest(self) -> None:
        """Let time pass until nothing is under way any more."""
        limit = self.clock.time + timedelta(days=4)
        while (soonest := self._next_due()) is not None:
            self.clock.time = max(soonest, self.clock.time)
            if self.clock.time > limit:
                raise Unsettled(f"{self.world.queues.depth()} items are still in the queues after four days")
            self._do_due()

    def _next_due(self) -> datetime | None:
        moments = [self.world.queues.next_visible(), self._dispatcher.next_due()]
        moments += [due for due, _ in self.world.genesys_service.on_the_way]
        moments += [
            max(due.at, self._due_tick) for due in self.world.store.dues() if due.at <= self.clock.time + DUE_SOON
        ]
        return min((moment for moment in moments if moment is not None), default=None)

    def _do_due(self) -> None:
        """Everything that is due at this moment, in an order that the seed decides."""
        worked = True
        while worked:
            self.world.genesys_service.land()
            self.promises.check_late(self.world.genesys_service.ended_late)
            self.world.genesys_service.ended_late.clear()
            self.promises.check_late_removals(self.world.genesys_service.taken_out_late)
            self.world.genesys_service.taken_out_late.clear()
            self._dispatcher.run_due()
            self._send_dues()
            queues = list(Queue)
            self.chance.shuffle(queues)
            worked = sum(self.work(queue) for queue in queues) > 0

    def _send_dues(self) -> None:
        """The minute's schedule, where there is something to send."""
        now = self.clock.time
        if now >= self._due_tick and any(due.at <= now for due in self.world.store.dues()):
            self._due_tick = now + DUE_TICK
            send_dues(self)

    # ------------------------------------------------------------------------------------- processes

    def work(self, queue: Queue) -> bool:
        """One batch of a queue, by a consumer of its own; whether there was one."""
        world = self.world
        event = world.queues.receive(queue)
        if event is None:
            return False
        self._batches += 1
        if self._batches > MAX_BATCHES:
            raise Unsettled(f"{MAX_BATCHES} batches have not brought it to rest")
        key = (queue.value, self.gate.depth)
        consumer = self._environments.get(key)
        if consumer is None or self.gate.hits(self.gate.weather.death):
            consumer = self._environments[key] = world.new_consumer()
        self.history.tell(f"{queue.value}: {' '.join(_title(record) for record in event['Records'])}")
        with self.gate.process():
            try:
                answer = cast("Consumer", consumer).handle(event, cast("Any", world.context))
                self.gate.require_time()
                self.gate.after("answering")
            except Died:
                self._environments.pop(key, None)
                return True
        world.queues.answer(queue, event, answer)
        self.promises.check_links([at for _, path, at in self.bad.met if re.search("/apps/[^/]+/groups$", path)])
        if answer["batchItemFailures"]:
            self.history.tell(f"{queue.value}: {len(answer['batchItemFailures'])} go back")
        return True

    def run_function(
        self, name: str, renew: Callable[[], None], invoke: Callable[[], T], *, seconds: float = FUNCTION_SECONDS
    ) -> T | None:
        """One invocation of a function that a schedule starts; what it answers, None if it dies."""
        if name not in self._warm or self.gate.hits(self.gate.weather.death):
            renew()
            self._warm.add(name)
        with self.gate.process(seconds):
            try:
                answer = invoke()
                self.gate.require_time()
            except Died:
                self._warm.discard(name)
                return None
            except Transient as error:  # the invocation fails; the next tick goes on
                self.history.tell(f"{name}: fails with {error.reason}")
                return None
        return answer

    def _post(self, _url: str, headers: Mapping[str, str], body: bytes, _timeout: float) -> int:
        """Okta delivers to the receiver."""
        events = json.loads(body)["data"]["events"]
        self.history.tell(f"delivery: {' '.join(event['eventType'] for event in events)}")
        receiver = self.world.new_receiver(cast("Any", self.world.gated_queues))
        compose, receiver_app.compose = receiver_app.compose, cast("Any", lambda: receiver)
        request = {"httpMethod": "POST", "headers": dict(headers), "body": body.decode()}
        try:
            with self.gate.process():
                answer = receiver_app.handler(request, cast("Any", self.world.context))
                self.gate.after("the receiver's answer")
        except Died:
            return 503
        finally:
            receiver_app.compose = compose
        status = int(answer["statusCode"])
        if status < 300:
            self._note_leavers(events)
            self.variant.hear(events)
        return status

    def _note_leavers(self, events: list[dict[str, Any]]) -> None:
        """Okta has told of people whose access ends; of whom it told while the bridge observed, a reconcile brings."""
        if "MODE" in self.world.variables:
            self._observed |= {event["uuid"] for event in events}
        for event in events:
            if event["uuid"] not in self._observed and event["eventType"] in {
                "user.lifecycle.deactivate",
                "user.lifecycle.suspend",
            }:
                self._leavers.update(
                    {each["id"]: self.clock.time for each in event["target"] if each["type"] == "User"}
                )

    def _interlude(self, what: str) -> None:
        """What others do while the effect of a process is on its way."""
        chance = self.chance
        self._interludes += 1
        if self._interludes > MAX_INTERLUDES:
            return
        [kind] = chance.choices(("time", "change", "queue", "time-out"), weights=(2, 8, 4, 1))
        self.history.tell(f"meanwhile, before {what}:")
        depth, self.history.depth = self.history.depth, self.history.depth + 1
        about = self._about(what)
        if kind == "time":
            self.clock.advance(chance.choice((1.0, 6.0, 30.0)))
        elif kind == "time-out":
            self.clock.advance(chance.choice((125.0, 725.0)))
        elif kind == "change":
            self._change(about)
        self.world.genesys_service.land()
        if kind != "time":
            self._dispatcher.run_due()
            queues = chance.sample(list(Queue), chance.choice((1, 2, 3, 3)))
            if about in self.company.groups.values():
                self.clock.advance(8.0)  # its item is visible after 7 seconds
                queues.insert(0, Queue.GROUPS)
            else:
                self.clock.advance(chance.choice((0.0, 0.0, 8.0)))
            for queue in queues:
                self.work(queue)
        self.history.depth = depth

    def _change(self, about: str) -> None:
        """Somebody changes what a sync is just about, and Okta tells of it at once."""
        if about and self.chance.random() < 0.7:
            self.administrate_turn(about)
        else:
            self.administrate(about)
        due = self._dispatcher.next_due()
        if due is not None and due - self.clock.time < timedelta(seconds=15):
            self.clock.time = max(due, self.clock.time)

    def _about(self, what: str) -> str:
        """A person or group whom an effect is about, if one can be told."""
        group = next((ours for theirs, ours in self.promises.pairs.items() if ours in what or theirs in what), "")
        return group or next((each for each in self.company.people if each in what), "")


def _has_late_writes(seed: int) -> bool:
    """Drawn apart from whatever else the seed draws."""
    return random.Random(f"late writes {seed}").random() < LATE_WRITES  # noqa: S311 - repeatable, not secret


def _title(record: Mapping[str, Any]) -> str:
    item = json.loads(record["body"])
    tries = record["attributes"]["ApproximateReceiveCount"]
    return f"{item['entity']}({item['reason']}, {record['messageId']} try {tries})"
