"""What stands in a link for the values that were written: keyed hashes, never a value nor one to be guessed back."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from bridge.provisioning.elements import is_withdrawn
from bridge.provisioning.scim import comparable, without_case
from bridge.provisioning.user_records import Refused, UserLink

#: A value that was refused is tried again after this, for what refused it may have changed.
RETRY_REFUSED = timedelta(days=7)

#: An encoder made once: a whole reconcile makes a million fingerprints.
_encode = json.JSONEncoder(sort_keys=True).encode


class Fingerprints:
    """Fingerprints of attribute values; equal where `bridge.provisioning.scim.same` holds the values for equal.

    So the same phone number in another notation is no change, no matter who wrote it.
    """

    def __init__(self, hash_key: Callable[[], bytes], *, map_digest: str = "") -> None:
        """`hash_key` keys the hashes; it is asked for when it is needed. `map_digest` stands for the attribute map."""
        self._hash_key = hash_key
        self._map_digest = map_digest

    def reference(self, text: str) -> str:
        """What stands for a login, an e-mail address or an employee number; case is no difference."""
        return self._keyed(["reference", without_case(text.strip())])

    def of_all(self, values: Mapping[str, Any]) -> dict[str, str]:
        """SCIM path -> fingerprint."""
        return {path: self._of(path, value) for path, value in values.items()}

    def differing(self, written: Mapping[str, str], values: Mapping[str, Any]) -> list[str]:
        """The paths whose value is not the one of the fingerprint, or stands on one side alone and is to be cleared."""
        changed = [path for path, value in values.items() if written.get(path) != self._of(path, value)]
        return changed + [path for path in written if path not in values and is_withdrawn(path, values)]

    def outstanding(self, link: UserLink, values: Mapping[str, Any], now: datetime) -> list[str]:
        """The paths that differ from what was written, without those whose value Genesys Cloud does not take."""
        refused = self.standing_refusals(link, values, now)
        return [path for path in self.differing(link.hashes, values) if path not in refused]

    def standing_refusals(self, link: UserLink, values: Mapping[str, Any], now: datetime) -> frozenset[str]:
        """The paths at which `values` has, or lacks, what Genesys Cloud did not take of late."""
        return frozenset(
            path
            for path, refused in link.refused.items()
            if now - refused.at < RETRY_REFUSED and refused.fingerprint == self._of_refused(path, values.get(path))
        )

    def refuse(self, path: str, value: Any, at: datetime) -> Refused:
        """The record of a value, None for none, that Genesys Cloud does not take; another map makes it another."""
        return Refused(self._of_refused(path, value), at)

    def _of_refused(self, path: str, value: Any) -> str:
        return self._keyed([path, comparable(path, value), self._map_digest])

    def _of(self, path: str, value: Any) -> str:
        return self._keyed([path, comparable(path, value)])

    def _keyed(self, value: list[Any]) -> str:
        text = _encode(value)
        return hmac.digest(self._hash_key(), text.encode(), "sha256").hex()
