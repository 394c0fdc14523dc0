"""What people decided leaves as a document and comes back: previewed, asked, each decision with its own right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bridge.mapping.source import MapText
from bridge.operations.decision_requests import Keep
from bridge.provisioning.linking import LINKED_BY_OPERATOR, UNLINKED_BY_OPERATOR
from bridge_local.memory import MemoryStore
from tests.stages.cli_office import APPROVER, Office

MEMBERS = 30


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    """Signatures bear the time of the world."""
    office = Office()
    monkeypatch.setattr("botocore.auth.get_current_datetime", office.stage.world.clock.now)
    return office


def decided(office: Office) -> tuple[str, str, str, list[str]]:
    """A group linked by hand with a ceiling and exceptions, one kept out, and one that nobody decided about."""
    world = office.stage.world
    people = world.provisioned(MEMBERS)
    by_hand, genesys_id = world.linked_group("Support", people)
    world.linked_group("Sales", people[:3])
    out = world.okta.create_group("Visitors")
    office.bridge(f"group link {by_hand} --yes")
    office.bridge(f"group ceiling {by_hand} --count 7 --yes")
    office.bridge(f"group unlink {out} --yes")
    world.okta.remove_members(by_hand, people[:20])
    world.happen()
    office.bridge(f"holds reject {by_hand} --why OPS-2 --wait --yes")
    return by_hand, out, genesys_id, sorted(people[:20])


def forget(office: Office, okta_id: str) -> None:
    """What people decided about a group is lost, and its exceptions with it."""
    store: Any = office.stage.world.store
    assert isinstance(store, MemoryStore)
    office.stage.ask("group.unlink", entity=f"group:{okta_id}")
    office.stage.ask("group.ceiling", entity=f"group:{okta_id}", count=None, percent=None)
    store.remove_exceptions(f"group:{okta_id}", store.exceptions(f"group:{okta_id}"))


def test_an_export_is_ids_alone_in_a_stable_order(office: Office) -> None:
    """Two exports are the same text, with a file, without one, and for programs."""
    by_hand, out, genesys_id, people = decided(office)
    text = office.bridge("export").out
    document = json.loads(text)
    linked: dict[str, Any] = {"linked_by": "operator", "genesys_id": genesys_id, "ceiling": 7, "ceiling_percent": None}
    kept_out: dict[str, Any] = {
        "linked_by": "operator-unlinked",
        "genesys_id": "",
        "ceiling": None,
        "ceiling_percent": None,
    }
    groups = {f"group:{by_hand}": linked, f"group:{out}": kept_out}
    assert document == {
        "version": 1,
        "groups": [{"entity": entity, **groups[entity]} for entity in sorted(groups)],
        "exceptions": [{"entity": f"group:{by_hand}", "users": people}],
        "map": None,
    }
    assert office.bridge("export").out == text
    assert office.ask("export") == document
    assert "@" not in text


def test_what_was_lost_comes_back(office: Office, tmp_path: Path) -> None:
    """Shown, asked, carried out by the usual commands; exceptions in the name that AWS confirms."""
    by_hand, out, _, people = decided(office)
    world, file = office.stage.world, tmp_path / "decisions.json"
    ran = office.bridge(f"export {file}")
    assert "decisions about 2 groups, 20 exceptions, no attribute map" in ran.out
    office.stage.ask("group.ceiling", entity=f"group:{by_hand}", count=None, percent=None)
    world.store.remove_exceptions(f"group:{by_hand}", people[:5])
    before = world.store.app(), world.store.groups(), world.store.exceptions(f"group:{by_hand}")
    shown = office.bridge(f"import {file} --why OPS-9", code=2)
    assert "nobody is here to answer: Carry out 2 decisions" in shown.err
    assert (world.store.app(), world.store.groups(), world.store.exceptions(f"group:{by_hand}")) == before
    assert "5 users more" in shown.out
    assert shown.out.count("is there") == 2
    ran = office.bridge(f"import {file} --why OPS-9", typed="y\n")
    assert "Done: 2. Cannot: 0." in ran.out
    assert world.store.exceptions(f"group:{by_hand}") == frozenset(people)
    link = world.store.group(by_hand)
    assert link is not None
    assert (link.ceiling, link.linked_by) == (7, LINKED_BY_OPERATOR)
    entry = next(each for each in world.journal(f"group:{by_hand}") if each.outcome == "kept")
    assert (entry.read["by"], entry.read["ticket"], entry.read["number"]) == (APPROVER, "OPS-9", "5")
    world.settle()
    assert world.store.exceptions(f"group:{by_hand}") == frozenset(people)
    assert "Nothing is to be changed." in office.bridge(f"import {file} --why OPS-9").out
    kept_out = world.store.group(out)
    assert kept_out is not None
    assert kept_out.linked_by == UNLINKED_BY_OPERATOR


def test_an_empty_bridge_takes_links_first_and_exceptions_once_a_sync_has_linked(
    office: Office, tmp_path: Path
) -> None:
    """What cannot be done yet is named with the reason, and a second import does it."""
    by_hand, _, _, people = decided(office)
    world, file = office.stage.world, tmp_path / "decisions.json"
    office.bridge(f"export {file}")
    forget(office, by_hand)
    world.settle()
    ran = office.bridge(f"import {file} --why OPS-9 --yes", code=1)
    assert "import again once a sync has made the link" in ran.out
    assert "Cannot: 1" in ran.out
    world.settle()
    office.bridge(f"import {file} --why OPS-9 --yes")
    assert world.store.exceptions(f"group:{by_hand}") == frozenset(people)


def test_a_link_that_would_become_another_one_is_not_made(office: Office, tmp_path: Path) -> None:
    """The Genesys Cloud group is linked with another group by now."""
    by_hand, _, genesys_id, _ = decided(office)
    file = tmp_path / "decisions.json"
    other = {"entity": "group:00gAnother0000000001", "linked_by": "operator", "genesys_id": genesys_id}
    moved = {
        "entity": f"group:{by_hand}",
        "linked_by": "operator",
        "genesys_id": "3f0c8a52-0000-4000-8000-00000000000f",
    }
    file.write_text(json.dumps({"version": 1, "groups": [other, moved]}), "utf-8")
    ran = office.bridge(f"import {file} --yes", code=1)
    assert f"{genesys_id} is linked with group:{by_hand} here" in ran.out
    assert f"linked here with {genesys_id}, not" in ran.out
    assert "Nothing is to be changed." in ran.out
    assert office.stage.world.store.group("00gAnother0000000001") is None


def test_exceptions_are_not_imported_without_a_ticket(office: Office, tmp_path: Path) -> None:
    """They are an approver's decision; nothing else is done either."""
    by_hand, _, _, people = decided(office)
    file = tmp_path / "decisions.json"
    office.bridge(f"export {file}")
    office.stage.world.store.remove_exceptions(f"group:{by_hand}", people)
    assert "Add --why TICKET" in office.bridge(f"import {file} --yes", code=2).err
    assert office.stage.world.store.exceptions(f"group:{by_hand}") == frozenset()


def test_a_signature_for_some_users_is_none_for_others(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is bound is each user, too."""
    by_hand, _, _, people = decided(office)
    store, file = office.stage.world.store, tmp_path / "decisions.json"
    office.bridge(f"export {file}")
    store.remove_exceptions(f"group:{by_hand}", people)
    signed = vars(Keep)["about"].fget
    about = property(lambda asked: signed(asked) if asked.identity != "-" else f"{asked.entity} {people[0]}")
    monkeypatch.setattr(Keep, "about", about)
    assert "identity-refused" in office.bridge(f"import {file} --why OPS-1 --yes", code=3).err
    assert store.exceptions(f"group:{by_hand}") == frozenset()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "expected JSON"),
        ("[" * 100_000, "expected JSON"),
        ('{"version": 2}', "version: "),
        ('{"groups": [{"entity": "ada@example.com"}]}', "groups.0.entity: "),
        ('{"groups": [{"entity": "group:00gAnother0000000001", "ceiling": 0}]}', "groups.0.ceiling: "),
        ('{"people": []}', "people: "),
    ],
)
def test_what_is_no_such_document_is_refused_by_its_field(office: Office, tmp_path: Path, text: str, says: str) -> None:
    """The field, and what was expected; never the value."""
    file = tmp_path / "decisions.json"
    file.write_text(text, "utf-8")
    ran = office.bridge(f"import {file} --yes", code=2)
    assert says in ran.err
    assert "ada" not in ran.err
    office.bridge(f"import {tmp_path / 'none.json'} --yes", code=2)


def test_the_attribute_map_is_shown_and_how_to_put_it_back(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where an SSM parameter has it; a difference is named, and left alone without --map."""
    text = ['{"version": 1}']
    stage, file = office.stage, tmp_path / "decisions.json"
    monkeypatch.setattr("bridge.mapping.source.read_text", lambda *_: MapText(text[0]))
    stage.variables["ATTRIBUTE_MAP_PARAMETER"] = "/bridge/map"
    stage.restart()
    office.aws.functions["stack-Operations-1A:reader"] = lambda asked: stage.operations.handle(asked, reader=True)
    office.bridge(f"export {file}")
    assert json.loads(file.read_text("utf-8"))["map"] == {"parameter": "/bridge/map", "text": text[0]}
    assert "The attribute map is the same." in office.bridge(f"import {file}").out
    text[0] = "{}"
    ran = office.bridge(f"import {file}")
    assert f"To put it back: bridge import {file} --map" in ran.out
