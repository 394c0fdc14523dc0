"""The Okta model's credentials: SSWS tokens and service apps with private_key_jwt."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from bridge_local.exchange import Request, Response
from tests.models.okta_org import START, Context, error_of

CLIENT = "0oaServiceAppClient5d"
SCOPES = ("okta.users.read", "okta.logs.read")
AUDIENCE = "https://example.okta.com/oauth2/v1/token"


@cache
def key(number: int = 0) -> rsa.RSAPrivateKey:
    """A key pair, made once a run."""
    assert number >= 0
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def text(raw: bytes) -> str:
    """Unpadded base64url."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def jwk(number: int = 0, kid: str = "one") -> dict[str, str]:
    """The public half as a JWK."""
    numbers = key(number).public_key().public_numbers()
    return {
        "kty": "RSA",
        "kid": kid,
        "e": text(numbers.e.to_bytes(3, "big")),
        "n": text(numbers.n.to_bytes(256, "big")),
    }


def assertion(number: int = 0, head: dict[str, Any] | None = None, **claims: Any) -> str:
    """A signed client assertion."""
    now = int(START.timestamp())
    body = {"iss": CLIENT, "sub": CLIENT, "aud": AUDIENCE, "iat": now, "exp": now + 300, **claims}
    parts = [text(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "one", **(head or {})}, body)]
    signed = ".".join(parts)
    return f"{signed}.{text(key(number).sign(signed.encode(), PKCS1v15(), SHA256()))}"


def ask(context: Context, signed: str, scope: str = "okta.users.read", **form: str) -> Response:
    """A token request."""
    fields = {
        "grant_type": "client_credentials",
        "scope": scope,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": signed,
        **form,
    }
    return context.model.handle(Request.of("POST", "/oauth2/v1/token", {}, urlencode(fields).encode()))


def org(**switches: Any) -> Context:
    """An org with a service app."""
    context = Context(**switches)
    context.model.register_client(CLIENT, [jwk()], SCOPES)
    return context


def bearer(context: Context, token: str, path: str = "/api/v1/users") -> Response:
    """A read with an access token."""
    return context.model.handle(Request.of("GET", path, {"Authorization": f"Bearer {token}"}))


def test_a_signed_assertion_buys_a_token_for_an_hour() -> None:
    """The token opens what its scopes name, for an hour."""
    context = org()
    response = ask(context, assertion())
    answer = json.loads(response.body)
    assert response.status == 200
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("Bearer", 3600, "okta.users.read")
    assert bearer(context, answer["access_token"]).status == 200
    context.clock.move(3599)
    assert bearer(context, answer["access_token"]).status == 200
    context.clock.move(1)
    assert error_of(bearer(context, answer["access_token"])) == (401, "E0000011")


def test_a_scope_that_the_token_lacks_is_403() -> None:
    """The token names its scopes; another call is refused with E0000006 and a challenge."""
    context = org()
    token = json.loads(ask(context, assertion()).body)["access_token"]
    response = bearer(context, token, "/api/v1/groups")
    assert error_of(response) == (403, "E0000006")
    assert "insufficient_scope" in response.headers["WWW-Authenticate"]


def test_a_missing_administrator_role_is_403_for_tokens_of_both_kinds() -> None:
    """Scopes alone give nothing."""
    context = org(role_missing=True)
    token = json.loads(ask(context, assertion()).body)["access_token"]
    assert error_of(bearer(context, token)) == (403, "E0000006")
    assert error_of(context.get("/api/v1/users")) == (403, "E0000006")
    context.switches.role_missing = False
    assert bearer(context, token).status == 200


def test_revoked_tokens_are_401() -> None:
    """A revoked token opens nothing; a new one does."""
    context = org()
    token = json.loads(ask(context, assertion(jti="1")).body)["access_token"]
    context.model.oauth.revoke_tokens()
    assert bearer(context, token).status == 401
    assert ask(context, assertion(jti="2")).status == 200


@pytest.mark.parametrize("authorization", ["", "SSWS wrong", "SSWS", "Bearer nothing", "Basic abc"])
def test_wrong_credentials_are_401(authorization: str) -> None:
    """E0000011, whatever was sent."""
    response = Context().model.handle(Request.of("GET", "/api/v1/users", {"Authorization": authorization}))
    assert error_of(response) == (401, "E0000011")


@pytest.mark.parametrize(
    "signed",
    [
        "no.jwt",
        "a.b.c",
        "W10.W10.W10",
        "=.=.=",
        lambda: assertion(number=1),
        lambda: assertion(aud="https://other.example.com/oauth2/v1/token"),
        lambda: assertion(exp=int(START.timestamp()) - 1),
        lambda: assertion(exp=int(START.timestamp()) + 3601),
        lambda: assertion(exp=None),
        lambda: assertion(sub="0oaSomebodyElseHere5d"),
        lambda: assertion(iss="0oaSomebodyElseHere5d", sub="0oaSomebodyElseHere5d"),
        lambda: assertion(head={"alg": "HS256"}),
        lambda: assertion(head={"kid": "unknown"}),
    ],
)
def test_assertions_that_prove_nothing_are_refused(signed: Any) -> None:
    """Wrong signature, audience, life, issuer, algorithm or key: invalid_client."""
    response = ask(org(), signed if isinstance(signed, str) else signed())
    assert response.status == 401
    assert json.loads(response.body)["error"] == "invalid_client"


def test_an_assertion_with_a_jti_is_good_once() -> None:
    """A replayed jti is refused."""
    context = org()
    signed = assertion(jti="once")
    assert [ask(context, signed).status, ask(context, signed).status] == [200, 401]


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_assertion_type": "other"}, 401, "invalid_client"),
        ({"scope": "okta.groups.read"}, 400, "invalid_scope"),
        ({"scope": ""}, 400, "invalid_scope"),
    ],
)
def test_token_requests_that_are_refused(form: dict[str, str], status: int, error: str) -> None:
    """OAuth errors are OAuth's, not Okta's five fields."""
    response = ask(org(), assertion(), **form)
    assert (response.status, json.loads(response.body)["error"]) == (status, error)


def test_a_service_app_may_have_several_keys() -> None:
    """During a rotation either key signs."""
    context = Context()
    context.model.register_client(CLIENT, [jwk(0, "old"), jwk(1, "new")], SCOPES)
    assert ask(context, assertion(0, {"kid": "old"})).status == 200
    assert ask(context, assertion(1, {"kid": "new"})).status == 200
    assert ask(context, assertion(1, {"kid": "old"})).status == 401


def test_required_dpop_is_told_with_a_nonce() -> None:
    """An app that demands DPoP answers 400 use_dpop_nonce."""
    response = ask(org(require_dpop=True), assertion())
    assert (response.status, json.loads(response.body)["error"]) == (400, "use_dpop_nonce")
    assert response.headers["dpop-nonce"]


def test_the_audience_may_be_the_host_where_the_model_is_served() -> None:
    """With links that follow the host the token endpoint's own address is an audience too."""
    context = org(host_links=True)
    signed = assertion(aud="https://127.0.0.1:8081/oauth2/v1/token")
    form = {
        "grant_type": "client_credentials",
        "scope": "okta.users.read",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": signed,
    }
    request = Request.of("POST", "/oauth2/v1/token", {"Host": "127.0.0.1:8081"}, urlencode(form).encode())
    assert context.model.handle(request).status == 200


def test_the_token_endpoint_takes_posts() -> None:
    """A GET is a 405."""
    assert Context().get("/oauth2/v1/token").status == 405
