"""What the bridge remembers and has in hand, read from moto at one moment for the console; the bridge is not asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from bridge_local.moto_model import Message, Moto

#: Entries of the journal that are read, the newest ones.
ENTRIES = 60
_OPEN = frozenset({"opening", "open", "approved"})
_deserialize = TypeDeserializer().deserialize

Record = dict[str, Any]


@dataclass
class Memory:
    """One look at the state table and the queues.

    Attributes:
        holds: entity -> header of a hold that is open, or approved and not done.
        staged: entity -> Okta ids of those whom its hold keeps.
        exceptions: entity -> Okta ids of those who stay by a rejected hold.
        parked: the parked items.
        journal: the newest entries, the newest first; of one entity all of them.
        groups: Okta id -> link.
        waiting: entity -> messages in the queues.
    """

    holds: dict[str, Record] = field(default_factory=dict)
    staged: dict[str, list[str]] = field(default_factory=dict)
    exceptions: dict[str, list[str]] = field(default_factory=dict)
    parked: list[Record] = field(default_factory=list)
    journal: list[Record] = field(default_factory=list)
    groups: dict[str, Record] = field(default_factory=dict)
    waiting: dict[str, list[Message]] = field(default_factory=dict)


def records(moto: Moto, table: str) -> list[Record]:
    """Every record of a table, as plain values."""
    return [_plain(item) for item in moto.items(table)]


def read_memory(moto: Moto, table: str, entity: str = "") -> Memory:
    """Read a table and the queues; `entity`: whose whole journal is wanted, else the newest entries of all."""
    found = Memory()
    journal: list[tuple[str, Record]] = []
    staged: dict[tuple[str, int], list[str]] = defaultdict(list)
    for item in moto.items(table):
        pk, sk = item["pk"]["S"], item["sk"]["S"]
        kind, _, rest = sk.partition("#")
        if kind == "journal":
            if entity in {"", pk}:
                journal.append((item["at"]["S"], item))
        elif sk == "hold":
            hold = _plain(item)
            if hold["state"] in _OPEN:
                found.holds[pk] = hold
        elif kind == "staged":
            number, _, user = rest.partition("#")
            staged[pk, int(number)].append(user)
        elif kind == "exception":
            found.exceptions.setdefault(pk, []).append(rest)
        elif pk == "parked":
            found.parked.append(_plain(item))
        elif pk == "groups":
            found.groups[sk] = _plain(item)
    journal.sort(key=lambda each: each[0], reverse=True)
    found.journal = [_plain(item) for _, item in journal[:ENTRIES]]
    found.staged = {pk: sorted(staged[pk, int(hold["number"])]) for pk, hold in found.holds.items()}
    for message in moto.messages():
        found.waiting.setdefault(message.entity, []).append(message)
    return found


def _plain(item: Mapping[str, Any]) -> Record:
    return {name: _deserialize(value) for name, value in item.items()}
