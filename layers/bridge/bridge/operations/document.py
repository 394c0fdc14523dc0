"""The document that `bridge export` writes: what people decided, and nothing that Okta or Genesys Cloud can say again.

Ids only, always in the same order, so that two exports of the same decisions are the same text.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bridge.items import OKTA_ID

_UserId = Annotated[str, StringConstraints(pattern=rf"^{OKTA_ID.pattern}$")]
_Group = Annotated[str, StringConstraints(pattern=rf"^group:{OKTA_ID.pattern}$")]
_Entity = Annotated[str, StringConstraints(pattern=rf"^(app|group:{OKTA_ID.pattern})$")]
#: The longest text of an SSM parameter (advanced tier).
_TEXT = 8192


class _Piece(BaseModel):
    """Base: no field is guessed, converted or ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class GroupDecision(_Piece):
    """What an operator decided about a group.

    Attributes:
        entity: ``group:<okta id>``.
        linked_by: ``operator`` or ``operator-unlinked``; null where the rules decide.
        genesys_id: the Genesys Cloud group that it was linked with, empty without one.
        ceiling: removals within the window, null for the setting.
        ceiling_percent: the same as a part of the group, null for the setting.
    """

    entity: _Group
    linked_by: Literal["operator", "operator-unlinked"] | None = None
    genesys_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{0,64}$")] = ""
    ceiling: Annotated[int, Field(ge=1, le=1000)] | None = None
    ceiling_percent: Annotated[int, Field(ge=0, le=100)] | None = None


class Exceptions(_Piece):
    """Who keeps access that Okta has ended, because a person rejected a hold of `entity`."""

    entity: _Entity
    users: list[_UserId]


class MapText(_Piece):
    """The attribute map, where an SSM parameter has it."""

    parameter: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_./-]{1,1011}$")]
    text: Annotated[str, StringConstraints(max_length=_TEXT)]


class Decisions(_Piece):
    """The whole document."""

    version: Literal[1] = 1
    groups: list[GroupDecision] = []
    exceptions: list[Exceptions] = []
    map: MapText | None = None
