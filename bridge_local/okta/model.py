"""The Okta model: one org that answers requests, obeys an administrator, and tells its event hooks."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from bridge_local.exchange import Request, Response
from bridge_local.okta.api import Api
from bridge_local.okta.event_forms import envelope, preview_form, sample_form
from bridge_local.okta.hook_api import Challenge, HookApi
from bridge_local.okta.oauth import OAuth
from bridge_local.okta.state import restore, to_state
from bridge_local.okta.switches import OktaSwitches
from bridge_local.okta.write_api import Administrators


class OktaModel(Administrators):
    """An Okta org. Implements `bridge_local.exchange.Model`; may be used from several threads.

    The truth, for proofs: `users`, `groups`, ``assignments[app_id]`` (each a table whose ``current`` is a dict of
    records by id), `apps`, `members` and `groups_of`. What goes wrong is put into `faults`.

    Args:
        now: our clock; Okta's differs from it by ``switches.clock_offset``.
        rng: the only randomness.
        switches: what is open or goes wrong.
        org_url: the org's origin, as links and hook envelopes name it.
        app_id: the application that the bridge serves; it exists, empty and active.
        app_label: its label.
        api_token: the SSWS token that is accepted, empty for none.
        challenge: sends the GET that verifies an event hook.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        rng: random.Random,
        switches: OktaSwitches | None = None,
        *,
        org_url: str = "https://example.okta.com",
        app_id: str = "0oaGenesysCloudApp5d",
        app_label: str = "Genesys Cloud",
        api_token: str = "",
        challenge: Challenge | None = None,
    ) -> None:
        super().__init__(now, rng, switches, org_url=org_url)
        self.oauth = OAuth(self, api_token)
        self._hook_api = HookApi(self, challenge)
        self.api = Api(self, self.oauth, self._hook_api)
        #: What goes wrong with answers.
        self.faults = self.api.faults
        self.app_id = app_id
        with self.quietly():
            self.create_app(app_label, app_id=app_id)

    def to_state(self) -> dict[str, Any]:
        """Everything the org holds, as plain JSON values; see `bridge_local.okta.state`."""
        with self.lock:
            return {"app_id": self.app_id, **to_state(self, self.oauth)}

    @classmethod
    def from_state(
        cls,
        state: Mapping[str, Any],
        now: Callable[[], datetime],
        rng: random.Random,
        switches: OktaSwitches | None = None,
        *,
        api_token: str = "",
        challenge: Challenge | None = None,
    ) -> OktaModel:
        """The org that gave `to_state`; `rng` goes on where that one's randomness stood."""
        model = cls(
            now,
            rng,
            switches,
            org_url=state["org_url"],
            app_id=state["app_id"],
            api_token=api_token,
            challenge=challenge,
        )
        model.apps.clear()
        restore(model, model.oauth, state)
        return model

    def handle(self, request: Request) -> Response:
        """Answer a request as Okta would; ``Response.delay`` carries latency.

        Raises:
            ConnectionCut: a fault breaks the connection.
        """
        return self.api.handle(request)

    def register_client(self, client_id: str, keys: Iterable[Mapping[str, Any]], scopes: Iterable[str]) -> None:
        """Register a service app with its public RSA keys (JWK) and granted scopes."""
        with self.lock:
            self.oauth.register(client_id, keys, scopes)

    def set_challenge(self, challenge: Challenge) -> None:
        """Say how a verification's GET is sent."""
        self._hook_api.challenge = challenge

    def preview(self, event_type: str, hook_id: str = "") -> dict[str, Any]:
        """The delivery that the Preview button sends: the newest event of the type, else sample data."""
        with self.lock:
            past = next((entry for entry in reversed(self.log.all()) if entry.event_type == event_type), None)
            if past is None:
                event = sample_form(event_type, self.ids.uuid(), self.now(), self.ids.transaction())
            else:
                event = preview_form(past)
            source = f"{self.org_url}/api/v1/eventHooks/{hook_id or self.ids.okta('who')}"
            return envelope(source, self.ids.uuid(), self.now(), [event])
