"""The hook's health: each trouble has a metric of its own, and a usual day has none."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from bridge.aws.dependencies import Dependencies
from bridge.aws.secrets import Secrets
from bridge.aws.telemetry import Metric
from bridge.catchup.composition import build
from bridge.catchup.settings import LogPollerSettings
from bridge.okta.events import HOOK_TYPES
from bridge_local.exchange import Request
from bridge_local.faults import Effect, Fault, edited, html
from bridge_local.okta import HookDispatcher
from bridge_local.okta import faults as okta_faults
from bridge_local.okta.system_log import Entity
from bridge_local.transport import ModelTransport
from tests.stages.jwt_key import public_jwk
from tests.world import APP_ID, HOOK_SECRET, HOOK_URL, World

CLIENT_ID = "0oaBridgeServiceApp1"
ENVIRONMENT = {
    "OKTA_ORG_URL": "https://example.okta.com",
    "OKTA_APP_ID": APP_ID,
    "BRIDGE_SECRET_ID": "bridge",
    "STATE_TABLE": "state",
    "HOOK_URL": HOOK_URL,
    "LEAVERS_QUEUE_URL": "leavers",
    "USERS_QUEUE_URL": "users",
    "GROUPS_QUEUE_URL": "groups",
}
HEADERS = {"authorization": "SSWS okta-token", "content-type": "application/json"}
TROUBLES = {
    "HookNotActive",
    "HookNotVerified",
    "HookTypesMissing",
    "HookUnknown",
    "HookDeliveriesFailed",
    "HookCapWarnings",
    "NativeProvisioning",
    "CatchUpRestarts",
    "CatchUpFailures",
    "AuthFailures",
}


def ask(world: World, method: str, path: str, document: object = None) -> Any:
    """One call of an administrator; the JSON answer."""
    body = b"" if document is None else json.dumps(document).encode()
    answer = world.okta.handle(Request.of(method, f"/api/v1/eventHooks{path}", HEADERS, body))
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def definition(uri: str = HOOK_URL, types: frozenset[str] = HOOK_TYPES) -> dict[str, Any]:
    """A hook as an administrator defines it."""
    scheme = {"type": "HEADER", "key": "Authorization", "value": HOOK_SECRET}
    return {
        "name": "Bridge",
        "events": {"type": "EVENT_TYPE", "items": sorted(types)},
        "channel": {"type": "HTTP", "version": "1.0.0", "config": {"uri": uri, "authScheme": scheme}},
    }


def hook(world: World, uri: str = HOOK_URL, types: frozenset[str] = HOOK_TYPES, *, verified: bool = True) -> str:
    """A hook of the org; its id."""
    world.okta.set_challenge(
        lambda _url, headers, _timeout: (
            200,
            json.dumps({"verification": headers["X-Okta-Verification-Challenge"]}).encode(),
        )
    )
    hook_id = str(ask(world, "POST", "", definition(uri, types))["id"])
    if verified:
        ask(world, "POST", f"/{hook_id}/lifecycle/verify")
    return hook_id


def company() -> World:
    """A company whose hook works and whose first run is over."""
    world = World()
    world.store.set_bootstrapped()
    hook(world)
    assert world.poll() == "ended"
    return world


def told(world: World, capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """The metrics of one run five minutes later, by name; gauges of which there is nothing to tell are left out."""
    capsys.readouterr()
    world.clock.advance(300)
    world.poll()
    totals: Counter[str] = Counter()
    for line in capsys.readouterr().out.splitlines():
        document = json.loads(line)
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
            name = directive["Metrics"][0]["Name"]
            totals[name] += document[name][0]
    return {name: total for name, total in totals.items() if total and name != Metric.SECRET_AGE}


def test_a_quiet_night_and_a_usual_day_tell_of_no_trouble(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing happens, then much happens and is delivered: runs that end, and nothing an alarm could be about."""
    world = company()
    assert told(world, capsys) == {"CatchUpRuns": 1}
    ada = world.person("Ada Brook")
    world.happen()
    world.okta.deactivate(ada)
    world.happen()
    told_of = told(world, capsys)
    assert not TROUBLES & set(told_of)
    assert told_of["HookEventsLogged"] >= 1
    assert "CatchUpItems" not in told_of


def test_no_hook_or_an_inactive_one_is_not_active(capsys: pytest.CaptureFixture[str]) -> None:
    """None at all, one of somebody else, ours switched off; ours active again."""
    world = World()
    assert told(world, capsys)["HookNotActive"] == 1
    hook(world, "https://other.example.com/hook")
    assert told(world, capsys)["HookNotActive"] == 1
    own = hook(world)
    assert "HookNotActive" not in told(world, capsys)
    ask(world, "POST", f"/{own}/lifecycle/deactivate")
    found = told(world, capsys)
    assert found["HookNotActive"] == 1
    assert "HookNotVerified" not in found


def test_a_hook_that_was_changed_is_not_verified(capsys: pytest.CaptureFixture[str]) -> None:
    """Okta un-verifies a hook with each change of its channel, and says so nowhere else."""
    world = World()
    own = hook(world, verified=False)
    assert told(world, capsys)["HookNotVerified"] == 1
    ask(world, "POST", f"/{own}/lifecycle/verify")
    assert not TROUBLES & set(told(world, capsys))
    changed = definition()
    changed["channel"]["config"]["authScheme"]["value"] = "another"
    ask(world, "PUT", f"/{own}", changed)
    found = told(world, capsys)
    assert found["HookNotVerified"] == 1
    assert "HookNotActive" not in found


def test_a_second_hook_that_works_is_enough(capsys: pytest.CaptureFixture[str]) -> None:
    """While hooks are exchanged there are two of them; types are those of both."""
    world = World()
    half = frozenset(sorted(HOOK_TYPES)[:10])
    hook(world, verified=False)
    hook(world, types=half)
    assert told(world, capsys)["HookTypesMissing"] == len(HOOK_TYPES) - len(half)
    hook(world, f"{HOOK_URL}/", types=HOOK_TYPES - half)
    assert not TROUBLES & set(told(world, capsys))


@pytest.mark.parametrize(
    "effect",
    [okta_faults.refused(403), okta_faults.refused(500), html(), okta_faults.refused(404), okta_faults.rate_limited()],
)
def test_hooks_that_cannot_be_read_do_not_stop_catch_up(effect: Effect, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing scope or a failing call has a metric of its own, and no other alarm's."""
    world = company()
    world.person("Ada Brook")
    world.okta.faults.add(Fault("/eventHooks", effect))
    found = told(world, capsys)
    assert found["HookUnknown"] == 1
    assert found["CatchUpRuns"] == 1
    assert found["CatchUpItems"] == 1
    assert not TROUBLES - {"HookUnknown"} & set(found)


def test_odd_hooks_are_nobodys(capsys: pytest.CaptureFixture[str]) -> None:
    """Entries without channel or status are passed over."""
    world = company()
    odd = [None, {}, {"id": 1, "channel": {"config": []}, "events": []}]
    world.okta.faults.add(Fault("/api/v1/eventHooks$", edited(lambda hooks: [*odd, *hooks])))
    assert not TROUBLES & set(told(world, capsys))


def test_deliveries_that_okta_gave_up_are_counted_and_brought(capsys: pytest.CaptureFixture[str]) -> None:
    """The hook answers 500 twice: the metric says so, and catch-up has the events all the same."""
    world = company()
    dispatcher = HookDispatcher(world.okta, lambda *_: 500, world.clock.now, world.rng)
    ada = world.person("Ada Brook")
    dispatcher.flush()
    found = told(world, capsys)
    assert found["HookDeliveriesFailed"] == 1
    world.settle()
    assert world.account(ada)["active"] is True


def test_failed_deliveries_of_another_hook_are_not_ours(capsys: pytest.CaptureFixture[str]) -> None:
    """Told by the target; one without a target could be ours."""
    world = company()
    other = [Entity("EventHook", "who2other00000000001", "Other", "Other")]
    world.okta.record("event_hook.delivery", other, result="FAILURE")
    assert "HookDeliveriesFailed" not in told(world, capsys)
    world.okta.record("event_hook.delivery", None, result="FAILURE")
    assert told(world, capsys)["HookDeliveriesFailed"] == 1


@pytest.mark.parametrize("key", ["operationRateLimitType", "operation_rate_limit_type"])
def test_warnings_about_the_daily_cap_are_told_from_others(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The type of the limit stands in debugData, under a key that Okta's documents spell in two ways."""
    world = company()
    for kind in ("warning", "violation"):
        world.okta.record(f"system.operation.rate_limit.{kind}", [], debug={key: "event_hook_delivery"})
    world.okta.record("system.operation.rate_limit.warning", [], debug={key: "sms_factor"})
    assert told(world, capsys)["HookCapWarnings"] == 2


def test_native_provisioning_on_our_application_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    """Any push of Okta's own provisioning, also one that failed; on another application it is no concern."""
    world = company()
    ours, other = world.okta.app_target(APP_ID), world.okta.app_target(world.okta.create_app("Other"))
    for target in (ours, other):
        world.okta.record("application.provision.user.push", [target])
        world.okta.record("application.provision.user.push_profile", [target], result="FAILURE")
    found = told(world, capsys)
    assert found["NativeProvisioning"] == 2
    assert "CatchUpItems" not in found


def test_what_the_hook_should_deliver_is_counted_whether_it_did_or_not(capsys: pytest.CaptureFixture[str]) -> None:
    """For the alarm on a silent hook: what concerns us, no other types, applications, people and groups."""
    world = company()
    ada, eve = world.person("Ada Brook"), world.person("Eve Moor", assigned=False)
    assert told(world, capsys)["HookEventsLogged"] == 1
    world.settle()
    world.okta.update_profile(eve, {"title": "Lead"})
    world.okta.add_members(world.okta.create_group("Sales"), [ada, eve])
    assert "HookEventsLogged" not in told(world, capsys)
    world.settle()
    other = world.okta.app_target(world.okta.create_app("Other"))
    world.okta.record("application.user_membership.add", [other, world.okta.user_target(ada)])
    world.okta.change_user_type(ada, "oty2")
    world.okta.record("user.account.update_profile", [world.okta.user_target(ada)], result="FAILURE")
    world.okta.update_profile(ada, {"title": "Lead"})
    world.okta.update_app("Renamed")
    assert told(world, capsys)["HookEventsLogged"] == 2


def test_an_outage_of_genesys_cloud_is_no_silent_hook(capsys: pytest.CaptureFixture[str]) -> None:
    """Deliveries are taken and wait for hours: the receiver has counted them, whatever the syncs say."""
    world = company()
    world.genesys.take_role()
    world.person("Ada Brook")
    capsys.readouterr()
    world.deliver()
    assert "EventsAccepted" in capsys.readouterr().out
    assert not TROUBLES & set(told(world, capsys))


def test_a_service_app_without_the_scope_for_hooks_catches_up(capsys: pytest.CaptureFixture[str]) -> None:
    """Okta refuses a whole token for one scope that is not granted: the hooks' must not take the log's with it."""
    world = World()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    world.okta.register_client(CLIENT_ID, [public_jwk(key.public_key(), "key")], ["okta.logs.read"])
    variables = {**ENVIRONMENT, "OKTA_AUTH": "oauth", "OKTA_CLIENT_ID": CLIENT_ID, "OKTA_KMS_KEY_ID": "key"}
    settings = LogPollerSettings.read(variables)
    dependencies = Dependencies(
        settings,
        store=world.store,
        queues=world.queues,
        oldest_change=world.queues.oldest,
        secrets=cast("Secrets", world.secrets),
        clock=world.clock,
        sign=lambda message: key.sign(message, PKCS1v15(), SHA256()),
        okta_transport=ModelTransport(world.okta),
    )
    world.catch_up = build(settings, dependencies)
    found = told(world, capsys)
    assert found["HookUnknown"] == found["CatchUpRuns"] == 1
    assert "AuthFailures" not in found
