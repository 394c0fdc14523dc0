"""Sending members to a Genesys Cloud group in PATCHes of a limited size, past single members that are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from bridge.errors import Permanent, ResourceNotFound, Transient, VersionConflict
from bridge.provisioning.look import Report, Work
from bridge.provisioning.ports import Clock, GenesysScim
from bridge.provisioning.records import ParkedItem

#: How many calls beyond the planned ones the search for refused members may cost in one look.
EXTRA_CALLS = 12

_Call = Callable[[str, Sequence[str]], frozenset[str] | None]


class MemberChanges:
    """The member PATCHes of one look at one group. Deltas only, never a member list."""

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
        self._extra = EXTRA_CALLS
        self._not_applied = False

    def add(self, members: Sequence[str]) -> None:
        """Add members; one that is there already is a success."""
        for done, answer in self._send(self._genesys.add_members, members):
            missing = frozenset[str]() if answer is None else frozenset(done) - answer
            for member in sorted(missing):
                self._park(member, "member-not-added")
            self._report.added += len(done) - len(missing)

    def remove(self, members: Sequence[str]) -> Iterator[list[str]]:
        """Remove members, giving those of each call once it has ended; one that is absent already is a success."""
        for done, answer in self._send(self._genesys.remove_members, members):
            still = frozenset[str]() if answer is None else frozenset(done) & answer
            self._not_applied = self._not_applied or bool(still)
            gone = [member for member in done if member not in still]
            self._report.removed += len(gone)
            yield gone

    def require_applied(self) -> None:
        """Raise Transient when an answer still showed a removed member: it is not done."""
        if self._not_applied:
            raise Transient("genesys-not-applied", upstream="genesys")

    def _send(self, call: _Call, members: Sequence[str]) -> Iterator[tuple[Sequence[str], frozenset[str] | None]]:
        waiting = [members[at : at + self._per_request] for at in range(0, len(members), self._per_request)]
        while waiting:
            part = waiting.pop(0)
            self._work.check_time()
            try:
                yield part, self._once(call, part)
            except (Permanent, ResourceNotFound) as refused:
                self._require_group()
                if len(part) == 1:
                    self._park(part[0], "member-refused", refused)
                    continue
                self._extra -= 2
                if self._extra < 0:
                    raise Permanent("members-refused", detail=self._group_id, upstream="genesys") from None
                middle = len(part) // 2
                waiting[:0] = [part[:middle], part[middle:]]

    def _once(self, call: _Call, part: Sequence[str]) -> frozenset[str] | None:
        """One PATCH; a moved version is tried once more, for a delta means the same on any version."""
        try:
            return call(self._group_id, part)
        except VersionConflict:
            try:
                return call(self._group_id, part)
            except VersionConflict:
                raise Transient("genesys-version-conflict", upstream="genesys") from None

    def _require_group(self) -> None:
        """A refusal is a member's fault only while the group itself is there."""
        if self._genesys.group(self._group_id) is None:
            raise Transient("genesys-group-gone", upstream="genesys", status=404)

    def _park(self, member: str, reason: str, refused: Exception | None = None) -> None:
        status = getattr(refused, "status", None)
        self._report.parked.append(
            ParkedItem(
                entity=self._work.entity,
                item_id=f"member:{member}",
                body=self._work.items[0].to_json(),
                reason=reason,
                detail=f"{member} {status or ''}".strip(),
                parked=self._clock.now(),
            )
        )
