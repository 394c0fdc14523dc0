"""The dashboard and the alarms against the code: every metric shown is emitted, and every metric emitted is shown."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.aws.telemetry import NAMESPACE, Metric, catalogue, count, gauge
from bridge_cli.parser import build
from bridge_local import ROOT
from bridge_local.metrics_page import DOCUMENT, MAX_NAMES, MAX_SERIES, page, series
from bridge_local.template import Template

TEMPLATE = Template()
STACK_NAMESPACE = f"{NAMESPACE}/${{AWS::StackName}}"
SEARCH = re.compile(
    r"""SEARCH\('\{"(?P<namespace>[^"]+)",(?P<dimensions>[a-z,]+)\} MetricName="(?P<metric>\w+)"', '(Sum|Minimum)'\)"""
)
SOURCES = sorted([*ROOT.glob("layers/bridge/bridge/**/*.py"), *ROOT.glob("functions/*/app.py")])
#: Parts of HookSilentAlarm: neither says anything by itself, so neither tells anybody.
PARTS = {"HookExpectedAlarm", "HookQuietAlarm"}
#: On while any alarm is on that tells somebody; it tells nobody itself.
BRIDGE_ALARM = "BridgeUnhealthyAlarm"
DASHBOARDS = ("Service", "Resources")
#: Alarms that watch whether something still happens.
ON_SILENCE = {"CatchUpStoppedAlarm", "HookQuietAlarm", "TickStoppedAlarm"}
#: The package of a file that emits -> the function that it runs in; `aws` runs in all.
FUNCTIONS = {"catchup": "log_poller", "reconcile": "reconciler"}
#: A metric and the names of its dimensions.
Series = tuple[str, frozenset[str]]


def dashboard(name: str = "Service") -> dict[str, Any]:
    """A dashboard's body."""
    resource = TEMPLATE.document["Resources"][f"{name}Dashboard"]
    body: dict[str, Any] = json.loads(_text(resource["Properties"]["DashboardBody"]))
    return body


def _text(body: Any) -> str:
    """What is substituted, without the words that come with it."""
    text = body["Fn::Sub"]
    return str(text[0] if isinstance(text, list) else text)


def widgets(kind: str) -> list[dict[str, Any]]:
    """Every widget of a kind, of both dashboards."""
    return [widget for name in DASHBOARDS for widget in dashboard(name)["widgets"] if widget["type"] == kind]


def lines() -> Iterator[list[Any]]:
    """Every line of every widget that shows metrics."""
    for widget in widgets("metric"):
        yield from widget["properties"]["metrics"]


def alarms() -> dict[str, dict[str, Any]]:
    """Every alarm by logical id."""
    return dict(TEMPLATE.of_type("AWS::CloudWatch::Alarm"))


def composites() -> dict[str, dict[str, Any]]:
    """Every composite alarm by logical id."""
    return dict(TEMPLATE.of_type("AWS::CloudWatch::CompositeAlarm"))


def sections() -> dict[str, tuple[str, str]]:
    """The runbook's sections: alarm -> what it means, and the first command without ``bridge``."""
    text = (ROOT / "docs/runbook.md").read_text("utf-8")
    found = re.findall(r"^## (\w+Alarm)\n\n((?:.+\n)+)\n- \*\*First\*\*: `bridge ([^`]+)`$", text, re.MULTILINE)
    return {name: (" ".join(means.split()), command) for name, means, command in found}


def shown() -> set[Series]:
    """The bridge's own metrics on the dashboard."""
    found: set[Series] = set()
    for line in lines():
        if isinstance(line[0], dict):
            match = SEARCH.fullmatch(line[0]["expression"])
            assert match, line[0]["expression"]
            assert match["namespace"] == STACK_NAMESPACE
            found.add((match["metric"], frozenset(match["dimensions"].split(","))))
        elif line[0] == STACK_NAMESPACE:
            names = [each for each in line[2:] if isinstance(each, str)]
            for name, value in zip(names[::2], names[1::2], strict=True):
                assert value in catalogue()[Metric(line[1])].by[name]
            found.add((line[1], frozenset(names[::2])))
    return found


def emitted() -> set[Series]:
    """What the code emits by `count`, `gauge` and `measure`: the finest dimensions of each metric."""
    found: set[Series] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"count", "gauge", "measure"}
                and node.args  # others have functions of these names
            ):
                metric = node.args[0]
                assert isinstance(metric, ast.Attribute), f"{path}: {ast.unparse(node)} names no metric"
                found.add((Metric[metric.attr].value, frozenset(str(keyword.arg) for keyword in node.keywords)))
    return found


def emitting() -> dict[Metric, set[str]]:
    """The functions in whose own code each metric is emitted."""
    found: dict[Metric, set[str]] = {}
    for path in SOURCES:
        package = path.parent.name
        for name in re.findall(r"(?:count|gauge|measure)\(\s*Metric\.(\w+)", path.read_text("utf-8")):
            found.setdefault(Metric[name], set()).add(FUNCTIONS.get(package, package))
    return found


def test_the_catalogue_names_every_metric_and_no_other() -> None:
    """The code emits what it describes, with its dimensions, and from the functions that it names."""
    assert list(catalogue()) == list(Metric)
    assert emitted() == {(str(name), frozenset(each.by)) for name, each in catalogue().items()}
    for name, functions in emitting().items():
        assert functions - {"aws"} <= {*catalogue()[name].emits}, name


def test_the_metrics_are_few_enough() -> None:
    """What they cost is bounded, whatever happens."""
    assert len(catalogue()) <= MAX_NAMES
    assert series(catalogue()) <= MAX_SERIES


def test_the_page_of_metrics_is_the_catalogues() -> None:
    """`python -m bridge_local.metrics_page` writes it."""
    assert DOCUMENT.read_text("utf-8") == page()


def test_what_is_emitted_is_shown_and_what_is_shown_is_emitted() -> None:
    """The same metrics, with the same dimensions, on both sides."""
    assert shown() == emitted()


def test_alarms_watch_metrics_that_are_emitted() -> None:
    """An alarm on one of our metrics watches its total, and the catalogue names it."""
    watched: dict[str, list[str]] = {}
    for name, alarm in alarms().items():
        if alarm["Namespace"] == {"Fn::Sub": STACK_NAMESPACE}:
            assert "Dimensions" not in alarm
            watched.setdefault(alarm["MetricName"], []).append(name)
    assert {name: sorted(found) for name, found in watched.items()} == {
        str(name): sorted(each.alarms) for name, each in catalogue().items() if each.alarms
    }


@pytest.mark.parametrize("queue", ["Leavers", "Users", "Groups"])
def test_each_queue_has_an_alarm_on_its_age(queue: str) -> None:
    """It watches the queue's own queue."""
    alarm = alarms()[f"{queue}AgeAlarm"]
    assert alarm["MetricName"] == "ApproximateAgeOfOldestMessage"
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [f"{queue}Queue", "QueueName"]}}]


def test_every_alarm_tells_the_topic_and_explains_itself() -> None:
    """Its beginning and its end are told, and its description says what to do."""
    told = [alarm for name, alarm in alarms().items() if name not in PARTS]
    told += [alarm for name, alarm in composites().items() if name != BRIDGE_ALARM]
    for alarm in told:
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmTopic"}]
        assert len(alarm["AlarmDescription"]["Fn::Sub"]) > 50


def test_every_alarm_has_its_section_of_the_runbook() -> None:
    """The alarm says what it means and the first command as the runbook does, and the command line has that command."""
    told = {**alarms(), **composites()}
    assert sections().keys() == told.keys() - PARTS - {BRIDGE_ALARM}
    for name, (means, command) in sections().items():
        wanted = f"{means} First: bridge {command}. Runbook: ${{RunbookUrl}}#{name.lower()}"
        assert told[name]["AlarmDescription"] == {"Fn::Sub": wanted}
        build({}).parse_args([*command.split(), "--local"])


def test_the_dashboard_links_to_the_runbook_where_it_is_read() -> None:
    """Where an address is given; else it names the file, for a link would lead nowhere."""
    body = TEMPLATE.document["Resources"]["ServiceDashboard"]["Properties"]["DashboardBody"]
    text, given = body["Fn::Sub"]
    assert "runbook, ${Runbook}:" in text
    assert given == {
        "Runbook": {"Fn::If": ["HasRunbookUrl", {"Fn::Sub": "[open it](${RunbookUrl})"}, "`docs/runbook.md`"]}
    }


def test_one_alarm_is_on_while_any_is() -> None:
    """It names all that tell somebody, and none that mean nothing alone."""
    whole = composites()[BRIDGE_ALARM]
    assert "AlarmActions" not in whole
    named = re.findall(r'ALARM\("\$\{(\w+)\}"\)', whole["AlarmRule"]["Fn::Sub"])
    assert set(named) == sections().keys()
    assert len(named) == whole["AlarmRule"]["Fn::Sub"].count(" OR ") + 1


def test_an_alarm_on_a_gauge_sees_nothing_where_none_is_told() -> None:
    """Missing is not 0; an alarm on a count ends with the silence, or is about the silence."""
    gauges = {str(name) for name, each in catalogue().items() if each.kind == "gauge"}
    for name, alarm in alarms().items():
        expected = "missing" if alarm["MetricName"] in gauges else "notBreaching"
        assert alarm["TreatMissingData"] == ("breaching" if name in ON_SILENCE else expected)
        assert (alarm["ComparisonOperator"] == "LessThanThreshold") == (name in ON_SILENCE)


def test_a_hook_is_silent_when_the_log_has_events_for_it_and_it_takes_none() -> None:
    """Three quarters of an hour in a row on both sides; a quiet night, an outage and a backlog are none of it."""
    silent = composites()["HookSilentAlarm"]
    assert silent["AlarmRule"] == {"Fn::Sub": 'ALARM("${HookExpectedAlarm}") AND ALARM("${HookQuietAlarm}")'}
    expected, quiet = alarms()["HookExpectedAlarm"], alarms()["HookQuietAlarm"]
    for part in (expected, quiet):
        assert (part["Statistic"], part["Period"], part["EvaluationPeriods"]) == ("Sum", 900, 3)
        assert "AlarmActions" not in part
    assert (expected["MetricName"], expected["Threshold"]) == (Metric.HOOK_EVENTS_LOGGED, 0)
    assert (quiet["MetricName"], quiet["Threshold"]) == (Metric.EVENTS_ACCEPTED, 1)


def test_the_hook_is_watched_under_the_name_that_sam_gives_it() -> None:
    """SAM names an API without a Name after its stack; the dashboard and the alarm must say the same."""
    assert "Name" not in TEMPLATE.document["Resources"]["HookApi"]["Properties"]
    alarm = alarms()["ReceiverErrorsAlarm"]
    assert {"Name": "ApiName", "Value": {"Ref": "AWS::StackName"}} in alarm["Dimensions"]
    found = [line for line in lines() if line[0] == "AWS/ApiGateway"]
    assert found
    assert all(line[2:6] == ["ApiName", "${AWS::StackName}", "Stage", "${HookApi.Stage}"] for line in found)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_resources_named_on_a_dashboard_exist(name: str) -> None:
    """Every substitution is a pseudo parameter or a resource of the template."""
    body = TEMPLATE.document["Resources"][f"{name}Dashboard"]["Properties"]["DashboardBody"]
    given = body["Fn::Sub"][1].keys() if isinstance(body["Fn::Sub"], list) else set()
    body = _text(body)
    names = {name.partition(".")[0] for name in re.findall(r"\$\{([^}]+)\}", body)}
    assert names - {"AWS::Region", "AWS::StackName", *given} <= set(TEMPLATE.document["Resources"])


def test_the_list_of_holds_is_asked_through_the_readers_alias() -> None:
    """Anyone who looks at the dashboard invokes it with their own permission, and that is no more than a reader's."""
    [widget] = widgets("custom")
    assert widget["properties"]["endpoint"] == "${OperationsReader}"
    assert widget["properties"]["params"] == {}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_widgets_do_not_overlap(name: str) -> None:
    """Each has its own place, and rows fill the 24 columns."""
    places = [
        (widget["x"] + x, widget["y"] + y)
        for widget in dashboard(name)["widgets"]
        for x in range(widget["width"])
        for y in range(widget["height"])
    ]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) == 23


def test_the_first_row_says_how_things_are_now() -> None:
    """Alarms that are on, what waits, the oldest change, breakers, the last comparison: of five minutes."""
    first = [widget["properties"] for widget in dashboard()["widgets"] if widget["y"] == 0]
    status, *now = first
    named = {arn.removeprefix("${").removesuffix(".Arn}") for arn in status["alarms"]}
    assert named == sections().keys() | {BRIDGE_ALARM}
    told = {row[1] for properties in now for row in properties["metrics"]}
    assert told == {
        "HoldsOpen",
        "ParkedOpen",
        "ExceptionsKept",
        "RemovalsPaused",
        "Observing",
        "GroupsNotLinked",
        "OldestChange",
        "BreakerOpen",
        "ReconcileAge",
        "ReconcileOverdue",
    }
    for properties in now:
        shown_as = {name: properties[name] for name in ("view", "stat", "period", "setPeriodToTimeRange")}
        assert shown_as == {"view": "singleValue", "stat": "Maximum", "period": 300, "setPeriodToTimeRange": False}


def test_log_widgets_read_one_group_and_three_hours() -> None:
    """They are paid for by what they read."""
    assert dashboard()["start"] == "-PT3H"
    queries = [widget["properties"]["query"] for widget in widgets("log")]
    assert queries
    assert all(query.startswith("SOURCE '${ConsumerLogs}' | ") and query.count("SOURCE") == 1 for query in queries)


def test_a_line_of_a_threshold_is_the_alarms() -> None:
    """Where a chart has a line named after an alarm, it is where the alarm begins."""
    annotations = [
        each
        for widget in widgets("metric")
        for each in widget["properties"].get("annotations", {}).get("horizontal", [])
    ]
    named = [(name, each["value"]) for each in annotations for name in re.findall(r"\w+Alarm", each["label"])]
    assert {name for name, _ in named} == {"LeaversAgeAlarm", "UsersAgeAlarm", "GroupsAgeAlarm", "UnauthorisedAlarm"}
    assert all(alarms()[name]["Threshold"] == value for name, value in named)


def test_saved_queries_ask_groups_and_keys_that_there_are() -> None:
    """Each is under the stack's name; the keys are those of the code's lines."""
    known = keys() | {"@timestamp", "@message", "times", "last"}
    saved = list(TEMPLATE.of_type("AWS::Logs::QueryDefinition"))
    assert len(saved) == 6
    for _, query in saved:
        assert query["Name"]["Fn::Sub"].startswith("${AWS::StackName}/")
        groups = {group["Ref"] for group in query["LogGroupNames"]}
        assert groups <= {name for name, _ in TEMPLATE.of_type("AWS::Logs::LogGroup")}
    texts = [query["QueryString"] for _, query in saved] + [each["properties"]["query"] for each in widgets("log")]
    for text in texts:
        fields = re.findall(r"(?:fields|by) ([^|]+)", re.sub(r"^#.*$", "", text, flags=re.MULTILINE))
        asked = {name.strip().partition(".")[0] for part in fields for name in part.split(",")}
        asked |= set(re.findall(r"(?:filter|and|or) (\w+) (?:in|=|!=)", text))
        asked |= {name.partition(".")[0] for name in re.findall(r"ispresent\(([\w.]+)\)", text)}
        assert asked <= known, asked - known


def keys() -> set[str]:
    """The keys of log lines: those of every line, and those that a call of the logger adds."""
    every = {"level", "location", "message", "timestamp", "service", "cold_start", "exception", "exception_name"}
    found = every | {"function_name", "function_request_id", "function_arn", "function_memory_size"}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "logger"):
                continue
            if node.func.attr == "inject_lambda_context":
                continue
            for keyword in node.keywords:
                if keyword.arg == "extra":
                    assert isinstance(keyword.value, ast.Dict), path
                    found |= {str(key.value) for key in keyword.value.keys if isinstance(key, ast.Constant)}
                elif keyword.arg not in {None, "exc_info"}:
                    found.add(str(keyword.arg))
    return found


def test_every_key_of_a_line_is_explained() -> None:
    """docs/operating.md has a table of them."""
    text = (ROOT / "docs/operating.md").read_text("utf-8").partition("## Following a change in the logs")[2]
    table = text.partition("|---|---|\n")[2].partition("\n\n")[0]
    explained = {name for line in table.splitlines() for name in re.findall("`(\\w+)`", line.split("|")[1])}
    assert explained == keys()


def test_a_metric_is_emitted_as_a_total_and_by_its_dimensions(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line for both, in the stack's namespace; no count of 0, but a gauge of 0; no value that is not listed."""
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", f"{NAMESPACE}/one")
    count(Metric.SCIM_CALLS, 3, method="PATCH", result="2xx")
    count(Metric.RETRIES, upstream="a-new-one")
    count(Metric.PARKED, 0)
    gauge(Metric.HOLDS_OPEN, 0)
    calls, retries, holds = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [directive] = calls["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == f"{NAMESPACE}/one"
    assert directive["Dimensions"] == [[], ["method", "result"]]
    assert (calls["ScimCalls"], calls["method"], calls["result"]) == ([3.0], "PATCH", "2xx")
    assert retries["upstream"] == "other"
    assert holds["HoldsOpen"] == [0.0]
    assert holds["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[]]


def test_sources_are_found() -> None:
    """The scan above reads the functions and the package."""
    assert {Path("functions/receiver/app.py"), Path("functions/consumer/app.py")} <= {
        path.relative_to(ROOT) for path in SOURCES
    }
