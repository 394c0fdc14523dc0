"""An organisation in the Genesys Cloud model with a clock that tests move, and a client that speaks to it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from bridge_local.genesys import Answer, Caller, GenesysModel, GenesysSwitches

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GENESYS = "urn:ietf:params:scim:schemas:extension:genesys:purecloud:2.0:User"
NOBODY = "00000000-0000-4000-8000-000000000000"


class Org:
    """The model, its switches and one client with a token."""

    def __init__(self, **switches: Any) -> None:
        self.moment = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
        self.switches = GenesysSwitches(**switches)
        self.model = GenesysModel(lambda: self.moment, random.Random(7), self.switches)  # noqa: S311 - a seeded model
        self.caller = Caller(self.model)
        self.send = self.caller.send
        self.patch = self.caller.patch

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.moment += timedelta(seconds=seconds)

    def ada(self, **more: Any) -> dict[str, Any]:
        """Create Ada Brook over SCIM; her document."""
        document = {"userName": "ada.brook@example.com", "displayName": "Ada Brook", **more}
        answer = self.send("POST", "/users", document)
        assert answer.status == 201, answer.document
        return dict(answer.document)

    def people(self, number: int) -> list[str]:
        """Ids of that many users made by hand."""
        return [
            self.model.add_user({"userName": f"person{index}@example.org", "displayName": f"Person {index}"})
            for index in range(number)
        ]

    def found(self, text: str) -> list[str]:
        """The userNames that a filter on users finds."""
        answer = self.caller.raw(
            "GET", "/api/v2/scim/v2/users?filter=" + quote(text), {"authorization": f"Bearer {self.caller.token}"}
        )
        assert answer.status == 200, answer.document
        return [user["userName"] for user in answer.document["Resources"]]


def outcome(answer: Answer) -> tuple[int, str]:
    """Status and scimType (or ErrorBody code) of an answer."""
    document = answer.document or {}
    return answer.status, document.get("scimType") or document.get("code", "")
