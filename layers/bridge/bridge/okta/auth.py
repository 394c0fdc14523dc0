"""How the bridge signs in to Okta: an SSWS token, or an OAuth 2.0 service app whose key stays in AWS KMS.

Source: Okta developer documentation, "Implement OAuth for Okta with a service app" (client credentials at the
org authorization server, private_key_jwt, scopes, token of one hour) and "Configure DPoP".
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import AuthFailure, Transient
from bridge.okta.answers import error_code as okta_error_code
from bridge.okta.answers import reference_of
from bridge.outbound.answer import Answer
from bridge.outbound.http import HttpClient
from bridge.outbound.oauth import AccessToken, error_code
from bridge.provisioning.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_kms.client import KMSClient

OAUTH_PATH = "/oauth2/v1/token"
#: What syncs need; and what the log poller needs, in a token each: who lacks the last one can still catch up.
SCOPES = ("okta.users.read", "okta.groups.read", "okta.apps.read")
LOG_SCOPES = ("okta.logs.read",)
HOOK_SCOPES = ("okta.eventHooks.read",)
DPOP_SWITCH = "Require Demonstrating Proof of Possession (DPoP) header in token requests"
#: What a token request without a proof is answered, by the state of the proof that Okta misses (RFC 9449, section 5).
_DPOP_ERRORS = frozenset({"use_dpop_nonce", "invalid_dpop_proof"})
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LIFE = timedelta(minutes=5)
_SSWS_TOKEN = re.compile(r"[\x21-\x7e]+")
#: What AWS KMS calls its passing troubles (API reference, Sign: Errors).
_KMS_PASSES = frozenset({"ThrottlingException", "DependencyTimeoutException", "KMSInternalException"})


class SswsAuth:
    """An API token of an Okta administrator, as the secret holds it now."""

    def __init__(self, token: Callable[[], str]) -> None:
        """Ask `token` for the token before each call; it may well be cached there."""
        self._token = token

    def header(self) -> str:
        """``SSWS <token>``; AuthFailure without a plausible token."""
        token = self._token().strip()
        if not _SSWS_TOKEN.fullmatch(token):
            raise AuthFailure("okta-token-missing", detail="okta_token of the secret", upstream="okta")
        return f"SSWS {token}"

    def renew(self) -> bool:
        """False: an API token has no other one."""
        return False


class OAuthAuth:
    """An OAuth 2.0 service app with ``private_key_jwt`` (RFC 7523, RS256); the token lives in memory only."""

    def __init__(
        self,
        http: HttpClient,
        client_id: Callable[[], str],
        sign: Callable[[bytes], bytes],
        key_id: str,
        clock: Clock,
        *,
        token_path: str = OAUTH_PATH,
        scopes: Sequence[str] = SCOPES,
        new_jti: Callable[[], str] = secrets.token_hex,
    ) -> None:
        """Fetch tokens through `http` when needed.

        Args:
            http: the client of the Okta org.
            client_id: gives that of the service app; SettingsError while there is none.
            sign: makes the RSASSA-PKCS1-v1_5 SHA-256 signature of a message, see `kms_signer`.
            key_id: the ``kid`` of the public key that the service app knows.
            clock: our time.
            token_path: of the org authorization server.
            scopes: what to ask for; each must be granted to the app, and the app needs an admin role besides.
            new_jti: gives a new id for each assertion.
        """
        self._http = http
        self._client_id = client_id
        self._sign = sign
        self._key_id = key_id
        self._clock = clock
        self._token_path = token_path
        self._scopes = " ".join(scopes)
        self._new_jti = new_jti
        self._token: AccessToken | None = None

    def header(self) -> str:
        """``Bearer <token>``, with a token that has some time to live.

        Raises:
            Transient: 408, 429 or 5xx of the token endpoint, no answer, or AWS KMS is busy.
            AuthFailure: the token request is refused, or AWS KMS does not sign.
            SettingsError: there is no client id yet.
        """
        token = self._token
        if token is None or self._clock.now() >= token.until:
            token = self._token = self._fetch()
        return f"Bearer {token.value}"

    def renew(self) -> bool:
        """Forget the token."""
        self._token = None
        return True

    def _fetch(self) -> AccessToken:
        asked = self._clock.now()
        answer = self._http.request(
            "POST",
            self._token_path,
            form={
                "grant_type": "client_credentials",
                "scope": self._scopes,
                "client_assertion_type": _ASSERTION_TYPE,
                "client_assertion": self._assertion(int(asked.timestamp())),
            },
        )
        if answer.status == HTTPStatus.OK:
            return AccessToken.parse(answer, asked)
        raise _refused(answer)

    def _assertion(self, now: int) -> str:
        header = {"alg": "RS256", "kid": self._key_id, "typ": "JWT"}
        client_id = self._client_id()
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": self._http.base_url + self._token_path,
            "iat": now,
            "exp": now + int(_ASSERTION_LIFE.total_seconds()),
            "jti": self._new_jti(),
        }
        message = f"{_base64url(_json(header))}.{_base64url(_json(claims))}"
        return f"{message}.{_base64url(self._sign(message.encode()))}"


def kms_signer(kms: KMSClient, key_id: str) -> Callable[[bytes], bytes]:
    """Signs with an RSA key of AWS KMS (key usage SIGN_VERIFY); the private key never leaves it.

    The signer raises Transient while AWS KMS is busy or out of reach, AuthFailure when it refuses.
    """

    def sign(message: bytes) -> bytes:
        try:
            answer = kms.sign(
                KeyId=key_id, Message=message, MessageType="RAW", SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256"
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            kind = Transient if code in _KMS_PASSES else AuthFailure
            raise kind("okta-signing-key", detail=code, upstream="okta") from None
        except BotoCoreError as error:
            raise Transient("okta-signing-key", detail=type(error).__name__, upstream="okta") from None
        return answer["Signature"]

    return sign


def _refused(answer: Answer) -> Transient:
    code = error_code(answer) or okta_error_code(answer)
    details: dict[str, Any] = {
        "detail": code,
        "upstream": "okta",
        "reference": reference_of(answer),
        "status": answer.status,
    }
    if code in _DPOP_ERRORS:
        details["detail"] = f'untick "{DPOP_SWITCH}" in the general settings of the Okta service app'
        return AuthFailure("okta-dpop-required", **details)
    if answer.may_pass or not code:
        return Transient(f"okta-token-{answer.status}", **details)
    return AuthFailure(f"okta-token-{answer.status}", **details)


def _json(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
