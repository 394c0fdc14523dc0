"""One rule for Okta ids: every command and every request takes and refuses the same."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.items import OKTA_ID
from bridge.operations.answers import Refused
from bridge.operations.decision_requests import parse_decision
from bridge.operations.requests import parse_operation
from tests.stages.cli_stage import Stage

WRONG = ["00u1", "a" * 65, "00u1a2b3_4d5e", "00u1a2b3-4d5", "00u1a2b3/../x", "00ü1a2b3c4", "00u1a2b3 ", ""]
USERS = ["sync user {}", "explain user {}", "diff user {}", "parked show user {}", "parked redrive user {}"]
USERS += ["parked discard user {} --why X", "holds reconsider app --user {} --why X"]
GROUPS = ["group link {}", "group unlink {}", "group ceiling {} --reset", "holds show {}", "holds approve {} --why X"]
GROUPS += ["holds reject {} --why X", "holds reconsider {} --why X", "sync group:{}"]
REQUESTS: list[dict[str, Any]] = [
    *(
        {"do": do, "entity": "user:{}"}
        for do in ("sync", "explain", "journal", "diff", "parked.show", "parked.redrive")
    ),
    *({"do": do, "entity": "group:{}"} for do in ("group.link", "group.unlink", "holds.show")),
    {"do": "parked.discard", "entity": "user:{}", "why": "X"},
    {"do": "group.ceiling", "entity": "group:{}", "count": None, "percent": None},
]
DECISIONS: list[dict[str, Any]] = [
    {"do": "approve", "entity": "group:{}", "number": 1, "revision": 1, "why": "X", "identity": "-"},
    {"do": "reconsider", "entity": "group:{}", "why": "X", "identity": "-"},
    {"do": "reconsider", "entity": "app", "user": "{}", "why": "X", "identity": "-"},
]


def filled(request: dict[str, Any], okta_id: str) -> dict[str, Any]:
    """The request with this id."""
    return {key: value.replace("{}", okta_id) if isinstance(value, str) else value for key, value in request.items()}


@pytest.mark.parametrize("line", USERS + GROUPS)
@pytest.mark.parametrize("okta_id", WRONG)
def test_no_command_takes_what_is_no_okta_id(line: str, okta_id: str) -> None:
    """Wrong usage, before anything is asked; what does not begin as an id of its kind does is a name."""
    assert not OKTA_ID.fullmatch(okta_id)
    prefix = "00g" if line in GROUPS else "00u"
    stage = Stage()
    words = [word.replace("{}", okta_id and prefix + okta_id.removeprefix("00u")) for word in line.split()]
    assert (stage.run(words).code, stage.asked, stage.decided) == (2, [], [])


@pytest.mark.parametrize("request_", REQUESTS + DECISIONS, ids=lambda request: request["do"])
@pytest.mark.parametrize("okta_id", WRONG)
def test_no_request_takes_what_is_no_okta_id(request_: dict[str, Any], okta_id: str) -> None:
    """However the function is invoked."""
    parse = parse_decision if request_ in DECISIONS else parse_operation
    with pytest.raises(Refused):
        parse(filled(request_, okta_id))
    assert parse(filled(request_, "00u1a2b3")).do == request_["do"]
