"""Programs that the stack keeps running beside itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from threading import Event, Thread

from bridge_local import ROOT
from bridge_local.ending import own
from bridge_local.logs import FunctionLogs

#: Seconds a program has to end when it is told to.
_GRACE = 5
#: Seconds before another takes the place of one that ended.
_PAUSE = 0.5


class Child:
    """Runs one of our modules in a process of its own; whatever ends it, another takes its place."""

    def __init__(self, module: Sequence[str], environment: Mapping[str, str], logs: FunctionLogs, name: str) -> None:
        """Run ``python -m`` with `module` and its arguments; what it prints goes to `logs`."""
        self._command = [sys.executable, "-u", "-m", *module]
        self._environment = dict(environment)
        self._logs = logs
        self._stop = Event()
        self._process: subprocess.Popen[str] | None = None
        self._thread = Thread(target=self._supervise, name=name, daemon=True)

    @property
    def pid(self) -> int:
        """The process id, 0 when none runs at this moment."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Tell it to end; `join` waits for that."""
        self._stop.set()

    def join(self) -> None:
        """Wait until it has ended."""
        self._thread.join()

    def _supervise(self) -> None:
        while not self._stop.is_set():
            process = own(
                subprocess.Popen(  # noqa: S603 - our own program
                    self._command,
                    cwd=ROOT,
                    env=self._environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    # Ctrl-C is for the stack alone, which ends its children in its turn.
                    start_new_session=True,
                )
            )
            self._process = process
            reader = Thread(target=self._read, args=(process,), daemon=True)
            reader.start()
            while process.poll() is None and not self._stop.wait(0.1):
                pass
            _end(process)
            reader.join()
            if not self._stop.wait(_PAUSE):
                self._logs.line(f"{self._thread.name} ended ({process.returncode}): another is started")

    def _read(self, process: subprocess.Popen[str]) -> None:
        if process.stdout is not None:
            with process.stdout:
                for line in process.stdout:
                    self._logs.line(line)


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(timeout=_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
