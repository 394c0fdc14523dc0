"""The console's data: health, needs, both sides beside each other, and the charts, from the models and the records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.aws.store.dynamo import DynamoStore
from bridge.operations.bridge_answers import Breaker, Depth, Status
from bridge.provisioning.hold_records import Hold, HoldState
from bridge.provisioning.records import GroupState, JournalEntry, ParkedItem
from bridge_local.acts import Acts
from bridge_local.aws import Aws
from bridge_local.console import Console, charts
from bridge_local.exchange import Request
from bridge_local.faults import Fault, late
from bridge_local.genesys import GenesysModel
from bridge_local.logs import FunctionLogs
from bridge_local.moto_model import Message, Moto
from bridge_local.okta import OktaModel
from bridge_local.options import Options
from bridge_local.play import Stagehand
from bridge_local.series import Series, statistic_of
from bridge_local.server import Server
from bridge_local.template import Template
from tests.world import World

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
WELL = Status(
    mode="enforce",
    set_up=None,
    bootstrapped=True,
    reconciled="enforce",
    app_status="ACTIVE",
    paused_everything=False,
    paused_removals=False,
    queues={"users": Depth(read=True, waiting=2, in_hand=1, later=0)},
    breakers=[Breaker(upstream="okta", state="closed"), Breaker(upstream="genesys", state="closed")],
    holds_open=0,
    parked=0,
    reconcile=None,
    caught_up=NOW,
    hook="",
)


@dataclass
class Admin:
    """A console on two models and moto, and what the bridge says of itself."""

    console: Console
    okta: OktaModel
    genesys: GenesysModel
    store: DynamoStore
    hand: Stagehand
    acts: Acts
    logs: FunctionLogs
    aws: Aws
    status: Status | None = WELL

    def ask(self, path: str = "/console.json") -> Any:
        """The JSON of an answer."""
        response = self.console.handle(Request.of("GET", path))
        assert response is not None
        return json.loads(response.body)


@pytest.fixture(scope="module")
def moto() -> Iterator[tuple[Moto, Server]]:
    """AWS, for the tests of this file."""
    model = Moto()
    server = Server(model, "127.0.0.1", 0)
    server.start()
    yield model, server
    server.close()


@pytest.fixture
def admin(moto: tuple[Moto, Server], tmp_path: Path) -> Iterator[Admin]:
    """A company of nobody."""
    model, server = moto
    model.reset()
    world, template = World(), Template()
    aws = Aws(f"http://127.0.0.1:{server.port}")
    aws.create(template, Options())
    logs = FunctionLogs(tmp_path / "functions.log")
    store = DynamoStore(aws.client("dynamodb"), "StateTable")
    made: list[Admin] = []
    console = Console(
        Options(), aws, model, template, world.okta, world.genesys, logs, lambda: made[0].status, lambda: NOW
    )
    hand = Stagehand(world.okta, world.genesys, store, lambda _mode: None)
    acts = Acts(world.okta, world.genesys)
    made.append(Admin(console, world.okta, world.genesys, store, hand, acts, logs, aws))
    yield made[0]
    logs.close()


def test_a_well_bridge_is_calm(admin: Admin) -> None:
    """Healthy, nothing needs anybody, and both sides are equal: people, group, members."""
    admin.hand.team(people=3)
    shown = admin.ask()
    assert (shown["healthy"], shown["needs"]) == (True, [])
    assert {each["state"] for each in shown["health"]} == {"good", "busy", "idle"}
    assert (shown["people"]["total"], shown["people"]["differ"], shown["people"]["shown"]) == (3, 0, [])
    [group] = shown["groups"]
    assert (group["okta"]["entitled"], group["genesys"]["members"], group["differs"], group["way"]) == (3, 3, False, [])


def test_the_page_and_its_parts_are_files_that_ask_nobody_else(admin: Admin) -> None:
    """Each part is answered with its type, forbids other origins, and names none; another path is not the console's."""
    for path, media in (
        ("/", "text/html"),
        ("/console/style.css", "text/css"),
        ("/console/main.js", "text/javascript"),
    ):
        answer = admin.console.handle(Request.of("GET", path))
        assert answer is not None
        assert answer.headers["Content-Type"].startswith(media)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert b"https://" not in answer.body
    assert admin.console.handle(Request.of("GET", "/favicon.ico")) is None
    assert admin.console.handle(Request.of("GET", "/console/../stack.py")) is None


def test_a_person_who_differs_is_shown_with_what_differs(admin: Admin) -> None:
    """The value of each side; people are found by a part of a name, a login or an id."""
    admin.hand.team(people=2)
    person = min(admin.okta.users.current)
    name = admin.okta.users.current[person].display_name
    admin.acts.act("title", {"user": person, "value": "Analyst"})
    people = admin.ask()["people"]
    assert (people["differ"], [each["id"] for each in people["shown"]]) == (1, [person])
    [field] = [each for each in people["shown"][0]["fields"] if not each["same"]]
    assert field == {"name": "title", "okta": "Analyst", "genesys": None, "same": False}
    found = admin.ask(f"/console.json?find={name.split()[1].upper()}")["people"]
    assert person in [each["id"] for each in found["shown"]]
    assert admin.ask("/console.json?find=nobody")["people"]["found"] == 0


@pytest.mark.parametrize(("act", "account"), [("deactivate", "active"), ("suspend", "active"), ("delete", "active")])
def test_a_leaver_who_is_still_active_differs(admin: Admin, act: str, account: str) -> None:
    """Until Genesys Cloud has deactivated them; then they are equal, though they are in the group."""
    admin.hand.team(people=2)
    person = min(admin.okta.users.current)
    admin.acts.act(act, {"user": person})
    [shown] = admin.ask()["people"]["shown"]
    assert (shown["differs"], shown["account"]) == (["account"], account)
    admin.genesys.deactivate_user(shown["genesys_id"])
    assert admin.ask()["people"]["differ"] == 0
    assert admin.ask()["groups"][0]["differs"] is False


def test_a_new_person_without_an_account_differs(admin: Admin) -> None:
    """And is no member yet."""
    admin.acts.act("hire", {"count": 1})
    [person] = admin.ask()["people"]["shown"]
    assert (person["differs"], person["account"], person["way"]) == (["account"], "", [])


def test_what_is_on_the_way_is_said(admin: Admin) -> None:
    """A message in a queue, a hold, an exception, a parked item."""
    admin.hand.team(people=3)
    person, other, third = sorted(admin.okta.users.current)
    [group] = admin.store.groups()
    sqs, url = admin.aws.client("sqs"), admin.aws.physical["UsersQueue"]
    sqs.send_message(QueueUrl=url, MessageBody="{}", MessageGroupId=f"user:{person}", MessageDeduplicationId="1")
    hold = Hold(
        entity=group.entity,
        number=1,
        state=HoldState.OPENING,
        revision=1,
        reason="ceiling-percent",
        explanation="W=2 c=0 B=3",
        staged=2,
        events=(),
        opened=NOW,
        changed=NOW,
    )
    admin.store.replace_hold(None, hold)
    admin.store.stage(group.entity, 1, 1, [person, other])
    admin.store.replace_hold(hold, replace(hold, state=HoldState.OPEN, changed=NOW + timedelta(seconds=1)))
    admin.store.add_exceptions(group.entity, [third])
    admin.store.park(ParkedItem(f"user:{other}", "item", "{}", "ambiguous-match", "", NOW))
    admin.okta.remove_members(group.okta_id, [person, other, third])
    shown = admin.ask(f"/console.json?find=example&of={group.entity}")
    way = {each["id"]: each["way"] for each in shown["people"]["shown"]}
    assert way == {person: ["in the queue"], other: ["parked: ambiguous-match"], third: []}
    assert shown["groups"][0]["way"] == ["2 held: wait for a person", "1 kept by a rejected hold"]
    [card] = shown["holds"]
    assert (card["staged"], card["explanation"], len(card["people"])) == (2, "2 of 3 would go now", 2)
    assert "ceiling" in card["means"]
    assert {each["id"]: each["way"] for each in shown["of"]["members"]} == {
        person: "held",
        other: "held",
        third: "kept by a rejected hold",
    }
    assert [each["people"][0]["id"] for each in shown["exceptions"]] == [third]
    assert [each["reason"] for each in shown["parked"]] == ["ambiguous-match"]
    sqs.receive_message(QueueUrl=url, VisibilityTimeout=60)
    assert admin.ask()["people"]["total"] == 3
    assert admin.ask(f"/console.json?find={person}")["people"]["shown"][0]["way"] == ["being synced"]


def test_needs_are_those_of_the_status_in_its_order_and_say_the_cause(admin: Admin) -> None:
    """An open breaker is told by what the other side said, and its command is complete."""
    broken = Breaker(upstream="genesys", state="open", since=NOW, why="genesys-token-401")
    admin.status = WELL.model_copy(update={"breakers": [broken], "paused_removals": True, "hook": "unverified"})
    shown = admin.ask()
    problems = ["genesys-credentials", "hook-unverified", "removals-paused"]
    assert [each["problem"] for each in shown["needs"]] == problems
    assert "no access token" in shown["needs"][0]["title"]
    assert "secret" in shown["needs"][0]["what"]
    assert shown["needs"][0]["command"] == "bridge check --local"
    states = {each["name"]: each["state"] for each in shown["health"]}
    assert (states["Genesys Cloud"], states["Event hook"], states["Mode"]) == ("bad", "bad", "bad")


def test_a_bridge_that_does_not_answer_is_not_called_healthy(admin: Admin) -> None:
    """Nothing is claimed, and the rest of the page is there."""
    admin.status = None
    shown = admin.ask()
    assert (shown["healthy"], shown["needs"], shown["health"]) == (None, [], [])
    assert shown["people"]["total"] == 0


def test_the_journal_is_the_newest_first_and_a_person_has_their_own(admin: Admin) -> None:
    """With names, words for a reason, and only theirs on their page."""
    admin.hand.team(people=2)
    person, other = sorted(admin.okta.users.current)
    entries = ((person, "updated", ""), (other, "failed", "genesys-503"), (person, "unchanged", ""))
    for minute, (who, outcome, why) in enumerate(entries):
        at = NOW + timedelta(minutes=minute)
        admin.store.write(JournalEntry(f"user:{who}", at, outcome, items=(str(minute),), why=why))
    shown = admin.ask(f"/console.json?of=user:{person}")
    assert [each["outcome"] for each in shown["journal"]] == ["unchanged", "failed", "updated"]
    assert shown["journal"][1]["means"] == "Genesys Cloud is not available for the moment."
    assert shown["journal"][0]["name"] == admin.okta.users.current[person].display_name
    assert [each["outcome"] for each in shown["of"]["journal"]] == ["unchanged", "updated"]
    assert shown["of"]["person"]["id"] == person
    assert [each["name"] for each in shown["of"]["groups"]] == ["Everyone", "Team 2"]


def test_a_group_that_is_not_linked_says_why(admin: Admin) -> None:
    """It stands at the end, and nobody is counted as missing."""
    group = admin.okta.create_group("Claims")
    admin.okta.assign_group(group)
    begun = admin.store.begin_group_sync(group)
    assert admin.ask()["groups"][0]["way"] == []
    admin.store.save_group(replace(begun, state=GroupState.NONE, why="no-match"))
    [shown] = admin.ask()["groups"]
    assert (shown["genesys"], shown["differs"]) == (None, False)
    assert shown["way"] == ["not linked: no Genesys Cloud group has the same name"]


def test_what_is_broken_is_named(admin: Admin) -> None:
    """By the way it was broken, or as a scene's work."""
    admin.acts.break_("genesys", "slow")
    admin.okta.faults.add(Fault("", late(0)))
    assert admin.ask()["play"]["broken"] == {"genesys": "slow", "okta": "broken by a scene"}


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "text/plain"}, b'{"do": "mend"}', 415),
        ({}, b'{"do": "mend"}', 415),
        ({"Content-Type": "application/json"}, b"mend", 400),
        ({"Content-Type": "application/json"}, b"[]", 400),
    ],
)
def test_another_page_cannot_press_a_button(admin: Admin, headers: dict[str, str], body: bytes, status: int) -> None:
    """Only JSON is taken, which a browser sends for a page of elsewhere after asking alone."""
    answer = admin.console.handle(Request.of("POST", "/console/do", headers, body))
    assert answer is not None
    assert answer.status == status
    assert json.loads(answer.body)["ok"] is False


@pytest.mark.parametrize(
    "asked", [{"do": "approve"}, {"do": "fly"}, {"do": "approve", "entity": "app", "number": "x", "revision": 1}]
)
def test_a_request_that_is_not_understood_is_refused(admin: Admin, asked: dict[str, Any]) -> None:
    """Without a stack being asked."""
    body = json.dumps(asked).encode()
    answer = admin.console.handle(Request.of("POST", "/console/do", {"Content-Type": "application/json"}, body))
    assert answer is not None
    assert "Expected do: approve" in json.loads(answer.body)["says"]


# -------------------------------------------------------------------------------------------------- charts


def emf(name: str, value: float, at: datetime, **dimensions: str) -> str:
    """A line in CloudWatch's embedded metric format."""
    directive = {"Namespace": "x", "Metrics": [{"Name": name}], "Dimensions": [["service", *dimensions]]}
    metadata = {"Timestamp": round(at.timestamp() * 1000), "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": metadata, "service": "bridge", **dimensions, name: [value]})


def test_a_chart_of_the_dashboard_shows_the_stacks_own_metrics(admin: Admin) -> None:
    """Each widget of the template has its place; a metric that was told is drawn in the step that it was told in."""
    for name, dimensions in (("Syncs", {"outcome": "created"}), ("HoldsOpen", {}), ("MembersAdded", {})):
        admin.logs.line(emf(name, 3, NOW, **dimensions))
    shown = admin.ask("/console/charts.json")["charts"]
    body = charts.definition(Template())
    assert [each["title"] for each in shown] == [each["properties"].get("title", "") for each in body["widgets"]]
    told = [line for each in shown for line in each.get("lines", ()) if any(line["values"])]
    assert told
    assert all(line["values"][-1] == 3 for line in told)


def definition(*metrics: Any, **properties: Any) -> dict[str, Any]:
    """A dashboard of one widget."""
    shown = {"title": "T", "stat": "Sum", "period": 60, "metrics": list(metrics), **properties}
    return {"widgets": [{"type": "metric", "properties": shown}]}


OURS = "OktaGenesysBridge/local"
SEARCH = f"SEARCH('{{\"{OURS}\",outcome}} MetricName=\"Syncs\"', 'Sum')"


@pytest.mark.parametrize(
    ("metrics", "wanted"),
    [
        ([[OURS, "Syncs", "outcome", "created"]], {"Syncs": 2}),
        ([[OURS, "Syncs", "outcome", "created", {"label": "new"}], [".", ".", ".", "held"]], {"new": 2, "Syncs": 5}),
        ([[{"expression": SEARCH}]], {"created": 2, "held": 5}),
        ([[{"expression": f"SUM({SEARCH})", "label": "all"}]], {"all": 7}),
        ([[{"expression": SEARCH.replace("', 'Sum'", " outcome=\"held\"', 'Sum'")}]], {"held": 5}),
        ([[OURS, "Syncs"]], {"Syncs": None}),
        ([[OURS, "Syncs", "outcome", "held", {"visible": False}]], {}),
    ],
)
def test_a_metric_is_found_as_cloudwatch_finds_it(metrics: list[Any], wanted: dict[str, float | None]) -> None:
    """By exactly its dimensions; a search by their names, a sum of a search as one line."""
    series = Series()
    for outcome, value in (("created", 2), ("held", 5)):
        series.note("Syncs", (("outcome", outcome),), NOW.timestamp(), value)
    series.note("Syncs", (("reason", "x"),), NOW.timestamp(), 9)
    [chart] = charts.charts(definition(*metrics), series, NOW.timestamp(), 1)
    assert {line["label"]: line["values"][-1] for line in chart["lines"]} == wanted


def test_what_only_aws_can_tell_is_named(admin: Admin) -> None:
    """A metric of AWS, an expression that is not understood, an alarm; thresholds are kept."""
    body = definition(
        ["AWS/SQS", "Age", "QueueName", "x", {"label": "age"}],
        [{"expression": "ANOMALY_DETECTION_BAND(m1)", "label": "band"}],
        annotations={"horizontal": [{"label": "alarm", "value": 5}]},
    )
    body["widgets"] += [
        {"type": "alarm", "properties": {"title": "A"}},
        {"type": "text", "properties": {"markdown": "# B"}},
    ]
    metric, alarm, text = charts.charts(body, admin.logs.series, NOW.timestamp(), 20)
    assert metric["only"] == ["age", "band"]
    assert metric["thresholds"] == [{"label": "alarm", "value": 5.0}]
    assert metric["step"] == 3
    assert (alarm["instead"], text["text"]) == ("Needs you", "# B")


def test_the_age_of_the_oldest_message_is_drawn(admin: Admin) -> None:
    """Of each queue of the template, as SQS tells it: the widget on the queues' ages lacks nothing here."""
    messages = [Message("UsersQueue", "user:00uAda", 1, hidden=False, age=age) for age in (5, 90)]
    charts.note_ages(admin.logs.series, admin.aws.queues(Template()), messages, NOW.timestamp())
    body = charts.definition(Template())
    shown = charts.charts(body, admin.logs.series, NOW.timestamp(), 20)
    [ages] = [each for each in shown if each["title"] == "Queues: seconds of the oldest"]
    assert {line["label"]: line["values"][-1] for line in ages["lines"]} == {"leavers": 0, "users": 90, "groups": 0}
    assert [each["title"] for each in shown if each.get("only")] == []


@pytest.mark.parametrize(
    ("statistic", "value"),
    [("Sum", 10), ("Maximum", 4), ("Minimum", 1), ("Average", 2.5), ("SampleCount", 4), ("p50", 2), ("p99", 4)],
)
def test_a_statistic_is_cloudwatchs(statistic: str, value: float) -> None:
    """Of the values of one step."""
    assert statistic_of([3, 1, 4, 2], statistic) == value


def test_values_of_a_series_fall_into_steps() -> None:
    """What is before the first or after the last step is left out; a step without any has none."""
    series = Series()
    for at, value in ((9.9, 1), (10, 2), (14.9, 3), (20, 4), (25, 5)):
        series.note("Syncs", (), at, value)
    assert series.values("Syncs", (), "Sum", 10, 5, 3) == [5, None, 4]
