"""What happened, as facts that somebody outside of the bridge can see: a history is a list of them, oldest first.

The facts come from three sides: the calls that Genesys Cloud received and answered, the truth that Okta held, and
what people decided. Nothing here comes from the bridge's own arithmetic; the one thing that it says itself is whom
its holds show to people. Groups are named by their Okta ids, members by their Genesys Cloud ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

#: The entity of the organisation's hold, as `Decision` and `Settled` name it; a group's is its Okta id.
ORGANISATION = "app"


class Access(StrEnum):
    """What Okta says of a user's access to Genesys Cloud."""

    WANTED = "wanted"  #: assigned and usable
    ENDED = "ended"  #: DEPROVISIONED or SUSPENDED
    UNASSIGNED = "unassigned"
    DELETED = "deleted"
    UNCLEAR = "unclear"  #: STAGED, or an assignment that is neither yes nor no


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that happened; `at` is when."""

    at: datetime


# ------------------------------------------------------------------------------------------- Genesys Cloud


@dataclass(frozen=True, kw_only=True)
class Account(Fact):
    """A Genesys Cloud user as it was after an act.

    Attributes:
        genesys_id: the user.
        okta_id: its externalId, empty without one.
        active: the administrative state; False for one that was deleted.
        by_bridge: whether the bridge wrote, or read it by id, and got the answer unless `lost`.
        wrote: whether the act changed it.
        created: whether the bridge made it, in this history or before.
        lost: whether the answer never reached the bridge.
    """

    genesys_id: str
    okta_id: str
    active: bool
    by_bridge: bool
    wrote: bool = True
    created: bool = False
    lost: bool = False


@dataclass(frozen=True, kw_only=True)
class Members(Fact):
    """Members of a linked group came or went: ids really added and removed.

    Attributes:
        group: the Okta group that it is linked to.
        by_bridge: False for an administrator in Genesys Cloud.
        named: how many members the request asked to remove.
    """

    group: str
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    by_bridge: bool
    named: int = 0


@dataclass(frozen=True, kw_only=True)
class Watched(Fact):
    """A linked group is watched from now on; `synced` says whether a whole sync of the link has ended before."""

    group: str
    synced: bool


@dataclass(frozen=True, kw_only=True)
class GroupRead(Fact):
    """The bridge read a linked group with its members: a sync has begun to compare."""

    group: str


@dataclass(frozen=True, kw_only=True)
class Forbidden(Fact):
    """A call that the bridge never makes: a member list put in place of another, a group or user deleted."""

    what: str


# ---------------------------------------------------------------------------------------------------- Okta


@dataclass(frozen=True, kw_only=True)
class OktaGroup(Fact):
    """The truth of an Okta group from now on.

    Attributes:
        group: its id.
        exists: False once it is deleted.
        linked: whether settings or assignment still link it.
        members: Okta ids of its users.
    """

    group: str
    exists: bool
    linked: bool
    members: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class OktaUser(Fact):
    """The truth of an Okta user from now on."""

    user: str
    access: Access


@dataclass(frozen=True, kw_only=True)
class OktaDoubtful(Fact):
    """Okta shows a group empty or gone that is not: what was approved before may need another approval."""


@dataclass(frozen=True, kw_only=True)
class OktaApp(Fact):
    """Whether the Okta application is ACTIVE from now on."""

    active: bool


# -------------------------------------------------------------------------------------------------- people


@dataclass(frozen=True, kw_only=True)
class Decided(Fact):
    """A person approved or rejected a hold, having seen these Okta users in it.

    Attributes:
        entity: an Okta group, or `ORGANISATION`.
        users: whom the person saw.
        approved: False for a rejection.
        seen: when the person saw them.
    """

    entity: str
    users: frozenset[str]
    approved: bool
    seen: datetime


@dataclass(frozen=True, kw_only=True)
class Limited(Fact):
    """An operator gave a group limits of its own; None stands for the setting."""

    group: str
    count: int | None
    percent: int | None


@dataclass(frozen=True, kw_only=True)
class Paused(Fact):
    """An operator paused removals, or resumed them."""

    paused: bool


@dataclass(frozen=True, kw_only=True)
class Settled(Fact):
    """The queues are empty: all that was delivered has been worked off.

    Attributes:
        held: whom the open holds show to people, by entity.
    """

    held: Mapping[str, frozenset[str]] = field(default_factory=dict)


History = list[Fact]
