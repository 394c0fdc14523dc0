"""What catch-up reads from its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.settings import Environment, Mode, OktaSettings, QueueSettings, reconcile_schedule


@dataclass(frozen=True)
class LogPollerSettings:
    """What the log poller reads."""

    okta: OktaSettings
    queues: QueueSettings
    secret_id: str
    state_table: str
    hook_url: str
    mode: Mode
    schedule: str

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> LogPollerSettings:
        """Okta's variables, BRIDGE_SECRET_ID, STATE_TABLE, HOOK_URL, MODE, RECONCILE_SCHEDULE and the queues."""
        environment = Environment(variables)
        return cls(
            okta=OktaSettings.read(environment),
            queues=QueueSettings.read(environment),
            secret_id=environment.text("BRIDGE_SECRET_ID"),
            state_table=environment.text("STATE_TABLE"),
            hook_url=environment.text("HOOK_URL"),
            mode=environment.choice("MODE", Mode.OBSERVE),
            schedule=reconcile_schedule(environment),
        )
