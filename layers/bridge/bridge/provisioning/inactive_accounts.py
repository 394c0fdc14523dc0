"""Inactive accounts by externalId and userName, from a listing: whether a filter finds them is not documented."""

from __future__ import annotations

from datetime import datetime, timedelta

from bridge.provisioning.ports import Clock, GenesysReader
from bridge.provisioning.scim import without_case

#: How long a listing serves: before the first whole reconcile every new user asks.
_SERVES = timedelta(minutes=10)
#: Accounts a page: above this size Genesys Cloud may refuse the lookup of externalId (API definition).
_PAGE = 25
#: So many accounts are read: a hundred calls.
MAX_INACTIVE_SEARCHED = 2500


class InactiveAccounts:
    """Listed page by page and kept for a while; a page that fails is read again, those before it are not.

    Beyond the first 2,500 nobody is found: such an account stays inactive, and its user gets a new one.
    """

    def __init__(self, genesys: GenesysReader, clock: Clock) -> None:
        """Read from `genesys` when asked for the first time."""
        self._genesys = genesys
        self._clock = clock
        self._until: datetime | None = None
        self._start = 1
        self._ids: dict[str, list[str]] = {}
        self._named: dict[str, list[str]] = {}

    def ids(self, external_id: str, user_name: str = "") -> list[str]:
        """Genesys Cloud ids of the inactive accounts that bore this externalId, or this userName, when listed.

        Raises:
            Transient, Permanent: a page could not be read; asked again, the listing goes on there.
        """
        now = self._clock.now()
        if self._until is None or now >= self._until:
            self._until, self._start, self._ids, self._named = now + _SERVES, 1, {}, {}
        while 0 < self._start <= MAX_INACTIVE_SEARCHED:
            page = self._genesys.users_page(self._start, _PAGE, active=False)
            for user in page.users:
                self._ids.setdefault(user.external_id, []).append(user.id)
                self._named.setdefault(without_case(user.user_name), []).append(user.id)
            following = self._start + len(page.users)
            self._start = following if page.users and following <= page.total else 0
        named = self._named.get(without_case(user_name), []) if user_name else []
        return list(dict.fromkeys([*self._ids.get(external_id, []), *named]))
