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
from bridge.outbound.headroom import Headroom
from bridge_local.faults import Fault, fields
from tests.world import FreePace, VirtualClock, World


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
    (user,) = world.provisioned(1)
    world.okta.faults.add(Fault(f"users/{user}$", fields({"status": "ARCHIVED"}), count=1))

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


def test_a_change_has_an_age_by_how_the_bridge_heard_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    """From the event to the end of the sync that answers it, once; what a person asked for has none."""
    world = World()
    [ada] = world.people(1)
    world.happen()
    world.okta.update_profile(ada, {"title": "Analyst"})
    capsys.readouterr()
    world.deliver(after=20.0)
    world.settle()
    assert printed(capsys)["ChangeAge hook"] == 20.0
    world.okta.update_profile(ada, {"title": "Director"})
    world.events()
    world.clock.advance(200)
    world.poll()
    world.settle()
    metrics = printed(capsys)
    assert metrics["ChangeAge catchup"] == 200.0
    assert "ChangeAge hook" not in metrics
    world.ask(f"user:{ada}")
    world.settle()
    assert not [name for name in printed(capsys) if name.startswith("ChangeAge")]


def test_what_is_left_of_a_rate_limit_is_the_least_that_answers_said() -> None:
    """Of each upstream, since it was last taken; an answer without a limit says nothing."""
    headroom = Headroom()
    okta = headroom.of("okta", FreePace())
    for limit, remaining in ((600, 300), (100, 7), (None, 5), (0, 0), (600, None)):
        okta.observe(limit=limit, remaining=remaining, reset_seconds=None)
    assert headroom.take() == {"okta": 7.0}
    assert headroom.take() == {}


def test_both_rate_limits_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Genesys Cloud's and Okta's, with the batch that met them."""
    world = World()
    world.person("Ada Brook")
    world.happen()
    metrics = printed(capsys)
    assert 0 < metrics["RateLimitLeft genesys"] <= 100
    assert 0 < metrics["RateLimitLeft okta"] <= 100
