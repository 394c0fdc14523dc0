"""What functions depend on: made when it is wanted, replaced by what is given."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.aws.dependencies import Dependencies


def test_what_is_given_stands_in_the_place_of_the_real_thing() -> None:
    """Nothing of AWS is made for it: here nobody could even say in which region."""
    queues = object()
    assert Dependencies(None, queues=queues).queues is queues


def test_a_member_is_made_once_and_from_the_other_members() -> None:
    """The secrets are read through the client that was given, and every reader has the same ones."""
    settings: Any = type("Settings", (), {"secret_id": "bridge"})
    client: Any = type("Client", (), {"get_secret_value": lambda **_: {"SecretString": '{"okta_token": "t"}'}})
    dependencies = Dependencies(settings, secretsmanager=client)
    assert dependencies.secrets.get("okta_token") == "t"
    assert dependencies.secrets is dependencies.secrets


def test_others_with_a_replacement_keep_the_rest() -> None:
    """`replace` changes what it names, and leaves the first as it was."""
    clock, short, long = object(), object(), object()
    first = Dependencies(None, clock=clock, pause=short)
    second = first.replace(pause=long)
    assert second.clock is clock
    assert (second.pause is long, first.pause is short) == (True, True)


@pytest.mark.parametrize("name", ["stoer", "_private"])
def test_a_name_that_no_member_has_is_refused(name: str) -> None:
    """A fake that nobody would ever ask for is a mistake in a test."""
    with pytest.raises(TypeError, match=name):
        Dependencies(None, **{name: object()})
