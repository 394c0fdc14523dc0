"""A company on a virtual clock: the real handlers, as many environments as the template has, budgets enforced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from benchmarks.bench.queues import IndexedQueues
from benchmarks.bench.virtual import VirtualTime
from bridge.aws.budgets import SHARE
from bridge.aws.dependencies import Dependencies
from bridge.aws.store.pace import DynamoPace, HeaderPace
from bridge.consumer.settings import ConsumerSettings
from bridge.items import Queue
from bridge.provisioning import scim
from bridge.provisioning.fingerprints import Fingerprints
from bridge.provisioning.ports import Pace
from bridge.provisioning.record_ports import Store
from bridge.provisioning.values import OktaUser
from bridge_local.exchange import Request, Response
from bridge_local.okta.switches import WORKFORCE
from bridge_local.template import Template
from tests.simulation.services import Service, ServiceTransport
from tests.world import Countdown, World

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: Seconds that a call takes; assumptions, since no model can tell them.
OKTA_SECONDS, GENESYS_SECONDS, STORE_SECONDS, QUEUE_SECONDS = 0.10, 0.15, 0.005, 0.02
#: How often an idle poller asks its queue: Lambda's long polls see a message at once, give or take this.
POLL_SECONDS = 0.2
#: What a credential may call a minute, and how long a consumer may run, as the template has it.
GENESYS_PER_MINUTE, FUNCTION_SECONDS = 300, 120
#: How long the log poller and the reconciler may run, and how often the reconciler is called, likewise.
POLLER_SECONDS, RECONCILER_SECONDS, RECONCILE_TICK_SECONDS = 240, 900, 300


class Slow(Service):
    """A model behind a network that takes its time."""

    def __init__(self, handle: Callable[[Request], Response], clock: VirtualTime, seconds: float) -> None:
        """Every answer comes `seconds` after its request; half of them pass before the model sees it."""
        self._handle = handle
        self._clock = clock
        self._half = seconds / 2
        self.asked = self.refused = 0

    def answer(self, request: Request) -> Response:
        """The model's answer, later."""
        self.asked += 1
        self._clock.advance(self._half)
        answer = self._handle(request)
        self.refused += answer.status == HTTPStatus.TOO_MANY_REQUESTS
        self._clock.advance(self._half)
        return answer


class CountedStore:
    """The store, with the time that its calls take and how many there were, by name."""

    def __init__(self, store: Any, clock: VirtualTime, calls: Counter[str]) -> None:
        self._store = store
        self._clock = clock
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        """A method of the store."""
        method = getattr(self._store, name)

        def call(*values: Any, **named: Any) -> Any:
            self._calls[name] += 1
            self._clock.advance(STORE_SECONDS)
            return method(*values, **named)

        return call


class PaceRecords:
    """The part of a DynamoDB client that the budgets use."""

    def __init__(self, clock: VirtualTime, calls: Counter[str]) -> None:
        self._clock = clock
        self._calls = calls
        self._items: dict[str, dict[str, Any]] = {}

    def batch_get_item(self, *, RequestItems: Mapping[str, Any], **_: object) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """As boto3's client."""
        self._calls["budgets read"] += 1
        self._clock.advance(STORE_SECONDS)
        ((table, asked),) = RequestItems.items()
        return {"Responses": {table: [self._items[key] for key in map(str, asked["Keys"]) if key in self._items]}}

    def get_item(self, *, Key: Mapping[str, Any], **_: object) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """As boto3's client."""
        self._calls["budget read"] += 1
        self._clock.advance(STORE_SECONDS)
        item = self._items.get(str(Key))
        return {} if item is None else {"Item": item}

    def put_item(self, *, Item: dict[str, Any], ExpressionAttributeValues: Mapping[str, Any], **_: object) -> object:  # noqa: N803 - boto3's names
        """As boto3's client."""
        self._calls["budget write"] += 1
        self._clock.advance(STORE_SECONDS)
        key = str({name: Item[name] for name in ("pk", "sk")})
        kept = self._items.get(key)
        if kept is not None and kept["version"] != ExpressionAttributeValues[":read"]:
            raise ClientError({"Error": {"Code": "ConditionalCheckFailedException"}}, "PutItem")
        self._items[key] = Item
        return {}


@dataclass
class Company(World):
    """One company, its events, and the bridge's environments as the template has them.

    Attributes:
        per_minute: Genesys Cloud calls a minute, as the bridge is set and as Genesys Cloud enforces.
        store_calls: calls to the store and to the budgets' records, by name.
    """

    clock: VirtualTime = field(default_factory=VirtualTime)
    per_minute: int = GENESYS_PER_MINUTE
    store_calls: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.variables.setdefault("GENESYS_REQUESTS_PER_MINUTE", str(self.per_minute))
        super().__post_init__()
        self.store.note_none_parked(0)  # as catch-up has found it
        self.genesys_switches.token_per_minute = self.per_minute
        self.okta.switches.rate_limits = dict(WORKFORCE)
        self.queues = self.indexed = IndexedQueues(self.clock.now)
        self._budgets = cast("DynamoDBClient", PaceRecords(self.clock, self.store_calls))
        self.okta_service = Slow(self.okta.handle, self.clock, OKTA_SECONDS)
        self.genesys_service = Slow(self.genesys.handle, self.clock, GENESYS_SECONDS)
        self.receiver = self.new_receiver(self.queues)
        for queue, environments in self.concurrency().items():
            for _ in range(environments):
                self.clock.start(partial(self._work, queue))
        self.clock.start(self._poll_log)
        self.clock.start(self._reconcile)

    def restart(self) -> None:
        """Nothing: each environment is made by its own process."""

    def concurrency(self) -> Mapping[Queue, int]:
        """How many environments of the consumer each queue has at most, by the template."""
        row = Template().document["Mappings"]["Concurrency"][str(self.per_minute)]
        return {Queue.LEAVERS: row["Leavers"], Queue.USERS: row["Users"], Queue.GROUPS: row["Groups"]}

    def dependencies(self, settings: ConsumerSettings) -> Dependencies:
        """The world around a new consumer: counted, slow, and with the budgets that a deployed one has."""
        return (
            super()
            .dependencies(settings)
            .replace(
                store=CountedStore(self.store, self.clock, self.store_calls),
                pace=self._pace,
                okta_transport=ServiceTransport(self.okta_service),
                genesys_transport=ServiceTransport(self.genesys_service),
            )
        )

    def _pace(self, upstream: str, queue: Queue) -> Pace:
        if upstream == "genesys":
            return DynamoPace(self._budgets, "state", upstream, self.per_minute, self.clock, SHARE[queue])
        return HeaderPace(self._budgets, "state", upstream, self.clock, SHARE[queue])

    def _work(self, queue: Queue) -> None:
        """One environment of the consumer, for ever: it asks its queue, and answers a batch."""
        consumer, queues = self.new_consumer(), self.indexed
        while True:
            event = queues.receive(queue)
            if event is None:
                self.clock.advance(POLL_SECONDS)
                continue
            self.clock.advance(QUEUE_SECONDS)
            answer = consumer.handle(event, cast("Any", Countdown(self.clock, FUNCTION_SECONDS)))
            queues.answer(queue, event, answer)

    def _poll_log(self) -> None:
        """The log poller, as its schedules call it: what is due every minute, catch-up every fifth."""
        store = cast("Store", CountedStore(self.store, self.clock, self.store_calls))
        catch_up = self.new_poller(store, self.queues, ServiceTransport(self.okta_service))
        minute = 0
        while True:
            self.clock.advance(60)
            minute += 1
            catch_up.send_dues()
            if minute % 5 == 0:
                context = Countdown(self.clock, POLLER_SECONDS)
                catch_up.run(lambda context=context: context.get_remaining_time_in_millis() / 1000)  # type: ignore[misc] # the context of this run

    def _reconcile(self) -> None:
        """The reconciler's tick: it begins the first comparison and carries an unfinished one on."""
        events = self.new_reconciler(
            store=CountedStore(self.store, self.clock, self.store_calls),
            pace=self._pace,
            okta_transport=ServiceTransport(self.okta_service),
            genesys_transport=ServiceTransport(self.genesys_service),
        )
        while True:
            self.clock.advance(RECONCILE_TICK_SECONDS)
            events.handle({"do": "continue"}, cast("Any", Countdown(self.clock, RECONCILER_SECONDS)))

    def wait(self, done: Callable[[], bool], *, hours: float) -> bool:
        """Let time pass until `done`, at most so long; whether it was."""
        limit = self.clock.seconds + hours * 3600
        while not done():
            if self.clock.seconds >= limit:
                return False
            self.clock.advance(1.0)
        return True

    def worked_off(self) -> bool:
        """Whether nothing is in the queues and nothing is due."""
        return self.queues.depth() == 0 and not self.store.dues()

    def settled(self, count: int) -> list[str]:
        """Assigned people who have long been in Genesys Cloud, with all that the bridge remembers of them; Okta ids."""
        settings = ConsumerSettings.read(self.environment())
        mapper = self.dependencies(settings).mapper
        fingerprints = Fingerprints(lambda: b"k" * 32)
        people = self.provisioned(count)
        for okta_id in people:
            link = self.store.user_links[okta_id]
            user = self.okta.users.current[okta_id]
            mapped = mapper.map_user(OktaUser(okta_id, user.status, {"profile": user.profile}), None)
            document = scim.create_document(mapped.values, active=True, external_id=okta_id)
            self.genesys.edit_user(link.genesys_id, document)
            values = {**mapped.values, "externalId": okta_id}
            now, shown = self.clock.now(), self.genesys.user(link.genesys_id)
            self.store.user_links[okta_id] = replace(
                link,
                hashes=fingerprints.of_all(values),
                synced=now,
                assignment_read=now,
                version=shown["meta"]["version"] if shown is not None else "",
            )
        return people
