"""`bridge holds`: what a person sees, is asked, and decides."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from bridge.approvals.signing import BINDING_HEADER
from bridge.operations.hold_answers import Decision, Holds
from tests.stages.cli_answers import GROUP, decided, hold, refused, shown
from tests.stages.cli_stage import OUTPUTS, READERS, START, Stage

APPROVE = "holds approve 00g1a2b3 --why OPS-1"


def test_the_list_has_whole_ids_reasons_and_local_time() -> None:
    """Columns fit the longest cell; times are those of where the person sits, with their offset."""
    stage = Stage(holds_list=Holds(holds=[hold(), hold(entity="group:00g2verylongidentifier", staged=3)]).document())
    ran = stage.run("holds list")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0].split() == ["HOLD", "NUMBER", "STATE", "STAGED", "KEPT", "REVISION", "OPENED", "WHY"]
    assert lines[1].startswith(
        "group:00g1a2b3                     1  open     5000     0         3  2026-11-24 04:00:00 -05:00"
    )
    assert lines[1].endswith("ceiling-count: More removals within the window than the ceiling allows.")
    assert lines[2].startswith("group:00g2verylongidentifier ")
    assert lines[-1] == "Look at one: bridge holds show group:00g1a2b3 --stack prod"


def test_an_empty_list_says_so() -> None:
    """Nobody has to guess from an empty table."""
    assert Stage(holds_list=Holds(holds=[]).document()).run("holds list").out == "No hold is open.\n"


def test_json_is_the_answer_as_it_came() -> None:
    """Programs get UTC and nothing else on standard output."""
    document = Holds(holds=[hold()]).document() | {"of_a_later_version": 1}
    ran = Stage(holds_list=document).run("holds list --json")
    assert ran.document == document
    assert ran.document["holds"][0]["opened"] == "2026-11-24T09:00:00Z"
    assert ran.err == ""


def test_a_hold_is_shown_with_counts_users_and_history() -> None:
    """Also who decided, when somebody has."""
    word = Decision(verdict="reject", number=1, revision=3, by="arn:aws:sts::1:x/kim", why="OPS-2", at=START)
    out = Stage(holds_show=shown(decision=word, reminded=START)).run("holds show group:00g1a2b3").out
    assert "group:00g1a2b3  hold 1, revision 3: open, reject on its way" in out
    assert "  counts    5000 of 5000 would go now; limits 1000 and 50 %\n" in out
    assert "  decided   reject revision 3 by arn:aws:sts::1:x/kim: OPS-2\n" in out
    assert "  reminded  2026-11-24 04:00:00 -05:00\n" in out
    assert "Who is held (the first 2 of 5000):\nUSER  SINCE REVISION\n00u1               1\n" in out
    assert "What happened:\nWHEN" in out
    assert "bridge holds approve group:00g1a2b3 --why TICKET --stack prod" in out


def test_a_hold_that_has_ended_offers_no_decision() -> None:
    """What was approved, by whom."""
    out = Stage(holds_show=shown(state="done", decided=3, by="arn:aws:x", why="OPS-1")).run("holds show app").out
    assert "  decided   revision 3 by arn:aws:x: OPS-1\n" in out
    assert "Decide:" not in out


def test_all_staged_users_come_in_pages() -> None:
    """One document out of many answers; `next` is that of the last."""
    stage = Stage(holds_show=[shown(2, after="00u2a2b3"), shown(1, after=None)])
    ran = stage.run("holds show 00g1a2b3 --all --json")
    assert [user["user"] for user in ran.document["staged"]] == ["00u1", "00u2", "00u1"]
    assert ran.document["next"] is None
    assert [(asked["limit"], asked["after"]) for asked in stage.asked] == [(1000, ""), (1000, "00u2a2b3")]


def test_a_limit_over_a_page_asks_for_what_is_left() -> None:
    """No record more than asked for."""
    stage = Stage(holds_show=[shown(1000, after="00u999"), shown(200, after="00v")])
    assert len(stage.run("holds show 00g1a2b3 --limit 1200 --json").document["staged"]) == 1200
    assert [asked["limit"] for asked in stage.asked] == [1000, 200]


def test_an_approval_shows_asks_and_approves_what_it_showed() -> None:
    """Number and revision are those of the hold on the screen; the approver is whom AWS confirmed."""
    stage = Stage(holds_show=shown(), approve=decided())
    ran = stage.run(APPROVE, typed="yes\n")
    assert ran.code == 0
    assert "Approve revision 3 of hold 1 of group:00g1a2b3. Release the removal of 5000 users?" in ran.err
    assert ran.err.endswith("[y/N] ")
    assert "Approve: recorded for arn:aws:sts::123456789012:assumed-role/Ops/kim, as AWS confirmed.\n" in ran.out
    assert "Those of 5000 users who are still to go.\n" in ran.out
    [asked] = stage.decided
    assert {name: value for name, value in asked.items() if name != "identity"} == {
        "do": "approve", "entity": GROUP, "number": 1, "revision": 3, "why": "OPS-1",
    }  # fmt: skip
    assert [name for name, _ in stage.aws.invoked] == [READERS, READERS, OUTPUTS["ApprovalsFunction"]]


def test_the_identity_is_signed_for_this_decision_at_the_regional_endpoint() -> None:
    """With the caller's own credentials, in the region of the stack; the decision's digest is among what is signed."""
    stage = Stage(holds_show=shown(), approve=decided())
    assert stage.run(f"{APPROVE} --yes").code == 0
    url = urlsplit(stage.decided[0]["identity"])
    query = parse_qs(url.query)
    assert url.netloc == "sts.eu-west-1.amazonaws.com"
    assert query["Action"] == ["GetCallerIdentity"]
    assert query["X-Amz-Credential"][0].startswith("AKIAEXAMPLE/")
    assert query["X-Amz-Credential"][0].endswith("/eu-west-1/sts/aws4_request")
    assert query["X-Amz-SignedHeaders"] == [f"host;{BINDING_HEADER}"]
    assert "secret-key" not in stage.decided[0]["identity"]


def test_a_rejection_is_another_verdict() -> None:
    """And says what it means before it asks."""
    stage = Stage(holds_show=shown(), reject=decided("reject"))
    ran = stage.run("holds reject 00g1a2b3 --why OPS-1", typed="y\n")
    assert "Keep 5000 users as members? They are exceptions until" in ran.err
    assert stage.decided[0]["do"] == "reject"
    assert ran.out.count("Reject: recorded for") == 1


@pytest.mark.parametrize("typed", ["n\n", "\n", "approve\n", "N\n"])
def test_any_other_answer_than_yes_changes_nothing(typed: str) -> None:
    """No is what an empty line means."""
    stage = Stage(holds_show=shown())
    ran = stage.run(APPROVE, typed=typed)
    assert (ran.code, stage.decided) == (1, [])
    assert "Nothing was changed." in ran.err


def test_the_end_of_the_input_is_no(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-D at the question."""
    ran = Stage(holds_show=shown()).run(APPROVE, terminal=True)
    assert ran.code == 1
    assert capsys.readouterr().out == ""


def test_without_a_terminal_nothing_is_assumed() -> None:
    """It shows the hold, refuses, and says what to add."""
    stage = Stage(holds_show=shown())
    ran = stage.run(APPROVE)
    assert (ran.code, stage.decided) == (2, [])
    assert "hold 1, revision 3" in ran.out
    assert "Add --yes." in ran.err


def test_with_json_the_document_stands_alone() -> None:
    """What is shown and said for people goes to standard error."""
    stage = Stage(holds_show=shown(), approve=decided())
    ran = stage.run(f"{APPROVE} --yes --json")
    assert ran.document == decided()
    assert "hold 1, revision 3" in ran.err


@pytest.mark.parametrize("state", ["done", "approved", "rejected", "resolved", "unlinked"])
def test_there_is_nothing_to_decide_about_a_hold_that_is_over(state: str) -> None:
    """The bridge is not even asked."""
    stage = Stage(holds_show=shown(state=state))
    ran = stage.run(f"{APPROVE} --yes")
    assert (ran.code, stage.decided) == (1, [])
    assert f"the hold is {state}" in ran.err


def test_a_script_decides_only_about_the_revision_it_knows() -> None:
    """`--revision` is compared with what is there now."""
    stage = Stage(holds_show=shown(), approve=decided())
    ran = stage.run(f"{APPROVE} --yes --revision 2")
    assert (ran.code, stage.decided) == (1, [])
    assert "revision 3, not 2" in ran.err
    assert stage.run(f"{APPROVE} --yes --revision 3").code == 0


@pytest.mark.parametrize(
    ("reason", "code"), [("already-decided", 1), ("hold-not-open", 1), ("identity-refused", 3), ("unavailable", 4)]
)
def test_a_refused_decision_says_why_and_what_to_do(reason: str, code: int) -> None:
    """The bridge's code is in the message, the advice beneath it; programs get the refusal as a document."""
    stage = Stage(holds_show=shown(), approve=refused(reason, "no and no."))
    ran = stage.run(f"{APPROVE} --yes --json")
    assert ran.code == code
    assert ran.document["error"]["reason"] == reason
    assert f"bridge: no and no. ({reason})\n        " in ran.err


def test_a_reason_that_could_be_a_name_is_refused_before_anybody_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """No address goes into the record of a decision."""
    stage = Stage()
    assert stage.run(["holds", "approve", "00g1a2b3", "--why", "ada@example.com said so"]).code == 2
    assert "expected 1 to 100 of" in capsys.readouterr().err
    assert stage.aws.invoked == []


def test_an_interrupted_question_has_changed_nothing() -> None:
    """Ctrl-C instead of an answer."""
    stage = Stage(holds_show=shown())
    ran = stage.run(APPROVE, typed="y\n", interrupt_at="question")
    assert (ran.code, stage.decided) == (130, [])
    assert "Interrupted. Nothing was changed." in ran.err


def test_an_interrupted_decision_says_how_to_find_out() -> None:
    """Ctrl-C while the function works: it may be recorded, and asking again is harmless."""
    stage = Stage(holds_show=shown())
    ran = stage.run(f"{APPROVE} --yes", interrupt_at="approve")
    assert ran.code == 130
    assert "whether it was recorded is not known. bridge holds show group:00g1a2b3 --stack prod" in ran.err


def test_waiting_lasts_until_syncs_have_carried_it_out() -> None:
    """The command ends when the hold has."""
    stage = Stage(holds_show=[shown(), shown(), shown(state="approved"), shown(state="done")], approve=decided())
    ran = stage.run(f"{APPROVE} --yes --wait --progress")
    assert ran.code == 0
    assert ran.err.splitlines() == ["the hold is open, 0 s", "the hold is open, 1 s", "the hold is approved, 3 s"]
    assert ran.out.endswith("group:00g1a2b3: done.\n")


def test_waiting_ends_also_when_a_new_hold_has_opened() -> None:
    """Who was staged later waits for a decision of their own."""
    stage = Stage(holds_show=[shown(), shown(number=2)], approve=decided())
    assert stage.run(f"{APPROVE} --yes --wait").out.endswith("group:00g1a2b3: hold 1 is over, and hold 2 is open.\n")


def test_waiting_in_vain_is_not_yet() -> None:
    """The decision is recorded all the same."""
    ran = Stage(holds_show=shown(), approve=decided()).run(f"{APPROVE} --yes --wait --timeout 5")
    assert ran.code == 4
    assert "The hold is still open." in ran.err
    assert "The decision is recorded" in ran.err


def test_an_interrupted_wait_keeps_the_decision() -> None:
    """Ctrl-C ends the waiting alone."""
    ran = Stage(holds_show=shown(), approve=decided()).run(f"{APPROVE} --yes --wait", interrupt_at="wait")
    assert ran.code == 130
    assert "The decision is recorded, and syncs carry it out: bridge holds show group:00g1a2b3 --stack prod" in ran.err


def test_the_organisations_hold_is_of_deactivations() -> None:
    """The words are not those of a group."""
    stage = Stage(holds_show=shown(entity="app"), approve=decided())
    assert "Release the deactivation of 5000 users?" in stage.run("holds approve app --why X", typed="y\n").err
    assert stage.decided[0]["entity"] == "app"
