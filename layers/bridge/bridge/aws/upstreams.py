"""Both sides of the bridge as clients: connections and credentials, made once for each process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from bridge.aws.dependencies import Dependencies
from bridge.aws.secrets import Secrets
from bridge.aws.telemetry import Metric, count
from bridge.genesys.client import GenesysClient
from bridge.genesys.regions import endpoints
from bridge.genesys.token import GenesysAuth
from bridge.items import Queue
from bridge.okta.auth import SCOPES, OAuthAuth, SswsAuth
from bridge.okta.client import OktaClient
from bridge.okta.log import READ_SECONDS, TOTAL_SECONDS
from bridge.outbound.answer import Answer
from bridge.outbound.calls import Calls
from bridge.outbound.http import Auth, HttpClient, Transport
from bridge.outbound.waiting import Waiting
from bridge.provisioning.ports import Clock, Pace
from bridge.settings import GenesysSettings, OktaAuth, OktaSettings


class OktaSide:
    """Okta: one connection pool and one credential, as many clients as there are shares of the call budget."""

    def __init__(
        self,
        settings: OktaSettings,
        *,
        secrets: Secrets,
        pace: Callable[[str, Queue], Pace],
        sign: Callable[[bytes], bytes] | None,
        clock: Clock,
        transport: Transport | None = None,
    ) -> None:
        """`sign` is needed for OKTA_AUTH=oauth; `transport` stands in for the network."""
        self._settings = settings
        self._pace = pace
        self._clock = clock
        self._http = HttpClient(settings.org_url, "okta", transport=transport)
        self._sign_in = partial(okta_auth, self._http, settings, secrets=secrets, sign=sign, clock=clock)
        self._auth = self._sign_in()

    def client(
        self, queue: Queue, calls: Calls, waiting: Waiting | None = None, *, scopes: Sequence[str] = ()
    ) -> OktaClient:
        """A client that spends `queue`'s share of the budget, `waiting` for it, and tells `calls` what it did.

        With `scopes` it has a credential of its own, which is good for these alone.
        """
        return OktaClient(
            self._http,
            self._sign_in(scopes=scopes) if scopes else self._auth,
            self._settings.app_id,
            self._clock,
            pace=lambda bucket: calls.headroom.of("okta", _patient(self._pace(f"okta-{bucket}", queue), waiting)),
            record=calls.recorder("okta"),
            doubt=_count_doubted_date,
        )

    def knock(self) -> Answer:
        """What the org answers to anyone who shows no credential."""
        return self._http.request("GET", f"/api/v1/apps/{self._settings.app_id}")

    def close(self) -> None:
        """Give the connections back; a function never does, for its environment ends with them."""
        self._http.close()


def okta_auth(
    http: HttpClient,
    settings: OktaSettings,
    *,
    secrets: Secrets,
    sign: Callable[[bytes], bytes] | None,
    clock: Clock,
    scopes: Sequence[str] = SCOPES,
) -> Auth:
    """Okta's credential as the settings say; `scopes` are asked for where it is an OAuth 2.0 service app."""
    if settings.auth is OktaAuth.SSWS:
        return SswsAuth(lambda: secrets.get("okta_token"))
    if sign is None:
        raise ValueError("OKTA_AUTH=oauth needs a signer")

    def client_id() -> str:
        return settings.client_id or secrets.get("okta_client_id")

    return OAuthAuth(http, client_id, sign, settings.kms_key_id, clock, scopes=scopes)


class GenesysSide:
    """Genesys Cloud, likewise."""

    def __init__(
        self,
        settings: GenesysSettings,
        *,
        secrets: Secrets,
        pace: Callable[[str, Queue], Pace],
        clock: Clock,
        transport: Transport | None = None,
    ) -> None:
        """`transport` stands in for the network."""
        ends = endpoints(settings.region, settings.api_url, settings.login_url)
        self._pace = pace
        self._host = ends.api
        self._http = HttpClient(ends.api, "genesys", transport=transport)
        self._login_http = HttpClient(ends.login, "genesys", transport=transport)
        self._auth = GenesysAuth(
            self._login_http, lambda: (secrets.get("genesys_client_id"), secrets.get("genesys_client_secret")), clock
        )

    def client(self, queue: Queue, calls: Calls, waiting: Waiting | None = None) -> GenesysClient:
        """A client that spends `queue`'s share of the budget, `waiting` for it, and tells `calls` what it did."""
        pace = calls.headroom.of("genesys", _patient(self._pace("genesys", queue), waiting))
        return GenesysClient(self._http, self._auth, pace=pace, record=calls.recorder("genesys"))

    def organisation(self) -> str:
        """Client id and host, by which an organisation is known; neither is a secret."""
        return f"{self._auth.client_id()} {self._host}"

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()
        self._login_http.close()


def log_clients(settings: OktaSettings, dependencies: Dependencies) -> Callable[[Sequence[str]], OktaClient]:
    """Makes clients for Okta's System Log and event hooks, which are slow: a credential of its own for each scopes."""
    http = HttpClient(
        settings.org_url,
        "okta",
        transport=dependencies.okta_transport,
        read_seconds=READ_SECONDS,
        total_seconds=TOTAL_SECONDS,
    )

    def client(scopes: Sequence[str]) -> OktaClient:
        auth = okta_auth(
            http,
            settings,
            secrets=dependencies.secrets,
            sign=dependencies.sign,
            clock=dependencies.clock,
            scopes=scopes,
        )
        return OktaClient(http, auth, settings.app_id, dependencies.clock, doubt=_count_doubted_date)

    return client


def _patient(pace: Pace, waiting: Waiting | None) -> Pace:
    return pace if waiting is None else waiting.pace(pace)


def _count_doubted_date() -> None:
    count(Metric.OKTA_DATES_DOUBTED)
