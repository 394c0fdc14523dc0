"""Who is assigned to the Okta application, by reads of their own: `bridge.provisioning.storms` spares them."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256
from itertools import islice

from bridge.items import Hint
from bridge.provisioning.evidence import SINGLE_READS
from bridge.provisioning.ports import Clock, OktaReader
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import AppState
from bridge.provisioning.sync import Work
from bridge.provisioning.values import AppUser, Read

#: AppUser statuses that say clearly yes, and clearly no (AppUser.status of Okta's management API).
ASSIGNED_STATUSES = frozenset({"ACTIVE", "PROVISIONED", "IMPLICIT"})
UNASSIGNED_STATUSES = frozenset({"DEPROVISIONED", "INACTIVE", "UNASSIGNED", "REVOKED"})
#: A missing assignment counts only with the application seen ACTIVE at most this long ago.
APP_STATUS_SECONDS = 60
#: A missing assignment counts only with somebody else read as assigned after it; after this long where none was.
WITNESS_PAUSE = timedelta(seconds=60)
#: So many people are asked about, drawn from so many who are known as assigned: a few of them may just have left.
WITNESSES, WITNESSES_OF = 5, 200


class Assigned(Enum):
    """What Okta says of an assignment."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Assignment:
    """An assignment as read; `date` is Okta's ``Date`` of the answer, None where it is only remembered.

    `listed` where a whole listing does not show them, and nobody has read them alone.
    """

    assigned: Assigned
    app_user: AppUser | None
    date: datetime | None = None
    listed: bool = False

    def shows_end_since(self, seen: datetime) -> bool:
        """Whether this answer, newer than what was `seen`, shows the user's access ended: two reads that lag apart."""
        user = self.app_user.user if self.app_user is not None else None
        if user is None or self.date is None or self.date < seen:
            return False
        return user.status in {"DEPROVISIONED", "SUSPENDED"}


class Assignments:
    """Reads assignments and the application's status."""

    def __init__(self, okta: OktaReader, records: Store, clock: Clock) -> None:
        """Everything it needs, as ports."""
        self._okta = okta
        self._records = records
        self._clock = clock
        self._active_seen: datetime | None = None
        self._unwitnessed: datetime | None = None

    def read_alone(self, user_id: str) -> Assignment:
        """The user's assignment by a read of its own: the only one that can say that there is none."""
        single = self._okta.app_user(user_id)
        assignment = judge(single.value, single.date)
        if assignment.assigned is Assigned.YES:
            self._unwitnessed = None
        return assignment

    def all_unassigned(self, work: Work, people: AbstractSet[str]) -> bool:
        """Whether some of these, drawn by hash, are unassigned by their own reading.

        A listing that has lost them was approved otherwise. Each one's own sync reads once more before it ends access.
        """
        drawn = sorted(people, key=lambda okta_id: sha256(f"app {okta_id}".encode()).digest())[:SINGLE_READS]
        for okta_id in drawn:
            work.check_time()
            if self.read_alone(okta_id).assigned is not Assigned.NO:
                return False
        return True

    def witnessed(self, besides: str) -> bool:
        """Whether somebody else known as assigned still reads so: a role that was narrowed answers 404 for everybody.

        Asked anew each time, for a role may have been narrowed a moment ago; where nobody did, once a minute. True,
        too, where nobody else is known as assigned.
        """
        now = self._clock.now()
        if self._unwitnessed is not None and now - self._unwitnessed <= WITNESS_PAUSE:
            return False
        known = (link.okta_id for link in self._records.all_users() if link.assigned and link.active)
        others = list(islice((okta_id for okta_id in known if okta_id != besides), WITNESSES_OF))
        drawn = sorted(others, key=lambda okta_id: sha256(f"{besides} {okta_id}".encode()).digest())[:WITNESSES]
        seen = not drawn or any(self.read_alone(okta_id).assigned is Assigned.YES for okta_id in drawn)
        self._unwitnessed = None if seen else now
        return seen

    def app_is_active(self, app: AppState) -> bool:
        """Whether the application was seen ACTIVE within the last minute; reads it otherwise."""
        now = self._clock.now()
        if self._active_seen is not None and now - self._active_seen <= timedelta(seconds=APP_STATUS_SECONDS):
            return True
        return self.read_app(app).value == "ACTIVE"

    def read_app(self, app: AppState) -> Read[str]:
        """The application's status as Okta has it now; it is noted where the record of this sync has another."""
        asked = self._clock.now()
        read = self._okta.app()
        status = read.value or ""
        self._active_seen = asked if status == "ACTIVE" else None
        if app.status != status:
            self._records.note_app_status(status)
        return read


def judge(app_user: AppUser | None, date: datetime) -> Assignment:
    """What an answer about one user's assignment means; None stands for "no such assignment"."""
    if app_user is None or app_user.status in UNASSIGNED_STATUSES:
        return Assignment(Assigned.NO, None, date)
    if app_user.status in ASSIGNED_STATUSES:
        return Assignment(Assigned.YES, app_user, date)
    return Assignment(Assigned.UNCLEAR, app_user, date)


def may_be_worth_reading(hints: frozenset[Hint]) -> bool:
    """Whether `worth_reading` may say so; where not, the application's record need not be read for it."""
    return bool(hints & {Hint.ASSIGNMENT, Hint.ACCESS_ENDS})


def worth_reading(hints: frozenset[Hint], app: AppState) -> bool:
    """Whether events make a user without a link be read: most people of an organisation are not in Genesys Cloud."""
    may_lack_links = not app.bootstrapped or app.restored is not None
    return Hint.ASSIGNMENT in hints or (may_lack_links and Hint.ACCESS_ENDS in hints)
