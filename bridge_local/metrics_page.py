"""``docs/metrics.md``, written from the catalogue of metrics: ``python -m bridge_local.metrics_page``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from math import prod

from bridge.aws.telemetry import Described, Metric, catalogue
from bridge_local import ROOT

DOCUMENT = ROOT / "docs" / "metrics.md"
#: What a metric may cost: names, and combinations of a name with values of its dimensions.
MAX_NAMES, MAX_SERIES = 60, 150
#: Parts of `HookSilentAlarm`, which say nothing alone.
_PARTS = frozenset({"HookExpectedAlarm", "HookQuietAlarm"})
_HEAD = """# Metrics

Written by `python -m bridge_local.metrics_page` from `layers/bridge/bridge/aws/metrics.json`; tests hold the code, the
dashboards and the alarms to it. The namespace is `OktaGenesysBridge/<stack name>`; the metrics are log lines
of the functions, in CloudWatch's embedded metric format.

A **gauge** says how things are, every five minutes; where it is missing nothing is known. A **count** is missing where
nothing happened. A **distribution** has a value for each time, of which CloudWatch makes percentiles. A metric with a
dimension is there twice: as a total, and by the dimension, whose other values are counted as `other`.
"""


def page() -> str:
    """The whole document."""
    described = catalogue()
    rows = [_row(name, each) for name, each in described.items()]
    size = f"{len(rows)} names (at most {MAX_NAMES}) make {series(described)} time series (at most {MAX_SERIES}).\n"
    head = "| metric | what it is | what to expect | by | from | alarms |\n|---|---|---|---|---|---|"
    return "\n".join((_HEAD, size, head, *rows, ""))


def series(described: Mapping[Metric, Described]) -> int:
    """How many time series there can be at most: each total, and each combination of values."""
    return sum(1 + _combinations(each.by) for each in described.values())


def _combinations(by: Mapping[str, Sequence[str]]) -> int:
    return prod(len({*values, "other"}) for values in by.values()) if by else 0


def _row(name: str, each: Described) -> str:
    unit = "" if each.unit == "Count" else f", {each.unit.lower()}"
    by = "; ".join(f"`{dimension}`: {', '.join(values)}" for dimension, values in each.by.items())
    alarms = ", ".join(f"[{alarm}](runbook.md#{alarm.lower()})" for alarm in each.alarms if alarm not in _PARTS)
    emits = ", ".join(each.emits)
    return f"| `{name}` | {each.kind}{unit}: {each.means} | {each.expect} | {by} | {emits} | {alarms} |"


def main() -> int:
    """Write it anew."""
    DOCUMENT.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
