"""The shared call budget, on the table that moto plays, with a clock of our own."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from bridge.aws.store.dynamo import DynamoStore
from bridge.aws.store.pace import DynamoPace, HeaderPace
from bridge.aws.store.shared import WATCHED
from bridge.aws.store.shared import Shared as Copies
from bridge.aws.store.table import Put, StateTable
from bridge.errors import Transient
from bridge.provisioning.ports import Pace

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

START = datetime(2026, 11, 24, 9, 30, 0, tzinfo=UTC)
LEAVERS, OTHERS = 1.0, 0.95
TABLES = itertools.count()


@dataclass
class SetClock:
    """Time that passes when a test says so."""

    time: datetime = START

    def now(self) -> datetime:
        """The set moment."""
        return self.time

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)


class Counting:
    """DynamoDB that counts its calls, and can be made to fail or to be overtaken by another writer."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self.client = client
        self.calls: list[str] = []
        self.out_of_reach = False
        self.overtaken = 0

    def get_item(self, **request: Any) -> Any:
        """Read, and then perhaps let another writer win."""
        self._count("get_item")
        answer = self.client.get_item(**request)
        if self.overtaken:
            self.overtaken -= 1
            self.client.update_item(
                TableName=request["TableName"],
                Key=request["Key"],
                UpdateExpression="SET v = :v ADD version :v",
                ExpressionAttributeValues={":v": {"N": "1"}},
            )
        return answer

    def put_item(self, **request: Any) -> Any:
        """Write."""
        self._count("put_item")
        return self.client.put_item(**request)

    def batch_get_item(self, **request: Any) -> Any:
        """Read several."""
        self._count("batch_get_item")
        return self.client.batch_get_item(**request)

    def _count(self, call: str) -> None:
        if self.out_of_reach:
            raise EndpointConnectionError(endpoint_url="https://dynamodb.example.com")
        self.calls.append(call)


@pytest.fixture(scope="module")
def client() -> "Iterator[DynamoDBClient]":
    """DynamoDB as moto plays it."""
    with mock_aws():
        yield boto3.client("dynamodb", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")


class Shared:
    """One table, one clock, and the environments that share a budget by them."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self.clock = SetClock()
        self.dynamodb = Counting(client)
        self.table = table

    def genesys(self, limit: int, share: float) -> DynamoPace:
        """An environment's pace towards Genesys Cloud."""
        dynamodb: Any = self.dynamodb
        return DynamoPace(dynamodb, self.table, "genesys", limit, self.clock, share)

    def okta(self, share: float) -> HeaderPace:
        """An environment's pace towards Okta."""
        dynamodb: Any = self.dynamodb
        return HeaderPace(dynamodb, self.table, "okta", self.clock, share)


@pytest.fixture
def shared(client: "DynamoDBClient") -> Shared:
    """A table of its own for each test."""
    table = f"pace-{next(TABLES)}"
    client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return Shared(client, table)


def taken(pace: Pace, most: int = 1000) -> int:
    """How many calls can be taken at this moment."""
    for count in range(most):
        try:
            pace.take()
        except Transient:
            return count
    return most


def refusal(pace: Pace) -> Transient:
    """The refusal of the next call."""
    with pytest.raises(Transient) as refused:
        pace.take()
    return refused.value


def test_five_calls_cost_one_read_and_one_write(shared: Shared) -> None:
    """Calls are leased five at a time; a call of the lease touches no table, nor is a record read that is known."""
    pace = shared.genesys(300, OTHERS)
    assert taken(pace, 5) == 5
    assert shared.dynamodb.calls == ["get_item", "put_item"]
    pace.take()
    assert shared.dynamodb.calls == ["get_item", "put_item", "put_item"]
    shared.clock.pass_(2)
    pace.take()
    assert shared.dynamodb.calls[3:] == ["get_item", "put_item"]


@pytest.mark.parametrize(("share", "calls"), [(LEAVERS, 40), (OTHERS, 38)])
def test_the_limit_is_shared_by_all_environments(shared: Shared, share: float, calls: int) -> None:
    """Two environments together get what one would; users and groups stop at 95 %."""
    one, two = shared.genesys(40, share), shared.genesys(40, share)
    assert taken(one, 10) + taken(two, 10) + taken(one) + taken(two) == calls


def test_the_rest_is_the_leavers(shared: Shared) -> None:
    """When users and groups have used up their part, a leaver's call still goes out."""
    assert taken(shared.genesys(40, OTHERS)) == 38
    assert taken(shared.genesys(40, LEAVERS)) == 2


def test_a_refusal_says_how_long(shared: Shared) -> None:
    """The wait ends when enough of the oldest seconds has left the window, and then calls go out again."""
    pace = shared.genesys(20, LEAVERS)
    assert taken(pace, 5) == 5
    shared.clock.pass_(12)
    assert taken(pace) == 15
    refused = refusal(pace)
    assert (refused.reason, refused.upstream, refused.retry_after) == ("genesys-pace", "genesys", 50)
    shared.clock.pass_(49.9)
    assert taken(pace) == 0
    shared.clock.pass_(0.1)
    assert taken(pace) == 5


def test_a_refusal_waits_for_as_many_seconds_as_it_needs(shared: Shared) -> None:
    """Users stay refused while what has left the window only brought the sum down to their part of the limit."""
    leavers, others = shared.genesys(40, LEAVERS), shared.genesys(40, OTHERS)
    assert taken(leavers, 1) == 1
    shared.clock.pass_(10)
    assert taken(leavers) == 39
    assert refusal(others).retry_after == 62
    shared.clock.pass_(62)
    assert taken(others, 3) == 3


def test_breakers_and_budgets_are_read_by_one_request(shared: Shared) -> None:
    """Whichever of them is asked for first brings all, for the ten seconds that a budget's record may be old."""
    dynamodb: Any = shared.dynamodb
    copies = Copies(StateTable(dynamodb, shared.table), shared.clock, WATCHED)
    store = DynamoStore(dynamodb, shared.table, shared=copies)
    okta = [
        HeaderPace(dynamodb, shared.table, f"okta-{each}", shared.clock, OTHERS, copies) for each in ("user", "app")
    ]
    genesys = DynamoPace(dynamodb, shared.table, "genesys", 300, shared.clock, OTHERS, copies)
    assert not any(breaker.open for breaker in store.breakers_of(["okta", "genesys", "organisation"]).values())
    for pace in (*okta, genesys):
        pace.take()
    assert shared.dynamodb.calls == ["batch_get_item", "put_item"]
    shared.clock.pass_(10)
    for pace in okta:
        pace.take()
    assert shared.dynamodb.calls[2:] == ["batch_get_item"]


def test_a_lease_from_a_copy_that_others_have_overtaken_is_read_again(shared: Shared) -> None:
    """The record's version refuses it: nothing is leased twice."""
    first, second = (shared.genesys(20, LEAVERS) for _ in range(2))
    first.take()
    second.take()
    assert taken(first) + taken(second) == 18


def test_a_call_is_sent_in_the_second_of_its_lease_or_the_next(shared: Shared) -> None:
    """Later than that it would not be counted where it is sent: it is exchanged, by one write."""
    pace = shared.genesys(300, LEAVERS)
    pace.take()
    shared.clock.pass_(1)
    pace.take()
    assert shared.dynamodb.calls == ["get_item", "put_item"]
    shared.clock.pass_(1)
    pace.take()
    assert shared.dynamodb.calls == ["get_item", "put_item"] * 2


def test_what_is_held_and_not_used_is_not_lost(shared: Shared) -> None:
    """Calls that were leased and never sent are counted back: the whole limit can be taken in the same minute."""
    pace = shared.genesys(40, LEAVERS)
    for _ in range(20):
        pace.hold()
        shared.clock.pass_(2)
    assert taken(pace) == 40


def test_a_call_that_is_held_is_there_in_the_end(shared: Shared) -> None:
    """Others take everything meanwhile: who holds a call has it, however long that was ago."""
    pace = shared.genesys(40, OTHERS)
    pace.hold()
    assert 0 < taken(shared.genesys(40, LEAVERS)) < 40
    shared.clock.pass_(9)
    assert taken(pace, 1) == 1


def test_a_leaver_who_waits_leaves_others_a_twentieth(shared: Shared) -> None:
    """For five seconds, others together get one call where they might have all that is free; then all again."""
    one, two, leavers = shared.genesys(300, OTHERS), shared.genesys(300, OTHERS), shared.genesys(300, LEAVERS)
    leavers.hurry()
    assert taken(one) + taken(two) == 1
    assert refusal(two).retry_after == 5
    shared.clock.pass_(4)
    leavers.hurry()
    shared.clock.pass_(1)
    assert taken(one) + taken(two) == 1
    assert taken(leavers, 100) == 100
    shared.clock.pass_(4)
    assert taken(one, 50) == 50


def test_a_call_in_hand_is_kept_beside_a_leaver_who_waits(shared: Shared) -> None:
    """A sync that has a call goes on with it, although leavers wait: it may have begun to write."""
    pace = shared.genesys(300, OTHERS)
    pace.hold()
    shared.clock.pass_(3)
    shared.genesys(300, LEAVERS).hurry()
    assert taken(pace, 1) == 1


@pytest.mark.parametrize("seed", range(3))
def test_no_window_of_a_minute_exceeds_the_limit(shared: Shared, seed: int) -> None:
    """Whatever the arrivals: the sum over any 60 seconds stays within the limit, at every seam."""
    chance = random.Random(seed)  # noqa: S311 - a seed that can be repeated, no secret
    environments = [shared.genesys(30, share) for share in (LEAVERS, OTHERS, OTHERS)]
    times: list[datetime] = []
    for _ in range(200):
        shared.clock.pass_(chance.choice([0.1, 0.5, 3, 9, 20]))
        times += [shared.clock.now()] * taken(chance.choice(environments), chance.randint(1, 12))
    in_window = [sum(start <= time < start + timedelta(seconds=60) for time in times) for start in times]
    assert 20 < max(in_window) <= 30


def test_a_lower_limit_in_an_answer_counts_for_its_minute(shared: Shared) -> None:
    """Genesys Cloud allows less than we were told: all follow, and forget it when it is not repeated."""
    one, two = shared.genesys(300, LEAVERS), shared.genesys(300, LEAVERS)
    one.observe(limit=20, remaining=19, reset_seconds=60)
    assert taken(two) == 20
    shared.clock.pass_(70)
    assert taken(one) == 300


def test_the_lowest_of_two_limits_counts(shared: Shared) -> None:
    """Two limits are in force at once: the higher one does not lift the lower one."""
    pace = shared.genesys(300, LEAVERS)
    pace.observe(limit=20, remaining=15, reset_seconds=60)
    pace.observe(limit=100, remaining=90, reset_seconds=60)
    assert taken(pace) == 20


def test_a_higher_limit_in_an_answer_lifts_nothing(shared: Shared) -> None:
    """The setting stands, and nothing is written."""
    pace = shared.genesys(20, LEAVERS)
    pace.observe(limit=300, remaining=299, reset_seconds=60)
    assert shared.dynamodb.calls == []
    assert taken(pace) == 20


def test_a_limit_that_is_repeated_is_written_about_twice_a_minute(shared: Shared) -> None:
    """An answer with old news costs nothing; a limit is renewed before it ends."""
    pace = shared.genesys(300, LEAVERS)
    for _ in range(60):
        pace.observe(limit=180, remaining=100, reset_seconds=30)
        shared.clock.pass_(1)
    assert shared.dynamodb.calls.count("put_item") == 2


def test_little_left_stops_all_but_leavers(shared: Shared) -> None:
    """5 % left: users and groups wait until the reset, in every environment; leavers go on."""
    shared.genesys(300, OTHERS).observe(limit=300, remaining=14, reset_seconds=29)
    refused = refusal(shared.genesys(300, OTHERS))
    assert (refused.reason, refused.retry_after) == ("genesys-pace", 30)
    assert taken(shared.genesys(300, LEAVERS), 3) == 3


@pytest.mark.parametrize("share", [LEAVERS, OTHERS])
def test_nothing_left_stops_everybody_until_the_reset(shared: Shared, share: float) -> None:
    """0 left: nobody calls before the reset, also not with calls that are leased already."""
    pace, other = shared.genesys(300, share), shared.genesys(300, share)
    pace.take()
    pace.observe(limit=300, remaining=0, reset_seconds=20)
    assert (taken(pace), taken(other)) == (0, 0)
    shared.clock.pass_(21)
    assert (taken(pace, 3), taken(other, 3)) == (3, 3)


def test_a_stop_without_an_end_lasts_a_minute(shared: Shared) -> None:
    """A 429 that names no time."""
    pace = shared.genesys(300, LEAVERS)
    pace.observe(limit=None, remaining=0, reset_seconds=None)
    assert refusal(pace).retry_after == 61


def test_enough_left_is_no_news(shared: Shared) -> None:
    """An ordinary answer costs neither a read nor a write, nor does one without headers."""
    for pace in (shared.genesys(300, OTHERS), shared.okta(OTHERS)):
        pace.observe(limit=300, remaining=15, reset_seconds=10)
        pace.observe(limit=None, remaining=None, reset_seconds=None)
    assert shared.dynamodb.calls == []


def test_another_writer_may_win_a_few_times(shared: Shared) -> None:
    """A lease that was overtaken is computed anew; overtaken every time, the call waits a moment."""
    pace = shared.genesys(300, LEAVERS)
    shared.dynamodb.overtaken = 5
    pace.take()
    shared.clock.pass_(10)
    shared.dynamodb.overtaken = 6
    refused = refusal(pace)
    assert (refused.reason, refused.retry_after) == ("genesys-pace", 0.5)
    assert taken(pace, 3) == 3


@pytest.mark.parametrize(("overtaken", "known"), [(5, True), (6, False)])
def test_what_an_answer_said_is_told_in_spite_of_other_writers(shared: Shared, overtaken: int, known: bool) -> None:
    """Overtaken every time it stays here, where it is minded all the same; it never fails the call it came with."""
    pace = shared.genesys(300, LEAVERS)
    shared.dynamodb.overtaken = overtaken
    pace.observe(limit=300, remaining=0, reset_seconds=30)
    assert taken(pace) == 0
    assert (taken(shared.genesys(300, LEAVERS)) == 0) is known


def test_an_answer_counts_although_the_table_is_out_of_reach(shared: Shared) -> None:
    """What was learned never fails the call it came with, and is minded here; later calls meet the outage itself."""
    pace = shared.genesys(300, LEAVERS)
    shared.dynamodb.out_of_reach = True
    pace.observe(limit=300, remaining=0, reset_seconds=30)
    assert refusal(pace).reason == "genesys-pace"
    shared.clock.pass_(31)
    assert refusal(pace).reason == "store-unreachable"


def test_okta_is_held_back_by_its_headers_alone(shared: Shared) -> None:
    """Without headers there is no limit; a stop is known elsewhere within ten seconds."""
    one, two = shared.okta(OTHERS), shared.okta(OTHERS)
    assert (taken(one, 500), taken(two, 500)) == (500, 500)
    assert shared.dynamodb.calls == ["get_item"] * 2
    one.observe(limit=50, remaining=0, reset_seconds=40)
    assert (taken(one), taken(two, 3)) == (0, 3)
    shared.clock.pass_(10)
    assert refusal(two).reason == "okta-pace"
    shared.clock.pass_(31)
    assert (taken(one, 3), taken(two, 3)) == (3, 3)


def test_okta_leavers_go_on_with_the_last_calls(shared: Shared) -> None:
    """Two of 50 left: users and groups wait for Okta's reset, leavers do not."""
    leavers, others = shared.okta(LEAVERS), shared.okta(OTHERS)
    others.observe(limit=50, remaining=2, reset_seconds=40)
    assert taken(others) == 0
    assert taken(leavers, 3) == 3


def test_upstreams_do_not_share_a_budget(shared: Shared) -> None:
    """What Okta says does not stop Genesys Cloud."""
    shared.okta(LEAVERS).observe(limit=50, remaining=0, reset_seconds=40)
    assert taken(shared.genesys(300, OTHERS), 3) == 3


def test_a_small_limit_still_lets_calls_through(shared: Shared) -> None:
    """95 % of one call is one call, or the queue would stand still for ever."""
    assert taken(shared.genesys(1, OTHERS)) == 1


def test_a_clock_that_is_ahead_elsewhere_is_counted(shared: Shared) -> None:
    """Calls of an environment whose clock is ahead count here, too."""
    ahead = int(START.timestamp() + 30)
    record = {"version": 1, "leased": {str(ahead): 20}}
    StateTable(shared.dynamodb.client, shared.table).put(Put(("pace", "genesys"), record))
    assert taken(shared.genesys(30, LEAVERS)) == 10
