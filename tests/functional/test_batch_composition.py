"""Putting the consumer together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.composition import SystemClock, random_password
from tests.world import World


def test_oauth_needs_a_signer() -> None:
    """A consumer that should sign in as a service app says at once that nobody signs."""
    with pytest.raises(ValueError, match="OKTA_AUTH=oauth needs a signer"):
        World({"OKTA_AUTH": "oauth", "OKTA_CLIENT_ID": "0oaBridgeServiceApp1", "OKTA_KMS_KEY_ID": "key"})


def test_a_password_has_every_kind_of_character_and_is_never_the_same() -> None:
    """Forty characters, each kind that password rules ask for, from the operating system's randomness."""
    passwords = {random_password() for _ in range(50)}
    assert len(passwords) == 50
    for password in passwords:
        assert len(password) == 40
        assert any(character.islower() for character in password)
        assert any(character.isupper() for character in password)
        assert any(character.isdigit() for character in password)
        assert set(password) & set("-_.!")


def test_the_systems_clock_is_utc() -> None:
    """The composition's clock gives the present moment with its offset of zero."""
    now = SystemClock.now()
    assert now.utcoffset() == timedelta()
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)
