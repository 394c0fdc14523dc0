"""``make bench-check``: small companies of the shapes that ``make bench`` measures, held to ceilings.

Calls, refusals and virtual time count, never seconds of this machine. The ceilings are in ``ceilings.json``;
``--write`` renews them from today's figures, to be reviewed like any other line.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.bench import scenarios
from benchmarks.bench.report import table
from benchmarks.bench.running import lean
from benchmarks.bench.scenarios import Row

CEILINGS = Path(__file__).with_name("ceilings.json")
#: What a ceiling leaves above today's figure: a read that a neighbour's change adds to one row is no regression.
ROOM = 1.05
#: What has a ceiling in every row, and what has one where a row measures it.
FIGURES, MORE = (
    ("seconds", "okta", "scim", "refused", "store"),
    frozenset({"longest", "after_approval", "all_members_after"}),
)

ROWS: Mapping[str, Callable[[], Row]] = {
    "unassign": lambda: scenarios.unassigned(25, of=1_500, hours=1),
    "assign": lambda: scenarios.hires(400, beside=0),
    "assign-beside": lambda: scenarios.hires(100, beside=1_900),
    "change": lambda: scenarios.profile_changes(1_000),
    "leavers": lambda: scenarios.leavers_behind_changes(40, 600),
    "mass-unassignment": lambda: scenarios.mass_unassignment(300),
    "one-member": lambda: scenarios.one_member(1_000),
    "members-slowly": lambda: scenarios.members_one_by_one(40, 3.0),
    "rule": lambda: scenarios.rule(10, 30),
    "hires-with-groups": lambda: scenarios.hires_with_groups(100),
    "adopt-reconcile": lambda: scenarios.adoption(100, by_events=False),
    "adopt-reconcile-mixed": lambda: scenarios.adoption(100, by_events=False, new=50),
    "adopt-events": lambda: scenarios.adoption(100, by_events=True),
    "adopt-events-mixed": lambda: scenarios.adoption(100, by_events=True, new=50),
}


def main(arguments: Sequence[str]) -> int:
    """Measure and compare; 1 when a figure is above its ceiling, or something was not done in the time given."""
    parser = argparse.ArgumentParser(prog="benchmarks.bench.check", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--only", nargs="*", help="keys of rows, such as change")
    parser.add_argument("--write", action="store_true", help="renew the ceilings from today's figures")
    asked = parser.parse_args(arguments)
    keys = asked.only or list(ROWS)
    with ProcessPoolExecutor(max_workers=2) as pool:
        rows = dict(zip(keys, pool.map(measure, keys), strict=True))
    print(table(rows))
    ceilings: dict[str, dict[str, int]] = json.loads(CEILINGS.read_text("utf-8")) if CEILINGS.exists() else {}
    if asked.write:
        ceilings |= {key: _ceilings(row) for key, row in rows.items()}
        CEILINGS.write_text(json.dumps(ceilings, indent=2) + "\n", "utf-8")
    wrong = [line for key, row in rows.items() for line in above(key, row, ceilings.get(key, {}))]
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


def measure(key: str) -> Row:
    """One row, in a process of its own."""
    with lean():
        return ROWS[key]()


def figures(row: Row) -> dict[str, float]:
    """What of a row has a ceiling."""
    return {name: getattr(row, name) for name in FIGURES} | {
        name: value for name, value in row.more.items() if name in MORE
    }


def above(key: str, row: Row, ceilings: Mapping[str, int]) -> list[str]:
    """What is wrong with a row, one line for each figure."""
    lines = [] if row.done else [f"{key}: not done in the time given"]
    for name, figure in figures(row).items():
        if name not in ceilings:
            lines.append(f"{key}: {name} has no ceiling; run benchmarks.bench.check --write")
        elif figure > ceilings[name]:
            lines.append(f"{key}: {name} {figure:.0f} is above its ceiling of {ceilings[name]}")
    return lines


def _ceilings(row: Row) -> dict[str, int]:
    return {name: math.ceil(figure * ROOM) for name, figure in figures(row).items()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
