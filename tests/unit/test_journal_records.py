"""The journal in DynamoDB: no more is read than is shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from moto import mock_aws

from bridge.aws.store.dynamo import DynamoStore
from bridge.provisioning.records import JournalEntry

START = datetime(2026, 11, 24, 9, tzinfo=UTC)


def test_ten_entries_cost_ten(monkeypatch: Any) -> None:
    """Of thirty entries and a failure, the newest few are asked for; a page of DynamoDB's would be all of them."""
    with mock_aws():
        client: Any = boto3.client(
            "dynamodb", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        client.create_table(
            TableName="state",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        store = DynamoStore(client, "state")
        for number in range(30):
            store.write(entry("unchanged", number))
        store.write(entry("failed", 29))
        read, query = [0], client.query

        def counted(**request: Any) -> Any:
            answer = query(**request)
            read[0] += answer["ScannedCount"]
            return answer

        monkeypatch.setattr(client, "query", counted)
        found = store.entries("user:00u1", 10)
        assert [each.at for each in found[:2]] == [START + timedelta(minutes=29)] * 2
        assert (len(found), found[-1].at) == (10, START + timedelta(minutes=21))
        assert read == [11]


def entry(outcome: str, minute: int) -> JournalEntry:
    """What a sync said."""
    return JournalEntry(
        entity="user:00u1",
        at=START + timedelta(minutes=minute),
        outcome=outcome,
        items=(f"item-{minute}",),
        reason="hook",
        events=(),
    )
