"""The whole stack in one process, and one child that consumes the queues."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

from bridge.aws.store.dynamo import DynamoStore
from bridge.okta.events import HOOK_TYPES
from bridge.operations.asked import READER
from bridge.operations.bridge_answers import Status
from bridge.settings import Mode
from bridge_local import ROOT, keep
from bridge_local.acts import Acts
from bridge_local.aws import Aws
from bridge_local.checked_settings import check_settings
from bridge_local.children import Child
from bridge_local.console import Console
from bridge_local.exchange import Model, Request, Response
from bridge_local.front import Front
from bridge_local.functions import Function
from bridge_local.genesys import GenesysModel, GenesysSwitches
from bridge_local.hook_calls import challenge, deliver
from bridge_local.lambda_api import LambdaApi
from bridge_local.logs import FunctionLogs
from bridge_local.moto_model import Moto
from bridge_local.okta import UNLIMITED, HookDispatcher, OktaModel, OktaSwitches
from bridge_local.okta.dispatcher import Post
from bridge_local.options import DEFAULTS, Options, whole
from bridge_local.play import Play, Stagehand
from bridge_local.schedules import Schedules
from bridge_local.server import Server
from bridge_local.sources import Sources
from bridge_local.template import Source, Template

#: Seconds between two checks of what the hooks have to deliver.
_TICK = 0.05


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


#: What an administrator has set up in the local Genesys Cloud, for attribute maps to name.
_CONFIGURED = {
    "divisions": {"Berlin"},
    "roles": {"Supervisor"},
    "skills": {"Billing", "Sales", "Support"},
    "languages": {"Deutsch", "English"},
}


class Stack:
    """Everything of the local stack; a context manager that starts and stops it.

    Attributes:
        options: as given.
        aws: clients and names of what was made in moto.
        okta: the Okta simulator's model, None when an outside server takes its place.
        genesys: likewise for Genesys Cloud.
        dispatcher: delivers the Okta model's events, None without one.
        logs: what the functions print.
        console: shows all of it.
        sources: what reads the queues.
        functions: those that are invoked by name.
    """

    def __init__(
        self,
        options: Options,
        *,
        seed: int = 0,
        okta_switches: OktaSwitches | None = None,
        post: Post | None = None,
    ) -> None:
        """`seed` is the models' only randomness; `post` sends deliveries, by default over HTTP."""
        self.options = options
        self.template = Template()
        self.aws = Aws(options.url(3))
        self._kept = keep.load(options.state_dir)
        numbers = random.Random(seed)  # noqa: S311 - a simulation
        self.okta = self._okta_model(numbers, okta_switches)
        self.dispatcher = (
            None if self.okta is None else HookDispatcher(self.okta, post or deliver, utc_now, _split(numbers))
        )
        self.genesys = self._genesys_model(numbers)
        self._directory = options.state_dir or Path(tempfile.mkdtemp(prefix="bridge-local-"))
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"STATE_DIR: {error.strerror}: {options.state_dir}") from None
        self.logs = FunctionLogs(self._directory / "functions.log")
        self._moto = Moto()
        self.console = Console(
            options,
            self.aws,
            self._moto,
            self.template,
            self.okta,
            self.genesys,
            self.logs,
            self._status,
            utc_now,
        )
        #: The environment as it was found: the receiver, which runs in this process, gets its own below.
        self._dependencies = dict(os.environ)
        self._stop = Event()
        self._said: Status | None = None
        self._mode = ""
        self._closers: list[Callable[[], None]] = [self._forget]
        self.sources = Sources({each.mapping_id: each for each in self.template.sources("Consumer")}, self._consumer)
        self.functions = functions = {name: self._function(name) for name in self.template.invoked}
        self._lambda = LambdaApi({**functions, **self._play()}, self.sources, options.concurrency)
        self._schedules = Schedules(self.template.schedules, functions, options.schedule_speed)
        self._closers.insert(1, self._schedules.join)  # when the functions are closed

    def __enter__(self) -> Self:
        """Start everything; a failure stops what has started."""
        try:
            self._start()
        except BaseException:  # an interrupt, too, must leave no process behind; it goes on
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        self.close()

    @property
    def consumer_pids(self) -> list[int]:
        """The process ids of the consumers, one for each queue."""
        return self.sources.pids

    def depths(self) -> dict[str, dict[str, int]]:
        """Messages by queue, see `Aws.depths`."""
        return self.aws.depths(self.template)

    @property
    def hook_url(self) -> str:
        """Where deliveries go."""
        return self.options.hook_url

    def close(self) -> None:
        """Stop in the order in which work flows: deliveries, queues, servers."""
        self._stop.set()
        self.sources.stop()
        self._schedules.stop()
        while self._closers:
            self._closers.pop()()

    # ---------------------------------------------------------------------------------------- starting

    def _okta_model(self, numbers: random.Random, switches: OktaSwitches | None) -> OktaModel | None:
        if self.options.okta_url:
            return None
        switches = switches or OktaSwitches(rate_limits=UNLIMITED, hook_window=1.0, host_links=True)
        token, org_url = self.options.secret["okta_token"], self.options.url(1)
        kept = self._kept.get("okta")
        if kept:
            kept = {**kept, "org_url": org_url}
            return OktaModel.from_state(kept, utc_now, _split(numbers), switches, api_token=token, challenge=challenge)
        return OktaModel(
            utc_now,
            _split(numbers),
            switches,
            org_url=org_url,
            app_id=self.options.app_id,
            api_token=token,
            challenge=challenge,
        )

    def _genesys_model(self, numbers: random.Random) -> GenesysModel | None:
        if self.options.genesys_api_url and self.options.genesys_login_url:
            return None
        name = "GENESYS_REQUESTS_PER_MINUTE"
        pace = whole(self.options.variables, name, int(DEFAULTS[name]), 1, 1_000_000)
        model = GenesysModel(
            utc_now,
            _split(numbers),
            GenesysSwitches(token_per_minute=pace, client_per_minute=pace),
            client_id=self.options.secret["genesys_client_id"],
            client_secret=self.options.secret["genesys_client_secret"],
            base_url=self.options.url(2),
        )
        if self._kept.get("genesys"):
            model.from_state(self._kept["genesys"])
        else:
            for exist, names in _CONFIGURED.items():
                getattr(model.directory, exist).update(names)
        return model

    def _play(self) -> dict[str, Play]:
        """The function for scenes, where both sides are ours."""
        if self.okta is None or self.genesys is None:
            return {}
        store = DynamoStore(self.aws.client("dynamodb"), "StateTable")  # as it is named here
        return {"Play": Play(Stagehand(self.okta, self.genesys, store, self._set_mode), Acts(self.okta, self.genesys))}

    def _set_mode(self, mode: str) -> None:
        """Deploy the functions with this mode, or with their own when it is empty."""
        self._mode = mode
        for function in self.functions.values():
            function.restart()
        self.sources.restart()

    def _start(self) -> None:
        self._moto.reset()
        self._serve(self._moto, 3)
        self.aws.create(self.template, self.options)
        check_settings(self.aws, self.template, self.options)
        if self._kept:
            keep.restore_aws(self.aws, self._kept["aws"])
        self._skip_first_day()
        self._closers.append(self._keep)
        if self.okta is not None:
            self._serve(self.okta, 1)
        if self.genesys is not None:
            self._serve(self.genesys, 2)
        self._serve(self._front(), 0)
        self._consume()
        self._schedules.start()
        if self.okta is not None and self.dispatcher is not None:
            if not any(hook.uri == self.hook_url and hook.delivers for hook in self.okta.hooks.values()):
                self._register_hook()
            self._begin(self._deliver, "hooks")

    def _skip_first_day(self) -> None:
        """This company has its first comparison behind it, so that changes show at once what they do every day."""
        store = DynamoStore(self.aws.client("dynamodb"), self.aws.physical["StateTable"])
        mode = self.options.variables.get("MODE") or DEFAULTS["MODE"]
        if mode == Mode.ENFORCE:  # who only observes has never compared to change anything
            store.set_bootstrapped()
        store.note_reconciled(mode)

    def _forget(self) -> None:
        """Leave nothing behind that shall not outlive the stack, also of one that could not start."""
        self.logs.close()
        if self.options.state_dir is None:
            shutil.rmtree(self._directory)

    def _keep(self) -> None:
        """Write the state down if it shall outlive the stack."""
        if self.options.state_dir is None:
            return
        keep.save(
            self._directory,
            {
                "aws": keep.aws_state(self.aws, self.template),
                "okta": self.okta.to_state() if self.okta else None,
                "genesys": self.genesys.to_state() if self.genesys else None,
            },
        )

    def _register_hook(self) -> None:
        """Register and verify the bridge's hook with the Okta simulator."""
        if self.okta is None:
            return
        headers = {"authorization": f"SSWS {self.options.secret['okta_token']}", "content-type": "application/json"}
        scheme = {
            "type": "HEADER",
            "key": self.options.variables.get("HOOK_SECRET_HEADER") or "Authorization",
            "value": self.options.secret["hook_secret"],
        }
        document = {
            "name": "Bridge",
            "events": {"type": "EVENT_TYPE", "items": sorted(HOOK_TYPES)},
            "channel": {"type": "HTTP", "version": "1.0.0", "config": {"uri": self.hook_url, "authScheme": scheme}},
        }
        made = self.okta.handle(Request.of("POST", "/api/v1/eventHooks", headers, json.dumps(document).encode()))
        hook_id = json.loads(made.body)["id"]
        verified = self.okta.handle(Request.of("POST", f"/api/v1/eventHooks/{hook_id}/lifecycle/verify", headers))
        if verified.status != HTTPStatus.OK:
            raise RuntimeError(f"the hook could not be verified: {verified.body.decode()}")

    def _serve(self, model: Model, offset: int) -> None:
        for host in self.options.hosts:
            server = Server(model, host, self.options.port + offset)
            server.start()
            self._closers.append(server.close)

    def _status(self) -> Status | None:
        """What the bridge says of itself; the last word again while it answers somebody else, None without any."""
        operations = self.functions["Operations"]
        if operations.busy and self._said is not None:
            return self._said
        answered = operations.invoke({"do": "status"}, READER)
        if answered.failed or not answered.payload.get("ok"):
            self._said = None
        else:
            self._said = Status.model_validate(answered.payload)
        return self._said

    def _front(self) -> Front:
        self._closers.append(lambda: _put_back(self._dependencies))
        os.environ.update(self.aws.environment(self.template, "Receiver", self.options))
        # The function reads its environment and takes hold of standard output when it is imported.
        redirect = contextlib.redirect_stdout(self.logs)
        redirect.__enter__()
        self._closers.append(lambda: redirect.__exit__(None, None, None))
        from functions.receiver import app

        app.compose.cache_clear()
        return Front(app.handler, self.template.routes("Receiver"), self._other_path)

    def _other_path(self, request: Request) -> Response | None:
        return self._lambda.handle(request) or self.console.handle(request)

    def _environment(self, function: str) -> dict[str, str]:
        """The variables of a process that runs a function."""
        paths = os.pathsep.join([str(ROOT), str(ROOT / "layers" / "bridge")])
        ours = self.aws.environment(self.template, function, self.options)
        if self._mode and "MODE" in ours:
            ours["MODE"] = self._mode
        return {**self._dependencies, **ours, "PYTHONPATH": paths}

    def _function(self, name: str) -> Function:
        seconds = float(self.template.function(name)["Timeout"])
        function = Function(name, lambda: self._environment(name), seconds, self.logs)
        self._closers.append(function.close)
        return function

    def _consumer(self, source: Source) -> Child:
        """A process for a queue, as Lambda has one for each batch at a time."""
        module = ["bridge_local.consumer", source.queue]
        return Child(module, self._environment("Consumer"), self.logs, f"The consumer of {source.queue}")

    def _consume(self) -> None:
        self._closers.append(self.sources.join)
        for mapping_id in self.sources.known:
            self.sources.enable(mapping_id)

    def _begin(self, run: Callable[[], None], name: str) -> None:
        thread = Thread(target=run, name=name, daemon=True)
        thread.start()
        self._closers.append(thread.join)

    # ----------------------------------------------------------------------------------------- running

    def _deliver(self) -> None:
        dispatcher = self.dispatcher
        while dispatcher is not None and not self._stop.wait(_TICK):
            dispatcher.run_due()


def _put_back(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


def _split(numbers: random.Random) -> random.Random:
    """Another source of numbers, determined by the first."""
    return random.Random(numbers.random())  # noqa: S311 - a simulation
