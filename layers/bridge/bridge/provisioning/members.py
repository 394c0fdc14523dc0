"""Sending members to a Genesys Cloud group in PATCHes of a limited size, past single members that are refused."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from bridge.errors import Permanent, ResourceNotFound, Transient, VersionConflict
from bridge.provisioning.ports import Clock, GenesysScim
from bridge.provisioning.records import ParkedItem
from bridge.provisioning.sync import Report, Work

#: How many calls beyond the planned ones the search for refused members may cost in one sync: PATCHes, and one read.
EXTRA_CALLS = 12

_Refusal = Permanent | ResourceNotFound
#: A part that went through, and the members in the answer, None when the answer has none.
_Sent = tuple[Sequence[str], frozenset[str] | None]


class MemberChanges:
    """The member PATCHes of one sync of one group. Deltas only, never a member list."""

    def __init__(
        self, genesys: GenesysScim, clock: Clock, work: Work, group_id: str, per_request: int, report: Report
    ) -> None:
        """`report` counts what was added and removed, and collects refused members for parking."""
        self._genesys = genesys
        self._clock = clock
        self._work = work
        self._group_id = group_id
        self._per_request = per_request
        self._report = report
        self._extra = EXTRA_CALLS - 1
        self._present: frozenset[str] | None = None
        self._not_applied = False
        #: The members as the last answer to an addition showed them, None where none did.
        self.shown: frozenset[str] | None = None

    def add(self, members: Sequence[str]) -> None:
        """Add members; one that is there already is a success."""
        for part, answer in self._send(members, adds=True):
            self.shown = answer
            missing = [member for member in part if answer is not None and member not in answer]
            for member in missing:
                self._park([member], "member-not-added")
            self._report.added += len(part) - len(missing)

    def remove(self, members: Sequence[str]) -> Iterator[list[str]]:
        """Remove members, giving those of each call once it has ended; one that is absent already is a success."""
        for part, answer in self._send(members, adds=False):
            gone = [member for member in part if answer is None or member not in answer]
            self._not_applied = self._not_applied or len(gone) < len(part)
            self._report.removed += len(gone)
            yield gone

    @property
    def applied(self) -> bool:
        """Whether no answer has shown a removed member still there."""
        return not self._not_applied

    def would_add(self, members: int) -> None:
        """Account for additions that observe mode keeps back."""
        self._report.added = members
        self._would("add", members)

    def would_remove(self, members: int) -> None:
        """Account for removals that observe mode keeps back."""
        self._would("remove", members)

    def _would(self, verb: str, members: int) -> None:
        for at in range(0, members, self._per_request):
            count = min(self._per_request, members - at)
            self._report.planned_calls.append(f"PATCH groups/{self._group_id} {verb} {count} members")

    def require_applied(self) -> None:
        """Raise Transient when an answer still showed a removed member: it is not done."""
        if self._not_applied:
            raise Transient("genesys-not-applied", upstream="genesys")

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
        """One PATCH; a moved version is tried once more, for a delta means the same on any version."""
        call = self._genesys.add_members if adds else self._genesys.remove_members
        try:
            return call(self._group_id, part)
        except VersionConflict:
            try:
                return call(self._group_id, part)
            except VersionConflict:
                raise Transient("genesys-version-conflict", upstream="genesys") from None

    def _judge(self, part: Sequence[str], refusal: _Refusal, *, adds: bool) -> Iterator[_Sent]:
        """Refused members are done if the group is as wished all the same, else parked; unless the group is gone."""
        if self._present is None:
            group = self._genesys.group(self._group_id)
            if group is None:
                raise Transient("genesys-group-gone", upstream="genesys", status=404)
            # Missing is not empty: then nobody is known to be in, and nobody to be out.
            self._present = group.members if group.members is not None else frozenset(() if adds else part)
        done = [member for member in part if (member in self._present) == adds]
        if done:
            yield done, None
        if refused := [member for member in part if member not in done]:
            self._park(refused, "member-refused", refusal)

    def park_missing(self) -> None:
        """Genesys Cloud does not show the group's members: people who left may still be there."""
        self._park(["group"], "members-missing")

    def _park(self, members: Sequence[str], reason: str, refusal: _Refusal | None = None) -> None:
        status = getattr(refusal, "status", None) or ""
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
