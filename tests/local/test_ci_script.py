"""`.ci/run` executes nothing from outside of the repository unless CI says that this is CI."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bridge_local import ROOT

#: What the script may call: each stands here as a note of itself.
_NOTED = ("make", "apt-get")


@pytest.mark.parametrize(("ci", "outside"), [("", set()), ("false", set()), ("true", {"apt-get", "engine"})])
def test_nothing_from_outside_runs_unless_ci_says_so(ci: str, outside: set[str], tmp_path: Path) -> None:
    """On a machine without a browser and a container engine: neither is installed nor started, all targets run."""
    tools, engine = tmp_path / "tools", tmp_path / "shared/tools/lambda-docker"
    script, noted = tmp_path / "checkout/.ci/run", tmp_path / "noted"
    for folder in (tools, engine.parent, script.parent):
        folder.mkdir(parents=True)
    shutil.copy(ROOT / ".ci/run", script)
    for name in ("bash", "dirname"):
        (tools / name).symlink_to(str(shutil.which(name)))
    for path in (*(tools / name for name in _NOTED), engine):
        word = "engine" if path == engine else path.name
        path.write_text(f"#!/bin/sh\necho {word} $1 >> {noted}\n", "utf-8")
    (tools / "id").write_text("#!/bin/sh\necho 0\n", "utf-8")
    for path in (*tools.iterdir(), engine):
        if not path.is_symlink():
            path.chmod(0o755)
    subprocess.run([script], env={"PATH": str(tools), "CI": ci}, check=True, capture_output=True, timeout=60)  # noqa: S603 - ours
    lines = noted.read_text("utf-8").splitlines()
    assert {line.split()[0] for line in lines} == {"make", *outside}
    assert {"make check", "make audit", "make sam-local"} <= set(lines)
