"""What may be asked about whose account is whose: reading both sides part by part, and writing link records."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bridge.items import OKTA_ID
from bridge.operations.asked import MAX_NAMES, After, AnyEntity, Asked, Ticket, UserId

#: Most links that one request writes.
MAX_LINKS = 25

#: A Genesys Cloud user's id.
AccountId = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$"), Field(description="the id of a Genesys Cloud user")
]


class Match(Asked):
    """A part of one side, each person or account with keyed hashes in the place of values.

    Answered by `match_answers.MatchPart`.
    """

    do: Literal["match"] = "match"
    side: Annotated[Literal["okta", "active", "inactive"], Field(description="okta, active or inactive")]
    following: Annotated[
        str, StringConstraints(pattern=r"^[!-~]{0,2000}$"), Field(description="what the part before gave as next")
    ] = ""

    @property
    def reads(self) -> bool:
        """Always: ids, and hashes that nobody without the bridge's key can make."""
        return True


class Pair(BaseModel):
    """An Okta user, and the Genesys Cloud user that is theirs."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    user: UserId
    account: AccountId


class MatchLink(Asked):
    """Write a link record for each pair, without any call of SCIM; answered by `match_answers.MatchLinked`."""

    do: Literal["match.link"] = "match.link"
    pairs: Annotated[
        list[Pair], Field(min_length=1, max_length=MAX_LINKS, description=f"1 to {MAX_LINKS} of user and account")
    ]


class UserChange(Asked):
    """Link one user to an account, or unlink them: previewed, and with ``apply`` written.

    Answered by `match_answers.UserChanged`.
    """

    do: Literal["user.link", "user.unlink"]
    entity: Annotated[str, StringConstraints(pattern=rf"^user:{OKTA_ID.pattern}$"), Field(description="user:<okta id>")]
    account: AccountId | None = Field(
        default=None, description="the id of a Genesys Cloud user to link, absent for user.unlink"
    )
    apply: Annotated[bool, Field(description="true or false")] = False

    @property
    def reads(self) -> bool:
        """Only what would be done."""
        return not self.apply


class RolesDiscard(Asked):
    """Miss no longer the roles that a user lacks since access is back: shown, and with ``apply`` written.

    Answered by `match_answers.RolesDiscarded`.
    """

    do: Literal["roles.discard"] = "roles.discard"
    entity: Annotated[str, StringConstraints(pattern=rf"^user:{OKTA_ID.pattern}$"), Field(description="user:<okta id>")]
    why: Ticket
    apply: Annotated[bool, Field(description="true or false")] = False

    @property
    def reads(self) -> bool:
        """Only what would be missed no longer."""
        return not self.apply


class NamesOf(Asked):
    """What people, groups and accounts are called, read live; answered by `answers.FoundEntities`."""

    do: Literal["names"] = "names"
    entities: Annotated[
        list[
            Annotated[
                str, StringConstraints(pattern=rf"^((user|group):{OKTA_ID.pattern}|account:[A-Za-z0-9-]{{1,64}})$")
            ]
        ],
        Field(
            min_length=1,
            max_length=MAX_NAMES,
            description=f"1 to {MAX_NAMES} of user:<okta id>, group:<okta id> or account:<id>",
        ),
    ]

    @property
    def names(self) -> bool:
        """Always."""
        return True


class GroupImport(Asked):
    """What native group push keeps, and which of it can be linked; answered by `match_answers.PushedGroups`."""

    do: Literal["group.import"] = "group.import"
    after: After = ""

    @property
    def names(self) -> bool:
        """Always."""
        return True


class Because(Asked):
    """Who or what took somebody out, by the events that a hold and the last syncs name, read live from the System Log.

    Answered by `match_answers.Caused`.
    """

    do: Literal["because"] = "because"
    entity: AnyEntity

    @property
    def reads(self) -> bool:
        """Always: ids alone."""
        return True


MatchOperation = Match | MatchLink | UserChange | RolesDiscard | NamesOf | GroupImport | Because
