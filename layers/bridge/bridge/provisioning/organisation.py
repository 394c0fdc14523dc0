"""Whether the credentials are still those of the organisation whose accounts the bridge knows.

With the credentials of another one every account seems gone, and everybody would be created there.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING

from bridge.errors import Transient

if TYPE_CHECKING:  # the command line needs the words below, and not the records
    from bridge.provisioning.ports import GenesysScim
    from bridge.provisioning.record_ports import Store

#: What the breaker is called that stands open meanwhile.
UPSTREAM = "organisation"
#: The reason code of another organisation.
ANOTHER = "genesys-another-organisation"
#: So many known accounts are read after a change of the credentials, drawn from so many.
_READ, _DRAWN_FROM = 5, 500


class Organisation:
    """The organisation as its credentials name it. One for each process and its client."""

    def __init__(
        self,
        store: Store,
        genesys: GenesysScim,
        named: Callable[[], str],
        rng: random.Random,
        confirmed: set[str] | None = None,
    ) -> None:
        """`named` gives client id and host, as the client uses them now; `confirmed` are those that a process knows."""
        self._store = store
        self._genesys = genesys
        self._named = named
        self._rng = rng
        self._confirmed = set() if confirmed is None else confirmed

    def verify(self) -> None:
        """Pass when these credentials were confirmed, or when they show one account that the bridge knows.

        Without any known account there is nothing to mix up, and the credentials count as confirmed.

        Raises:
            Transient: they show none (`ANOTHER`), or the store or Genesys Cloud is out of reach.
        """
        named = self._named()
        if named in self._confirmed:
            return
        if self._store.app().organisation != named:
            known = self._known()
            if known and not any(self._genesys.user(account) for account in known):
                raise Transient(ANOTHER, detail="no known account is there", upstream=UPSTREAM)
            self._store.confirm_organisation(named)
        self._confirmed.clear()
        self._confirmed.add(named)

    def _known(self) -> list[str]:
        """Ids of accounts that should be there; of people who left only where there are no others."""
        links = list(islice((link for link in self._store.all_users() if link.genesys_id), _DRAWN_FROM))
        active = [link for link in links if link.active] or links
        return [link.genesys_id for link in self._rng.sample(active, min(_READ, len(active)))]
