"""Putting the consumer together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.aws.clock import SystemClock
from bridge.aws.dependencies import random_password
from bridge.consumer.composition import Consumer
from bridge.items import Queue
from bridge.provisioning.ports import Pace
from tests.world import FreePace, World


def test_oauth_needs_a_signer() -> None:
    """A consumer that should sign in as a service app says at once that nobody signs."""
    with pytest.raises(ValueError, match="OKTA_AUTH=oauth needs a signer"):
        World({"OKTA_AUTH": "oauth", "OKTA_CLIENT_ID": "0oaBridgeServiceApp1", "OKTA_KMS_KEY_ID": "key"})


def test_leavers_have_a_call_budget_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A leaver's calls are taken from the leavers' share, everybody else's from that of the other queues."""
    taken: list[tuple[str, Queue]] = []

    def pace(upstream: str, queue: Queue) -> Pace:
        """A budget that notes who takes from it."""
        budget = FreePace()
        budget.take = lambda: taken.append((upstream, queue))  # type: ignore[method-assign] # it is watched
        return budget

    monkeypatch.setattr("tests.world.Consumer", lambda settings, given: Consumer(settings, given.replace(pace=pace)))
    world = World()
    (ada,) = world.provisioned(1)
    world.ask(f"user:{ada}", queue=Queue.LEAVERS)
    world.settle()
    assert {queue for _, queue in taken} == {Queue.LEAVERS}
    assert {upstream for upstream, _ in taken} == {"okta-user", "okta-apps", "genesys"}
    taken.clear()
    world.ask(f"user:{ada}")
    world.ask(f"group:{world.okta.create_group('Agents')}")
    world.settle()
    assert Queue.LEAVERS not in {queue for _, queue in taken}


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
