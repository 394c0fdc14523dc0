"""The world of the tests, with a gate before everything outside a process."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import partial
from typing import cast

from bridge.aws.dependencies import Dependencies
from bridge.consumer.settings import ConsumerSettings
from bridge.provisioning.record_ports import Store
from tests.simulation.aws_in_weather import IdempotencyInWeather, QueuesInWeather, StoreInWeather
from tests.simulation.gate import Gate, History
from tests.simulation.pace import PaceTable, paced
from tests.simulation.services import GenesysInWeather, OktaInWeather, ServiceTransport
from tests.simulation.variants import Variant
from tests.world import Context, World


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
    per_minute: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.store = self.variant.store()
        if self.bootstrapped:
            self.store.set_bootstrapped()
            self.store.note_reconciled("enforce")
        self.queues = self.variant.queues(self.clock.now)
        self.history = History(self.clock)
        self.gate = Gate(self.clock, random.Random(f"gate {self.seed}"), self.history)  # noqa: S311 - repeatable
        self.context = GatedContext(gate=self.gate)
        self.idempotency = IdempotencyInWeather(self.clock.now, self.gate)
        self.gated_queues = QueuesInWeather(self.queues, self.gate)
        self.pace_table = PaceTable(self.gate)
        self.okta_service = OktaInWeather(self.okta, self.genesys, self.gate, page=3)
        self.genesys_service = GenesysInWeather(self.genesys, self.gate)

    def restart(self) -> None:
        """Nothing: an environment is made when it is needed."""

    def gated_poller(self) -> None:
        """A new environment of the log poller, in the weather."""
        store, okta = cast("Store", StoreInWeather(self.store, self.gate)), ServiceTransport(self.okta_service)
        self.catch_up = self.new_poller(store, self.gated_queues, okta)

    def gated_reconciler(self) -> None:
        """A new environment of the reconciler, likewise."""
        self.reconciler = self.new_reconciler(
            store=StoreInWeather(self.store, self.gate),
            queues=self.gated_queues,
            okta_transport=ServiceTransport(self.okta_service),
            genesys_transport=ServiceTransport(self.genesys_service),
        )

    def dependencies(self, settings: ConsumerSettings) -> Dependencies:
        """The world around a new consumer, in its weather."""
        return (
            super()
            .dependencies(settings)
            .replace(
                store=StoreInWeather(self.store, self.gate),
                queues=self.gated_queues,
                sqs=self.gated_queues,
                pace=partial(paced, self.gate, self.pace_table, self.per_minute),
                okta_transport=ServiceTransport(self.okta_service),
                genesys_transport=ServiceTransport(self.genesys_service),
            )
        )
