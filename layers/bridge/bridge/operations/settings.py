"""What the operations function reads from its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.settings import Environment, SyncSettings, reconcile_schedule


@dataclass(frozen=True, kw_only=True)
class OperationsSettings(SyncSettings):
    """What the operations function reads: all that a sync depends on, and what an operator can switch."""

    dead_letters: str
    mappings: Mapping[str, str]
    reconciler: str
    notification_topic_arn: str
    schedule: str

    @staticmethod
    def own(environment: Environment) -> dict[str, Any]:
        """The dead letters' queue, the event source mappings, RECONCILER_FUNCTION and when comparisons begin."""
        return {
            "dead_letters": environment.text("DEAD_LETTER_QUEUE_URL"),
            "mappings": {
                queue: environment.text(f"{queue.upper()}_MAPPING_ID") for queue in ("leavers", "users", "groups")
            },
            "reconciler": environment.text("RECONCILER_FUNCTION"),
            "notification_topic_arn": environment.text("NOTIFICATION_TOPIC_ARN", ""),
            "schedule": reconcile_schedule(environment),
        }

    @property
    def queue_urls(self) -> dict[str, str]:
        """URL by queue, and of the dead letters."""
        queues = self.queues
        return {
            "leavers": queues.leavers,
            "users": queues.users,
            "groups": queues.groups,
            "dead-letters": self.dead_letters,
        }
