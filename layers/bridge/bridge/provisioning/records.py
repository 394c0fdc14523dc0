"""What the bridge remembers, as plain values; `bridge.aws.store` keeps them.

Every record is an aid, never the truth: losing the whole table costs time, because matching rebuilds the links.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bridge.items import Hint

#: What these say is seen only by a sync that reads the assignment.
OF_ASSIGNMENT = frozenset({Hint.ASSIGNMENT, Hint.ACTIVATION})
#: For how long a write without an answer may still land: much longer than the function that sent it may run.
UNDER_WAY = timedelta(minutes=20)


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
        assigned: whether the user was assigned to the application when last read; None when unknown.
        epoch: the application's epoch when `assigned` was read.
        synced: Okta's ``Date`` of the first read of the last successful sync.
        assignment_read: Okta's ``Date`` as of which the assignment was last read, or last proved of no matter.
        groups_due: whether the linked groups of the user must still be synced.
        unassigned_due: a deactivation for a missing assignment waits (``app-not-active``, ``deactivation-ceiling``),
            or is not wanted (``excepted``); else empty.
        waiting: the conflict that waits for the search index, another user or a person, else None.
        pending: writes whose end is not known.
        refused: SCIM path -> the value that Genesys Cloud does not take; never ``active``.
        references: keyed hashes by which the user is found as a manager.
        gone_id: id of the account that a user in state ``gone`` had; it may have been out of sight alone.
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
    created: datetime | None = None

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

    def begun(self, write: Pending) -> tuple[Pending, ...]:
        """What is pending once `write` leaves too; of two alike the later one lasts longer."""
        others = [other for other in self.pending if (other.kind, other.paths) != (write.kind, write.paths)]
        return (*others, write)

    def landed(self, now: datetime) -> tuple[Pending, ...]:
        """What is pending still once the account was read: the other writes landed before that, if ever.

        Whether it is active is known then: what writes that does not land later, for the version has moved.
        """
        return tuple(
            replace(pending, paths=tuple(path for path in pending.paths if path != "active"))
            for pending in self.pending
            if now - pending.since < UNDER_WAY
        )

    def seen(self, hints: frozenset[Hint]) -> datetime | None:
        """Up to when, on Okta's clock, syncs have seen what events with such hints say; None when not at all.

        Most syncs remember the assignment and do not read it, so what concerns it has a time of its own.
        """
        if not hints & OF_ASSIGNMENT:
            return self.synced
        if self.synced is None or self.assignment_read is None:
            return None
        return min(self.synced, self.assignment_read)


class GroupState(StrEnum):
    """Where a group's link stands."""

    NONE = ""
    LINKED = "linked"
    UNLINKED = "unlinked"


@dataclass(frozen=True)
class GroupLink:
    """The bridge's record of one Okta group.

    Attributes:
        okta_id: the Okta group id.
        sync_number: the fence, as for users; also the generation that follow-up items name.
        state: see `GroupState`.
        genesys_id: id of the linked Genesys Cloud group.
        linked_by: ``assigned``, ``name <pattern>`` or ``operator``: which rule keeps the link.
        first_sync_ended: whether a whole sync of this link has ended; until then every removal is held.
        synced: Okta's ``Date`` of the first read of the last successful sync.
        nonempty: Okta's ``Date`` of the last listing that showed members.
        settled: Okta's ``Date`` of the last listing that left nobody to remove.
        known: who was listed and had an account then, as short hashes in one text; empty when they are too many.
        sighted: when people were first seen to be absent whose removal waits for a second sight, else None.
        absent: who they were, as short hashes in one text.
        unlinking: when an answer first said that the link has ended, else None; a second one is needed.
        unlinking_why: the cause that it gave: another cause is a first answer again.
        unlinked: when the link ended, None while there is one or never was.
        blind: a digest of who was sent and not seen among the members afterwards, else empty.
        awaited: Okta id -> how often a new member has been tried again whom Genesys Cloud does not take yet.
        in_vain: how many syncs in a row have sent changes that met version conflicts, or were not applied.
        ceiling: an operator's count for this group in place of the setting, None without one.
        ceiling_percent: an operator's percentage for this group, None without one.
        why: why the group is not linked (``no-match``, ``ambiguous``, ``taken``, ``unassigned``), else empty.
    """

    okta_id: str
    sync_number: int = 0
    state: GroupState = GroupState.NONE
    genesys_id: str = ""
    linked_by: str = ""
    first_sync_ended: bool = False
    synced: datetime | None = None
    nonempty: datetime | None = None
    settled: datetime | None = None
    known: str = ""
    sighted: datetime | None = None
    absent: str = ""
    unlinking: datetime | None = None
    unlinking_why: str = ""
    unlinked: datetime | None = None
    blind: str = ""
    awaited: dict[str, int] = field(default_factory=dict)
    in_vain: int = 0
    ceiling: int | None = None
    ceiling_percent: int | None = None
    why: str = ""

    @property
    def entity(self) -> str:
        """``group:<okta id>``."""
        return f"group:{self.okta_id}"


class HoldState(StrEnum):
    """The life of a hold; `opening` already blocks."""

    OPENING = "opening"
    OPEN = "open"
    APPROVED = "approved"
    DONE = "done"
    REJECTED = "rejected"
    RESOLVED = "resolved"
    UNLINKED = "unlinked"


@dataclass(frozen=True)
class Hold:
    """The header of a group's hold; the staged users are records of their own.

    Attributes:
        entity: the group.
        number: 1 for the entity's first hold, then one more each.
        state: see `HoldState`.
        revision: one more with each change of the staged users.
        reason: why removals are held: ``ceiling``, ``first-link``, ``suspicious-empty``, ``group-deleted``.
        staged: how many users are staged.
        events: the first 20 event ids behind it.
        opened: when it was opened.
        changed: when it last changed.
        explanation: counts for people: W, c, B and the limits. No names.
        decided: the revision that was decided about, 0 without a decision; who is staged later is not meant.
        by: the ARN of who decided, as AWS confirmed it; empty while nobody did.
        why: what the decider gave as reason, such as a ticket.
        told: the state that was last told to people, so that a message that could not be sent is sent later.
    """

    entity: str
    number: int
    state: HoldState
    revision: int
    reason: str
    staged: int
    events: tuple[str, ...]
    opened: datetime
    changed: datetime
    explanation: str = ""
    decided: int = 0
    by: str = ""
    why: str = ""
    told: str = ""


class Verdict(StrEnum):
    """What a person decided about a hold."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True)
class Decision:
    """A person's decision on one hold; the next sync of the entity carries it out.

    Attributes:
        entity: the hold's entity.
        number: the hold's number.
        revision: the revision that the person saw: who was staged later is not meant.
        verdict: approve or reject.
        by: the ARN of the person, as AWS confirmed it.
        why: what the person gave as reason, such as a ticket; no names.
        at: when.
    """

    entity: str
    number: int
    revision: int
    verdict: Verdict
    by: str
    why: str
    at: datetime


class RemovalState(StrEnum):
    """Where one user's removal stands."""

    RESERVED = "reserved"  #: counted, and may be carried out
    DONE = "done"  #: counted, and carried out
    APPROVED = "approved"  #: a person's decision: may be carried out and is not counted


@dataclass(frozen=True)
class Removal:
    """One user's removal from a group, or deactivation (entity ``app``)."""

    state: RemovalState
    at: datetime


@dataclass(frozen=True)
class AppState:
    """What is known of the Okta application, and what operators set for the whole bridge.

    Attributes:
        epoch: one more with each event about the application or its groups; older assignments are unknown.
        sync_number: one more with each sync of the application: the generation that follow-up items name.
        synced: Okta's ``Date`` of the last successful sync.
        bootstrapped: whether the first whole reconcile has ended.
        status: the application's status last read, empty when never read.
        removals_paused: whether every removal, and every deactivation for a missing assignment, is held: by an
            operator, or because of `restored`.
        reconciled: the mode of the last whole reconcile, empty before the first.
        organisation: client id and host of Genesys Cloud, as last confirmed; empty before the first time.
        judging_due: whether a sync that had to judge the whole change found the application switched off.
        restored: when the records came back from a backup; None once what has changed since is known to be read.
    """

    epoch: int = 0
    sync_number: int = 0
    synced: datetime | None = None
    bootstrapped: bool = False
    status: str = ""
    removals_paused: bool = False
    reconciled: str = ""
    organisation: str = ""
    judging_due: bool = False
    restored: datetime | None = None


@dataclass(frozen=True)
class AppListing:
    """A listing of the application's users that takes longer than one run: how far it has come.

    Attributes:
        number: the sync number of the sync that began it.
        began: when that was, before its first page.
        items: ids of the items that it answers; anyone who asked later is answered by the next one.
        following: the link of its next page, a path and a query.
        places: where the ids of its pages are kept.
        version: one more with each write.
    """

    number: int
    began: datetime
    items: tuple[str, ...] = ()
    following: str = ""
    places: tuple[str, ...] = ()
    version: int = 0


@dataclass(frozen=True)
class Due:
    """What must be synced again at a time of its own, whatever events come: one for each entity and cause.

    Attributes:
        entity: whom to sync.
        why: a code, such as ``second-sight`` or ``unlink``.
        at: when its item goes into its queue.
        tries: how often it has been tried before; the item carries it.
    """

    entity: str
    why: str
    at: datetime
    tries: int = 0


@dataclass(frozen=True)
class LogCursor:
    """How far catch-up has read Okta's System Log.

    Attributes:
        link: the ``next`` link of the last page, empty before the first.
        question: what was asked for; a link is of no use for another question.
        at: everything inserted before this, on Okta's clock, has been read; at first, the time of the first run.
    """

    link: str
    question: str
    at: datetime


@dataclass(frozen=True)
class ParkedItem:
    """What waits for a person: one record for each person and cause, see `bridge.provisioning.parking`.

    Attributes:
        entity: the user, group or application that could not be synced.
        item_id: the id of the item that met it last; ``member:<id>`` for a single member of a group.
        body: the item as it was in its queue (ids only).
        reason: the code that parked it.
        detail: ids or attribute names.
        parked: when it was last met.
        reference: the other side's id of the failed call.
        since: when it was first met; None in records of earlier releases, and for the first time.
        discarded: when a person discarded it, None while it waits for one.
        ticket: the reason that person gave; no names.
    """

    entity: str
    item_id: str
    body: str
    reason: str
    detail: str
    parked: datetime
    reference: str = ""
    since: datetime | None = None
    discarded: datetime | None = None
    ticket: str = ""

    @property
    def cause(self) -> str:
        """The reason, and the member that it is about: one record for each of an entity's causes."""
        return f"{self.reason}#{self.item_id}" if self.item_id.startswith("member:") else self.reason

    @property
    def open(self) -> bool:
        """Whether it waits for a person."""
        return self.discarded is None


@dataclass(frozen=True)
class Breaker:
    """Whether an upstream may be called, for everybody.

    Attributes:
        upstream: ``okta`` or ``genesys``.
        open: whether it may not be.
        why: the reason code of the last failure.
        since: when it opened or closed last, None when never.
        tried: when it opened or a probe began last.
        wait: seconds from then to the next probe; kept when it closes, for one that flaps.
        version: how often the record was written.
    """

    upstream: str
    open: bool = False
    why: str = ""
    since: datetime | None = None
    tried: datetime | None = None
    wait: int = 0
    version: int = 0


@dataclass(frozen=True)
class JournalEntry:
    """What one sync read, changed and called, and why (promise P11). Ids and attribute names only.

    Attributes:
        entity: what was synced.
        at: when the sync ended.
        items: ids of the items it answered.
        reason: their reasons, joined by ``,``.
        events: the first 20 event ids.
        outcome: ``unchanged``, ``created``, ``updated``, ``activated``, ``deactivated``, ``adopted``, ``recreated``,
            ``members-changed``, ``held``, ``skipped``, ``observed``, ``parked``, ``failed``, ...
        why: a reason code, empty when the outcome says all.
        read: what was read, such as ``{"status": "ACTIVE", "assigned": "yes"}``.
        changed: names of the SCIM paths that changed.
        calls: the calls made, such as ``PATCH users/<id> 200``.
        unmapped: names of attributes whose values could not be mapped.
        refused: names of attributes that Genesys Cloud refused, or did not hold as they were written.
        added: number of members added.
        removed: number of members removed.
        held: number of members staged in a hold.
    """

    entity: str
    at: datetime
    outcome: str
    items: tuple[str, ...] = ()
    reason: str = ""
    events: tuple[str, ...] = ()
    why: str = ""
    read: dict[str, str] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    added: int = 0
    removed: int = 0
    held: int = 0
