"""A small org on the Okta model, with a clock that tests move: shared by the tests of the model."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge_local.exchange import Request, Response
from bridge_local.okta import UNLIMITED, LogEntry, OktaModel, OktaSwitches

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TOKEN = "made-up-token"


class Clock:
    """A moment that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = START

    def __call__(self) -> datetime:
        """The present moment."""
        return self.moment

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.moment += timedelta(seconds=seconds)


class Context:
    """An org with what a test needs at hand: administrator, API client, clock."""

    def __init__(self, seed: int = 7, **switches: Any) -> None:
        self.clock = Clock()
        self.switches = OktaSwitches(**{"rate_limits": UNLIMITED, **switches})
        self.model = OktaModel(self.clock, random.Random(seed), self.switches, api_token=TOKEN)  # noqa: S311 - repeatable on purpose

    @property
    def app_id(self) -> str:
        """The bridge's application."""
        return self.model.app_id

    def user(self, login: str = "ada.brook@example.com", **more: Any) -> str:
        """An ACTIVE user's id."""
        return self.model.create_user({"login": login, "firstName": "Ada", "lastName": "Brook"}, **more)

    def users(self, count: int) -> list[str]:
        """Ids of many users."""
        return [self.user(f"person{number}@example.com") for number in range(count)]

    def call(self, method: str, url: str, document: Any = None, headers: Mapping[str, str] | None = None) -> Response:
        """An authorised request."""
        body = b"" if document is None else json.dumps(document).encode()
        return self.model.handle(Request.of(method, url, {"Authorization": f"SSWS {TOKEN}", **(headers or {})}, body))

    def get(self, url: str) -> Response:
        """An authorised GET."""
        return self.call("GET", url)

    def document(self, url: str) -> Any:
        """The body of a GET that must be 200."""
        response = self.get(url)
        assert response.status == 200, response.body
        return json.loads(response.body)

    def pages(self, url: str) -> list[list[Any]]:
        """Every page of a listing, following ``rel="next"``."""
        pages = []
        while url:
            response = self.get(url)
            assert response.status == 200, response.body
            pages.append(json.loads(response.body))
            url = next_link(response)
        return pages

    def forget_events(self) -> None:
        """Make `events` start from here."""
        self._seen = len(self.model.log.all())

    def events(self) -> list[LogEntry]:
        """Events since `forget_events`."""
        return self.model.log.all()[getattr(self, "_seen", 0) :]

    def types(self) -> list[str]:
        """Their types."""
        return [entry.event_type for entry in self.events()]


def next_link(response: Response) -> str:
    """The URL with ``rel="next"``, empty without one."""
    for link in response.headers.get("Link", "").split(", "):
        url, _, relation = link.partition("; ")
        if relation == 'rel="next"':
            return url[1:-1]
    return ""


def error_of(response: Response) -> tuple[int, str]:
    """Status and errorCode."""
    return response.status, json.loads(response.body)["errorCode"]
