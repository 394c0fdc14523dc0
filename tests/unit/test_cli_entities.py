"""`bridge sync`, `explain`, `diff` and `group`: one user or one group."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bridge.operations.answers import Attribute, Compared, Difference, Differences, GroupChanged, Planned, Synced
from tests.stages.cli_answers import GROUP, ITEM, USER, applied, entry, explained, journalled, parked_item, planned
from tests.stages.cli_stage import START, Stage


def test_sync_shows_asks_syncs_and_shows_the_journal() -> None:
    """First what would be done, then, after a yes, what was done."""
    stage = Stage(sync=[planned(), applied()], journal=[journalled(), journalled(entry())])
    ran = stage.run("sync user 00u1a2b3", typed="y\n")
    assert ran.code == 0
    assert "user:00u1a2b3: a sync would do this now\n  outcome  updated\n  changed  title\n" in ran.out
    assert "would PATCH users/8a7b replace title" in ran.out
    assert "Sync user:00u1a2b3 now? [y/N]" in ran.err
    assert ran.out.endswith(
        "2026-11-24 04:00:00 -05:00  updated  (asked by operator)\n"
        "    read     status ACTIVE, assigned yes\n"
        "    changed  title\n"
        "    calls    PATCH users/8a7b 200\n"
    )
    assert [asked.get("apply") for asked in stage.asked] == [False, True, None, None]


def test_sync_answers_a_program_in_one_document() -> None:
    """The answer, with what it would do and the journal entry in it."""
    ran = Stage(sync=[planned(), applied()], journal=journalled(entry())).run("sync user:00u1a2b3 --yes --json")
    assert ran.document["item"] == ITEM
    assert ran.document["planned"]["outcome"] == "updated"
    assert ran.document["entry"]["calls"] == ["PATCH users/8a7b 200"]


def test_sync_without_a_yes_asks_for_nothing() -> None:
    """What a sync would do is only an account."""
    stage = Stage(sync=planned())
    assert stage.run("sync user 00u1a2b3").code == 2
    assert [asked["apply"] for asked in stage.asked] == [False]


def test_sync_waits_through_failures_and_says_so() -> None:
    """A failed try is not the end: the queue tries again."""
    stage = Stage(
        sync=[planned(), applied()], journal=[journalled(entry("failed", why="genesys-503")), journalled(entry())]
    )
    ran = stage.run("sync user 00u1a2b3 --yes --progress")
    assert ran.code == 0
    assert "waiting for the sync, 1 s, tried in vain so far: genesys-503\n" in ran.err


@pytest.mark.parametrize(
    ("item", "minutes"), [(ITEM, 0), ("another", 0), ("another", 5)], ids=["own", "shared", "shared-later"]
)
def test_sync_that_is_parked_ends_with_the_reason(item: str, minutes: int) -> None:
    """Whichever item of the user the record names: what was parked since the failure is this one's end too."""
    met = parked_item(item=item, parked=START + timedelta(minutes=minutes))
    failed = journalled(entry("failed", why="ambiguous-match"), parked=[met])
    ran = Stage(sync=[planned(), applied()], journal=failed).run("sync user 00u1a2b3 --yes")
    assert ran.code == 1
    assert "Parked: ambiguous-match: More than one matches. (8a7b 9c0d)" in ran.err
    assert "Delete one. More: bridge explain user:00u1a2b3 --stack prod" in ran.err


@pytest.mark.parametrize(
    "before",
    [
        {"item": "another", "parked": START - timedelta(minutes=1)},
        {"item": "another", "reason": "other"},
        {"discarded": START, "item": ITEM},
    ],
    ids=["older", "other", "discarded"],
)
def test_what_was_parked_before_is_no_end_of_a_sync(before: dict[str, Any]) -> None:
    """The failure is tried again."""
    failed = journalled(entry("failed", why="ambiguous-match"), parked=[parked_item(**before)])
    stage = Stage(sync=[planned(), applied()], journal=[failed, journalled(entry())])
    assert stage.run("sync user 00u1a2b3 --yes").code == 0


def test_sync_says_when_the_sync_has_not_come_in_time() -> None:
    """It comes all the same; the code says: not yet."""
    stage = Stage(sync=[planned(), applied()], journal=journalled())
    ran = stage.run("sync user 00u1a2b3 --yes --timeout 9")
    assert ran.code == 4
    assert stage.pauses == [1.0, 2.0, 4.0, 2.0]
    assert "Not synced within 9 s" in ran.err
    assert "bridge status --stack prod" in ran.err


@pytest.mark.parametrize("line", ["sync user 00u1a2b3 --yes --no-wait", "sync app --yes --no-wait"])
def test_sync_need_not_wait(line: str) -> None:
    """On demand."""
    stage = Stage(sync=[planned(), applied()])
    ran = stage.run(line)
    assert (ran.code, stage.pauses) == (0, [])
    assert f"The item {ITEM} is in its queue." in ran.out


def test_an_interrupted_wait_leaves_the_sync_to_come() -> None:
    """Ctrl-C ends the waiting alone."""
    ran = Stage(sync=[planned(), applied()], journal=journalled()).run("sync user 00u1a2b3 --yes", interrupt_at="wait")
    assert ran.code == 130
    assert "The sync is asked for and comes by itself. bridge explain user:00u1a2b3 --stack prod" in ran.err


def test_a_sync_that_enqueues_others_says_so() -> None:
    """Users enqueue their groups."""
    account = Planned(outcome="members-changed", added=2, held=5, enqueues=[GROUP], read={"users": "7"})
    out = Stage(sync=Synced(entity=GROUP, applied=False, planned=account).document()).run("sync group 00g1a2b3").out
    assert "  members   2 added, 5 held\n  enqueues  group:00g1a2b3\n" in out


def test_a_sync_that_would_change_nothing_says_so() -> None:
    """`observed` alone tells nobody anything; a reason does."""
    nothing = Synced(entity=USER, applied=False, planned=Planned(outcome="observed")).document()
    assert "  outcome  nothing would change\n" in Stage(sync=nothing).run("sync user 00u1a2b3").out
    something = Synced(entity=USER, applied=False, planned=Planned(outcome="observed", why="would-create")).document()
    assert "  outcome  observed, would-create\n" in Stage(sync=something).run("sync user 00u1a2b3").out


def test_explain_has_five_steps_and_the_journal() -> None:
    """And the way to what is parked."""
    ran = Stage(explain=explained(entry("held", why="ceiling", held=5), parked=[parked_item()])).run(
        "explain user 00u1a2b3"
    )
    lines = ran.out.splitlines()
    assert lines[0] == "user:00u1a2b3  in Genesys Cloud: 8a7b"
    assert [line.split()[0] for line in lines[3:8]] == ["reach", "read", "in", "match", "act"]
    assert "1 item parked: bridge parked show user:00u1a2b3 --stack prod" in lines
    assert "2026-11-24 04:00:00 -05:00  held, ceiling  (asked by operator)" in lines


def test_explain_of_somebody_unknown_says_what_is_not_there() -> None:
    """Neither link nor journal."""
    out = Stage(explain=explained(genesys_id=None)).run("explain user 00u1a2b3 --limit 3").out
    assert out.startswith("user:00u1a2b3  in Genesys Cloud: not linked\n")
    assert out.endswith("The journal has no entry.\n")


def test_diff_of_a_user_shows_both_values() -> None:
    """Equal ones are counted."""
    attributes = [
        Attribute(path="title", wanted="Lead", held=None, same=False),
        Attribute(path="emails", wanted=[{"value": "a@example.com"}], held=True, same=False),
        Attribute(path="active", wanted=True, held=True, same=True),
    ]
    answer = Compared(entity=USER, genesys_id="8a7b", state="", attributes=attributes).document()
    out = Stage(diff=answer).run("diff user 00u1a2b3").out
    assert "title      Lead                          -\n" in out
    assert 'emails     [{"value": "a@example.com"}]  true\n' in out
    assert out.endswith("1 attribute equal, 2 different\n")


def test_diff_of_a_group_shows_who_joins_and_leaves() -> None:
    """And how many members the bridge leaves alone."""
    answer = Compared(
        entity=GROUP, genesys_id="9f", state="", joining=["00u1a2b3"], leaving=["00u2a2b3"], unlinked_members=4
    ).document()
    out = Stage(diff=answer).run("diff group 00g1a2b3").out
    assert (
        "to join   00u1a2b3\nto leave  00u2a2b3\n"
        "1 to join, 1 to leave, 0 held, 4 members that the bridge does not touch\n" in out
    )


def test_diff_counts_those_who_leave_at_the_next_reading() -> None:
    """They are to leave, and the table says what they wait for."""
    answer = Compared(entity=GROUP, genesys_id="9f", state="", leaving=["00u1a2b3"], waiting=["00u2a2b3"]).document()
    out = Stage(diff=answer).run("diff group 00g1a2b3").out
    assert "to leave, once read again  00u2a2b3\n0 to join, 2 to leave, 0 held," in out


def test_diff_says_why_there_is_nothing_to_compare() -> None:
    """Such as a group that is not linked."""
    answer = Compared(entity=GROUP, genesys_id=None, state="not-in-scope").document()
    assert "There is nothing to compare: not-in-scope" in Stage(diff=answer).run("diff group:00g1a2b3").out


def test_diff_of_everything_lists_what_observe_mode_recorded() -> None:
    """Each with the calls that would have been made; more pages are announced."""
    difference = Difference(entity=USER, at=START, outcome="observed", why="would-create", calls=["would POST users"])
    answer = Differences(differences=[difference], next="x").document()
    out = Stage(diff=answer).run("diff --limit 1").out
    assert "user:00u1a2b3  observed, would-create  (2026-11-24 04:00:00 -05:00)\n    calls  would POST users\n" in out
    assert out.endswith("1 difference; there are more: --all\n")
    assert Stage(diff=Differences(differences=[], next=None).document()).run("diff").out == (
        "Observe mode has recorded no difference.\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        "explain 00x1a2b3",
        "explain user",
        "explain app",
        "sync robot 00u1a2b3",
        "diff user 00u1a2b3/x",
        "parked show user 0 1",
    ],
)
def test_what_is_no_entity_is_wrong_usage(line: str) -> None:
    """Nothing is asked."""
    stage = Stage()
    assert (stage.run(line).code, stage.aws.invoked) == (2, [])


def changed(**values: object) -> dict[str, object]:
    """The answer to a change of a group."""
    answer: dict[str, object] = {"entity": GROUP, "linked_by": "operator", "ceiling": None, "ceiling_percent": None}
    return GroupChanged.model_validate({**answer, "item": ITEM, **values}).document()


@pytest.mark.parametrize("verb", ["link", "unlink"])
def test_a_group_is_linked_and_unlinked_by_word(verb: str) -> None:
    """It is shown as it stands, then asked about."""
    stage = Stage(explain=explained(entity=GROUP), **{f"group_{verb}": changed()})
    ran = stage.run(f"group {verb} 00g1a2b3", typed="y\n")
    assert ran.code == 0
    assert "in scope  ok     in-scope is well" in ran.out
    assert "  linked by  operator\n" in ran.out
    assert stage.asked[-1] == {"do": f"group.{verb}", "entity": GROUP}


def test_a_ceiling_names_both_halves() -> None:
    """What is not named follows the setting."""
    stage = Stage(explain=explained(entity=GROUP), group_ceiling=changed(ceiling_percent=100))
    ran = stage.run("group ceiling 00g1a2b3 --percent 100", typed="y\n")
    assert "Let the setting's number of removals and 100 % of the members pass" in ran.err
    assert "  ceilings   the setting's number of removals and 100 % of the members\n" in ran.out
    assert stage.asked[-1] == {"do": "group.ceiling", "entity": GROUP, "count": None, "percent": 100}


@pytest.mark.parametrize("options", ["", "--reset --count 5"])
def test_a_ceiling_is_set_or_reset(options: str) -> None:
    """Neither both nor nothing."""
    stage = Stage()
    ran = stage.run(f"group ceiling 00g1a2b3 {options}")
    assert (ran.code, stage.asked) == (2, [])
    assert "--count or --percent or both, or else --reset" in ran.err
