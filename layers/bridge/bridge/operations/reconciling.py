"""The comparison of everything: asked of the reconciler, and told from its record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Transient
from bridge.operations import bridge_answers
from bridge.provisioning.runs import Run, Runs
from bridge.settings import Mode

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class ReconcileService:
    """Starts comparisons and tells of the newest one."""

    def __init__(self, runs: Runs, client: LambdaClient, function: str, mode: Mode) -> None:
        """`function` is the reconciler's name; a run that began in another `mode` does not go on."""
        self._mode = mode
        self._runs = runs
        self._client = client
        self._function = function

    def start(self) -> bridge_answers.ReconcileStarted:
        """Answers ``reconcile.start``: a new run, or the one that is under way goes on at once."""
        before = self._runs.run()
        try:
            # An event: a run takes longer than anybody waits here.
            self._client.invoke(FunctionName=self._function, InvocationType="Event", Payload=b'{"do": "start"}')
        except (BotoCoreError, ClientError) as error:
            raise Transient("reconciler-unavailable", upstream="lambda") from error
        if before is not None and before.unfinished and before.mode == self._mode.value:
            return bridge_answers.ReconcileStarted(started=False, id=str(before.number), run=self._shown(before))
        number = 1 if before is None else before.number + 1
        return bridge_answers.ReconcileStarted(started=True, id=str(number), run=None)

    def status(self) -> bridge_answers.ReconcileState:
        """Answers ``reconcile.status``."""
        return bridge_answers.ReconcileState(run=self.newest())

    def newest(self) -> bridge_answers.ReconcileRun | None:
        """The newest run, None before the first."""
        return self._shown(self._runs.run())

    @staticmethod
    def _shown(run: Run | None) -> bridge_answers.ReconcileRun | None:
        if run is None:
            return None
        state: Literal["running", "done", "failed"] = "running"
        if not run.unfinished:
            state = "failed" if run.failed else "done"
        return bridge_answers.ReconcileRun(
            id=str(run.number),
            mode=run.mode,
            state=state,
            started=run.started,
            ended=run.ended,
            phase=run.phase.value,
            waiting=run.waiting,
            failed=run.failed,
            done=run.done,
            of=run.of,
            seconds_left=(run.seconds_left or None) if run.unfinished else None,
            items=run.items,
            counts=dict(run.counts),
            ids={finding: list(ids) for finding, ids in run.ids.items()},
        )
