"""The attribute map in force: the newest that was right, kept in the state table, for functions that start anew too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from bridge.aws.dependencies import Dependencies
from bridge.aws.store.maps import MapRecords
from bridge.aws.store.table import StateTable
from bridge.errors import SettingsError, Transient
from bridge.mapping.attribute_map import AttributeMap
from bridge.mapping.source import MAX_AGE, CurrentMap, MapText
from bridge.settings import MapSettings, UserNameSource

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAME = "/bridge/map"
SETTINGS = MapSettings(UserNameSource.EMAIL, "US", NAME)
DEFAULT = AttributeMap.default_text()
OTHER = DEFAULT.replace("profile.title", "profile.nickName")
THIRD = DEFAULT.replace("profile.title", "profile.userType")
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


def digest(text: str) -> str:
    """What stands for the map of a text."""
    return AttributeMap.parse(text, user_name=UserNameSource.EMAIL, default_region="US").digest


@dataclass
class Parameters:
    """SSM with one parameter."""

    versions: list[tuple[str, datetime]] = field(default_factory=list)
    fails: bool = False

    def put(self, text: str) -> None:
        """A new version, an hour after the one before."""
        self.versions.append((text, BEGINNING + timedelta(hours=len(self.versions))))

    def get_parameter(self, *, Name: str) -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        """SSM's answer."""
        assert Name == NAME
        if self.fails or not self.versions:
            raise ClientError({"Error": {"Code": "ParameterNotFound", "Message": ""}}, "GetParameter")
        text, at = self.versions[-1]
        return {"Parameter": {"Value": text, "Version": len(self.versions), "LastModifiedDate": at}}


@pytest.fixture
def client() -> Iterator[DynamoDBClient]:
    """DynamoDB as moto plays it, with the state table."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
        keys = ("pk", "sk")
        client.create_table(
            TableName="state",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


class Functions:
    """Functions of one stack, each with a map of its own."""

    def __init__(self, client: DynamoDBClient) -> None:
        self.parameters = Parameters()
        self.records = MapRecords(StateTable(client, "state"))
        self.refused: list[str] = []
        self.seconds = 0.0
        self.kept: Any = self.records

    def start(self) -> CurrentMap:
        """One that starts now."""
        return CurrentMap(
            SETTINGS,
            self.kept,
            self.refused.append,
            client=lambda: self.parameters,
            clock=lambda: self.seconds,
        )

    def later(self, *maps: CurrentMap) -> None:
        """Five minutes pass."""
        self.seconds += MAX_AGE
        for each in maps:
            each.refresh()


@pytest.fixture
def functions(client: DynamoDBClient) -> Functions:
    """None has started."""
    return Functions(client)


def test_a_wrong_newer_map_leaves_the_last_good_one_in_force(functions: Functions) -> None:
    """It is refused and told; a right one is taken, and none between two refreshes."""
    functions.parameters.put(DEFAULT)
    current = functions.start()
    functions.parameters.put("{}")
    current.refresh()
    assert (functions.refused, current.refused) == ([], "")
    functions.later(current)
    assert (current.digest, len(functions.refused)) == (digest(DEFAULT), 1)
    assert "attribute map" in current.refused
    functions.parameters.put(OTHER)
    functions.later()
    assert current.digest == digest(DEFAULT)
    current.refresh()
    assert (current.digest, current.refused) == (digest(OTHER), "")


def test_without_any_good_map_there_is_none(functions: Functions) -> None:
    """The function does not start."""
    functions.parameters.put("{}")
    with pytest.raises(SettingsError):
        functions.start()


@pytest.mark.parametrize("fails", [True, False])
def test_a_function_that_starts_anew_takes_the_last_good_map(functions: Functions, fails: bool) -> None:
    """Be the newest one wrong or not to be read; it is told."""
    functions.parameters.put(DEFAULT)
    functions.start()
    functions.parameters.put("{}")
    functions.parameters.fails = fails
    started = functions.start()
    assert (started.digest, len(functions.refused)) == (digest(DEFAULT), 1)


def test_a_function_that_has_missed_a_good_map_takes_it_from_another(functions: Functions) -> None:
    """The last good one is not the last that this function has seen."""
    functions.parameters.put(DEFAULT)
    old = functions.start()
    functions.parameters.put(OTHER)
    functions.start()
    functions.parameters.put("{}")
    functions.later(old)
    assert old.digest == digest(OTHER)


def test_an_older_map_is_never_kept_over_a_newer_one(functions: Functions) -> None:
    """A function whose reading is behind keeps nothing, and goes back to nothing."""
    functions.parameters.put(DEFAULT)
    functions.parameters.put(OTHER)
    current = functions.start()
    behind = functions.parameters.versions.pop()
    functions.later(current)
    functions.start()
    assert current.digest == digest(OTHER)
    kept = functions.records.kept_map(NAME)
    assert kept is not None
    assert (kept.text, kept.version) == (OTHER, 2)
    functions.parameters.versions.append(behind)


def test_a_parameter_made_anew_counts_by_its_time(functions: Functions) -> None:
    """SSM numbers its versions from 1 again."""
    functions.records.keep_map(NAME, MapText(DEFAULT, 7, int(BEGINNING.timestamp() * 1000) - 1))
    functions.parameters.put(THIRD)
    functions.start()
    kept = functions.records.kept_map(NAME)
    assert kept is not None
    assert (kept.text, kept.version) == (THIRD, 1)


def test_another_parameter_has_a_map_of_its_own(functions: Functions) -> None:
    """What an earlier parameter said is never taken for this one's."""
    functions.records.keep_map("/bridge/before", MapText(DEFAULT, 7, 1))
    functions.parameters.put("{}")
    with pytest.raises(SettingsError):
        functions.start()


def test_a_table_out_of_reach_keeps_no_map_from_being_used(functions: Functions) -> None:
    """It is kept with a later refresh."""

    class Away:
        """The table does not answer."""

        def kept_map(self, parameter: str) -> MapText | None:
            """Never."""
            raise Transient(f"store-unreachable {parameter}", upstream="store")

        def keep_map(self, parameter: str, good: MapText) -> None:
            """Never."""
            raise Transient(f"store-unreachable {parameter} {good.version}", upstream="store")

    functions.kept = Away()
    functions.parameters.put(DEFAULT)
    current = functions.start()
    assert current.digest == digest(DEFAULT)
    functions.parameters.put("{}")
    functions.later(current)
    assert current.digest == digest(DEFAULT)


def test_a_function_of_the_stack_keeps_and_finds_its_map(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over SSM and DynamoDB as moto plays them; a wrong map is counted."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName="state",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        ssm = boto3.client("ssm")
        ssm.put_parameter(Name=NAME, Value=OTHER, Type="String")
        settings: Any = type("Settings", (), {"mapping": SETTINGS, "state_table": "state"})
        assert Dependencies(settings).mapper.digest == digest(OTHER)
        ssm.put_parameter(Name=NAME, Value=json.dumps({"v": 9}), Type="String", Overwrite=True)
        capsys.readouterr()
        dependencies = Dependencies(settings)
        assert dependencies.mapper.digest == digest(OTHER)
        assert "attribute map: v" in dependencies.map_refused
        assert "MapRefused" in capsys.readouterr().out
