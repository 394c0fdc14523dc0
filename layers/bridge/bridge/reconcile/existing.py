"""Who has an account before the bridge: what the first whole reconcile keeps of Genesys Cloud's listing.

With it a user's sync takes their account by one conditional write, and makes one without a search where nobody's was
shown. What is not plain is left to the sync's own search: several accounts of a name, one that bears another Okta
user's id, that is inactive, that is linked already, or that has no version to hold on to. Keyed hashes, ids, versions
and paths; no values.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable
from dataclasses import dataclass

from bridge.items import Shown
from bridge.provisioning import scim
from bridge.provisioning.fingerprints import Fingerprints
from bridge.provisioning.matching import OKTA_USER_ID
from bridge.provisioning.values import ScimUser

#: What of an account must be known to hold a value before it is replaced, or added.
_ELEMENTS = sorted({*scim.PHONES, scim.WORK_EMAIL})


@dataclass(frozen=True)
class _Account:
    """One account: `bears` is the hash of its externalId, `takes` the version to write to, empty where none is."""

    id: str
    takes: str
    bears: str
    foreign: bool
    held: tuple[str, ...]


class Existing:
    """What was kept, by userName and by externalId."""

    def __init__(self, fingerprints: Fingerprints, kept: Iterable[bytes], total: int) -> None:
        """`kept` are answers of `keep`; `total` is how many accounts there are by Genesys Cloud's word."""
        self._fingerprints = fingerprints
        self._named: dict[str, _Account | None] = {}
        self._borne: dict[str, str] = {}
        count = 0
        for lines in kept:
            for line in lines.splitlines():
                count += 1
                name, bears, foreign, genesys_id, takes, held = json.loads(line)
                account = _Account(genesys_id, takes, bears, foreign, tuple(held))
                self._named[name] = None if name in self._named else account
                self._borne[bears] = "" if bears in self._borne else genesys_id
        self._whole = count >= total

    def shown(self, okta_id: str, user_name: str) -> Shown | None:
        """What was shown of a person: their account, that there is none, or None where a search must tell."""
        name, borne = self._fingerprints.reference(user_name), _external(self._fingerprints, okta_id)
        if name not in self._named and borne not in self._borne:
            return Shown(name) if self._whole else None
        account = self._named.get(name)
        if account is None or not account.takes or self._borne.get(borne, account.id) != account.id:
            return None
        if account.foreign and account.bears != borne:
            return None
        return Shown(name, account.id, account.takes, account.held)


def keep(fingerprints: Fingerprints, users: Iterable[ScimUser], linked: Container[str]) -> bytes:
    """A line for each user on a page; the ids of those who are `linked` already are no one's to take."""
    lines = []
    for user in users:
        plain = user.active and user.id not in linked and not user.version.startswith("W/")
        line = [
            fingerprints.reference(user.user_name),
            _external(fingerprints, user.external_id) if user.external_id else "",
            bool(OKTA_USER_ID.fullmatch(user.external_id)),
            user.id,
            user.version if plain else "",
            list(scim.read_values(user.document, _ELEMENTS)),
        ]
        lines.append(json.dumps(line).encode() + b"\n")
    return b"".join(lines)


def _external(fingerprints: Fingerprints, external_id: str) -> str:
    return fingerprints.of_all({"externalId": external_id})["externalId"]
