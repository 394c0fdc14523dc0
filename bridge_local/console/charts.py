"""The charts of the Service dashboard, drawn from its own definition in the template and the stack's own metrics.

Of AWS's own metrics there is the age of the oldest message. What only AWS can show (alarms, the widget, log queries) is
named, with what stands for it on the page. Only the part of CloudWatch's
metric expressions is understood that the dashboard uses: SEARCH by dimensions, and sums of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bridge_local.moto_model import Message
from bridge_local.series import Dimensions, Series
from bridge_local.template import Template

#: Steps that a chart shows.
STEPS = 40
_SUB = re.compile(r"\$\{([A-Za-z0-9:.]+)\}")
_SEARCH = re.compile(r"SEARCH\('\{(?P<schema>[^}]+)\}\s*(?P<terms>[^']*)',\s*'(?P<stat>[^']+)'(?:,\s*\d+)?\)")
_TERM = re.compile(r'(\w+)="([^"]*)"')
_QUOTED = re.compile(r'"[^"]*"')
_OURS = "OktaGenesysBridge/"
#: The metric of SQS that the stack tells, too.
QUEUE_AGE = "ApproximateAgeOfOldestMessage"
#: Types of widgets that are not drawn, and the part of the page that says the same.
_ELSEWHERE = {"alarm": "Needs you", "custom": "Needs you", "log": "Journal"}


def definition(template: Template) -> dict[str, Any]:
    """The body of the dashboard named Service, or of the first one."""
    dashboards = dict(template.of_type("AWS::CloudWatch::Dashboard"))
    name = next((each for each in dashboards if "Service" in each), next(iter(dashboards)))
    body = dashboards[name]["DashboardBody"]
    text = body["Fn::Sub"] if isinstance(body, dict) else body
    given: Mapping[str, Any] = {}
    if isinstance(text, list):
        text, given = text
    found: dict[str, Any] = json.loads(_SUB.sub(lambda match: _said(match[1], given), text))
    return found


def _said(name: str, given: Mapping[str, Any]) -> str:
    if name in given and isinstance(given[name], str):
        return str(given[name])
    known = {"AWS::StackName": "local", "AWS::Region": "us-east-1", "AWS::AccountId": "123456789012"}
    return known.get(name, name.partition(".")[0])


def charts(body: Mapping[str, Any], series: Series, now: float, speed: float) -> list[dict[str, Any]]:
    """Each widget of a dashboard as the page draws it; `speed`: how many times quicker time passes here than in AWS."""
    return [_chart(widget, series, now, speed) for widget in body["widgets"]]


def note_ages(series: Series, queues: Iterable[str], messages: Iterable[Message], now: float) -> None:
    """Note how old the oldest message of each queue is at this moment, as SQS tells CloudWatch; 0 of an empty one."""
    oldest = dict.fromkeys(queues, 0.0)
    for message in messages:
        oldest[message.queue] = max(message.age, oldest.get(message.queue, 0.0))
    for queue, age in oldest.items():
        series.note(QUEUE_AGE, (("QueueName", queue),), now, age)


def _chart(widget: Mapping[str, Any], series: Series, now: float, speed: float) -> dict[str, Any]:
    properties = widget["properties"]
    title = str(properties.get("title", ""))
    kind = str(widget["type"])
    place = {"title": title, "width": int(widget.get("width", 8)), "type": kind}
    if widget["type"] == "text":
        return {**place, "text": str(properties.get("markdown", ""))}
    if widget["type"] != "metric":
        return {**place, "instead": _ELSEWHERE.get(kind, "nothing")}
    step = max(1.0, float(properties.get("period", 300)) / speed)
    start = (now // step - STEPS + 1) * step
    lines = list(_lines(properties, series, start, step))
    horizontal = properties.get("annotations", {}).get("horizontal", [])
    return {
        **place,
        "view": str(properties.get("view", "timeSeries")),
        "stacked": bool(properties.get("stacked")),
        "lines": [line for line in lines if "values" in line],
        "only": sorted({line["only"] for line in lines if "only" in line}),
        "thresholds": [
            {"label": str(each.get("label", "")), "value": float(each["value"])}
            for each in horizontal
            if isinstance(each, dict) and "value" in each
        ],
        "start": start,
        "step": step,
    }


def _lines(properties: Mapping[str, Any], series: Series, start: float, step: float) -> Iterator[dict[str, Any]]:
    before: list[Any] = []
    usual = str(properties.get("stat", "Average"))
    for row in properties.get("metrics", []):
        options = row[-1] if isinstance(row[-1], dict) else {}
        if options.get("visible") is False:
            continue
        if "expression" in options:
            yield from _searched(options, series, start, step)
            continue
        names = [part for part in row if isinstance(part, str)]
        # "." repeats what stands at this place in the row before.
        names = [before[at] if part == "." else part for at, part in enumerate(names)]
        before = names
        label = str(options.get("label") or names[1])
        if not names[0].startswith(_OURS) and names[1] != QUEUE_AGE:
            yield {"only": label}
            continue
        dimensions = tuple(sorted(zip(names[2::2], names[3::2], strict=True)))
        values = series.values(names[1], dimensions, str(options.get("stat", usual)), start, step, STEPS)
        yield {"label": label, "values": values}


def _searched(options: Mapping[str, Any], series: Series, start: float, step: float) -> Iterator[dict[str, Any]]:
    expression, label = str(options["expression"]), str(options.get("label") or "")
    search = _SEARCH.search(expression)
    terms = dict(_TERM.findall(search["terms"])) if search else {}
    name = terms.pop("MetricName", "")
    if search is None or not name or not search["schema"].lstrip('"').startswith(_OURS):
        yield {"only": label or expression[:60]}
        return
    wanted = frozenset(part.strip() for part in _QUOTED.sub("", search["schema"]).split(",") if part.strip())
    found = [
        (dimensions, series.values(name, dimensions, search["stat"], start, step, STEPS))
        for dimensions in series.of(name, wanted, terms)
    ]
    if expression.startswith("SUM("):
        rows = zip(*(values for _, values in found), strict=True)
        summed = [
            sum(value or 0.0 for value in row) if any(value is not None for value in row) else None for row in rows
        ]
        yield {"label": label or name, "values": summed or [None] * STEPS}
        return
    for dimensions, values in found:
        if any(value is not None for value in values):
            yield {"label": _label(label, dimensions), "values": values}


def _label(label: str, dimensions: Dimensions) -> str:
    said = ", ".join(value for _, value in dimensions)
    return said if not label or label.startswith("${") else f"{label} {said}"
