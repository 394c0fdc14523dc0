"""``bridge play``: scenes on the local stack, which need somebody."""

from __future__ import annotations

import argparse

from bridge.operations.answers import Answer
from bridge_cli.commands import Command, positive
from bridge_cli.context import Context
from bridge_cli.ends import End, Stopped

#: What `play okta` does, and how `play break` breaks: the local stack says what each needs.
ACTS = (
    "hire",
    "assign",
    "unassign",
    "rename",
    "title",
    "phone",
    "suspend",
    "unsuspend",
    "deactivate",
    "activate",
    "delete",
    "join",
    "leave",
    "empty",
    "rule",
)
BREAKS = ("down", "limited", "slow", "refuses", "lies")

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


class Acted(Answer):
    """What was asked for is done; what has happened, in a sentence."""

    says: str


def okta(context: Context) -> End:
    """``play okta``."""
    arguments = context.arguments
    return _act(context, {"do": "okta", "act": arguments.act, "words": arguments.words, "count": arguments.count})


def break_(context: Context) -> End:
    """``play break``."""
    end = _act(context, {"do": "break", "server": context.arguments.server, "how": context.arguments.how})
    context.terminal.say(f"It is mended by {context.command('play mend')}")
    return end


def _act(context: Context, asked: dict[str, object]) -> End:
    _only_here(context)
    context.standing = _UNKNOWN
    reply = context.bridge.play(asked, Acted)
    context.terminal.document(reply.document)
    context.terminal.say(reply.answer.says)
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


def _act_words(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("act", metavar="ACT", choices=ACTS, help=", ".join(ACTS))
    parser.add_argument(
        "words", metavar="WORD", nargs="*", help="a person or a group, by id, login or name; then the new value"
    )
    parser.add_argument("--count", metavar="N", type=positive, help="how many people: of hire and of rule")


def _server(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("server", metavar="SERVER", choices=("okta", "genesys"), help="okta or genesys")
    parser.add_argument("how", metavar="HOW", choices=BREAKS, help=f"{', '.join(BREAKS)}")


COMMANDS = (
    Command(
        "play scene",
        "NAME",
        "prepare something that needs somebody, on the local stack",
        "held-group, parked-people, genesys-down, hook-unverified, catch-up-behind, wrong-secret, exceptions-left, "
        "paused, observing, group-not-linked. Several may stand at once. Says what has happened, and what `bridge "
        "status` will name.",
        "bridge play scene held-group",
        scene,
        _name,
    ),
    Command(
        "play okta",
        "ACT [WORD ...] [--count N]",
        "do what an Okta administrator does, on the local stack",
        "hire makes people, rule has a group rule add 500 at once; title, phone and rename take the new value last; "
        "join and leave take the group last. The bridge learns of it as in earnest: by the hook.",
        "bridge play okta title ada.brook@example.com Analyst",
        okta,
        _act_words,
    ),
    Command(
        "play break",
        "SERVER HOW",
        "break the local Okta or Genesys Cloud",
        "down answers 503, limited 429, slow takes 2 seconds longer, refuses takes no change of a title (Genesys Cloud "
        "alone), lies shows one entry of a listing as if that were all. Another way takes the earlier one's place.",
        "bridge play break genesys down",
        break_,
        _server,
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
