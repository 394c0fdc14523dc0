"""What is due, through the real log poller: sent when its time has come, once, whatever fails between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import Transient
from bridge.items import Item, Queue, Reason
from bridge.provisioning.followups import LEAVER
from bridge.provisioning.records import Due
from tests.world import START, World

GROUP = "group:00gTeamNorth00000001"
PERSON = "user:00uAdaBrook000000001"
SOON = START + timedelta(minutes=5)


@pytest.fixture
def world() -> World:
    """A company without people."""
    return World()


def sent_by(world: World, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> list[Item]:
    """The items that reach the queues meanwhile, also those that a queue takes for duplicates."""
    found: list[Item] = []
    send = world.queues.send

    def noted(items: Sequence[Item]) -> None:
        found.extend(items)
        send(items)

    with monkeypatch.context() as patch:
        patch.setattr(world.queues, "send", noted)
        act()
    return found


def test_an_item_comes_when_its_time_has_come_and_no_earlier(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue is the entity's own, the reason a follow-up, and the item says what it was made of."""
    world.store.note_due(Due(GROUP, "new-member:00uAdaBrook000000001", SOON, tries=2))
    world.clock.advance(299)
    assert sent_by(world, monkeypatch, world.send_dues) == []
    world.clock.advance(1)
    [item] = sent_by(world, monkeypatch, world.send_dues)
    assert (item.entity, item.reason, item.queue) == (GROUP, Reason.FOLLOW_UP, Queue.GROUPS)
    assert (item.due, item.tries) == ("new-member:00uAdaBrook000000001", 2)
    assert world.store.dues() == []
    assert sent_by(world, monkeypatch, world.send_dues) == []


def test_each_entity_has_its_queue_and_leavers_have_theirs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two causes that are due for one user, the leaver's goes before everybody else's."""
    for entity, why in ((GROUP, "doubt"), (PERSON, "doubt"), (PERSON, LEAVER), ("app", "doubt")):
        world.store.note_due(Due(entity, why, START))
    queues = {(item.entity, item.due): item.queue for item in sent_by(world, monkeypatch, world.send_dues)}
    assert queues == {
        (GROUP, "doubt"): Queue.GROUPS,
        (PERSON, "doubt"): Queue.USERS,
        (PERSON, LEAVER): Queue.LEAVERS,
        ("app", "doubt"): Queue.USERS,
    }


def test_one_that_dies_before_it_forgets_sends_the_same_item(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record stays, the item is sent again, and the queue takes both for one."""
    world.store.note_due(Due(PERSON, LEAVER, START))
    with monkeypatch.context() as patch:

        def die(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(world.store, "settle_due", die)
        with pytest.raises(KeyboardInterrupt):
            world.send_dues()
    assert world.store.dues() == [Due(PERSON, LEAVER, START)]
    assert world.send_dues() == "ended"
    assert (world.queues.depth(), world.store.dues()) == (1, [])


def test_a_queue_that_refuses_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What no queue has taken stays due, and the next minute's call sends it."""
    world.store.note_due(Due(PERSON, LEAVER, START))
    with monkeypatch.context() as patch:

        def refuse(_items: Sequence[Item]) -> None:
            raise Transient("queues-refused", upstream="queues")

        patch.setattr(world.queues, "send", refuse)
        assert world.send_dues() == "queues-refused"
    assert world.store.dues() == [Due(PERSON, LEAVER, START)]
    assert world.send_dues() == "ended"
    assert world.queues.depth() == 1


def test_what_is_written_again_while_it_is_sent_stays(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync that is quicker than the sender writes the next time, and the sender forgets only its own."""
    due = Due(PERSON, LEAVER, START)
    later = replace(due, at=SOON, tries=1)
    world.store.note_due(due)
    send = world.queues.send

    def quick(items: Sequence[Item]) -> None:
        send(items)
        world.store.note_due(later)

    with monkeypatch.context() as patch:
        patch.setattr(world.queues, "send", quick)
        world.send_dues()
    assert world.store.dues() == [later]
