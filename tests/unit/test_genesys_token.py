"""Tokens of a Genesys Cloud OAuth client."""

import base64
from datetime import UTC, datetime

import pytest

from bridge.errors import AuthFailure, Transient
from bridge.genesys.token import GenesysAuth
from bridge.outbound.http import HttpClient
from bridge_local.exchange import Response
from bridge_local.script import Script, StillClock
from bridge_local.transport import ModelTransport

LOGIN = "https://login.mypurecloud.ie"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
GRANTED = {"access_token": "first", "expires_in": 86_400, "token_type": "bearer"}


def auth_of(script: Script, clock: StillClock | None = None, secret: str = "s3:cret") -> GenesysAuth:
    """The OAuth client ``bridge`` at the login host of Dublin."""
    http = HttpClient(LOGIN, "genesys", transport=ModelTransport(script))
    return GenesysAuth(http, lambda: ("bridge", secret), clock or StillClock(NOW))


def test_token_request_is_basic() -> None:
    """Client id and secret go as Basic, the grant as a form, to /oauth/token."""
    script = Script(Response.of_json(200, GRANTED))
    assert auth_of(script).header() == "Bearer first"
    (sent,) = script.requests
    assert (sent.method, sent.path, sent.body) == ("POST", "/oauth/token", b"grant_type=client_credentials")
    assert sent.headers["content-type"] == "application/x-www-form-urlencoded"
    assert sent.headers["authorization"] == "Basic " + base64.b64encode(b"bridge:s3:cret").decode()


@pytest.mark.parametrize(("life", "used"), [(86_400, 86_100), (38_880_000, 38_879_700), (300, 240), (1500, 1200)])
def test_token_is_kept_until_shortly_before_its_end(life: int, used: int) -> None:
    """A token serves until five minutes before its end, a short one for four fifths of its life."""
    script = Script(
        Response.of_json(200, {**GRANTED, "expires_in": life}), Response.of_json(200, {**GRANTED, "access_token": "2"})
    )
    clock = StillClock(NOW)
    auth = auth_of(script, clock)
    auth.header()
    clock.advance(used - 1)
    assert auth.header() == "Bearer first"
    clock.advance(1)
    assert auth.header() == "Bearer 2"


def test_a_refused_token_is_fetched_anew() -> None:
    """After `renew` the next header has another token."""
    script = Script(Response.of_json(200, GRANTED), Response.of_json(200, {**GRANTED, "access_token": "2"}))
    auth = auth_of(script)
    auth.header()
    assert auth.renew() is True
    assert auth.header() == "Bearer 2"


def test_rate_limit_of_the_login_host_is_transient() -> None:
    """Its 400 "rate limit exceeded" is no wrong credential."""
    body = {"error": "invalid_request", "description": "(rate limit exceeded; try again later)"}
    with pytest.raises(Transient) as caught:
        auth_of(Script(Response.of_json(400, body))).header()
    assert not isinstance(caught.value, AuthFailure)
    assert (caught.value.reason, caught.value.status) == ("genesys-token-rate-limited", 400)


@pytest.mark.parametrize("status", [302, 408, 429, 500, 503])
def test_a_busy_login_host_is_transient(status: int) -> None:
    """What passes is waited for, as long as Retry-After asks."""
    with pytest.raises(Transient) as caught:
        auth_of(Script(Response(status, {"Retry-After": "7"}))).header()
    assert not isinstance(caught.value, AuthFailure)
    assert (caught.value.reason, caught.value.retry_after) == (f"genesys-token-{status}", 7)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"message": "Forbidden"}', b'{"error": "Not <b>plain</b>"}'])
def test_a_refusal_that_names_no_error_is_not_the_login_hosts(status: int, body: bytes) -> None:
    """Anyone who answers in its place says nothing of the credentials."""
    with pytest.raises(Transient) as caught:
        auth_of(Script(Response(status, {}, body))).header()
    assert (type(caught.value), str(caught.value)) == (Transient, f"genesys-token-{status}")


@pytest.mark.parametrize(
    ("status", "error"), [(400, "invalid_request"), (401, "invalid_client"), (403, "unauthorized_client")]
)
def test_a_refused_token_request_is_an_auth_failure(status: int, error: str) -> None:
    """The text has the status and the error code, never the description; the reference is the correlation id."""
    body = {"error": error, "description": "bridge:s3:cret"}
    with pytest.raises(AuthFailure) as caught:
        auth_of(Script(Response.of_json(status, body, {"ININ-Correlation-Id": "corr-1"}))).header()
    assert str(caught.value) == f"genesys-token-{status} {error}".strip()
    assert (caught.value.upstream, caught.value.reference) == ("genesys", "corr-1")


def test_missing_credentials_are_an_auth_failure() -> None:
    """A secret not yet set up stops as a credential problem, and nothing is sent."""
    script = Script()
    with pytest.raises(AuthFailure, match=r"^genesys-client-missing genesys_client_id and genesys_client_secret"):
        auth_of(script, secret="").header()
    assert script.requests == []


@pytest.mark.parametrize("body", [b"{}", b"<html>", b'{"access_token": "x"}', b'{"access_token": 1, "expires_in": 9}'])
def test_a_malformed_token_answer_is_transient(body: bytes) -> None:
    """A 200 without token and life is not taken."""
    with pytest.raises(Transient, match=r"^genesys-token-malformed$"):
        auth_of(Script(Response(200, {}, body))).header()


def test_another_client_ends_what_is_at_work() -> None:
    """It may be another organisation's: the call that would be the first of it is not made, the one after it is."""
    ids = ["one", "two"]
    script = Script(Response.of_json(200, GRANTED), Response.of_json(200, {**GRANTED, "access_token": "2"}))
    http = HttpClient(LOGIN, "genesys", transport=ModelTransport(script))
    auth = GenesysAuth(http, lambda: (ids.pop(0) if len(ids) > 1 else ids[0], "s3:cret"), StillClock(NOW))
    assert auth.header() == "Bearer first"
    with pytest.raises(Transient) as changed:
        auth.header()
    assert changed.value.reason == "genesys-client-changed"
    assert len(script.requests) == 1
    assert auth.header() == "Bearer 2"
