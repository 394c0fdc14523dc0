"""`bridge status`, `pause`, `resume`, `reconcile` and `parked`: the bridge as a whole."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from bridge.operations.bridge_answers import (
    Breaker,
    Depth,
    OrganisationConfirmed,
    Paused,
    ReconcileStarted,
    ReconcileState,
    SetUp,
)
from bridge_cli.ends import End
from tests.stages.cli_answers import (
    GROUP,
    ITEM,
    USER,
    entry,
    journalled,
    parked,
    parked_item,
    redriven,
    refused,
    run,
    status,
)
from tests.stages.cli_stage import OUTPUTS, READERS, START, Stage


def test_status_of_a_bridge_that_is_well() -> None:
    """Nothing waits for anybody."""
    ran = Stage(status=status()).run("status")
    assert ran.code == 0
    assert "mode              enforce\nset up            yes\n" in ran.out
    assert "paused            Queues: running. Removals: allowed within the ceilings.\n" in ran.out
    assert ran.out.startswith("Healthy: nothing needs anybody.\n\n")
    assert ran.out.endswith("groups         0        0      0  yes   -         now\n")


def test_status_names_the_command_for_whatever_waits() -> None:
    """Holds, parked items, pauses; and what is missing."""
    document = status(
        set_up=SetUp(done=False, missing=["hook_secret"]),
        holds_open=2,
        parked=1,
        paused_everything=True,
        paused_removals=True,
        breakers=[Breaker(upstream="genesys", state="open", since=START, why="genesys-503")],
        reconcile=run("done", seconds=60),
        bootstrapped=False,
    )
    out = Stage(status=document).run("status").out
    assert "no: the secret lacks hook_secret" in out
    assert "first comparison  not ended: every removal is held" in out
    assert "last comparison   done (enforce), ended 2026-11-24 04:01:00 -05:00" in out
    assert "genesys  open   2026-11-24 04:00:00 -05:00  genesys-503" in out
    assert out.startswith(
        "Not healthy: 6 things need somebody.\n"
        "  Not set up yet: the secret is not filled: bridge setup --stack prod\n"
        "  Nobody calls genesys (genesys-503): Nothing: the bridge tries again by itself: bridge check --stack prod\n"
        "  The queues are paused: bridge resume --stack prod\n"
        "  Holds wait for a decision: bridge holds list --stack prod\n"
        "  Items are parked: bridge parked list --stack prod\n"
        "  Removals are paused: bridge resume removals --stack prod\n\n"
    )


@pytest.mark.parametrize(
    ("changes", "problem", "command"),
    [
        ({"mode": "observe"}, "observing", "check"),
        ({"app_status": "INACTIVE"}, "app-not-active", "check"),
        ({"excepted": {"app": 2}}, "exceptions-kept", "holds list --all"),
        ({"queues": {"dead-letters": Depth(read=None, waiting=1, in_hand=0, later=0)}}, "dead-letters", "check"),
        ({"caught_up": START - timedelta(minutes=31)}, "catch-up-behind", "check"),
        ({"reconcile": run("failed", seconds=60)}, "reconcile-failed", "reconcile --report"),
        ({"reconcile": run("done"), "reconcile_overdue": True}, "reconcile-overdue", "reconcile"),
    ],
)
def test_each_thing_that_needs_somebody_is_named_with_its_command(
    changes: dict[str, Any], problem: str, command: str
) -> None:
    """One thing is wrong, one is named, and a monitor gets an exit code."""
    ran = Stage(status=status(**changes)).run("status --json --check")
    assert ran.code == 1
    [found] = json.loads(ran.out)["needs"]
    assert (found["problem"], found["command"]) == (problem, f"bridge {command} --stack prod")


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": "observe", "reconciled": "observe", "bootstrapped": False},
        {"caught_up": START - timedelta(minutes=29)},
        {"reconcile": run("done", seconds=-47 * 3600)},
        {"reconcile": run("running")},
        {"app_status": None},
    ],
)
def test_what_is_as_it_should_be_needs_nobody(changes: dict[str, Any]) -> None:
    """Observing before enforcing, a quiet minute, a comparison of last night."""
    assert Stage(status=status(**changes)).run("status --check").code == 0


def test_status_is_watched_until_it_is_interrupted() -> None:
    """It is asked again and again; an interruption has changed nothing."""
    stage = Stage(status=[status(), status(parked=1), refused("internal-error")])
    ran = stage.run("status --watch")
    assert ran.out.startswith("Healthy: nothing needs anybody.")
    assert "Not healthy: 1 thing needs somebody." in ran.out
    assert stage.pauses == [10.0, 10.0]
    interrupted = Stage(status=status()).run("status --watch", interrupt_at="wait")
    assert interrupted.code == End.INTERRUPTED
    assert "Nothing was changed." in interrupted.err


def test_status_that_cannot_tell_says_unknown() -> None:
    """Null is neither yes nor no."""
    out = Stage(status=status(set_up=None, paused_everything=None)).run("status").out
    assert "set up            unknown" in out
    assert "Queues: unknown." in out


@pytest.mark.parametrize(("line", "what"), [("pause", "everything"), ("resume removals", "removals")])
def test_pause_and_resume_show_ask_and_show(line: str, what: str) -> None:
    """Everything, unless removals are named."""
    do = line.split(maxsplit=1)[0]
    answer = Paused(everything=do == "pause", removals=False).document()
    stage = Stage(status=status(), **{do: answer})
    ran = stage.run(line, typed="y\n")
    assert ran.code == 0
    assert ran.out.startswith("Queues: running. Removals: allowed within the ceilings.\n")
    assert ran.out.endswith(
        f"Queues: {'paused' if do == 'pause' else 'running'}. Removals: allowed within the ceilings.\n"
    )
    assert stage.asked[-1] == {"do": do, "what": what}


def test_a_pause_without_a_yes_pauses_nothing() -> None:
    """It would have asked what that means."""
    stage = Stage(status=status())
    ran = stage.run("pause removals")
    assert ran.code == 2
    assert "Hold every removal from a group, and every deactivation" in ran.err
    assert [asked["do"] for asked in stage.asked] == ["status"]


def test_what_changes_something_is_asked_of_the_function_itself() -> None:
    """Who only reads may not invoke it; what reads is asked of the alias for readers."""
    stage = Stage(status=status(), pause=Paused(everything=True, removals=False).document())
    assert stage.run("pause --yes").code == 0
    assert [name for name, _ in stage.aws.invoked] == [READERS, OUTPUTS["OperationsFunction"]]


@pytest.mark.parametrize("state", ["open", "closed"])
def test_an_organisation_is_confirmed_by_a_yes(state: str) -> None:
    """It shows whether syncs have stopped for it, says what a yes means, and then what is confirmed."""
    stage = Stage(
        status=status(breakers=[Breaker(upstream="organisation", state=state, why="genesys-another-organisation")]),
        confirm=OrganisationConfirmed(confirmed="new https://api.example.com", before=None).document(),
    )
    ran = stage.run("confirm organisation", typed="y\n")
    assert ran.code == 0
    assert ran.out.startswith("Syncs have stopped" if state == "open" else "Syncs have not stopped")
    assert "Everybody who is assigned and has no account there gets one." in ran.err
    assert ran.out.endswith("Confirmed: client and host new https://api.example.com. Before: none.\n")
    assert stage.asked[-1] == {"do": "confirm", "what": "organisation"}


def test_status_says_how_to_go_on_after_another_organisation() -> None:
    """Correct the secret, or confirm."""
    out = Stage(status=status(breakers=[Breaker(upstream="organisation", state="open")])).run("status").out
    assert "Correct the secret, or else: bridge confirm organisation --stack prod\n" in out


# -------------------------------------------------------------------------------------------- reconcile


def started(*, fresh: bool = True) -> dict[str, Any]:
    """A comparison has begun, or one was under way."""
    return ReconcileStarted(started=fresh, id="7", run=None if fresh else run()).document()


def state(*arguments: Any, **named: Any) -> dict[str, Any]:
    """How a comparison stands."""
    return ReconcileState(run=run(*arguments, **named)).document()


def test_reconcile_starts_and_says_how_to_follow() -> None:
    """It is not waited for unless asked."""
    ran = Stage(status=status(), reconcile_start=started()).run("reconcile", typed="y\n")
    assert ran.code == 0
    assert ran.out.endswith("Started.\nFollow it: bridge reconcile --report --stack prod\n")


def test_reconcile_waits_with_progress_and_reports() -> None:
    """Counts, and the time that is left; an earlier comparison's end is not its end."""
    stage = Stage(
        status=status(),
        reconcile_start=started(fresh=False),
        reconcile_status=[
            state("done", number="6", seconds=1),
            state(),
            state(of=100, done=10, seconds_left=63),
            state(of=100, done=20, seconds_left=240),
            state("done", seconds=30, of=100, done=100, members_differ=7),
        ],
    )
    ran = stage.run("reconcile --wait --yes --progress")
    assert ran.code == 0
    assert "One is already under way." in ran.out
    assert ran.err.splitlines() == [
        "starting, 0 s",
        "starting, 1 s",
        "running: nothing counted yet",
        "running: 10 of 100, about 63 s left",
        "running: 20 of 100, about 4 min left",
    ]
    assert "Comparison 7: done (enforce)\n" in ran.out
    assert "  members differ  7\n" in ran.out


def test_reconcile_that_is_not_at_its_end_in_time_is_not_yet() -> None:
    """The comparison goes on."""
    stage = Stage(status=status(), reconcile_start=started(), reconcile_status=state())
    ran = stage.run("reconcile --wait --yes --timeout 5")
    assert ran.code == 4
    assert "goes on by itself" in ran.err


@pytest.mark.parametrize(("ended", "code"), [("done", 0), ("failed", 1)])
def test_the_report_of_a_comparison_decides_the_exit_code(ended: str, code: int) -> None:
    """Nothing is started."""
    stage = Stage(reconcile_status=state(ended, seconds=5))
    assert stage.run("reconcile --report").code == code
    assert [asked["do"] for asked in stage.asked] == ["reconcile.status"]


def test_the_report_before_any_comparison_says_so() -> None:
    """And one that runs is not yet done."""
    none = Stage(reconcile_status=ReconcileState(run=None).document()).run("reconcile --report")
    assert (none.code, none.out) == (0, "There was no comparison yet.\n")
    assert Stage(reconcile_status=state()).run("reconcile --report").code == 4


def test_an_interrupted_wait_does_not_stop_the_comparison() -> None:
    """It says so."""
    stage = Stage(status=status(), reconcile_start=started(), reconcile_status=state())
    ran = stage.run("reconcile --wait --yes", interrupt_at="wait")
    assert ran.code == 130
    assert "The comparison goes on by itself: bridge reconcile --report --stack prod" in ran.err


# ----------------------------------------------------------------------------------------------- parked


def test_parked_items_are_listed_with_what_to_do() -> None:
    """Reason and detail; and more pages are announced."""
    out = Stage(parked_list=parked(USER, GROUP, after="x")).run("parked list --limit 2").out
    assert "user:00u1a2b3   2026-11-24 04:00:00 -05:00  ambiguous-match  More than one matches. 8a7b 9c0d\n" in out
    assert "2 items; there are more: --all\n" in out
    assert out.endswith("bridge parked redrive user:00u1a2b3 --stack prod\n")
    assert Stage(parked_list=parked()).run("parked list").out == "Nothing is parked.\n"


def test_a_parked_item_is_shown_whole() -> None:
    """With its body, as it was in the queue."""
    out = Stage(parked_show=parked(USER)).run("parked show user 00u1a2b3").out
    assert "  that is   More than one matches.\n  do first  Delete one.\n" in out
    assert '  body      {"v": 1}\n' in out


def test_a_discard_shows_asks_and_names_what_was_discarded() -> None:
    """With a reason that is kept; a cause that is discarded already is not shown."""
    items = [parked_item(), parked_item(reason="genesys-400"), parked_item(reason="old", discarded=START)]
    stage = Stage(
        parked_show={"ok": True, "parked": [each.model_dump(mode="json") for each in items], "next": None},
        parked_discard={"ok": True, "entity": USER, "reasons": ["genesys-400"]},
    )
    ran = stage.run("parked discard user 00u1a2b3 --reason genesys-400 --why OPS-1", typed="y\n")
    assert ran.code == 0
    assert "Discard 1 cause? It waits for nobody until something changes" in ran.err
    assert "Discarded: genesys-400. bridge parked list --discarded --stack prod shows it." in ran.out
    assert (stage.asked[-1]["reason"], stage.asked[-1]["why"]) == ("genesys-400", "OPS-1")
    assert stage.run("parked discard user 00u1a2b3 --reason old --why OPS-1 --yes").code == 1
    assert stage.run("parked discard user 00u1a2b3 --yes").code == 2


def test_a_redrive_shows_asks_and_waits_for_the_sync() -> None:
    """Its entry says what came of it."""
    stage = Stage(parked_show=parked(USER), parked_redrive=redriven(), journal=journalled(entry("adopted")))
    ran = stage.run("parked redrive user 00u1a2b3", typed="y\n")
    assert ran.code == 0
    assert "ambiguous-match" in ran.out
    assert "adopted" in ran.out


def test_a_redrive_that_is_parked_again_is_a_failure() -> None:
    """The cause is still there."""
    met = journalled(entry("failed", why="ambiguous-match"), parked=[parked_item()])
    ran = Stage(parked_show=parked(USER), parked_redrive=redriven(), journal=met).run(
        "parked redrive user 00u1a2b3 --yes"
    )
    assert ran.code == 1
    assert "Parked: ambiguous-match" in ran.err


def test_a_redrive_that_fails_again_and_again_is_not_waited_for() -> None:
    """Three tries in vain end the waiting, not the item: the command says so, and how to follow it."""
    tries = [
        journalled(entry("failed", why="genesys-503", at=START + timedelta(seconds=seconds)))
        for seconds in (1, 1, 3, 7, 15)
    ]
    stage = Stage(parked_show=parked(USER), parked_redrive=redriven(), journal=tries)
    ran = stage.run("parked redrive user 00u1a2b3 --yes")
    assert ran.code == End.NOT_YET
    assert "in vain: genesys-503. The item is tried again by itself" in ran.err
    assert "Follow it: bridge explain user:00u1a2b3 --stack prod" in ran.err
    assert sum(asked["do"] == "journal" for asked in stage.asked) == 4, "the fourth answer tells of the third try"


def test_a_redrive_of_nothing_is_refused() -> None:
    """Nobody is asked."""
    ran = Stage(parked_show=refused("nothing-parked")).run("parked redrive user 00u1a2b3 --yes")
    assert ran.code == 1
    assert "(nothing-parked)" in ran.err


def test_everything_with_one_cause_is_redriven_at_once() -> None:
    """Those with another reason stay; one that a sync has closed meanwhile is no failure."""
    items = parked(GROUP)["parked"] + parked(USER)["parked"] + parked("user:00u2a2b3", reason="other")["parked"]
    stage = Stage(
        parked_list={"ok": True, "parked": items, "next": None},
        parked_redrive=[refused("nothing-parked"), redriven()],
    )
    ran = stage.run("parked redrive --all --reason ambiguous-match --yes --json")
    assert ran.code == 0
    assert [each["item"] for each in ran.document["redriven"]] == [ITEM]
    assert [asked["entity"] for asked in stage.asked if asked["do"] == "parked.redrive"] == [GROUP, USER]


def test_a_redrive_of_all_that_breaks_off_says_how_far_it_came() -> None:
    """The others stay parked."""
    stage = Stage(parked_list=parked(GROUP, USER), parked_redrive=[redriven(GROUP), refused("unavailable", "wait.")])
    ran = stage.run("parked redrive --all --yes")
    assert ran.code == 4
    assert "1 of 2 are in their queues; the others stay parked." in ran.err


def test_a_redrive_of_all_when_nothing_is_parked_does_nothing() -> None:
    """That is no failure."""
    assert Stage(parked_list=parked()).run("parked redrive --all").code == 0


@pytest.mark.parametrize("words", ["", "user 00u1a2b3 --all"])
def test_a_redrive_names_one_or_all(words: str) -> None:
    """Never both, never neither."""
    stage = Stage()
    assert (stage.run(f"parked redrive {words}").code, stage.asked) == (2, [])


@pytest.mark.parametrize(
    ("oldest", "first", "fact"),
    [
        (3700, "Healthy: nothing needs anybody. The oldest change waits for 1 hour 1 minute.", "1 hour 1 minute"),
        (0, "Healthy: nothing needs anybody.", "nothing waits"),
        (None, "Healthy: nothing needs anybody.", ""),
    ],
)
def test_status_says_how_long_the_oldest_change_waits(oldest: int | None, first: str, fact: str) -> None:
    """In the first line, where one waits; nothing where nobody knows."""
    out = Stage(status=status(oldest=oldest)).run("status").out
    assert out.splitlines()[0] == first
    assert ("oldest change waits" in out) is bool(fact)
    assert fact in out


def test_status_says_since_when_everything_is_paused() -> None:
    """In the line of its need and among the facts."""
    changes = {"paused_everything": True, "stopped_since": START.isoformat()}
    out = Stage(status=status(**changes)).run("status").out
    assert "The queues are paused since 2026-11-24T09:00 UTC: bridge resume --stack prod" in out
    assert "Queues: paused since 2026-11-24 04:00:00 -05:00." in out


def test_status_says_since_when_removals_are_paused() -> None:
    """So that somebody asks who did it, and why."""
    changes = {"paused_removals": True, "paused_since": START.isoformat()}
    out = Stage(status=status(**changes)).run("status").out
    assert "Removals are paused since 2026-11-24T09:00 UTC: bridge resume removals --stack prod" in out
