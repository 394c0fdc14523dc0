"""``bridge status``, ``pause``, ``resume`` and ``reconcile``: the bridge as a whole."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import timedelta

from bridge.operations.bridge_answers import (
    OrganisationConfirmed,
    Paused,
    ReconcileRun,
    ReconcileStarted,
    ReconcileState,
    Status,
)
from bridge.operations.needs import needs, said_age
from bridge.operations.requests import ConfirmOrganisation, Pause, ReconcileStart, ReconcileStatus
from bridge.operations.requests import Status as AskStatus
from bridge.provisioning.organisation import UPSTREAM
from bridge_cli.backlog import Pace, backlog, paces
from bridge_cli.commands import Command, seconds, whole
from bridge_cli.context import Context
from bridge_cli.ends import End, Stopped
from bridge_cli.terminal import Terminal

_HOUR = 3600.0
#: Seconds between the two answers of which a queue's pace is taken.
_MEASURED = 15
#: Seconds between two answers of `status --watch`.
_WATCHED = 10
#: Above so many seconds an estimate is told in minutes.
_MINUTES = 120
_READ = {True: "yes", False: "no", None: "-"}
_MEANS = {
    ("pause", "everything"): "Stop reading the queues? Events are still taken and kept for 14 days; nobody is created, "
    "changed or deactivated until `bridge resume`.",
    ("pause", "removals"): "Hold every removal from a group, and every deactivation for a missing assignment, from now "
    "on? Who is deactivated or suspended in Okta loses access all the same.",
    ("resume", "everything"): "Read the queues again? What has come meanwhile is worked off now.",
    ("resume", "removals"): "Let removals pass within the ceilings again? What is held stays held until it is decided "
    "or synced.",
}


def status(context: Context) -> End:
    """``status``; again and again with ``--watch``, until it is interrupted."""
    context.standing = "Nothing was changed."
    while True:
        end = _status(context)
        if not context.arguments.watch:
            return end
        context.terminal.flush()
        context.sleep(_WATCHED)
        context.terminal.say("", context.terminal.time(context.now()))


def _status(context: Context) -> End:
    first = reply = context.ask(AskStatus(), Status)
    waited = 0.0
    if context.arguments.seconds and any(backlog(depth) for depth in reply.answer.queues.values()):
        began = context.clock()
        context.terminal.progress(f"measuring the queues for {context.arguments.seconds:g} s")
        context.sleep(context.arguments.seconds)
        reply, waited = context.ask(AskStatus(), Status), context.clock() - began
        context.terminal.progressed()
    measured = paces(first.answer, reply.answer, waited, context.now())
    todo = _todo(context, reply.answer)
    shown = {name: pace.document() for name, pace in measured.items()}
    context.terminal.document({"ok": True, "needs": todo, **reply.document, "paces": shown})
    if not context.terminal.as_json:
        _show_needs(context.terminal, todo, reply.answer.oldest)
        _show_status(context, reply.answer, measured)
    return End.FAILED if todo and context.arguments.check else End.DONE


def pause(context: Context) -> End:
    """``pause``."""
    return _turn(context, "pause")


def resume(context: Context) -> End:
    """``resume``."""
    return _turn(context, "resume")


def _turn(context: Context, do: str) -> End:
    what = context.arguments.what
    now = context.ask(AskStatus(), Status).answer
    context.terminal.say(_paused(now.paused_everything, removals=now.paused_removals))
    context.terminal.confirm(_MEANS[do, what])
    reply = context.change(Pause.model_validate({"do": do, "what": what}), Paused)
    context.terminal.document(reply.document)
    context.terminal.say(_paused(reply.answer.everything, removals=reply.answer.removals))
    return End.DONE


def confirm(context: Context) -> End:
    """``confirm organisation``."""
    stopped = [each for each in context.ask(AskStatus(), Status).answer.breakers or () if each.upstream == UPSTREAM]
    if stopped and stopped[0].state == "open":
        context.terminal.say("Syncs have stopped: the credentials show none of five accounts that the bridge knows.")
    else:
        context.terminal.say("Syncs have not stopped for another organisation.")
    context.terminal.confirm(
        "Are the credentials in the secret, and the region, those of the right Genesys Cloud organisation? Everybody "
        "who is assigned and has no account there gets one."
    )
    reply = context.change(ConfirmOrganisation(what="organisation"), OrganisationConfirmed)
    context.terminal.document(reply.document)
    context.terminal.say(
        f"Confirmed: client and host {reply.answer.confirmed}. Before: {reply.answer.before or 'none'}."
    )
    return End.DONE


def _oldest(waits: int | None) -> str:
    """How long the oldest change waits, in words."""
    return "" if waits is None else said_age(timedelta(seconds=waits)) if waits else "nothing waits"


def _paused(everything: bool | None, *, removals: bool, stopped: str = "", since: str = "") -> str:
    """What is paused, and since when, as far as that is known."""
    queues = {True: f"paused{stopped and f' since {stopped}'}", False: "running", None: "unknown"}[everything]
    paused = f"paused{since and f' since {since}'}"
    return f"Queues: {queues}. Removals: {paused if removals else 'allowed within the ceilings'}."


def _restored(terminal: Terminal, answer: Status) -> str:
    """Since when the records are those of a backup, and until when removals are held because of it."""
    if answer.restored is None:
        return ""
    ends = "" if answer.bootstrapped else ", and until a comparison of everything has ended"
    return f"{terminal.time(answer.restored)}: removals are held until {terminal.time(answer.held_until)}{ends}"


def _show_needs(terminal: Terminal, found: Sequence[Mapping[str, str]], oldest: int | None) -> None:
    """The first line says whether somebody is needed, and how long the oldest change waits."""
    many = "1 thing needs" if len(found) == 1 else f"{len(found)} things need"
    waits = "" if oldest is None else f" The oldest change waits for {_oldest(oldest)}." if oldest else ""
    terminal.say((f"Not healthy: {many} somebody." if found else "Healthy: nothing needs anybody.") + waits)
    terminal.say(*(f"  {each['says']}: {each['command']}" for each in found), "")


def _show_status(context: Context, answer: Status, measured: Mapping[str, Pace]) -> None:
    terminal = context.terminal
    set_up = answer.set_up
    terminal.facts(
        ("mode", answer.mode),
        ("set up", _set_up(set_up.missing) if set_up is not None else "unknown"),
        ("Okta application", answer.app_status or "not read yet"),
        ("first comparison", "ended" if answer.bootstrapped else "not ended: every removal is held"),
        ("last comparison", _run(terminal, answer.reconcile)),
        ("oldest change waits", _oldest(answer.oldest)),
        ("caught up until", terminal.time(answer.caught_up) or "not yet"),
        (
            "paused",
            _paused(
                answer.paused_everything,
                removals=answer.paused_removals,
                stopped=terminal.time(answer.stopped_since),
                since=terminal.time(answer.paused_since),
            ),
        ),
        ("restored", _restored(terminal, answer)),
        ("open holds", answer.holds_open),
        ("parked", answer.parked),
        indent=0,
    )
    terminal.say()
    terminal.table(
        ("queue", "waiting", "in hand", "later", "read", "a minute", "empty"),
        [
            (name, depth.waiting, depth.in_hand, depth.later, _READ[depth.read], *_pace(terminal, measured[name]))
            for name, depth in answer.queues.items()
        ],
    )
    if answer.breakers:
        terminal.say()
        rows = [(each.upstream, each.state, terminal.time(each.since), each.why) for each in answer.breakers]
        terminal.table(("breaker", "state", "since", "why"), rows)
    lines = []
    for hold in answer.releases:
        shows = context.command(f"holds show {hold.entity}")
        lines.append(f"The approved hold of {hold.entity} is {hold.released} of {hold.approved} done: {shows}")
    if lines:
        terminal.say("", *lines)


def _pace(terminal: Terminal, pace: Pace) -> tuple[str, str]:
    """By how many a queue shrinks in a minute, and when it will be empty."""
    if not pace.backlog:
        return "-", "now"
    if pace.per_minute is None:
        return "-", "not measured"
    if pace.ends is None:
        return f"{pace.per_minute:g}", "it does not shrink"
    return f"{pace.per_minute:g}", f"about {terminal.time(pace.ends)}"


def _set_up(missing: Sequence[str]) -> str:
    return f"no: the secret lacks {', '.join(missing)}" if missing else "yes"


def _todo(context: Context, answer: Status) -> list[dict[str, str]]:
    """What needs somebody: the problem's id, the command for it, and words for people."""
    return [
        {"problem": need.problem, "command": context.command(need.command), "says": need.says}
        for need in needs(answer, context.now())
    ]


# -------------------------------------------------------------------------------------------- reconcile


def reconcile(context: Context) -> End:
    """``reconcile``."""
    terminal = context.terminal
    if context.arguments.report:
        state = context.ask(ReconcileStatus(), ReconcileState)
        terminal.document(state.document)
        if not terminal.as_json:
            _show_run(terminal, state.answer.run)
        return _end(state.answer.run)
    now = context.ask(AskStatus(), Status).answer
    terminal.say(f"Mode {now.mode}. Last comparison: {_run(terminal, now.reconcile)}")
    terminal.confirm("Compare every user and every linked group now, and sync each that differs?")
    started = context.change(ReconcileStart(), ReconcileStarted)
    terminal.say("Started." if started.answer.started else "One is already under way.")
    if not context.arguments.wait:
        terminal.document(started.document)
        terminal.say(f"Follow it: {context.command('reconcile --report')}")
        return End.DONE
    return _follow(context, started.answer.id)


def _follow(context: Context, run_id: str) -> End:
    context.standing = f"The comparison goes on by itself: {context.command('reconcile --report')}"
    latest: ReconcileRun | None = None

    def ready() -> ReconcileState | None:
        nonlocal latest
        state = context.ask(ReconcileStatus(), ReconcileState).answer
        run = state.run
        if run is None or run.id != run_id:
            return None  # the record of the new one is not there yet
        latest = run
        return state if run.ended is not None else None

    found = context.wait(context.arguments.timeout, ready, lambda passed: _progress(latest, passed))
    if found is None:
        raise Stopped(End.NOT_YET, "The comparison is not at its end.", context.standing)
    context.terminal.document(found.document())
    _show_run(context.terminal, found.run)
    return _end(found.run)


def _progress(run: ReconcileRun | None, passed: int) -> str:
    if run is None:
        return f"starting, {passed} s"
    said = [f"{run.done} of {run.of}"] if run.of else []
    said += [f"{_spaced(name)} {number}" for name, number in run.counts.items()]
    said += [] if run.seconds_left is None else [f"about {_long(run.seconds_left)} left"]
    return f"{run.phase or run.state}: {', '.join(said) or 'nothing counted yet'}"


def _long(seconds_left: int) -> str:
    return f"{seconds_left:.0f} s" if seconds_left < _MINUTES else f"{seconds_left / 60:.0f} min"


def _spaced(name: str) -> str:
    return name.replace("_", " ").replace("-", " ")


def _end(run: ReconcileRun | None) -> End:
    if run is None:
        return End.DONE
    if run.state == "failed":
        return End.FAILED
    return End.DONE if run.ended is not None else End.NOT_YET


def _run(terminal: Terminal, run: ReconcileRun | None) -> str:
    if run is None:
        return "none yet"
    when = f"ended {terminal.time(run.ended)}" if run.ended else f"since {terminal.time(run.started)}"
    return f"{run.state} ({run.mode}), {when}"


def _show_run(terminal: Terminal, run: ReconcileRun | None) -> None:
    if run is None:
        terminal.say("There was no comparison yet.")
        return
    terminal.say(f"Comparison {run.id}: {run.state} ({run.mode})")
    why = [("failed", run.failed)] if run.failed else []
    counts = [(_spaced(name), number) for name, number in run.counts.items()]
    terminal.facts(("started", terminal.time(run.started)), ("ended", terminal.time(run.ended)), *why, *counts)


def _status_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seconds",
        metavar="N",
        type=whole(0, 600),
        default=_MEASURED,
        help=f"measure the queues for so long (usually {_MEASURED}, 0 not at all)",
    )
    parser.add_argument("--watch", action="store_true", help=f"show it every {_WATCHED} s, until Ctrl-C")
    parser.add_argument("--check", action="store_true", help="exit with 1 when something needs somebody; for monitors")


def _what(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        nargs="?",
        choices=("everything", "removals"),
        default="everything",
        help="everything (if nothing is said), or removals alone",
    )


def _reconcile_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--wait", action="store_true", help="wait for its end, with progress, and show the report")
    parser.add_argument("--timeout", metavar="SECONDS", type=seconds, default=4 * _HOUR, help="wait at most so long")
    parser.add_argument("--report", action="store_true", help="start nothing: show how the newest one stands or ended")


COMMANDS = (
    Command(
        "status",
        "",
        "how the bridge is, and what waits for a person",
        "Mode, set-up, the last comparison, queues, breakers, open holds, what is parked; and the command for each "
        "thing that waits for you. Where a queue has a backlog it is measured twice, and the pace and the estimated "
        "end are shown; SQS counts approximately, so a small backlog says little.",
        "bridge status",
        status,
        _status_arguments,
    ),
    Command(
        "pause",
        "[everything|removals]",
        "stop everything, or removals alone",
        "Everything: the queues are no longer read; events are still taken and wait for up to 14 days. Removals: every "
        "removal from a group, and every deactivation for a missing assignment, becomes a hold; all else goes on, also "
        "the deactivation of anyone who is deactivated or suspended in Okta. Shows how things stand, and asks.",
        "bridge pause removals",
        pause,
        _what,
        changes=True,
    ),
    Command(
        "resume",
        "[everything|removals]",
        "go on after a pause",
        "The opposite of pause: what waits in the queues is worked off. Holds that a pause of removals has opened stay "
        "until they are decided. Shows how things stand, and asks.",
        "bridge resume removals",
        resume,
        _what,
        changes=True,
    ),
    Command(
        "confirm organisation",
        "",
        "the Genesys Cloud credentials are the right ones",
        "After a change of client or region the bridge reads five accounts that it knows. If none is there, it takes "
        "the organisation for another one and stops every sync. This says that it is the right one, although none is "
        "there: a new organisation, in which everybody gets an account. Shows how things stand, and asks.",
        "bridge confirm organisation",
        confirm,
        changes=True,
    ),
    Command(
        "reconcile",
        "[--wait | --report]",
        "compare every user and every linked group",
        "Enqueues an item for each user and group that differs; syncs do the rest, under every ceiling. With --wait: "
        "progress, the time it still needs, and the report. An interruption stops only the waiting.",
        "bridge reconcile --wait",
        reconcile,
        _reconcile_arguments,
        changes=True,
    ),
)
