"""The event hooks API: create, replace, delete, verify, activate, deactivate (concepts/event-hooks)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from bridge_local.exchange import ConnectionCut, Request, Response
from bridge_local.okta import ids
from bridge_local.okta.answers import body_of, invalid, not_found
from bridge_local.okta.event_types import is_hook_eligible
from bridge_local.okta.org import Org
from bridge_local.okta.records import ACTIVE, INACTIVE, EventHook
from bridge_local.okta.render import hook_document
from bridge_local.okta.system_log import Entity

#: Sends the verification's GET: URL, headers, timeout in seconds -> status and body; raises OSError (a
#: TimeoutError is one) or ConnectionCut when there is no answer.
Challenge = Callable[[str, Mapping[str, str], float], tuple[int, bytes]]
#: Seconds that Okta waits for an answer of a hook.
TIMEOUT = 3.0
_TYPES_LIMIT = 300
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "host.docker.internal"})


class HookApi:
    """Answers calls about an org's event hooks.

    Args:
        org: the org.
        challenge: sends the GET of a verification; without it no verification succeeds.
    """

    def __init__(self, org: Org, challenge: Challenge | None) -> None:
        self._org = org
        self.challenge = challenge

    def hooks(self, _request: Request) -> Response:
        """``GET /eventHooks``."""
        return Response.of_json(200, [hook_document(hook, self._org.org_url) for hook in self._org.hooks.values()])

    def hook(self, _request: Request, hook_id: str) -> Response:
        """``GET /eventHooks/{id}``."""
        return self._show(self._find(hook_id))

    def create(self, request: Request) -> Response:
        """``POST /eventHooks``: ACTIVE and UNVERIFIED."""
        document = body_of(request)
        now = self._org.now()
        hook = EventHook(
            id=self._org.ids.okta(ids.EVENT_HOOK),
            name=_name(document),
            status=ACTIVE,
            verification="UNVERIFIED",
            created=now,
            last_updated=now,
            events=_events(document),
            channel=_channel(document),
            description=document.get("description"),
            filter=document["events"].get("filter"),
        )
        return self._keep(hook, "event_hook.created")

    def replace(self, request: Request, hook_id: str) -> Response:
        """``PUT /eventHooks/{id}``: anyone who changes the channel has to verify again."""
        before, document = self._find(hook_id), body_of(request)
        channel = _channel(document)
        # The secret is never shown, so a PUT without it keeps the old one.
        scheme, old = channel["config"].get("authScheme"), before.channel["config"].get("authScheme")
        if scheme and old and "value" not in scheme:
            scheme["value"] = old.get("value", "")
        same = channel == before.channel
        after = replace(
            before,
            name=_name(document),
            events=_events(document),
            channel=channel,
            description=document.get("description"),
            filter=document["events"].get("filter"),
            last_updated=self._org.now(),
            verification=before.verification if same else "UNVERIFIED",
        )
        return self._keep(after, "event_hook.updated")

    def delete(self, _request: Request, hook_id: str) -> Response:
        """``DELETE /eventHooks/{id}``: only an inactive one."""
        hook = self._find(hook_id)
        if hook.status == ACTIVE:
            raise invalid("status", "The hook must be deactivated first.")
        del self._org.hooks[hook_id]
        self._org.record("event_hook.deleted", [hook_target(hook)])
        return Response(204)

    def activate(self, _request: Request, hook_id: str) -> Response:
        """``POST /eventHooks/{id}/lifecycle/activate``."""
        hook = self._find(hook_id)
        self._refuse_too_many(hook if hook.verification == "VERIFIED" else None)
        return self._keep(replace(hook, status=ACTIVE), "event_hook.activated")

    def deactivate(self, _request: Request, hook_id: str) -> Response:
        """``POST /eventHooks/{id}/lifecycle/deactivate``."""
        return self._keep(replace(self._find(hook_id), status=INACTIVE), "event_hook.deactivated")

    def verify(self, _request: Request, hook_id: str) -> Response:
        """``POST /eventHooks/{id}/lifecycle/verify``: one GET, once more on no answer; 400 unless it is echoed.

        The only call that does not hold the org's lock throughout: it waits for somebody else.
        """
        with self._org.lock:
            hook = self._find(hook_id)
            self._refuse_too_many(hook)
            value = self._org.ids.uuid().replace("-", "")
        answer = self._ask(hook, value) or self._ask(hook, value)
        with self._org.lock:
            if answer is None or not _echoes(*answer, value):
                self._org.record("event_hook.verified", [hook_target(hook)], result="FAILURE", reason="No verification")
                raise invalid("verification", "The event hook endpoint could not be verified.")
            now = self._org.now()
            verified = replace(self._find(hook_id), verification="VERIFIED", verified_at=now, last_updated=now)
            return self._keep(verified, "event_hook.verified")

    def _ask(self, hook: EventHook, value: str) -> tuple[int, bytes] | None:
        if self.challenge is None:
            return None
        headers = {**hook_headers(hook), "X-Okta-Verification-Challenge": value}
        try:
            return self.challenge(hook.uri, headers, TIMEOUT)
        except (OSError, ConnectionCut):
            return None

    def _find(self, hook_id: str) -> EventHook:
        hook = self._org.hooks.get(hook_id)
        if hook is None:
            raise not_found(hook_id, "EventHook")
        return hook

    def _keep(self, hook: EventHook, event_type: str) -> Response:
        self._org.hooks[hook.id] = hook
        self._org.record(event_type, [hook_target(hook)])
        return self._show(hook)

    def _show(self, hook: EventHook) -> Response:
        return Response.of_json(200, hook_document(hook, self._org.org_url))

    def _refuse_too_many(self, candidate: EventHook | None) -> None:
        if candidate is None:
            return
        others = sum(hook.delivers for hook in self._org.hooks.values() if hook.id != candidate.id)
        if others >= self._org.switches.hook_count_limit:
            raise invalid("eventHooks", "The org has its most active and verified event hooks.")


def hook_headers(hook: EventHook) -> dict[str, str]:
    """The headers that Okta sends to a hook: its own, the static ones, the auth header."""
    config = hook.channel["config"]
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": f"Okta Hook Service v1.0.0 - {hook.id}",
    }
    headers |= {header["key"]: header["value"] for header in config.get("headers") or []}
    scheme = config.get("authScheme")
    if scheme:
        headers[scheme["key"]] = scheme.get("value", "")
    return headers


def hook_target(hook: EventHook) -> Entity:
    """A hook as a target of events (its shape is not documented)."""
    return Entity("EventHook", hook.id, hook.name, hook.name)


def _echoes(status: int, body: bytes, value: str) -> bool:
    if status != 200:  # noqa: PLR2004 - the one answer Okta takes
        return False
    try:
        document = json.loads(body)
    except ValueError:
        return False
    return isinstance(document, dict) and document.get("verification") == value


def _name(document: Mapping[str, Any]) -> str:
    name = document.get("name")
    if not isinstance(name, str) or not name:
        raise invalid("name", "The field cannot be left blank")
    return name


def _events(document: Mapping[str, Any]) -> tuple[str, ...]:
    events = document.get("events")
    items = events.get("items") if isinstance(events, dict) else None
    if not isinstance(items, list) or not items or len(items) > _TYPES_LIMIT:
        raise invalid("events", f"Between 1 and {_TYPES_LIMIT} event types are expected.")
    refused = [item for item in items if not isinstance(item, str) or not is_hook_eligible(item)]
    if refused:
        raise invalid("events", f"Not eligible for event hooks: {refused[0]}")
    return tuple(items)


def _channel(document: Mapping[str, Any]) -> dict[str, Any]:
    channel = document.get("channel")
    config = channel.get("config") if isinstance(channel, dict) else None
    uri = config.get("uri") if isinstance(config, dict) else None
    if not isinstance(config, dict) or not isinstance(uri, str):
        raise invalid("channel.config.uri", "The field cannot be left blank")
    parts = urlsplit(uri)
    # Plain http is refused by Okta; towards this machine it is let pass for the local stack's sake.
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise invalid("channel.config.uri", "Only https is supported.")
    scheme = config.get("authScheme")
    if scheme is not None and (not isinstance(scheme, dict) or not scheme.get("key")):
        raise invalid("channel.config.authScheme", "type HEADER with key and value is expected.")
    kept: dict[str, Any] = {
        "uri": uri,
        "headers": [dict(header) for header in config.get("headers") or []],
        "method": "POST",
    }
    if scheme:
        kept["authScheme"] = {"type": "HEADER", **scheme}
    return {"type": "HTTP", "version": "1.0.0", "config": kept}
