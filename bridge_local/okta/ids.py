"""Identifiers in Okta's forms, drawn from the model's own randomness."""

from __future__ import annotations

import random
import string

_ALPHABET = string.ascii_letters + string.digits
#: Prefixes of Okta's ids by object.
USER, GROUP, APP, APP_USER, EVENT_HOOK = "00u", "00g", "0oa", "0ua", "who"
#: The id of the group "Everyone", the same in each org of the model.
EVERYONE = "00gEveryoneOfTheO5d7"
SYSTEM_PRINCIPAL, GROUP_ASSIGNMENT_JOB, BULK_JOB = "spr", "gam", "eru"


class Ids:
    """Makes ids; the same randomness makes the same ids."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def okta(self, prefix: str) -> str:
        """An id of 20 characters that starts with `prefix`."""
        return prefix + "".join(self._rng.choices(_ALPHABET, k=17 - len(prefix))) + "5d7"

    def uuid(self) -> str:
        """A UUID, as events and deliveries carry them."""
        digits = f"{self._rng.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def transaction(self) -> str:
        """The id of a WEB transaction: 27 characters."""
        return "X" + "".join(self._rng.choices(_ALPHABET, k=26))
