"""What a run does when reads fail, lie or stop, when it dies, and when time is short: absence proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, cast

import pytest

from bridge.errors import SettingsError, Transient
from bridge.provisioning.hold_records import Verdict
from bridge.provisioning.runs import Phase, Run
from bridge.reconcile import accounts, groups, reconciler
from bridge_local.exchange import Request, Response
from bridge_local.faults import Fault, Serve, before, edited
from bridge_local.genesys import faults as genesys_faults
from bridge_local.okta import faults as okta_faults
from bridge_local.okta.faults import short_listing
from tests.functional.test_reconcile import approved, company, found, genesys_id, unheard, writes
from tests.world import Countdown, World


class Died(BaseException):
    """The process is gone."""


@contextmanager
def small_pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Many pages and many steps in a small company."""
    with monkeypatch.context() as patched:
        patched.setattr("bridge.okta.client.APP_USERS_PAGE", 7)
        patched.setattr(accounts, "PAGE", 5)
        patched.setattr(accounts, "PAGES_AT_A_TIME", 2)
        patched.setattr(groups, "GROUPS_AT_A_TIME", 1)
        yield


def answers(world: World, path: str, changed: Callable[[Request, Response], Response]) -> None:
    """Let Okta's answers to a path be changed."""
    world.okta.faults.add(
        Fault(f"{path}([?]|$)", lambda request, serve: changed(request, serve(request))),
    )


def listed_users(world: World) -> set[str]:
    """Whom the queues have an item for."""
    return {message.group for queue in world.queues.queues.values() for message in queue.messages}


# ------------------------------------------------------------------------------------- implausible reads


def _off(world: World, _: list[str]) -> None:
    world.okta.deactivate_app()


def _nobody(world: World, _: list[str]) -> None:
    answers(world, "/users", lambda _, answer: replace(answer, body=b"[]", headers={}))


def _shrunk(world: World, _: list[str]) -> None:
    answers(world, "/users", lambda _, answer: replace(answer, headers=_without_link(answer)))


def _short(world: World, _: list[str]) -> None:
    world.okta.faults.add(Fault("/users([?]|$)", short_listing(3)))


def _looped(world: World, _: list[str]) -> None:
    first: list[Response] = []

    def again(_: Request, answer: Response) -> Response:
        first.append(answer)
        return first[0]

    answers(world, "/users", again)


def _broken(world: World, _: list[str]) -> None:
    answers(world, "/users", lambda r, answer: replace(answer, body=b"{}") if r.param("after") else answer)


def _refused(world: World, _: list[str]) -> None:
    error = Response.of_json(400, {"errorCode": "E0000001", "errorSummary": "The cursor is not valid."})
    answers(world, "/users", lambda r, answer: error if r.param("after") else answer)


def _not_embedded(world: World, _: list[str]) -> None:
    answers(world, "/users", lambda _, answer: replace(answer, body=answer.body.replace(b"_embedded", b"_none")))


def _without_link(answer: Response) -> dict[str, Any]:
    return {name: value for name, value in answer.headers.items() if name.lower() != "link"}


LIES: dict[str, tuple[Callable[[World, list[str]], None], str]] = {
    "application off": (_off, "okta-app-not-active"),
    "empty": (_nobody, "okta-listing-empty"),
    "cut after the first page": (_shrunk, "okta-implausible"),
    "three of them": (_short, "okta-listing-shrunk"),
    "the same page again": (_looped, "okta-user-listed-twice"),
    "no list": (_broken, "okta-implausible"),
    "400 on a later page": (_refused, "okta-implausible"),
    "users missing": (_not_embedded, "okta-user-not-embedded"),
}


@pytest.mark.parametrize("name", LIES)
def test_an_okta_listing_that_cannot_be_whole_ends_the_run_and_nobody(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails under its reason, three times in a row, and nobody who was not on it is synced."""
    world, people, *_ = company()
    unheard(world, lambda: world.okta.unassign_user(people[0]))
    lie, reason = LIES[name]
    lie(world, people)
    with small_pages(monkeypatch):
        runs = [world.reconcile()]
        for _ in range(5):
            world.clock.advance(300)
            runs.append(world.reconcile("continue"))
    assert {run.failed for run in runs} == {reason}
    assert [run.tries for run in runs] == [1, 2, 3, 3, 3, 3]
    assert f"user:{people[0]}" not in listed_users(world)
    world.settle()
    assert writes(world) == 0
    assert world.account(people[0])["active"] is True


def test_those_who_keep_access_by_a_rejected_hold_do_not_make_a_listing_look_short() -> None:
    """Most people are unassigned and a person has said that they stay: every night is whole all the same."""
    world, people, *_ = company(30)
    world.store.add_exceptions("app", people[:20])
    for each in people[:20]:
        unheard(world, partial(world.okta.unassign_user, each))
    assert world.reconcile_whole().failed == ""
    world.settle()
    assert all(world.account(each)["active"] for each in people)


def test_a_failed_run_is_alarmed_and_the_schedule_begins_anew(capsys: pytest.CaptureFixture[str]) -> None:
    """The metric has an alarm; the next night's run is a first try again, and whole."""
    world, *_ = company(5)
    world.okta.deactivate_app()
    world.reconcile()
    assert '"ReconcileFailed":[1.0]' in capsys.readouterr().out
    world.okta.activate_app()
    world.events()
    run = world.reconcile_whole()
    assert (run.number, run.tries, run.failed) == (2, 1, "")


def test_the_first_comparison_is_tried_each_hour_until_it_is_whole() -> None:
    """It is owed: whatever was wrong on the first day, nobody has to start it again."""
    world = World(bootstrapped=False)
    world.person("Ada Brook")
    world.okta.deactivate_app()
    world.events()
    numbers = []
    for _ in range(26):
        numbers.append(world.reconcile("continue").number)
        world.clock.advance(300)
    assert (numbers[:4], numbers[-1]) == ([1, 2, 3, 3], 4)
    world.okta.activate_app()
    world.clock.advance(3600)
    assert world.reconcile("continue").waiting == "queues-not-empty"


def test_a_small_company_may_shrink_to_almost_nothing() -> None:
    """Under 20 links a part says nothing; only an empty listing is not believed. What no event tells of is approved."""
    world, people, *_ = company(6)
    for person in people[:5]:
        unheard(world, lambda person=person: world.okta.unassign_user(person))  # type: ignore[misc] # bound now
    run = world.reconcile_whole()
    assert (run.failed, found(run)["not-assigned"]) == ("", 5)
    world.decide("app", Verdict.APPROVE)
    world.settle()
    approved(world)
    world.assert_users_equal()


Listing = dict[str, Any]


def _page_lies(world: World, change: Callable[[int, Listing], Listing]) -> None:
    """Let Genesys Cloud's pages of active users be changed, by their startIndex."""

    def lie(request: Request, serve: Serve) -> Response:
        start = int(request.param("startIndex"))
        return edited(lambda page: change(start, page))(request, serve)

    plain = Fault("/users[?]", lie, when=lambda asked: asked.param("count") == "5" and not asked.param("filter"))
    world.genesys.faults.add(plain)


GENESYS_LIES: dict[str, tuple[Callable[[int, Listing], Listing], str]] = {
    "an empty page in the middle": (
        lambda start, page: {**page, "Resources": []} if start > 10 else page,
        "genesys-page-empty",
    ),
    "the same users twice on a page": (
        lambda _, page: {**page, "Resources": page["Resources"] * 2},
        "genesys-page-listed-twice",
    ),
    "a total that ends it early": (lambda _, page: {**page, "totalResults": 5}, "genesys-listing-shrunk"),
    "a total that is not met": (
        lambda start, page: (
            {**page, "Resources": page["Resources"][:1] if start > 10 else page["Resources"]}
            | ({"totalResults": 12} if start > 11 else {})
        ),
        "genesys-listing-shrunk",
    ),
    "nobody": (lambda _, page: {**page, "Resources": [], "totalResults": 0}, "genesys-listing-empty"),
}


def test_a_total_of_one_too_many_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page behind the last user is empty: that is the end, and what was read is enough."""
    world, *_ = company()
    _page_lies(world, lambda _, page: {**page, "totalResults": page["totalResults"] + 1})
    with small_pages(monkeypatch):
        run = world.reconcile()
    assert run.failed == ""


@pytest.mark.parametrize("name", GENESYS_LIES)
def test_a_genesys_listing_that_cannot_be_whole_ends_the_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is taken for deleted because a page did not show them."""
    world, *_ = company()
    change, reason = GENESYS_LIES[name]
    _page_lies(world, change)
    with small_pages(monkeypatch):
        run = world.reconcile()
    assert (run.failed, run.items, found(run)) == (reason, 0, {})


def test_the_same_page_twice_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not go on from startIndex."""
    world, *_ = company()
    first: list[Listing] = []

    def again(_: int, page: Listing) -> Listing:
        first.append(page)
        return first[0]

    _page_lies(world, again)
    with small_pages(monkeypatch):
        assert world.reconcile().failed == "genesys-page-listed-twice"


# ------------------------------------------------------------------------------------------ what time heals


@pytest.mark.parametrize("status", [429, 503])
def test_a_passing_failure_is_waited_for_within_the_invocation(status: int) -> None:
    """One refused page on each side costs a pause and no more."""
    world, people, *_ = company(5)
    unheard(world, lambda: world.okta.update_profile(people[0], {"title": "Lead"}))
    effect = okta_faults.rate_limited() if status == 429 else okta_faults.refused(503)
    world.okta.faults.add(Fault(r"/apps/\w+/users", effect, count=1))
    world.genesys.faults.add(Fault("/users", genesys_faults.refused(503), count=1))
    run = world.reconcile()
    assert (run.failed, run.unfinished, found(run)) == ("", False, {"differs": 1})


def test_an_outage_is_waited_for_by_the_next_tick_and_the_run_goes_on() -> None:
    """Genesys Cloud is down for a while: the run keeps its place and ends when it is back."""
    world, *_ = company(5)
    outage = world.genesys.faults.add(Fault("/scim/", genesys_faults.refused(503)))
    for _ in range(4):
        run = world.reconcile("start")
        assert (run.unfinished, run.waiting) == (True, "genesys-503")
        world.clock.advance(300)
    world.genesys.faults.remove(outage)
    run = world.reconcile("continue")
    assert (run.number, run.failed, run.unfinished) == (1, "", False)


def test_a_run_that_comes_no_further_for_an_hour_has_failed() -> None:
    """So that somebody hears of it; the schedule begins anew."""
    world, *_ = company(5)
    world.genesys.take_role()
    for _ in range(reconciler.IDLE):
        run = world.reconcile("start")
        world.clock.advance(300)
    assert run.failed == "no-progress genesys-403"
    world.genesys.give_role()
    assert world.reconcile("continue").failed == ""


def test_a_table_that_is_out_of_reach_for_a_moment_costs_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run's own record is throttled once: the start that came once a night is not lost."""
    world, *_ = company(2)
    read, failures = world.store.run, [Transient("store-throttled", upstream="store")]

    def throttled() -> Run | None:
        if failures:
            raise failures.pop()
        return read()

    monkeypatch.setattr(world.store, "run", throttled)
    assert world.reconcile("start").failed == ""


def test_a_start_that_the_table_refuses_for_long_is_alarmed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody asks again by themselves; a tick that fails has another one after it."""
    world, *_ = company(2)

    def throttled() -> Run | None:
        raise Transient("store-throttled", upstream="store")

    monkeypatch.setattr(world.store, "run", throttled)
    for do, alarms in (("continue", 0), ("start", 1)):
        answer = world.reconciler.handle({"do": do}, cast("Any", Countdown(world.clock)))
        assert answer == {"outcome": "waits", "why": "store-throttled"}
        assert capsys.readouterr().out.count('"ReconcileFailed":[1.0]') == alarms


def test_what_nobody_classified_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The record names the type of the exception, and the next run is free to begin."""
    world, *_ = company(2)

    def broken(*_: object) -> None:
        raise LookupError("a name")

    with monkeypatch.context() as patched:
        patched.setattr(world.store, "owners", broken)
        assert world.reconcile().failed == "unexpected LookupError"
    assert world.reconcile("continue").failed == ""


def test_without_its_secret_a_tick_waits_and_alarms_nobody(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stack that is not set up yet: the first comparison begins when it is."""
    world = World(bootstrapped=False)

    def empty(key: str) -> str:
        raise SettingsError(f"not set up: the secret has no {key}")

    monkeypatch.setattr(world.secrets, "get", empty)
    for _ in range(20):
        run = world.reconcile("continue")
        world.clock.advance(300)
    assert (run.waiting, run.failed) == ("not-set-up", "")
    assert "ReconcileFailed" not in capsys.readouterr().out


# -------------------------------------------------------------------------------- time, crashes, and company


def test_little_time_each_leads_to_the_same_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invocations that have time for a few calls only: the run comes to the same findings, each counted once."""
    world, people, *_ = company()
    unheard(world, lambda: world.okta.unassign_user(people[0]))
    unheard(world, lambda: world.genesys.edit_user(genesys_id(world, people[1]), {"title": "By hand"}))
    unheard(world, lambda: world.genesys.delete_user(genesys_id(world, people[20])))
    world.genesys.faults.add(Fault("", before(lambda: world.clock.advance(10))))
    invocations = 0
    with small_pages(monkeypatch):
        run = world.reconcile(seconds=65)
        while run.unfinished:
            invocations += 1
            world.clock.advance(300)
            run = world.reconcile("continue", seconds=65)
    assert invocations >= 4
    assert (run.number, run.failed) == (1, "")
    assert found(run) == {"not-assigned": 1, "drifted": 1, "gone": 1}
    world.settle()
    approved(world)
    world.assert_users_equal()


def test_a_run_that_dies_after_any_call_comes_to_the_same_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies before each outside effect in turn; the lease ends, a tick goes on, and all is as in one go."""
    with small_pages(monkeypatch):
        deaths = 1
        while _reconciled(deaths):
            deaths += 1
    assert deaths > 30


def _reconciled(deaths: int) -> bool:
    """A run whose process dies at its so manyth effect; whether it did."""
    world, people, okta_group, group = company(8)
    unheard(world, lambda: world.okta.unassign_user(people[0]))
    unheard(world, lambda: world.okta.update_profile(people[1], {"title": "Lead"}))
    unheard(world, lambda: world.genesys.edit_user(genesys_id(world, people[2]), {"title": "By hand"}))
    unheard(world, lambda: world.genesys.delete_user(genesys_id(world, people[5])))
    unheard(world, lambda: world.okta.remove_members(okta_group, people[3:4]))
    left = [deaths]
    for owner, names in (
        (world.okta, ["handle"]),
        (world.genesys, ["handle"]),
        (world.queues, ["send"]),
        (world.store, ["save_run", "add_seen_accounts", "drop_seen_accounts", "note_reconciled"]),
    ):
        for name in names:
            setattr(owner, name, _mortal(getattr(owner, name), left))
    died = False
    try:
        world.reconcile()
    except Died:
        died = True
    run = world.store.run()
    while run is None or run.unfinished:
        world.clock.advance(300)
        run = world.reconcile("start")
    left[0] = 0
    assert (run.number, run.failed) == (1, "")
    world.settle()
    approved(world)
    world.assert_users_equal()
    assert world.members(group) == set(people[:3])
    assert not world.store.seen_places
    return died


def _mortal(call: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    def called(*arguments: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            raise Died
        return call(*arguments, **named)

    return called


def test_two_at_once_exclude_each_other() -> None:
    """While a lease lasts a second invocation does nothing, whatever it was asked for."""
    world, *_ = company(5)
    beside: list[Run] = []

    def meanwhile() -> None:
        beside.append(world.reconcile("start"))
        beside.append(world.reconcile("continue"))

    world.genesys.faults.add(Fault("", before(meanwhile), count=1))
    run = world.reconcile("start")
    assert [(other.number, other.phase) for other in beside] == [(1, Phase.MEASURING)] * 2
    assert (run.number, run.unfinished) == (1, False)


def test_who_lost_their_lease_writes_nothing_more() -> None:
    """An invocation that outlived its lease finds the run taken, and stops."""
    world, *_ = company(5)
    beside: list[Run] = []

    def outlive() -> None:
        world.clock.advance(2000)
        beside.append(world.reconcile("continue"))

    world.genesys.faults.add(Fault("", before(outlive), count=1))
    run = world.reconcile("start", seconds=900)
    assert beside[0].unfinished is False
    assert run == beside[0]


def test_progress_and_the_time_left_can_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first answers the record says what is done, of how much, and about how long it takes."""
    world, *_ = company()
    seen: list[Run] = []
    save = world.store.save_run

    def noted(run: Run) -> Run:
        seen.append(run)
        return save(run)

    monkeypatch.setattr(world.store, "save_run", noted)
    with small_pages(monkeypatch):
        world.reconcile()
    reading = [(run.done, run.of) for run in seen if run.phase is Phase.ACTIVE and run.of]
    assert reading == [(10, 30), (20, 30), (30, 30)]
    lefts = [run.seconds_left for run in seen if run.phase is not Phase.MEASURING]
    assert lefts == sorted(lefts, reverse=True)
    assert lefts[0] > 0
    assert lefts[-1] == 0
