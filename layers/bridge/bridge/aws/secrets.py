"""Secrets Manager: one JSON object with flat keys, cached, and outliving a store that fails.

The bridge's secret has the keys ``hook_secret``, ``hook_secret_previous``, ``genesys_client_id``,
``genesys_client_secret``, ``okta_client_id`` and ``okta_token``; a second secret has ``hash_key``. The cache is our
own: that of Powertools' parameters has no last good value for a failing store, and no clock that comes from outside.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import SettingsError, Transient

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

#: Seconds for which a value is used without asking the store.
MAX_AGE = 300
#: Seconds between two refreshes on demand, and between two questions to a failing store.
PAUSE = 30


class Secrets:
    """The values of one secret; its text shows none of them."""

    def __init__(
        self, client: SecretsManagerClient, secret_id: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Read the secret `secret_id` (name or ARN) when a value is first wanted; `clock` counts seconds."""
        self._client = client
        self._secret_id = secret_id
        self._clock = clock
        self._values: dict[str, str] | None = None
        self._made: datetime | None = None
        self._fresh_until = float("-inf")
        self._refreshed = float("-inf")

    def get(self, key: str) -> str:
        """The value of `key`, never empty.

        Raises:
            SettingsError: the secret has no such value, also after a refresh; it names the key.
            Transient: the store fails and there is no last good value.
        """
        value = self.find(key)
        if not value and self.refresh():
            value = self.find(key)
        if not value:
            raise SettingsError(f"not set up: the secret has no {key} (see docs/setup-deploy.md)")
        return value

    def find(self, key: str) -> str:
        """The value of `key`, empty when the secret has none.

        Raises:
            SettingsError: the secret is no JSON object.
            Transient: the store fails and there is no last good value.
        """
        if self._values is None or self._clock() >= self._fresh_until:
            self._read()
        return (self._values or {}).get(key, "")

    def made(self) -> datetime | None:
        """When the value in force was written, None where that is not known.

        Raises:
            SettingsError, Transient: as `find`.
        """
        self.find("")
        return self._made

    def refresh(self) -> bool:
        """Ask the store anew, at most once in 30 seconds; whether it was asked.

        Raises:
            SettingsError, Transient: as `find`.
        """
        now = self._clock()
        if now < self._refreshed + PAUSE:
            return False
        self._refreshed = now
        self._read()
        return True

    def _read(self) -> None:
        now = self._clock()
        try:
            values = self._fetch()
        except (SettingsError, Transient):
            if self._values is None:
                raise
            # The last good values outlive the failure, and the store gets a pause.
            self._fresh_until = now + PAUSE
        else:
            self._values, self._fresh_until = values, now + MAX_AGE

    def _fetch(self) -> dict[str, str]:
        try:
            answer = self._client.get_secret_value(SecretId=self._secret_id)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
                raise SettingsError("not set up: the secret has no value (see docs/setup-deploy.md)") from None
            raise Transient("secrets-unavailable") from error
        except BotoCoreError as error:
            raise Transient("secrets-unavailable") from error
        try:
            document = json.loads(answer.get("SecretString", "") or "{}")
        except ValueError:
            document = None
        if not isinstance(document, dict):
            # No cause: its message would show the text.
            raise SettingsError("the secret: expected a JSON object (see docs/setup-deploy.md)") from None
        self._made = answer.get("CreatedDate")
        return {key: value for key, value in document.items() if isinstance(value, str)}
