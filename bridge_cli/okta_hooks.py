"""Okta's event hooks API with a credential that a person has typed; it lives in this process and nowhere else.

Source: Okta Management OpenAPI specification (listEventHooks, createEventHook, replaceEventHook, verifyEventHook). A
PUT replaces the whole hook, and a change of its channel makes it unverified. The secret is never answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bridge.errors import SettingsError, Transient
from bridge_cli.ends import End, Stopped

if TYPE_CHECKING:
    from bridge.outbound.answer import Answer
    from bridge.outbound.http import HttpClient  # slow to import, and not needed for --help


_API = "/api/v1/eventHooks"
NAME = "Genesys Cloud bridge"
#: What an administrator clicks who may not use the API.
BY_HAND = (
    "By hand: Okta admin console, Workflow > Event Hooks (docs/setup-okta.md, section 3); the credential needs "
    "okta.eventHooks.manage."
)


class OktaHooks:
    """The event hooks of an org that deliver to one URL."""

    def __init__(self, http: HttpClient, credential: str, uri: str, header: str) -> None:
        """Call through `http`.

        Args:
            http: the client of the Okta org.
            credential: an API token, or an access token with the scope okta.eventHooks.manage.
            uri: where the bridge's hook delivers to.
            header: in which Okta sends the hook's secret.
        """
        self._http = http
        # An access token is a JWT, which an API token never is.
        is_jwt = credential.startswith("eyJ") and credential.count(".") == 2  # noqa: PLR2004 - three parts
        self._authorization = f"{'Bearer' if is_jwt else 'SSWS'} {credential}"
        self._uri = uri
        self._header = header

    def find(self) -> Mapping[str, Any] | None:
        """The hook that delivers to the bridge: one that works before others, None without any."""
        hooks = self._call("GET", "").json()
        ours = [hook for hook in hooks if isinstance(hook, dict) and _uri(hook) == self._uri.rstrip("/")]
        return max(ours, key=lambda hook: (hook.get("status") == "ACTIVE", is_verified(hook)), default=None)

    def create(self, secret: str) -> Mapping[str, Any]:
        """A new hook with exactly the bridge's types: ACTIVE, and not yet verified."""
        return self._object(self._call("POST", "", self._document({}, secret)))

    def replace(self, hook: Mapping[str, Any], secret: str) -> Mapping[str, Any]:
        """Put the hook with exactly the bridge's types, the URL and the secret; its name and filter stay."""
        return self._object(self._call("PUT", f"/{hook['id']}", self._document(hook, secret)))

    def verify(self, hook: Mapping[str, Any]) -> bool:
        """Whether Okta verified the hook: the receiver gave the challenge back."""
        answer = self._send("POST", f"/{hook['id']}/lifecycle/verify", None)
        if answer.status == 400:  # noqa: PLR2004 - the documented refusal
            return False
        return is_verified(self._object(self._checked(answer)))

    def activate(self, hook: Mapping[str, Any]) -> None:
        """Activate an inactive hook."""
        self._call("POST", f"/{hook['id']}/lifecycle/activate")

    def _document(self, hook: Mapping[str, Any], secret: str) -> dict[str, Any]:
        scheme = {"type": "HEADER", "key": self._header, "value": secret}
        events: dict[str, Any] = {"type": "EVENT_TYPE", "items": sorted(hook_types())}
        kept = hook.get("events", {}).get("filter")
        if kept:
            events["filter"] = kept
        return {
            "name": hook.get("name") or NAME,
            "events": events,
            "channel": {"type": "HTTP", "version": "1.0.0", "config": {"uri": self._uri, "authScheme": scheme}},
        }

    def _call(self, method: str, path: str, document: Any = None) -> Answer:
        return self._checked(self._send(method, path, document))

    def _send(self, method: str, path: str, document: Any) -> Answer:
        try:
            return self._http.request(
                method, f"{_API}{path}", headers={"Authorization": self._authorization}, document=document
            )
        except (Transient, SettingsError) as error:
            raise Stopped(
                End.UNREACHABLE, f"Okta: no answer: {error}", "Try again; it goes on where it stopped."
            ) from None

    def _checked(self, answer: Answer) -> Answer:
        if answer.status < 300:  # noqa: PLR2004 - a success
            return answer
        code = str(answer.json_object().get("errorCode", ""))[:20]
        if answer.status in {401, 403}:
            what = "does not take the credential" if answer.status == 401 else "does not allow it"  # noqa: PLR2004 - unauthorized
            raise Stopped(End.UNREACHABLE, f"Okta {what}: {answer.status} {code}", BY_HAND)
        raise Stopped(End.FAILED, f"Okta refuses: {answer.status} {code}", BY_HAND)

    @staticmethod
    def _object(answer: Answer) -> Mapping[str, Any]:
        document = answer.json_object()
        if not isinstance(document.get("id"), str):
            raise Stopped(End.FAILED, "Okta's answer is no event hook.", "`bridge hook status` shows how it stands.")
        return document


def is_verified(hook: Mapping[str, Any]) -> bool:
    """Whether Okta calls the hook VERIFIED."""
    return hook.get("verificationStatus") == "VERIFIED"


def lacks_types(hook: Mapping[str, Any]) -> bool:
    """Whether the hook has other types than the bridge's."""
    items = hook.get("events", {}).get("items", [])
    return set(items) != hook_types()


def _uri(hook: Mapping[str, Any]) -> str:
    uri = hook.get("channel", {}).get("config", {}).get("uri", "")
    return uri.rstrip("/") if isinstance(uri, str) else ""


def hook_types() -> frozenset[str]:
    """The event types that the bridge needs."""
    from bridge.okta.events import HOOK_TYPES  # not needed for --help

    return HOOK_TYPES
