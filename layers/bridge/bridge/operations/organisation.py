"""An operator's decision that the credentials are those of the right Genesys Cloud organisation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bridge.operations import bridge_answers
from bridge.provisioning.organisation import UPSTREAM
from bridge.provisioning.ports import Clock
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import JournalEntry


class OrganisationService:
    """Confirms an organisation that shows no account that the bridge knows."""

    def __init__(self, store: Store, clock: Clock, named: Callable[[], str]) -> None:
        """`named` gives client id and host as the secret and the settings have them now."""
        self._store = store
        self._clock = clock
        self._named = named

    def confirm(self) -> bridge_answers.OrganisationConfirmed:
        """Answers ``confirm``: syncs go on at once, and accounts that are not there are created."""
        before, now = self._store.app().organisation, self._named()
        self._store.confirm_organisation(now)
        breaker, at = self._store.breaker(UPSTREAM), self._clock.now()
        if breaker.open:
            self._store.save_breaker(replace(breaker, open=False, since=at))
        self._store.write(
            JournalEntry("app", at, "confirmed", reason="operator", why="organisation", read={"is": now, "was": before})
        )
        return bridge_answers.OrganisationConfirmed(confirmed=now, before=before or None)
