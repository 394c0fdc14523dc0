"""Reads ``template.yaml``: what the local stack is made of is said there and nowhere else."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bridge_local import ROOT

TEMPLATE = ROOT / "template.yaml"
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_UNITS = {"minute": 60.0, "hour": 3600.0, "day": 86_400.0}
_SUB = re.compile(r"\$\{([A-Za-z0-9:.]+)\}")


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, as their long forms."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        raise yaml.constructor.ConstructorError(None, None, f"!{suffix}: expected text or a list", node.start_mark)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tag)


@dataclass(frozen=True)
class Source:
    """An event source mapping: its logical id as SAM makes it, the queue's logical id and the batch size."""

    name: str
    queue: str
    batch: int

    @property
    def mapping_id(self) -> str:
        """What ``Ref`` gives; the same after every start."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, self.name))


@dataclass(frozen=True)
class Schedule:
    """What invokes a function again and again.

    Attributes:
        name: the logical id, of a function's event after the function's.
        function: logical id of the function.
        seconds: from one invocation to the next; of a cron expression a day, whatever it says.
        event: the function's event as JSON, empty where EventBridge sends its own.
    """

    name: str
    function: str
    seconds: float
    event: str


class Template:
    """The parsed template.

    Attributes:
        document: the whole, with intrinsic functions in their long forms.
    """

    def __init__(self, path: Path = TEMPLATE) -> None:
        """Read the file."""
        with path.open(encoding="utf-8") as file:
            self.document: dict[str, Any] = yaml.load(file, _Loader)  # noqa: S506 - a SafeLoader with more tags

    def of_type(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Logical id and properties of every resource of a type."""
        for name, resource in self.document["Resources"].items():
            if resource["Type"] == kind:
                yield name, resource.get("Properties", {})

    def function(self, name: str) -> dict[str, Any]:
        """A function's properties."""
        properties: dict[str, Any] = self.document["Resources"][name]["Properties"]
        return properties

    def variables(self, function: str) -> dict[str, Any]:
        """A function's environment variables with those of Globals, unresolved."""
        shared = self.document["Globals"]["Function"].get("Environment", {}).get("Variables", {})
        return {**shared, **self.function(function)["Environment"]["Variables"]}

    def environment(self, function: str, physical: Mapping[str, str]) -> dict[str, str]:
        """A function's environment; `physical` gives what ``Ref`` of a resource is, parameters their defaults."""
        parameters = {
            name: str(parameter.get("Default", "")) for name, parameter in self.document["Parameters"].items()
        }
        known = {"AWS::StackName": "local", "AWS::Region": "us-east-1", "AWS::URLSuffix": "amazonaws.com"}
        for api, properties in self.of_type("AWS::Serverless::Api"):
            known |= {api: api.lower(), f"{api}.Stage": properties["StageName"]}
        known |= {**parameters, **physical}
        variables = self.variables(function).items()
        return {name: _resolve(value, known, self.document.get("Conditions", {})) for name, value in variables}

    def sources(self, function: str) -> list[Source]:
        """The queues that feed a function."""
        events = self.function(function).get("Events", {}).items()
        return [
            Source(
                f"{function}{name}",
                event["Properties"]["Queue"]["Fn::GetAtt"][0],
                int(event["Properties"]["BatchSize"]),
            )
            for name, event in events
            if event["Type"] == "SQS"
        ]

    @property
    def schedules(self) -> list[Schedule]:
        """Every schedule: the functions' own, and those of EventBridge Scheduler."""
        found = [
            Schedule(function + name, function, self._seconds(of["Schedule"]), of.get("Input", ""))
            for function, properties in self.of_type("AWS::Serverless::Function")
            for name, event in properties.get("Events", {}).items()
            if event["Type"] == "Schedule" and (of := event["Properties"])
        ]
        for name, properties in self.of_type("AWS::Scheduler::Schedule"):
            target = properties["Target"]
            seconds = self._seconds(properties["ScheduleExpression"])
            found.append(Schedule(name, target["Arn"]["Fn::GetAtt"][0], seconds, target.get("Input", "")))
        return found

    def _seconds(self, expression: str | Mapping[str, str]) -> float:
        if not isinstance(expression, str):
            expression = str(self.document["Parameters"][expression["Ref"]]["Default"])
        rate = _RATE.fullmatch(expression)
        return int(rate[1]) * _UNITS[rate[2]] if rate else _UNITS["day"]

    @property
    def invoked(self) -> list[str]:
        """The functions that neither a queue nor the API calls: they are invoked by name."""
        names = [name for name, _ in self.of_type("AWS::Serverless::Function")]
        return [name for name in names if not self.sources(name) and not self.routes(name)]

    def routes(self, function: str) -> frozenset[tuple[str, str]]:
        """Method and path of the function's API events."""
        events = self.function(function).get("Events", {}).values()
        return frozenset(
            (event["Properties"]["Method"].upper(), event["Properties"]["Path"])
            for event in events
            if event["Type"] == "Api"
        )


def _resolve(value: Any, known: Mapping[str, str], conditions: Mapping[str, Any]) -> str:
    match value:
        case {"Ref": name}:
            return known[name]
        case {"Fn::Sub": text}:
            return _SUB.sub(lambda match: known[match[1]], text)
        case {"Fn::If": [name, then, otherwise]}:
            return _resolve(then if _holds(conditions[name], known) else otherwise, known, conditions)
        case str() | int() | float():
            return str(value)
    raise ValueError(f"an environment variable is neither text nor !Ref nor !Sub nor !If: {value!r}")


def _holds(condition: Any, known: Mapping[str, str]) -> bool:
    match condition:
        case {"Fn::Not": [other]}:
            return not _holds(other, known)
        case {"Fn::Equals": [{"Ref": name}, text]}:
            return bool(known[name] == text)
    raise ValueError(f"a condition is neither !Equals of a parameter nor its opposite: {condition!r}")
