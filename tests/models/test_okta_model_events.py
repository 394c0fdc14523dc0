"""Events of the Okta model: the two forms, Preview, and the System Log's two kinds of request."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from bridge_local.okta import Entity, hook_form, syslog_form
from bridge_local.okta.event_types import TEXTS, is_hook_eligible
from tests.models.okta_org import START, Context, error_of, next_link

SINCE = "since=2026-11-24T00:00:00Z"


def nulls(value: Any) -> int:
    """How many nulls a document holds."""
    if isinstance(value, dict):
        return sum(nulls(each) for each in value.values())
    if isinstance(value, list):
        return sum(nulls(each) for each in value)
    return int(value is None)


def test_the_log_keeps_nulls_and_the_hook_drops_them() -> None:
    """One event, one uuid, two forms: ``request.ipChain`` against ``client.ipChain``, nulls against none."""
    context = Context()
    context.user()
    entry = context.events()[0]
    log, hook = syslog_form(entry), hook_form(entry)
    assert log["uuid"] == hook["uuid"] == entry.uuid
    assert (log["published"], log["version"]) == ("2026-11-24T09:00:00.000Z", "0")
    assert log["outcome"] == {"result": "SUCCESS", "reason": None}
    assert hook["outcome"] == {"result": "SUCCESS"}
    assert nulls(log) > 0
    assert nulls(hook) == 0
    assert log["request"]["ipChain"]
    assert hook["client"]["ipChain"]
    assert "request" not in hook
    assert hook["securityContext"] == {}


def test_a_job_has_no_client() -> None:
    """Events of a job have an all-null client in the log and only an empty chain in the hook."""
    context = Context()
    users, group = context.users(2), context.model.create_group("Genesys A")
    context.model.add_members(group, users)
    entry = context.events()[-1]
    assert set(syslog_form(entry)["client"].values()) == {None}
    assert hook_form(entry)["client"] == {"ipChain": []}
    assert hook_form(entry)["transaction"] == {"type": "JOB", "id": entry.transaction.id, "detail": {}}
    assert "requestUri" not in hook_form(entry)["debugContext"]["debugData"]


def test_targets_come_in_any_order() -> None:
    """The order of targets is drawn: nobody may look them up by position."""
    context = Context()
    group = context.model.create_group("Genesys A")
    for user in context.users(20):
        context.model.add_members(group, [user])
    orders = {tuple(target.type for target in entry.targets or ()) for entry in context.events()}
    assert {("User", "UserGroup"), ("UserGroup", "User")} <= orders


def test_a_group_target_has_no_alternate_id_of_its_own() -> None:
    """UserGroup: alternateId ``unknown``, displayName the name; User: login and full name."""
    context = Context()
    user, group = context.user(), context.model.create_group("Genesys A")
    context.model.add_members(group, [user])
    targets = {target["type"]: target for target in hook_form(context.events()[-1])["target"]}
    assert targets["UserGroup"] == {
        "id": group,
        "type": "UserGroup",
        "alternateId": "unknown",
        "displayName": "Genesys A",
    }
    assert targets["User"] == {
        "id": user,
        "type": "User",
        "alternateId": "ada.brook@example.com",
        "displayName": "Ada Brook",
    }


def test_any_event_can_be_recorded() -> None:
    """`record` raises what no act of the model does: other types, outcomes, actors, targets, times."""
    context = Context()
    published = START - timedelta(hours=2)
    uuid = context.model.record(
        "directory.mapping.update",
        [context.model.app_target(context.app_id)],
        result="FAILURE",
        reason="no luck",
        debug={"attributesModified": "email"},
        actor=Entity("PublicClientApp", "0oaOtherClientHere5d"),
        published=published,
    )
    log = syslog_form(context.events()[0])
    assert (log["uuid"], log["published"]) == (uuid, "2026-11-24T07:00:00.000Z")
    assert log["outcome"] == {"result": "FAILURE", "reason": "no luck"}
    assert log["actor"]["type"] == "PublicClientApp"
    assert log["debugContext"]["debugData"]["attributesModified"] == "email"
    assert log["transaction"] == {"type": None, "id": "unknown", "detail": {}}
    context.model.record("user.session.start", None)
    assert syslog_form(context.events()[1])["target"] is None
    assert "target" not in hook_form(context.events()[1])


def test_uuids_are_unique_and_repeatable() -> None:
    """Each event has its own uuid; the same seed gives the same ones."""

    def uuids(seed: int) -> list[str]:
        context = Context(seed=seed)
        context.users(10)
        return [entry.uuid for entry in context.events()]

    assert len(set(uuids(3))) == 20
    assert uuids(3) == uuids(3)
    assert uuids(3) != uuids(4)


@pytest.mark.parametrize(
    ("event_type", "eligible"),
    [
        ("user.lifecycle.deactivate", True),
        ("user.account.unlock_by_admin", True),
        ("application.user_membership.update", True),
        ("application.user_membership.change_username", False),
        ("user.lifecycle.delete.initiated", True),
        ("user.lifecycle.delete.completed", False),
        ("user.account.update_user_type", False),
        ("event_hook.delivery", False),
        ("system.operation.rate_limit.warning", False),
        ("application.provision.group_push.pushed", False),
        ("application.provision.group_push.mapping.update.or.delete.failed.with.error", True),
        ("application.provision.user.push", True),
        ("application.provision.user.deactivate", False),
        ("group.user_membership.rule.trigger", False),
        ("user.session.start", True),
    ],
)
def test_which_types_a_hook_may_have(event_type: str, eligible: bool) -> None:
    """Eligibility as the catalogue says."""
    assert is_hook_eligible(event_type) is eligible


def test_preview_without_a_past_event_is_sample_data() -> None:
    """SAMPLE DATA: target, actor, debugContext null and an outcome that is not SUCCESS."""
    context = Context()
    body = context.model.preview("application.user_membership.add", "whoPreviewedHookHere5")
    event = body["data"]["events"][0]
    assert (event["target"], event["actor"], event["debugContext"]) == (None, None, None)
    assert event["outcome"] == {"result": "Success", "reason": None}
    assert event["transaction"]["type"] is None
    assert body["source"] == "https://example.okta.com/api/v1/eventHooks/whoPreviewedHookHere5"
    assert body["eventType"] == "com.okta.event_hook"


def test_preview_replays_an_old_event_with_its_nulls() -> None:
    """With a past event Preview sends that one: old ``published``, present ``eventTime``, nulls kept."""
    context = Context()
    user = context.user()
    context.clock.move(86_400)
    body = context.model.preview("user.lifecycle.activate")
    event = body["data"]["events"][0]
    assert (event["published"], body["eventTime"]) == ("2026-11-24T09:00:00.000Z", "2026-11-25T09:00:00.000Z")
    assert event["target"][0]["id"] == user
    assert event["insertionTimestamp"] is None
    assert nulls(event) > 1
    assert event["client"]["ipChain"]


# ------------------------------------------------------------------------------------------ System Log


def test_polling_always_gives_a_next_link_and_resumes_there() -> None:
    """Every event comes once and in order, however often an empty page was asked for between."""
    context = Context()
    context.users(2)
    response = context.get(f"/api/v1/logs?{SINCE}&limit=3")
    assert [each["eventType"] for each in _body(response)] == [
        "user.lifecycle.create",
        "user.lifecycle.activate",
        "user.lifecycle.create",
    ]
    rest = context.get(next_link(response))
    assert len(_body(rest)) == 1
    empty = context.get(next_link(rest))
    assert _body(empty) == []
    context.user("late@example.com", activate=False)
    assert len(_body(context.get(next_link(empty)))) == 1


def test_polling_is_in_order_of_insertion_and_misses_nothing_that_comes_late() -> None:
    """With insertion delays ``published`` is out of order, and the saved link still brings every event."""
    context = Context(log_insert_delay=30.0)
    link = next_link(context.get(f"/api/v1/logs?{SINCE}"))
    found: list[Any] = []
    for user in range(20):
        context.user(f"person{user}@example.com")
        context.clock.move(2)
        response = context.get(link)
        found += _body(response)
        link = next_link(response)
    context.clock.move(30)
    found += _body(context.get(link))
    published = [each["published"] for each in found]
    assert len({each["uuid"] for each in found}) == 40
    assert published != sorted(published)


def test_a_bounded_request_is_in_order_of_published_and_may_miss_what_comes_late() -> None:
    """Since and until: sorted, a next link only while there is more, late events not there yet."""
    context = Context(log_insert_delay=30.0)
    for user in range(20):
        context.user(f"person{user}@example.com")
        context.clock.move(1)
    url = f"/api/v1/logs?{SINCE}&until=2026-11-24T10:00:00Z&limit=7"
    early = [each for page in context.pages(url) for each in page]
    assert 0 < len(early) < 40
    context.clock.move(60)
    pages = context.pages(url)
    published = [each["published"] for page in pages for each in page]
    assert [len(page) for page in pages] == [7, 7, 7, 7, 7, 5]
    assert published == sorted(published)
    newest = context.pages(f"/api/v1/logs?{SINCE}&sortOrder=DESCENDING&limit=25")
    assert [each["published"] for page in newest for each in page] == published[::-1]


def test_the_log_is_filtered_by_type_and_target() -> None:
    """``filter`` compares eventType and ids with eq, joined by or and and."""
    context = Context()
    one, two = context.users(2)
    context.model.deactivate(one)
    context.model.suspend(two)
    types = 'eventType+eq+"user.lifecycle.suspend"+or+eventType+eq+"user.lifecycle.deactivate"'
    found = context.document(f"/api/v1/logs?{SINCE}&filter={types}")
    assert [each["eventType"] for each in found] == ["user.lifecycle.deactivate", "user.lifecycle.suspend"]
    mine = context.document(f'/api/v1/logs?{SINCE}&filter=({types})+and+target.id+eq+"{two}"')
    assert len(mine) == 1
    assert error_of(context.get(f'/api/v1/logs?{SINCE}&filter=shoe+eq+"4"')) == (400, "E0000031")


def test_limits_of_the_log() -> None:
    """0 to 1000, default 100; 0 gives nothing and the same place again."""
    context = Context()
    with context.model.job():
        for user in context.users(60):
            context.model.suspend(user)
    assert len(context.document(f"/api/v1/logs?{SINCE}")) == 100
    none = context.get(f"/api/v1/logs?{SINCE}&limit=0")
    assert _body(none) == []
    again = next_link(none).replace("limit=0", "limit=1000")
    assert len(context.document(again)) == 180
    assert context.get(f"/api/v1/logs?{SINCE}&limit=1001").status == 400


def test_since_and_how_long_the_log_is_kept() -> None:
    """Default 7 days; kept 90 days; since before 180 days is E0000053; not a time is a 400."""
    context = Context()
    context.user(activate=False)
    context.clock.move(8 * 86_400)
    assert context.document("/api/v1/logs") == []
    assert len(context.document(f"/api/v1/logs?{SINCE}")) == 1
    context.user("second@example.com", activate=False)
    context.clock.move(83 * 86_400)
    kept = context.document(f"/api/v1/logs?{SINCE}")
    assert [each["published"] for each in kept] == ["2026-12-02T09:00:00.000Z"]
    link = next_link(context.get(f"/api/v1/logs?{SINCE}"))
    context.user("third@example.com", activate=False)
    assert len(context.document(link)) == 1
    assert error_of(context.get("/api/v1/logs?since=2026-01-01T00:00:00Z")) == (400, "E0000053")
    assert error_of(context.get("/api/v1/logs?since=yesterday")) == (400, "E0000001")
    assert context.get("/api/v1/logs?since=2027-02-23T00:00:00").status == 200
    assert context.get("/api/v1/logs?after=cG5vbmU").status == 400


def test_every_type_the_model_raises_has_a_text() -> None:
    """Messages are there for people; an unknown type gets a plain one."""
    assert all(message for message, _ in TEXTS.values())
    context = Context()
    context.model.record("user.session.start")
    assert syslog_form(context.events()[0])["displayMessage"] == "user session start"


def _body(response: Any) -> Any:
    assert response.status == 200
    return json.loads(response.body)
