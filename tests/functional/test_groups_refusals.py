"""PATCHes of members that Genesys Cloud refuses, forgets or answers oddly, and syncs that run out of time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from bridge.items import Queue, Reason
from bridge.provisioning.evidence import SINGLE_READS
from bridge.provisioning.user_records import LATE_WHY
from bridge_local.exchange import Request, Response
from bridge_local.faults import Fault, Serve, bare, before, kept, lost, watched
from bridge_local.genesys import faults as genesys_faults
from bridge_local.genesys.records import Call
from bridge_local.genesys.switches import GenesysSwitches
from tests.world import World


def switched(**switches: Any) -> World:
    """A world whose Genesys Cloud answers so."""
    return World(genesys_switches=GenesysSwitches(**switches))


def group_calls(world: World) -> list[Call]:
    """The calls on single groups so far."""
    return [call for call in world.genesys.calls if call.route == "groups/{id}"]


def set_rule_based(world: World, genesys_id: str, *, on: bool) -> None:
    """An administrator gives a group rules, or takes them away."""
    directory = world.genesys.directory
    directory.write_group(replace(directory.groups[genesys_id], rule_based=on))


# ------------------------------------------------------------------------------------------- one refused member


@pytest.mark.parametrize("position", [0, 1, 24, 25, 26, 37, 48, 49])
@pytest.mark.parametrize("unknown", ["400", "404"])
def test_one_refused_member_is_parked_and_the_others_are_added(unknown: str, position: int) -> None:
    """The culprit is found by halving, wherever it stands, in at most 12 calls more; the other parts go on."""
    world = switched(unknown_member=unknown)
    okta_id, genesys_id = world.linked_group("Agents", [])
    users = world.provisioned(120)
    ordered = sorted(users, key=lambda user: world.store.user_links[user].genesys_id)
    lost = ordered[50 + position]
    lost_id = world.store.user_links[lost].genesys_id
    world.genesys.delete_user(lost_id)
    before = len(group_calls(world))
    world.okta.add_members(okta_id, users)
    world.happen()
    assert world.members(genesys_id) == set(users) - {lost}
    assert len(group_calls(world)) - before <= 1 + 3 + 12
    (parked,) = world.store.parked.values()
    assert (parked.entity, parked.reason, parked.item_id) == (f"group:{okta_id}", "member-refused", f"member:{lost_id}")
    assert parked.detail.startswith(lost_id)
    entry = world.last(f"group:{okta_id}")
    assert (entry.outcome, entry.added) == ("members-changed", 119)


def test_what_is_ignored_by_genesys_cloud_is_parked_too() -> None:
    """An unknown member that is passed over silently is missing in the answer: parked, the others are added."""
    world = switched(unknown_member="ignored")
    okta_id, genesys_id = world.linked_group("Agents", [])
    users = world.provisioned(10)
    world.genesys.delete_user(world.genesys_ids(users[:1])[0])
    world.okta.add_members(okta_id, users)
    world.happen()
    assert world.members(genesys_id) == set(users[1:])
    assert world.parked(f"group:{okta_id}") == ["member-not-added"]


def test_many_refused_members_cost_no_more_and_stop_nobody_else() -> None:
    """Where the search would cost too much, the rest of a refused part is parked together; other parts go through."""
    world = switched()
    okta_id, genesys_id = world.linked_group("Agents", [])
    users = world.provisioned(150)
    ordered = sorted(users, key=lambda user: world.store.user_links[user].genesys_id)
    lost = ordered[:10]
    for genesys_user in world.genesys_ids(lost):
        world.genesys.delete_user(genesys_user)
    before = len(group_calls(world))
    world.okta.add_members(okta_id, users)
    world.happen()
    assert len(group_calls(world)) - before <= 1 + 3 + 12
    assert world.members(genesys_id) >= set(ordered[50:])
    assert set(world.parked(f"group:{okta_id}")) == {"member-refused"}
    named = {member for parked in world.store.parked.values() for member in parked.detail.split()}
    assert named >= set(world.genesys_ids(lost))
    assert world.genesys.members(genesys_id) | named >= set(world.genesys_ids(users))


def test_a_later_sync_that_succeeds_closes_what_was_parked() -> None:
    """The account is made again: the group's next sync adds the member, and nothing waits for a person any more."""
    world = World()
    ada, ben = world.person("Ada Brook"), world.person("Ben Dale")
    world.happen()
    world.clock.advance(7200)  # their accounts are new no more
    okta_id, genesys_id = world.linked_group("Agents", [ada])
    world.genesys.delete_user(world.genesys_ids([ben])[0])
    world.okta.add_members(okta_id, [ben])
    world.happen()
    assert world.parked(f"group:{okta_id}") == ["member-refused"]
    world.ask(f"user:{ben}")
    world.settle()
    assert world.members(genesys_id) == {ada, ben}
    assert not world.store.parked


@pytest.mark.parametrize("repeated", ["200", "400"])
@pytest.mark.parametrize("adds", [True, False])
def test_a_change_that_somebody_made_meanwhile_is_a_success(adds: bool, repeated: str) -> None:
    """Adding a present and removing an absent member is done, also where Genesys Cloud refuses it."""
    world = switched(repeated_members=repeated)
    users = world.provisioned(20)
    okta_id, genesys_id = world.linked_group("Agents", users[:10])
    wanted = set(users) if adds else set(users[5:10])
    if adds:
        world.okta.add_members(okta_id, users[10:])
    else:
        world.okta.remove_members(okta_id, users[:5])
    racing = world.genesys_ids([users[12] if adds else users[2]])
    by_hand = partial(world.genesys.edit_members, genesys_id, **{"add" if adds else "remove": racing})
    world.genesys.faults.add(Fault("PATCH", before(by_hand), count=1))
    world.happen()
    assert world.members(genesys_id) == wanted
    assert not world.store.parked
    entry = world.last(f"group:{okta_id}")
    assert entry.added + entry.removed == (10 if adds else 5)


@pytest.mark.parametrize("unknown", ["400", "404"])
def test_the_group_goes_while_members_are_added(unknown: str) -> None:
    """404 on a PATCH because the group is gone is nobody's fault: nobody is parked, and the next sync unlinks."""
    world = switched(unknown_member=unknown)
    okta_id, genesys_id = world.linked_group("Agents", [])
    users = world.provisioned(60)
    deletion = partial(world.genesys.delete_group, genesys_id)
    world.genesys.faults.add(Fault("PATCH", before(deletion), count=1, skip=1))
    world.okta.add_members(okta_id, users)
    world.happen()
    assert not world.store.parked
    link = world.store.group(okta_id)
    assert link is not None
    assert link.why == "genesys-group-gone"


@pytest.mark.parametrize("answer", ["400", "403", "409", "ignored"])
def test_a_rule_based_group_harms_nobody_else(answer: str) -> None:
    """A group whose members come from rules refuses writes: said, never forced, and other groups go on."""
    world = switched(rule_based_write=answer)
    world.variables["LINKED_GROUPS"] = "Rules,Agents"
    world.restart()
    users = world.provisioned(3)
    ruled, normal = world.genesys.add_group("Rules", rule_based=True), world.genesys.add_group("Agents")
    groups = [world.okta.create_group(name) for name in ("Rules", "Agents")]
    for okta_id in groups:
        world.okta.add_members(okta_id, users)
    world.deliver()
    world.pass_time(hours=1)
    assert world.members(normal) == set(users)
    assert world.members(ruled) == set()
    entry = world.last(f"group:{groups[0]}")
    if answer == "403":
        assert (entry.outcome, entry.why) == ("failed", "genesys-403")
        assert world.queues.depth() == 1
        assert not world.store.parked
    else:
        reason = "member-not-added" if answer == "ignored" else "member-refused"
        assert world.parked(f"group:{groups[0]}") == [reason] * 3
        assert world.queues.depth() == 0


# ------------------------------------------------------------------------------------------- odd answers


def test_a_removed_member_that_the_answer_still_shows_is_not_done() -> None:
    """The PATCH is answered 200 and the member is still shown: tried again, counted once, and a person's at last."""
    world = switched(rule_based_write="ignored")
    users = world.provisioned(5)
    okta_id, genesys_id = world.linked_group("Agents", users)
    set_rule_based(world, genesys_id, on=True)
    world.okta.remove_members(okta_id, users[:1])
    world.deliver()
    world.pass_time(hours=0.1)
    entry = world.last(f"group:{okta_id}")
    assert (entry.outcome, entry.why) == ("failed", "genesys-not-applied")
    assert world.queues.depth() == 1
    world.pass_time(hours=1)
    assert world.parked(f"group:{okta_id}") == ["member-not-removed"]
    assert world.queues.depth() == 0
    set_rule_based(world, genesys_id, on=False)
    world.ask(f"group:{okta_id}")
    world.settle()
    assert not world.store.parked
    assert world.members(genesys_id) == set(users[1:])
    assert len(world.store.removals(f"group:{okta_id}", world.clock.now() - timedelta(days=1))) == 1


@pytest.mark.parametrize("kind", ["add", "remove"])
def test_an_answer_lost_after_the_write(kind: str) -> None:
    """The work was done though nobody heard of it: the next sync sees so, and sends only what is still missing."""
    world = World()
    users = world.provisioned(120)
    okta_id, genesys_id = world.linked_group("Agents", users[:60] if kind == "add" else users)
    change = world.okta.add_members if kind == "add" else world.okta.remove_members
    before = world.calls("PATCH")
    world.genesys.faults.add(Fault("PATCH", lost(), count=1))
    change(okta_id, users[60:])
    world.happen()
    assert world.members(genesys_id) == set(users if kind == "add" else users[:60])
    assert world.calls("PATCH") == before + 2
    assert not world.store.parked


@pytest.mark.parametrize("form", ["400", "409", "412"])
@pytest.mark.parametrize("conflicts", [1, 2, 3])
def test_a_moved_version(form: str, conflicts: int) -> None:
    """A removal that meets a version conflict is sent again on the newest version; the third one ends the sync."""
    world = switched(version_conflict=form)
    users = world.provisioned(10)
    okta_id, genesys_id = world.linked_group("Agents", users)
    world.genesys.faults.add(Fault("(PUT|PATCH|DELETE) .*groups", genesys_faults.version_conflict(), count=conflicts))
    reads = world.calls("GET", "groups")
    world.okta.remove_members(okta_id, users[:2])
    world.happen()
    assert world.members(genesys_id) == set(users[2:])
    assert world.calls("GET", "groups") - reads == 1 + conflicts
    assert not world.store.parked
    assert not world.store.dues()


@pytest.mark.parametrize("again", [Reason.REDRIVE, Reason.RECONCILE])
@pytest.mark.parametrize("adds", [True, False])
def test_conflicts_without_end_are_parked(adds: bool, again: Reason) -> None:
    """After a quarter of an hour the members wait for a person, the message is done; a redrive or a night mends it."""
    world = switched()
    users = world.provisioned(10)
    okta_id, genesys_id = world.linked_group("Agents", users[:8])
    world.genesys.faults.add(Fault("PATCH .*groups", genesys_faults.version_conflict()))
    change = world.okta.add_members if adds else world.okta.remove_members
    change(okta_id, users[8:] if adds else users[6:8])
    world.deliver()
    world.pass_time(hours=5 / 60)
    assert not world.store.parked
    world.pass_time(hours=1)
    assert world.parked(f"group:{okta_id}") == ["genesys-version-conflict"]
    assert world.queues.depth() == 0
    assert len(patches := [call for call in group_calls(world) if call.method == "PATCH"]) <= 2 + 8 * 3, len(patches)
    world.genesys.faults.clear()
    world.ask(f"group:{okta_id}", again)
    world.settle()
    assert world.members(genesys_id) == set(users if adds else users[:6])
    assert not world.store.parked


@pytest.mark.parametrize(
    ("switches", "conditional"),
    [
        ({}, [False, True, True, True]),
        ({"patch_shows_members": False}, [False, True, True, True]),
        ({"weak_etags": True}, [False, True, False, False, False]),
        ({"no_etags": True}, [False] * 4),
    ],
)
def test_removals_are_conditional_where_that_can_be(switches: dict[str, Any], conditional: list[bool]) -> None:
    """They carry the version as last shown, additions do not; a weak one is tried once, and none cannot be sent."""
    world = World({"MEMBERS_PER_REQUEST": "2", "GROUP_REMOVAL_CEILING_PERCENT": "0"})
    users = world.provisioned(11)
    okta_id, genesys_id = world.linked_group("Agents", users[:10])
    for name, value in switches.items():
        setattr(world.genesys_switches, name, value)
    sent: list[bool] = []
    world.genesys.faults.add(
        Fault("PATCH .*groups", watched(lambda request: sent.append("if-match" in request.headers)))
    )
    world.okta.add_members(okta_id, users[10:])
    world.okta.remove_members(okta_id, users[:6])
    world.happen()
    assert world.members(genesys_id) == set(users[6:])
    assert sent == conditional
    assert not world.store.parked


# ------------------------------------------------------------------------------------------- changes that land late


@pytest.mark.parametrize("etags", [True, False])
def test_a_removal_that_lands_late_takes_nobody_out_for_good(etags: bool) -> None:
    """Somebody is back before it lands: a sync is due when it can land no more, and adds them again."""
    world = switched(no_etags=not etags)
    users = world.provisioned(6)
    okta_id, genesys_id = world.linked_group("Agents", users)
    late: list[Request] = []
    world.genesys.faults.add(Fault("PATCH .*groups", kept(late), count=1))
    world.okta.remove_members(okta_id, users[:1])
    world.deliver()
    assert world.work(Queue.GROUPS) is None
    world.clock.advance(10)
    world.work(Queue.GROUPS)
    assert len(late) == 1
    world.okta.add_members(okta_id, users[:1])
    world.happen()
    assert world.members(genesys_id) == set(users)
    world.clock.advance(12 * 60)
    world.genesys.handle(late[0])
    assert world.members(genesys_id) == set(users[1:])  # nobody has written to the group meanwhile
    world.pass_time(hours=9 / 60)
    assert world.members(genesys_id) == set(users)
    assert not world.store.dues()


def test_a_removal_that_lands_late_finds_another_version() -> None:
    """Anyone who has been added meanwhile is safe from it."""
    world = switched()
    users = world.provisioned(6)
    okta_id, genesys_id = world.linked_group("Agents", users)
    late: list[Request] = []
    world.genesys.faults.add(Fault("PATCH .*groups", kept(late), count=1))
    world.okta.remove_members(okta_id, users[:1])
    world.happen()
    assert world.members(genesys_id) == set(users[1:])
    world.okta.add_members(okta_id, users[:1])
    world.happen()
    assert world.genesys.handle(late[0]).status == 409
    assert world.members(genesys_id) == set(users)
    assert [due.why for due in world.store.dues()] == [LATE_WHY]


def test_an_addition_that_lands_late_gives_nobody_access_for_good() -> None:
    """Somebody has left before it lands: the sync that is due takes them out."""
    world = switched()
    users = world.provisioned(6)
    okta_id, genesys_id = world.linked_group("Agents", users[:5])
    late: list[Request] = []
    world.genesys.faults.add(Fault("PATCH .*groups", kept(late), count=1))
    world.okta.add_members(okta_id, users[5:])
    world.deliver()
    world.clock.advance(10)
    world.work(Queue.GROUPS)
    assert len(late) == 1
    world.okta.remove_members(okta_id, users[5:])
    world.happen()
    world.genesys.handle(late[0])
    assert world.members(genesys_id) == set(users)
    world.pass_time(hours=0.5)
    assert world.members(genesys_id) == set(users[:5])


def test_a_process_that_dies_with_an_addition_under_way_gives_nobody_access_for_good() -> None:
    """It may land after who was to join has left: the sync that is due when it can land no more takes them out."""
    world = switched()
    users = world.provisioned(6)
    okta_id, genesys_id = world.linked_group("Agents", users[:5])
    world.ask(f"group:{okta_id}")
    world.settle()
    late: list[Request] = []

    def die(request: Request, _serve: Serve) -> Response:
        late.append(request)
        raise KeyboardInterrupt

    world.genesys.faults.add(Fault("PATCH .*groups", die, count=1))
    world.okta.add_members(okta_id, users[5:])
    with pytest.raises(KeyboardInterrupt):
        world.happen()
    world.okta.remove_members(okta_id, users[5:])
    world.happen()
    assert world.members(genesys_id) == set(users[:5])
    assert [(due.entity, due.why) for due in world.store.dues()] == [(f"group:{okta_id}", LATE_WHY)]
    world.clock.advance(12 * 60)
    world.genesys.handle(late[0])
    assert world.members(genesys_id) == set(users)
    world.pass_time(hours=1)
    assert world.members(genesys_id) == set(users[:5])
    assert not world.store.dues()


def test_syncs_of_a_group_out_of_scope_leave_nothing_due() -> None:
    """It has been linked; its syncs write no record any more, and nothing of theirs can be under way."""
    world = switched()
    okta_id, _ = world.linked_group("Agents", world.provisioned(2))
    world.variables["LINKED_GROUPS"] = "Others"
    world.restart()
    for _ in range(4):
        world.ask(f"group:{okta_id}")
        world.pass_time(hours=1)
    assert world.last(f"group:{okta_id}").why == "not-in-scope"
    assert not world.store.dues()


def test_a_sync_that_failed_with_nothing_under_way_leaves_nothing_due() -> None:
    """Okta does not answer before anything is sent: the next sync is as good as any, and no other follows."""
    world = switched()
    users = world.provisioned(6)
    okta_id, genesys_id = world.linked_group("Agents", users[:5])
    world.ask(f"group:{okta_id}")
    world.settle()
    world.okta.faults.add(Fault(f"/groups/{okta_id}", bare(500), count=3))
    world.okta.add_members(okta_id, users[5:])
    world.happen()
    assert world.members(genesys_id) == set(users)
    assert not world.store.dues()


# ------------------------------------------------------------------------------------------- the time budget


class ShrinkingContext:
    """A function's context in which every group PATCH takes ten seconds of the time that is left."""

    def __init__(self, world: World, seconds: int) -> None:
        self._world = world
        self._seconds = seconds
        self._before = 0
        self.function_name = "consumer"
        self.memory_limit_in_mb = 1024
        self.invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:consumer"
        self.aws_request_id = "00000000-0000-4000-8000-000000000000"

    def begin(self) -> None:
        """An invocation begins."""
        self._before = self._world.calls("PATCH", "groups")

    def get_remaining_time_in_millis(self) -> int:
        """What is left."""
        return (self._seconds - 10 * (self._world.calls("PATCH", "groups") - self._before)) * 1000


@pytest.mark.parametrize("kind", ["add", "remove"])
def test_a_long_sync_stops_in_time_and_goes_on(kind: str) -> None:
    """12 PATCHes of which five fit into an invocation: three receives, each after the other, nothing done twice."""
    world = World({"MEMBERS_PER_REQUEST": "10", "GROUP_REMOVAL_CEILING": "120"})
    users = world.provisioned(250)
    okta_id, genesys_id = world.linked_group("Agents", users[:130] if kind == "add" else users)
    context = ShrinkingContext(world, 60)
    world.context = context  # type: ignore[assignment] # of the same shape
    (world.okta.add_members if kind == "add" else world.okta.remove_members)(okta_id, users[130:])
    world.deliver()
    world.clock.advance(10)
    if kind == "remove":
        context.begin()
        assert world.work(Queue.GROUPS) is not None  # the first sight of so many
        world.clock.advance(60)
        world.send_dues()
        world.clock.advance(10)
    begun = world.clock.now()
    changed = []
    while world.queues.depth():
        context.begin()
        assert world.work(Queue.GROUPS) is not None  # at once, without waiting
        changed.append(len(world.members(genesys_id)))
    assert changed == ([180, 230, 250] if kind == "add" else [200, 150, 130])
    assert world.clock.now() == begun
    assert world.hold(okta_id) == ("", "", set())
    stopped = [entry for entry in world.journal(f"group:{okta_id}") if entry.outcome == "stopped"]
    assert len(stopped) == 2
    asked = 0 if kind == "add" else SINGLE_READS + 1
    assert all(entry.why == "time-budget" and len(entry.calls) == 3 + asked + 5 for entry in stopped)
    if kind == "remove":
        assert len(world.store.removals(f"group:{okta_id}", begun)) == 120
        world.okta.remove_members(okta_id, users[:1])
        world.happen()
        assert world.hold(okta_id) == ("open", "ceiling-count", {users[0]})
