"""Whose account is whose, over the real functions: every state, nobody's name in a file, and links without SCIM."""

from __future__ import annotations

import csv
import logging
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bridge.provisioning import scim
from bridge.provisioning.user_records import Pending, PendingKind, UserLink, UserState
from bridge_local.faults import Fault, bare
from bridge_local.memory import MemoryStore
from tests.stages.cli_office import Office
from tests.stages.cli_stage import READERS

NAMES = "stack-Operations-1A:names"


def killed_after(office: Office, parts: int) -> None:
    """The process dies when it asks for one more part."""
    readers, asked = office.aws.functions[READERS], iter(range(parts))

    def answer(payload: dict[str, Any]) -> Any:
        if payload["do"] == "match" and next(asked, None) is None:
            office.aws.functions[READERS] = readers
            raise SystemExit
        return readers(payload)

    office.aws.functions[READERS] = answer


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A company that has never been synced, an operator who may see names, and a place for what was read."""
    office = Office(environment={"XDG_STATE_HOME": str(tmp_path)})
    office.aws.functions[NAMES] = lambda payload: office.stage.operations.handle(payload, reader=True, names=True)
    world = office.stage.world
    world.variables["MODE"] = "observe"
    world.restart()
    return office


def person(office: Office, name: str, *, assigned: bool = True, **profile: str) -> str:
    """Somebody with a login of another company than the e-mail address."""
    named = {"email": f"{name}@example.com", "login": f"{name}@corp.example.com"}
    return office.stage.world.person(name, assigned=assigned, **named, **profile)


def account(office: Office, name: str, *, active: bool = True, number: str = "", external: str = "") -> str:
    """A Genesys Cloud user."""
    document: dict[str, Any] = {"userName": f"{name}@example.com", "displayName": name, "active": active}
    if external:
        document["externalId"] = external
    if number:
        document[scim.ENTERPRISE_USER] = {"employeeNumber": number}
    return office.stage.world.genesys.add_user(document)


def states(office: Office, line: str = "match") -> dict[str, dict[str, str]]:
    """The rows by user, or by account where there is nobody."""
    return {row["user"] or row["account"]: row for row in office.ask(line)["rows"]}


def test_every_state(office: Office) -> None:
    """By external id, e-mail without case and number: exact, none, several, inactive, left behind."""
    ada, bea, cy = person(office, "ada"), person(office, "bea"), person(office, "cy", employeeNumber="0042")
    dee, eve, fay = person(office, "dee"), person(office, "eve", employeeNumber="7"), person(office, "fay")
    gus = person(office, "gus", assigned=False)
    a, b, c = account(office, "ADA"), account(office, "b.brook", external=bea), account(office, "c", number="0042")
    e1, e2 = account(office, "eve"), account(office, "e.other", number="7")
    f, g, nobody = account(office, "fay", active=False), account(office, "g", external=gus), account(office, "x")
    account(office, "old", active=False)
    before = office.stage.world.calls("PATCH") + office.stage.world.calls("POST")
    found = states(office)
    assert {key: (row["state"], row["account"], row["by"]) for key, row in found.items()} == {
        ada: ("exact", a, "e-mail"),
        bea: ("exact", b, "external-id"),
        cy: ("exact", c, "employee-number"),
        dee: ("none", "", ""),
        eve: ("several", " ".join(sorted((e1, e2))), "e-mail employee-number"),
        fay: ("inactive", f, "e-mail"),
        g: ("left-behind", g, ""),
        nobody: ("left-behind", nobody, ""),
    }
    assert found[g]["because"] == f"bears the id of user:{gus}, who is not assigned"
    assert office.stage.world.calls("PATCH") + office.stage.world.calls("POST") == before
    assert not [link for link in office.stage.world.store.user_links.values() if link.genesys_id]


def test_an_account_that_may_be_somebody_elses_is_not_exact(office: Office) -> None:
    """It bears another's id, two people match it, or it is linked to another: --link leaves it."""
    ada, bea = person(office, "ada"), person(office, "bea", employeeNumber="9")
    cy, dee = person(office, "cy", employeeNumber="9"), person(office, "dee")
    world = office.stage.world
    with world.okta.quietly():
        eve = person(office, "eve")
    taken = world.link_account(eve)
    world.genesys.edit_user(taken, {"userName": "dee@example.com"})
    account(office, "ada", external="00u00000000000000zzz")
    account(office, "bea", number="9")
    found = states(office, "match --link --yes")
    assert [found[each]["state"] for each in (ada, bea, cy, dee, eve)] == [*["several"] * 4, "linked"]
    assert "bears the id of" in found[ada]["because"]
    assert (found[bea]["because"], found[cy]["because"]) == (f"matches user:{cy} too", f"matches user:{bea} too")
    assert found[dee]["because"] == f"linked to user:{eve}"
    assert [link.okta_id for link in world.store.user_links.values() if link.genesys_id] == [eve]


def test_links_of_the_exact_ones_are_written_without_scim(office: Office) -> None:
    """One record each, under the fence; the left-behind stay as they are, and the next sync compares and keeps them."""
    world = office.stage.world
    ada, fay = person(office, "ada"), person(office, "fay")
    a, left = account(office, "ADA"), account(office, "x")
    account(office, "fay", active=False)
    world.genesys.faults.add(Fault("(POST|PATCH|PUT|DELETE) .*/scim/", lambda _request, _serve: pytest.fail("a write")))
    reads = world.calls()
    office.bridge("match --csv")
    read_alone = world.calls() - reads
    document = office.ask("match --link --yes")
    assert world.calls() - reads == 2 * read_alone
    assert (document["linked"], document["left"]) == (1, [])
    link = world.store.user(ada)
    assert link is not None
    assert (link.genesys_id, link.known_active, link.origin.value) == (a, None, "adopted")
    assert world.store.owners([a, left]) == {a: f"user:{ada}"}
    assert [(entry.outcome, entry.why) for entry in world.journal(f"user:{ada}")] == [("linked", "linked-by-operator")]
    assert not world.store.users([fay])
    world.genesys.faults.clear()
    world.variables["MODE"] = "enforce"
    world.restart()
    world.reconcile_whole()
    assert world.account(ada)["id"] == a
    assert any(each["id"] == left and each["active"] for each in world.accounts())


def test_a_linked_leaver_ends_with_the_next_comparison(office: Office) -> None:
    """A link without knowledge of the account counts as an active one: nobody who is suspended stays by it."""
    world = office.stage.world
    ada = person(office, "ada")
    a = account(office, "ada")
    office.bridge("match --link --yes")
    world.okta.suspend(ada)
    world.variables["MODE"] = "enforce"
    world.restart()
    world.happen()
    assert [each["active"] for each in world.accounts() if each["id"] == a] == [False]


def test_a_lost_state_table_is_rebuilt(office: Office) -> None:
    """The links of everybody, by the real commands; nobody is created, and no group loses a member."""
    world = office.stage.world
    world.variables["MODE"] = "enforce"
    world.restart()
    people = [person(office, f"p{number}") for number in range(30)]
    world.happen()
    _, group = world.linked_group("Support", people)
    links = {each: world.store.user_links[each].genesys_id for each in people}
    members, accounts = world.members(group), len(world.accounts())
    world.store = MemoryStore()
    world.restart()
    office.stage.restart()
    assert office.ask("match --link --yes")["linked"] == len(people)
    assert {each: world.store.user_links[each].genesys_id for each in people} == links
    office.bridge("confirm organisation --yes")
    world.reconcile_whole()
    assert {each: world.store.user_links[each].genesys_id for each in people} == links
    assert (world.members(group), len(world.accounts())) == (members, accounts)
    assert not world.journal("app") or all(entry.removed == 0 for entry in world.store.journal)


def test_killed_and_run_again_it_goes_on(office: Office, tmp_path: Path) -> None:
    """Parts that were read are not read again, a half-written line is dropped, and no file has a name."""
    for number in range(3):
        person(office, f"p{number}")
        account(office, f"p{number}")
    killed_after(office, 2)
    with pytest.raises(SystemExit):
        office.bridge("match")
    (kept,) = tmp_path.rglob("*.jsonl")
    assert kept.stat().st_mode & 0o077 == 0
    assert "example.com" not in kept.read_text()
    kept.write_text(f'{kept.read_text()}{{"side": "act')
    asked = len(office.aws.invoked)
    assert office.ask("match")["counts"]["exact"] == 3
    sides = [payload["side"] for _, payload in office.aws.invoked[asked:] if payload["do"] == "match"]
    assert sides == ["inactive"]
    assert not list(tmp_path.rglob("*.jsonl"))


def test_what_was_read_long_ago_is_read_again(office: Office) -> None:
    """After an hour it says too little of now."""
    killed_after(office, 2)
    with pytest.raises(SystemExit):
        office.bridge("match")
    office.stage.world.clock.advance(3600)
    asked = len(office.aws.invoked)
    office.bridge("match --csv")
    assert [payload["side"] for _, payload in office.aws.invoked[asked:]] == ["okta", "active", "inactive"]


def test_while_syncs_wait_it_reads_one_page_and_pauses(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a backlog three pages are three parts, five seconds apart; without one they are one part."""
    world = office.stage.world
    for number in range(60):
        account(office, f"p{number:02}")
    office.bridge("match --csv")
    parts = [payload["side"] for _, payload in office.aws.invoked]
    assert parts.count("active") == 1
    monkeypatch.setattr(world.queues, "waiting", lambda: 1)
    asked, began = len(office.aws.invoked), world.clock.now()
    office.bridge("match --csv")
    parts = [payload["side"] for _, payload in office.aws.invoked[asked:]]
    assert parts.count("active") == 3
    assert (world.clock.now() - began).total_seconds() >= 10


def test_an_outage_is_waited_out(office: Office) -> None:
    """A part that fails is asked for again; one that goes on failing ends with 4 and goes on later."""
    world = office.stage.world
    person(office, "ada")
    account(office, "ada")
    world.genesys.faults.add(Fault("GET .*/scim/", bare(503), count=2))
    assert office.ask("match")["counts"]["exact"] == 1
    world.genesys.faults.add(Fault("GET .*/scim/", bare(503)))
    assert "goes on from there" in office.bridge("match", code=4).err
    world.genesys.faults.clear()
    assert office.ask("match")["counts"]["exact"] == 1


def test_names_are_on_the_screen_and_nowhere_else(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """The table has them, CSV, JSON and logs have ids; without the right there are ids alone."""
    caplog.set_level(logging.DEBUG)
    ada = person(office, "ada")
    nobody = account(office, "nobody")
    shown = office.bridge("match").out
    assert "ada@corp.example.com" in shown
    assert "nobody@example.com" in shown
    for quiet in (office.bridge("match --csv").out, office.bridge("match --json").out):
        assert ada in quiet
        assert "example.com" not in quiet
    assert "example.com" not in caplog.text
    office.aws.functions[NAMES] = office.aws.functions[READERS]
    shown = office.bridge("match").out
    assert nobody in shown
    assert "example.com" not in shown


def test_the_csv_has_a_row_for_everybody(office: Office) -> None:
    """Also for those who are linked; the table names how many more there are."""
    for number in range(60):
        person(office, f"p{number:02}")
    table = list(csv.DictReader(office.bridge("match --csv").out.splitlines()))
    assert Counter(row["state"] for row in table) == {"none": 60}
    shown = office.bridge("match --limit 5").out
    assert "55 more: --all" in shown
    assert len([payload for _, payload in office.aws.invoked if payload["do"] == "names"][-1]["entities"]) == 5


def test_who_is_not_asked_writes_nothing(office: Office) -> None:
    """Without an answer and without --yes; and --link is an operator's right."""
    person(office, "ada")
    account(office, "ada")
    office.bridge("match --link", code=2)
    assert not [link for link in office.stage.world.store.user_links.values() if link.genesys_id]
    assert office.stage.refused("match.link", reader=True, pairs=[{"user": "00u1a2b3", "account": "a"}]) == (
        "readers-may-not"
    )


def test_a_pair_that_has_moved_is_left_alone(office: Office) -> None:
    """Linked elsewhere meanwhile, owned by another, or a creation under way: said, and never overwritten."""
    world = office.stage.world
    with world.okta.quietly():
        ada, bea, cy = person(office, "ada"), person(office, "bea"), person(office, "cy")
    a, b = world.link_account(ada), account(office, "b")
    posted = Pending(PendingKind.CREATE, world.clock.now())
    world.store.user_links[cy] = UserLink(cy, state=UserState.WANTED, pending=(posted,))
    wanted = ((ada, b), (bea, a), (ada, a), (cy, b))
    answer = office.stage.ask("match.link", pairs=[{"user": user, "account": found} for user, found in wanted])
    assert answer["linked"] == 1
    assert [(each["user"], each["why"]) for each in answer["left"]] == [
        (ada, "linked-otherwise"),
        (bea, "owned-by-another-user"),
        (cy, "creation-unsettled"),
    ]
