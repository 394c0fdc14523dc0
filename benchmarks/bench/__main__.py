"""``make bench`` and ``make bench-check``: every scenario on the virtual clock, against its ceilings.

The same code gives the same figures on every machine: nothing here measures this one. ``--write`` renews
``docs/benchmarks.md`` and lowers no ceiling; ceilings are lowered by hand, with the change that earns it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from unittest.mock import patch

from benchmarks.bench.report import page, table
from benchmarks.bench.scenarios import SCENARIOS, Row
from bridge.aws import telemetry, upstreams
from tests.simulation.services import DirectHttp

CEILINGS = Path(__file__).with_name("ceilings.json")
PAGE = Path("docs/benchmarks.md")


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and compare; 1 when a ceiling is broken."""
    parser = argparse.ArgumentParser(prog="benchmarks.bench", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--only", nargs="*", help="keys of scenarios, such as change-10000")
    parser.add_argument("--quick", action="store_true", help="without those that take minutes")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a figure is above its ceiling")
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
    broken = list(above(rows, json.loads(CEILINGS.read_text("utf-8")))) if asked.check else []
    for line in broken:
        print(line, file=sys.stderr)
    return 1 if broken else 0


def measure(key: str) -> Row:
    """One scenario, in a process of its own: without logs, metrics and the wire."""
    [scenario] = [each for each in SCENARIOS if each.key == key]
    with _lean():
        return scenario.measure()


@contextlib.contextmanager
def _lean() -> Iterator[None]:
    telemetry.logger.setLevel(logging.CRITICAL)
    with contextlib.ExitStack() as patched:
        patched.enter_context(patch.object(upstreams, "HttpClient", DirectHttp))
        patched.enter_context(patch.object(telemetry, "_emit", lambda *_: None))
        yield


def above(rows: Mapping[str, Row], ceilings: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """What is above its ceiling, or undone, or has no ceiling."""
    for key, row in rows.items():
        if key not in ceilings:
            yield f"{key}: no ceiling in {CEILINGS.name}"
        figures = {"seconds": row.seconds, "okta": row.okta, "scim": row.scim, "refused": row.refused, **row.more}
        for name, most in ceilings.get(key, {}).items():
            if name.startswith("least_"):
                found = figures[name.removeprefix("least_")]
                if found < most:
                    yield f"{key}: {name.removeprefix('least_')} {found:g}, at least {most:g} wanted"
            elif figures[name] > most:
                yield f"{key}: {name} {figures[name]:g}, at most {most:g} allowed"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
