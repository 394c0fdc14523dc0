"""The call budget in the consumer: a sync has its call before anything else, and waits for it inside the function."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from bridge.aws.dependencies import Dependencies
from bridge.consumer.settings import ConsumerSettings
from bridge.errors import Transient
from bridge.items import Queue
from bridge_local.script import NotedPace
from tests.world import Countdown, World


class Closing(NotedPace):
    """A budget of Genesys Cloud that a test closes for a while."""

    seconds = 0.0

    def take(self) -> None:
        """Refuse while it is closed."""
        if self.seconds:
            wait, self.seconds = self.seconds, 0.0
            raise Transient("genesys-pace", retry_after=wait, upstream="genesys")
        super().take()

    hold = take


@dataclass
class Scarce(World):
    """A company whose bridge waits for calls."""

    budget: Closing = field(default_factory=Closing)

    def dependencies(self, settings: ConsumerSettings) -> Dependencies:
        """As usual, with the budget in hand."""
        free = super().dependencies(settings).pace

        def pace(upstream: str, queue: Queue) -> object:
            return self.budget if upstream == "genesys" else free(upstream, queue)

        return super().dependencies(settings).replace(pace=pace)


def handled(world: World) -> object:
    """The answer to the next batch of users, of a function that may run for two minutes."""
    event = world.queues.receive(Queue.USERS)
    assert event is not None
    answer = world.consumer.handle(event, cast("Any", Countdown(world.clock, 120)))
    world.queues.answer(Queue.USERS, event, answer)
    return answer


def test_a_sync_without_a_call_has_read_and_written_nothing() -> None:
    """Held back for longer than the function may run, it has asked neither side and left its record as it was."""
    world = Scarce()
    [ada] = world.provisioned(1)
    before = world.store.user_links[ada]
    world.okta.update_profile(ada, {"title": "Adviser"})
    world.deliver()
    world.budget.seconds = 300.0
    entries = len(world.store.journal)
    answer = cast("Any", handled(world))
    assert len(answer["batchItemFailures"]) == 1
    assert world.store.user_links[ada] == before
    assert len(world.store.journal) == entries
    world.settle()
    assert world.account(ada)["title"] == "Adviser"


def test_a_short_wait_is_no_failure() -> None:
    """A call that comes within the function's time costs one receive and one read of Okta, and no backoff."""
    world = Scarce()
    [ada] = world.provisioned(1)
    world.okta.update_profile(ada, {"title": "Adviser"})
    world.deliver()
    world.budget.seconds = 60.0
    assert handled(world) == {"batchItemFailures": []}
    assert world.account(ada)["title"] == "Adviser"


def test_the_message_comes_back_when_its_call_is_there() -> None:
    """However often it was received before, a message that waits its turn waits for that, without growing backoff."""
    world = Scarce()
    [ada] = world.provisioned(1)
    world.okta.update_profile(ada, {"title": "Adviser"})
    world.deliver()
    for _ in range(8):
        world.budget.seconds = 130.0
        began = world.clock.now()
        assert handled(world) is not None
        soonest = world.queues.next_visible()
        assert soonest is not None
        assert (soonest - began).total_seconds() == 130
        world.clock.advance(130)
