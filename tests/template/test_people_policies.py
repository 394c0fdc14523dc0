"""What people may do: read, operate, approve, and no more than their task needs."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.operations.asked import NAMES, READER
from bridge_local import ROOT
from bridge_local.template import Template

TEMPLATE = Template()
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE.document["Resources"]


def invocable(policy: str) -> list[dict[str, Any]]:
    """What a policy lets people invoke."""
    statements = RESOURCES[policy]["Properties"]["PolicyDocument"]["Statement"]
    found: list[dict[str, Any]] = []
    for entry in statements:
        statement = entry["Fn::If"][1] if "Fn::If" in entry else entry
        if "lambda:InvokeFunction" in statement["Action"]:
            resources = statement["Resource"]
            found += resources if isinstance(resources, list) else [resources]
    return found


def test_people_may_invoke_what_their_task_needs() -> None:
    """Readers the alias that only reads, operators all but decisions, approvers decisions and what shows the holds."""
    operations, approvals = {"Fn::GetAtt": ["Operations", "Arn"]}, {"Fn::GetAtt": ["Approvals", "Arn"]}
    reader = {"Ref": "OperationsReader"}
    assert invocable("ReaderPolicy") == [reader]
    assert invocable("NamesPolicy") == [{"Ref": "OperationsNames"}]
    assert invocable("OperatorPolicy") == [operations]
    assert invocable("ApproverPolicy") == [approvals, reader]
    assert invocable("SetupPolicy") == [operations, reader]


def test_who_sets_up_may_do_that_and_no_more() -> None:
    """The secret and its key, the signing key's public half, stack, operations, map, alarms' topic and the quota."""
    statements = RESOURCES["SetupPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    actions = {
        action for entry in statements for action in (entry["Fn::If"][1] if "Fn::If" in entry else entry)["Action"]
    }
    assert actions == {
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "kms:GetPublicKey",
        "cloudformation:DescribeStacks",
        "lambda:InvokeFunction",
        "lambda:GetAccountSettings",
        "cloudwatch:GetMetricData",
        "sns:GetTopicAttributes",
        "ssm:GetParameter",
        "ssm:GetParameterHistory",
        "ssm:PutParameter",
    }
    [key] = [entry for entry in statements if "kms:Decrypt" in entry.get("Action", ())]
    assert list(key["Condition"]["StringEquals"]) == ["kms:ViaService"]
    everywhere = [entry["Action"] for entry in statements if entry.get("Resource") == "*"]
    assert everywhere == [["cloudwatch:GetMetricData", "lambda:GetAccountSettings"]]  # which know no resource


def test_the_readers_alias_bears_the_name_that_the_function_knows() -> None:
    """And leads to what is deployed; the function takes every other name for an alias that only reads, too."""
    for resource, name in (("OperationsReader", READER), ("OperationsNames", NAMES)):
        alias = RESOURCES[resource]["Properties"]
        assert alias["Name"] == name
        assert alias["FunctionName"] == {"Ref": "Operations"}
        assert alias["FunctionVersion"] == "$LATEST"


def test_no_other_function_changes_what_people_decided() -> None:
    """The operations function cannot be asked to approve: its requests have no such name."""
    [schedule] = TEMPLATE.function("Operations")["Events"].values()
    assert schedule["Properties"]["Input"] == '{"do": "remind"}'
    assert "Events" not in TEMPLATE.function("Approvals")


def test_the_guide_for_people_names_the_policies_and_the_alias() -> None:
    """What it calls them is what the stack calls them."""
    text = (ROOT / "docs/people.md").read_text("utf-8")
    for output in TEMPLATE.document["Outputs"]:
        if output.endswith("PolicyArn"):
            assert f"`{output}`" in text
    assert f"alias `{READER}`" in text


@pytest.mark.parametrize(
    ("page", "says"),
    [("docs/people.md", "The stack has {} managed"), ("docs/setup-deploy.md", "detach the {} managed")],
)
def test_the_pages_count_the_policies(page: str, says: str) -> None:
    """A person who detaches one too few cannot delete the stack."""
    policies = [name for name, each in RESOURCES.items() if each["Type"] == "AWS::IAM::ManagedPolicy"]
    numbers = {4: "four", 5: "five", 6: "six", 7: "seven"}
    assert says.format(numbers[len(policies)]) in " ".join((ROOT / page).read_text("utf-8").split())
