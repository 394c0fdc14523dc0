"""What becomes of each message of a batch: answered, parked, or back in its queue with the right delay."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord
from botocore.exceptions import ClientError

from bridge.consumer.failures import IMMEDIATE_RETURNS, ISOLATED_5XX_TRIES, REDRIVEN_5XX_TRIES, UNEXPECTED_TRIES
from bridge.errors import SettingsError, Transient
from bridge.items import Queue, Reason
from bridge.outbound.answer import LONGEST_WAIT
from bridge.provisioning.records import JournalEntry, ParkedItem
from bridge.provisioning.user_records import UserLink
from bridge_local.faults import Fault, before, cut, fields
from bridge_local.fifo import Message
from bridge_local.genesys import faults as genesys_faults
from bridge_local.memory import MemoryStore
from bridge_local.okta import faults as okta_faults
from tests.world import Context, StubSecrets, World


def messages(world: World, entity: str) -> list[Message]:
    """The messages of an entity that are in a queue."""
    return [message for queue in world.queues.queues.values() for message in queue.messages if message.group == entity]


def waits(world: World, entity: str) -> float:
    """Seconds until the entity's first message is visible."""
    return (messages(world, entity)[0].visible - world.clock.now()).total_seconds()


def failing_read(world: World, user: str, status: int = 500, count: int | None = None) -> Fault:
    """Okta fails to answer for one user."""
    fault = Fault(f"users/{user}$", okta_faults.refused(status), count=count)
    world.okta.faults.add(fault)
    return fault


def odd_status(world: World, user: str, count: int | None = None) -> Fault:
    """Okta shows one user in a status that it has no name for."""
    return world.okta.faults.add(Fault(f"users/{user}$", fields({"status": "ARCHIVED"}), count=count))


def well_formed(answer: Mapping[str, Any] | None) -> list[str]:
    """The failed message ids of an answer in the one form that Lambda understands."""
    assert answer is not None
    assert set(answer) == {"batchItemFailures"}
    for failure in answer["batchItemFailures"]:
        assert set(failure) == {"itemIdentifier"}
        assert isinstance(failure["itemIdentifier"], str)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


class FragileStore(MemoryStore):
    """A store that fails where it is told.

    Attributes:
        bug: the user whose sync meets an exception that nobody classified.
        throttled: methods that raise Transient.
    """

    bug: str = ""
    throttled: frozenset[str] = frozenset()

    def _check(self, method: str) -> None:
        if method in self.throttled:
            raise Transient("store-throttled", upstream="store")

    def begin_user_sync(self, okta_id: str) -> UserLink:
        """May be buggy."""
        if okta_id == self.bug:
            raise LookupError("Ada Brook, ada.brook@example.com")
        return super().begin_user_sync(okta_id)

    def park(self, parked: ParkedItem) -> None:
        """May be throttled."""
        self._check("park")
        super().park(parked)

    def write(self, entry: JournalEntry) -> None:
        """May be throttled."""
        self._check("write")
        super().write(entry)

    def open_hold_entities(self) -> list[str]:
        """May be throttled."""
        self._check("open_hold_entities")
        return super().open_hold_entities()


def fragile(people: int = 1) -> tuple[World, FragileStore, list[str]]:
    """A world with a fragile store, and people in it."""
    world = World()
    world.store = store = FragileStore()
    world.restart()
    return world, store, world.provisioned(people)


# ------------------------------------------------------------------------------------------- one sync an entity


def test_all_items_of_an_entity_in_a_batch_are_answered_by_one_sync() -> None:
    """Three items of one user and one of another in a batch: two syncs, and the journal names all items."""
    world = World()
    ada, ben = world.provisioned(2)
    items = [world.ask(f"user:{user}") for user in (ada, ben, ada, ada)]
    assert well_formed(world.work(Queue.USERS)) == []
    assert world.queues.depth() == 0
    assert [entry.items for entry in world.journal(f"user:{ada}")] == [(items[0].id, items[2].id, items[3].id)]
    assert len(world.journal(f"user:{ben}")) == 1


def test_a_failed_sync_answers_all_its_items_and_stops_nobody_else() -> None:
    """Okta fails for one user: both messages of that user go back with one delay, the others' are done."""
    world = World()
    ada, ben, cleo = world.provisioned(3)
    for user in (ada, ben, ada, cleo):
        world.ask(f"user:{user}")
    failing_read(world, ada)
    failed = well_formed(world.work(Queue.USERS))
    assert failed == [message.id for message in messages(world, f"user:{ada}")]
    assert len(failed) == 2
    assert len({message.visible for message in messages(world, f"user:{ada}")}) == 1
    assert [len(world.journal(f"user:{user}")) for user in (ada, ben, cleo)] == [1, 1, 1]
    assert not messages(world, f"user:{ben}")
    assert not messages(world, f"user:{cleo}")


def test_an_item_that_comes_twice_is_answered_from_its_record() -> None:
    """The same item sent again after SQS forgot it: no sync, no call, no journal entry."""
    world = World()
    (ada,) = world.provisioned(1)
    item = world.ask(f"user:{ada}")
    world.settle()
    asked = world.watch_okta()
    world.clock.advance(600)
    world.queues.send([item])
    assert world.queues.depth() == 1
    assert well_formed(world.work(Queue.USERS)) == []
    assert asked == []
    assert len(world.journal(f"user:{ada}")) == 1


def test_an_event_that_comes_twice_costs_a_read_of_its_entitys_record() -> None:
    """Delivered again after SQS forgot it: the person's own record says that a sync has seen what it says."""
    world = World()
    (ada,) = world.provisioned(1)
    world.okta.update_profile(ada, {"title": "Adviser"})
    (event,) = world.events()
    world.deliver([event])
    world.settle()
    asked = world.watch_okta()
    world.clock.advance(600)
    world.deliver([event])
    assert world.queues.depth() == 1
    world.settle()
    assert asked == []
    assert len(world.journal(f"user:{ada}")) == 1


def test_observe_mode_keeps_no_record_of_done_items() -> None:
    """In observe mode an item that comes twice is synced twice: nothing of it may count once enforced."""
    world = World({"MODE": "observe"})
    (ada,) = world.provisioned(1)
    item = world.ask(f"user:{ada}")
    world.settle()
    world.clock.advance(600)
    world.queues.send([item])
    world.settle()
    assert len(world.journal(f"user:{ada}")) == 2
    assert not world.idempotency.records


# ------------------------------------------------------------------------------------------- delays


@pytest.mark.parametrize(("receives", "least", "most"), [(1, 15, 30), (2, 30, 60), (4, 120, 240), (5, 150, 300)])
def test_the_backoff_doubles_to_five_minutes(receives: int, least: int, most: int) -> None:
    """The n-th failure waits half its backoff surely and the rest by chance: 30 s doubling to 5 min."""
    seen = set()
    for seed in range(8):
        world = World(seed=seed)
        (ada,) = world.provisioned(1)
        world.ask(f"user:{ada}")
        failing_read(world, ada)
        messages(world, f"user:{ada}")[0].receives = receives - 1
        assert len(well_formed(world.work(Queue.USERS))) == 1
        seen.add(waits(world, f"user:{ada}"))
    assert min(seen) >= least
    assert max(seen) <= most
    assert len(seen) > 4


def test_the_local_stack_may_be_quicker() -> None:
    """BACKOFF_SECONDS and BACKOFF_LIMIT_SECONDS set the range."""
    world = World({"BACKOFF_SECONDS": "2", "BACKOFF_LIMIT_SECONDS": "4"})
    (ada,) = world.provisioned(1)
    world.ask(f"user:{ada}")
    failing_read(world, ada)
    messages(world, f"user:{ada}")[0].receives = 50
    world.work(Queue.USERS)
    assert 2 <= waits(world, f"user:{ada}") <= 4


@pytest.mark.parametrize(("asked", "waited"), [(100, 100), (1, 15), (500_000, LONGEST_WAIT)])
def test_what_the_other_side_asks_for_is_honoured(asked: int, waited: int) -> None:
    """A 429's Retry-After is the least to wait, up to three minutes; a short one does not shorten the backoff."""
    world = World()
    ada = world.person("Ada Brook")
    world.genesys.faults.add(Fault("scim", genesys_faults.rate_limited(asked)))
    world.deliver()
    world.work(Queue.USERS)
    assert waits(world, f"user:{ada}") >= waited
    assert waits(world, f"user:{ada}") <= max(waited, 30)


def test_an_item_read_too_early_comes_back_once() -> None:
    """Okta's read was closer to the event than its read lag: synced, and once more after it; then never again."""
    world = World()
    ada = world.person("Ada Brook")
    world.deliver(after=1.0)
    assert len(well_formed(world.work(Queue.USERS))) == 1
    assert world.account(ada)["active"] is True
    assert 4 <= waits(world, f"user:{ada}") <= 6
    world.clock.advance(waits(world, f"user:{ada}"))
    assert well_formed(world.work(Queue.USERS)) == []
    assert world.queues.depth() == 0
    assert world.calls("POST") == 1
    assert not world.idempotency.records


def test_an_event_from_the_future_is_synced_once() -> None:
    """A `published` far ahead of Okta's own clock is no read lag: it does not keep an item in its queue."""
    world = World()
    world.person("Ada Brook")
    events = world.events()
    for event in events:
        event["published"] = "2026-11-24T23:00:00.000Z"
    world.deliver(events)
    assert well_formed(world.work(Queue.USERS)) == []


def test_what_there_was_no_time_for_comes_back_at_once_a_hundred_times() -> None:
    """Items not started for lack of time are visible at once up to 100 receives, then after 30 s."""
    world = World()
    ada, ben = world.provisioned(2)
    for user in (ada, ben):
        world.ask(f"user:{user}")
    world.context = Context(milliseconds=14_999)
    for receive in range(1, IMMEDIATE_RETURNS + 3):
        assert len(well_formed(world.work(Queue.USERS))) == 2
        wait = 0 if receive <= IMMEDIATE_RETURNS else 30
        assert [waits(world, f"user:{user}") for user in (ada, ben)] == [wait, wait]
        world.clock.advance(wait)
    assert not world.store.journal
    assert not world.store.parked
    world.context = Context(milliseconds=15_000)
    world.settle()
    assert len(world.store.journal) == 2


class RefusingQueue:
    """SQS that changes no visibility: it raises, or answers that it failed."""

    def __init__(self, *, raises: bool) -> None:
        self._raises = raises

    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """As boto3's."""
        if self._raises:
            raise ClientError({"Error": {"Code": "RequestThrottled", "Message": QueueUrl}}, "ChangeMessageVisibility")
        return {"Successful": [], "Failed": [{"Id": entry["Id"], "Code": "InternalError"} for entry in Entries]}


@pytest.mark.parametrize("raises", [True, False])
def test_a_visibility_that_cannot_be_changed_costs_only_time(raises: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """SQS refuses the delays: the answer stands, a metric counts them, the queue's own timeout brings them back."""
    world = World()
    (ada,) = world.provisioned(1)
    change = RefusingQueue(raises=raises).change_message_visibility_batch
    world.queues.change_message_visibility_batch = change  # type: ignore[method-assign] # SQS refuses
    world.ask(f"user:{ada}")
    failing_read(world, ada, count=1)
    assert len(well_formed(world.work(Queue.USERS))) == 1
    assert '"VisibilityRefused":[1.0]' in capsys.readouterr().out.replace(" ", "")
    assert waits(world, f"user:{ada}") == 12 * 60
    world.settle()
    assert world.queues.depth() == 0


# ------------------------------------------------------------------------------------------- parking


def test_a_permanent_failure_is_parked_at_once_and_can_be_redriven() -> None:
    """An odd status: parked, its record removed, others go on; the very same message later is synced again."""
    world = World()
    ada, ben = world.provisioned(2)
    odd_status(world, ada)
    item = world.ask(f"user:{ada}")
    world.ask(f"user:{ben}")
    assert well_formed(world.work(Queue.USERS)) == []
    (parked,) = world.store.parked.values()
    assert (parked.entity, parked.item_id, parked.reason, parked.body) == (
        f"user:{ada}",
        item.id,
        "status-not-known",
        item.to_json(),
    )
    assert world.last(f"user:{ada}").outcome == "failed"
    assert world.last(f"user:{ben}").outcome == "updated"
    world.okta.faults.clear()
    world.clock.advance(600)
    world.queues.put(Queue.USERS, parked.entity, parked.item_id, parked.body)
    world.settle()
    assert world.last(f"user:{ada}").outcome == "updated"
    assert not world.store.parked


def test_every_item_of_a_parked_sync_is_answered_by_one_record() -> None:
    """Two items of the entity in the batch: one cause is kept, with the last item; none is recorded as done."""
    world = World()
    (ada,) = world.provisioned(1)
    failing_read(world, ada, status=400)
    items = [world.ask(f"user:{ada}") for _ in range(2)]
    world.settle()
    assert [kept.item_id for kept in world.store.parked.values()] == [items[-1].id]
    assert not world.idempotency.records


def test_a_sync_that_reads_nothing_closes_nothing() -> None:
    """An event out of scope ends without a call or an entry: what is parked for the entity stays parked."""
    world = World()
    user = world.person("Ola Outsider", assigned=False)
    world.happen()
    parked = ParkedItem(f"user:{user}", "item-1", "{}", "user-not-visible", "", world.clock.now())
    world.store.park(parked)
    world.okta.update_profile(user, {"title": "Guest"})
    world.happen()
    assert world.journal(f"user:{user}") == []
    assert list(world.store.parked.values()) == [parked]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("Ada Brook", id="no JSON"),
        pytest.param("[]", id="no object"),
        pytest.param('{"v":99,"id":"x","entity":"user:00uexample000000001","reason":"hook","events":[]}', id="version"),
        pytest.param('{"v":1,"id":"x","entity":"nobody","reason":"hook"}', id="entity"),
        pytest.param('{"v":1,"id":"x","entity":"app","reason":"whim"}', id="reason"),
    ],
)
def test_what_is_no_item_is_parked_under_its_message_group(body: str) -> None:
    """A body that this version cannot read is kept as it is, and a later sync of its entity ends it."""
    world = World()
    (ada,) = world.provisioned(1)
    world.queues.put(Queue.USERS, f"user:{ada}", "one", body)
    assert well_formed(world.work(Queue.USERS)) == []
    assert world.queues.depth() == 0
    (kept,) = world.store.parked.values()
    assert (kept.entity, kept.item_id, kept.reason, kept.body) == (
        f"user:{ada}",
        "message-1",
        "unreadable-item",
        body,
    )
    assert not world.store.journal
    world.ask(f"user:{ada}")
    world.settle()
    assert not world.store.parked


def test_an_unreadable_message_does_not_stop_its_group() -> None:
    """In one batch with an item of the same entity, the item is synced."""
    world = World()
    (ada,) = world.provisioned(1)
    world.queues.put(Queue.USERS, f"user:{ada}", "one", "no item")
    world.ask(f"user:{ada}")
    assert well_formed(world.work(Queue.USERS)) == []
    assert world.last(f"user:{ada}").outcome == "updated"


def test_an_exception_nobody_classified_is_tried_five_times(caplog: pytest.LogCaptureFixture) -> None:
    """A bug in one user's sync: five tries with backoff, then parked by its type alone; others never notice."""
    world, store, (ada, ben) = fragile(2)
    store.bug = ada
    item = world.ask(f"user:{ada}")
    world.ask(f"user:{ben}")
    for receive in range(1, UNEXPECTED_TRIES):
        failed = well_formed(world.work(Queue.USERS))
        assert len(failed) == 1
        assert 15 * 2 ** (receive - 1) <= waits(world, f"user:{ada}") <= 30 * 2 ** (receive - 1)
        world.clock.advance(waits(world, f"user:{ada}"))
    assert well_formed(world.work(Queue.USERS)) == []
    assert [(kept.item_id, kept.reason, kept.detail) for kept in store.parked.values()] == [
        (item.id, "unexpected", "LookupError")
    ]
    assert world.last(f"user:{ben}").outcome == "updated"
    said = caplog.text + repr(store.journal) + repr(store.parked)
    assert "Brook" not in said
    assert "ada.brook" not in said


# ------------------------------------------------------------------------------------------- isolated server errors


def tries_until_parked(world: World, entity: str, others: list[str], limit: int) -> int:
    """Receives of the entity's message until it is parked, `limit` at most; the others are synced before each."""
    for receive in range(1, limit + 1):
        for user in others:
            world.ask(f"user:{user}")
        while world.work(Queue.USERS) is not None:
            pass
        if not messages(world, entity):
            return receive
        world.clock.advance(max(waits(world, entity), 0))
    return limit


def test_a_server_error_of_one_entity_alone_is_parked_after_twenty_tries() -> None:
    """While another user's reads go well, the user for whom Okta always answers 500 is parked at the 20th receive."""
    world = World()
    ada, ben = world.provisioned(2)
    failing_read(world, ada)
    world.ask(f"user:{ada}")
    assert tries_until_parked(world, f"user:{ada}", [ben], 30) == ISOLATED_5XX_TRIES
    (kept,) = world.store.parked.values()
    assert (kept.entity, kept.reason) == (f"user:{ada}", "server-error-here-only")
    assert kept.detail.startswith("okta-500 oae")


def test_what_was_parked_for_a_server_error_is_parked_again_after_three_tries() -> None:
    """Somebody has sent it again and waits for an answer: it does not take twenty tries, nor another user's success."""
    world = World()
    (ada,) = world.provisioned(1)
    failing_read(world, ada)
    world.store.park(ParkedItem(f"user:{ada}", "before", "{}", "server-error-here-only", "okta-500", world.clock.now()))
    again = world.ask(f"user:{ada}", Reason.REDRIVE)
    assert tries_until_parked(world, f"user:{ada}", [], 30) == REDRIVEN_5XX_TRIES
    assert [(kept.item_id, kept.reason) for kept in world.store.parked.values()] == [
        (again.id, "server-error-here-only")
    ]


def test_a_server_error_with_nobody_to_compare_with_is_never_parked() -> None:
    """Nothing else happens: whether the user or the whole of Okta fails cannot be told, so the item waits."""
    world = World()
    (ada,) = world.provisioned(1)
    failing_read(world, ada)
    world.ask(f"user:{ada}")
    assert tries_until_parked(world, f"user:{ada}", [], 40) == 40
    assert not world.store.parked


def test_what_went_well_long_ago_proves_nothing() -> None:
    """Another user's read went well before the first failure, and nobody's since: that may be an outage by now."""
    world = World()
    ada, ben = world.provisioned(2)
    world.ask(f"user:{ben}")
    world.settle()
    failing_read(world, ada)
    world.ask(f"user:{ada}")
    assert tries_until_parked(world, f"user:{ada}", [], 40) == 40
    assert not world.store.parked


def test_others_whose_calls_go_elsewhere_prove_nothing() -> None:
    """Every PATCH of users fails; syncs that only read, of users or groups, do not make the failing ones isolated."""
    world = World()
    ada, ben = world.provisioned(2)
    world.happen()
    world.ask(f"user:{ben}")
    world.settle()
    world.genesys.faults.add(Fault("PATCH .*users", genesys_faults.refused(503)))
    world.ask(f"user:{ada}")
    assert tries_until_parked(world, f"user:{ada}", [ben], 30) == 30
    assert world.last(f"user:{ben}").outcome == "unchanged"
    assert not world.store.parked


def test_where_three_fail_the_upstream_is_at_fault() -> None:
    """Three users fail alike while others go well: an upstream in trouble, nobody is parked; two are isolated."""
    for failing, parked in ((3, 0), (2, 2)):
        world = World()
        *failed, well = world.provisioned(failing + 1)
        for user in failed:
            failing_read(world, user)
            world.ask(f"user:{user}")
        tries_until_parked(world, f"user:{failed[0]}", [well], 30)
        tries_until_parked(world, f"user:{failed[1]}", [well], 30)
        assert len(world.store.parked) == parked


def test_a_connection_that_breaks_is_never_parked() -> None:
    """No answer at all is no answer about this entity."""
    world = World()
    ada, ben = world.provisioned(2)
    world.okta.faults.add(Fault(f"users/{ada}$", cut()))
    world.ask(f"user:{ada}")
    assert tries_until_parked(world, f"user:{ada}", [ben], 30) == 30
    assert not world.store.parked


# ------------------------------------------------------------------------------------------- idempotency records


class Killed(BaseException):
    """The function is killed in the middle of a sync."""


def test_a_function_that_is_killed_leaves_an_item_that_is_done_later() -> None:
    """The record says in progress: a message that comes back too soon waits until the lease is over."""
    world = World()
    (ada,) = world.provisioned(1)
    world.ask(f"user:{ada}")

    def die() -> None:
        raise Killed

    world.genesys.faults.add(Fault("", before(die), count=1))
    with pytest.raises(Killed):
        world.work(Queue.USERS)
    assert [record.status for record in world.idempotency.records.values()] == ["INPROGRESS"]
    message = messages(world, f"user:{ada}")[0]
    message.visible = world.clock.now()
    assert len(well_formed(world.work(Queue.USERS))) == 1
    assert 30 <= waits(world, f"user:{ada}") <= 60
    assert not world.journal(f"user:{ada}")
    world.clock.advance(121)
    assert well_formed(world.work(Queue.USERS)) == []
    assert world.last(f"user:{ada}").outcome == "updated"


def test_an_idempotency_table_that_fails_costs_only_time() -> None:
    """Without the record no sync is made; when the table is back, it is."""
    world = World()
    (ada,) = world.provisioned(1)
    put = world.idempotency._put_record

    def throttled(_record: DataRecord) -> None:
        """The table is out of reach."""
        raise ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "PutItem")

    world.idempotency._put_record = throttled  # type: ignore[method-assign, assignment] # the table fails
    world.ask(f"user:{ada}")
    for _ in range(30):
        assert len(well_formed(world.work(Queue.USERS))) == 1
        world.clock.advance(waits(world, f"user:{ada}"))
    assert not world.journal(f"user:{ada}")
    assert not world.store.parked
    world.idempotency._put_record = put  # type: ignore[method-assign] # the table is back
    world.settle()
    assert world.last(f"user:{ada}").outcome == "updated"


# ------------------------------------------------------------------------------------------- store and secrets


def test_an_item_that_cannot_be_parked_waits() -> None:
    """The table is throttled when an item should be parked: the message comes back after a backoff, then is parked."""
    world, store, (ada,) = fragile()
    store.throttled = frozenset({"park"})
    failing_read(world, ada, status=400)
    world.ask(f"user:{ada}")
    world.queues.put(Queue.GROUPS, "group:00gexample000000001", "one", "no item")
    assert len(well_formed(world.work(Queue.USERS))) == 1
    assert 15 <= waits(world, f"user:{ada}") <= 30
    world.clock.advance(10)
    assert len(well_formed(world.work(Queue.GROUPS))) == 1
    assert 15 <= waits(world, "group:00gexample000000001") <= 30
    store.throttled = frozenset()
    world.settle()
    assert {kept.reason for kept in store.parked.values()} == {"okta-400", "unreadable-item"}


def test_a_journal_that_cannot_be_written_brings_the_item_back() -> None:
    """A sync whose account is lost is made again; a failed one goes back all the same."""
    world, store, (ada, ben) = fragile(2)
    store.throttled = frozenset({"write"})
    failing_read(world, ben, count=1)
    for user in (ada, ben):
        world.ask(f"user:{user}")
    assert len(well_formed(world.work(Queue.USERS))) == 2
    assert not store.journal
    store.throttled = frozenset()
    world.settle()
    assert [world.last(f"user:{user}").outcome for user in (ada, ben)] == ["unchanged", "updated"]


def test_a_missing_secret_brings_every_item_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before `bridge setup`, or after a secret was emptied: items wait for hours unparked, then all is done."""
    world = World()
    users = world.provisioned(3)
    get = StubSecrets.get

    def empty(self: StubSecrets, key: str) -> str:
        """The secret lacks what Genesys Cloud needs."""
        if key.startswith("genesys"):
            raise SettingsError(f"not set up: the secret has no {key}")
        return get(self, key)

    monkeypatch.setattr(StubSecrets, "get", empty)
    for user in users:
        world.ask(f"user:{user}")
    world.pass_time(hours=6)
    assert world.queues.depth() == 3
    assert not world.store.parked
    assert {entry.why for entry in world.store.journal} == {"SettingsError"}
    assert '"AuthFailures"' in capsys.readouterr().out
    monkeypatch.setattr(StubSecrets, "get", get)
    world.settle()
    assert [world.last(f"user:{user}").outcome for user in users] == ["updated"] * 3


def test_what_waits_for_a_person_is_told_when_it_changes(capsys: pytest.CaptureFixture[str]) -> None:
    """Open holds and parked items are told after each change; failing to count them fails no message."""
    world, store, (ada,) = fragile()

    def told() -> list[tuple[int, int]]:
        """Holds and parked items, as each batch told them."""
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
        holds = [line["HoldsOpen"][0] for line in lines if "HoldsOpen" in line]
        return list(zip(holds, [line["ParkedOpen"][0] for line in lines if "ParkedOpen" in line], strict=True))

    store.throttled = frozenset({"open_hold_entities"})
    world.ask(f"user:{ada}")
    world.settle()
    assert told() == []
    store.throttled = frozenset()
    fault = odd_status(world, ada, count=1)
    world.ask(f"user:{ada}")
    world.settle()
    assert fault.count == 0
    assert told() == [(0, 1)]
    world.ask(f"user:{ada}")
    world.settle()
    world.ask(f"user:{ada}")
    world.settle()
    assert told() == [(0, 0)]


def test_each_queue_gets_its_own_delays() -> None:
    """Failures in all three queues are given their visibility in their own queue."""
    world = World({"LINKED_GROUPS": "Agents"})
    (ada,) = world.provisioned(1)
    group = world.okta.create_group("Agents")
    world.events()
    world.okta.faults.add(Fault("/api/v1/", okta_faults.refused(503)))
    world.ask(f"user:{ada}", queue=Queue.LEAVERS)
    world.ask("app")
    world.ask(f"group:{group}")
    world.clock.advance(10)
    for queue, entity in ((Queue.LEAVERS, f"user:{ada}"), (Queue.USERS, "app"), (Queue.GROUPS, f"group:{group}")):
        assert len(well_formed(world.work(queue))) == 1
        assert 15 <= waits(world, entity) <= 30


def test_items_of_every_kind_and_reason_are_read() -> None:
    """What another part of the bridge sends, the consumer understands: each reason, each kind of entity."""
    world = World()
    (ada,) = world.provisioned(1)
    entities = (f"user:{ada}", "app", f"group:{'0' * 20}")
    sent = [world.ask(entity, reason) for entity in entities for reason in Reason]
    world.settle()
    answered = {item for entry in world.store.journal for item in entry.items}
    assert {item.entity for item in sent if item.id not in answered} <= {entities[-1]}  # in scope of nothing
    assert world.queues.depth() == 0
    assert not world.store.parked
