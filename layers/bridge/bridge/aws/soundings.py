"""What both sides say to the bridge's own credentials, one question for each right: for ``bridge check``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from bridge.aws.dependencies import Dependencies
from bridge.errors import Permanent, SettingsError, Transient
from bridge.genesys.client import GenesysClient
from bridge.items import Queue
from bridge.okta.auth import HOOK_SCOPES, LOG_SCOPES, SCOPES
from bridge.okta.client import OktaClient
from bridge.okta.events import HOOK_TYPES
from bridge.okta.log import EventHook, EventHooks
from bridge.outbound.calls import Calls
from bridge.provisioning.ports import Pace
from bridge.provisioning.values import OktaGroup
from bridge.settings import OktaSettings

__all__ = ["ALL_SCOPES", "HOOK_TYPES", "EventHook", "Knocked", "Sounded", "Soundings"]

ALL_SCOPES = (*SCOPES, *LOG_SCOPES, *HOOK_SCOPES)
#: Most pages of a listing that is counted, and most members of a group that are counted.
COUNTED_PAGES, COUNTED_MEMBERS = 10, 1000


@dataclass(frozen=True)
class Sounded:
    """What came of one question.

    Attributes:
        value: of the answer, None without one.
        error: why there is none.
    """

    value: Any = None
    error: Transient | Permanent | SettingsError | None = None


@dataclass(frozen=True)
class Knocked:
    """What the Okta org answers to anyone.

    Attributes:
        status: of the answer.
        is_okta: whether it has the form of Okta's answers.
        skew: how far its clock is ahead of ours, None when it does not tell.
    """

    status: int
    is_okta: bool
    skew: timedelta | None


class Soundings:
    """Asks; every question costs a call or a few, within the budget that syncs leave."""

    def __init__(self, okta: OktaSettings, dependencies: Dependencies) -> None:
        """`dependencies` are used with a pace that remembers which limits the answers report."""
        self.limits: dict[str, int] = {}
        self._app_id = okta.app_id
        pace = dependencies.pace
        self._dependencies = dependencies.replace(
            pace=lambda upstream, queue: _Remembering(upstream, pace(upstream, queue), self.limits)
        )
        self._calls = Calls(dependencies.clock)
        self._clients: dict[str, OktaClient] = {}

    def now(self) -> datetime:
        """Our time."""
        return self._dependencies.clock.now()

    def knock(self) -> Sounded:
        """The org without a credential: `Knocked`."""

        def ask() -> Knocked:
            answer = self._dependencies.okta.knock()
            body = answer.json_object()
            now = self.now()
            date = answer.date(now)
            told = bool(answer.headers.get("date"))
            absurd = answer.has_absurd_date(now)
            skew = timedelta.max if absurd else date - now if told else None
            return Knocked(answer.status, "errorCode" in body or body.get("id") == self._app_id, skew)

        return sounded(ask)

    def scope(self, scope: str) -> Sounded:
        """One read that needs the scope: the application's document, the list of hooks, or any list."""
        path, params = self._read_of(scope)
        hooks = scope in HOOK_SCOPES

        def ask() -> Any:
            client = self._okta(scope)
            return EventHooks(client).all() if hooks else client.get(path, params).json()

        return sounded(ask)

    def count(self, what: str) -> Sounded:
        """How many ``users`` or ``groups`` the application has, and whether there are more than were counted."""

        def ask() -> tuple[int, bool]:
            client, path = self._okta("okta.apps.read"), f"apps/{self._app_id}/{what}"
            answer = client.get(path, (("limit", "500" if what == "users" else "200"),))
            number = len(answer.json())
            for _ in range(COUNTED_PAGES - 1):
                following = client.following(path, answer)
                if not following:
                    return number, False
                answer = client.get(path, link=following)
                number += len(answer.json())
            return number, bool(client.following(path, answer))

        return sounded(ask)

    def pushed_groups(self) -> Sounded:
        """How many groups native provisioning still pushes."""

        def ask() -> int | None:
            answer = self._okta("okta.apps.read").get(f"apps/{self._app_id}/group-push/mappings", (("limit", "1000"),))
            mappings: object = answer.json() if answer.status == HTTPStatus.OK else None
            if not isinstance(mappings, list):
                return None
            return len([each for each in mappings if isinstance(each, Mapping) and each.get("status") != "INACTIVE"])

        return sounded(ask)

    def assigned_groups(self) -> Sounded:
        """Ids of the groups that are assigned to the application."""
        return sounded(lambda: self._okta("okta.apps.read").app_groups().value or frozenset())

    def group(self, group_id: str) -> Sounded:
        """One Okta group."""
        return sounded(lambda: self._okta("okta.groups.read").group(group_id).value)

    def groups(self) -> Sounded:
        """The org's groups, as far as they are counted."""

        def ask() -> list[OktaGroup]:
            client = self._okta("okta.groups.read")
            page = client.groups_page()
            found = list(page.entries)
            for _ in range(COUNTED_PAGES - 1):
                if not page.following:
                    break
                page = client.groups_page(page.following)
                found += page.entries
            return found

        return sounded(ask)

    def is_large(self, group_id: str) -> Sounded:
        """Whether an Okta group has more than a thousand members."""

        def ask() -> bool:
            client, path = self._okta("okta.groups.read"), f"groups/{group_id}/users"
            answer = client.get(path, (("limit", str(COUNTED_MEMBERS)),))
            return len(answer.json()) >= COUNTED_MEMBERS and bool(client.following(path, answer))

        return sounded(ask)

    def genesys_users(self) -> Sounded:
        """One page of one active user."""
        return sounded(lambda: self._genesys().users_page(1, 1, active=True))

    def genesys_groups(self, name: str) -> Sounded:
        """The ids of the Genesys Cloud groups of a name, which has no case."""
        return sounded(lambda: [group.id for group in self._genesys().find_groups(name)])

    def _okta(self, scope: str) -> OktaClient:
        """The client that may read what the scope is for, with one token for all of its calls."""
        if scope not in self._clients:
            self._clients[scope] = self._dependencies.okta.client(Queue.USERS, self._calls, scopes=(scope,))
        return self._clients[scope]

    def _genesys(self) -> GenesysClient:
        return self._dependencies.genesys.client(Queue.USERS, self._calls)

    def _read_of(self, scope: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        name = scope.split(".")[1]
        return (f"apps/{self._app_id}", ()) if name == "apps" else (name, (("limit", "1"),))


def sounded(ask: Callable[[], Any]) -> Sounded:
    """What came of a question, or why nothing did."""
    try:
        return Sounded(ask())
    except (Transient, Permanent, SettingsError) as error:
        return Sounded(error=error)


class _Remembering:
    """A pace that tells which limit an answer reported."""

    def __init__(self, upstream: str, pace: Pace, limits: dict[str, int]) -> None:
        self._upstream = upstream
        self._pace = pace
        self._limits = limits

    def take(self) -> None:
        """As the pace."""
        self._pace.take()

    def observe(self, *, limit: int | None, remaining: int | None, reset_seconds: float | None) -> None:
        """As the pace."""
        if limit:
            self._limits[self._upstream] = limit
        self._pace.observe(limit=limit, remaining=remaining, reset_seconds=reset_seconds)
