"""Each function's role allows the AWS calls that the function makes, and no other."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

import boto3
import pytest
from botocore.client import BaseClient
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from moto import mock_aws

from bridge.aws.dependencies import Dependencies
from bridge.aws.store.dynamo import DynamoStore
from bridge.items import Reason, make_item
from bridge.provisioning.followups import LEAVER
from bridge.provisioning.records import Due
from bridge_local import ROOT
from bridge_local.aws import Aws
from bridge_local.genesys import GenesysModel, GenesysSwitches
from bridge_local.okta import UNLIMITED, OktaModel, OktaSwitches
from bridge_local.okta.event_forms import envelope, hook_form
from bridge_local.options import Options
from bridge_local.poller import record
from bridge_local.template import Template
from bridge_local.transport import ModelTransport
from functions.consumer import app as consumer
from functions.log_poller import app as log_poller
from functions.receiver import app as receiver
from functions.reconciler import app as reconciler
from tests.stages.jwt_key import public_jwk
from tests.world import Context

TEMPLATE = Template()
DEFAULT_MAP = ROOT / "layers/bridge/bridge/mapping/default_map.json"
QUEUES = {"LeaversQueue", "UsersQueue", "GroupsQueue"}
CLIENT_ID = "0oaBridgeServiceApp1"
MAP_PARAMETER = "/bridge/map"
NAMES_PARAMETER = "CFN-LinkedGroupNames-1"
#: An action on a resource, by its logical id.
Grant = tuple[str, str]

#: What no call of the code shows, because a service does it in the role's name.
BY_SERVICES: dict[str, set[Grant]] = {
    "Receiver": {
        # Lambda writes what the function prints.
        ("logs:CreateLogStream", "ReceiverLogs"),
        ("logs:PutLogEvents", "ReceiverLogs"),
        # Secrets Manager and Lambda (environment variables) decrypt; SQS asks for a data key, and checks it.
        ("kms:Decrypt", "DataKey"),
        ("kms:GenerateDataKey", "DataKey"),
    },
    "Consumer": {
        ("logs:CreateLogStream", "ConsumerLogs"),
        ("logs:PutLogEvents", "ConsumerLogs"),
        # As the receiver's; DynamoDB decrypts its tables' keys too.
        ("kms:Decrypt", "DataKey"),
        ("kms:GenerateDataKey", "DataKey"),
        # Lambda's pollers read the queues ("Using Lambda with Amazon SQS", execution role permissions).
        *(
            (action, queue)
            for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
            for queue in QUEUES
        ),
    },
    "Reconciler": {
        ("logs:CreateLogStream", "ReconcilerLogs"),
        ("logs:PutLogEvents", "ReconcilerLogs"),
        # As the consumer's.
        ("kms:Decrypt", "DataKey"),
        ("kms:GenerateDataKey", "DataKey"),
    },
    "Operations": {
        ("logs:CreateLogStream", "OperationsLogs"),
        ("logs:PutLogEvents", "OperationsLogs"),
        ("kms:Decrypt", "DataKey"),
        ("kms:GenerateDataKey", "DataKey"),
    },
    "Approvals": {
        ("logs:CreateLogStream", "ApprovalsLogs"),
        ("logs:PutLogEvents", "ApprovalsLogs"),
        ("kms:Decrypt", "DataKey"),
        ("kms:GenerateDataKey", "DataKey"),
    },
}
BY_SERVICES["LogPoller"] = {
    ("logs:CreateLogStream", "LogPollerLogs"),
    ("logs:PutLogEvents", "LogPollerLogs"),
    ("kms:Decrypt", "DataKey"),
    ("kms:GenerateDataKey", "DataKey"),
    # OKTA_AUTH=ssws: the token stands in the secret.
    ("secretsmanager:GetSecretValue", "BridgeSecret"),
}
#: Operations whose IAM action has another name (Service Authorization Reference); the others bear their own.
ACTIONS = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "lambda:Invoke": "lambda:InvokeFunction",
}
SERVICES = {
    "sqs": "sqs",
    "dynamodb": "dynamodb",
    "secrets-manager": "secretsmanager",
    "kms": "kms",
    "ssm": "ssm",
    "sns": "sns",
    "lambda": "lambda",
}


class MotoAws(Aws):
    """The template's resources, made in moto within this process."""

    def _make(self, service: Any) -> Any:
        return boto3.client(service)


@dataclass
class Deployment:
    """The template's resources and functions, between both models."""

    aws: MotoAws
    options: Options
    okta: OktaModel
    genesys: GenesysModel
    grants: set[Grant] = field(default_factory=set)
    recording: bool = False
    asked: int = 0

    def note(self, service: str, operation: str, arguments: dict[str, Any]) -> None:
        """Remember what a call of a function needs."""
        if not self.recording:
            return
        logical = {physical: name for name, physical in self.aws.physical.items()} | {
            MAP_PARAMETER: MAP_PARAMETER,
            NAMES_PARAMETER: "LinkedGroupNames",
        }
        if service == "cloudwatch":
            self.grants.add((f"cloudwatch:{operation}", "*"))
            return
        prefix = SERVICES[service]
        if operation == "TransactWriteItems":
            for write in arguments["TransactItems"]:
                ((kind, of),) = write.items()
                self.grants.add((f"dynamodb:{kind}Item", logical[of["TableName"]]))
            return
        names = ("QueueUrl", "TableName", "SecretId", "KeyId", "Name", "TopicArn", "UUID", "FunctionName")
        resources = [arguments[name] for name in names if name in arguments] or list(arguments["RequestItems"])
        action = f"{prefix}:{operation}"
        self.grants |= {(ACTIONS.get(action, action), logical[resource]) for resource in resources}

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """What is called within is a function's."""
        self.recording = True
        try:
            yield
        finally:
            self.recording = False

    # ------------------------------------------------------------------------------------- functions

    def deliver(self, events: list[dict[str, Any]]) -> None:
        """Have the receiver take a delivery."""
        body = json.dumps(envelope("https://example.okta.com/hook", "delivery", datetime.now(UTC), events))
        with self.recorded():
            headers = {"Authorization": "local-secret"}
            answer = receiver.handler({"httpMethod": "POST", "headers": headers, "body": body}, cast("Any", Context()))
        assert answer["statusCode"] == 204

    def sync(self, queue: str, entity: str, reason: Reason = Reason.OPERATOR) -> bool:
        """Have the consumer sync an entity; whether its message is done."""
        self.asked += 1
        return self.consume(queue, make_item(entity, reason, str(self.asked)).to_json())

    def consume(self, queue: str, body: str) -> bool:
        """Have the consumer take one message that really is in the queue; whether it is done."""
        sqs, url = boto3.client("sqs"), self.aws.physical[queue]
        while followers := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for follower in followers:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=follower["ReceiptHandle"])
        sqs.send_message(
            QueueUrl=url, MessageBody=body, MessageGroupId=f"g{self.asked}", MessageDeduplicationId=f"d{self.asked}"
        )
        [message] = sqs.receive_message(QueueUrl=url, MessageSystemAttributeNames=["All"])["Messages"]
        arn = f"arn:aws:sqs:us-east-1:123456789012:{url.rpartition('/')[2]}"
        with self.recorded():
            answer = consumer.handler({"Records": [record(message, arn)]}, cast("Any", Context()))
        return not answer["batchItemFailures"]


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """As `deployed`."""
    with deployed(monkeypatch) as made:
        yield made


@contextmanager
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """Both functions with the environment that the template gives them, and everything that they call recorded."""
    variables = {
        "OKTA_AUTH": "oauth",
        "OKTA_CLIENT_ID": CLIENT_ID,
        "ATTRIBUTE_MAP_PARAMETER": MAP_PARAMETER,
        "LINKED_GROUPS": f"ssm:{NAMES_PARAMETER}",
        "GROUP_REMOVAL_CEILING": "1",
    }
    options = Options(variables=variables)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws(config={"lambda": {"use_docker": False}}):
        aws = MotoAws("")
        aws.create(TEMPLATE, options)
        boto3.client("sqs").set_queue_attributes(QueueUrl=aws.physical["GroupsQueue"], Attributes={"DelaySeconds": "0"})
        boto3.client("ssm").put_parameter(Name=MAP_PARAMETER, Value=DEFAULT_MAP.read_text("utf-8"), Type="String")
        boto3.client("ssm").put_parameter(Name=NAMES_PARAMETER, Value="Support *,Sales", Type="String")
        DynamoStore(boto3.client("dynamodb"), aws.physical["StateTable"]).set_bootstrapped()
        for function in ("Receiver", "Consumer", "LogPoller", "Reconciler"):
            for name, value in aws.environment(TEMPLATE, function, options).items():
                monkeypatch.setenv(name, value)
        okta, genesys = models(aws, options)
        monkeypatch.setattr(
            consumer,
            "Dependencies",
            partial(Dependencies, okta_transport=ModelTransport(okta), genesys_transport=ModelTransport(genesys)),
        )
        monkeypatch.setattr(log_poller, "Dependencies", partial(Dependencies, okta_transport=ModelTransport(okta)))
        monkeypatch.setattr(
            reconciler,
            "Dependencies",
            partial(Dependencies, okta_transport=ModelTransport(okta), genesys_transport=ModelTransport(genesys)),
        )
        made = Deployment(aws, options, okta, genesys)
        original = vars(BaseClient)["_make_api_call"]

        def make_api_call(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
            made.note(client.meta.service_model.service_id.hyphenize(), operation, arguments)
            return original(client, operation, arguments)

        monkeypatch.setattr(BaseClient, "_make_api_call", make_api_call)
        composed = (receiver.compose, consumer.compose, log_poller.compose, reconciler.compose)
        for compose in composed:
            compose.cache_clear()
        yield made
        for compose in composed:
            compose.cache_clear()


def models(aws: MotoAws, options: Options) -> tuple[OktaModel, GenesysModel]:
    """Okta, which knows the public half of the signing key, and Genesys Cloud."""

    def now() -> datetime:
        return datetime.now(UTC)

    rng = random.Random(1)  # noqa: S311 - repeatable, not secret
    okta = OktaModel(now, rng, OktaSwitches(rate_limits=UNLIMITED), app_id=options.app_id, api_token="")
    okta.org_url = options.url(1)
    key_id = aws.physical["SigningKey"]
    public = load_der_public_key(boto3.client("kms").get_public_key(KeyId=key_id)["PublicKey"])
    assert isinstance(public, RSAPublicKey)
    scopes = ["okta.users.read", "okta.groups.read", "okta.apps.read", "okta.logs.read", "okta.eventHooks.read"]
    okta.register_client(CLIENT_ID, [public_jwk(public, key_id)], scopes)
    secret = options.secret
    genesys = GenesysModel(
        now,
        rng,
        GenesysSwitches(),
        client_id=secret["genesys_client_id"],
        client_secret=secret["genesys_client_secret"],
    )
    return okta, genesys


def allowed(function: str) -> set[Grant]:
    """What the function's role allows."""
    role = TEMPLATE.document["Resources"][f"{function}Role"]["Properties"]
    assert "ManagedPolicyArns" not in role
    [policy] = role["Policies"]
    grants = set()
    for entry in policy["PolicyDocument"]["Statement"]:
        statement = entry["Fn::If"][1] if "Fn::If" in entry else entry
        assert statement["Effect"] == "Allow"
        if entry.get("Fn::If", [""])[0] == "HasTracing":  # Lambda itself sends the traces, and X-Ray has no resources
            assert set(statement["Action"]) == {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
            continue
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        grants |= {(action, _logical(resource)) for action in statement["Action"] for resource in resources}
    return grants


def _logical(resource: dict[str, Any] | str) -> str:
    if isinstance(resource, str):
        return resource
    ((kind, value),) = resource.items()
    if kind == "Fn::Sub" and ":event-source-mapping:" in value:
        return str(value.rpartition("${")[2].removesuffix("}"))
    if kind == "Fn::Sub" and ":parameter/" in value:
        return str(value.rpartition("${")[2].removesuffix("}"))
    if kind == "Fn::Sub":
        assert value.endswith(":parameter${AttributeMapParameter}")
        return MAP_PARAMETER
    return str(value) if kind == "Ref" else str(value[0])


def test_no_role_has_a_wildcard() -> None:
    """Every action and every resource is named, but for those of X-Ray, where it is on, and of metrics."""
    for function in BY_SERVICES:
        wide = {grant for grant in allowed(function) if "*" in "".join(grant)}
        assert wide <= {("cloudwatch:GetMetricData", "*")}


def test_the_receiver_may_do_what_it_does(deployment: Deployment) -> None:
    """A delivery for all three queues."""
    okta = deployment.okta
    user = okta.create_user({"login": "ada.brook@example.com", "firstName": "Ada", "lastName": "Brook"})
    okta.add_members(okta.create_group("Sales"), [user])
    okta.suspend(user)
    other = okta.create_user({"login": "ben.cole@example.com", "firstName": "Ben", "lastName": "Cole"})
    okta.assign_user(other)
    deployment.deliver([hook_form(entry) for entry in okta.log.all()])
    assert deployment.grants | BY_SERVICES["Receiver"] == allowed("Receiver")


def test_the_consumer_may_do_what_it_does(deployment: Deployment) -> None:
    """Users and groups through their lives: linked, changed, held, parked, moved, failed, and gone."""
    okta, genesys = deployment.okta, deployment.genesys
    group, genesys_group = okta.create_group("Sales"), genesys.add_group("Sales")
    people = []
    for name in ("Ada", "Ben", "Cay", "Dan"):
        person = okta.create_user({"login": f"{name}@example.com", "firstName": name, "lastName": "Brook"})
        okta.assign_user(person)
        people.append(person)
        assert deployment.sync("UsersQueue", f"user:{person}")
    okta.add_members(group, people)
    assert deployment.sync("GroupsQueue", f"group:{group}")
    assert len(genesys.members(genesys_group)) == len(people)
    # A joiner enqueues the group; one member may be removed, the next two are held.
    joiner = okta.create_user({"login": "eve@example.com", "firstName": "Eve", "lastName": "Brook"})
    okta.assign_user(joiner)
    okta.add_members(group, [joiner])
    assert deployment.sync("UsersQueue", f"user:{joiner}")
    for leaving in (people[:1], people[1:3], []):
        okta.remove_members(group, leaving)
        assert deployment.sync("GroupsQueue", f"group:{group}")
    assert len(genesys.members(genesys_group)) == len(people)
    # An assignment ends while the application is off; its return brings the user back.
    okta.unassign_user(people[3])
    okta.deactivate_app()
    assert deployment.sync("UsersQueue", f"user:{people[3]}")
    okta.activate_app()
    assert deployment.sync("UsersQueue", "app")
    assert deployment.sync("UsersQueue", f"user:{people[3]}")
    # Credentials lose their role: every queue gives its message back; then it is given again.
    genesys.take_role()
    assert not deployment.sync("LeaversQueue", f"user:{people[0]}")
    assert not deployment.sync("UsersQueue", f"user:{people[1]}")
    assert not deployment.sync("GroupsQueue", f"group:{group}")
    genesys.give_role()
    # An item that comes twice is answered by its record.
    again = make_item(f"user:{people[0]}", Reason.OPERATOR, "again").to_json()
    for _ in range(2):
        deployment.asked += 1
        assert deployment.consume("UsersQueue", again)
    # What nobody can read is parked, and what was parked is closed by a sync that goes well.
    deployment.asked += 1
    assert deployment.consume("UsersQueue", "no item")
    with okta.quietly():
        okta.deactivate(people[2])
        okta.delete(people[2])
    assert deployment.sync("UsersQueue", f"user:{people[2]}")
    # The account is gone in Genesys Cloud, so its link releases it.
    account = genesys.find_user("Ben@example.com")
    assert account is not None
    genesys.delete_user(account["id"])
    okta.deactivate(people[1])
    assert deployment.sync("LeaversQueue", f"user:{people[1]}")
    assert deployment.grants | BY_SERVICES["Consumer"] == allowed("Consumer")


def test_the_log_poller_may_do_what_it_does(deployment: Deployment) -> None:
    """Somebody leaves, others join, a group changes: an item for each queue, and one more for what is due."""
    okta = deployment.okta
    for _ in range(2):
        person = okta.create_user({"login": f"ada{okta.rng.random()}@example.com", "firstName": "A", "lastName": "B"})
        okta.assign_user(person)
        okta.add_members(okta.create_group(f"Sales {person}"), [person])
    okta.deactivate(person)
    with deployment.recorded():
        assert log_poller.handler({}, cast("Any", Context())) == {"outcome": "ended"}
        DynamoStore(boto3.client("dynamodb"), deployment.aws.physical["StateTable"]).note_due(
            Due(f"user:{person}", LEAVER, datetime.now(UTC))
        )
        assert log_poller.handler({"do": "due"}, cast("Any", Context())) == {"outcome": "ended"}
    waiting = [deployment.aws.depths(TEMPLATE)[queue] for queue in sorted(QUEUES)]
    assert [depth["visible"] for depth in waiting] == [2, 2, 1]
    assert deployment.grants | BY_SERVICES["LogPoller"] == allowed("LogPoller")


def test_the_reconciler_may_do_what_it_does(deployment: Deployment) -> None:
    """The first whole comparison, which waits for the queues, and a sync of one entity on demand."""
    okta, genesys = deployment.okta, deployment.genesys
    boto3.client("dynamodb").delete_item(
        TableName=deployment.aws.physical["StateTable"], Key={"pk": {"S": "app"}, "sk": {"S": "state"}}
    )
    person = okta.create_user({"login": "ada@example.com", "firstName": "Ada", "lastName": "Brook"})
    okta.assign_user(person)
    okta.create_group("Sales")
    genesys.add_group("Sales")
    with deployment.recorded():
        waits = reconciler.handler({"do": "start"}, cast("Any", Context(900_000)))
    assert waits["run"]["waiting"] == "queues-not-empty"
    own = set(deployment.grants)
    assert deployment.sync("UsersQueue", f"user:{person}")
    deployment.grants = own
    boto3.client("sqs").purge_queue(QueueUrl=deployment.aws.physical["UsersQueue"])
    with deployment.recorded():
        ended = reconciler.handler({"do": "continue"}, cast("Any", Context(900_000)))
        sent = reconciler.handler({"do": "start", "entity": f"user:{person}"}, cast("Any", Context(900_000)))
    assert (ended["outcome"], sent["outcome"]) == ("ended", "sent")
    assert deployment.grants | BY_SERVICES["Reconciler"] == allowed("Reconciler")
