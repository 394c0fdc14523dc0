"""The bridge's secret in Secrets Manager, with the caller's own rights; none of its values is ever shown from here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from bridge_cli.bridge import explained
from bridge_cli.ends import End, Stopped
from bridge_cli.places import SECRET_OUTPUT, Place

HOOK, PREVIOUS, ROTATED = "hook_secret", "hook_secret_previous", "hook_secret_rotated"


class Vault:
    """One secret: a JSON object of texts."""

    def __init__(self, place: Place) -> None:
        """The secret of the bridge that runs there; Stopped where the stack names none."""
        self._id = place.outputs.get(SECRET_OUTPUT, "")
        if not self._id or place.service is None:
            raise Stopped(End.UNREACHABLE, f"The stack has no output {SECRET_OUTPUT}.", "Deploy this version first.")
        with explained():
            self._client: Any = place.service("secretsmanager")

    def read(self) -> dict[str, str]:
        """Its values; none where it has no value yet."""
        with explained():
            try:
                text = self._client.get_secret_value(SecretId=self._id).get("SecretString", "")
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
                    raise
                return {}
        try:
            document = json.loads(text or "{}")
        except ValueError:
            document = None
        if not isinstance(document, dict):
            # No cause: its message would show the text.
            raise Stopped(End.FAILED, "The secret is no JSON object.", "Fill it anew: docs/setup-deploy.md.") from None
        return {key: value for key, value in document.items() if isinstance(value, str)}

    def write(self, changes: Mapping[str, str]) -> bool:
        """Change these values, and leave the others; whether that made a version: what is there already makes none."""
        before = self.read()
        after = {**before, **changes}
        if after == before:
            return False
        with explained():
            self._client.put_secret_value(SecretId=self._id, SecretString=json.dumps(after))
        return True
