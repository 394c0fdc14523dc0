"""What the approvals function reads from its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.settings import (
    Environment,
    QueueSettings,
)


@dataclass(frozen=True)
class ApprovalsSettings:
    """What the approvals function reads.

    Attributes:
        local: whether STS may be this machine's.
    """

    state_table: str
    queues: QueueSettings
    local: bool

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> ApprovalsSettings:
        """STATE_TABLE, the queues, BRIDGE_LOCAL."""
        environment = Environment(variables)
        return cls(
            state_table=environment.text("STATE_TABLE"),
            queues=QueueSettings.read(environment),
            local=environment.local,
        )
