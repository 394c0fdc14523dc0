"""Signing in to Okta: the SSWS token, and the service app whose key AWS KMS keeps."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from moto import mock_aws
from mypy_boto3_kms.client import KMSClient

from bridge.errors import AuthFailure, Transient
from bridge.okta.auth import OAuthAuth, SswsAuth, kms_signer
from bridge.outbound.http import HttpClient
from bridge_local.exchange import Response
from bridge_local.script import Script, StillClock
from bridge_local.transport import ModelTransport

ORG = "https://ada.example.com"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
GRANTED = {"access_token": "first.token-1", "expires_in": 3600, "token_type": "Bearer"}


def oauth(script: Script, clock: StillClock | None = None) -> OAuthAuth:
    """The service app ``0oaBridge`` whose signatures are the message backwards."""
    http = HttpClient(ORG, "okta", transport=ModelTransport(script))
    clock = clock or StillClock(NOW)
    return OAuthAuth(http, lambda: "0oaBridge", lambda message: message[::-1], "key-1", clock, new_jti=lambda: "jti-1")


def decoded(part: str) -> bytes:
    """One part of a JWT."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.fixture
def kms() -> Iterator[KMSClient]:
    """AWS KMS, as moto has it."""
    with mock_aws():
        yield boto3.client("kms", region_name="eu-central-1")


def test_ssws_header_is_the_token_of_the_moment() -> None:
    """The token is asked for with each call, so a rotated secret is used at once; there is nothing to renew."""
    tokens = iter(["00first\n", "00second"])
    auth = SswsAuth(lambda: next(tokens))
    assert [auth.header(), auth.header()] == ["SSWS 00first", "SSWS 00second"]
    assert auth.renew() is False


@pytest.mark.parametrize("token", ["", "  ", "two words", "tökén"])
def test_an_implausible_ssws_token_is_an_auth_failure(token: str) -> None:
    """A secret not yet set up, or pasted wrong, stops as a credential problem that does not show the token."""
    with pytest.raises(AuthFailure) as caught:
        SswsAuth(lambda: token).header()
    assert str(caught.value) == "okta-token-missing okta_token of the secret"


def test_token_request_is_private_key_jwt() -> None:
    """The request carries RFC 7523's form and an RS256 assertion for the token endpoint, good for five minutes."""
    script = Script(Response.of_json(200, GRANTED))
    assert oauth(script).header() == "Bearer first.token-1"
    (sent,) = script.requests
    form = dict(parse_qsl(sent.body.decode()))
    assertion = form.pop("client_assertion")
    assert (sent.method, sent.path) == ("POST", "/oauth2/v1/token")
    assert form == {
        "grant_type": "client_credentials",
        "scope": "okta.users.read okta.groups.read okta.apps.read",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    head, claims, signature = assertion.split(".")
    assert json.loads(decoded(head)) == {"alg": "RS256", "kid": "key-1", "typ": "JWT"}
    assert json.loads(decoded(claims)) == {
        "iss": "0oaBridge",
        "sub": "0oaBridge",
        "aud": "https://ada.example.com/oauth2/v1/token",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 300,
        "jti": "jti-1",
    }
    assert decoded(signature) == f"{head}.{claims}".encode()[::-1]


def test_assertions_do_not_repeat() -> None:
    """Left to itself, each assertion has a jti of its own: Okta refuses one used before."""
    script = Script(*(Response.of_json(200, GRANTED) for _ in range(2)))
    http = HttpClient(ORG, "okta", transport=ModelTransport(script))
    for _ in range(2):
        OAuthAuth(http, lambda: "0oaBridge", lambda message: message, "key-1", StillClock(NOW)).header()
    assertions = [dict(parse_qsl(sent.body.decode()))["client_assertion"] for sent in script.requests]
    assert len({json.loads(decoded(each.split(".")[1]))["jti"] for each in assertions}) == 2


def test_token_is_kept_until_shortly_before_its_end() -> None:
    """A token of an hour serves 55 minutes."""
    script = Script(Response.of_json(200, GRANTED), Response.of_json(200, {**GRANTED, "access_token": "second"}))
    clock = StillClock(NOW)
    auth = oauth(script, clock)
    auth.header()
    clock.advance(55 * 60 - 1)
    assert auth.header() == "Bearer first.token-1"
    clock.advance(1)
    assert auth.header() == "Bearer second"


def test_a_refused_token_is_fetched_anew() -> None:
    """After `renew` the next header has another token."""
    script = Script(Response.of_json(200, GRANTED), Response.of_json(200, {**GRANTED, "access_token": "second"}))
    auth = oauth(script)
    auth.header()
    assert auth.renew() is True
    assert auth.header() == "Bearer second"


def test_dpop_demand_names_the_switch() -> None:
    """The error says which switch of Okta's to untick, word for word."""
    refusal = {"error": "use_dpop_nonce", "error_description": "Authorization server requires nonce in DPoP proof."}
    with pytest.raises(AuthFailure) as caught:
        oauth(Script(Response.of_json(400, refusal, {"dpop-nonce": "n"}))).header()
    assert caught.value.reason == "okta-dpop-required"
    switch = "Require Demonstrating Proof of Possession (DPoP) header in token requests"
    assert f'untick "{switch}"' in str(caught.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"message": "Forbidden"}', b'{"error": "Not <b>plain</b>"}'])
def test_a_refusal_that_names_no_error_is_not_oktas(status: int, body: bytes) -> None:
    """Anyone who answers in its place says nothing of the service app."""
    with pytest.raises(Transient) as caught:
        oauth(Script(Response(status, {}, body))).header()
    assert (type(caught.value), str(caught.value)) == (Transient, f"okta-token-{status}")


def test_a_refusal_in_oktas_own_form_is_an_auth_failure() -> None:
    """The token endpoint may also answer as the management API does."""
    with pytest.raises(AuthFailure, match=r"^okta-token-403 E0000006$"):
        oauth(Script(Response.of_json(403, {"errorCode": "E0000006", "errorSummary": "no"}))).header()


@pytest.mark.parametrize(
    ("status", "error", "text"),
    [
        (400, "invalid_scope", "okta-token-400 invalid_scope"),
        (401, "invalid_client", "okta-token-401 invalid_client"),
        (403, "access_denied", "okta-token-403 access_denied"),
    ],
)
def test_a_refused_token_request_is_an_auth_failure(status: int, error: str, text: str) -> None:
    """The text has the status and a plain error code, never the description; the reference is Okta's request id."""
    body = {"error": error, "error_description": "about ada.brook@example.com"}
    with pytest.raises(AuthFailure) as caught:
        oauth(Script(Response.of_json(status, body, {"X-Okta-Request-Id": "req-1"}))).header()
    assert (str(caught.value), caught.value.reference, caught.value.status) == (text, "req-1", status)


@pytest.mark.parametrize("status", [302, 408, 429, 500, 503])
def test_a_busy_token_endpoint_is_transient(status: int) -> None:
    """What passes is waited for, and is no sign of a wrong credential."""
    with pytest.raises(Transient) as caught:
        oauth(Script(Response(status))).header()
    assert not isinstance(caught.value, AuthFailure)
    assert (caught.value.reason, caught.value.upstream) == (f"okta-token-{status}", "okta")


@pytest.mark.parametrize(
    "change",
    [
        {"access_token": None},
        {"access_token": ""},
        {"access_token": "line\nbreak"},
        {"expires_in": None},
        {"expires_in": "3600"},
        {"expires_in": 0},
        {"expires_in": -5},
        {"expires_in": 1e300},
    ],
)
def test_a_malformed_token_answer_is_transient(change: dict[str, object]) -> None:
    """A 200 without a usable token or life is not taken, and its content is not shown."""
    with pytest.raises(Transient, match=r"^okta-token-malformed$"):
        oauth(Script(Response.of_json(200, {**GRANTED, **change}))).header()


def test_kms_signature_is_pkcs1_sha256(kms: KMSClient) -> None:
    """The signature verifies against the public key that AWS KMS gives out."""
    key = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["KeyId"]
    signature = kms_signer(kms, key)(b"head.claims")
    public = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    assert isinstance(public, RSAPublicKey)
    public.verify(signature, b"head.claims", PKCS1v15(), SHA256())


def test_a_missing_kms_key_is_an_auth_failure(kms: KMSClient) -> None:
    """A key that is not there, or not ours to use, stops as a credential problem with AWS's own code."""
    with pytest.raises(AuthFailure) as caught:
        kms_signer(kms, "11111111-2222-3333-4444-555555555555")(b"x")
    assert str(caught.value) == "okta-signing-key NotFoundException"


def test_kms_throttling_is_transient() -> None:
    """AWS KMS asks for patience: so do we."""

    class Busy:
        def sign(self, **_: object) -> None:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "Sign")

    with pytest.raises(Transient, match=r"^okta-signing-key ThrottlingException$") as caught:
        kms_signer(Busy(), "key")(b"x")  # type: ignore[arg-type] # moto never throttles
    assert not isinstance(caught.value, AuthFailure)


def test_kms_out_of_reach_is_transient() -> None:
    """A connection that fails is waited for."""
    kms = boto3.client(
        "kms",
        region_name="eu-central-1",
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="id",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(Transient, match=r"^okta-signing-key EndpointConnectionError$") as caught:
        kms_signer(kms, "key")(b"x")
    assert not isinstance(caught.value, AuthFailure)
