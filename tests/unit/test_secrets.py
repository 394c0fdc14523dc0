"""Secrets: cached for minutes, refreshed seldom, and outliving a store that fails."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from bridge.aws.secrets import MAX_AGE, PAUSE, Secrets
from bridge.errors import SettingsError, Transient

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

NAME = "bridge-secret"


class Store:
    """Secrets Manager (moto), which counts the questions and fails on demand."""

    def __init__(self) -> None:
        self.manager = boto3.client(
            "secretsmanager", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        self.manager.create_secret(Name=NAME)
        self.asked = 0
        self.failure: Exception | None = None

    def put(self, document: object) -> None:
        """Store a new value; a text as it stands, anything else as JSON."""
        text = document if isinstance(document, str) else json.dumps(document)
        self.manager.put_secret_value(SecretId=NAME, SecretString=text)

    def get_secret_value(self, **arguments: Any) -> Any:
        """What `Secrets` calls."""
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return self.manager.get_secret_value(**arguments)


class Seconds:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The seconds."""
        return self.now


@pytest.fixture
def store() -> Iterator[Store]:
    """A store whose secret has no value yet."""
    with mock_aws():
        yield Store()


@pytest.fixture
def clock() -> Seconds:
    """The clock of the secrets."""
    return Seconds()


@pytest.fixture
def secrets(store: Store, clock: Seconds) -> Secrets:
    """Secrets that have read nothing yet."""
    return Secrets(cast("SecretsManagerClient", store), NAME, clock=clock)


FAILURES = [
    EndpointConnectionError(endpoint_url="https://secretsmanager.example.com"),
    ClientError({"Error": {"Code": "InternalServiceError", "Message": "no"}}, "GetSecretValue"),
]


def test_values_are_read_when_wanted_and_kept(store: Store, secrets: Secrets, clock: Seconds) -> None:
    """The store is asked at the first use, then not for five minutes, then again."""
    store.put({"hook_secret": "one", "okta_token": "t"})
    assert store.asked == 0
    assert [secrets.get("hook_secret"), secrets.get("okta_token"), secrets.find("absent")] == ["one", "t", ""]
    store.put({"hook_secret": "two"})
    clock.now += MAX_AGE - 1
    assert (secrets.get("hook_secret"), store.asked) == ("one", 1)
    clock.now += 1
    assert (secrets.get("hook_secret"), store.asked) == ("two", 2)


def test_the_hash_key_is_a_secret_like_the_others(store: Store, secrets: Secrets) -> None:
    """A secret with the key hash_key, as the template generates it."""
    store.put({"hash_key": "generated"})
    assert secrets.get("hash_key") == "generated"


def test_a_refresh_asks_at_once_but_seldom(store: Store, secrets: Secrets, clock: Seconds) -> None:
    """A refresh sees a new value at once; a second one within 30 seconds asks nobody."""
    store.put({"hook_secret": "one"})
    assert secrets.get("hook_secret") == "one"
    store.put({"hook_secret": "two"})
    assert secrets.refresh() is True
    assert secrets.get("hook_secret") == "two"
    store.put({"hook_secret": "three"})
    clock.now += PAUSE - 1
    assert secrets.refresh() is False
    assert (secrets.get("hook_secret"), store.asked) == ("two", 2)
    clock.now += 1
    assert secrets.refresh() is True
    assert (secrets.get("hook_secret"), store.asked) == ("three", 3)


@pytest.mark.parametrize("failure", FAILURES)
def test_the_last_good_value_outlives_a_failing_store(
    store: Store, secrets: Secrets, clock: Seconds, failure: Exception
) -> None:
    """While the store fails, the old value serves and the store is asked only every 30 seconds."""
    store.put({"hook_secret": "one"})
    secrets.get("hook_secret")
    store.failure = failure
    clock.now += MAX_AGE
    for _ in range(3):
        assert secrets.get("hook_secret") == "one"
    assert store.asked == 2
    store.put({"hook_secret": "two"})
    store.failure = None
    clock.now += PAUSE
    assert secrets.get("hook_secret") == "two"


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failing_store_without_a_last_good_value_is_transient(
    store: Store, secrets: Secrets, failure: Exception
) -> None:
    """Nothing is known and nothing can be read: wait; as soon as the store answers, it goes on."""
    store.put({"hook_secret": "one"})
    store.failure = failure
    with pytest.raises(Transient, match=r"^secrets-unavailable$"):
        secrets.get("hook_secret")
    store.failure = None
    assert secrets.get("hook_secret") == "one"


def test_a_secret_without_a_value_is_not_set_up(secrets: Secrets) -> None:
    """Before `bridge setup` the secret may have no version at all."""
    with pytest.raises(SettingsError, match=r"^not set up: "):
        secrets.get("hook_secret")


@pytest.mark.parametrize("document", [{}, {"hook_secret": ""}, {"hook_secret": 7}, {"other": "x"}])
def test_a_missing_key_is_not_set_up_until_it_comes(
    store: Store, secrets: Secrets, clock: Seconds, document: dict[str, object]
) -> None:
    """The error names the key; what setup writes is seen by the next refresh, before the cache ends."""
    store.put(document)
    for _ in range(3):
        with pytest.raises(SettingsError, match=r"^not set up: the secret has no hook_secret"):
            secrets.get("hook_secret")
    assert store.asked == 2
    store.put({"hook_secret": "one"})
    clock.now += PAUSE
    assert secrets.get("hook_secret") == "one"


@pytest.mark.parametrize("text", ["plain-secret-text", '["plain-secret-text"]', '"plain-secret-text"'])
def test_a_secret_that_is_no_object_is_named_but_not_shown(store: Store, secrets: Secrets, text: str) -> None:
    """A wrong form is a settings error whose message and causes repeat nothing of it."""
    store.put(text)
    with pytest.raises(SettingsError) as wrong:
        secrets.get("hook_secret")
    assert str(wrong.value) == "the secret: expected a JSON object (see docs/setup-deploy.md)"
    assert wrong.value.__suppress_context__


def test_the_last_good_value_outlives_a_spoiled_secret(store: Store, secrets: Secrets) -> None:
    """Somebody writes nonsense over the secret: the old values go on."""
    store.put({"hook_secret": "one"})
    secrets.get("hook_secret")
    store.put("nonsense")
    assert secrets.refresh() is True
    assert secrets.get("hook_secret") == "one"


def test_no_value_is_shown(store: Store, secrets: Secrets) -> None:
    """The object's text has none of its values."""
    store.put({"hook_secret": "one-invented-secret"})
    secrets.get("hook_secret")
    assert "one-invented-secret" not in f"{secrets!r} {secrets}"
