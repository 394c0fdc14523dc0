"""The command line installs alone: what it imports is among what its package names."""

from __future__ import annotations

import subprocess
import sys
import tomllib

from bridge_cli import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
#: What the functions, the local stack and the tests have beside it.
OTHERS = ("moto", "aws_lambda_powertools", "cryptography", "yaml", "pytest", "bridge_local", "functions")


def test_every_package_is_installed() -> None:
    """Those of the layer and the command's own."""
    layer = ROOT / "layers/bridge"
    packages = {".".join(path.parent.relative_to(layer).parts) for path in layer.rglob("__init__.py")}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == packages | {"bridge_cli"}


def test_no_command_needs_more_than_the_package_names() -> None:
    """Every module of the command, and what it imports late, comes without the functions' and the stack's libraries."""
    modules = [f"bridge_cli.{path.stem}" for path in sorted((ROOT / "bridge_cli").glob("*.py")) if path.stem[0] != "_"]
    late = ["bridge_cli.__main__", "bridge.approvals.signing", "bridge.mapping.attribute_map", "bridge.outbound.http"]
    late += ["bridge.okta.auth"]
    blocked = f"import sys; sys.modules.update(dict.fromkeys({OTHERS!r}))"
    program = "\n".join([blocked, *(f"import {name}" for name in (*modules, *late))])
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert ran.returncode == 0, ran.stderr


def test_help_imports_neither_aws_nor_http_nor_the_bridge_itself() -> None:
    """They are most of the time that it would take; of the bridge's rooms it needs what people ask and are answered."""
    program = "import sys, bridge_cli.parser; print(*sorted(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - as above
    assert not {"boto3", "httpx", "botocore.session", "phonenumbers", "jmespath"} & set(ran.stdout.split())
    bridge = {name for name in ran.stdout.split() if name.startswith("bridge.") and "operations" not in name}
    assert bridge == {"bridge.errors", "bridge.items", "bridge.provisioning", "bridge.provisioning.organisation"}
