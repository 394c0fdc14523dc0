"""What the bridge remembers, as plain values; `bridge.aws.store` keeps them.

Every record is an aid, never the truth: losing the whole table costs time, because matching rebuilds the links.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

#: Outcomes after which all is as it was.
_QUIET = frozenset({"unchanged", "refreshed", "skipped"})


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
        began: our time when the sync began that last wrote this record: bursts are gathered by it.
        ended: the sync number of the last sync that ended, and left no change under way that may land yet; None in
            records of earlier releases, and where there has been no link.
        synced: Okta's ``Date`` of the first read of the last successful sync.
        nonempty: Okta's ``Date`` of the last listing that showed members.
        settled: Okta's ``Date`` of the last listing that left nobody to remove.
        known: who was listed last and had an account, and who was not and may be a member still, as short hashes in one
            text; empty where they are too many.
        unmade: who was listed last and never had an account, likewise.
        sighted: when people were first seen to be absent whose removal waits for a second sight, else None.
        absent: who they were, as short hashes in one text.
        unlinking: when an answer first said that the link has ended, else None; a second one is needed.
        unlinking_why: the cause that it gave: another cause is a first answer again.
        unlinked: when the link ended, None while there is one or never was.
        blind: a digest of who was sent and not seen among the members afterwards, else empty.
        awaited: Okta id -> how often a new member has been tried again whom Genesys Cloud does not take yet.
        in_vain: how many syncs in a row have sent changes that met version conflicts, or were not applied.
        answered: event id -> when a hinted sync answered it, by our time, for the last quarter of an hour.
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
    began: datetime | None = None
    ended: int | None = None
    synced: datetime | None = None
    nonempty: datetime | None = None
    settled: datetime | None = None
    known: str = ""
    unmade: str = ""
    sighted: datetime | None = None
    absent: str = ""
    unlinking: datetime | None = None
    unlinking_why: str = ""
    unlinked: datetime | None = None
    blind: str = ""
    awaited: dict[str, int] = field(default_factory=dict)
    in_vain: int = 0
    answered: dict[str, datetime] = field(default_factory=dict)
    ceiling: int | None = None
    ceiling_percent: int | None = None
    why: str = ""

    @property
    def entity(self) -> str:
        """``group:<okta id>``."""
        return f"group:{self.okta_id}"


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
        parkings: one more with each record of what waits for a person.
        none_parked: how many those were when none was found; None while that is not known.
        paused_since: when an operator paused removals; None while nobody has, and in records of earlier releases.
        stopped_since: when an operator paused everything; likewise.
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
    paused_since: datetime | None = None
    parkings: int = 0
    none_parked: int | None = None

    @property
    def none_is_parked(self) -> bool:
        """Whether nothing at all waits for a person, so that no sync need look for what it has mended."""
        return self.none_parked == self.parkings

    stopped_since: datetime | None = None


@dataclass(frozen=True)
class AppListing:
    """A listing of the application's users: how far it has come, and what it shows.

    Attributes:
        number: the application's sync number when it began.
        began: when that was, before its first page.
        items: ids of the items that it answers; anyone who asked later is answered by the next one. Empty where it
            was begun to spare single reads.
        following: the link of its next page, a path and a query.
        places: where the ids of its pages are kept.
        version: one more with each write.
        epoch: the application's epoch when it began.
        dates: for each place Okta's ``Date`` of the first page there.
        pages: how many have been read.
        ended: whether it is whole.
        held_until: until when a process may be reading, None when none is.
    """

    number: int
    began: datetime
    items: tuple[str, ...] = ()
    following: str = ""
    places: tuple[str, ...] = ()
    version: int = 0
    epoch: int = -1
    dates: tuple[datetime, ...] = ()
    pages: int = 0
    ended: bool = False
    held_until: datetime | None = None


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
        hook: what the last check of Okta's event hook found (`bridge.catchup.hook_health`); empty when it is well, None
            before the first check that could tell.
    """

    link: str
    question: str
    at: datetime
    hook: str | None = None


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
class Refusal:
    """How an entity has been refused.

    Attributes:
        kind: the kind of call, such as ``genesys PATCH users``.
        since: the first refusal in a row.
        at: the last one.
        place: its place in the log, to tell what came later.
        alone: how many in a row were its own: others were granted such a call since the one before, or too few were
            refused to blame the service.
    """

    kind: str
    since: datetime
    at: datetime
    place: int
    alone: int


@dataclass(frozen=True)
class RefusalLog:
    """What Genesys Cloud has refused of late, and granted since.

    Attributes:
        place: counts the refusals and grants.
        of: entity -> its refusal.
        granted: kind of call -> the place of its last grant.
    """

    place: int = 0
    of: dict[str, Refusal] = field(default_factory=dict)
    granted: dict[str, int] = field(default_factory=dict)

    def stands(self, refusal: Refusal) -> bool:
        """Whether no such call was granted since."""
        return refusal.place > self.granted.get(refusal.kind, 0)

    def with_grant(self, kind: str) -> RefusalLog:
        """The log once a call of this kind was granted to somebody."""
        place = self.place + 1
        return replace(self, place=place, granted={**self.granted, kind: place})


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
        refusals: what the upstream refuses although it may be called.
        refused: the reason code with which our credentials were refused, until it may be called again: an outage that
            follows hides it, and does not mend it.
    """

    upstream: str
    open: bool = False
    why: str = ""
    since: datetime | None = None
    tried: datetime | None = None
    wait: int = 0
    version: int = 0
    refusals: RefusalLog = RefusalLog()
    refused: str = ""


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
        lost_roles: names of roles that the user had before access ended, and lacks since it is back.
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
    lost_roles: tuple[str, ...] = ()
    added: int = 0
    removed: int = 0
    held: int = 0

    @property
    def says_something(self) -> bool:
        """Whether anything was done, planned or tried: what left everything as it was stands in no log."""
        return self.outcome not in _QUIET or bool(self.changed or self.refused or self.held)
