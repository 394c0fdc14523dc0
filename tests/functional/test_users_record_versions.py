"""Records and messages of the version before: a table and its queues, as recorded then, are read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from bridge.aws.store.dynamo import DynamoStore
from bridge.items import parse_item
from bridge.provisioning.user_records import Pending, PendingKind, UserLink, UserState, Waiting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("recorded").joinpath("v1.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def client() -> Iterator[DynamoDBClient]:
    """DynamoDB as moto plays it, with the recorded table."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
        client.create_table(
            TableName="state",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        for record in RECORDED["table"]:
            client.put_item(TableName="state", Item=record)
        yield client


def link_of(client: DynamoDBClient, name: str) -> UserLink:
    """The record of somebody of whom the recording speaks."""
    link = DynamoStore(client, "state").user(RECORDED["people"][name])
    assert link is not None
    return link


def test_every_recorded_record_is_read(client: DynamoDBClient) -> None:
    """Users, groups, owners, the application, parked items and the journal."""
    store = DynamoStore(client, "state")
    assert {link.okta_id for link in store.all_users()} == set(RECORDED["people"].values())
    assert [group.genesys_id for group in store.groups()] == [RECORDED["genesys_group"]]
    assert store.app().bootstrapped
    assert [item.reason for item in store.parked_items()] == ["unmappable-profile"]
    assert store.entries(f"user:{RECORDED['people']['linked']}", 10)


def test_every_recorded_message_is_an_item() -> None:
    """Bodies that still stand in a queue when a new version is deployed."""
    items = [parse_item(body) for body in RECORDED["bodies"]]
    assert {item.kind for item in items} == {"user", "group", "app"}


@pytest.mark.parametrize(
    ("name", "state", "active"),
    [("linked", UserState.LINKED, True), ("inactive", UserState.LINKED, False), ("gone", UserState.GONE, None)],
)
def test_settled_records_stay_what_they_were(
    client: DynamoDBClient, name: str, state: UserState, active: bool | None
) -> None:
    """Nothing is pending, refused or waited for."""
    link = link_of(client, name)
    assert (link.state, link.known_active, link.pending, link.waiting) == (state, active, (), None)
    assert link.knows_what_was_written == (name != "gone")


@pytest.mark.parametrize(
    ("name", "kind", "paths", "state"),
    [
        ("creating", PendingKind.CREATE, {"userName", "displayName", "title", "externalId"}, UserState.WANTED),
        ("given_up", PendingKind.CREATE, set(), UserState.WANTED),
        ("patching", PendingKind.CHANGE, {'phoneNumbers[type eq "mobile"].value'}, UserState.LINKED),
        ("activating", PendingKind.CHANGE, {"active"}, UserState.LINKED),
        ("deactivating", PendingKind.CHANGE, {"active"}, UserState.LINKED),
    ],
)
def test_unfinished_writes_are_pending(
    client: DynamoDBClient, name: str, kind: PendingKind, paths: set[str], state: UserState
) -> None:
    """What five marks said says one list; whether an account is active is unknown where a write of it may land."""
    link = link_of(client, name)
    assert link.state is state
    [pending] = link.pending
    assert isinstance(pending, Pending)
    assert pending.kind is kind
    assert paths <= set(pending.paths)
    assert paths <= link.written | {"active"}
    assert (link.posted is not None) == (kind is PendingKind.CREATE)
    assert link.known_active == (True if name == "patching" else None)
    assert not link.knows_what_was_written


def test_patience_goes_on(client: DynamoDBClient) -> None:
    """Since when somebody waits is kept, with the reason that the state tells."""
    link = link_of(client, "waiting")
    assert link.waiting == Waiting("user-name-conflict", link.pending[0].since)


def test_a_record_that_is_written_again_is_of_this_version(client: DynamoDBClient) -> None:
    """The next sync of somebody writes version 2, and reads it back as it was."""
    store = DynamoStore(client, "state")
    link = store.begin_user_sync(RECORDED["people"]["patching"])
    store.save_user(link)
    record = client.get_item(TableName="state", Key={"pk": {"S": "users"}, "sk": {"S": link.okta_id}})["Item"]
    assert record["v"] == {"N": "2"}
    assert store.user(link.okta_id) == link
