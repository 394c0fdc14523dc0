"""The breaker in the consumer: what opens it and what does not, whom it stops, and what waiting may not use up."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bridge.consumer.failures import ISOLATED_5XX_TRIES, UNEXPECTED_TRIES
from bridge.errors import Transient
from bridge.items import Queue, Reason, parse_item
from bridge.outbound.breaker import LEASE, LONGEST_WAIT
from bridge.provisioning.records import Breaker
from bridge.provisioning.user_records import UserLink
from bridge_local.faults import Fault, before, fields
from bridge_local.fifo import Message
from bridge_local.genesys import faults as genesys_faults
from bridge_local.memory import MemoryStore
from bridge_local.okta import faults as okta_faults
from tests.world import World

pytestmark = pytest.mark.proof


def outage(world: World, path: str = "") -> Fault:
    """Genesys Cloud answers 503."""
    return world.genesys.faults.add(Fault(path, genesys_faults.refused(503)))


def waiting(world: World) -> list[Message]:
    """Every message in a queue."""
    return [message for queue in world.queues.queues.values() for message in queue.messages]


def opened(world: World, count: int = 3) -> list[str]:
    """Users whose changes have opened Genesys Cloud's breaker."""
    users = world.provisioned(count)
    outage(world)
    for user in users:
        world.ask(f"user:{user}")
    world.pass_time(hours=0.01)
    assert world.store.breaker("genesys").open
    return users


@pytest.mark.parametrize(("days", "minutes"), [(4, 20), (13, 80)])
def test_days_of_it_reach_no_dead_letter(days: int, minutes: int) -> None:
    """A weekend, or nearly all the time that SQS keeps a message: it is received often enough, and never 1000 times."""
    world = World()
    users = opened(world)
    world.okta.deactivate(users[0])
    world.deliver()
    world.pass_time(hours=24 * days)
    assert max(message.receives for message in waiting(world)) < 1000
    assert not world.queues.dead_letters
    world.genesys.faults.clear()
    world.pass_time(hours=(minutes * 60 + LEASE) / 3600)
    assert world.account(users[0])["active"] is False
    world.settle()
    assert not world.store.parked


def test_poison_is_parked_at_once_while_others_wait_and_while_they_go_on() -> None:
    """A body that nobody can read needs no upstream; an odd user is parked by the first sync."""
    world = World()
    user, bad, _ = opened(world, 3)
    world.queues.put(Queue.USERS, f"user:{user}x", "one", "no item")
    world.okta.faults.add(Fault(f"users/{bad}$", fields({"status": "ARCHIVED"})))
    world.deliver()
    world.work(Queue.USERS)
    assert world.parked(f"user:{user}x") == ["unreadable-item"]
    world.pass_time(hours=24)
    assert not world.parked(f"user:{bad}")
    world.genesys.faults.clear()
    world.pass_time(hours=0.2)
    assert world.parked(f"user:{bad}") == ["status-not-known"]
    assert world.queues.depth() == 0
    assert world.last(f"user:{user}").outcome == "updated"


class Buggy(MemoryStore):
    """A store with a bug for one user.

    Attributes:
        bug: the user.
        tries: how often it was met.
    """

    bug: str = ""
    tries: int = 0

    def begin_user_sync(self, okta_id: str) -> UserLink:
        """Fail for one user."""
        if okta_id == self.bug:
            self.tries += 1
            raise LookupError
        return super().begin_user_sync(okta_id)


def test_waiting_burns_no_tries_of_an_unexpected_error() -> None:
    """After hundreds of receives that only waited, an exception that nobody classified still has its five tries."""
    world = World()
    world.store = store = Buggy()
    world.restart()
    user = opened(world)[0]
    world.pass_time(hours=24)
    assert max(message.receives for message in waiting(world)) > ISOLATED_5XX_TRIES
    store.bug = user
    world.genesys.faults.clear()
    world.settle()
    assert world.parked(f"user:{user}") == ["unexpected"]
    assert store.tries == UNEXPECTED_TRIES


@pytest.mark.parametrize("others", [0, 1])
def test_one_bad_entity_never_opens_it(others: int) -> None:
    """Genesys Cloud answers 503 for one user, all day, whether others are served or nothing else happens."""
    world = World()
    users = world.provisioned(1 + others)
    genesys_id = world.store.user_links[users[0]].genesys_id
    outage(world, path=genesys_id)
    world.okta.update_profile(users[0], {"title": "Adviser"})
    world.deliver()
    for _ in range(24):
        for user in users[1:]:
            world.ask(f"user:{user}")
        world.pass_time(hours=1)
        assert world.store.breaker("genesys") == Breaker("genesys")


def test_bad_entities_among_served_ones_do_not_open_it() -> None:
    """Five users meet 503 while others are served in between."""
    world = World()
    users = world.provisioned(10)
    for user in users[::2]:
        outage(world, path=world.store.user_links[user].genesys_id)
    for user in users:
        world.ask(f"user:{user}")
    world.work(Queue.USERS)
    assert world.store.breaker("genesys") == Breaker("genesys")


def test_a_leaver_does_not_wait_for_what_groups_lack() -> None:
    """The client may not read groups, so that their items open the breaker again and again: a leaver probes itself."""
    world = World()
    (leaver,) = world.provisioned(1)
    for number in range(4):
        world.linked_group(f"Team {number}", [])
    world.genesys.faults.add(Fault("/groups", genesys_faults.refused(403)))
    for link in world.store.groups():
        world.ask(f"group:{link.okta_id}")
    world.pass_time(hours=1)
    before = world.store.breaker("genesys").since
    for _ in range(1200):
        breaker = world.store.breaker("genesys")
        if breaker.open and breaker.since != before:
            break
        world.pass_time(hours=1 / 3600)
    assert (breaker.open, breaker.wait) == (True, LONGEST_WAIT)
    world.okta.deactivate(leaver)
    world.deliver()
    world.pass_time(hours=(LEASE + 1) / 3600)
    assert world.account(leaver)["active"] is False


def test_an_upstream_that_comes_and_goes() -> None:
    """Three minutes up, five minutes down, for hours: few calls are wasted, and all are served at last."""
    world = World()
    users = world.provisioned(12)
    world.deliver()
    failures = 0
    for round_ in range(30):
        fault = outage(world)
        for user in users:
            world.okta.update_profile(user, {"title": f"Adviser {round_}"})
        world.deliver()
        called = len(world.genesys.calls)
        world.pass_time(hours=5 / 60)
        failures += len(world.genesys.calls) - called
        world.genesys.faults.remove(fault)
        world.pass_time(hours=3 / 60)
    world.settle()
    assert failures < 30 * 12
    assert {world.account(user)["title"] for user in users} == {"Adviser 29"}
    assert not world.store.parked
    assert not world.queues.dead_letters


class Killed(BaseException):
    """The function ends here, and answers nothing."""


def test_a_function_that_dies_while_it_probes() -> None:
    """Its lease ends, another item's function probes, and its own message comes back when SQS shows it again."""
    world = World()
    users = opened(world, 4)
    world.genesys.faults.clear()

    def die() -> None:
        raise Killed

    world.genesys.faults.add(Fault("serviceproviderconfig", before(die), count=1))
    with pytest.raises(Killed):
        world.settle()
    world.restart()
    died = world.clock.now()
    assert world.store.breaker("genesys").open
    world.settle()
    assert world.clock.now() - died < timedelta(seconds=720 + LONGEST_WAIT)
    assert {world.last(f"user:{user}").outcome for user in users} == {"updated"}
    assert not world.store.parked


class Forgetful(MemoryStore):
    """A store that can neither read nor write what a breaker is."""

    def breaker(self, upstream: str) -> Breaker:
        """Out of reach."""
        raise Transient("store-throttling", upstream="store", detail=upstream)

    def save_breaker(self, breaker: Breaker) -> bool:
        """Out of reach."""
        raise Transient("store-throttling", upstream="store", detail=breaker.upstream)


def test_without_its_store_items_wait_as_if_there_were_no_breaker() -> None:
    """Hours of 503, and the breaker cannot be kept: backoff alone, nothing parked, nothing lost."""
    world = World()
    world.store = Forgetful()
    world.restart()
    users = world.provisioned(5)
    fault = outage(world)
    for user in users:
        world.ask(f"user:{user}")
    world.pass_time(hours=6)
    assert len(waiting(world)) == 5
    world.genesys.faults.remove(fault)
    world.settle()
    assert {world.last(f"user:{user}").outcome for user in users} == {"updated"}
    assert not world.store.parked


def test_redriven_after_twenty_days_only_the_truth_counts() -> None:
    """What was parked, and the very message, come back when all is different: nothing old comes alive again."""
    world = World()
    ada, ben = world.provisioned(2)
    group, genesys_group = world.linked_group("Agents", [ada, ben])
    world.okta.faults.add(Fault(f"users/{ada}$", okta_faults.refused(400)))
    world.okta.update_profile(ada, {"title": "Adviser"})
    world.okta.update_profile(ben, {"title": "Adviser"})
    old = [message.body for message in sent(world)]
    world.settle()
    (parked,) = world.store.parked.values()
    world.okta.faults.clear()
    world.okta.update_profile(ada, {"title": "Owner"})
    world.okta.deactivate(ada)
    world.okta.unassign_user(ben)
    world.okta.remove_members(group, [ada])
    world.happen()
    world.okta.assign_user(ben)
    world.okta.update_profile(ben, {"title": "Lead"})
    world.happen()
    before = world.accounts(), world.members(genesys_group), world.calls("PATCH"), world.calls("POST")
    world.clock.advance(20 * 24 * 3600)
    world.restart()
    world.idempotency.records.clear()
    for number, body in enumerate([parked.body, *old]):
        item = parse_item(body)
        world.queues.put(item.queue, item.entity, f"again {number}", body)
    world.ask(f"user:{ada}", Reason.REDRIVE)
    world.ask(f"user:{ben}", Reason.REDRIVE)
    world.ask(f"group:{group}", Reason.REDRIVE)
    world.settle()
    after = world.accounts(), world.members(genesys_group), world.calls("PATCH"), world.calls("POST")
    assert after[1:] == before[1:]
    assert after[0] == before[0]
    assert not world.store.parked


def sent(world: World) -> list[Message]:
    """The messages that the events since the last time have become."""
    world.deliver()
    return waiting(world)


def test_what_waits_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """The metric counts what was put off, and refused credentials are told as long as they are refused."""
    world = World()
    users = world.provisioned(3)
    world.okta.switches.role_missing = True
    for user in users:
        world.ask(f"user:{user}")
    world.pass_time(hours=1)
    capsys.readouterr()
    world.pass_time(hours=1)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert sum(1 for line in lines if "BreakerOpen" in line) >= 3 * 12
    assert {line["upstream"] for line in lines if "AuthFailures" in line} == {"okta"}
    assert sum(1 for line in lines if "AuthFailures" in line) >= 10
