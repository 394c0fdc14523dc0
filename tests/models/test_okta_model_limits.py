"""The Okta model's rate limits and faults."""

from __future__ import annotations

import pytest

from bridge_local.okta import ENTERPRISE, WORKFORCE
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
