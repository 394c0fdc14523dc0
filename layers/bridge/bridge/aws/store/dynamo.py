"""Everything the bridge remembers, in one DynamoDB table."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from bridge.aws.store.app import AppStateRecords
from bridge.aws.store.breakers import BreakerStateRecords
from bridge.aws.store.catchup import LogCursorRecords
from bridge.aws.store.dues import DueStateRecords
from bridge.aws.store.holds import HoldRecords
from bridge.aws.store.journal import JournalRecords
from bridge.aws.store.links import LinkRecords
from bridge.aws.store.listing import AppListingRecords
from bridge.aws.store.reconcile import ReconcileRecords
from bridge.aws.store.removals import RemovalRecords
from bridge.aws.store.shared import Shared
from bridge.aws.store.table import StateTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoStore(
    LinkRecords,
    RemovalRecords,
    HoldRecords,
    AppStateRecords,
    AppListingRecords,
    DueStateRecords,
    JournalRecords,
    BreakerStateRecords,
    LogCursorRecords,
    ReconcileRecords,
):
    """`bridge.provisioning.record_ports.Store` and `bridge.provisioning.runs.Runs` on DynamoDB.

    Raises:
        Transient: the table is throttled or out of reach (``upstream="store"``).
        Permanent: a record has a version that this release cannot read (``unreadable-record``).
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table_name: str,
        *,
        pause: Callable[[float], None] = time.sleep,
        shared: Shared | None = None,
    ) -> None:
        """Use the table `table_name`.

        Args:
            client: DynamoDB.
            table_name: the table.
            pause: waits before what a batch left is asked again.
            shared: reads the breakers together with what else is asked for every few seconds; None to read them alone.
        """
        super().__init__(StateTable(client, table_name, pause=pause))
        self.shared = shared
