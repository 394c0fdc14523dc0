"""A batch of a queue's messages: one sync for each entity, its outcome answers all of the entity's items.

Powertools does what it does well (partial FIFO batches, idempotency records); this module adds what the design
asks for: gathering by entity, and the visibility of every message that failed.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency import (
    BasePersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import BaseError as IdempotencyError
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from bridge.aws.telemetry import Metric, count, count_scim, gauge_headroom, logger, measure
from bridge.consumer.backoff import Backoff
from bridge.consumer.bookkeeping import Bookkeeping, described
from bridge.consumer.failures import Failures, Message
from bridge.errors import PassedOver, Permanent, Recheck, Transient
from bridge.items import Hint, Item, Reason, parse_item, read_settled
from bridge.outbound.breaker import Breakers, outage_upstream
from bridge.outbound.calls import Calls
from bridge.outbound.waiting import Waiting
from bridge.provisioning.organisation import ANOTHER, UPSTREAM, Organisation
from bridge.provisioning.ports import Clock
from bridge.provisioning.record_ports import Store
from bridge.provisioning.sync import Report, Sync, Work
from bridge.settings import Mode

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from mypy_boto3_sqs import SQSClient

#: Idempotency records outlive the queues' retention of 14 days.
RECORD_DAYS = 15
#: SQS lets a message stay invisible for 12 hours at most, counted from its receive: some time has gone already.
LONGEST_DELAY = 42_000
#: Whether what such items say has been seen is asked of the entity's own record: they leave none of theirs.
_EVENTS = frozenset({Reason.HOOK, Reason.CATCHUP})
#: The reason code of members whom Genesys Cloud refuses to add or to remove.
MEMBER_REFUSED = "member-refused"
#: A ``published`` further ahead of Okta's own clock than this is no read lag; it is synced once.
CREDIBLE_LEAD = timedelta(minutes=15)


class BatchRun:
    """Handles batches of one queue's messages."""

    def __init__(
        self,
        *,
        syncs: Mapping[str, Sync],
        passes_over: Callable[[Work], bool],
        store: Store,
        sqs: SQSClient,
        idempotency: BasePersistenceLayer,
        clock: Clock,
        rng: random.Random,
        calls: Calls,
        waiting: Waiting,
        hold_call: Callable[[], None],
        breakers: Breakers,
        organisation: Organisation,
        mode: Mode,
        backoff: Backoff,
        read_lag: timedelta,
        urgent: bool,
    ) -> None:
        """Answer with `syncs` by kind of entity (``user``, ``group``, ``app``), but for what `passes_over` says it may.

        The clients tell `calls` and wait as `waiting` says; `hold_call` has one call ready; `urgent` for leavers.
        """
        self._syncs = syncs
        self._passes_over = passes_over
        self._sqs = sqs
        self._clock = clock
        self._calls = calls
        self._waiting = waiting
        self._hold_call = hold_call
        self._breakers = breakers
        self._organisation = organisation
        self._mode = mode
        self._failures = Failures(calls, store, clock, backoff, rng)
        self._urgent = urgent
        self._books = Bookkeeping(store, clock, calls, mode)
        self._read_lag = read_lag
        self._config = IdempotencyConfig(
            expires_after_seconds=RECORD_DAYS * 86_400, hash_function="sha256", raise_on_no_idempotency_key=True
        )
        self._answer_once: Callable[..., dict[str, str]] = idempotent_function(
            self._answer,
            data_keyword_argument="item_id",
            persistence_store=idempotency,
            config=self._config,
            key_prefix="item",
        )

    def handle(self, event: dict[str, Any], context: LambdaContext, queue_url: str) -> PartialItemFailureResponse:
        """Answer a Lambda SQS event; every path gives a well-formed ``batchItemFailures``."""
        self._config.register_lambda_context(context)
        batch = _Batch(event, context, self._hold_call, self._waiting)
        processor = SqsFifoPartialProcessor(skip_group_on_error=True)
        processor.raise_on_entire_batch_failure = False  # its error would carry every traceback
        answer = process_partial_response(event, lambda record: self._logged(batch, record), processor, context)
        failed = {str(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]}
        self._delay(queue_url, batch, failed)
        count_scim(self._calls.take_scim_calls())
        gauge_headroom(self._calls.headroom.take())
        for way, ages in batch.ages.items():
            measure(Metric.CHANGE_AGE, ages, way=way)
        self._books.emit_waiting()
        return answer

    # ------------------------------------------------------------------------------------ records

    def _logged(self, batch: _Batch, record: SQSRecord) -> None:
        """As `_record`; every line meanwhile names the message."""
        with logger.append_context_keys(message_id=record.message_id):
            self._record(batch, record)

    def _record(self, batch: _Batch, record: SQSRecord) -> None:
        """One message: done when this returns, back in its queue when this raises."""
        try:
            item = parse_item(record.body)
        except Permanent as unreadable:
            self._park_unreadable(record, unreadable)
            return
        message = self._message(record, item)
        self._waiting.begin(batch.seconds_left, first=message.receives == 1)
        try:
            # Before the item's record is written: who only waits should cost next to nothing.
            if batch.is_passed_over(item.entity, self._passes_over):
                count(Metric.SYNCS, outcome="skipped")
                return
            Work((item,), batch.seconds_left).check_time()
            self._breakers.check()
            if self._mode is Mode.OBSERVE or item.reason in _EVENTS:
                self._answer(item_id=item.id, item=item, batch=batch)
            else:
                self._answer_once(item_id=item.id, item=item, batch=batch)
            self._failures.mended(message)
        except PassedOver:
            return
        except IdempotencyError:
            # In progress elsewhere, or its table fails: the record's lease or the table's health decides.
            self._fail(batch, record, message, Transient("idempotency-record", upstream="store"))
        except Exception as error:  # noqa: BLE001 - every class of failure is told apart in one place
            self._fail(batch, record, message, error)

    def _fail(self, batch: _Batch, record: SQSRecord, message: Message, error: Exception) -> None:
        """Park a message whose sync failed, or send it back to its queue by raising."""
        fate = self._failures.decide(message, error)
        if isinstance(fate, Permanent):
            self._books.park(message.item, record.body, fate)
            return
        batch.delays[message.item.entity] = fate
        raise error

    def _message(self, record: SQSRecord, item: Item) -> Message:
        sent = datetime.fromtimestamp(int(record.attributes.sent_timestamp) / 1000, UTC)
        return Message(item, int(record.attributes.approximate_receive_count), sent, self._urgent)

    def _answer(self, *, item_id: str, item: Item, batch: _Batch) -> dict[str, str]:  # noqa: ARG002 - the key of the record
        """The outcome of the entity's one sync in this batch, as an answer to this item."""
        outcome = batch.outcome(item.entity, self._sync)
        if isinstance(outcome, Exception):
            raise outcome
        if outcome.date is None:
            if Hint.ACCESS_ENDS in item.hints:  # a read that trails it may still make somebody's account meanwhile
                self._require_settled(item, self._clock.now())
            raise PassedOver
        self._require_settled(item, outcome.date)
        if item.newest is not None:
            batch.ages[item.reason.value].append((self._clock.now() - item.newest).total_seconds())
        return {"outcome": outcome.outcome}

    def _require_settled(self, item: Item, date: datetime) -> None:
        """Okta's reads may trail its events: an item read, or passed over, too early is synced once more."""
        if item.reason not in _EVENTS or item.newest is None:
            return
        lead = item.newest + self._read_lag - date
        if not read_settled(item, date, self._read_lag) and lead < CREDIBLE_LEAD:
            raise Recheck(max(lead.total_seconds(), 0.0) + 1.0)

    # -------------------------------------------------------------------------------------- syncs

    def _sync(self, work: Work) -> Report | Exception:
        """Sync, and keep the account of it: an exception is an outcome too, for every item of the entity."""
        with logger.append_context_keys(item_ids=[item.id for item in work.items], entity=work.entity):
            return self._synced(work)

    def _synced(self, work: Work) -> Report | Exception:
        self._calls.begin()
        try:
            work.check_time()
            self._organisation.verify()
            report = self._syncs[work.items[0].kind].sync(work)
            refusal = self._refusal_of_all(report)
            self._calls.end(work.entity, refusal)
            if refusal is not None and self._failures.waits_out(work.entity):
                waiting = [each for each in report.parked if each.reason == MEMBER_REFUSED]
                report.kept_causes |= {each.cause for each in waiting}
                report.parked = [each for each in report.parked if each not in waiting]
                self._books.synced(work, report)
                return Transient(MEMBER_REFUSED, upstream="genesys")
            self._books.synced(work, report)
        except Recheck as early:  # it has not begun: nothing is known of it
            return early
        except Exception as error:  # noqa: BLE001 - classified by Failures, which sees every message of the entity
            self._calls.end(work.entity, error)
            upstream = outage_upstream(error)
            if upstream and self._calls.is_down(upstream):
                self._breakers.open(upstream, described(error)[0])
            if described(error)[0] == ANOTHER:
                self._breakers.open(UPSTREAM, ANOTHER)
            self._books.failed(work, error)
            return error
        return report

    def _refusal_of_all(self, report: Report) -> Permanent | None:
        """The refusal of members as an error, where every change of the group was refused: that may be the service."""
        refused = any(each.reason == MEMBER_REFUSED for each in report.parked)
        if not refused or self._calls.has_passed("genesys PATCH groups"):
            return None
        return Permanent(MEMBER_REFUSED, upstream="genesys", status=HTTPStatus.BAD_REQUEST)

    def _park_unreadable(self, record: SQSRecord, unreadable: Permanent) -> None:
        """No item of ours: kept as it is, under the message group it came with."""
        entity = record.attributes.message_group_id or "unknown"
        item = Item(entity=entity, reason=Reason.OPERATOR, id=record.message_id)
        self._books.park(item, record.body, unreadable)

    # --------------------------------------------------------------------------------- visibility

    def _delay(self, queue_url: str, batch: _Batch, failed: set[str]) -> None:
        """Give every failed message the delay of its entity."""
        entries = [
            {
                "Id": str(index),
                "ReceiptHandle": record["receiptHandle"],
                "VisibilityTimeout": min(LONGEST_DELAY, round(self._delay_of(batch, record))),
            }
            for index, record in enumerate(batch.records)
            if record["messageId"] in failed
        ]
        if not entries:
            return
        try:
            answer = self._sqs.change_message_visibility_batch(QueueUrl=queue_url, Entries=entries)  # type: ignore[arg-type] # the stubs want their own TypedDict
            refused = [failure["Code"] for failure in answer.get("Failed", [])]
        except (ClientError, BotoCoreError) as error:
            refused = [type(error).__name__]
        if refused:  # the queue's own visibility timeout brings them back, only later
            count(Metric.VISIBILITY_REFUSED, len(refused))
            logger.warning("visibility not changed", extra={"why": sorted(set(refused))})

    def _delay_of(self, batch: _Batch, record: Mapping[str, Any]) -> float:
        """The delay that its entity's failure asked for; the usual one where even that could not be told."""
        delay = batch.delays.get(record["attributes"]["MessageGroupId"])
        if delay is None:
            receives = int(record["attributes"]["ApproximateReceiveCount"])
            return self._failures.usual_delay(receives)
        return delay


class _Batch:
    """The messages of one invocation, by entity, and what came of each sync."""

    def __init__(
        self, event: Mapping[str, Any], context: LambdaContext, hold_call: Callable[[], None], waiting: Waiting
    ) -> None:
        self._hold_call = hold_call
        self._waiting = waiting
        self.records: Sequence[Mapping[str, Any]] = event["Records"]
        self.delays: dict[str, float] = {}
        #: How a change came -> seconds from its event to here, of each that is done.
        self.ages: dict[str, list[float]] = defaultdict(list)
        self._context = context
        self._outcomes: dict[str, Report | Exception] = {}
        self._items: dict[str, list[Item]] = {}
        self._again: set[str] = set()
        self._passed_over: dict[str, bool] = {}
        for record in self.records:
            try:
                item = parse_item(record["body"])
            except Permanent:
                continue  # parked when its turn comes
            self._items.setdefault(item.entity, []).append(item)
            if int(record["attributes"]["ApproximateReceiveCount"]) > 1:
                self._again.add(item.entity)

    def is_passed_over(self, entity: str, passes_over: Callable[[Work], bool]) -> bool:
        """Whether all of the entity's items concern nobody; asked once."""
        if entity not in self._passed_over:
            self._passed_over[entity] = passes_over(Work(tuple(self._items[entity])))
        return self._passed_over[entity]

    def outcome(self, entity: str, sync: Callable[[Work], Report | Exception]) -> Report | Exception:
        """What came of the entity's sync; the first item that asks has it made."""
        if entity not in self._outcomes:
            self._outcomes[entity] = sync(
                Work(
                    items=tuple(self._items[entity]),
                    seconds_left=self.seconds_left,
                    hold_call=self._hold_call,
                    until=self._waiting.until,
                    crowd=len(self._items),
                    fresh=entity not in self._again,
                )
            )
        return self._outcomes[entity]

    def seconds_left(self) -> float:
        """How long this process may still run."""
        return self._context.get_remaining_time_in_millis() / 1000
