"""What the receiver reads from its environment. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.settings import APP_ID, HEADER, Environment, QueueSettings


@dataclass(frozen=True)
class ReceiverSettings:
    """What the receiver reads."""

    app_id: str
    secret_id: str
    secret_header: str
    queues: QueueSettings

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> ReceiverSettings:
        """OKTA_APP_ID, BRIDGE_SECRET_ID, HOOK_SECRET_HEADER and the queues."""
        environment = Environment(variables)
        return cls(
            app_id=environment.matching("OKTA_APP_ID", APP_ID, "an Okta application id (0oa...)"),
            secret_id=environment.text("BRIDGE_SECRET_ID"),
            secret_header=environment.matching("HOOK_SECRET_HEADER", HEADER, "a header name", "Authorization"),
            queues=QueueSettings.read(environment),
        )
