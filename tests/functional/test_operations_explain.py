"""An explanation for everybody whom something stops: five steps and a text, whatever the records hold."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bridge.errors import Permanent, Transient
from bridge.items import Queue, Reason
from bridge.provisioning.records import JournalEntry, ParkedItem
from bridge.provisioning.user_records import Pending, PendingKind, UserLink, UserState
from bridge_local.faults import Effect, Fault, cut, lost
from bridge_local.genesys import faults as genesys_faults
from bridge_local.genesys.switches import GenesysSwitches
from tests.stages.cli_hook_stage import Admin
from tests.stages.cli_office import Office
from tests.stages.operations_stage import Stage
from tests.world import World

STEPS = ["reach", "read", "in-scope", "match", "act"]
Start = Callable[[World], str]


def created_with(effect: Effect) -> Start:
    """Somebody whose creation meets this."""

    def start(world: World) -> str:
        world.genesys.faults.add(Fault("POST .*/users$", effect))
        return world.person("Ada Brook")

    return start


def duplicate(world: World) -> str:
    """Somebody who has the e-mail of another active user."""
    other = world.provisioned(1)[0]
    return with_address_of(world, other)


def leavers_address(world: World) -> str:
    """A hire who gets the address of somebody deactivated in Okta."""
    leaver = world.provisioned(1)[0]
    world.okta.deactivate(leaver)
    world.happen()
    return with_address_of(world, leaver)


def deleted_account(world: World) -> str:
    """A hire who gets the address of a deleted Genesys Cloud user."""
    account = world.genesys.add_user({"userName": "eve.doe@example.com", "displayName": "E", "active": True})
    world.genesys.delete_user(account)
    return world.person("Eve Doe")


def with_address_of(world: World, other: str) -> str:
    """A user with another one's e-mail."""
    person = world.person("Eve Doe", assigned=False)
    world.okta.update_profile(person, {"email": world.okta.users.current[other].profile["email"]})
    world.okta.assign_user(person)
    return person


STARTS: dict[str, tuple[Start, dict[str, Any]]] = {
    "400": (created_with(genesys_faults.refused(400)), {}),
    "403": (created_with(genesys_faults.refused(403)), {}),
    "409": (created_with(genesys_faults.refused(409)), {}),
    "422": (created_with(genesys_faults.refused(422)), {}),
    "503": (created_with(genesys_faults.refused(503)), {}),
    "cut": (created_with(cut()), {}),
    "lost-answer": (created_with(lost()), {}),
    "duplicate": (duplicate, {}),
    "leavers-address": (leavers_address, {}),
    "deleted-account": (deleted_account, {"deleted_user_name": "409"}),
}


def explained(stage: Stage, entity: str) -> dict[str, Any]:
    """A whole explanation, five steps with a text each."""
    answer = stage.ask("explain", reader=True, entity=entity)
    assert [step["step"] for step in answer["steps"]] == STEPS
    assert all(len(step["says"]) > 10 for step in answer["steps"])
    return answer


@pytest.mark.parametrize("mode", ["enforce", "observe"])
@pytest.mark.parametrize("hours", [0.0, 0.1, 30.0])
@pytest.mark.parametrize("start", sorted(STARTS))
def test_anyone_who_has_no_account_is_explained_and_previewed(start: str, hours: float, mode: str) -> None:
    """Before, while and after the bridge has tried: five steps, a preview, and neither leaves a trace."""
    begin, switches = STARTS[start]
    world = World(variables={"MODE": mode}, genesys_switches=GenesysSwitches(**switches))
    stage = Stage(world=world)
    person = begin(world)
    if hours:
        world.deliver()
        world.pass_time(hours)
    held = {name: value for name, value in vars(world.store).items() if name != "_lock"}
    before = copy.deepcopy(held)
    explained(stage, f"user:{person}")
    preview = stage.ask("sync", reader=True, entity=f"user:{person}")["planned"]
    assert preview["outcome"]
    assert not preview["says"].endswith("Nothing.")
    assert held == before


@pytest.mark.parametrize("start", ["400", "422", "duplicate", "leavers-address", "deleted-account"])
def test_anyone_who_is_parked_is_told_why_and_what_to_do_first(start: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the command line: one step has failed, with the words of the reason; the preview does not stop a sync."""
    begin, switches = STARTS[start]
    office = Office(Stage(world=World(genesys_switches=GenesysSwitches(**switches))))
    monkeypatch.setattr("botocore.auth.get_current_datetime", office.stage.world.clock.now)
    world = office.stage.world
    person = begin(world)
    world.deliver()
    world.pass_time(3)
    assert len(world.parked(f"user:{person}")) == 1
    ran = office.bridge(f"explain user {person}")
    assert "failed" in ran.out
    assert "1 item parked: bridge parked show" in ran.out
    sync = office.bridge(f"sync user {person}", typed="n\n", code=1)
    assert "would do this now" in sync.out


def test_a_hire_with_a_leavers_address_is_told_who_holds_it_and_what_frees_it() -> None:
    """The holder by id, how they stand on both sides, and that deleting them in Okta is enough."""
    stage = Stage()
    world = stage.world
    leaver = world.provisioned(1)[0]
    account = world.account(leaver)["id"]
    world.okta.deactivate(leaver)
    world.happen()
    hire = with_address_of(world, leaver)
    world.deliver()
    world.pass_time(3)
    match = {step["step"]: step for step in explained(stage, f"user:{hire}")["steps"]}["match"]
    assert match["state"] == "failed"
    assert f"user:{leaver}: DEPROVISIONED in Okta and Genesys Cloud user {account}" in match["says"]
    assert "delete them in Okta" in match["says"]


def test_who_is_refused_for_a_value_is_parked_at_the_last_step() -> None:
    """What a sync would write is said beside the reason."""
    stage = Stage()
    person = created_with(genesys_faults.refused(400))(stage.world)
    stage.world.happen()
    act = explained(stage, f"user:{person}")["steps"][4]
    assert act["state"] == "failed"
    assert "A sync would write userName" in act["says"]
    assert "(genesys-400): Genesys Cloud refuses a value" in act["says"]


@pytest.mark.parametrize("start", ["403", "409", "503", "cut"])
def test_anyone_whose_creation_goes_on_failing_is_not_shown_as_well(start: str) -> None:
    """Not parked yet, for it may be the service's: the step names the reason, until a sync comes to its end."""
    stage = Stage()
    person = STARTS[start][0](stage.world)
    stage.world.deliver()
    stage.world.clock.advance(5)
    stage.world.work(Queue.USERS)
    steps = explained(stage, f"user:{person}")["steps"]
    why = stage.world.store.entries(f"user:{person}", 1)[0].why
    assert [step["state"] for step in steps] == ["ok", "ok", "ok", "ok", "failed"]
    assert f"The last sync has failed at that ({why}) and is tried again" in steps[4]["says"]
    stage.world.genesys.faults.clear()
    stage.world.pass_time(0.1)
    assert [step["state"] for step in explained(stage, f"user:{person}")["steps"]] == ["ok"] * 5


def test_a_value_that_genesys_cloud_does_not_take_is_named() -> None:
    """Nothing is parked for it, and the attribute is left out: the explanation says so."""
    stage = Stage()
    person = stage.world.person("Ada Brook")
    stage.world.happen()
    assert "has not taken" not in explained(stage, f"user:{person}")["steps"][4]["says"]
    refusal = genesys_faults.refused(400, "title is not allowed", field="title")
    stage.world.genesys.faults.add(Fault("PATCH .*/users/", refusal))
    stage.world.okta.update_profile(person, {"title": "Not There"})
    stage.world.happen()
    act = explained(stage, f"user:{person}")["steps"][4]
    assert (act["state"], "Genesys Cloud has not taken title as it was sent" in act["says"]) == ("ok", True)


RECORDS = [
    UserLink("", state=UserState.WANTED, hashes={"userName": "x"}),
    UserLink("", state=UserState.GONE, hashes={"title": "x"}, gone_id="00000000-0000-4000-8000-000000000000"),
    UserLink("", state=UserState.LINKED, genesys_id="00000000-0000-4000-8000-000000000000", active=None),
    UserLink("", state=UserState.WANTED, status="A STATUS OF TOMORROW", unassigned_due="a-reason-of-tomorrow"),
]


@pytest.mark.parametrize("number", range(len(RECORDS)))
@pytest.mark.parametrize("assigned", [True, False])
def test_no_record_keeps_an_explanation_from_its_five_steps(number: int, assigned: bool) -> None:
    """Half written, contradictory, or of codes that this release does not know."""
    stage = Stage()
    world = stage.world
    person = world.person("Ada Brook", assigned=assigned)
    entity, now = f"user:{person}", world.clock.now()
    world.store.user_links[person] = replace(
        RECORDS[number], okta_id=person, pending=(Pending(PendingKind.CREATE, now),)
    )
    world.store.park(ParkedItem(entity, "i", "no json", "a-reason-of-tomorrow", "user:00uNobody0000000001 8a7b", now))
    world.store.write(JournalEntry(entity, now, "an outcome of tomorrow", why="a-reason-of-tomorrow"))
    answer = explained(stage, entity)
    assert "no words for the reason code a-reason-of-tomorrow" in answer["steps"][0]["says"]
    assert answer["parked"][0]["means"].endswith(".")


@pytest.mark.parametrize("error", [RuntimeError("Ada Brook"), Permanent("unreadable-record")])
@pytest.mark.parametrize("read", ["user", "entries", "parked_items", "begin_user_sync", "hold"])
def test_a_record_that_cannot_be_read_keeps_nobody_from_an_explanation(
    error: Exception, read: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever record it is; its error's text may hold anything, and is not shown."""
    stage = Stage()
    person = stage.world.person("Ada Brook")
    stage.world.happen()

    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(stage.world.store, read, broken)
    assert "Ada" not in str(explained(stage, f"user:{person}"))


def test_an_explanation_says_when_the_store_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is no answer about anybody, and worth another try."""
    stage = Stage()

    def away(*_: object) -> None:
        raise Transient("store-unreachable", upstream="store")

    monkeypatch.setattr(stage.world.store, "entries", away)
    assert stage.refused("explain", entity="user:00uAdaBrook000000001") == "unavailable"


def test_an_explanation_is_given_though_nobody_knows_whether_the_queues_are_read() -> None:
    """Lambda's own API may be throttled; the other steps are as good as ever."""
    stage = Stage()
    person = stage.world.person("Ada Brook")
    stage.world.happen()
    stage.mappings.broken = True
    assert [step["state"] for step in explained(stage, f"user:{person}")["steps"]] == ["ok"] * 5


def test_a_sync_is_asked_for_though_its_preview_ends_in_a_reason() -> None:
    """The cause may just have been removed: the operator decides."""
    stage = Stage()
    world = stage.world
    person = duplicate(world)
    planned = stage.ask("sync", entity=f"user:{person}")["planned"]
    assert (planned["outcome"], planned["why"]) == ("waits", "owned-by-another-user")
    assert "belongs to another Okta user" in planned["says"]
    assert stage.ask("sync", entity=f"user:{person}", apply=True)["applied"]
    assert stage.waiting() == [(f"user:{person}", Reason.OPERATOR.value)]


def test_what_is_not_set_up_is_said_in_one_sentence() -> None:
    """The detail of a reason is a list only where it names users or groups."""
    admin = Admin()
    person = admin.world.person("Ada Brook")
    steps = {step["step"]: step["says"] for step in admin.office.ask(f"explain user {person}")["steps"]}
    assert "(not set up: the secret has no value" in steps["read"]
