"""What `make sam-validate` asks of sam itself: a deployment without an override keeps every parameter's value.

    .sam/bin/python -m tests.template.sam_deploy

The real `sam deploy` reads samconfig.toml and writes its request for a change set; only the upload and AWS stand aside.
It runs in sam's own environment, so it is no pytest test.
"""
# ruff: noqa: T201 - a script: it prints

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock, patch

from click.testing import CliRunner
from samcli.cli.main import cli  # type: ignore[import-not-found] # in .sam alone
from samcli.yamlhelper import yaml_parse  # type: ignore[import-not-found] # likewise

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"


class AskedError(Exception):
    """Ends a deployment where AWS would be asked for a change set."""


def asked(*arguments: str, exists: bool) -> dict[str, dict[str, Any]]:
    """What `sam deploy` with these arguments asks CloudFormation for each parameter of a stack that may exist."""
    names = list(yaml_parse(TEMPLATE.read_text("utf-8"))["Parameters"])
    cloudformation = MagicMock()
    cloudformation.describe_stacks.return_value = {"Stacks": [{"StackStatus": "UPDATE_COMPLETE"}] if exists else []}
    cloudformation.get_template_summary.return_value = {"Parameters": [{"ParameterKey": name} for name in names]}
    cloudformation.create_change_set.side_effect = AskedError

    def package(context: Any) -> None:
        Path(context.output_template_file).write_text(TEMPLATE.read_text("utf-8"), "utf-8")

    with (
        patch("samcli.commands.package.package_context.PackageContext.run", package),
        patch("samcli.lib.bootstrap.bootstrap.manage_stack", return_value="bucket"),
        patch("samcli.lib.deploy.deployer.Deployer._process_kwargs", lambda _, kwargs, *__: kwargs),
        patch("boto3.client", return_value=cloudformation),
    ):
        options = ["deploy", "--template-file", str(TEMPLATE), "--region", "us-east-1", "--no-confirm-changeset"]
        result = CliRunner().invoke(cli, [*options, *arguments])
    [call] = cloudformation.create_change_set.call_args_list or [None]
    if call is None:
        raise SystemExit(f"sam deploy asked for no change set: {result.output}{result.exception!r}")
    return {each["ParameterKey"]: each for each in call.kwargs["Parameters"]}


def main() -> int:
    """Check each environment of samconfig.toml; 1 with the parameters that a deployment would change."""
    names = set(yaml_parse(TEMPLATE.read_text("utf-8"))["Parameters"])
    bad = []
    for environment in ("default", "staging", "production"):
        config = ("--config-file", str(ROOT / "samconfig.toml"), "--config-env", environment)
        kept = {name: {"ParameterKey": name, "UsePreviousValue": True} for name in names}
        if (update := asked(*config, exists=True)) != kept:
            bad.append(f"{environment}, an update: {[each for each in update.values() if 'ParameterValue' in each]}")
        one = asked(*config, "--parameter-overrides", "Mode=enforce", exists=True)
        if one != kept | {"Mode": {"ParameterKey": "Mode", "ParameterValue": "enforce"}}:
            bad.append(
                f"{environment}, with Mode=enforce: {[each for each in one.values() if 'ParameterValue' in each]}"
            )
        if first := asked(*config, exists=False):
            bad.append(f"{environment}, the first deployment: {sorted(first)}")
    print("\n".join(bad) or "sam deploy keeps what was set: 3 environments, without and with an override")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
