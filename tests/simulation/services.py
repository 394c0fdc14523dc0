"""Okta and Genesys Cloud behind a network with weather."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode

from bridge.errors import Transient
from bridge.outbound.answer import Answer
from bridge_local.exchange import ConnectionCut, Model, Request, Response
from bridge_local.faults import Effect, Fault, Faults, cut, html, late, lost
from bridge_local.genesys import GenesysModel
from bridge_local.genesys import faults as genesys_faults
from bridge_local.genesys.records import Group, User
from bridge_local.okta import OktaModel
from bridge_local.okta import faults as okta_faults
from bridge_local.transport import ModelTransport
from tests.simulation.bad_answers import BadAnswers, drawn
from tests.simulation.gate import Gate

#: For how long a request may be on its way.
LONGEST_WAY = timedelta(minutes=15)
#: Seconds that the HTTP client waits for an answer.
PATIENCE = 10
#: What a request meets on its way: a name for the history, and what happens.
Met = tuple[str, Effect]


class Service:
    """A service behind the network: what a client asks passes the gate on its way to the model."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        #: An outage of the service as a whole lasts until then.
        self.outage: datetime | None = None
        self.bad: BadAnswers = drawn(0)

    @property
    def away(self) -> bool:
        """Whether the service as a whole is away."""
        return self.outage is not None and self.gate.clock.time < self.outage

    def answer(self, request: Request) -> Response:
        """The answer, after whatever happens on the way.

        Raises:
            ConnectionCut: there is none.
        """
        raise NotImplementedError


class OktaInWeather(Service):
    """Okta: small pages, refusals, and answers that mean something else than they say."""

    def __init__(self, okta: OktaModel, genesys: GenesysModel, gate: Gate, page: int) -> None:
        """`page` is the largest page of a listing, so that small listings have several."""
        super().__init__(gate)
        self._okta = okta
        self._genesys = genesys
        self._page = page

    def answer(self, request: Request) -> Response:
        """Okta's answer."""
        gate, path = self.gate, request.path.removeprefix("/api/v1/")
        what = f"Okta GET {path}{' (next page)' if request.param('after') else ''}"
        gate.before(what)
        if path.endswith("/users") and request.param("limit"):
            limit = str(min(self._page, int(request.param("limit"))))
            query = tuple((name, limit if name == "limit" else value) for name, value in request.query)
            request = replace(request, query=query)
        met = self._fault(path) or self.bad.meet("okta", request, gate.clock.time, self._genesys)
        what = f"{what} ({met[0]})" if met else what
        try:
            with _within(self._okta.faults, met):
                answer = self._okta.handle(request)
        except ConnectionCut:
            gate.history.tell(f"{what}: cut")
            raise
        gate.history.tell(f"{what} {answer.status}")
        return answer

    def _fault(self, path: str) -> Met | None:
        gate, weather = self.gate, self.gate.weather
        if self.away:
            return "away", okta_faults.refused(503)
        if gate.hits(weather.refused):
            kind = gate.chance.choice(("status", "rate limit", "concurrency", "cut"))
            status = gate.chance.choice((500, 502, 503, 504))
            effects = {
                "status": okta_faults.refused(status),
                "rate limit": okta_faults.rate_limited(),
                "concurrency": okta_faults.concurrency_limited(),
                "cut": cut(),
            }
            return kind, effects[kind]
        if gate.hits(weather.lost):
            return "late", late(30)
        if gate.hits(weather.strange):
            kind = gate.chance.choice(_strange(path))
            self.bad.met.append((kind, path, gate.clock.time))
            return kind, _STRANGE[kind]
        return None


#: What may be wrong with an answer that looks like one.
_STRANGE: Mapping[str, Effect] = {
    "forbidden": okta_faults.refused(403),
    "no JSON": html(),
    "not found": okta_faults.refused(404),
}


def _strange(path: str) -> tuple[str, ...]:
    """Which of them may meet a request."""
    parts = path.split("/")
    if len(parts) == 2 and parts[0] in {"users", "groups"}:  # one user or group: perhaps only not visible
        return "forbidden", "no JSON", "not found"
    return "forbidden", "no JSON"


class GenesysInWeather(Service):
    """Genesys Cloud: refusals, lost answers, and writes that arrive late."""

    def __init__(self, genesys: GenesysModel, gate: Gate) -> None:
        """Stand in front of `genesys`."""
        super().__init__(gate)
        self._genesys = genesys
        #: Writes on their way, whose callers gave up: when they arrive, and what they are.
        self.on_the_way: list[tuple[datetime, Request]] = []
        #: The account or group that each of them is about, as it was when the write left.
        self._left: dict[int, User | Group | None] = {}
        #: Accounts that a write made inactive which came late, although they had been changed since it left.
        self.ended_late: set[str] = set()
        #: Genesys Cloud ids of groups and members whom a write removed that came late, although the group had been
        #: changed since it left.
        self.taken_out_late: set[tuple[str, str]] = set()
        #: Whether a write took place after the function that sent it had ended.
        self.came_late = False
        #: Genesys Cloud ids of groups and of the members whom a call that came late has removed.
        self.removed_late: set[tuple[str, str]] = set()

    def answer(self, request: Request) -> Response:
        """Genesys Cloud's answer."""
        gate = self.gate
        what = _described(request)
        writes = request.method in {"PATCH", "POST"} and not what.endswith("token")
        leaves = gate.clock.time
        gate.before(what, decides=writes)
        if gate.clock.time - leaves > LONGEST_WAY:
            gate.history.tell(f"{what}: never arrives")
            raise ConnectionCut
        self.came_late |= writes and gate.overdue
        if writes and gate.hits(gate.weather.late):
            due = gate.clock.time + timedelta(seconds=gate.chance.choice((1, 15, 120, 900)))
            self.on_the_way.append((due, request))
            self._left[id(request)] = self._subject(request)
            gate.clock.advance(10)
            gate.history.tell(f"{what}: no answer in time; it arrives at {due:%H:%M:%S}")
            return Response(504, delay=30)
        met = self._fault(request) or self.bad.meet("genesys", request, gate.clock.time, self._genesys)
        what = f"{what} ({met[0]})" if met else what
        try:
            with _within(self._genesys.faults, met):
                answer = self._genesys.handle(request)
        except ConnectionCut:
            gate.history.tell(f"{what}: cut")
            raise
        gate.history.tell(f"{what} {answer.status}")
        gate.after(what)
        return answer

    def land(self) -> None:
        """Let what is due by now arrive."""
        while due := [each for each in self.on_the_way if each[0] <= self.gate.clock.time]:
            arriving = min(due, key=lambda each: each[0])
            self.on_the_way.remove(arriving)
            left, before = self._left.pop(id(arriving[1])), self._subject(arriving[1])
            answer = self._genesys.handle(arriving[1])
            after, call = self._subject(arriving[1]), self._genesys.calls[-1]
            removed = {(call.group_id, member) for member in call.removed}
            self.removed_late |= removed
            if before is not left:
                self.taken_out_late |= removed
                if isinstance(before, User) and isinstance(after, User) and before.active and not after.active:
                    self.ended_late.add(after.external_id)
            self.gate.history.tell(f"late: {_described(arriving[1])} {answer.status}")

    @property
    def losing(self) -> list[str]:
        """Genesys Cloud ids of the groups to which a removal of members is on its way."""
        removals = [request for _, request in self.on_the_way if b'"remove"' in request.body]
        return sorted({request.path.rpartition("/")[2] for request in removals})

    def _subject(self, request: Request) -> User | Group | None:
        """The account or group that a request is about, as it is."""
        directory, genesys_id = self._genesys.directory, request.path.rpartition("/")[2]
        return directory.users.get(genesys_id) or directory.groups.get(genesys_id)

    def _fault(self, request: Request) -> Met | None:
        gate, weather = self.gate, self.gate.weather
        if self.away:
            return "away", genesys_faults.refused(gate.chance.choice((502, 503, 504)))
        if gate.hits(weather.token):
            gate.history.tell("Genesys Cloud ends its tokens")
            self._genesys.revoke_tokens()
        if gate.hits(weather.refused):
            kind = gate.chance.choice(("rate limit", "version conflict", "status", "status", "cut"))
            seconds, status = gate.chance.choice((1, 5, 60)), gate.chance.choice((500, 502, 503, 504))
            if kind == "version conflict" and request.method != "PATCH":
                return None
            effects = {
                "rate limit": genesys_faults.rate_limited(seconds),
                "version conflict": genesys_faults.version_conflict(),
                "status": genesys_faults.refused(status),
                "cut": cut(),
            }
            return kind, effects[kind]
        if gate.hits(weather.lost):
            return "lost answer", lost()
        return None


@contextlib.contextmanager
def _within(faults: Faults, met: Met | None) -> Iterator[None]:
    """One request meets that; what else stands between it and the model stays."""
    if met is None:
        yield
        return
    fault = faults.add(Fault("", met[1]))
    try:
        yield
    finally:
        faults.remove(fault)


def _described(request: Request) -> str:
    path = request.path.removeprefix("/api/v2/scim/v2/").lstrip("/")
    what = f"Genesys {request.method} {path}"
    if not request.body or path.endswith("token"):
        return what + "".join(f" {value}" for name, value in request.query if name == "filter")
    document = json.loads(request.body)
    return f"{what} {json.dumps(document.get('Operations', document))[:300]}"


class DirectHttp:
    """In place of `bridge.outbound.http.HttpClient`: the same answers and errors without building requests for a wire.

    A third of a run's time would go into that. Whatever the client itself decides (one more GET after a broken
    connection, its patience) is decided here in the same way; every tenth run takes the real client.
    """

    def __init__(self, base_url: str, upstream: str, *, transport: Any = None, **_seconds: float) -> None:
        """As the real one; `transport` is a `ServiceTransport`."""
        self.base_url = base_url.rstrip("/")
        self.upstream = upstream
        self._service: Service = transport.service

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        document: Any = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """As the real one."""
        if not params:
            request = Request.of(method, url)
            path, query = request.path, request.query
        else:
            path, query = url, tuple(params)
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        body = b""
        if document is not None:
            body, sent["content-type"] = json.dumps(document).encode(), "application/json"
        if form is not None:
            body, sent["content-type"] = urlencode(form).encode(), "application/x-www-form-urlencoded"
        asked = Request(method, path, query, sent, body)
        for _ in range(2 if method == "GET" else 1):
            try:
                response = self._service.answer(asked)
            except ConnectionCut:
                continue
            if response.delay > PATIENCE:
                raise Transient(f"{self.upstream}-timeout", upstream=self.upstream)
            given = {name.lower(): value for name, value in response.headers.items()}
            return Answer(self.upstream, response.status, given, response.body)
        raise Transient(f"{self.upstream}-connection", upstream=self.upstream)

    def close(self) -> None:
        """Nothing is open."""


class ServiceTransport(ModelTransport):
    """A service in place of the network, for the real HTTP client."""

    def __init__(self, service: Service) -> None:
        """Hand the requests to `service`."""
        self.service = service
        super().__init__(cast("Model", _Asked(service)))


class _Asked:
    """A service as a model."""

    def __init__(self, service: Service) -> None:
        self.handle = service.answer
