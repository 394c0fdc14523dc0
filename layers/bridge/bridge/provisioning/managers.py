"""A manager by what Okta says: an Okta user id, login, e-mail or employee number becomes a Genesys Cloud user id.

Whom the bridge has linked is known by their Okta id, and by keyed hashes of their login, e-mail and employee number. A
manager who comes later brings a second sync of those who wait; circles are harmless, for each waits for an account and
not for the other's manager.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bridge.items import Item, Reason, make_item
from bridge.provisioning.fingerprints import Fingerprints
from bridge.provisioning.matching import OKTA_USER_ID
from bridge.provisioning.ports import Clock
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import Due
from bridge.provisioning.scim import MANAGER
from bridge.provisioning.user_records import UserLink, UserState
from bridge.provisioning.values import OktaUser

#: Why a due record of a manager stands: that the user whose id follows reports to them, and waits for their account.
REPORTS = "reports:"
#: Why a user is due whose manager nobody knows yet.
UNKNOWN = "manager"
#: A manager nobody knows yet is looked for after an hour, then after twice as long each time, so often.
FIRST_WAIT, TRIES = timedelta(hours=1), 5
#: So long it is kept in mind that somebody waits for a manager's account.
REPORTS_RETENTION = timedelta(days=365)
_PROFILE = ("login", "email", "employeeNumber")


class Managers:
    """Resolves managers, and remembers who waits for one."""

    def __init__(self, store: Store, fingerprints: Fingerprints, clock: Clock) -> None:
        """`fingerprints` key the hashes of logins, e-mails and employee numbers."""
        self._store = store
        self._fingerprints = fingerprints
        self._clock = clock

    def introduce(self, link: UserLink, user: OktaUser) -> UserLink:
        """Let the user be found as a manager by what the profile holds."""
        profile = user.document.get("profile")
        names = [profile.get(name) for name in _PROFILE] if isinstance(profile, Mapping) else []
        references = tuple(sorted({self._fingerprints.reference(str(name)) for name in names if name}))
        if references == link.references:
            return link
        self._store.note_references(references, link.okta_id)
        return replace(link, references=references)

    def resolved(self, link: UserLink, values: Mapping[str, Any], tries: int) -> tuple[dict[str, Any], bool]:
        """The values with the manager's Genesys Cloud id, or without a manager who has none; and whether that is so."""
        reference = values.get(MANAGER)
        if reference is None:
            return dict(values), False
        rest = {path: value for path, value in values.items() if path != MANAGER}
        okta_id, account = self._manager(str(reference))
        if not account and okta_id:
            until = self._clock.now() + REPORTS_RETENTION
            self._store.note_due(Due(f"user:{okta_id}", f"{REPORTS}{link.okta_id}", until))
            _, account = self._manager(okta_id)  # linked between the two: nobody else would bring this user again
        elif not account and tries < TRIES:
            self._store.note_due(
                Due(link.entity, UNKNOWN, self._clock.now() + FIRST_WAIT * 2**tries, tries + 1),
            )
        return ({**rest, MANAGER: account}, False) if account else (rest, True)

    def _manager(self, reference: str) -> tuple[str, str]:
        """The manager's Okta id and Genesys Cloud id, each empty where it is not known."""
        is_id = OKTA_USER_ID.fullmatch(reference) is not None
        okta_id = reference if is_id else self._store.referenced(self._fingerprints.reference(reference))
        link = self._store.user(okta_id) if okta_id else None
        return okta_id, link.genesys_id if link is not None and link.state is UserState.LINKED else ""

    def reports(self, link: UserLink) -> list[Item]:
        """An item for each user who has waited for this user's account; asked again, there is none."""
        items = []
        for due in self._store.dues(link.entity):
            if due.why.startswith(REPORTS):
                entity = f"user:{due.why.removeprefix(REPORTS)}"
                items.append(make_item(entity, Reason.FOLLOW_UP, f"{due.why}:{due.at.isoformat()}"))
                self._store.settle_due(due.entity, due.why)
        return items
