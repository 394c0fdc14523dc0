"""``bridge play``: scenes on the local stack, which need somebody."""

from __future__ import annotations

import argparse

from bridge.operations.answers import Answer
from bridge_cli.commands import Command
from bridge_cli.context import Context
from bridge_cli.ends import End, Stopped

#: How things stand once it was asked for.
_UNKNOWN = "It was asked for; whether it was done is not known: bridge status --local says so."


class Played(Answer):
    """A scene that stands: what has happened, and what is to be seen then."""

    scene: str
    says: str
    problem: str
    command: str
    alarm: str
    metric: str


def scene(context: Context) -> End:
    """``play scene``."""
    _only_here(context)
    context.standing = _UNKNOWN
    reply = context.bridge.play({"do": "scene", "name": context.arguments.name}, Played)
    played = reply.answer
    context.terminal.document(reply.document)
    context.terminal.say(
        played.says,
        f"Soon {context.command('status')} names {played.problem}; in AWS {played.alarm} tells somebody.",
        f"First: {context.command(played.command)}",
        f"What is broken is mended by {context.command('play mend')}",
    )
    return End.DONE


def mend(context: Context) -> End:
    """``play mend``."""
    _only_here(context)
    context.standing = _UNKNOWN
    context.terminal.document(context.bridge.play({"do": "mend"}, Answer).document)
    context.terminal.say("Both servers, the hook and the pause are well again. What somebody must decide stays.")
    return End.DONE


def _only_here(context: Context) -> None:
    """Refuse to play with a deployed stack."""
    if context.bridge.place.stack:
        raise Stopped(End.USAGE, "Only the local stack can be played with.", "Start `make local`, and add --local.")


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="such as held-group; a wrong name is answered with all of them")


COMMANDS = (
    Command(
        "play scene",
        "NAME",
        "prepare something that needs somebody, on the local stack",
        "held-group, parked-people, genesys-down, hook-unverified, catch-up-behind, wrong-secret, exceptions-left, "
        "paused. Several may stand at once. Says what has happened, and what `bridge status` will name.",
        "bridge play scene held-group",
        scene,
        _name,
    ),
    Command(
        "play mend",
        "",
        "mend what scenes have broken, on the local stack",
        "Both servers answer again, the hook is verified and removals are resumed. Holds, parked items and exceptions "
        "stay: they are decided as on any other day.",
        "bridge play mend",
        mend,
    ),
)
