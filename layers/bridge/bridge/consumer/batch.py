"""A batch of a lane's messages: one look for each entity, its outcome answers all of the entity's items.

Powertools does what it does well (partial FIFO batches, idempotency records); this module adds what the design
asks for: gathering by entity, the classes of failure, parking, and the visibility of every message that failed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
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

from bridge.aws.telemetry import Metric, count, count_scim, gauge, logger
from bridge.consumer.backoff import Backoff, patience
from bridge.errors import AuthFailure, BreakerOpen, PassedOver, Permanent, Recheck, SettingsError, Transient
from bridge.items import Item, Reason, parse_item, read_settled
from bridge.outbound.breaker import Breakers, fails_as_a_whole
from bridge.outbound.calls import Calls
from bridge.provisioning.look import Look, Report, Work
from bridge.provisioning.ports import Clock
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import JournalEntry, ParkedItem
from bridge.settings import Mode

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from mypy_boto3_sqs import SQSClient

#: Idempotency records outlive the lanes' retention of 14 days.
RECORD_DAYS = 15
#: Tries of an exception that nobody classified; receives do not count, for waiting out an outage uses up many.
UNEXPECTED_TRIES = 5
#: Tries of a 5xx that meets one entity while others succeed, and how many in a row must have been so: after an
#: outage, whose tries count too, an upstream comes back in fits and starts.
LONELY_5XX_TRIES, LONELY_IN_A_ROW = 20, 5
#: A message that was not started for lack of time comes back at once this often, then after a pause.
IMMEDIATE_RETURNS = 100
RETURN_PAUSE = 30.0
#: SQS lets a message stay invisible for 12 hours at most, counted from its receive: some time has gone already.
LONGEST_DELAY = 42_000
#: A ``published`` further ahead of Okta's own clock than this is no read lag; it is looked at once.
CREDIBLE_LEAD = timedelta(minutes=15)
_SERVER_ERROR = 500


class BatchRun:
    """Handles batches of one lane's messages. Lives as long as the process."""

    def __init__(
        self,
        *,
        looks: Mapping[str, Look],
        store: Store,
        sqs: SQSClient,
        idempotency: BasePersistenceLayer,
        clock: Clock,
        rng: random.Random,
        calls: Calls,
        breakers: Breakers,
        mode: Mode,
        backoff: Backoff,
        read_lag: timedelta,
    ) -> None:
        """`looks` by kind of entity (``user``, ``group``, ``app``); the clients tell `calls`."""
        self._looks = looks
        self._store = store
        self._sqs = sqs
        self._clock = clock
        self._rng = rng
        self._calls = calls
        self._breakers = breakers
        self._unexpected: Counter[str] = Counter()
        self._mode = mode
        self._backoff = backoff
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
        # Whether holds or parked items may be others than last told; a new process tells them with its first batch.
        self._waiting_changed = True

    def handle(self, event: dict[str, Any], context: LambdaContext, queue_url: str) -> PartialItemFailureResponse:
        """Answer a Lambda SQS event; every path gives a well-formed ``batchItemFailures``."""
        self._config.register_lambda_context(context)
        batch = _Batch(event, context)
        processor = SqsFifoPartialProcessor(skip_group_on_error=True)
        processor.raise_on_entire_batch_failure = False  # its error would carry every traceback
        answer = process_partial_response(event, lambda record: self._record(batch, record), processor, context)
        failed = {str(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]}
        self._delay(queue_url, batch, failed)
        count_scim(self._calls.take_scim_calls())
        if self._waiting_changed:
            self._tell_waiting()
        return answer

    # ------------------------------------------------------------------------------------ records

    def _record(self, batch: _Batch, record: SQSRecord) -> None:
        """One message: done when this returns, back in its lane when this raises."""
        try:
            item = parse_item(record.body)
        except Permanent as unreadable:
            self._park_unreadable(record, unreadable)
            return
        try:
            # Before the item's record is written: who only waits should cost next to nothing.
            Work((item,), batch.seconds_left).check_time()
            self._breakers.check()
            if self._mode is Mode.OBSERVE:
                self._answer(item_id=item.id, item=item, batch=batch)
            else:
                self._answer_once(item_id=item.id, item=item, batch=batch)
        except PassedOver:
            return
        except Permanent as refused:
            self._park(item, record.body, refused)
        except IdempotencyError:
            # In progress elsewhere, or its table fails: the record's lease or the table's health decides.
            self._fail(batch, record, item, Transient("idempotency-record", upstream="store"))
        except Exception as error:  # noqa: BLE001 - every class of failure is told apart in one place
            self._fail(batch, record, item, error)

    def _answer(self, *, item_id: str, item: Item, batch: _Batch) -> dict[str, str]:  # noqa: ARG002 - the key of the record
        """The outcome of the entity's one look in this batch, as an answer to this item."""
        outcome = batch.outcome(item.entity, self._look)
        if isinstance(outcome, Exception):
            raise outcome
        if outcome.date is None:
            raise PassedOver
        self._require_settled(item, outcome)
        return {"outcome": outcome.outcome}

    def _require_settled(self, item: Item, report: Report) -> None:
        """Okta's reads may trail its events: an item read too early is looked at once more."""
        if item.reason not in {Reason.HOOK, Reason.CATCHUP} or report.date is None or item.newest is None:
            return
        lead = item.newest + self._read_lag - report.date
        if not read_settled(item, report.date, self._read_lag) and lead < CREDIBLE_LEAD:
            raise Recheck(max(lead.total_seconds(), 0.0) + 1.0)

    # -------------------------------------------------------------------------------------- looks

    def _look(self, work: Work) -> Report | Exception:
        """Look, and keep the account of it: an exception is an outcome too, for every item of the entity."""
        self._calls.begin()
        try:
            work.check_time()
            report = self._looks[work.items[0].kind].look(work)
            self._calls.end(work.entity)
            self._account(work, report)
        except Exception as error:  # noqa: BLE001 - classified by _fail, which sees every message of the entity
            self._calls.end(work.entity, error)
            upstream = fails_as_a_whole(error)
            if upstream and self._calls.is_down(upstream):
                self._breakers.open(upstream, _described(error)[0])
            self._account_failure(work, error)
            return error
        return report

    def _account(self, work: Work, report: Report) -> None:
        entry = report.entry(work, self._clock.now(), self._calls.named)
        self._store.write(entry)
        if self._mode is Mode.OBSERVE and report.would:
            self._store.note_difference(entry)
        elif self._mode is Mode.OBSERVE and report.date is not None:
            self._store.clear_difference(work.entity)
        if report.date is not None:  # a look that read nothing has mended nothing
            self._waiting_changed |= self._store.close_parked(work.entity) > 0
        if report.untold:
            count(Metric.NOTIFICATIONS_FAILED)
        for parked in report.parked:
            self._store.park(parked)
            count(Metric.PARKED, reason=parked.reason)
        self._waiting_changed |= bool(report.parked) or work.items[0].kind in {"group", "app"}
        count(Metric.LOOKS, outcome=report.outcome)
        count(Metric.MEMBERS_ADDED, report.added)
        count(Metric.MEMBERS_REMOVED, report.removed)
        count(Metric.MEMBERS_HELD, report.held)
        if report.why == "app-not-active":
            count(Metric.APP_NOT_ACTIVE)
        if report.outcome == "recreated":
            count(Metric.USERS_RECREATED)
        logger.info(
            "looked",
            extra={"entity": work.entity, "outcome": report.outcome, "why": report.why, "changed": report.changed},
        )

    def _account_failure(self, work: Work, error: Exception) -> None:
        """Journal a failed look; one that had to stop in time is no failure, and keeps an entry of its own."""
        reason, reference, upstream = _described(error)
        logger.warning(
            "look failed",
            extra={"entity": work.entity, "why": reason, "upstream": upstream, "reference": reference},
        )
        if not self._calls.named and (upstream == "store" or reason == "time-budget"):
            return
        entry = JournalEntry(
            entity=work.entity,
            at=self._clock.now(),
            outcome="stopped" if reason == "time-budget" else "failed",
            items=tuple(item.id for item in work.items),
            reason=",".join(sorted(work.reasons)),
            events=work.events,
            why=reason,
            read={"reference": reference} if reference else {},
            calls=self._calls.named,
        )
        try:
            self._store.write(entry)
        except Transient as unwritten:
            logger.warning("journal not written", extra={"entity": work.entity, "why": unwritten.reason})

    # ----------------------------------------------------------------------------------- failures

    def _fail(self, batch: _Batch, record: SQSRecord, item: Item, error: Exception) -> None:
        """Decide what becomes of a message whose look failed; raises unless the item is parked."""
        receives = int(record.attributes.approximate_receive_count)
        if isinstance(error, Recheck):
            batch.delays[item.entity] = error.delay
            raise error
        if isinstance(error, SettingsError):
            error = AuthFailure("not-set-up", detail=str(error))
        if not isinstance(error, Transient):
            count(Metric.UNEXPECTED_ERRORS)
            self._unexpected[item.id] += 1
            if self._unexpected[item.id] >= UNEXPECTED_TRIES:
                del self._unexpected[item.id]
                self._park(item, record.body, Permanent("unexpected", detail=type(error).__name__))
                return
            batch.delays[item.entity] = self._backoff.delay(receives, None, self._rng.random())
            raise error
        if isinstance(error, BreakerOpen):
            count(Metric.BREAKER_OPEN, upstream=error.upstream)
        if isinstance(error, AuthFailure) or isinstance(error.__cause__, AuthFailure):
            count(Metric.AUTH_FAILURES, upstream=error.upstream or "settings")
        if self._is_lonely(item.entity, error, receives):
            detail = f"{error.reason} {error.reference}".strip()
            self._park(item, record.body, Permanent("server-error-here-only", detail=detail))
            return
        count(Metric.RETRIES, reason=error.reason)
        if error.reason == "time-budget":
            batch.delays[item.entity] = 0.0 if receives <= IMMEDIATE_RETURNS else RETURN_PAUSE * patience(receives)
        else:
            batch.delays[item.entity] = self._backoff.delay(receives, error.retry_after, self._rng.random())
        raise error

    def _is_lonely(self, entity: str, error: Transient, receives: int) -> bool:
        return (
            error.status is not None
            and error.status >= _SERVER_ERROR
            and receives >= LONELY_5XX_TRIES
            and self._calls.lonely_tries(entity) >= LONELY_IN_A_ROW
        )

    def _park(self, item: Item, body: str, refused: Permanent) -> None:
        self._store.park(
            ParkedItem(
                entity=item.entity,
                # Each reconcile brings what still differs: its item takes the place of the last one's, beside others.
                item_id="reconcile" if item.reason is Reason.RECONCILE else item.id,
                body=body,
                reason=refused.reason,
                detail=f"{refused.detail} {refused.reference}".strip(),
                parked=self._clock.now(),
            )
        )
        self._waiting_changed = True
        count(Metric.PARKED, reason=refused.reason)
        logger.error("parked", extra={"entity": item.entity, "why": refused.reason, "detail": refused.detail})

    def _park_unreadable(self, record: SQSRecord, unreadable: Permanent) -> None:
        """No item of ours: kept as it is, under the message group it came with."""
        entity = record.attributes.message_group_id or "unknown"
        item = Item(entity=entity, reason=Reason.OPERATOR, id=record.message_id)
        self._park(item, record.body, unreadable)

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
            return self._backoff.delay(receives, None, self._rng.random())
        return delay

    def _tell_waiting(self) -> None:
        """Tell how much waits for a person now: what the alarms stay on until it is nothing."""
        try:
            holds, parked = len(self._store.open_hold_entities()), len(self._store.parked_items())
        except Transient as unread:
            logger.warning("holds and parked items not counted", extra={"why": unread.reason})
            return  # the next batch tries again
        gauge(Metric.HOLDS_OPEN, holds)
        gauge(Metric.PARKED_OPEN, parked)
        self._waiting_changed = False


class _Batch:
    """The messages of one invocation, by entity, and what came of each look."""

    def __init__(self, event: Mapping[str, Any], context: LambdaContext) -> None:
        self.records: Sequence[Mapping[str, Any]] = event["Records"]
        self.delays: dict[str, float] = {}
        self._context = context
        self._outcomes: dict[str, Report | Exception] = {}
        self._items: dict[str, list[Item]] = {}
        for record in self.records:
            try:
                item = parse_item(record["body"])
            except Permanent:
                continue  # parked when its turn comes
            self._items.setdefault(item.entity, []).append(item)

    def outcome(self, entity: str, look: Callable[[Work], Report | Exception]) -> Report | Exception:
        """What the entity's look brought; the first item that asks has it made."""
        if entity not in self._outcomes:
            self._outcomes[entity] = look(Work(tuple(self._items[entity]), self.seconds_left))
        return self._outcomes[entity]

    def seconds_left(self) -> float:
        """How long this process may still run."""
        return self._context.get_remaining_time_in_millis() / 1000


def _described(error: Exception) -> tuple[str, str, str]:
    """Reason, reference and upstream of an error; of an unknown one only its type, for its text may hold anything."""
    if isinstance(error, (Transient, Permanent)):
        return error.reason, error.reference, error.upstream
    return type(error).__name__, "", ""
