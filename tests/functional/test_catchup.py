"""Catch-up through its real handler: nothing is lost, hardly anything is synced twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from bridge.catchup.catch_up import OVERLAP
from bridge.errors import SettingsError, Transient
from bridge.items import Item, Queue, Reason, format_time
from bridge.provisioning.records import LogCursor
from bridge_local.exchange import Request, Response
from bridge_local.faults import Effect, Fault, Serve, cut, edited, headed, html, watched
from bridge_local.okta import faults as okta_faults
from bridge_local.okta.system_log import Entity
from tests.world import APP_ID, START, World

TICK = 300.0


def company(**variables: str) -> World:
    """A company whose first reconcile and first run of catch-up are over."""
    world = World(dict(variables))
    world.store.set_bootstrapped()
    assert world.poll() == "ended"
    return world


def tick(world: World) -> list[Item]:
    """Five minutes later: the items of one run, which are worked off."""
    world.clock.advance(TICK)
    items = sent_by(world, world.poll)
    world.settle()
    return items


def sent_by(world: World, act: Callable[[], object]) -> list[Item]:
    """The items that reach the queues meanwhile."""
    found: list[Item] = []
    send = world.queues.send

    def noted(items: Sequence[Item]) -> None:
        found.extend(items)
        send(items)

    world.queues.send = noted  # type: ignore[method-assign] # the queues are watched, not replaced
    try:
        act()
    finally:
        world.queues.send = send  # type: ignore[method-assign] # the model is watched, not replaced
    return found


def asked_for_logs(world: World, act: Callable[[], object]) -> list[dict[str, str]]:
    """The query of each request for the System Log meanwhile."""
    queries: list[dict[str, str]] = []
    watching = world.okta.faults.add(
        Fault("/api/v1/logs", watched(lambda request: queries.append(dict(request.query)))),
    )
    try:
        act()
    finally:
        world.okta.faults.remove(watching)
    return queries


def cursor(world: World) -> LogCursor:
    """The saved place."""
    saved = world.store.log_cursor()
    assert saved is not None
    return saved


# --------------------------------------------------------------------------------------- without any hook


def test_without_hooks_the_bridge_converges_all_the_same() -> None:
    """Joiners, movers, leavers and members, and not one delivery: Genesys Cloud follows with the next run."""
    world = company(LINKED_GROUPS="Sales")
    genesys_group = world.genesys.add_group("Sales")
    ada, ben, cay, dan = (world.person(name) for name in ("Ada Brook", "Ben Field", "Cay Hill", "Dan Marsh"))
    group = world.okta.create_group("Sales")
    world.okta.add_members(group, [ada, ben, cay])
    tick(world)
    world.assert_users_equal()
    tick(world)
    assert world.members(genesys_group) == {ada, ben, cay}
    world.okta.update_profile(ada, {"title": "Lead"})
    world.okta.suspend(ben)
    world.okta.unassign_user(dan)
    world.okta.remove_members(group, [cay])
    tick(world)
    world.assert_users_equal()
    assert world.members(genesys_group) == {ada, ben}
    world.okta.unsuspend(ben)
    world.okta.deactivate(cay)
    world.okta.assign_user(dan)
    tick(world)
    world.okta.delete(cay)
    tick(world)
    assert [world.account(user)["active"] for user in (ada, ben, cay, dan)] == [True, True, False, True]
    assert tick(world) == []


def test_a_changed_user_name_comes_through_catch_up() -> None:
    """application.user_membership.change_username is delivered to no hook."""
    world = company(USER_NAME_SOURCE="app")
    ada = world.person("Ada Brook")
    tick(world)
    with world.okta.quietly():
        world.okta.update_app_user(ada, user_name="ada@example.org")
    assignment = world.okta.assignments[APP_ID].current[ada]
    world.okta.record("application.user_membership.change_username", world.okta.assignment_targets(assignment))
    [item] = tick(world)
    assert (item.entity, item.reason) == (f"user:{ada}", Reason.CATCHUP)
    assert world.account(ada)["userName"] == "ada@example.org"


def test_a_changed_user_type_comes_through_catch_up() -> None:
    """user.account.update_user_type is delivered to no hook; the sync reads what the new type brought."""
    world = company()
    ada = world.person("Ada Brook")
    tick(world)
    with world.okta.quietly():
        world.okta.update_profile(ada, {"title": "Contractor"})
    world.okta.change_user_type(ada, "oty2")
    assert [item.entity for item in tick(world)] == [f"user:{ada}"]
    assert world.account(ada)["title"] == "Contractor"


def test_a_completed_deletion_comes_through_catch_up() -> None:
    """user.lifecycle.delete.completed alone, delivered to no hook: the 404 is believed, the leaver is deactivated."""
    world = company()
    ada = world.person("Ada Brook")
    tick(world)
    with world.okta.quietly():
        world.okta.deactivate(ada)
        world.okta.delete(ada)
    world.okta.record("user.lifecycle.delete.completed", [Entity("User", ada, "ada", "Ada")])
    [item] = tick(world)
    assert item.queue is Queue.LEAVERS
    assert world.account(ada)["active"] is False


def test_a_changed_mapping_enqueues_the_application() -> None:
    """directory.mapping.update: remembered assignments are forgotten, so that app profiles are read anew."""
    world = company(USER_NAME_SOURCE="app")
    tick(world)
    epoch = world.store.app().epoch
    world.okta.record("directory.mapping.update", None)
    assert [item.entity for item in tick(world)] == ["app"]
    assert world.store.app().epoch == epoch + 1


def test_a_changed_mapping_begins_a_whole_comparison() -> None:
    """directory.mapping.update: the reconciler's next tick begins a run, for no other event tells who has changed."""
    world = company()
    tick(world)
    assert world.store.app().reconciled == "enforce"
    world.okta.record("directory.mapping.update", None)
    tick(world)
    world.settle()
    assert world.store.app().reconciled == ""
    run = world.reconcile("continue")
    assert (run.number, run.mode) == (1, "enforce")


# ------------------------------------------------------------------------------------------ watermarks


def test_what_hooks_have_delivered_is_not_enqueued_again() -> None:
    """A usual day: joiners, a change, a leaver, an assignment that ends; the run after it sends nothing."""
    world = company(LINKED_GROUPS="Sales")
    world.genesys.add_group("Sales")
    ada, ben, cay = (world.person(name) for name in ("Ada Brook", "Ben Field", "Cay Hill"))
    group = world.okta.create_group("Sales")
    world.okta.add_members(group, [ada, ben])
    world.happen()
    world.clock.advance(60)
    world.okta.update_profile(ada, {"title": "Lead"})
    world.okta.deactivate(ben)
    world.okta.unassign_user(cay)
    world.person("Eve Moor", assigned=False)
    world.happen()
    assert tick(world) == []


def test_only_what_a_hook_lost_is_enqueued() -> None:
    """Two changes, one delivery: catch-up enqueues the other one alone."""
    world = company()
    ada, ben = world.person("Ada Brook"), world.person("Ben Field")
    world.happen()
    world.clock.advance(60)
    world.okta.update_profile(ada, {"title": "Lead"})
    world.okta.update_profile(ben, {"title": "Guide"})
    world.deliver([event for event in world.events() if ada in json.dumps(event["target"])])
    world.settle()
    assert [item.entity for item in tick(world)] == [f"user:{ben}"]
    world.assert_users_equal()


def test_a_lost_end_of_an_assignment_is_enqueued_although_the_user_was_synced_since() -> None:
    """A later sync remembers the assignment and does not read it: its watermark says nothing of assignments."""
    world = company()
    ada = world.person("Ada Brook")
    world.happen()
    world.clock.advance(60)
    world.okta.unassign_user(ada)
    world.events()  # lost
    world.clock.advance(60)
    world.okta.update_profile(ada, {"title": "Lead"})
    world.happen()
    assert world.account(ada)["active"] is True
    assert [item.entity for item in tick(world)] == [f"user:{ada}"]
    assert world.account(ada)["active"] is False


def test_a_sync_that_failed_is_no_sync() -> None:
    """Genesys Cloud is out of order: the change waits in its queue, and catch-up enqueues it once more. All is well."""
    world = company()
    ada = world.person("Ada Brook")
    world.happen()
    world.clock.advance(60)
    world.genesys.take_role()
    world.okta.update_profile(ada, {"title": "Lead"})
    world.deliver()
    world.pass_time(0.1)
    assert [item.entity for item in sent_by(world, world.poll)] == [f"user:{ada}"]
    world.genesys.give_role()
    world.settle()
    world.assert_users_equal()
    assert tick(world) == []


def test_in_a_backlog_what_catch_up_enqueues_beside_the_hook_costs_no_call() -> None:
    """Both wait in the queue, made of other events each; the one sync has seen all of it."""
    world = company()
    ada = world.person("Ada Brook")
    world.happen()
    world.clock.advance(60)
    for title in ("Guide", "Lead"):
        world.okta.update_profile(ada, {"title": title})
    world.deliver(world.events(), each=True)
    world.clock.advance(TICK)
    assert world.poll() == "ended"
    while world.queues.depth():
        for queue in Queue:
            event = world.queues.receive(queue)
            for record in event["Records"] if event else []:
                batch = {"Records": [record]}
                world.queues.answer(queue, batch, world.consumer.handle(batch, cast("Any", world.context)))
    asked = [entry.reason for entry in world.journal(f"user:{ada}") if entry.calls]
    assert "catchup" not in asked
    assert world.last(f"user:{ada}").reason == "hook"


def test_people_who_are_not_in_genesys_cloud_make_no_item() -> None:
    """A user whom nobody has synced, and whose events do not say that this is called for."""
    world = company()
    eve = world.person("Eve Moor", assigned=False)
    world.clock.advance(60)
    world.okta.update_profile(eve, {"title": "Lead"})
    world.okta.deactivate(eve)
    assert tick(world) == []


def test_before_the_first_reconcile_anyone_who_leaves_is_enqueued() -> None:
    """The native application may have made an account for the leaver that no link knows of."""
    world = World(bootstrapped=False)
    world.poll()
    eve = world.person("Eve Moor", assigned=False)
    world.genesys.add_user({"userName": "eve.moor@example.com", "active": True, "externalId": eve, "displayName": "E"})
    world.okta.deactivate(eve)
    assert [item.entity for item in tick(world)] == [f"user:{eve}"]
    assert world.account(eve)["active"] is False


def test_a_change_of_this_moment_is_enqueued_even_for_somebody_unknown() -> None:
    """Assigned a minute ago, changed just now: a sync on its way may read what was before, and leaves no trace yet."""
    world = company()
    eve = world.person("Eve Moor", assigned=False)
    world.clock.advance(60)
    world.okta.update_profile(eve, {"title": "Lead"})
    world.clock.advance(2)
    assert [item.entity for item in sent_by(world, world.poll)] == [f"user:{eve}"]
    world.settle()
    assert world.journal(f"user:{eve}") == []


def test_an_event_that_was_passed_over_is_enqueued_again_as_the_same_item() -> None:
    """Suspended before a record existed, and then made from a reading that lagged: catch-up ends their access."""
    world = company()
    world.okta.switches.read_lag = 5.0
    eve = world.person("Eve Moor")
    hired = world.events()
    world.clock.advance(10)
    world.okta.suspend(eve)
    left = world.events()
    world.deliver(left, after=1.0)
    world.work(Queue.LEAVERS)
    assert world.journal(f"user:{eve}") == []
    world.deliver(hired, after=1.0)
    world.work(Queue.USERS)
    assert world.account(eve)["active"] is True
    assert f"user:{eve}" in [item.entity for item in tick(world)]
    assert world.account(eve)["active"] is False


def test_events_of_one_group_in_one_slot_are_one_item_and_none_is_lost() -> None:
    """The hook delivered one of two: the item is the same one, and a sync after its slot has seen both."""
    world = company(LINKED_GROUPS="Sales")
    genesys_group = world.genesys.add_group("Sales")
    *many, ben = [world.person(f"Person{number} Brook") for number in range(7)]
    group = world.okta.create_group("Sales")
    world.happen()
    world.clock.advance(60 - world.clock.now().timestamp() % 2)
    world.okta.add_members(group, many)
    first = world.events()
    world.clock.advance(0.5)
    world.okta.add_members(group, [ben])
    world.events()  # lost
    world.deliver(first)
    world.settle()
    assert world.members(genesys_group) == {*many, ben}
    assert tick(world) == []


def test_a_group_event_after_the_last_sync_is_enqueued() -> None:
    """The next slot's event was lost: its item is another one."""
    world = company(LINKED_GROUPS="Sales")
    genesys_group = world.genesys.add_group("Sales")
    ada = world.person("Ada Brook")
    group = world.okta.create_group("Sales")
    world.happen()
    world.clock.advance(60)
    world.okta.add_members(group, [ada])
    world.events()  # lost
    assert [item.entity for item in tick(world)] == [f"group:{group}"]
    assert world.members(genesys_group) == {ada}


# ------------------------------------------------------------------------------------------- the request


def test_the_request_is_a_polling_one_with_a_since_of_its_own_only_at_first() -> None:
    """Ascending, no until, a thousand a page, since an hour before the first run; then Okta's link as it is."""
    world = World()
    [first] = asked_for_logs(world, world.poll)
    assert first["since"] == format_time(START - OVERLAP)
    assert (first["sortOrder"], first["limit"]) == ("ASCENDING", "1000")
    assert "until" not in first
    link = cursor(world).link
    [second] = asked_for_logs(world, world.poll)
    assert second == {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    assert second["after"]


def test_what_happened_shortly_before_the_first_run_is_read() -> None:
    """The stack is deployed while people change."""
    world = World()
    ada = world.person("Ada Brook")
    world.clock.advance(1800)
    assert [item.entity for item in sent_by(world, world.poll)] == [f"user:{ada}"]


def test_a_first_run_that_fails_moves_nothing() -> None:
    """Okta lacks the client for a day: the first run's time stays what it was."""
    world = World()
    world.okta.faults.add(Fault("/logs", okta_faults.refused(403), count=1))
    assert world.poll() == "okta-403"
    ada = world.person("Ada Brook")
    world.clock.advance(86_400)
    assert [item.entity for item in sent_by(world, world.poll)] == [f"user:{ada}"]


# --------------------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("effect", "outcome"),
    [
        (okta_faults.refused(500), "okta-500"),
        (okta_faults.rate_limited(), "okta-429"),
        (okta_faults.concurrency_limited(), "okta-429"),
        (okta_faults.refused(403), "okta-403"),
        (cut(), "okta-connection"),
        (html(), "okta-not-json"),
    ],
)
def test_a_run_that_okta_fails_loses_nothing(
    effect: Effect, outcome: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The place stays, a metric counts it, the log says why, and the next run enqueues what happened."""
    world = company()
    ada = world.person("Ada Brook")
    before = cursor(world)
    world.okta.faults.add(Fault("/logs", effect, count=2 if outcome == "okta-connection" else 1))
    assert world.poll() == outcome
    assert '"CatchUpFailures":[1.0]' in capsys.readouterr().out
    assert vars(caplog.records[-1])["why"] == outcome
    assert cursor(world) == before
    assert [item.entity for item in tick(world)] == [f"user:{ada}"]


def test_an_answer_without_a_link_is_asked_for_again() -> None:
    """One lost header costs a call, not the place."""
    world = company()
    ada = world.person("Ada Brook")
    world.okta.faults.add(Fault("/logs", okta_faults.empty_listing(), count=1))
    assert [item.entity for item in tick(world)] == [f"user:{ada}"]
    assert cursor(world).link


def test_answers_without_a_link_move_nothing_and_reading_goes_on_from_its_time() -> None:
    """An empty answer that names no other has reached nothing, however long catch-up had been away."""
    world = company()
    before = cursor(world)
    ada = world.person("Ada Brook")
    world.clock.advance(timedelta(hours=5).total_seconds())
    world.okta.faults.add(Fault("/logs", okta_faults.empty_listing(), count=2))
    assert world.poll() == "okta-implausible"
    assert cursor(world) == replace(before, link="")
    assert f"user:{ada}" in {item.entity for item in tick(world)}


@pytest.mark.parametrize(
    "following",
    [
        "https://elsewhere.example.com/api/v1/logs?after=1",
        "https://elsewhere.example.com:8443/api/v1/logs?after=1",
        "/api/v1/users?after=1",
    ],
)
def test_a_link_to_elsewhere_is_never_saved(following: str) -> None:
    """Its page's events are enqueued all the same, and the next run goes on from the time it reached."""
    world = company()
    lie = world.okta.faults.add(Fault("/logs", headed(Link=f'<{following}>; rel="next"')))
    ada = world.person("Ada Brook")
    assert [item.entity for item in tick(world)] == [f"user:{ada}"]
    assert cursor(world).link == ""
    world.okta.faults.remove(lie)
    ben = world.person("Ben Field")
    assert [item.entity for item in tick(world)] == [f"user:{ben}"]
    assert cursor(world).link


def test_a_saved_link_to_elsewhere_starts_anew() -> None:
    """Whatever an earlier version has kept: catch-up goes on from its time."""
    world = company()
    saved = cursor(world)
    world.store.save_log_cursor(replace(saved, link="https://elsewhere.example.com/api/v1/logs?after=1"))
    [query] = asked_for_logs(world, world.poll)
    assert query["since"] == format_time(saved.at - OVERLAP)


@pytest.mark.parametrize("effect", [okta_faults.refused(400), okta_faults.refused(404)])
def test_a_place_that_okta_does_not_know_is_read_again_with_an_overlap(
    effect: Effect, capsys: pytest.CaptureFixture[str]
) -> None:
    """A 400 or 404 for the link: what was inserted since an hour before the last run comes, and once."""
    world = company()
    ada = world.person("Ada Brook")
    tick(world)
    saved = cursor(world).at
    ben = world.person("Ben Field")
    world.okta.faults.add(Fault("after=", effect, count=1))
    capsys.readouterr()
    queries = asked_for_logs(world, lambda: tick(world))
    assert [query.get("since") for query in queries[1:2]] == [format_time(saved - OVERLAP)]
    assert "CatchUpRestarts" in capsys.readouterr().out
    assert world.account(ada)["active"] is world.account(ben)["active"] is True
    assert tick(world) == []


def test_another_question_starts_anew_with_an_overlap() -> None:
    """A release that reads more types cannot go on with a link that answers the old question."""
    world = company()
    world.store.save_log_cursor(LogCursor(cursor(world).link, "another", cursor(world).at))
    [query] = asked_for_logs(world, world.poll)
    assert query["since"] == format_time(START - OVERLAP)
    [query] = asked_for_logs(world, world.poll)
    assert query["after"]


def test_a_place_older_than_okta_keeps_events_starts_where_they_begin() -> None:
    """Okta answers E0000053 for more than 180 days ago: a stack that slept for a year goes on all the same."""
    world = company()
    world.clock.advance(timedelta(days=400).total_seconds())
    world.okta.faults.add(Fault("after=", okta_faults.refused(400), count=1))
    ada = world.person("Ada Brook")
    assert [item.entity for item in tick(world)] == [f"user:{ada}"]


def test_who_dies_between_sending_and_saving_sends_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page comes once more with the next run, and changes nothing more."""
    world = company()
    ada = world.person("Ada Brook")
    with monkeypatch.context() as patch:

        def die(_cursor: LogCursor) -> None:
            raise KeyboardInterrupt

        patch.setattr(world.store, "save_log_cursor", die)
        world.clock.advance(TICK)
        with pytest.raises(KeyboardInterrupt):
            world.poll()
    assert world.queues.depth() == 1
    assert [item.entity for item in sent_by(world, world.poll)] == [f"user:{ada}"]
    world.settle()
    assert world.calls("POST") == 1
    assert tick(world) == []


@pytest.mark.parametrize("method", ["users", "groups", "app", "save_log_cursor"])
def test_a_table_that_fails_loses_nothing(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB throttles at any place: the run ends, and the next one enqueues everything."""
    world = company()
    ada, group = world.person("Ada Brook"), world.okta.create_group("Sales")
    with monkeypatch.context() as patch:

        def throttled(*_: object) -> None:
            raise Transient("store-throttling", upstream="store")

        patch.setattr(world.store, method, throttled)
        assert world.poll() == "store-throttling"
    assert f"group:{group}" in {item.entity for item in tick(world)}
    assert world.account(ada)["active"] is True


def test_queues_that_refuse_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The place is saved only when every item of the page is in its queue."""
    world = company()
    ada = world.person("Ada Brook")
    before = cursor(world)
    with monkeypatch.context() as patch:

        def refuse(_items: Sequence[Item]) -> None:
            raise Transient("queues-refused", upstream="queues")

        patch.setattr(world.queues, "send", refuse)
        assert world.poll() == "queues-refused"
    assert cursor(world) == before
    assert [item.entity for item in tick(world)] == [f"user:{ada}"]


def test_a_missing_role_is_an_auth_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """It has an alarm of its own; the hooks that cannot be read either are another matter."""
    world = company()
    world.okta.switches.role_missing = True
    assert world.poll() == "okta-403"
    assert capsys.readouterr().out.count('"AuthFailures":[1.0]') == 1


def empty_secret(world: World) -> None:
    """What the bridge's secret is between the deployment and the set-up, or after somebody has emptied it."""

    def empty(key: str) -> str:
        raise SettingsError(f"not set up: the secret has no {key}")

    world.secrets.get = empty  # type: ignore[method-assign] # a secret that is empty


def test_before_the_set_up_nothing_alarms(capsys: pytest.CaptureFixture[str]) -> None:
    """Not set up yet is a state: the run counts as one, and neither the hook nor a setting is anybody's trouble."""
    world = World(bootstrapped=False)
    empty_secret(world)
    assert world.poll() == "not-set-up"
    told = capsys.readouterr().out
    assert "CatchUpRuns" in told
    for metric in ("NotSetUp", "HookUnknown", "HookNotActive", "AuthFailures", "CatchUpFailures"):
        assert metric not in told


def test_a_hook_that_is_not_made_yet_is_no_trouble(capsys: pytest.CaptureFixture[str]) -> None:
    """Between the filled secret and the first comparison there may be no hook."""
    world = World(bootstrapped=False)
    assert world.poll() == "ended"
    assert "HookNotActive" not in capsys.readouterr().out


def test_what_is_taken_away_later_alarms(capsys: pytest.CaptureFixture[str]) -> None:
    """A bridge that has worked and whose secret is emptied says so with each run."""
    world = company()
    assert world.poll() == "ended"
    empty_secret(world)
    assert world.poll() == "not-set-up"
    assert "NotSetUp" in capsys.readouterr().out


# ------------------------------------------------------------------------------------------------- pages


def bulk(world: World, count: int) -> None:
    """Many events of one moment, about users that nobody asks for, but for which there are items."""
    target = world.okta.app_target(APP_ID)
    for number in range(count):
        user = Entity("User", f"00u{number:017}", "x", "x")
        world.okta.record("application.user_membership.add", [target, user])


def test_a_long_log_is_read_page_by_page_and_time_decides_how_far(capsys: pytest.CaptureFixture[str]) -> None:
    """2,500 events: one page with little time, the rest in the next run; each saved for itself."""
    world = company()
    bulk(world, 2500)
    capsys.readouterr()
    world.clock.advance(TICK)
    remaining = iter([120_000, 120_000, 74_000])
    world.context.get_remaining_time_in_millis = lambda: next(remaining)  # type: ignore[method-assign] # time runs out as told
    items = sent_by(world, lambda: world.poll() == "stopped")
    assert len(items) == 2000
    assert "CatchUpRuns" not in capsys.readouterr().out
    del world.context.get_remaining_time_in_millis
    outcome: list[str] = []
    assert len(sent_by(world, lambda: outcome.append(world.poll()))) == 500
    assert outcome == ["ended"]
    assert "CatchUpRuns" in capsys.readouterr().out


def test_a_short_page_that_is_old_is_followed_by_another() -> None:
    """Okta may end a page early: what is more than a minute old is not yet the log's end."""
    world = company()
    world.person("Ada Brook")
    world.clock.advance(TICK)
    assert len(asked_for_logs(world, world.poll)) == 2
    world.person("Ben Field")
    assert len(asked_for_logs(world, world.poll)) == 1


def test_a_page_that_leads_to_itself_ends_the_run() -> None:
    """Okta repeats a page with its own link: no run goes round in circles."""
    world = company()
    bulk(world, 3)
    world.clock.advance(TICK)
    answers: list[Response] = []

    def stuck(request: Request, serve: Serve) -> Response:
        if not answers:
            answers.append(headed(Link=f'<{cursor(world).link}>; rel="next"')(request, serve))
        return answers[0]

    world.okta.faults.add(Fault("/api/v1/logs", stuck))
    assert len(asked_for_logs(world, world.poll)) == 1


def test_late_insertions_and_times_out_of_order_or_ahead_are_all_enqueued() -> None:
    """The log goes by insertion: an event published an hour ago comes now, one of tomorrow too, and once each."""
    world = company()
    people = world.people(4)
    tick(world)
    world.clock.advance(7200)
    late, ahead, early, usual = people
    for user, hours in ((ahead, 24), (late, -1), (early, -24 * 8), (usual, 0)):
        with world.okta.quietly():
            world.okta.update_profile(user, {"title": "Lead"})
        published = world.clock.now() + timedelta(hours=hours)
        world.okta.record("user.account.update_profile", [world.okta.user_target(user)], published=published)
    # What was published before the last sync was seen by it, whenever it reaches the log.
    assert {item.okta_id for item in tick(world)} == {ahead, late, usual}
    assert tick(world) == []
    assert cursor(world).at <= world.clock.now()


def test_events_that_reach_the_log_late_are_not_missed() -> None:
    """Up to twenty minutes between an event and its insertion, in any order."""
    world = company()
    world.okta.switches.log_insert_delay = 1200
    people = world.people(20)
    for _ in range(6):
        tick(world)
    assert {account["externalId"] for account in world.accounts()} == set(people)
    world.assert_users_equal()


def test_an_answer_of_the_log_that_is_odd_breaks_nothing() -> None:
    """Entries that are no events, without time or target, are passed over; the others count."""
    world = company()
    ada = world.person("Ada Brook")
    world.clock.advance(TICK)
    odd = [None, "x", {"eventType": 1}, {"published": "x"}]
    world.okta.faults.add(Fault("/api/v1/logs", edited(lambda events: [*odd, *events])))
    world.context.get_remaining_time_in_millis = iter([120_000, 0]).__next__  # type: ignore[method-assign] # time runs out as told
    assert [item.entity for item in sent_by(world, world.poll)] == [f"user:{ada}"]
