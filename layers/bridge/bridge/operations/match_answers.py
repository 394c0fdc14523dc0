"""What is answered about whose account is whose: ids, states and keyed hashes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from bridge.operations.answers import Answer, Part, Planned


class Person(Part):
    """Somebody who is assigned in Okta.

    `email` and `number` are keyed hashes of logins and e-mail addresses, and of the employee number.
    """

    user: str
    status: str
    account: str = Field(description="the Genesys Cloud user of their link, empty without one")
    email: list[str]
    number: str = ""


class Account(Part):
    """A Genesys Cloud user; `owner` is the entity whose link names it, `bears` the external id if it is Okta's."""

    account: str
    active: bool
    owner: str = ""
    bears: str = ""
    email: str
    number: str = ""


class MatchPart(Answer):
    """Answers ``match``: people or accounts."""

    people: list[Person] = Field(default_factory=list)
    accounts: list[Account] = Field(default_factory=list)
    total: int = Field(default=0, description="how many accounts there are in all, by Genesys Cloud's word")
    next: str | None
    busy: bool = Field(description="whether syncs wait, so that the next question should, too")


class NotLinked(Part):
    """A pair that was not linked, and the reason code."""

    user: str
    account: str
    why: str


class MatchLinked(Answer):
    """Answers ``match.link``: how many records were written, and what was left alone."""

    linked: int
    left: list[NotLinked]


class Held(Part):
    """A Genesys Cloud user as it is now; `found` is false where Genesys Cloud answers 404."""

    account: str
    found: bool
    active: bool = False
    bears: str = Field(default="", description="the Okta user whose id it has as external id")
    owner: str = Field(default="", description="the entity whose link names it")
    has_name: bool = Field(default=False, description="whether its userName is the user's login or e-mail address")


class UserChanged(Answer):
    """Answers ``user.link`` and ``user.unlink``; with `applied` the records are written.

    `item` is the item whose sync follows a link; an unlink asks for none.
    """

    entity: str
    applied: bool
    before: Held | None = Field(description="the account that is linked now, null without one")
    after: Held | None = Field(description="the account that is to be linked, null for none")
    writes: list[str] = Field(description="the records that are written, and the call that takes the user's id back")
    planned: Planned | None = Field(default=None, description="what the next sync would do then")
    item: str | None = None


class RolesDiscarded(Answer):
    """Answers ``roles.discard``: the names of the roles that are missed no longer, once it is `applied`."""

    entity: str
    applied: bool
    roles: list[str]


class PushedGroup(Part):
    """A group that native group push keeps; `why` says in one code why it cannot be linked, or what links it."""

    entity: str
    okta_name: str
    target: str = Field(description="what it is pushed to, empty where Okta does not say")
    genesys_id: str | None = Field(description="the Genesys Cloud group of the equal name")
    state: Literal["to-do", "done", "cannot", "kept-out", "inactive"]
    why: str = ""


class PushedGroups(Answer):
    """Answers ``group.import``; with `known` false Okta did not say what is pushed, which is not "none"."""

    known: bool
    groups: list[PushedGroup]
    next: str | None


class Cause(Part):
    """One event that took somebody out; `actor` is an id, empty for a system process."""

    event: str
    at: datetime
    type: str
    by: Literal["person", "application", "rule", "system"] = Field(description="a rule only where the event names it")
    actor: str
    users: list[str]
    groups: list[str]


class Caused(Answer):
    """Answers ``because``; `known` is false where the System Log cannot be read, and `why` is the reason code then."""

    known: bool
    why: str = ""
    causes: list[Cause]
    missing: int = Field(description="how many events the log does not show (any more: it keeps them for 90 days)")
