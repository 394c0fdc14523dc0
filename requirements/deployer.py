"""What `make deployer` does: the rights that a deployment needs, as policy documents in docs/deployer.

    .audit/bin/python requirements/deployer.py [--check]

CloudFormation calls each service with the rights of anyone who deploys. Which ones, CloudFormation's published resource
schemas say for every resource type (``handlers.*.permissions``); cfn-lint has them in its package, with their date.
With --check nothing is written; exits 1 when a file is not what would be written.
"""
# ruff: noqa: INP001, T201 - a script: it prints

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import cfnlint
from audit import REGION, TEMPLATE, translate
from samtranslator.yaml_helper import yaml_parse

FOLDER = Path("docs/deployer")
SCHEMAS = Path(cfnlint.__file__).with_name("data") / "schemas"
#: What CloudFormation does with a stack; ``list`` is for its own browser of resources.
HANDLERS = ("create", "read", "update", "delete")
#: An IAM managed policy has 6,144 characters at most, so there are two: what holds state, and what runs.
STATE_SERVICES = frozenset({"dynamodb", "kms", "logs", "secretsmanager", "sns", "sqs"})
#: A schema names what it may need for resources of every kind, such as a load balancer with a web ACL.
OURS = frozenset(
    {"apigateway", "cloudwatch", "events", "iam", "lambda", "scheduler", "s3", "ssm", "wafv2", "xray"} | STATE_SERVICES
)
#: What sam and CloudFormation's own service need beside the resources.
OF_SAM = {
    "cloudformation": (
        "CreateChangeSet",
        "DeleteChangeSet",
        "DeleteStack",
        "DescribeChangeSet",
        "DescribeStackEvents",
        "DescribeStackResources",
        "DescribeStacks",
        "ExecuteChangeSet",
        "GetTemplate",
        "GetTemplateSummary",
        "ListStackResources",
        "UpdateTerminationProtection",
    ),
    "s3": (
        "CreateBucket",
        "GetBucketLocation",
        "GetObject",
        "ListBucket",
        "PutBucketPolicy",
        "PutBucketPublicAccessBlock",
        "PutBucketTagging",
        "PutBucketVersioning",
        "PutEncryptionConfiguration",
        "PutObject",
    ),
    "iam": ("PassRole",),
}


def files() -> dict[str, str]:
    """File name -> content."""
    os.environ["AWS_DEFAULT_REGION"] = REGION
    made = translate(yaml_parse(TEMPLATE.read_text("utf-8")))
    kinds = sorted({resource["Type"] for resource in made["Resources"].values()})
    rights = {kind: frozenset(_rights(schema)) for kind, schema in _schemas(kinds).items()}
    if missing := [kind for kind in kinds if not rights.get(kind)]:
        raise SystemExit(f"no published schema, or its service is not among ours: {', '.join(missing)}")
    every = frozenset().union(*rights.values()) | {f"{name}:{right}" for name in OF_SAM for right in OF_SAM[name]}
    state = {right for right in every if right.partition(":")[0] in STATE_SERVICES}
    date = json.loads((SCHEMAS / "version.json").read_text("utf-8"))["schema_date"][:10]
    return {
        "state.json": _policy(state),
        "functions.json": _policy(every - state),
        "README.md": _readme(date, rights),
    }


def _schemas(kinds: Iterable[str]) -> dict[str, Any]:
    wanted = set(kinds)
    found = {}
    for path in (SCHEMAS / "resources").glob("*.json"):
        schema = json.loads(path.read_text("utf-8"))
        if schema.get("typeName") in wanted:
            found[schema["typeName"]] = schema
    return found


def _rights(schema: Mapping[str, Any]) -> Iterable[str]:
    for handler in HANDLERS:
        for right in schema["handlers"].get(handler, {}).get("permissions", ()):
            service, _, action = right.partition(":")
            if service.lower() in OURS and action:
                yield f"{service.lower()}:{action}"


def _policy(rights: Iterable[str]) -> str:
    services: dict[str, list[str]] = {}
    for right in sorted(rights):
        services.setdefault(right.partition(":")[0], []).append(right)
    statements = [
        {"Sid": service.capitalize(), "Effect": "Allow", "Action": actions, "Resource": "*"}
        for service, actions in services.items()
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=1) + "\n"


def _readme(date: str, rights: Mapping[str, Iterable[str]]) -> str:
    rows = "\n".join(f"| `{kind}` | {len(list(rights[kind]))} |" for kind in sorted(rights))
    return f"""# The rights of the person who deploys

`state.json` and `functions.json` are two IAM policies for the person, or the pipeline, that runs `sam deploy` and
`sam delete`. Make a managed policy of each and attach both. They name no resource, because the names have the stack's
name or its id: narrow them to your account's conventions, and use `PermissionsBoundaryArn` where roles must have one.

They are made by `make deployer` from CloudFormation's published resource schemas of {date}, which say for each resource
type what a creation, an update, a reading and a deletion may need; a check in CI compares them with the template.

| resource type | rights |
|---|---|
{rows}
"""


def main(*options: str) -> int:
    """Write or check."""
    good = True
    for name, text in files().items():
        path = FOLDER / name
        if "--check" in options:
            current = path.is_file() and path.read_text("utf-8") == text
            good &= current
            print(f"{path}: {'as the template and the schemas are' if current else 'outdated: make deployer'}")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
            print(f"{path}: written")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
