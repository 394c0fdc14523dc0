"""What one Okta change costs at AWS: requests and capacity units, counted while the real handlers run.

``PYTHONPATH=layers/bridge .venv/bin/python -m benchmarks.cost_per_event`` prints the figures that ``docs/costs.md``
quotes: what each kind of change needs, what a million events cost, and what a stack costs while nothing happens. Okta
and Genesys Cloud are the models, DynamoDB is moto behind a client that counts; the queues are in memory, and their
requests follow from what is sent and handled. Prices and durations are inputs, below.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import boto3
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
from moto import mock_aws

from bridge.aws.queues import BATCH
from bridge.aws.store.dynamo import DynamoStore
from bridge.aws.store.pace import DynamoPace, HeaderPace
from bridge.aws.telemetry import logger
from bridge.items import Item, Queue
from bridge_local.exchange import Request, Response
from bridge_local.genesys import Fault
from bridge_local.template import Template
from tests.world import World

# ---------------------------------------------------------------------------------------------------- inputs

#: Public list prices in us-east-1, USD, as of 2026-11-24, without free tiers.
PRICES: Mapping[str, float] = {
    "API Gateway REST request": 3.50e-6,
    "Lambda request": 0.20e-6,
    "Lambda GB-second, x86": 16.6667e-6,
    "SQS FIFO request": 0.50e-6,
    "DynamoDB write unit, on demand": 0.625e-6,
    "DynamoDB read unit, on demand": 0.125e-6,
    "CloudWatch Logs GB": 0.50,
    "CloudWatch metric, month": 0.30,
    "CloudWatch alarm, month": 0.10,
    "CloudWatch composite alarm, month": 0.50,
    "CloudWatch dashboard, month": 3.00,
    "KMS key, month": 1.00,
    "KMS request": 3.0e-6,
    "Secret, month": 0.40,
}
#: Seconds: a warm receiver; one call to Okta or Genesys Cloud; one call to DynamoDB; what an invocation adds.
RECEIVER_SECONDS = 0.05
CALL_SECONDS = 0.25
STORE_SECONDS = 0.006
INVOCATION_SECONDS = 0.02
#: Seconds between two runs of catch-up, the calls of a run with nothing to bring (the hooks, the log; three to
#: DynamoDB), and the bytes that it logs.
CATCH_UP_EVERY, CATCH_UP_CALLS, CATCH_UP_STORE_CALLS, CATCH_UP_LOG_BYTES = 300, 2, 3, 900
#: Lambda's long polls of an idle queue: pollers, seconds each.
POLLERS, POLL_SECONDS = 5, 20
#: A month in seconds.
MONTH = 730 * 3600
#: What a large organisation's million events could be: kind of change -> share of the events.
MIX: Mapping[str, float] = {
    "event of somebody out of scope": 0.60,
    "user: change that no attribute maps": 0.15,
    "user: one attribute": 0.08,
    "user: assigned, new": 0.01,
    "user: deactivated": 0.01,
    "group: one member added": 0.15,
}


# -------------------------------------------------------------------------------------------------- counting


@dataclass
class Use:
    """What was used."""

    events: int = 0
    deliveries: int = 0
    items: int = 0
    invocations: int = 0
    sqs: int = 0
    store_calls: int = 0
    writes: float = 0
    reads: float = 0
    okta: int = 0
    genesys: int = 0
    log_bytes: int = 0

    def dollars(self, memory: Mapping[str, int]) -> float:
        """The price; `memory` is each function's in MB."""
        calls = (self.okta + self.genesys) * CALL_SECONDS + self.store_calls * STORE_SECONDS
        consumer = (calls + self.invocations * INVOCATION_SECONDS) * memory["Consumer"]
        receiver = self.deliveries * RECEIVER_SECONDS * memory["Receiver"]
        return (
            self.deliveries * PRICES["API Gateway REST request"]
            + (self.deliveries + self.invocations) * PRICES["Lambda request"]
            + (consumer + receiver) / 1024 * PRICES["Lambda GB-second, x86"]
            + self.sqs * PRICES["SQS FIFO request"]
            + self.writes * PRICES["DynamoDB write unit, on demand"]
            + self.reads * PRICES["DynamoDB read unit, on demand"]
            + self.log_bytes / 1e9 * PRICES["CloudWatch Logs GB"]
        )


class CountingDynamoDB:
    """A DynamoDB client that counts its calls and the capacity units that on-demand tables bill for them.

    A write unit is 1 KB written, two in a transaction; a read unit 4 KB read with strong consistency, half of one
    without (DynamoDB Developer Guide, "Read and write operations"). The record's size counts, also of an update.
    """

    def __init__(self, client: Any) -> None:
        """Count what goes through `client`."""
        self._client = client
        self.use = Use()

    def __getattr__(self, name: str) -> Any:
        """An operation of the client, counted; everything else as it is."""
        target = getattr(self._client, name)
        counted: Callable[[Any, dict[str, Any], Any], None] | None = getattr(self, f"_count_{name}", None)
        if counted is None:
            return target

        def call(**arguments: Any) -> Any:
            self.use.store_calls += 1
            before = self._size(arguments) if name == "delete_item" else 0
            try:
                answer = target(**arguments)
            except self._client.exceptions.ClientError:
                # A condition that is not met is billed as a write of the record.
                self.use.writes += _units(max(before, 1), 1024)
                raise
            counted(before, arguments, answer)
            return answer

        return call

    def _size(self, arguments: Mapping[str, Any]) -> int:
        found = self._client.get_item(TableName=arguments["TableName"], Key=arguments["Key"])
        return len(json.dumps(found.get("Item", {})))

    def _count_put_item(self, _before: int, arguments: dict[str, Any], _answer: Any) -> None:
        self.use.writes += _units(len(json.dumps(arguments["Item"])), 1024)

    def _count_update_item(self, _before: int, arguments: dict[str, Any], _answer: Any) -> None:
        self.use.writes += _units(self._size(arguments), 1024)

    def _count_delete_item(self, before: int, _arguments: dict[str, Any], _answer: Any) -> None:
        self.use.writes += _units(before, 1024)

    def _count_transact_write_items(self, _before: int, arguments: dict[str, Any], _answer: Any) -> None:
        for action in arguments["TransactItems"]:
            ((kind, write),) = action.items()
            size = len(json.dumps(write["Item"])) if kind == "Put" else self._size(write)
            self.use.writes += 2 * _units(size, 1024)

    def _count_batch_write_item(self, _before: int, arguments: dict[str, Any], _answer: Any) -> None:
        for requests in arguments["RequestItems"].values():
            for request in requests:
                self.use.writes += _units(len(json.dumps(request.get("PutRequest", {}))), 1024)

    def _count_get_item(self, _before: int, arguments: dict[str, Any], answer: Any) -> None:
        self._read(len(json.dumps(answer.get("Item", {}))), consistent=arguments.get("ConsistentRead", False))

    def _count_query(self, _before: int, arguments: dict[str, Any], answer: Any) -> None:
        self._read(len(json.dumps(answer["Items"])), consistent=arguments.get("ConsistentRead", False))

    def _count_batch_get_item(self, _before: int, arguments: dict[str, Any], answer: Any) -> None:
        for table, asked in arguments["RequestItems"].items():
            consistent = asked.get("ConsistentRead", False)
            found = answer["Responses"].get(table, [])
            for record in found:
                self._read(len(json.dumps(record)), consistent=consistent)
            for _missing in range(len(asked["Keys"]) - len(found)):
                self._read(0, consistent=consistent)

    def _read(self, size: int, *, consistent: bool) -> None:
        self.use.reads += _units(size, 4096) * (1 if consistent else 0.5)


def _units(size: int, unit: int) -> int:
    return max(1, math.ceil(size / unit))


class CountedWorld(World):
    """The whole bridge, its state in counted tables, its call budgets shared as in AWS."""

    def count(self, dynamodb: Any) -> None:
        """Put counted tables, queues and logs in place."""
        self.tables = CountingDynamoDB(dynamodb)
        self.log = io.StringIO()
        self.metrics: set[str] = set()
        handler = cast("logging.StreamHandler[io.StringIO]", logger.registered_handler)
        handler.setStream(self.log)
        client = cast("Any", self.tables)
        self.store = cast("Any", DynamoStore(client, "state"))
        self.store.set_bootstrapped()  # a company whose first whole reconcile is behind it
        self.store.note_reconciled("enforce")
        self.idempotency = cast("Any", DynamoDBPersistenceLayer(table_name="idempotency", boto3_client=client))
        send = self.queues.send

        def counted(items: list[Item]) -> None:
            for queue in Queue:
                self.tables.use.sqs += math.ceil(sum(item.queue is queue for item in items) / BATCH)
            self.tables.use.items += len(items)
            send(items)

        handle = self.okta.handle

        def asked(request: Request) -> Response:
            self.tables.use.okta += 1
            return handle(request)

        self.okta.handle = asked  # type: ignore[method-assign] # the model, and a count
        self.queues.send = counted  # type: ignore[method-assign, assignment] # the queues, and a count
        self.restart()

    def restart(self) -> None:
        """New processes, with paces that the state table shares."""
        super().restart()
        if not hasattr(self, "tables"):
            return

        def pace(upstream: str, queue: Queue) -> Any:
            share = 1.0 if queue is Queue.LEAVERS else 0.95
            if upstream == "genesys":
                return DynamoPace(cast("Any", self.tables), "state", upstream, 1_000_000, self.clock, share)
            return HeaderPace(cast("Any", self.tables), "state", upstream, self.clock, share)

        outside = self.consumer._dependencies.replace(pace=pace)  # noqa: SLF001 - the composition of tests has no pace
        self.consumer = type(self.consumer)(self.consumer._settings, outside)  # noqa: SLF001 - as above

    def work(self, queue: Queue) -> Mapping[str, Any] | None:
        """One batch: one request to receive it, one to delete what is done, one to delay what is not."""
        before = len(self.queues.queues[queue].messages)
        answer = super().work(queue)
        if answer is not None:
            done = before - len(self.queues.queues[queue].messages)
            self.tables.use.invocations += 1
            self.tables.use.sqs += 1 + bool(done > 0) + bool(answer["batchItemFailures"])
        return answer

    def measure(self, change: Callable[[], object], *, each: bool = False) -> Use:
        """What a change of Okta costs until the queues are empty."""
        self.events()
        self.clock.advance(3600)
        use = self.tables.use = Use()
        genesys = len(self.genesys.calls)
        self.log.seek(0)
        self.log.truncate()
        with contextlib.redirect_stdout(self.log):
            change()
            events = self.events()
            self.deliver(events, each=each)
            self.settle()
        use.events, use.deliveries = len(events), len(events) if each else 1
        use.genesys = len(self.genesys.calls) - genesys
        use.log_bytes = len(self.log.getvalue())
        self.metrics |= _metrics(self.log.getvalue().splitlines())
        return use


# ----------------------------------------------------------------------------------------------------- cases


def measure() -> tuple[dict[str, Use], set[str]]:
    """Each kind of change and what it uses; the CloudWatch metrics that they made, with their dimensions."""
    with mock_aws():
        dynamodb = boto3.client(
            "dynamodb",
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",  # noqa: S106 - moto's own
        )
        _tables(dynamodb)
        world = CountedWorld()
        with contextlib.redirect_stdout(io.StringIO()):
            world.count(dynamodb)
            people = world.people(160)
            world.happen()
            group, _ = world.linked_group("Support", people[:30])
            # A sync before the first measured one, so that tokens and listings are at hand as in a warm function.
            world.okta.update_profile(people[0], {"title": "Agent"})
            world.happen()
        stranger = world.person("Stranger Test", assigned=False)
        okta = world.okta
        uses = {
            "event of somebody out of scope": lambda: okta.update_profile(stranger, {"title": "Agent"}),
            "user: change that no attribute maps": lambda: okta.update_profile(people[1], {"nickName": "Al"}),
            "user: one attribute": lambda: okta.update_profile(people[1], {"title": "Agent"}),
            "user: assigned, new": lambda: world.person("Ada Brook", title="Agent"),
            "user: deactivated": lambda: okta.deactivate(people[2]),
            "group: one member added": lambda: okta.add_members(group, [people[40]]),
            "group: one member removed": lambda: okta.remove_members(group, [people[3]]),
        }
        measured = {name: world.measure(change) for name, change in uses.items()}
        measured["group: 100 members added, one delivery"] = world.measure(lambda: okta.add_members(group, people[60:]))
        world.genesys.faults.add(Fault("status", path="/scim/", status=503, count=2))
        measured["user: one attribute, after two tries in vain"] = world.measure(
            lambda: okta.update_profile(people[1], {"title": "Lead"})
        )
        return measured, world.metrics


def _tables(dynamodb: Any) -> None:
    for _name, properties in Template().of_type("AWS::DynamoDB::Table"):
        keys = [key["AttributeName"] for key in properties["KeySchema"]]
        dynamodb.create_table(
            TableName="state" if len(keys) > 1 else "idempotency",
            KeySchema=properties["KeySchema"],
            AttributeDefinitions=properties["AttributeDefinitions"],
            BillingMode="PAY_PER_REQUEST",
        )


def _metrics(lines: list[str]) -> set[str]:
    """What CloudWatch bills as one metric each: a name with its dimensions' values."""
    found = set()
    for line in lines:
        document = json.loads(line)
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
            for names in directive["Dimensions"]:
                dimensions = [f"{name}={document[name]}" for name in sorted(names)]
                found |= {" ".join([metric["Name"], *dimensions]) for metric in directive["Metrics"]}
    return found


def idle(template: Template) -> dict[str, float]:
    """What a stack costs in a month in which nothing happens, by cause."""

    def number(kind: str) -> int:
        return sum(1 for _ in template.of_type(kind))

    sources = sum(
        event["Type"] == "SQS"
        for _, properties in template.of_type("AWS::Serverless::Function")
        for event in properties.get("Events", {}).values()
    )
    polls = sources * POLLERS * MONTH / POLL_SECONDS
    runs = MONTH / CATCH_UP_EVERY
    return {
        f"{number('AWS::KMS::Key')} KMS keys": number("AWS::KMS::Key") * PRICES["KMS key, month"],
        f"{number('AWS::SecretsManager::Secret')} secrets": number("AWS::SecretsManager::Secret")
        * PRICES["Secret, month"],
        f"{polls:,.0f} polls of {sources} empty queues": polls * PRICES["SQS FIFO request"],
        f"{number('AWS::CloudWatch::Alarm')} alarms": number("AWS::CloudWatch::Alarm")
        * PRICES["CloudWatch alarm, month"],
        f"{number('AWS::CloudWatch::CompositeAlarm')} composite alarm": number("AWS::CloudWatch::CompositeAlarm")
        * PRICES["CloudWatch composite alarm, month"],
        f"{runs:,.0f} runs of catch-up": runs * _catch_up(template),
        "1 metric that catch-up makes in every run": PRICES["CloudWatch metric, month"],
        f"{number('AWS::CloudWatch::Dashboard')} dashboard": number("AWS::CloudWatch::Dashboard")
        * PRICES["CloudWatch dashboard, month"],
    }


def _catch_up(template: Template) -> float:
    """The price of a run of catch-up that finds nothing."""
    seconds = CATCH_UP_CALLS * CALL_SECONDS + CATCH_UP_STORE_CALLS * STORE_SECONDS + INVOCATION_SECONDS
    gigabytes = int(template.function("LogPoller")["MemorySize"]) / 1024
    return (
        PRICES["Lambda request"]
        + seconds * gigabytes * PRICES["Lambda GB-second, x86"]
        + PRICES["DynamoDB write unit, on demand"] * 4
        + PRICES["DynamoDB read unit, on demand"] * 2
        + CATCH_UP_LOG_BYTES / 1e9 * PRICES["CloudWatch Logs GB"]
    )


def main() -> int:
    """Print the tables."""
    template = Template()
    memory = {name: properties["MemorySize"] for name, properties in template.of_type("AWS::Serverless::Function")}
    uses, metrics = measure()
    print(
        "| change in Okta | events | API, receiver | items | consumer | SQS | DynamoDB requests | write units "
        "| read units | Okta | Genesys Cloud | log bytes | USD |"
    )
    print("|---|" + "--:|" * 12)
    for name, use in uses.items():
        print(
            f"| {name} | {use.events} | {use.deliveries} | {use.items} | {use.invocations} | {use.sqs} "
            f"| {use.store_calls} | {use.writes:g} | {use.reads:g} | {use.okta} | {use.genesys} | {use.log_bytes:,} "
            f"| {use.dollars(memory):.7f} |"
        )
    print("\n| a million events | share | USD |\n|---|--:|--:|")
    total = 0.0
    for name, share in MIX.items():
        dollars = uses[name].dollars(memory) / uses[name].events * share * 1e6
        total += dollars
        print(f"| {name} | {share:.0%} | {dollars:.2f} |")
    print(f"| **together** | {sum(MIX.values()):.0%} | **{total:.2f}** |")
    print("\n| a month in which nothing happens | USD |\n|---|--:|")
    parts = idle(template)
    for name, dollars in parts.items():
        if dollars:
            print(f"| {name} | {dollars:.2f} |")
    print(f"| **together** | **{sum(parts.values()):.2f}** |")
    print(f"\n{len(metrics)} metrics were made: {len(metrics) * PRICES['CloudWatch metric, month']:.2f} USD a month if")
    print("each is there in every hour:", ", ".join(sorted(metrics)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
