"""``bridge diff --summary``: how many people and groups observe mode would have changed, and in what."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable

from bridge.operations.answers import Difference

#: What is counted of people, in the order in which it is shown, and the reason code that it goes by.
_KINDS = {
    "created": "would-create",
    "adopted": "would-adopt",
    "changed": "would-update",
    "activated": "",
    "ended": "would-deactivate",
    "ended, within the ceiling": "would-deactivate-by-ceiling",
}
_WRITES = frozenset({"would-adopt", "would-update"})


def summed(differences: Iterable[Difference]) -> dict[str, int]:
    """How many of each kind: people created, adopted, changed (and by attribute), activated, ended; members of groups.

    Adopted is whose account does not bear their id yet, also when observing has found it long ago.
    """
    kinds: Counter[str] = Counter()
    attributes: Counter[str] = Counter()
    for each in differences:
        adopted = each.why == "would-update" and "externalId" in each.changed
        kinds["would-adopt" if adopted else each.why] += 1
        kinds["joined"] += each.added
        kinds["removed"] += each.removed
        kinds["held"] += each.held
        if each.why in _WRITES:
            kinds["activated"] += "active" in each.changed
            attributes.update(each.changed)
    known = {name: kinds[code or name] for name, code in _KINDS.items()}
    members = {f"members {name}": kinds[name] for name in ("joined", "removed", "held")}
    return {**known, **members, **{f"changed: {path}": number for path, number in sorted(attributes.items())}}


def as_csv(found: dict[str, int]) -> list[str]:
    """The same for a spreadsheet: a heading, and a line each."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("what", "number"))
    writer.writerows(found.items())
    return text.getvalue().splitlines()
