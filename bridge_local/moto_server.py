"""moto as the stack's AWS, made fit to be hurried: one request at a time, and no cost that grows with the square.

moto is written for tests: it takes no locks (a deletion may lose a message that is being sent), asks the clock for
each message of a queue several times in each call, and copies a whole table before each transaction.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from threading import Lock, Thread
from time import time
from types import SimpleNamespace
from typing import Any

from moto.dynamodb import models as dynamodb
from moto.dynamodb.models.table import Table
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.sqs.models import Queue
from werkzeug.serving import make_server

_LOCK = Lock()


class MotoServer:
    """moto on one address; several share one AWS."""

    def __init__(self, host: str, port: int) -> None:
        """Bind the address; `start` answers."""
        _quicken()
        app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(host, port, _one_at_a_time(app), threaded=True)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering and free the address."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _one_at_a_time(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    def serialised(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        with _LOCK:
            return list(app(environ, start_response))

    return serialised


def _quicken() -> None:
    """Put cheaper equivalents in the place of what costs most."""
    queue: Any = Queue
    queue.messages = property(_messages)
    queue.approximate_number_of_messages_delayed = property(_delayed)
    queue.approximate_number_of_messages_not_visible = property(_not_visible)
    names: Any = dynamodb
    names.copy = SimpleNamespace(copy=copy.copy, deepcopy=_deepcopy)
    backend: Any = dynamodb.DynamoDBBackend
    if backend.transact_write_items is not _transact_write_items:
        _original.append(backend.transact_write_items)
        backend.transact_write_items = _transact_write_items


def _messages(queue: Any) -> list[Any]:
    now = time() * 1000
    return [message for message in queue._messages if message.visible_at < now and message.delayed_until <= now]


def _delayed(queue: Any) -> int:
    now = time() * 1000
    return sum(now < message.delayed_until for message in queue._messages)


def _not_visible(queue: Any) -> int:
    now = time() * 1000
    return sum(now <= message.visible_at for message in queue._messages)


#: moto's own `transact_write_items`, once it is replaced.
_original: list[Callable[..., None]] = []


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
        _original[0](backend, transact_items)
    except Exception:
        for table, hash_key, range_key, item in before:
            table.delete_item(hash_key, range_key)
            if item is not None and range_key is not None:
                table.items[hash_key][range_key] = item
            elif item is not None:
                table.items[hash_key] = item
        raise
