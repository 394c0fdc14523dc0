"""What stands in a link for the values that were written: keyed hashes, never a value nor one to be guessed back."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from bridge.provisioning.scim import comparable

#: An encoder made once: a whole reconcile makes a million fingerprints.
_encode = json.JSONEncoder(sort_keys=True).encode


class Fingerprints:
    """Fingerprints of attribute values; equal where `bridge.provisioning.scim.same` holds the values for equal.

    So the same phone number in another notation is no change, no matter who wrote it.
    """

    def __init__(self, hash_key: Callable[[], bytes]) -> None:
        """`hash_key` keys the hashes; it is asked for when it is needed."""
        self._hash_key = hash_key

    def of_all(self, values: Mapping[str, Any]) -> dict[str, str]:
        """SCIM path -> fingerprint."""
        return {path: self._of(path, value) for path, value in values.items()}

    def differing(self, written: Mapping[str, str], values: Mapping[str, Any]) -> list[str]:
        """The paths whose value is not the one of the fingerprint, or stands on one side alone."""
        changed = [path for path, value in values.items() if written.get(path) != self._of(path, value)]
        return changed + [path for path in written if path not in values]

    def _of(self, path: str, value: Any) -> str:
        text = _encode([path, comparable(path, value)])
        return hmac.digest(self._hash_key(), text.encode(), "sha256").hex()
