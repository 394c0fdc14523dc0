"""The examples of ``events/``: what they say of themselves is so, without a container."""

from __future__ import annotations

import json
import re
from typing import Any, cast

import pytest

from bridge.operations.decision_requests import parse_decision
from bridge.operations.edge import answered
from bridge_local import container_env, examples
from bridge_local.options import Options
from bridge_local.sam_local import CASES, EVENTS, Case, outcome
from bridge_local.template import Template
from tests.stages.operations_stage import Stage
from tests.world import Countdown, World

CONSUMER = [case for case in CASES if case.function == "Consumer"]
RECONCILER = [case for case in CASES if case.function == "Reconciler"]
ASKED = [case for case in CASES if case.function in {"Operations", "Approvals"}]


def company() -> World:
    """The company of the examples."""
    world = World()
    examples.add(world.okta, world.genesys, world.store)
    return world


def invoke(world: World, case: Case) -> list[str]:
    """The messages that the real consumer gives back."""
    event = json.loads((EVENTS / f"{case.file}.json").read_text(encoding="utf-8"))
    for record in event["Records"]:
        # LeaversQueue.fifo of the local stack is leavers.fifo here.
        record["eventSourceARN"] = record["eventSourceARN"].replace("Queue.fifo", ".fifo").lower()
    answer = world.consumer.handle(event, cast("Any", world.context))
    return [str(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]


def test_every_example_is_a_case_and_every_function_has_one() -> None:
    """`make sam-local` sends every file, and leaves no function of the template out."""
    files = {path.stem for path in EVENTS.glob("*.json")} - {"env"}
    assert {case.file for case in CASES} == files
    assert {case.function for case in CASES} == {name for name, _ in Template().of_type("AWS::Serverless::Function")}


def test_env_json_is_what_the_template_and_the_local_stack_ask_for() -> None:
    """events/env.json serves a local stack on its usual ports; `python -m bridge_local.container_env` renews it."""
    assert container_env.FILE.read_text(encoding="utf-8") == container_env.document(Options())


def test_no_variable_of_a_container_leads_to_its_own_loopback() -> None:
    """In a container 127.0.0.1 is the container itself."""
    document = container_env.document(Options(port=9000))
    assert "127.0.0.1" not in document
    assert "http://host.docker.internal:9003" in document


def test_nobody_has_been_told_of_the_people_of_the_examples() -> None:
    """They raise no event, so that only the examples bring them to Genesys Cloud."""
    world = company()
    assert world.events() == []
    assert {user["externalId"] for user in world.accounts()} == set(examples.LINKED)
    assert all(user["active"] for user in world.accounts())


@pytest.mark.parametrize("case", CONSUMER, ids=lambda case: case.file)
def test_a_consumer_example_has_the_answer_it_promises(case: Case) -> None:
    """events/consumer-<case>.json, sent to the real consumer."""
    assert invoke(company(), case) == case.expected


def test_the_consumer_examples_do_what_the_table_says() -> None:
    """One after another: a member added, a user created, a leaver deactivated, an unreadable message parked."""
    world = company()
    for case in CONSUMER:
        invoke(world, case)
    assert world.members("Sales Leeds") == {examples.FAY}
    assert world.account(examples.CLEO)["active"] is True
    assert world.account(examples.DAN)["active"] is False
    assert world.account(examples.BEN)["active"] is True
    assert world.parked("user:00u1bridge0000000009") == ["unreadable-item"]
    world.settle()
    assert world.members("Sales Leeds") == {examples.FAY, examples.CLEO}


def test_the_log_pollers_example_has_the_answer_it_promises() -> None:
    """events/log_poller-tick.json, sent to the real log poller."""
    [case] = [case for case in CASES if case.function == "LogPoller"]
    assert json.loads((EVENTS / f"{case.file}.json").read_text(encoding="utf-8"))["source"] == "aws.events"
    assert company().poll() == case.expected


def test_a_user_whom_genesys_cloud_refuses_goes_back_to_the_queue() -> None:
    """Without the role every message comes back; nothing is parked, and the next try succeeds."""
    world = company()
    case = next(case for case in CONSUMER if case.file == "consumer-user")
    world.genesys.take_role()
    assert len(invoke(world, case)) == 1
    world.genesys.give_role()
    assert invoke(world, case) == []
    assert world.account(examples.CLEO)["active"] is True


@pytest.mark.parametrize("case", RECONCILER, ids=lambda case: case.file)
def test_a_reconciler_example_has_the_answer_it_promises(case: Case) -> None:
    """events/reconciler-<case>.json, sent to the real reconciler: a whole run."""
    world = company()
    for started in ("reconciler-start", case.file):
        event = json.loads((EVENTS / f"{started}.json").read_text(encoding="utf-8"))
        answer = world.reconciler.handle(event, cast("Any", Countdown(world.clock)))
    assert answer["outcome"] == case.expected


@pytest.mark.parametrize("case", ASKED, ids=lambda case: case.file)
def test_a_request_has_the_answer_it_promises(case: Case) -> None:
    """events/operations-<case>.json and events/approvals-<case>.json, asked of the real functions' objects."""
    stage = Stage(world=company())
    event = json.loads((EVENTS / f"{case.file}.json").read_text(encoding="utf-8"))
    if case.function == "Operations":
        assert outcome(stage.operations.handle(event)) == case.expected
    else:
        assert outcome(answered(lambda: stage.approvals.decide(parse_decision(event)))) == case.expected


def test_the_table_names_every_example_and_its_answer() -> None:
    """events/README.md has a row for each file, with the function and the answer of the case."""
    rows = re.findall(
        r"^\| `([a-z_-]+)\.json` \| (\w+) \|.*\| `(.+?)` \|", (EVENTS / "README.md").read_text(), re.MULTILINE
    )
    answers = {case.file: _shown(case) for case in CASES}
    assert {file: (function, answer) for file, function, answer in rows} == {
        case.file: (case.function, answers[case.file]) for case in CASES
    }


def _shown(case: Case) -> str:
    """An answer as the table has it."""
    if isinstance(case.expected, list):
        return '{"batchItemFailures": []}'
    if case.function in {"LogPoller", "Reconciler"}:
        return json.dumps({"outcome": case.expected})
    return '{"ok": true, ...}' if case.expected == "ok" else str(case.expected)
