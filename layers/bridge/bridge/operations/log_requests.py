"""What may be asked about everything that was done, and how it is answered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from bridge.operations.answers import Answer, Entry
from bridge.operations.asked import USUAL_PAGE, After, AnyEntity, Asked, Limit


class Log(Asked):
    """What was done, page by page; answered by `Logged`."""

    do: Literal["log"] = "log"
    entity: Annotated[AnyEntity | None, Field(description="user:<okta id>, group:<okta id> or app, or absent")] = None
    outcome: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z-]{0,40}$"),
        Field(description="an outcome or a reason code, such as created"),
    ] = ""
    refused: Annotated[bool, Field(description="true or false")] = False
    since: Annotated[
        str, StringConstraints(pattern=r"^[0-9TZ:.-]{0,30}$"), Field(description="a time such as 2026-11-28T09:00:00Z")
    ] = ""
    until: Annotated[
        str, StringConstraints(pattern=r"^[0-9TZ:.-]{0,30}$"), Field(description="a time such as 2026-11-28T09:00:00Z")
    ] = ""
    limit: Limit = USUAL_PAGE
    after: After = ""

    @property
    def reads(self) -> bool:
        """Always: ids, and names of attributes."""
        return True


class Logged(Answer):
    """Answers ``log``: the newest first; ``next`` goes on where this page ends, also one that found nothing."""

    log: list[Entry]
    next: str | None
