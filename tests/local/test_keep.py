"""What the local stack keeps in its directory between two runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge_local import keep

STATE = {
    "aws": {
        "tables": {
            "StateTable": [
                {"pk": {"S": "reconcile#1"}, "sk": {"S": "seen"}, "seen": {"B": b"\x00\xff packed"}, "v": {"N": "1"}},
                {"pk": {"S": "link"}, "sk": {"S": "x"}, "hashes": {"M": {"B": {"S": "a name"}}}},
            ]
        },
        "secrets": {},
        "queues": {},
    },
    "okta": None,
    "genesys": None,
}


def test_binary_records_come_back_as_they_were(tmp_path: Path) -> None:
    """A comparison and a listing keep packed ids: the stack stops, and the next one has every record."""
    keep.save(tmp_path, STATE)
    assert keep.load(tmp_path) == STATE


def test_what_is_no_record_is_not_kept(tmp_path: Path) -> None:
    """The state of the run before stays."""
    keep.save(tmp_path, STATE)
    with pytest.raises(TypeError, match="a state holds no object"):
        keep.save(tmp_path, {**STATE, "okta": object()})
    assert keep.load(tmp_path) == STATE
