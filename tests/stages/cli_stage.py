"""A stage for the command line: its real `main`, a terminal of paper, and an AWS whose functions are given."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TextIO, cast

from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from bridge.operations.decision_requests import parse_decision
from bridge.operations.requests import parse_operation
from bridge_cli.__main__ import Surroundings, main

START = datetime(2026, 11, 24, 9, tzinfo=UTC)
#: Where the person sits: five hours west.
ZONE = timezone(timedelta(hours=-5))
OUTPUTS = {"OperationsFunction": "stack-Operations-1A", "ApprovalsFunction": "stack-Approvals-2B"}
READERS = "stack-Operations-1A:reader"
NAMES = "stack-Operations-1A:names"
CREDENTIALS = Credentials("AKIAEXAMPLE", "secret-key", "session-token")

Handler = Callable[[Any], Any]


class Paper(io.StringIO):
    """A stream that says whether it is a terminal."""

    def __init__(self, text: str = "", *, terminal: bool = False) -> None:
        super().__init__(text)
        self.terminal = terminal

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self.terminal


@dataclass
class FakeAws:
    """Stands for a `boto3.Session` and its clients.

    Attributes:
        functions: what answers an invocation, by the function's name; an exception is raised as the client would.
        outputs: of the one stack there is.
        region_name: the region that applies.
        credentials: the caller's.
        clients: service and options of every client that was made.
        invoked: function and payload of every invocation.
    """

    functions: dict[str, Handler]
    outputs: Mapping[str, str] = field(default_factory=lambda: OUTPUTS)
    region_name: str | None = "eu-west-1"
    credentials: Credentials | None = CREDENTIALS
    clients: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    invoked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def client(self, service: str, /, **options: Any) -> FakeAws:
        """A client: the same for all services."""
        self.clients.append((service, options))
        return self

    def get_credentials(self) -> Credentials | None:
        """The caller's credentials."""
        return self.credentials

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        """CloudFormation's answer."""
        assert StackName == "prod"
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs.items()]
        return {"Stacks": [{"StackName": StackName, "Outputs": outputs}]}

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        """Lambda's answer."""
        payload = json.loads(Payload)
        self.invoked.append((FunctionName, payload))
        if FunctionName == NAMES and NAMES not in self.functions:  # a right of its own, which few have
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not allowed"}}, "Invoke")
        answer = self.functions[FunctionName](payload)
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode())}


@dataclass
class Ran:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON on standard output."""
        return json.loads(self.out)


class Stage:
    """Runs commands against given functions.

    Attributes:
        answers: for each operation what it answers, one after the other, the last one for ever.
        asked: every operation that was asked, checked against the contract.
        decided: every decision that was asked, likewise.
        aws: stands for AWS.
    """

    def __init__(self, **answers: Any) -> None:
        """Answers by operation, with ``_`` in the place of ``.``: one document, or a list of them."""
        self.answers = {
            name.replace("_", "."): list(answer) if isinstance(answer, list) else [answer]
            for name, answer in answers.items()
        }
        self.asked: list[dict[str, Any]] = []
        self.decided: list[dict[str, Any]] = []
        self.aws = FakeAws(
            {
                OUTPUTS["OperationsFunction"]: self._operation,
                READERS: self._read,
                OUTPUTS["ApprovalsFunction"]: self._decision,
            }
        )
        self.environment = {"BRIDGE_STACK": "prod"}
        self.seconds = 0.0
        self.pauses: list[float] = []
        self.interrupt_at: str = ""

    def run(
        self,
        line: str | Sequence[str],
        *,
        typed: str = "",
        terminal: bool = False,
        interrupt_at: str = "",
        stdout: TextIO | None = None,
    ) -> Ran:
        """Run a command line.

        Args:
            line: without ``bridge``.
            typed: what a person at a terminal answers.
            terminal: whether somebody sits there who answers nothing.
            interrupt_at: the operation, ``question`` or ``wait`` at which Ctrl-C comes.
            stdout: where the output goes, paper when not given.
        """
        self.interrupt_at = interrupt_at
        stdin = Paper(typed, terminal=bool(typed) or terminal)
        paper, stderr = Paper(terminal=terminal), Paper(terminal=terminal)
        if interrupt_at == "question":
            stdin.readline = _interrupted  # type: ignore[method-assign,assignment] # a person presses Ctrl-C
        surroundings = Surroundings(
            stdin=stdin,
            stdout=stdout or paper,
            stderr=stderr,
            environment=self.environment,
            session=lambda _profile, _region: cast("Any", self.aws),
            sleep=self._sleep,
            clock=lambda: self.seconds,
            now=lambda: START + timedelta(seconds=self.seconds),
            zone=ZONE,
        )
        code = main(line.split() if isinstance(line, str) else line, surroundings)
        return Ran(code, paper.getvalue(), stderr.getvalue())

    def _operation(self, payload: Any) -> Any:
        parse_operation(payload)
        self.asked.append(payload)
        return self._answer(payload["do"])

    def _read(self, payload: Any) -> Any:
        assert parse_operation(payload).reads
        if payload["do"] == "because" and "because" not in self.answers:  # asked beside what a command is about
            return {"ok": True, "known": True, "causes": [], "missing": 0}
        return self._operation(payload)

    def _decision(self, payload: Any) -> Any:
        parse_decision(payload)
        self.decided.append(payload)
        return self._answer(payload["do"])

    def _answer(self, do: str) -> Any:
        if self.interrupt_at == do:
            raise KeyboardInterrupt
        answers = self.answers[do]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _sleep(self, seconds: float) -> None:
        if self.interrupt_at == "wait":
            raise KeyboardInterrupt
        self.pauses.append(seconds)
        self.seconds += seconds


def _interrupted() -> str:
    raise KeyboardInterrupt
