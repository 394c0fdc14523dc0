"""The receiver as Lambda runs it: API Gateway events in, SQS messages (moto) out."""

import base64
import importlib
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from bridge.aws.telemetry import logger
from bridge.errors import SettingsError
from bridge.items import Queue
from functions.receiver import app
from tests.world import Context

APP = "0oaGenesysCloudApp5d"
SECRET = "local-secret"
EVENTS = Path(__file__).parents[2] / "events"
CREATED = "user.lifecycle.create"


class Output:
    """The standard output of the moment; the logger has kept that of its import."""

    def write(self, text: str) -> None:
        """Print."""
        sys.stdout.write(text)

    def flush(self) -> None:
        """Nothing is kept."""


class World:
    """The queues and the secret of one test, and what the receiver printed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.sqs = boto3.client("sqs")
        self.manager = boto3.client("secretsmanager")
        self.manager.create_secret(Name="bridge-secret", SecretString=json.dumps({"hook_secret": SECRET}))
        self.urls: dict[Queue, str] = {}
        for queue in Queue:
            self.urls[queue] = self.sqs.create_queue(QueueName=f"{queue}.fifo", Attributes={"FifoQueue": "true"})[
                "QueueUrl"
            ]
            monkeypatch.setenv(f"{queue.value.upper()}_QUEUE_URL", self.urls[queue])
        monkeypatch.setenv("OKTA_APP_ID", APP)
        monkeypatch.setenv("BRIDGE_SECRET_ID", "bridge-secret")
        monkeypatch.setattr(logger.registered_handler, "stream", Output())

    def put_secret(self, **values: str) -> None:
        """Write the secret anew."""
        self.manager.put_secret_value(SecretId="bridge-secret", SecretString=json.dumps(values))

    def waiting(self) -> list[int]:
        """How many messages wait in each queue."""
        return [
            int(
                self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])[
                    "Attributes"
                ]["ApproximateNumberOfMessages"]
            )
            for url in self.urls.values()
        ]

    def first(self, queue: Queue) -> dict[str, Any]:
        """The body of the first message of a queue."""
        (message,) = self.sqs.receive_message(QueueUrl=self.urls[queue])["Messages"]
        body: dict[str, Any] = json.loads(message["Body"])
        return body

    def printed(self) -> tuple[Counter[str], str]:
        """The metrics emitted since the last call, with their dimension's value, and everything that was printed."""
        captured = self._capsys.readouterr()
        metrics: Counter[str] = Counter()
        for line in captured.out.splitlines():
            document = json.loads(line)
            for directive in document.get("_aws", {}).get("CloudWatchMetrics", []):
                assert directive["Namespace"] == "OktaGenesysBridge"
                (name,) = [metric["Name"] for metric in directive["Metrics"]]
                total, *others = directive["Dimensions"]
                assert total == []
                label = " ".join([name, *(document[dimension] for other in others for dimension in other)])
                (metrics[label],) = document[name]
        return metrics, captured.out + captured.err


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    """A receiver that has just started, with empty queues and the secret of the local stack."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    app.compose.cache_clear()
    with mock_aws():
        yield World(monkeypatch, capsys)
    app.compose.cache_clear()


def request(method: str = "POST", body: Any = None, secret: str | None = SECRET, **headers: str) -> dict[str, Any]:
    """A proxy event; a body that is no text is sent as JSON."""
    if secret is not None:
        headers["Authorization"] = secret
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    return {"httpMethod": method, "headers": headers, "multiValueHeaders": None, "body": text, "isBase64Encoded": False}


def log_event(number: int, event_type: str = CREATED, *targets: dict[str, str]) -> dict[str, Any]:
    """A successful LogEvent, about the user of that number unless targets are given."""
    return {
        "uuid": f"5f0c1f1e-2b7d-4c59-9a43-{number:012x}",
        "published": f"2026-11-23T21:00:00.{number % 1000:03d}Z",
        "eventType": event_type,
        "outcome": {"result": "SUCCESS"},
        "target": list(targets) or [{"type": "User", "id": f"00u1bridge{number:010d}"}],
    }


def delivery(*events: Any) -> dict[str, Any]:
    """A delivery of these events."""
    return {"eventType": "com.okta.event_hook", "eventId": "delivery-1", "data": {"events": list(events)}}


def call(event: dict[str, Any]) -> tuple[int, str]:
    """Status and body of the receiver's answer, which has the form that API Gateway takes."""
    answer = app.handler(event, cast("Any", Context()))
    assert set(answer) == {"statusCode", "headers", "body"}
    assert all(isinstance(value, str) for value in answer["headers"].values())
    json.dumps(answer)
    return answer["statusCode"], answer["body"]


# ------------------------------------------------------------------------------------------------- Challenge


@pytest.mark.parametrize("name", ["x-okta-verification-challenge", "X-Okta-Verification-Challenge"])
@pytest.mark.parametrize("authorization", ["authorization", "AUTHORIZATION"])
def test_the_challenge_is_answered_in_any_case_of_its_header(world: World, name: str, authorization: str) -> None:
    """Okta's one GET gets its challenge back as JSON."""
    status, body = call(request("GET", secret=None, **{name: "a-challenge", authorization: SECRET}))
    assert (status, json.loads(body)) == (200, {"verification": "a-challenge"})
    assert world.waiting() == [0, 0, 0]


def test_headers_may_come_as_lists_alone(world: World) -> None:
    """A front that fills only multiValueHeaders is understood."""
    event = request("GET", secret=None)
    event["headers"] = None
    event["multiValueHeaders"] = {"AUTHORIZATION": [SECRET], "x-okta-VERIFICATION-challenge": ["c"], "empty": []}
    assert call(event) == (200, '{"verification": "c"}')
    assert world.printed()[0] == {}


def test_a_get_without_a_challenge_says_what_is_missing(world: World) -> None:
    """A person who opens the address with the secret reads what was expected."""
    status, body = call(request("GET"))
    assert (status, json.loads(body)) == (
        400,
        {"error": "x-okta-verification-challenge: expected a header with the challenge"},
    )
    assert world.waiting() == [0, 0, 0]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", None])
def test_other_methods_are_not_allowed(method: str) -> None:
    """Okta sends GET and POST; whatever else comes needs no secret to be refused."""
    answer = app.handler({"httpMethod": method}, cast("Any", Context()))
    assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "GET, POST")


# ---------------------------------------------------------------------------------------------------- Secret


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + " ", SECRET.upper(), "wröng 🙂", "\ud800"])
def test_a_wrong_secret_gets_401_and_leaves_only_a_metric(world: World, method: str, secret: str | None) -> None:
    """Whatever the value, the answer is empty, nothing is in a queue, and one metric is all that is printed."""
    event = request(method, delivery(log_event(1)), secret, **{"x-okta-verification-challenge": "c"})
    assert call(event) == (401, "")
    assert world.waiting() == [0, 0, 0]
    metrics, text = world.printed()
    assert metrics == {"DeliveriesUnauthorised": 1}
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize("secret", ["new-secret", "old-sécret"])
def test_the_current_and_the_previous_secret_are_good(world: World, secret: str) -> None:
    """While the secret is changed both values open, also beyond ASCII."""
    world.put_secret(hook_secret="new-secret", hook_secret_previous="old-sécret")
    assert call(request(body=delivery(log_event(1)), secret=secret)) == (204, "")


def test_a_new_secret_is_known_at_once(world: World) -> None:
    """An unknown value makes the receiver read the secret anew, so that a change needs no restart."""
    assert call(request(body=delivery()))[0] == 204
    world.put_secret(hook_secret="new-secret")
    assert call(request(body=delivery(), secret="new-secret"))[0] == 204
    assert call(request(body=delivery()))[0] == 401


def test_unknown_values_do_not_hammer_the_store(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred wrong secrets in a row cost two reads: the first and one refresh."""
    manager = boto3.client("secretsmanager")
    read, asked = manager.get_secret_value, 0

    def counted(**arguments: Any) -> Any:
        nonlocal asked
        asked += 1
        return read(**arguments)

    monkeypatch.setattr(manager, "get_secret_value", counted)
    monkeypatch.setattr(app.compose().secrets, "_client", manager)
    assert {call(request(body="{}", secret=f"wrong-{number}"))[0] for number in range(100)} == {401}
    assert asked == 2
    assert world.printed()[0] == {"DeliveriesUnauthorised": 1}


def test_another_header_may_carry_the_secret(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """HOOK_SECRET_HEADER names the header; Authorization then opens nothing."""
    monkeypatch.setenv("HOOK_SECRET_HEADER", "X-Hook-Secret")
    assert call(request(body=delivery(), secret=None, **{"x-hook-secret": SECRET}))[0] == 204
    assert call(request(body=delivery()))[0] == 401
    assert world.waiting() == [0, 0, 0]


def test_clients_and_the_secret_are_there_before_the_first_delivery(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The import makes and reads them: the first delivery asks Secrets Manager for nothing."""
    importlib.reload(app)
    monkeypatch.setattr(app.compose().secrets, "_client", None)
    assert call(request(body=delivery(log_event(1)))) == (204, "")
    assert world.waiting() == [0, 1, 0]


@pytest.mark.parametrize("broken", ["OKTA_APP_ID", "BRIDGE_SECRET_ID", "AWS_DEFAULT_REGION"])
def test_an_import_that_fails_breaks_nothing(world: World, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """A variable, the secret or the region is missing while the environment starts: the handler tries again."""
    good = os.environ[broken]
    monkeypatch.setenv(broken, "")
    importlib.reload(app)
    monkeypatch.setenv(broken, good)
    assert call(request(body=delivery(log_event(1)))) == (204, "")
    assert world.waiting() == [0, 1, 0]


def test_a_secret_that_is_filled_after_the_import_is_read(world: World) -> None:
    """The environment started before the bridge was set up: the first delivery after that is taken."""
    world.put_secret()
    importlib.reload(app)
    world.put_secret(hook_secret=SECRET)
    assert call(request(body=delivery(log_event(1)))) == (204, "")


def test_without_the_store_and_a_last_good_value_okta_tries_again(world: World) -> None:
    """A secret that cannot be read is our failure: 5xx, so that Okta uses its one retry."""

    class Down:
        """A Secrets Manager out of reach."""

        def get_secret_value(self, **_: Any) -> Any:
            """Fail."""
            raise EndpointConnectionError(endpoint_url="https://secretsmanager.example.com")

    secrets = app.compose().secrets
    good, secrets._client = secrets._client, Down()  # type: ignore[assignment] # stands in for the client
    assert call(request(body=delivery(log_event(1)))) == (500, "")
    assert "secrets-unavailable" in world.printed()[1]
    secrets._client = good
    assert call(request(body=delivery(log_event(1)))) == (204, "")
    assert world.waiting() == [0, 1, 0]


def test_before_setup_the_log_says_what_to_do(world: World) -> None:
    """An empty secret answers 500 and names the command that fills it."""
    world.put_secret()
    assert call(request(body=delivery(log_event(1)))) == (500, "")
    assert "not set up: the secret has no hook_secret" in world.printed()[1]


def test_a_missing_variable_is_named_in_the_log(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken deployment answers 500 and its log names the variable; mending it needs no restart."""
    monkeypatch.setenv("OKTA_APP_ID", "")
    assert call(request(body=delivery(log_event(1)))) == (500, "")
    assert "OKTA_APP_ID is not set" in world.printed()[1]
    with pytest.raises(SettingsError):
        app.compose()
    monkeypatch.setenv("OKTA_APP_ID", APP)
    assert call(request(body=delivery(log_event(1)))) == (204, "")


# ------------------------------------------------------------------------------------------------ Deliveries


def test_a_taken_delivery_is_in_its_queues(world: World) -> None:
    """204 means that each entity's item is in its queue, and the metrics say how many events became what."""
    user = {"type": "User", "id": "00u1bridge0000000001"}
    group = {"type": "UserGroup", "id": "00g1bridge0000000001"}
    other_app = {"type": "AppInstance", "id": "0oa1someotherappli01"}
    events = [
        log_event(1, CREATED, user),
        log_event(2, "user.account.update_profile", user),
        log_event(3, "user.lifecycle.suspend"),
        log_event(4, "group.user_membership.add", group, user),
        log_event(5, "application.user_membership.add", other_app, user),
        log_event(6, "user.session.start", user),
        {**log_event(7), "outcome": {"result": "FAILURE"}},
        None,
        {"eventType": CREATED, "outcome": {"result": "SUCCESS"}},
    ]
    assert call(request(body=delivery(*events))) == (204, "")
    assert world.waiting() == [1, 1, 1]
    assert world.first(Queue.LEAVERS)["entity"] == "user:00u1bridge0000000003"
    assert world.first(Queue.GROUPS)["entity"] == f"group:{group['id']}"
    item = world.first(Queue.USERS)
    assert (item["entity"], item["reason"], len(item["events"])) == (f"user:{user['id']}", "hook", 2)
    metrics, text = world.printed()
    assert metrics == {
        "EventsAccepted": 4,
        "ItemsSent": 3,
        "EventsDropped other-app": 1,
        "EventsDropped unknown-type": 1,
        "EventsDropped outcome": 1,
        "EventsDropped malformed": 2,
    }
    assert '"delivery":"delivery-1"' in text
    assert '"user.lifecycle.suspend":1' in text


def test_a_delivery_that_comes_twice_is_one_message(world: World) -> None:
    """Okta delivers at least once; the queue keeps one."""
    event = request(
        body=delivery(
            log_event(1), log_event(2, "group.profile.update", {"type": "UserGroup", "id": "00g1bridge0000000001"})
        )
    )
    assert [call(event), call(event)] == [(204, ""), (204, "")]
    assert world.waiting() == [0, 1, 1]


def test_a_thousand_members_of_one_group_are_one_message(world: World) -> None:
    """One delivery of 1,000 membership events of one group makes exactly one item."""
    group = {"type": "UserGroup", "id": "00g1bridge0000000001"}
    events = [
        log_event(number, "group.user_membership.add", {"type": "User", "id": f"00u1bridge{number:010d}"}, group)
        for number in range(1000)
    ]
    assert call(request(body=delivery(*events)))[0] == 204
    assert world.waiting() == [0, 0, 1]
    assert world.printed()[0] == {"EventsAccepted": 1000, "ItemsSent": 1}


def test_a_thousand_users_are_a_thousand_messages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each entity has its own item; the queue only counts here, because moto takes half a minute for so many."""
    groups: list[str] = []

    class Counting:
        """An SQS that notes the message groups."""

        def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803 - boto3's names
            """Take all."""
            assert QueueUrl == world.urls[Queue.USERS]
            groups.extend(entry["MessageGroupId"] for entry in Entries)
            return {}

    monkeypatch.setattr(app.compose().queues, "_sqs", Counting())
    assert call(request(body=delivery(*(log_event(number) for number in range(1000)))))[0] == 204
    assert sorted(groups) == [f"user:00u1bridge{number:010d}" for number in range(1000)]


def test_an_empty_delivery_is_taken(world: World) -> None:
    """No events, no work, no error."""
    assert call(request(body=delivery())) == (204, "")
    assert world.printed()[0] == {}


def test_a_base64_body_is_decoded(world: World) -> None:
    """API Gateway encodes bodies of media types that it takes for binary."""
    event = request()
    event.update(body=base64.b64encode(json.dumps(delivery(log_event(1))).encode()).decode(), isBase64Encoded=True)
    assert call(event) == (204, "")
    assert world.waiting() == [0, 1, 0]


@pytest.mark.parametrize(
    ("body", "encoded", "message"),
    [
        (None, False, "body: expected JSON (character 0)"),
        ("", False, "body: expected JSON (character 0)"),
        ("{'a': 1}", False, "body: expected JSON (character 1)"),
        ('"\ud800"', False, "body: expected UTF-8"),
        ('{"eventType": "Ada Brook"}', False, "eventType: expected com.okta.event_hook"),
        ("*not base64*", True, "body: expected base64, as isBase64Encoded says"),
        ("ä", True, "body: expected base64, as isBase64Encoded says"),
        ("/w==", True, "body: expected UTF-8"),
    ],
)
def test_a_bad_body_is_refused_for_good(world: World, body: str | None, encoded: bool, message: str) -> None:
    """400 says what was expected, is counted, and neither answer nor log repeats the body."""
    event = request()
    event.update(body=body, isBase64Encoded=encoded)
    status, answer = call(event)
    assert (status, json.loads(answer)) == (400, {"error": message})
    metrics, text = world.printed()
    assert metrics == {"DeliveriesInvalid": 1}
    assert "Ada Brook" not in answer + text
    assert world.waiting() == [0, 0, 0]


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize(("extra", "status"), [(0, 204), (1, 413)])
def test_the_limit_of_a_body_is_four_mebibytes(world: World, encoded: bool, extra: int, status: int) -> None:
    """Exactly 4 MiB pass, one byte more is refused and counted; what counts is the decoded size."""
    text = json.dumps(delivery())
    text += " " * (4 * 1024 * 1024 - len(text) + extra)
    event = request()
    event.update(body=base64.b64encode(text.encode()).decode() if encoded else text, isBase64Encoded=encoded)
    assert call(event)[0] == status
    assert world.printed()[0] == ({"DeliveriesOversized": 1} if extra else {})


def test_a_queue_that_refuses_makes_okta_try_again(world: World) -> None:
    """Not in a queue means 503; the other queues have theirs, and Okta's retry enqueues the rest."""
    world.sqs.delete_queue(QueueUrl=world.urls[Queue.USERS])
    event = request(body=delivery(log_event(1), log_event(2, "user.lifecycle.deactivate")))
    assert call(event) == (503, "")
    metrics, text = world.printed()
    assert metrics == {"QueueRefused": 1}
    assert "queues-unavailable" in text
    world.sqs.create_queue(QueueName="users.fifo", Attributes={"FifoQueue": "true"})
    assert call(event) == (204, "")
    assert world.waiting() == [1, 1, 0]


def test_no_person_is_named_in_the_log(world: World) -> None:
    """Names, addresses and the secret of a delivery stay out of everything that is printed (promise P9)."""
    person = {
        "type": "User",
        "id": "00u1bridge0000000001",
        "displayName": "Ada Brook",
        "alternateId": "ada@example.com",
    }
    event = {**log_event(1, CREATED, person), "displayMessage": "Ada Brook"}
    odd = {"eventType": "Ada Brook", "uuid": "ada@example.com"}
    assert call(request(body={**delivery(event, odd), "eventId": "Ada Brook"}))[0] == 204
    text = world.printed()[1]
    assert "EventsAccepted" in text
    assert not re.search(rf"ada|brook|example\.com|{SECRET}", text, re.IGNORECASE)


# -------------------------------------------------------------------------------------------------- Examples


@pytest.mark.parametrize(
    ("name", "status", "waiting"),
    [
        ("challenge", 200, [0, 0, 0]),
        ("delivery", 204, [1, 2, 1]),
        ("preview", 204, [0, 0, 0]),
        ("wrong-secret", 401, [0, 0, 0]),
        ("bulk", 204, [0, 20, 1]),
    ],
)
def test_the_example_events_do_what_their_names_say(world: World, name: str, status: int, waiting: list[int]) -> None:
    """events/receiver-<name>.json, as `sam local invoke` sends it, has the answer and the messages it promises."""
    event = json.loads((EVENTS / f"receiver-{name}.json").read_text())
    assert call(event)[0] == status
    assert world.waiting() == waiting


def test_every_example_event_is_tested() -> None:
    """No example of the receiver is left out above."""
    names = {path.stem.removeprefix("receiver-") for path in EVENTS.glob("receiver-*.json")}
    assert names == {"challenge", "delivery", "preview", "wrong-secret", "bulk"}
