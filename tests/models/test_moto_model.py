"""moto as the local stack's AWS: what was made cheaper still does what DynamoDB does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bridge_local.aws import Aws
from bridge_local.moto_model import Moto
from bridge_local.options import Options
from bridge_local.server import Server
from bridge_local.template import Template

TABLE = "StateTable"


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    """A client of a DynamoDB with the template's tables."""
    moto = Moto()
    moto.reset()
    server = Server(moto, "127.0.0.1", 0)
    server.start()
    aws = Aws(f"http://127.0.0.1:{server.port}")
    aws.create(Template(), Options())
    yield aws.client("dynamodb")
    server.close()


def item(pk: str, sk: str, **values: str) -> dict[str, Any]:
    """An item of strings."""
    return {name: {"S": value} for name, value in {"pk": pk, "sk": sk, **values}.items()}


def put(entry: dict[str, Any], **condition: Any) -> dict[str, Any]:
    """A Put within a transaction."""
    return {"Put": {"TableName": TABLE, "Item": entry, **condition}}


def everything(dynamodb: Any) -> list[dict[str, Any]]:
    """All items, in order of their keys."""
    items: list[dict[str, Any]] = dynamodb.scan(TableName=TABLE)["Items"]
    return sorted(items, key=lambda each: (each["pk"]["S"], each["sk"]["S"]))


def test_a_refused_transaction_changes_nothing(dynamodb: Any) -> None:
    """What was new is gone, what was changed or deleted is as before, and the reasons tell which condition failed."""
    before = [item("a", "1", state="old"), item("a", "2", state="old"), item("b", "1")]
    for each in before:
        dynamodb.put_item(TableName=TABLE, Item=each)
    change = {
        "TableName": TABLE,
        "Key": item("a", "2"),
        "UpdateExpression": "SET #s = :s",
        "ExpressionAttributeNames": {"#s": "state"},
        "ExpressionAttributeValues": {":s": {"S": "new"}},
    }
    with pytest.raises(ClientError) as refused:
        dynamodb.transact_write_items(
            TransactItems=[
                put(item("a", "1", state="new")),
                {"Update": change},
                {"Delete": {"TableName": TABLE, "Key": item("b", "1")}},
                put(item("c", "1")),
                put(item("d", "1"), ConditionExpression="attribute_exists(pk)"),
            ]
        )
    reasons = [reason["Code"] for reason in refused.value.response["CancellationReasons"]]
    assert reasons == ["None"] * 4 + ["ConditionalCheckFailed"]
    assert everything(dynamodb) == before


def test_a_transaction_is_done_as_a_whole(dynamodb: Any) -> None:
    """Every write of it is there."""
    dynamodb.transact_write_items(TransactItems=[put(item("a", "1")), put(item("b", "1", state="new"))])
    assert everything(dynamodb) == [item("a", "1"), item("b", "1", state="new")]


def test_a_query_finds_the_items_of_its_key_in_order(dynamodb: Any) -> None:
    """By prefix of the sort key, page by page, and nothing of other keys."""
    for pk, sk in (("a", "x#2"), ("a", "x#1"), ("a", "y#1"), ("b", "x#3")):
        dynamodb.put_item(TableName=TABLE, Item=item(pk, sk))
    pages = dynamodb.get_paginator("query").paginate(
        TableName=TABLE,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": {"S": "a"}, ":sk": {"S": "x#"}},
        PaginationConfig={"PageSize": 1},
    )
    assert [each["sk"]["S"] for page in pages for each in page["Items"]] == ["x#1", "x#2"]
    empty = dynamodb.query(
        TableName=TABLE, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "nobody"}}
    )
    assert (empty["Items"], empty["Count"]) == ([], 0)


def test_every_type_of_value_comes_back(dynamodb: Any) -> None:
    """Answers with items are written without moto's serializer."""
    values = {
        "number": {"N": "12.5"},
        "yes": {"BOOL": True},
        "nothing": {"NULL": True},
        "list": {"L": [{"S": "é"}, {"N": "1"}, {"M": {"x": {"BOOL": False}}}]},
        "map": {"M": {"inner": {"L": [{"S": "y"}]}}},
        "set": {"SS": ["one", "two"]},
        "bytes": {"B": b"\x00\xff"},
    }
    entry = {**item("a", "1"), **values}
    dynamodb.put_item(TableName=TABLE, Item=entry)
    key = item("a", "1")
    assert dynamodb.get_item(TableName=TABLE, Key=key)["Item"] == entry
    batch = dynamodb.batch_get_item(RequestItems={TABLE: {"Keys": [key]}})
    assert batch["Responses"] == {TABLE: [entry]}
    assert "Item" not in dynamodb.get_item(TableName=TABLE, Key=item("a", "2"))


def test_dead_letters_are_brought_back() -> None:
    """By the call that the runbook names: into the queue of users or of groups; where there is no such queue, 400."""
    moto = Moto()
    moto.reset()
    server = Server(moto, "127.0.0.1", 0)
    server.start()
    aws, template = Aws(f"http://127.0.0.1:{server.port}"), Template()
    aws.create(template, Options())
    sqs, dead = aws.client("sqs"), aws.queues(template)["DeadLettersQueue"]
    for entity in ("user:00uAda", "group:00gTeam"):
        sqs.send_message(QueueUrl=dead, MessageBody=entity, MessageGroupId=entity, MessageDeduplicationId=entity)
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    assert sqs.start_message_move_task(SourceArn=arn)["TaskHandle"]
    found = {(each.queue, each.entity) for each in moto.messages()}
    assert found == {("UsersQueue", "user:00uAda"), ("GroupsQueue", "group:00gTeam")}
    with pytest.raises(ClientError, match="no such queue"):
        sqs.start_message_move_task(SourceArn=f"{arn}x")
    server.close()
