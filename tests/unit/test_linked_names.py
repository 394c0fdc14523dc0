"""The names of groups to link: from the setting, or from Parameter Store, whose failures end no rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from bridge.aws.linked_names import MAX_AGE, PAUSE, LinkedNames
from bridge.errors import SettingsError, Transient
from bridge_local.template import Template

LONGEST = int(Template().document["Parameters"]["LinkedGroups"]["MaxLength"])
DOWN = ClientError({"Error": {"Code": "InternalServerError"}}, "GetParameter")


class Parameters:
    """Parameter Store (moto), which counts the questions and fails on demand."""

    def __init__(self) -> None:
        self.ssm = boto3.client("ssm", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        self.asked = 0
        self.failure: Exception | None = None
        self.seconds = 1000.0

    def put(self, text: str) -> None:
        """What a deployment writes."""
        self.ssm.put_parameter(Name="CFN-Names-1", Value=text, Type="String", Overwrite=True)

    def get_parameter(self, **arguments: Any) -> Any:
        """What `LinkedNames` calls."""
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return self.ssm.get_parameter(**arguments)

    def names(self) -> LinkedNames:
        """The names of a new execution environment."""
        return LinkedNames(("ssm:CFN-Names-1",), lambda: self, clock=lambda: self.seconds)


@pytest.fixture
def parameters() -> Iterator[Parameters]:
    """A store without the parameter."""
    with mock_aws():
        yield Parameters()


def test_the_longest_list_is_read_whole(parameters: Parameters) -> None:
    """A standard parameter holds the longest value that the template takes, up to its last name."""
    names = [f"Genesys group {number:04}" for number in range(300)]
    text = ",".join(names)[: LONGEST - 5] + ",Last"
    assert len(text) == LONGEST
    parameters.put(text)
    assert parameters.names()()[-1] == "Last"
    assert len(parameters.names()()) == text.count(",") + 1


def test_a_setting_of_names_asks_nobody(parameters: Parameters) -> None:
    """What stands in the environment is used as it is."""
    assert LinkedNames(("Sales", "Genesys *"), lambda: parameters)() == ("Sales", "Genesys *")
    assert LinkedNames((), lambda: parameters)() == ()
    assert parameters.asked == 0


def test_a_new_list_counts_within_five_minutes(parameters: Parameters) -> None:
    """A deployment that changes the list alone reaches environments that are warm."""
    parameters.put("Sales")
    names = parameters.names()
    assert names() == ("Sales",)
    parameters.put("Sales,Support")
    parameters.seconds += MAX_AGE - 1
    assert (names(), parameters.asked) == (("Sales",), 1)
    parameters.seconds += 1
    assert (names(), parameters.asked) == (("Sales", "Support"), 2)


@pytest.mark.parametrize("failure", [DOWN, ClientError({"Error": {"Code": "ParameterNotFound"}}, "GetParameter")])
def test_a_failure_ends_no_rule(parameters: Parameters, failure: Exception) -> None:
    """The last good list goes on, and the store gets a pause."""
    parameters.put("Sales")
    names = parameters.names()
    assert names() == ("Sales",)
    parameters.failure = failure
    parameters.seconds += MAX_AGE
    assert (names(), names(), parameters.asked) == (("Sales",), ("Sales",), 2)
    parameters.failure = None
    parameters.put("Support")
    parameters.seconds += PAUSE
    assert names() == ("Support",)


def test_without_a_list_nothing_is_decided(parameters: Parameters) -> None:
    """No list is not an empty list: a sync waits, and a name that leads nowhere is a setting to correct."""
    with pytest.raises(SettingsError, match="LINKED_GROUPS"):
        parameters.names()()
    parameters.failure = DOWN
    with pytest.raises(Transient, match=r"^linked-groups-unavailable$"):
        parameters.names()()
