"""The login host and what the API does with tokens, roles and rate limits."""

from __future__ import annotations

import pytest

from bridge_local.faults import Fault
from bridge_local.genesys.faults import rate_limited
from tests.models.genesys_org import Org, outcome


def test_a_token_lives_as_long_as_the_login_host_says() -> None:
    """expires_in is a day by default, and the token works until then and not after."""
    org = Org()
    answer = org.caller.mint()
    assert answer.document["token_type"] == "bearer"
    assert answer.document["expires_in"] == 86_400
    org.wait(86_399)
    assert org.send("GET", "/users").status == 200
    org.wait(1)
    assert outcome(org.send("GET", "/users")) == (401, "bad.credentials")


def test_an_idle_token_dies_early_where_the_organisation_wants_it() -> None:
    """With the HIPAA idle time-out a token dies 15 minutes after its last use."""
    org = Org(token_idle=900)
    org.wait(800)
    assert org.send("GET", "/users").status == 200
    org.wait(899)
    assert org.send("GET", "/users").status == 200
    org.wait(900)
    assert org.send("GET", "/users").status == 401


def test_revoked_and_missing_tokens_are_told_apart() -> None:
    """A revoked token and no token at all answer 401 with their documented codes."""
    org = Org()
    org.model.revoke_tokens()
    assert outcome(org.send("GET", "/users")) == (401, "bad.credentials")
    assert outcome(org.send("GET", "/users", headers={"authorization": ""})) == (401, "authentication.required")


def test_the_login_host_refuses_in_its_own_shape() -> None:
    """A wrong secret, a wrong grant and a JSON body answer {error, description, error_description}."""
    org = Org()
    wrong = org.caller.mint(secret="something else")
    assert (wrong.status, wrong.document["error"]) == (401, "invalid_client")
    assert set(wrong.document) == {"error", "description", "error_description"}
    grant = org.caller.mint(form=b"grant_type=password")
    assert (grant.status, grant.document["error"]) == (400, "unsupported_grant_type")
    json_body = org.caller.raw("POST", "/oauth/token", {"content-type": "application/json"}, b"{}")
    assert (json_body.status, json_body.document["error"]) == (400, "invalid_request")
    no_base64 = {"content-type": "application/x-www-form-urlencoded", "authorization": "Basic ###"}
    assert org.caller.raw("POST", "/oauth/token", no_base64, b"grant_type=client_credentials").status == 401
    assert org.caller.raw("GET", "/oauth/token", {}).status == 405


def test_too_many_token_requests_are_a_400() -> None:
    """The token endpoint's rate limit is 400 invalid_request 'rate limit exceeded', by count and by fault."""
    org = Org(token_requests_per_minute=2)
    assert org.caller.mint().status == 200
    limited = org.caller.mint()
    assert (limited.status, limited.document["error"]) == (400, "invalid_request")
    assert "rate limit exceeded" in limited.document["description"]
    org.wait(60)
    assert org.caller.mint().status == 200
    org.model.faults.add(Fault("/oauth/token", rate_limited(), count=1))
    assert org.caller.mint().status == 400


@pytest.mark.parametrize("code", ["missing.permissions", "missing.any.permissions"])
def test_a_role_taken_away_is_403_until_it_is_back(code: str) -> None:
    """Without its role the client may read the discovery endpoints only."""
    org = Org(missing_permission_code=code)
    org.model.take_role()
    group = org.model.add_group("Sales")
    assert outcome(org.send("GET", "/users")) == (403, code)
    assert outcome(org.send("GET", f"/groups/{group}")) == (403, code)
    assert outcome(org.send("POST", "/users", {})) == (403, code)
    assert org.send("GET", "/serviceproviderconfig").status == 200
    org.model.give_role()
    assert org.send("GET", f"/groups/{group}").status == 200


def test_reading_groups_needs_the_right_to_edit_them() -> None:
    """directory:group:edit is needed even to read a group, and users do not need it."""
    org = Org()
    org.model.permissions.discard("directory:group:edit")
    assert org.send("GET", "/groups?filter=id eq x").status == 403
    assert org.send("GET", "/users").status == 200


def test_users_may_be_readable_without_a_role() -> None:
    """No permission is listed for reading users: the other answer to that."""
    org = Org(users_readable_without_role=True)
    org.model.take_role()
    assert org.send("GET", "/users").status == 200


@pytest.mark.parametrize(
    ("switches", "key"),
    [
        ({"token_per_minute": 3}, "token.rate.per.minute"),
        ({"client_per_minute": 3}, "client.credentials.token.rate.per.minute"),
        ({"scim_per_minute": 3}, "scim.rate.per.minute"),
    ],
)
def test_the_fourth_call_of_a_minute_is_too_many(switches: dict[str, int], key: str) -> None:
    """Each limit counts in its window, shows itself in headers, and says how long to wait."""
    org = Org(**switches)
    org.wait(20)
    first = org.send("GET", "/users")
    assert first.headers["inin-ratelimit-count"] == "1"
    assert first.headers["inin-ratelimit-allowed"] == "3"
    assert first.headers["inin-ratelimit-reset"] == "40"
    assert [org.send("GET", "/users").status for _ in range(3)] == [200, 200, 429]
    refused = org.send("GET", "/users")
    assert refused.document["limit"]["key"] == key
    assert refused.document["limit"]["value"] == 3
    assert "[40] seconds" in refused.document["message"]
    assert refused.headers["Retry-After"] == "40"
    assert refused.document["code"] == "too.many.requests.retry.after"
    org.wait(40)
    assert org.send("GET", "/users").status == 200


def test_a_second_token_helps_only_against_the_limit_per_token() -> None:
    """Tokens have their own counts, the client has one for all of them."""
    org = Org(token_per_minute=1, client_per_minute=2)
    assert [org.send("GET", "/users").status for _ in range(2)] == [200, 429]
    org.caller.mint()
    assert [org.send("GET", "/users").status for _ in range(2)] == [200, 429]
    org.caller.mint()
    assert org.send("GET", "/users").status == 429


def test_retry_after_may_be_missing() -> None:
    """Without the header the seconds stand in the text and in inin-ratelimit-reset alone."""
    org = Org(token_per_minute=1, retry_after=False)
    org.send("GET", "/users")
    refused = org.send("GET", "/users")
    assert "Retry-After" not in refused.headers
    assert refused.document["code"] == "too.many.requests"
    assert refused.headers["inin-ratelimit-reset"] == "60"


def test_every_answer_has_a_correlation_id() -> None:
    """ININ-Correlation-Id is on answers and refusals, different each time, and is the ErrorBody's contextId."""
    org = Org()
    answers = [org.send("GET", "/users"), org.send("GET", "/nothing"), org.caller.mint()]
    ids = [answer.headers["ININ-Correlation-Id"] for answer in answers]
    assert len(set(ids)) == 3
    assert answers[1].document["contextId"] == ids[1]
