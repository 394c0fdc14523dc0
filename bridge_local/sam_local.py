"""``make sam-local``: every example of ``events/``, through the built functions in containers, beside a local stack."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any

from bridge.aws.store.dynamo import DynamoStore
from bridge_local import ROOT, container_env, examples, sam
from bridge_local.demo import free_ports
from bridge_local.genesys import GenesysModel
from bridge_local.hook_calls import deliver
from bridge_local.okta import OktaModel
from bridge_local.options import Options
from bridge_local.stack import Stack
from bridge_local.template import Template

EVENTS = ROOT / "events"
#: Seconds that one invocation, the start of the API, and the queues may take.
_PATIENCE = 180
_EMPTY: list[str] = []

Say = Callable[[str], None]


@dataclass(frozen=True)
class Case:
    """One file of ``events/`` and what the function answers.

    Attributes:
        file: its name, ``<function>-<case>``.
        expected: the status of a receiver's answer, the messages that a consumer gives back, or how a request is
            answered: ``ok``, the reason of a refusal, ``html``; or a run's outcome.
    """

    file: str
    expected: int | list[str] | str

    @property
    def function(self) -> str:
        """The function's logical id: ``log_poller`` is ``LogPoller``."""
        return "".join(word.title() for word in self.file.partition("-")[0].split("_"))


#: In this order: the group before the sync of Cleo, which asks for a sync of her groups itself.
CASES = (
    Case("receiver-challenge", 200),
    Case("receiver-wrong-secret", 401),
    Case("receiver-preview", 204),
    Case("consumer-group", _EMPTY),
    Case("consumer-user", _EMPTY),
    Case("consumer-leaver", _EMPTY),
    Case("consumer-batch", _EMPTY),
    Case("consumer-unreadable", _EMPTY),
    Case("receiver-delivery", 204),
    Case("receiver-bulk", 204),
    Case("log_poller-tick", "ended"),
    Case("reconciler-start", "ended"),
    Case("reconciler-continue", "ended"),
    Case("operations-status", "ok"),
    Case("operations-holds", "ok"),
    Case("operations-sync", "ok"),
    Case("operations-explain", "ok"),
    Case("operations-remind", "ok"),
    Case("operations-invalid", "invalid-request"),
    Case("operations-widget", "html"),
    Case("approvals-unknown-hold", "not-found"),
    Case("approvals-free-text", "invalid-request"),
)


def outcome(answer: Any) -> int | list[str] | str:
    """What a case expects, of an answer."""
    if isinstance(answer, str):
        return "html"
    if "ok" in answer:
        return "ok" if answer["ok"] else str(answer["error"]["reason"])
    if "outcome" in answer:
        return str(answer["outcome"])
    failures = answer.get("batchItemFailures")
    return int(answer.get("statusCode", 0)) if failures is None else [each["itemIdentifier"] for each in failures]


class Wrong(Exception):
    """What was found is not what must be."""


def main() -> int:
    """Run it all; 0 also when this machine cannot, which is said."""
    lacking = sam.missing(Template().document["Globals"]["Function"]["Runtime"]) or _engine_missing()
    if lacking:
        print(f"sam local is left out: {lacking}.")
        return 0
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    output, started = sys.stdout, time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - started:4.0f} s  {line}", file=output, flush=True)

    try:
        say("Building layers and functions")
        sam.build(sam.BUILT, cached=True)
        _run(say)
    except (Wrong, TimeoutError, subprocess.TimeoutExpired) as wrong:
        say(f"WRONG: {wrong}")
        return 1
    say("Every function answered every example, and Genesys Cloud holds what Okta says.")
    return 0


def _run(say: Say) -> None:
    options = Options(port=free_ports(5), bind=_bridge_address())
    api_url = f"http://127.0.0.1:{options.port + 4}/okta/events"

    def post(_url: str, headers: Mapping[str, str], body: bytes, _timeout: float) -> int:
        # A container takes longer to start than Okta waits.
        return deliver(api_url, headers, body, _PATIENCE)

    with tempfile.TemporaryDirectory(prefix="sam-local-") as name, Stack(options, post=post) as stack:
        directory = Path(name)
        okta, genesys = stack.okta, stack.genesys
        if okta is None or genesys is None:
            raise RuntimeError("both simulators are needed")
        examples.add(okta, genesys, DynamoStore(stack.aws.client("dynamodb"), stack.aws.physical["StateTable"]))
        variables = directory / "env.json"
        variables.write_text(container_env.document(options), encoding="utf-8")
        say(f"The stack stands on {' and '.join(options.hosts)}, ports {options.port} to {options.port + 3}")
        arguments = ["--template", str(sam.BUILT / "template.yaml"), "--env-vars", str(variables), *_engine_options()]
        say("consumer-user, while Genesys Cloud denies the role: the message must go back")
        genesys.take_role()
        _invoke(Case("consumer-user", _message_ids("consumer-user")), arguments, directory, say)
        genesys.give_role()
        for case in CASES:
            _invoke(case, arguments, directory, say)
        _settle(stack)
        _check(stack, genesys)
        say("Genesys Cloud holds what Okta says of everybody in the examples")
        with _api(options.port + 4, arguments, directory, say):
            _verify(api_url, options, say)
            _deliver(okta, genesys, say)


# ------------------------------------------------------------------------------------------------- engine


def _engine_missing() -> str:
    try:
        done = subprocess.run(["docker", "version"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S607 - whichever is on PATH
    except (OSError, subprocess.TimeoutExpired):
        return "there is no container engine (docker is not on PATH, or does not answer)"
    return "" if done.returncode == 0 else f"there is no container engine ({done.stderr.strip()})"


def _engine_options() -> list[str]:
    """Containers must find this machine; an image that is here need not be looked for."""
    runtime = Template().document["Globals"]["Function"]
    version, architecture = runtime["Runtime"].removeprefix("python"), runtime["Architectures"][0]
    image = f"public.ecr.aws/lambda/python:{version}-{architecture}"
    done = subprocess.run(["docker", "image", "inspect", image], capture_output=True, timeout=30, check=False)  # noqa: S603, S607 - as above
    present = ["--skip-pull-image"] if done.returncode == 0 else []
    return ["--add-host", "host.docker.internal:host-gateway", *present]


def _bridge_address() -> str:
    """This machine's address on the engine's network; empty where it has none, and containers reach loopback."""
    done = subprocess.run(
        ["docker", "network", "inspect", "bridge", "--format", "{{json .IPAM.Config}}"],  # noqa: S607 - as above
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    network = json.loads(done.stdout)[0]
    address = network.get("Gateway") or str(next(ipaddress.ip_network(network["Subnet"]).hosts()))
    with socket.socket() as candidate:
        try:
            candidate.bind((address, 0))
        except OSError:
            return ""
    return str(address)


# -------------------------------------------------------------------------------------------- invocations


def _invoke(case: Case, arguments: list[str], directory: Path, say: Say) -> None:
    file = EVENTS / f"{case.file}.json"
    command = sam.command("local", "invoke", case.function, "--event", str(file), *arguments)
    with _running(command, directory, subprocess.PIPE, subprocess.PIPE) as process:
        stdout, stderr = process.communicate(timeout=_PATIENCE)
    found = outcome(_answer(stdout))
    if found != case.expected:
        raise Wrong(f"{case.file}: answered {found}, expected {case.expected}\n{stdout}\n{stderr}")
    say(f"{case.file}: {found}")


@contextlib.contextmanager
def _running(
    command: list[str], directory: Path, stdout: IO[str] | int, stderr: IO[str] | int
) -> Iterator[subprocess.Popen[str]]:
    """A program of sam's, ended whatever happens; asked first, so that it takes its containers with it."""
    # sam's locks are temporary files too: those of a run that was ended early must not hold the next one up.
    environment = {**sam.environment(), "TMPDIR": str(directory)}
    process = subprocess.Popen(  # noqa: S603 - our own command line
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answer(stdout: str) -> dict[str, Any] | str:
    """The function's answer, the last line of standard output; empty when there is none."""
    lines = [line for line in stdout.splitlines() if line.strip()]
    try:
        answer = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return {}
    return answer if isinstance(answer, dict | str) else {}


def _message_ids(file: str) -> list[str]:
    event = json.loads((EVENTS / f"{file}.json").read_text(encoding="utf-8"))
    return [record["messageId"] for record in event["Records"]]


@contextlib.contextmanager
def _api(port: int, arguments: list[str], directory: Path, say: Say) -> Iterator[None]:
    """``sam local start-api``, and its end, whatever happens meanwhile."""
    log = directory / "api.log"
    command = sam.command("local", "start-api", "--port", str(port), "--no-watch", *arguments)
    with log.open("w") as output, _running(command, directory, output, output) as api:
        try:
            _wait(lambda: api.poll() is not None or _listens(port), "sam local start-api")
            say("sam local start-api runs")
            yield
        except (Wrong, OSError, http.client.HTTPException) as error:
            raise Wrong(f"sam local start-api: {error}\n{log.read_text()}") from error


def _listens(port: int) -> bool:
    with socket.socket() as candidate:
        return candidate.connect_ex(("127.0.0.1", port)) == 0


def _verify(url: str, options: Options, say: Say) -> None:
    """Okta's one-time verification of a hook."""
    connection = http.client.HTTPConnection("127.0.0.1", options.port + 4, timeout=_PATIENCE)
    headers = {"Authorization": options.secret["hook_secret"], "X-Okta-Verification-Challenge": "invented-4711"}
    with contextlib.closing(connection):
        connection.request("GET", url, headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
    if answer.status != http.client.OK or json.loads(text) != {"verification": "invented-4711"}:
        raise Wrong(f"the challenge: answered {answer.status} {text}")
    say(f"start-api: the challenge is answered, {answer.status}")


def _deliver(okta: OktaModel, genesys: GenesysModel, say: Say) -> None:
    """A change in Okta, delivered by its hook to the API, must reach Genesys Cloud."""
    okta.update_profile(examples.ADA, {"title": "Team Lead"})

    def arrived() -> bool:
        account = genesys.find_user(examples.login(examples.ADA))
        return account is not None and account.get("title") == "Team Lead"

    _wait(arrived, "a title that was delivered to the API to reach Genesys Cloud")
    say("start-api: a delivery is taken, and Genesys Cloud has the new title")


# -------------------------------------------------------------------------------------------------- state


def _settle(stack: Stack) -> None:
    """Wait until every queue is empty."""
    _wait(lambda: not any(sum(depth.values()) for depth in stack.depths().values()), "the queues to be empty")


def _wait(done: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {_PATIENCE} s for {what}")
        time.sleep(0.5)


def _check(stack: Stack, genesys: GenesysModel) -> None:
    """Everybody of the examples is in Genesys Cloud as Okta says, the groups too, and one message is parked."""
    accounts = {}
    for user_id in examples.NAMES:
        account = genesys.find_user(examples.login(user_id)) or {}
        accounts[user_id] = account.get("id")
        found = (account.get("externalId"), account.get("active"))
        if found != (user_id, user_id not in examples.LEFT):
            raise Wrong(f"{user_id}: externalId and active are {found} in Genesys Cloud")
    for group_id, (name, members) in examples.GROUPS.items():
        expected = {accounts[user_id] for user_id in members}
        if genesys.members(name) != expected:
            raise Wrong(f"{group_id}: has {sorted(genesys.members(name))}, expected {sorted(map(str, expected))}")
    parked = [each["reason"] for each in stack.console.parked()]
    if parked != ["unreadable-item"]:
        raise Wrong(f"parked: {parked}, expected the unreadable message alone")


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(130)


if __name__ == "__main__":
    sys.exit(main())
