"""A function that dies between two writes: nothing of its own goes on, what it wrote stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from bridge.items import Queue
from bridge_local.exchange import Request, Response
from bridge_local.memory import MemoryStore
from tests.world import World

#: Methods of the store that change nothing.
READS = frozenset(
    (
        *("user", "users", "all_users", "owners", "referenced", "group", "groups"),
        *("removals", "leaving", "exceptions", "seen"),
        *("hold", "hold_history", "open_hold_entities", "releases", "staged", "decision"),
        *(
            "app",
            "due",
            "hold_and_users",
            "parked_items",
            "entries",
            "differences",
            "breaker",
            "breakers_of",
            "log_cursor",
            "permitted",
            "reminded",
        ),
    )
)


class Died(BaseException):
    """The process is gone. No handler of the bridge may catch this."""


class Fuse:
    """Counts writes while a function runs, and ends it after the one that is set.

    Attributes:
        left: after how many more writes the function dies, None for never.
        burnt: how often it has.
        running: whether a function runs: what people write never ends one.
    """

    def __init__(self) -> None:
        self.left: int | None = None
        self.burnt = 0
        self.running = False

    def wrote(self) -> None:
        """One write has been done."""
        if not self.running or self.left is None:
            return
        self.left -= 1
        if self.left <= 0:
            self.left = None
            self.burnt += 1
            raise Died

    def around(self, write: Callable[..., Any]) -> Callable[..., Any]:
        """The same write, counted."""

        def counted(*args: Any, **kwargs: Any) -> Any:
            answer = write(*args, **kwargs)
            self.wrote()
            return answer

        return counted


class MortalStore:
    """A store whose writes the fuse counts; everything else is the store's own."""

    def __init__(self, store: MemoryStore, fuse: Fuse) -> None:
        self._store = store
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        is_write = callable(found) and name not in READS and not name.startswith("_")
        return self._fuse.around(found) if is_write else found

    def __setattr__(self, name: str, value: Any) -> None:
        if name in {"_store", "_fuse"}:
            object.__setattr__(self, name, value)
        else:
            setattr(self._store, name, value)


class MortalWorld(World):
    """A world whose consumer dies after the write that `fuse` says: to the table, to Genesys Cloud or to a queue."""

    def __post_init__(self) -> None:
        """Put the fuse between the bridge and everything that it writes to."""
        self.fuse = Fuse()
        super().__post_init__()
        self.store = cast("MemoryStore", MortalStore(self.store, self.fuse))
        self.queues.send = self.fuse.around(self.queues.send)  # type: ignore[method-assign] # the same, counted
        for name in ("_put_record", "_update_record", "_delete_record"):
            setattr(self.idempotency, name, self.fuse.around(getattr(self.idempotency, name)))
        handle = self.genesys.handle

        def counted(request: Request) -> Response:
            """The model's answer; a write counts once it is done."""
            answer = handle(request)
            if request.method != "GET":
                self.fuse.wrote()
            return answer

        self.genesys.handle = counted  # type: ignore[method-assign] # the same, counted
        self.restart()

    def work(self, queue: Queue) -> Mapping[str, Any] | None:
        """Handle one batch; a consumer that dies leaves its messages in flight, and another process follows."""
        self.fuse.running = True
        try:
            return super().work(queue)
        except Died:
            self.restart()
            return {}
        finally:
            self.fuse.running = False
