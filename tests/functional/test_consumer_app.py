"""The consumer as Lambda runs it: its own composition, AWS played by moto, both models behind HTTP."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from moto import mock_aws

from bridge.items import Reason, make_item
from bridge_local.genesys import GenesysModel, GenesysSwitches
from bridge_local.okta import UNLIMITED, OktaModel, OktaSwitches
from bridge_local.server import Server
from functions.consumer import app
from tests.stages.jwt_key import public_jwk
from tests.world import Context

APP_ID = "0oaGenesysCloudApp5d"
CLIENT_ID = "0oaBridgeServiceApp1"


@dataclass
class Deployed:
    """What a test may look at."""

    okta: OktaModel
    genesys: GenesysModel
    environment: dict[str, str]
    queue_url: str

    def event(self, body: str, receives: int = 1) -> dict[str, Any]:
        """A Lambda event with one message that really is in the users' queue."""
        sqs = boto3.client("sqs")
        copy = str(receives)
        sqs.send_message(QueueUrl=self.queue_url, MessageBody=body, MessageGroupId=copy, MessageDeduplicationId=copy)
        message = sqs.receive_message(QueueUrl=self.queue_url)["Messages"][0]
        return {
            "Records": [
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": {
                        "ApproximateReceiveCount": str(receives),
                        "SentTimestamp": "1790000000000",
                        "SequenceNumber": "1",
                        "MessageGroupId": json.loads(body)["entity"],
                        "SenderId": "AIDAEXAMPLE",
                        "MessageDeduplicationId": "d",
                        "ApproximateFirstReceiveTimestamp": "1790000000000",
                    },
                    "messageAttributes": {},
                    "md5OfBody": message["MD5OfBody"],
                    "eventSource": "aws:sqs",
                    "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:users.fifo",
                    "awsRegion": "us-east-1",
                }
            ]
        }


def now() -> datetime:
    """The models' time is real time here: the consumer's composition has the system's clock."""
    return datetime.now(UTC)


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    """Queues, tables, secrets, a key; two servers; the environment that the template would give."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        rng = random.Random(1)  # noqa: S311 - repeatable, not secret
        okta = OktaModel(
            now, rng, OktaSwitches(rate_limits=UNLIMITED, host_links=True), app_id=APP_ID, api_token="okta-token"
        )
        genesys = GenesysModel(now, rng, GenesysSwitches(), client_id="client", client_secret="client-secret")
        servers = [Server(okta, "127.0.0.1", 0), Server(genesys, "127.0.0.1", 0)]
        for server in servers:
            server.start()
        okta_url, genesys_url = (f"http://127.0.0.1:{server.port}" for server in servers)
        okta.org_url = okta_url
        environment = {
            "BRIDGE_LOCAL": "1",
            "OKTA_ORG_URL": okta_url,
            "OKTA_APP_ID": APP_ID,
            "OKTA_AUTH": "ssws",
            "GENESYS_REGION": "us-east-1",
            "GENESYS_API_URL": genesys_url,
            "GENESYS_LOGIN_URL": genesys_url,
            "DEFAULT_PHONE_REGION": "US",
            "MODE": "enforce",
            **_make_resources(),
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        forget_consumer()
        yield Deployed(okta, genesys, environment, environment["USERS_QUEUE_URL"])
        forget_consumer()
        for server in servers:
            server.close()


def forget_consumer() -> None:
    """The next call composes anew; the connections of the last one are given back."""
    if app.compose.cache_info().currsize:
        app.compose().close()
    app.compose.cache_clear()


def _make_resources() -> dict[str, str]:
    sqs, dynamodb, secrets = boto3.client("sqs"), boto3.client("dynamodb"), boto3.client("secretsmanager")
    urls = {
        f"{queue.upper()}_QUEUE_URL": sqs.create_queue(QueueName=f"{queue}.fifo", Attributes={"FifoQueue": "true"})[
            "QueueUrl"
        ]
        for queue in ("leavers", "users", "groups")
    }
    dynamodb.create_table(
        TableName="state",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
    )
    dynamodb.create_table(
        TableName="idempotency",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    values = {"okta_token": "okta-token", "genesys_client_id": "client", "genesys_client_secret": "client-secret"}
    secrets.create_secret(Name="bridge", SecretString=json.dumps(values))
    secrets.create_secret(Name="hash", SecretString=json.dumps({"hash_key": "k" * 32}))
    return {
        **urls,
        "STATE_TABLE": "state",
        "IDEMPOTENCY_TABLE": "idempotency",
        "BRIDGE_SECRET_ID": "bridge",
        "HASH_KEY_SECRET_ID": "hash",
    }


def assigned_user(okta: OktaModel) -> str:
    """A user of the application."""
    user = okta.create_user({"login": "ada.brook@example.com", "firstName": "Ada", "lastName": "Brook"})
    okta.assign_user(user)
    return user


def handle(event: dict[str, Any]) -> Any:
    """Have the real handler answer."""
    return app.handler(event, cast("Any", Context()))


def test_one_message_makes_one_user_and_its_copy_none(deployed: Deployed) -> None:
    """From the queue to Genesys Cloud with every real client; the same item again is answered by its record."""
    user = assigned_user(deployed.okta)
    body = make_item(f"user:{user}", Reason.OPERATOR, "1").to_json()
    assert handle(deployed.event(body)) == {"batchItemFailures": []}
    made = deployed.genesys.users()
    assert [(account["externalId"], account["active"]) for account in made] == [(user, True)]
    calls = len(deployed.genesys.calls)
    assert handle(deployed.event(body, receives=2)) == {"batchItemFailures": []}
    assert len(deployed.genesys.calls) == calls


def test_signs_in_to_okta_with_the_kms_key(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """With OKTA_AUTH=oauth the client assertion is signed by KMS and Okta's model accepts it."""
    kms = boto3.client("kms")
    key_id = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    public = load_der_public_key(kms.get_public_key(KeyId=key_id)["PublicKey"])
    assert isinstance(public, RSAPublicKey)
    scopes = ["okta.users.read", "okta.groups.read", "okta.apps.read", "okta.logs.read"]
    deployed.okta.register_client(CLIENT_ID, [public_jwk(public, key_id)], scopes)
    monkeypatch.setenv("OKTA_AUTH", "oauth")
    monkeypatch.setenv("OKTA_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("OKTA_KMS_KEY_ID", key_id)
    forget_consumer()
    user = assigned_user(deployed.okta)
    body = make_item(f"user:{user}", Reason.OPERATOR, "1").to_json()
    assert handle(deployed.event(body)) == {"batchItemFailures": []}
    assert len(deployed.genesys.users()) == 1


def test_a_missing_setting_sends_the_batch_back(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong deployment loses nothing: every message of the batch is named as failed."""
    monkeypatch.setenv("GENESYS_REGION", "")
    forget_consumer()
    event = deployed.event(make_item("user:00uexample0000000001", Reason.OPERATOR, "1").to_json())
    assert handle(event) == {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}
