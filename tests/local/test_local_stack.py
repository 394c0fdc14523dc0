"""The running stack: a delivery over HTTP reaches Genesys Cloud, whatever happens to its processes meanwhile."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

from bridge_local import ROOT, examples
from bridge_local.demo import free_ports
from bridge_local.options import SECRET

DELIVERY = json.loads((ROOT / "events" / "receiver-delivery.json").read_text(encoding="utf-8"))["body"]
PATIENCE = 60


@contextmanager
def stack(state: Path) -> Iterator[tuple[str, int, subprocess.Popen[str]]]:
    """The command as people run it: the hook's origin, the port, the process; stopped by SIGTERM."""
    port = free_ports(4)
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge_local", "run"],
        cwd=ROOT,
        env={**os.environ, "PORT": str(port), "STATE_DIR": str(state), "EXAMPLES": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready")
        yield f"http://127.0.0.1:{port}", port, process
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def ask(url: str, headers: dict[str, str], body: str | None = None) -> tuple[int, Any]:
    """One request: status and JSON document, None without a body."""
    data = None if body is None else body.encode()
    with urlopen(Request(url, data, headers), timeout=10) as answer:  # noqa: S310 - our own server
        content = answer.read()
        return answer.status, json.loads(content) if content else None


def deliver(origin: str) -> int:
    """Send the example delivery."""
    return ask(
        f"{origin}/okta/events", {"Authorization": "local-secret", "Content-Type": "application/json"}, DELIVERY
    )[0]


def accounts(port: int) -> Callable[[str], list[bool]]:
    """Asks the Genesys Cloud simulator for the users of an externalId: whether each is active."""
    base = f"http://127.0.0.1:{port + 2}"
    pair = base64.b64encode(f"{SECRET['genesys_client_id']}:{SECRET['genesys_client_secret']}".encode()).decode()
    form = {"Authorization": f"Basic {pair}", "Content-Type": "application/x-www-form-urlencoded"}
    token = ask(f"{base}/oauth/token", form, "grant_type=client_credentials")[1]["access_token"]

    def find(okta_id: str) -> list[bool]:
        query = quote(f'externalId eq "{okta_id}"')
        found = ask(f"{base}/api/v2/scim/v2/users?filter={query}", {"Authorization": f"Bearer {token}"})[1]
        return [user["active"] for user in found["Resources"]]

    return find


def children(process: subprocess.Popen[str]) -> list[int]:
    """The process ids of the stack's own processes."""
    listed = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [int(pid) for task in listed for pid in task.read_text(encoding="utf-8").split()]


def eventually(condition: Callable[[], bool]) -> None:
    """Ask again until it is so."""
    end, pause = time.monotonic() + PATIENCE, Event()
    while not condition():
        assert time.monotonic() < end, "not in time"
        pause.wait(0.2)


def test_a_delivery_makes_one_user_though_consumers_die_and_the_state_outlives_the_stack(tmp_path: Path) -> None:
    """Every process is killed as the delivery comes: others take over. The next stack knows what this one did."""
    with stack(tmp_path) as (origin, port, process):
        find = accounts(port)
        assert find(examples.ADA) == []
        eventually(lambda: len(children(process)) == 4)
        killed = children(process)
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        assert [deliver(origin), deliver(origin)] == [204, 204]
        eventually(lambda: find(examples.ADA) == [True])
        eventually(lambda: find(examples.BEN) == [False])
        eventually(lambda: len(children(process)) == 4)
        assert not set(killed) & set(children(process))
    with stack(tmp_path) as (origin, port, _):
        find = accounts(port)
        assert (find(examples.ADA), find(examples.BEN)) == ([True], [False])
        assert deliver(origin) == 204
