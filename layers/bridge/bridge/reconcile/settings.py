"""What the reconciler reads from its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.settings import Environment, GenesysSettings, MapSettings, OktaSettings, ProvisioningSettings, QueueSettings


@dataclass(frozen=True)
class ReconcilerSettings:
    """What the reconciler reads."""

    okta: OktaSettings
    genesys: GenesysSettings
    provisioning: ProvisioningSettings
    queues: QueueSettings
    secret_id: str
    hash_key_secret_id: str
    state_table: str
    mapping: MapSettings

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> ReconcilerSettings:
        """Every variable of the reconciler: it compares with the switches and the map that the consumer writes by."""
        environment = Environment(variables)
        return cls(
            okta=OktaSettings.read(environment),
            genesys=GenesysSettings.read(environment),
            provisioning=ProvisioningSettings.read(environment),
            queues=QueueSettings.read(environment),
            secret_id=environment.text("BRIDGE_SECRET_ID"),
            hash_key_secret_id=environment.text("HASH_KEY_SECRET_ID"),
            state_table=environment.text("STATE_TABLE"),
            mapping=MapSettings.read(environment),
        )
