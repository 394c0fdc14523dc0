"""How many tries a message has, and how long they last; a single wait is proved in test_batch_messages.py."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from bridge.consumer.backoff import PATIENT_RECEIVES, Backoff, patience
from bridge_local.template import Template

QUEUES = {
    name: Template().document["Resources"][name]["Properties"] for name in ("LeaversQueue", "UsersQueue", "GroupsQueue")
}
DEFAULTS = [Template().document["Parameters"][name]["Default"] for name in ("BackoffSeconds", "BackoffLimitSeconds")]


@pytest.mark.parametrize(("receives", "times"), [(1, 1), (449, 1), (450, 4), (749, 4), (750, 16), (1000, 16)])
def test_patience_grows_in_two_steps(receives: int, times: int) -> None:
    """An outage of a day is noticed to have ended as soon as one of an hour; only much longer ones later."""
    assert patience(receives) == times


@pytest.mark.parametrize("queue", QUEUES)
def test_a_message_ends_by_its_age_and_not_by_its_receives(queue: str) -> None:
    """With the template's own figures: all receives that SQS allows take longer than it keeps the message."""
    allowed = QUEUES[queue]["RedrivePolicy"]["maxReceiveCount"]
    kept = timedelta(seconds=QUEUES[queue]["MessageRetentionPeriod"])
    first, limit = map(float, DEFAULTS)
    rng = random.Random(1)  # noqa: S311 - repeatable, not secret
    backoff = Backoff(first, limit)
    for _ in range(50):
        waits = [backoff.delay(receives, None, rng.random()) for receives in range(1, allowed)]
        assert timedelta(seconds=sum(waits)) > kept
        assert timedelta(seconds=sum(waits[:PATIENT_RECEIVES])) > timedelta(hours=26)
