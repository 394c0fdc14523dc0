"""What a sync would do, why an entity is as it is, and both sides beside each other: nothing is written."""

from __future__ import annotations

import copy
import json
import re
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from inspect import signature
from typing import Any

import pytest

from bridge.operations.preview import FORETOLD
from bridge.provisioning.hold_records import Verdict
from bridge.provisioning.record_ports import Store
from bridge.provisioning.writes import ReadOnly
from bridge_local.memory import MemoryStore
from tests.stages.operations_stage import Stage
from tests.world import World

#: An argument for every type that the store's methods take, by its annotation's first word.
ARGUMENTS: dict[str, Any] = {
    "str": "group:00g1",
    "int": 1,
    "bool": True,
    "datetime": datetime(2026, 11, 24, tzinfo=UTC),
    "Iterable": ["00u1"],
    "Collection": ["00u1"],
}


def memory(world: World) -> dict[str, Any]:
    """Everything that the store holds, to compare with later."""
    held = {name: value for name, value in vars(world.store).items() if name != "_lock"}
    return copy.deepcopy(held)


def steps(stage: Stage, entity: str) -> dict[str, tuple[str, str]]:
    """The five steps of an explanation."""
    answer = stage.ask("explain", reader=True, entity=entity)
    assert [step["step"] for step in answer["steps"]] == ["reach", "read", "in-scope", "match", "act"]
    return {step["step"]: (step["state"], step["says"]) for step in answer["steps"]}


def states(stage: Stage, entity: str) -> list[str]:
    """Their states alone."""
    return [state for state, _ in steps(stage, entity).values()]


# ------------------------------------------------------------------------------------------------ preview


@pytest.mark.parametrize("name", sorted(name for name in dir(Store) if not name.startswith("_")))
def test_no_method_of_a_store_that_is_only_read_writes(name: str) -> None:
    """Whatever the store learns to do, a sync that is only tried leaves it as it was."""
    world = World()
    users = world.provisioned(2)
    world.linked_group("Agents", users)
    before = memory(world)
    wanted = [
        parameter
        for parameter in signature(getattr(Store, name)).parameters.values()
        if parameter.name != "self" and parameter.default is parameter.empty
    ]
    values = {each.name: ARGUMENTS.get(re.split(r"\W", each.annotation)[0]) for each in wanted}
    with suppress(AttributeError):
        getattr(ReadOnly(Store, world.store, foretold=FORETOLD), name)(
            *(values[each.name] for each in wanted if each.kind is not each.KEYWORD_ONLY),
            **{each.name: values[each.name] for each in wanted if each.kind is each.KEYWORD_ONLY},
        )
    assert memory(world) == before


def test_a_store_that_is_only_read_does_not_know_what_the_store_does_not_know() -> None:
    """A mistyped name is a bug there as everywhere."""
    with pytest.raises(AttributeError):
        _ = ReadOnly(Store, MemoryStore()).hodl


def test_a_tried_sync_of_a_joiner_names_the_post_and_leaves_no_trace() -> None:
    """No record, no item, no call that writes; with apply the item is in the queue and the user comes about."""
    stage = Stage()
    world = stage.world
    person = world.person("Ada Brook")
    before = memory(world)
    answer = stage.ask("sync", reader=True, entity=f"user:{person}")
    planned = answer["planned"]
    assert (answer["applied"], answer["item"]) == (False, None)
    assert (planned["outcome"], planned["why"]) == ("observed", "would-create")
    assert planned["calls"][-1].startswith("would POST users userName,")
    assert memory(world) == before
    assert stage.waiting() == []
    assert world.accounts() == []
    assert world.calls("POST") + world.calls("PATCH") == 0
    applied = stage.ask("sync", entity=f"user:{person}", apply=True)
    assert applied["applied"]
    assert stage.waiting() == [(f"user:{person}", "operator")]
    world.settle()
    assert world.account(person)["active"] is True


def test_a_reader_may_try_a_sync_and_not_apply_it() -> None:
    """Nor see a profile's values, link a group, pause or redrive."""
    stage = Stage()
    person = stage.world.person("Ada Brook")
    entity, group = f"user:{person}", "group:00gTeamNorth00000001"
    stage.ask("sync", reader=True, entity=entity)
    for do, fields in (
        ("sync", {"entity": entity, "apply": True}),
        ("diff", {"entity": entity}),
        ("group.link", {"entity": group}),
        ("group.ceiling", {"entity": group, "count": 1, "percent": 1}),
        ("pause", {"what": "removals"}),
        ("parked.redrive", {"entity": entity}),
        ("reconcile.start", {}),
        ("remind", {}),
    ):
        assert stage.refused(do, reader=True, **fields) == "readers-may-not", do


def test_a_tried_sync_of_a_group_judges_the_whole_change() -> None:
    """What passes is named as removals, what the ceiling stops as held, with the reason; nothing is reserved."""
    stage = Stage()
    world = stage.world
    people = world.provisioned(30)
    group, genesys_group = world.linked_group("Sales", people)
    world.okta.remove_members(group, people[:3])
    joiner = world.provisioned(1)
    world.okta.add_members(group, joiner)
    before = memory(world)
    planned = stage.ask("sync", entity=f"group:{group}")["planned"]
    assert (planned["added"], planned["removed"], planned["held"]) == (1, 3, 0)
    assert [line for line in planned["calls"] if line.startswith("would ")]
    world.okta.remove_members(group, people[3:20])
    planned = stage.ask("sync", entity=f"group:{group}")["planned"]
    assert (planned["removed"], planned["held"], planned["why"]) == (0, 20, "ceiling-percent")
    assert memory(world) == before
    assert world.members(genesys_group) == set(people)


def test_a_tried_sync_of_a_held_group_says_that_everything_joins_the_hold() -> None:
    """Though the change alone would pass the ceiling."""
    stage = Stage()
    world = stage.world
    people = world.provisioned(30)
    group, _ = world.linked_group("Sales", people)
    world.okta.remove_members(group, people[:20])
    world.happen()
    world.okta.add_members(group, people[:18])
    planned = stage.ask("sync", entity=f"group:{group}")["planned"]
    assert (planned["removed"], planned["held"], planned["why"]) == (0, 2, "ceiling-percent")
    says = steps(stage, f"group:{group}")["act"][1]
    assert "Hold 1 is open: 20 wait for a decision (ceiling-percent)." in says


def ended_before(world: World, person: str) -> None:
    """A sync has met the event of their unassignment, and did not come to its end."""
    world.store.user_links[person] = replace(world.store.user_links[person], assigned=False)


def test_a_tried_sync_of_a_user_who_is_not_assigned_names_the_deactivation() -> None:
    """Or that it would wait for a person: the twentieth of the window does not go by itself."""
    stage = Stage()
    world = stage.world
    person, *others = world.provisioned(25)
    world.okta.unassign_user(person)
    planned = stage.ask("sync", entity=f"user:{person}")["planned"]
    assert planned["calls"][-1] == "would hold the deactivation (unassignment-unexplained)"
    ended_before(world, person)
    planned = stage.ask("sync", entity=f"user:{person}")["planned"]
    assert planned["calls"][-1] == f"would PATCH users/{world.account(person)['id']} replace active"
    world.store.reserve("app", others, world.clock.now())
    planned = stage.ask("sync", entity=f"user:{person}")["planned"]
    assert planned["calls"][-1] == "would hold the deactivation (deactivation-ceiling)"
    assert stage.waiting() == []


def test_a_tried_sync_of_the_application_names_what_it_would_enqueue() -> None:
    """Users who wait for its return."""
    stage = Stage()
    world = stage.world
    world.store.add_due("00u1a2b3")
    planned = stage.ask("sync", entity="app")["planned"]
    assert (planned["read"]["app"], planned["enqueues"]) == ("ACTIVE", ["user:00u1a2b3"])
    assert world.store.due() == ["00u1a2b3"]


def test_what_an_upstream_refuses_is_the_answer() -> None:
    """A role that was taken away is told by its name; so is a user whom Okta does not show."""
    stage = Stage()
    world = stage.world
    person = world.provisioned(1)[0]
    world.genesys.take_role()
    answer = stage.operations.handle({"do": "sync", "entity": f"user:{person}"})
    assert isinstance(answer, dict)
    assert answer["error"]["reason"] == "unavailable"
    assert "genesys refuses the bridge's credentials or role" in answer["error"]["message"]
    world.genesys.give_role()
    world.okta.deactivate(person)
    world.okta.delete(person)
    planned = stage.ask("sync", entity=f"user:{person}")["planned"]
    assert (planned["outcome"], planned["why"]) == ("parked", "user-not-visible")


# ------------------------------------------------------------------------------------------------ explain


def test_a_user_who_is_as_she_should_be_is_well_in_five_steps() -> None:
    """Where she came from, what Okta shows, which account is hers, and that nothing differs; then the journal."""
    stage = Stage()
    world = stage.world
    person = world.person("Ada Brook")
    world.happen()
    answer = stage.ask("explain", reader=True, entity=f"user:{person}")
    assert [step["state"] for step in answer["steps"]] == ["ok"] * 5
    says = [step["says"] for step in answer["steps"]]
    assert "(hook): created" in says[0]
    assert says[1] == "Okta shows status ACTIVE, assigned yes."
    assert f"Genesys Cloud user {answer['genesys_id']} (created)" in says[3]
    assert says[4] == "Nothing differs (unchanged)."
    assert answer["journal"][0]["outcome"] == "created"
    assert answer["journal"] == sorted(answer["journal"], key=lambda entry: entry["at"], reverse=True)


def test_an_explanation_shows_no_value_of_a_profile() -> None:
    """Names of attributes, codes and ids."""
    stage = Stage()
    world = stage.world
    person = world.person("Ada Brook", title="Secret Title")
    world.happen()
    world.okta.update_profile(person, {"title": "Another Secret"})
    text = json.dumps([stage.ask("explain", entity=f"user:{person}"), stage.ask("sync", entity=f"user:{person}")])
    assert "title" in text
    for value in ("Secret", "Brook", "ada.brook", "@example.com"):
        assert value not in text


def test_what_never_reached_the_bridge_is_read_all_the_same() -> None:
    """The hook may fail; what a sync would do is said nevertheless."""
    stage = Stage()
    person = stage.world.person("Ada Brook")
    explained = steps(stage, f"user:{person}")
    assert explained["reach"][0] == "failed"
    assert "Nothing about it has reached the bridge" in explained["reach"][1]
    assert explained["act"][0] == "ok"
    assert "would write userName" in explained["act"][1]


def test_paused_queues_are_the_first_reason() -> None:
    """Nothing reaches anybody while nobody reads the queues."""
    stage = Stage()
    stage.ask("pause", what="everything")
    person = stage.world.person("Ada Brook")
    assert "everything is paused" in steps(stage, f"user:{person}")["reach"][1]


def test_a_user_whom_okta_does_not_show_ends_at_reading() -> None:
    """Never heard of, or gone without a sign."""
    stage = Stage()
    assert states(stage, "user:00uNobody0000000001")[1:] == ["failed", "skipped", "skipped", "skipped"]


def test_a_user_outside_of_the_scope_ends_there() -> None:
    """Not assigned; and when the application itself is off, that is said."""
    stage = Stage()
    world = stage.world
    person = world.person("Ada Brook", assigned=False)
    explained = steps(stage, f"user:{person}")
    assert explained["reach"] == (
        "ok",
        "It is out of scope, so its events are only counted: none of them leaves an entry in the journal.",
    )
    assert explained["in-scope"][0] == "failed"
    assert explained["in-scope"][1].startswith("The user is not assigned to the Okta application. Assign the user")
    assert explained["act"][0] == "skipped"
    linked = world.provisioned(1)[0]
    world.okta.unassign_user(linked)
    world.okta.deactivate_app()
    world.clock.advance(61)  # for a minute the application counts as it was seen
    assert "application is not active" in steps(stage, f"user:{linked}")["in-scope"][1]


def test_a_user_whose_access_ends_is_in_scope_and_acted_on() -> None:
    """A leaver is deactivated, whatever the assignment; one who lost the assignment likewise, through the ceiling."""
    stage = Stage()
    world = stage.world
    leaver, moved = world.provisioned(2)
    world.okta.deactivate(leaver)
    world.okta.unassign_user(moved)
    explained = steps(stage, f"user:{leaver}")
    assert explained["in-scope"] == ("ok", "Okta says DEPROVISIONED: access ends, whatever the assignment.")
    assert "would write active" in explained["act"][1]
    assert "not assigned to the Okta application any more" in steps(stage, f"user:{moved}")["in-scope"][1]


def test_a_user_without_a_match_of_her_own_ends_there() -> None:
    """Two accounts match, or another user owns the one that does."""
    stage = Stage()
    world = stage.world
    owner = world.provisioned(1)[0]
    login = world.okta.users.current[owner].login
    other = world.person("Eve Doe")
    world.okta.update_profile(other, {"email": login})
    explained = steps(stage, f"user:{other}")
    assert explained["match"][0] == "failed"
    assert explained["act"][0] == "skipped"


def test_an_upstream_that_cannot_be_read_is_the_reason() -> None:
    """Okta at reading, Genesys Cloud at matching."""
    stage = Stage()
    world = stage.world
    person = world.provisioned(1)[0]
    world.genesys.take_role()
    explained = steps(stage, f"user:{person}")
    assert explained["match"][0] == "failed"
    assert explained["match"][1].startswith("genesys-403: Genesys Cloud refuses the bridge's role.")


def test_a_group_is_explained_by_its_rule_and_its_counterpart() -> None:
    """Linked by name; or in scope without a Genesys Cloud group of its name; or in no scope at all."""
    stage = Stage()
    world = stage.world
    people = world.provisioned(3)
    group, genesys_group = world.linked_group("Sales", people)
    explained = steps(stage, f"group:{group}")
    assert [state for state, _ in explained.values()] == ["ok"] * 5
    assert explained["in-scope"][1] == "It is linked by the rule: name Sales."
    assert genesys_group in explained["match"][1]
    unmatched = world.okta.create_group("Ghosts")
    world.okta.assign_group(unmatched)
    world.ask("app")
    world.settle()
    assert steps(stage, f"group:{unmatched}")["match"][0] == "failed"
    stranger = world.okta.create_group("Canteen")
    explained = steps(stage, f"group:{stranger}")
    assert explained["read"] == ("ok", "No reading was needed.")
    assert explained["in-scope"][0] == "failed"


def test_observe_mode_says_that_nothing_is_written() -> None:
    """The sentence is the same, and who reads it is not misled."""
    stage = Stage(world=World(variables={"MODE": "observe"}))
    person = stage.world.person("Ada Brook")
    assert steps(stage, f"user:{person}")["act"][1].endswith("The bridge observes: nothing is written.")


# --------------------------------------------------------------------------------------------------- diff


def test_a_user_is_compared_attribute_by_attribute() -> None:
    """Wanted and held, equal ones too; values are in this answer alone."""
    stage = Stage()
    world = stage.world
    person = world.person("Ada Brook", title="Agent")
    world.happen()
    world.okta.update_profile(person, {"title": "Team Lead"})
    answer = stage.ask("diff", entity=f"user:{person}")
    rows = {row["path"]: row for row in answer["attributes"]}
    assert rows["title"] == {"path": "title", "wanted": "Team Lead", "held": "Agent", "same": False}
    assert rows["active"] == {"path": "active", "wanted": True, "held": True, "same": True}
    assert [path for path, row in rows.items() if not row["same"]] == ["title"]
    assert (answer["state"], answer["genesys_id"]) == ("", world.account(person)["id"])
    world.okta.deactivate(person)
    rows = {row["path"]: row for row in stage.ask("diff", entity=f"user:{person}")["attributes"]}
    assert rows["active"]["wanted"] is False


def test_what_cannot_be_compared_says_why() -> None:
    """Not in Okta, not in Genesys Cloud yet, not assigned, a group that is not linked."""
    stage = Stage()
    world = stage.world
    assert stage.ask("diff", entity="user:00uNobody0000000001")["state"] == "not-in-okta"
    assert stage.ask("diff", entity=f"user:{world.person('Ada Brook')}")["state"] == "not-in-genesys-cloud"
    assert stage.ask("diff", entity=f"user:{world.person('Ben Hill', assigned=False)}")["state"] == "not-assigned"
    assert stage.ask("diff", entity="group:00gTeamNorth00000001")["state"] == "not-in-scope"


def test_an_account_that_a_sync_would_adopt_is_compared() -> None:
    """Before it is linked: found by its user name."""
    stage = Stage()
    world = stage.world
    person = world.person("Ada Brook", title="Agent")
    genesys_id = world.genesys.add_user({"userName": "ada.brook@example.com", "displayName": "Ada", "active": True})
    answer = stage.ask("diff", entity=f"user:{person}")
    assert answer["genesys_id"] == genesys_id
    assert {"path": "title", "wanted": "Agent", "held": None, "same": False} in answer["attributes"]


def test_a_group_is_compared_member_by_member() -> None:
    """Okta ids of who is to join and to leave, and how many members have no link."""
    stage = Stage()
    world = stage.world
    people = world.provisioned(5)
    group, genesys_group = world.linked_group("Sales", people)
    joiner = world.provisioned(1)
    world.okta.remove_members(group, people[:2])
    world.okta.add_members(group, joiner)
    by_hand = world.genesys.add_user({"userName": "x@example.com", "displayName": "X", "active": True})
    world.genesys.edit_members(genesys_group, add=[by_hand])
    answer = stage.ask("diff", entity=f"group:{group}")
    assert (answer["joining"], answer["leaving"]) == (joiner, sorted(people[:2]))
    assert (answer["state"], answer["unlinked_members"]) == ("", 1)


def test_a_groups_difference_is_the_plan_of_its_sync() -> None:
    """Above the ceiling those who left are held, with the reason; once a person has approved they leave."""
    stage = Stage()
    world = stage.world
    people = world.provisioned(40)
    group, _ = world.linked_group("Sales", people)
    world.okta.remove_members(group, people[:30])
    answer = stage.ask("diff", entity=f"group:{group}")
    assert (answer["leaving"], answer["held"], answer["why"]) == ([], sorted(people[:30]), "ceiling-percent")
    world.happen()
    world.decide(f"group:{group}", Verdict.APPROVE)
    answer = stage.ask("diff", entity=f"group:{group}")
    assert (answer["leaving"], answer["held"]) == (sorted(people[:30]), [])


def test_who_leaves_once_a_second_reading_confirms_it_is_no_equality() -> None:
    """Above twenty nobody leaves at the first reading: `diff` names them, and `explain` says what they wait for."""
    stage = Stage()
    world = stage.world
    people = world.provisioned(60)
    group, _ = world.linked_group("Sales", people)
    world.ask(f"group:{group}")
    world.settle()
    world.clock.advance(30)
    world.okta.remove_members(group, people[:25])
    answer = stage.ask("diff", entity=f"group:{group}")
    assert (answer["leaving"], answer["waiting"], answer["held"]) == ([], sorted(people[:25]), [])
    state, says = steps(stage, f"group:{group}")["act"]
    assert (state, says.startswith("Nothing would be written (observed, second-sight): Removals wait")) == ("ok", True)


def test_a_preview_that_ends_access_by_the_assignment_alone_says_that_the_ceiling_counts_it() -> None:
    """Subject to the ceiling where nobody is assigned any more; not for the DEPROVISIONED."""
    stage = Stage()
    world = stage.world
    unassigned, leaver, _ = world.provisioned(3)
    with world.okta.quietly():
        world.okta.unassign_user(unassigned)
        world.okta.deactivate(leaver)
    ended_before(world, unassigned)
    assert "subject to the ceiling" in stage.ask("sync", entity=f"user:{unassigned}")["planned"]["says"]
    assert "subject to the ceiling" not in stage.ask("sync", entity=f"user:{leaver}")["planned"]["says"]


def test_observed_differences_are_listed_page_by_page() -> None:
    """What the consumer would have done in observe mode, one for each entity."""
    stage = Stage(world=World(variables={"MODE": "observe"}))
    world = stage.world
    people = [world.person(f"Person{number} Test") for number in range(5)]
    world.happen()
    first = stage.ask("diff", reader=True, limit=3)
    second = stage.ask("diff", reader=True, limit=3, after=first["next"])
    listed = first["differences"] + second["differences"]
    assert [each["entity"] for each in listed] == sorted(f"user:{person}" for person in people)
    assert all(each["calls"][-1].startswith("would POST users") for each in listed)
    assert second["next"] is None
