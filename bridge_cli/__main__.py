"""``python -m bridge_cli``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from getpass import getpass
from typing import TYPE_CHECKING, TextIO, cast

from bridge_cli.bridge import Bridge
from bridge_cli.context import Context
from bridge_cli.ends import End, Stopped
from bridge_cli.naming import look_up
from bridge_cli.parser import build
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


@dataclass
class Surroundings:
    """Everything outside of the command: streams, environment, AWS, time."""

    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    session: Callable[[str | None, str | None], Session] = _session
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    http: Callable[[str, str], HttpClient] = _http
    zone: tzinfo | None = None
    hidden: Callable[[str], str] = getpass


def main(arguments: Sequence[str] | None = None, surroundings: Surroundings | None = None) -> int:
    """Run a command; its exit code."""
    around = surroundings or Surroundings()
    try:
        parsed = build(around.environment).parse_args(arguments)
    except SystemExit as ended:  # --help, or a usage that argparse has already explained
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
        return _ended(context, around)


def _ended(context: Context, around: Surroundings) -> int:
    try:
        return _run(context)
    except BrokenPipeError:
        # Who read the output has gone, as `head` does; nothing is left to be said there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), around.stdout.fileno())
        return End.FAILED


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
        context.terminal.error(f"Interrupted. {context.standing}")
        return End.INTERRUPTED
    return end


def _stop(context: Context, stopped: Stopped) -> End:
    context.terminal.document(stopped.document())
    context.terminal.error(stopped.message, context.copyable(stopped.advice))
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
    sys.exit(main())
