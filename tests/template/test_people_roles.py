"""The roles of the functions that people ask allow the AWS calls that these make, and no other."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast

import boto3
import pytest

from bridge.approvals.signing import binding, sign_identity, sts_endpoint
from bridge.aws.dependencies import Dependencies
from bridge.aws.store.dynamo import DynamoStore
from bridge.outbound.http import Transport, WireRequest, WireResponse
from bridge.provisioning.hold_records import Hold, HoldState
from bridge.provisioning.records import ParkedItem
from bridge_local.aws import Aws, queue_name
from bridge_local.faults import Fault, cut
from bridge_local.transport import ModelTransport
from functions.approvals import app as approvals
from functions.operations import app as operations
from tests.template.test_roles import BY_SERVICES, TEMPLATE, Deployment, allowed, deployed
from tests.world import Context


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """As for the other functions; the queues' event source mappings and STS beside them."""
    with deployed(monkeypatch) as made:
        make_mappings(made.aws)
        for function in ("Operations", "Approvals"):
            for name, value in made.aws.environment(TEMPLATE, function, made.options).items():
                monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "")
        okta, genesys = ModelTransport(made.okta), ModelTransport(made.genesys)
        monkeypatch.setattr(
            operations, "Dependencies", partial(Dependencies, okta_transport=okta, genesys_transport=genesys)
        )
        monkeypatch.setattr(approvals, "Dependencies", partial(Dependencies, sts_transport=Sts()))
        operations.compose.cache_clear()
        approvals.compose.cache_clear()
        yield made
        operations.compose.cache_clear()
        approvals.compose.cache_clear()


class Sts(Transport):
    """STS, which knows everybody as Ada."""

    def handle_request(self, request: WireRequest) -> WireResponse:
        """GetCallerIdentity."""
        assert request.url.host == "sts.us-east-1.amazonaws.com"
        arn = "arn:aws:sts::123456789012:assumed-role/Approvers/ada"
        body = f"<GetCallerIdentityResult><Arn>{arn}</Arn></GetCallerIdentityResult>"
        space = "https://sts.amazonaws.com/doc/2011-06-15/"
        return WireResponse(200, text=f'<GetCallerIdentityResponse xmlns="{space}">{body}</GetCallerIdentityResponse>')


def make_mappings(aws: Aws) -> None:
    """The consumer's event source mappings, made in moto: they have ids of their own."""
    role = boto3.client("iam").create_role(RoleName="consumer", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "")
    client = boto3.client("lambda")
    client.create_function(
        FunctionName="Consumer", Runtime="python3.13", Role=role, Handler="a.h", Code={"ZipFile": code.getvalue()}
    )
    client.create_function(
        FunctionName="Reconciler", Runtime="python3.13", Role=role, Handler="a.h", Code={"ZipFile": code.getvalue()}
    )
    for source in TEMPLATE.sources("Consumer"):
        arn = f"arn:aws:sqs:us-east-1:123456789012:{queue_name(source.queue)}"
        # An enabled one would have moto look for a container engine with every message.
        made = client.create_event_source_mapping(FunctionName="Consumer", EventSourceArn=arn, Enabled=False)
        aws.physical[source.name] = made["UUID"]


def ask(deployment: Deployment, **asked: Any) -> dict[str, Any]:
    """Ask the operations function, as an operator."""
    with deployment.recorded():
        answer = operations.handler(asked, cast("Any", Context()))
    assert isinstance(answer, dict)
    assert answer["ok"], answer
    return answer


def approve(deployment: Deployment, **asked: Any) -> dict[str, Any]:
    """Ask the approvals function, signed with this process's credentials; moto takes any signature."""
    credentials = boto3.Session().get_credentials()
    assert credentials is not None
    bound = binding("consumer", asked["do"], asked["entity"], asked["number"], asked["revision"], asked["why"])
    identity = sign_identity(credentials, "us-east-1", bound, endpoint=sts_endpoint("us-east-1"))
    with deployment.recorded():
        return approvals.handler({**asked, "identity": identity}, cast("Any", Context()))


def reconsidered(deployment: Deployment, entity: str) -> dict[str, Any]:
    """Take all exceptions of an entity back."""
    credentials = boto3.Session().get_credentials()
    assert credentials is not None
    bound = binding("consumer", "reconsider", f"{entity} all", 0, 0, "OPS-17")
    identity = sign_identity(credentials, "us-east-1", bound, endpoint=sts_endpoint("us-east-1"))
    with deployment.recorded():
        asked = {"do": "reconsider", "entity": entity, "why": "OPS-17", "identity": identity}
        return approvals.handler(asked, cast("Any", Context()))


def kept(deployment: Deployment, entity: str, user: str) -> dict[str, Any]:
    """Put an exception of an entity back."""
    credentials = boto3.Session().get_credentials()
    assert credentials is not None
    bound = binding("consumer", "keep", f"{entity} {user}", 0, 0, "OPS-17")
    identity = sign_identity(credentials, "us-east-1", bound, endpoint=sts_endpoint("us-east-1"))
    with deployment.recorded():
        asked = {"do": "keep", "entity": entity, "users": [user], "why": "OPS-17", "identity": identity}
        return approvals.handler(asked, cast("Any", Context()))


def open_hold(deployment: Deployment, entity: str, user: str) -> None:
    """A hold that waits for two days already."""
    opened = datetime.now(UTC) - timedelta(days=2)
    store = DynamoStore(boto3.client("dynamodb"), deployment.aws.physical["StateTable"])
    store.save_hold(Hold(entity, 1, HoldState.OPEN, 1, "ceiling-count", 1, (), opened, opened))
    store.stage(entity, 1, 1, [user])
    store.park(ParkedItem(entity, "i1", "{}", "user-not-visible", "", opened))


def test_the_operations_function_may_do_what_it_does(deployment: Deployment) -> None:
    """Every request once, for a user and a group that are linked, and for some that are not."""
    okta, genesys = deployment.okta, deployment.genesys
    group, _ = okta.create_group("Sales"), genesys.add_group("Sales")
    person = okta.create_user({"login": "ada@example.com", "firstName": "Ada", "lastName": "Brook"})
    okta.assign_user(person)
    okta.add_members(group, [person])
    assert deployment.sync("UsersQueue", f"user:{person}")
    assert deployment.sync("GroupsQueue", f"group:{group}")
    open_hold(deployment, f"group:{group}", person)
    hire = okta.create_user({"login": "eve@example.com", "firstName": "Eve", "lastName": "Doe"})
    okta.assign_user(hire)
    genesys.faults.add(Fault("POST .*/users$", cut(), count=1))
    assert not deployment.sync("UsersQueue", f"user:{hire}")
    deployment.grants.clear()
    ask(deployment, do="sync", entity=f"user:{hire}")
    for entity in (f"user:{person}", f"group:{group}"):
        ask(deployment, do="sync", entity=entity)
        ask(deployment, do="sync", entity=entity, apply=True)
        ask(deployment, do="explain", entity=entity)
        ask(deployment, do="diff", entity=entity)
    for do in (
        "holds.list",
        "remind",
        "diff",
        "status",
        "parked.list",
        "reconcile.start",
        "reconcile.status",
        "export",
    ):
        ask(deployment, do=do)
    for do in ("holds.show", "parked.show", "parked.redrive", "journal", "group.link", "group.unlink"):
        ask(deployment, do=do, entity=f"group:{group}")
    for do in ("user.unlink", "sync"):  # gives the reverse record back, then takes it again
        ask(deployment, do=do, entity=f"user:{person}", apply=True)
    ask(deployment, do="parked.discard", entity=f"group:{group}", why="OPS-1")
    ask(deployment, do="group.ceiling", entity=f"group:{group}", count=5, percent=None)
    for do in ("pause", "resume"):
        assert ask(deployment, do=do, what="everything")["everything"] is (do == "pause")
        assert ask(deployment, do=do, what="removals")["removals"] is (do == "pause")
    ask(deployment, do="import.preview", decisions=ask(deployment, do="export")["decisions"])
    assert ask(deployment, do="confirm", what="organisation")["ok"] is True
    assert deployment.grants | BY_SERVICES["Operations"] == allowed("Operations")


def test_the_approvals_function_may_do_what_it_does(deployment: Deployment) -> None:
    """It approves a group's hold and rejects the organisation's; asking STS who signed needs no permission."""
    for do, entity in (("approve", "group:00gTeamNorth00000001"), ("reject", "app")):
        open_hold(deployment, entity, "00uAdaBrook000000001")
        answer = approve(deployment, do=do, entity=entity, number=1, revision=1, why="OPS-17")
        assert answer["ok"], answer
        assert answer["decision"]["by"].endswith("/ada")
    approve(deployment, do="approve", entity="group:00gTeamNorth00000001", number=1, revision=1, why="OPS-17")
    store = DynamoStore(boto3.client("dynamodb"), deployment.aws.physical["StateTable"])
    assert kept(deployment, "app", "00uAdaBrook000000001")["ok"]
    assert store.exceptions("app") == {"00uAdaBrook000000001"}
    assert reconsidered(deployment, "app")["users"] == ["00uAdaBrook000000001"]
    assert deployment.grants | BY_SERVICES["Approvals"] == allowed("Approvals")
