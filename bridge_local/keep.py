"""Keeps the stack's state in a file between runs: the models, the tables, what waits in the queues, the hash key."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from moto.backends import get_backend

from bridge_local.aws import REGION, Aws
from bridge_local.template import Template

ACCOUNT = "123456789012"
_FILE = "state.json"


def load(directory: Path | None) -> dict[str, Any]:
    """What an earlier run kept; empty without one.

    Raises:
        ValueError: the file holds something else.
    """
    if directory is None or not (directory / _FILE).exists():
        return {}
    try:
        state = json.loads((directory / _FILE).read_text(encoding="utf-8"))
    except (ValueError, OSError):
        state = None
    if not isinstance(state, dict) or not {"aws", "okta", "genesys"} <= state.keys():
        raise ValueError(f"STATE_DIR: {directory / _FILE} is not what an earlier stack has kept; move it away")
    for items in state["aws"]["tables"].values():
        items[:] = [{name: _unpacked(value) for name, value in item.items()} for item in items]
    return state


def save(directory: Path, state: dict[str, Any]) -> None:
    """Keep the state, whole or not at all."""
    draft = directory / f"{_FILE}.new"
    draft.write_text(json.dumps(state, default=_packed), encoding="utf-8")
    draft.replace(directory / _FILE)


def aws_state(aws: Aws, template: Template) -> dict[str, Any]:
    """Records, messages and generated secrets, as JSON values."""
    dynamodb, manager = aws.client("dynamodb"), aws.client("secretsmanager")
    tables = {
        name: [item for page in dynamodb.get_paginator("scan").paginate(TableName=name) for item in page["Items"]]
        for name, _ in template.of_type("AWS::DynamoDB::Table")
    }
    generated = {
        name: manager.get_secret_value(SecretId=name)["SecretString"]
        for name, properties in template.of_type("AWS::SecretsManager::Secret")
        if "GenerateSecretString" in properties
    }
    # Only moto's own memory shows messages without receiving them.
    backends = get_backend("sqs")[ACCOUNT][REGION].queues
    queues = {
        name: [[message.body, message.group_id, message.deduplication_id] for message in _messages(backends, url)]
        for name, url in aws.queues(template).items()
    }
    return {"tables": tables, "secrets": generated, "queues": queues}


def restore_aws(aws: Aws, state: dict[str, Any]) -> None:
    """Put the records, messages and secrets back."""
    dynamodb, sqs, manager = aws.client("dynamodb"), aws.client("sqs"), aws.client("secretsmanager")
    for name, items in state["tables"].items():
        for item in items:
            dynamodb.put_item(TableName=name, Item=item)
    for name, value in state["secrets"].items():
        manager.put_secret_value(SecretId=name, SecretString=value)
    for name, messages in state["queues"].items():
        for body, group, deduplication in messages:
            sqs.send_message(
                QueueUrl=aws.physical[name],
                MessageBody=body,
                MessageGroupId=group,
                MessageDeduplicationId=deduplication,
            )


def _packed(value: object) -> str:
    """A binary value as DynamoDB's own JSON has it: in base64."""
    if not isinstance(value, bytes):
        raise TypeError(f"a state holds no {type(value).__name__}")
    return base64.b64encode(value).decode()


def _unpacked(value: dict[str, Any]) -> dict[str, Any]:
    return {kind: base64.b64decode(held) if kind == "B" else held for kind, held in value.items()}


def _messages(backends: Any, url: str) -> list[Any]:
    return list(backends[url.rsplit("/", 1)[1]]._messages)  # noqa: SLF001 - moto shows them nowhere else
