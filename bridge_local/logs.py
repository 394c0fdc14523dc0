"""What the functions print: lines go to a file, embedded metrics are added up for the console."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections import Counter
from pathlib import Path
from threading import Lock
from typing import Any

from bridge_local.series import Series


class FunctionLogs(io.TextIOBase):
    """Takes standard output's place while functions run in this process, and their output from others.

    Attributes:
        path: the file.
        metrics: sum by metric and dimensions, such as ``Syncs outcome=created``.
        series: the same over time.
    """

    def __init__(self, path: Path) -> None:
        """Append to `path`."""
        self.path = path
        self.metrics: Counter[str] = Counter()
        self.series = Series()
        self._file = path.open("a", encoding="utf-8")
        self._lock = Lock()
        self._rest = ""
        self._lost = False

    def write(self, text: str) -> int:
        """Take text, line by line."""
        with self._lock:
            *lines, self._rest = (self._rest + text).split("\n")
            for line in lines:
                self._take(line)
        return len(text)

    def line(self, line: str) -> None:
        """Take one whole line."""
        with self._lock:
            self._take(line.rstrip("\n"))

    def close(self) -> None:
        """Close the file."""
        with self._lock, contextlib.suppress(OSError):  # what a full disk did not take
            self._file.close()
        super().close()

    def _take(self, line: str) -> None:
        if self._file.closed or not line:
            return
        try:
            self._file.write(line + "\n")
            self._file.flush()
        except OSError as error:  # a full disk must not stop those who print
            self._lose(error)
        if '"CloudWatchMetrics"' in line:
            try:
                document = json.loads(line)
                self._count(document)
                self.series.take(document)
            except (ValueError, KeyError, TypeError):
                return  # a line that only looks like a metric is a log line

    def _lose(self, error: OSError) -> None:
        if not self._lost:
            self._lost = True
            with contextlib.suppress(OSError):
                os.write(2, f"{self.path}: {error.strerror}: lines are lost, and the stack goes on\n".encode())

    def _count(self, document: dict[str, Any]) -> None:
        for directive in document["_aws"]["CloudWatchMetrics"]:
            for metric in directive["Metrics"]:
                dimensions = [name for names in directive["Dimensions"] for name in names if name != "service"]
                name = " ".join([metric["Name"], *(f"{each}={document[each]}" for each in dimensions)])
                value = document[metric["Name"]]
                self.metrics[name] += int(sum(value) if isinstance(value, list) else value)
