"""How often a comparison comes by its schedule, and when it is overdue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.provisioning.runs import Phase, Run
from bridge.provisioning.schedule import GRACE, is_overdue, longest_gap

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "longest"),
    [
        ("rate(1 day)", timedelta(days=1)),
        ("rate(12 hours)", timedelta(hours=12)),
        ("cron(0 2 * * ? *)", timedelta(days=1)),
        ("cron(0/15 * * * ? *)", timedelta(minutes=15)),
        ("cron(0 8,20 * * ? *)", timedelta(hours=12)),
        ("cron(30 3 ? * MON-FRI *)", timedelta(days=3)),
        ("cron(30 3 ? * FRI-MON *)", timedelta(days=4)),
        ("cron(0 2 ? * 1 *)", timedelta(days=7)),
        ("cron(0 2 ? * sat *)", timedelta(days=7)),
        ("cron(0 2 1 * ? *)", timedelta(days=31)),
        ("cron(0 2 L * ? *)", timedelta(days=31)),
        ("cron(0 2 ? * 2#1 *)", timedelta(days=35)),
        ("cron(0 2 ? * 6L *)", timedelta(days=35)),
        ("cron(0 2 ? * L *)", timedelta(days=7)),
        ("cron(0 2 LW * ? *)", timedelta(days=33)),
        ("cron(0 2 1W * ? *)", timedelta(days=33)),
        ("cron(0 2 1 JAN ? *)", timedelta(days=366)),
        ("cron(0 2 32 * ? *)", None),
        ("cron(0 2 * * ?)", None),
        ("cron(x 2 * * ? *)", None),
        ("at(2026-11-24T02:00:00)", None),
        ("", None),
    ],
)
def test_the_longest_time_between_two_comparisons(expression: str, longest: timedelta | None) -> None:
    """Every form of a schedule; None where it is none."""
    assert longest_gap(expression) == longest


@pytest.mark.parametrize(
    ("ago", "ended", "overdue"),
    [
        (timedelta(days=3) + GRACE, True, False),
        (timedelta(days=3) + GRACE + timedelta(minutes=1), True, True),
        (timedelta(days=3), False, False),
        (timedelta(days=4), False, True),
    ],
)
def test_a_comparison_is_overdue_by_its_own_schedule(ago: timedelta, ended: bool, overdue: bool) -> None:
    """On working days alone: a weekend is no delay, a fourth day is; one that never ends counts from its start."""
    begun = NOW - ago
    run = Run(1, "enforce", begun, phase=Phase.ENDED if ended else Phase.GROUPS, ended=begun if ended else None)
    assert is_overdue(run, "cron(30 3 ? * MON-FRI *)", NOW) is overdue


def test_nothing_is_overdue_without_a_run_or_an_interval() -> None:
    """Before the first one, and where the schedule comes once."""
    old = Run(1, "enforce", NOW - timedelta(days=900), ended=NOW - timedelta(days=900))
    assert not is_overdue(None, "rate(1 day)", NOW)
    assert not is_overdue(old, "at(2026-11-24T02:00:00)", NOW)
