"""What AWS is to a process, with its weather: store, queues, queue and idempotency table."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from inspect import signature
from typing import Any

from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyItemAlreadyExistsError
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord
from botocore.exceptions import ClientError

from bridge.errors import Transient
from bridge.items import Item
from bridge.provisioning.runs import Memory
from bridge.provisioning.writes import is_write
from bridge_local.exchange import Now
from bridge_local.fifo import FifoQueues
from bridge_local.idempotency import MemoryIdempotency
from tests.simulation.gate import Gate

#: Writes that only give account.
_RECORDS = ("write", "close_parked", "clear_difference", "note_")


class StoreInWeather:
    """A store whose every call is an outside effect: it may be throttled, lose its answer, or write a part of many."""

    def __init__(self, store: Any, gate: Gate) -> None:
        """Stand in front of `store`."""
        self._store = store
        self._gate = gate

    def __getattr__(self, name: str) -> Any:
        method, port = getattr(self._store, name), getattr(Memory, name)
        called = self._write if is_write(port) else self._read

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
        gate.before(what, decides=not name.startswith(_RECORDS))
        if gate.hits(gate.weather.refused):
            gate.history.tell(f"{what}: throttled")
            raise Transient("store-throttled", upstream="store")
        if gate.hits(gate.weather.death / 4) and (part := _half(name, arguments)) is not None:
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


def _half(name: str, arguments: Sequence[Any]) -> list[Any] | None:
    """The same call for the first half of its users; None when it is not for many, who have a record each."""
    parameters = [*signature(getattr(Memory, name)).parameters.values()][1:]
    for index, (parameter, argument) in enumerate(zip(parameters, arguments, strict=False)):
        if parameter.annotation.startswith("Iterable") and isinstance(argument, Collection) and len(argument) > 1:
            ordered = sorted(argument)
            return [*arguments[:index], ordered[: len(ordered) // 2], *arguments[index + 1 :]]
    return None


class QueuesInWeather:
    """The way into the queues: a queue may refuse, take a part of the items, or take them and lose its answer."""

    def __init__(self, queues: FifoQueues, gate: Gate) -> None:
        """Stand in front of `queues`."""
        self._queues = queues
        self._gate = gate

    def send(self, items: Sequence[Item]) -> None:
        """As `bridge.provisioning.ports.QueueSender`."""
        if not items:
            return
        gate = self._gate
        what = f"send {' '.join(f'{item.entity}({item.reason.value})' for item in items)}"
        gate.before(what)
        if gate.hits(gate.weather.refused):
            part = items[: gate.chance.randrange(len(items))]
            self._queues.send(part)
            gate.history.tell(f"{what}: the queue takes {len(part)} of {len(items)}")
            raise Transient("queue-refused", upstream="queues")
        self._queues.send(items)
        gate.history.tell(what)
        gate.after(what)
        if gate.hits(gate.weather.lost):
            gate.history.tell(f"{what}: the answer is lost")
            raise Transient("queue-refused", upstream="queues")

    def waiting(self) -> int:
        """As `bridge.provisioning.runs.Queues`."""
        return self._gate.do("count the queues", self._queues.waiting)

    def change_message_visibility_batch(self, **arguments: Any) -> dict[str, Any]:
        """As boto3's SQS client."""
        gate = self._gate
        gate.before("change visibility")
        if gate.hits(gate.weather.refused):
            gate.history.tell("change visibility: throttled")
            raise ClientError({"Error": {"Code": "RequestThrottled"}}, "ChangeMessageVisibilityBatch")
        answer = self._queues.change_message_visibility_batch(**arguments)
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
