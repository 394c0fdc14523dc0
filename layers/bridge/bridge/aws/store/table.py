"""The one state table: string keys ``pk`` and ``sk``, a time to live ``expires``, a version ``v`` in every record.

Reads are strongly consistent. What DynamoDB leaves of a batch is asked again, a few times. A failure of the service
becomes `Transient`; only a request that could never be right (a bug) passes unchanged.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from bridge.errors import Permanent, Transient

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: A record's key: ``(pk, sk)``.
Key = tuple[str, str]
#: A record or a part of one, as Python values.
Record = dict[str, Any]

VERSION = 1
#: Record versions that may be read; a kind of record that has come to 2 writes it itself, and reads both.
READABLE_VERSIONS = frozenset({VERSION, 2})

#: What records are called by in the table where the name in our classes is another, younger one.
_STORED_NAMES = {
    "sync_number": "look",
    "synced": "looked",
    "assignment_read": "assignment_looked",
    "first_sync_ended": "first_look_ended",
}
_NAMES = {stored: name for name, stored in _STORED_NAMES.items()}

#: Most keys that one BatchGetItem, and most records that one BatchWriteItem takes (DynamoDB API reference).
_GET_BATCH = 100
_WRITE_BATCH = 25
#: Seconds to wait before what a batch left is asked again; after the last of them it is Transient.
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
#: Codes of requests that are wrong in themselves: trying again would hide a bug.
_OUR_FAULT = frozenset({"ValidationException", "SerializationException"})

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class ConditionFailed(Exception):
    """The condition of a write was not met: nothing was written."""


class TransactionRefused(Exception):
    """A condition within a transaction was not met: nothing was written.

    Attributes:
        failed: for each write, in their order, whether its condition was the one.
    """

    def __init__(self, failed: Iterable[bool]) -> None:
        super().__init__("a condition of the transaction was not met")
        self.failed = tuple(failed)


@dataclass(frozen=True)
class Condition:
    """A condition expression that writes attributes as ``#name`` and values as ``:name``, and those values."""

    expression: str
    values: Mapping[str, Any]

    def bound(self) -> dict[str, Any]:
        """The expression as an argument, names and values bound."""
        return {"ConditionExpression": self.expression, **_bound(self.expression, self.values)}


@dataclass(frozen=True)
class Put:
    """Write a whole record."""

    key: Key
    record: Mapping[str, Any]
    condition: Condition | None = None

    def arguments(self) -> dict[str, Any]:
        """The arguments of PutItem without the table."""
        return {"Item": _wire(self.key, self.record), **(self.condition.bound() if self.condition else {})}


@dataclass(frozen=True)
class Update:
    """Change parts of a record, making it if need be: `add` to numbers, `put` values."""

    key: Key
    add: Mapping[str, int] = field(default_factory=dict)
    put: Mapping[str, Any] = field(default_factory=dict)
    condition: Condition | None = None

    def arguments(self) -> dict[str, Any]:
        """The arguments of UpdateItem without the table."""
        change = "SET " + ", ".join(["#v = if_not_exists(#v, :v)", *(f"#{name} = :{name}" for name in self.put)])
        if self.add:
            change += " ADD " + ", ".join(f"#{name} :{name}" for name in self.add)
        condition = self.condition or Condition("", {})
        values = {"v": VERSION, **self.put, **self.add, **condition.values}
        arguments = {"UpdateExpression": change, **_bound(change + condition.expression, values)}
        if self.condition:
            arguments["ConditionExpression"] = condition.expression
        return {"Key": _wire_key(self.key), **arguments}


@dataclass(frozen=True)
class Delete:
    """Remove a record that may not be there."""

    key: Key
    condition: Condition | None = None

    def arguments(self) -> dict[str, Any]:
        """The arguments of DeleteItem without the table."""
        return {"Key": _wire_key(self.key), **(self.condition.bound() if self.condition else {})}


class StateTable:
    """Reads and writes records of the state table."""

    def __init__(self, client: DynamoDBClient, name: str, *, pause: Callable[[float], None] = time.sleep) -> None:
        """Use the table `name`; `pause` waits before what a batch left is asked again."""
        self._client = client
        self._name = name
        self._pause = pause

    def get(self, key: Key) -> Record | None:
        """One record."""
        with _failures():
            answer = self._client.get_item(TableName=self._name, Key=_wire_key(key), ConsistentRead=True)
        return _record(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Record]:
        """Many records by key; one that is not there is missing."""
        found: dict[Key, Record] = {}

        def ask(wanted: Any) -> Any:
            answer = self._client.batch_get_item(RequestItems=wanted)
            for item in answer["Responses"].get(self._name, ()):
                record = _record(item)
                found[record["pk"], record["sk"]] = record
            return answer.get("UnprocessedKeys")

        for chunk in _chunks(sorted(set(keys)), _GET_BATCH):
            self._until_done(ask, {"Keys": [_wire_key(key) for key in chunk], "ConsistentRead": True})
        return found

    def query(self, pk: str, prefix: str = "", *, backwards: bool = False, page: int | None = None) -> Iterator[Record]:
        """The records of a partition whose sort key begins with `prefix`, in the keys' order or against it.

        Anyone who wants only the first few says how many are read at once, `page`; otherwise it is up to a megabyte.
        """
        condition = "#pk = :pk AND begins_with(#sk, :prefix)" if prefix else "#pk = :pk"
        request: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": condition,
            "ConsistentRead": True,
            "ScanIndexForward": not backwards,
            **({"Limit": page} if page else {}),
            **_bound(condition, {"pk": pk, "prefix": prefix} if prefix else {"pk": pk}),
        }
        while True:
            with _failures():
                answer = self._client.query(**request)
            yield from map(_record, answer["Items"])
            if not answer.get("LastEvaluatedKey"):
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def put(self, write: Put) -> None:
        """Write a whole record; ConditionFailed when its condition is not met."""
        with _failures():
            self._client.put_item(TableName=self._name, **write.arguments())

    def update(self, write: Update) -> Record:
        """Change a record and return it as it is then; ConditionFailed when its condition is not met."""
        with _failures():
            answer = self._client.update_item(TableName=self._name, ReturnValues="ALL_NEW", **write.arguments())
        return _record(answer["Attributes"])

    def delete(self, write: Delete) -> None:
        """Remove a record that may not be there; ConditionFailed when its condition is not met."""
        with _failures():
            self._client.delete_item(TableName=self._name, **write.arguments())

    def transact(self, writes: Sequence[Put | Update | Delete]) -> None:
        """All of the writes or none; TransactionRefused when a condition is not met."""
        with _failures():
            self._client.transact_write_items(
                TransactItems=[
                    {type(write).__name__: {"TableName": self._name, **write.arguments()}}  # type: ignore[misc] # the three classes bear the API's names
                    for write in writes
                ]
            )

    def put_many(self, records: Mapping[Key, Mapping[str, Any]]) -> None:
        """Write whole records; when this returns, every one is written."""
        self.write_many(records)

    def delete_many(self, keys: Iterable[Key]) -> None:
        """Remove records that may not be there."""
        self.write_many({}, keys)

    def write_many(self, records: Mapping[Key, Mapping[str, Any]], gone: Iterable[Key] = ()) -> None:
        """Write whole records and remove others, which may not be there; when this returns, all of it is done."""
        requests: list[Any] = [{"PutRequest": {"Item": _wire(key, record)}} for key, record in records.items()]
        requests += [{"DeleteRequest": {"Key": _wire_key(key)}} for key in sorted(set(gone))]
        for chunk in _chunks(requests, _WRITE_BATCH):
            self._until_done(
                lambda wanted: self._client.batch_write_item(RequestItems=wanted).get("UnprocessedItems"), chunk
            )

    def _until_done(self, ask: Callable[[Any], Any], wanted: Any) -> None:
        """Ask for a batch, and again for what was left of it."""
        left: Any = {self._name: wanted}
        for pause in (*_PAUSES, None):
            with _failures():
                left = ask(left)
            if not left:
                return
            if pause is not None:
                self._pause(pause)
        raise Transient("store-unprocessed", upstream="store")


class Records:
    """A part of the store: some kinds of records of the state table."""

    def __init__(self, table: StateTable) -> None:
        self._table = table


def expiry(moment: datetime, days: int) -> dict[str, int]:
    """The attribute that lets a record end `days` after `moment`: seconds since the epoch."""
    return {"expires": int(moment.timestamp()) + days * 86_400}


@contextmanager
def _failures() -> Iterator[None]:
    """The one place where the service's errors become ours."""
    try:
        yield
    except ParamValidationError:
        raise
    except BotoCoreError:
        raise Transient("store-unreachable", upstream="store") from None
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ConditionalCheckFailedException":
            raise ConditionFailed from None
        reasons = [reason.get("Code") for reason in error.response.get("CancellationReasons", ())]
        if "ConditionalCheckFailed" in reasons:
            raise TransactionRefused(reason == "ConditionalCheckFailed" for reason in reasons) from None
        if code in _OUR_FAULT or "ValidationError" in reasons:
            raise
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", code.removesuffix("Exception")).lower()
        metadata = error.response.get("ResponseMetadata", {})
        raise Transient(
            f"store-{name}",
            upstream="store",
            reference=metadata.get("RequestId", ""),
            status=metadata.get("HTTPStatusCode"),
        ) from None


def _chunks(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _bound(expression: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """ExpressionAttributeNames and -Values for an expression; DynamoDB refuses empty values."""
    bound = {
        "ExpressionAttributeNames": {
            name: _STORED_NAMES.get(name[1:], name[1:]) for name in re.findall(r"#\w+", expression)
        }
    }
    if values:
        bound["ExpressionAttributeValues"] = {f":{name}": _serialize(value) for name, value in values.items()}
    return bound


def _wire_key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def _wire(key: Key, record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{_STORED_NAMES.get(name, name): _serialize(value) for name, value in {"v": VERSION, **record}.items()},
        **_wire_key(key),
    }


def _record(item: Mapping[str, Any]) -> Record:
    record = {_NAMES.get(name, name): _deserialize(value) for name, value in item.items()}
    if record.get("v") not in READABLE_VERSIONS:
        raise Permanent("unreadable-record", detail=f"{record['pk']} {record['sk']}")
    return record
