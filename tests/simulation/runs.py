"""Many runs over two processes: progress, the rate, and every failing seed with its history."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.simulation.ending import Outcome, run
from tests.simulation.variants import VARIANTS

#: Runs that one process makes before it reports.
CHUNK = 20
#: Seconds between two lines of progress.
_TELL = 5.0

Say = Callable[[str], None]


@dataclass
class Told:
    """What a series of runs came to.

    Attributes:
        runs: how many were made.
        failed: outcomes of those that went wrong, by seed.
        counts: what happened how often, over all.
        seconds: how long it took.
    """

    runs: int = 0
    failed: list[Outcome] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


@dataclass(frozen=True)
class _Order:
    """A part of a series, for one process."""

    first: int
    count: int
    variant: str
    bad: str
    keep_going: bool


def series(
    first: int,
    runs: int,
    variant: str,
    say: Say,
    *,
    bad: str = "",
    keep_going: bool = False,
    processes: int | None = None,
) -> Told:
    """Run the seeds `first` to ``first + runs - 1``; stop at the first failure unless `keep_going`."""
    began = told_at = time.monotonic()
    told = Told()
    orders = [
        _Order(start, min(CHUNK, first + runs - start), variant, bad, keep_going)
        for start in range(first, first + runs, CHUNK)
    ]
    for outcomes in _done(orders, min(processes or os.cpu_count() or 1, len(orders))):
        for outcome in outcomes:
            told.runs += 1
            told.counts += outcome.counts
            if outcome.wrong:
                told.failed.append(outcome)
                say(f"  seed {outcome.seed} ends wrong: {outcome.wrong[0]}")
        now = time.monotonic()
        told.seconds = now - began
        if now > told_at + _TELL:
            told_at = now
            say(f"  {told.runs:,} of {runs:,} schedules, {told.runs / told.seconds:.0f} a second")
        if told.failed and not keep_going:
            break
    return told


def _done(orders: list[_Order], processes: int) -> Iterator[list[Outcome]]:
    """The outcomes of the orders, in their order, however many processes work."""
    if processes < 2:
        yield from map(_run_order, orders)
        return
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        yield from pool.imap(_run_order, orders)


def _run_order(order: _Order) -> list[Outcome]:
    outcomes = []
    for seed in range(order.first, order.first + order.count):
        outcomes.append(run(seed, VARIANTS[order.variant](), bad=order.bad))
        if outcomes[-1].wrong and not order.keep_going:
            break
    return outcomes
