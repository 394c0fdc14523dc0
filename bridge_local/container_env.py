"""What the functions' variables are when they run in a container beside the local stack: ``events/env.json``."""

from __future__ import annotations

import json

from bridge_local import ROOT
from bridge_local.aws import REGION, Aws, queue_name
from bridge_local.options import Options
from bridge_local.scenario import LINKED_GROUPS
from bridge_local.template import Template

FILE = ROOT / "events" / "env.json"
#: moto's account; queues have it in their URLs.
_ACCOUNT = "123456789012"
#: A container's name for the machine that it runs on.
_HOST = "host.docker.internal"


def variables(template: Template, options: Options) -> dict[str, dict[str, str]]:
    """Every function's variables by logical id, as ``sam local --env-vars`` takes them.

    The stack makes everything anew, yet under the same names: queues by URL, tables and secrets by name.
    """
    aws = Aws(options.url(3))
    for name, _ in template.of_type("AWS::SQS::Queue"):
        aws.physical[name] = f"{options.url(3)}/{_ACCOUNT}/{queue_name(name)}"
    for kind in ("AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::KMS::Key"):
        aws.physical.update({name: name for name, _ in template.of_type(kind)})
    for name, _ in template.of_type("AWS::SNS::Topic"):
        aws.physical[name] = f"arn:aws:sns:{REGION}:{_ACCOUNT}:{name}"
    aws.name_functions(template)
    loopback = options.url().rpartition(":")[0]
    found = {}
    for function, _ in template.of_type("AWS::Serverless::Function"):
        values = aws.environment(template, function, options.with_default("LINKED_GROUPS", LINKED_GROUPS))
        found[function] = {
            name: values[name].replace(loopback, f"http://{_HOST}") for name in sorted(template.variables(function))
        }
    return found


def document(options: Options) -> str:
    """The text of the file."""
    return json.dumps(variables(Template(), options), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(document(Options()), encoding="utf-8")
