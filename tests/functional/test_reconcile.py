"""The reconcile through the real handlers: it finds every kind of difference, and the queues repair it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from bridge.items import Queue, Reason
from bridge.provisioning.hold_records import Verdict
from bridge.provisioning.runs import Run
from bridge.provisioning.user_records import UserState
from bridge_local.exchange import Request
from bridge_local.faults import Fault, kept
from tests.world import Countdown, World

Change = Callable[[World, list[str]], object]
MOBILE = 'phoneNumbers[type eq "mobile"].value'


def company(users: int = 30, variables: Mapping[str, str] | None = None) -> tuple[World, list[str], str, str]:
    """A company in which everything is as it should be: users, and one linked group of half of them."""
    world = World(dict(variables or {}))
    people = [
        world.person(f"Person{number:03} Test", title="Agent", mobilePhone="+14155552671") for number in range(users)
    ]
    world.happen()
    okta_group, genesys_group = world.linked_group("Agents", people[: users // 2])
    world.happen()
    world.genesys.calls.clear()
    return world, people, okta_group, genesys_group


def unheard(world: World, change: Callable[[], object]) -> None:
    """Something happens, and no hook tells of it."""
    change()
    world.events()
    world.clock.advance(60)


def writes(world: World) -> int:
    """How many changes Genesys Cloud was asked for."""
    return sum(world.calls(method) for method in ("POST", "PATCH", "PUT", "DELETE"))


def found(run: Run) -> dict[str, int]:
    """What a run found, by kind."""
    return dict(run.counts)


def genesys_id(world: World, okta_id: str) -> str:
    """The Genesys Cloud user of an Okta user."""
    return world.store.user_links[okta_id].genesys_id


# --------------------------------------------------------------------------------------------- no difference


def test_where_nothing_differs_nothing_is_sent_and_nothing_is_written() -> None:
    """A whole run over equal sides: no item, no write, no finding; the state says that there was one."""
    world, *_ = company()
    run = world.reconcile_whole()
    assert (run.failed, run.items, found(run)) == ("", 0, {})
    assert writes(world) == 0
    assert world.store.app().reconciled == "enforce"


def test_the_same_number_in_another_notation_is_no_drift() -> None:
    """Genesys Cloud shows a tel URI, or an address in capitals: equal as SCIM sees it, so nobody is synced."""
    world, people, *_ = company(3)
    account = genesys_id(world, people[0])
    world.genesys.edit_user(account, {"phoneNumbers": [{"type": "mobile", "value": "tel:+14155552671"}]})
    world.genesys.edit_user(account, {"userName": "PERSON000.TEST@example.com"})
    assert world.reconcile_whole().items == 0


# --------------------------------------------------------------------------------- each difference, repaired


def _edit(field: str, value: Any) -> Change:
    return lambda world, people: world.genesys.edit_user(genesys_id(world, people[0]), {field: value})


DIFFERENCES: dict[str, tuple[Change, dict[str, int]]] = {
    "okta: a title": (lambda w, p: w.okta.update_profile(p[0], {"title": "Lead"}), {"differs": 1}),
    "okta: assigned": (lambda w, _: w.person("New Comer"), {"differs": 1}),
    "okta: not assigned": (lambda w, p: w.okta.unassign_user(p[0]), {"not-assigned": 1}),
    "okta: deactivated": (lambda w, p: w.okta.deactivate(p[0]), {"not-assigned": 1}),
    "okta: suspended": (lambda w, p: w.okta.suspend(p[0]), {"differs": 1}),
    "okta: another address": (lambda w, p: w.okta.update_profile(p[0], {"email": "new@example.com"}), {"differs": 1}),
    "genesys: a title": (_edit("title", "By hand"), {"drifted": 1}),
    "genesys: a number": (_edit("phoneNumbers", None), {"drifted": 1}),
    "genesys: externalId": (_edit("externalId", "by-hand"), {"drifted": 1}),
    "genesys: deactivated": (_edit("active", False), {"state-drifted": 1}),
    "genesys: deleted": (lambda w, p: w.genesys.delete_user(genesys_id(w, p[0])), {"gone": 1, "members-differ": 1}),
}


def approved(world: World) -> None:
    """A person approves the end of access that no event explains, if one is held."""
    if world.store.hold("app") is not None:
        world.decide("app", Verdict.APPROVE)
        world.settle()


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_difference_that_no_hook_told_of_is_found_and_repaired(name: str) -> None:
    """Found under its name, with the user's id, and equal afterwards; the next run finds nothing."""
    world, people, *_ = company()
    change, expected = DIFFERENCES[name]
    unheard(world, lambda: change(world, people))
    run = world.reconcile_whole()
    assert run.failed == ""
    assert found(run) == expected
    approved(world)
    world.assert_users_equal()
    again = world.reconcile_whole()
    assert (again.items, found(again)) == (0, {})


def test_a_user_left_behind_is_enqueued() -> None:
    """Deactivated by the bridge, reactivated in Genesys Cloud by hand although access has ended: ended again."""
    world, people, *_ = company()
    world.okta.deactivate(people[0])
    world.happen()
    account = genesys_id(world, people[0])
    unheard(world, lambda: world.genesys.edit_user(account, {"active": True}))
    run = world.reconcile_whole()
    assert run.ids == {"left-behind": (account,)}
    assert world.account(people[0])["active"] is False


@pytest.mark.parametrize("bootstrapped", [True, False])
def test_an_account_of_somebody_wanted_whom_no_search_has_shown_is_told(bootstrapped: bool) -> None:
    """Suspended before their account was found: reported; before the first whole reconcile it is found, and ended."""
    world, *_ = company(5)
    user = world.person("Eve Moor")
    world.okta.suspend(user)
    world.happen()
    assert world.store.user_links[user].state is UserState.WANTED
    if not bootstrapped:
        world.store.app_state = replace(world.store.app_state, bootstrapped=False)
    account = world.genesys.add_user(
        {"userName": "eve@example.com", "displayName": "Eve", "active": True, "externalId": user}
    )
    run = world.reconcile_whole()
    assert run.ids.get("left-behind", ()) == ((account,) if bootstrapped else ())
    assert world.account(user)["active"] is bootstrapped


def test_an_account_whose_post_landed_when_it_was_given_up_is_found_and_ended() -> None:
    """No answer to the POST, access ended, the wait for it over: however late it lands, its user is not left active."""
    world, *_ = company(5)
    late: list[Request] = []
    unanswered = world.genesys.faults.add(Fault("POST .*/scim/v2/users$", kept(late)))
    user = world.person("Eve Moor")
    world.deliver()
    world.work(Queue.USERS)
    world.genesys.faults.remove(unanswered)
    world.okta.deactivate(user)
    world.happen()
    assert world.last(f"user:{user}").why == "never-linked"
    world.genesys.handle(late[0])
    assert world.account(user)["active"] is True
    world.reconcile_whole()
    assert world.account(user)["active"] is False


@pytest.mark.parametrize("reason", [Reason.OPERATOR, Reason.HOOK])
def test_a_leaver_left_behind_is_ended_when_an_operator_asks(reason: Reason) -> None:
    """The native application's account of somebody never linked: ended by a sync of the user, by no event."""
    world, *_ = company(5)
    user = world.person("Eve Moor", assigned=False)
    world.okta.deactivate(user)
    world.happen()
    world.genesys.add_user({"userName": "eve@example.com", "displayName": "Eve", "active": True, "externalId": user})
    world.ask(f"user:{user}", reason)
    world.settle()
    assert world.account(user)["active"] is (reason is Reason.HOOK)


def test_a_lost_record_is_found_by_its_account() -> None:
    """The reverse record is there, the user's own is not: a sync makes it again."""
    world, people, *_ = company(5)
    lost = world.store.user_links.pop(people[0])
    run = world.reconcile_whole()
    assert run.ids == {"differs": (people[0],)}
    assert len(world.journal(f"user:{people[0]}")) == 2, "once created, once synced again"
    assert world.store.user_links[people[0]].genesys_id == lost.genesys_id


def test_users_whom_okta_does_not_know_are_reported_and_never_touched() -> None:
    """One made by hand, and one that bears the id of an Okta user who is out of scope."""
    world, *_ = company(5)
    stranger = world.person("Not Assigned", assigned=False)
    world.events()
    byhand = world.genesys.add_user({"userName": "robot@example.com", "displayName": "Robot", "active": True})
    native = world.genesys.add_user(
        {"userName": "old@example.com", "displayName": "Old", "active": True, "externalId": stranger}
    )
    run = world.reconcile_whole()
    assert dict(run.ids) == {"unknown": (byhand,), "left-behind": (native,)}
    assert (run.items, writes(world)) == (0, 0)


def test_only_a_hundred_ids_are_named_but_all_are_counted() -> None:
    """The record of a run stays small."""
    world, *_ = company(2)
    for number in range(130):
        world.genesys.add_user({"userName": f"r{number}@example.com", "displayName": "Robot", "active": True})
    run = world.reconcile_whole()
    assert (found(run), len(run.ids["unknown"])) == ({"unknown": 130}, 100)


def test_who_is_assigned_but_not_usable_is_linked_once_and_left_alone() -> None:
    """STAGED, or an assignment that is neither yes nor no: one sync, so that later events are read; then none."""
    world, *_ = company(3)
    staged = world.okta.create_user({"login": "new@example.com", "firstName": "N", "lastName": "E"}, activate=False)
    world.okta.assign_user(staged)
    pending = world.person("Pen Ding", assigned=False)
    world.okta.assign_user(pending, status="PENDING")
    world.events()
    assert set(world.reconcile_whole().ids["differs"]) == {staged, pending}
    assert world.reconcile_whole().items == 0
    assert len(world.accounts()) == 3


def test_a_suspended_user_is_no_difference_where_suspension_is_ignored() -> None:
    """SuspendedUsers=ignore: nothing at all."""
    world, people, *_ = company(3, {"SUSPENDED_USERS": "ignore"})
    unheard(world, lambda: world.okta.suspend(people[0]))
    assert world.reconcile_whole().items == 0


def test_a_deactivation_that_a_person_rejected_is_no_difference() -> None:
    """Exceptions are decided: the run does not bring them again each night."""
    world, people, *_ = company(3)
    unheard(world, lambda: world.okta.unassign_user(people[0]))
    world.store.add_exceptions("app", [people[0]])
    assert world.reconcile_whole().items == 0
    assert world.account(people[0])["active"] is True


# ---------------------------------------------------------------------------------------------------- groups


def test_members_who_differ_are_found_and_repaired() -> None:
    """One joined and one left in Okta, unheard; one was removed by hand in Genesys Cloud."""
    world, people, okta_group, group = company()
    unheard(world, lambda: world.okta.remove_members(okta_group, people[:1]))
    unheard(world, lambda: world.okta.add_members(okta_group, people[20:21]))
    run = world.reconcile_whole()
    assert run.ids == {"members-differ": (okta_group,)}
    assert world.members(group) == {*people[1:15], people[20]}
    assert world.reconcile_whole().items == 0


def test_a_renamed_group_is_reported_and_not_renamed() -> None:
    """The link keeps ids; the name is a person's to mend."""
    world, _, okta_group, group = company(5)
    unheard(world, lambda: world.okta.rename_group(okta_group, "Agents North"))
    run = world.reconcile_whole()
    assert run.ids == {"group-renamed": (okta_group,)}
    assert (run.items, writes(world)) == (0, 0)
    assert world.genesys.members(group)


def test_groups_in_scope_without_a_link_are_linked_when_they_can_be() -> None:
    """Assigned or named: who has a match is enqueued; who has none is reported, and brought once there is one."""
    world, people, *_ = company(5, {"LINKED_GROUPS": "Genesys *"})
    named, unmatched = world.okta.create_group("Genesys North"), world.okta.create_group("Team South")
    world.okta.add_members(named, people)
    world.okta.assign_group(unmatched)
    world.events()
    north = world.genesys.add_group("Genesys North")
    run = world.reconcile_whole()
    assert run.ids == {"group-not-linked": (unmatched,)}
    assert world.members(north) == set(people)
    south = world.genesys.add_group("team south")
    assert world.reconcile_whole().items == 1
    assert world.store.group_links[unmatched].genesys_id == south


def test_a_mass_removal_that_a_run_finds_is_held_by_the_groups_sync() -> None:
    """1,500 members gone unheard: found by the run, one item, and nobody removed before a person has said so."""
    world = World({"UPDATE_USERS": "false"})  # nobody is synced for their attributes, which is not the point here
    users = world.provisioned(1500)
    okta_group, group = world.linked_group("Agents", users)
    with world.okta.quietly():
        world.okta.remove_members(okta_group, users)
        world.okta.add_members(okta_group, world.provisioned(1))
    world.clock.advance(60)
    found_it = world.reconcile_whole()
    assert found_it.ids["members-differ"] == (okta_group,)
    assert set(users) <= world.members(group)
    state, _, staged = world.hold(okta_group)
    assert (state, staged) == ("open", set(users))
    run = world.reconcile_whole()
    assert "members-differ" not in run.counts, "what waits for a person is no difference"


def test_a_group_that_is_gone_in_okta_is_enqueued_until_its_members_wait_for_a_person() -> None:
    """Its sync holds all of them, and the next run has nothing to add but whom somebody added by hand."""
    world, people, okta_group, group = company(6)
    unheard(world, lambda: world.okta.delete_group(okta_group))
    assert world.reconcile_whole().items == 1
    assert world.hold(okta_group) == ("open", "group-deleted", set(people[:3]))
    assert world.reconcile_whole().items == 0
    assert world.members(group) == set(people[:3])
    world.genesys.edit_members(group, add=world.genesys_ids(people[3:4]))
    assert world.reconcile_whole().items == 1
    assert world.hold(okta_group) == ("open", "group-deleted", set(people[:4]))


def test_a_group_that_no_rule_keeps_is_unlinked() -> None:
    """Taken from the application, unheard: its members stay, its link goes."""
    world, *_ = company(4)
    team, genesys_team = world.okta.create_group("Team"), world.genesys.add_group("Team")
    world.okta.assign_group(team)
    world.happen()
    unheard(world, lambda: world.okta.unassign_group(team))
    world.clock.advance(3600)
    assert world.reconcile_whole().items == 1
    assert world.store.group_links[team].genesys_id == ""
    assert world.genesys.members(genesys_team) == frozenset()


# ----------------------------------------------------------------------------------------- switches and modes


def test_what_a_switch_forbids_is_no_difference() -> None:
    """Without updates and deactivations nobody is synced in vain each night."""
    world, people, *_ = company(5, {"UPDATE_USERS": "false", "DEACTIVATE_USERS": "false"})
    unheard(world, lambda: world.okta.update_profile(people[0], {"title": "Lead"}))
    unheard(world, lambda: world.okta.suspend(people[1]))
    unheard(world, lambda: world.genesys.edit_user(genesys_id(world, people[2]), {"title": "By hand"}))
    assert world.reconcile_whole().items == 0


def test_who_was_suspended_while_the_bridge_observed_is_ended_although_a_hold_stages_them() -> None:
    """They are protected and not assigned any more either; anyone who is only unassigned goes on waiting."""
    world = World({"PROTECTED_GROUP": "Directors"})
    people = world.provisioned(5)
    world.okta.add_members(world.okta.create_group("Directors"), people[:2])
    world.variables["MODE"] = "observe"
    world.restart()
    world.okta.suspend(people[0])
    for person in people[:2]:
        world.okta.unassign_user(person)
    world.happen()
    del world.variables["MODE"]
    world.restart()
    world.ask("app")
    world.settle()
    assert world.store.staged("app", 1).keys() == set(people[:2])
    world.reconcile_whole()
    assert [world.account(person)["active"] for person in people] == [False, True, True, True, True]


def test_an_observed_run_writes_nothing_and_bootstraps_nothing() -> None:
    """The items are synced and journalled; leaving observe mode starts a run by itself, which does it all."""
    world = World({"MODE": "observe"}, bootstrapped=False)
    people = world.people(5)
    world.events()
    run = world.reconcile("continue")
    for _ in range(5):
        world.settle()
        world.clock.advance(300)
        run = world.reconcile("continue")
    assert (run.mode, run.number, run.failed, run.unfinished) == ("observe", 1, "", False)
    assert writes(world) == 0
    assert (world.store.app().reconciled, world.store.app().bootstrapped) == ("observe", False)
    assert {world.last(f"user:{user}").why for user in people} == {"would-create"}
    world.variables["MODE"] = "enforce"
    world.restart()
    run = world.reconcile("continue")
    assert (run.number, run.mode, run.unfinished, run.waiting) == (2, "enforce", True, "queues-not-empty")
    for _ in range(5):
        world.settle()
        world.clock.advance(300)
        run = world.reconcile("continue")
    assert (run.number, run.unfinished) == (2, False)
    assert (world.store.app().reconciled, world.store.app().bootstrapped) == ("enforce", True)
    world.assert_users_equal()


def test_a_change_of_mode_leaves_an_unfinished_run_behind() -> None:
    """What was begun in observe mode bootstraps nothing: the run of the new mode begins anew."""
    world = World({"MODE": "observe"}, bootstrapped=False)
    world.people(3)
    assert world.reconcile("continue").waiting == "queues-not-empty"
    world.variables["MODE"] = "enforce"
    world.restart()
    assert (world.reconcile("continue").number, world.reconcile("continue").mode) == (2, "enforce")


# ------------------------------------------------------------------------------------------------- first day


def test_the_first_whole_run_matches_creates_and_fills_groups_in_that_order() -> None:
    """Users by externalId whatever their address, leavers ended, each group once and after its users; then the flag."""
    world = World(bootstrapped=False)
    people = world.people(40)
    leaver = world.person("Gone Already")
    group = world.okta.create_group("Agents")
    world.okta.add_members(group, people)
    world.okta.assign_group(group)
    agents = world.genesys.add_group("Agents")
    for okta_id in [*people[:10], leaver]:
        world.genesys.add_user({"userName": f"{okta_id}@old.example.com", "displayName": "Old", "externalId": okta_id})
    world.okta.deactivate(leaver)
    world.events()
    run = world.reconcile_whole()
    assert (run.number, run.failed) == (1, "")
    world.assert_users_equal()
    assert len(world.accounts()) == 41
    assert world.members(agents) == set(people)
    assert len(world.journal(f"group:{group}")) == 1
    assert world.store.app().bootstrapped
    assert not any(link.groups_due for link in world.store.user_links.values())
    again = world.reconcile_whole()
    assert (again.items, found(again)) == (0, {})


def test_groups_wait_until_the_users_queues_are_empty() -> None:
    """However long that takes: waiting for the queues is no failure, and until then nothing is bootstrapped."""
    world = World(bootstrapped=False)
    world.people(3)
    world.events()
    for _ in range(30):
        run = world.reconcile("continue")
        world.clock.advance(300)
    assert (run.number, run.phase.value, run.waiting, run.failed) == (1, "matching", "queues-not-empty", "")
    assert not world.store.app().bootstrapped


# ------------------------------------------------------------------------------------------------- on demand


@pytest.mark.parametrize("kind", ["user", "group"])
def test_one_entity_on_demand_is_one_item(kind: str) -> None:
    """It is synced against Genesys Cloud itself; no run is started."""
    world, people, okta_group, group = company(4)
    world.genesys.edit_user(genesys_id(world, people[0]), {"title": "By hand"})
    world.genesys.edit_members(group, remove=[genesys_id(world, people[1])])
    entity = f"user:{people[0]}" if kind == "user" else f"group:{okta_group}"
    answer = world.reconciler.handle({"do": "start", "entity": entity}, cast("Any", Countdown(world.clock)))
    assert answer["outcome"] == "sent"
    assert (world.queues.depth(), world.store.run()) == (1, None)
    world.settle()
    assert world.account(people[0])["title"] == ("Agent" if kind == "user" else "By hand")
    assert world.members(group) == (set(people[:2]) if kind == "group" else {people[0]})


@pytest.mark.parametrize(
    "event", [{}, {"do": "stop"}, {"do": "start", "entity": "user:../x"}, {"do": "start", "entity": 7}]
)
def test_what_is_not_understood_is_refused_in_words(event: dict[str, Any]) -> None:
    """Nothing is started, nothing is sent."""
    world = World()
    assert world.reconciler.handle(event, cast("Any", Countdown(world.clock)))["outcome"] == "refused"
    assert (world.queues.depth(), world.store.run()) == (0, None)


def test_a_tick_does_nothing_where_nothing_is_to_do() -> None:
    """No run, and the last whole one was of this mode."""
    world, *_ = company(2)
    answer = world.reconciler.handle({"do": "continue"}, cast("Any", Countdown(world.clock)))
    assert answer == {"outcome": "nothing"}


def test_a_parked_user_is_enqueued_each_night_and_parked_once() -> None:
    """A profile that cannot be mapped: each run tries it, and one parked item stands for all of them."""
    world, *_ = company(2)
    nobody = world.person("No Name")
    world.okta.update_profile(nobody, {"email": "", "displayName": ""})
    world.events()
    for _ in range(3):
        world.reconcile_whole()
    assert world.parked(f"user:{nobody}") == ["unmappable-profile"]
    assert world.store.user_links[nobody].state is UserState.WANTED
