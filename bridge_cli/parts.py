"""What a long command has read already, in a file of this machine: killed and run again it goes on from there.

Ids, states and keyed hashes alone, in a file that only its owner may read. Without a place for it (no HOME), or where
it cannot be written, the command begins anew each time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

#: What was read longer ago says too little of now.
MAX_AGE = timedelta(hours=1)


class Parts:
    """Documents in the order in which they were read."""

    def __init__(self, environment: Mapping[str, str], what: str, now: datetime) -> None:
        """`what` names the command and the bridge; what is kept of it is read, unless it is too old or broken."""
        self._file = _place(environment, what)
        self.found: list[dict[str, Any]] = []
        lines = self._lines()
        if lines and _fresh(lines[0], now):
            self.found = lines[1:]
        else:
            self.start(now)

    def start(self, now: datetime) -> None:
        """Begin anew."""
        self.drop()
        self.found = []
        self._append({"began": now.isoformat()})

    def keep(self, document: dict[str, Any]) -> None:
        """One more."""
        self.found.append(document)
        self._append(document)

    def drop(self) -> None:
        """The command has come to its end."""
        if self._file is not None:
            try:
                self._file.unlink(missing_ok=True)
            except OSError:
                self._file = None

    def _lines(self) -> list[dict[str, Any]]:
        """The whole lines; one that was being written when the command died is cut off."""
        if self._file is None:
            return []
        found, size = [], 0
        try:
            for line in self._file.read_bytes().splitlines(keepends=True):
                document = json.loads(line)
                if not line.endswith(b"\n") or not isinstance(document, dict):
                    break
                found.append(document)
                size += len(line)
        except FileNotFoundError:
            return []
        except OSError:
            self._file = None
            return []
        except ValueError:
            pass  # cut off
        os.truncate(self._file, size)
        return found

    def _append(self, document: dict[str, Any]) -> None:
        if self._file is None:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "a", encoding="utf-8") as file:
                file.write(f"{json.dumps(document)}\n")
        except OSError:
            self._file = None


def _place(environment: Mapping[str, str], what: str) -> Path | None:
    state = environment.get("XDG_STATE_HOME") or (environment.get("HOME") and f"{environment['HOME']}/.local/state")
    if not state:
        return None
    return Path(state) / "okta-genesys-bridge" / f"{hashlib.sha256(what.encode()).hexdigest()[:16]}.jsonl"


def _fresh(header: Mapping[str, Any], now: datetime) -> bool:
    try:
        began = datetime.fromisoformat(str(header.get("began")))
        return timedelta(0) <= now - began < MAX_AGE
    except (TypeError, ValueError):
        return False
