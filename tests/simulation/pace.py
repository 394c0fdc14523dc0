"""The shared call budget under the simulation: the real pace on a table in memory, and the proof that it held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from bridge.aws.store.pace import DynamoPace
from bridge.items import Queue
from bridge.provisioning.ports import Pace
from bridge_local.genesys.records import Call
from tests.simulation.gate import Gate
from tests.world import FreePace

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_MINUTE = timedelta(seconds=60)
#: As `functions/consumer/app.py`: what users and groups leave to the leavers.
_SHARE = {Queue.LEAVERS: 1.0, Queue.USERS: 0.95, Queue.GROUPS: 0.95}


class PaceTable:
    """The part of a DynamoDB client that the pace uses: whole records, written if their version has not moved."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._items: dict[str, dict[str, Any]] = {}

    def refill(self) -> None:
        """Nothing of the budget is used up."""
        self._items.clear()

    def get_item(self, *, Key: Mapping[str, Any], **_: object) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """As boto3's client."""
        item = self._gate.do("pace: read", lambda: self._items.get(str(Key)))
        return {} if item is None else {"Item": item}

    def put_item(
        self,
        *,
        Item: dict[str, Any],  # noqa: N803 - boto3's names
        ExpressionAttributeValues: Mapping[str, Any],  # noqa: N803 - boto3's names
        **_: object,
    ) -> dict[str, Any]:
        """As boto3's client."""
        self._gate.before("pace: write")
        key = str({name: Item[name] for name in ("pk", "sk")})
        kept = self._items.get(key)
        if kept is not None and kept["version"] != ExpressionAttributeValues[":read"]:
            raise ClientError({"Error": {"Code": "ConditionalCheckFailedException"}}, "PutItem")
        self._items[key] = Item
        self._gate.after("pace: write")
        return {}


def paced(gate: Gate, table: PaceTable, per_minute: int, upstream: str, queue: Queue) -> Pace:
    """The budget of Genesys Cloud as the functions have it; Okta without one."""
    if upstream != "genesys" or not per_minute:
        return FreePace()
    client = cast("DynamoDBClient", table)
    return DynamoPace(client, "state", upstream, per_minute, gate.clock, _SHARE[queue])


def too_many_calls(calls: Sequence[Call], per_minute: int) -> list[str]:
    """Whether more calls than the setting allows were made within any 60 seconds; nothing without a setting."""
    if not per_minute:
        return []
    made = [call for call in calls if call.route != "oauth/token"]
    first = 0
    for last, call in enumerate(made):
        while call.at - made[first].at >= _MINUTE:
            first += 1
        if last - first + 1 > per_minute:
            return [f"pace: {last - first + 1} calls in the minute before {call.at:%d %H:%M:%S}, {per_minute} allowed"]
    return []
