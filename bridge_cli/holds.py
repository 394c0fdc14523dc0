"""``bridge holds``: removals that wait for a person."""

from __future__ import annotations

import argparse
from typing import Literal

from bridge.operations.hold_answers import Decided, Hold, Holds, HoldShown
from bridge.operations.reasons import in_words, text_of
from bridge.operations.requests import HoldsList, HoldsShow
from bridge_cli.because import ask_because, because_document, show_because
from bridge_cli.bridge import Reply
from bridge_cli.commands import Command, group_argument, okta_id, page_arguments, positive, seconds, ticket_argument
from bridge_cli.context import Context, pages
from bridge_cli.ends import End, Stopped
from bridge_cli.first_links import decide_first_links
from bridge_cli.tables import count

#: Staged users that are shown before a decision.
_FIRST = 20
#: Ids of events that are shown.
_EVENTS = 3
#: Seconds that `--wait` takes.
_PATIENCE = 600.0
#: States in which a decision is still possible.
_UNDECIDED = frozenset({"opening", "open"})
#: States that nothing follows.
_OVER = frozenset({"done", "rejected", "resolved", "unlinked"})
Verb = Literal["approve", "reject"]


def list_holds(context: Context) -> End:
    """``holds list``."""
    everything = context.arguments.all
    reply = context.ask(HoldsList(all=everything), Holds)
    context.terminal.document(reply.document)
    if context.terminal.as_json:
        return End.DONE
    holds = reply.answer.holds
    if not holds:
        context.terminal.say("No hold is open, and none keeps anybody." if everything else "No hold is open.")
        return End.DONE
    rows = [
        (
            hold.entity,
            hold.number,
            _state(hold),
            hold.staged,
            hold.excepted,
            hold.revision,
            context.terminal.time(hold.opened),
            _why(hold),
        )
        for hold in holds
    ]
    context.terminal.table(("hold", "number", "state", "staged", "kept", "revision", "opened", "why"), rows)
    context.terminal.say("", f"Look at one: {context.command(f'holds show {holds[0].entity}')}")
    return End.DONE


def show_hold(context: Context) -> End:
    """``holds show``."""
    reply = pages(context, HoldsShow(entity=context.arguments.entity), HoldShown, "staged")
    caused = ask_because(context, context.arguments.entity)
    context.terminal.document({**reply.document, **because_document(caused)})
    if not context.terminal.as_json:
        _show(context, reply.answer)
        show_because(context, caused)
        if reply.answer.hold.state in _UNDECIDED:
            words = f"{context.arguments.entity} --why TICKET"
            context.terminal.say("", f"Decide: {context.command(f'holds approve {words}')}")
            context.terminal.say(f"        {context.command(f'holds reject {words}')}")
    return End.DONE


def approve(context: Context) -> End:
    """``holds approve``."""
    return _decide(context, "approve")


def reject(context: Context) -> End:
    """``holds reject``."""
    return _decide(context, "reject")


def _decide(context: Context, verb: Verb) -> End:
    entity, why = context.arguments.entity, context.arguments.why
    if context.arguments.first_links == (entity is not None):
        raise argparse.ArgumentTypeError("expected one of HOLD and --first-links")
    if context.arguments.first_links:
        if context.arguments.revision is not None:
            raise argparse.ArgumentTypeError("--revision: expected with HOLD alone")
        return decide_first_links(context, verb, _wait)
    shown = context.ask(HoldsShow(entity=entity, limit=_FIRST), HoldShown).answer
    hold = shown.hold
    _show(context, shown)
    _check(context, hold)
    if not context.terminal.as_json:
        show_because(context, ask_because(context, entity))
    users = count(hold.staged, "user")
    what, kept = ("deactivation", "active") if entity == "app" else ("removal", "as members")
    means = (
        f"Release the {what} of {users}? Who is a member again in Okta by then stays."
        if verb == "approve"
        else f"Keep {users} {kept}? They are exceptions until Okta shows them as members again."
    )
    context.terminal.say()
    context.terminal.confirm(f"{verb.capitalize()} revision {hold.revision} of hold {hold.number} of {entity}. {means}")
    shows = context.command(f"holds show {entity}")
    context.standing = (
        f"The decision was sent; whether it was recorded is not known. {shows} says so; deciding again is harmless."
    )
    reply = context.bridge.decide(verb, entity, hold.number, hold.revision, why)
    context.standing = "The decision is recorded."
    _decided(context, reply)
    if context.arguments.wait:
        _wait(context, entity, hold.number)
    else:
        context.terminal.say(f"A sync does the rest in some seconds: {shows}")
    context.terminal.document(reply.document)
    return End.DONE


def reconsider(context: Context) -> End:
    """``holds reconsider``."""
    entity, user, terminal = context.arguments.entity, context.arguments.user, context.terminal
    shown = context.ask(HoldsShow(entity=entity, limit=1), HoldShown).answer
    users = [each for each in shown.excepted if user in {None, each}]
    if not users:
        raise Stopped(End.FAILED, f"{entity} keeps no such user by a rejected hold.", "`bridge holds list --all`.")
    terminal.table(("user that is kept",), [(each,) for each in users])
    terminal.confirm(
        f"Take back the exception of {count(len(users), 'user')}? Whom Okta has taken out is removed by the next sync, "
        "or held where a ceiling says so."
    )
    context.standing = "It was sent; whether it was done is not known. Asking again is harmless."
    reply = context.bridge.reconsider(entity, user, context.arguments.why)
    context.standing = "It is done."
    terminal.document(reply.document)
    terminal.say(f"Taken back for {count(len(reply.answer.users), 'user')}, by {reply.answer.by}, as AWS confirmed.")
    terminal.say(f"A sync does the rest in some seconds: {context.command(f'holds show {entity}')}")
    return End.DONE


def _check(context: Context, hold: Hold) -> None:
    wanted = context.arguments.revision
    if hold.state not in _UNDECIDED:
        raise Stopped(End.FAILED, f"There is nothing to decide: the hold is {hold.state}.")
    if wanted is not None and wanted != hold.revision:
        raise Stopped(
            End.FAILED,
            f"The hold is at revision {hold.revision}, not {wanted}: it has changed.",
            "Read it again before you decide.",
        )


def _wait(context: Context, entity: str, number: int) -> None:
    """Wait until syncs have carried out the decision."""
    context.standing = f"The decision is recorded, and syncs carry it out: {context.command(f'holds show {entity}')}"
    latest: str = "open"

    def over() -> Hold | None:
        nonlocal latest
        hold = context.ask(HoldsShow(entity=entity, limit=1), HoldShown).answer.hold
        latest = hold.state
        return hold if hold.number != number or hold.state in _OVER else None

    ended = context.wait(context.arguments.timeout, over, lambda passed: f"the hold is {latest}, {passed} s")
    if ended is None:
        raise Stopped(End.NOT_YET, f"The hold is still {latest}.", context.standing)
    says = f"hold {number} is over, and hold {ended.number} is {ended.state}" if ended.number != number else ended.state
    context.terminal.say(f"{entity}: {says}.")


def _decided(context: Context, reply: Reply[Decided]) -> None:
    decision = reply.answer.decision
    context.terminal.say(
        f"{decision.verdict.capitalize()}: recorded for {decision.by}, as AWS confirmed.", reply.answer.releases
    )


def _show(context: Context, shown: HoldShown) -> None:
    terminal, hold = context.terminal, shown.hold
    terminal.say(f"{hold.entity}  hold {hold.number}, revision {hold.revision}: {_state(hold)}")
    decision = hold.decision
    terminal.facts(
        ("why held", _why(hold)),
        ("counts", in_words(hold.explanation)),
        ("staged", count(hold.staged, "user")),
        ("opened", terminal.time(hold.opened)),
        ("changed", terminal.time(hold.changed)),
        ("reminded", terminal.time(hold.reminded)),
        (
            "decided",
            f"{decision.verdict} revision {decision.revision} by {decision.by}: {decision.why}"
            if decision
            else f"revision {hold.decided} by {hold.by}: {hold.why}"
            if hold.decided
            else "",
        ),
        ("done", f"{hold.released} of {hold.approved}" if hold.approved else ""),
        ("kept", _kept(shown)),
        ("events", _events(hold)),
    )
    if shown.staged:
        more = f" (the first {len(shown.staged)} of {hold.staged})" if hold.staged > len(shown.staged) else ""
        terminal.say("", f"Who is held{more}:")
        terminal.table(("user", "since revision"), [(staged.user, staged.revision) for staged in shown.staged])
    if shown.history:
        terminal.say("", "What happened:")
        terminal.table(
            ("when", "hold", "revision", "state", "staged", "by", "why"),
            [
                (
                    terminal.time(change.at),
                    change.number,
                    change.revision,
                    change.state,
                    change.staged,
                    change.by,
                    change.why,
                )
                for change in shown.history
            ],
        )


def _kept(shown: HoldShown) -> str:
    """Who keeps access that Okta has ended, by a rejection."""
    more = len(shown.excepted) - _FIRST
    return " ".join(shown.excepted[:_FIRST]) + (f" and {more} more: --json" if more > 0 else "")


def _events(hold: Hold) -> str:
    more = len(hold.events) - _EVENTS
    return " ".join(hold.events[:_EVENTS]) + (f" and {more} more: --json" if more > 0 else "")


def _state(hold: Hold) -> str:
    if hold.decision is not None and hold.state in _UNDECIDED:
        return f"{hold.state}, {hold.decision.verdict} on its way"
    return hold.state


def _why(hold: Hold) -> str:
    return f"{hold.reason}: {text_of(hold.reason).means}"


def _hold_argument(parser: argparse.ArgumentParser) -> None:
    group_argument(parser, app=True)


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="also those that keep somebody by a rejection")


def _reconsider_arguments(parser: argparse.ArgumentParser) -> None:
    _hold_argument(parser)
    parser.add_argument(
        "--user", metavar="USER", type=okta_id, help="this user alone; all of the hold's exceptions without it"
    )
    ticket_argument(parser)


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    _hold_argument(parser)
    page_arguments(parser, _FIRST)


def _decision_arguments(parser: argparse.ArgumentParser) -> None:
    group_argument(parser, app=True, optional=True)
    parser.add_argument(
        "--first-links", action="store_true", help="all holds of groups that were just linked, in the place of HOLD"
    )
    ticket_argument(parser)
    parser.add_argument(
        "--revision", metavar="N", type=positive, help="decide only if the hold is still at this revision; for scripts"
    )
    parser.add_argument("--wait", action="store_true", help="wait until syncs have carried it out")
    parser.add_argument(
        "--timeout", metavar="SECONDS", type=seconds, default=_PATIENCE, help=f"wait so long (usually {_PATIENCE:g})"
    )


COMMANDS = (
    Command(
        "holds list",
        "",
        "the open holds, the oldest first",
        "A hold keeps removals from happening until a person decides. Additions go on meanwhile, and nobody is ever "
        "removed because time has passed.",
        "bridge holds list",
        list_holds,
        _list_arguments,
    ),
    Command(
        "holds show",
        "HOLD",
        "one hold: why, whom it holds, and what happened to it",
        "Shows the newest hold of a group (or of the organisation, app), also one that has ended, and who or what took "
        "people out: read from Okta's System Log by the ids of the events, which Okta keeps for 90 days.",
        "bridge holds show 00g1a2b3c4d5e6f7g8h9",
        show_hold,
        _show_arguments,
    ),
    Command(
        "holds approve",
        "{HOLD | --first-links} --why TICKET",
        "release the removals of a hold",
        "Shows the hold and asks. What is approved is exactly the revision that was shown: the bridge reads Okta again "
        "and removes those of its users who should still be removed. People staged later open a hold of their own. "
        "Your identity is confirmed by AWS itself (a signed sts:GetCallerIdentity, good for this decision alone), and "
        "kept with the reason. With --first-links every group that was just linked is shown with its counts, and they "
        "are decided together: each decision is signed and recorded singly, at the revision that was shown; one that "
        "has changed meanwhile is left and named.",
        "bridge holds approve 00g1a2b3c4d5e6f7g8h9 --why OPS-1234",
        approve,
        _decision_arguments,
        changes=True,
    ),
    Command(
        "holds reject",
        "{HOLD | --first-links} --why TICKET",
        "keep the members of a hold",
        "Shows the hold and asks. Its users stay members as exceptions: until they are members again in Okta, or "
        "they, or the link, are gone. Put right in Okta what was wrong there.",
        "bridge holds reject 00g1a2b3c4d5e6f7g8h9 --why OPS-1234",
        reject,
        _decision_arguments,
        changes=True,
    ),
    Command(
        "holds reconsider",
        "HOLD [--user USER] --why TICKET",
        "take back exceptions of a rejected hold",
        "Anyone whom a rejection keeps stays though Okta has taken them out. This shows who they are, asks, and "
        "lets the next sync judge them like everybody else: removed within the ceilings, or held. An approver's "
        "right; your identity is confirmed as for a decision, and it is in the journal with the reason.",
        "bridge holds reconsider 00g1a2b3c4d5e6f7g8h9 --why OPS-1234",
        reconsider,
        _reconsider_arguments,
        changes=True,
    ),
)
