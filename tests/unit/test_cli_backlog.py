"""`bridge status` says how fast each queue empties, and when it will be empty."""

from __future__ import annotations

import pytest

from bridge.operations.bridge_answers import Depth
from tests.stages.cli_answers import status
from tests.stages.cli_stage import Stage


def with_backlog(number: int) -> dict[str, object]:
    """A bridge with so many messages in the users' queue, in all three states."""
    empty = Depth(read=True, waiting=0, in_hand=0, later=0)
    users = Depth(read=True, waiting=number - 3, in_hand=2, later=1)
    return status(queues={"leavers": empty, "users": users, "groups": empty})


def test_a_queue_that_shrinks_has_a_pace_and_an_end() -> None:
    """150 fewer in 15 seconds are 600 a minute: the other 1,200 take two minutes."""
    stage = Stage(status=[with_backlog(1350), with_backlog(1200)])
    document = stage.run("status --json").document
    users = document["paces"]["users"]
    assert (users["backlog"], users["per_minute"], users["ends"]) == (1200, 600.0, "2026-11-24T09:02:15+00:00")
    assert stage.pauses == [15]
    out = Stage(status=[with_backlog(1350), with_backlog(1200)]).run("status").out
    assert "600  " in out
    assert "about 2026-11-24 04:02:15 -05:00" in out


@pytest.mark.parametrize("later", [1200, 1300])
def test_a_queue_that_does_not_shrink_has_no_end(later: int) -> None:
    """It stands still or grows; nothing is promised."""
    ran = Stage(status=[with_backlog(1200), with_backlog(later)]).run("status")
    assert "it does not shrink" in ran.out


@pytest.mark.parametrize(("line", "backlog"), [("status", 3), ("status --seconds 0", 1200)])
def test_nothing_is_measured_without_need(line: str, backlog: int) -> None:
    """Not where nobody wants it; a queue whose messages are all in hand is measured like any other."""
    stage = Stage(status=with_backlog(backlog))
    assert stage.run(line).code == 0
    assert stage.pauses == ([15] if backlog == 3 else [])


def test_empty_queues_are_not_measured() -> None:
    """There is nothing to wait for."""
    stage = Stage(status=status())
    assert stage.run("status").code == 0
    assert stage.pauses == []


def test_a_monitor_is_told_by_the_exit_code_what_needs_somebody() -> None:
    """The problems, each with its command, stand first in the document; without `--check` the code stays 0."""
    stage = Stage(status=status(holds_open=1, parked=2))
    ran = stage.run("status --json --check")
    assert ran.code == 1
    assert list(ran.document)[:2] == ["ok", "needs"]
    assert ran.document["needs"] == [
        {
            "problem": "holds-open",
            "command": "bridge holds list --stack prod",
            "says": "Holds wait for a decision",
        },
        {"problem": "parked", "command": "bridge parked list --stack prod", "says": "Items are parked"},
    ]
    assert stage.run("status --json").code == 0
    assert Stage(status=status()).run("status --check").code == 0
