"""Between the deployment and the set-up: the functions run by their schedules, and no alarm goes off."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import boto3
import pytest

from bridge_cli.__main__ import Surroundings, main
from bridge_cli.places import Session
from bridge_local.demo import free_ports
from bridge_local.options import Options
from bridge_local.schedules import tick
from bridge_local.stack import Stack

#: How an alarm puts the values of its period together.
_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
}
#: Rounds of every schedule: more than the periods of any alarm need to see something twice.
_ROUNDS = 3


class Deployed(Stack):
    """A stack as a deployment leaves it: its secret has no value, and nothing has been compared."""

    def _skip_first_day(self) -> None:
        manager = self.aws.client("secretsmanager")
        manager.delete_secret(SecretId=self.aws.physical["BridgeSecret"], ForceDeleteWithoutRecovery=True)
        self.aws.physical["BridgeSecret"] = manager.create_secret(Name="BridgeSecret")["ARN"]


@pytest.fixture(scope="module")
def deployed() -> Iterator[Stack]:
    """The stack after three rounds of every schedule."""
    # Okta is an address where nothing answers: nobody may ask it before the set-up.
    options = Options(
        port=free_ports(4),
        okta_url="http://127.0.0.1:9",
        catch_up_seconds=3600,
        variables={"MODE": "observe", "LINKED_GROUPS": "Agents"},
    )
    with Deployed(options) as stack:
        for _ in range(_ROUNDS):
            for schedule in stack.template.schedules:
                answered = stack.functions[schedule.function].invoke(
                    json.loads(schedule.event) if schedule.event else tick()
                )
                assert not answered.failed, f"{schedule.name}: {answered.payload}"
        yield stack


def emitted(log: Path) -> dict[str, list[float]]:
    """Every value of every metric of the bridge."""
    values: dict[str, list[float]] = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        if '"_aws"' in line:
            document = json.loads(line)
            for directive in document["_aws"]["CloudWatchMetrics"]:
                for metric in directive["Metrics"]:
                    value = document[metric["Name"]]
                    values.setdefault(metric["Name"], []).extend(value if isinstance(value, list) else [value])
    return values


def goes_off(alarm: dict[str, Any], values: list[float]) -> bool:
    """Whether an alarm on a metric of the bridge goes off with these values in its period."""
    if not values:
        return bool(alarm["TreatMissingData"] == "breaching")
    value, threshold = _STATISTICS[alarm["Statistic"]](values), float(alarm["Threshold"])
    above = {"GreaterThanThreshold": value > threshold, "LessThanThreshold": value < threshold}
    return above[alarm["ComparisonOperator"]]


def test_no_alarm_goes_off_before_the_set_up(deployed: Stack) -> None:
    """Not set up is a state: no alarm that tells somebody goes off, and the schedules' metrics are there."""
    values = emitted(deployed.logs.path)
    assert {"CatchUpRuns", "RemovalsPaused"} <= values.keys()
    off = {
        name
        for name, alarm in deployed.template.of_type("AWS::CloudWatch::Alarm")
        if alarm["Namespace"] != "AWS/SQS" and goes_off(alarm, values.get(alarm.get("MetricName", ""), []))
    }
    # A part of HookSilentAlarm that means nothing by itself: no hook has delivered.
    assert off == {"HookQuietAlarm"}
    assert "AlarmActions" not in dict(deployed.template.of_type("AWS::CloudWatch::Alarm"))["HookQuietAlarm"]
    assert not any(sum(depth.values()) for depth in deployed.depths().values()), "the queues are empty"


def test_the_status_says_not_set_up(deployed: Stack) -> None:
    """An operator reads what is missing, and the one thing that comes first; nothing counts as a failure."""
    said = io.StringIO()
    surroundings = Surroundings(
        stdout=said, stderr=io.StringIO(), environment={}, session=lambda *_: cast("Session", boto3.Session())
    )
    main(["status", "--json", "--local", "--port", str(deployed.options.port)], surroundings)
    status = json.loads(said.getvalue())
    assert status["set_up"]["done"] is False
    assert [need["problem"] for need in status["needs"]] == ["not-set-up"]
    assert status["needs"][0]["command"].startswith("bridge setup")
