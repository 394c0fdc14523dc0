"""One run: a seed decides what people do, how events travel, what fails, who runs when; the end is always the same."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from bridge.composition import Consumer, Outside
from bridge.items import Lane
from bridge.settings import ConsumerSettings
from bridge_local.exchange import Request
from bridge_local.fifo import FifoLanes
from bridge_local.genesys.switches import GenesysSwitches
from bridge_local.memory import MemoryStore
from bridge_local.okta import HookDispatcher
from bridge_local.okta.event_types import TEXTS, is_hook_eligible
from functions.receiver import app as receiver_app
from tests.simulation.company import BY_NAME, Company
from tests.simulation.gate import CALM, Died, Gate, History, Weather
from tests.simulation.outside import IdempotencyInWeather, LanesInWeather, StoreInWeather
from tests.simulation.processes import SCHEDULED
from tests.simulation.promises import Promises
from tests.simulation.services import GenesysInWeather, OktaInWeather, ServiceTransport
from tests.simulation.variants import Variant
from tests.world import HOOK_SECRET, Context, World

#: Batches that a run may take; one that needs more does not come to rest.
MOST_BATCHES = 4000
#: Interludes that a run may have, or it would feed itself.
MOST_INTERLUDES = 25
_ELIGIBLE = [event_type for event_type in TEXTS if is_hook_eligible(event_type)]
_HOOK = "https://bridge.example.com/okta/events"


@dataclass
class GatedContext(Context):
    """A Lambda context whose time is the virtual clock's."""

    gate: Gate = field(kw_only=True)

    def get_remaining_time_in_millis(self) -> int:
        """How long the invocation may still run."""
        return self.gate.milliseconds_left()


@dataclass
class SimulatedWorld(World):
    """The world of the tests, with a gate before everything outside a process."""

    variant: Variant = field(default_factory=Variant)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.store = self.variant.store()
        self.lanes = self.variant.lanes(self.clock.now)
        self.history = History(self.clock)
        self.gate = Gate(self.clock, random.Random(f"gate {self.seed}"), self.history)  # noqa: S311 - repeatable
        self.context = GatedContext(gate=self.gate)
        self.idempotency = IdempotencyInWeather(self.clock.now, self.gate)
        self.gated_lanes = LanesInWeather(self.lanes, self.gate)
        self.okta_outside = OktaInWeather(self.okta, self.gate, page=3)
        self.genesys_outside = GenesysInWeather(self.genesys, self.gate)

    def restart(self) -> None:
        """Nothing: an environment is made when it is needed."""

    def outside(self, settings: ConsumerSettings) -> Outside:
        """The world around a new consumer, in its weather."""
        return Outside(
            **{
                **vars(super().outside(settings)),
                "store": StoreInWeather(self.store, self.gate),
                "lanes": self.gated_lanes,
                "sqs": self.gated_lanes,
                "okta_transport": ServiceTransport(self.okta_outside),
                "genesys_transport": ServiceTransport(self.genesys_outside),
            }
        )


class Unsettled(AssertionError):
    """The run does not come to rest."""


class Simulation:
    """A run, from its seed.

    Attributes:
        world: everything there is.
        company: its people and administrators.
        promises: what broke on the way.
        clock: the virtual clock.
    """

    def __init__(self, seed: int, variant: Variant | None = None) -> None:
        """Draw the company, the settings and the climate."""
        self.variant = variant or Variant()
        chance = self.chance = random.Random(f"schedule {seed}")  # noqa: S311 - repeatable, not secret
        self.world = world = SimulatedWorld(
            settings_drawn(chance), seed, genesys_switches_drawn(chance), variant=self.variant
        )
        self.clock, self.gate, self.history = world.clock, world.gate, world.history
        self.gate.interlude = self._interlude
        self.gate.settle = world.genesys_outside.land
        world.store.set_bootstrapped()
        self.company = Company(world, chance, self.history)
        self.company.found(chance.choice((4, 5, 6, 6, 8)))
        self.variant.begin(world)
        self.promises = Promises(world, self.history.tell, int(world.variables["MEMBERS_PER_REQUEST"]))
        self.received: set[str] = set()
        self._environments: dict[tuple[str, int], Any] = {}
        self._batches = self._interludes = 0
        self._okta_switches(chance)
        self._dispatcher = HookDispatcher(world.okta, self._post, self.clock.now, random.Random(f"hooks {seed}"))  # noqa: S311
        self._register_hook()
        self.climate = Weather.drawn(chance)
        self.history.tell(f"climate: {self.climate}")
        self.history.tell(f"settings: {world.variables}")

    # ---------------------------------------------------------------------------------------- the run

    def live(self) -> None:
        """The time of changes and faults."""
        chance = self.chance
        self.gate.weather = self.climate
        for _ in range(chance.randrange(3, 9)):
            for _ in range(chance.choice((1, 1, 2, 3))):
                self.administrate()
            for scheduled in SCHEDULED:
                if chance.random() < scheduled.share:
                    scheduled.run(self)
            self.pass_time(chance.choice((0.0, 0.5, 2.0, 6.0, 15.0, 60.0, 600.0, 3_600.0, 7 * 3_600.0, 23 * 3_600.0)))

    def recover(self) -> None:
        """The faults end, what is under way comes to rest."""
        self.gate.weather = CALM
        self.history.tell("--- the faults end ---")
        switches, okta = self.world.okta.switches, self.world.okta
        switches.hook_drop = switches.hook_delay = switches.hook_duplicate = 0.0
        self.world.okta_outside.outage = self.world.genesys_outside.outage = None
        if okta.apps[okta.app_id].status != "ACTIVE":
            okta.activate_app()
            self.promises.note_truth()
        self.rest()

    def administrate(self, person: str = "") -> None:
        """An administrator does something."""
        self.company.act(person)
        self.promises.note_truth()

    def pass_time(self, seconds: float) -> None:
        """Let everything happen that is due within so many seconds."""
        until = self.clock.time + timedelta(seconds=seconds)
        while True:
            self._do_due()
            soonest = self._next_due()
            if soonest is None or soonest > until:
                self.clock.time = max(until, self.clock.time)
                return
            self.clock.time = max(soonest, self.clock.time)

    def rest(self) -> None:
        """Let time pass until nothing is under way any more."""
        limit = self.clock.time + timedelta(days=4)
        while (soonest := self._next_due()) is not None:
            self.clock.time = max(soonest, self.clock.time)
            if self.clock.time > limit:
                raise Unsettled(f"{self.world.lanes.depth()} items are still in the lanes after four days")
            self._do_due()

    def _next_due(self) -> datetime | None:
        moments = [self.world.lanes.next_visible(), self._dispatcher.next_due()]
        moments += [due for due, _ in self.world.genesys_outside.on_the_way]
        return min((moment for moment in moments if moment is not None), default=None)

    def _do_due(self) -> None:
        """Everything that is due at this moment, in an order that the seed decides."""
        worked = True
        while worked:
            self.world.genesys_outside.land()
            self._dispatcher.run_due()
            lanes = list(Lane)
            self.chance.shuffle(lanes)
            worked = any([self.work(lane) for lane in lanes])

    # ------------------------------------------------------------------------------------- processes

    def work(self, lane: Lane) -> bool:
        """One batch of a lane, by a consumer of its own; whether there was one."""
        world = self.world
        event = world.lanes.receive(lane)
        if event is None:
            return False
        self._batches += 1
        if self._batches > MOST_BATCHES:
            raise Unsettled(f"{MOST_BATCHES} batches have not brought it to rest")
        key = (lane.value, self.gate.depth)
        consumer = self._environments.get(key)
        if consumer is None or self.gate.hits(self.gate.weather.death):
            consumer = self._environments[key] = world.new_consumer()
        self.history.tell(f"{lane.value}: {' '.join(_title(record) for record in event['Records'])}")
        with self.gate.process():
            try:
                answer = cast("Consumer", consumer).handle(event, cast("Any", world.context))
                self.gate.require_time()
                self.gate.after("answering")
            except Died:
                self._environments.pop(key, None)
                return True
        world.lanes.answer(lane, event, answer)
        if answer["batchItemFailures"]:
            self.history.tell(f"{lane.value}: {len(answer['batchItemFailures'])} go back")
        return True

    def _post(self, _url: str, headers: Mapping[str, str], body: bytes, _timeout: float) -> int:
        """Okta delivers to the receiver."""
        events = json.loads(body)["data"]["events"]
        self.history.tell(f"delivery: {' '.join(event['eventType'] for event in events)}")
        receiver = self.world.new_receiver(cast("Any", self.world.gated_lanes))
        compose, receiver_app.compose = receiver_app.compose, cast("Any", lambda: receiver)
        request = {"httpMethod": "POST", "headers": dict(headers), "body": body.decode()}
        try:
            with self.gate.process():
                answer = receiver_app.handler(request, self.world.context)
                self.gate.after("the receiver's answer")
        except Died:
            return 503
        finally:
            receiver_app.compose = compose
        status = int(answer["statusCode"])
        if status < 300:
            self.received.update(event["uuid"] for event in events)
            self.variant.hear(events)
        return status

    def _interlude(self, what: str) -> None:
        """What others do while the effect of a process is on its way."""
        chance = self.chance
        self._interludes += 1
        if self._interludes > MOST_INTERLUDES:
            return
        kind = chance.choice(("time", "change", "change", "lane", "lane", "time-out"))
        self.history.tell(f"meanwhile, before {what}:")
        depth, self.history.depth = self.history.depth, self.history.depth + 1
        if kind == "time":
            self.clock.advance(chance.choice((1.0, 6.0, 30.0)))
        elif kind == "time-out":
            self.clock.advance(chance.choice((125.0, 725.0)))
        if kind == "change":
            for _ in range(chance.choice((1, 2))):
                self.administrate(self._whom(what))
            self.clock.advance(chance.choice((0.0, 11.0)))
        self.world.genesys_outside.land()
        if kind != "time":
            if chance.random() < 0.7:
                self._dispatcher.run_due()
            for lane in chance.sample(list(Lane), chance.choice((1, 2, 3))):
                self.work(lane)
        self.history.depth = depth

    def _whom(self, what: str) -> str:
        """The person whom an effect is about, if one can be told."""
        return next((person for person in self.company.people if person in what), "")

    # --------------------------------------------------------------------------------------- set up

    def _okta_switches(self, chance: random.Random) -> None:
        switches = self.world.okta.switches
        switches.read_lag = chance.choice((0.0, 0.0, 3.0, 5.0))
        switches.read_lag_varies = True
        switches.clock_offset = chance.choice((0.0, -180.0, 7.0, 240.0))
        switches.hook_window = chance.choice((0.5, 10.0))
        switches.hook_max_batch = chance.choice((1, 3, 100))
        switches.hook_drop = chance.choice((0.0, 0.0, 0.1, 0.5))
        switches.hook_duplicate = chance.choice((0.0, 0.2))
        switches.hook_disorder = chance.choice((0.0, 0.5))
        switches.hook_delay = chance.choice((0.0, 0.2, 0.5))
        switches.hook_delay_seconds = 3_600.0
        switches.user_delete_removes = chance.random() < 0.5
        switches.group_delete_removes = chance.random() < 0.5

    def _register_hook(self) -> None:
        okta = self.world.okta
        headers = {"authorization": "SSWS okta-token", "content-type": "application/json"}
        scheme = {"type": "HEADER", "key": "Authorization", "value": HOOK_SECRET}
        document = {
            "name": "Bridge",
            "events": {"type": "EVENT_TYPE", "items": _ELIGIBLE},
            "channel": {"type": "HTTP", "version": "1.0.0", "config": {"uri": _HOOK, "authScheme": scheme}},
        }
        okta.set_challenge(
            lambda _url, sent, _timeout: (200, json.dumps({"verification": _challenge(sent)}).encode())
        )
        made = okta.handle(Request.of("POST", "/api/v1/eventHooks", headers, json.dumps(document).encode()))
        hook = json.loads(made.body)["id"]
        okta.handle(Request.of("POST", f"/api/v1/eventHooks/{hook}/lifecycle/verify", headers))


def settings_drawn(chance: random.Random) -> dict[str, str]:
    """The functions' settings of a run: ceilings that a small company meets."""
    return {
        "LINKED_GROUPS": BY_NAME,
        "GROUP_REMOVAL_CEILING": str(chance.choice((1, 2, 3, 1000))),
        "GROUP_REMOVAL_CEILING_PERCENT": str(chance.choice((0, 50))),
        "INACTIVE_MEMBERS": chance.choice(("keep", "keep", "remove")),
        "MEMBERS_PER_REQUEST": str(chance.choice((1, 2, 50))),
    }


def genesys_switches_drawn(chance: random.Random) -> GenesysSwitches:
    """One of the ways in which Genesys Cloud may behave where its documentation leaves it open."""
    return GenesysSwitches(
        version_conflict=chance.choice(("400", "409", "412")),
        finds_inactive=chance.random() < 0.5,
        deleted_user_name=chance.choice(("restored-201", "restored-200", "new")),
        no_target=chance.choice(("400", "create")),
        search_lag=chance.choice((0.0, 0.0, 60.0)),
        patch_shows_members=chance.random() < 0.7,
        external_id_taken=chance.choice(("409", "400", "allowed")),
    )


def _title(record: Mapping[str, Any]) -> str:
    item = json.loads(record["body"])
    return f"{item['entity']}({item['reason']}, {record['messageId']} try {record['attributes']['ApproximateReceiveCount']})"


def _challenge(headers: Mapping[str, str]) -> str:
    return {name.lower(): value for name, value in headers.items()}["x-okta-verification-challenge"]
