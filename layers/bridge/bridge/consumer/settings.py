"""What the consumer reads from its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.settings import Environment, GenesysSettings, MapSettings, OktaSettings, ProvisioningSettings, QueueSettings


@dataclass(frozen=True)
class ConsumerSettings:
    """What the consumer reads."""

    okta: OktaSettings
    genesys: GenesysSettings
    provisioning: ProvisioningSettings
    queues: QueueSettings
    secret_id: str
    hash_key_secret_id: str
    state_table: str
    idempotency_table: str
    notification_topic_arn: str
    mapping: MapSettings
    backoff_seconds: float
    backoff_limit_seconds: float

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> ConsumerSettings:
        """Every variable of the consumer."""
        environment = Environment(variables)
        return cls(
            okta=OktaSettings.read(environment),
            genesys=GenesysSettings.read(environment),
            provisioning=ProvisioningSettings.read(environment),
            queues=QueueSettings.read(environment),
            secret_id=environment.text("BRIDGE_SECRET_ID"),
            hash_key_secret_id=environment.text("HASH_KEY_SECRET_ID"),
            state_table=environment.text("STATE_TABLE"),
            idempotency_table=environment.text("IDEMPOTENCY_TABLE"),
            notification_topic_arn=environment.text("NOTIFICATION_TOPIC_ARN", ""),
            mapping=MapSettings.read(environment),
            backoff_seconds=environment.number("BACKOFF_SECONDS", 30, least=0, most=300),
            backoff_limit_seconds=environment.number("BACKOFF_LIMIT_SECONDS", 300, least=0, most=3600),
        )
