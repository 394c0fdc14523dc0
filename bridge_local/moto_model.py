"""moto as the stack's AWS, made fit to be hurried: one request at a time, and no cost that grows with the square.

moto is written for tests: it takes no locks (a deletion may lose a message that is being sent), asks the clock for
each message of a queue several times in each call, copies a whole table before each transaction, sorts it
before each query, and lists its own directories for each request.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from time import time
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from moto import backends
from moto.core import responses
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb import models as dynamodb
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoResult
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.sqs.models import Queue, sqs_backends
from werkzeug.test import EnvironBuilder, run_wsgi_app

from bridge_local.aws import REGION
from bridge_local.exchange import Request, Response
from bridge_local.moto_ages import QueueAges

__all__ = ["Moto", "QueueAges"]

_ITEM_OPERATIONS = frozenset({"GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"})


@dataclass(frozen=True)
class Message:
    """A message in a queue.

    Attributes:
        queue: the queue's logical id.
        entity: its message group.
        receives: how often it has been received.
        hidden: whether nobody can receive it at this moment: it is in hand, or waits for its time.
        age: seconds since it was sent.
    """

    queue: str
    entity: str
    receives: int
    hidden: bool
    age: float = 0.0


class Moto:
    """moto as a `Model`: every AWS service it knows, one request at a time."""

    def __init__(self) -> None:
        """Begin with nothing."""
        _quicken()
        self._app = DomainDispatcherApplication(create_backend_app)
        self._lock = Lock()

    def handle(self, request: Request) -> Response:
        """Answer a call of an AWS SDK."""
        if request.headers.get("x-amz-target") == "AmazonSQS.StartMessageMoveTask":
            with self._lock:
                return _move(json.loads(request.body))
        builder = EnvironBuilder(
            path=request.path,
            base_url=f"http://{request.headers.get('host', 'localhost')}",
            query_string=urlencode(request.query),
            method=request.method,
            headers=list(_signed(request).items()),
            data=request.body,
        )
        with self._lock:
            chunks, status, headers = run_wsgi_app(self._app, builder.get_environ())
            body = b"".join(chunks)
        kept = {name: value for name, value in headers.items() if name.lower() != "content-length"}
        return Response(int(status.split()[0]), kept, body)

    def items(self, table: str) -> list[dict[str, Any]]:
        """Every item of a table, typed as in a scan's answer; a scan itself would stop everything for seconds."""
        backend = dynamodb.dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION]
        with self._lock:
            return [item.to_json()["Attributes"] for item in backend.get_table(table).all_items()]

    def messages(self) -> list[Message]:
        """Every message of every queue, as it stands there; dead letters too."""
        now = time() * 1000
        with self._lock:
            queues = sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues
            return [
                Message(
                    name.removesuffix(".fifo"),
                    str(each.group_id),
                    each.approximate_receive_count,
                    max(each.visible_at, each.delayed_until) > now,
                    (now - int(each.sent_timestamp)) / 1000,
                )
                for name, queue in queues.items()
                for each in _all(queue)
            ]

    def reset(self) -> None:
        """Forget everything."""
        self.handle(Request.of("POST", "/moto-api/reset", {"host": "localhost"}))


def _signed(request: Request) -> Mapping[str, str]:
    """The headers; a presigned URL says in a header, too, which service it is for: there alone moto looks for it."""
    credential = request.param("X-Amz-Credential")
    if not credential or "authorization" in request.headers:
        return request.headers
    return {**request.headers, "authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host"}


def _quicken() -> None:
    """Put cheaper equivalents in the place of what costs most."""
    queue: Any = Queue
    queue.messages = property(_messages)
    queue.approximate_number_of_messages_delayed = property(_delayed)
    queue.approximate_number_of_messages_not_visible = property(_not_visible)
    modules = frozenset(backends.list_of_moto_modules())
    listing: Any = backends
    listing.list_of_moto_modules = lambda: modules
    inspection: Any = responses
    inspection.method_names_from_class = lru_cache(inspection.method_names_from_class)
    names: Any = dynamodb
    names.copy = SimpleNamespace(copy=copy.copy, deepcopy=_deepcopy)
    backend: Any = dynamodb.DynamoDBBackend
    table: Any = Table
    item_result: Any = DynamoResult
    if not _original:
        _original.update(
            transact=backend.transact_write_items, query=table.query, execute_result=item_result.execute_result
        )
        backend.transact_write_items, table.query = _transact_write_items, _query
        item_result.execute_result = _execute_result


def _move(asked: Mapping[str, Any]) -> Response:
    """Bring dead letters back, which moto cannot: groups' to their queue, all others to the users'.

    AWS remembers which queue each came from. Between the leavers' and the users' queue it makes no other difference
    than who waits for whom.
    """
    backend = sqs_backends[DEFAULT_ACCOUNT_ID][REGION]
    dead = backend.queues.get(str(asked.get("SourceArn", "")).rpartition(":")[2])
    if dead is None:
        error = {"__type": "com.amazonaws.sqs#ResourceNotFoundException", "message": "SourceArn: no such queue"}
        return Response.of_json(400, error)
    for message in _all(dead):
        queue = "GroupsQueue.fifo" if str(message.group_id).startswith("group:") else "UsersQueue.fifo"
        backend.send_message(queue, message.body, None, None, uuid4().hex, message.group_id)
    _all(dead).clear()
    return Response.of_json(200, {"TaskHandle": uuid4().hex})


def _all(queue: Any) -> list[Any]:
    messages: list[Any] = queue._messages  # noqa: SLF001 - moto shows them nowhere else
    return messages


def _messages(queue: Any) -> list[Any]:
    now = time() * 1000
    return [each for each in _all(queue) if each.visible_at < now and each.delayed_until <= now]


def _delayed(queue: Any) -> int:
    now = time() * 1000
    return sum(now < message.delayed_until for message in _all(queue))


def _not_visible(queue: Any) -> int:
    now = time() * 1000
    return sum(now <= message.visible_at for message in _all(queue))


#: moto's own functions, once they are replaced.
_original: dict[str, Callable[..., Any]] = {}


def _query(table: Any, hash_key: Any, *arguments: Any, **named: Any) -> Any:
    """Query the items of one hash key alone; moto sorts the whole table first."""
    view = copy.copy(table)
    if not table.global_indexes and not table.indexes:
        view.items = {hash_key: table.items[hash_key]} if hash_key in table.items else {}
    return _original["query"](view, hash_key, *arguments, **named)


def _execute_result(result: Any, context: Any) -> Any:
    """Items as they are: they have their wire form already, and moto would walk through each value once more."""
    if context.operation_model.name not in _ITEM_OPERATIONS:
        return _original["execute_result"](result, context)
    return 200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(result.result, default=_base64)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _deepcopy(value: Any) -> Any:
    """The table itself in place of its copy: `_transact_write_items` puts back what a transaction has changed."""
    return value if isinstance(value, Table) else copy.deepcopy(value)


def _transact_write_items(backend: Any, transact_items: list[dict[str, Any]]) -> None:
    before = []
    for write in (each for item in transact_items for each in item.values()):
        table = backend.get_table(write["TableName"])
        names = [name for name in (table.hash_key_attr, table.range_key_attr) if name]
        key = {name: (write.get("Key") or write["Item"])[name] for name in names}
        before.append((table, *backend.get_keys_value(table, key), copy.deepcopy(backend.get_item(table.name, key))))
    try:
        _original["transact"](backend, transact_items)
    except Exception:  # whatever refused it: a transaction is done whole or not at all, and the error goes on
        for table, hash_key, range_key, item in before:
            table.delete_item(hash_key, range_key)
            if item is not None and range_key is not None:
                table.items[hash_key][range_key] = item
            elif item is not None:
                table.items[hash_key] = item
        raise
