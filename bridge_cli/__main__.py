"""``python -m bridge_cli``."""

from __future__ import annotations

import signal

if __name__ == "__main__":
    # Ctrl-C while the command is still being loaded ends it without a word, and not in a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from bridge_cli.bridge import Bridge
from bridge_cli.context import Context
from bridge_cli.ends import End, Stopped
from bridge_cli.naming import look_up
from bridge_cli.parser import Misused, build
from bridge_cli.places import Place, Session, deployed, local, options_of
from bridge_cli.terminal import Terminal

if TYPE_CHECKING:
    from bridge.outbound.http import HttpClient


def _session(profile: str | None, region: str | None) -> Session:
    import boto3  # half of the time that --help would take

    return cast("Session", boto3.Session(profile_name=profile, region_name=region))


def _http(origin: str, upstream: str) -> HttpClient:
    from bridge.outbound.http import HttpClient  # half of the rest

    return HttpClient(origin, upstream)


def _nothing(mode: str) -> TextIO:
    """What stands for a stream that the one who started this has closed: Python has None there."""
    return cast("TextIO", Path(os.devnull).open(mode, encoding="utf-8"))


@dataclass
class Surroundings:
    """Everything outside of the command: streams, environment, AWS, time."""

    stdin: TextIO = field(default_factory=lambda: sys.stdin or _nothing("r"))
    stdout: TextIO = field(default_factory=lambda: sys.stdout or _nothing("w"))
    stderr: TextIO = field(default_factory=lambda: sys.stderr or _nothing("w"))
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    session: Callable[[str | None, str | None], Session] = _session
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    http: Callable[[str, str], HttpClient] = _http
    zone: tzinfo | None = None
    hidden: Callable[[str], str] = getpass


def main(arguments: Sequence[str] | None = None, surroundings: Surroundings | None = None) -> int:
    """Run a command; its exit code. Whatever happens is said in words."""
    around = surroundings or Surroundings()
    try:
        return _main(arguments, around)
    except KeyboardInterrupt:
        code: int = End.INTERRUPTED
        _say(around, "Interrupted.")
        _answer_program(around, arguments, Stopped(End.INTERRUPTED, "Interrupted."))
    except BrokenPipeError:
        code = End.FAILED  # anyone who read has gone, as `head` does
    except OSError as error:
        code = End.FAILED
        _say(around, f"The output cannot be written: {error.strerror or error}")
    except Exception as error:  # noqa: BLE001 - people get words, whatever nobody foresaw
        code = End.FAILED
        _say(around, f"Unforeseen: {type(error).__name__}: {error}. That is a defect of this command.")
        _answer_program(around, arguments, Stopped(End.FAILED, f"Unforeseen: {type(error).__name__}"))
    _quiet(around.stdout)
    _quiet(around.stderr)
    return code


def _main(arguments: Sequence[str] | None, around: Surroundings) -> int:
    try:
        parsed = build(around.environment).parse_args(arguments)
    except Misused as misused:  # explained on standard error
        _answer_program(around, arguments, Stopped(End.USAGE, misused.message))
        return End.USAGE
    except SystemExit as ended:  # --help
        around.stdout.flush()
        return int(ended.code or 0)
    terminal = Terminal(
        around.stdin,
        around.stdout,
        around.stderr,
        as_json=parsed.json,
        yes=parsed.yes,
        progress=parsed.progress,
        zone=around.zone,
        hidden=around.hidden,
    )
    bridge = Bridge(lambda: _place(parsed, around))
    with ExitStack() as opened:

        def http(origin: str, upstream: str) -> HttpClient:
            client = around.http(origin, upstream)
            opened.callback(client.close)
            return client

        context = Context(parsed, bridge, terminal, around.sleep, around.clock, around.now, http, around.environment)
        return _run(context)


def _say(around: Surroundings, words: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        print(f"bridge: {words}", file=around.stderr, flush=True)


def _answer_program(around: Surroundings, arguments: Sequence[str] | None, stopped: Stopped) -> None:
    """Where a program asked for a document, it gets one although no command has run to its end."""
    if "--json" in (sys.argv[1:] if arguments is None else arguments):
        with contextlib.suppress(OSError, ValueError):
            print(json.dumps(stopped.document(), indent=2), file=around.stdout, flush=True)


def _quiet(stream: TextIO) -> None:
    """What is left in a stream that takes nothing any more must not be complained of at the very end."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _run(context: Context) -> End:
    try:
        look_up(context)
        end: End = context.arguments.command.run(context)
        context.terminal.flush()
    except Stopped as stopped:
        return _stop(context, stopped)
    except argparse.ArgumentTypeError as error:
        return _stop(
            context, Stopped(End.USAGE, str(error), f"`{context.arguments.parser.prog} --help` shows an example.")
        )
    except KeyboardInterrupt:
        return _stop(context, Stopped(End.INTERRUPTED, f"Interrupted. {context.standing}"))
    return end


def _stop(context: Context, stopped: Stopped) -> End:
    stopped.advice = context.copyable(stopped.advice)
    context.terminal.document(stopped.document())
    context.terminal.error(stopped.message, stopped.advice)
    context.terminal.flush()
    return stopped.end


def _place(arguments: argparse.Namespace, around: Surroundings) -> Place:
    if arguments.local:
        return local(around.session(None, None), arguments.port)
    if not arguments.stack:
        raise Stopped(
            End.USAGE,
            "Which bridge?",
            "Add --stack NAME (or set BRIDGE_STACK), or --local for the one of `make local`.",
        )
    options = options_of(stack=arguments.stack, region=arguments.region, profile=arguments.profile)
    return deployed(around.session(arguments.profile, arguments.region), arguments.stack, options)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
