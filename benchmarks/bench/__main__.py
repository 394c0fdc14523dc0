"""``make bench``: every scenario on the virtual clock, printed, and with ``--write`` as ``docs/benchmarks.md``.

The same code gives the same figures on every machine: nothing here measures this one.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.bench.report import page, table
from benchmarks.bench.running import lean
from benchmarks.bench.scenarios import SCENARIOS, Row

PAGE = Path("docs/benchmarks.md")


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 1 when something was not done in the time given."""
    parser = argparse.ArgumentParser(prog="benchmarks.bench", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--only", nargs="*", help="keys of scenarios, such as change-10000")
    parser.add_argument("--quick", action="store_true", help="without those that take minutes")
    parser.add_argument("--write", action="store_true", help="renew docs/benchmarks.md")
    asked = parser.parse_args(arguments)
    chosen = [
        scenario.key
        for scenario in SCENARIOS
        if (scenario.quick or not asked.quick) and (not asked.only or scenario.key in asked.only)
    ]
    rows: dict[str, Row] = {}
    began = time.monotonic()
    with ProcessPoolExecutor(max_workers=2) as pool:
        for key, row in zip(chosen, pool.map(measure, chosen), strict=True):
            rows[key] = row
            print(f"{key}: {row.seconds / 60:.1f} min, {row.scim} SCIM and {row.okta} Okta calls", file=sys.stderr)
    print(table(rows))
    print(f"\n{len(rows)} scenarios in {time.monotonic() - began:.0f} s on this machine", file=sys.stderr)
    if asked.write:
        PAGE.write_text(page(rows), "utf-8")
    return 0 if all(row.done for row in rows.values()) else 1


def measure(key: str) -> Row:
    """One scenario, in a process of its own: without logs, metrics and the wire."""
    [scenario] = [each for each in SCENARIOS if each.key == key]
    with lean():
        return scenario.measure()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
