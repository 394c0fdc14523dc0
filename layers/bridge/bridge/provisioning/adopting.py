"""A link that a person makes of what they know, without reading the account."""

from __future__ import annotations

from dataclasses import replace

from bridge.provisioning.user_records import Origin, UserLink, UserState


def adopted_blindly(link: UserLink, genesys_id: str) -> UserLink:
    """The link with this account: nothing is known of it, so the next sync reads it before it writes there."""
    return replace(
        _forgotten(link),
        state=UserState.LINKED,
        genesys_id=genesys_id,
        origin=Origin.ADOPTED,
        groups_due=True,
        assigned=None,
        unassigned_due="",
        version="",
    )


def released(link: UserLink) -> UserLink:
    """The link without an account, as one who waits for theirs: events are read, and nobody is ended by it."""
    return replace(_forgotten(link), state=UserState.WANTED, genesys_id="", origin=Origin.NONE, groups_due=False)


def _forgotten(link: UserLink) -> UserLink:
    """The link without what it says of an account."""
    return replace(link, active=None, hashes={}, waiting=None, pending=(), refused={}, gone_id="", created=None)
