"""Telling people about holds, through SNS: ids, counts and the command to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Transient
from bridge.items import format_time
from bridge.provisioning.hold_records import Hold

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

_HEADLINES = {
    "opened": "Removals are held and wait for a decision",
    "reminder": "Removals still wait for a decision",
    "closed": "A hold has ended",
}


class SnsNotifier:
    """`bridge.provisioning.ports.Notifier` over SNS; without a topic nobody is told, and the alarms still are."""

    def __init__(self, sns: SNSClient, topic_arn: str, stack: str) -> None:
        """Publish to `topic_arn`; `stack` is what the command line calls this bridge."""
        self._sns = sns
        self._topic_arn = topic_arn
        self._stack = stack

    def hold_changed(self, hold: Hold, what: str) -> None:
        """Publish one message; Transient when SNS does not take it."""
        if not self._topic_arn:
            return
        try:
            self._sns.publish(
                TopicArn=self._topic_arn,
                Subject=f"{_HEADLINES[what]} ({hold.entity})"[:100],
                Message=message(hold, what, self._stack),
            )
        except (BotoCoreError, ClientError) as error:
            raise Transient("notification-refused", upstream="sns") from error


def message(hold: Hold, what: str, stack: str) -> str:
    """What is told: no name, no address, nothing of a profile."""
    lines = [
        f"{_HEADLINES[what]}.",
        "",
        f"Entity:   {hold.entity}",
        f"Hold:     number {hold.number}, revision {hold.revision}, {hold.state.value}",
        f"Users:    {hold.staged}",
        f"Reason:   {hold.reason} ({hold.explanation})" if hold.explanation else f"Reason:   {hold.reason}",
        f"Opened:   {format_time(hold.opened)}",
    ]
    if what == "closed":
        lines += [f"Decided:  {hold.by or 'nobody had to'}"]
    else:
        name, target = hold.entity.rpartition(":")[2], f"--stack {stack}"
        lines += [
            "",
            f"See it:      bridge holds show {name} {target}",
            f"Approve:     bridge holds approve {name} --why TICKET {target}",
            f"Reject:      bridge holds reject {name} --why TICKET {target}",
        ]
    return "\n".join(lines)
