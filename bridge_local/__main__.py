"""``python -m bridge_local run`` and ``python -m bridge_local demo``."""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
from threading import Event
from types import FrameType

from bridge.aws.store.dynamo import DynamoStore
from bridge_local import demo, examples
from bridge_local.demo import settle
from bridge_local.options import Options
from bridge_local.scenario import LINKED_GROUPS, Company
from bridge_local.stack import Stack

_EPILOG = """
run listens on 127.0.0.1: the hook and the console on PORT (8080), the Okta simulator on PORT+1, the Genesys Cloud
simulator on PORT+2, AWS (moto) on PORT+3. Environment: PORT, BIND (a further address), STATE_DIR (keeps the state),
PEOPLE (invented people to begin with), EXAMPLES (1: the people of events/ in their place, of whom nobody has been
told), CATCH_UP_SECONDS (15 in place of the template's 300; every other schedule is
quickened alike), OKTA_ORG_URL, OKTA_APP_ID, GENESYS_API_URL, GENESYS_LOGIN_URL (servers in a simulator's place),
HOOK_SECRET, OKTA_TOKEN, GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET, and every setting of the functions. demo: SEED
repeats a run.
"""


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(
        prog="python -m bridge_local",
        description="The bridge on this machine, without an AWS account and without Docker.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="start everything and keep it running (make local)")
    commands.add_parser("demo", help="tell a story and prove its end (make demo)")
    if parser.parse_args(arguments).command == "demo":
        signal.signal(signal.SIGTERM, _leave)
        return demo.run()
    try:
        options = Options.read(os.environ)
    except ValueError as error:
        parser.error(str(error))
    return run(options)


def run(options: Options) -> int:
    """Keep the stack running until SIGINT or SIGTERM."""
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    output = sys.stdout
    if options.people:
        options = options.with_default("LINKED_GROUPS", LINKED_GROUPS)
    with contextlib.ExitStack() as running:
        try:
            stack = running.enter_context(Stack(options))
        except OSError as error:
            print(f"The stack cannot start: {error}", file=sys.stderr)
            return 1
        okta, genesys = stack.okta, stack.genesys
        if okta is not None and genesys is not None and not okta.users.current:
            if options.examples:
                store = DynamoStore(stack.aws.client("dynamodb"), stack.aws.physical["StateTable"])
                examples.add(okta, genesys, store)
            elif options.people:
                _tell(f"Okta hires {options.people} people and more into 5 linked groups")
                Company(okta, genesys, random.Random(0)).hire(options.people)  # noqa: S311 - invented people
                settle(stack, _tell)
        print(
            f"ready hook {stack.hook_url} console {options.url()}/ okta {options.okta_url or options.url(1)}"
            f" genesys {options.genesys_api_url or options.url(2)} aws {options.url(3)} log {stack.logs.path}",
            file=output,
            flush=True,
        )
        stop.wait()
        print("stopping", file=output, flush=True)
    return 0


def _tell(line: str) -> None:
    """How far the start has come, beside the one line that says it is over."""
    print(line, file=sys.stderr, flush=True)


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(143)


if __name__ == "__main__":
    sys.exit(main())
