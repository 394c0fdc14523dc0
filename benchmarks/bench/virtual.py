"""Virtual time for many processes at once: each runs until it waits, and the one that waits shortest goes on.

Every process is a thread, and exactly one of them runs at any moment, so the same beginning has the same end. What the
processes do themselves takes no time; calls to the outside take what their latency says.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from tests.world import VirtualClock


class Stopped(BaseException):
    """The benchmark is over: a waiting process ends. No ``except Exception`` stands in its way."""


@dataclass(order=True)
class _Wake:
    time: float
    number: int
    process: _Process = field(compare=False)


class _Process:
    """One thread and the signal that lets it go on."""

    def __init__(self) -> None:
        self.go_on = threading.Semaphore(0)


class VirtualTime(VirtualClock):
    """A clock that moves when every process waits."""

    def __init__(self) -> None:
        """Begin where the tests' world begins."""
        super().__init__()
        self._start = self.time
        self._seconds = 0.0
        self._numbers = count()
        self._waiting: list[_Wake] = []
        self._main = _Process()
        self._current = self._main
        self._stopping = False
        self._failure: BaseException | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return self._seconds

    def advance(self, seconds: float) -> None:
        """The running process waits for so long; the others go on meanwhile."""
        if self._stopping and self._current is not self._main:
            raise Stopped
        until = self._seconds + max(seconds, 0.0)
        if not self._waiting or until < self._waiting[0].time:
            self._move(until)
            return
        me = self._current
        heapq.heappush(self._waiting, _Wake(until, next(self._numbers), me))
        self._next()
        me.go_on.acquire()
        if self._stopping and me is not self._main:
            raise Stopped
        if self._failure is not None and me is self._main:
            raise self._failure

    def start(self, work: Callable[[], None]) -> None:
        """Start a process; it begins when the running one next waits."""
        process = _Process()

        def run() -> None:
            process.go_on.acquire()
            try:
                if not self._stopping:
                    work()
            except Stopped:
                pass
            except BaseException as failure:  # noqa: BLE001 - shown by the main process, whatever it is
                self._failure = failure
                self._wake_main()
            self._next()

        threading.Thread(target=run, daemon=True).start()
        heapq.heappush(self._waiting, _Wake(self._seconds, next(self._numbers), process))

    def stop(self) -> None:
        """End every process that waits. Called by the main one."""
        self._stopping = True
        while self._waiting:
            wake = heapq.heappop(self._waiting)
            heapq.heappush(self._waiting, _Wake(self._seconds, next(self._numbers), self._main))
            self._current = wake.process
            wake.process.go_on.release()
            self._main.go_on.acquire()

    def _move(self, seconds: float) -> None:
        self._seconds = seconds
        self.time = self._start + timedelta(seconds=seconds)

    def _wake_main(self) -> None:
        """Let the main process be the next."""
        for wake in self._waiting:
            if wake.process is self._main:
                wake.time = self._seconds
        heapq.heapify(self._waiting)

    def _next(self) -> None:
        """Hand over to anyone who waits shortest."""
        if not self._waiting:
            return
        wake = heapq.heappop(self._waiting)
        if not self._stopping:
            self._move(max(self._seconds, wake.time))
        self._current = wake.process
        wake.process.go_on.release()
