"""Each line of the log can be followed: from a delivery by its items to the syncs that answer it."""

from __future__ import annotations

import io
import json
from typing import Any, cast

import pytest

from bridge.aws.telemetry import logger
from bridge_local.faults import Fault
from bridge_local.genesys import faults as genesys_faults
from functions.consumer import app as consumer_app
from functions.log_poller import app as log_poller_app
from tests.world import Context, World


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the functions write into their logs."""
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return stream


def logged(stream: io.StringIO) -> list[dict[str, Any]]:
    """The lines since the last call."""
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    stream.seek(0)
    stream.truncate()
    return found


def consume(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One batch of users, by the real handler."""
    monkeypatch.setattr(consumer_app, "compose", lambda: world.consumer)
    for queue in world.queues.queues:
        event = world.queues.receive(queue)
        if event is not None:
            answer = consumer_app.handler(event, cast("Any", Context(aws_request_id=f"request-{queue}")))
            world.queues.answer(queue, event, answer)


def test_a_delivery_is_followed_to_its_sync(lines: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver's line names its items, the consumer's line the items that it answers, and both their request."""
    world = World()
    ada = world.person("Ada Brook")
    world.deliver()
    [taken] = [line for line in logged(lines) if line["message"] == "a delivery is taken"]
    assert (taken["delivery"], taken["function_name"], len(taken["item_ids"])) == ("delivery", "consumer", 1)
    consume(world, monkeypatch)
    [synced] = [line for line in logged(lines) if line["message"] == "synced"]
    assert synced["item_ids"] == taken["item_ids"]
    assert (synced["entity"], synced["outcome"]) == (f"user:{ada}", "created")
    assert (synced["function_request_id"], synced["message_id"]) == ("request-users", "message-1")
    assert synced["cold_start"] in {True, False}


def test_a_failure_and_a_parked_item_name_their_items(lines: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks at what is parked finds why, and what it came from; the next message's lines have its own."""
    world = World()
    ada = world.person("Ada Brook")
    world.genesys.faults.add(Fault("POST .*/users$", genesys_faults.refused(400)))
    world.deliver()
    [taken] = [line for line in logged(lines) if line["message"] == "a delivery is taken"]
    for _ in range(12):
        consume(world, monkeypatch)
        world.clock.advance(600)
    found = {line["message"]: line for line in logged(lines)}
    for message in ("sync failed", "parked"):
        assert (found[message]["item_ids"], found[message]["entity"]) == (taken["item_ids"], f"user:{ada}")
        assert found[message]["message_id"] == "message-1"


def test_what_catch_up_enqueues_is_followed_too(lines: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its line names the items of the page."""
    world = World()
    monkeypatch.setattr(log_poller_app, "compose", lambda: world.catch_up)
    log_poller_app.handler({}, cast("Any", Context()))
    world.person("Ada Brook")
    world.events()
    world.clock.advance(60)
    logged(lines)
    log_poller_app.handler({}, cast("Any", Context()))
    named = [name for line in logged(lines) for name in line.get("item_ids", ())]
    consume(world, monkeypatch)
    assert named == [name for line in logged(lines) if line["message"] == "synced" for name in line["item_ids"]]
    assert named


def test_a_large_delivery_names_all_of_its_items(lines: io.StringIO) -> None:
    """Some at a time: no line is cut."""
    world = World()
    for number in range(170):
        world.person(f"Ada{number} Brook")
    world.deliver()
    names = [line["item_ids"] for line in logged(lines) if "item_ids" in line]
    assert [len(each) for each in names] == [150, 20]
    assert len({name for each in names for name in each}) == 170
