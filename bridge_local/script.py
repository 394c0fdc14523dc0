"""A model that answers what it is told, and a clock that stands still: for tests of single exchanges."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bridge_local.exchange import ConnectionCut, Request, Response


class Script:
    """Gives its answers in order and keeps the requests; None cuts the connection.

    Raises:
        LookupError: there are more requests than answers.
    """

    def __init__(self, *answers: Response | None) -> None:
        """Answer with `answers`, one a request."""
        self._answers = list(answers)
        self.requests: list[Request] = []

    def handle(self, request: Request) -> Response:
        """The next answer."""
        self.requests.append(request)
        if not self._answers:
            raise LookupError("no answer is left for this request")
        answer = self._answers.pop(0)
        if answer is None:
            raise ConnectionCut
        return answer

    @property
    def spent(self) -> bool:
        """Whether every answer was asked for."""
        return not self._answers


class StillClock:
    """A `bridge.provisioning.ports.Clock` that moves only when told."""

    def __init__(self, moment: datetime) -> None:
        """Stand at `moment` (UTC)."""
        self._moment = moment

    def now(self) -> datetime:
        """The moment it stands at."""
        return self._moment

    def advance(self, seconds: float) -> None:
        """Move on."""
        self._moment += timedelta(seconds=seconds)


class NotedPace:
    """A `bridge.provisioning.ports.Pace` that gives every call and keeps what it is told."""

    def __init__(self) -> None:
        """Start with nothing taken."""
        self.taken = 0
        self.observed: list[tuple[int | None, int | None, float | None]] = []

    def take(self) -> None:
        """Count a call."""
        self.taken += 1

    def hold(self) -> None:
        """A call is always there."""

    def hurry(self) -> None:
        """Nobody waits."""

    def observe(self, *, limit: int | None, remaining: int | None, reset_seconds: float | None) -> None:
        """Keep the numbers."""
        self.observed.append((limit, remaining, reset_seconds))


class FixedAuth:
    """A `bridge.outbound.http.Auth` whose tokens are ``token-1``, ``token-2`` and so on, one more with each renewal."""

    def __init__(self, *, renewable: bool = True) -> None:
        """Say whether a renewal gives another token."""
        self._renewable = renewable
        self.renewals = 0

    def header(self) -> str:
        """``Bearer token-<n>``."""
        return f"Bearer token-{self.renewals + 1}"

    def renew(self) -> bool:
        """Count a renewal."""
        self.renewals += self._renewable
        return self._renewable


def headers_of(requests: Sequence[Request], name: str) -> list[str]:
    """One header of each request, empty where it is missing."""
    return [request.headers.get(name, "") for request in requests]
