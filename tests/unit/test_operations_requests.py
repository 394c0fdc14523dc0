"""What may be asked of the operations and approvals functions, and how a refusal reads."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.operations.answers import Refused
from bridge.operations.decision_requests import Decide, parse_decision
from bridge.operations.hold_answers import Holds
from bridge.operations.requests import OPERATIONS, Diff, HoldsShow, parse_operation

APPROVAL = {
    "do": "approve",
    "entity": "group:00g1a2b3",
    "number": 1,
    "revision": 2,
    "why": "OPS-17 ok",
    "identity": "x",
}


def refused(payload: Any, *, decision: bool = False) -> dict[str, Any]:
    """The error that a payload is answered with."""
    with pytest.raises(Refused) as refusal:
        (parse_decision if decision else parse_operation)(payload)
    document = refusal.value.document()
    assert document["ok"] is False
    error: dict[str, Any] = document["error"]
    return error


def test_a_request_has_defaults_only_where_the_contract_names_them() -> None:
    """A page, and an entity that may be absent; `do` decides what else is expected."""
    shown = parse_operation({"do": "holds.show", "entity": "group:00g1a2b3"})
    assert isinstance(shown, HoldsShow)
    assert (shown.limit, shown.after, shown.reads) == (100, "", True)
    everything = parse_operation({"do": "diff"})
    assert isinstance(everything, Diff)
    assert everything.entity is None
    assert isinstance(parse_decision(APPROVAL), Decide)


@pytest.mark.parametrize(
    ("payload", "field", "expected"),
    [
        ({"do": "holds.show"}, "entity", "group:<okta id>"),
        ({"do": "holds.show", "entity": "user:00u1a2b3"}, "entity", "app"),
        ({"do": "sync", "entity": "user:00u1a2b3\n"}, "entity", "user:<okta id>"),
        ({"do": "sync", "entity": "user:00u1a2b3", "apply": 1}, "apply", "true or false"),
        ({"do": "diff", "limit": "3"}, "limit", "from 1 to 1000"),
        ({"do": "diff", "limit": 1001}, "limit", "from 1 to 1000"),
        ({"do": "pause", "what": "queues"}, "what", "everything or removals"),
        (
            {"do": "group.ceiling", "entity": "group:00g1a2b3", "count": 0, "percent": None},
            "count",
            "1 to 1000, or null",
        ),
        ({"do": "group.ceiling", "entity": "group:00g1a2b3", "count": 3}, "percent", "0 to 100, or null"),
        ({"do": ["status"]}, "do", "holds.list, holds.show"),
        ({"do": "approve"}, "do", "holds.list, holds.show"),
        ({}, "do", "holds.list, holds.show"),
    ],
)
def test_a_wrong_request_is_refused_with_the_field_and_what_was_expected(
    payload: dict[str, Any], field: str, expected: str
) -> None:
    """Nothing is guessed, converted or ignored."""
    error = refused(payload)
    assert (error["reason"], error["field"]) == ("invalid-request", field)
    assert error["message"].startswith(f"{field}: expected ")
    assert expected in error["message"]


@pytest.mark.parametrize("payload", [None, [], "status", 7])
def test_what_is_no_object_is_refused(payload: Any) -> None:
    """An invocation's payload may be any JSON."""
    assert refused(payload)["message"] == "the request: expected a JSON object"


def test_an_unknown_field_is_refused_by_naming_the_known_ones() -> None:
    """A mistyped name is no default."""
    assert refused({"do": "diff", "entitiy": "user:1"})["message"].endswith(
        "no other fields than do, entity, limit, after"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"why": "mail ada@example.com"},
        {"why": ""},
        {"why": "x" * 101},
        {"revision": 0},
        {"number": True},
        {"entity": "x"},
    ],
)
def test_an_approval_takes_no_free_text_and_shows_no_value(wrong: dict[str, Any]) -> None:
    """A ticket's number is enough; a refusal names the field and repeats nothing of what was given."""
    error = refused(APPROVAL | wrong, decision=True)
    assert error["field"] == next(iter(wrong))
    assert "ada@example.com" not in error["message"]


def test_an_identity_is_in_no_text_of_a_request() -> None:
    """For some minutes it is a credential."""
    secret = "https://sts.example/?X-Amz-Signature=abc"
    assert secret not in repr(parse_decision(APPROVAL | {"identity": secret}))
    assert secret not in str(refused(APPROVAL | {"identity": secret, "number": 0}, decision=True))


def test_every_operation_has_one_name() -> None:
    """The names are those of the contract."""
    assert len(OPERATIONS) == len(set(OPERATIONS)) == 37


def test_an_answer_says_that_it_is_one() -> None:
    """A program reads `ok` first."""
    assert Holds(holds=[]).document() == {"ok": True, "holds": []}
