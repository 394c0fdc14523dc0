"""The benchmark's own parts: queues that behave as the model's, time that is the same every time."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from benchmarks.bench.check import CEILINGS, ROWS, above, figures
from benchmarks.bench.queues import IndexedQueues
from benchmarks.bench.scenarios import hires, profile_changes
from benchmarks.bench.virtual import VirtualTime
from bridge.items import Queue
from bridge_local.fifo import FifoQueues
from tests.world import VirtualClock


@pytest.mark.parametrize("seed", range(40))
def test_indexed_queues_behave_as_the_model(seed: int) -> None:
    """Random sends, receives, deletions, returns and waits: both give the same messages at every step."""
    chance, clock = random.Random(seed), VirtualClock()  # noqa: S311 - repeatable
    both = FifoQueues(clock.now), IndexedQueues(clock.now)
    in_hand = []
    for step in range(300):
        queue = chance.choice(list(Queue))
        match chance.choice(("put", "put", "receive", "receive", "answer", "wait", "return")):
            case "put":
                group, number = f"user:{chance.randrange(6)}", f"id{chance.randrange(200)}"
                for queues in both:
                    queues.put(queue, group, number, f"{step}")
            case "receive":
                first, second = (queues.receive(queue) for queues in both)
                assert first == second
                if first is not None:
                    in_hand.append((queue, first))
            case "answer" if in_hand:
                queue, event = in_hand.pop(chance.randrange(len(in_hand)))
                ids = [record["messageId"] for record in event["Records"]]
                failed = [{"itemIdentifier": each} for each in ids if chance.random() < 0.4]
                for queues in both:
                    queues.answer(queue, event, {"batchItemFailures": failed})
            case "return" if in_hand:
                queue, event = chance.choice(in_hand)
                entries = [
                    {"Id": str(place), "ReceiptHandle": record["receiptHandle"], "VisibilityTimeout": 30}
                    for place, record in enumerate(event["Records"])
                ]
                for queues in both:
                    queues.change_message_visibility_batch(QueueUrl=queues.queues[queue].url, Entries=entries)
            case "wait":
                clock.advance(chance.choice((1, 7, 60, 800)))
        assert both[0].depth() == both[1].depth()


def test_processes_take_turns_by_their_time() -> None:
    """Anyone who waits shortest goes on first, and the clock stands at each one's moment."""
    clock, seen = VirtualTime(), []
    began = clock.now()

    def process(name: str, pause: float) -> None:
        for _ in range(3):
            clock.advance(pause)
            seen.append((name, (clock.now() - began) / timedelta(seconds=1)))

    clock.start(lambda: process("slow", 2.0))
    clock.start(lambda: process("quick", 0.75))
    clock.advance(10)
    clock.stop()
    assert seen == [("quick", 0.75), ("quick", 1.5), ("slow", 2.0), ("quick", 2.25), ("slow", 4.0), ("slow", 6.0)]


def test_a_process_that_fails_fails_the_benchmark() -> None:
    """An error in an environment is the benchmark's, not a silence."""
    clock = VirtualTime()

    def fails() -> None:
        clock.advance(1)
        raise LookupError("what nobody expected")

    clock.start(fails)
    with pytest.raises(LookupError, match="what nobody expected"):
        clock.advance(5)


def test_the_same_work_has_the_same_figures() -> None:
    """Two runs of a scenario are equal in every figure."""
    assert profile_changes(20) == profile_changes(20)


def test_everybody_is_done() -> None:
    """A small company is worked off, with no fewer calls than the change needs."""
    row = hires(5, beside=5)
    assert row.done
    assert row.scim >= row.least


def test_what_is_above_its_ceiling_is_told() -> None:
    """A figure above its ceiling, one without a ceiling and work that is not done are each told; equal is not above."""
    row = profile_changes(5)
    ceilings = {name: int(figure) for name, figure in figures(row).items()}
    assert above("change", row, ceilings) == []
    assert above("change", row, {**ceilings, "scim": row.scim - 1}) == [
        f"change: scim {row.scim} is above its ceiling of {row.scim - 1}"
    ]
    [unbounded] = above("change", row, {name: most for name, most in ceilings.items() if name != "okta"})
    assert "okta has no ceiling" in unbounded
    assert above("change", replace(row, done=False), ceilings) == ["change: not done in the time given"]


def test_every_row_of_the_check_has_its_ceilings() -> None:
    """No row is measured in vain, and no ceiling stands for a row that nobody measures."""
    ceilings = json.loads(CEILINGS.read_text("utf-8"))
    assert ceilings.keys() == ROWS.keys()
    assert all({"seconds", "okta", "scim", "refused", "store"} <= of_row.keys() for of_row in ceilings.values())
