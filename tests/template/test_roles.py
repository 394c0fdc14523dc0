"""Each function's role allows the AWS calls that the function makes, and no other."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast

import boto3
import pytest
from botocore.client import BaseClient
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from moto import mock_aws

from bridge.composition import Outside
from bridge.http import Transport, WireRequest, WireResponse
from bridge.items import Reason, fresh_item
from bridge.operations.composition import Outside as Asked
from bridge.operations.identity import Identities
from bridge.operations.signing import binding, sign_identity, sts_endpoint
from bridge.provisioning.records import Hold, HoldState, ParkedItem
from bridge.store.dynamo import DynamoStore
from bridge_local import ROOT
from bridge_local.aws import Aws, queue_name
from bridge_local.genesys import GenesysModel, GenesysSwitches
from bridge_local.okta import UNLIMITED, OktaModel, OktaSwitches
from bridge_local.okta.event_forms import envelope, hook_form
from bridge_local.options import Options
from bridge_local.poller import record
from bridge_local.template import Template
from bridge_local.transport import ModelTransport
from functions.approvals import app as approvals
from functions.consumer import app as consumer
from functions.operations import app as operations
from functions.receiver import app as receiver
from tests.functional.jwt_key import public_jwk
from tests.world import Context

TEMPLATE = Template()
DEFAULT_MAP = ROOT / "layers/bridge/bridge/mapping/default_map.json"
LANES = {"LeaversQueue", "UsersQueue", "GroupsQueue"}
CLIENT_ID = "0oaBridgeServiceApp1"
MAP_PARAMETER = "/bridge/map"
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
        # Lambda's pollers read the lanes ("Using Lambda with Amazon SQS", execution role permissions).
        *(
            (action, lane)
            for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
            for lane in LANES
        ),
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
#: Operations whose IAM action has another name (Service Authorization Reference); the others bear their own.
ACTIONS = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
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
    okta: OktaModel
    genesys: GenesysModel
    grants: set[Grant] = field(default_factory=set)
    recording: bool = False
    asked: int = 0

    def note(self, service: str, operation: str, arguments: dict[str, Any]) -> None:
        """Remember what a call of a function needs."""
        if not self.recording:
            return
        logical = {physical: name for name, physical in self.aws.physical.items()} | {MAP_PARAMETER: MAP_PARAMETER}
        prefix = SERVICES[service]
        if operation == "TransactWriteItems":
            for write in arguments["TransactItems"]:
                ((kind, of),) = write.items()
                self.grants.add((f"dynamodb:{kind}Item", logical[of["TableName"]]))
            return
        names = ("QueueUrl", "TableName", "SecretId", "KeyId", "Name", "TopicArn", "UUID")
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

    def ask(self, **asked: Any) -> dict[str, Any]:
        """Ask the operations function, as an operator."""
        with self.recorded():
            answer = operations.handler(asked, cast("Any", Context()))
        assert isinstance(answer, dict)
        assert answer["ok"], answer
        return answer

    def approve(self, **asked: Any) -> dict[str, Any]:
        """Ask the approvals function, signed with this process's credentials; moto takes any signature."""
        credentials = boto3.Session().get_credentials()
        assert credentials is not None
        bound = binding("consumer", asked["do"], asked["entity"], asked["number"], asked["revision"], asked["why"])
        identity = sign_identity(credentials, "us-east-1", bound, endpoint=sts_endpoint("us-east-1"))
        with self.recorded():
            return approvals.handler({**asked, "identity": identity}, cast("Any", Context()))

    def deliver(self, events: list[dict[str, Any]]) -> None:
        """Have the receiver take a delivery."""
        body = json.dumps(envelope("https://example.okta.com/hook", "delivery", datetime.now(UTC), events))
        with self.recorded():
            headers = {"Authorization": "local-secret"}
            answer = receiver.handler({"httpMethod": "POST", "headers": headers, "body": body}, None)
        assert answer["statusCode"] == 204

    def look(self, lane: str, entity: str, reason: Reason = Reason.OPERATOR) -> bool:
        """Have the consumer look at an entity; whether its message is done."""
        self.asked += 1
        return self.consume(lane, fresh_item(entity, reason, str(self.asked)).to_json())

    def consume(self, lane: str, body: str) -> bool:
        """Have the consumer take one message that really is in the lane; whether it is done."""
        sqs, url = boto3.client("sqs"), self.aws.physical[lane]
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
    """Both functions with the environment that the template gives them, and everything that they call recorded."""
    variables = {
        "OKTA_AUTH": "oauth",
        "OKTA_CLIENT_ID": CLIENT_ID,
        "ATTRIBUTE_MAP_PARAMETER": MAP_PARAMETER,
        "LINKED_GROUPS": "Sales",
        "GROUP_REMOVAL_CEILING": "1",
    }
    options = Options(variables=variables)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        aws = MotoAws("")
        aws.create(TEMPLATE, options)
        boto3.client("sqs").set_queue_attributes(QueueUrl=aws.physical["GroupsQueue"], Attributes={"DelaySeconds": "0"})
        boto3.client("ssm").put_parameter(Name=MAP_PARAMETER, Value=DEFAULT_MAP.read_text("utf-8"), Type="String")
        make_mappings(aws)
        for function in ("Receiver", "Consumer", "Operations", "Approvals"):
            for name, value in aws.environment(TEMPLATE, function, options).items():
                monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "")
        okta, genesys = models(aws, options)
        monkeypatch.setattr(
            consumer,
            "Outside",
            partial(Outside, okta_transport=ModelTransport(okta), genesys_transport=ModelTransport(genesys)),
        )
        monkeypatch.setattr(
            operations,
            "Outside",
            partial(Asked, okta_transport=ModelTransport(okta), genesys_transport=ModelTransport(genesys)),
        )
        monkeypatch.setattr(approvals, "Identities", partial(Identities, transport=Sts()))
        made = Deployment(aws, okta, genesys)
        original = vars(BaseClient)["_make_api_call"]

        def make_api_call(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
            made.note(client.meta.service_model.service_id.hyphenize(), operation, arguments)
            return original(client, operation, arguments)

        monkeypatch.setattr(BaseClient, "_make_api_call", make_api_call)
        composed = (receiver.compose, consumer.compose, operations.compose, approvals.compose)
        for compose in composed:
            compose.cache_clear()
        yield made
        for compose in composed:
            compose.cache_clear()


class Sts(Transport):
    """STS, which knows everybody as Ada."""

    def handle_request(self, request: WireRequest) -> WireResponse:
        """GetCallerIdentity."""
        assert request.url.host == "sts.us-east-1.amazonaws.com"
        arn = "arn:aws:sts::123456789012:assumed-role/Approvers/ada"
        body = f"<GetCallerIdentityResult><Arn>{arn}</Arn></GetCallerIdentityResult>"
        space = "https://sts.amazonaws.com/doc/2011-06-15/"
        return WireResponse(200, text=f'<GetCallerIdentityResponse xmlns="{space}">{body}</GetCallerIdentityResponse>')


def make_mappings(aws: MotoAws) -> None:
    """The consumer's event source mappings, made in moto: they have ids of their own."""
    role = boto3.client("iam").create_role(RoleName="consumer", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "")
    client = boto3.client("lambda")
    client.create_function(
        FunctionName="Consumer", Runtime="python3.13", Role=role, Handler="a.h", Code={"ZipFile": code.getvalue()}
    )
    for source in TEMPLATE.sources("Consumer"):
        arn = f"arn:aws:sqs:us-east-1:123456789012:{queue_name(source.queue)}"
        # An enabled one would have moto look for a container engine with every message.
        made = client.create_event_source_mapping(FunctionName="Consumer", EventSourceArn=arn, Enabled=False)
        aws.physical[source.name] = made["UUID"]


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
    scopes = ["okta.users.read", "okta.groups.read", "okta.apps.read", "okta.logs.read"]
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
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        grants |= {(action, _logical(resource)) for action in statement["Action"] for resource in resources}
    return grants


def _logical(resource: dict[str, Any]) -> str:
    ((kind, value),) = resource.items()
    if kind == "Fn::Sub" and ":event-source-mapping:" in value:
        return str(value.rpartition("${")[2].removesuffix("}"))
    if kind == "Fn::Sub":
        assert value.endswith(":parameter${AttributeMapParameter}")
        return MAP_PARAMETER
    return str(value) if kind == "Ref" else str(value[0])


def test_no_role_has_a_wildcard() -> None:
    """Every action and every resource of the functions' roles is named."""
    for function in BY_SERVICES:
        assert not [grant for grant in allowed(function) if "*" in "".join(grant)]


def test_the_receiver_may_do_what_it_does(deployment: Deployment) -> None:
    """A delivery for all three lanes."""
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
        assert deployment.look("UsersQueue", f"user:{person}")
    okta.add_members(group, people)
    assert deployment.look("GroupsQueue", f"group:{group}")
    assert len(genesys.members(genesys_group)) == len(people)
    # A joiner brings the group; one member may be removed, the next two are held.
    joiner = okta.create_user({"login": "eve@example.com", "firstName": "Eve", "lastName": "Brook"})
    okta.assign_user(joiner)
    okta.add_members(group, [joiner])
    assert deployment.look("UsersQueue", f"user:{joiner}")
    for leaving in (people[:1], people[1:3], []):
        okta.remove_members(group, leaving)
        assert deployment.look("GroupsQueue", f"group:{group}")
    assert len(genesys.members(genesys_group)) == len(people)
    # An assignment ends while the application is off; its return brings the user back.
    okta.unassign_user(people[3])
    okta.deactivate_app()
    assert deployment.look("UsersQueue", f"user:{people[3]}")
    okta.activate_app()
    assert deployment.look("UsersQueue", "app")
    assert deployment.look("UsersQueue", f"user:{people[3]}")
    # Credentials lose their role: every lane gives its message back; then it is given again.
    genesys.take_role()
    assert not deployment.look("LeaversQueue", f"user:{people[0]}")
    assert not deployment.look("UsersQueue", f"user:{people[1]}")
    assert not deployment.look("GroupsQueue", f"group:{group}")
    genesys.give_role()
    # An item that comes twice is answered by its record.
    again = fresh_item(f"user:{people[0]}", Reason.OPERATOR, "again").to_json()
    for _ in range(2):
        deployment.asked += 1
        assert deployment.consume("UsersQueue", again)
    # What nobody can read is parked, and what was parked is closed by a look that goes well.
    deployment.asked += 1
    assert deployment.consume("UsersQueue", "no item")
    with okta.quietly():
        okta.deactivate(people[2])
        okta.delete(people[2])
    assert deployment.look("UsersQueue", f"user:{people[2]}")
    # The account is gone in Genesys Cloud, so its link lets go of it.
    account = genesys.find_user("Ben@example.com")
    assert account is not None
    genesys.delete_user(account["id"])
    okta.deactivate(people[1])
    assert deployment.look("LeaversQueue", f"user:{people[1]}")
    assert deployment.grants | BY_SERVICES["Consumer"] == allowed("Consumer")


def open_hold(deployment: Deployment, entity: str, user: str) -> None:
    """A hold that waits for two days already."""
    opened = datetime.now(UTC) - timedelta(days=2)
    store = DynamoStore(boto3.client("dynamodb"), deployment.aws.physical["StateTable"])
    store.stage(entity, 1, 1, [user])
    store.save_hold(Hold(entity, 1, HoldState.OPEN, 1, "ceiling-count", 1, (), opened, opened))
    store.park(ParkedItem(entity, "i1", "{}", "user-not-visible", "", opened))


def test_the_operations_function_may_do_what_it_does(deployment: Deployment) -> None:
    """Every request once, for a user and a group that are linked, and for some that are not."""
    okta, genesys = deployment.okta, deployment.genesys
    group, _ = okta.create_group("Sales"), genesys.add_group("Sales")
    person = okta.create_user({"login": "ada@example.com", "firstName": "Ada", "lastName": "Brook"})
    okta.assign_user(person)
    okta.add_members(group, [person])
    assert deployment.look("UsersQueue", f"user:{person}")
    assert deployment.look("GroupsQueue", f"group:{group}")
    open_hold(deployment, f"group:{group}", person)
    deployment.grants.clear()
    for entity in (f"user:{person}", f"group:{group}"):
        deployment.ask(do="sync", entity=entity)
        deployment.ask(do="sync", entity=entity, apply=True)
        deployment.ask(do="explain", entity=entity)
        deployment.ask(do="diff", entity=entity)
    for do in ("holds.list", "remind", "diff", "status", "parked.list", "reconcile.status"):
        deployment.ask(do=do)
    for do in ("holds.show", "parked.show", "parked.redrive", "group.link", "group.unlink"):
        deployment.ask(do=do, entity=f"group:{group}")
    deployment.ask(do="group.ceiling", entity=f"group:{group}", count=5, percent=None)
    for do in ("pause", "resume"):
        assert deployment.ask(do=do, what="everything")["everything"] is (do == "pause")
        assert deployment.ask(do=do, what="removals")["removals"] is (do == "pause")
    assert deployment.grants | BY_SERVICES["Operations"] == allowed("Operations")


def test_the_approvals_function_may_do_what_it_does(deployment: Deployment) -> None:
    """It approves a group's hold and rejects the organisation's; asking STS who signed needs no permission."""
    for do, entity in (("approve", "group:00gTeamNorth00000001"), ("reject", "app")):
        open_hold(deployment, entity, "00uAdaBrook000000001")
        answer = deployment.approve(do=do, entity=entity, number=1, revision=1, why="OPS-17")
        assert answer["ok"], answer
        assert answer["decision"]["by"].endswith("/ada")
    deployment.approve(do="approve", entity="group:00gTeamNorth00000001", number=1, revision=1, why="OPS-17")
    assert deployment.grants | BY_SERVICES["Approvals"] == allowed("Approvals")
