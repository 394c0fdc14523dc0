"""The Okta model's state as JSON, its speed with many members, and its use from several threads."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor

from bridge_local.okta import OktaModel, OktaSwitches
from bridge_local.okta.versions import Versions
from tests.models.okta_org import START, TOKEN, Clock, Context


def full_org() -> Context:
    """An org with something of everything."""
    context = Context(log_insert_delay=20.0)
    one, two = context.users(2)
    group = context.model.create_group("Genesys A", "First line")
    context.model.assign_group(group)
    context.model.add_members(group, [one, two])
    context.model.assign_user(two, app_id=context.model.create_app("Other"), profile={"region": "north"})
    context.model.deactivate(one)
    hook = {
        "name": "Bridge",
        "events": {"type": "EVENT_TYPE", "items": ["user.lifecycle.create"]},
        "channel": {"config": {"uri": "https://hooks.example.com/", "authScheme": {"key": "X-Secret", "value": "s"}}},
    }
    assert context.call("POST", "/api/v1/eventHooks", hook).status == 200
    context.model.register_client(
        "0oaServiceAppClient5d", [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}], ["okta.users.read"]
    )
    context.clock.move(10)
    return context


def test_a_restored_org_answers_as_the_first_did() -> None:
    """State goes through JSON text and comes back as the same state, answers and randomness."""
    context = full_org()
    text = json.dumps(context.model.to_state())
    clock = Clock()
    clock.moment = context.clock()
    switches = OktaSwitches(log_insert_delay=20.0)
    model = OktaModel.from_state(json.loads(text), clock, random.Random(99), switches, api_token=TOKEN)  # noqa: S311 - repeatable on purpose
    assert json.loads(json.dumps(model.to_state())) == json.loads(text)
    twin = Context()
    twin.model, twin.clock = model, clock
    group = next(iter(model.groups))
    for url in (
        "/api/v1/users?filter=status+ne+%22X%22",
        f"/api/v1/groups/{group}/users",
        f"/api/v1/apps/{model.app_id}/users?expand=user",
        f"/api/v1/apps/{model.app_id}/groups",
        "/api/v1/eventHooks",
        "/api/v1/logs?since=2026-11-24T00:00:00Z",
    ):
        assert twin.document(url) == context.document(url), url
    assert model.create_group("New") == context.model.create_group("New")
    clock.move(20)
    assert len(twin.document("/api/v1/logs?since=2026-11-24T00:00:00Z")) == len(
        context.model.to_state()["log"]["waiting"]
    ) + len(context.model.log.all())


def test_a_table_reads_as_of_any_moment_within_the_lag() -> None:
    """Each put and drop is visible from its own moment on, in `get` and in `keys`."""
    now, table = [0.0], None
    table = Versions[int](lambda: now[0], lambda: 10.0)
    for moment, value in ((1.0, 1), (2.0, 2), (3.0, None), (4.0, 4)):
        now[0] = moment
        if value is None:
            assert table.drop("a") == 2
        else:
            table.put("a", value)
    seen = [(table.get("a", moment), table.keys(moment)) for moment in (0.5, 1.0, 2.5, 3.0, 4.0)]
    assert seen == [(None, []), (1, ["a"]), (2, ["a"]), (None, []), (4, ["a"])]
    assert table.drop("b") is None
    assert (len(table), "a" in table, table["a"]) == (1, True, 4)


def test_a_table_without_lag_keeps_no_past() -> None:
    """When the lag is switched off the past is forgotten."""
    now, lag = [0.0], [5.0]
    table = Versions[int](lambda: now[0], lambda: lag[0])
    table.put("a", 1)
    lag[0] = 0.0
    table.put("a", 2)
    assert table.get("a", -1.0) == 2
    table.put("b", 3)
    assert table.keys() == ["a", "b"]


def test_threads_share_a_model() -> None:
    """Changes and reads from several threads lose nothing."""
    context = Context()
    group = context.model.create_group("Genesys A")

    def work(number: int) -> int:
        user = context.user(f"person{number}@example.com")
        context.model.add_members(group, [user])
        return context.get(f"/api/v1/groups/{group}/users").status

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(80))) == {200}
    assert len(context.model.members(group)) == 80
    assert context.types().count("group.user_membership.add") == 80


def test_many_members_are_read_whole() -> None:
    """A group of 5,000, made by one job, is five pages and 5,000 events, each person once."""
    context = Context()
    group = context.model.create_group("Genesys A")
    with context.model.quietly():
        users = context.users(5000)
    context.forget_events()
    context.model.add_members(group, users)
    assert len(context.events()) == 5000
    pages = context.pages(f"/api/v1/groups/{group}/users")
    assert sorted(each["id"] for page in pages for each in page) == sorted(users)
    assert context.clock() == START
