"""Everything the bridge remembers, in one DynamoDB table."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from bridge.store.app import AppStateRecords
from bridge.store.breakers import BreakerStateRecords
from bridge.store.catchup import LogCursorRecords
from bridge.store.holds import HoldRecords
from bridge.store.journal import JournalRecords
from bridge.store.links import LinkRecords
from bridge.store.reconcile import ReconcileRecords
from bridge.store.removals import RemovalRecords
from bridge.store.table import StateTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoStore(
    LinkRecords,
    RemovalRecords,
    HoldRecords,
    AppStateRecords,
    JournalRecords,
    BreakerStateRecords,
    LogCursorRecords,
    ReconcileRecords,
):
    """`bridge.provisioning.record_ports.Store` and `bridge.reconcile.run.Runs` on DynamoDB.

    Raises:
        Transient: the table is throttled or out of reach (``upstream="store"``).
        Permanent: a record has a version that this release can not read (``unreadable-record``).
    """

    def __init__(self, client: DynamoDBClient, table_name: str, *, pause: Callable[[float], None] = time.sleep) -> None:
        """Use the table `table_name`; `pause` waits before what a batch left is asked again."""
        super().__init__(StateTable(client, table_name, pause=pause))
