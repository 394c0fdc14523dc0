"""``POST /oauth/token``: client credentials with Basic authentication, and the tokens given out."""

from __future__ import annotations

import base64
import random
from binascii import Error as Base64Error
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import parse_qs

from bridge_local.exchange import Request, Response
from bridge_local.genesys.errors import Refused, platform_error
from bridge_local.genesys.switches import GenesysSwitches

FORM = "application/x-www-form-urlencoded"


@dataclass
class _Token:
    expires: datetime
    used: datetime


class Tokens:
    """The login host for one OAuth client."""

    def __init__(self, client_id: str, client_secret: str, rng: random.Random, switches: GenesysSwitches) -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self._rng = rng
        self._switches = switches
        self._tokens: dict[str, _Token] = {}
        self._minute = -1
        self._minted = 0

    def revoke(self) -> None:
        """Make every token given out so far worthless."""
        self._tokens.clear()

    def mint(self, request: Request, now: datetime) -> Response:
        """Answer a token request.

        Raises:
            Refused: 400 or 401 in the login host's own shape {error, description, error_description}.
        """
        self._count(now)
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media != FORM:
            raise _refused(HTTPStatus.BAD_REQUEST, "invalid_request", "form parameters are required")
        if not self._knows(request.headers.get("authorization", "")):
            raise _refused(HTTPStatus.UNAUTHORIZED, "invalid_client", "authentication failed")
        form = parse_qs(request.body.decode("utf-8", "replace"))
        if form.get("grant_type") != ["client_credentials"]:
            raise _refused(HTTPStatus.BAD_REQUEST, "unsupported_grant_type", "grant_type must be client_credentials")
        token = f"{self._rng.getrandbits(384):096x}"
        self._tokens[token] = _Token(now + timedelta(seconds=self._switches.token_lifetime), now)
        answer = {"access_token": token, "token_type": "bearer", "expires_in": self._switches.token_lifetime}
        return Response.of_json(HTTPStatus.OK, answer)

    def check(self, request: Request, now: datetime) -> str:
        """The valid token of an API request.

        Raises:
            Refused: 401 ErrorBody.
        """
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not value.strip():
            raise platform_error(HTTPStatus.UNAUTHORIZED, code="authentication.required")
        token = self._tokens.get(value.strip())
        idle = self._switches.token_idle
        if token is None or token.expires <= now or (idle and token.used + timedelta(seconds=idle) <= now):
            raise platform_error(HTTPStatus.UNAUTHORIZED, code="bad.credentials", message="Invalid login credentials.")
        token.used = now
        return value.strip()

    def _count(self, now: datetime) -> None:
        minute = int(now.timestamp() // 60)
        if minute != self._minute:
            self._minute, self._minted = minute, 0
        self._minted += 1
        allowed = self._switches.token_requests_per_minute
        if allowed is not None and self._minted > allowed:
            raise rate_limited()

    def _knows(self, authorization: str) -> bool:
        scheme, _, value = authorization.partition(" ")
        try:
            pair = base64.b64decode(value.strip(), validate=True).decode()
        except (Base64Error, UnicodeDecodeError):
            return False
        return scheme.lower() == "basic" and pair == f"{self.client_id}:{self.client_secret}"


def rate_limited() -> Refused:
    """How the login host says 'too many': 400, not 429."""
    return _refused(HTTPStatus.BAD_REQUEST, "invalid_request", "rate limit exceeded; try again later")


def _refused(status: int, error: str, description: str) -> Refused:
    return Refused(status, {"error": error, "description": description, "error_description": description})
