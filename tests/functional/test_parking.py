"""What is parked stands once for each person and cause, ends a redrive, and can be discarded."""

from __future__ import annotations

import json

import pytest

from bridge.items import Reason
from bridge.provisioning.records import ParkedItem
from bridge_local.faults import Fault
from bridge_local.genesys import faults as genesys_faults
from tests.stages.cli_office import Office
from tests.stages.operations_stage import Stage
from tests.world import World


def refuse(world: World, *, path: str = "/users$", method: str = "POST", status: int = 400) -> Fault:
    """Genesys Cloud refuses every such call."""
    return world.genesys.faults.add(Fault(f"{method} .*{path}", genesys_faults.refused(status)))


def open_items(world: World, person: str) -> list[ParkedItem]:
    """What waits for somebody."""
    return [item for item in world.store.parked_items(f"user:{person}") if item.open]


def refused_person(world: World) -> tuple[str, Fault]:
    """Somebody who is parked for a refused creation."""
    fault = refuse(world)
    person = world.person("Ada Brook")
    world.happen()
    assert [item.reason for item in open_items(world, person)] == ["genesys-400"]
    return person, fault


@pytest.fixture
def office() -> Office:
    """An operator."""
    return Office()


# -------------------------------------------------------------------------------------------------- once


@pytest.mark.parametrize("reason", list(Reason))
def test_anyone_who_asks_the_cause_stands_once(reason: Reason) -> None:
    """Hook, catch-up, reconcile, operator, follow-up, hold, redrive: the first time and the last time are kept."""
    world = World()
    person, _ = refused_person(world)
    first = open_items(world, person)[0].parked
    world.clock.advance(3600)
    world.ask(f"user:{person}", reason)
    world.settle()
    [item] = open_items(world, person)
    assert item.since == first
    assert item.parked > first


def test_two_people_who_swap_addresses_are_parked_once_each_after_a_week() -> None:
    """Seven nights and an event each day: one record each, and no more calls in the last night than in the first."""
    stage = Stage()
    world = stage.world
    ada, ben = world.person("Ada Brook"), world.person("Ben Hill")
    world.happen()
    addresses = {person: world.okta.users.current[person].profile["email"] for person in (ada, ben)}
    with world.okta.quietly():
        world.okta.update_profile(ada, {"email": "parking@example.com"})
        world.okta.update_profile(ben, {"email": addresses[ada]})
    world.okta.update_profile(ada, {"email": addresses[ben]})
    world.okta.update_profile(ben, {"title": "Lead"})
    world.deliver()
    calls = []
    for day in range(7):
        before = world.calls()
        world.reconcile_whole()
        world.pass_time(20)
        calls.append(world.calls() - before)
        world.okta.update_profile(ada, {"title": f"Lead {day}"})
        world.deliver()
        world.pass_time(4)
    for person in (ada, ben):
        assert len(world.store.parked_items(f"user:{person}")) <= 1
    assert stage.ask("status")["parked"] <= 2
    assert calls[-1] <= calls[0]


def test_parked_counts_people(capsys: pytest.CaptureFixture[str]) -> None:
    """Two causes of one person are one person, in the metric and in `status`."""
    stage = Stage()
    world = stage.world
    person, _ = refused_person(world)
    now = world.clock.now()
    world.store.park(ParkedItem(f"user:{person}", "i9", "{}", "ambiguous-match", "8a7b", now))
    world.restart()
    capsys.readouterr()
    world.ask(f"user:{person}", Reason.RECONCILE)
    world.settle()
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"ParkedOpen"' in line]
    assert [line["ParkedOpen"] for line in told][-1] == [1.0]
    assert stage.ask("status")["parked"] == 1


# ------------------------------------------------------------------------------------------------ redrive


def test_a_redrive_ends_when_it_is_parked_again(office: Office) -> None:
    """With the reason and what to do first, within the seconds of one sync; and done once the cause is gone."""
    world = office.stage.world
    person, fault = refused_person(world)
    began = world.clock.now()
    ran = office.bridge(f"parked redrive user {person} --yes", code=1)
    assert "Parked: genesys-400: Genesys Cloud refuses a value" in ran.err
    assert (world.clock.now() - began).total_seconds() < 30
    world.genesys.faults.remove(fault)
    ran = office.bridge(f"parked redrive user {person} --yes")
    assert "created" in ran.out
    assert office.bridge("parked list").out == "Nothing is parked.\n"


def test_an_error_that_nobody_knows_ends_a_redrive_too(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried five times on its own account, and once when somebody asks."""
    world = office.stage.world
    person = world.person("Ada Brook")

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(world.store, "begin_user_sync", broken)
    world.deliver()
    world.pass_time(3)
    assert [item.reason for item in open_items(world, person)] == ["unexpected"]
    ran = office.bridge(f"parked redrive user {person} --yes", code=1)
    assert "Parked: unexpected" in ran.err


# ------------------------------------------------------------------------------------------------ discard


def test_a_discarded_cause_waits_for_nobody_and_is_journalled(office: Office) -> None:
    """Not listed, not counted, not in the metric; in the journal with the operator's reason, and on demand."""
    world = office.stage.world
    person, _ = refused_person(world)
    ran = office.bridge(f"parked discard user {person} --why OPS-9", typed="y\n")
    assert "Discarded: genesys-400" in ran.out
    assert office.bridge("parked list").out == "Nothing is parked.\n"
    assert person in office.bridge("parked list --discarded").out
    assert "OPS-9" in office.bridge(f"parked show user {person}").out
    assert office.ask("status")["parked"] == 0
    entry = world.last(f"user:{person}")
    assert (entry.outcome, entry.why, entry.read["ticket"]) == ("discarded", "genesys-400", "OPS-9")
    assert "discarded" not in office.bridge(f"explain user {person}").out.splitlines()[3]


@pytest.mark.parametrize("reason", [Reason.RECONCILE, Reason.FOLLOW_UP, Reason.CATCHUP])
def test_a_discarded_cause_does_not_come_back_by_itself(office: Office, reason: Reason) -> None:
    """Nobody asked and nothing happened in Okta: each night meets it again, and nobody is told."""
    world = office.stage.world
    person, _ = refused_person(world)
    office.bridge(f"parked discard user {person} --why OPS-9 --yes")
    for _ in range(3):
        world.pass_time(24)
        world.ask(f"user:{person}", reason)
        world.settle()
    assert open_items(world, person) == []
    assert len(world.store.parked_items(f"user:{person}")) == 1


def event(world: World, person: str) -> None:
    """Something about the person changes in Okta, and the cause stays."""
    world.okta.update_profile(person, {"title": "Lead"})
    world.happen()


def asked(world: World, person: str) -> None:
    """Somebody asks for a sync."""
    world.ask(f"user:{person}", Reason.OPERATOR)
    world.settle()


def redriven(world: World, person: str) -> None:
    """Somebody redrives."""
    world.ask(f"user:{person}", Reason.REDRIVE)
    world.settle()


def another_cause(world: World, person: str) -> None:
    """The nightly comparison meets another refusal."""
    world.genesys.faults.clear()
    refuse(world, status=422)
    world.ask(f"user:{person}", Reason.RECONCILE)
    world.settle()


@pytest.mark.parametrize("change", [event, asked, redriven, another_cause])
def test_a_discarded_cause_comes_back_when_something_changes(office: Office, change: object) -> None:
    """An event in Okta, somebody who asks, or another cause."""
    world = office.stage.world
    person, _ = refused_person(world)
    office.bridge(f"parked discard user {person} --why OPS-9 --yes")
    world.clock.advance(3600)
    assert callable(change)
    change(world, person)
    assert len(open_items(world, person)) == 1


def test_a_good_sync_removes_what_was_discarded(office: Office) -> None:
    """The next time it is met is a new time."""
    world = office.stage.world
    person, fault = refused_person(world)
    office.bridge(f"parked discard user {person} --why OPS-9 --yes")
    world.genesys.faults.remove(fault)
    world.ask(f"user:{person}", Reason.RECONCILE)
    world.settle()
    assert world.store.parked_items(f"user:{person}") == []
    assert world.account(person)["active"]


def test_a_member_that_is_discarded_does_not_come_back_with_the_groups_next_sync(office: Office) -> None:
    """A group's good sync meets its refused member again each time."""
    world = office.stage.world
    people = world.provisioned(3)
    group, _ = world.linked_group("Sales", people[:2])
    refuse(world, path="/groups/", method="PATCH")
    world.okta.add_members(group, people[2:])
    world.happen()
    assert [item.reason for item in world.store.parked_items(f"group:{group}")] == ["member-refused"]
    office.bridge(f"parked discard group {group} --why OPS-9 --yes")
    world.pass_time(24)
    world.ask(f"group:{group}", Reason.RECONCILE)
    world.settle()
    assert office.bridge("parked list").out == "Nothing is parked.\n"
    assert len(world.store.parked_items(f"group:{group}")) == 1


def test_one_of_several_causes_is_discarded_by_its_reason(office: Office) -> None:
    """The other one goes on waiting; a cause that is not there is refused."""
    world = office.stage.world
    person, _ = refused_person(world)
    world.store.park(ParkedItem(f"user:{person}", "i9", "{}", "ambiguous-match", "8a7b", world.clock.now()))
    office.bridge(f"parked discard user {person} --reason ambiguous-match --why OPS-9 --yes")
    assert [item.reason for item in open_items(world, person)] == ["genesys-400"]
    ran = office.bridge(f"parked discard user {person} --reason ambiguous-match --why OPS-9 --yes", code=1)
    assert "(nothing-parked)" in ran.err


def test_a_reader_may_not_discard() -> None:
    """It changes what people see."""
    stage = Stage()
    person, _ = refused_person(stage.world)
    assert stage.refused("parked.discard", reader=True, entity=f"user:{person}", why="x") == "readers-may-not"
    assert "nothing-parked" in stage.refused("parked.discard", entity="user:00uNobody0000000001", why="x")


# ------------------------------------------------------------------------------------------------ set free


def test_deleting_a_leaver_in_okta_frees_their_address_for_the_hire() -> None:
    """Parked once while the leaver is there, by events and by nights; synced without a redrive when they are gone."""
    world = World()
    leaver = world.provisioned(1)[0]
    email = world.okta.users.current[leaver].profile["email"]
    world.okta.deactivate(leaver)
    world.happen()
    hire = world.person("Eve Doe", assigned=False)
    world.okta.update_profile(hire, {"email": email})
    world.okta.assign_user(hire)
    world.deliver()
    world.pass_time(3)
    for _ in range(3):
        world.reconcile_whole()
        world.pass_time(20)
    assert world.parked(f"user:{hire}") == ["owned-by-another-user"]
    world.okta.delete(leaver)
    world.happen()
    world.clock.advance(61)
    world.send_dues()
    world.settle()
    assert world.account(hire)["active"] is True
    assert world.store.parked_items() == []
