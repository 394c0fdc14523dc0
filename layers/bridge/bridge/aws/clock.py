"""The machine's own time."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The machine's own time."""

    @staticmethod
    def now() -> datetime:
        """As this machine has it."""
        return datetime.now(UTC)
