"""A table whose entries can also be read as they were a moment ago: how a read lag is modelled."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

V = TypeVar("V")


class Versions(Generic[V]):
    """Values by key, with an undo log that reaches back to the oldest moment a read may ask for.

    Args:
        clock: the present moment, epoch seconds.
        lag: how far back a read may look, seconds; 0 keeps no past at all.
    """

    __slots__ = ("_clock", "_keys", "_lag", "_past", "_undo", "current")

    def __init__(self, clock: Callable[[], float], lag: Callable[[], float]) -> None:
        #: The truth. Read it freely; write it with `put` and `drop`.
        self.current: dict[str, V] = {}
        self._clock = clock
        self._lag = lag
        self._undo: deque[tuple[float, str]] | None = None
        self._past: dict[str, deque[tuple[float, V | None]]] | None = None
        self._keys: list[str] | None = None

    def __len__(self) -> int:
        return len(self.current)

    def __getitem__(self, key: str) -> V:
        return self.current[key]

    def __contains__(self, key: object) -> bool:
        return key in self.current

    def __iter__(self) -> Iterator[str]:
        return iter(self.current)

    def put(self, key: str, value: V) -> None:
        """Set the value of a key."""
        self._remember(key)
        if key not in self.current:
            self._keys = None
        self.current[key] = value

    def drop(self, key: str) -> V | None:
        """Take a key out; its value, None when it was not there."""
        if key not in self.current:
            return None
        self._remember(key)
        self._keys = None
        return self.current.pop(key)

    def get(self, key: str, as_of: float | None = None) -> V | None:
        """The value now or as it was after every change up to `as_of`; None without one."""
        if as_of is not None and self._past:
            for at, previous in self._past.get(key, ()):
                if at > as_of:
                    return previous
        return self.current.get(key)

    def keys(self, as_of: float | None = None) -> list[str]:
        """The keys in ascending order, now or as of a moment. The list is shared: do not change it."""
        if self._past:
            self._forget()
        if as_of is None or not self._past:
            if self._keys is None:
                self._keys = sorted(self.current)
            return self._keys
        keys = set(self.current)
        for key in self._past:
            if self.get(key, as_of) is None:
                keys.discard(key)
            else:
                keys.add(key)
        return sorted(keys)

    def _remember(self, key: str) -> None:
        if self._lag() <= 0:
            if self._past:
                self._forget()
            return
        if self._undo is None or self._past is None:
            self._undo, self._past = deque(), {}
        self._forget()
        now = self._clock()
        self._undo.append((now, key))
        self._past.setdefault(key, deque()).append((now, self.current.get(key)))

    def _forget(self) -> None:
        """Drop what no read can ask for any more."""
        if self._undo is None or self._past is None:
            return
        horizon = self._clock() - self._lag()
        while self._undo and self._undo[0][0] <= horizon:
            _, key = self._undo.popleft()
            versions = self._past[key]
            versions.popleft()
            if not versions:
                del self._past[key]
