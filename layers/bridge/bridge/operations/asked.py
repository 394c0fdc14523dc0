"""The parts that requests are made of, and how one is read from a payload."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from bridge.items import OKTA_ID
from bridge.operations.answers import Refused

#: The operations function's alias for those who only read.
READER = "reader"
#: The alias for those who also may see names of people and groups.
NAMES = "names"
#: Most names that one question reads.
MAX_NAMES = 50
#: Most records in one page of an answer, and how many there are unless somebody says otherwise.
PAGE = 1000
USUAL_PAGE = 100

Entity = Annotated[
    str,
    StringConstraints(pattern=rf"^(user|group):{OKTA_ID.pattern}$"),
    Field(description="user:<okta id> or group:<okta id>"),
]
GroupEntity = Annotated[
    str, StringConstraints(pattern=rf"^group:{OKTA_ID.pattern}$"), Field(description="group:<okta id>")
]
HoldEntity = Annotated[
    str,
    StringConstraints(pattern=rf"^(app|group:{OKTA_ID.pattern})$"),
    Field(description="group:<okta id>, or app for the organisation's hold"),
]
AnyEntity = Annotated[
    str,
    StringConstraints(pattern=rf"^(app|(user|group):{OKTA_ID.pattern})$"),
    Field(description="user:<okta id>, group:<okta id> or app"),
]
UserId = Annotated[str, StringConstraints(pattern=rf"^{OKTA_ID.pattern}$")]
Limit = Annotated[int, Field(ge=1, le=PAGE, description=f"a whole number from 1 to {PAGE}")]
#: Where the next page begins: what an answer gave as ``next``; empty for the first page.
After = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9#:._-]{0,200}$"),
    Field(description="what the page before gave as next"),
]
#: Why a person decides something; kept, so that no name may be in it.
Ticket = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9 _.:/#-]{1,100}$"),
    Field(description="1 to 100 of A-Z a-z 0-9 space _ . : / # -, such as a ticket's number"),
]
#: A person's own identity, see `bridge.approvals.signing.sign_identity`.
Identity = Annotated[
    str,
    StringConstraints(min_length=1, max_length=8192),
    Field(description="a presigned sts:GetCallerIdentity URL", repr=False),
]
Number = Annotated[int, Field(ge=1, le=999_999, description="a whole number from 1 to 999999")]


class Asked(BaseModel):
    """Base of every request: no field is guessed, converted or ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    @property
    def reads(self) -> bool:
        """Whether readers may ask it: it changes nothing, and no value of a profile is answered."""
        return False

    @property
    def names(self) -> bool:
        """Whether it is answered with names of people or groups: the alias `NAMES` may ask it, beside what reads."""
        return False


def names_of(kinds: Iterable[type[Asked]]) -> tuple[str, ...]:
    """Every name that these kinds of requests have in ``do``."""
    return tuple(name for kind in kinds for name in _names(kind))


def parse(adapter: TypeAdapter[Any], payload: Any, kinds: tuple[type[Asked], ...]) -> Any:
    """The request of one of `kinds` that a payload is.

    Raises:
        Refused: ``invalid-request``, which names the field and what was expected.
    """
    names = names_of(kinds)
    if not isinstance(payload, dict):
        raise Refused("invalid-request", "the request: expected a JSON object")
    if payload.get("do") not in names:
        raise Refused("invalid-request", f"do: expected one of {', '.join(names)}", field="do")
    try:
        return adapter.validate_python(payload)
    except ValidationError as error:
        # The first problem alone, and never the value: an identity is a credential for some minutes.
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    kind = next(kind for kind in kinds if payload["do"] in _names(kind))
    field = next((str(part) for part in problem["loc"] if part in kind.model_fields), "")
    if problem["type"] == "extra_forbidden" or not field:
        known = ", ".join(kind.model_fields)
        raise Refused("invalid-request", f"{payload['do']}: expected no other fields than {known}")
    expected = kind.model_fields[field].description
    raise Refused("invalid-request", f"{field}: expected {expected}", field=field)


def _names(kind: type[Asked]) -> tuple[str, ...]:
    return kind.model_fields["do"].annotation.__args__  # type: ignore[union-attr,no-any-return] # a literal
