"""What people are told about holds: ids, counts and commands, through SNS."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from bridge.aws.notifications import SnsNotifier, message
from bridge.errors import Transient
from bridge.provisioning.hold_records import Hold, HoldState
from bridge_cli.__main__ import main

HOLD = Hold(
    entity="group:00gTeamNorth00000001",
    number=3,
    state=HoldState.OPEN,
    revision=2,
    reason="ceiling-percent",
    staged=300,
    events=("e1",),
    opened=datetime(2026, 11, 24, 9, tzinfo=UTC),
    changed=datetime(2026, 11, 24, 10, tzinfo=UTC),
    explanation="W=300 c=0 B=400",
)


@pytest.mark.parametrize("what", ["opened", "reminder"])
def test_an_open_hold_is_told_with_the_commands_to_run(what: str) -> None:
    """Group, number, revision, counts and reason, and what decides it."""
    text = message(HOLD, what, "bridge-production")
    assert "group:00gTeamNorth00000001" in text
    assert "number 3, revision 2, open" in text
    assert "300" in text
    assert "ceiling-percent (W=300 c=0 B=400)" in text
    assert "bridge holds approve 00gTeamNorth00000001 --why TICKET --stack bridge-production" in text


def test_the_commands_that_are_told_are_commands_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line is taken by the command as it stands, up to its --help."""
    lines = [line.partition("bridge ")[2] for line in message(HOLD, "opened", "one").splitlines() if "bridge " in line]
    assert len(lines) == 3
    for line in lines:
        assert main([*line.split(), "--help"]) == 0
    assert "usage: bridge holds show" in capsys.readouterr().out


def test_a_closed_hold_is_told_with_who_decided() -> None:
    """Its end, and the ARN; without a decision nobody had to decide."""
    closed = replace(HOLD, state=HoldState.DONE, by="arn:aws:iam::123456789012:role/approver")
    assert "arn:aws:iam::123456789012:role/approver" in message(closed, "closed", "one")
    assert "nobody had to" in message(replace(closed, by=""), "closed", "one")
    assert "bridge holds" not in message(closed, "closed", "one")


def test_sns_is_asked_once_and_its_refusal_can_be_tried_again() -> None:
    """One message to the topic; an error of SNS is transient; without a topic nobody is asked."""
    sent: list[dict[str, Any]] = []

    class Topic:
        """Keeps what is published."""

        def publish(self, **message: Any) -> None:
            """As boto3's client."""
            sent.append(message)

    SnsNotifier(cast("Any", Topic()), "arn:aws:sns:us-east-1:1:t", "one").hold_changed(HOLD, "opened")
    SnsNotifier(cast("Any", Topic()), "", "one").hold_changed(HOLD, "opened")
    assert [(each["TopicArn"], len(each["Subject"]) <= 100) for each in sent] == [("arn:aws:sns:us-east-1:1:t", True)]
    with mock_aws():
        sns = boto3.client("sns", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        with pytest.raises(Transient, match="notification-refused"):
            SnsNotifier(sns, "arn:aws:sns:us-east-1:123456789012:gone", "one").hold_changed(HOLD, "opened")
