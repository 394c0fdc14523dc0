"""A run of the reconcile: where it stands, what it found, and the port that keeps it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bridge.errors import BridgeError
from bridge.provisioning.ports import QueueSender
from bridge.provisioning.record_ports import Store
from bridge.provisioning.writes import writes

#: So many ids of each finding are named; the count is whole.
NAMED = 100


class RunTaken(BridgeError):
    """Another process has written the run since it was read: it goes on there, or has ended."""


class Implausible(BridgeError):
    """What was read cannot be the whole truth; the run ends here, and nothing is concluded from what is missing.

    Args:
        reason: short code, such as ``okta-listing-shrunk``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotYet(BridgeError):
    """The run goes on in a later invocation.

    Args:
        why: ``time``, or ``queues-not-empty``: that is no failure, however long it lasts.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Phase(StrEnum):
    """What a run does, in this order."""

    MEASURING = "measuring"  #: how much there is to read
    LISTING = "listing"  #: before the first whole reconcile: Genesys Cloud's active users, who may be somebody's
    LISTING_INACTIVE = "listing-inactive"  #: its inactive users likewise
    ASSIGNED = "assigned"  #: Okta's assigned users against the links, and the links against Okta's assigned users
    MATCHING = "matching"  #: the first whole reconcile waits until the users' queues are empty
    ACTIVE = "active"  #: Genesys Cloud's active users against the links
    INACTIVE = "inactive"  #: its inactive users likewise
    GONE = "gone"  #: the links against Genesys Cloud's users
    SETTLING = "settling"  #: the first whole reconcile waits once more
    GROUPS = "groups"  #: members of the linked groups, and groups that may be linked
    CLOSING = "closing"  #: what only the end of a whole run may write
    ENDED = "ended"


class Finding(StrEnum):
    """What a run can find; the ids are Okta's unless it is said otherwise."""

    DIFFERS = "differs"  #: an assigned user whose link is not what Okta says
    NOT_ASSIGNED = "not-assigned"  #: a linked user, active in Genesys Cloud, whom Okta no longer lists as assigned
    DRIFTED = "drifted"  #: a user whose attributes in Genesys Cloud are not what the bridge wrote
    STATE_DRIFTED = "state-drifted"  #: a user who is inactive there although active by the link
    LEFT_BEHIND = "left-behind"  #: a user who is active there although access has ended (Genesys Cloud ids)
    UNKNOWN = "unknown"  #: a Genesys Cloud user whom Okta does not know, such as one made by hand (its ids)
    GONE = "gone"  #: a link to a user whom Genesys Cloud no longer has
    BACK = "back"  #: a user who was taken for gone and whom Genesys Cloud shows again
    EXCEPTED = "excepted"  #: who keeps access that Okta has ended, because a person rejected a hold
    MEMBERS_DIFFER = "members-differ"  #: a linked group whose members are not those of the Okta group
    GROUP_RENAMED = "group-renamed"  #: a linked group with another name in Genesys Cloud
    GROUP_NOT_LINKED = "group-not-linked"  #: a group in scope without a Genesys Cloud group of its own


@dataclass(frozen=True)
class Step:
    """Where a run has come to: what it writes down before it goes on; see `Run`."""

    phase: Phase
    place: str = ""
    done: int = 0
    of: int = 0
    totals: Mapping[str, int] = field(default_factory=dict)
    active_links: int | None = None


@dataclass(frozen=True)
class Run:
    """One whole comparison. Ids and counts only.

    Attributes:
        number: 1 for the first run, then one more each; the deduplication key of its items.
        mode: the mode it began in.
        started: when.
        version: one more with each write; a writer that read another version has lost its lease.
        phase: see `Phase`.
        place: where the phase goes on: an index of Genesys Cloud's listing, or the last group done.
        lease_until: until when the invocation that works on it may still run.
        ended: when it ended, well or not.
        failed: why it ended without being whole, empty otherwise.
        waiting: why the last invocation stopped.
        idle: invocations in a row that came no further.
        tries: 1, and one more for each run that failed directly before this one.
        active_links: links to users that are active in Genesys Cloud, as counted when the listing ended.
        totals: what Genesys Cloud said it has: ``active``, ``inactive``.
        done: how much of the present phase is done.
        of: how much there is in it, 0 when that is not known.
        seconds_left: about how long the whole run still takes.
        items: how many items it has sent.
        counts: finding -> how many.
        ids: finding -> the first hundred ids.
    """

    number: int
    mode: str
    started: datetime
    version: int = 0
    phase: Phase = Phase.MEASURING
    place: str = ""
    lease_until: datetime | None = None
    ended: datetime | None = None
    failed: str = ""
    waiting: str = ""
    idle: int = 0
    tries: int = 1
    active_links: int = 0
    totals: Mapping[str, int] = field(default_factory=dict)
    done: int = 0
    of: int = 0
    seconds_left: int = 0
    items: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def unfinished(self) -> bool:
        """Whether it is still to go on."""
        return self.ended is None

    def at(self, step: Step) -> Run:
        """The same run a step further."""
        return replace(
            self,
            phase=step.phase,
            place=step.place,
            done=step.done,
            of=step.of,
            totals={**self.totals, **step.totals},
            active_links=self.active_links if step.active_links is None else step.active_links,
        )

    def found(self, findings: Iterable[tuple[Finding, str]], items: int) -> Run:
        """The same run with more findings and items."""
        counts, ids = Counter(self.counts), dict(self.ids)
        for finding, okta_id in findings:
            counts[finding.value] += 1
            named = ids.get(finding.value, ())
            if len(named) < NAMED:
                ids[finding.value] = (*named, okta_id)
        return replace(self, counts=dict(counts), ids=ids, items=self.items + items)


class Queues(QueueSender, Protocol):
    """The queues, which can also tell whether they have been worked off."""

    def waiting(self) -> int:
        """How many messages the leavers' and the users' queue have, in hand or for later."""
        ...


class Runs(Protocol):
    """Keeps the newest run, and which Genesys Cloud users it has seen."""

    def run(self) -> Run | None:
        """The newest run, strongly consistent."""
        ...

    @writes
    def save_run(self, run: Run) -> Run:
        """Write the run if the stored one, of whatever number, has its version; the run as it is then, one further.

        Raises:
            RunTaken: somebody else has written it.
        """
        ...

    def add_seen_accounts(self, number: int, place: str, seen: bytes, at: datetime) -> None:
        """Keep what a run has seen from a place on; the same place again overwrites it. `at` is the present moment.

        At most 300 KB.
        """
        ...

    def seen_accounts(self, number: int) -> Iterator[bytes]:
        """All that a run has seen, in any order."""
        ...

    def drop_seen_accounts(self, number: int) -> None:
        """Forget it."""
        ...


class Memory(Store, Runs, Protocol):
    """Everything the bridge remembers, runs too."""
