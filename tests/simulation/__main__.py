"""``python -m tests.simulation``: the whole bridge under random schedules, each run from one seed."""

from __future__ import annotations

import argparse
import sys

from tests.simulation.bad_answers import KINDS
from tests.simulation.ending import ANYHOW, run
from tests.simulation.previews import COMPARED, DIFFERENT
from tests.simulation.runs import Told, series
from tests.simulation.variants import VARIANTS

_EPILOG = """\
A run is one company, one climate of faults and one schedule, all drawn from its seed. It ends with the faults over,
one catch-up and one reconcile, and Genesys Cloud is then compared with Okta field by field; promises are checked at
every call on the way. Exit status: 0 when every run ends well, 1 when one does not, 2 for a wrong command.

  python -m tests.simulation --seed 7 --runs 1 --history    one run, and everything that happened in it
  python -m tests.simulation --variant no-fence             a safeguard less: expected to end with status 1
"""


def main(arguments: list[str]) -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=1, help="the first seed (default 1); run i has the seed SEED + i")
    parser.add_argument("--runs", type=int, default=100_000, help="how many schedules (default 100,000)")
    parser.add_argument("--variant", choices=sorted(VARIANTS), default="", help="switch one safeguard off")
    parser.add_argument(
        "--bad",
        choices=["", *ANYHOW, *sorted(KINDS)],
        default="",
        help="every run has this kind of bad answers",
    )
    parser.add_argument("--processes", type=int, help="how many work at once (default: one for each core)")
    parser.add_argument("--keep-going", action="store_true", help="do not stop at the first run that goes wrong")
    parser.add_argument("--history", action="store_true", help="print the history also of a run that ends well")
    asked = parser.parse_args(arguments)
    if asked.runs == 1:
        outcome = run(asked.seed, VARIANTS[asked.variant](), bad=asked.bad, keep_history=asked.history)
        told = Told(1, [outcome] if outcome.wrong else [], outcome.counts)
        if asked.history and not outcome.wrong:
            print("\n".join(outcome.history))
    else:
        named = f", without {asked.variant}" if asked.variant else ""
        say(f"Seeds {asked.seed} to {asked.seed + asked.runs - 1}{named}")
        told = series(
            asked.seed,
            asked.runs,
            asked.variant,
            say,
            bad=asked.bad,
            keep_going=asked.keep_going,
            processes=asked.processes,
        )
    return verdict(told, asked.variant, asked.bad)


def verdict(told: Told, variant: str, bad: str) -> int:
    """Say what came of it; the exit status."""
    rate = f", {told.runs / told.seconds:.0f} a second" if told.seconds else ""
    say(f"{told.runs:,} schedules{rate}: " + ", ".join(f"{count:,} {what}" for what, count in told.counts.items()))
    say(f"{told.counts[COMPARED]:,} previews compared with the next sync, {told.counts[DIFFERENT]:,} differences")
    for outcome in told.failed[:3]:
        say(f"\nSeed {outcome.seed} ends wrong:")
        for line in outcome.wrong[:20]:
            say(f"  {line}")
        say("Its history:")
        for line in outcome.history:
            say(f"  {line}")
        which = (f" VARIANT={variant}" if variant else "") + (f" BAD={bad}" if bad else "")
        say(f"This run again: make simulate SEED={outcome.seed} RUNS=1{which}")
    if told.failed:
        say(f"Failing seeds: {', '.join(str(outcome.seed) for outcome in told.failed)}")
        return 1
    say("Genesys Cloud equals Okta in the end of every run, and no promise was broken on the way.")
    return 0


def say(line: str) -> None:
    """A line for people, at once."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
