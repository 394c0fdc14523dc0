"""How far catch-up has read Okta's System Log. Record: ``catch-up``/``cursor``."""

from __future__ import annotations

from pydantic import TypeAdapter

from bridge.aws.store.table import Put, Records
from bridge.provisioning.records import LogCursor

_CURSOR = TypeAdapter(LogCursor)
_KEY = ("catch-up", "cursor")


class LogCursorRecords(Records):
    """`CatchUpRecords` of `bridge.provisioning.record_ports`."""

    def log_cursor(self) -> LogCursor | None:
        record = self._table.get(_KEY)
        return None if record is None else _CURSOR.validate_python(record)

    def save_log_cursor(self, cursor: LogCursor) -> None:
        self._table.put(Put(_KEY, _CURSOR.dump_python(cursor, mode="json")))
