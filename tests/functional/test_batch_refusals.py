"""Genesys Cloud refuses with 4xx: everybody, one person alone, or people whose access must end."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from bridge.consumer.failures import LEAVER_RENEWAL, REFUSED_TRIES
from bridge.errors import Transient
from bridge.items import Queue, Reason
from bridge.provisioning.followups import LEAVER
from bridge.provisioning.records import Breaker, Due, GroupState
from bridge_local.faults import Effect, Fault, cut, fields
from bridge_local.genesys import faults as genesys_faults
from bridge_local.okta import faults as okta_faults
from tests.world import START, World

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse

SOON = 6 / 60  #: hours: the longest backoff, and a minute


def refuse(world: World, status: int = 400, *, method: str = "PATCH", path: str = "users") -> Fault:
    """Genesys Cloud refuses such calls from now on."""
    return world.genesys.faults.add(Fault(f"{method} .*{path}", genesys_faults.refused(status)))


def leave(world: World, people: list[str]) -> None:
    """They are deactivated in Okta."""
    for person in people:
        world.okta.deactivate(person)
    world.deliver(each=True)


def active(world: World, people: list[str]) -> list[bool]:
    """Whether their accounts are active."""
    return [world.account(person)["active"] for person in people]


# ------------------------------------------------------------------------------------------- the whole service


@pytest.mark.proof
@pytest.mark.parametrize("status", [400, 402, 405, 406, 409, 410, 415, 422, 451])
@pytest.mark.parametrize(("method", "path"), [("PATCH", "users"), (".*", "scim")])
def test_ten_minutes_of_a_service_that_refuses_everything_cost_nobody(status: int, method: str, path: str) -> None:
    """Six leavers end within minutes of its end, and nobody is parked: nor those whose profiles changed."""
    world = World()
    people = world.provisioned(12)
    leavers, others = people[:6], people[6:]
    world.happen()
    refuse(world, status, method=method, path=path)
    for person in others:
        world.okta.update_profile(person, {"title": "Adviser"})
    leave(world, leavers)
    world.pass_time(hours=10 / 60)
    assert active(world, leavers) == [True] * 6
    assert not world.store.parked
    world.genesys.faults.clear()
    world.pass_time(hours=SOON)
    assert active(world, leavers) == [False] * 6
    assert {world.account(person)["title"] for person in others} == {"Adviser"}
    assert not world.store.parked
    assert world.queues.depth() == 0


@pytest.mark.proof
@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 412])
@pytest.mark.parametrize(("method", "path"), [("PATCH|POST", "scim"), (".*", "scim")])
def test_ten_minutes_of_it_cost_a_small_company_nothing(status: int, method: str, path: str) -> None:
    """One joiner, one leaver, one group that takes somebody in and lets somebody go: too few to blame the service."""
    world = World()
    people = world.provisioned(6)
    okta_id, genesys_id = world.linked_group("Agents", people[:3])
    refuse(world, status, method=method, path=path)
    new = world.person("Ada Brook")
    world.okta.add_members(okta_id, people[3:5])
    world.okta.remove_members(okta_id, people[:1])
    leave(world, people[5:])
    world.pass_time(hours=10 / 60)
    assert not world.store.parked
    world.genesys.faults.clear()
    world.pass_time(hours=SOON)
    assert active(world, [new, *people]) == [True] * 6 + [False]
    assert world.members(genesys_id) == set(people[1:5])
    assert not world.store.parked
    assert world.queues.depth() == 0


@pytest.mark.proof
@pytest.mark.parametrize("minutes", [25, 60, 240])
@pytest.mark.parametrize(("method", "path"), [("PATCH|POST", "scim"), (".*", "scim"), ("GET", "groups")])
def test_hours_of_404_unlink_nothing(method: str, path: str, minutes: int) -> None:
    """Longer than two answers are apart: the group stays linked, and in the end all is as Okta says."""
    world = World()
    people = world.provisioned(6)
    okta_id, genesys_id = world.linked_group("Agents", people[:3])
    refuse(world, 404, method=method, path=path)
    new = world.person("Ada Brook")
    world.okta.add_members(okta_id, people[3:5])
    world.okta.remove_members(okta_id, people[:1])
    leave(world, people[5:])
    world.pass_time(hours=minutes / 60)
    assert world.store.group_links[okta_id].state is GroupState.LINKED
    world.genesys.faults.clear()
    for entity in (f"group:{okta_id}", *(f"user:{person}" for person in (new, *people))):
        world.ask(entity, Reason.RECONCILE)
    world.pass_time(hours=0.5)
    assert active(world, [new, *people]) == [True] * 6 + [False]
    assert world.members(genesys_id) == set(people[1:5])
    assert not world.store.parked
    assert not world.hold(okta_id)[0]


def test_changes_wait_for_the_service_for_an_hour() -> None:
    """Nobody is parked before the hour is over, and everybody after it: a person must sync."""
    world = World()
    people = world.provisioned(4)
    world.happen()
    refuse(world)
    for person in people:
        world.okta.update_profile(person, {"title": "Adviser"})
    world.deliver(each=True)
    world.pass_time(hours=55 / 60)
    assert not world.store.parked
    world.pass_time(hours=20 / 60)
    assert {parked.reason for parked in world.store.parked.values()} == {"genesys-400"}
    assert len(world.store.parked) == len(people)
    assert world.queues.depth() == 0


def test_leavers_wait_for_the_service_as_long_as_it_takes() -> None:
    """For a day: none is parked, few calls are made for each, and all end when it is over."""
    world = World()
    leavers = world.provisioned(3)
    world.happen()
    refuse(world, 405)
    leave(world, leavers)
    world.pass_time(hours=24)
    assert not world.store.parked
    assert world.calls("PATCH") < 24 * 20 * 2 * len(leavers)
    world.genesys.faults.clear()
    world.pass_time(hours=SOON)
    assert active(world, leavers) == [False] * 3


def test_a_service_that_grants_some_calls_and_refuses_others_is_the_services_until_it_grants_one() -> None:
    """Creations are refused to everybody while changes pass: those who come new wait, and changes go on."""
    world = World()
    (ada,) = world.provisioned(1)
    world.happen()
    refuse(world, method="POST")
    new = [world.person(f"New{number} Test") for number in range(4)]
    world.okta.update_profile(ada, {"title": "Adviser"})
    world.deliver(each=True)
    world.pass_time(hours=0.5)
    assert world.account(ada)["title"] == "Adviser"
    assert not world.store.parked
    world.genesys.faults.clear()
    world.pass_time(hours=SOON)
    assert active(world, new) == [True] * 4


# ------------------------------------------------------------------------------------------- alone


def test_who_is_refused_alone_is_parked_after_a_few_tries() -> None:
    """Others' changes pass, and the one who is refused is parked within minutes."""
    world = World()
    ada, ben, cay = world.provisioned(3)
    world.happen()
    refuse(world, path=world.store.user_links[ada].genesys_id)
    world.okta.update_profile(ada, {"title": "Adviser"})
    world.deliver()
    for number in range(30):
        for person in (ben, cay):
            world.okta.update_profile(person, {"title": f"Adviser {number}"})
        world.deliver()
        world.pass_time(hours=1 / 60)
    assert world.parked(f"user:{ada}") == ["genesys-400"]
    assert len([entry for entry in world.journal(f"user:{ada}") if entry.outcome == "failed"]) == 1
    assert world.account(ben)["title"] == "Adviser 29"


def test_five_who_are_refused_among_others_who_are_served_are_each_refused_alone() -> None:
    """However many they are: the service grants such calls to others, so it is not the service."""
    world = World()
    people = world.provisioned(8)
    refused, served = people[:5], people[5:]
    world.happen()
    for person in refused:
        refuse(world, path=world.store.user_links[person].genesys_id)
    for number in range(30):
        for person in people if number == 0 else served:
            world.okta.update_profile(person, {"title": f"Adviser {number}"})
        world.deliver(each=True)
        world.pass_time(hours=1 / 60)
    assert {parked.entity for parked in world.store.parked.values()} == {f"user:{person}" for person in refused}


def test_two_who_are_refused_while_nothing_else_happens_are_parked_after_a_few_tries() -> None:
    """Too few to blame the service: a person is told within minutes."""
    world = World()
    people = world.provisioned(2)
    world.happen()
    refuse(world)
    for person in people:
        world.okta.update_profile(person, {"title": "Adviser"})
    world.deliver(each=True)
    world.pass_time(hours=25 / 60)
    assert len(world.store.parked) == 2
    assert world.calls("PATCH") <= 2 * 2 * REFUSED_TRIES


class Environments:
    """Many environments in the consumer's place, each of which meets few people; the state table is all they share."""

    def __init__(self, world: World, count: int) -> None:
        """New processes."""
        self._all = [world.new_consumer() for _ in range(count)]
        self._of: dict[str, int] = {}

    def handle(self, event: dict[str, Any], context: Any) -> PartialItemFailureResponse:
        """Each message goes to its entity's environment."""
        failures = []
        for record in event["Records"]:
            entity = json.loads(record["body"])["entity"]
            place = self._of.setdefault(entity, len(self._of) % len(self._all))
            failures += self._all[place].handle({"Records": [record]}, context)["batchItemFailures"]
        return {"batchItemFailures": failures}


def test_three_who_are_refused_in_three_environments_are_the_services() -> None:
    """No environment meets more than one of them, and nobody is parked while the service refuses."""
    world = World()
    people = world.provisioned(3)
    world.happen()
    world.consumer = cast("Any", Environments(world, 3))
    refuse(world)
    for person in people:
        world.okta.update_profile(person, {"title": "Adviser"})
    world.deliver(each=True)
    world.pass_time(hours=50 / 60)
    assert not world.store.parked
    world.genesys.faults.clear()
    world.pass_time(hours=SOON)
    assert {world.account(person)["title"] for person in people} == {"Adviser"}


def test_refused_alone_though_others_are_served_in_another_environment() -> None:
    """Five are refused in five environments, a sixth serves others: each is parked for a person to see."""
    world = World()
    people = world.provisioned(8)
    world.happen()
    world.consumer = cast("Any", Environments(world, 6))
    refused = people[:5]
    for person in refused:
        refuse(world, path=f"users/{world.account(person)['id']}")
    for person in refused:
        world.okta.update_profile(person, {"title": "Adviser"})
    world.deliver(each=True)
    for minute in range(40):
        world.okta.update_profile(people[5], {"title": f"Adviser {minute}"})
        world.deliver()
        world.pass_time(hours=1 / 60)
    assert {parked.entity for parked in world.store.parked.values()} == {f"user:{person}" for person in refused}


def test_who_is_served_costs_the_state_table_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusals are kept beside the breaker: nothing is written while nobody is refused."""
    world = World()
    (person,) = world.provisioned(1)
    saved: list[Breaker] = []
    monkeypatch.setattr(world.store, "save_breaker", saved.append)
    world.okta.update_profile(person, {"title": "Adviser"})
    world.happen()
    assert world.account(person)["title"] == "Adviser"
    assert not saved


def test_a_leaver_who_is_refused_alone_is_parked_and_still_tried_again() -> None:
    """While others are served: parked for a person to see; when Genesys Cloud gives in, the account ends at last."""
    world = World()
    people = world.provisioned(4)
    leaver = people[0]
    world.happen()
    refuse(world, path=world.store.user_links[leaver].genesys_id)
    leave(world, people)
    world.pass_time(hours=18 / 60)
    assert active(world, people) == [True, False, False, False]
    assert set(world.parked(f"user:{leaver}")) == {"genesys-400"}
    [due] = world.store.dues()
    assert (due.entity, due.why, due.tries) == (f"user:{leaver}", LEAVER, 1)
    world.genesys.faults.clear()
    world.pass_time(hours=SOON)
    assert active(world, people) == [False] * 4
    assert not world.store.parked
    assert not world.store.dues()


def test_a_leaver_who_is_refused_alone_for_days_costs_few_calls() -> None:
    """Tried again less and less often, once a day at last."""
    world = World()
    (leaver,) = world.provisioned(1)
    world.happen()
    refuse(world)
    leave(world, [leaver])
    world.pass_time(hours=7 * 24)
    called = world.calls("PATCH")
    assert set(world.parked(f"user:{leaver}")) == {"genesys-400"}
    world.pass_time(hours=3 * 24)
    assert world.calls("PATCH") - called <= 3 * 2 * REFUSED_TRIES
    world.genesys.faults.clear()
    world.pass_time(hours=25)
    assert active(world, [leaver]) == [False]
    assert not world.store.parked


# ------------------------------------------------------------------------------------------- Okta


@pytest.mark.parametrize("status", [400, 405, 409, 410])
def test_a_refusal_of_the_whole_of_okta_parks_nobody(status: int) -> None:
    """Ten minutes of it: changes, a hire and a leaver wait, and come about by themselves."""
    world = World()
    people = world.provisioned(4)
    fault = world.okta.faults.add(Fault("GET /api/v1/users", okta_faults.refused(status)))
    for person in people[1:]:
        world.okta.update_profile(person, {"title": "Lead"})
    hire = world.person("Nina New")
    leave(world, people[:1])
    world.pass_time(hours=10 / 60)
    assert not world.store.parked
    world.okta.faults.remove(fault)
    world.pass_time(hours=SOON)
    assert active(world, [*people, hire]) == [False, True, True, True, True]
    assert {world.account(person)["title"] for person in people[1:]} == {"Lead"}
    assert not world.store.parked


def test_one_person_whom_okta_refuses_alone_is_parked() -> None:
    """Others are shown meanwhile."""
    world = World()
    ada, *others = world.provisioned(4)
    world.okta.faults.add(Fault(f"users/{ada}$", okta_faults.refused(400)))
    for round_ in range(REFUSED_TRIES):
        for person in (ada, *others):
            world.okta.update_profile(person, {"title": f"Lead {round_}"})
        world.deliver(each=True)
        world.pass_time(hours=SOON)
    assert set(world.parked(f"user:{ada}")) == {"okta-400"}


# ------------------------------------------------------------------------------------------- leavers


@pytest.mark.parametrize(
    ("odd", "why"),
    [(fields({"status": "ARCHIVED"}), "status-not-known"), (okta_faults.refused(400), "okta-400")],
)
def test_a_leaver_whom_okta_does_not_show_right_is_parked_and_still_tried_again(odd: Effect, why: str) -> None:
    """Okta answers oddly while they leave: parked for a person to see; once it answers well, the account ends."""
    world = World()
    leaver, other = world.provisioned(2)
    world.happen()
    world.okta.faults.add(Fault(rf"GET /api/v1/users/{leaver}(\?|$)", odd))
    leave(world, [leaver])
    world.pass_time(hours=18 / 60)
    assert set(world.parked(f"user:{leaver}")) == {why}
    assert active(world, [leaver, other]) == [True, True]
    world.okta.faults.clear()
    world.pass_time(hours=20 / 60)
    assert active(world, [leaver, other]) == [False, True]
    assert not world.store.parked
    assert not world.store.dues()


def test_people_are_told_of_leavers_who_are_refused_for_a_quarter_of_an_hour(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Not before: a refusal of a few minutes is nobody's night."""
    world = World()
    leavers = world.provisioned(3)
    world.happen()
    refuse(world)
    leave(world, leavers)
    world.pass_time(hours=14 / 60)
    assert "LeaversRefused" not in capsys.readouterr().out
    world.pass_time(hours=10 / 60)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "LeaversRefused" in line]
    assert len(lines) >= len(leavers)


@pytest.mark.parametrize("outage", ["refused", "unreachable"])
def test_a_leaver_outlives_the_message(outage: str) -> None:
    """SQS forgets a message after 14 days; a day before, the record of the leaver makes another one."""
    world = World()
    leavers = world.provisioned(3)
    world.happen()
    if outage == "refused":
        refuse(world)
    else:
        world.genesys.faults.add(Fault("", cut()))
    leave(world, leavers)
    world.pass_time(hours=1)
    assert {(due.entity, due.why) for due in world.store.dues()} == {(f"user:{person}", LEAVER) for person in leavers}
    assert {round((due.at - START - LEAVER_RENEWAL) / timedelta(minutes=1)) for due in world.store.dues()} == {0}
    for message in list(world.queues.queues[Queue.LEAVERS].messages):
        world.queues.queues[Queue.LEAVERS].messages.remove(message)  # SQS forgets them
    world.genesys.faults.clear()
    world.pass_time(hours=13 * 24)
    assert active(world, leavers) == [False] * 3
    assert not world.store.dues()


def test_a_leaver_who_has_ended_is_no_longer_due() -> None:
    """The message that was refused for an hour is answered at last, and its record goes with it."""
    world = World()
    leavers = world.provisioned(3)
    world.happen()
    refuse(world)
    leave(world, leavers)
    world.pass_time(hours=1)
    assert len(world.store.dues()) == 3
    world.genesys.faults.clear()
    world.pass_time(hours=SOON)
    assert not world.store.dues()


def test_a_leaver_whom_a_reconcile_brings_is_known_by_the_record() -> None:
    """The item of the users' queue says nothing of an end; the person's record does, and they are not given up."""
    world = World()
    leavers = world.provisioned(3)
    world.happen()
    refuse(world)
    with world.okta.quietly():
        for person in leavers:
            world.okta.deactivate(person)
    for person in leavers:
        world.ask(f"user:{person}", Reason.RECONCILE)
    world.pass_time(hours=3)
    assert not world.store.parked
    assert {due.why for due in world.store.dues()} == {LEAVER}
    world.genesys.faults.clear()
    world.pass_time(hours=SOON)
    assert active(world, leavers) == [False] * 3


def test_a_leaver_who_cannot_be_kept_due_stays_in_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state table fails at that moment: not parked, and tried again as ever."""
    world = World()
    (leaver,) = world.provisioned(1)
    world.happen()
    refuse(world)
    leave(world, [leaver])

    def throttled(_due: Due) -> None:
        raise Transient("store-throttled", upstream="store")

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "note_due", throttled)
        world.pass_time(hours=0.5)
    assert not world.store.parked
    assert world.queues.queues[Queue.LEAVERS].messages
