"""Roles that nobody is going to give back: a person says so, and they are missed no longer."""

from __future__ import annotations

from dataclasses import replace

from bridge.errors import FenceMoved, Transient
from bridge.items import Reason
from bridge.operations.answers import Refused
from bridge.operations.match_answers import RolesDiscarded
from bridge.operations.match_requests import RolesDiscard
from bridge.provisioning.ports import Clock
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import JournalEntry
from bridge.provisioning.sync import FENCE_ATTEMPTS


class LostRolesService:
    """Changes what the record of one user remembers, and calls nobody."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """`store` has the links and the journal."""
        self._store = store
        self._clock = clock

    def discard(self, asked: RolesDiscard) -> RolesDiscarded:
        """Answers ``roles.discard``; a role that comes and goes again later is missed again.

        Raises:
            Refused: no role of the user is missing.
            Transient: syncs of the user have kept the record moving.
        """
        okta_id = asked.entity.removeprefix("user:")
        known = self._store.user(okta_id)
        if known is None or not known.lost_roles:
            raise Refused("not-found", f"no role of {asked.entity} is missing", field="entity")
        if not asked.apply:
            return RolesDiscarded(entity=asked.entity, applied=False, roles=list(known.lost_roles))
        for _ in range(FENCE_ATTEMPTS):
            link = self._store.begin_user_sync(okta_id)
            lost = link.lost_roles
            kept = tuple(name for name in link.roles if name not in lost)
            try:
                self._store.save_user(replace(link, roles=kept, lost_roles=()))
            except FenceMoved:
                continue
            self._store.write(
                JournalEntry(
                    asked.entity,
                    self._clock.now(),
                    "discarded",
                    reason=Reason.OPERATOR.value,
                    why="roles-lost",
                    read={"ticket": asked.why},
                    lost_roles=lost,
                )
            )
            return RolesDiscarded(entity=asked.entity, applied=True, roles=list(lost))
        raise Transient("fence-moved", upstream="store")
