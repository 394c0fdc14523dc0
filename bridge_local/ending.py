"""How a program of the local stack ends: at the first signal in order, at the second at once, never in a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from threading import Timer
from types import FrameType
from weakref import WeakSet

from bridge.errors import BridgeError

#: Seconds that an orderly end may take.
PATIENCE = 30.0
#: Exit codes: something failed, a setting or an argument is wrong.
FAILED, USAGE = 1, 2

_processes: WeakSet[subprocess.Popen[str]] = WeakSet()
_come = 0


class Interrupted(BaseException):
    """A signal asks the program to end; raised wherever the main thread is."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


def own(process: subprocess.Popen[str]) -> subprocess.Popen[str]:
    """Have a process killed when this one has to end at once."""
    _processes.add(process)
    return process


def listen() -> None:
    """Take SIGINT and SIGTERM from now on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _signal)


def _signal(number: int, _frame: FrameType | None) -> None:
    global _come  # noqa: PLW0603 - signals are the process's, so is this
    if _come:
        _at_once(128 + number, "Stopped at once.")
    _come = number
    late = Timer(PATIENCE, lambda: _at_once(FAILED, f"It could not stop in order within {PATIENCE:g} s."))
    late.daemon = True
    late.start()
    raise Interrupted(number)


def _at_once(code: int, why: str) -> None:
    for process in list(_processes):
        with suppress(OSError):
            process.kill()
    with suppress(OSError):
        os.write(2, f"{why}\n".encode())
    os._exit(code)


def guarded(run: Callable[[], int]) -> int:
    """Run a program; its exit code, whatever comes. What nobody foresaw is said in one line, with its place."""
    threading.excepthook = _in_thread
    try:
        code = run()
        if sys.stdout is not None:  # as where a shell has closed it
            sys.stdout.flush()
    except Interrupted as interrupted:
        _say(f"Stopped by {interrupted}.")
        code = interrupted.code
    except BrokenPipeError:
        # Nobody reads any more; nothing is left to be said there.
        code = FAILED
    except BridgeError as error:
        _say(str(error))
        code = USAGE
    except OSError as error:
        _say(": ".join(str(each) for each in (error.filename, error.strerror or error) if each))
        code = FAILED
    except ValueError as error:
        _say(str(error))
        code = USAGE
    except Exception as error:  # noqa: BLE001 - people get words and a place, whatever nobody foresaw
        _say(_unforeseen(error))
        code = FAILED
    _quiet()
    return code


def _in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None:
        _say(_unforeseen(arguments.exc_value))


def _unforeseen(error: BaseException) -> str:
    place = traceback.extract_tb(error.__traceback__)
    where = f" ({os.path.relpath(place[-1].filename)}:{place[-1].lineno})" if place else ""
    return f"Unforeseen: {type(error).__name__}: {error}{where}"


def _say(words: str) -> None:
    with suppress(OSError):
        os.write(2, f"{words}\n".encode(errors="replace"))


def _quiet() -> None:
    """What is left in a stream that takes nothing any more must not be complained of at the very end."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
