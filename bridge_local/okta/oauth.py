"""Who asks: SSWS tokens, and service apps with ``private_key_jwt`` (guides/implement-oauth-for-okta-serviceapp)."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from bridge_local.exchange import Request, Response
from bridge_local.okta.answers import OktaError
from bridge_local.okta.org import Org

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFE = 3600


class _Refused(Exception):
    """An OAuth error answer."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.description = description


@dataclass
class ServiceApp:
    """An OAuth client: its public keys (JWK) and the scopes an administrator granted."""

    client_id: str
    keys: list[Mapping[str, Any]]
    scopes: frozenset[str]


@dataclass(frozen=True)
class _Token:
    client_id: str
    scopes: frozenset[str]
    expires: float


@dataclass
class OAuth:
    """Credentials of an org; ``api_token`` is its SSWS token, empty for none."""

    org: Org
    api_token: str = ""
    clients: dict[str, ServiceApp] = field(default_factory=dict)
    _tokens: dict[str, _Token] = field(default_factory=dict)
    _assertions: dict[str, float] = field(default_factory=dict)

    def register(self, client_id: str, keys: Iterable[Mapping[str, Any]], scopes: Iterable[str]) -> None:
        """Add a service app, or give it other keys and scopes."""
        self.clients[client_id] = ServiceApp(client_id, list(keys), frozenset(scopes))

    def revoke_tokens(self) -> None:
        """Make every access token invalid."""
        self._tokens.clear()

    def who(self, request: Request) -> tuple[str, frozenset[str] | None]:
        """The credential's name and its scopes (None: an SSWS token has none); 401 for a wrong one."""
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme == "SSWS" and self.api_token and hmac.compare_digest(secret.encode(), self.api_token.encode()):
            return "ssws", None
        if scheme == "Bearer":
            token = self._tokens.get(secret)
            if token is not None and token.expires > self.org.epoch() and token.client_id in self.clients:
                return token.client_id, token.scopes
        raise OktaError(401, "E0000011")

    def token(self, request: Request) -> Response:
        """``POST /oauth2/v1/token``."""
        if request.method != "POST":
            raise OktaError(405, "E0000022")
        if self.org.switches.require_dpop:
            nonce = {"dpop-nonce": self.org.ids.transaction()}
            code = self.org.switches.dpop_error
            if code == "invalid_dpop_proof":
                return _error(400, code, "The DPoP proof JWT header is missing.", {})
            return _error(400, code, "Authorization server requires nonce in DPoP proof.", nonce)
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            client, scopes = self._check(request, form)
        except _Refused as refused:
            return _error(refused.status, refused.error, refused.description)
        now = self.org.epoch()
        value = "".join(self.org.ids.okta("tok") for _ in range(3))
        self._tokens[value] = _Token(client.client_id, scopes, now + _LIFE)
        answer = {"token_type": "Bearer", "expires_in": _LIFE, "access_token": value, "scope": " ".join(sorted(scopes))}
        return Response.of_json(200, answer)

    def _check(self, request: Request, form: Mapping[str, str]) -> tuple[ServiceApp, frozenset[str]]:
        if form.get("grant_type") != "client_credentials":
            raise _Refused(400, "unsupported_grant_type", "The authorization grant type is not supported.")
        if form.get("client_assertion_type") != _ASSERTION_TYPE:
            raise _Refused(401, "invalid_client", "A client_assertion_type is expected.")
        client = self._verified(form.get("client_assertion", ""), self._audiences(request))
        scopes = frozenset(form.get("scope", "").split())
        if not scopes or not scopes <= client.scopes:
            raise _Refused(400, "invalid_scope", "One or more scopes are not configured for the client.")
        return client, scopes

    def _audiences(self, request: Request) -> set[str]:
        audiences = {f"{self.org.org_url}/oauth2/v1/token"}
        if self.org.switches.host_links and "host" in request.headers:
            audiences.add(f"{self.org.org_url.partition('://')[0]}://{request.headers['host']}/oauth2/v1/token")
        return audiences

    def _verified(self, assertion: str, audiences: set[str]) -> ServiceApp:
        head, claims = _parts(assertion)
        client = self.clients.get(str(claims.get("iss")))
        if client is None or claims.get("sub") != claims.get("iss"):
            raise _Refused(401, "invalid_client", "iss and sub must be the client id.")
        if head.get("alg") != "RS256":
            raise _Refused(401, "invalid_client", "The algorithm is not supported.")
        keys = [key for key in client.keys if "kid" not in head or key.get("kid") in {None, head["kid"]}]
        signed, _, signature = assertion.rpartition(".")
        if not any(_signed(key, signed.encode(), _bytes(signature)) for key in keys):
            raise _Refused(401, "invalid_client", "The client_assertion signature is invalid.")
        if claims.get("aud") not in audiences:
            raise _Refused(401, "invalid_client", "The audience claim is invalid.")
        now, expires = self.org.epoch(), claims.get("exp")
        if not isinstance(expires, int | float) or not now < expires <= now + _LIFE:
            raise _Refused(401, "invalid_client", "The client_assertion token has an expiry that is not valid.")
        identifier = claims.get("jti")
        if identifier is not None:
            known = f"{client.client_id} {identifier}"
            self._assertions = {each: until for each, until in self._assertions.items() if until > now}
            if known in self._assertions:
                raise _Refused(401, "invalid_client", "The client_assertion token has been used before.")
            self._assertions[known] = float(expires)
        return client


def _error(status: int, error: str, description: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response.of_json(status, {"error": error, "error_description": description}, headers)


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise _Refused(401, "invalid_client", "The client_assertion is not a JWT.") from None


def _parts(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    pieces = assertion.split(".")
    try:
        head, claims = (json.loads(_bytes(piece)) for piece in pieces[:2])
    except ValueError:
        raise _Refused(401, "invalid_client", "The client_assertion is not a JWT.") from None
    if len(pieces) != 3 or not isinstance(head, dict) or not isinstance(claims, dict):  # noqa: PLR2004 - RFC 7515
        raise _Refused(401, "invalid_client", "The client_assertion is not a JWT.")
    return head, claims


def _signed(jwk: Mapping[str, Any], message: bytes, signature: bytes) -> bool:
    numbers = RSAPublicNumbers(
        int.from_bytes(_bytes(str(jwk["e"])), "big"), int.from_bytes(_bytes(str(jwk["n"])), "big")
    )
    try:
        numbers.public_key().verify(signature, message, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
