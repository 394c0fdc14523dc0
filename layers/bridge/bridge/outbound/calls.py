"""The calls of a sync: for its journal, and to tell a failure of one entity from one of a whole upstream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.outbound.breaker import outage_upstream
from bridge.outbound.headroom import Headroom
from bridge.outbound.refusals import Refusals, is_refusal
from bridge.provisioning.ports import Clock

#: So many calls of a sync are named in its journal.
NAMED_CALLS = 100
#: How long the end of a sync says something about its upstreams.
RECENT = timedelta(minutes=10)
#: An upstream as a whole fails where it fails so many entities.
OUTAGE_THRESHOLD = 3


@dataclass(frozen=True)
class _Ended:
    """How the last sync of an entity ended: kinds of calls that passed, the one that ended it, and how often so."""

    at: datetime
    passed: frozenset[str]
    failed: str
    isolated: int


class Calls:
    """The calls of the sync being made, and how those of late ended. One for each process and its clients.

    Attributes:
        refusals: what Genesys Cloud has refused of late, and to whom.
        headroom: what was left of the rate limits.
    """

    def __init__(self, clock: Clock) -> None:
        """Nothing is known yet."""
        self._clock = clock
        self.refusals = Refusals(clock)
        self.headroom = Headroom()
        self._made: list[tuple[str, str]] = []
        self._ended: dict[str, _Ended] = {}
        # By upstream: the entities for which it failed as a whole since it last served one, and when.
        self._unserved: dict[str, dict[str, datetime]] = {}
        self._scim: Counter[tuple[str, str]] = Counter()

    def recorder(self, upstream: str) -> Callable[[str], None]:
        """What a client of `upstream` tells its calls to, such as ``PATCH users/<id> 200``."""

        def record(line: str) -> None:
            self._made.append((upstream, line))
            if upstream == "genesys":
                self._scim[line.split(maxsplit=1)[0], _result(line)] += 1

        return record

    def take_scim_calls(self) -> Mapping[tuple[str, str], int]:
        """How many calls Genesys Cloud had since the last time, by method and result; see `Metric.SCIM_CALLS`."""
        taken, self._scim = self._scim, Counter()
        return taken

    def begin(self) -> None:
        """A sync begins."""
        self._made.clear()

    @property
    def named(self) -> tuple[str, ...]:
        """The sync's first hundred calls, and how many more there were."""
        lines = tuple(line for _, line in self._made[:NAMED_CALLS])
        more = len(self._made) - NAMED_CALLS
        return (*lines, f"and {more} more") if more > 0 else lines

    def end(self, entity: str, error: Exception | None = None) -> None:
        """The sync of `entity` ends, well or with the failure of its last call."""
        now, well = self._clock.now(), error is None
        before = self._ended.pop(entity, None)
        self._ended = {other: ended for other, ended in self._ended.items() if now - ended.at < RECENT}
        passed = frozenset(_kind(call) for call in self._made if _passed(call))
        failed = _kind(self._made[-1]) if self._made and not well and not _passed(self._made[-1]) else ""
        isolated = 0
        if failed and self._passes_for_others(failed):
            isolated = 1 + (before.isolated if before else 0)
        self._ended[entity] = _Ended(now, passed, failed, isolated)
        self._note_refusal(entity, error, passed)
        if error is None:
            for upstream, _ in filter(_passed, self._made):
                self._unserved.pop(upstream, None)
        elif upstream := outage_upstream(error):
            self._unserved.setdefault(upstream, {})[entity] = now

    def has_passed(self, kind: str) -> bool:
        """Whether a call of such a kind has passed in the sync being made."""
        return any(_kind(call) == kind and _passed(call) for call in self._made)

    def _note_refusal(self, entity: str, error: Exception | None, passed: frozenset[str]) -> None:
        for kind in sorted(passed):
            self.refusals.granted(kind)
        refused = [call for call in self._made if not _passed(call)]
        if is_refusal(error) and refused:
            self.refusals.refused(entity, _kind(refused[-1]))
        else:
            self.refusals.ended(entity)

    def is_down(self, upstream: str) -> bool:
        """Whether the upstream has of late failed as a whole for several entities, and served none since."""
        now = self._clock.now()
        return sum(now - at < RECENT for at in self._unserved.get(upstream, {}).values()) >= OUTAGE_THRESHOLD

    def isolated_failures(self, entity: str) -> int:
        """How often in a row a call has failed for `entity` while it passed for others and failed for hardly any."""
        return self._ended[entity].isolated

    def _passes_for_others(self, kind: str) -> bool:
        failures = 1 + sum(ended.failed == kind for ended in self._ended.values())
        return failures < OUTAGE_THRESHOLD and any(kind in ended.passed for ended in self._ended.values())


def _kind(call: tuple[str, str]) -> str:
    """Calls of one kind fail together: upstream, method and resource, such as ``genesys PATCH users``."""
    upstream, line = call
    method, path, *_ = line.split()
    return f"{upstream} {method} {path.partition('?')[0].partition('/')[0]}"


def _passed(call: tuple[str, str]) -> bool:
    return _status(call[1]).startswith("2")


def _result(line: str) -> str:
    """A class of results, few enough for a dimension."""
    status = _status(line)
    if not status.isdigit():
        return "no-answer"
    return status if status == "429" else f"{status[0]}xx"


def _status(line: str) -> str:
    return line.split()[2]
