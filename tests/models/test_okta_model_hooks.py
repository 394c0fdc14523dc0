"""The Okta model's event hooks: the API, verification, and the delivery of events."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest

from bridge_local.exchange import ConnectionCut
from bridge_local.okta import HookDispatcher
from tests.models.okta_org import Context, error_of

URI = "https://hooks.example.com/okta/events"
TYPES = ["user.lifecycle.create", "user.lifecycle.activate", "group.user_membership.add"]
SECRET = "made-up-hook-secret"


def document(**config: Any) -> dict[str, Any]:
    """What an administrator sends."""
    auth = {"type": "HEADER", "key": "Authorization", "value": SECRET}
    return {
        "name": "Bridge",
        "events": {"type": "EVENT_TYPE", "items": TYPES},
        "channel": {"type": "HTTP", "version": "1.0.0", "config": {"uri": URI, "authScheme": auth, **config}},
    }


class Receiver:
    """The other side of a hook: remembers what came and answers as it is told."""

    def __init__(self) -> None:
        self.answers: list[int | Exception] = []
        self.requests: list[tuple[str, Mapping[str, str], bytes, float]] = []
        self.challenges: list[Mapping[str, str]] = []
        self.silent_challenges = 0
        self.status = 200
        self.echo: Callable[[str], bytes] = lambda value: json.dumps({"verification": value}).encode()

    def post(self, url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> int:
        """Take a delivery."""
        self.requests.append((url, headers, body, timeout))
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, Exception):
            raise answer
        return answer

    def challenge(self, _url: str, headers: Mapping[str, str], timeout: float) -> tuple[int, bytes]:
        """Answer a verification."""
        assert timeout == 3.0
        self.challenges.append(headers)
        if self.silent_challenges:
            self.silent_challenges -= 1
            raise TimeoutError
        return self.status, self.echo(headers["X-Okta-Verification-Challenge"])

    @property
    def events(self) -> list[str]:
        """Uuids in the order in which they came."""
        return [event["uuid"] for _, _, body, _ in self.requests for event in json.loads(body)["data"]["events"]]


class Hooked(Context):
    """An org with a verified hook, its receiver and the dispatcher between."""

    def __init__(self, **switches: Any) -> None:
        super().__init__(**{"hook_window": 10.0, **switches})
        self.receiver = Receiver()
        self.model.set_challenge(self.receiver.challenge)
        self.dispatcher = HookDispatcher(self.model, self.receiver.post, self.clock, random.Random(5))  # noqa: S311 - repeatable on purpose
        self.hook_id: str = json.loads(self.call("POST", "/api/v1/eventHooks", document()).body)["id"]
        assert self.step("verify").status == 200
        self.forget_events()

    def step(self, name: str) -> Any:
        """A life-cycle call."""
        return self.call("POST", f"/api/v1/eventHooks/{self.hook_id}/lifecycle/{name}")

    def run(self, seconds: float) -> int:
        """Let time pass and send what is due."""
        self.clock.move(seconds)
        return self.dispatcher.run_due()

    def wait_out(self) -> list[datetime]:
        """Run until nothing waits; the moments at which something was sent."""
        moments = []
        while (due := self.dispatcher.next_due()) is not None:
            self.clock.moment = max(self.clock.moment, due)
            self.dispatcher.run_due()
            moments.append(self.clock.moment)
        return moments


# ------------------------------------------------------------------------------------------------- API


def test_a_new_hook_is_active_and_unverified_and_shows_no_secret() -> None:
    """POST: ACTIVE, UNVERIFIED, the auth value never echoed; listed and readable."""
    context = Context()
    response = context.call("POST", "/api/v1/eventHooks", document(headers=[{"key": "X-Stage", "value": "test"}]))
    made = json.loads(response.body)
    assert (made["status"], made["verificationStatus"]) == ("ACTIVE", "UNVERIFIED")
    assert made["channel"]["config"]["authScheme"] == {"type": "HEADER", "key": "Authorization"}
    assert made["channel"]["config"]["headers"] == [{"key": "X-Stage", "value": "test"}]
    assert made["id"].startswith("who")
    assert SECRET.encode() not in context.get("/api/v1/eventHooks").body
    assert context.document(f"/api/v1/eventHooks/{made['id']}") == made
    assert context.types() == ["event_hook.created"]


@pytest.mark.parametrize(
    "bad",
    [
        {"name": ""},
        {"events": {"items": []}},
        {"events": {"items": ["user.lifecycle.delete.completed"]}},
        {"events": {"items": [f"user.type.{number}" for number in range(301)]}},
        {"events": None},
        {"channel": None},
        {"channel": {"config": {"uri": "http://hooks.example.com/"}}},
        {"channel": {"config": {"uri": URI, "authScheme": {"type": "HEADER"}}}},
    ],
)
def test_hooks_that_okta_refuses(bad: dict[str, Any]) -> None:
    """No name, no or ineligible or too many types, no https: 400 E0000001."""
    assert error_of(Context().call("POST", "/api/v1/eventHooks", {**document(), **bad})) == (400, "E0000001")


@pytest.mark.parametrize("body", [[], "text"])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    """E0000003."""
    assert error_of(Context().call("POST", "/api/v1/eventHooks", body)) == (400, "E0000003")


def test_an_unreadable_body_is_refused() -> None:
    """E0000003 for no JSON at all."""
    assert error_of(Context().call("POST", "/api/v1/eventHooks")) == (400, "E0000003")


def test_verification_sends_the_challenge_with_the_secret() -> None:
    """One GET with challenge and auth header; an echo makes the hook VERIFIED."""
    context = Hooked()
    assert len(context.receiver.challenges) == 1
    assert context.receiver.challenges[0]["Authorization"] == SECRET
    assert context.document(f"/api/v1/eventHooks/{context.hook_id}")["verificationStatus"] == "VERIFIED"


def test_verification_tries_once_more_when_nobody_answers() -> None:
    """One silence is forgiven, two are a 400 and the hook stays as it was."""
    context = Hooked()
    context.receiver.silent_challenges = 1
    assert context.step("verify").status == 200
    assert len(context.receiver.challenges) == 3
    context.receiver.silent_challenges = 2
    assert error_of(context.step("verify")) == (400, "E0000001")
    assert len(context.receiver.challenges) == 5
    assert (context.types()[-1], context.events()[-1].result) == ("event_hook.verified", "FAILURE")


@pytest.mark.parametrize(
    ("status", "body"), [(204, b""), (200, b"no json"), (200, b"[]"), (200, b'{"verification": "other"}')]
)
def test_answers_that_verify_nothing(status: int, body: bytes) -> None:
    """Only 200 with the value as JSON verifies."""
    context = Hooked()
    context.call("PUT", f"/api/v1/eventHooks/{context.hook_id}", document(uri=f"{URI}/new"))
    context.receiver.status, context.receiver.echo = status, lambda _: body
    assert context.step("verify").status == 400
    assert context.model.hooks[context.hook_id].verification == "UNVERIFIED"


def test_without_somebody_to_send_the_challenge_nothing_verifies() -> None:
    """A model without a challenge sender answers 400."""
    context = Context()
    hook_id = json.loads(context.call("POST", "/api/v1/eventHooks", document()).body)["id"]
    assert context.call("POST", f"/api/v1/eventHooks/{hook_id}/lifecycle/verify").status == 400


@pytest.mark.parametrize(
    ("change", "verified"),
    [
        ({}, True),
        ({"uri": f"{URI}/new"}, False),
        ({"headers": [{"key": "X-Stage", "value": "new"}]}, False),
        ({"authScheme": {"type": "HEADER", "key": "Authorization", "value": "new"}}, False),
        ({"authScheme": {"type": "HEADER", "key": "Authorization"}}, True),
    ],
)
def test_a_changed_channel_has_to_be_verified_again(change: dict[str, Any], verified: bool) -> None:
    """The un-verify trap: address, headers or secret changed stops deliveries until verify runs."""
    context = Hooked()
    answer = context.call("PUT", f"/api/v1/eventHooks/{context.hook_id}", document(**change))
    assert json.loads(answer.body)["verificationStatus"] == ("VERIFIED" if verified else "UNVERIFIED")
    context.user()
    assert context.run(10) == int(verified)
    context.step("verify")
    context.user("second@example.com")
    assert context.run(10) == 1


def test_a_hook_is_deleted_only_when_inactive() -> None:
    """DELETE needs a deactivated hook; the life cycle leaves its traces in the log."""
    context = Hooked()
    url = f"/api/v1/eventHooks/{context.hook_id}"
    assert error_of(context.call("DELETE", url)) == (400, "E0000001")
    assert context.step("deactivate").status == 200
    assert context.step("activate").status == 200
    assert context.step("deactivate").status == 200
    assert context.call("DELETE", url).status == 204
    assert context.get(url).status == 404
    assert context.types() == [f"event_hook.{step}" for step in ("deactivated", "activated", "deactivated", "deleted")]


def test_an_org_has_a_most_of_verified_hooks() -> None:
    """Above the limit neither verification nor activation works."""
    context = Hooked(hook_count_limit=1)
    other = json.loads(context.call("POST", "/api/v1/eventHooks", document()).body)["id"]
    assert context.call("POST", f"/api/v1/eventHooks/{other}/lifecycle/verify").status == 400
    assert context.call("POST", f"/api/v1/eventHooks/{other}/lifecycle/activate").status == 200
    context.step("deactivate")
    assert context.call("POST", f"/api/v1/eventHooks/{other}/lifecycle/verify").status == 200
    assert context.step("activate").status == 400


# -------------------------------------------------------------------------------------------- delivery


def test_events_close_in_time_become_one_delivery() -> None:
    """What happens within the window comes in one POST with Okta's envelope and headers."""
    context = Hooked()
    context.user()
    due = context.dispatcher.next_due()
    context.clock.move(9)
    context.user("second@example.com")
    assert context.dispatcher.run_due() == 0
    assert context.run(1) == 1
    assert due == context.clock()
    assert context.dispatcher.next_due() is None
    url, headers, body, timeout = context.receiver.requests[0]
    delivery = json.loads(body)
    assert (url, timeout) == (URI, 3.0)
    assert headers["Authorization"] == SECRET
    assert headers["Content-Type"] == headers["Accept"] == "application/json"
    assert headers["User-Agent"] == f"Okta Hook Service v1.0.0 - {context.hook_id}"
    assert delivery["source"].endswith(f"/api/v1/eventHooks/{context.hook_id}")
    assert delivery["eventTime"] == "2026-11-24T09:00:10.000Z"
    assert (delivery["eventType"], delivery["eventTypeVersion"]) == ("com.okta.event_hook", "1.0")
    assert [event["eventType"] for event in delivery["data"]["events"]] == [
        "user.lifecycle.create",
        "user.lifecycle.activate",
    ] * 2
    first = delivery["data"]["events"][0]
    assert first["debugContext"]["debugData"]["targetEventHookIds"] == context.hook_id


def test_only_subscribed_types_are_delivered() -> None:
    """Types that the hook does not name stay away, though the log has them."""
    context = Hooked()
    user = context.user()
    context.model.deactivate(user)
    context.dispatcher.flush()
    assert context.receiver.events == [entry.uuid for entry in context.events()[:2]]


@pytest.mark.parametrize(("most", "sizes"), [(0, [5]), (2, [2, 2, 1])])
def test_the_size_of_a_batch_is_a_switch(most: int, sizes: list[int]) -> None:
    """Okta documents no maximum: without one all come together, with one in several deliveries."""
    context = Hooked(hook_max_batch=most)
    group = context.model.create_group("Genesys A")
    with context.model.quietly():
        users = context.users(5)
    context.model.add_members(group, users)
    context.run(10)
    assert [len(json.loads(body)["data"]["events"]) for _, _, body, _ in context.receiver.requests] == sizes
    assert len({json.loads(body)["eventId"] for _, _, body, _ in context.receiver.requests}) == len(sizes)


@pytest.mark.parametrize("failure", [TimeoutError(), ConnectionCut(), ConnectionRefusedError(), 500, 503])
def test_a_timeout_or_5xx_gets_one_retry_of_the_same_delivery(failure: int | Exception) -> None:
    """The retry is the same body; after it nothing more comes."""
    context = Hooked()
    context.user()
    context.receiver.answers = [failure, 200]
    assert context.run(10) == 2
    assert context.receiver.requests[0][2] == context.receiver.requests[1][2]
    assert context.dispatcher.counts["delivered"] == 1
    assert "event_hook.delivery" not in context.types()


def test_after_the_one_retry_the_events_are_lost_and_the_log_says_so() -> None:
    """Two failures: no third try, an event_hook.delivery that no hook gets."""
    context = Hooked(hook_retry_wait=4.0)
    context.user()
    context.receiver.answers = [500, TimeoutError()]
    assert context.run(10) == 1
    assert context.run(3) == 0
    assert context.run(1) == 1
    assert context.run(3600) == 0
    assert (context.types()[-1], context.events()[-1].result) == ("event_hook.delivery", "FAILURE")
    assert context.events()[-1].reason == "No answer in time"


@pytest.mark.parametrize("status", [301, 400, 401, 413, 429])
def test_a_4xx_and_a_redirect_are_final(status: int) -> None:
    """No retry, a trace in the log."""
    context = Hooked()
    context.user()
    context.receiver.answers = [status]
    assert context.run(10) == 1
    assert context.dispatcher.next_due() is None
    assert context.events()[-1].reason == f"HTTP {status}"


def test_an_inactive_hook_gets_nothing_even_of_what_waited() -> None:
    """Who is switched off between event and delivery gets no delivery."""
    context = Hooked()
    context.user()
    context.step("deactivate")
    context.user("second@example.com")
    assert context.run(10) == 0
    assert context.receiver.requests == []


def test_events_start_to_flow_some_time_after_verification() -> None:
    """With a start-up lag the first events are lost."""
    context = Hooked(hook_startup=120.0)
    context.user()
    context.clock.move(120)
    context.user("second@example.com")
    context.dispatcher.flush()
    assert context.receiver.events == [entry.uuid for entry in context.events()[2:]]


def test_events_can_be_dropped() -> None:
    """With a probability of 1 nothing arrives, and nothing in the log tells of it."""
    context = Hooked(hook_drop=1.0)
    context.user()
    assert context.dispatcher.next_due() is None
    assert context.dispatcher.counts["dropped"] == 2
    assert context.types() == ["user.lifecycle.create", "user.lifecycle.activate"]


def test_events_can_come_twice_with_one_uuid() -> None:
    """Duplicates keep the event's uuid and have another delivery's eventId."""
    context = Hooked(hook_duplicate=1.0)
    context.user(activate=False)
    context.wait_out()
    uuid = context.events()[0].uuid
    assert context.receiver.events == [uuid, uuid]
    assert len({json.loads(body)["eventId"] for _, _, body, _ in context.receiver.requests}) == 2


def test_events_can_be_shuffled() -> None:
    """With disorder a batch's order is not that of ``published``."""
    context = Hooked(hook_disorder=1.0)
    for number in range(10):
        context.user(f"person{number}@example.com")
    context.wait_out()
    expected = [entry.uuid for entry in context.events()]
    assert context.receiver.events != expected
    assert sorted(context.receiver.events) == sorted(expected)


def test_events_can_come_alone_and_late() -> None:
    """With delays events come one by one, up to the most seconds after their window."""
    context = Hooked(hook_delay=1.0, hook_delay_seconds=600.0)
    start = context.clock()
    for number in range(10):
        context.user(f"person{number}@example.com", activate=False)
    late = [(moment - start).total_seconds() for moment in context.wait_out()]
    assert len(context.receiver.requests) == 10
    assert 10 <= min(late) < max(late) <= 610
    assert context.receiver.events != [entry.uuid for entry in context.events()]


def test_the_day_has_a_cap_with_warning_and_violation() -> None:
    """Above the cap events are lost until a day after the first; both thresholds leave a trace in the log."""
    context = Hooked(hook_day_cap=4, hook_day_warning=3)
    for number in range(6):
        context.user(f"person{number}@example.com", activate=False)
    context.dispatcher.flush()
    assert len(context.receiver.events) == 4
    assert context.dispatcher.counts["capped"] == 2
    traces = [entry for entry in context.events() if entry.event_type.startswith("system.operation.rate_limit.")]
    assert [entry.event_type.rpartition(".")[2] for entry in traces] == ["warning", "violation"]
    assert {entry.debug["operationRateLimitType"] for entry in traces} == {"event_hook_delivery"}
    context.clock.move(86_400)
    context.user("tomorrow@example.com", activate=False)
    context.dispatcher.flush()
    assert len(context.receiver.events) == 5


def test_two_hooks_get_the_same_events_in_deliveries_of_their_own() -> None:
    """The uuid is the event's, whichever hook it reaches."""
    context = Hooked()
    second = json.loads(context.call("POST", "/api/v1/eventHooks", document(uri=f"{URI}/two")).body)["id"]
    context.call("POST", f"/api/v1/eventHooks/{second}/lifecycle/verify")
    context.forget_events()
    context.user(activate=False)
    assert context.run(10) == 2
    assert {url for url, _, _, _ in context.receiver.requests} == {URI, f"{URI}/two"}
    assert len(set(context.receiver.events)) == 1
    assert context.events()[0].hooks == (context.hook_id, second)
