"""aws-sam-cli, which lives in an environment of its own: where it is, and what it needs to run here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bridge_local import ROOT
from bridge_local.aws import CREDENTIALS

#: Where `make` puts aws-sam-cli.
HOME = ROOT / ".sam"
PYTHON = HOME / "bin" / "python"
#: Where `sam build` puts what `sam local` and `sam deploy` take.
BUILT = ROOT / ".aws-sam" / "build"


def command(*arguments: str) -> list[str]:
    """The command line of ``sam <arguments>``."""
    return [str(PYTHON), "-m", "samcli", *arguments]


def environment() -> dict[str, str]:
    """For sam: its Python first, nothing told to anybody, and no credentials of a real account."""
    path = os.pathsep.join([str(HOME / "bin"), os.environ.get("PATH", "")])
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**inherited, **CREDENTIALS, "PATH": path, "SAM_CLI_TELEMETRY": "0"}


def missing(runtime: str) -> str:
    """What keeps ``sam build`` from building for `runtime` (such as ``python3.13``) here, empty when nothing does."""
    if not PYTHON.exists():
        return f"aws-sam-cli is not in {HOME.name}: run it through make"
    if not (HOME / "bin" / runtime).exists():
        return f"{runtime}, the functions' runtime, is not installed; install it and remove {HOME.name}"
    return ""


def build(directory: Path, *, cached: bool) -> None:
    """Build layers and functions into `directory`; says what sam says, if it fails.

    Raises:
        SystemExit: the build failed.
    """
    kind = "--cached" if cached else "--no-cached"
    done = subprocess.run(  # noqa: S603 - our own command line
        command("build", kind, "--build-dir", str(directory)),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        sys.exit(f"sam build failed ({done.returncode})")
