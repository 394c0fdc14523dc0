"""``make mutants``: break one safeguard at a time in a copy of the project, and see that its named tests notice.

Each mutation of ``mutants.toml`` replaces one snippet of a file, which must occur there exactly once; snippets are
found by their text, wherever they stand. The unchanged copy must pass all of the tests first.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.mutants.runner import Catalogue, changed_since, run_all

ROOT = Path(__file__).parents[2]


def main(arguments: list[str]) -> int:
    """Exit status 0 when every mutation is caught, 1 when one survives or applies no more."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these mutations")
    parser.add_argument(
        "--changed",
        metavar="BASE",
        help="only mutations whose file, tests or text have changed since this commit; `auto`: since `main`",
    )
    parser.add_argument("--processes", type=int, default=0, help="how many work at once (default: one for each core)")
    asked = parser.parse_args(arguments)
    catalogue = Catalogue.read(ROOT)
    mutants = [mutant for mutant in catalogue.mutants if not asked.names or mutant.name in asked.names]
    if asked.changed:
        mutants = changed_since(ROOT, mutants, asked.changed)
    if unknown := set(asked.names) - {mutant.name for mutant in mutants}:
        parser.error(f"no such mutation: {', '.join(sorted(unknown))}")
    say(f"{len(mutants)} of {len(catalogue.mutants)} mutations")
    wrong = run_all(ROOT, mutants, say, processes=asked.processes)
    if not wrong:
        say("Every one of them is caught.")
    for line in wrong:
        say(f"  {line}")
    return 1 if wrong else 0


def say(line: str) -> None:
    """A line for people, at once."""
    print(line, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
