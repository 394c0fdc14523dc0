"""The world around a process, with its weather: store, lanes, queue, idempotency table, Okta and Genesys Cloud."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyItemAlreadyExistsError
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord
from botocore.exceptions import ClientError

from bridge.errors import Transient
from bridge.http import ReadTimeout, Transport, WireRequest, WireResponse
from bridge.items import Item
from bridge_local.exchange import Now, Request
from bridge_local.fifo import FifoLanes
from bridge_local.genesys import GenesysModel
from bridge_local.genesys.faults import Fault as GenesysFault
from bridge_local.idempotency import MemoryIdempotency
from bridge_local.okta import OktaModel
from bridge_local.okta.switches import Fault as OktaFault
from bridge_local.okta.switches import FaultKind
from bridge_local.transport import ModelTransport
from tests.simulation.gate import Gate

#: Beginnings of the names of store methods that write.
_WRITES = (
    "add_",
    "begin_",
    "claim_",
    "clear_",
    "close_",
    "complete",
    "decide",
    "note_",
    "park",
    "pause_",
    "permit",
    "raise_",
    "remove_",
    "reserve",
    "save_",
    "set_",
    "stage",
    "unpark",
    "unstage",
    "withdraw",
    "write",
)
_READS = ("parked", "staged")


class StoreInWeather:
    """A store whose every call is an outside effect: it may be throttled, lose its answer, or write a part of many."""

    def __init__(self, store: Any, gate: Gate) -> None:
        """Stand in front of `store`."""
        self._store = store
        self._gate = gate

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        writes = name.startswith(_WRITES) and not name.startswith(_READS)
        called = self._write if writes else self._read

        def call(*arguments: Any, **named: Any) -> Any:
            return called(name, method, arguments, named)

        # The next call of the same method finds it at once.
        setattr(self, name, call)
        return call

    def _read(self, name: str, method: Any, arguments: Sequence[Any], named: dict[str, Any]) -> Any:
        gate = self._gate
        gate.before(name)
        if gate.hits(gate.weather.refused):
            gate.history.tell(f"store: {name} is throttled")
            raise Transient("store-throttled", upstream="store")
        return method(*arguments, **named)

    def _write(self, name: str, method: Any, arguments: Sequence[Any], named: dict[str, Any]) -> Any:
        gate = self._gate
        subject = _subject(arguments)
        what = f"store: {name} {subject}"
        gate.before(what)
        if gate.hits(gate.weather.refused):
            gate.history.tell(f"{what}: throttled")
            raise Transient("store-throttled", upstream="store")
        if gate.hits(gate.weather.death / 4) and (part := _half(arguments)) is not None:
            method(*part, **named)
            gate.die(f"half-way through {what}")
        result = method(*arguments, **named)
        if not name.startswith(("begin_", "write", "close_parked")):
            gate.history.tell(what)
        gate.after(what)
        if gate.hits(gate.weather.lost):
            gate.history.tell(f"{what}: the answer is lost")
            raise Transient("store-unreachable", upstream="store")
        return result


def _subject(arguments: Sequence[Any]) -> str:
    """Whom a call is about, and how many more."""
    words = []
    for argument in arguments:
        if isinstance(argument, (str, int)):
            words.append(str(argument))
        elif isinstance(argument, Collection):
            words.append(f"[{' '.join(sorted(str(each) for each in argument))}]")
        elif hasattr(argument, "entity"):
            state = getattr(argument, "state", "")
            words.append(f"{argument.entity} {getattr(state, 'value', state)}".strip())
    return " ".join(words)


def _half(arguments: Sequence[Any]) -> list[Any] | None:
    """The same call for the first half of its users, None when it is not for many."""
    for index, argument in enumerate(arguments):
        if isinstance(argument, Collection) and not isinstance(argument, str) and len(argument) > 1:
            ordered = sorted(argument)
            return [*arguments[:index], ordered[: len(ordered) // 2], *arguments[index + 1 :]]
    return None


class LanesInWeather:
    """The way into the lanes: a queue may refuse, take a part of the items, or take them and lose its answer."""

    def __init__(self, lanes: FifoLanes, gate: Gate) -> None:
        """Stand in front of `lanes`."""
        self._lanes = lanes
        self._gate = gate

    def send(self, items: Sequence[Item]) -> None:
        """As `bridge.provisioning.ports.LaneSender`."""
        if not items:
            return
        gate = self._gate
        what = f"send {' '.join(f'{item.entity}({item.reason.value})' for item in items)}"
        gate.before(what)
        if gate.hits(gate.weather.refused):
            part = items[: gate.chance.randrange(len(items))]
            self._lanes.send(part)
            gate.history.tell(f"{what}: the queue takes {len(part)} of {len(items)}")
            raise Transient("lane-refused", upstream="lanes")
        self._lanes.send(items)
        gate.history.tell(what)
        gate.after(what)
        if gate.hits(gate.weather.lost):
            gate.history.tell(f"{what}: the answer is lost")
            raise Transient("lane-refused", upstream="lanes")

    def change_message_visibility_batch(self, **arguments: Any) -> dict[str, Any]:
        """As boto3's SQS client."""
        gate = self._gate
        gate.before("change visibility")
        if gate.hits(gate.weather.refused):
            gate.history.tell("change visibility: throttled")
            raise ClientError({"Error": {"Code": "RequestThrottled"}}, "ChangeMessageVisibilityBatch")
        answer = self._lanes.change_message_visibility_batch(**arguments)
        gate.after("change visibility")
        return answer


class IdempotencyInWeather(MemoryIdempotency):
    """Powertools' table, whose leases are counted on the virtual clock."""

    def __init__(self, now: Now, gate: Gate) -> None:
        """`now` is the virtual clock."""
        super().__init__(now)
        self._gate = gate

    def _get_record(self, idempotency_key: str) -> DataRecord:
        self._meet("get")
        return super()._get_record(idempotency_key)

    def _put_record(self, data_record: DataRecord) -> None:
        self._meet("put")
        key, now = data_record.idempotency_key, self._now()
        kept = self.records.get(key)
        if kept is not None and not (kept.status == "INPROGRESS" and self._leases.get(key, now) < now):
            raise IdempotencyItemAlreadyExistsError(old_data_record=kept)
        self.records[key] = data_record
        self._leases[key] = now + timedelta(milliseconds=self._gate.milliseconds_left())
        self._gate.after("idempotency put")

    def _update_record(self, data_record: DataRecord) -> None:
        self._meet("update")
        super()._update_record(data_record)
        self._gate.after("idempotency update")

    def _delete_record(self, data_record: DataRecord) -> None:
        self._meet("delete")
        super()._delete_record(data_record)
        self._gate.after("idempotency delete")

    def _meet(self, what: str) -> None:
        gate = self._gate
        gate.before(f"idempotency {what}")
        if gate.hits(gate.weather.refused):
            gate.history.tell(f"idempotency: {what} is throttled")
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, what)


class OktaInWeather(Transport):
    """Okta behind the network: small pages, refusals, and the answers that mean something else than they say."""

    #: An outage of Okta as a whole lasts until then.
    outage: datetime | None = None

    def __init__(self, okta: OktaModel, gate: Gate, page: int) -> None:
        """`page` is the largest page of a listing, so that small listings have several."""
        self._okta = okta
        self._model = ModelTransport(okta)
        self._gate = gate
        self._page = page

    def handle_request(self, request: WireRequest) -> WireResponse:
        """Okta's answer."""
        gate = self._gate
        path = request.url.raw_path.decode().removeprefix("/api/v1/")
        gate.before(f"Okta GET {path}")
        fault = self._fault(path)
        if fault is not None:
            self._okta.switches.faults.append(fault)
        if "/users?" in path and "limit=" in path:
            request.url = request.url.copy_set_param("limit", str(self._page))
        try:
            answer = self._model.handle_request(request)
        except Exception as error:
            gate.history.tell(f"Okta GET {path}: {type(error).__name__}")
            raise
        finally:
            self._okta.switches.faults.clear()
        gate.history.tell(f"Okta GET {path} {answer.status_code}{'' if fault is None else f' ({fault.kind.value})'}")
        return answer

    def _fault(self, path: str) -> OktaFault | None:
        gate, weather = self._gate, self._gate.weather
        if self.outage is not None and gate.clock.time < self.outage:
            return OktaFault(".", FaultKind.STATUS, status=503)
        if gate.hits(weather.refused):
            kind = gate.chance.choice((FaultKind.STATUS, FaultKind.RATE_LIMIT, FaultKind.CONCURRENCY, FaultKind.CUT))
            return OktaFault(".", kind, status=gate.chance.choice((500, 502, 503, 504)))
        if gate.hits(weather.lost):
            return OktaFault(".", FaultKind.LATENCY, seconds=30)
        if gate.hits(weather.strange):
            return OktaFault(".", gate.chance.choice(_strange(path)))
        return None


def _strange(path: str) -> tuple[FaultKind, ...]:
    """What may go wrong with an answer that looks like one."""
    parts = path.partition("?")[0].split("/")
    if len(parts) == 2 and parts[0] in {"users", "groups"}:
        return FaultKind.FORBIDDEN, FaultKind.GARBAGE, FaultKind.NOT_FOUND
    return FaultKind.FORBIDDEN, FaultKind.GARBAGE


class GenesysInWeather(Transport):
    """Genesys Cloud behind the network: refusals, lost answers, and writes that arrive late."""

    #: An outage of Genesys Cloud as a whole lasts until then.
    outage: datetime | None = None

    def __init__(self, genesys: GenesysModel, gate: Gate) -> None:
        """Stand in front of `genesys`."""
        self._genesys = genesys
        self._model = ModelTransport(genesys)
        self._gate = gate
        #: Writes on their way, whose callers gave up: when they arrive, and what they are.
        self.on_the_way: list[tuple[datetime, Request]] = []

    def handle_request(self, request: WireRequest) -> WireResponse:
        """Genesys Cloud's answer."""
        gate = self._gate
        path = request.url.raw_path.decode().removeprefix("/api/v2/scim/v2/")
        what = f"Genesys {request.method} {path}"
        gate.before(what)
        if request.method in {"PATCH", "POST"} and "oauth" not in path and gate.hits(gate.weather.late):
            due = gate.clock.time + timedelta(seconds=gate.chance.choice((1, 15, 120, 900)))
            wire = Request.of(request.method, str(request.url), dict(request.headers), request.read())
            self.on_the_way.append((due, wire))
            gate.clock.advance(10)
            gate.history.tell(f"{what}: no answer in time; it arrives at {due:%H:%M:%S}")
            raise ReadTimeout("on its way", request=request)
        fault = self._fault()
        if fault is not None:
            self._genesys.faults.add(fault)
        try:
            answer = self._model.handle_request(request)
        except Exception as error:
            gate.history.tell(f"{what}: {type(error).__name__}{'' if fault is None else f' ({fault.kind})'}")
            raise
        finally:
            self._genesys.faults.clear()
        body = f" {request.content.decode()[:400]}" if request.method == "PATCH" else ""
        gate.history.tell(f"{what}{body} {answer.status_code}{'' if fault is None else f' ({fault.kind})'}")
        gate.after(what)
        return answer

    def land(self) -> None:
        """Let what is due by now arrive."""
        while due := [each for each in self.on_the_way if each[0] <= self._gate.clock.time]:
            arriving = min(due, key=lambda each: each[0])
            self.on_the_way.remove(arriving)
            answer = self._genesys.handle(arriving[1])
            self._gate.history.tell(
                f"late: Genesys {arriving[1].method} {arriving[1].path} {arriving[1].body.decode()[:400]} {answer.status}"
            )

    def _fault(self) -> GenesysFault | None:
        gate, weather = self._gate, self._gate.weather
        if self.outage is not None and gate.clock.time < self.outage:
            return GenesysFault("status", count=1, status=gate.chance.choice((502, 503, 504)))
        if gate.hits(weather.token):
            gate.history.tell("Genesys Cloud ends its tokens")
            self._genesys.revoke_tokens()
        if gate.hits(weather.refused):
            draw = gate.chance.random()
            if draw < 0.3:
                return GenesysFault("rate-limit", count=1, seconds=gate.chance.choice((1, 5, 60)))
            if draw < 0.5:
                return GenesysFault("version-conflict", count=1)
            if draw < 0.8:
                return GenesysFault("status", count=1, status=gate.chance.choice((500, 502, 503, 504)))
            return GenesysFault("cut", count=1)
        if gate.hits(weather.lost):
            return GenesysFault("lost-answer", count=1)
        return None
