"""Where a bridge runs, and the names of the functions that answer there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from bridge_cli.ends import End, Stopped

if TYPE_CHECKING:
    from botocore.config import Config

#: The stack's outputs that name the two functions.
OPERATIONS_OUTPUT = "OperationsFunction"
APPROVALS_OUTPUT = "ApprovalsFunction"
#: Further outputs: where Okta delivers to, and where alarms go.
HOOK_OUTPUT, TOPIC_OUTPUT = "HookUrl", "AlarmTopicArn"
#: The bridge's secret.
SECRET_OUTPUT, _LOCAL_SECRET = "BridgeSecretArn", "BridgeSecret"
#: As the local stack names them.
LOCAL_OPERATIONS, LOCAL_APPROVALS = "Operations", "Approvals"
#: What the local stack alone has: it prepares scenes.
LOCAL_PLAY = "Play"
#: Where `make local` listens unless it is told otherwise.
LOCAL_PORT = 8080
#: The local stack's region, and what its AWS takes for credentials.
_LOCAL_REGION = "us-east-1"
_LOCAL_KEY = "local"
#: The port of the local stack's AWS, counted from its first.
_LOCAL_AWS = 3
#: Seconds to wait for an answer: longer than the functions may run.
READ_TIMEOUT = 75


def _config() -> Config:
    from botocore.config import Config  # half of the time that --help would take

    return Config(
        connect_timeout=10,
        read_timeout=READ_TIMEOUT,
        # A request may come twice: the second one finds the first one's work.
        retries={"mode": "standard", "total_max_attempts": 2},
    )


class Session(Protocol):
    """What is used of a `boto3.Session`."""

    @property
    def region_name(self) -> str | None:
        """The region that applies."""
        ...

    def client(self, service: Any, /, **options: Any) -> Any:
        """A client of a service."""
        ...

    def get_credentials(self) -> Any:
        """The caller's credentials, None without any."""
        ...


@dataclass(frozen=True)
class Place:
    """A running bridge.

    Attributes:
        options: the options that lead there again, for commands that are named to people.
        client: Lambda's.
        operations: the name of the operations function.
        approvals: the name of the approvals function.
        region: the region.
        credentials: of the caller.
        sts: where STS is; the region's own when empty.
        service: makes a client of another service, with the caller's own credentials.
        stack: the stack's name; empty for the local one, where resources bear their logical names.
        outputs: the stack's, by name; of the local one those that it has.
        parameters: the stack's, by name; none of the local one.
    """

    options: str
    client: Any
    operations: str
    approvals: str
    region: str
    credentials: Any
    sts: str = ""
    service: Callable[[str], Any] | None = None
    stack: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)


def options_of(*, local: bool = False, port: int = LOCAL_PORT, stack: str | None = None, **others: str | None) -> str:
    """The options that lead to a bridge again; `others` are the region and the profile."""
    if local:
        return "--local" if port == LOCAL_PORT else f"--local --port {port}"
    given = (("stack", stack), *others.items()) if stack else ()
    return " ".join(f"--{name} {value}" for name, value in given if value)


def local(session: Session, port: int) -> Place:
    """The local stack on a port."""
    from botocore.credentials import Credentials

    def made(service: str, at: int = port + _LOCAL_AWS) -> Any:
        return session.client(
            service,
            endpoint_url=f"http://127.0.0.1:{at}",
            region_name=_LOCAL_REGION,
            aws_access_key_id=_LOCAL_KEY,
            aws_secret_access_key=_LOCAL_KEY,
            aws_session_token=None,
            config=_config(),
        )

    client = made("lambda", port)
    aws = f"http://127.0.0.1:{port + _LOCAL_AWS}"
    outputs = {SECRET_OUTPUT: _LOCAL_SECRET, HOOK_OUTPUT: f"http://127.0.0.1:{port}/okta/events"}
    return Place(
        options_of(local=True, port=port),
        client,
        LOCAL_OPERATIONS,
        LOCAL_APPROVALS,
        _LOCAL_REGION,
        Credentials(_LOCAL_KEY, _LOCAL_KEY),
        sts=aws,
        service=made,
        outputs=outputs,
    )


def deployed(session: Session, stack: str, options: str) -> Place:
    """A deployed stack, by its outputs.

    Raises:
        Stopped: there are no credentials or no region, or the stack is no bridge that has the two functions.
    """
    region = session.region_name
    if not region:
        raise Stopped(End.USAGE, "No AWS region.", "Add --region, or set AWS_REGION.")
    credentials = session.get_credentials()
    if credentials is None:
        raise Stopped(End.UNREACHABLE, "No AWS credentials.", "Add --profile, or sign in with `aws sso login`.")
    described = session.client("cloudformation", config=_config()).describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", ())}
    missing = [name for name in (OPERATIONS_OUTPUT, APPROVALS_OUTPUT) if not outputs.get(name)]
    if missing:
        raise Stopped(
            End.UNREACHABLE,
            f"The stack {stack} has no output {' and no '.join(missing)}.",
            "Is it the bridge's stack, and its deployment complete? The AWS console shows its outputs.",
        )
    return Place(
        options,
        session.client("lambda", config=_config()),
        outputs[OPERATIONS_OUTPUT],
        outputs[APPROVALS_OUTPUT],
        region,
        credentials,
        service=lambda service: session.client(service, config=_config()),
        stack=stack,
        outputs=outputs,
        parameters={each["ParameterKey"]: each.get("ParameterValue", "") for each in described.get("Parameters", ())},
    )
