"""The command line in `tests.world`: the real `main`, real functions behind it, and an STS that checks."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast
from urllib.parse import parse_qsl

from bridge.approvals.approvals import Approvals
from bridge.approvals.identity import Identities
from bridge.approvals.signing import BINDING_HEADER, sign_identity
from bridge.operations.decision_requests import parse_decision
from bridge.operations.edge import answered
from bridge.outbound.http import HttpClient, Transport, WireRequest, WireResponse
from bridge_cli.__main__ import Surroundings, main
from tests.stages.cli_stage import CREDENTIALS, OUTPUTS, READERS, ZONE, FakeAws, Paper, Ran
from tests.stages.operations_stage import Stage

REGION, ACCOUNT = "eu-west-1", "123456789012"
ENDPOINT = f"https://sts.{REGION}.amazonaws.com"
APPROVER = f"arn:aws:sts::{ACCOUNT}:assumed-role/Approvers/kim"


class CheckingSts(Transport):
    """Names the approver to anyone who shows a signature that is right, as AWS does: for the header that came along."""

    def handle_request(self, request: WireRequest) -> WireResponse:
        """Sign again what was signed, and compare."""
        expected = sign_identity(CREDENTIALS, REGION, request.headers[BINDING_HEADER], endpoint=ENDPOINT)
        if dict(parse_qsl(expected.partition("?")[2])) != dict(request.url.params):
            return WireResponse(403, text="<ErrorResponse/>")
        return WireResponse(
            200,
            text='<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
            f"<Arn>{APPROVER}</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>",
        )


@dataclass
class Office:
    """An operator who is also an approver.

    Attributes:
        stage: the functions, and the company behind them.
        aws: what stands for AWS.
        network: what stands for everything that this machine asks over HTTP.
        environment: variables of the shell, beside the stack's name.
    """

    stage: Stage = field(default_factory=Stage)
    network: Transport | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        stage, world = self.stage, self.stage.world
        identities = Identities(ENDPOINT, REGION, ACCOUNT, world.clock, transport=CheckingSts())
        approvals = Approvals(world.store, world.queues, world.clock, identities, OUTPUTS["ApprovalsFunction"])
        self.aws = FakeAws(
            {
                OUTPUTS["OperationsFunction"]: lambda payload: stage.operations.handle(payload, reader=False),
                READERS: lambda payload: stage.operations.handle(payload, reader=True),
                OUTPUTS["ApprovalsFunction"]: lambda payload: answered(
                    lambda: approvals.decide(parse_decision(payload))
                ),
            }
        )
        self._started = world.clock.now()

    def bridge(self, line: str, *, code: int | None = 0, typed: str = "", lines: Sequence[str] = ()) -> Ran:
        """Run a command; while it waits, time passes and the queues are worked off.

        A person has `typed`, or a program passes `lines`. It ends with `code`, or with any where that is None.
        """
        stdin = Paper(typed or "".join(f"{each}\n" for each in lines), terminal=bool(typed))
        stdout, stderr = Paper(), Paper()
        surroundings = Surroundings(
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            environment={"BRIDGE_STACK": "prod", **self.environment},
            session=lambda _profile, _region: cast("Any", self.aws),
            sleep=self._sleep,
            clock=self._clock,
            now=self.stage.world.clock.now,
            zone=ZONE,
            http=lambda origin, upstream: HttpClient(origin, upstream, transport=self.network),
        )
        ended = main(shlex.split(line), surroundings)
        ran = Ran(ended, stdout.getvalue(), stderr.getvalue())
        assert code is None or ended == code, ran
        return ran

    def ask(self, line: str) -> Any:
        """The document that a command answers a program."""
        return json.loads(self.bridge(f"{line} --json").out)

    def _clock(self) -> float:
        return (self.stage.world.clock.now() - self._started).total_seconds()

    def _sleep(self, seconds: float) -> None:
        self.stage.world.pass_time(timedelta(seconds=seconds) / timedelta(hours=1))
