"""The Okta model's rate limits and faults."""

from __future__ import annotations

import json

import pytest

from bridge_local.exchange import ConnectionCut
from bridge_local.okta import ENTERPRISE, WORKFORCE, Fault, FaultKind
from tests.models.okta_org import Context, error_of


def test_a_token_has_half_of_a_bucket_and_429_has_no_retry_after() -> None:
    """Requests beyond the token's share are E0000047 until Reset, with the numbers in the headers alone."""
    context = Context(rate_limits={**WORKFORCE, "apps": 4})
    url = f"/api/v1/apps/{context.app_id}/users"
    first = context.get(url)
    assert (first.headers["X-Rate-Limit-Limit"], first.headers["X-Rate-Limit-Remaining"]) == ("2", "1")
    assert context.get(url).headers["X-Rate-Limit-Remaining"] == "0"
    refused = context.get(url)
    assert error_of(refused) == (429, "E0000047")
    assert "Retry-After" not in refused.headers
    reset = int(refused.headers["X-Rate-Limit-Reset"])
    assert reset == int(context.clock().timestamp()) + 60
    context.clock.move(59)
    assert context.get(url).status == 429
    context.clock.move(1)
    assert context.get(url).status == 200


def test_the_share_of_a_token_is_a_switch() -> None:
    """With a share of 1 one token may use the whole bucket."""
    context = Context(rate_limits={**WORKFORCE, "logs": 2}, rate_limit_share=1.0)
    assert [context.get("/api/v1/logs").status for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize(
    ("path", "bucket"),
    [
        ("users/{user}", "user"),
        ("users", "users"),
        ("users/{user}/groups", "users"),
        ("groups/{group}", "group"),
        ("groups", "groups"),
        ("groups/{group}/users", "groups"),
        ("apps/{app}", "app"),
        ("apps/{app}/users", "apps"),
        ("apps/{app}/groups", "apps"),
        ("logs", "logs"),
        ("eventHooks", "other"),
    ],
)
def test_each_path_counts_in_its_bucket(path: str, bucket: str) -> None:
    """Buckets are those of Okta's table; the limit header tells which one was meant."""
    numbers = {name: 100 * (place + 1) for place, name in enumerate(ENTERPRISE)}
    context = Context(rate_limits=numbers)
    user, group = context.user(), context.model.create_group("Genesys A")
    response = context.get("/api/v1/" + path.format(user=user, group=group, app=context.app_id))
    assert response.headers["X-Rate-Limit-Limit"] == str(numbers[bucket] // 2)


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (FaultKind.STATUS, (503, "E0000009")),
        (FaultKind.RATE_LIMIT, (429, "E0000047")),
        (FaultKind.CONCURRENCY, (429, "E0000047")),
        (FaultKind.FORBIDDEN, (403, "E0000006")),
        (FaultKind.NOT_FOUND, (404, "E0000007")),
    ],
)
def test_faults_that_are_errors(kind: FaultKind, answer: tuple[int, str]) -> None:
    """A rule meets as many matching requests as it says, then none."""
    context = Context()
    context.switches.faults.append(Fault(r"GET /api/v1/users", kind, count=1, status=503))
    assert context.get("/api/v1/groups").status == 200
    assert error_of(context.get("/api/v1/users")) == answer
    assert context.get("/api/v1/users").status == 200


def test_a_concurrency_limit_has_limit_and_remaining_zero() -> None:
    """Okta marks the concurrency limit by zeros."""
    context = Context(faults=[Fault("", FaultKind.CONCURRENCY)])
    headers = context.get("/api/v1/users").headers
    assert (headers["X-Rate-Limit-Limit"], headers["X-Rate-Limit-Remaining"]) == ("0", "0")


def test_a_cut_connection_gives_no_answer() -> None:
    """The caller sees a broken connection."""
    context = Context(faults=[Fault("users", FaultKind.CUT)])
    with pytest.raises(ConnectionCut):
        context.get("/api/v1/users")


def test_latency_delays_the_answer_and_other_faults_still_act() -> None:
    """Latency adds up and goes with whatever else happens."""
    slow = Fault("users", FaultKind.LATENCY, seconds=2.0)
    context = Context(faults=[slow, slow, Fault("users", FaultKind.STATUS, skip=1)])
    assert (context.get("/api/v1/users").delay, context.get("/api/v1/users").status) == (4.0, 500)
    assert context.get("/api/v1/groups").delay == 0.0


def test_an_empty_listing_and_garbage_are_200() -> None:
    """What is implausible, or not what Okta documents, comes as a success."""
    context = Context()
    context.user()
    context.switches.faults.append(Fault("users", FaultKind.EMPTY, count=1))
    assert context.document("/api/v1/users") == []
    context.switches.faults.append(Fault("users", FaultKind.GARBAGE, count=1))
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(context.get("/api/v1/users").body)


def test_a_later_page_of_a_listing_can_fail() -> None:
    """A rule that matches ``after=`` breaks a listing in its middle."""
    context = Context(faults=[Fault(r"/users\?.*after=", FaultKind.STATUS)])
    context.users(3)
    assert context.get("/api/v1/users?limit=2").status == 200
    with pytest.raises(AssertionError):
        context.pages("/api/v1/users?limit=2")


def test_a_fault_may_be_a_matter_of_luck() -> None:
    """With a probability some requests fail and some do not, the same ones for the same seed."""

    def statuses(seed: int) -> list[int]:
        context = Context(seed=seed, faults=[Fault("users", FaultKind.STATUS, probability=0.5)])
        return [context.get("/api/v1/users").status for _ in range(40)]

    assert set(statuses(1)) == {200, 500}
    assert statuses(1) == statuses(1)
