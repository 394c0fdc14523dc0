"""What the operations function reads from its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.settings import (
    Environment,
    GenesysSettings,
    MapSettings,
    OktaSettings,
    ProvisioningSettings,
    QueueSettings,
    reconcile_schedule,
)


@dataclass(frozen=True)
class OperationsSettings:
    """What the operations function reads: all that a sync depends on, and what an operator can switch."""

    okta: OktaSettings
    genesys: GenesysSettings
    provisioning: ProvisioningSettings
    queues: QueueSettings
    dead_letters: str
    mappings: Mapping[str, str]
    reconciler: str
    secret_id: str
    hash_key_secret_id: str
    state_table: str
    notification_topic_arn: str
    schedule: str
    mapping: MapSettings

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> OperationsSettings:
        """Every variable of the operations function."""
        environment = Environment(variables)
        return cls(
            okta=OktaSettings.read(environment),
            genesys=GenesysSettings.read(environment),
            provisioning=ProvisioningSettings.read(environment),
            queues=QueueSettings.read(environment),
            dead_letters=environment.text("DEAD_LETTER_QUEUE_URL"),
            mappings={
                queue: environment.text(f"{queue.upper()}_MAPPING_ID") for queue in ("leavers", "users", "groups")
            },
            reconciler=environment.text("RECONCILER_FUNCTION"),
            secret_id=environment.text("BRIDGE_SECRET_ID"),
            hash_key_secret_id=environment.text("HASH_KEY_SECRET_ID"),
            state_table=environment.text("STATE_TABLE"),
            notification_topic_arn=environment.text("NOTIFICATION_TOPIC_ARN", ""),
            schedule=reconcile_schedule(environment),
            mapping=MapSettings.read(environment),
        )

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
