"""What one Okta change costs at AWS: requests and capacity units, counted while the real handlers run.

``make costs`` prints the tables of ``docs/costs.md``, ``make costs WRITE=1`` renews them there, and CI checks that the
two agree: what each kind of change needs, groups by their size, what a million events cost, what a stack costs while
nothing happens, and what companies of three sizes pay in a month. Okta and Genesys Cloud are the models, DynamoDB is
moto behind a client that counts; the queues are in memory, and their requests follow from what is sent and handled.
Prices and durations are inputs, below.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import boto3
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
from moto import mock_aws

from bridge.aws.queues import BATCH
from bridge.aws.store.dynamo import DynamoStore
from bridge.aws.store.pace import DynamoPace, HeaderPace
from bridge.aws.store.shared import WATCHED, Shared
from bridge.aws.store.table import StateTable
from bridge.aws.telemetry import logger
from bridge.items import MAX_NAMED_USERS, Item, Queue
from bridge_local.exchange import Request, Response
from bridge_local.faults import Fault
from bridge_local.genesys.faults import refused
from bridge_local.template import Template
from tests.world import World

# ---------------------------------------------------------------------------------------------------- inputs

PAGE = Path("docs/costs.md")
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
    "CloudWatch metric asked for": 0.01e-3,
    "CloudWatch alarm, month": 0.10,
    "CloudWatch composite alarm, month": 0.50,
    "CloudWatch dashboard, month": 3.00,
    "KMS key, month": 1.00,
    "KMS request": 3.0e-6,
    "Secret, month": 0.40,
    "CloudWatch Logs GB scanned": 0.005,
    "X-Ray trace recorded": 5.0e-6,
}
#: Seconds: a warm receiver; one call to Okta or Genesys Cloud; one call to DynamoDB; what an invocation adds.
RECEIVER_SECONDS = 0.05
CALL_SECONDS = 0.25
STORE_SECONDS = 0.006
INVOCATION_SECONDS = 0.02
#: Seconds between two runs of catch-up, the calls of a run with nothing to bring (the hooks, the log, CloudWatch; to
#: DynamoDB ten reads for the gauges, two of its own and a write), the bytes that it logs, its metrics (its end, eleven
#: gauges), and the metrics that it asks for: the age of each queue.
CATCH_UP_EVERY, CATCH_UP_CALLS, CATCH_UP_STORE_CALLS, CATCH_UP_LOG_BYTES, CATCH_UP_METRICS = 300, 3, 13, 3_000, 12
CATCH_UP_ASKS = 3
#: Seconds between two calls that send what is due.
DUE_EVERY = 60
#: Lambda's long polls of an idle queue: pollers, seconds each.
POLLERS, POLL_SECONDS = 5, 20
#: Log lines differ by a few bytes with line numbers and times; they are counted in steps of so many.
LOG_STEP = 500
#: Groups whose cost is counted, and those whose cost follows from these two: a sync reads records by the member.
GROUPS_COUNTED, GROUPS_COMPUTED = (30, 300), (3_000, 30_000)
#: A month of one user of a company: events about people out of scope, changes that no attribute maps, mapped ones,
#: hires, leavers, and members who join or leave a group of 300.
EVENTS_OF_A_USER: Mapping[str, float] = {
    "event of somebody out of scope": 20,
    "user: change that no attribute maps": 4,
    "user: one attribute": 1,
    "user: assigned, new": 0.02,
    "user: deactivated": 0.02,
    "a member of a group of 300": 0.5,
}
COMPANIES = (1_000, 10_000, 100_000)
#: A night's comparison: read units and seconds of the function for each user (a page of 100 users is one call).
NIGHTS, NIGHT_READ_UNITS, NIGHT_SECONDS = 30, 4, 0.012
#: Somebody opens the dashboard Service once a day: so many widgets read so many hours of the consumer's log each.
OPENINGS_OF_A_MONTH, LOG_WIDGETS, LOG_WIDGET_HOURS = 30, 2, 3
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
        #: Whether the bridge works: what the world around it looks up is no cost of a change.
        self.counting = False

    def __getattr__(self, name: str) -> Any:
        """An operation of the client, counted; everything else as it is."""
        target = getattr(self._client, name)
        counted: Callable[[Any, dict[str, Any], Any], None] | None = getattr(self, f"_count_{name}", None)
        if counted is None or not self.counting:
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
        self.shared = Shared(StateTable(client, "state"), self.clock, WATCHED)
        self.store = cast("Any", DynamoStore(client, "state", shared=self.shared))
        self.store.set_bootstrapped()  # a company whose first whole reconcile is behind it
        self.store.note_reconciled("enforce")
        self.store.note_none_parked(0)
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

        client = cast("Any", self.tables)

        def pace(upstream: str, queue: Queue) -> Any:
            share = 1.0 if queue is Queue.LEAVERS else 0.95
            if upstream == "genesys":
                return DynamoPace(client, "state", upstream, 1_000_000, self.clock, share, self.shared)
            return HeaderPace(client, "state", upstream, self.clock, share, self.shared)

        dependencies = self.consumer._dependencies.replace(pace=pace)  # noqa: SLF001 - the composition of tests has no pace
        self.consumer = type(self.consumer)(self.consumer._settings, dependencies)  # noqa: SLF001 - as above

    def work(self, queue: Queue) -> Mapping[str, Any] | None:
        """One batch: one request to receive it, one to delete what is done, one to delay what is not."""
        before = len(self.queues.queues[queue].messages)
        self.tables.counting = True
        answer = super().work(queue)
        self.tables.counting = False
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
        use.log_bytes = round(len(self.log.getvalue()) / LOG_STEP) * LOG_STEP
        self.metrics |= _metrics(self.log.getvalue().splitlines())
        return use


# ----------------------------------------------------------------------------------------------------- cases


def measure() -> tuple[dict[str, Use], set[str]]:
    """Each kind of change and what it uses; the CloudWatch metrics that they made, with their dimensions."""
    with mock_aws():
        dynamodb = _client()
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
        world.genesys.faults.add(Fault("/scim/", refused(503), count=2))
        measured["user: one attribute, after two tries in vain"] = world.measure(
            lambda: okta.update_profile(people[1], {"title": "Lead"})
        )
        return measured, world.metrics


def measure_groups() -> dict[int, Use]:
    """A whole sync that adds members, by the group's size: counted twice, and computed by the straight line."""
    counted: dict[int, Use] = {}
    for size in GROUPS_COUNTED:
        with mock_aws():
            dynamodb = _client()
            _tables(dynamodb)
            world = CountedWorld()
            with contextlib.redirect_stdout(io.StringIO()):
                world.count(dynamodb)
                people = world.people(size + MAX_NAMED_USERS + 1)
                world.happen()
                group, _ = world.linked_group("Support", people[:size])
            counted[size] = world.measure(partial(world.okta.add_members, group, people[size:]))
    (small, few), (large, many) = counted.items()
    by_member = (many.reads - few.reads) / (large - small)
    for size in GROUPS_COMPUTED:
        calls = many.store_calls + math.ceil((size - large) / 50)
        counted[size] = replace(many, reads=round(many.reads + by_member * (size - large)), store_calls=calls)
    return counted


def _client() -> Any:
    return boto3.client(
        "dynamodb",
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",  # noqa: S106 - moto's own
    )


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
        f"{MONTH / DUE_EVERY:,.0f} runs for what is due": MONTH / DUE_EVERY * _due(template),
        f"{CATCH_UP_METRICS} metrics that catch-up makes in every run": CATCH_UP_METRICS
        * PRICES["CloudWatch metric, month"],
        f"{number('AWS::CloudWatch::Dashboard')} dashboards": number("AWS::CloudWatch::Dashboard")
        * PRICES["CloudWatch dashboard, month"],
    }


def _due(template: Template) -> float:
    """The price of one call a minute that finds nothing due."""
    gigabytes = int(template.function("LogPoller")["MemorySize"]) / 1024
    seconds = STORE_SECONDS + INVOCATION_SECONDS
    compute = seconds * gigabytes * PRICES["Lambda GB-second, x86"]
    return PRICES["Lambda request"] + compute + PRICES["DynamoDB read unit, on demand"]


def _catch_up(template: Template) -> float:
    """The price of a run of catch-up that finds nothing."""
    seconds = CATCH_UP_CALLS * CALL_SECONDS + CATCH_UP_STORE_CALLS * STORE_SECONDS + INVOCATION_SECONDS
    gigabytes = int(template.function("LogPoller")["MemorySize"]) / 1024
    return (
        PRICES["Lambda request"]
        + seconds * gigabytes * PRICES["Lambda GB-second, x86"]
        + PRICES["DynamoDB write unit, on demand"] * 4
        + PRICES["DynamoDB read unit, on demand"] * (CATCH_UP_STORE_CALLS - 1)
        + CATCH_UP_ASKS * PRICES["CloudWatch metric asked for"]
        + CATCH_UP_LOG_BYTES / 1e9 * PRICES["CloudWatch Logs GB"]
    )


# ---------------------------------------------------------------------------------------------------- tables


def tables() -> dict[str, str]:
    """Each table of the page in Markdown, by the name of its place there."""
    template = Template()
    memory = {name: properties["MemorySize"] for name, properties in template.of_type("AWS::Serverless::Function")}
    uses, metrics = measure()
    groups = measure_groups()
    parts = idle(template)
    quiet = sum(parts.values()) + len(metrics) * PRICES["CloudWatch metric, month"]
    return {
        "changes": _table_of_changes(uses, memory),
        "groups": _table_of_groups(groups, memory),
        "million": _table_of_a_million(uses, memory),
        "idle": _table_of_dollars("a month in which nothing happens", parts),
        "companies": _table_of_companies({**uses, "a member of a group of 300": groups[300]}, memory, quiet),
        "metrics": f"The changes above made {len(metrics)} metrics: "
        f"{len(metrics) * PRICES['CloudWatch metric, month']:.2f} USD a month if each is there in every hour.",
    }


def _table_of_changes(uses: Mapping[str, Use], memory: Mapping[str, int]) -> str:
    head = (
        "| change in Okta | events | API, receiver | items | consumer | SQS | DynamoDB requests | write units "
        "| read units | Okta | Genesys Cloud | log bytes | USD |"
    )
    rows = [
        f"| {name} | {use.events} | {use.deliveries} | {use.items} | {use.invocations} | {use.sqs} "
        f"| {use.store_calls} | {use.writes:g} | {use.reads:g} | {use.okta} | {use.genesys} | {use.log_bytes:,} "
        f"| {use.dollars(memory):.6f} |"
        for name, use in uses.items()
    ]
    return "\n".join([head, "|---|" + "--:|" * 12, *rows])


def _table_of_groups(groups: Mapping[int, Use], memory: Mapping[str, int]) -> str:
    rows = [
        f"| {size:,} | {'counted' if size in GROUPS_COUNTED else 'computed'} | {use.store_calls} | {use.reads:,g} "
        f"| {use.dollars(memory):.6f} |"
        for size, use in groups.items()
    ]
    head = "| members of the group | | DynamoDB requests | read units | USD |"
    return "\n".join([head, "|--:|---|--:|--:|--:|", *rows])


def _table_of_a_million(uses: Mapping[str, Use], memory: Mapping[str, int]) -> str:
    each = {name: uses[name].dollars(memory) / uses[name].events * share * 1e6 for name, share in MIX.items()}
    rows = [f"| {name} | {share:.0%} | {each[name]:.2f} |" for name, share in MIX.items()]
    total = f"| **together** | {sum(MIX.values()):.0%} | **{sum(each.values()):.2f}** |"
    return "\n".join(["| a million events | share | USD |", "|---|--:|--:|", *rows, total])


def _table_of_dollars(title: str, parts: Mapping[str, float]) -> str:
    rows = [f"| {name} | {dollars:.2f} |" for name, dollars in parts.items() if dollars]
    return "\n".join([f"| {title} | USD |", "|---|--:|", *rows, f"| **together** | **{sum(parts.values()):.2f}** |"])


def _table_of_companies(uses: Mapping[str, Use], memory: Mapping[str, int], quiet: float) -> str:
    head = (
        "| users | events a month | quiet stack and metrics | changes | comparisons | log queries "
        "| USD a month | with X-Ray |"
    )
    rows = []
    for users in COMPANIES:
        changes = sum(uses[name].dollars(memory) * number * users for name, number in EVENTS_OF_A_USER.items())
        logs = sum(uses[name].log_bytes * number * users for name, number in EVENTS_OF_A_USER.items()) / 1e9
        invocations = sum(
            (uses[name].deliveries + uses[name].invocations) * number * users
            for name, number in EVENTS_OF_A_USER.items()
        )
        nights = (
            NIGHTS
            * users
            * (
                NIGHT_READ_UNITS * PRICES["DynamoDB read unit, on demand"]
                + NIGHT_SECONDS * memory["Reconciler"] / 1024 * PRICES["Lambda GB-second, x86"]
            )
        )
        read = OPENINGS_OF_A_MONTH * LOG_WIDGETS * LOG_WIDGET_HOURS * 3600 / MONTH * logs
        queries = read * PRICES["CloudWatch Logs GB scanned"]
        total = quiet + changes + nights + queries
        traced = total + invocations * PRICES["X-Ray trace recorded"]
        events = users * sum(EVENTS_OF_A_USER.values())
        rows.append(
            f"| {users:,} | {events:,.0f} | {quiet:.2f} | {changes:.2f} | {nights:.2f} | {queries:.2f} "
            f"| **{total:.2f}** | {traced:.2f} |"
        )
    return "\n".join([head, "|--:|--:|--:|--:|--:|--:|--:|--:|", *rows])


def main(arguments: Sequence[str]) -> int:
    """Print the tables; with ``--write`` renew them in the page, with ``--check`` 1 when the page has others."""
    made = tables()
    page = PAGE.read_text("utf-8")
    for name, table in made.items():
        print(table, end="\n\n")
        place = re.compile(rf"(?<=<!-- {name}, made by make costs -->\n).*?(?=\n<!-- end -->)", re.DOTALL)
        if not place.search(page):
            raise SystemExit(f"{PAGE} has no place for the table {name}")
        page = place.sub(lambda _, table=table: table, page)  # type: ignore[misc] # the table of this turn
    if "--write" in arguments:
        PAGE.write_text(page, "utf-8")
    elif "--check" in arguments and page != PAGE.read_text("utf-8"):
        print(f"{PAGE} has other figures: make costs WRITE=1", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
