"""Functions that are invoked by name, each in a process of its own: each has its own environment variables."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock, Thread, Timer
from typing import IO, Any

from bridge_local import ROOT
from bridge_local.ending import own
from bridge_local.function import ANSWERS
from bridge_local.logs import FunctionLogs


@dataclass(frozen=True)
class Invoked:
    """What came of an invocation: the payload, or what Lambda answers when the function failed."""

    payload: Any
    failed: bool = False


class Function:
    """One function: its process starts with the first invocation and is kept; invocations come one after another."""

    def __init__(
        self, name: str, environment: Callable[[], Mapping[str, str]], seconds: float, logs: FunctionLogs
    ) -> None:
        """`environment` gives the variables when the process starts; an invocation may take `seconds`."""
        self.name = name
        self._environment = environment
        self._seconds = seconds
        self._logs = logs
        self._lock = Lock()
        self._process: subprocess.Popen[str] | None = None
        self._answers: IO[str] | None = None
        self._closed = False

    @property
    def pid(self) -> int:
        """The process id, 0 when none runs at this moment."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else 0

    @property
    def busy(self) -> bool:
        """Whether it has an invocation in hand."""
        return self._lock.locked()

    def invoke(self, event: Any, qualifier: str = "") -> Invoked:
        """Have the function handle an event that comes through an alias, if one is named."""
        with self._lock:
            if self._closed:
                return _failed("Runtime.ExitError", "the stack has stopped")
            process, answers = self._running()
            late = Timer(self._seconds, process.kill)
            late.start()
            try:
                if process.stdin is not None:
                    process.stdin.write(json.dumps({"event": event, "qualifier": qualifier}) + "\n")
                    process.stdin.flush()
                line = answers.readline()
            except BrokenPipeError:
                line = ""
            finally:
                timed_out = not late.is_alive()
                late.cancel()
            if not line:
                self._end()
                if timed_out:
                    return _failed("Sandbox.Timedout", f"Task timed out after {self._seconds:.2f} seconds")
                return _failed("Runtime.ExitError", "the function's process ended")
            answer = json.loads(line)
            return Invoked(answer["payload"], failed=answer.get("error", False))

    def close(self) -> None:
        """End the process, and with it the invocation in hand."""
        self._closed = True
        process = self._process
        if process is not None:
            process.kill()
        with self._lock:
            self._end()

    def restart(self) -> None:
        """Have the next invocation start another process, with the environment as it is then."""
        with self._lock:
            self._end()

    def _running(self) -> tuple[subprocess.Popen[str], IO[str]]:
        if self._process is not None and self._answers is not None and self._process.poll() is None:
            return self._process, self._answers
        self._end()
        reads, writes = os.pipe()
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-u", "-m", "bridge_local.function", self.name],
            cwd=ROOT,
            env={**self._environment(), ANSWERS: str(writes)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=(writes,),
            # Ctrl-C is for the stack alone, which ends its children in its turn.
            start_new_session=True,
        )
        os.close(writes)
        answers = os.fdopen(reads, encoding="utf-8")
        Thread(target=self._read, args=(process,), daemon=True).start()
        self._process, self._answers = own(process), answers
        return process, answers

    def _end(self) -> None:
        process, answers = self._process, self._answers
        self._process = self._answers = None
        if process is not None:
            process.kill()
            process.wait()
            if process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()
        if answers is not None:
            answers.close()

    def _read(self, process: subprocess.Popen[str]) -> None:
        if process.stdout is not None:
            with process.stdout:
                for line in process.stdout:
                    self._logs.line(line)


def _failed(kind: str, message: str) -> Invoked:
    return Invoked({"errorMessage": message, "errorType": kind}, failed=True)
