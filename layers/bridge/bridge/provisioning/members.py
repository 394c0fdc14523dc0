"""Sending members to a Genesys Cloud group in PATCHes of a limited size, past single members that are refused.

A removal carries ``If-Match``, so that one that lands late finds another version once anybody has been added again.
What may land although nobody has heard of it, `may_land` tells.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from bridge.errors import BreakerOpen, Permanent, ResourceNotFound, Transient, VersionConflict
from bridge.provisioning.ports import Clock, GenesysScim
from bridge.provisioning.records import ParkedItem
from bridge.provisioning.sync import Report, Work
from bridge.provisioning.values import ScimGroup

#: How many calls beyond the planned ones the search for refused members may cost in one sync: PATCHes, and one read.
EXTRA_CALLS = 12
#: How often one PATCH is sent against versions that move; each time the group is read again.
VERSION_TRIES = 3
#: So many syncs in a row may send changes in vain before the members are parked: about a quarter of an hour.
VAIN_SYNCS = 8
#: Why a sync sent changes in vain: the version moved each time, or the answers show that nothing was done.
CONFLICT, NOT_APPLIED = "genesys-version-conflict", "genesys-not-applied"
_REFUSED = range(400, 500)

_Refusal = Permanent | ResourceNotFound | VersionConflict
#: A part that went through, and the group in the answer, None when the answer has no members.
_Sent = tuple[Sequence[str], frozenset[str] | None]


class MemberChanges:
    """The member PATCHes of one sync of one group. Deltas only, never a member list."""

    def __init__(
        self,
        genesys: GenesysScim,
        clock: Clock,
        work: Work,
        group: ScimGroup,
        per_request: int,
        report: Report,
        *,
        vain: int,
        observes: bool = False,
    ) -> None:
        """Of the `group` as it was read.

        Args:
            genesys: takes the changes.
            clock: our time.
            work: the sync.
            group: its id and version.
            per_request: the size of a PATCH.
            report: counts what was added and removed, and collects refused members for parking.
            vain: how many syncs before this one have sent changes in vain.
            observes: whether nothing is sent, only accounted for.
        """
        self._genesys = genesys
        self._clock = clock
        self._work = work
        self._group_id = group.id
        self._version = group.version
        self._versioned = bool(group.version)
        self._per_request = per_request
        self._report = report
        self._observes = observes
        self._patient = vain + 1 < VAIN_SYNCS
        self._extra = EXTRA_CALLS - 1
        self._present: frozenset[str] | None = None
        #: Removed members whom an answer still showed.
        self.kept: list[str] = []
        #: Members whose addition was refused, part by part, and the status, empty where there is none.
        self.refused: list[tuple[Sequence[str], str]] = []
        #: Members whose addition was a version conflict each time: none of it was done.
        self.conflicting: list[str] = []
        #: Added members whom the answer did not show.
        self.unseen: list[str] = []
        #: The members as the last answer to an addition showed them, None where none did.
        self.shown: frozenset[str] | None = None

    def add(self, members: Sequence[str]) -> None:
        """Add members; one that is there already is a success. Who is refused or not seen is the caller's to park."""
        for part, answer in self._send(members, adds=True):
            self.shown = self.shown if answer is None else answer
            missing = [member for member in part if answer is not None and member not in answer]
            self.unseen += missing
            self._report.added += len(part) - len(missing)

    def add_plainly(self, members: Sequence[str]) -> bool:
        """Add members without a search for one who is refused; whether all of them may be taken for members now."""
        for at in range(0, len(members), self._per_request):
            part = members[at : at + self._per_request]
            self._work.check_time()
            try:
                shown = self._patch(part, adds=True).members
            except (Permanent, ResourceNotFound, VersionConflict):
                return False
            if shown is not None and not shown.issuperset(part):
                return False
            self._report.added += len(part)
        return True

    def remove(self, members: Sequence[str]) -> Iterator[list[str]]:
        """Remove members, giving those of each call once it has ended; one that is absent already is a success.

        Nothing has ended where the bridge observes.
        """
        if self._observes:
            self._would("remove", len(members))
            self._report.removed += len(members)
            return
        for part, answer in self._send(members, adds=False):
            gone = [member for member in part if answer is None or member not in answer]
            self.kept += [member for member in part if member not in gone]
            self._report.removed += len(gone)
            yield gone

    @property
    def applied(self) -> bool:
        """Whether no answer has shown a removed member still there."""
        return not self.kept

    def would_add(self, members: int) -> None:
        """Account for additions that observe mode keeps back."""
        self._report.added = members
        self._would("add", members)

    def _would(self, verb: str, members: int) -> None:
        for at in range(0, members, self._per_request):
            count = min(self._per_request, members - at)
            self._report.planned_calls.append(f"PATCH groups/{self._group_id} {verb} {count} members")

    def require_applied(self) -> None:
        """Raise Transient when an answer still showed a removed member; after many syncs they are parked instead."""
        if self.kept and self._patient:
            raise Transient(NOT_APPLIED, upstream="genesys")

    def park_kept(self) -> None:
        """Park the members whom Genesys Cloud says to have removed and goes on showing, once that is certain."""
        if not self._patient:
            for member in self.kept:
                self.park([member], "member-not-removed")

    # ------------------------------------------------------------------------------------- sending

    def _patch(self, part: Sequence[str], *, adds: bool) -> ScimGroup:
        if adds:
            return self._genesys.add_members(self._group_id, part)
        return self._genesys.remove_members(self._group_id, part, if_match=self._version)

    def _send(self, members: Sequence[str], *, adds: bool) -> Iterator[_Sent]:
        for at in range(0, len(members), self._per_request):
            yield from self._send_part(members[at : at + self._per_request], adds=adds)

    def _send_part(
        self, part: Sequence[str], *, adds: bool, refusal: _Refusal | None = None
    ) -> Generator[_Sent, None, bool]:
        """Send a part, or halve one that is refused until the culprit is alone; whether it went through whole.

        With `refusal` the part is not sent whole: it was refused together with another half that then went through.
        """
        if refusal is None:
            self._work.check_time()
            try:
                answer = self._once(part, adds=adds)
            except VersionConflict as conflict:
                self._refuse(part, CONFLICT, conflict, adds=adds)
                return False
            except (Permanent, ResourceNotFound) as refused:
                refusal = refused
            else:
                yield part, answer
                return True
        if len(part) == 1 or self._extra < 2:  # noqa: PLR2004 - one call for each half
            yield from self._judge(part, refusal, adds=adds)
            return False
        self._extra -= 2
        first, second = part[: len(part) // 2], part[len(part) // 2 :]
        passed = yield from self._send_part(first, adds=adds)
        if passed and len(second) > 1:
            self._extra += 1
            yield from self._send_part(second, adds=adds, refusal=refusal)
        else:
            yield from self._send_part(second, adds=adds)
        return False

    def _once(self, part: Sequence[str], *, adds: bool) -> frozenset[str] | None:
        """One PATCH of one part, sent again where the version moved: a delta means the same on any version.

        A weak ETag is equal to nothing (RFC 9110, section 8.8.3.2): where that conflicts, it is left away from then on.

        Raises:
            VersionConflict: again and again, and before this sync too. Transient: for the first few syncs.
        """
        for left in reversed(range(VERSION_TRIES)):
            if not adds and self._versioned and not self._version:
                self._version = self._read().version  # an answer had none
            try:
                group = self._patch(part, adds=adds)
            except VersionConflict:
                if self._version.startswith("W/"):
                    self._version, self._versioned = "", False
                elif left:
                    self._version = "" if adds else self._read().version
                continue
            self._version = group.version if self._versioned else ""
            return group.members
        if self._patient:
            raise Transient(CONFLICT, upstream="genesys")
        raise VersionConflict("the version moved each time")

    def _read(self) -> ScimGroup:
        group = self._genesys.group(self._group_id)
        if group is None:
            raise Transient("genesys-group-gone", upstream="genesys", status=404)
        return group

    def _judge(self, part: Sequence[str], refusal: _Refusal, *, adds: bool) -> Iterator[_Sent]:
        """Refused members are done if the group is as wished all the same, else parked; unless the group is gone."""
        if self._present is None:
            group = self._read()
            # Missing is not empty: then nobody is known to be in, and nobody to be out.
            self._present = group.members if group.members is not None else frozenset(() if adds else part)
        done = [member for member in part if (member in self._present) == adds]
        if done:
            yield done, None
        if refused := [member for member in part if member not in done]:
            self._refuse(refused, "member-refused", refusal, adds=adds)

    # ------------------------------------------------------------------------------------- parking

    def _refuse(self, members: Sequence[str], reason: str, refusal: _Refusal, *, adds: bool) -> None:
        status = f"{getattr(refusal, 'status', None) or ''}"
        if adds and reason != CONFLICT:
            self.refused.append((members, status))
        else:
            self.conflicting += members if adds else ()
            self.park(members, reason, status)

    def keep_parked(self, *reasons: str) -> None:
        """What was parked for these reasons before still stands."""
        self._report.kept_causes |= {*reasons}

    def park(self, members: Sequence[str], reason: str, status: str = "") -> None:
        """Have them wait for a person, in one record."""
        self._report.parked.append(
            ParkedItem(
                entity=self._work.entity,
                item_id=f"member:{members[0]}",
                body=self._work.items[0].to_json(),
                reason=reason,
                detail=f"{' '.join(members)} {status}".strip(),
                parked=self._clock.now(),
            )
        )


def may_land(error: Transient) -> bool:
    """Whether a change that failed so may have been made, or may be made yet: it left, and no refusal came back."""
    left = error.upstream == "genesys" and not isinstance(error, BreakerOpen) and error.reason != "genesys-pace"
    return left and error.status not in _REFUSED
