"""The newest run of the reconcile, and what it has seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from bridge.provisioning.runs import Run, RunTaken
from bridge_local.memory.base import Guarded


@dataclass
class MemoryRuns(Guarded):
    """`Runs` of `bridge.provisioning.runs`.

    Attributes:
        newest_run: the newest run.
        seen_places: (run, place) -> what it saw up to there.
    """

    newest_run: Run | None = None
    seen_places: dict[tuple[int, str], bytes] = field(default_factory=dict)

    def run(self) -> Run | None:
        with self._lock:
            return self.newest_run

    def save_run(self, run: Run) -> Run:
        with self._lock:
            if (self.newest_run.version if self.newest_run else 0) != run.version:
                raise RunTaken(f"run {run.number} goes on elsewhere")
            self.newest_run = replace(run, version=run.version + 1)
            return self.newest_run

    def add_seen_accounts(self, number: int, place: str, seen: bytes, at: datetime) -> None:  # noqa: ARG002 - as the port
        with self._lock:
            self.seen_places[number, place] = seen

    def seen_accounts(self, number: int) -> Iterator[bytes]:
        with self._lock:
            return iter([seen for (run, _), seen in self.seen_places.items() if run == number])

    def drop_seen_accounts(self, number: int) -> None:
        with self._lock:
            self.seen_places = {key: seen for key, seen in self.seen_places.items() if key[0] != number}
