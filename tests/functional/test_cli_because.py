"""Who or what took somebody out, over the real functions: read live by the ids of the events, and kept nowhere."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest

from bridge_local.faults import Fault, document
from bridge_local.okta.faults import refused as refused_by_okta
from bridge_local.okta.org import SYSTEM
from bridge_local.okta.system_log import Entity
from tests.stages.cli_office import Office

NAMES = "stack-Operations-1A:names"
RULE = "0pr1a2b3c4d5e6f7g8h9"


@pytest.fixture
def office() -> Office:
    """An operator who may see names."""
    office = Office()
    office.aws.functions[NAMES] = lambda payload: office.stage.operations.handle(payload, reader=True, names=True)
    return office


def held_group(office: Office) -> tuple[str, list[str], str]:
    """A group that an administrator has emptied, and whose removals are held; its id, the people, the administrator."""
    world = office.stage.world
    admin = world.person("Kim Admin", assigned=False)
    people = world.provisioned(30)
    okta_id, _ = world.linked_group("Support", people)
    world.okta.actor = Entity("User", admin, "kim.admin@example.com", "Kim Admin")
    world.okta.remove_members(okta_id, people)
    world.happen()
    return okta_id, people, admin


def leave(office: Office, actor: Entity, debug: Mapping[str, str] | None = None, *more: Entity) -> str:
    """Somebody leaves the application, and their sync knows the event; the user."""
    world = office.stage.world
    (user,) = world.provisioned(1)
    with world.okta.quietly():
        world.okta.unassign_user(user)
    targets = [world.okta.user_target(user), world.okta.app_target(world.okta.app_id), *more]
    world.okta.record("application.user_membership.remove", targets, actor=actor, debug=debug)
    world.happen()
    return user


def cause(office: Office, entity: str) -> dict[str, Any]:
    """The one cause that is told of an entity."""
    (found,) = office.ask(f"explain {entity}")["because"]["causes"]
    assert isinstance(found, dict)
    return found


def test_a_hold_names_the_person_and_the_event(office: Office) -> None:
    """In `holds show`, before a decision, and in `explain`: the name on the screen, the id for programs."""
    okta_id, people, admin = held_group(office)
    for line, code in ((f"holds show {okta_id}", 0), (f"explain group {okta_id}", 0)):
        shown = office.bridge(line, code=code).out
        assert f"kim.admin@example.com user:{admin}" in shown
        assert "group.user_membership.remove" in shown
    assert f"user:{admin}" in office.bridge(f"holds approve {okta_id} --why OPS-1", typed="n\n", code=1).out
    document = office.ask(f"holds show {okta_id}")
    causes = document["because"]["causes"]
    assert {(each["by"], each["actor"]) for each in causes} == {("person", admin)}
    assert {user for each in causes for user in each["users"]} <= set(people)
    assert all(each["groups"] == [okta_id] for each in causes)
    assert {each["event"] for each in causes} <= set(document["hold"]["events"])


@pytest.mark.parametrize(
    ("actor", "debug", "targets", "expected", "words"),
    [
        (SYSTEM, {}, (), ("system", ""), "a system process"),
        (
            Entity("User", "00u1a2b3c4d5e6f7g8h9"),
            {},
            (),
            ("person", "00u1a2b3c4d5e6f7g8h9"),
            "user:00u1a2b3c4d5e6f7g8h9",
        ),
        (SYSTEM, {"triggeredByGroupRuleId": RULE}, (), ("rule", RULE), f"the group rule {RULE}"),
        (SYSTEM, {"triggered_by_group_rule_id": RULE}, (), ("rule", RULE), f"the group rule {RULE}"),
        (SYSTEM, {}, (Entity("GroupRule", RULE),), ("rule", RULE), f"the group rule {RULE}"),
        (SYSTEM, {"requestUri": "/api/v1/groups/rules"}, (), ("system", ""), "a system process"),
        (Entity("PublicClientApp", "0oa1a2b3c4"), {}, (), ("application", "0oa1a2b3c4"), "the application 0oa1a2b3c4"),
        (Entity("Unheard", "abc"), {}, (), ("system", ""), "a system process"),
    ],
)
def test_by_whom(
    office: Office,
    actor: Entity,
    debug: dict[str, str],
    targets: tuple[Entity, ...],
    expected: tuple[str, str],
    words: str,
) -> None:
    """A rule only where the event names it; what is no person and no application is a system process."""
    user = leave(office, actor, debug, *targets)
    found = cause(office, f"user {user}")
    assert (found["by"], found["actor"]) == expected
    assert (found["type"], found["users"]) == ("application.user_membership.remove", [user])
    assert words in office.bridge(f"explain user {user}").out


def test_what_okta_keeps_no_more_is_said(office: Office) -> None:
    """After 90 days the event is gone; it is no reason to fail."""
    user = leave(office, SYSTEM)
    office.stage.world.clock.advance(91 * 86400)
    because = office.ask(f"explain user {user}")["because"]
    assert (because["known"], because["causes"], because["missing"]) == (True, [], 1)
    assert "shows nothing; it keeps 90 days" in office.bridge(f"explain user {user}").out


def test_a_log_that_cannot_be_read_is_unknown(office: Office) -> None:
    """Without the scope, or with an answer that is none: the explanation stands."""
    user = leave(office, SYSTEM)
    for effect, why in ((refused_by_okta(403, "E0000006"), "okta-403"), (document({}), "okta-implausible")):
        fault = office.stage.world.okta.faults.add(Fault("GET .*/logs", effect))
        because = office.ask(f"explain user {user}")["because"]
        assert (because["known"], because["why"]) == (False, why)
        assert "Because: unknown" in office.bridge(f"explain user {user}").out
        office.stage.world.okta.faults.remove(fault)


def test_what_adds_somebody_is_no_cause(office: Office) -> None:
    """Only what takes out is told, and nobody is asked about who has no events."""
    world = office.stage.world
    person = world.person("Ada Brook")
    world.happen()
    assert office.ask(f"explain user {person}")["because"]["causes"] == []
    with world.okta.quietly():
        quiet = world.person("Bea Brook")
    asked = world.watch_okta()
    assert office.ask(f"explain user {quiet}")["because"] == {"known": True, "why": "", "causes": [], "missing": 0}
    assert not [each for each in asked if "/logs" in each]


def test_names_are_in_no_answer_and_no_log(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """Ids alone for programs and in logs; without the right to names on the screen too."""
    caplog.set_level(logging.DEBUG)
    okta_id, _, admin = held_group(office)
    caplog.clear()
    answer = json.dumps(office.stage.ask("because", reader=True, entity=f"group:{okta_id}"))
    assert admin in answer
    assert "example.com" not in answer + caplog.text
    assert "Kim" not in answer + caplog.text
    office.aws.functions[NAMES] = office.aws.functions["stack-Operations-1A:reader"]
    shown = office.bridge(f"holds show {okta_id}").out
    assert admin in shown
    assert "example.com" not in shown
