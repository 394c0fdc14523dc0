"""How `make local`, `make demo` and `bridge` end: by signals, bad settings, a full disk, a closed pipe. In words."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge_cli.ends import End
from bridge_local import ROOT
from bridge_local.demo import free_ports
from bridge_local.logs import FunctionLogs
from bridge_local.options import Options

FULL = Path("/dev/full")
#: Seconds that a killed process may take to be gone.
PATIENCE = 10


@contextmanager
def started(command: str, temporary: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """The command as people run it, with pipes; it has ended, and none of its words is a traceback."""
    environment = {**os.environ, "PORT": str(free_ports(4)), "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "bridge_local", command],
        cwd=ROOT,
        env={**environment, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and what was said on standard error, which is no traceback."""
    _, said = process.communicate(timeout=90)
    assert "Traceback" not in said
    assert "Exception" not in said
    return process.returncode, said


def children(process: subprocess.Popen[str]) -> list[int]:
    """The process ids of the stack's own processes."""
    listed = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [int(pid) for task in listed for pid in task.read_text(encoding="utf-8").split()]


def stays(pid: int) -> bool:
    """Whether a process goes on; one that was killed needs a moment to be gone."""
    try:
        ends = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        return not select.select([ends], [], [], PATIENCE)[0]
    finally:
        os.close(ends)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_starts_stops_it(number: signal.Signals, tmp_path: Path) -> None:
    """As soon as it hires: no `ready`, no directory and no process is left."""
    with started("run", tmp_path, PEOPLE="300") as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Okta hires 300")
        of_it = children(process)
        process.send_signal(number)
        code, said = ended(process)
        assert (code, said.splitlines()[-1]) == (128 + number, f"Stopped by {number.name}.")
    assert list(tmp_path.iterdir()) == []
    assert not [pid for pid in of_it if stays(pid)]


def test_the_second_signal_ends_it_at_once_though_nothing_answers(tmp_path: Path) -> None:
    """Its own processes are frozen, so that an end in order would wait for them; they are killed too."""
    with started("run", tmp_path, PEOPLE="1") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready")
        frozen = children(process)
        assert frozen
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(signal.SIGINT)
        code, said = ended(process)
        assert (code, said.splitlines()[-1]) == (130, "Stopped at once.")
    assert not [pid for pid in frozen if stays(pid)]


def test_nobody_reads_any_more(tmp_path: Path) -> None:
    """As behind `head -1`: it ends in order without a word."""
    with started("run", tmp_path, PEOPLE="1") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready")
        process.stdout.close()
        process.stdout = None
        process.terminate()
        assert ended(process)[0] == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "name", "value"),
    [
        ("run", "SEED", "abc"),
        ("demo", "SEED", "abc"),
        ("demo", "SEED", "-1"),
        ("run", "OKTA_READ_LAG_SECONDS", "soon"),
        ("demo", "GENESYS_REQUESTS_PER_MINUTE", "fast"),
        ("run", "MODE", "maybe"),
        ("run", "GENESYS_REGION", "mars-1"),
        ("run", "DEFAULT_PHONE_REGION", "ZZ"),
        ("run", "RECONCILE_SCHEDULE", "nightly"),
        ("run", "LOG_LEVEL", "loud"),
    ],
)
def test_a_bad_setting_is_named_at_the_start(command: str, name: str, value: str, tmp_path: Path) -> None:
    """In one line, with what was expected; nothing is left."""
    with started(command, tmp_path, **{name: value}) as process:
        code, said = ended(process)
    assert code == 2
    assert said.splitlines()[-1].startswith(f"{name}: expected ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "abc"),
        ("PORT", "80"),
        ("PORT", "٨٠٨٠"),
        ("PEOPLE", "-1"),
        ("PEOPLE", "9" * 5000),
        ("SEED", "1.5"),
        ("EXAMPLES", "yes"),
        ("CATCH_UP_SECONDS", "0"),
        ("CONCURRENT_EXECUTIONS", "many"),
        ("BIND", "everywhere"),
        ("OKTA_ORG_URL", "okta.example.com"),
        ("GENESYS_API_URL", "ftp://x"),
        ("GENESYS_LOGIN_URL", "http://x/y"),
        ("STATE_DIR", __file__),
    ],
)
def test_a_bad_setting_of_the_stack_is_refused_by_name(name: str, value: str) -> None:
    """Before anything starts."""
    with pytest.raises(ValueError, match=f"^{name}: expected "):
        Options.read({name: value})


def test_a_state_that_no_stack_has_kept_is_refused(tmp_path: Path) -> None:
    """The file is named, and left alone."""
    (tmp_path / "state.json").write_text("{", encoding="utf-8")
    with started("run", tmp_path, STATE_DIR=str(tmp_path)) as process:
        code, said = ended(process)
    assert code == 2
    assert said.startswith("STATE_DIR: ")
    assert (tmp_path / "state.json").read_text(encoding="utf-8") == "{"


def test_the_demo_is_interrupted_in_words(tmp_path: Path) -> None:
    """As soon as the stack stands: 130, and nothing is left."""
    with started("demo", tmp_path) as process:
        assert process.stdout is not None
        while not (line := process.stdout.readline()).startswith("The stack stands"):
            assert line
        process.send_signal(signal.SIGINT)
        assert ended(process)[0] == 130
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_before_the_command_is_loaded_says_nothing(tmp_path: Path) -> None:
    """Ctrl-C meets Python while it starts: the command ends by the signal, without a traceback."""
    (tmp_path / "sitecustomize.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n", "utf-8")
    ran = subprocess.run(  # noqa: S603 - our own program
        [ROOT / "bridge", "status", "--local"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.parametrize("command", [["-m", "bridge_local", "demo"], ["-m", "bridge_cli", "status", "--local"]])
def test_an_output_that_takes_nothing_is_said_in_a_line(command: list[str], tmp_path: Path) -> None:
    """A full disk behind standard output."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    with FULL.open("w") as full:
        ran = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, *command],
            cwd=ROOT,
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=90,
        )
    assert ran.returncode != 0
    assert "Traceback" not in ran.stderr
    assert len(ran.stderr.splitlines()) <= 2


@pytest.mark.parametrize("command", [["-m", "bridge_local", "demo"], ["-m", "bridge_cli", "status", "--local"]])
def test_streams_that_are_closed_bring_no_traceback(command: list[str], tmp_path: Path) -> None:
    """As `>&-` and `<&-` close them in a shell; what is said goes to the stream that is left."""
    closed = shlex.join([sys.executable, *command]) + " >&- <&-"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path), "SEED": "abc"}
    ran = subprocess.run(  # noqa: S603 - our own program
        ["/bin/sh", "-c", closed], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=90
    )
    assert ran.returncode in {End.USAGE, End.UNREACHABLE}
    assert "Traceback" not in ran.stderr
    assert "Unforeseen" not in ran.stderr


def test_a_full_disk_loses_lines_of_the_log_and_nothing_else(capfd: pytest.CaptureFixture[str]) -> None:
    """Who prints is not stopped; it is said once."""
    logs = FunctionLogs(FULL)
    logs.line("one")
    logs.write("two\nthree\n")
    logs.close()
    said = capfd.readouterr().err
    assert said == "/dev/full: No space left on device: lines are lost, and the stack goes on\n"
