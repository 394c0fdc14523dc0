"""A small model of CloudFormation: of its rules, those that have stopped a deployment of this template or could.

It translates the template as the service does (AWS's own translator), resolves it for a stack's name and parameters,
and answers what AWS would say only in the middle of a deployment. Names and limits are those of "AWS CloudFormation
quotas", "Amazon SQS quotas", "Lambda quotas" and "IAM and AWS STS quotas" in AWS's documentation.
"""

from __future__ import annotations

import copy
import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped] # AWS ships no types for it
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped] # likewise

from bridge_local.template import Template

#: CloudFormation's own limit for the name of a stack.
LONGEST_STACK_NAME = 128
#: What CloudFormation puts behind a name that it makes: a hyphen and thirteen letters or digits.
SUFFIX = "-ABCDEFGHIJKLM"
ACCOUNT = "123456789012"
#: The longest name of a region that Lambda is in.
REGION = "ap-southeast-1"
STACK_UUID = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
#: Longest names, and whether CloudFormation cuts the one that it makes. What is not here has room for any stack.
NAMES: dict[str, tuple[str, int, bool]] = {
    "AWS::SQS::Queue": ("QueueName", 80, False),
    "AWS::Lambda::Function": ("FunctionName", 64, True),
    "AWS::IAM::Role": ("RoleName", 64, True),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", 128, True),
    "AWS::Scheduler::Schedule": ("Name", 64, True),
    "AWS::Events::Rule": ("Name", 64, True),
    "AWS::Lambda::LayerVersion": ("LayerName", 140, True),
    "AWS::DynamoDB::Table": ("TableName", 255, False),
    "AWS::SNS::Topic": ("TopicName", 256, False),
    "AWS::CloudWatch::Alarm": ("AlarmName", 255, False),
    "AWS::CloudWatch::CompositeAlarm": ("AlarmName", 255, False),
    "AWS::CloudWatch::Dashboard": ("DashboardName", 255, False),
    "AWS::Logs::LogGroup": ("LogGroupName", 512, False),
    "AWS::SecretsManager::Secret": ("Name", 512, False),
    "AWS::SSM::Parameter": ("Name", 1011, False),
    "AWS::WAFv2::WebACL": ("Name", 128, True),
    "AWS::WAFv2::IPSet": ("Name", 128, True),
}
#: Properties that cannot be changed in place (``createOnlyProperties`` of CloudFormation's resource schemas): a change
#: makes a new resource.
CREATE_ONLY: dict[str, frozenset[str]] = {
    "AWS::SQS::Queue": frozenset({"FifoQueue", "QueueName"}),
    "AWS::DynamoDB::Table": frozenset({"TableName", "ImportSourceSpecification"}),
    "AWS::KMS::Key": frozenset(),
    "AWS::SecretsManager::Secret": frozenset({"Name"}),
    "AWS::SNS::Topic": frozenset({"TopicName", "FifoTopic"}),
    "AWS::Logs::LogGroup": frozenset({"LogGroupName"}),
    "AWS::IAM::Role": frozenset({"RoleName", "Path"}),
    "AWS::Lambda::Function": frozenset({"FunctionName", "PackageType"}),
    "AWS::ApiGateway::RestApi": frozenset(),
}
#: Types whose loss is the loss of state.
STATE = frozenset({"AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::SecretsManager::Secret"})
_SUB = re.compile(r"\$\{(!?)([A-Za-z0-9:.]+)\}")
_NOTHING: Any = object()


@cache
def translated() -> dict[str, Any]:
    """The template after its transform; a local folder stands for the built code."""
    document = copy.deepcopy(Template().document)
    for resource in document["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if name in resource.get("Properties", {}):
                resource["Properties"][name] = "s3://bucket/key"
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    session = boto3.Session(region_name=REGION)
    made: dict[str, Any] = Translator({}, Parser(), boto_session=session).translate(document, {})
    return made


@dataclass(frozen=True)
class Stack:
    """The template as one stack: what its conditions leave, with every intrinsic function resolved.

    Attributes:
        name: the stack's name.
        parameters: the parameters that are given; the others have their defaults.
    """

    name: str
    parameters: Mapping[str, str]

    def values(self) -> dict[str, Any]:
        """Every parameter's value; KeyError for one that has neither a value nor a default."""
        declared = translated()["Parameters"]
        found = {}
        for name, parameter in declared.items():
            value = self.parameters.get(name, parameter.get("Default", _NOTHING))
            if value is _NOTHING:
                raise KeyError(name)
            found[name] = str(value).split(",") if parameter["Type"] == "CommaDelimitedList" else str(value)
        return found

    def resources(self) -> dict[str, dict[str, Any]]:
        """Type, policies and resolved properties of each resource that the conditions leave."""
        known = self._known()
        return {
            logical: {**resource, "Properties": _resolve(resource.get("Properties", {}), known)}
            for logical, resource in translated()["Resources"].items()
            if known.holds(resource.get("Condition"))
        }

    def physical_name(self, logical: str, resource: Mapping[str, Any]) -> str:
        """The name that a resource gets, or is refused with."""
        name_property, longest, cut = NAMES.get(resource["Type"], ("Name", 1024, True))
        properties = resource["Properties"]
        if isinstance(properties.get(name_property), str):
            return str(properties[name_property])
        name = f"{self.name}-{logical}{SUFFIX}"
        if properties.get("FifoQueue"):
            return f"{name}.fifo"
        return f"{name[: longest - len(SUFFIX)]}{SUFFIX}" if cut and len(name) > longest else name

    def _known(self) -> _Known:
        parameters = self.values()
        pseudo = {
            "AWS::StackName": self.name,
            "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{self.name}/{STACK_UUID}",
            "AWS::Region": REGION,
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NoValue": _NOTHING,
        }
        return _Known(self, {**pseudo, **parameters})


class _Known:
    """What the intrinsic functions of one stack refer to."""

    def __init__(self, stack: Stack, values: Mapping[str, Any]) -> None:
        self.stack = stack
        self.values = values

    def holds(self, condition: str | None) -> bool:
        return condition is None or self._true(translated()["Conditions"][condition])

    def _true(self, node: Any) -> bool:
        [(function, argument)] = node.items()
        match function:
            case "Condition":
                return self.holds(argument)
            case "Fn::Not":
                return not self._true(argument[0])
            case "Fn::And":
                return all(map(self._true, argument))
            case "Fn::Or":
                return any(map(self._true, argument))
            case "Fn::Equals":
                left, right = (_resolve(each, self) for each in argument)
                return bool(left == right)
        raise AssertionError(f"a condition that this model does not know: {function}")

    def ref(self, name: str) -> Any:
        if name in self.values:
            return self.values[name]
        return self.attribute(name, "")

    def attribute(self, logical: str, attribute: str) -> str:
        """What ``Ref`` (an empty attribute) or ``GetAtt`` gives, as long as it can be."""
        resource = translated()["Resources"][logical]
        kind = resource["Type"]
        named = {"Type": kind, "Properties": {}}
        if kind in {"AWS::SQS::Queue", "AWS::Lambda::LayerVersion"}:  # named by the template itself
            named["Properties"] = _resolve(resource["Properties"], self)
        name = self.stack.physical_name(logical, named)
        service = kind.split("::")[1].lower()
        if kind == "AWS::SQS::Queue" and not attribute:
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"
        if kind == "AWS::SecretsManager::Secret":
            return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{logical}{SUFFIX}-ABCDEF"
        if kind == "AWS::KMS::Key":
            return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{STACK_UUID}" if attribute else STACK_UUID
        if kind == "AWS::Lambda::EventSourceMapping":
            return STACK_UUID
        if attribute == "Arn" or kind in {"AWS::SNS::Topic", "AWS::IAM::ManagedPolicy", "AWS::Lambda::Alias"}:
            return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"
        return name


def _resolve(node: Any, known: _Known) -> Any:
    if isinstance(node, list):
        items = (_resolve(each, known) for each in node)
        return [item for item in items if item is not _NOTHING]
    if not isinstance(node, dict):
        return node
    if len(node) == 1:
        [(function, argument)] = node.items()
        if function == "Ref":
            return known.ref(argument)
        if function.startswith("Fn::"):
            return _function(function.removeprefix("Fn::"), argument, known)
    found = {key: _resolve(value, known) for key, value in node.items()}
    return {key: value for key, value in found.items() if value is not _NOTHING}


def _function(name: str, argument: Any, known: _Known) -> Any:
    match name:
        case "If":
            condition, then, otherwise = argument
            return _resolve(then if known.holds(condition) else otherwise, known)
        case "GetAtt":
            logical, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
            return known.attribute(logical, attribute)
        case "Sub":
            text, own = argument if isinstance(argument, list) else (argument, {})
            return _SUB.sub(lambda found: _substitute(found, own, known), text)
        case "Join":
            separator, parts = argument
            return separator.join(map(str, _resolve(parts, known)))
        case "Select":
            place, parts = argument
            return _resolve(parts, known)[int(place)]
        case "Split":
            separator, text = argument
            return str(_resolve(text, known)).split(separator)
        case "FindInMap":
            mapping, first, second = (_resolve(each, known) for each in argument)
            return translated()["Mappings"][mapping][first][second]
    raise AssertionError(f"an intrinsic function that this model does not know: {name}")


def _substitute(found: re.Match[str], own: Mapping[str, Any], known: _Known) -> str:
    literal, name = found.groups()
    if literal:
        return f"${{{name}}}"
    if name in own:
        return str(_resolve(own[name], known))
    logical, _, attribute = name.partition(".")
    return str(known.attribute(logical, attribute) if attribute else known.ref(name))


# --------------------------------------------------------------------------------------------- creation and its end


def dependencies(resources: Mapping[str, Any]) -> dict[str, set[str]]:
    """Logical id -> the resources that must be made before, by reference or by ``DependsOn``."""
    found = {}
    for logical in resources:
        declared = translated()["Resources"][logical]
        waits = declared.get("DependsOn", [])
        named = (
            set(_mentioned(declared.get("Properties", {}))) | {waits}
            if isinstance(waits, str)
            else {
                *_mentioned(declared.get("Properties", {})),
                *waits,
            }
        )
        found[logical] = (named & resources.keys()) - {logical}
    return found


def _mentioned(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from _mentioned(each)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref":
                yield value
            elif key == "Fn::GetAtt":
                yield value.split(".")[0] if isinstance(value, str) else value[0]
            elif key == "Fn::Sub":
                text = value[0] if isinstance(value, list) else value
                yield from (name.partition(".")[0] for literal, name in _SUB.findall(text) if not literal)
            yield from _mentioned(value)


def creation_order(resources: Mapping[str, Any]) -> list[str]:
    """An order in which CloudFormation can make them; AssertionError names a circle."""
    waiting = dependencies(resources)
    order: list[str] = []
    while waiting:
        ready = sorted(logical for logical, needs in waiting.items() if not needs - set(order))
        if not ready:
            raise AssertionError(f"a circle of references: {sorted(waiting)}")
        order += ready
        for logical in ready:
            del waiting[logical]
    return order


def left_by_failed_creation(resources: Mapping[str, Any], failing: str) -> list[str]:
    """What stays in the account when `failing` cannot be made and CloudFormation rolls back."""
    order = creation_order(resources)
    made = order[: order.index(failing)]
    return [logical for logical in made if _stays(resources[logical], created=True)]


def left_by_deletion(resources: Mapping[str, Any]) -> list[str]:
    """What stays in the account when the stack is deleted."""
    return sorted(logical for logical, resource in resources.items() if _stays(resource, created=False))


def _stays(resource: Mapping[str, Any], *, created: bool) -> bool:
    policy = resource.get("DeletionPolicy", "Delete")
    protected = bool(resource["Properties"].get("DeletionProtectionEnabled"))
    return protected or policy == "Retain" or (policy == "RetainExceptOnCreate" and not created)


def replaced_by_update(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Resources of a type that holds state which an update would make anew, or drop."""
    found = []
    for logical, resource in before.items():
        kind = resource["Type"]
        if kind not in STATE:
            continue
        new = after.get(logical)
        old_properties = resource["Properties"]
        if new is None or any(old_properties.get(name) != new["Properties"].get(name) for name in CREATE_ONLY[kind]):
            found.append(logical)
    return found


# ----------------------------------------------------------------------------------------------------------- sizes


def environment_bytes(function: Mapping[str, Any]) -> int:
    """Bytes of a function's environment variables, names and values: Lambda takes 4,096."""
    variables = function["Properties"].get("Environment", {}).get("Variables", {})
    return sum(len(f"{name}{value}".encode()) for name, value in variables.items())


def policy_characters(document: Any) -> int:
    """Characters of a policy without white space, as IAM counts them."""
    return len(re.sub(r"\s", "", json.dumps(document, separators=(",", ":"))))
