"""What CloudFormation would say only in the middle of a deployment: names, sizes, order, rollback, update, removal."""

from __future__ import annotations

from typing import Any

import pytest

from bridge_local import ROOT
from bridge_local.template import Template
from tests.template.cloudformation import (
    LONGEST_STACK_NAME,
    NAMES,
    STATE,
    Stack,
    creation_order,
    environment_bytes,
    left_by_deletion,
    left_by_failed_creation,
    policy_characters,
    replaced_by_update,
    translated,
)

MINIMAL = {
    "OktaOrgUrl": "https://example.okta.com",
    "OktaAppId": "0oaGenesysCloudApp5d",
    "GenesysRegion": "eu-central-1",
    "DefaultPhoneRegion": "DE",
}
PRODUCTION = MINIMAL | {
    "Mode": "enforce",
    "AlarmEmail": "on-call@example.com",
    "LogRetentionDays": "365",
    "DeletionProtection": "true",
    "GenesysRequestsPerMinute": "600",
}


def longest(name: str, parameter: dict[str, Any]) -> str:
    """The longest value that a parameter takes, in bytes; four for a character where any is allowed."""
    if "AllowedValues" in parameter:
        return str(max(parameter["AllowedValues"], key=lambda value: len(str(value))))
    if "MaxLength" in parameter:
        return ("x" if "AllowedPattern" in parameter else "\U0001f600") * int(parameter["MaxLength"])
    if "MaxValue" in parameter:
        return str(parameter["MaxValue"])
    bounded_by_pattern = {
        "OktaAppId": "0" * 64,
        "OktaClientId": "0" * 64,
        "HookSecretHeader": "X" * 64,
        "DefaultPhoneRegion": "DE",
        "ReceiverConcurrency": "9999",
    }
    unbounded = {"AllowedAddresses": ",".join(f"198.51.100.{each}/32" for each in range(200))}
    return (bounded_by_pattern | unbounded)[name]


MAXIMAL = {name: longest(name, parameter) for name, parameter in Template().document["Parameters"].items()} | {
    "AccessLog": "true",
    "Tracing": "true",
}
STACKS = {
    "minimal": Stack("bridge", MINIMAL),
    "maximal": Stack("s" * LONGEST_STACK_NAME, MAXIMAL),
    "production": Stack("okta-genesys-bridge-production", PRODUCTION),
}
EVERY = pytest.mark.parametrize("name", STACKS)


@EVERY
def test_no_name_is_refused(name: str) -> None:
    """A stack with the longest name that CloudFormation takes gets names that every service takes."""
    stack = STACKS[name]
    for logical, resource in stack.resources().items():
        made = stack.physical_name(logical, resource)
        assert len(made) <= NAMES.get(resource["Type"], ("", 1024, True))[1], (logical, made)


def test_two_stacks_share_nothing() -> None:
    """No physical name that the template itself gives is the same in two stacks of one account."""
    first, second = Stack("bridge-a", MINIMAL), Stack("bridge-b", MINIMAL)
    for logical, resource in first.resources().items():
        name_property = NAMES.get(resource["Type"], ("Name", 0, True))[0]
        value = translated()["Resources"][logical].get("Properties", {}).get(name_property)
        if value is None or resource["Type"] in {"AWS::Lambda::Alias", "AWS::ApiGateway::Stage"}:
            continue  # CloudFormation's own name has the stack's in it; an alias and a stage live within one resource
        assert "AWS::Stack" in str(value), (logical, value)
        if "AWS::StackName" in str(value):
            assert resource["Properties"][name_property] != second.resources()[logical]["Properties"][name_property]


@EVERY
def test_every_environment_fits(name: str) -> None:
    """Lambda refuses more than 4 KB of variables, and only when the function is made."""
    for logical, resource in STACKS[name].resources().items():
        if resource["Type"] == "AWS::Lambda::Function":
            assert environment_bytes(resource) <= 4096, (logical, environment_bytes(resource))


@EVERY
def test_policies_fit(name: str) -> None:
    """All inline policies of a role have 10,240 characters together, a managed policy 6,144 (IAM quotas)."""
    for logical, resource in STACKS[name].resources().items():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::IAM::Role":
            size = sum(policy_characters(each["PolicyDocument"]) for each in properties.get("Policies", ()))
            assert size <= 10_240, logical
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            assert policy_characters(properties["PolicyDocument"]) <= 6_144, logical
        if resource["Type"] == "AWS::KMS::Key":
            assert policy_characters(properties["KeyPolicy"]) <= 32_768, logical


@EVERY
def test_it_can_be_made_in_some_order(name: str) -> None:
    """Every reference is to something that exists, and none leads in a circle."""
    resources = STACKS[name].resources()
    assert set(creation_order(resources)) == set(resources)


@pytest.mark.parametrize("name", ["minimal", "maximal"])
def test_a_creation_that_fails_leaves_nothing(name: str) -> None:
    """Whatever cannot be made: tables, queues, secrets and keys made before go again, and a second try begins anew."""
    resources = STACKS[name].resources()
    for failing in resources:
        assert left_by_failed_creation(resources, failing) == [], failing


def test_no_table_is_protected_at_its_creation() -> None:
    """A protected table cannot be rolled back: the parameter is off until somebody sets it."""
    tables = [each for each in STACKS["minimal"].resources().values() if each["Type"] == "AWS::DynamoDB::Table"]
    assert [table["Properties"]["DeletionProtectionEnabled"] for table in tables] == [False, False]
    protected = STACKS["production"].resources()
    assert left_by_failed_creation(protected, "Consumer"), "the model does not see that a protected table would stay"


def test_what_a_deletion_leaves_is_what_the_page_lists() -> None:
    """State outlives its stack, and the removal page names every piece of it and how to clear it."""
    left = left_by_deletion(STACKS["minimal"].resources())
    assert {STACKS["minimal"].resources()[each]["Type"] for each in left} == STATE
    page = (ROOT / "docs/setup-deploy.md").read_text("utf-8").partition("## 7. Removal")[2]
    assert [each for each in left if f"`{each}`" not in page] == []


@pytest.mark.parametrize("parameter", Template().document["Parameters"])
def test_no_change_of_a_parameter_replaces_state(parameter: str) -> None:
    """An update never makes a new table, queue, key or secret in the place of one that is in use."""
    before = STACKS["minimal"].resources()
    declared = Template().document["Parameters"][parameter]
    values = {str(each) for each in declared.get("AllowedValues", ())} | {MAXIMAL[parameter]}
    for value in values:
        after = Stack("bridge", MINIMAL | {parameter: value}).resources()
        assert replaced_by_update(before, after) == []


@pytest.mark.parametrize("rate", Template().document["Parameters"]["GenesysRequestsPerMinute"]["AllowedValues"])
def test_concurrency_follows_the_rate(rate: int) -> None:
    """What is in hand at once can be answered within half a minute, and each queue has the two that SQS asks for."""
    resources = Stack("bridge", MINIMAL | {"GenesysRequestsPerMinute": str(rate)}).resources()
    mappings = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::Lambda::EventSourceMapping"]
    in_hand = 0
    for mapping in mappings:
        concurrency = int(mapping["ScalingConfig"]["MaximumConcurrency"])
        assert 2 <= concurrency <= 1000
        in_hand += concurrency * mapping["BatchSize"]
    floor = 2 * sum(mapping["BatchSize"] for mapping in mappings)
    assert in_hand <= max(floor, rate / 2)


def test_a_new_account_has_room_for_the_default() -> None:
    """Its quota is ten concurrent executions: the batches in hand leave two for the hook, as the page says."""
    resources = STACKS["minimal"].resources().values()
    mappings = [each["Properties"] for each in resources if each["Type"] == "AWS::Lambda::EventSourceMapping"]
    in_hand = sum(int(mapping["ScalingConfig"]["MaximumConcurrency"]) for mapping in mappings)
    assert in_hand <= 10 - 2
    assert f"up to {in_hand} batches in hand at once" in (ROOT / "docs/setup-deploy.md").read_text("utf-8")


def test_the_whole_fits_into_a_template() -> None:
    """CloudFormation takes 500 resources, 200 parameters, 200 outputs and one million bytes (quotas)."""
    made = translated()
    assert len(made["Resources"]) <= 500
    assert len(made["Parameters"]) <= 200
    assert len(made["Outputs"]) <= 200
    assert len(str(made).encode()) <= 1_000_000


# -------------------------------------------------------------------------------------------------- who may do what


def allowed_by_queue_policy(principal: dict[str, str], action: str = "sqs:SendMessage") -> bool:
    """Whether the queues' policy leaves a request standing that IAM allows; `principal` has its condition keys."""
    resources = STACKS["minimal"].resources()
    for statement in resources["LanesPolicy"]["Properties"]["PolicyDocument"]["Statement"]:
        assert statement["Effect"] == "Deny"
        assert action.startswith(statement["Action"].rstrip("*"))
        if all(_matches(operator, keys, principal) for operator, keys in statement["Condition"].items()):
            return False
    return True


def _matches(operator: str, keys: dict[str, str], principal: dict[str, str]) -> bool:
    """One condition operator; a negated one matches when its key is missing, another one does not (IAM)."""
    if operator == "StringNotEquals":
        return all(principal.get(key) != value for key, value in keys.items())
    assert operator == "Bool"
    return all(principal.get(key, "").lower() == value for key, value in keys.items())


OWN = {"aws:PrincipalAccount": "123456789012", "aws:PrincipalIsAWSService": "false", "aws:SecureTransport": "true"}


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        (OWN, True),
        (OWN | {"aws:PrincipalAccount": "999999999999"}, False),
        (OWN | {"aws:SecureTransport": "false"}, False),
        ({"aws:PrincipalIsAWSService": "false", "aws:SecureTransport": "true"}, False),
        ({"aws:PrincipalIsAWSService": "true", "aws:SecureTransport": "true"}, True),
    ],
    ids=["a role of this account", "another account", "without TLS", "nobody known", "SQS itself"],
)
def test_queues_take_work_from_this_account_alone(principal: dict[str, str], allowed: bool) -> None:
    """The consumer's role still sends; anyone who is not of this account does not, whatever another policy says."""
    assert allowed_by_queue_policy(principal) is allowed


def test_event_source_mappings_stay_with_the_consumer() -> None:
    """Operations pauses and resumes the consumer's mappings, and cannot point one at another function."""
    [policy] = STACKS["minimal"].resources()["OperationsRole"]["Properties"]["Policies"]
    [statement] = [
        each for each in policy["PolicyDocument"]["Statement"] if "lambda:UpdateEventSourceMapping" in each["Action"]
    ]
    assert statement["Condition"]["ArnEquals"]["lambda:FunctionArn"].rpartition(":")[2].startswith("bridge-Consumer-")
    assert "*" not in statement["Resource"]
