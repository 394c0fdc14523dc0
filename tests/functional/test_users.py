"""Looks at users: real events, the real handlers, the models' answers."""

from __future__ import annotations

from tests.world import World


def test_assigned_user_is_created_with_every_mapped_attribute() -> None:
    """An assignment becomes one active Genesys Cloud user with the whole default map, by one POST."""
    world = World()
    user = world.person(
        "Ada Brook",
        title="Adviser",
        department="Service",
        employeeNumber="4711",
        primaryPhone="(317) 555-0100",
        mobilePhone="+49 151 23456789",
    )
    world.happen()
    account = world.account(user)
    assert account["userName"] == "ada.brook@example.com"
    assert account["active"] is True
    assert account["displayName"] == "Ada Brook"
    assert world.calls("POST", "users") == 1
    assert world.last(f"user:{user}").outcome == "created"
