"""The event source mappings between queues and the consumer: they can be disabled and enabled, as in Lambda."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock

from bridge_local.children import Child
from bridge_local.template import Source


class Sources:
    """Mappings by id; an enabled one has a process that reads its queue."""

    def __init__(self, sources: Mapping[str, Source], make: Callable[[Source], Child]) -> None:
        """Begin with all of them disabled; `make` gives a queue's process, not yet started."""
        self.known = dict(sources)
        self._make = make
        self._running: dict[str, Child] = {}
        self._ending: list[Child] = []
        self._lock = Lock()

    @property
    def pids(self) -> list[int]:
        """The process ids of the consumers, one for each enabled queue."""
        with self._lock:
            return [child.pid for child in self._running.values() if child.pid]

    def enabled(self, id_: str) -> bool:
        """Whether the mapping's queue is read."""
        with self._lock:
            return id_ in self._running

    def enable(self, id_: str) -> None:
        """Read the queue."""
        with self._lock:
            if id_ not in self._running:
                self._running[id_] = self._make(self.known[id_])
                self._running[id_].start()

    def disable(self, id_: str) -> None:
        """Read the queue no more; the batch in hand may still end."""
        with self._lock:
            child = self._running.pop(id_, None)
            if child is not None:
                child.stop()
                self._ending.append(child)

    def restart(self) -> None:
        """Read each queue that is read in a new process, with the environment as it is now."""
        for id_ in self.known:
            if self.enabled(id_):
                self.disable(id_)
                self.enable(id_)

    def stop(self) -> None:
        """Tell all of them to end; `join` waits for that."""
        with self._lock:
            for child in self._running.values():
                child.stop()

    def join(self) -> None:
        """Wait until they have ended."""
        with self._lock:
            for child in [*self._running.values(), *self._ending]:
                child.join()
