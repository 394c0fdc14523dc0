"""Tokens of a Genesys Cloud OAuth client (client credentials grant), kept in memory and never stored.

Source: Genesys' SDK for Python (``api_client.py``) for the request; Genesys' Terraform provider for the rate limit
of the login host, which answers 400 ``invalid_request`` with the words "rate limit exceeded".
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from http import HTTPStatus

from bridge.errors import AuthFailure, Transient
from bridge.genesys.answers import reference_of
from bridge.outbound.answer import Answer
from bridge.outbound.http import HttpClient
from bridge.outbound.oauth import AccessToken, error_code
from bridge.provisioning.ports import Clock

OAUTH_PATH = "/oauth/token"


class GenesysAuth:
    """The token of one OAuth client; it needs the role "SCIM Integration"."""

    def __init__(self, http: HttpClient, credentials: Callable[[], tuple[str, str]], clock: Clock) -> None:
        """Fetch tokens through `http`, the client of the login host.

        Args:
            http: the client of the region's login host.
            credentials: gives client id and client secret, as the secret holds them now.
            clock: our time.
        """
        self._http = http
        self._credentials = credentials
        self._clock = clock
        self._token: AccessToken | None = None
        self._client_id = ""

    def header(self) -> str:
        """``Bearer <token>``, with a token that has some time to live.

        Raises:
            Transient: the login host is busy or out of reach, its answer holds no token, or the credentials have just
                become those of another client (``genesys-client-changed``): it may be that of another organisation, so
                anyone who is at work must begin anew.
            AuthFailure: the credentials are missing or refused.
        """
        client_id, client_secret = self._credentials()
        before, self._client_id = self._client_id, client_id
        if before and client_id != before:
            self._token = None
            raise Transient("genesys-client-changed", upstream="genesys")
        token = self._token
        if token is None or self._clock.now() >= token.until:
            token = self._token = self._fetch(client_id, client_secret)
        return f"Bearer {token.value}"

    def client_id(self) -> str:
        """The client as the credentials have it now; one that is another by the next call is noticed there."""
        client_id = self._credentials()[0]
        self._client_id = self._client_id or client_id
        return client_id

    def renew(self) -> bool:
        """Forget the token: an organisation's idle timeout may end it before its time."""
        self._token = None
        return True

    def _fetch(self, client_id: str, client_secret: str) -> AccessToken:
        if not client_id or not client_secret:
            detail = "genesys_client_id and genesys_client_secret of the secret"
            raise AuthFailure("genesys-client-missing", detail=detail, upstream="genesys")
        basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        asked = self._clock.now()
        answer = self._http.request(
            "POST",
            OAUTH_PATH,
            headers={"Authorization": f"Basic {basic}"},
            form={"grant_type": "client_credentials"},
        )
        if answer.status == HTTPStatus.OK:
            return AccessToken.parse(answer, asked)
        raise _refused(answer)


def _refused(answer: Answer) -> Transient:
    reference = reference_of(answer)
    limited = answer.status == HTTPStatus.BAD_REQUEST and b"rate limit exceeded" in answer.body.lower()
    if limited or answer.may_pass or not error_code(answer):
        return Transient(
            "genesys-token-rate-limited" if limited else f"genesys-token-{answer.status}",
            retry_after=answer.retry_after,
            upstream="genesys",
            reference=reference,
            status=answer.status,
        )
    reason, code = f"genesys-token-{answer.status}", error_code(answer)
    return AuthFailure(reason, detail=code, upstream="genesys", reference=reference, status=answer.status)
