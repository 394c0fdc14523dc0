"""What the functions' embedded metrics say over time, as CloudWatch would keep it.

There is one series for each name and set of dimensions.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

Dimensions = tuple[tuple[str, str], ...]
#: Values of a series that are kept, the newest ones.
_MAX_VALUES = 5000
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?)")


class Series:
    """Takes metrics and gives statistics."""

    def __init__(self) -> None:
        """Begin with none."""
        self._points: dict[tuple[str, Dimensions], deque[tuple[float, float]]] = defaultdict(
            lambda: deque(maxlen=_MAX_VALUES)
        )
        self._lock = Lock()

    def take(self, document: Mapping[str, Any]) -> None:
        """Note the metrics of a line in CloudWatch's embedded metric format; ``service`` is no dimension of ours."""
        metadata = document["_aws"]
        at = float(metadata.get("Timestamp", 0)) / 1000
        for directive in metadata["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = tuple(sorted((name, str(document[name])) for name in names if name != "service"))
                for metric in directive["Metrics"]:
                    value = document[metric["Name"]]
                    self.note(metric["Name"], dimensions, at, *(value if isinstance(value, list) else [value]))

    def note(self, name: str, dimensions: Dimensions, at: float, *values: float) -> None:
        """Note values of a metric at a moment, in epoch seconds."""
        with self._lock:
            self._points[name, dimensions].extend((at, float(value)) for value in values)

    def of(self, name: str, names: frozenset[str], given: Mapping[str, str]) -> list[Dimensions]:
        """The series of a metric that have exactly these dimensions, and these values where some are given."""
        with self._lock:
            return sorted(
                dimensions
                for known, dimensions in self._points
                if known == name
                and {each for each, _ in dimensions} == names
                and given.items() <= dict(dimensions).items()
            )

    def values(
        self, name: str, dimensions: Dimensions, statistic: str, start: float, step: float, steps: int
    ) -> list[float | None]:
        """One value for each step from `start` on; None where nothing was said."""
        buckets: list[list[float]] = [[] for _ in range(steps)]
        with self._lock:
            for at, value in self._points.get((name, dimensions), ()):
                number = math.floor((at - start) / step)
                if 0 <= number < steps:
                    buckets[number].append(value)
        return [statistic_of(values, statistic) if values else None for values in buckets]


def statistic_of(values: Sequence[float], statistic: str) -> float:
    """A statistic as CloudWatch names it: Sum, Maximum, Minimum, Average, SampleCount, or a percentile such as p99."""
    if percentile := _PERCENTILE.fullmatch(statistic):
        ordered = sorted(values)
        return ordered[min(len(ordered) - 1, math.ceil(float(percentile[1]) / 100 * len(ordered)) - 1)]
    match statistic:
        case "Maximum":
            return max(values)
        case "Minimum":
            return min(values)
        case "Average":
            return sum(values) / len(values)
        case "SampleCount":
            return float(len(values))
    return float(sum(values))
