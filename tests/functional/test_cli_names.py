"""Names in the place of ids, over the real function: who is meant is looked up, and no log hears of it."""

from __future__ import annotations

import logging

import pytest

from bridge.items import Reason
from tests.stages.cli_office import Office

#: One's login is the other's e-mail address.
BOTH = (("ada", "brook@example.com"), ("adele", "ada@example.com"))
NAMES = "stack-Operations-1A:names"


@pytest.fixture
def office() -> Office:
    """An operator who may see names."""
    office = Office()
    operations = office.stage.operations
    office.aws.functions[NAMES] = lambda payload: operations.handle(payload, reader=True, names=True)
    return office


def test_a_user_is_found_by_login_and_e_mail_without_case(office: Office) -> None:
    """In both forms of the argument."""
    person = office.stage.world.person("Ada Brook", email="ada@example.com", login="ada.brook@example.com")
    office.stage.world.happen()
    whole = (f"user {person}", f"user user:{person}", f"user:{person}", person)
    for words in ("user ada@example.com", "user:Ada.Brook@example.com", "ada@example.com", *whole):
        assert office.ask(f"explain {words}")["entity"] == f"user:{person}"


def test_a_group_is_found_by_its_name(office: Office) -> None:
    """In the place of an id that stands alone, and of one behind a kind."""
    okta_id, _ = office.stage.world.linked_group("Support", office.stage.world.provisioned(2))
    assert office.ask("explain group support")["entity"] == f"group:{okta_id}"
    changed = office.bridge("group ceiling Support --count 5 --yes --json")
    assert f'"entity": "group:{okta_id}"' in changed.out


def test_the_word_group_may_stand_before_a_group_everywhere(office: Office) -> None:
    """As it must where a command takes users too; two other words are no name."""
    okta_id, _ = office.stage.world.linked_group("Night Shift", office.stage.world.provisioned(2))
    for words in (
        f"group {okta_id}",
        "group 'night shift'",
        f"group:{okta_id}",
        "'group:Night Shift'",
        "'Night Shift'",
    ):
        assert office.ask(f"group ceiling {words} --count 5 --yes")["entity"] == f"group:{okta_id}"
        assert "no hold" in office.bridge(f"holds show {words}", code=1).err
    assert "written in quotes" in office.bridge("holds approve Night Shift --why OPS-1 --json", code=2).out


def test_the_kind_may_stand_before_a_users_id(office: Office) -> None:
    """As the bridge writes it everywhere."""
    person = office.stage.world.person("Ada Brook", email="ada@example.com")
    office.stage.world.happen()
    for words in (f"user:{person}", "user:ada@example.com"):
        assert office.ask(f"user unlink {words} --yes")["entity"] == f"user:{person}"
        office.stage.world.ask(f"user:{person}", Reason.OPERATOR)
        office.stage.world.settle()


def test_several_of_one_name_are_listed(office: Office) -> None:
    """Nobody is guessed."""
    world = office.stage.world
    ids = [world.person("Ada Brook", email=f"{name}@example.com", login=login) for name, login in BOTH]
    ran = office.bridge("explain user ada@example.com", code=2)
    assert all(each in ran.out for each in ids)
    assert "2 are called ada@example.com" in ran.err


def test_nobody_of_that_name(office: Office) -> None:
    """It says so, and changes nothing."""
    assert "No user of Okta is called eve@example.com" in office.bridge("sync user eve@example.com", code=2).err


def test_who_may_not_see_names_gives_ids(office: Office) -> None:
    """The readers' alias answers none; an id needs no look-up."""
    person = office.stage.world.person("Ada Brook")
    office.aws.functions[NAMES] = office.aws.functions["stack-Operations-1A:reader"]
    assert "NamesPolicyArn" in office.bridge("explain user ada@example.com", code=3).err
    assert office.ask(f"explain user {person}")["entity"] == f"user:{person}"
    assert office.stage.refused("group.list", reader=True) == "readers-may-not"


def test_no_log_hears_of_a_name(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """Neither of whom was asked for nor of what was found."""
    caplog.set_level(logging.DEBUG)
    office.stage.world.person("Ada Brook", email="ada@example.com")
    office.bridge("explain user ada@example.com")
    assert caplog.text
    assert "ada" not in caplog.text.lower()


def test_the_groups_have_both_names_and_counts(office: Office) -> None:
    """Linked ones, and why one is not."""
    world = office.stage.world
    people = world.provisioned(3)
    linked, genesys_id = world.linked_group("Support", people)
    other = world.okta.create_group("Night Shift")
    world.okta.assign_group(other)
    world.happen()
    lines = {line["entity"]: line for line in office.ask("group list")["groups"]}
    line = lines[f"group:{linked}"]
    assert (line["okta_name"], line["okta_members"], line["genesys_name"]) == ("Support", 3, "Support")
    assert (line["genesys_id"], line["genesys_members"], line["held"]) == (genesys_id, 3, 0)
    assert (lines[f"group:{other}"]["why"], lines[f"group:{other}"]["genesys_name"]) == ("no-match", "")
    table = office.bridge("group list").out
    assert "not linked: no-match" in table
    assert table.splitlines()[-1] == "2 groups"


def test_the_list_shows_the_ceiling_that_counts(office: Office) -> None:
    """The setting's, and a group's own in the part that it names; a percentage that is off is none."""
    world = office.stage.world
    okta_id, _ = world.linked_group("Support", world.provisioned(2))

    def shown() -> tuple[object, ...]:
        [line] = office.ask("group list")["groups"]
        return line["ceiling"], line["ceiling_percent"], line["own_ceiling"]

    assert shown() == (1000, 50, False)
    assert "1000 and 50 %" in office.bridge("group list").out
    office.bridge(f"group ceiling {okta_id} --count 5 --yes")
    assert shown() == (5, 50, True)
    office.bridge(f"group ceiling {okta_id} --percent 0 --yes")
    assert shown() == (1000, 0, True)
    assert "1000, its own" in office.bridge("group list").out


def test_the_groups_come_in_pages(office: Office) -> None:
    """The next one begins behind the last."""
    for name in ("A", "B", "C"):
        office.stage.world.linked_group(name, [])
    first = office.ask("group list --limit 2")
    assert (len(first["groups"]), first["next"]) == (2, first["groups"][-1]["entity"].removeprefix("group:"))
    assert len(office.ask("group list --all")["groups"]) == 3


@pytest.mark.parametrize("name", ["y" * 256, "\udcff"])
def test_what_can_be_no_name_is_wrong_usage(office: Office, name: str) -> None:
    """Too long, or bytes that are no UTF-8: it is said in words, and nobody is asked."""
    for words in ("explain user", "explain group", "sync user", "parked show user", "diff group"):
        ran = office.bridge(f"{words} {name}", code=2)
        assert "a name of at most 255 characters" in ran.err
