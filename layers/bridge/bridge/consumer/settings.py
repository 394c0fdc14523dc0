"""What the consumer reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bridge.settings import Environment, SyncSettings


@dataclass(frozen=True, kw_only=True)
class ConsumerSettings(SyncSettings):
    """What the consumer reads: all that a sync depends on, and how it waits."""

    idempotency_table: str
    notification_topic_arn: str
    backoff_seconds: float
    backoff_limit_seconds: float

    @staticmethod
    def own(environment: Environment) -> dict[str, Any]:
        """IDEMPOTENCY_TABLE, NOTIFICATION_TOPIC_ARN and the backoff."""
        return {
            "idempotency_table": environment.text("IDEMPOTENCY_TABLE"),
            "notification_topic_arn": environment.text("NOTIFICATION_TOPIC_ARN", ""),
            "backoff_seconds": environment.number("BACKOFF_SECONDS", 30, least=0, most=300),
            "backoff_limit_seconds": environment.number("BACKOFF_LIMIT_SECONDS", 300, least=0, most=3600),
        }
