"""What may be asked of the approvals function: a person's decision, with their identity."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from bridge.operations.asked import PAGE, Asked, HoldEntity, Identity, Number, Ticket, UserId, parse


class Decide(Asked):
    """Approve or reject a hold; answered by `hold_answers.Decided`.

    An approval releases exactly what was staged up to ``revision``; who was staged later opens a hold of their own.
    ``identity`` is made by `bridge.approvals.signing.sign_identity`; the ARN that AWS answers is what is recorded.
    """

    do: Literal["approve", "reject"]
    entity: HoldEntity
    number: Number
    revision: Number
    why: Ticket
    identity: Identity


class Reconsider(Asked):
    """Take back exceptions of a rejected hold, one user's or all of the entity's.

    Answered by `hold_answers.Reconsidered`. The next sync judges them like everybody else.
    ``identity`` is made as for `Decide`, with number and revision 0.
    """

    do: Literal["reconsider"] = "reconsider"
    entity: HoldEntity
    user: Annotated[
        UserId | None,
        Field(description="a user's Okta id, or absent for all of them"),
    ] = None
    why: Ticket
    identity: Identity

    @property
    def about(self) -> str:
        """What the identity is bound to in the place of the entity."""
        return f"{self.entity} {self.user or 'all'}"


class Keep(Asked):
    """Put exceptions back that a rejected hold had left, as an import does; answered by `hold_answers.Kept`.

    ``identity`` is made as for `Decide`, with number and revision 0.
    """

    do: Literal["keep"] = "keep"
    entity: HoldEntity
    users: Annotated[
        list[UserId],
        Field(min_length=1, max_length=PAGE, description=f"1 to {PAGE} Okta ids of users"),
    ]
    why: Ticket
    identity: Identity

    @property
    def about(self) -> str:
        """What the identity is bound to in the place of the entity."""
        return " ".join((self.entity, *self.users))


Approval = Decide | Reconsider | Keep
_KINDS: tuple[type[Asked], ...] = Approval.__args__


def parse_decision(payload: Any) -> Approval:
    """As `parse_operation`, for the approvals function."""
    decide: Approval = parse(_approvals(), payload, _KINDS)
    return decide


@cache
def _approvals() -> TypeAdapter[Approval]:
    return TypeAdapter(Annotated[Approval, Field(discriminator="do")])
