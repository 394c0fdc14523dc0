"""``python -m bridge_local run`` and ``python -m bridge_local demo``."""

# ruff: noqa: E402 - a signal that comes before anybody listens ends this process without a word, so signals come first
import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import logging
import os
import sys

from bridge_local import ending

#: The functions' log takes standard output's place while a stack runs.
_OUTPUT = sys.stdout
_EPILOG = """
run listens on 127.0.0.1: the hook and the console on PORT (8080), the Okta simulator on PORT+1, the Genesys Cloud
simulator on PORT+2, AWS (moto) on PORT+3. Environment: PORT, BIND (the IP address of a further interface), STATE_DIR
(keeps the state), PEOPLE (invented people to begin with; SEED makes them others), EXAMPLES (1: the people of events/ in
their place, of whom nobody has been told), CATCH_UP_SECONDS (15 in place of the template's 300; every other schedule
is quickened alike), CONCURRENT_EXECUTIONS, OKTA_ORG_URL, OKTA_APP_ID, GENESYS_API_URL, GENESYS_LOGIN_URL (servers in a
simulator's place), HOOK_SECRET, OKTA_TOKEN, GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET, and every setting of the
functions. What is wrong is named at the start. demo: SEED repeats a run. The first Ctrl-C stops in order, the second at
once.
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
    command = parser.parse_args(arguments).command
    ending.listen()
    for name in ("POWERTOOLS_LOG_LEVEL", "LOG_LEVEL"):
        if os.environ.get(name, "INFO").upper() not in logging.getLevelNamesMapping():
            raise ValueError(f"{name}: expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL")
    if command == "demo":
        from bridge_local import demo

        return demo.main(os.environ, _say)
    from bridge_local.keeping import run
    from bridge_local.options import Options

    return run(Options.read(os.environ), _say, _tell)


def _say(line: str) -> None:
    print(line, file=_OUTPUT, flush=True)


def _tell(line: str) -> None:
    """How far the start has come, beside the one line that says it is over."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(ending.guarded(main))
