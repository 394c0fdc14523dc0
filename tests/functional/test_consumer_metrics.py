"""What the consumer tells CloudWatch: SCIM calls by result, and what waits for a person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bridge.aws.telemetry import count_scim
from bridge.errors import Transient
from bridge.items import Hint, Queue, Reason, make_item
from bridge.outbound.calls import Calls
from tests.world import VirtualClock, World


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """The last value of each metric since the last call, by its name and dimensions."""
    metrics: dict[str, float] = {}
    for line in capsys.readouterr().out.splitlines():
        document: Mapping[str, Any] = json.loads(line)
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
            name = directive["Metrics"][0]["Name"]
            dimensions = [document[dimension] for dimension in directive["Dimensions"][-1]]
            metrics[" ".join([name, *dimensions])] = document[name][0]
    return metrics


@pytest.mark.parametrize(
    ("line", "result"),
    [
        ("PATCH users/1 200", "2xx"),
        ("POST users 409 corr-1", "4xx"),
        ("GET users?filter=externalId 429 corr-1", "429"),
        ("GET groups/1 503", "5xx"),
        ("GET groups/1 genesys-timeout", "no-answer"),
    ],
)
def test_calls_are_counted_once_by_method_and_result(
    line: str, result: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One metric line for many equal calls; Okta's are not among them, and nothing is counted twice."""
    calls = Calls(VirtualClock())
    for _ in range(3):
        calls.recorder("genesys")(line)
        calls.recorder("okta")(line)
    count_scim(calls.take_scim_calls())
    assert printed(capsys) == {f"ScimCalls {line.split(maxsplit=1)[0]} {result}": 3.0}
    count_scim(calls.take_scim_calls())
    assert printed(capsys) == {}


def test_open_holds_are_told_until_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    """The gauge rises with the hold and is 0 again when everybody is back; users' batches do not ask for it."""
    world = World({"GROUP_REMOVAL_CEILING": "1"})
    people = world.people(3)
    world.happen()
    group, _ = world.linked_group("Sales", people)
    printed(capsys)
    world.okta.remove_members(group, people[:2])
    world.happen()
    assert printed(capsys)["HoldsOpen"] == 1.0
    world.okta.update_profile(people[2], {"title": "Adviser"})
    world.happen()
    assert "HoldsOpen" not in printed(capsys)
    world.okta.add_members(group, people[:2])
    world.happen()
    assert printed(capsys)["HoldsOpen"] == 0.0


def test_parked_items_are_told_until_a_sync_goes_well(capsys: pytest.CaptureFixture[str]) -> None:
    """Parked, and the gauge until a sign of the user's deletion explains what Okta says."""
    world = World()
    user = world.person("Ada Brook")
    world.happen()
    with world.okta.quietly():
        world.okta.deactivate(user)
        world.okta.delete(user)
    world.ask(f"user:{user}")
    world.settle()
    metrics = printed(capsys)
    assert (metrics["Parked"], metrics["ParkedOpen"]) == (1.0, 1.0)
    world.queues.send([replace(make_item(f"user:{user}", Reason.HOOK, "1"), hints=frozenset({Hint.DELETION}))])
    world.settle()
    assert printed(capsys)["ParkedOpen"] == 0.0


def test_a_gauge_that_cannot_be_read_is_told_by_the_next_batch(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch is answered all the same."""
    world = World()
    user = world.person("Ada Brook")

    def fails() -> int:
        raise Transient("store-throttling", upstream="store")

    with monkeypatch.context() as patched:
        patched.setattr(world.store, "open_hold_entities", fails)
        world.ask(f"user:{user}")
        assert world.work(Queue.USERS) == {"batchItemFailures": []}
    assert "ParkedOpen" not in printed(capsys)
    world.ask(f"user:{user}")
    assert world.work(Queue.USERS) == {"batchItemFailures": []}
    assert printed(capsys)["ParkedOpen"] == 0.0
