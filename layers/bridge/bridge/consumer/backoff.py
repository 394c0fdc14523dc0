"""How long a message waits for its next try."""

from __future__ import annotations

from dataclasses import dataclass

#: From so many receives on, and again after so many more, a message waits four times as long: SQS gives it up after
#: 1000 receives, which must not come within its retention of 14 days. At a limit of 5 minutes the first is 28 h.
PATIENT_RECEIVES, MORE_RECEIVES = 450, 300


@dataclass(frozen=True)
class Backoff:
    """How long a transient failure waits: half of it surely, the other half by chance."""

    first: float
    limit: float

    def delay(self, receives: int, retry_after: float | None, chance: float) -> float:
        """Seconds until the next try; `chance` is from 0 up to 1."""
        backoff: float = min(self.limit, self.first * 2 ** min(receives - 1, 20)) * patience(receives)
        return max(retry_after or 0.0, backoff / 2 + chance * backoff / 2)


def patience(receives: int) -> int:
    """How many times longer than usual a message waits that was received so often: 1, 4, 16."""
    return 1 if receives < PATIENT_RECEIVES else 4 ** (1 + (receives - PATIENT_RECEIVES) // MORE_RECEIVES)
