"""The last good attribute map of each SSM parameter. Record: ``map``/``<parameter>``."""

from __future__ import annotations

from bridge.aws.store.table import Condition, ConditionFailed, Put, Records
from bridge.mapping.source import MapText


class MapRecords(Records):
    """`bridge.mapping.source.KeptMaps`."""

    def kept_map(self, parameter: str) -> MapText | None:
        record = self._table.get(("map", parameter))
        if record is None:
            return None
        return MapText(str(record["text"]), int(record["version"]), int(record["modified"]))

    def keep_map(self, parameter: str, good: MapText) -> None:
        newer = Condition(
            "attribute_not_exists(#modified) OR #modified < :modified"
            " OR (#modified = :modified AND #version < :version)",
            {"modified": good.modified, "version": good.version},
        )
        record = {"text": good.text, "version": good.version, "modified": good.modified}
        try:
            self._table.put(Put(("map", parameter), record, newer))
        except ConditionFailed:
            return  # the kept one is as new
