"""How far catch-up has read the System Log."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.provisioning.records import LogCursor
from bridge_local.memory.base import Guarded


@dataclass
class MemoryCatchUp(Guarded):
    """`CatchUpRecords` of `bridge.provisioning.record_ports`.

    Attributes:
        cursor: the saved place, None before the first run.
    """

    cursor: LogCursor | None = None

    def log_cursor(self) -> LogCursor | None:
        with self._lock:
            return self.cursor

    def save_log_cursor(self, cursor: LogCursor) -> None:
        with self._lock:
            self.cursor = cursor
