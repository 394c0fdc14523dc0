"""What the bridge remembers of a user: the link to an account, and what is unfinished or refused there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bridge.items import Hint

#: What these say is seen only by a sync that reads the assignment.
OF_ASSIGNMENT = frozenset({Hint.ASSIGNMENT, Hint.ACTIVATION})
#: For how long a write without an answer may still land: much longer than the function that sent it may run.
UNDER_WAY = timedelta(minutes=20)
#: Why a sync is due (`bridge.provisioning.records.Due`) when a write without an answer can land no more.
LATE_WHY = "late-change"


class UserState(StrEnum):
    """Where a user's link stands."""

    NONE = ""  #: only a sync number: no link
    WANTED = "wanted"  #: assigned in Okta, not created in Genesys Cloud
    STAGED = "staged"  #: assigned, but STAGED in Okta
    LINKED = "linked"  #: bound to one Genesys Cloud user
    GONE = "gone"  #: the Genesys Cloud user is gone, or moved to another Okta user


class Origin(StrEnum):
    """How a Genesys Cloud user came under its Okta user."""

    NONE = ""
    CREATED = "created"
    ADOPTED = "adopted"


class PendingKind(StrEnum):
    """What kind of write has had no answer yet."""

    CREATE = "create"  #: a POST, or an account taken over from somebody else and not compared yet
    CHANGE = "change"  #: a PATCH


@dataclass(frozen=True)
class Pending:
    """A write that may still land, or whose end no sync has recorded.

    Its answer ends it, or a sync that reads the account `UNDER_WAY` after it was sent.

    Attributes:
        kind: see `PendingKind`.
        since: when it was about to leave.
        paths: the SCIM paths in it; what it writes there is the bridge's.
    """

    kind: PendingKind
    since: datetime
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Waiting:
    """What a user waits for.

    Attributes:
        why: the reason code, such as ``user-name-taken``.
        since: since when.
    """

    why: str
    since: datetime


@dataclass(frozen=True)
class Refused:
    """A value that Genesys Cloud refused, or accepted and does not hold.

    Attributes:
        fingerprint: keyed hash of the value that was wanted.
        at: when it was last tried.
    """

    fingerprint: str
    at: datetime


@dataclass(frozen=True)
class UserLink:
    """The bridge's record of one Okta user.

    Attributes:
        okta_id: the Okta user id.
        sync_number: the fence: one more with each sync; every write is conditional on it.
        state: see `UserState`.
        genesys_id: id of the Genesys Cloud user, empty when there is none.
        active: whether the Genesys Cloud user was last seen or left active, None without one; see `known_active`.
        origin: created by the bridge or adopted by it.
        hashes: SCIM path -> keyed hash of the value last written.
        status: the Okta status last seen (``DELETED`` for a believed 404).
        assigned: whether the user was assigned to the application when last read; None when unknown, and while nothing
            explains a missing assignment.
        epoch: the application's epoch when `assigned` was read.
        synced: Okta's ``Date`` of the first read of the last successful sync.
        assignment_read: Okta's ``Date`` as of which the assignment was last read, or last proved of no matter.
        groups_due: whether the linked groups of the user must still be synced.
        unassigned_due: a deactivation for a missing assignment waits (``unassignment-unexplained`` and
            ``unassignment-doubted`` where no event tells of its end; otherwise ``app-not-active``,
            ``deactivation-ceiling``), or is not wanted (``excepted``); else empty.
        waiting: the conflict that waits for the search index, another user or a person, else None.
        pending: writes whose end is not known.
        refused: SCIM path -> the value that Genesys Cloud does not take; never ``active``.
        references: keyed hashes by which the user is found as a manager.
        gone_id: id of the account that a user in state ``gone`` had; it may have been out of sight alone.
        roles: names of the account's roles as it last showed them while it was active.
        lost_roles: those of them that are missing since the user came back.
        version: the account's version that was last seen active and with this user's id, empty when that is not known.
        created: when the bridge made the account, None where it did not, or where that is long ago.
    """

    okta_id: str
    sync_number: int = 0
    state: UserState = UserState.NONE
    genesys_id: str = ""
    active: bool | None = None
    origin: Origin = Origin.NONE
    hashes: dict[str, str] = field(default_factory=dict)
    status: str = ""
    assigned: bool | None = None
    epoch: int | None = None
    synced: datetime | None = None
    assignment_read: datetime | None = None
    groups_due: bool = False
    unassigned_due: str = ""
    waiting: Waiting | None = None
    pending: tuple[Pending, ...] = ()
    refused: dict[str, Refused] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    gone_id: str = ""
    version: str = ""
    created: datetime | None = None
    roles: tuple[str, ...] = ()
    lost_roles: tuple[str, ...] = ()

    @property
    def entity(self) -> str:
        """``user:<okta id>``."""
        return f"user:{self.okta_id}"

    @property
    def is_link(self) -> bool:
        """Whether the record is more than a sync number."""
        return self.state is not UserState.NONE

    @property
    def known_active(self) -> bool | None:
        """Whether the Genesys Cloud user is active; None without one, or while a write of that may still land."""
        unsure = any("active" in pending.paths for pending in self.pending)
        return None if unsure or not self.genesys_id else self.active

    @property
    def posted(self) -> datetime | None:
        """When the last POST left whose account is not known, None when there is none."""
        if self.genesys_id:
            return None
        return max((pending.since for pending in self.pending if pending.kind is PendingKind.CREATE), default=None)

    @property
    def written(self) -> frozenset[str]:
        """The paths at which the account may hold a value of the bridge's."""
        pending = (path for write in self.pending for path in write.paths)
        return frozenset({*self.hashes, *pending}) - {"active"}

    @property
    def knows_what_was_written(self) -> bool:
        """Whether the account need not be read to tell what the bridge has written there."""
        return bool(self.hashes) and not self.pending

    @property
    def ever_linked(self) -> bool:
        """Whether a Genesys Cloud user exists or existed for this user."""
        return bool(self.genesys_id) or self.state is UserState.GONE

    def remembered(self) -> UserLink:
        """One who may be assigned: anyone who has no link yet gets one, so that later events are read."""
        return self if self.is_link else replace(self, state=UserState.WANTED)

    def unlinked(self) -> UserLink:
        """Not assigned and never linked: the record is no link any more."""
        return replace(self, state=UserState.NONE, unassigned_due="", waiting=None)

    def begun(self, write: Pending) -> tuple[Pending, ...]:
        """What is pending once `write` leaves too; of two alike the later one lasts longer."""
        others = [other for other in self.pending if (other.kind, other.paths) != (write.kind, write.paths)]
        return (*others, write)

    def landed(self, now: datetime) -> tuple[Pending, ...]:
        """What is pending still once the account was read: the other writes landed before that, if ever.

        Whether it is active is known then, for now: what may still land has a sync of its own that is due.
        """
        return tuple(
            replace(pending, paths=tuple(path for path in pending.paths if path != "active"))
            for pending in self.pending
            if now - pending.since < UNDER_WAY
        )

    def seen(self, hints: frozenset[Hint]) -> datetime | None:
        """Up to when, on Okta's clock, syncs have seen what events with such hints say; None when not at all.

        Most syncs remember the assignment and do not read it, so what concerns it has a time of its own. While a
        write is under way nothing counts as seen: what was read for it is on record, and may not have come about.
        """
        if self.pending:
            return None
        if not hints & OF_ASSIGNMENT:
            return self.synced
        if self.synced is None or self.assignment_read is None:
            return None
        return min(self.synced, self.assignment_read)
