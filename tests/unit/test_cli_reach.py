"""How the command finds a bridge, and what it says when there is none, or no answer."""

from __future__ import annotations

from typing import Any, cast

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
)

from bridge.operations.asked import READER
from bridge_cli.places import (
    APPROVALS_OUTPUT,
    LOCAL_APPROVALS,
    LOCAL_OPERATIONS,
    LOCAL_PORT,
    OPERATIONS_OUTPUT,
    READ_TIMEOUT,
    local,
)
from bridge_local.template import Template
from tests.stages.cli_answers import decided, refused, shown, status
from tests.stages.cli_stage import OUTPUTS, READERS, Stage


def client_error(code: str) -> ClientError:
    """What boto3 raises when AWS says no."""
    return ClientError({"Error": {"Code": code, "Message": "AWS says no"}}, "Invoke")


def test_a_deployed_stack_is_found_by_its_outputs() -> None:
    """The functions have no names of their own; the connection may be named before or after the command."""
    for line in ("status --stack prod", "--stack prod status"):
        stage = Stage(status=status())
        stage.environment = {}
        assert stage.run(line).code == 0
        assert stage.aws.invoked == [(READERS, {"do": "status"})]


def test_the_commands_that_are_named_lead_to_the_same_bridge() -> None:
    """They carry region and profile."""
    stage = Stage(status=status(parked=1))
    out = stage.run("status --region eu-west-1 --profile ops").out
    assert "bridge parked list --stack prod --region eu-west-1 --profile ops" in out


def test_the_local_stack_needs_no_account() -> None:
    """Its endpoint, its function names, its STS, and credentials that are none."""
    stage = Stage(holds_show=shown(), approve=decided())
    stage.environment = {}
    stage.aws.credentials = stage.aws.region_name = None
    functions = stage.aws.functions
    stage.aws.functions = {
        "Operations:reader": functions[READERS],
        "Approvals": functions[OUTPUTS["ApprovalsFunction"]],
    }
    ran = stage.run("holds approve 00g1a2b3 --why OPS-1 --yes --local --port 9000")
    assert ran.code == 0
    assert "bridge holds show group:00g1a2b3 --local --port 9000" in ran.out
    [(service, options)] = stage.aws.clients
    assert (service, options["endpoint_url"]) == ("lambda", "http://127.0.0.1:9000")
    assert stage.decided[0]["identity"].startswith("http://127.0.0.1:9003/?")
    assert LOCAL_PORT == 8080


def test_the_local_tables_are_reached_where_the_stacks_aws_listens() -> None:
    """A restore finds DynamoDB three ports on, by the tables' logical names, which the template has."""
    stage = Stage()
    place = local(cast("Any", stage.aws), 9000)
    assert place.service is not None
    place.service("dynamodb")
    service, options = stage.aws.clients[-1]
    assert (service, options["endpoint_url"]) == ("dynamodb", "http://127.0.0.1:9003")
    assert place.stack == ""
    tables = {name for name, _ in Template().of_type("AWS::DynamoDB::Table")}
    assert tables == {"StateTable", "IdempotencyTable"}


def test_the_template_has_what_the_command_relies_on() -> None:
    """Outputs, the alias for readers, the local names, and functions that answer before the command gives up."""
    template = Template()
    outputs = {name: output["Value"] for name, output in template.document["Outputs"].items()}
    for output, name in ((OPERATIONS_OUTPUT, LOCAL_OPERATIONS), (APPROVALS_OUTPUT, LOCAL_APPROVALS)):
        assert outputs[output] == {"Ref": name}
        assert template.function(name)["Timeout"] < READ_TIMEOUT
    aliases = [properties for _, properties in template.of_type("AWS::Lambda::Alias")]
    assert {"Ref": LOCAL_OPERATIONS} in [each["FunctionName"] for each in aliases if each["Name"] == READER]


@pytest.mark.parametrize(
    ("lacking", "code", "says"),
    [
        ({"environment": {}}, 2, "Add --stack NAME (or set BRIDGE_STACK), or --local"),
        ({"region_name": None}, 2, "Add --region"),
        ({"credentials": None}, 3, "aws sso login"),
        ({"outputs": {"OperationsFunction": "x"}}, 3, "has no output ApprovalsFunction"),
    ],
)
def test_what_is_missing_on_the_way_is_named(lacking: dict[str, Any], code: int, says: str) -> None:
    """With what to add."""
    stage = Stage(status=status())
    for name, value in lacking.items():
        setattr(stage if name == "environment" else stage.aws, name, value)
    ran = stage.run("status")
    assert (ran.code, stage.aws.invoked) == (code, [])
    assert says in ran.err


@pytest.mark.parametrize(
    ("raised", "code", "says"),
    [
        (client_error("AccessDeniedException"), 3, "AWS does not allow it: AWS says no"),
        (client_error("ExpiredTokenException"), 3, "AWS does not allow it"),
        (client_error("TooManyRequestsException"), 4, "AWS is busy"),
        (client_error("ResourceNotFoundException"), 3, "Check --stack"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:8080"), 3, "does `make local` run"),
        (ReadTimeoutError(endpoint_url="x"), 4, "whether it was done is not known"),
        (NoCredentialsError(), 3, "No AWS credentials."),
        (ProfileNotFound(profile="ops"), 3, "Check --profile"),
    ],
)
def test_what_keeps_aws_from_answering_is_said_with_what_to_do(raised: Exception, code: int, says: str) -> None:
    """Without a traceback."""
    ran = Stage(status=raised).run("status")
    assert ran.code == code
    assert says in ran.err
    assert "Traceback" not in ran.err


def test_a_function_that_fails_is_no_answer() -> None:
    """Lambda answers 200 and says so in a field."""
    stage = Stage(status={"errorType": "Sandbox.Timedout", "errorMessage": "Timed out after 60 s"})
    invoke = stage.aws.invoke
    stage.aws.invoke = lambda **named: invoke(**named) | {"FunctionError": "Unhandled"}  # type: ignore[method-assign] # a function that fails
    ran = stage.run("status --json")
    assert ran.code == 1
    assert "Timed out after 60 s" in ran.err
    assert ran.document == {
        "ok": False,
        "error": {
            "reason": "failed",
            "message": "The function stack-Operations-1A:reader failed: Sandbox.Timedout Timed out after 60 s",
            "do": "Its log says more. Asking again is harmless.",
        },
    }


@pytest.mark.parametrize("answer", [None, [], {"status": "ok"}, {"ok": True, "queues": 7}])
def test_an_answer_of_another_version_is_not_guessed(answer: Any) -> None:
    """It says what may be the matter."""
    ran = Stage(status=[answer]).run("status")
    assert ran.code == 1
    assert "different versions" in ran.err


def test_a_refusal_is_shown_with_its_code() -> None:
    """Also one that nobody has advice for."""
    ran = Stage(status=refused("not-available", "not here.")).run("status")
    assert (ran.code, ran.err) == (1, "bridge: not here. (not-available)\n")


def test_ctrl_c_while_reading_has_changed_nothing() -> None:
    """130, and no traceback."""
    ran = Stage(status=status()).run("status", interrupt_at="status")
    assert (ran.code, ran.err) == (130, "bridge: Interrupted. Nothing was changed.\n")
