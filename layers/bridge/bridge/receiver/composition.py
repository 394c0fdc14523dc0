"""Putting the receiver together. Small and quick to start: standard library, boto3 and the logger."""

from __future__ import annotations

from botocore.config import Config

from bridge.aws.dependencies import Dependencies
from bridge.receiver.settings import ReceiverSettings

#: Okta waits 3 seconds: no call may hang longer.
QUICK = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})


class Receiver:
    """The parts that one environment of the function keeps."""

    def __init__(self, settings: ReceiverSettings, dependencies: Dependencies) -> None:
        """Take what a delivery needs."""
        self.settings = settings
        self.secrets = dependencies.secrets
        self.queues = dependencies.queues
