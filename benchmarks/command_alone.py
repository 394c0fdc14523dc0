"""``make command-alone``: the command installed by itself, as ``pipx install`` does, and how long its help takes.

A copy of the checkout is installed by pip into an environment of its own in a temporary directory. It has what the
package names and what that needs, and nothing of the local stack. ``--help`` is measured by the processor's time, which
other work on the machine does not lengthen as it does the clock's; both are printed.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: What the functions, the local stack and the tests have beside it.
OTHERS = ("moto", "aws_lambda_powertools", "cryptography", "yaml", "pytest", "bridge_local", "tests")
#: Most seconds that ``--help`` may take, and how often it is measured.
MAX_SECONDS, RUNS = 0.5, 7
_COPIED = ("pyproject.toml", "README.md", "LICENSE", "bridge_cli", "layers")


def main() -> int:
    """Install, try, measure; 1 when something is not as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        return _prove(Path(folder))


def _prove(folder: Path) -> int:
    source, environment = folder / "source", folder / "environment"
    source.mkdir()
    for name in _COPIED:  # pip leaves its own files beside what it builds
        kept = ROOT / name
        if kept.is_dir():
            shutil.copytree(kept, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(kept, source / name)
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)  # noqa: S603 - our own interpreter
    python, command = environment / "bin/python", environment / "bin/bridge"
    subprocess.run([python, "-m", "pip", "install", "-qq", str(source)], check=True)  # noqa: S603 - likewise
    faults = [f"{name} came with it" for name in OTHERS if _run([python, "-c", f"import {name}"], folder)[0] == 0]
    for line, code, says in (
        (("--help",), 0, "exit codes:"),
        (("map", "show", "--help"), 0, "example:"),
        (("status",), 2, "Which bridge?"),
        (("map", "check", "missing.json"), 2, "expected a readable UTF-8 file"),
        (("status", "--local", "--port", "1025"), 3, "No connection"),
    ):
        ended, said = _run([command, *line], folder)
        if ended != code or says not in said:
            faults.append(f"bridge {' '.join(line)}: ended with {ended} and said: {said.strip()[:300]}")
    measured = sorted(_measured(command, folder) for _ in range(RUNS))
    used, passed = measured[RUNS // 2]
    print(f"bridge --help: {used:.2f} s of the processor, {passed:.2f} s passed (the median of {RUNS})")
    if used > MAX_SECONDS:
        faults.append(f"bridge --help takes {used:.2f} s, expected at most {MAX_SECONDS}")
    print(*faults, sep="\n", file=sys.stderr)
    return 1 if faults else 0


def _run(line: Sequence[Path | str], folder: Path) -> tuple[int, str]:
    """How a command ends, and all that it says, without the variables of this shell."""
    kept = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true"}
    ran = subprocess.run([*map(str, line)], cwd=folder, env=kept, capture_output=True, text=True, check=False)  # noqa: S603 - what we installed
    return ran.returncode, ran.stdout + ran.stderr


def _measured(command: Path, folder: Path) -> tuple[float, float]:
    """Seconds of the processor and of the clock that ``--help`` takes."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    _run([command, "--help"], folder)
    after, ended = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, ended - began


if __name__ == "__main__":
    sys.exit(main())
