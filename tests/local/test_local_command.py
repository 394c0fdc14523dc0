"""`make local` as a person meets it: a command, one line, four ports, and nothing left when it ends."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bridge_local import ROOT
from bridge_local.demo import free_ports

SECRET = {"Authorization": "local-secret"}


def ask(port: int, method: str, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, Any]:
    """Status and JSON of an answer."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path, headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_run_starts_answers_and_leaves_nothing_behind(stop: signal.Signals, tmp_path: Path) -> None:
    """From any directory and on any PORT: `ready`, the challenge, the console; then a clean end with free ports."""
    port = free_ports(4)
    command = [sys.executable, "-m", "bridge_local", "run"]
    environment = {**os.environ, "PORT": str(port), "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(  # noqa: S603 - our own program
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().startswith(f"ready hook http://127.0.0.1:{port}/okta/events ")
            challenge = {**SECRET, "X-Okta-Verification-Challenge": "challenge-1"}
            assert ask(port, "GET", "/okta/events", challenge) == (200, {"verification": "challenge-1"})
            assert ask(port, "POST", "/okta/events")[0] == 401  # without the secret
            assert ask(port, "GET", "/console.json")[1]["parked"] == []
            process.send_signal(stop)
            assert process.stdout.read().endswith("stopping\n")
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()
    for number in range(port, port + 4):
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", number), timeout=5):
            pass
    assert list(tmp_path.iterdir()) == []


def test_run_names_the_port_that_is_taken_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """A second stack on the same PORT says which address it cannot have."""
    port = free_ports(4)
    environment = {**os.environ, "PORT": str(port), "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    with socket.create_server(("127.0.0.1", port + 3)):
        ended = subprocess.run(
            [sys.executable, "-m", "bridge_local", "run"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert ended.returncode == 1
    assert f"127.0.0.1 port {port + 3}: Address already in use" in ended.stderr
    assert list(tmp_path.iterdir()) == []
