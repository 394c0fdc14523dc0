"""The part of Lambda's API that the local stack speaks, asked with boto3: functions by name, and their queues."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from bridge.approvals.signing import binding, sign_identity
from bridge.aws.store.dynamo import DynamoStore
from bridge.items import parse_time
from bridge.provisioning.hold_records import Hold, HoldState
from bridge_local import ROOT
from bridge_local.demo import free_ports
from bridge_local.exchange import Request, Response
from bridge_local.functions import Function, Invoked
from bridge_local.lambda_api import LambdaApi
from bridge_local.logs import FunctionLogs
from bridge_local.options import Options
from bridge_local.server import Server
from bridge_local.sources import Sources
from bridge_local.stack import Stack
from bridge_local.template import Template

TEAM = "group:00gTeamNorth00000001"
LEAVERS = Template().sources("Consumer")[0]


class Told(Function):
    """A function without a process: it answers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, str]] = []
        self.came = Event()

    def invoke(self, event: Any, qualifier: str = "") -> Invoked:
        """The event again."""
        self.asked.append((event, qualifier))
        self.came.set()
        if event == {"fail": True}:
            return Invoked({"errorType": "KeyError", "errorMessage": "fail"}, failed=True)
        return Invoked({"event": event, "through": qualifier})


class Others:
    """The stack's front with nothing else behind it."""

    def __init__(self, api: LambdaApi) -> None:
        self._api = api

    def handle(self, request: Request) -> Response:
        """Lambda's part, else nothing."""
        return self._api.handle(request) or Response(404)


def client(port: int) -> Any:
    """boto3's client of Lambda, as the command line has it."""
    return boto3.client(
        "lambda",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def served() -> Iterator[tuple[Any, Told]]:
    """The API over HTTP, with one function and no queues."""
    told = Told()
    api = LambdaApi({"Operations": told}, Sources({}, lambda _: pytest.fail("no queue is read")), 1000)
    server = Server(Others(api), "127.0.0.1", 0)
    server.start()
    yield client(server.port), told
    server.close()


def ask(lambda_client: Any, payload: Any, **more: str) -> dict[str, Any]:
    """Invoke a function; its answer."""
    answer = lambda_client.invoke(**{"FunctionName": "Operations", "Payload": json.dumps(payload).encode(), **more})
    document = json.loads(answer["Payload"].read() or b"null")
    return {"answer": document, "error": answer.get("FunctionError", ""), "status": answer["StatusCode"]}


def test_a_function_is_invoked_by_name_by_arn_and_through_an_alias(served: tuple[Any, Told]) -> None:
    """The three forms that Lambda takes, and an alias by either way."""
    lambda_client, _ = served
    arn = "arn:aws:lambda:us-east-1:123456789012:function:Operations"
    forms: list[tuple[dict[str, str], str]] = [
        ({"FunctionName": "Operations"}, ""),
        ({"FunctionName": arn}, ""),
        ({"FunctionName": "Operations", "Qualifier": "reader"}, "reader"),
        ({"FunctionName": f"{arn}:reader"}, "reader"),
    ]
    for form, through in forms:
        assert ask(lambda_client, {"do": "status"}, **form)["answer"] == {"event": {"do": "status"}, "through": through}


def test_a_failure_of_a_function_is_told_as_lambda_tells_it(served: tuple[Any, Told]) -> None:
    """With the header that boto3 shows as FunctionError; an unknown function is an error of the API."""
    lambda_client, _ = served
    failed = ask(lambda_client, {"fail": True})
    assert (failed["error"], failed["answer"]["errorType"]) == ("Unhandled", "KeyError")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        ask(lambda_client, {}, FunctionName="Nobody")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        lambda_client.get_event_source_mapping(UUID=LEAVERS.mapping_id)


def test_an_event_is_taken_and_answered_by_nothing(served: tuple[Any, Told]) -> None:
    """202 at once; the function gets it all the same."""
    lambda_client, told = served
    assert ask(lambda_client, {"do": "remind"}, InvocationType="Event") == {"answer": None, "error": "", "status": 202}
    assert told.came.wait(10)
    assert told.asked == [({"do": "remind"}, "")]


def test_a_process_that_ends_or_hangs_fails_one_invocation_alone(tmp_path: Path) -> None:
    """As an environment of Lambda: the next invocation has a new one; after the stack's end there is none."""
    logs = FunctionLogs(tmp_path / "log")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "layers" / "bridge")])}
    function = Function("Approvals", lambda: environment, 60, logs)
    first = function.invoke({"do": "approve"})
    assert first.payload["error"]["field"] == "entity"
    process = function._process
    assert process is not None
    process.kill()
    process.wait()
    assert function.invoke({"do": "approve"}).payload["error"]["field"] == "entity"
    hasty = Function("Approvals", lambda: environment, 0.01, logs)
    late = hasty.invoke({"do": "approve"})
    assert (late.failed, late.payload["errorType"]) == (True, "Sandbox.Timedout")
    for each in (function, hasty):
        each.close()
    assert function.invoke({}).failed
    logs.close()


def test_people_ask_the_running_stack() -> None:
    """Pause and resume stop and start the queues' processes; a hold is approved in the name that STS confirms."""
    options = Options(port=free_ports(4), people=0)
    with Stack(options) as stack:
        lambda_client = client(options.port)
        assert ask(lambda_client, {"do": "status"})["answer"]["mode"] == "enforce"
        assert ask(lambda_client, {"do": "pause", "what": "everything"}, Qualifier="reader")["answer"]["ok"] is False
        assert ask(lambda_client, {"do": "pause", "what": "everything"})["answer"]["everything"] is True
        assert stack.consumer_pids == []
        mapping = lambda_client.get_event_source_mapping(UUID=LEAVERS.mapping_id)
        assert (mapping["State"], mapping["BatchSize"]) == ("Disabled", 1)
        now = parse_time("2026-11-24T09:00:00Z")
        store = DynamoStore(stack.aws.client("dynamodb"), stack.aws.physical["StateTable"])
        store.save_hold(Hold(TEAM, 1, HoldState.OPEN, 1, "ceiling-count", 1, (), now, now))
        store.stage(TEAM, 1, 1, ["00u1"])
        asked = {"do": "approve", "entity": TEAM, "number": 1, "revision": 1, "why": "OPS-17"}
        bound = binding("Approvals", "approve", TEAM, 1, 1, "OPS-17")
        credentials = Credentials("local", "local")
        identity = sign_identity(credentials, "us-east-1", bound, endpoint=options.url(3))
        decided = ask(lambda_client, {**asked, "identity": identity}, FunctionName="Approvals")["answer"]
        assert decided["ok"], decided
        assert decided["decision"]["by"].startswith("arn:aws:sts::123456789012:")
        foreign = sign_identity(credentials, "us-east-1", bound, endpoint="https://sts.us-east-1.amazonaws.com")
        refused = ask(lambda_client, {**asked, "identity": foreign}, FunctionName="Approvals")["answer"]
        assert refused["error"]["reason"] == "identity-refused"
        assert ask(lambda_client, {"do": "resume", "what": "everything"})["answer"]["everything"] is False
        assert [stack.sources.enabled(each.mapping_id) for each in Template().sources("Consumer")] == [True] * 3


def test_the_quota_of_concurrent_executions_is_told(served: tuple[Any, Told]) -> None:
    """As GetAccountSettings reports it."""
    assert served[0].get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 1000
